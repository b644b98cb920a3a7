/* calendar.h -- billing days and months of a time zone as UTC seconds.
 *
 * Boundaries are computed here and handed to queries as numbers, so no query engine's idea of time
 * zones can matter.  What a zone's clocks show comes from base/time_zone.h.
 *
 * A zone is a name ("Asia/Seoul"), or several that follow each other: in "UTC until 2025-11-01,
 * Asia/Seoul" the days before that one are UTC's, that day begins where it begins in UTC, and from
 * its end on days are Seoul's. It has no gap and no overlap; it is shorter or longer than others.
 */
#ifndef BILLING_PRICES_CALENDAR_H
#define BILLING_PRICES_CALENDAR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct day {
    int year, month, day; /* 2025, 10, 31 */
};

struct day_span {
    struct day first, last; /* both are in */
};

/* One of the zones that follow each other. */
struct calendar_zone {
    char name[64];
    bool ends; /* else it is the last */
    struct day until;
};
/* Takes the next one of the text at *rest, and moves it on; false and *rest as it was when there is
 * none: at the text's end, or where it is no list of zones with ascending days. */
bool calendar_zone_next(const char **rest, struct calendar_zone *zone);

/* The first second of the day in the zone (the first that exists, where midnight does not). */
int64_t calendar_day_start(const char *zone, struct day day);
/* The day a moment belongs to. */
struct day calendar_day_of(const char *zone, int64_t epoch_s);
struct day calendar_add_days(struct day day, int days);
int calendar_compare(struct day a, struct day b);
/* Days in the month. */
int calendar_month_length(int year, int month);
/* The month that the day lies in. */
struct day_span calendar_month(struct day day);
/* "2025-10-31" and "2025-10"; -1 and *e when it is no date. */
int calendar_parse_day(const char *text, struct day *day, struct err *e);
int calendar_parse_month(const char *text, struct day *first, struct err *e);
/* "2025-10-31" into text; and "2025-10", of the month the day lies in. */
void calendar_day_text(struct day day, char text[static 16]);
void calendar_month_text(struct day day, char text[static 16]);

#endif
