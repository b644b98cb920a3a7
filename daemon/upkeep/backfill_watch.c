#include "daemon/upkeep/backfill_watch.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "billing/audit/audit.h"
#include "billing/backfill/backfill.h"
#include "billing/backfill/backfill_holes.h"
#include "billing/backfill/backfill_worth.h"
#include "billing/prices/price_book.h"
#include "billing/rollup/rollup.h"
#include "billing/store/athena_query.h"
#include "billing/store/damaged.h"
#include "daemon/upkeep/audit_watch.h"
#include "daemon/health/service_metrics.h"

#include <string.h>

enum {
    HOUR_S = 3600,
    HOUR_MS = 3600000,
    DAY_S = 86400,
    DAY_MS = 86400000,  /* of the budget, between wide looks, the longest pause of a piece */
    FIRST_PAUSE_H = 2,  /* of a piece that was read */
    MOST_DOUBLINGS = 4, /* then DAY_MS */
    WIDE_DAYS = 92,
};

/* {pipeline: {
 *  "pieces": {piece: [times read in vain, when it may be read again]},
 *  "holes", "lost", "told": [{"from", "to", "events"}]  read; lost; told as lost
 *  "follow": end of what was filled last; none since the start: null
 *  "began", "used": of the budget
 *  "wide": when it was last looked far back, "cursor": up to where it is looked next time
 *  "judged": the wide window that is still to be judged, or null
 *  "said": what was told of the budget and the delivery}}; times in ms are monotonic. */
struct backfill_watch {
    json_t *memory;
    struct open_gaps *gaps; /* borrowed */
};

struct backfill_watch *backfill_watch_new(struct open_gaps *gaps)
{
    struct backfill_watch *watch = mem_new(sizeof *watch);

    *watch = (struct backfill_watch){json_object(), gaps};
    return watch;
}

void backfill_watch_free(struct backfill_watch *watch)
{
    if (!watch)
        return;
    json_decref(watch->memory);
    free(watch);
}

void backfill_watch_refresh(struct backfill_watch *watch)
{
    const char *pipeline;
    json_t *own;

    json_object_foreach(watch->memory, pipeline, own)
        (void)json_object_del(own, "wide");
}

static json_t *memory_of(struct backfill_watch *watch, const char *pipeline)
{
    json_t *own = json_object_get(watch->memory, pipeline);

    if (own)
        return own;
    own = json_pack("{s:{}, s:[], s:[], s:[], s:{}}", "pieces", "holes", "lost", "told", "said");
    json_object_set_new(watch->memory, pipeline, own);
    metric_declare(&service_metrics.backfilled_events_total, pipeline, NULL);
    return own;
}

