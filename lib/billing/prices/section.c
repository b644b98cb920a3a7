#include "billing/prices/section.h"

#include "base/mem.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void section_tell(struct section_reader *reader, const char *path, const char *format, ...)
{
    char text[1024];
    va_list args;

    reader->problems++;
    if (!reader->problem)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    reader->problem(reader->arg, path, text);
}

static char *below(const char *path, const char *key)
{
    return mem_printf("%s%s%s", path, *path ? "." : "", key);
}

bool section_check_keys(struct section_reader *reader, const json_t *value, const char *path,
                        const char *const *keys)
{
    const char *key;
    json_t *item;

    if (!json_is_object(value)) {
        section_tell(reader, path, "must be a mapping (key: value)");
        return false;
    }
    json_object_foreach((json_t *)value, key, item) {
        size_t k = 0;

        while (keys[k] && strcmp(keys[k], key) != 0)
            k++;
        if (!keys[k]) {
            cleanup_free char *whole = below(path, key);
            const char *nearest = str_nearest(key, keys);

            section_tell(reader, whole, "unknown key%s%s%s", nearest ? "; did you mean " : "",
                         nearest ? nearest : "", nearest ? "?" : "");
        }
    }
    return true;
}

const char *section_text(struct section_reader *reader, const json_t *object, const char *key,
                         const char *path, char buffer[static 32])
{
    const json_t *value = json_object_get(object, key);

    if (!value || json_is_null(value))
        return NULL;
    if (json_is_string(value))
        return json_string_value(value);
    if (json_is_boolean(value))
        return json_is_true(value) ? "true" : "false";
    if (json_is_integer(value)) {
        (void)snprintf(buffer, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return buffer;
    }
    {
        cleanup_free char *whole = below(path, key);

        section_tell(reader, whole, "must be a text, not a %s",
                     json_is_array(value)    ? "list"
                     : json_is_object(value) ? "mapping"
                                             : "binary fraction: put it in quotes");
    }
    return NULL;
}

bool section_price(struct section_reader *reader, const json_t *object, const char *key,
                   const char *path, struct price *out)
{
    char buffer[32];
    const char *text = section_text(reader, object, key, path, buffer);
    struct err e = {0};
    struct price price;

    if (!text)
        return false;
    if (!price_parse(text, &price, &e)) {
        *out = price;
        return true;
    }
    cleanup_free char *whole = below(path, key);
    section_tell(reader, whole, "%.40s %s", *text ? text : "nothing", e.text);
    return false;
}

bool section_count(struct section_reader *reader, const json_t *object, const char *key,
                   const char *path, int64_t least, int64_t most, int64_t *out)
{
    char buffer[32];
    const char *text = section_text(reader, object, key, path, buffer);
    size_t digits = text ? strspn(text, "0123456789") : 0;
    int64_t number;

    if (!text)
        return false;
    number = digits && digits < 19 && !text[digits] ? strtoll(text, NULL, 10) : -1;
    if (number >= least && number <= most) {
        *out = number;
        return true;
    }
    cleanup_free char *whole = below(path, key);
    if (number >= 0)
        section_tell(reader, whole, "must be from %" PRId64 " to %" PRId64, least, most);
    else
        section_tell(reader, whole, "%.40s is not a whole number", *text ? text : "nothing");
    return false;
}

bool section_gib(struct section_reader *reader, const json_t *object, const char *key,
                 const char *path, int64_t *bytes)
{
    const int64_t pico = 1000000000000;
    struct price gib;

    if (!section_price(reader, object, key, path, &gib))
        return false;
    money_integer exact = money_of(gib).units; /* 10^-12 GiB times 2^30 */
    if (exact % pico == 0) {
        *bytes = (int64_t)(exact / pico);
        return true;
    }
    cleanup_free char *whole = below(path, key);
    section_tell(reader, whole, "does not come to whole bytes (1 GiB is 1073741824)");
    return false;
}

bool section_truth(struct section_reader *reader, const json_t *object, const char *key,
                   const char *path, bool *out)
{
    char buffer[32];
    const char *text = section_text(reader, object, key, path, buffer);

    if (!text)
        return false;
    if (!strcmp(text, "true") || !strcmp(text, "false")) {
        *out = *text == 't';
        return true;
    }
    cleanup_free char *whole = below(path, key);
    section_tell(reader, whole, "must be true or false, not %.40s", *text ? text : "nothing");
    return false;
}

bool section_day(struct section_reader *reader, const json_t *object, const char *key,
                 const char *path, struct day *out)
{
    char buffer[32];
    const char *text = section_text(reader, object, key, path, buffer);
    struct err e = {0};
    struct day day;

    if (!text)
        return false;
    if (!calendar_parse_day(text, &day, &e)) {
        *out = day;
        return true;
    }
    cleanup_free char *whole = below(path, key);
    section_tell(reader, whole, "%s", e.text);
    return false;
}

bool section_hours(struct section_reader *reader, const json_t *object, const char *key,
                   const char *path, int64_t most, int *out)
{
    char buffer[32];
    const char *text = section_text(reader, object, key, path, buffer);
    size_t digits = text ? strspn(text, "0123456789") : 0;
    int64_t hours = -1;

    if (!text)
        return false;
    if (digits && digits < 6 && (!strcmp(text + digits, "h") || !strcmp(text + digits, "d")))
        hours = strtoll(text, NULL, 10) * (text[digits] == 'd' ? 24 : 1);
    if (hours >= 0 && hours <= most) {
        *out = (int)hours;
        return true;
    }
    cleanup_free char *whole = below(path, key);
    section_tell(reader, whole,
                 "%.40s is not a duration in hours or days up to %" PRId64 "h: write 24h or 3d",
                 *text ? text : "nothing", most);
    return false;
}
