#include "billing/bill/usage.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/rollup/rollup_window.h"
#include "billing/store/athena_query.h"
#include "billing/store/athena_query_text.h"

#include <errno.h>
#include <string.h>

enum { DOUBTS_AT = 6, COLUMNS = DOUBTS_AT + RATING_DOUBTS };

struct reading {
    const struct billing *billing;
    const struct usage_request *request;
    struct day starts[PRICE_BOOK_SEGMENTS];
    size_t count;
    json_t **rows; /* per segment */
    int64_t scanned, engine_ms;
    json_t *ids;
    struct usage *usage;
    int result;
    struct err *e; /* the first failure */
};

json_int_t usage_day_number(struct day day)
{
    return day.year * 10000 + day.month * 100 + day.day;
}

static json_int_t hour_number(int64_t hour_s)
{
    struct day day = calendar_day_of("UTC", hour_s);

    return usage_day_number(day) * 100 + (hour_s % ROLLUP_DAY_S) / ROLLUP_HOUR_S;
}

char *usage_day_rows(const struct billing *billing, struct day_span days)
{
    struct str rows = {0};

    for (struct day day = days.first; calendar_compare(day, days.last) <= 0;
         day = calendar_add_days(day, 1)) {
        struct rollup_window window = rollup_window_of(billing, day);

        str_addf(&rows, "%s(%lld, %lld, %lld, %lld, %lld)", rows.len ? ", " : "",
                 (long long)usage_day_number(day), (long long)window.event_from_s,
                 (long long)window.event_to_s, (long long)hour_number(window.from_s),
                 (long long)hour_number(window.to_s - ROLLUP_HOUR_S));
    }
    return str_take(&rows);
}

json_t *usage_raw_values(const struct billing *billing, struct day_span days)
{
    struct day_span read = {calendar_add_days(days.first, -1), /* for copies across midnight */
                            days.last};
    cleanup_free char *rows = usage_day_rows(billing, read);
    cleanup_free char *filter = rollup_window_filter(rollup_window_of(billing, read.first).from_s,
                                                     rollup_window_of(billing, read.last).to_s);

    return json_pack("{s:I, s:s, s:s}", "first_day", usage_day_number(days.first), "days", rows,
                     "partition_filter", filter);
}

const char *usage_query(enum usage_source source)
{
    return source == USAGE_FROM_RAW ? "usage_raw" : "usage_rollup";
}

static json_t *values_of(const struct billing *billing, const struct usage_request *request)
{
    struct day_span days = request->days;

    if (request->source == USAGE_FROM_RAW)
        return usage_raw_values(billing, days);
    return json_pack("{s:I, s:I}", "first_day", usage_day_number(days.first), "last_day",
                     usage_day_number(days.last));
}

char *usage_text(const struct billing *billing, const struct usage_request *request, struct err *e)
{
    json_auto_t *values = values_of(billing, request);

    return athena_query_text(billing, usage_query(request->source), values, e);
}

static void read_segment(struct flow *flow, void *arg, size_t index)
{
    struct reading *reading = arg;
    struct usage_request segment = *reading->request;
    struct athena_result result = {0};
    json_auto_t *values = NULL;
    struct err e = {0};

    if (reading->e->kind != ERR_NONE)
        return;
    segment.days.first = reading->starts[index];
    if (index + 1 < reading->count)
        segment.days.last = calendar_add_days(reading->starts[index + 1], -1);
    values = values_of(reading->billing, &segment);
    if (athena_query_run(flow, reading->billing,
                         &(struct athena_question){usage_query(segment.source), values, NULL},
                         &result, &e)) {
        (void)err_set(reading->e, e.kind, "%s", e.text);
        return;
    }
    reading->rows[index] = json_share(result.rows);
    reading->scanned += result.scanned_bytes;
    reading->engine_ms += result.engine_ms;
    json_array_append_new(reading->ids, json_string(result.id));
    athena_query_result_fini(&result);
}