static void set_number(json_t *object, const char *key, int64_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

/* Told once, until it is over (text NULL). */
static void say(json_t *own, const char *pipeline, const char *event, const char *text)
{
    json_t *said = json_object_get(own, "said");
    const char *before = json_text(said, event);

    if (!text) {
        (void)json_object_del(said, event);
        return;
    }
    if (before && !strcmp(before, text))
        return;
    json_object_set_new(said, event, json_string(text));
    log_warning(event, "{s:s, s:s}", "pipeline", pipeline, "why", text);
}

/* ---- pieces ---- */

static bool wants(void *arg, const char *piece, bool again)
{
    const json_t *read = json_object_get(json_object_get(arg, "pieces"), piece);

    if (again != (read != NULL))
        return false;
    return !read || clock_monotonic_ms() >= json_integer_value(json_array_get(read, 1));
}

/* What brings nothing is read after 2, 4, 8, 16, and from then on every 24 hours. */
static void did(void *arg, const char *piece, int64_t events)
{
    json_t *pieces = json_object_get(arg, "pieces");
    json_int_t vain = json_integer_value(json_array_get(json_object_get(pieces, piece), 0));
    int64_t pause_ms = DAY_MS;

    vain = events ? 0 : vain + 1;
    if (vain <= MOST_DOUBLINGS)
        pause_ms = (int64_t)FIRST_PAUSE_H * HOUR_MS << (vain ? vain - 1 : 0);
    json_object_set_new(pieces, piece,
                        json_pack("[I, I]", vain, (json_int_t)(clock_monotonic_ms() + pause_ms)));
}

/* A list of spans has one over these hours with no fewer events. */
static bool is_known(const json_t *list, const json_t *gap)
{
    size_t i;
    json_t *known;

    json_array_foreach(list, i, known)
        if (json_whole(known, "from") < json_whole(gap, "to") &&
            json_whole(known, "to") > json_whole(gap, "from") &&
            json_whole(known, "events") >= json_whole(gap, "events"))
            return true;
    return false;
}

/* A hole that is new has its hours read, whenever they were read for another. */
static void forget_hours(json_t *own, const json_t *gap)
{
    json_t *pieces = json_object_get(own, "pieces");
    char piece[32];

    for (json_int_t at = json_whole(gap, "from") - HOUR_S; at < json_whole(gap, "to") + HOUR_S;
         at += HOUR_S) {
        (void)snprintf(piece, sizeof piece, "%lld", (long long)at);
        (void)json_object_del(pieces, piece);
    }
}

static json_t *span_of(const json_t *gap)
{
    return json_pack("{s:O, s:O, s:O, s:O}", "hop", json_object_get(gap, "hop"), "from",
                     json_object_get(gap, "from"), "to", json_object_get(gap, "to"), "events",
                     json_object_get(gap, "events"));
}

/* Spans of a list that an audit's window has a part of go: it says anew what is there. */
static void drop_within(json_t *list, const json_t *audit)
{
    for (size_t i = json_array_size(list); i-- > 0;) {
        const json_t *span = json_array_get(list, i);

        if (json_whole(span, "to") > json_whole(audit, "from") &&
            json_whole(span, "from") < json_whole(audit, "to"))
            json_array_remove(list, i);
    }
}

static void note_holes(json_t *own, const json_t *audit)
{
    json_t *holes = json_object_get(own, "holes"), *gap;
    size_t i;

    json_array_foreach(json_object_get(audit, "gaps"), i, gap)
        if (backfill_holes_is_one(gap) && !is_known(holes, gap))
            forget_hours(own, gap);
    drop_within(holes, audit);
    json_array_foreach(json_object_get(audit, "gaps"), i, gap)
        if (backfill_holes_is_one(gap))
            json_array_append_new(holes, span_of(gap));
}

/* ---- is there anything to do ---- */

/* AWS goes on skipping logs for up to ten minutes after a subscription that was refused is
 * repaired, too few for max_gap: so what follows on a hole that was filled is filled whatever its
 * size, and after a start, when nobody knows what was filled, every hole is.  (CloudWatch Logs user
 * guide, "Subscriptions") */
static bool is_worth_it(const json_t *own, const json_t *gap)
{
    const json_t *follow = json_object_get(own, "follow");

    return json_is_true(json_object_get(gap, "above_limit")) || !follow ||
           (json_whole(gap, "from") <= json_integer_value(follow) + HOUR_S &&
            json_whole(gap, "to") >= json_integer_value(follow));
}

static bool has_work(const json_t *own, const struct billing *billing, const json_t *audit)
{
    size_t i;
    json_t *gap;

    if (json_whole(json_object_get(audit, "error_objects"), "pending") ||
        json_array_size(damaged_objects(billing)))
        return true;
    json_array_foreach(json_object_get(audit, "gaps"), i, gap)
        if (backfill_holes_is_one(gap) && is_worth_it(own, gap))
            return true;
    return false;
}

/* ---- the budget ---- */

/* Whether gaps wait because it is used up. */
static void show_waiting(const struct billing *billing, bool waits)
{
    metric_set(&service_metrics.budget_used_up, waits, billing->pipeline, "backfill", NULL);
}

/* What is left of it; 0: nothing; INT64_MAX: there is none. */
static int64_t budget_left(json_t *own, const struct billing *billing)
{
    int64_t budget = billing->settings.backfill_budget_bytes, used;
    const json_t *began = json_object_get(own, "began");

    if (!budget)
        return INT64_MAX;
    if (!began || clock_monotonic_ms() - json_integer_value(began) >= DAY_MS) {
        set_number(own, "began", clock_monotonic_ms());
        set_number(own, "used", 0);
        say(own, billing->pipeline, "backfill_budget", NULL);
    }
    used = json_whole(own, "used");
    return used < budget ? budget - used : 0;
}

static void use_budget(json_t *own, int64_t bytes)
{
    set_number(own, "used", json_whole(own, "used") + bytes);
}

static void say_over(json_t *own, const struct billing *billing)
{
    say(own, billing->pipeline, "backfill_budget",
        "audit.backfill_budget is used up: gaps are read on 24 hours after it was begun");
    show_waiting(billing, true);
}

/* ---- the wide look ---- */

/* Seconds since 1970. */
struct hours {
    int64_t from_s, to_s;
};

static json_t *audit_span(struct flow *flow, json_t *own, const struct billing *billing,
                          struct hours hours, struct err *e)
{
    int64_t scanned = athena_query_scanned();
    json_t *audit = audit_run(flow, billing, hours.from_s, hours.to_s, e);

    scanned = athena_query_scanned() - scanned;
    use_budget(own, scanned);
    metric_add(&service_metrics.self_athena_scanned_bytes_total, (double)scanned, NULL);
    return audit;
}

/* Days that half of the budget is enough to audit (0: too few), by what the daemon's own audit
 * scanned for its two and those around them. */
static int64_t days_within(const struct billing *billing, int64_t scanned)
{
    int64_t around = billing->settings.late_days + 1,
            budget = billing->settings.backfill_budget_bytes;
    int64_t days = WIDE_DAYS;

    if (budget && scanned)
        days = budget / 2 / scanned * (AUDIT_WATCH_S / DAY_S + around) - around;
    return days > WIDE_DAYS ? WIDE_DAYS : days < AUDIT_WATCH_S / DAY_S ? 0 : days;
}

/* The audit of the days before; NULL: it is not the time for it, or there are none; or *e. */
static json_t *look_back(struct flow *flow, json_t *own, const struct billing *billing,
                         const struct backfill_look *look, struct err *e)
{
    int64_t now_s = clock_now_ms() / 1000, days = days_within(billing, look->scanned_bytes);
    int64_t oldest_s, from_s;
    int64_t to_s = json_whole(own, "cursor");
    const json_t *last = json_object_get(own, "wide");
    struct day first;
    json_t *audit;
    int found;

    if ((last && clock_monotonic_ms() - json_integer_value(last) < DAY_MS) || !days ||
        !budget_left(own, billing))
        return NULL;
    found = rollup_first_day(flow, billing, &first, e);
    if (found > 0) /* no data yet */
        err_clear(e);
    if (found)
        return NULL;
    oldest_s = calendar_day_start(price_book_zone(billing->book), first);
    if (oldest_s < now_s - (int64_t)WIDE_DAYS * DAY_S)
        oldest_s = now_s - (int64_t)WIDE_DAYS * DAY_S;
    if (look->audit && json_whole(look->audit, "from") <= oldest_s)
        return NULL; /* which has looked as far, and further: what came first may be missing */
    if (to_s <= oldest_s || to_s > now_s)
        to_s = now_s;
    from_s = to_s - days * DAY_S > oldest_s ? to_s - days * DAY_S : oldest_s;
    audit = audit_span(flow, own, billing, (struct hours){from_s, to_s}, e);
    if (!audit)
        return NULL;
    set_number(own, "wide", clock_monotonic_ms());
    set_number(own, "cursor", from_s);
    return audit;
}

/* ---- what is lost ---- */

static void tell_lost(json_t *own, const struct billing *billing, const json_t *gap)
{
    json_t *told = json_object_get(own, "told");
    json_auto_t *span = span_of(gap), *spans = NULL, *risk = NULL;

    if (is_known(told, gap))
        return;
    json_array_append(told, span);
    spans = json_pack("[O]", span);
    risk = backfill_worth_at_risk(billing, spans, json_whole(gap, "events"));
    log_warning("backfill_lost", "{s:s, s:s, s:I, s:I, s:I, s:O, s:s, s:s, s:O?}", "pipeline",
                billing->pipeline, "hop", json_text(gap, "hop"), "from", json_whole(gap, "from"),
                "to", json_whole(gap, "to"), "events", json_whole(gap, "events"), "amount",
                json_object_get(risk, "amount"), "currency", json_text(risk, "currency"), "price",
                json_text(risk, "price"), "retention_days", json_object_get(own, "retention"));
}

/* All that is still missing behind the log group: the log group was asked. */
static void judge(json_t *own, const struct billing *billing, const json_t *audit)
{
    json_t *lost = json_object_get(own, "lost"), *gap;
    int64_t events = 0;
    size_t i;

    drop_within(lost, audit);
    json_array_foreach(json_object_get(audit, "gaps"), i, gap) {
        if (!backfill_holes_is_one(gap) || !strcmp(json_text(gap, "hop"), "ingested") ||
            !json_is_true(json_object_get(gap, "above_limit")))
            continue;
        json_array_append_new(lost, span_of(gap));
        tell_lost(own, billing, gap);
    }
    json_array_foreach(lost, i, gap)
        events += json_whole(gap, "events");
    metric_set(&service_metrics.backfill_lost_events, (double)events, billing->pipeline, NULL);
}

int backfill_watch_survey(struct flow *flow, struct backfill_watch *watch,
                          const struct billing *billing, const struct backfill_look *look,
                          struct err *e)
{
    json_t *own = memory_of(watch, billing->pipeline);
    json_t *wide = look_back(flow, own, billing, look, e);

    if (wide)
        open_gaps_note(watch->gaps, billing->pipeline, wide);
    flow_drop(flow, wide);
    return e->kind == ERR_NONE ? 0 : -1;
}

int backfill_watch_judge(struct flow *flow, struct backfill_watch *watch,
                         const struct billing *billing, const json_t *audit, struct err *e)
{
    json_t *own = memory_of(watch, billing->pipeline), *span = json_object_get(own, "judged");
    json_t *wide = NULL;

    if (!json_is_object(span))
        return 0;
    if (json_whole(span, "from") < json_whole(audit, "from")) {
        wide = audit_span(flow, own, billing,
                          (struct hours){json_whole(span, "from"), json_whole(span, "to")}, e);
        if (!wide)
            return -1;
        open_gaps_note(watch->gaps, billing->pipeline, wide);
    }
    (void)json_object_del(own, "judged");
    judge(own, billing, wide ? wide : audit);
    flow_drop(flow, wide);
    return 0;
}

/* ---- filling ---- */

static json_int_t written(const json_t *report, const char *what)
{
    static const char *const sources[] = {"logs", "errors", "damaged"};
    json_int_t sum = 0;

    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++)
        sum += json_whole(json_object_get(report, sources[i]), what);
    return sum;
}

