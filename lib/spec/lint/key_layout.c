#include "spec/lint/key_layout.h"

#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "spec/lint/lint_path.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

char *key_layout_written(const json_t *stream, int64_t time_s)
{
    const char *bucket = json_text(stream, "bucket"), *prefix = json_text(stream, "prefix");
    cleanup_free char *key = NULL;

    if (!bucket || !prefix || !strrchr(bucket, ':'))
        return NULL;
    key = firehose_prefix_at(prefix, time_s, json_text(stream, "time_zone"));
    return key ? mem_printf("%s/%s", strrchr(bucket, ':') + 1, key) : NULL;
}

char *key_layout_below(const char *folder, int64_t time_s)
{
    cleanup_free char *hour =
        firehose_prefix_date("'year='yyyy'/month='MM'/day='dd'/hour='HH/", time_s);

    return mem_printf("%s%s", folder, hour);
}

char *key_layout_listed(const json_t *stream, int64_t time_s)
{
    cleanup_free char *folder = lint_path_of_stream(stream);

    return folder ? key_layout_below(folder, time_s) : NULL;
}

static const char *parameter(const json_t *table, const char *name)
{
    return json_text(json_object_get(table, "parameters"), name);
}

static const char *projection(const json_t *table, const char *key, const char *what)
{
    cleanup_free char *name = mem_printf("projection.%s.%s", key, what);

    return parameter(table, name);
}

/* What a query asks of a key of that name: parts of the UTC hour of arrival; -1: another key. */
static int number_of(const char *key, int64_t time_s)
{
    struct tm utc = timestamp_utc(time_s);

    if (!strcasecmp(key, "year"))
        return utc.tm_year + 1900;
    if (!strcasecmp(key, "month"))
        return utc.tm_mon + 1;
    if (!strcasecmp(key, "day"))
        return utc.tm_mday;
    return strcasecmp(key, "hour") ? -1 : utc.tm_hour;
}

/* The value of a list "01,02,03" that is that number; new text, NULL: none. */
static char *listed(const char *values, int number)
{
    for (const char *at = values; at && *at; at += strcspn(at, ","), at += *at == ',') {
        at += strspn(at, " ");
        if (isdigit((unsigned char)*at) && strtol(at, NULL, 10) == number)
            return mem_text_n(at, strcspn(at, ", "));
    }
    return NULL;
}

/* The value of a partition key in a place; new text, NULL: not known. */
static char *value_of(const json_t *table, const char *key, int64_t time_s)
{
    const char *type = projection(table, key, "type"), *digits = projection(table, key, "digits");
    const char *format = projection(table, key, "format");
    int number = number_of(key, time_s);
    long width = digits ? strtol(digits, NULL, 10) : 1;

    if (type && !strcasecmp(type, "date"))
        return format ? firehose_prefix_date(format, time_s) : NULL;
    if (type && number >= 0 && !strcasecmp(type, "enum"))
        return listed(projection(table, key, "values"), number);
    if (!type || number < 0 || strcasecmp(type, "integer") || width < 0 || width > 20)
        return NULL;
    return mem_printf("%0*d", (int)width, number);
}

static bool is_projected(const json_t *table)
{
    const char *enabled = parameter(table, "projection.enabled");

    return enabled && !strcasecmp(enabled, "true") &&
           json_object_size(json_object_get(table, "partition_keys"));
}

/* Athena's own template, where the table names none. */
static char *template_of(const json_t *table)
{
    const char *template = parameter(table, "storage.location.template");
    cleanup_free char *path = lint_path_of(json_text(table, "location"));
    struct str usual = {0};
    const char *key;
    json_t *type;

    if (template)
        return mem_text(template);
    if (!path)
        return NULL;
    str_addf(&usual, "s3://%s", path);
    json_object_foreach(json_object_get(table, "partition_keys"), key, type)
        str_addf(&usual, "%s=${%s}/", key, key);
    return str_take(&usual);
}

/* Fills ${key} in; false where one is not known. */
static bool fill(struct str *out, const json_t *table, const char *template, int64_t time_s)
{
    const char *at = template, *next;

    for (; (next = strstr(at, "${")) && strchr(next, '}'); at = strchr(next, '}') + 1) {
        cleanup_free char *key = mem_text_n(next + 2, strcspn(next + 2, "}"));
        cleanup_free char *value = value_of(table, key, time_s);

        if (!value)
            return false;
        str_add_n(out, at, (size_t)(next - at));
        str_add(out, value);
    }
    str_add(out, at);
    return true;
}

char *key_layout_looked(const json_t *table, int64_t time_s)
{
    cleanup_free char *template = is_projected(table) ? template_of(table) : NULL;
    cleanup_str struct str location = {0};

    if (!template || !fill(&location, table, template, time_s))
        return NULL;
    return lint_path_of(str_text(&location));
}

/* The first of "2025-01-01,NOW" as text; NULL where it depends on when a query runs. */
static char *first_of(const char *range)
{
    return isdigit((unsigned char)*range) ? mem_text_n(range, strcspn(range, ", ")) : NULL;
}

static bool excludes(const json_t *table, const char *key, int64_t time_s)
{
    const char *type = projection(table, key, "type"), *range = projection(table, key, "range");
    const char *comma = range ? strchr(range, ',') : NULL;
    int number = number_of(key, time_s);
    cleanup_free char *first = NULL, *value = NULL;

    if (!type || !comma)
        return false;
    if (!strcasecmp(type, "integer"))
        return number >= 0 &&
               (number < strtol(range, NULL, 10) || number > strtol(comma + 1, NULL, 10));
    first = first_of(range);
    value = value_of(table, key, time_s);
    /* Formats that sort as their days do begin with the year. */
    return !strcasecmp(type, "date") && first && value && strlen(first) == strlen(value) &&
           !strncmp(projection(table, key, "format"), "yyyy", 4) && strcmp(value, first) < 0;
}

char *key_layout_excluded(const json_t *table, int64_t time_s)
{
    const char *key;
    json_t *type;

    if (!is_projected(table))
        return NULL;
    json_object_foreach(json_object_get(table, "partition_keys"), key, type)
        if (excludes(table, key, time_s))
            return mem_printf("projection.%s.range is %s", key, projection(table, key, "range"));
    return NULL;
}
