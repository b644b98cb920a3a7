/* audit_ladder.c -- which hours fall short, and by how much.  No I/O.
 *
 * Hop by hop, what the upper one counted in an hour must be found in the lower one: in the same
 * hour, or up to rollup.late_days (a day at least) away: later where AWS tried again, earlier where
 * late events were recovered under their own hour.  Every event pays once, so nothing that is
 * really missing can be explained away by an event that is needed elsewhere.  docs/audit.md tells
 * this for readers. */
#include "base/mem.h"
#include "billing/audit/audit_private.h"
#include "billing/prices/money.h"

#include <stdlib.h>

const char *const audit_ladder_hops[] = {"gateway", "ingested",  "forwarded", "delivered", "parsed",
                                         "unique",  "rolled_up", "billed",    NULL};

struct audit_hour *audit_ladder_hour(struct audit *audit, int64_t time_s)
{
    int64_t index = (time_s - audit->wide_s) / AUDIT_HOUR_S;

    return time_s >= audit->wide_s && (size_t)index < audit->count ? &audit->hours[index] : NULL;
}

static bool is_known(int64_t count)
{
    return count != METRICS_UNKNOWN;
}

static int64_t less(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* A comparison of two hops: shortages paid by surpluses. */
struct match {
    size_t count, later;
    int64_t *shortage, *surplus; /* per hour, what is left */
    int64_t *paid;               /* [hour * (later + 2) + k]: by the surplus of hour - 1 + k */
    bool *seen;                  /* surpluses, while a way is looked for */
};

static int64_t *payment(const struct match *match, size_t hour, size_t from)
{
    return &match->paid[hour * (2 * match->later + 1) + (from + match->later - hour)];
}

static void pay(struct match *match, size_t hour, size_t from)
{
    int64_t events = less(match->shortage[hour], match->surplus[from]);

    match->shortage[hour] -= events;
    match->surplus[from] -= events;
    *payment(match, hour, from) += events;
}

/* The first hour whose surplus may pay; the last is hour + later. */
static size_t first_from(const struct match *match, size_t hour)
{
    return hour > match->later ? hour - match->later : 0;
}

static void pay_near(struct match *match, size_t hour)
{
    for (size_t away = 1; match->shortage[hour] && away <= match->later; away++) {
        if (hour + away < match->count)
            pay(match, hour, hour + away);
        if (hour >= away)
            pay(match, hour, hour - away);
    }
}

/* Finds one more event for the hour, if need be by giving another hour another surplus. */
static bool pay_one(struct match *match, size_t hour)
{
    for (size_t u = first_from(match, hour); u < match->count && u <= hour + match->later; u++) {
        if (match->seen[u] || u == hour)
            continue;
        match->seen[u] = true;
        if (match->surplus[u]) {
            match->surplus[u]--;
            ++*payment(match, hour, u);
            return true;
        }
        for (size_t k = first_from(match, u); k <= u + match->later && k < match->count; k++)
            if (k != hour && *payment(match, k, u) && pay_one(match, k)) {
                --*payment(match, k, u);
                ++*payment(match, hour, u);
                return true;
            }
    }
    return false;
}

/* What another hour took may be what this one had waited for: no shortage is told that some way of
 * counting explains. */
static void pay_far(struct match *match, size_t hour)
{
    while (match->shortage[hour]) {
        for (size_t u = 0; u < match->count; u++)
            match->seen[u] = false;
        if (!pay_one(match, hour))
            return;
        match->shortage[hour]--;
    }
}

struct hour_share {
    size_t hour;
    double share; /* of its events that it lacks */
};

static int by_share(const void *left, const void *right)
{
    const struct hour_share *a = left, *b = right;

    if (a->share != b->share)
        return a->share < b->share ? -1 : 1;
    return a->hour < b->hour ? -1 : 1;
}

/* Hours that lack little lack late events; one that lacks most of its events has lost them.  Paid
 * in this order, what stays unpaid stays where it was lost (and is as little as can be: hours that
 * can be paid together are a matroid). */
static void pay_all(struct match *match, const int64_t *above)
{
    cleanup_free struct hour_share *order = mem_new((match->count + 1) * sizeof *order);
    size_t n = 0;

    for (size_t i = 0; i < match->count; i++)
        if (match->shortage[i])
            order[n++] = (struct hour_share){i, (double)match->shortage[i] / (double)above[i]};
    qsort(order, n, sizeof *order, by_share);
    for (size_t i = 0; i < n; i++) {
        pay_near(match, order[i].hour);
        pay_far(match, order[i].hour);
    }
}

/* missing[i] of above[i] that are in below neither at i nor up to `later` hours from it. */
static void compare(const int64_t *above, const int64_t *below, size_t count, size_t later,
                    int64_t *missing)
{
    struct match match = {.count = count,
                          .later = later,
                          .shortage = missing,
                          .surplus = mem_new((count + 1) * sizeof(int64_t)),
                          .paid = mem_new((count + 1) * (2 * later + 1) * sizeof(int64_t)),
                          .seen = mem_new((count + 1) * sizeof(bool))};

    for (size_t i = 0; i < count; i++) {
        missing[i] = above[i] > below[i] ? above[i] - below[i] : 0;
        match.surplus[i] = below[i] > above[i] ? below[i] - above[i] : 0;
    }
    pay_all(&match, above);
    free(match.surplus);
    free(match.paid);
    free(match.seen);
    /* At the ends of all we read, events within clocks' reach of the edge may lie outside. */
    for (size_t end = 0; count && end < 2; end++) {
        size_t i = end ? count - 1 : 0;
        int64_t edge = (above[i] * AUDIT_EDGE_S + AUDIT_HOUR_S - 1) / AUDIT_HOUR_S;

        if (missing[i] <= edge)
            missing[i] = 0;
    }
}

/* An hour of which a hop says nothing takes over what is known below it: no evidence, no loss. Of
 * that, late events were ingested in an hour before: they may be what is missing there.
 * ForwardedLogEvents counts what is forwarded again, too: such copies are no other events. */
static void chain(const struct audit_hour *hour, int64_t *ingested, int64_t *forwarded)
{
    int64_t delivered = hour->hops[AUDIT_DELIVERED], copies = hour->lines - delivered;

    *forwarded = is_known(hour->hops[AUDIT_FORWARDED]) ? hour->hops[AUDIT_FORWARDED] : delivered;
    *ingested = hour->hops[AUDIT_INGESTED];
    if (!is_known(*ingested)) {
        int64_t once = *forwarded - less(copies, *forwarded);

        once = once > delivered ? once : delivered;
        *ingested = once - less(hour->late, once);
    }
    if (*forwarded > *ingested)
        *forwarded -= less(copies, *forwarded - *ingested);
    if (*forwarded < delivered) /* recovered */
        *forwarded = delivered;
}

/* What should be in S3: of the events ingested, those that were forwarded. */
static int64_t due(const struct audit_hour *hour)
{
    int64_t ingested, forwarded;

    chain(hour, &ingested, &forwarded);
    return ingested - hour->missing[AUDIT_FORWARDED];
}

/* Requests the gateway counted, and those that were logged in the hour: what is in S3 and what was
 * lost after logging.  An hour without a count has nothing that could be missing; what was logged
 * in it may belong to the hour before. */
static void gateway_chain(const struct audit_hour *hour, int64_t *gateway, int64_t *logged)
{
    *logged = hour->made + hour->missing[AUDIT_FORWARDED] + hour->missing[AUDIT_DELIVERED];
    *gateway = is_known(hour->hops[AUDIT_GATEWAY]) ? hour->hops[AUDIT_GATEWAY] : 0;
}

static void keep(struct audit *audit, enum audit_hop hop, const int64_t *missing)
{
    for (size_t i = 0; i < audit->count; i++)
        audit->hours[i].missing[hop] = missing[i];
}

void audit_ladder(struct audit *audit)
{
    size_t n = audit->count;
    cleanup_free int64_t *room = mem_new((3 * n + 1) * sizeof *room);
    int64_t *above = room, *below = room + n, *missing = room + 2 * n;

    for (size_t i = 0; i < n; i++)
        chain(&audit->hours[i], &above[i], &below[i]);
    compare(above, below, n, audit->later, missing);
    keep(audit, AUDIT_FORWARDED, missing);
    for (size_t i = 0; i < n; i++) {
        above[i] = due(&audit->hours[i]);
        below[i] = audit->hours[i].hops[AUDIT_DELIVERED];
    }
    compare(above, below, n, audit->later, missing);
    keep(audit, AUDIT_DELIVERED, missing);
    for (size_t i = 0; i < n; i++)
        gateway_chain(&audit->hours[i], &above[i], &below[i]);
    compare(above, below, n, audit->later, missing);
    keep(audit, AUDIT_INGESTED, missing);
}

static json_t *number_or_null(int64_t count)
{
    return is_known(count) ? json_integer(count) : json_null();
}

json_t *audit_ladder_totals(const struct audit *audit)
{
    json_t *totals = json_object();

    for (size_t hop = 0; hop < AUDIT_HOPS; hop++) {
        int64_t sum = METRICS_UNKNOWN;

        for (size_t i = audit->first; i < audit->last; i++)
            if (is_known(audit->hours[i].hops[hop]))
                sum = (is_known(sum) ? sum : 0) + audit->hours[i].hops[hop];
        json_object_set_new(totals, audit_ladder_hops[hop], number_or_null(sum));
    }
    return totals;
}

size_t audit_ladder_unknown_hours(const struct audit *audit)
{
    size_t hours = 0;

    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];

        hours += hour->hops[AUDIT_DELIVERED] > hour->late && !is_known(hour->hops[AUDIT_GATEWAY]) &&
                 !is_known(hour->hops[AUDIT_INGESTED]);
    }
    return hours;
}

