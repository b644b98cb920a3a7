#include "billing/store/damaged.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/bulk/gzip.h"
#include "billing/store/athena_query_text.h"
#include "billing/store/object_content.h"
#include "billing/store/object_list.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const json_t *damaged_objects(const struct billing *billing)
{
    return billing->damaged;
}

char *damaged_filter(const struct billing *billing, const char *filter)
{
    cleanup_str struct str out = {0};
    size_t i;
    json_t *object;

    if (!json_array_size(billing->damaged))
        return mem_text(filter);
    str_addf(&out, "(%s)", filter);
    /* Each by itself: engines make another plan of a long list, and open what it leaves out. */
    json_array_foreach(billing->damaged, i, object) {
        const char *key = json_text(object, "key");

        str_addf(&out, " AND object_path <> 's3://%s/", billing->names.bucket);
        for (; *key; key++)
            str_addf(&out, *key == '\'' ? "''" : "%c", *key);
        str_add_char(&out, '\'');
    }
    return str_take(&out);
}

/* ---- one object ---- */

static bool is_noted(const struct billing *billing, const char *key)
{
    size_t i;
    json_t *object;

    json_array_foreach(billing->damaged, i, object)
        if (!strcmp(json_text(object, "key"), key))
            return true;
    return false;
}

static void forget(void *arg, const void *bytes, size_t length)
{
    (void)arg;
    (void)bytes;
    (void)length;
}

static bool take_part(void *arg, const void *bytes, size_t length)
{
    struct gzip_reader *reader = arg;

    return gzip_reader_feed(reader, bytes, length) && !gzip_reader_is_plain(reader);
}

/* What is wrong with an object whose name ends in .gz, new text; NULL: nothing, or nobody knows. -1
 * and *e when it cannot be read. */
static int find_problem(struct flow *flow, const struct billing *billing, const json_t *object,
                        char **problem, struct err *e)
{
    struct gzip_reader reader;
    struct err broken = {0};
    int failed;

    gzip_reader_init(&reader, forget, NULL);
    failed = object_content_walk(flow, billing, object,
                                 &(struct object_walk){.take = take_part, .arg = &reader}, e);
    (void)gzip_reader_end(&reader, &broken);
    if (failed)
        return -1;
    if (gzip_reader_is_plain(&reader))
        *problem = mem_text("is no gzip, though its name ends in .gz");
    else if (broken.kind && reader.given < GZIP_MOST)
        *problem = mem_text(broken.text);
    return 0;
}

/* 1: damaged, and noted; 0: it is not, or it is gone; -1 and *e. */
static int look_at(struct flow *flow, const struct billing *billing, const json_t *object,
                   struct err *e)
{
    const char *key = json_text(object, "key");
    cleanup_free char *problem = NULL;
    struct err unread = {0};
    json_t *noted;

    if (!str_ends_with(key, ".gz") || is_noted(billing, key) ||
        !json_integer_value(json_object_get(object, "size")))
        return 0;
    if (find_problem(flow, billing, object, &problem, &unread))
        return unread.kind == ERR_ABSENT ? 0 : err_set(e, unread.kind, "%s", unread.text);
    if (!problem)
        return 0;
    if (!athena_query_text_takes(key))
        return err_set(e, ERR_INVALID,
                       "%s %s, and a name like this cannot be left out of a query: copy it to "
                       "another prefix and delete it here",
                       key, problem);
    if (is_noted(billing, key)) /* by another query, meanwhile */
        return 1;
    noted = json_deep_copy(object);
    json_object_set_new(noted, "problem", json_string(problem));
    json_array_append_new(billing->damaged, noted);
    return 1;
}

static int look_at_all(struct flow *flow, const struct billing *billing, const json_t *objects,
                       struct err *e)
{
    int found = 0, one;
    size_t i;
    json_t *object;

    json_array_foreach(objects, i, object) {
        one = look_at(flow, billing, object, e);
        if (one < 0)
            return -1;
        found += one;
    }
    return found;
}

/* ---- which ---- */

/* The key that an engine's words name; new text, or NULL. */
static char *named_key(const struct billing *billing, const char *reason)
{
    cleanup_free char *place = mem_printf("://%s/", billing->names.bucket);
    const char *at = strstr(reason, place);
    size_t n;

    if (!at)
        return NULL;
    at += strlen(place);
    n = strcspn(at, " \t\r\n\"'),");
    while (n && strchr(":.;", at[n - 1]))
        n--;
    return mem_text_n(at, n);
}

/* What Java's and zlib's readers say of a broken gzip, when the engine names no object.  (Trino,
 * Hive: their sources; reports of HIVE_CURSOR_ERROR) */
static bool tells_of_gzip(const char *reason)
{
    static const char *const words[] = {"not in gzip format",
                                        "incorrect header check",
                                        "unexpected end of",
                                        "corrupt gzip",
                                        "invalid stored block",
                                        "invalid code length",
                                        "invalid block type",
                                        "invalid distance",
                                        "invalid literal",
                                        "incorrect data check",
                                        "unknown compression method",
                                        "zlib",
                                        "gzip"};

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (strcasestr(reason, words[i]))
            return true;
    return false;
}

static int look_below(struct flow *flow, const struct billing *billing, const char *prefix,
                      struct err *e)
{
    json_auto_t *objects = object_list(flow, billing, prefix, e);

    return objects ? look_at_all(flow, billing, objects, e) : -1;
}

/* A day's prefix is that of its first hour, less the hour. */
static int look_at_day(struct flow *flow, const struct billing *billing, const char *prefix,
                       int64_t day_s, struct err *e)
{
    cleanup_free char *hour = object_list_hour_prefix(prefix, day_s);
    char *end = strstr(hour + strlen(prefix), "hour=");

    if (end)
        *end = '\0';
    return look_below(flow, billing, hour, e);
}

/* All objects of the days that the condition names: some hundreds a day, one after the other. */
static int look_at_days(struct flow *flow, const struct billing *billing, const char *filter,
                        struct err *e)
{
    static const char form[] = "year = %d AND month = %d AND day = %d";
    int year, month, day, found = 0, one = 0;

    for (const char *at = filter; (at = strstr(at, "year = ")) && one >= 0; at++) {
        int64_t day_s;

        if (sscanf(at, form, &year, &month, &day) != 3)
            continue;
        day_s =
            timestamp_of((struct tm){.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day});
        one = look_at_day(flow, billing, billing->names.data_prefix, day_s, e);
        found += one > 0 ? one : 0;
        for (char **side = billing->names.side_prefixes; side && *side && one >= 0; side++) {
            one = look_at_day(flow, billing, *side, day_s, e);
            found += one > 0 ? one : 0;
        }
    }
    return one < 0 ? -1 : found;
}

int damaged_find(struct flow *flow, const struct billing *billing, const char *reason,
                 const char *filter, struct err *e)
{
    cleanup_free char *key = named_key(billing, reason);

    if (key)
        return look_below(flow, billing, key, e);
    return filter && tells_of_gzip(reason) ? look_at_days(flow, billing, filter, e) : 0;
}
