#include "billing/close/close_months.h"

#include "base/clock.h"
#include "base/json.h"
#include "billing/bill/bill_days.h"
#include "billing/bill/bill_month.h"
#include "billing/close/archive.h"
#include "billing/close/close_gap.h"
#include "billing/close/documents.h"
#include "billing/prices/price_book.h"

#include <string.h>

static const char *const names[CLOSE_MONTHS] = {
    [CLOSE_MONTH_OPEN] = "open",     [CLOSE_MONTH_READY] = "ready",
    [CLOSE_MONTH_CLOSED] = "closed", [CLOSE_MONTH_UNCLOSABLE] = "unclosable",
    [CLOSE_MONTH_EMPTY] = "empty",   [CLOSE_MONTH_LEFT] = "left",
};

const char *close_months_name(enum close_month state)
{
    return names[state];
}

size_t close_months_count(const json_t *months, enum close_month state)
{
    size_t count = 0, i;
    const json_t *month;

    json_array_foreach(months, i, month)
        count += !strcmp(json_text(month, "state"), names[state]);
    return count;
}

/* The days of a month that are billed, and what was closed. */
struct looking {
    struct day_span days;
    json_t *builds; /* bill_days of those days, as far as they are over */
    const json_t *closed;
};

/* A look may begin within its first month, where the first data is. */
static int add_days_before(struct flow *flow, const struct billing *billing,
                           struct looking *looking, struct day first, struct err *e)
{
    const struct day_span before = {looking->days.first, calendar_add_days(first, -1)};
    struct rollup_status status = {0};
    json_auto_t *later = looking->builds;
    int failed;

    looking->builds = json_array();
    if (calendar_compare(before.first, before.last) > 0) {
        failed = 0;
    } else {
        failed = rollup_look(flow, billing, before, &status, e);
        bill_days_add(looking->builds, status.days, failed ? 0 : status.count);
        rollup_status_fini(&status);
    }
    (void)json_array_extend(looking->builds, later);
    return failed;
}

static bool has_calls(const json_t *builds)
{
    size_t i;
    const json_t *day;

    json_array_foreach(builds, i, day)
        if (json_whole(day, "calls"))
            return true;
    return false;
}

static enum close_month state_of(const struct looking *looking, const json_t *open)
{
    const char *last =
        json_string_value(json_array_get(looking->closed, json_array_size(looking->closed) - 1));
    enum bill_month_state state = bill_month_state(open);
    char own[16];
    size_t i;
    const json_t *month;

    calendar_month_text(looking->days.first, own);
    json_array_foreach(looking->closed, i, month)
        if (!strcmp(json_string_value(month), own))
            return CLOSE_MONTH_CLOSED;
    if (json_array_size(looking->builds) <
        (size_t)(looking->days.last.day - looking->days.first.day + 1))
        return CLOSE_MONTH_OPEN;
    if (state == BILL_MONTH_FINAL && !has_calls(looking->builds))
        return CLOSE_MONTH_EMPTY;
    if (last && strcmp(own, last) < 0)
        return CLOSE_MONTH_LEFT;
    return state == BILL_MONTH_FINAL  ? CLOSE_MONTH_READY
           : state == BILL_MONTH_OPEN ? CLOSE_MONTH_OPEN
                                      : CLOSE_MONTH_UNCLOSABLE;
}

static json_t *month_of(const struct looking *looking)
{
    json_auto_t *open = bill_days_open(looking->builds);
    json_t *reasons = json_array();
    enum close_month state = state_of(looking, open);
    char own[16];

    calendar_month_text(looking->days.first, own);
    if (state == CLOSE_MONTH_UNCLOSABLE)
        bill_days_reasons(looking->builds, reasons);
    return json_pack("{s:s, s:s, s:o}", "month", own, "state", names[state], "reasons", reasons);
}

static size_t days_within(const struct rollup_status *status, size_t from, struct day_span month)
{
    size_t n = 0;

    while (from + n < status->count &&
           calendar_compare(status->days[from + n].day, month.last) <= 0)
        n++;
    return n;
}

/* The month that is running, and what of the one before is not over yet, have no closed day. */
static void add_running(json_t *months, const struct billing *billing,
                        const struct rollup_status *status)
{
    struct day today = calendar_day_of(price_book_zone(billing->book), clock_now_ms() / 1000);
    struct day next = status->count ? status->days[status->count - 1].day : today;
    char name[16];

    if (status->count)
        next = calendar_add_days(calendar_month(next).last, 1);
    for (; calendar_compare(next, today) <= 0;
         next = calendar_add_days(calendar_month(next).last, 1)) {
        calendar_month_text(next, name);
        json_array_append_new(months, json_pack("{s:s, s:s, s:[]}", "month", name, "state",
                                                names[CLOSE_MONTH_OPEN], "reasons"));
    }
}

/* The first month that is not closed cannot be while `since` leaves days with data out between. */
static int add_gap(struct flow *flow, const struct billing *billing, const json_t *closed,
                   json_t *months, struct err *e)
{
    const json_t *newest = json_array_get(closed, json_array_size(closed) - 1);
    struct day last, since;
    struct day_span between;
    struct close_gap gap;
    json_t *month;
    size_t i;

    if (!newest || !billing->settings.since)
        return 0;
    if (calendar_parse_month(json_string_value(newest), &last, e) ||
        calendar_parse_day(billing->settings.since, &since, e))
        return -1;
    between = close_gap_between(billing, last, since);
    if (close_gap_look(flow, billing, between, &gap, e))
        return -1;
    json_array_foreach(months, i, month) {
        if (!*gap.day || strcmp(json_text(month, "month"), json_string_value(newest)) <= 0)
            continue;
        json_object_set_new(month, "state", json_string(names[CLOSE_MONTH_UNCLOSABLE]));
        json_array_append_new(json_object_get(month, "reasons"),
                              close_gap_reason(billing, between, &gap));
        break;
    }
    return 0;
}

json_t *close_months(struct flow *flow, const struct billing *billing,
                     const struct rollup_status *status, struct err *e)
{
    json_auto_t *numbers = archive_numbers(flow, billing, e), *closed = NULL;
    json_t *months;

    if (!numbers)
        return NULL;
    closed = documents_months_of(billing, numbers);
    months = json_array();
    for (size_t i = 0, n; i < status->count; i += n) {
        struct looking looking = {.days = bill_month_days(billing, status->days[i].day),
                                  .builds = json_array(),
                                  .closed = closed};
        int failed;

        n = days_within(status, i, looking.days);
        bill_days_add(looking.builds, status->days + i, n);
        failed = add_days_before(flow, billing, &looking, status->days[i].day, e);
        if (!failed)
            json_array_append_new(months, month_of(&looking));
        json_decref(looking.builds);
        if (!failed)
            continue;
        json_decref(months);
        return NULL;
    }
    add_running(months, billing, status);
    if (add_gap(flow, billing, closed, months, e)) {
        json_decref(months);
        return NULL;
    }
    return months;
}
