#include "billing/store/object_list.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/timestamp.h"
#include "billing/store/store_operations.h"

#include <string.h>

/* With EncodingType=url S3 answers as forms do: a blank is "+", a plus is "%2B". */
static json_t *decoded(const json_t *text)
{
    cleanup_free char *plain = mem_text(json_string_value(text) ? json_string_value(text) : "");
    cleanup_free char *key = NULL;

    for (char *p = plain; *p; p++)
        if (*p == '+')
            *p = ' ';
    key = str_unescape(plain);
    return json_string(key);
}

static json_t *list_params(const struct billing *billing, const char *prefix)
{
    return json_pack("{s:s, s:s, s:s, s:s}", "Bucket", billing->names.bucket, "Prefix", prefix,
                     "EncodingType", "url", "ExpectedBucketOwner", billing->account);
}

/* Readable only after a restore: Athena passes over these without an error. */
static bool is_archived(const json_t *item)
{
    const char *class = json_text(item, "StorageClass");

    return class && (!strcmp(class, "GLACIER") || !strcmp(class, "DEEP_ARCHIVE"));
}

struct listing {
    const char *before; /* the first key that is behind the list's end, or NULL */
    const struct object_taker *taker;
    bool enough;
};

/* Whether the object belongs to the list; one that does not is behind its end.  *last: its key, in
 * place of the one before. */
static bool take(struct listing *listing, const json_t *item, json_t **last)
{
    json_t *key = decoded(json_object_get(item, "Key"));

    if (!key) /* no UTF-8: nothing of Firehose's or ours */
        return true;
    json_decref(*last);
    *last = key;
    if (listing->before && strcmp(json_string_value(key), listing->before) >= 0)
        return false;
    listing->taker->object(listing->taker->arg,
                           &(struct object_entry){json_string_value(key), item, is_archived(item)});
    return true;
}

static int take_page(void *arg, const json_t *page, struct err *e)
{
    struct listing *listing = arg;
    const struct object_taker *taker = listing->taker;
    json_auto_t *last = NULL;
    const json_t *item;
    size_t i;

    (void)e;
    json_array_foreach(json_object_get(page, "Contents"), i, item)
        if (!take(listing, item, &last))
            return 0;
    listing->enough = last && taker->more && json_is_true(json_object_get(page, "IsTruncated")) &&
                      !taker->more(taker->arg, json_string_value(last));
    return !listing->enough;
}

int object_list_each(struct flow *flow, const struct billing *billing,
                     const struct object_range *range, const struct object_taker *taker,
                     struct err *e)
{
    struct listing listing = {range->before, taker, false};
    const struct operation_pages pages = {&store_operations[STORE_LIST_OBJECTS],
                                          list_params(billing, range->prefix), take_page, &listing};

    if (range->after)
        json_object_set_new(pages.params, "StartAfter", json_string(range->after));
    return operation_pages(flow, billing, &pages, e) ? -1 : listing.enough;
}

json_t *object_list_entry(const struct object_entry *entry)
{
    return json_pack("{s:s, s:O, s:O, s:O*, s:o*}", "key", entry->key, "size",
                     json_object_get(entry->item, "Size"), "etag",
                     json_object_get(entry->item, "ETag"), "modified",
                     json_object_get(entry->item, "LastModified"), "archived",
                     entry->archived ? json_true() : NULL);
}

static void append(void *arg, const struct object_entry *entry)
{
    json_array_append_new(arg, object_list_entry(entry));
}

json_t *object_list_between(struct flow *flow, const struct billing *billing,
                            const struct object_range *range, struct err *e)
{
    json_t *objects = json_array();
    const struct object_taker taker = {append, NULL, objects};

    if (!object_list_each(flow, billing, range, &taker, e))
        return objects;
    json_decref(objects);
    return NULL;
}

json_t *object_list(struct flow *flow, const struct billing *billing, const char *prefix,
                    struct err *e)
{
    return object_list_between(flow, billing, &(struct object_range){.prefix = prefix}, e);
}

json_t *object_list_folders(struct flow *flow, const struct billing *billing, const char *prefix,
                            struct err *e)
{
    json_t *params = list_params(billing, prefix), *folders, *item;
    json_auto_t *found = NULL;
    size_t i;

    json_object_set_new(params, "Delimiter", json_string("/"));
    found = operation_list(flow, billing, &store_operations[STORE_LIST_FOLDERS], params, e);
    if (!found)
        return NULL;
    folders = json_array();
    json_array_foreach(found, i, item)
        json_array_append_new(folders, decoded(json_object_get(item, "Prefix")));
    return folders;
}

char *object_list_hour_prefix(const char *data_prefix, int64_t hour_s)
{
    struct tm utc = timestamp_utc(hour_s);

    return mem_printf("%syear=%04d/month=%02d/day=%02d/hour=%02d/", data_prefix, utc.tm_year + 1900,
                      utc.tm_mon + 1, utc.tm_mday, utc.tm_hour);
}
