#include "billing/backfill/backfill_writer.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/backfill/backfill_worth.h"
#include "billing/bulk/gzip.h"
#include "billing/store/object_content.h"
#include "billing/store/recovered.h"

#include <stdio.h>
#include <string.h>

enum { HOUR_S = 3600 };

struct line {
    int64_t hour_s, time_ms;
    const char *id;
    json_t *head, *event; /* owned */
};

struct backfill_writer {
    const struct billing *billing;
    const char *kind;
    char source[RECOVERED_ID];
    bool dry_run;
    struct backfill_written *written;
    json_t *worth; /* borrowed */
    struct line *lines;
    size_t count, room;
};

struct backfill_writer *backfill_writer_new(const struct billing *billing,
                                            const struct backfill_target *target)
{
    struct backfill_writer *writer = mem_new(sizeof *writer);

    *writer = (struct backfill_writer){.billing = billing,
                                       .kind = target->kind,
                                       .dry_run = target->dry_run,
                                       .written = target->written,
                                       .worth = target->worth};
    (void)snprintf(writer->source, sizeof writer->source, "%s", target->source);
    return writer;
}

static void drop_lines(void *arg)
{
    struct backfill_writer *writer = arg;

    for (size_t i = 0; i < writer->count; i++) {
        json_decref(writer->lines[i].head);
        json_decref(writer->lines[i].event);
    }
    writer->count = 0;
}

void backfill_writer_free(struct flow *flow, struct backfill_writer *writer)
{
    if (!writer)
        return;
    if (writer->count)
        flow_work(flow, drop_lines, writer);
    free(writer->lines);
    free(writer);
}

/* Never before its own hour: an object's name tells when its oldest event arrived. */
static int64_t hour_of(int64_t time_ms, const struct backfill_arrival *arrival)
{
    int64_t at_s = time_ms > 0 ? time_ms / 1000 : arrival->known_s ? 0 : arrival->else_s;

    if (arrival->known_s > at_s)
        at_s = arrival->known_s;
    return at_s - at_s % HOUR_S;
}

void backfill_writer_add(struct backfill_writer *writer, const json_t *head, const json_t *event,
                         const struct backfill_arrival *arrival)
{
    int64_t time_ms = (int64_t)json_integer_value(json_object_get(event, "timestamp"));
    const char *id = json_text(event, "id");

    if (writer->count == writer->room) {
        writer->room = writer->room ? 2 * writer->room : 256;
        writer->lines = mem_resize(writer->lines, writer->room, sizeof *writer->lines);
    }
    writer->lines[writer->count++] = (struct line){.hour_s = hour_of(time_ms, arrival),
                                                   .time_ms = time_ms,
                                                   .id = id ? id : "",
                                                   .head = json_share(head),
                                                   .event = json_share(event)};
}

/* ---- order ---- */

static const char *text_of(const json_t *object, const char *key)
{
    const char *text = json_text(object, key);

    return text ? text : "";
}

static int by_head(const json_t *a, const json_t *b)
{
    static const char *const members[] = {"owner", "logGroup", "logStream"};
    int order = 0;

    for (size_t i = 0; a != b && !order && i < sizeof members / sizeof *members; i++)
        order = strcmp(text_of(a, members[i]), text_of(b, members[i]));
    return order;
}

/* By hour, time, id, then what tells them apart where there is no id. */
static int by_time(const void *left, const void *right)
{
    const struct line *a = left, *b = right;
    int order;

    if (a->hour_s != b->hour_s)
        return a->hour_s < b->hour_s ? -1 : 1;
    if (a->time_ms != b->time_ms)
        return a->time_ms < b->time_ms ? -1 : 1;
    order = strcmp(a->id, b->id);
    if (!order)
        order = strcmp(text_of(a->event, "message"), text_of(b->event, "message"));
    return order ? order : by_head(a->head, b->head);
}

/* The same event twice is once enough. */
static void put_in_order(void *arg)
{
    struct backfill_writer *writer = arg;
    size_t kept = 0;

    qsort(writer->lines, writer->count, sizeof *writer->lines, by_time);
    for (size_t i = 0; i < writer->count; i++) {
        struct line *line = &writer->lines[i];

        if (kept && *line->id && writer->lines[kept - 1].hour_s == line->hour_s &&
            !strcmp(writer->lines[kept - 1].id, line->id)) {
            json_decref(line->head);
            json_decref(line->event);
            continue;
        }
        writer->lines[kept++] = *line;
    }
    writer->count = kept;
}

