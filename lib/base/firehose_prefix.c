#include "base/firehose_prefix.h"

#include "base/mem.h"
#include "base/str.h"
#include "base/time_zone.h"
#include "base/timestamp.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char opening[] = "!{timestamp:";

static const char *first_expression(const char *prefix)
{
    const char *at = strstr(prefix, "!{");

    return at ? at : prefix + strlen(prefix);
}

char *firehose_prefix_fixed(const char *prefix)
{
    return mem_text_n(prefix, (size_t)(first_expression(prefix) - prefix));
}

char *firehose_prefix_folder(const char *prefix)
{
    const char *end = first_expression(prefix);

    while (end > prefix && end[-1] != '/')
        end--;
    return mem_text_n(prefix, (size_t)(end - prefix));
}

/* What a pattern shows: a moment, or a day, for which only what is sure is shown. */
struct shown {
    struct tm time;
    bool has_hours;
};

/* The year that a week belongs to, as in the United States: weeks begin on Sundays, and the one of
 * January 1st is the first. */
static int week_year(const struct tm *day)
{
    struct tm saturday = timestamp_utc(
        timestamp_of(
            (struct tm){.tm_year = day->tm_year, .tm_mon = day->tm_mon, .tm_mday = day->tm_mday}) +
        (int64_t)(6 - day->tm_wday) * 86400);

    return saturday.tm_year + 1900;
}

static bool add_year(struct str *out, int year, size_t count)
{
    if (count == 2)
        str_addf(out, "%02d", year % 100);
    else
        str_addf(out, "%0*d", (int)count, year);
    return true;
}

static bool add_month(struct str *out, int month, size_t count)
{
    static const char *const names[] = {"January",   "February", "March",    "April",
                                        "May",       "June",     "July",     "August",
                                        "September", "October",  "November", "December"};

    if (count > 4)
        return false;
    if (count > 2)
        str_addf(out, count == 3 ? "%.3s" : "%s", names[month]);
    else
        str_addf(out, "%0*d", (int)count, month + 1);
    return true;
}

static bool add_number(struct str *out, int number, size_t count, size_t most)
{
    str_addf(out, "%0*d", (int)count, number);
    return count <= most;
}

static bool add_hours(struct str *out, char letter, size_t count, const struct tm *time)
{
    switch (letter) {
    case 'H':
        return add_number(out, time->tm_hour, count, 2);
    case 'k':
        return add_number(out, time->tm_hour ? time->tm_hour : 24, count, 2);
    case 'K':
        return add_number(out, time->tm_hour % 12, count, 2);
    case 'h':
        return add_number(out, time->tm_hour % 12 ? time->tm_hour % 12 : 12, count, 2);
    case 'm':
        return add_number(out, time->tm_min, count, 2);
    case 's':
        return add_number(out, time->tm_sec, count, 2);
    case 'a':
        str_add(out, time->tm_hour < 12 ? "AM" : "PM");
        return count == 1;
    default:
        return false;
    }
}

static bool add_letters(struct str *out, char letter, size_t count, const struct shown *shown)
{
    const struct tm *time = &shown->time;

    switch (letter) {
    case 'y':
    case 'u':
        return add_year(out, time->tm_year + 1900, count);
    case 'Y':
        return shown->has_hours && add_year(out, week_year(time), count);
    case 'M':
    case 'L':
        return add_month(out, time->tm_mon, count);
    case 'd':
        return add_number(out, time->tm_mday, count, 2);
    case 'D':
        return add_number(out, time->tm_yday + 1, count, 3);
    default:
        return shown->has_hours && add_hours(out, letter, count, time);
    }
}

/* A pattern of DateTimeFormatter; false at the first letter that is not decided. */
static bool add_pattern(struct str *out, const char *pattern, size_t length,
                        const struct shown *shown)
{
    bool quoted = false;

    for (size_t i = 0, count; i < length; i += count) {
        count = 1;
        if (pattern[i] == '\'') {
            if (i + 1 < length && pattern[i + 1] == '\'')
                str_add_char(out, pattern[i + count++]);
            else
                quoted = !quoted;
            continue;
        }
        while (i + count < length && pattern[i + count] == pattern[i])
            count++;
        if (quoted || !isalpha((unsigned char)pattern[i]))
            str_add_n(out, pattern + i, count);
        else if (!add_letters(out, pattern[i], count, shown))
            return false;
    }
    return true;
}

char *firehose_prefix_of_day(const char *prefix, int64_t time_s)
{
    static const char otherwise[] = "yyyy/MM/dd/"; /* and HH/ */
    struct str out = {0};
    struct shown day = {timestamp_utc(time_s), false};
    const char *at = prefix, *next;

    for (; (next = strstr(at, "!{")) != NULL; at = strchr(next, '}') + 1) {
        const char *end = strchr(next, '}');

        str_add_n(&out, at, (size_t)(next - at));
        if (!end || strncmp(next, opening, sizeof opening - 1) != 0)
            return str_take(&out);
        next += sizeof opening - 1;
        if (!add_pattern(&out, next, (size_t)(end - next), &day))
            return str_take(&out);
    }
    str_add(&out, at);
    if (at == prefix)
        (void)add_pattern(&out, otherwise, sizeof otherwise - 1, &day);
    return str_take(&out);
}

/* One expression, of that length; false when it is not known. */
static bool add_expression(struct str *out, const char *at, size_t length,
                           const struct shown *shown)
{
    static const char random[] = "!{firehose:random-string}";
    const size_t skip = sizeof opening - 1;

    if (length > skip && strncmp(at, opening, skip) == 0)
        return add_pattern(out, at + skip, length - skip - 1, shown);
    if (length != sizeof random - 1 || strncmp(at, random, length) != 0)
        return false;
    str_add(out, "aB1cD2eF3gH");
    return true;
}

/* Source: "Custom prefixes": without a time in the prefix Firehose adds yyyy/MM/dd/HH/ itself. */
char *firehose_prefix_at(const char *prefix, int64_t time_s, const char *time_zone)
{
    static const char otherwise[] = "yyyy/MM/dd/HH/";
    int64_t offset_s = time_zone && *time_zone ? time_zone_offset(time_zone, time_s) : 0;
    struct shown shown = {timestamp_utc(time_s + offset_s), true};
    cleanup_str struct str out = {0};
    const char *at = prefix, *next;

    for (; (next = strstr(at, "!{")) != NULL; at = strchr(next, '}') + 1) {
        const char *end = strchr(next, '}');

        str_add_n(&out, at, (size_t)(next - at));
        if (!end || !add_expression(&out, next, (size_t)(end + 1 - next), &shown))
            return NULL;
    }
    str_add(&out, at);
    if (!strstr(prefix, opening))
        (void)add_pattern(&out, otherwise, sizeof otherwise - 1, &shown);
    return str_take(&out);
}

char *firehose_prefix_date(const char *pattern, int64_t time_s)
{
    struct shown shown = {timestamp_utc(time_s), true};
    cleanup_str struct str out = {0};

    return add_pattern(&out, pattern, strlen(pattern), &shown) ? str_take(&out) : NULL;
}
