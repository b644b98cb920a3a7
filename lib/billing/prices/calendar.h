/* calendar.h -- billing days and months of a time zone as UTC seconds.
 *
 * Boundaries are computed here and handed to queries as numbers, so no query engine's idea of time
 * zones can matter.  Zones come from the system's tz database. */
#ifndef BILLING_PRICES_CALENDAR_H
#define BILLING_PRICES_CALENDAR_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct day {
    int year, month, day; /* 2025, 10, 31 */
};

/* True for a zone of the tz database ("Asia/Seoul", "UTC"). */
bool calendar_zone_exists(const char *zone);
/* "2025b": the version of the tz database, or "unknown"; static or cached. */
const char *calendar_zone_version(void);
/* The first second of the day in the zone (the first that exists, where midnight does not). */
int64_t calendar_day_start(const char *zone, struct day day);
/* The day a moment belongs to. */
struct day calendar_day_of(const char *zone, int64_t epoch_s);
struct day calendar_add_days(struct day day, int days);
int calendar_compare(struct day a, struct day b);
/* Days in the month. */
int calendar_month_length(int year, int month);
/* "2025-10-31" and "2025-10"; -1 and *e when it is no date. */
int calendar_parse_day(const char *text, struct day *day, struct err *e);
int calendar_parse_month(const char *text, struct day *first, struct err *e);
/* "2025-10-31" into text. */
void calendar_day_text(struct day day, char text[static 16]);

#endif