bool audit_ladder_exceeds(int64_t events, int64_t whole, const char *limit)
{
    struct price share = {0};
    struct err ignored = {0};

    if (money_parse_price(limit, &share, &ignored))
        return events > 0;
    return (money_integer)events * 1000000000000 > (money_integer)whole * share.pico;
}

/* ---- gaps ---- */

/* What the hop should have got in the judged hours: what was there before it, as far as known. */
static int64_t expected(const struct audit *audit, enum audit_hop hop)
{
    int64_t sum = 0, ingested, forwarded, gateway, logged;

    for (size_t i = audit->first; i < audit->last; i++) {
        chain(&audit->hours[i], &ingested, &forwarded);
        gateway_chain(&audit->hours[i], &gateway, &logged);
        sum += hop == AUDIT_INGESTED    ? gateway
               : hop == AUDIT_FORWARDED ? ingested
                                        : due(&audit->hours[i]);
    }
    return sum;
}

static json_t *gap_of(const struct audit *audit, enum audit_hop hop, size_t from, size_t to,
                      int64_t whole)
{
    int64_t events = 0, errors = 0, throttled = 0;
    bool counted = false;

    for (size_t i = from; i < to; i++) {
        const struct audit_hour *hour = &audit->hours[i];

        events += hour->missing[hop];
        errors += is_known(hour->errors) ? hour->errors : 0;
        throttled += is_known(hour->throttled) ? hour->throttled : 0;
        counted = counted || is_known(hour->hops[hop]);
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "hop", audit_ladder_hops[hop],
                     "from", (json_int_t)audit->hours[from].hour_s, "to",
                     (json_int_t)(audit->hours[to - 1].hour_s + AUDIT_HOUR_S), "events",
                     (json_int_t)events, "of", (json_int_t)whole, "delivery_errors",
                     (json_int_t)errors, "delivery_throttling", (json_int_t)throttled, "counted",
                     counted);
}

json_t *audit_ladder_gaps(const struct audit *audit)
{
    json_t *gaps = json_array();

    for (enum audit_hop hop = AUDIT_INGESTED; hop < AUDIT_HOPS; hop++) {
        int64_t whole = expected(audit, hop);

        for (size_t i = audit->first; i < audit->last; i++) {
            size_t from = i;

            while (i < audit->last && audit->hours[i].missing[hop])
                i++;
            if (i > from)
                json_array_append_new(gaps, gap_of(audit, hop, from, i, whole));
        }
    }
    return gaps;
}
