/* audit_ladder.c -- which hours fall short, and by how much.  No I/O.
 *
 * Two hops are compared where they agree to an hour, so that late events explain no loss.  Firehose
 * names objects after the hour it took their records in: forwarded and delivered lines agree,
 * copies with them; the gateway's requests agree with the events made; and what was logged agrees
 * with what lies in S3, once each late event is put back to the hour it was logged in.  Every event
 * pays once, so nothing that is really missing is explained away by an event that is needed
 * elsewhere.  docs/audit.md tells this for readers. */
#include "base/mem.h"
#include "billing/audit/audit_match.h"
#include "billing/audit/audit_private.h"
#include "billing/prices/money.h"

#include <stdlib.h>
#include <string.h>

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

static int64_t more(int64_t a, int64_t b)
{
    return a > b ? a - b : 0;
}

/* ---- two hops ---- */

/* Per hour; all of one allocation. */
struct comparing {
    struct audit *audit;
    int64_t *whole, *shortage, *surplus; /* of the hops that are being compared */
    int64_t *lines_lost;                 /* forwarded and not in S3, copies too */
    size_t *first, *last;
};

static void comparing_init(struct comparing *comparing, struct audit *audit)
{
    size_t n = audit->count + 1;

    *comparing = (struct comparing){.audit = audit,
                                    .whole = mem_new(4 * n * sizeof(int64_t)),
                                    .first = mem_new(2 * n * sizeof(size_t))};
    comparing->shortage = comparing->whole + n;
    comparing->surplus = comparing->shortage + n;
    comparing->lines_lost = comparing->surplus + n;
    comparing->last = comparing->first + n;
}

static void comparing_fini(struct comparing *comparing)
{
    free(comparing->whole);
    free(comparing->first);
}

static void put(struct comparing *comparing, size_t hour, int64_t above, int64_t below)
{
    comparing->whole[hour] = above;
    comparing->shortage[hour] = more(above, below);
    comparing->surplus[hour] = more(below, above);
}

static void pay(struct comparing *comparing, int64_t *surplus, size_t before, size_t after)
{
    struct audit_match match = {.count = comparing->audit->count,
                                .before = before,
                                .after = after,
                                .whole = comparing->whole,
                                .shortage = comparing->shortage,
                                .surplus = surplus};

    audit_match_pay(&match);
    comparing->audit->steps += match.steps;
}

/* Sets comparing->first and ->last, too: an event of an hour's last moments is counted in the
 * next. */
static void pay_within(struct comparing *comparing, size_t before, size_t after)
{
    struct audit_match match = {.count = comparing->audit->count,
                                .before = before,
                                .after = after,
                                .whole = comparing->whole,
                                .shortage = comparing->shortage,
                                .surplus = comparing->surplus,
                                .first = comparing->first,
                                .last = comparing->last};

    audit_match_pay(&match);
    comparing->audit->steps += match.steps;
    for (size_t i = 0; i < match.count; i++)
        comparing->first[i] -= comparing->first[i] > 0;
}

/* So many requests of an hour's last moments may be events of the next. */
static int64_t edge_of(const struct comparing *comparing, size_t hour)
{
    return (comparing->whole[hour] * AUDIT_EDGE_S + AUDIT_HOUR_S - 1) / AUDIT_HOUR_S;
}

static void keep(struct comparing *comparing, size_t i, enum audit_hop hop, int64_t missing)
{
    struct audit_hour *hour = &comparing->audit->hours[i];
    int64_t edge = edge_of(comparing, i);

    /* At the ends of all we read, events within clocks' reach of the edge may lie outside. */
    if ((!i || i == comparing->audit->count - 1) && missing <= edge)
        missing = 0;
    hour->missing[hop] = missing;
    hour->lost_first[hop] = comparing->first[i];
    hour->lost_last[hop] = comparing->last[i];
}

/* ---- the hops ---- */

/* Without those of other accounts' log groups. */
static int64_t counted_lines(const struct audit_hour *hour)
{
    return hour->lines - hour->elsewhere_lines;
}

static int64_t forwarded_lines(const struct audit_hour *hour)
{
    return is_known(hour->hops[AUDIT_FORWARDED]) ? hour->hops[AUDIT_FORWARDED]
                                                 : counted_lines(hour);
}

