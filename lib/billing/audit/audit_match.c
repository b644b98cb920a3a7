/* audit_match.c -- the greatest payment of shortages by surpluses, by sums over hours alone.
 *
 * All hours look equally far around, so payments d are possible exactly when every run of hours
 * i..j takes no more than the surpluses it can see: sum d[i..j] <= sum s[i-before..j+after] (Hall's
 * condition for intervals).  With prefix sums D and S that is right(j) <= left(i) for all i <= j,
 * right(j) = D[j+1] - S[j+after+1], left(i) = D[i] - S[i-before].  Paying hour h adds to right from
 * h on and to left behind h: the room for it is min left(i <= h) - max right(j >= h). */
#include "billing/audit/audit_match.h"

#include "base/mem.h"

#include <stdlib.h>

/* ---- an array with sums added to ranges and greatest values of ranges ---- */

struct ranges {
    size_t leaves; /* a power of two */
    int64_t *most, *added;
    size_t *steps;
};

static void ranges_init(struct ranges *ranges, size_t count, size_t *steps)
{
    ranges->leaves = 1;
    while (ranges->leaves < count)
        ranges->leaves *= 2;
    ranges->most = mem_new(2 * ranges->leaves * sizeof(int64_t));
    ranges->added = mem_new(2 * ranges->leaves * sizeof(int64_t));
    ranges->steps = steps;
    for (size_t i = 0; i < ranges->leaves; i++)
        ranges->most[ranges->leaves + i] = INT64_MIN / 4;
}

static void ranges_fini(struct ranges *ranges)
{
    free(ranges->most);
    free(ranges->added);
}

static void set_node(struct ranges *ranges, size_t node)
{
    int64_t left = ranges->most[2 * node], right = ranges->most[2 * node + 1];

    ranges->most[node] = (left > right ? left : right) + ranges->added[node];
}

static void ranges_build(struct ranges *ranges)
{
    for (size_t node = ranges->leaves; node-- > 1;)
        set_node(ranges, node);
}

/* The part of a range of leaves that lies below a node: leaves from..to of `size` ones. */
struct part {
    size_t node, start, size;
};

static struct part half(struct part part, size_t side)
{
    return (struct part){2 * part.node + side, part.start + side * part.size / 2, part.size / 2};
}

static void add_below(struct ranges *ranges, struct part part, size_t from, int64_t events)
{
    ++*ranges->steps;
    if (from <= part.start) {
        ranges->most[part.node] += events;
        ranges->added[part.node] += events;
        return;
    }
    if (from >= part.start + part.size)
        return;
    add_below(ranges, half(part, 0), from, events);
    add_below(ranges, half(part, 1), from, events);
    set_node(ranges, part.node);
}

/* To all leaves from there on. */
static void ranges_add(struct ranges *ranges, size_t from, int64_t events)
{
    add_below(ranges, (struct part){1, 0, ranges->leaves}, from, events);
}

static int64_t most_below(const struct ranges *ranges, struct part part, size_t from, size_t to)
{
    int64_t left, right;

    ++*ranges->steps;
    if (to <= part.start || from >= part.start + part.size)
        return INT64_MIN / 4;
    if (from <= part.start && part.start + part.size <= to)
        return ranges->most[part.node];
    left = most_below(ranges, half(part, 0), from, to);
    right = most_below(ranges, half(part, 1), from, to);
    return (left > right ? left : right) + ranges->added[part.node];
}

static int64_t ranges_most(const struct ranges *ranges, size_t from, size_t to)
{
    return most_below(ranges, (struct part){1, 0, ranges->leaves}, from, to);
}

/* ---- how much each hour is paid ---- */

struct sums {
    int64_t *surplus; /* prefix sums, count + 1 of them */
    size_t count, before, after;
};

static int64_t seen_to(const struct sums *sums, size_t hour)
{
    size_t end = hour + sums->after + 1;

    return sums->surplus[end < sums->count ? end : sums->count];
}

