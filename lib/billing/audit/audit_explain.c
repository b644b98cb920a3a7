/* audit_explain.c -- gaps in words, as far as AWS documents why events go missing. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/audit/audit_gap.h"
#include "billing/audit/audit_private.h"
#include "billing/prices/price_book.h"
#include "billing/store/damaged.h"

#include <stdlib.h>
#include <string.h>

/* (API Gateway, "Logging variables for HTTP APIs" and "Monitoring HTTP API": requests that get no
 * log entry) */
static void explain_ingested(struct str *text, const struct audit *audit, const json_t *gap,
                             bool explained)
{
    cleanup_free char *hint =
        audit_foreign_hint(audit, json_whole(gap, "from"), json_whole(gap, "to"));

    if (explained)
        str_add(text, "API Gateway logs no 413 and 431, excess 429, 4xx of unmapped domains and "
                      "some 5xx: within max_gap that explains it");
    else
        str_add(text, "the gateway counted requests that never reached the log group: more than "
                      "what API Gateway omits (413, 431, excess 429, some 5xx); access logging "
                      "was off, changed, or refused");
    if (hint)
        str_addf(text, "; %s", hint);
}

static void explain_forwarded(struct str *text, const json_t *gap)
{
    json_int_t errors = json_whole(gap, "delivery_errors");
    json_int_t throttled = json_whole(gap, "delivery_throttling");

    if (errors)
        str_addf(text,
                 "CloudWatch Logs could not deliver %lld (DeliveryErrors: stream gone or role "
                 "refused; never tried again)",
                 (long long)errors);
    if (throttled)
        str_addf(text, "%s%lld throttled by Firehose for over 24 hours (DeliveryThrottling)",
                 text->len ? "; " : "", (long long)throttled);
    if (!text->len)
        str_add(text, json_is_true(json_object_get(gap, "counted"))
                          ? "logged, but not all forwarded: no subscription filter for a while"
                          : "logged, and nothing forwarded: there was no subscription filter");
    str_add(text, "; `billingd backfill` reads them from the log group while it keeps them");
}

static int64_t unreadable_lines(const struct audit *audit)
{
    int64_t lines = 0;

    for (size_t i = audit->first; i < audit->last; i++)
        lines += audit->hours[i].unreadable;
    return lines;
}

static void explain_damaged(struct str *text, const json_t *damaged)
{
    const json_t *first = json_array_get(damaged, 0);

    if (first)
        str_addf(text, "%s%zu objects cannot be read by any query and are left out: %s %s",
                 text->len ? "; " : "", json_array_size(damaged), json_text(first, "key"),
                 json_text(first, "problem"));
    if (json_array_size(damaged) > 1)
        str_add(text, " ...");
}

static void explain_delivered(struct str *text, const struct audit *audit)
{
    json_int_t undelivered = json_whole(audit->error_objects, "pending");
    json_int_t legacy = json_whole(audit->legacy, "pending");
    int64_t unreadable = unreadable_lines(audit);

    if (undelivered)
        str_addf(text, "%lld objects with %s%lld events lie below %s", (long long)undelivered,
                 json_is_true(json_object_get(audit->error_objects, "all_read")) ? "" : "at least ",
                 (long long)json_whole(audit->error_objects, "events"),
                 json_text(audit->error_objects, "prefix"));
    if (legacy)
        str_addf(text,
                 "%s%lld objects with %s%lld events lie below %s in a form of which Athena reads "
                 "%lld; `billingd backfill --legacy %s` recovers them",
                 text->len ? "; " : "", (long long)legacy,
                 json_is_true(json_object_get(audit->legacy, "all_read")) ? "" : "at least ",
                 (long long)json_whole(audit->legacy, "events"), json_text(audit->legacy, "prefix"),
                 (long long)json_whole(audit->legacy, "readable"),
                 json_text(audit->legacy, "prefix"));
    if (unreadable)
        str_addf(
            text,
            "%s%lld lines of objects of the audited hours are unreadable (blank, broken, or no "
            "envelope of CloudWatch Logs) and may have held them",
            text->len ? "; " : "", (long long)unreadable);
    explain_damaged(text, damaged_objects(audit->billing));
    if (!text->len)
        str_add(text, "Firehose took them and no readable object holds them: an object was "
                      "deleted or archived, or S3 refused for over 24 hours");
    if (audit->unread)
        str_add(text, "; nothing of what lies in S3 can be billed before `billingd apply`");
    if (undelivered || !legacy)
        str_add(text, "; `billingd backfill` recovers them");
}