/* ForwardedLogEvents counts what is forwarded again, so these are compared as lines. */
static void compare_lines(struct comparing *comparing)
{
    struct audit *audit = comparing->audit;

    for (size_t i = 0; i < audit->count; i++)
        put(comparing, i, forwarded_lines(&audit->hours[i]), counted_lines(&audit->hours[i]));
    pay(comparing, comparing->surplus, 1, 1);
    memcpy(comparing->lines_lost, comparing->shortage, audit->count * sizeof(int64_t));
}

static bool is_ingested_known(const struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++)
        if (is_known(audit->hours[i].hops[AUDIT_INGESTED]))
            return true;
    return false;
}

/* What was logged in the hour.  Nothing where no datapoint says so, nothing was forwarded and
 * nothing arrived: events of it came to the log group later.  Else an hour without a datapoint has
 * what is there: no evidence, no loss. */
static int64_t logged_events(const struct audit_hour *hour)
{
    if (is_known(hour->hops[AUDIT_INGESTED]))
        return hour->hops[AUDIT_INGESTED];
    return is_known(hour->hops[AUDIT_FORWARDED]) || counted_lines(hour) ? hour->logged : 0;
}

/* What no hour lacks came from elsewhere.  The last hours of all we read may have been taken in by
 * hours that we did not read. */
static void keep_surplus(struct comparing *comparing)
{
    struct audit *audit = comparing->audit;

    for (size_t i = 0; i < audit->count; i++)
        audit->hours[i].surplus = is_known(audit->hours[i].hops[AUDIT_INGESTED]) &&
                                          i + AUDIT_LATE_HOURS + 1 < audit->count
                                      ? comparing->surplus[i]
                                      : 0;
}

/* Log events, against the events in S3 by the hour they were probably logged in; where that is
 * wrong one hour has too many and one too few.  Where no hour has one, lines tell what was lost
 * behind the log group. */
static void compare_events(struct comparing *comparing)
{
    struct audit *audit = comparing->audit;
    bool known = is_ingested_known(audit);

    for (size_t i = 0; i < audit->count; i++) {
        const struct audit_hour *hour = &audit->hours[i];

        if (known)
            put(comparing, i, logged_events(hour), hour->logged);
        else
            put(comparing, i, forwarded_lines(hour), counted_lines(hour));
    }
    pay(comparing, comparing->surplus, 1, 1); /* of an hour's last moments */
    pay_within(comparing, AUDIT_LATE_HOURS, (size_t)2 * AUDIT_RETRY_HOURS);
    /* A backfill puts what was logged late under its own, earlier hour. */
    pay(comparing, comparing->surplus, audit->later + 1, 1);
    keep_surplus(comparing);
}

/* Of the lines that were lost the latest that may have been one of the hour. */
static size_t last_line(const struct comparing *comparing, size_t hour)
{
    size_t last = hour + AUDIT_RETRY_HOURS;

    if (last >= comparing->audit->count)
        last = comparing->audit->count - 1;
    while (last > hour && !comparing->lines_lost[last])
        last--;
    return last;
}

/* What was forwarded and lost as a line was lost behind the filter, the rest before it.  Lost lines
 * that are over were copies of events that arrived. */
static void tell_hops_apart(struct comparing *comparing)
{
    struct audit *audit = comparing->audit;
    cleanup_free int64_t *lost = mem_new((2 * audit->count + 1) * sizeof *lost);
    int64_t *lines = lost + audit->count;

    memcpy(lost, comparing->shortage, audit->count * sizeof *lost);
    memcpy(lines, comparing->lines_lost, audit->count * sizeof *lines);
    pay(comparing, lines, 0, 0);
    pay(comparing, lines, 1, AUDIT_RETRY_HOURS);
    pay(comparing, lines, audit->later, audit->later);
    for (size_t i = 0; i < audit->count; i++) {
        size_t last = last_line(comparing, i);

        keep(comparing, i, AUDIT_FORWARDED, comparing->shortage[i]);
        keep(comparing, i, AUDIT_DELIVERED, lost[i] - comparing->shortage[i]);
        if (last > comparing->last[i])
            audit->hours[i].lost_last[AUDIT_DELIVERED] = last;
    }
}

/* Where an hour gave a request of its last moments to the next, and that one of its own to the one
 * behind it, the hour between has as many as it should, and the last has what the first lacks. */