static int64_t seen_from(const struct sums *sums, size_t hour)
{
    return sums->surplus[hour > sums->before ? hour - sums->before : 0];
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

static size_t put_in_order(const struct audit_match *match, struct hour_share *order)
{
    size_t n = 0;

    for (size_t i = 0; i < match->count; i++)
        if (match->shortage[i])
            order[n++] =
                (struct hour_share){i, (double)match->shortage[i] / (double)match->whole[i]};
    qsort(order, n, sizeof *order, by_share);
    return n;
}

/* left is kept with its sign turned: its least value is the greatest of these. */
static void pay_hours(struct audit_match *match, const struct sums *sums, int64_t *paid)
{
    struct ranges right, left;
    cleanup_free struct hour_share *order = mem_new((match->count + 1) * sizeof *order);
    size_t n = put_in_order(match, order);

    ranges_init(&right, match->count, &match->steps);
    ranges_init(&left, match->count, &match->steps);
    for (size_t i = 0; i < match->count; i++) {
        right.most[right.leaves + i] = -seen_to(sums, i);
        left.most[left.leaves + i] = seen_from(sums, i);
    }
    ranges_build(&right);
    ranges_build(&left);
    for (size_t i = 0; i < n; i++) {
        size_t hour = order[i].hour;
        int64_t room = -ranges_most(&left, 0, hour + 1) - ranges_most(&right, hour, match->count);

        paid[hour] = room < match->shortage[hour] ? room : match->shortage[hour];
        ranges_add(&right, hour, paid[hour]);
        ranges_add(&left, hour + 1, -paid[hour]);
    }
    ranges_fini(&right);
    ranges_fini(&left);
}

/* ---- by which surpluses, and where the rest may have been lost ---- */

/* From the last hour down, each by the latest it can see: what came from before the first hour is
 * what stays over. */
static void take_surpluses(struct audit_match *match, const int64_t *paid)
{
    size_t at = match->count;

    for (size_t hour = match->count; hour-- > 0;) {
        int64_t due = paid[hour];

        if (at > hour + match->after + 1)
            at = hour + match->after + 1;
        while (due && at > 0) {
            int64_t *surplus = &match->surplus[at - 1];
            int64_t events = due < *surplus ? due : *surplus;

            match->steps++;
            *surplus -= events;
            due -= events;
            if (due)
                at--;
        }
        match->shortage[hour] -= paid[hour] - due;
    }
}

/* The least run of hours around each that takes all the surpluses it can see: within it any hour
 * could have been left unpaid instead.  left(i) is least and i greatest, right(j) greatest and j
 * least. */
static void find_intervals(struct audit_match *match, const struct sums *sums, const int64_t *paid)
{
    cleanup_free int64_t *paid_to = mem_new((match->count + 1) * sizeof *paid_to);
    int64_t least = INT64_MAX, most = INT64_MIN;
    size_t at = 0;

    for (size_t i = 0; i < match->count; i++)
        paid_to[i + 1] = paid_to[i] + paid[i];
    for (size_t i = 0; i < match->count; i++) {
        int64_t left = paid_to[i] - seen_from(sums, i);

        if (left <= least) {
            least = left;
            at = i;
        }
        match->first[i] = at;
    }
    for (size_t i = match->count; i-- > 0;) {
        int64_t right = paid_to[i + 1] - seen_to(sums, i);

        if (right >= most) {
            most = right;
            at = i;
        }
        match->last[i] = at;
    }
}

void audit_match_pay(struct audit_match *match)
{
    cleanup_free int64_t *room = mem_new((2 * match->count + 2) * sizeof *room);
    int64_t *paid = room + match->count + 1;
    struct sums sums = {room, match->count, match->before, match->after};

    if (!match->count)
        return;
    for (size_t i = 0; i < match->count; i++)
        sums.surplus[i + 1] = sums.surplus[i] + match->surplus[i];
    pay_hours(match, &sums, paid);
    if (match->first && match->last)
        find_intervals(match, &sums, paid);
    take_surpluses(match, paid);
}
