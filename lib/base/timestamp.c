/* timestamp.c -- moments as text and back, without strptime: its names of days and months depend on
 * the locale. */
#include "base/timestamp.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char days[] = "SunMonTueWedThuFriSat";
static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

struct tm timestamp_utc(int64_t seconds)
{
    time_t clock = (time_t)seconds;
    struct tm utc;

    if (!gmtime_r(&clock, &utc))
        utc = (struct tm){.tm_mday = 1, .tm_year = 70, .tm_wday = 4};
    return utc;
}

int64_t timestamp_of(struct tm utc)
{
    return (int64_t)timegm(&utc);
}

/* ---- to text ---- */

void timestamp_text(int64_t seconds, char text[static TIMESTAMP_ROOM])
{
    struct tm t = timestamp_utc(seconds);

    (void)snprintf(text, TIMESTAMP_ROOM, "%04d-%02d-%02dT%02d:%02d:%02dZ", t.tm_year + 1900,
                   t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

void timestamp_minute(int64_t seconds, char text[static TIMESTAMP_ROOM])
{
    struct tm t = timestamp_utc(seconds);

    (void)snprintf(text, TIMESTAMP_ROOM, "%04d-%02d-%02dT%02d:%02dZ", t.tm_year + 1900,
                   t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min);
}

void timestamp_clock(int64_t seconds, char text[static TIMESTAMP_ROOM])
{
    struct tm t = timestamp_utc(seconds);

    (void)snprintf(text, TIMESTAMP_ROOM, "%02d:%02d:%02dZ", t.tm_hour, t.tm_min, t.tm_sec);
}

void timestamp_basic(int64_t seconds, char text[static TIMESTAMP_ROOM])
{
    struct tm t = timestamp_utc(seconds);

    (void)snprintf(text, TIMESTAMP_ROOM, "%04d%02d%02dT%02d%02d%02dZ", t.tm_year + 1900,
                   t.tm_mon + 1, t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec);
}

void timestamp_http(int64_t seconds, char text[static TIMESTAMP_ROOM])
{
    struct tm t = timestamp_utc(seconds);

    (void)snprintf(text, TIMESTAMP_ROOM, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
                   days + 3 * t.tm_wday, t.tm_mday, months + 3 * t.tm_mon, t.tm_year + 1900,
                   t.tm_hour, t.tm_min, t.tm_sec);
}

/* ---- from text ---- */

/* A day that the calendar has (no 30 February, which would be read as 2 March), and a time of day.
 */
static bool is_civil(const struct tm *t)
{
    struct tm day = {.tm_year = t->tm_year, .tm_mon = t->tm_mon, .tm_mday = t->tm_mday};

    (void)timegm(&day);
    return day.tm_mday == t->tm_mday && t->tm_mon >= 0 && t->tm_mon <= 11 && t->tm_mday >= 1 &&
           t->tm_mday <= 31 && t->tm_hour >= 0 && t->tm_hour <= 24 && t->tm_min >= 0 &&
           t->tm_min <= 59 && t->tm_sec >= 0 && t->tm_sec <= 60;
}

static bool take(const struct tm *t, double fraction, int offset_s, double *seconds)
{
    if (!is_civil(t))
        return false;
    *seconds = (double)(timestamp_of(*t) - offset_s) + fraction;
    return true;
}

/* ".123" at *text, which moves behind it. */
static double take_fraction(const char **text)
{
    double fraction = 0, scale = 0.1;

    if (**text != '.')
        return 0;
    for (++*text; isdigit((unsigned char)**text); ++*text) {
        fraction += (**text - '0') * scale;
        scale /= 10;
    }
    return round(fraction * 1e9) / 1e9;
}

/* "Z", "+01:00", "-0130" or nothing up to the end of the text. */
static bool take_offset(const char *text, int *offset_s)
{
    int hours, minutes, n = 0;
    int sign = *text == '-' ? -1 : 1;

    *offset_s = 0;
    if (!*text || !strcasecmp(text, "Z"))
        return true;
    if (*text != '+' && *text != '-')
        return false;
    if ((sscanf(text + 1, "%2d:%2d%n", &hours, &minutes, &n) < 2 || !n) &&
        (sscanf(text + 1, "%2d%2d%n", &hours, &minutes, &n) < 2 || !n))
        return false;
    *offset_s = sign * (hours * 3600 + minutes * 60);
    return !text[1 + n];
}

bool timestamp_parse(const char *text, double *seconds)
{
    struct tm t = {0};
    int n = 0, offset_s;
    double fraction;

    if (sscanf(text, "%4d-%2d-%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &n) < 3 || !n)
        return false;
    t.tm_year -= 1900;
    t.tm_mon--;
    text += n;
    if (!*text)
        return take(&t, 0, 0, seconds);
    n = 0;
    if (sscanf(text, "%*1[Tt ]%2d:%2d:%2d%n", &t.tm_hour, &t.tm_min, &t.tm_sec, &n) < 3 || !n)
        return false;
    text += n;
    fraction = take_fraction(&text);
    return take_offset(text, &offset_s) && take(&t, fraction, offset_s, seconds);
}

bool timestamp_parse_basic(const char *text, int64_t *seconds)
{
    static const char shape[] = "ddddddddTddddddZ";
    char again[TIMESTAMP_ROOM];
    struct tm t = {0};

    for (size_t i = 0; shape[i]; i++)
        if (shape[i] == 'd' ? !isdigit((unsigned char)text[i]) : text[i] != shape[i])
            return false;
    if (sscanf(text, "%4d%2d%2dT%2d%2d%2dZ", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour,
               &t.tm_min, &t.tm_sec) != 6)
        return false;
    t.tm_year -= 1900;
    t.tm_mon--;
    timestamp_basic(timestamp_of(t), again);
    if (strncmp(text, again, strlen(again)) != 0) /* the 31st of February, second 76 */
        return false;
    *seconds = timestamp_of(t);
    return true;
}

bool timestamp_parse_http(const char *text, double *seconds)
{
    struct tm t = {0};
    char month[4] = "";
    const char *found;
    int n = 0;
    double fraction;

    if (sscanf(text, "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d%n", &t.tm_mday, month, &t.tm_year,
               &t.tm_hour, &t.tm_min, &t.tm_sec, &n) < 6 ||
        !n || strlen(month) != 3)
        return false;
    found = strstr(months, month);
    if (!found || (found - months) % 3)
        return false;
    t.tm_year -= 1900;
    t.tm_mon = (int)(found - months) / 3;
    text += n;
    fraction = take_fraction(&text);
    return (!strcmp(text, " GMT") || !strcmp(text, " UTC") || !strcmp(text, " +0000")) &&
           take(&t, fraction, 0, seconds);
}