static void tell_filled(const struct billing *billing, const json_t *report)
{
    const json_t *holes = json_object_get(report, "holes"),
                 *worth = json_object_get(report, "worth"), *first = json_array_get(holes, 0),
                 *last = json_array_get(holes, json_array_size(holes) - 1);

    metric_add(&service_metrics.backfilled_events_total, (double)written(report, "events"),
               billing->pipeline, NULL);
    log_info("backfilled", "{s:s, s:I, s:I, s:O?, s:O?, s:I, s:I, s:O, s:s, s:s}", "pipeline",
             billing->pipeline, "events", written(report, "events"), "objects",
             written(report, "objects"), "from", json_object_get(first, "from"), "to",
             json_object_get(last, "to"), "calls", json_whole(worth, "calls"), "bytes",
             json_whole(worth, "bytes"), "amount", json_object_get(worth, "amount"), "currency",
             json_text(worth, "currency"), "price", json_text(worth, "price"));
}

static json_t *fill(struct flow *flow, json_t *own, const struct billing *billing,
                    const json_t *audit, struct err *e)
{
    int64_t left = budget_left(own, billing), scanned = athena_query_scanned();
    const struct backfill_pace pace = {wants, did, own, left == INT64_MAX ? 0 : left};
    const struct backfill_request request = {.from_s = json_whole(audit, "from"),
                                             .to_s = json_whole(audit, "to"),
                                             .audit = audit,
                                             .pace = &pace};
    json_t *report;

    note_holes(own, audit);
    report = backfill_run(flow, billing, &request, e);
    metric_add(&service_metrics.self_athena_scanned_bytes_total,
               (double)(athena_query_scanned() - scanned), NULL);
    use_budget(own, report ? json_whole(report, "bytes_read") : athena_query_scanned() - scanned);
    return report;
}

