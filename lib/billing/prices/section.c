#include "billing/prices/section.h"

#include "base/mem.h"
#include "base/str.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void section_tell(const struct section_value *section, const char *key, const char *format, ...)
{
    struct section_reader *reader = section->reader;
    cleanup_free char *path = NULL;
    char text[1024];
    va_list args;

    reader->problems++;
    if (!reader->problem)
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    path = mem_printf("%s%s%s", section->path, key && *section->path ? "." : "", key ? key : "");
    reader->problem(reader->arg, path, text);
}

bool section_check_keys(const struct section_value *section, const char *const *keys)
{
    const char *key;
    json_t *item;

    if (!json_is_object(section->object)) {
        section_tell(section, NULL, "must be a mapping (key: value)");
        return false;
    }
    json_object_foreach((json_t *)section->object, key, item) {
        size_t k = 0;

        while (keys[k] && strcmp(keys[k], key) != 0)
            k++;
        if (!keys[k]) {
            cleanup_free char *hint = str_hint(key, keys);

            section_tell(section, key, "unknown key%s", hint);
        }
    }
    return true;
}

void section_tell_word(const struct section_value *section, const char *key, const char *word,
                       const char *const *words, const char *problem)
{
    const char *nearest = word && *word ? str_nearest(word, words) : NULL;

    section_tell(section, key, "%s%s%s%s", problem, nearest ? "; did you mean " : "",
                 nearest ? nearest : "", nearest ? "?" : "");
}

const char *section_text(const struct section_value *section, const char *key,
                         char buffer[static 32])
{
    const json_t *value = json_object_get(section->object, key);

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
    section_tell(section, key, "must be a text, not a %s",
                 json_is_array(value)    ? "list"
                 : json_is_object(value) ? "mapping"
                                         : "binary fraction: put it in quotes");
    return NULL;
}

bool section_price(const struct section_value *section, const char *key, struct price *out)
{
    char buffer[32];
    const char *text = section_text(section, key, buffer);
    struct err e = {0};
    struct price price;

    if (!text)
        return false;
    if (!money_parse_price(text, &price, &e)) {
        *out = price;
        return true;
    }
    section_tell(section, key, "%.40s %s", *text ? text : "nothing", e.text);
    return false;
}

bool section_count(const struct section_value *section, const char *key, int64_t least,
                   int64_t most, int64_t *out)
{
    char buffer[32];
    const char *text = section_text(section, key, buffer);
    size_t digits = text ? strspn(text, "0123456789") : 0;
    int64_t number;

    if (!text)
        return false;
    number = digits && digits < 19 && !text[digits] ? strtoll(text, NULL, 10) : -1;
    if (number >= least && number <= most) {
        *out = number;
        return true;
    }
    if (number >= 0)
        section_tell(section, key, "must be from %" PRId64 " to %" PRId64, least, most);
    else
        section_tell(section, key, "%.40s is not a whole number", *text ? text : "nothing");
    return false;
}

bool section_gib(const struct section_value *section, const char *key, int64_t *bytes)
{
    const int64_t pico = 1000000000000;
    struct price gib;

    if (!section_price(section, key, &gib))
        return false;
    money_integer exact = money_of(gib).units; /* 10^-12 GiB times 2^30 */
    if (exact % pico == 0) {
        *bytes = (int64_t)(exact / pico);
        return true;
    }
    section_tell(section, key, "does not come to whole bytes (1 GiB is 1073741824)");
    return false;
}

bool section_truth(const struct section_value *section, const char *key, bool *out)
{
    char buffer[32];
    const char *text = section_text(section, key, buffer);

    if (!text)
        return false;
    if (!strcmp(text, "true") || !strcmp(text, "false")) {
        *out = *text == 't';
        return true;
    }
    section_tell(section, key, "must be true or false, not %.40s", *text ? text : "nothing");
    return false;
}

bool section_day(const struct section_value *section, const char *key, struct day *out)
{
    char buffer[32];
    const char *text = section_text(section, key, buffer);
    struct err e = {0};
    struct day day;

    if (!text)
        return false;
    if (!calendar_parse_day(text, &day, &e)) {
        *out = day;
        return true;
    }
    section_tell(section, key, "%s", e.text);
    return false;
}

bool section_hours(const struct section_value *section, const char *key, int64_t most, int *out)
{
    char buffer[32];
    const char *text = section_text(section, key, buffer);
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
    section_tell(section, key,
                 "%.40s is not a duration in hours or days up to %" PRId64 "h: write 24h or 3d",
                 *text ? text : "nothing", most);
    return false;
}
