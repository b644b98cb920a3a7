#include "billing/shadow/shadow_cells.h"

#include "base/json.h"
#include "base/mem.h"
#include "billing/bill/usage.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup_window.h"
#include "billing/store/athena_query.h"

#include <errno.h>
#include <string.h>

enum { COLUMNS = 12, LATER_DAYS = 7 };

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The month in UTC and in the billing zone; arrivals from a day before both to a week after what
 * may still count. */
static json_t *values_of(const struct billing *billing, struct day month)
{
    struct day_span days = calendar_month(month),
                    read = {calendar_add_days(days.first, -1), days.last};
    struct day next = calendar_add_days(days.last, 1);
    const char *zone = price_book_zone(billing->book);
    int64_t utc_from = calendar_day_start("UTC", days.first),
            utc_to = calendar_day_start("UTC", next);
    int64_t zone_from = calendar_day_start(zone, days.first),
            zone_to = calendar_day_start(zone, next);
    int64_t from = least(utc_from, zone_from) - 2 * ROLLUP_DAY_S;
    int64_t to = utc_to + zone_to - least(utc_to, zone_to) +
                 (int64_t)(billing->settings.late_days + LATER_DAYS) * ROLLUP_DAY_S;
    cleanup_free char *rows = usage_day_rows(billing, read);
    cleanup_free char *filter = rollup_window_filter(rollup_window_floor(from, ROLLUP_HOUR_S),
                                                     rollup_window_floor(to, ROLLUP_HOUR_S));
    json_t *values = json_pack("{s:s, s:s}", "partition_filter", filter, "days", rows);
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"first_day", usage_day_number(days.first)},
                   {"last_day", usage_day_number(days.last)},
                   {"arrival_year", days.first.year},
                   {"arrival_month", days.first.month},
                   {"utc_from", utc_from},
                   {"utc_to", utc_to},
                   {"zone_from", zone_from},
                   {"zone_to", zone_to}};

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        json_object_set_new(values, numbers[i].name,
                            json_sprintf("%lld", (long long)numbers[i].value));
    return values;
}

static const char *text_at(const json_t *row, size_t column)
{
    const char *text = json_string_value(json_array_get(row, column));

    return text ? text : "";
}

static bool is_true(const json_t *row, size_t column)
{
    return !strcmp(text_at(row, column), "true");
}

static enum shadow_state state_of(const char *text)
{
    if (!strcmp(text, "ok"))
        return SHADOW_OK;
    if (!strcmp(text, "repaired"))
        return SHADOW_REPAIRED;
    if (!strcmp(text, "foreign"))
        return SHADOW_FOREIGN;
    return !strcmp(text, "estimated") ? SHADOW_ESTIMATED : SHADOW_NO_REQUEST;
}

/* The index of a row's sub; rows come sorted by it. */
static size_t who_is(struct shadow_cells *cells, const json_t *sub)
{
    size_t count = json_array_size(cells->subs);

    if (!count || !json_equal(json_array_get(cells->subs, count - 1), sub))
        json_array_append(cells->subs, (json_t *)sub);
    return json_array_size(cells->subs) - 1;
}

static int take_row(struct shadow_cells *cells, const json_t *row, struct err *e)
{
    const char *copy = text_at(row, 4);
    struct shadow_cell cell = {.has_user = is_true(row, 1),
                               .state = state_of(text_at(row, 2)),
                               .status = *text_at(row, 3),
                               .copy = !strcmp(copy, "event")     ? SHADOW_EVENT_COPY
                                       : !strcmp(copy, "request") ? SHADOW_REQUEST_COPY
                                                                  : SHADOW_FIRST,
                               .ours = is_true(row, 5),
                               .by_arrival = is_true(row, 6),
                               .by_utc = is_true(row, 7),
                               .by_zone = is_true(row, 8),
                               .on_time = is_true(row, 9)};
    char *end, *last;

    errno = 0;
    cell.calls = strtoll(text_at(row, 10), &end, 10);
    cell.bytes = strtoll(text_at(row, 11), &last, 10);
    if (json_array_size(row) != COLUMNS || errno || *end || *last || end == text_at(row, 10))
        return err_set(e, ERR_INVALID, "query shadow_cells: a row is not as it must be");
    cell.who = who_is(cells, json_array_get(row, 0));
    cells->items[cells->count++] = cell;
    return 0;
}

int shadow_cells_read(struct flow *flow, const struct billing *billing, struct day month,
                      struct shadow_cells *cells, struct err *e)
{
    json_auto_t *values = values_of(billing, month);
    const struct athena_question question = {"shadow_cells", values, NULL};
    struct athena_result result = {0};
    int failed = athena_query_run(flow, billing, &question, &result, e);
    size_t i;
    json_t *row;

    *cells = (struct shadow_cells){.subs = json_array()};
    cells->items = mem_new((json_array_size(result.rows) + 1) * sizeof *cells->items);
    json_array_foreach(result.rows, i, row)
        if (!failed)
            failed = take_row(cells, row, e);
    athena_query_result_fini(&result);
    return failed ? -1 : 0;
}

void shadow_cells_fini(struct shadow_cells *cells)
{
    free(cells->items);
    json_decref(cells->subs);
    *cells = (struct shadow_cells){0};
}
