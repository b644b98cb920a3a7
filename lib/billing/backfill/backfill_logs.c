/* backfill_logs.c -- a window of the log group, without what is in S3 already.
 *
 * FilterLogEvents gives each event the id that the subscription gave it. Limits: 5 calls a second
 * and region, 10,000 events or 1 MiB a page; pages may be empty and still have a next one. */
#include "aws/page_tokens.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/backfill/backfill_operations.h"
#include "billing/backfill/backfill_private.h"
#include "billing/rollup/rollup_window.h"
#include "billing/store/athena_query.h"
#include "billing/store/recovered.h"

#include <string.h>

enum {
    PAGE = 10000,
    PAUSE_MS = 200,       /* between pages: 5 a second */
    MOST_REFUSALS = 8,    /* throttled in a row */
    FLUSH_EVENTS = 100000 /* kept in memory */
};

/* {id: true} of the events that are there; NULL and *e. */
static json_t *present_ids(struct flow *flow, const struct billing *billing, int64_t from_s,
                           int64_t to_s, struct err *e)
{
    int64_t late_s = (int64_t)billing->settings.late_days * ROLLUP_DAY_S;
    cleanup_free char *filter = rollup_window_filter(from_s - ROLLUP_HOUR_S, to_s + late_s);
    json_auto_t *values = json_pack("{s:I, s:I, s:s}", "from_ms", (json_int_t)from_s * 1000,
                                    "to_ms", (json_int_t)to_s * 1000, "partition_filter", filter);
    struct athena_result result = {0};
    json_t *ids, *row;
    size_t i;

    if (athena_query_run(flow, billing, &(struct athena_question){"backfill_events", values, NULL},
                         &result, e))
        return NULL;
    ids = json_object();
    json_array_foreach(result.rows, i, row) {
        const char *id = json_string_value(json_array_get(row, 0));

        if (id)
            json_object_set_new_nocheck(ids, id, json_true());
    }
    athena_query_result_fini(&result);
    return ids;
}

static json_t *page_params(const struct billing *billing, int64_t from_s, int64_t to_s)
{
    return json_pack("{s:s, s:I, s:I, s:i}", "logGroupName", billing->names.log_group, "startTime",
                     (json_int_t)from_s * 1000, "endTime", (json_int_t)to_s * 1000 - 1, "limit",
                     PAGE);
}

static json_t *read_page(struct flow *flow, const struct billing *billing, const json_t *params,
                         struct err *e)
{
    for (int refusals = 0;; refusals++) {
        struct err failed = {0};
        json_t *page = operation_call(flow, billing, &backfill_operations[BACKFILL_FILTER_EVENTS],
                                      json_incref((json_t *)params), &failed);

        if (page)
            return page;
        if (failed.kind != ERR_RETRY || refusals == MOST_REFUSALS) {
            err_set(e, failed.kind, "%s", failed.text);
            return NULL;
        }
        if (flow_sleep(flow, (int64_t)PAUSE_MS << refusals, e))
            return NULL;
    }
}

static void take_events(struct backfill *backfill, struct backfill_writer *writer,
                        const json_t *page, const json_t *ids)
{
    const struct billing *billing = backfill->billing;
    size_t i;
    json_t *event;

    json_array_foreach(json_object_get(page, "events"), i, event) {
        const char *id = json_text(event, "eventId"), *stream = json_text(event, "logStreamName");
        json_auto_t *head = NULL, *kept = NULL;

        backfill->read++;
        if (id && json_object_get(ids, id)) {
            backfill->present++;
            continue;
        }
        head = json_pack("{s:s, s:s, s:s, s:[s]}", "owner", billing->account, "logGroup",
                         billing->names.log_group, "logStream", stream ? stream : "",
                         "subscriptionFilters", "billingd-backfill");
        kept = json_pack("{s:s, s:O*, s:O*}", "id", id ? id : "", "timestamp",
                         json_object_get(event, "timestamp"), "message",
                         json_object_get(event, "message"));
        backfill_writer_add(
            writer, head, kept,
            &(struct backfill_arrival){
                json_integer_value(json_object_get(event, "ingestionTime")) / 1000, 0});
    }
}

/* An hour of the log group, being read again. */
struct window {
    struct backfill *backfill;
    struct backfill_writer *writer;
    const json_t *ids; /* of the events that are there */
    int64_t hour_s;
};

/* 1 when *params now ask for the next page, 0 when that was the last; -1 and *e. */
static int next_page(const json_t *page, json_t *params, struct page_tokens *tokens, struct err *e)
{
    const struct operation *operation = &backfill_operations[BACKFILL_FILTER_EVENTS];
    json_t *token = json_object_get(page, operation->next_token);

    if (!json_string_length(token))
        return 0;
    if (page_tokens_add(tokens, operation->name, json_string_value(token), e))
        return -1;
    json_object_set(params, operation->token, token);
    return 1;
}

/* By itself and not by operation_pages: there is a pause between pages, and refusals are waited
 * for. */
static int read_window(struct flow *flow, const struct window *window, struct page_tokens *tokens,
                       struct err *e)
{
    struct backfill *backfill = window->backfill;
    json_auto_t *params =
        page_params(backfill->billing, window->hour_s, window->hour_s + BACKFILL_HOUR_S);

    for (;;) {
        json_auto_t *page = read_page(flow, backfill->billing, params, e);
        int more;

        if (!page)
            return -1;
        take_events(backfill, window->writer, page, window->ids);
        if (backfill_writer_count(window->writer) >= FLUSH_EVENTS &&
            backfill_writer_flush(flow, window->writer, e))
            return -1;
        more = next_page(page, params, tokens, e);
        if (more <= 0)
            return more;
        if (flow_sleep(flow, PAUSE_MS, e))
            return -1;
    }
}

static int read_hour(struct flow *flow, struct backfill *backfill, const json_t *ids,
                     int64_t hour_s, struct err *e)
{
    const struct billing *billing = backfill->billing;
    cleanup_free char *name = mem_printf("%s\n%lld", billing->names.log_group, (long long)hour_s);
    char source[RECOVERED_ID];
    const struct backfill_target target = {"logs", source, backfill->request->dry_run,
                                           &backfill->logs};
    struct window window = {backfill, NULL, ids, hour_s};
    struct page_tokens tokens = {0};
    int failed;

    recovered_text_id(name, strlen(name), source);
    window.writer = backfill_writer_new(billing, &target);
    failed =
        read_window(flow, &window, &tokens, e) || backfill_writer_flush(flow, window.writer, e);
    backfill_writer_free(window.writer);
    page_tokens_fini(&tokens);
    return failed;
}

int backfill_logs(struct flow *flow, struct backfill *backfill, int64_t from_s, int64_t to_s,
                  struct err *e)
{
    json_auto_t *ids = present_ids(flow, backfill->billing, from_s, to_s, e);
    int failed = !ids;

    for (int64_t hour_s = from_s; !failed && hour_s < to_s; hour_s += BACKFILL_HOUR_S) {
        backfill_progress(backfill, "reading the log group, hour %lld of %lld",
                          (long long)((hour_s - from_s) / BACKFILL_HOUR_S + 1),
                          (long long)((to_s - from_s) / BACKFILL_HOUR_S));
        failed = read_hour(flow, backfill, ids, hour_s, e);
    }
    return failed ? err_wrap(e, "reading %s again", backfill->billing->names.log_group) : 0;
}
