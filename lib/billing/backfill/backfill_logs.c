/* backfill_logs.c -- what the log group has and S3 has not, written beside what was delivered. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "billing/backfill/backfill_private.h"
#include "billing/events/events_missing.h"
#include "billing/store/recovered.h"

#include <stdio.h>
#include <string.h>

enum {
    PIECE_ROOM = 32,
    ON_ITS_WAY_S = 30 * 60 /* as the audit has it: Firehose's buffer is 15 minutes at most */
};

/* An hour of the log group, being read again. */
struct window {
    const struct billing *billing;
    struct backfill_writer *writer;
    const struct events_walk *walk;
    int64_t until_ms; /* what came later is on its way */
    json_t *head;     /* of the last event, owned: the next one mostly has the same */
};

static json_t *head_of(struct window *window, const char *stream)
{
    const char *last = json_text(window->head, "logStream"), *group = window->walk->log_group;

    if (!last || strcmp(last, stream) != 0 ||
        strcmp(json_text(window->head, "logGroup"), group) != 0) {
        json_decref(window->head);
        window->head =
            json_pack("{s:s, s:s, s:s, s:[s]}", "owner", window->billing->account, "logGroup",
                      group, "logStream", stream, "subscriptionFilters", "billingd-backfill");
    }
    return window->head;
}

static void take_event(void *arg, const json_t *event)
{
    struct window *window = arg;
    const char *id = json_text(event, "eventId"), *stream = json_text(event, "logStreamName");
    json_int_t came_ms = json_whole(event, "ingestionTime");
    json_auto_t *kept = json_pack("{s:s, s:O*, s:O*}", "id", id ? id : "", "timestamp",
                                  json_object_get(event, "timestamp"), "message",
                                  json_object_get(event, "message"));

    if (came_ms < window->until_ms)
        backfill_writer_add(window->writer, head_of(window, stream ? stream : ""), kept,
                            &(struct backfill_arrival){came_ms / 1000, 0});
}

static int flush_page(struct flow *flow, void *arg, struct err *e)
{
    const struct window *window = arg;

    return backfill_writer_flush_full(flow, window->writer, e);
}

static const char *piece_of(int64_t hour_s, char piece[static PIECE_ROOM])
{
    (void)snprintf(piece, PIECE_ROOM, "%lld", (long long)hour_s);
    return piece;
}

static bool is_wanted(struct backfill *backfill, int64_t hour_s)
{
    char piece[PIECE_ROOM];

    return backfill_pace_wants(backfill, piece_of(hour_s, piece));
}

static int read_hour(struct flow *flow, struct backfill *backfill, int64_t hour_s, struct err *e)
{
    const struct billing *billing = backfill->billing;
    cleanup_free char *name = mem_printf("%s\n%lld", billing->names.log_group, (long long)hour_s);
    char source[RECOVERED_ID], piece[PIECE_ROOM];
    const struct backfill_target target = {"logs", source, backfill->request->dry_run,
                                           &backfill->logs, backfill->worth};
    int64_t until_s = clock_now_ms() / 1000 - ON_ITS_WAY_S, before = backfill->logs.events;
    struct window window = {.billing = billing, .until_ms = until_s * 1000};
    struct events_walk walk = {
        .present = &backfill->ids, .missing = take_event, .page = flush_page, .arg = &window};
    int failed;

    recovered_text_id(name, strlen(name), source);
    window.walk = &walk;
    window.writer = backfill_writer_new(billing, &target);
    failed = events_missing_hour(flow, billing, &walk, hour_s, e) ||
             backfill_writer_flush(flow, window.writer, e);
    backfill->read += walk.read;
    backfill->present += walk.found;
    backfill->bytes += walk.bytes;
    backfill_writer_free(flow, window.writer);
    json_decref(window.head);
    if (!failed && hour_s + BACKFILL_HOUR_S <= until_s)
        backfill_pace_did(backfill, piece_of(hour_s, piece), backfill->logs.events - before);
    return failed;
}

int backfill_logs(struct flow *flow, struct backfill *backfill, int64_t from_s, int64_t to_s,
                  struct err *e)
{
    int failed = 0;

    events_present_clear(&backfill->ids);
    backfill->ids.end_s = to_s;
    for (int64_t hour_s = from_s; !failed && hour_s < to_s; hour_s += BACKFILL_HOUR_S) {
        if (!is_wanted(backfill, hour_s) || backfill_pace_is_over(backfill))
            continue;
        backfill_progress(backfill, "reading the log group, hour %lld of %lld",
                          (long long)((hour_s - from_s) / BACKFILL_HOUR_S + 1),
                          (long long)((to_s - from_s) / BACKFILL_HOUR_S));
        failed = read_hour(flow, backfill, hour_s, e);
    }
    return failed ? err_wrap(e, "reading %s again", backfill->billing->names.log_group) : 0;
}
