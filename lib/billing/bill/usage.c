#include "billing/bill/usage.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/rollup/rollup_window.h"
#include "billing/store/athena_query.h"
#include "billing/store/athena_query_rows.h"
#include "billing/store/athena_query_text.h"

#include <string.h>

enum { DOUBTS_AT = 6, COLUMNS = DOUBTS_AT + RATING_DOUBTS };

struct reading {
    const struct billing *billing;
    const struct usage_request *request;
    const struct usage_taker *taker;
    struct day starts[PRICE_BOOK_SEGMENTS];
    size_t count;
    int64_t scanned, engine_ms;
    bool untold; /* Athena does not say of all what they scanned */
    json_t *ids;
    struct err *e; /* the first failure */
};

/* One query's lines on their way to the taker. */
struct segment {
    const struct usage_taker *taker;
    size_t index;
    struct err e; /* of a line */
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

    return json_pack("{s:I, s:s, s:s, s:s}", "first_day", usage_day_number(days.first), "days",
                     rows, "partition_filter", filter, "object", "");
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
    if (athena_query_rows_whole(row, 4, &line->calls, e) ||
        athena_query_rows_whole(row, 5, &line->bytes, e))
        return -1;
    for (int i = 0; i < RATING_DOUBTS; i++) {
        if (athena_query_rows_whole(row, DOUBTS_AT + (size_t)i, &line->doubts[i], e))
            return -1;
        if (line->doubts[i] > line->calls)
            return err_set(e, ERR_INVALID, "a usage query answered more %s than calls",
                           rating_doubt_names[i]);
    }
    return 0;
}

static bool take_row(void *arg, const json_t *row)
{
    struct segment *segment = arg;
    struct usage_line line;

    if (!row) {
        err_clear(&segment->e);
        segment->taker->begin(segment->taker->arg, segment->index);
        return true;
    }
    return !read_row(row, segment->index, &line, &segment->e) &&
           !segment->taker->line(segment->taker->arg, &line, &segment->e);
}

static void read_segment(struct flow *flow, void *arg, size_t index)
{
    struct reading *reading = arg;
    struct usage_request request = *reading->request;
    struct segment segment = {.taker = reading->taker, .index = index};
    struct athena_result result;
    json_auto_t *values = NULL;
    struct err e = {0};

    if (reading->e->kind != ERR_NONE)
        return;
    request.days.first = reading->starts[index];
    if (index + 1 < reading->count)
        request.days.last = calendar_add_days(reading->starts[index + 1], -1);
    values = values_of(reading->billing, &request);
    if (athena_query_each(flow, reading->billing,
                          &(struct athena_question){usage_query(request.source), values, NULL},
                          &(struct athena_taker){take_row, &segment, &result}, &e)) {
        (void)err_set(reading->e, e.kind, "%s", e.text);
        return;
    }
    if (segment.e.kind)
        (void)err_set(reading->e, segment.e.kind, "%s", segment.e.text);
    reading->scanned += result.scanned_bytes;
    reading->untold |= result.untold;
    reading->engine_ms += result.engine_ms;
    json_array_append_new(reading->ids, json_string(result.id));
    athena_query_result_fini(&result);
}

static json_t *sources_of(const struct reading *reading)
{
    const char *query = usage_query(reading->request->source);
    cleanup_free char *hash = athena_query_text_hash(reading->billing, query);

    return json_pack("{s:s, s:s, s:o, s:I, s:O}", "source", query, "query_hash", hash,
                     "scanned_bytes",
                     reading->untold ? json_null() : json_integer(reading->scanned), "engine_ms",
                     (json_int_t)reading->engine_ms, "query_ids", reading->ids);
}

int usage_each(struct flow *flow, const struct billing *billing,
               const struct usage_request *request, const struct usage_taker *taker, struct err *e)
{
    struct err failed = {0};
    struct reading reading = {
        .billing = billing, .request = request, .taker = taker, .ids = json_array(), .e = &failed};

    reading.count = price_book_segments(billing->book, request->days, reading.starts);
    flow_each(flow, reading.count, (size_t)billing->settings.parallel_queries, read_segment,
              &reading);
    if (failed.kind)
        err_set(e, failed.kind, "%s", failed.text);
    else if (taker->sources)
        *taker->sources = sources_of(&reading);
    json_decref(reading.ids);
    return failed.kind ? -1 : 0;
}