/* ---- form ---- */

static json_t *envelope_of(const json_t *head)
{
    const json_t *filters = json_object_get(head, "subscriptionFilters");

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:[]}", "messageType", "DATA_MESSAGE", "owner",
                     text_of(head, "owner"), "logGroup", text_of(head, "logGroup"), "logStream",
                     text_of(head, "logStream"), "subscriptionFilters",
                     filters ? json_share(filters) : json_array(), "logEvents");
}

static void add_envelope(struct str *out, const json_t *envelope)
{
    char *text = json_dumps(envelope, JSON_COMPACT);

    if (!text)
        abort(); /* what was read as JSON can be written as JSON */
    str_add(out, text);
    str_add_char(out, '\n');
    free(text);
}

/* One envelope per run of lines from the same log stream. */
static void add_lines(struct str *out, const struct line *lines, size_t count)
{
    size_t i = 0;

    while (i < count) {
        json_auto_t *envelope = envelope_of(lines[i].head);
        json_t *events = json_object_get(envelope, "logEvents");
        const json_t *head = lines[i].head;

        while (i < count && json_array_size(events) < BACKFILL_LINE_EVENTS &&
               !by_head(lines[i].head, head))
            json_array_append_new(
                events, json_pack("{s:O*, s:O*, s:O*}", "id", json_object_get(lines[i].event, "id"),
                                  "timestamp", json_object_get(lines[i].event, "timestamp"),
                                  "message", json_object_get(lines[i].event, "message"))),
                i++;
        add_envelope(out, envelope);
    }
}

/* The lines of one object. */
struct piece {
    struct backfill_writer *writer;
    const struct line *lines;
    size_t count;
    char *key;
    struct str body;
};

static void make_object(void *arg)
{
    struct piece *piece = arg;
    const struct backfill_writer *writer = piece->writer;
    cleanup_str struct str text = {0};
    char content[RECOVERED_ID];

    add_lines(&text, piece->lines, piece->count);
    recovered_text_id(str_text(&text), text.len, content);
    piece->key =
        recovered_key(writer->billing, piece->lines->hour_s, writer->kind, writer->source, content);
    gzip_pack(str_text(&text), text.len, &piece->body);
}

/* Lines of other log groups come back, too, and are nobody's. */
static void add_worth(void *arg)
{
    const struct piece *piece = arg;
    const struct billing *billing = piece->writer->billing;

    for (size_t i = 0; i < piece->count; i++) {
        const struct line *line = &piece->lines[i];

        if (billing_owns(billing, text_of(line->head, "owner"), text_of(line->head, "logGroup")))
            backfill_worth_add(piece->writer->worth, billing, line->event);
    }
}

static int write_object(struct flow *flow, struct piece *piece, struct err *e)
{
    const struct backfill_writer *writer = piece->writer;
    int made = 1;

    flow_work(flow, make_object, piece);
    if (!writer->dry_run)
        made = object_content_put(
            flow, writer->billing,
            &(struct object_new){piece->key, "application/gzip", &piece->body}, e);
    free(piece->key);
    str_fini(&piece->body);
    if (made < 0)
        return -1;
    /* A key that is taken is a hash of what the object holds, so the object is ours. */
    writer->written->objects += made;
    *(made ? &writer->written->events : &writer->written->there) += (int64_t)piece->count;
    if (made)
        flow_work(flow, add_worth, piece);
    return 0;
}

int backfill_writer_flush(struct flow *flow, struct backfill_writer *writer, struct err *e)
{
    size_t from = 0, to;
    int failed = 0;

    if (!writer->count)
        return 0;
    flow_work(flow, put_in_order, writer);
    while (!failed && from < writer->count) {
        for (to = from; to < writer->count && to - from < BACKFILL_EVENTS &&
                        writer->lines[to].hour_s == writer->lines[from].hour_s;)
            to++;
        failed = write_object(
            flow,
            &(struct piece){.writer = writer, .lines = &writer->lines[from], .count = to - from},
            e);
        from = to;
    }
    flow_work(flow, drop_lines, writer);
    return failed;
}

int backfill_writer_flush_full(struct flow *flow, struct backfill_writer *writer, struct err *e)
{
    return writer->count >= BACKFILL_KEPT_EVENTS ? backfill_writer_flush(flow, writer, e) : 0;
}
