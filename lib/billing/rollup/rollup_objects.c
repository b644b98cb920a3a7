/* rollup_objects.c -- the objects of arrival days, listed in spans of several days at once. */
#include "billing/rollup/rollup_objects.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/rollup/rollup_window.h"
#include "billing/store/object_list.h"

#include <stdio.h>
#include <string.h>

enum { PARALLEL_LISTS = 8, SPAN_DAYS = 8 };

static char *day_prefix(const char *prefix, int64_t day_s)
{
    char *text = object_list_hour_prefix(prefix, day_s);
    char *hour = strstr(text + strlen(prefix), "hour=");

    *hour = '\0';
    return text;
}

/* Objects beside the hours' folders are in no partition, so no query reads them; nor does one read
 * what is archived, which is as good as gone. */
static void take_objects(json_t *hours, const json_t *objects, const char *prefix)
{
    size_t length = strlen(prefix), i;
    json_t *object;

    json_array_foreach(objects, i, object) {
        const char *key = json_text(object, "key"), *rest = key + length + strlen("hour=");
        char hour[3] = "";
        json_t *list;
        size_t digits;

        if (json_object_get(object, "archived") || strncmp(key, prefix, length) ||
            strncmp(key + length, "hour=", strlen("hour=")))
            continue;
        digits = strspn(rest, "0123456789");
        if (digits < 1 || digits > 2 || rest[digits] != '/')
            continue;
        memcpy(hour, rest, digits);
        list = json_object_get(hours, hour);
        if (!list) {
            list = json_array();
            json_object_set_new(hours, hour, list);
        }
        json_array_append(list, object);
    }
}

/* A span of days below one prefix is one list: keys sort as their days do, so listing begins at the
 * first day and ends behind the last.  The stream's own prefix is cut into several spans, listed at
 * once; the side prefixes hold little. */
struct listing {
    const struct billing *billing;
    const struct rollup_objects *wanted;
    size_t spans, sides;
    json_t **objects; /* per span, then per side prefix */
    struct err *e;    /* the first failure */
};

static void list_span(struct flow *flow, void *arg, size_t index)
{
    struct listing *listing = arg;
    const struct billing_names *names = &listing->billing->names;
    bool own = index < listing->spans;
    const char *root = own ? names->data_prefix : names->side_prefixes[index - listing->spans];
    size_t first = own ? index * SPAN_DAYS : 0;
    size_t end = own && first + SPAN_DAYS < listing->wanted->days ? first + SPAN_DAYS
                                                                  : listing->wanted->days;
    cleanup_free char *after =
        day_prefix(root, listing->wanted->first_s + (int64_t)first * ROLLUP_DAY_S);
    cleanup_free char *before =
        day_prefix(root, listing->wanted->first_s + (int64_t)end * ROLLUP_DAY_S);
    const struct object_range range = {root, after, before};
    struct err e = {0};

    if (listing->e->kind)
        return;
    listing->objects[index] = object_list_between(flow, listing->billing, &range, &e);
    if (!listing->objects[index])
        err_set(listing->e, e.kind, "%s", e.text);
}

/* The objects of one day, those of the stream first. */
static json_t *hours_of(const struct listing *listing, size_t day)
{
    const struct billing_names *names = &listing->billing->names;
    int64_t day_s = listing->wanted->first_s + (int64_t)day * ROLLUP_DAY_S;
    cleanup_free char *prefix = day_prefix(names->data_prefix, day_s);
    json_t *hours = json_object();

    take_objects(hours, listing->objects[day / SPAN_DAYS], prefix);
    for (size_t i = 0; i < listing->sides; i++) {
        cleanup_free char *side = day_prefix(names->side_prefixes[i], day_s);

        take_objects(hours, listing->objects[listing->spans + i], side);
    }
    return hours;
}

/* Days busy enough have some ten thousand objects. */
static void split_into_days(void *arg)
{
    const struct listing *listing = arg;

    for (size_t day = 0; day < listing->wanted->days && !listing->e->kind; day++)
        listing->wanted->hours[day] = hours_of(listing, day);
    for (size_t i = 0; i < listing->spans + listing->sides; i++)
        json_decref(listing->objects[i]);
}

int rollup_objects_list(struct flow *flow, const struct billing *billing,
                        const struct rollup_objects *objects, struct err *e)
{
    struct err failed = {0};
    struct listing listing = {billing, objects, (objects->days + SPAN_DAYS - 1) / SPAN_DAYS,
                              0,       NULL,    &failed};
    size_t count;

    while (billing->names.side_prefixes && billing->names.side_prefixes[listing.sides])
        listing.sides++;
    count = listing.spans + listing.sides;
    listing.objects = mem_new((count + 1) * sizeof(json_t *));
    flow_each(flow, count, PARALLEL_LISTS, list_span, &listing);
    flow_work(flow, split_into_days, &listing);
    free(listing.objects);
    return failed.kind ? err_set(e, failed.kind, "%s", failed.text) : 0;
}

void rollup_objects_hash(const json_t *objects, double newest, char hex[static 65])
{
    cleanup_str struct str text = {0};
    size_t i;
    json_t *object;

    json_array_foreach(objects, i, object) {
        if (newest >= 0 && json_number_value(json_object_get(object, "modified")) > newest)
            continue;
        str_addf(&text, "%s\t%lld\t%s\n", json_text(object, "key"),
                 (long long)json_integer_value(json_object_get(object, "size")),
                 json_text(object, "etag") ? json_text(object, "etag") : "");
    }
    *hex = '\0';
    if (text.len)
        digest_sha256(text.data, text.len, hex);
}