static void pay_chains(struct comparing *comparing)
{
    size_t n = comparing->audit->count;
    cleanup_free size_t *near = mem_new((2 * n + 1) * sizeof *near);

    memcpy(near, comparing->first, n * sizeof *near);
    memcpy(near + n, comparing->last, n * sizeof *near);
    pay_within(comparing, 0, AUDIT_CHAIN_HOURS);
    for (size_t i = 0; i < n; i++) {
        comparing->first[i] = near[comparing->first[i]];
        comparing->last[i] = near[n + comparing->last[i]];
    }
}

/* Hours that lack no more than their edge, the newest on top. */
struct under_way {
    size_t *hours, count;
    int64_t events;
};

/* The newest are paid first.  Which of two hours was paid counts do not tell: what stays open of an
 * older one may be the newer one's loss. */
static void arrive(struct comparing *comparing, struct under_way *way, int64_t events)
{
    way->events -= events;
    while (events) {
        size_t hour = way->hours[way->count - 1];
        int64_t *shortage = &comparing->shortage[hour];
        int64_t paid = *shortage < events ? *shortage : events;

        *shortage -= paid;
        events -= paid;
        if (*shortage)
            return;
        way->count--;
        if (way->count && comparing->last[way->hours[way->count - 1]] < comparing->last[hour])
            comparing->last[way->hours[way->count - 1]] = comparing->last[hour];
    }
}

/* Traffic that is dense has some requests under way at the end of every hour, now more and now
 * fewer: what an hour lacks because there were more of them is paid when they are fewer again, be
 * it many hours later.  There are never more of them than an edge holds: what is more is lost. */
static void pay_under_way(struct comparing *comparing)
{
    size_t n = comparing->audit->count;
    cleanup_free size_t *hours = mem_new((n + 1) * sizeof *hours);
    struct under_way way = {.hours = hours};

    for (size_t i = 0; i < n; i++) {
        int64_t lacks = comparing->shortage[i], most = edge_of(comparing, i);
        int64_t paid = comparing->surplus[i] < way.events ? comparing->surplus[i] : way.events;

        arrive(comparing, &way, paid);
        comparing->surplus[i] -= paid;
        if (!lacks || lacks > most)
            continue;
        if (way.events + lacks > most)
            way = (struct under_way){.hours = hours};
        way.hours[way.count++] = i;
        way.events += lacks;
    }
}

/* ---- requests under way when an hour ends ---- */

/* A request that ends in the hour after it began is an event of that one, and the gateway may have
 * counted it in either. */
struct edges {
    int64_t *taken; /* of the next hour's events that began in this one, so many it needs */
    int64_t *spare; /* so many lost ones could stand for those that hours before it do not need */
    size_t *last;   /* what is missing of this hour may be missing of one up to that instead */
};

static void edges_init(struct edges *edges, size_t count)
{
    edges->taken = mem_new(2 * (count + 1) * sizeof *edges->taken);
    edges->spare = edges->taken + count + 1;
    edges->last = mem_new((count + 1) * sizeof *edges->last);
}

static void edges_fini(struct edges *edges)
{
    free(edges->taken);
    free(edges->last);
}

/* Each hour takes no more than it needs, so that as little as can be is missing. */
static void take_edges(struct comparing *comparing, struct edges *edges)
{
    const struct audit *audit = comparing->audit;
    int64_t before = 0, spare = audit->count ? audit->hours[0].begun_before : 0;

    for (size_t i = 0; i < audit->count; i++) {
        const struct audit_hour *hour = &audit->hours[i];
        int64_t crossing = i + 1 < audit->count ? audit->hours[i + 1].begun_before : 0;
        int64_t above = is_known(hour->hops[AUDIT_GATEWAY]) ? hour->hops[AUDIT_GATEWAY] : 0;
        int64_t lacks = more(above, hour->made - before);

        edges->spare[i] = spare;
        edges->taken[i] = lacks < crossing ? lacks : crossing;
        put(comparing, i, above, hour->made - before + edges->taken[i]);
        before = edges->taken[i];
        spare += comparing->surplus[i];
        spare = crossing - before < spare ? crossing - before : spare;
    }
}

/* What an hour lacks because it gave events to the one before may be missing of that one.  The last
 * one's own events may still come. */
static void place_losses(struct comparing *comparing, struct edges *edges)
{
    size_t n = comparing->audit->count;

    for (size_t i = 0; i < n; i++)
        edges->last[i] = i;
    for (size_t i = n ? n - 1 : 0; i-- > 1;) {
        int64_t *shortage = &comparing->shortage[i];
        int64_t moved = *shortage < edges->taken[i - 1] ? *shortage : edges->taken[i - 1];

        if (!moved)
            continue;
        *shortage -= moved;
        edges->taken[i - 1] -= moved;
        comparing->shortage[i - 1] += moved;
        edges->last[i - 1] = edges->last[i];
    }
}

