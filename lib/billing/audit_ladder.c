/* audit_ladder.c -- which hours fall short, and by how much.  No I/O.
 *
 * Hop by hop, what the upper one counted in an hour must be found in the lower one: in the same
 * hour, or up to AUDIT_RETRY_HOURS later where AWS tries again, or one hour earlier where the two
 * read different clocks.  What is found nowhere is missing.  docs/audit.md tells this for readers.
 */
#include "base/mem.h"
#include "billing/audit_private.h"
#include "billing/money.h"

#include <stdlib.h>

const char *const audit_hop_names[] = {"gateway", "ingested", "forwarded", "delivered", "parsed",
                                       "unique",  "rolled_up", "billed",   NULL};

struct audit_hour *audit_hour_at(struct audit *audit, int64_t time_s)
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

/* Takes what it can from both. */
static void settle(int64_t *shortage, int64_t *surplus)
{
    int64_t paid = less(*shortage, *surplus);

    *shortage -= paid;
    *surplus -= paid;
}

/* missing[i] of above[i] that are in below neither at i nor where they may have moved.  Nearest
 * hours first, so that a loss stays where it happened. */
static void compare(const int64_t *above, const int64_t *below, size_t count, size_t later,
                    int64_t *missing)
{
    cleanup_free int64_t *surplus = mem_new((count + 1) * sizeof *surplus);

    for (size_t i = 0; i < count; i++) {
        missing[i] = above[i] > below[i] ? above[i] - below[i] : 0;
        surplus[i] = below[i] > above[i] ? below[i] - above[i] : 0;
        if (i > 0)
            settle(&missing[i], &surplus[i - 1]);
        for (size_t k = i; surplus[i] && k-- > 0 && i - k <= later;)
            settle(&missing[k], &surplus[i]);
    }
    /* At the ends of all we read, events within clocks' reach of the edge may lie outside. */
    for (size_t end = 0; count && end < 2; end++) {
        size_t i = end ? count - 1 : 0;
        int64_t edge = (above[i] * AUDIT_EDGE_S + AUDIT_HOUR_S - 1) / AUDIT_HOUR_S;

        if (missing[i] <= edge)
            missing[i] = 0;
    }
}

/* An hour of which a hop says nothing takes over what is known below it: no evidence, no loss.
 * ForwardedLogEvents counts what is forwarded again, too: such copies are no other events. */
static void chain(const struct audit_hour *hour, int64_t *ingested, int64_t *forwarded)
{
    int64_t delivered = hour->hops[AUDIT_DELIVERED], copies = hour->lines - delivered;

    *forwarded = is_known(hour->hops[AUDIT_FORWARDED]) ? hour->hops[AUDIT_FORWARDED] : delivered;
    *ingested = is_known(hour->hops[AUDIT_INGESTED]) ? hour->hops[AUDIT_INGESTED] : *forwarded;
    if (*forwarded > *ingested)
        *forwarded -= less(copies, *forwarded - *ingested);
}

/* What should be in S3: of the events ingested, those that were forwarded. */
static int64_t due(const struct audit_hour *hour)
{
    int64_t ingested, forwarded;

    chain(hour, &ingested, &forwarded);
    return ingested - hour->missing[AUDIT_FORWARDED];
}

/* Requests the gateway counted, and those that were logged in the hour: what is in S3 and what was
 * lost after logging.  An hour without a count has nothing that could be missing; what was logged in
 * it may belong to the hour before. */
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
    compare(above, below, n, AUDIT_RETRY_HOURS, missing);
    keep(audit, AUDIT_FORWARDED, missing);
    for (size_t i = 0; i < n; i++) {
        above[i] = due(&audit->hours[i]);
        below[i] = audit->hours[i].hops[AUDIT_DELIVERED];
    }
    compare(above, below, n, AUDIT_RETRY_HOURS, missing);
    keep(audit, AUDIT_DELIVERED, missing);
    for (size_t i = 0; i < n; i++)
        gateway_chain(&audit->hours[i], &above[i], &below[i]);
    compare(above, below, n, 1, missing);
    keep(audit, AUDIT_INGESTED, missing);
}

static json_t *number_or_null(int64_t count)
{
    return is_known(count) ? json_integer(count) : json_null();
}

json_t *audit_totals(const struct audit *audit)
{
    json_t *totals = json_object();

    for (size_t hop = 0; hop < AUDIT_HOPS; hop++) {
        int64_t sum = METRICS_UNKNOWN;

        for (size_t i = audit->first; i < audit->last; i++)
            if (is_known(audit->hours[i].hops[hop]))
                sum = (is_known(sum) ? sum : 0) + audit->hours[i].hops[hop];
        json_object_set_new(totals, audit_hop_names[hop], number_or_null(sum));
    }
    return totals;
}

size_t audit_unknown_hours(const struct audit *audit)
{
    size_t hours = 0;

    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];

        hours += hour->lines && !is_known(hour->hops[AUDIT_GATEWAY]) &&
                 !is_known(hour->hops[AUDIT_INGESTED]);
    }
    return hours;
}

bool audit_exceeds(int64_t events, int64_t whole, const char *limit)
{
    struct price share = {0};
    struct err ignored = {0};

    if (price_parse(limit, &share, &ignored))
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
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "hop", audit_hop_names[hop],
                     "from", (json_int_t)audit->hours[from].hour_s, "to",
                     (json_int_t)(audit->hours[to - 1].hour_s + AUDIT_HOUR_S), "events",
                     (json_int_t)events, "of", (json_int_t)whole, "delivery_errors",
                     (json_int_t)errors, "delivery_throttling", (json_int_t)throttled, "counted",
                     counted);
}

json_t *audit_gaps(const struct audit *audit)
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
