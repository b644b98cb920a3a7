#include "daemon/verbs/billing/day_range.h"

#include "base/clock.h"
#include "daemon/verbs/verb.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { HOUR_S = 3600, DAY_S = 86400, MOST_DIGITS = 6 };

/* "36h", "7d", "90m": seconds; -1 when it is no duration. */
static int64_t duration_s(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    int64_t number = strtoll(text, NULL, 10);

    if (!digits || digits > MOST_DIGITS || strlen(text) != digits + 1)
        return -1;
    switch (text[digits]) {
    case 'm':
        return number * 60;
    case 'h':
        return number * HOUR_S;
    case 'd':
        return number * DAY_S;
    case 'w':
        return number * 7 * DAY_S;
    default:
        return -1;
    }
}

static int read_since(const char *text, const char *zone, int64_t now_s, struct day_range *range,
                      struct err *e)
{
    int64_t ago_s = duration_s(text);

    range->has_first = true;
    if (ago_s >= 0) {
        range->first = calendar_day_of(zone, now_s - ago_s);
        return 0;
    }
    if (!calendar_parse_day(text, &range->first, e))
        return 0;
    err_clear(e);
    return err_set(e, ERR_INVALID, "--since '%s': a day (2025-10-01) or so long ago (36h, 7d)",
                   text);
}

static int read_side(const char *flag, const char *text, struct day *day, bool *has, struct err *e)
{
    if (!text)
        return 0;
    *has = true;
    return calendar_parse_day(text, day, e) ? err_wrap(e, "%s", flag) : 0;
}

int day_range_read(const struct options *options, const char *zone, int64_t now_s,
                   struct day_range *range, struct err *e)
{
    int ways = (options->month != NULL) + (options->day != NULL) +
               (options->since != NULL || options->from != NULL);

    *range = (struct day_range){0};
    if (ways > 1 || (options->since && options->from) ||
        (options->to && (options->month || options->day)))
        return err_set(e, ERR_INVALID, "choose one of --month, --day, --since and --from/--to");
    if (options->month) {
        if (calendar_parse_month(options->month, &range->first, e))
            return err_wrap(e, "--month");
        range->last = range->first;
        range->last.day = calendar_month_length(range->first.year, range->first.month);
        range->has_first = range->has_last = true;
    } else if (options->day) {
        if (read_side("--day", options->day, &range->first, &range->has_first, e))
            return -1;
        range->last = range->first;
        range->has_last = true;
    } else if (options->since && read_since(options->since, zone, now_s, range, e)) {
        return -1;
    }
    if (read_side("--from", options->from, &range->first, &range->has_first, e) ||
        read_side("--to", options->to, &range->last, &range->has_last, e))
        return -1;
    if (range->has_first && range->has_last && calendar_compare(range->first, range->last) > 0)
        return err_set(e, ERR_INVALID, "the range of days ends before it begins");
    if (range->has_first && !range->has_last &&
        calendar_compare(range->first, calendar_day_of(zone, now_s)) > 0)
        return err_set(e, ERR_INVALID, "the range of days begins in the future");
    return 0;
}

int day_range_check(const struct options *options)
{
    struct day_range range;
    struct err e = {0};

    /* In the zones of the spec it may already be tomorrow. */
    if (!day_range_read(options, "UTC", clock_now_ms() / 1000 + DAY_S, &range, &e))
        return -1;
    (void)fprintf(stderr, "billingd: %s: %s\n", options->verb->name, e.text);
    return EXIT_BAD_USAGE;
}