static void explain(json_t *gap, const struct audit *audit, bool above)
{
    const char *hop = json_text(gap, "hop");
    bool explained = !above && !strcmp(hop, "ingested");
    cleanup_str struct str text = {0};

    if (!strcmp(hop, "ingested"))
        explain_ingested(&text, audit, gap, explained);
    else if (!strcmp(hop, "forwarded"))
        explain_forwarded(&text, gap);
    else if (!strcmp(hop, "delivered"))
        explain_delivered(&text, audit);
    if (text.len)
        json_object_set_new(gap, "explanation", json_string(str_text(&text)));
    json_object_set_new(gap, "explained", json_boolean(explained));
    json_object_set_new(gap, "above_limit", json_boolean(above));
    json_object_set_new(gap, "share",
                        json_real(json_whole(gap, "of") ? (double)json_whole(gap, "events") /
                                                              (double)json_whole(gap, "of")
                                                        : 1.0));
}

static int64_t unique_requests(const struct audit *audit)
{
    int64_t sum = 0;

    for (size_t i = audit->first; i < audit->last; i++)
        sum += audit->hours[i].unique;
    return sum;
}

/* ---- billing days ---- */

/* What is missing of a billing day, or too much. */
struct shortage {
    const char *hop;
    json_int_t events, of;
    const char *explanation;
};

static json_t *day_gap(const struct audit *audit, const json_t *day,
                       const struct shortage *shortage)
{
    const char *zone = price_book_zone(audit->billing->book);
    struct day first = {0};
    struct err ignored = {0};

    (void)calendar_parse_day(json_text(day, "day"), &first, &ignored);
    return json_pack("{s:s, s:I, s:I, s:s, s:I, s:I, s:s}", "hop", shortage->hop, "from",
                     (json_int_t)calendar_day_start(zone, first), "to",
                     (json_int_t)calendar_day_start(zone, calendar_add_days(first, 1)), "day",
                     json_text(day, "day"), "events", shortage->events, "of", shortage->of,
                     "explanation", shortage->explanation);
}

/* Why the rollup holds more or less than there are requests: what its own state says, which a look
 * at the build found, and not what it usually is. */
static const char *rollup_cause(const json_t *day, bool more)
{
    const char *state = json_text(day, "state"), *why = json_text(day, "why");

    if (state && !strcmp(state, "late") && more)
        return "log objects that the rollup was built from are gone or changed; `billingd rollup` "
               "keeps a build that holds more than they do";
    if (why)
        return why;
    if (state && !strcmp(state, "kept"))
        return "log objects that the rollup was built from are gone since; it stays as it was "
               "built, and what it holds beyond the requests is billed by its record alone";
    if (state && !strcmp(state, "current"))
        return more ? "the rollup is what its record says and holds MORE than there are requests; "
                      "`billingd rollup --rebuild --day` counts it again"
                    : "the rollup is what its record says and holds less than there are requests; "
                      "`billingd rollup --rebuild --day` counts it again";
    if (!state)
        return "why is not known: the builds could not be looked at; `billingd rollup` tells";
    return "`billingd rollup` looks at it";
}

