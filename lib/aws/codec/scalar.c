/* scalar.c -- numbers, booleans, blobs and times as text, and back. */
#include "aws/codec/scalar.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The years 0 to 9999: what ISO 8601 can say, and our clocks can count with. */
static const double time_begin = -62167219200, time_end = 253402300800;

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
    char text[TIMESTAMP_ROOM];
    int64_t seconds;
    int micros;

    split_time(value, &seconds, &micros);
    if (!strcasecmp(format, "rfc822")) {
        timestamp_http(seconds, text);
        str_add(out, text);
        return;
    }
    if (!strcasecmp(format, "unixTimestamp")) {
        str_addf(out, "%lld", (long long)seconds);
        if (micros)
            str_addf(out, ".%06d", micros);
        return;
    }
    timestamp_text(seconds, text);
    str_add_n(out, text, strlen(text) - 1);
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

json_t *scalar_time(double seconds)
{
    if (!(seconds >= time_begin && seconds < time_end))
        return NULL;
    return seconds == floor(seconds) ? json_integer((json_int_t)seconds) : json_real(seconds);
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
    json_auto_t *number = NULL;
    double seconds;

    text += strspn(text, " \t\r\n");
    if (timestamp_parse(text, &seconds) || timestamp_parse_http(text, &seconds))
        return scalar_time(seconds);
    number = read_real(text);
    return json_is_real(number) ? scalar_time(json_real_value(number)) : NULL;
}

json_t *scalar_read(struct shape shape, const char *text, size_t length)
{
    if (shape.type != SHAPE_STRING && strlen(text) != length)
        return NULL;
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
