/* metrics_read.c -- GetMetricData, page by page. */
#include "billing/store/metrics_read.h"

#include "base/json.h"
#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    size_t count, steps;
    int64_t from_s, period_s;
    int64_t *values;
    bool *partial; /* per metric, as of the last page that named it */
};

/* A resource without a name (switched off, or not found) has no metrics. */
static bool is_whole(const struct metrics_wanted *wanted)
{
    for (size_t i = 0; i < METRICS_DIMENSIONS && wanted->dimensions[i].name; i++)
        if (!*wanted->dimensions[i].value)
            return false;
    return true;
}

static json_t *query_of(const struct metrics_wanted *wanted, size_t index, int64_t period_s)
{
    json_t *dimensions = json_array();
    char id[24];

    (void)snprintf(id, sizeof id, "m%zu", index);
    for (size_t i = 0; i < METRICS_DIMENSIONS && wanted->dimensions[i].name; i++)
        json_array_append_new(dimensions,
                              json_pack("{s:s, s:s}", "Name", wanted->dimensions[i].name, "Value",
                                        wanted->dimensions[i].value));
    return json_pack("{s:s, s:{s:{s:s, s:s, s:o}, s:I, s:s}, s:b}", "Id", id, "MetricStat",
                     "Metric", "Namespace", wanted->space, "MetricName", wanted->name, "Dimensions",
                     dimensions, "Period", (json_int_t)period_s, "Stat", wanted->statistic,
                     "ReturnData", 1);
}

static void take_value(struct reading *reading, size_t metric, double time_s, double value)
{
    int64_t step = ((int64_t)llround(time_s) - reading->from_s) / reading->period_s;

    if (time_s >= (double)reading->from_s && step >= 0 && (size_t)step < reading->steps &&
        isfinite(value) && fabs(value) < 9e15)
        reading->values[metric * reading->steps + (size_t)step] = llround(value);
}

/* False for a metric that cannot be ours, or that CloudWatch failed to read. */
static bool take_result(struct reading *reading, const json_t *result)
{
    const char *id = json_text(result, "Id"), *status = json_text(result, "StatusCode");
    const json_t *times = json_object_get(result, "Timestamps");
    const json_t *values = json_object_get(result, "Values");
    size_t metric = id && *id == 'm' ? strtoul(id + 1, NULL, 10) : reading->count, i;
    json_t *time;

    if (metric >= reading->count)
        return false;
    if (status && (!strcmp(status, "InternalError") || !strcmp(status, "Forbidden")))
        return false;
    reading->partial[metric] = status && !strcmp(status, "PartialData");
    json_array_foreach(times, i, time)
        take_value(reading, metric, json_number_value(time),
                   json_number_value(json_array_get(values, i)));
    return true;
}

static int take_page(struct reading *reading, const json_t *page, struct err *e)
{
    const json_t *message = json_array_get(json_object_get(page, "Messages"), 0);
    size_t i;
    json_t *result;

    /* "If there is a message, as much of the operation as possible is still executed." */
    if (message)
        return err_set(e, ERR_RETRY, "GetMetricData: %s: %s",
                       json_text(message, "Code") ? json_text(message, "Code") : "?",
                       json_text(message, "Value") ? json_text(message, "Value") : "?");
    json_array_foreach(json_object_get(page, "MetricDataResults"), i, result)
        if (!take_result(reading, result))
            return err_set(e, ERR_RETRY, "GetMetricData: %s: %s",
                           json_text(result, "Label") ? json_text(result, "Label") : "?",
                           json_text(result, "StatusCode") ? json_text(result, "StatusCode") : "?");
    return 0;
}

static int check_whole(const struct reading *reading, const struct metrics_wanted *wanted,
                       struct err *e)
{
    for (size_t i = 0; i < reading->count; i++)
        if (reading->partial[i])
            return err_set(e, ERR_RETRY, "GetMetricData: %s: only part of it came", wanted[i].name);
    return 0;
}

static int read_pages(struct flow *flow, const struct billing *billing, json_t *params,
                      struct reading *reading, struct err *e)
{
    for (;;) {
        json_auto_t *page =
            flow_call(flow, billing->session, "cloudwatch", "GetMetricData", json_copy(params), e);
        json_t *token;

        if (!page || take_page(reading, page, e))
            return -1;
        token = json_object_get(page, "NextToken");
        if (!json_string_length(token) || json_equal(token, json_object_get(params, "NextToken")))
            return 0;
        json_object_set(params, "NextToken", token);
    }
}

int64_t *metrics_read(struct flow *flow, const struct billing *billing,
                      const struct metrics_wanted *wanted, size_t count, int64_t from_s,
                      int64_t to_s, int64_t period_s, struct err *e)
{
    struct reading reading = {count, (size_t)((to_s - from_s) / period_s), from_s, period_s,
                              NULL,  mem_new(count * sizeof(bool) + 1)};
    json_auto_t *params =
        json_pack("{s:[], s:I, s:I, s:s}", "MetricDataQueries", "StartTime", (json_int_t)from_s,
                  "EndTime", (json_int_t)to_s, "ScanBy", "TimestampAscending");
    int failed = 0;

    reading.values = mem_new((count * reading.steps + 1) * sizeof *reading.values);
    for (size_t i = 0; i < count * reading.steps; i++)
        reading.values[i] = METRICS_UNKNOWN;
    for (size_t i = 0; i < count && i < METRICS_MOST; i++)
        if (is_whole(&wanted[i]))
            json_array_append_new(json_object_get(params, "MetricDataQueries"),
                                  query_of(&wanted[i], i, period_s));
    if (json_array_size(json_object_get(params, "MetricDataQueries")) && reading.steps)
        failed = read_pages(flow, billing, params, &reading, e) || check_whole(&reading, wanted, e);
    free(reading.partial);
    if (!failed)
        return reading.values;
    free(reading.values);
    return NULL;
}
