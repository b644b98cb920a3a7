/* audit_exact.c -- where ids can be compared, the hours of a loss are told exactly: the log group's
 * events against those in S3.  Otherwise the gap keeps the interval that the counts give. */
#include "base/json.h"
#include "base/mem.h"
#include "billing/audit/audit_private.h"
#include "billing/events/events_missing.h"

#include <string.h>

/* Read for one audit: at 5 calls a second and some thousand events a call, less than a minute. */
enum { MOST_EVENTS = 200000, MOST_HOURS = 48 };

/* Events by their own hour: the one in which they were logged, or the one before it. */
struct hours_found {
    int64_t from_s, to_s;
    json_t *hours; /* [{"hour", "events"}] in the order of time */
    int64_t events;
};

static void take_missing(void *arg, const json_t *event)
{
    struct hours_found *found = arg;
    int64_t hour_s = json_whole(event, "timestamp") / 1000 / EVENTS_HOUR_S * EVENTS_HOUR_S;
    json_t *last = json_array_get(found->hours, json_array_size(found->hours) - 1);

    found->events++;
    if (last && json_whole(last, "hour") == hour_s) {
        json_object_set_new(last, "events", json_integer(json_whole(last, "events") + 1));
        return;
    }
    json_array_append_new(found->hours,
                          json_pack("{s:I, s:i}", "hour", (json_int_t)hour_s, "events", 1));
}

/* ---- which gaps ---- */

static bool is_behind_the_log(const json_t *gap)
{
    const char *hop = json_text(gap, "hop");

    return !strcmp(hop, "forwarded") || !strcmp(hop, "delivered");
}

/* Two hops that lost events of the same hours are not told apart by ids. */
static bool is_alone(const json_t *gaps, const json_t *gap)
{
    size_t i;
    json_t *other;

    json_array_foreach(gaps, i, other)
        if (other != gap && is_behind_the_log(other) &&
            json_whole(other, "from") <= json_whole(gap, "to") &&
            json_whole(other, "to") >= json_whole(gap, "from"))
            return false;
    return true;
}

/* Events of the hours, as far as anybody counted them. */
static int64_t size_of(struct audit *audit, const json_t *gap)
{
    int64_t events = 0;

    for (int64_t at = json_whole(gap, "from") - AUDIT_HOUR_S; at <= json_whole(gap, "to");
         at += AUDIT_HOUR_S) {
        const struct audit_hour *hour = audit_ladder_hour(audit, at);

        if (hour)
            events += hour->hops[AUDIT_INGESTED] > hour->hops[AUDIT_DELIVERED]
                          ? hour->hops[AUDIT_INGESTED]
                          : hour->hops[AUDIT_DELIVERED];
    }
    return events;
}

/* ---- one gap ---- */

static int compare(struct flow *flow, const struct audit *audit, struct hours_found *found,
                   struct err *e)
{
    struct events_present present;
    struct events_walk walk = {.present = &present, .missing = take_missing, .arg = found};
    int failed = 0;

    events_present_init(&present, found->to_s - found->from_s);
    present.end_s = found->to_s;
    for (int64_t at = found->from_s; !failed && at < found->to_s; at += EVENTS_HOUR_S)
        failed = events_missing_hour(flow, audit->billing, &walk, at, e);
    events_present_fini(&present);
    return failed ? -1 : 0;
}

/* As many as the counts miss, or more: these are they.  Fewer: the rest was logged late, under
 * hours that were not read, and the interval of the counts stays. */
static void take_hours(json_t *gap, const struct hours_found *found)
{
    size_t n = json_array_size(found->hours);

    if (found->events < json_whole(gap, "events"))
        return;
    json_object_set_new(gap, "events", json_integer((json_int_t)found->events));
    json_object_set(gap, "from", json_object_get(json_array_get(found->hours, 0), "hour"));
    json_object_set_new(
        gap, "to",
        json_integer(json_whole(json_array_get(found->hours, n - 1), "hour") + AUDIT_HOUR_S));
    json_object_set(gap, "hours", found->hours);
    json_object_set_new(gap, "exact", json_true());
    json_object_del(gap, "likely_from");
    json_object_del(gap, "likely_to");
}

/* How much may be read yet. What the log group no longer keeps is no page but the first. */
struct budget {
    int64_t events, hours;
};

static int look(struct flow *flow, struct audit *audit, struct budget *budget, json_t *gap,
                struct err *e)
{
    struct hours_found found = {.from_s = json_whole(gap, "from") - AUDIT_HOUR_S,
                                .to_s = json_whole(gap, "to")};
    int64_t hours = (found.to_s - found.from_s) / AUDIT_HOUR_S, events = size_of(audit, gap);
    int failed;

    if (hours > budget->hours || events > budget->events)
        return 0;
    budget->hours -= hours;
    budget->events -= events;
    found.hours = json_array();
    failed = compare(flow, audit, &found, e);
    if (!failed)
        take_hours(gap, &found);
    json_decref(found.hours);
    return failed;
}

int audit_exact(struct flow *flow, struct audit *audit, json_t *gaps, struct err *e)
{
    struct budget budget = {.events = MOST_EVENTS, .hours = MOST_HOURS};
    struct err failed = {0};
    size_t i;
    json_t *gap;

    json_array_foreach(gaps, i, gap) {
        if (!is_behind_the_log(gap) || !is_alone(gaps, gap))
            continue;
        if (look(flow, audit, &budget, gap, &failed))
            break;
    }
    /* Who may not read the log group, or cannot now, has the interval. */
    return failed.kind == ERR_CANCELLED ? err_set(e, failed.kind, "%s", failed.text) : 0;
}
