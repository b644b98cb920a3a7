/* scalar.c -- numbers, booleans, blobs and times as text, and back. */
#include "aws/codec/scalar.h"

#include "base/json.h"
#include "base/mem.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* The shortest text that reads back as the same number, always with a "." or an exponent. */
static void add_real(struct str *out, double number)
{
    char text[40];

    for (int digits = 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, number);
        if (strtod(text, NULL) == number) /* NOLINT: exact on purpose */
            break;
    }
    str_add(out, text);
    if (!strpbrk(text, ".en"))
        str_add(out, ".0");
}

/* Whole seconds (floor) and microseconds of a JSON number. */
static void split_time(const json_t *value, int64_t *seconds, int *micros)
{
    double number = json_number_value(value), whole = floor(number);

    if (json_is_integer(value)) {
        *seconds = json_integer_value(value);
        *micros = 0;
        return;
    }
    *seconds = (int64_t)whole;
    *micros = (int)lround((number - whole) * 1e6);
    if (*micros == 1000000) {
        ++*seconds;
        *micros = 0;
    }
}

static void add_time(struct str *out, const json_t *value, const char *format)
{
    static const char days[][4] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char months[][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t seconds;
    int micros;
    time_t clock;
    struct tm t;

    split_time(value, &seconds, &micros);
    if (!strcasecmp(format, "unixTimestamp")) {
        str_addf(out, "%lld", (long long)seconds);
        if (micros)
            str_addf(out, ".%06d", micros);
        return;
    }
    clock = (time_t)seconds;
    if (!gmtime_r(&clock, &t))
        t = (struct tm){.tm_mday = 1, .tm_year = 70};
    if (!strcasecmp(format, "rfc822")) {
        str_addf(out, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday,
                 months[t.tm_mon], t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
        return;
    }
    str_addf(out, "%04d-%02d-%02dT%02d:%02d:%02d", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
             t.tm_hour, t.tm_min, t.tm_sec);
    if (micros)
        str_addf(out, ".%06d", micros);
    str_add_char(out, 'Z');
}

json_t *scalar_time_json(const json_t *seconds, const char *format)
{
    cleanup_str struct str text = {0};

    if (!strcasecmp(format, "unixTimestamp"))
        return json_share(seconds);
    add_time(&text, seconds, format);
    return json_string(str_text(&text));
}

void scalar_add(struct str *out, struct shape shape, const json_t *value, const char *time_format)
{
    const char *format = shape_trait_text(shape, "timestampFormat");

    switch (shape.type) {
    case SHAPE_BOOLEAN:
        str_add(out, json_is_true(value) ? "true" : "false");
        break;
    case SHAPE_TIMESTAMP:
        add_time(out, value, format ? format : time_format);
        break;
    case SHAPE_BLOB:
        str_add_base64(out, json_string_value(value), json_string_length(value));
        break;
    default:
        if (json_is_string(value))
            str_add_n(out, json_string_value(value), json_string_length(value));
        else if (json_is_integer(value))
            str_addf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        else if (json_is_real(value))
            add_real(out, json_real_value(value));
    }
}

/* Whole when it can be: 1.7E9 is 1700000000. */
static json_t *time_number(double seconds)
{
    if (!isfinite(seconds) || fabs(seconds) > 9e15)
        return NULL;
    return seconds == floor(seconds) ? json_integer((json_int_t)seconds) : json_real(seconds);
}

static json_t *civil_time(struct tm *t, double fraction, int offset_s)
{
    if (t->tm_mon < 0 || t->tm_mon > 11 || t->tm_mday < 1 || t->tm_mday > 31 || t->tm_hour < 0 ||
        t->tm_hour > 24 || t->tm_min < 0 || t->tm_min > 59 || t->tm_sec < 0 || t->tm_sec > 60)
        return NULL;
    return time_number((double)(timegm(t) - offset_s) + fraction);
}

/* ".123" at *text, which moves behind it. */
static double take_fraction(const char **text)
{
    double fraction = 0, scale = 0.1;

    if (**text != '.')
        return 0;
    for (++*text; isdigit((unsigned char)**text); ++*text, scale /= 10)
        fraction += (**text - '0') * scale;
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

static json_t *read_iso8601(const char *text)
{
    struct tm t = {0};
    int n = 0, offset_s;
    double fraction;

    if (sscanf(text, "%4d-%2d-%2d%n", &t.tm_year, &t.tm_mon, &t.tm_mday, &n) < 3 || !n)
        return NULL;
    t.tm_year -= 1900;
    t.tm_mon--;
    text += n;
    if (!*text)
        return civil_time(&t, 0, 0);
    n = 0;
    if (sscanf(text, "%*1[Tt ]%2d:%2d:%2d%n", &t.tm_hour, &t.tm_min, &t.tm_sec, &n) < 3 || !n)
        return NULL;
    text += n;
    fraction = take_fraction(&text);
    return take_offset(text, &offset_s) ? civil_time(&t, fraction, offset_s) : NULL;
}

static json_t *read_rfc822(const char *text)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    struct tm t = {0};
    char month[4] = "";
    const char *found;
    int n = 0;
    double fraction;

    if (sscanf(text, "%*3[A-Za-z], %2d %3s %4d %2d:%2d:%2d%n", &t.tm_mday, month, &t.tm_year,
               &t.tm_hour, &t.tm_min, &t.tm_sec, &n) < 6 ||
        !n || strlen(month) != 3)
        return NULL;
    found = strstr(months, month);
    if (!found || (found - months) % 3)
        return NULL;
    t.tm_year -= 1900;
    t.tm_mon = (int)(found - months) / 3;
    text += n;
    fraction = take_fraction(&text);
    return !strcmp(text, " GMT") || !strcmp(text, " UTC") || !strcmp(text, " +0000")
               ? civil_time(&t, fraction, 0)
               : NULL;
}

static json_t *read_integer(const char *text)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    end += strspn(end, " \t\r\n");
    return end == text || *end || errno ? NULL : json_integer(number);
}

static json_t *read_real(const char *text)
{
    char *end;
    double number;

    if (!strcmp(text, "NaN") || !strcmp(text, "Infinity") || !strcmp(text, "-Infinity"))
        return json_string(text);
    errno = 0;
    number = strtod(text, &end);
    end += strspn(end, " \t\r\n");
    return end == text || *end || !isfinite(number) ? NULL : json_real(number);
}

json_t *scalar_time_read(const char *text)
{
    json_t *time;
    json_auto_t *number = NULL;

    text += strspn(text, " \t\r\n");
    if ((time = read_iso8601(text)) || (time = read_rfc822(text)))
        return time;
    number = read_real(text);
    return json_is_real(number) ? time_number(json_real_value(number)) : NULL;
}

json_t *scalar_read(struct shape shape, const char *text, size_t length)
{
    switch (shape.type) {
    case SHAPE_INTEGER:
        return read_integer(text);
    case SHAPE_FLOAT:
        return read_real(text);
    case SHAPE_BOOLEAN:
        if (!strcasecmp(text, "true"))
            return json_true();
        return !strcasecmp(text, "false") ? json_false() : NULL;
    case SHAPE_TIMESTAMP:
        return scalar_time_read(text);
    case SHAPE_BLOB: {
        size_t count;
        cleanup_free char *bytes = str_from_base64(text, &count);

        return bytes ? json_stringn_nocheck(bytes, count) : NULL;
    }
    default:
        return json_stringn(text, length);
    }
}