/* The most that could be lost in a judged hour without a count that says so: in place of what hours
 * before it have over, and of what is still owed to it when the last hour ends. */
static void find_undecided(const struct comparing *comparing, const struct edges *edges)
{
    struct audit *audit = comparing->audit;
    int64_t owed = INT64_MAX;

    audit->undecided = 0;
    for (size_t i = audit->count; i-- > 0;) {
        int64_t edge = edge_of(comparing, i), end = comparing->shortage[i];
        int64_t taken = i + 1 < audit->count ? edges->taken[i] : end <= edge ? end : 0;

        owed = taken < owed ? taken : owed;
        if (i >= audit->first && i < audit->last && is_known(audit->hours[i].hops[AUDIT_GATEWAY]) &&
            edges->spare[i] + owed > audit->undecided)
            audit->undecided = edges->spare[i] + owed;
    }
}

static void share_edges(struct comparing *comparing, struct edges *edges)
{
    take_edges(comparing, edges);
    find_undecided(comparing, edges);
    place_losses(comparing, edges);
}

/* What no hour near lacks was not made at the gateway: another API or stage logs to the same group,
 * and each of its lines may stand where one of ours should.  The first and last hours of all we
 * read may have been taken in by hours that we did not read. */
static void find_over(const struct comparing *comparing)
{
    struct audit *audit = comparing->audit;

    audit->over = 0;
    for (size_t i = audit->first; i < audit->last; i++)
        if (i && i + AUDIT_CHAIN_HOURS < audit->count &&
            is_known(audit->hours[i].hops[AUDIT_GATEWAY]))
            audit->over += comparing->surplus[i];
    /* What the log group did not take in is told as that. */
    audit->over = more(audit->over, audit_ladder_surplus(audit));
}

/* Requests the gateway counted, and events made in the hour.  An hour without a count has nothing
 * that could be missing; what was logged in it may belong to the hour before.  What was lost after
 * it was logged is missing here too, under its own hour. */
static void compare_requests(struct comparing *comparing)
{
    struct audit *audit = comparing->audit;
    struct edges edges;

    edges_init(&edges, audit->count);
    share_edges(comparing, &edges);
    pay_within(comparing, 1, 1);
    pay_chains(comparing);
    pay_under_way(comparing);
    find_over(comparing);
    for (size_t i = 0; i < audit->count; i++)
        comparing->last[i] = edges.last[comparing->last[i]];
    edges_fini(&edges);
    for (size_t i = 0; i < audit->count; i++)
        comparing->surplus[i] =
            audit->hours[i].missing[AUDIT_FORWARDED] + audit->hours[i].missing[AUDIT_DELIVERED];
    pay(comparing, comparing->surplus, 0, 0);
    pay(comparing, comparing->surplus, 1, audit->later);
    pay(comparing, comparing->surplus, audit->later, 1);
    for (size_t i = 0; i < audit->count; i++)
        keep(comparing, i, AUDIT_INGESTED, comparing->shortage[i]);
}

void audit_ladder(struct audit *audit)
{
    struct comparing comparing;

    if (audit->unread)
        return; /* nothing is known of S3: no evidence, no loss found by counting */
    comparing_init(&comparing, audit);
    compare_lines(&comparing);
    compare_events(&comparing);
    tell_hops_apart(&comparing);
    compare_requests(&comparing);
    comparing_fini(&comparing);
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

/* Where the first count stands: what is younger is kept as well. */
static size_t first_counted(const struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++)
        for (enum audit_hop hop = AUDIT_GATEWAY; hop < AUDIT_DELIVERED; hop++)
            if (is_known(audit->hours[i].hops[hop]))
                return i;
    return audit->count;
}

/* No datapoint is no traffic while datapoints are kept.  After that it is nothing at all, and
 * objects that are not there are no proof either: they may be gone. */
size_t audit_ladder_unknown_hours(const struct audit *audit, size_t *dropped)
{
    size_t hours = 0, counted = first_counted(audit);

    *dropped = 0;
    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];
        bool old = i < counted && hour->hour_s < audit->counts_s;

        if (is_known(hour->hops[AUDIT_GATEWAY]) || is_known(hour->hops[AUDIT_INGESTED]))
            continue;
        hours += old || hour->hops[AUDIT_DELIVERED] > hour->late;
        *dropped += old;
    }
    return hours;
}

