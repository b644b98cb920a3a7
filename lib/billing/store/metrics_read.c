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
    bool *whole; /* per metric: asked and answered, as of the last page that named it */
};

/* A resource without a name (switched off, or not found) has no metrics. */
static bool has_resource(const struct metrics_wanted *wanted)
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

/* False for what counts nothing: AWS's sums and maxima of these metrics are none below 0. */
static bool take_value(struct reading *reading, size_t metric, double time_s, double value)
{
    const struct metrics_question *question = reading->question;
    int64_t step = ((int64_t)llround(time_s) - question->from_s) / question->period_s;

    if (!isfinite(value) || value < 0 || value > 9e15)
        return false;
    if (time_s >= (double)question->from_s && step >= 0 && (size_t)step < reading->steps)
        reading->values[metric * reading->steps + (size_t)step] = llround(value);
    return true;
}

/* False for a metric that cannot be ours, or that CloudWatch failed to read: a status that is none
 * of AWS's is no success either. */
static bool take_result(struct reading *reading, const json_t *result)
{
    const char *id = json_text(result, "Id"), *status = json_text(result, "StatusCode");
    const json_t *times = json_object_get(result, "Timestamps");
    const json_t *values = json_object_get(result, "Values");
    size_t metric = id && *id == 'm' ? strtoul(id + 1, NULL, 10) : reading->question->count, i;
    json_t *time;

    if (metric >= reading->question->count)
        return false;
    if (!status || (strcmp(status, "Complete") != 0 && strcmp(status, "PartialData") != 0) ||
        json_array_size(times) != json_array_size(values))
        return false;
    reading->whole[metric] = !strcmp(status, "Complete");
    json_array_foreach(times, i, time)
        if (!json_is_number(time) || !json_is_number(json_array_get(values, i)) ||
            !take_value(reading, metric, json_number_value(time),
                        json_number_value(json_array_get(values, i))))
            return false;
    return true;
}

/* Why a result was not taken: its status, or what AWS calls complete and is none. */
static const char *failure_of(const json_t *result)
{
    const char *status = json_text(result, "StatusCode");

    if (!status)
        return "without a status";
    return strcmp(status, "Complete") != 0 ? status : "its datapoints are no counts of hours";
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
                           failure_of(result));
    return 1;
}

/* AWS answers every query of a call, those without a datapoint too: what is not named was not read,
 * and that is not the same as nothing. */
static int check_whole(const struct reading *reading, struct err *e)
{
    for (size_t i = 0; i < reading->question->count && i < METRICS_MOST; i++)
        if (has_resource(&reading->question->wanted[i]) && !reading->whole[i])
            return err_set(e, ERR_RETRY, "GetMetricData: %s: only part of it came",
                           reading->question->wanted[i].name);
    return 0;
}

static json_t *queries_of(const struct metrics_question *question)
{
    json_t *queries = json_array();

    for (size_t i = 0; i < question->count && i < METRICS_MOST; i++)
        if (has_resource(&question->wanted[i]))
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
        .whole = mem_new(question->count * sizeof(bool) + 1)};
    size_t count = question->count * reading.steps;
    int failed;

    reading.values = mem_new((count + 1) * sizeof *reading.values);
    for (size_t i = 0; i < count; i++)
        reading.values[i] = METRICS_UNKNOWN;
    failed = read_all(flow, billing, &reading, e);
    free(reading.whole);
    if (!failed)
        return reading.values;
    free(reading.values);
    return NULL;
}
