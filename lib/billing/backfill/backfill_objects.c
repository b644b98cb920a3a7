/* backfill_objects.c -- objects that no query reads: read here, written in the form of today. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/backfill/backfill_private.h"
#include "billing/store/damaged.h"
#include "billing/store/legacy.h"
#include "billing/store/object_list.h"
#include "billing/store/recovered.h"

#include <string.h>

struct collecting {
    struct backfill_writer *writer;
    int64_t arrival_s;  /* of the object; 0: not known */
    int64_t modified_s; /* of the object */
    bool unwritten;     /* what failed was writing */
};

static void collect(void *arg, const json_t *envelope, int64_t arrival_ms)
{
    const struct collecting *collecting = arg;
    const struct backfill_arrival arrival = {arrival_ms ? arrival_ms / 1000 : collecting->arrival_s,
                                             collecting->modified_s};
    json_auto_t *head = json_pack(
        "{s:O*, s:O*, s:O*, s:O*}", "owner", json_object_get(envelope, "owner"), "logGroup",
        json_object_get(envelope, "logGroup"), "logStream", json_object_get(envelope, "logStream"),
        "subscriptionFilters", json_object_get(envelope, "subscriptionFilters"));
    size_t i;
    json_t *event;

    json_array_foreach(json_object_get(envelope, "logEvents"), i, event)
        backfill_writer_add(collecting->writer, head, event, &arrival);
}

/* The parts of an object are the same each time, and so is what is written after each. */
static int flush_part(struct flow *flow, void *arg, struct err *e)
{
    struct collecting *collecting = arg;

    collecting->unwritten = backfill_writer_flush_full(flow, collecting->writer, e) != 0;
    return collecting->unwritten ? -1 : 0;
}

/* Of objects there are few: those whose time it is again are read with the others. */
static bool may_read(struct backfill *backfill, const char *id)
{
    bool wanted = backfill_pace_wants(backfill, id);

    if (!wanted) {
        backfill->again = true;
        wanted = backfill_pace_wants(backfill, id);
        backfill->again = false;
    }
    return wanted && !backfill_pace_is_over(backfill);
}

/* 0 when it is archived, or gone meanwhile: the others can still be read. */
static int pass_over(struct backfill_source *source, struct err *e)
{
    if (e->kind != ERR_INVALID && e->kind != ERR_ABSENT)
        return -1;
    err_clear(e);
    source->unreadable++;
    return 0;
}

/* Equal keys and content give equal names, so it does not matter what was recovered before. */
static int take_object(struct flow *flow, struct backfill *backfill, struct backfill_source *source,
                       const json_t *object, struct err *e)
{
    const struct billing *billing = backfill->billing;
    int64_t before = source->written.events;
    struct collecting collecting = {
        .arrival_s = legacy_arrival(json_text(object, "key")),
        .modified_s = (int64_t)json_number_value(json_object_get(object, "modified"))};
    struct legacy_reading reading = {.reader = {collect, &collecting}, .between = flush_part};
    char id[RECOVERED_ID];
    int failed;

    recovered_object_id(object, id);
    if (!may_read(backfill, id))
        return 0;
    source->found++;
    collecting.writer = backfill_writer_new(
        billing, &(struct backfill_target){source->kind, id, backfill->request->dry_run,
                                           &source->written, backfill->worth});
    failed = legacy_read(flow, billing, object, &reading, e);
    if (failed && !collecting.unwritten) {
        failed = pass_over(source, e);
    } else if (!failed) {
        backfill->bytes += json_whole(object, "size");
        source->unreadable += reading.counts.unreadable;
        failed = backfill_writer_flush(flow, collecting.writer, e);
    }
    backfill_writer_free(flow, collecting.writer);
    if (!failed)
        backfill_pace_did(backfill, id, source->written.events - before);
    return failed;
}

static int take_listed(struct flow *flow, struct backfill *backfill, struct backfill_source *source,
                       const json_t *objects, struct err *e)
{
    size_t i;
    json_t *object;

    json_array_foreach(objects, i, object) {
        if (!json_integer_value(json_object_get(object, "size")))
            continue;
        backfill_progress(backfill, "reading %s, object %zu of %zu", json_text(object, "key"),
                          i + 1, json_array_size(objects));
        if (take_object(flow, backfill, source, object, e))
            return err_wrap(e, "recovering %s", json_text(object, "key"));
    }
    return 0;
}

static int take_all(struct flow *flow, struct backfill *backfill, struct backfill_source *source,
                    const char *prefix, struct err *e)
{
    json_auto_t *objects = object_list(flow, backfill->billing, prefix, e);

    return objects ? take_listed(flow, backfill, source, objects, e) : -1;
}

int backfill_objects_damaged(struct flow *flow, struct backfill *backfill, struct err *e)
{
    return take_listed(flow, backfill, &backfill->damaged, damaged_objects(backfill->billing), e);
}

int backfill_objects_errors(struct flow *flow, struct backfill *backfill, struct err *e)
{
    const char *prefix = backfill->billing->names.error_prefix;
    const json_t *audit = backfill->request->audit;

    if (audit && !json_whole(json_object_get(audit, "error_objects"), "pending"))
        return 0;
    return *prefix ? take_all(flow, backfill, &backfill->errors, prefix, e) : 0;
}

int backfill_objects_legacy(struct flow *flow, struct backfill *backfill, struct err *e)
{
    const char *prefix = backfill->request->legacy_prefix;
    const struct billing_names *names = &backfill->billing->names;
    const char *const read_already[] = {names->data_prefix, recovered_prefix(backfill->billing)};

    /* What the tables read must not be written a second time, and least of all our own. */
    for (size_t i = 0; i < 2; i++)
        if (!strncmp(prefix, read_already[i], strlen(read_already[i])) ||
            !strncmp(prefix, read_already[i], strlen(prefix)))
            return err_set(e, ERR_INVALID, "%s is read by the tables: nothing to take over from it",
                           *prefix ? prefix : "the whole bucket");
    return take_all(flow, backfill, &backfill->legacy, prefix, e);
}
