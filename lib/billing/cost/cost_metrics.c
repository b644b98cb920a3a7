/* cost_metrics.c -- what CloudWatch Logs and Firehose took in, by CloudWatch's counts.
 *
 * Firehose bills each record in steps of 5 KiB, and no metric tells the size of each: bytes and
 * records give the least that it can be (each record a step) and the most (each ends just behind
 * one).  (Amazon Data Firehose pricing; CloudWatch metrics of Firehose and of Logs) */
#include "base/json.h"
#include "base/mem.h"
#include "billing/cost/cost_operations.h"
#include "billing/cost/cost_private.h"
#include "billing/store/metrics_read.h"

#include <string.h>

enum { STEP = 5 * 1024, LOG_BYTES = 0, RECORD_BYTES, RECORDS, DECOMPRESSED, METRICS };

/* Days that are over or begun without a datapoint: nothing came, or nobody knows.  Where none of
 * them has one, it is not known. */
static unsigned count_silent(const struct cost *cost, const int64_t *values)
{
    unsigned silent = 0;

    for (int day = 0; day < cost->days_begun; day++)
        silent += values[day] == METRICS_UNKNOWN;
    return silent;
}

static void take(const struct cost *cost, struct cost_line *line, const int64_t *values)
{
    if (count_silent(cost, values) == (unsigned)cost->days_begun) {
        cost_line_untold(cost, line, "CloudWatch has no count of this month");
        return;
    }
    for (int day = 0; day < cost->days_begun; day++)
        line->used[day] = values[day] == METRICS_UNKNOWN ? 0 : values[day];
    cost_line_go_on(cost, line);
}

static void take_records(const struct cost *cost, struct cost_line *line, const int64_t *bytes,
                         const int64_t *records)
{
    if (count_silent(cost, bytes) != count_silent(cost, records)) {
        cost_line_untold(cost, line, "CloudWatch has bytes or records alone of some days");
        return;
    }
    take(cost, line, bytes);
    for (int day = 0; day < cost->days_begun && !line->unknown; day++) {
        money_integer least = records[day] > 0 ? (money_integer)records[day] * STEP : 0;
        money_integer most = line->used[day] + least;

        if (line->used[day] < least)
            line->used[day] = least;
        line->more[day] = most - line->used[day];
    }
    if (!line->unknown) {
        memset(line->coming, 0, sizeof line->coming);
        cost_line_go_on(cost, line);
    }
}

/* 9 petabytes: beyond that months of bytes, and what a setting makes of them, fit no number that
 * everybody reads exactly. */
#define MOST_KEPT ((int64_t)1 << 53)

/* Stays in CloudWatch Logs: AWS tells only how much it is now. */
static void read_kept(struct flow *flow, struct cost *cost, struct cost_line *line)
{
    const struct billing *billing = cost->question->billing;
    struct err e = {0};
    json_auto_t *groups = NULL;
    const json_t *group;
    int64_t bytes = -1;
    size_t i;

    if (cost->until_s == cost->end_s) {
        cost_line_untold(cost, line,
                         "AWS tells how much the log group keeps now, not how much it kept");
        return;
    }
    groups = operation_list(flow, billing, &cost_operations[COST_GET_LOG_GROUPS],
                            json_pack("{s:s}", "logGroupNamePrefix", billing->names.log_group), &e);
    json_array_foreach(groups, i, group)
        if (!strcmp(json_text(group, "logGroupName"), billing->names.log_group) &&
            json_is_integer(json_object_get(group, "storedBytes")))
            bytes = json_whole(group, "storedBytes");
    if (bytes < 0 && e.kind == ERR_NONE)
        (void)err_set(&e, ERR_ABSENT, "the log group %s does not say how much it keeps",
                      billing->names.log_group);
    if (bytes < 0) {
        cost_line_lose(cost, line, &e);
        return;
    }
    if (bytes > MOST_KEPT) {
        (void)err_set(&e, ERR_INVALID,
                      "the log group %s says that it keeps %lld bytes, more than can be right",
                      billing->names.log_group, (long long)bytes);
        cost_line_lose(cost, line, &e);
        return;
    }
    cost_line_keep(cost, line, bytes);
}

/* A value per metric and day; new memory, or NULL and *e. */
static int64_t *read_counts(struct flow *flow, const struct cost *cost, struct err *e)
{
    const struct billing_names *names = &cost->question->billing->names;
    static const char firehose[] = "AWS/Firehose", stream[] = "DeliveryStreamName";
    const struct metrics_wanted wanted[METRICS] = {
        [LOG_BYTES] = {"AWS/Logs", "IncomingBytes", "Sum", {{"LogGroupName", names->log_group}}},
        [RECORD_BYTES] = {firehose, "IncomingBytes", "Sum", {{stream, names->stream}}},
        [RECORDS] = {firehose, "IncomingRecords", "Sum", {{stream, names->stream}}},
        [DECOMPRESSED] = {firehose,
                          "OutputDecompressedBytes.Success",
                          "Sum",
                          {{stream, names->stream}}},
    };
    const struct metrics_question question = {wanted, METRICS, cost->from_s, cost->end_s,
                                              COST_DAY_S};

    return metrics_read(flow, cost->question->billing, &question, e);
}

void cost_metrics_read(struct flow *flow, struct cost *cost)
{
    struct cost_line *logs =
        cost_line_add(cost, COST_LOGS_INGESTED, "access log taken in", "AWS/Logs IncomingBytes");
    struct cost_line *kept = cost_line_add(cost, COST_LOGS_STORED, "access log kept",
                                           "storedBytes of the log group, as it is now");
    struct cost_line *records = cost_line_add(cost, COST_FIREHOSE_INGESTED, "records taken in",
                                              "AWS/Firehose IncomingBytes and IncomingRecords");
    struct cost_line *plain = cost_line_add(cost, COST_FIREHOSE_DECOMPRESSED, "decompressed",
                                            "AWS/Firehose OutputDecompressedBytes.Success");
    struct err e = {0};
    cleanup_free int64_t *values = read_counts(flow, cost, &e);

    if (values) {
        take(cost, logs, values + (ptrdiff_t)LOG_BYTES * cost->days);
        take_records(cost, records, values + (ptrdiff_t)RECORD_BYTES * cost->days,
                     values + (ptrdiff_t)RECORDS * cost->days);
        take(cost, plain, values + (ptrdiff_t)DECOMPRESSED * cost->days);
    } else {
        cost_line_lose(cost, logs, &e);
        cost_line_lose(cost, records, &e);
        cost_line_lose(cost, plain, &e);
    }
    read_kept(flow, cost, kept);
}
