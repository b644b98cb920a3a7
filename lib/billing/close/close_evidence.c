#include "billing/close/close_evidence.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup_private.h"

#include <stdio.h>
#include <string.h>

enum { USAGE_COLUMNS = 7 };

json_t *close_text(const char *format, va_list args)
{
    json_t *text = json_vsprintf(format, args);

    return text ? text : json_string("something whose name is no UTF-8");
}

struct day close_last_day(struct day month)
{
    return (struct day){month.year, month.month, calendar_month_length(month.year, month.month)};
}

void close_month_text(struct day month, char text[static 16])
{
    calendar_day_text((struct day){month.year, month.month, 1}, text);
    text[7] = '\0';
}

/* ---- objects ---- */

static int by_key(const void *a, const void *b)
{
    return strcmp(json_text(*(json_t *const *)a, "key"), json_text(*(json_t *const *)b, "key"));
}

static json_t *sorted(json_t **objects, size_t count)
{
    json_t *list = json_array();

    qsort(objects, count, sizeof *objects, by_key);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_pack("{s:O, s:O, s:O*}", "key",
                                              json_object_get(objects[i], "key"), "size",
                                              json_object_get(objects[i], "size"), "etag",
                                              json_object_get(objects[i], "etag")));
    return list;
}

/* The objects of the hours in the window. */
static json_t *gather(json_t **hours, int64_t first_s, size_t days, int64_t from_s, int64_t to_s)
{
    json_t **found = NULL, *objects, *object, *list;
    size_t count = 0, i;
    const char *hour;

    for (size_t day = 0; day < days; day++) {
        int64_t day_s = first_s + (int64_t)day * ROLLUP_DAY_S;

        json_object_foreach(hours[day], hour, objects) {
            int64_t hour_s = day_s + (int64_t)strtol(hour, NULL, 10) * ROLLUP_HOUR_S;

            if (hour_s < from_s || hour_s >= to_s)
                continue;
            found = mem_resize(found, count + json_array_size(objects) + 1, sizeof *found);
            json_array_foreach(objects, i, object)
                found[count++] = object;
        }
    }
    list = count ? sorted(found, count) : json_array();
    free(found);
    return list;
}

json_t *close_objects(struct flow *flow, const struct billing *billing, struct day month,
                      struct err *e)
{
    int64_t from_s = rollup_window_of(billing, month).from_s;
    int64_t to_s = rollup_window_of(billing, close_last_day(month)).to_s;
    int64_t first_s = from_s - from_s % ROLLUP_DAY_S;
    size_t days = (size_t)((to_s - first_s + ROLLUP_DAY_S - 1) / ROLLUP_DAY_S);
    json_t **hours = mem_new(days * sizeof *hours), *objects = NULL;

    if (!rollup_objects_list(flow, billing, first_s, days, hours, e))
        objects = gather(hours, first_s, days, from_s, to_s);
    for (size_t i = 0; i < days; i++)
        json_decref(hours[i]);
    free(hours);
    return objects;
}

/* ---- days ---- */

static json_t *day_json(const struct rollup_day *day)
{
    static const char *const texts[] = {"run", "sql_hash", "window"};
    static const char *const numbers[] = {"rows", "calls", "bytes"};
    char text[16];
    json_t *json;

    calendar_day_text(day->day, text);
    json = json_pack("{s:s, s:s, s:s}", "day", text, "state", rollup_state_name(day->state),
                     "fingerprint", day->fingerprint);
    for (size_t i = 0; day->build && i < 3; i++) {
        const char *value = json_text(day->build, texts[i]);
        const char *number = json_text(day->build, numbers[i]);

        if (value)
            json_object_set_new(json, texts[i], json_string(value));
        if (number)
            json_object_set_new(json, numbers[i], json_integer(strtoll(number, NULL, 10)));
    }
    return json;
}

json_t *close_days(struct flow *flow, const struct billing *billing, struct day first,
                   struct day last, struct err *e)
{
    struct rollup_status status;
    json_t *days;

    rollup_forget();
    if (rollup_look(flow, billing, first, last, &status, e)) {
        rollup_status_fini(&status);
        return NULL;
    }
    days = json_array();
    for (size_t i = 0; i < status.count; i++)
        json_array_append_new(days, day_json(&status.days[i]));
    rollup_status_fini(&status);
    return days;
}

