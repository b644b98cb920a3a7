/* rollup_files.c -- the files of builds as they lie in S3.
 *
 * A build is believed only while they are what they were when the day was switched to it: files
 * deleted, replaced or added make queries answer something else without a word. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/rollup/rollup_objects.h"
#include "billing/rollup/rollup_private.h"
#include "billing/store/object_list.h"

#include <stdio.h>
#include <string.h>

enum { SPAN_DAYS = 92, PARALLEL_LISTS = 8 };

/* ---- listing ---- */

/* Keys sort as days do: a span of days is one list. */
struct listing {
    const struct billing *billing;
    struct day_span days;
    size_t spans;
    json_t **objects; /* per span */
    struct err *e;    /* the first failure */
    json_t *texts;
};

static void list_span(struct flow *flow, void *arg, size_t index)
{
    struct listing *listing = arg;
    const struct billing *billing = listing->billing;
    struct day first = calendar_add_days(listing->days.first, (int)(index * SPAN_DAYS));
    struct day end = calendar_add_days(first, SPAN_DAYS);
    struct day behind = calendar_add_days(listing->days.last, 1);
    cleanup_free char *after = rollup_partition_key(billing, first, NULL);
    cleanup_free char *before =
        rollup_partition_key(billing, calendar_compare(end, behind) < 0 ? end : behind, NULL);
    const struct object_range range = {billing->names.rollup_prefix, after, before};
    struct err e = {0};

    if (listing->e->kind)
        return;
    listing->objects[index] = object_list_between(flow, billing, &range, &e);
    if (!listing->objects[index])
        err_set(listing->e, e.kind, "%s", e.text);
}

/* The list of the run's objects; NULL: the key is in no run's folder. */
static json_t *run_list(json_t *runs, const struct billing *billing, const char *key)
{
    const char *run = strstr(key + strlen(billing->names.rollup_prefix), "/run=");
    const char *end = run ? strchr(run + 1, '/') : NULL;
    cleanup_free char *folder = NULL;
    json_t *list;

    if (!end)
        return NULL;
    folder = mem_text_n(key, (size_t)(end + 1 - key));
    list = json_object_get(runs, folder);
    if (!list) {
        list = json_array();
        json_object_set_new(runs, folder, list);
    }
    return list;
}

static json_t *text_of(const json_t *objects)
{
    char hex[65];

    rollup_objects_hash(objects, -1, hex);
    return json_sprintf("%zu %s", json_array_size(objects), *hex ? hex : "-");
}

/* {folder: [object]} of all spans as {folder: text}. */
static void make_texts(void *arg)
{
    struct listing *listing = arg;
    json_auto_t *runs = json_object();
    json_t *list, *object;
    const char *folder;
    size_t i;

    listing->texts = json_object();
    for (size_t span = 0; span < listing->spans; span++)
        json_array_foreach(listing->objects[span], i, object) {
            list = run_list(runs, listing->billing, json_text(object, "key"));
            if (list && !json_object_get(object, "archived")) /* no query reads it */
                json_array_append(list, object);
        }
    json_object_foreach(runs, folder, list)
        json_object_set_new(listing->texts, folder, text_of(list));
}

json_t *rollup_files_list(struct flow *flow, const struct billing *billing, struct day_span days,
                          struct err *e)
{
    struct err failed = {0};
    struct listing listing = {.billing = billing, .days = days, .e = &failed};

    while (calendar_compare(calendar_add_days(days.first, (int)(listing.spans * SPAN_DAYS)),
                            days.last) <= 0)
        listing.spans++;
    listing.objects = mem_new((listing.spans + 1) * sizeof(json_t *));
    flow_each(flow, listing.spans, PARALLEL_LISTS, list_span, &listing);
    if (!failed.kind)
        flow_work(flow, make_texts, &listing);
    for (size_t i = 0; i < listing.spans; i++)
        json_decref(listing.objects[i]);
    free(listing.objects);
    if (failed.kind)
        (void)err_set(e, failed.kind, "%s", failed.text);
    return listing.texts;
}

char *rollup_files_now(struct flow *flow, const struct rollup_place *place, const char *run,
                       struct err *e)
{
    cleanup_free char *folder = rollup_partition_key(place->billing, place->day, run);
    json_auto_t *objects = object_list(flow, place->billing, folder, e);
    json_auto_t *text = objects ? text_of(objects) : NULL;

    return text ? mem_text(json_string_value(text)) : NULL;
}

const char *rollup_files_of(const json_t *files, const struct billing *billing, struct day day,
                            const char *run)
{
    cleanup_free char *folder = rollup_partition_key(billing, day, run ? run : "");
    const char *text = json_text(files, folder);

    return text ? text : "0 -";
}

/* ---- judging ---- */

const char *rollup_files_wrong(const json_t *build, const char *files)
{
    const char *wrong = json_text(build, "wrong"), *recorded = json_text(build, "files");

    if (wrong)
        return wrong;
    return recorded && strcmp(recorded, files) != 0 ? "files of its run are gone or were changed"
                                                    : NULL;
}
