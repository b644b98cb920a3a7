/* cost_queries.c -- bytes that queries scanned, by Athena's own history: of everybody who queries
 * in the pipeline's workgroup.
 *
 * Each query is billed by whole MiB, 10 at least; statements that only define things are not, nor
 * are queries that failed, and one that was cancelled is by what it had read.  (Amazon Athena
 * pricing)  The history has 45 days.  (Athena user guide, "View recent queries") */
#include "base/json.h"
#include "base/mem.h"
#include "billing/cost/cost_operations.h"
#include "billing/cost/cost_private.h"

#include <string.h>

enum { MIB = 1 << 20, LEAST_MIB = 10, BATCH = 50, KEPT_DAYS = 45 };

struct history {
    struct cost *cost;
    struct cost_line *line;
    json_t *ids;
    int64_t queries, small, scanned, under_way;
};

static int64_t charged(const json_t *execution)
{
    const json_t *status = json_object_get(execution, "Status");
    const char *state = json_text(status, "State"), *type = json_text(execution, "StatementType");
    int64_t bytes = json_whole(json_object_get(execution, "Statistics"), "DataScannedInBytes");
    bool done = state && !strcmp(state, "SUCCEEDED"), reads = type && !strcmp(type, "DML");
    int64_t whole = (bytes + MIB - 1) / MIB;

    if (!state || !(done || !strcmp(state, "CANCELLED")) || !(bytes > 0 || (done && reads)))
        return 0;
    return (whole > LEAST_MIB ? whole : LEAST_MIB) * MIB;
}

static bool is_over(const json_t *execution)
{
    const char *state = json_text(json_object_get(execution, "Status"), "State");

    return state && strcmp(state, "QUEUED") != 0 && strcmp(state, "RUNNING") != 0;
}

static void take(struct history *history, const json_t *execution)
{
    const struct cost *cost = history->cost;
    const json_t *status = json_object_get(execution, "Status");
    int64_t at_s = (int64_t)json_number_value(json_object_get(status, "SubmissionDateTime"));
    int64_t bytes = charged(execution);

    if (at_s < cost->from_s || at_s >= cost->end_s)
        return;
    history->under_way += !is_over(execution);
    history->queries += bytes > 0;
    history->small += bytes == (int64_t)LEAST_MIB * MIB;
    history->scanned += json_whole(json_object_get(execution, "Statistics"), "DataScannedInBytes");
    history->line->used[cost_line_day(cost, at_s)] += bytes;
}

static int take_batch(struct flow *flow, struct history *history, size_t first, struct err *e)
{
    json_t *ids = json_array(), *execution;
    json_auto_t *reply = NULL;
    const json_t *found;
    size_t i;

    for (i = first; i < json_array_size(history->ids) && i < first + BATCH; i++)
        json_array_append(ids, json_array_get(history->ids, i));
    reply =
        operation_call(flow, history->cost->question->billing, &cost_operations[COST_GET_QUERIES],
                       json_pack("{s:o}", "QueryExecutionIds", ids), e);
    found = json_object_get(reply, "QueryExecutions");
    json_array_foreach((json_t *)found, i, execution)
        take(history, execution);
    return reply ? 0 : -1;
}

static int read_history(struct flow *flow, struct history *history, struct err *e)
{
    const struct billing *billing = history->cost->question->billing;

    history->ids = operation_list(
        flow, billing, &cost_operations[COST_LIST_QUERIES],
        json_pack("{s:s, s:i}", "WorkGroup", billing->names.workgroup, "MaxResults", BATCH), e);
    for (size_t i = 0; i < json_array_size(history->ids); i += BATCH)
        if (take_batch(flow, history, i, e))
            return -1;
    return history->ids ? 0 : -1;
}

/* Days that are older than the history. */
static void note_old_days(const struct history *history)
{
    const struct cost *cost = history->cost;
    int64_t known_s = cost->question->now_s - (int64_t)KEPT_DAYS * COST_DAY_S;
    cleanup_free char *why = mem_printf("Athena's history has %d days", KEPT_DAYS);

    while ((int)history->line->unknown_days < cost->days_begun &&
           cost->from_s + (int64_t)history->line->unknown_days * COST_DAY_S < known_s)
        history->line->unknown_days++;
    if (!history->line->unknown_days)
        return;
    if ((int)history->line->unknown_days == cost->days_begun)
        cost_line_untold(cost, history->line, why);
    else
        history->line->unknown = mem_text(why);
}

void cost_queries_read(struct flow *flow, struct cost *cost)
{
    struct history history = {.cost = cost,
                              .line = cost_line_add(cost, COST_ATHENA_SCANNED, "queries",
                                                    "Athena's history of the workgroup")};
    struct err e = {0};

    if (read_history(flow, &history, &e)) {
        cost_line_lose(cost, history.line, &e);
    } else {
        note_old_days(&history);
        history.line->detail =
            json_pack("{s:I, s:I, s:I, s:I}", "queries", (json_int_t)history.queries, "of_10_mib",
                      (json_int_t)history.small, "scanned_bytes", (json_int_t)history.scanned,
                      "under_way", (json_int_t)history.under_way);
        cost_line_go_on(cost, history.line);
    }
    json_decref(history.ids);
}
