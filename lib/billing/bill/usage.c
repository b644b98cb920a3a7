#include "billing/bill/usage.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/rollup/rollup_private.h"

#include <errno.h>
#include <string.h>

enum { COLUMNS = 6 };

struct reading {
    const struct billing *billing;
    const char *query;
    bool raw;
    struct day last;
    struct day starts[PRICE_BOOK_SEGMENTS];
    size_t count;
    json_t **rows; /* per segment */
    int64_t scanned, engine_ms;
    json_t *ids;
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

json_t *usage_raw_values(const struct billing *billing, struct day first, struct day last)
{
    cleanup_str struct str days = {0};
    cleanup_free char *filter = NULL;
    struct day day = calendar_add_days(first, -1); /* for copies made across midnight */
    struct rollup_window window = rollup_window_of(billing, day);
    int64_t from_s = window.from_s;

    for (; calendar_compare(day, last) <= 0; day = calendar_add_days(day, 1)) {
        window = rollup_window_of(billing, day);
        str_addf(&days, "%s(%lld, %lld, %lld, %lld, %lld)", days.len ? ", " : "",
                 (long long)usage_day_number(day), (long long)window.event_from_s,
                 (long long)window.event_to_s, (long long)hour_number(window.from_s),
                 (long long)hour_number(window.to_s - ROLLUP_HOUR_S));
    }
    filter = rollup_window_filter(from_s, window.to_s);
    return json_pack("{s:I, s:s, s:s}", "first_day", usage_day_number(first), "days",
                     str_text(&days), "partition_filter", filter);
}

static struct day segment_end(const struct reading *reading, size_t index)
{
    return index + 1 < reading->count ? calendar_add_days(reading->starts[index + 1], -1)
                                      : reading->last;
}

static char *query_text(const struct reading *reading, size_t index, struct err *e)
{
    struct day first = reading->starts[index], last = segment_end(reading, index);
    json_auto_t *values = reading->raw
                              ? usage_raw_values(reading->billing, first, last)
                              : json_pack("{s:I, s:I}", "first_day", usage_day_number(first),
                                          "last_day", usage_day_number(last));

    return athena_query_text(reading->billing, reading->query, values, e);
}

static void read_segment(struct flow *flow, void *arg, size_t index)
{
    struct reading *reading = arg;
    struct athena_result result = {0};
    struct err e = {0};
    cleanup_free char *text = NULL;

    if (reading->e->kind != ERR_NONE)
        return;
    text = query_text(reading, index, &e);
    if (!text || athena_query_run(flow, reading->billing, text, NULL, &result, &e)) {
        (void)err_set(reading->e, e.kind, "%s", e.text);
        return;
    }
    reading->rows[index] = json_share(result.rows);
    reading->scanned += result.scanned_bytes;
    reading->engine_ms += result.engine_ms;
    json_array_append_new(reading->ids, json_string(result.id));
    athena_result_fini(&result);
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
                       "routekey, status, calls, bytes",
                       json_array_size(row));
    *line = (struct usage_line){
        .sub = json_string_value(json_array_get(row, 0)),
        .user = json_string_value(json_array_get(row, 1)),
        .route = json_string_value(json_array_get(row, 2)),
        .status = json_string_value(json_array_get(row, 3)),
        .segment = segment,
    };
    return read_number(row, 4, &line->calls, e) || read_number(row, 5, &line->bytes, e) ? -1 : 0;
}

/* Takes the rows over into usage->owner. */
static int take_rows(const struct reading *reading, struct usage *usage, struct err *e)
{
    size_t total = 0, i;
    json_t *row;

    for (size_t s = 0; s < reading->count; s++)
        total += json_array_size(reading->rows[s]);
    usage->lines = mem_new((total + 1) * sizeof *usage->lines);
    usage->owner = json_array();
    for (size_t s = 0; s < reading->count; s++) {
        json_array_append(usage->owner, reading->rows[s]);
        json_array_foreach(reading->rows[s], i, row)
            if (read_row(row, s, &usage->lines[usage->count++], e))
                return -1;
    }
    return 0;
}

int usage_read(struct flow *flow, const struct billing *billing, enum usage_source source,
               struct day first, struct day last, struct usage *usage, struct err *e)
{
    struct err failed = {0};
    struct reading reading = {.billing = billing,
                              .raw = source == USAGE_FROM_RAW,
                              .last = last,
                              .ids = json_array(),
                              .e = &failed};
    cleanup_free char *hash = NULL;
    int result = -1;

    *usage = (struct usage){0};
    reading.query = usage_query(source);
    reading.count = price_book_segments(billing->book, first, last, reading.starts);
    reading.rows = mem_new(reading.count * sizeof *reading.rows);
    flow_each(flow, reading.count, (size_t)billing->settings.parallel_queries, read_segment,
              &reading);
    if (failed.kind == ERR_NONE)
        result = take_rows(&reading, usage, e);
    else
        (void)err_set(e, failed.kind, "%s", failed.text);
    hash = athena_query_hash(billing, reading.query);
    usage->sources = json_pack("{s:s, s:s, s:I, s:I, s:o}", "source", reading.query, "query_hash",
                               hash, "scanned_bytes", (json_int_t)reading.scanned, "engine_ms",
                               (json_int_t)reading.engine_ms, "query_ids", reading.ids);
    for (size_t i = 0; i < reading.count; i++)
        json_decref(reading.rows[i]);
    free(reading.rows);
    if (result)
        usage_fini(usage);
    return result;
}

const char *usage_query(enum usage_source source)
{
    return source == USAGE_FROM_RAW ? "usage_raw" : "usage_rollup";
}

char *usage_text(const struct billing *billing, enum usage_source source, struct day first,
                 struct day last, struct err *e)
{
    struct reading reading = {.billing = billing,
                              .query = usage_query(source),
                              .raw = source == USAGE_FROM_RAW,
                              .last = last,
                              .starts = {first},
                              .count = 1};

    return query_text(&reading, 0, e);
}

void usage_fini(struct usage *usage)
{
    free(usage->lines);
    json_decref(usage->owner);
    json_decref(usage->sources);
    *usage = (struct usage){0};
}
