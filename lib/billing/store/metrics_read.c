/* metrics_read.c -- GetMetricData, page by page. */
#include "billing/store/metrics_read.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/store/store_operations.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reading {
    const struct metrics_question *question;
    size_t steps;
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
    const struct metrics_question *question = reading->question;
    int64_t step = ((int64_t)llround(time_s) - question->from_s) / question->period_s;

    if (time_s >= (double)question->from_s && step >= 0 && (size_t)step < reading->steps &&
        isfinite(value) && fabs(value) < 9e15)
        reading->values[metric * reading->steps + (size_t)step] = llround(value);
}

/* False for a metric that cannot be ours, or that CloudWatch failed to read. */
static bool take_result(struct reading *reading, const json_t *result)
{
    const char *id = json_text(result, "Id"), *status = json_text(result, "StatusCode");
    const json_t *times = json_object_get(result, "Timestamps");
    const json_t *values = json_object_get(result, "Values");
    size_t metric = id && *id == 'm' ? strtoul(id + 1, NULL, 10) : reading->question->count, i;
    json_t *time;

    if (metric >= reading->question->count)
        return false;
    if (status && (!strcmp(status, "InternalError") || !strcmp(status, "Forbidden")))
        return false;
    reading->partial[metric] = status && !strcmp(status, "PartialData");
    json_array_foreach(times, i, time)
        take_value(reading, metric, json_number_value(time),
                   json_number_value(json_array_get(values, i)));
    return true;
}

static int take_page(void *arg, const json_t *page, struct err *e)
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
        if (!take_result(arg, result))
            return err_set(e, ERR_RETRY, "GetMetricData: %s: %s",
                           json_text(result, "Label") ? json_text(result, "Label") : "?",
                           json_text(result, "StatusCode") ? json_text(result, "StatusCode") : "?");
    return 1;
}

static int check_whole(const struct reading *reading, struct err *e)
{
    for (size_t i = 0; i < reading->question->count; i++)
        if (reading->partial[i])
            return err_set(e, ERR_RETRY, "GetMetricData: %s: only part of it came",
                           reading->question->wanted[i].name);
    return 0;
}

static json_t *queries_of(const struct metrics_question *question)
{
    json_t *queries = json_array();

    for (size_t i = 0; i < question->count && i < METRICS_MOST; i++)
        if (is_whole(&question->wanted[i]))
            json_array_append_new(queries, query_of(&question->wanted[i], i, question->period_s));
    return queries;
}

static int read_all(struct flow *flow, const struct billing *billing, struct reading *reading,
                    struct err *e)
{
    const struct metrics_question *question = reading->question;
    json_t *queries = queries_of(question);
    const struct operation_pages pages = {
        &store_operations[STORE_GET_METRIC_DATA],
        json_pack("{s:o, s:I, s:I, s:s}", "MetricDataQueries", queries, "StartTime",
                  (json_int_t)question->from_s, "EndTime", (json_int_t)question->to_s, "ScanBy",
                  "TimestampAscending"),
        take_page, reading};

    if (!json_array_size(queries) || !reading->steps) {
        json_decref(pages.params);
        return 0;
    }
    return operation_pages(flow, billing, &pages, e) ? -1 : check_whole(reading, e);
}

int64_t *metrics_read(struct flow *flow, const struct billing *billing,
                      const struct metrics_question *question, struct err *e)
{
    struct reading reading = {
        .question = question,
        .steps = (size_t)((question->to_s - question->from_s) / question->period_s),
        .partial = mem_new(question->count * sizeof(bool) + 1)};
    size_t count = question->count * reading.steps;
    int failed;

    reading.values = mem_new((count + 1) * sizeof *reading.values);
    for (size_t i = 0; i < count; i++)
        reading.values[i] = METRICS_UNKNOWN;
    failed = read_all(flow, billing, &reading, e);
    free(reading.partial);
    if (!failed)
        return reading.values;
    free(reading.values);
    return NULL;
}