static void add_day_gaps(json_t *gaps, const struct audit *audit, const json_t *day,
                         json_int_t whole)
{
    json_int_t calls = json_whole(day, "calls"), rolled_up = json_whole(day, "rolled_up");
    json_int_t late = json_whole(day, "late_events");
    bool more = rolled_up > calls;
    const struct shortage differs = {"rolled_up", more ? rolled_up - calls : calls - rolled_up,
                                     whole, rollup_cause(day, more)};
    const struct shortage too_late = {"rolled_up", late, whole,
                                      "these arrived after rollup.late_days: more of them is the "
                                      "only way to bill them"};

    if (calls != rolled_up)
        json_array_append_new(gaps, day_gap(audit, day, &differs));
    if (late)
        json_array_append_new(gaps, day_gap(audit, day, &too_late));
}

static void add_days(json_t *gaps, const struct audit *audit)
{
    json_int_t whole = 0, rolled_up = 0, billed = json_whole(audit->billed, "calls");
    size_t i;
    json_t *day;

    json_array_foreach(audit->days, i, day) {
        whole += json_whole(day, "calls");
        rolled_up += json_whole(day, "rolled_up");
    }
    json_array_foreach(audit->days, i, day)
        add_day_gaps(gaps, audit, day, whole);
    if (audit->billed && billed != rolled_up) {
        const struct shortage shortage = {
            "billed", billed > rolled_up ? billed - rolled_up : rolled_up - billed, rolled_up,
            "the bill's query and the rollups differ: a rollup changed in between, or its query is "
            "wrong"};

        json_array_append_new(gaps, day_gap(audit, json_array_get(audit->days, 0), &shortage));
    }
}

/* ---- what no billing day counts ---- */

static json_t *window_gap(const struct audit *audit, int64_t events, const char *explanation)
{
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:s}", "hop", "rolled_up", "from",
                     (json_int_t)audit->from_s, "to", (json_int_t)audit->to_s, "events",
                     (json_int_t)events, "of", (json_int_t)unique_requests(audit), "explanation",
                     explanation);
}

/* Requests that arrived in the judged hours. Those of the audited days that came too late are told
 * per day. */
static void add_uncounted(json_t *gaps, const struct audit *audit)
{
    struct audit_counting counting = audit_sum_counting(audit);

    if (counting.too_late)
        json_array_append_new(
            gaps,
            window_gap(audit, counting.too_late,
                       "these are of earlier days and arrived after rollup.late_days: more of "
                       "them is the only way to bill them"));
    if (counting.out_of_window)
        json_array_append_new(
            gaps, window_gap(
                      audit, counting.out_of_window,
                      "out of window: the time in these lines is years or months away from their "
                      "arrival, on no day that it could count for, so nobody is billed; a clock or "
                      "the log format's requestTimeEpoch is wrong"));
}

/* ---- nothing can be billed at all ---- */

/* Events, by the first hop that counted any; forwarded last, which counts copies. */
static int64_t traffic(const struct audit *audit)
{
    static const enum audit_hop hops[] = {AUDIT_DELIVERED, AUDIT_INGESTED, AUDIT_GATEWAY,
                                          AUDIT_FORWARDED};

    for (size_t i = 0; i < AUDIT_HOPS; i++)
        if (audit_ladder_sum(audit, hops[i]))
            return audit_ladder_sum(audit, hops[i]);
    return 0;
}

/* Before `apply` there is no view to count with, but who counted events and what lies there in an
 * older form is known. */
static void add_unread(json_t *gaps, const struct audit *audit)
{
    int64_t whole = traffic(audit), legacy = (int64_t)json_whole(audit->legacy, "events");
    int64_t events = whole > legacy ? whole : legacy,
            read = (int64_t)json_whole(audit->legacy, "readable");
    json_t *gap = window_gap(audit, events > read ? events - read : 0, "");

    if (audit->unread && events > read) {
        json_object_set_new(gap, "hop", json_string("delivered"));
        json_object_set_new(gap, "of", json_integer((json_int_t)events));
        json_array_append(gaps, gap);
    }
    json_decref(gap);
}

