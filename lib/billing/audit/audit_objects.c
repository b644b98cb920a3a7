/* audit_objects.c -- usage that lies in the bucket where no query reads it: objects below the error
 * prefix, and those that a stream delivered in an older form. */
#include "base/firehose_prefix.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_operations.h"
#include "billing/audit/audit_private.h"
#include "billing/store/legacy.h"
#include "billing/store/object_list.h"
#include "billing/store/recovered.h"

#include <string.h>

/* Read to count the events in them: objects with events, of any kind, and bytes of them. */
enum { MOST_OBJECTS = 100, MOST_READS = 1000, MOST_BYTES = 64 << 20 };

/* Where a stream delivers that was set up by hand as the seed tells. */
static const char seed_prefix[] = "json-data/";

struct counting {
    json_int_t objects, bytes, pending, events, readable;
    json_int_t reads, bytes_read;
    double newest;
    bool all_read; /* of the pending ones: events tells all of it */
};

static bool may_read(const struct counting *counting, json_int_t size)
{
    return counting->pending < MOST_OBJECTS && counting->reads < MOST_READS &&
           counting->bytes_read + size <= MOST_BYTES;
}

/* An object that holds nothing to recover, as the control messages of CloudWatch Logs, is not
 * pending. */
static void count_pending(struct flow *flow, const struct billing *billing, const json_t *object,
                          struct counting *counting)
{
    json_int_t size = json_integer_value(json_object_get(object, "size"));
    struct legacy_reading reading = {0};
    const struct legacy_counts *counts = &reading.counts;
    struct err unread = {0};

    if (!may_read(counting, size) || legacy_read(flow, billing, object, &reading, &unread)) {
        counting->all_read = false;
        counting->pending++;
        return;
    }
    counting->reads++;
    counting->bytes_read += size;
    counting->pending += counts->events || counts->unreadable;
    counting->events += counts->events;
    counting->readable += counts->readable;
}

/* sources: what was recovered already, and so is no longer pending. */
static json_t *count_objects(struct flow *flow, const struct billing *billing, const char *prefix,
                             const json_t *objects, const json_t *sources)
{
    struct counting counting = {.all_read = true};
    size_t i;
    json_t *object;

    json_array_foreach(objects, i, object) {
        json_int_t size = json_integer_value(json_object_get(object, "size"));
        double modified = json_number_value(json_object_get(object, "modified"));
        char id[RECOVERED_ID];

        if (!size)
            continue; /* a "folder" that somebody made in the console */
        counting.objects++;
        counting.bytes += size;
        if (modified > counting.newest)
            counting.newest = modified;
        recovered_object_id(object, id);
        if (json_object_get(sources, id))
            continue;
        count_pending(flow, billing, object, &counting);
    }
    return json_pack("{s:s, s:I, s:I, s:o, s:I, s:I, s:I, s:b}", "prefix", prefix, "count",
                     counting.objects, "bytes", counting.bytes, "newest",
                     counting.objects ? json_integer((json_int_t)counting.newest) : json_null(),
                     "pending", counting.pending, "events", counting.events, "readable",
                     counting.readable, "all_read", counting.all_read);
}

static json_t *look_below(struct flow *flow, const struct billing *billing, const char *prefix,
                          const json_t *sources, struct err *e)
{
    json_auto_t *objects = object_list(flow, billing, prefix, e);

    return objects ? count_objects(flow, billing, prefix, objects, sources) : NULL;
}

/* Where the stream writes now, up to the first expression, if that is elsewhere than the spec says;
 * NULL otherwise, or when nobody knows. */
static char *live_prefix(struct flow *flow, const struct billing *billing)
{
    struct err unknown = {0};
    json_auto_t *reply =
        operation_call(flow, billing, &audit_operations[AUDIT_GET_STREAM],
                       json_pack("{s:s}", "DeliveryStreamName", billing->names.stream), &unknown);
    const char *prefix = json_string_value(
        json_at(reply, "DeliveryStreamDescription.Destinations[].ExtendedS3DestinationDescription."
                       "Prefix"));
    size_t n = strlen(billing->names.data_prefix);

    if (!prefix || !strncmp(prefix, billing->names.data_prefix, n))
        return NULL;
    return firehose_prefix_folder(prefix);
}

static bool is_below(const char *a, const char *b)
{
    return !strncmp(a, b, strlen(b));
}

static int look_at_legacy(struct flow *flow, struct audit *audit, const json_t *sources,
                          struct err *e)
{
    const struct billing *billing = audit->billing;
    cleanup_free char *live = live_prefix(flow, billing);
    const char *prefix = live ? live : seed_prefix;

    if (!*prefix || is_below(billing->names.data_prefix, prefix) ||
        is_below(prefix, billing->names.data_prefix))
        return 0;
    audit->legacy = look_below(flow, billing, prefix, sources, e);
    if (audit->legacy)
        json_object_set_new(audit->legacy, "live", json_boolean(live != NULL));
    return audit->legacy ? 0 : -1;
}

int audit_objects_read(struct flow *flow, struct audit *audit, struct err *e)
{
    const struct billing *billing = audit->billing;
    const char *prefix = recovered_prefix(billing);
    json_auto_t *recovered = prefix ? object_list(flow, billing, prefix, e) : json_array();
    json_auto_t *sources = NULL;

    if (!recovered)
        return -1;
    sources = recovered_sources(recovered);
    if (*billing->names.error_prefix) {
        audit->error_objects = look_below(flow, billing, billing->names.error_prefix, sources, e);
        if (!audit->error_objects)
            return -1;
    }
    return look_at_legacy(flow, audit, sources, e);
}
