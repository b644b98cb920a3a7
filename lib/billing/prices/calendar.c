#include "billing/prices/calendar.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { DAY_S = 86400, SAMPLE_S = 900, REACH_S = 26 * 3600 };

static const char *directory(void)
{
    const char *named = getenv("TZDIR");

    return named && *named ? named : "/usr/share/zoneinfo";
}

/* Names only: nothing that could lead out of the directory. */
static bool is_zone_name(const char *zone)
{
    if (!isalpha((unsigned char)*zone) || strlen(zone) > 64 || strstr(zone, "//"))
        return false;
    for (; *zone; zone++)
        if (!isalnum((unsigned char)*zone) && !strchr("_+-/", *zone))
            return false;
    return zone[-1] != '/';
}

bool calendar_zone_exists(const char *zone)
{
    char path[PATH_MAX], magic[4] = "";
    FILE *file;
    bool good;

    if (!is_zone_name(zone))
        return false;
    if (!strcmp(zone, "UTC"))
        return true;
    (void)snprintf(path, sizeof path, "%s/%s", directory(), zone);
    file = fopen(path, "rb");
    if (!file)
        return false;
    good = fread(magic, 1, sizeof magic, file) == sizeof magic && !memcmp(magic, "TZif", 4);
    (void)fclose(file);
    return good;
}

const char *calendar_zone_version(void)
{
    static char version[16];
    char path[PATH_MAX], line[64] = "";
    FILE *file;

    if (*version)
        return version;
    (void)snprintf(path, sizeof path, "%s/tzdata.zi", directory());
    file = fopen(path, "r");
    if (file && fgets(line, sizeof line, file))
        (void)sscanf(line, "# version %15[0-9a-z]", version);
    if (file)
        (void)fclose(file);
    if (!*version) {
        (void)snprintf(path, sizeof path, "%s/+VERSION", directory());
        file = fopen(path, "r");
        if (file && fgets(line, sizeof line, file))
            (void)sscanf(line, "%15[0-9a-z]", version);
        if (file)
            (void)fclose(file);
    }
    if (!*version)
        (void)snprintf(version, sizeof version, "unknown");
    return version;
}

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

/* The process is single-threaded: its zone is borrowed for a moment and given back. */
struct borrowed {
    char before[256];
    bool had;
};

static struct borrowed borrow_zone(const char *zone)
{
    struct borrowed borrowed = {.had = getenv("TZ") != NULL};
    char name[80];

    if (borrowed.had)
        (void)snprintf(borrowed.before, sizeof borrowed.before, "%s", getenv("TZ"));
    (void)snprintf(name, sizeof name, "%s%s", strcmp(zone, "UTC") ? ":" : "",
                   strcmp(zone, "UTC") ? zone : "UTC0");
    (void)setenv("TZ", name, 1);
    tzset();
    return borrowed;
}

static void give_zone_back(const struct borrowed *borrowed)
{
    if (borrowed->had)
        (void)setenv("TZ", borrowed->before, 1);
    else
        (void)unsetenv("TZ");
    tzset();
}

/* Seconds east of Greenwich at that moment, in the borrowed zone. */
static int64_t offset_at(int64_t epoch_s)
{
    time_t moment = (time_t)epoch_s;
    struct tm local;

    return localtime_r(&moment, &local) ? local.tm_gmtoff : 0;
}

/* The first second after `low` at which the offset is another than there; it has changed by high.
 */
static int64_t find_change(int64_t low, int64_t high)
{
    int64_t before = offset_at(low);

    while (high - low > 1) {
        int64_t middle = low + (high - low) / 2;

        if (offset_at(middle) == before)
            low = middle;
        else
            high = middle;
    }
    return high;
}

/* The first second at which the zone's clock shows midnight of that day or later.  Clocks that go
 * back over midnight show a day, then the day before again: the first time counts, so days follow
 * each other without gap or overlap. */
static int64_t first_second(int64_t days)
{
    int64_t midnight = days * DAY_S, from = midnight - REACH_S;

    while (from < midnight + REACH_S) {
        int64_t offset = offset_at(from), to = from + SAMPLE_S, begins = midnight - offset;

        if (offset_at(to) != offset)
            to = find_change(from, to);
        if (begins < to)
            return begins > from ? begins : from;
        from = to;
    }
    return midnight;
}

int64_t calendar_day_start(const char *zone, struct day day)
{
    struct borrowed borrowed;
    int64_t start;

    if (!strcmp(zone, "UTC"))
        return days_of(day) * DAY_S;
    borrowed = borrow_zone(zone);
    start = first_second(days_of(day));
    give_zone_back(&borrowed);
    return start;
}

struct day calendar_day_of(const char *zone, int64_t epoch_s)
{
    struct borrowed borrowed;
    int64_t days;

    if (!strcmp(zone, "UTC"))
        return day_from(floor_days(epoch_s));
    borrowed = borrow_zone(zone);
    days = floor_days(epoch_s + offset_at(epoch_s));
    if (first_second(days + 1) <= epoch_s)
        days++;
    give_zone_back(&borrowed);
    return day_from(days);
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