static int read_number(const json_t *row, size_t i, int64_t *number, struct err *e)
{
    const char *text = json_string_value(json_array_get(row, i));
    char *end = NULL;
    long long value;

    errno = 0;
    value = text ? strtoll(text, &end, 10) : -1;
    if (!text || !*text || *end || errno || value < 0)
        return err_set(e, ERR_INVALID, "a query answered %s where a number should be",
                       text ? text : "nothing");
    *number = value;
    return 0;
}

static int read_row(const json_t *row, size_t segment, struct usage_line *line, struct err *e)
{
    if (json_array_size(row) != COLUMNS)
        return err_set(e, ERR_INVALID,
                       "a usage query answered %zu columns; it must be sub, user, "
                       "routekey, status, calls, bytes, length_unknown, length_refused, "
                       "estimated, repaired",
                       json_array_size(row));
    *line = (struct usage_line){
        .sub = json_string_value(json_array_get(row, 0)),
        .user = json_string_value(json_array_get(row, 1)),
        .route = json_string_value(json_array_get(row, 2)),
        .status = json_string_value(json_array_get(row, 3)),
        .segment = segment,
    };
    if (read_number(row, 4, &line->calls, e) || read_number(row, 5, &line->bytes, e))
        return -1;
    for (int i = 0; i < RATING_DOUBTS; i++) {
        if (read_number(row, DOUBTS_AT + (size_t)i, &line->doubts[i], e))
            return -1;
        if (line->doubts[i] > line->calls)
            return err_set(e, ERR_INVALID, "a usage query answered more %s than calls",
                           rating_doubt_names[i]);
    }
    return 0;
}

/* Takes the rows over into usage->owner. */
static void take_rows(void *arg)
{
    struct reading *reading = arg;
    struct usage *usage = reading->usage;
    size_t total = 0, i;
    json_t *row;

    for (size_t s = 0; s < reading->count; s++)
        total += json_array_size(reading->rows[s]);
    usage->lines = mem_new((total + 1) * sizeof *usage->lines);
    usage->owner = json_array();
    for (size_t s = 0; s < reading->count; s++) {
        json_array_append(usage->owner, reading->rows[s]);
        json_array_foreach(reading->rows[s], i, row)
            if (!reading->result)
                reading->result = read_row(row, s, &usage->lines[usage->count++], reading->e);
    }
    if (reading->result)
        usage_fini(usage);
}

static json_t *sources_of(const struct reading *reading)
{
    const char *query = usage_query(reading->request->source);
    cleanup_free char *hash = athena_query_text_hash(reading->billing, query);

    return json_pack("{s:s, s:s, s:I, s:I, s:O}", "source", query, "query_hash", hash,
                     "scanned_bytes", (json_int_t)reading->scanned, "engine_ms",
                     (json_int_t)reading->engine_ms, "query_ids", reading->ids);
}

int usage_read(struct flow *flow, const struct billing *billing,
               const struct usage_request *request, struct usage *usage, struct err *e)
{
    struct err failed = {0};
    struct reading reading = {
        .billing = billing, .request = request, .ids = json_array(), .usage = usage, .e = &failed};

    *usage = (struct usage){0};
    reading.count = price_book_segments(billing->book, request->days, reading.starts);
    reading.rows = mem_new(reading.count * sizeof *reading.rows);
    flow_each(flow, reading.count, (size_t)billing->settings.parallel_queries, read_segment,
              &reading);
    if (!failed.kind)
        flow_work(flow, take_rows, &reading);
    if (failed.kind)
        err_set(e, failed.kind, "%s", failed.text);
    else
        usage->sources = sources_of(&reading);
    json_decref(reading.ids);
    for (size_t i = 0; i < reading.count; i++)
        json_decref(reading.rows[i]);
    free(reading.rows);
    return failed.kind ? -1 : 0;
}

void usage_fini(struct usage *usage)
{
    free(usage->lines);
    json_decref(usage->owner);
    json_decref(usage->sources);
    *usage = (struct usage){0};
}