int64_t audit_ladder_surplus(const struct audit *audit)
{
    int64_t sum = 0;

    for (size_t i = audit->first; i < audit->last; i++)
        sum += audit->hours[i].surplus;
    return sum;
}

int64_t audit_ladder_sum(const struct audit *audit, enum audit_hop hop)
{
    int64_t sum = 0;

    for (size_t i = audit->first; i < audit->last; i++)
        if (is_known(audit->hours[i].hops[hop]))
            sum += audit->hours[i].hops[hop];
    return sum;
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
    int64_t sum = 0;

    for (size_t i = audit->first; i < audit->last; i++) {
        const struct audit_hour *hour = &audit->hours[i];
        int64_t due = hour->hops[AUDIT_DELIVERED] + hour->missing[AUDIT_DELIVERED];
        int64_t above = hour->hops[hop - 1];

        if (hop == AUDIT_INGESTED)
            sum += is_known(above) ? above : 0;
        else if (hop == AUDIT_FORWARDED)
            sum += is_known(above) ? above : due + hour->missing[hop];
        else
            sum += due;
    }
    return sum;
}

/* Hours that lost events at a hop, as far as counts tell. */
struct lost {
    const struct audit *audit;
    enum audit_hop hop;
    bool *maybe; /* per hour of the array */
};

/* True when what is missing of that hour may have been lost in a judged hour: then it counts. */
static bool is_judged(const struct lost *lost, size_t i)
{
    const struct audit_hour *hour = &lost->audit->hours[i];

    return hour->missing[lost->hop] && hour->lost_first[lost->hop] < lost->audit->last &&
           hour->lost_last[lost->hop] >= lost->audit->first;
}

static json_t *gap_of(const struct lost *lost, size_t from, size_t to)
{
    int64_t events = 0, errors = 0, throttled = 0;
    size_t likely_first = to, likely_last = from;
    bool counted = false;

    for (size_t i = from; i < to; i++) {
        const struct audit_hour *hour = &lost->audit->hours[i];

        if (is_judged(lost, i)) {
            events += hour->missing[lost->hop];
            likely_first = i < likely_first ? i : likely_first;
            likely_last = i;
        }
        errors += is_known(hour->errors) ? hour->errors : 0;
        throttled += is_known(hour->throttled) ? hour->throttled : 0;
        counted = counted || is_known(hour->hops[lost->hop]);
    }
    return json_pack("{s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "hop",
                     audit_ladder_hops[lost->hop], "from",
                     (json_int_t)lost->audit->hours[from].hour_s, "to",
                     (json_int_t)(lost->audit->hours[to - 1].hour_s + AUDIT_HOUR_S), "likely_from",
                     (json_int_t)lost->audit->hours[likely_first].hour_s, "likely_to",
                     (json_int_t)(lost->audit->hours[likely_last].hour_s + AUDIT_HOUR_S), "events",
                     (json_int_t)events, "delivery_errors", (json_int_t)errors,
                     "delivery_throttling", (json_int_t)throttled, "counted", counted);
}

static void add_hop(json_t *gaps, const struct lost *lost)
{
    const struct audit *audit = lost->audit;
    json_int_t whole = (json_int_t)expected(audit, lost->hop);

    for (size_t i = 0; i < audit->count; i++)
        if (is_judged(lost, i))
            for (size_t k = audit->hours[i].lost_first[lost->hop];
                 k <= audit->hours[i].lost_last[lost->hop]; k++)
                lost->maybe[k] = true;
    for (size_t i = 0; i < audit->count; i++) {
        size_t from = i;

        while (i < audit->count && lost->maybe[i])
            i++;
        if (i > from) {
            json_t *gap = gap_of(lost, from, i);

            json_object_set_new(gap, "of", json_integer(whole));
            json_array_append_new(gaps, gap);
        }
    }
}

json_t *audit_ladder_gaps(const struct audit *audit)
{
    json_t *gaps = json_array();

    for (enum audit_hop hop = AUDIT_INGESTED; hop < AUDIT_HOPS; hop++) {
        cleanup_free bool *maybe = mem_new((audit->count + 1) * sizeof *maybe);

        add_hop(gaps, &(struct lost){audit, hop, maybe});
    }
    return gaps;
}