/* However much may be missing: not everything. */
static bool is_all_missing(const struct audit *audit, const json_t *gap)
{
    return traffic(audit) && !unique_requests(audit) && !audit->before_since &&
           strcmp(json_text(gap, "hop"), "rolled_up") != 0;
}

/* ---- the whole ---- */

static int by_events(const void *a, const void *b)
{
    json_int_t x = json_whole(*(json_t *const *)a, "events"),
               y = json_whole(*(json_t *const *)b, "events");

    return x < y ? 1 : x > y ? -1 : 0;
}

static json_t *worst_first(json_t *gaps)
{
    size_t n = json_array_size(gaps);
    cleanup_free json_t **order = mem_new((n + 1) * sizeof(json_t *));
    json_t *result = json_array();

    for (size_t i = 0; i < n; i++)
        order[i] = json_array_get(gaps, i);
    qsort(order, n, sizeof *order, by_events);
    for (size_t i = 0; i < n; i++)
        json_array_append(result, order[i]);
    json_decref(gaps);
    return result;
}

/* All gaps of a hop count together: many small ones are one big one. */
static bool is_above(const struct audit *audit, const json_t *gaps, const char *hop)
{
    int64_t events = 0, whole = 0;
    size_t i;
    json_t *gap;

    json_array_foreach(gaps, i, gap) {
        if (strcmp(json_text(gap, "hop"), hop) != 0 || json_object_get(gap, "accepted"))
            continue;
        events += (int64_t)json_whole(gap, "events");
        if (whole < (int64_t)json_whole(gap, "of"))
            whole = (int64_t)json_whole(gap, "of");
    }
    return audit_ladder_exceeds(events, whole, audit->billing->settings.max_gap);
}

/* ---- what the spec accepts ---- */

/* As seconds. */
struct hours {
    int64_t from_s, to_s;
};

static bool is_within(const json_t *gap, struct hours hours)
{
    return audit_gap_is_open(gap) && (int64_t)json_whole(gap, "from") >= hours.from_s &&
           (int64_t)json_whole(gap, "to") <= hours.to_s;
}

/* Only what is no more than was accepted: another loss of these days is a gap, with all of it. */
static void accept_gaps(const struct audit *audit, json_t *gaps,
                        const struct billing_accepted *accepted)
{
    const char *zone = price_book_zone(audit->billing->book);
    const struct hours hours = {
        calendar_day_start(zone, accepted->days.first),
        calendar_day_start(zone, calendar_add_days(accepted->days.last, 1))};
    int64_t events = 0;
    size_t i;
    json_t *gap;

    json_array_foreach(gaps, i, gap)
        events += is_within(gap, hours) ? (int64_t)json_whole(gap, "events") : 0;
    if (events > accepted->events)
        return;
    json_array_foreach(gaps, i, gap)
        if (is_within(gap, hours))
            json_object_set_new(gap, "accepted", json_string(accepted->why));
}

static void judge(const struct audit *audit, json_t *gaps)
{
    size_t i;
    json_t *gap;

    json_array_foreach(gaps, i, gap)
        if (!json_object_get(gap, "accepted"))
            explain(gap, audit,
                    is_all_missing(audit, gap) || is_above(audit, gaps, json_text(gap, "hop")));
}

json_t *audit_explain(const struct audit *audit, json_t *gaps)
{
    const struct billing_settings *settings = &audit->billing->settings;
    json_t *lines = audit_lines_gap(audit);

    if (lines)
        json_array_append_new(gaps, lines);
    add_unread(gaps, audit);
    add_days(gaps, audit);
    add_uncounted(gaps, audit);
    judge(audit, gaps);
    for (size_t i = 0; i < settings->accepted_count; i++)
        accept_gaps(audit, gaps, &settings->accepted[i]);
    judge(audit, gaps); /* the others, without what is accepted */
    return worst_first(gaps);
}
