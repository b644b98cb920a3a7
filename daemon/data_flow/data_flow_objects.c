/* data_flow_objects.c -- looks into the bucket with a bounded number of lists.
 *
 * Days are folders, so a day costs one call; within it the greatest folder (the last hour) is gone
 * down into, since keys sort by time. */
#include "base/clock.h"
#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/data_flow/data_flow.h"
#include "daemon/data_flow/data_flow_private.h"

#include <string.h>

enum { DAY_S = 86400, DEPTH = 8 };

/* What a list has told so far. */
struct listing {
    const struct data_flow_place *place;
    json_t *result;
    char *greatest; /* the greatest folder; new text */
    json_int_t count;
    unsigned pages;
    bool more;
};

/* Keeps the newest of the listed objects in result; returns how many there are. */
static json_int_t take_objects(json_t *result, const json_t *reply)
{
    json_int_t count = 0;
    size_t i;
    json_t *object;

    json_array_foreach(json_object_get(reply, "Contents"), i, object) {
        const char *key = json_text(object, "Key");
        double modified = json_number_value(json_object_get(object, "LastModified"));

        if (!key || !*key || key[strlen(key) - 1] == '/')
            continue; /* a "folder" that somebody made in the console */
        count++;
        if (json_is_string(json_object_get(result, "key")) &&
            modified < json_number_value(json_object_get(result, "modified")))
            continue;
        json_object_set(result, "key", json_object_get(object, "Key"));
        json_object_set(result, "size", json_object_get(object, "Size"));
        json_object_set_new(result, "modified", json_integer((json_int_t)modified));
    }
    return count;
}

static void take_folders(struct listing *listing, const json_t *page)
{
    size_t i;
    json_t *folder;

    json_array_foreach(json_object_get(page, "CommonPrefixes"), i, folder) {
        const char *name = json_text(folder, "Prefix");

        if (!name || (listing->greatest && strcmp(name, listing->greatest) <= 0))
            continue;
        free(listing->greatest);
        listing->greatest = mem_text(name);
    }
}

static int take_page(void *arg, const json_t *page, struct err *e)
{
    struct listing *listing = arg;

    (void)e;
    listing->count += take_objects(listing->result, page);
    take_folders(listing, page);
    listing->more = json_is_true(json_object_get(page, "IsTruncated"));
    return ++listing->pages < DATA_FLOW_LIST_PAGES;
}

/* delimiter NULL: what lies in folders, too. */
static int list(struct flow *flow, struct listing *listing, const char *prefix,
                const char *delimiter, struct err *e)
{
    const struct data_flow_place *place = listing->place;
    json_auto_t *params =
        json_pack("{s:s, s:s, s:s, s:s*}", "Bucket", place->name, "ExpectedBucketOwner",
                  place->account, "Prefix", prefix, "Delimiter", delimiter);
    const struct flow_listing pages = {{place->session, "s3", "ListObjectsV2", params},
                                       "ContinuationToken",
                                       "NextContinuationToken",
                                       take_page,
                                       listing};

    listing->pages = 0;
    return flow_pages(flow, &pages, e);
}

/* ---- the newest object ---- */

/* Down into the last folder, and of that into the last again. */
static int look_below(struct flow *flow, struct listing *listing, const char *prefix, struct err *e)
{
    cleanup_free char *folder = mem_text(prefix);

    for (int depth = 0; folder && depth <= DEPTH; depth++) {
        int failed = list(flow, listing, folder, "/", e);

        free(folder);
        folder = listing->greatest;
        listing->greatest = NULL;
        if (failed)
            return -1;
    }
    return 0;
}

json_t *data_flow_objects_newest(struct flow *flow, const struct data_flow_place *place,
                                 struct err *e)
{
    json_t *result = json_pack("{s:s, s:s, s:i, s:n, s:n, s:n}", "bucket", place->name, "prefix",
                               place->prefix, "days", DATA_FLOW_DAYS, "key", "size", "modified");
    struct listing listing = {.place = place, .result = result};
    cleanup_free char *before = NULL;
    int64_t now_s = clock_now_ms() / 1000;

    /* The stream's time zone may be ahead of UTC: from tomorrow on. */
    for (int day = -1; day < DATA_FLOW_DAYS && !json_text(result, "key"); day++) {
        char *prefix = firehose_prefix_of_day(place->prefix, now_s - (int64_t)day * DAY_S);
        bool again = before && !strcmp(before, prefix); /* a folder per month */

        free(before);
        before = prefix;
        if (!again && look_below(flow, &listing, prefix, e))
            break;
    }
    return result;
}

/* ---- what was not delivered ---- */

json_t *data_flow_objects_undelivered(struct flow *flow, const struct data_flow_place *place,
                                      struct err *e)
{
    cleanup_free char *fixed = firehose_prefix_fixed(place->prefix);
    json_t *result = json_pack("{s:s, s:s, s:i, s:b, s:n, s:n, s:n}", "bucket", place->name,
                               "prefix", fixed, "count", 0, "more", 0, "key", "size", "modified");
    struct listing listing = {.place = place, .result = result};

    if (!list(flow, &listing, fixed, NULL, e))
        json_object_set_new(result, "more", json_boolean(listing.more));
    json_object_set_new(result, "count", json_integer(listing.count));
    return result;
}
