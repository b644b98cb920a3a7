/* rollup_objects.c -- the objects of arrival days: all of them, or what tells them from others. */
#include "billing/rollup/rollup_objects.h"

#include "base/digest.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/rollup/rollup_walk.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an object is in a hash. */
static void add_object(struct str *text, const char *key, const json_t *size, const char *etag)
{
    str_addf(text, "%s\t%lld\t%s\n", key, (long long)json_integer_value(size), etag ? etag : "");
}

void rollup_objects_hash(const json_t *objects, double newest, char hex[static 65])
{
    cleanup_str struct str text = {0};
    size_t i;
    json_t *object;

    json_array_foreach(objects, i, object) {
        if (newest >= 0 && json_number_value(json_object_get(object, "modified")) > newest)
            continue;
        add_object(&text, json_text(object, "key"), json_object_get(object, "size"),
                   json_text(object, "etag"));
    }
    *hex = '\0';
    if (text.len)
        digest_sha256(text.data, text.len, hex);
}

/* ---- all of them ---- */

static void keep(void *arg, const struct rollup_arrival *arrival)
{
    json_t *hours = ((json_t **)arg)[arrival->day];
    json_t *list = json_object_get(hours, arrival->hour);

    if (!list) {
        list = json_array();
        json_object_set_new(hours, arrival->hour, list);
    }
    json_array_append_new(list, object_list_entry(arrival->entry));
}

int rollup_objects_list(struct flow *flow, const struct billing *billing,
                        const struct rollup_objects *objects, struct err *e)
{
    cleanup_free json_t **hours = mem_new((objects->days + 1) * sizeof *hours);
    const struct rollup_walk walk = {objects->first_s, objects->days, keep, hours};
    int failed;

    for (size_t i = 0; i < objects->days; i++)
        hours[i] = json_object();
    failed = rollup_walk(flow, billing, &walk, e);
    for (size_t i = 0; i < objects->days; i++) {
        if (failed)
            flow_drop(flow, hours[i]);
        else
            objects->hours[i] = hours[i];
    }
    return failed;
}

/* ---- what tells them ---- */

enum { HOURS = 24 };

struct summing {
    struct {
        struct digest *hours[HOURS];
        double newest;
    } * days;
    struct str line;
};

/* Only hours that are called as Firehose calls them are ever asked for. */
static void add_up(void *arg, const struct rollup_arrival *arrival)
{
    struct summing *summing = arg;
    const json_t *item = arrival->entry->item;
    double modified = json_number_value(json_object_get(item, "LastModified"));
    long hour = strlen(arrival->hour) == 2 ? strtol(arrival->hour, NULL, 10) : HOURS;
    struct digest **digest;

    if (modified > summing->days[arrival->day].newest)
        summing->days[arrival->day].newest = modified;
    if (hour >= HOURS)
        return;
    digest = &summing->days[arrival->day].hours[hour];
    if (!*digest)
        *digest = digest_new();
    summing->line.len = 0;
    add_object(&summing->line, arrival->entry->key, json_object_get(item, "Size"),
               json_text(item, "ETag"));
    digest_add(*digest, summing->line.data, summing->line.len);
}

/* {"newest", "hours"} of a day; new reference. */
static json_t *summary_of(struct summing *summing, size_t day)
{
    json_t *hashes = json_object();

    for (int hour = 0; hour < HOURS; hour++) {
        char name[16], hex[65];

        (void)snprintf(name, sizeof name, "%02d", hour);
        digest_end(summing->days[day].hours[hour], hex);
        if (*hex)
            json_object_set_new(hashes, name, json_string(hex));
    }
    return json_pack("{s:f, s:o}", "newest", summing->days[day].newest, "hours", hashes);
}

int rollup_objects_sum(struct flow *flow, const struct billing *billing,
                       const struct rollup_objects *objects, struct err *e)
{
    struct summing summing = {.days = mem_new((objects->days + 1) * sizeof *summing.days)};
    const struct rollup_walk walk = {objects->first_s, objects->days, add_up, &summing};
    int failed = rollup_walk(flow, billing, &walk, e);

    for (size_t i = 0; i < objects->days; i++) {
        json_t *summary = summary_of(&summing, i);

        if (failed)
            json_decref(summary);
        else
            objects->hours[i] = summary;
    }
    free(summing.days);
    str_fini(&summing.line);
    return failed;
}