static void note_filled(json_t *own, const json_t *report)
{
    const json_t *holes = json_object_get(report, "holes");
    const json_t *last = json_array_get(holes, json_array_size(holes) - 1);
    bool wrote = written(report, "events") > 0;

    json_object_set(own, "retention", json_object_get(report, "retention_days"));
    if (wrote || !json_object_get(own, "follow"))
        set_number(own, "follow", wrote && last ? json_whole(last, "to") - HOUR_S : 0);
}

/* 1: something was written. */
static int fill_holes(struct flow *flow, json_t *own, const struct billing *billing,
                      const json_t *audit, struct err *e)
{
    bool again;
    json_auto_t *report = fill(flow, own, billing, audit, e);

    if (!report)
        return -1;
    note_filled(own, report);
    again = written(report, "events") > 0;
    if (again)
        tell_filled(billing, report);
    if (json_is_true(json_object_get(report, "over_budget")))
        say_over(own, billing); /* nobody knows yet what is lost */
    else if (again)
        json_object_set_new(own, "judged",
                            json_pack("{s:O, s:O}", "from", json_object_get(audit, "from"), "to",
                                      json_object_get(audit, "to")));
    else
        judge(own, billing, audit);
    return again;
}

/* What is missing by this audit. */
static int fill_by(struct flow *flow, json_t *own, const struct billing *billing,
                   const struct backfill_look *look, struct err *e)
{
    const json_t *audit = look->audit;
    bool works = has_work(own, billing, audit);

    show_waiting(billing, works && !budget_left(own, billing));
    say(own, billing->pipeline, "backfill_waits", works ? look->broken : NULL);
    if (!works) {
        judge(own, billing, audit);
        if (!json_object_get(own, "follow"))
            set_number(own, "follow", 0);
        return 0;
    }
    if (look->broken)
        return 0;
    if (!budget_left(own, billing)) {
        say_over(own, billing);
        return 0;
    }
    return fill_holes(flow, own, billing, audit, e);
}

int backfill_watch_fill(struct flow *flow, struct backfill_watch *watch,
                        const struct billing *billing, const struct backfill_look *look,
                        struct err *e)
{
    json_t *own = memory_of(watch, billing->pipeline);
    json_t *wide = look_back(flow, own, billing, look, e);
    const struct backfill_look by = {wide ? wide : look->audit, look->scanned_bytes, look->broken};
    int filled = -1;

    (void)json_object_del(own, "judged");
    if (wide)
        open_gaps_note(watch->gaps, billing->pipeline, wide);
    if (e->kind == ERR_NONE)
        filled = fill_by(flow, own, billing, &by, e);
    flow_drop(flow, wide);
    return filled;
}