static const char *remedy(const char *state)
{
    static const char *const remedies[][2] = {
        {"open", "not closed yet"},
        {"missing", "no rollup; `billingd rollup` builds it"},
        {"outdated", "the rollup is of another query, window or time zone; `billingd rollup` "
                     "builds it again"},
        {"late", "objects came since the rollup was built; `billingd rollup` looks at them"},
    };

    for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
        if (!strcmp(remedies[i][0], state))
            return remedies[i][1];
    return NULL;
}

void close_days_reasons(const json_t *days, json_t *reasons)
{
    size_t count = json_array_size(days);

    for (size_t i = 0, end; i < count; i = end) {
        const char *state = json_text(json_array_get(days, i), "state"), *why = remedy(state);
        const char *first = json_text(json_array_get(days, i), "day");

        for (end = i + 1; end < count; end++)
            if (strcmp(json_text(json_array_get(days, end), "state"), state) != 0)
                break;
        if (!why)
            continue;
        json_array_append_new(
            reasons, end - i == 1
                         ? json_sprintf("%s: %s", first, why)
                         : json_sprintf("%s to %s: %s", first,
                                        json_text(json_array_get(days, end - 1), "day"), why));
    }
}

bool close_days_same(const json_t *a, const json_t *b)
{
    for (size_t i = 0; i < json_array_size(a) || i < json_array_size(b); i++)
        if (!json_equal(json_object_get(json_array_get(a, i), "run"),
                        json_object_get(json_array_get(b, i), "run")) &&
            (json_object_get(json_array_get(a, i), "run") ||
             json_object_get(json_array_get(b, i), "run")))
            return false;
    return true;
}

/* ---- usage ---- */

static json_t *text_or_null(const char *text)
{
    return text ? json_string(text) : json_null();
}

static json_t *segments_json(const struct billing *billing, struct day month)
{
    struct day starts[PRICE_BOOK_SEGMENTS];
    size_t count = price_book_segments(billing->book, month, close_last_day(month), starts);
    json_t *segments = json_array();

    for (size_t i = 0; i < count; i++) {
        char text[16];

        calendar_day_text(starts[i], text);
        json_array_append_new(segments, json_string(text));
    }
    return segments;
}

json_t *close_usage_json(const struct billing *billing, struct day month, const struct usage *usage)
{
    json_t *lines = json_array();

    for (size_t i = 0; i < usage->count; i++) {
        const struct usage_line *line = &usage->lines[i];

        json_array_append_new(lines,
                              json_pack("[I, o, o, o, o, I, I]", (json_int_t)line->segment,
                                        text_or_null(line->sub), text_or_null(line->user),
                                        text_or_null(line->route), text_or_null(line->status),
                                        (json_int_t)line->calls, (json_int_t)line->bytes));
    }
    return json_pack("{s:o, s:o}", "segments", segments_json(billing, month), "lines", lines);
}

static bool read_line(const json_t *item, size_t segments, struct usage_line *line)
{
    json_int_t segment = json_integer_value(json_array_get(item, 0));

    *line = (struct usage_line){
        .segment = (size_t)segment,
        .sub = json_string_value(json_array_get(item, 1)),
        .user = json_string_value(json_array_get(item, 2)),
        .route = json_string_value(json_array_get(item, 3)),
        .status = json_string_value(json_array_get(item, 4)),
        .calls = json_integer_value(json_array_get(item, 5)),
        .bytes = json_integer_value(json_array_get(item, 6)),
    };
    return json_array_size(item) == USAGE_COLUMNS && segment >= 0 && (size_t)segment < segments &&
           line->calls >= 0 && line->bytes >= 0;
}

int close_usage_read(const struct billing *billing, struct day month, json_t *document,
                     struct usage *usage, struct err *e)
{
    const json_t *lines = json_object_get(document, "lines"), *item;
    json_auto_t *segments = segments_json(billing, month);
    size_t i;

    *usage = (struct usage){0};
    if (!json_equal(segments, json_object_get(document, "segments")))
        return err_set(e, ERR_INVALID,
                       "the archived usage is cut at other days than its price book says");
    usage->lines = mem_new((json_array_size(lines) + 1) * sizeof *usage->lines);
    usage->owner = json_share(document);
    json_array_foreach(lines, i, item) {
        if (read_line(item, json_array_size(segments), &usage->lines[usage->count++]))
            continue;
        usage_fini(usage);
        return err_set(e, ERR_INVALID, "line %zu of the archived usage is none", i + 1);
    }
    return 0;
}
