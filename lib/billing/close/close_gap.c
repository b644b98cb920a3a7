/* close_gap.c -- days that would be in no invoice, because what is billed begins behind them. */
#include "billing/close/close_gap.h"

#include "base/json.h"
#include "billing/bill/bill_days.h"
#include "billing/bill/bill_month.h"

#include <string.h>

/* Days beside busy ones get builds without calls. */
static bool is_empty(const json_t *day)
{
    const char *state = json_text(day, "state");

    return !strcmp(state, "empty") ||
           ((!strcmp(state, "current") || !strcmp(state, "kept")) && !json_whole(day, "calls"));
}

int close_gap_look(struct flow *flow, const struct billing *billing, struct day_span days,
                   struct close_gap *gap, struct err *e)
{
    json_auto_t *builds = NULL;
    const json_t *day;
    size_t i;

    *gap = (struct close_gap){.calls = 0};
    if (calendar_compare(days.first, days.last) > 0)
        return 0;
    builds = bill_days(flow, billing, days, e);
    if (!builds)
        return -1;
    json_array_foreach(builds, i, day) {
        gap->calls += json_whole(day, "calls");
        if (!*gap->day && !is_empty(day))
            (void)snprintf(gap->day, sizeof gap->day, "%s", json_text(day, "day"));
    }
    return 0;
}

struct day_span close_gap_between(const struct billing *billing, struct day closed,
                                  struct day month)
{
    return (struct day_span){calendar_add_days(calendar_month(closed).last, 1),
                             calendar_add_days(bill_month_days(billing, month).first, -1)};
}

json_t *close_gap_reason(const struct billing *billing, struct day_span days,
                         const struct close_gap *gap)
{
    char from[16], to[16];

    calendar_day_text(days.first, from);
    calendar_day_text(days.last, to);
    return json_sprintf("%s to %s lie behind the last closed month and before "
                        "billing.rollup.since (%s), and %s has data: it would be in no invoice; "
                        "set since back to %s or earlier, or leave those days out for good with "
                        "--first",
                        from, to, billing->settings.since, gap->day, from);
}

bool close_gap_is_cut(const struct billing *billing, const char *day)
{
    return billing->settings.since && strcmp(day, billing->settings.since) < 0;
}
