/* rollup_window.h -- which hours of arrival may hold the events of a billing day, and as SQL. */
#ifndef BILLING_ROLLUP_ROLLUP_WINDOW_H
#define BILLING_ROLLUP_ROLLUP_WINDOW_H

#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

enum {
    ROLLUP_HOUR_S = 3600,
    ROLLUP_DAY_S = 86400,
    ROLLUP_BEFORE_H = 25,  /* hours of arrival before the day that decide about it: rollup.h */
    ROLLUP_COPY_S = 86400, /* copies of a request are found so far back (rollup.sql) */
};

struct rollup_window {
    int64_t event_from_s, event_to_s; /* the billing day */
    int64_t from_s, to_s;             /* hours of arrival that may hold its events */
    int64_t settled_s;                /* hours from here on are still being filled: not looked at */
};
struct rollup_window rollup_window_of(const struct billing *billing, struct day day);
size_t rollup_window_hours(const struct rollup_window *window);
/* "(year = 2025 AND month = 10 AND day = 30 AND hour >= 23) OR (...)" for a range of hours; new. */
char *rollup_window_filter(int64_t from_s, int64_t to_s);
/* The same for the hours of a window with a flag. */
char *rollup_window_filter_flags(int64_t from_s, const bool *flags, size_t count);
/* What a partition says its window was: settings and zone that made it; new text. */
char *rollup_window_text(const struct billing *billing, const struct rollup_window *window);
/* The beginning of the unit (an hour, a UTC day) that holds the moment. */
int64_t rollup_window_floor(int64_t time_s, int64_t unit_s);

#endif
