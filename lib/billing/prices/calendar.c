#include "billing/prices/calendar.h"

#include "base/time_zone.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { DAY_S = 86400, REACH_S = 26 * 3600 }; /* no clock is further from UTC than that */

/* Days since 1970-01-01 in the proleptic Gregorian calendar, and back.  Source: the algorithms of
 * "chrono-Compatible Low-Level Date Algorithms", years beginning in March. */
static int64_t days_of(struct day day)
{
    int64_t year = day.year - (day.month <= 2);
    int64_t era = (year >= 0 ? year : year - 399) / 400;
    int64_t in_era = year - era * 400;
    int64_t in_year = (153 * (day.month + (day.month > 2 ? -3 : 9)) + 2) / 5 + day.day - 1;

    return era * 146097 + in_era * 365 + in_era / 4 - in_era / 100 + in_year - 719468;
}

static struct day day_from(int64_t days)
{
    int64_t shifted = days + 719468, era, in_era, year, in_year, month;

    era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    in_era = shifted - era * 146097;
    year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
    in_year = in_era - (365 * year + year / 4 - year / 100);
    month = (5 * in_year + 2) / 153;
    return (struct day){
        .year = (int)(year + era * 400 + (month >= 10)),
        .month = (int)(month < 10 ? month + 3 : month - 9),
        .day = (int)(in_year - (153 * month + 2) / 5 + 1),
    };
}

static int64_t floor_days(int64_t seconds)
{
    return seconds / DAY_S - (seconds % DAY_S < 0);
}

/* The first second at which the zone's clock shows midnight of that day or later.  Clocks that go
 * back over midnight show a day, then the day before again: the first time counts, so days follow
 * each other without gap or overlap. */
static int64_t first_second(const char *zone, int64_t days)
{
    int64_t midnight_s = days * DAY_S, from_s = midnight_s - REACH_S;

    while (from_s < midnight_s + REACH_S) {
        struct time_zone_span span = time_zone_span(zone, from_s, midnight_s + REACH_S);
        int64_t begins_s = midnight_s - span.offset_s;

        if (begins_s < span.end_s)
            return begins_s > from_s ? begins_s : from_s;
        from_s = span.end_s;
    }
    return midnight_s;
}

static int64_t day_number(const char *zone, int64_t epoch_s)
{
    int64_t days = floor_days(epoch_s + time_zone_offset(zone, epoch_s));

    return first_second(zone, days + 1) <= epoch_s ? days + 1 : days;
}

/* ---- zones that follow each other ---- */

static const char until_word[] = " until ";

bool calendar_zone_next(const char **rest, struct calendar_zone *zone)
{
    size_t name = strcspn(*rest, " ,"), word = sizeof until_word - 1;
    const char *at = *rest + name;
    char day[11] = "";
    struct err bad = {0};

    *zone = (struct calendar_zone){.ends = *at != '\0'};
    if (!name || name >= sizeof zone->name)
        return false;
    memcpy(zone->name, *rest, name);
    if (zone->ends) {
        if (strncmp(at, until_word, word) || strlen(at) < word + 10)
            return false;
        memcpy(day, at + word, 10);
        at += word + 10;
        if (calendar_parse_day(day, &zone->until, &bad) || *at++ != ',')
            return false;
        at += strspn(at, " ");
    }
    *rest = at;
    return true;
}

int64_t calendar_day_start(const char *zone, struct day day)
{
    int64_t days = days_of(day), least = INT64_MIN;
    struct calendar_zone one;

    if (!strchr(zone, ' '))
        return first_second(zone, days);
    /* The day of the change begins in the zone before; none behind it begins earlier. */
    while (calendar_zone_next(&zone, &one)) {
        int64_t edge_s = one.ends ? first_second(one.name, days_of(one.until)) : INT64_MAX;
        int64_t start_s = first_second(one.name, days);

        if (!one.ends || days <= days_of(one.until))
            return start_s > least ? start_s : least;
        least = edge_s > least ? edge_s : least;
    }
    return least;
}

struct day calendar_day_of(const char *zone, int64_t epoch_s)
{
    int64_t least = INT64_MIN;
    struct calendar_zone one;

    if (!strchr(zone, ' '))
        return day_from(day_number(zone, epoch_s));
    while (calendar_zone_next(&zone, &one)) {
        if (!one.ends || epoch_s < first_second(one.name, days_of(one.until))) {
            int64_t days = day_number(one.name, epoch_s);

            return day_from(days > least ? days : least);
        }
        least = days_of(one.until);
    }
    return day_from(least);
}

struct day calendar_add_days(struct day day, int days)
{
    return day_from(days_of(day) + days);
}

int calendar_compare(struct day a, struct day b)
{
    int64_t difference = days_of(a) - days_of(b);

    return (difference > 0) - (difference < 0);
}

int calendar_month_length(int year, int month)
{
    struct day first = {year, month, 1};
    struct day next = {year + (month == 12), month % 12 + 1, 1};

    return (int)(days_of(next) - days_of(first));
}

struct day_span calendar_month(struct day day)
{
    int length = calendar_month_length(day.year, day.month);

    return (struct day_span){{day.year, day.month, 1}, {day.year, day.month, length}};
}

/* `length` digits; -1 when they are no digits. */
static int read_number(const char *text, size_t length)
{
    int number = 0;

    for (size_t i = 0; i < length; i++) {
        if (!isdigit((unsigned char)text[i]))
            return -1;
        number = number * 10 + (text[i] - '0');
    }
    return number;
}

int calendar_parse_month(const char *text, struct day *first, struct err *e)
{
    if (strlen(text) == 7 && text[4] == '-') {
        *first = (struct day){read_number(text, 4), read_number(text + 5, 2), 1};
        if (first->year >= 1970 && first->month >= 1 && first->month <= 12)
            return 0;
    }
    return err_set(e, ERR_INVALID, "%.40s is not a month like 2025-10", text);
}

int calendar_parse_day(const char *text, struct day *day, struct err *e)
{
    if (strlen(text) == 10 && text[4] == '-' && text[7] == '-') {
        *day =
            (struct day){read_number(text, 4), read_number(text + 5, 2), read_number(text + 8, 2)};
        if (day->year >= 1970 && day->month >= 1 && day->month <= 12 && day->day >= 1 &&
            day->day <= calendar_month_length(day->year, day->month))
            return 0;
    }
    return err_set(e, ERR_INVALID, "%.40s is not a day like 2025-10-31", text);
}

void calendar_day_text(struct day day, char text[static 16])
{
    (void)snprintf(text, 16, "%04u-%02u-%02u", (unsigned)day.year % 10000,
                   (unsigned)day.month % 100, (unsigned)day.day % 100);
}

void calendar_month_text(struct day day, char text[static 16])
{
    calendar_day_text(day, text);
    text[sizeof "2025-10" - 1] = '\0';
}
