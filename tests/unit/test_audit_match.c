/* Payments of shortages: the same as the slow way that moves one event at a time, at a cost that
 * the number of events has no part in. */
#include "base/mem.h"
#include "billing/audit/audit_match.h"
#include "check.h"

#include <stdbool.h>
#include <stdlib.h>

enum { MOST = 900 };

/* ---- the slow way: augmenting paths ---- */

struct slow {
    size_t count, before, after;
    int64_t shortage[12], surplus[12], paid[12][12];
    bool seen[12];
};

static bool sees(const struct slow *slow, size_t hour, size_t from)
{
    return from + slow->before >= hour && from <= hour + slow->after;
}

static bool slow_pay_one(struct slow *slow, size_t hour)
{
    for (size_t u = 0; u < slow->count; u++) {
        if (!sees(slow, hour, u) || slow->seen[u])
            continue;
        slow->seen[u] = true;
        if (slow->surplus[u]) {
            slow->surplus[u]--;
            slow->paid[hour][u]++;
            return true;
        }
        for (size_t k = 0; k < slow->count; k++)
            if (k != hour && slow->paid[k][u] && slow_pay_one(slow, k)) {
                slow->paid[k][u]--;
                slow->paid[hour][u]++;
                return true;
            }
    }
    return false;
}

static bool slow_pay_again(struct slow *slow, size_t hour)
{
    for (size_t u = 0; u < slow->count; u++)
        slow->seen[u] = false;
    return slow->shortage[hour] && slow_pay_one(slow, hour);
}

/* Hours by the share they lack, then in their order. */
static size_t next_hour(const struct slow *slow, const int64_t *whole, const bool *done)
{
    size_t best = slow->count;

    for (size_t i = 0; i < slow->count; i++)
        if (!done[i] && slow->shortage[i] &&
            (best == slow->count || (double)slow->shortage[i] / (double)whole[i] <
                                        (double)slow->shortage[best] / (double)whole[best]))
            best = i;
    return best;
}

static void slow_pay(struct slow *slow, const int64_t *whole)
{
    bool done[12] = {false};
    size_t hour;

    while ((hour = next_hour(slow, whole, done)) < slow->count) {
        done[hour] = true;
        while (slow_pay_again(slow, hour))
            slow->shortage[hour]--;
    }
}

/* ---- both ---- */

static uint64_t state = 88172645463325252ULL;

static int64_t chance(int64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)below);
}

static int64_t shortage[MOST], surplus[MOST], whole[MOST];
static size_t first[MOST], last[MOST];

static struct audit_match match_of(size_t count, size_t before, size_t after)
{
    return (struct audit_match){count, before, after, whole, shortage, surplus, first, last, 0};
}

static void any_input(struct slow *slow)
{
    *slow = (struct slow){
        .count = 1 + (size_t)chance(12), .before = (size_t)chance(4), .after = (size_t)chance(5)};
    for (size_t i = 0; i < slow->count; i++) {
        int64_t events = chance(4) ? chance(9) : 0;

        whole[i] = 10 + chance(20);
        slow->shortage[i] = shortage[i] = chance(2) ? events : 0;
        slow->surplus[i] = surplus[i] = shortage[i] ? 0 : events;
    }
}

static int64_t sum_of(const int64_t *values, size_t count)
{
    int64_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum;
}

/* What is unpaid if nothing is missing of that hour. */
static int64_t unpaid_without(const struct slow *before, size_t hour)
{
    struct slow without = *before;

    without.shortage[hour] = 0;
    slow_pay(&without, whole);
    return sum_of(without.shortage, without.count);
}

/* Hours outside of every interval cannot have lost anything: with or without them as much stays
 * unpaid. */
static void check_intervals(const struct slow *before, int64_t unpaid)
{
    for (size_t hour = 0; hour < before->count; hour++) {
        bool inside = false;

        for (size_t i = 0; i < before->count; i++)
            inside = inside || (shortage[i] && first[i] <= hour && hour <= last[i]);
        if (!inside)
            CHECK_INT(unpaid_without(before, hour), unpaid);
    }
    for (size_t i = 0; i < before->count; i++)
        if (shortage[i])
            CHECK(first[i] <= i && i <= last[i]);
}

static void test_same_as_the_slow_way(void)
{
    for (int round = 0; round < 20000; round++) {
        struct slow slow, before;
        struct audit_match match;
        int64_t had, paid;

        any_input(&slow);
        before = slow;
        had = sum_of(surplus, slow.count);
        match = match_of(slow.count, slow.before, slow.after);
        slow_pay(&slow, whole);
        audit_match_pay(&match);
        for (size_t i = 0; i < slow.count; i++)
            CHECK_INT(shortage[i], slow.shortage[i]);
        paid = sum_of(before.shortage, slow.count) - sum_of(shortage, slow.count);
        CHECK_INT(had - sum_of(surplus, slow.count), paid);
        check_intervals(&before, sum_of(shortage, slow.count));
    }
}

/* 31 days, 20 hours of each short by 30 to 100 %, all of it delivered within 12 hours. */
static size_t steps_of(int64_t events)
{
    size_t count = 744;
    struct audit_match match = match_of(count, 1, 72);

    state = 7;
    for (size_t i = 0; i < count; i++) {
        whole[i] = events;
        shortage[i] = surplus[i] = 0;
    }
    for (size_t i = 0; i < count; i++)
        if (i % 24 < 20) {
            shortage[i] = events * (30 + chance(71)) / 100;
            surplus[i / 24 * 24 + 20 + (size_t)chance(4)] += shortage[i];
        }
    audit_match_pay(&match);
    CHECK_INT(sum_of(shortage, count), 0);
    CHECK_INT(sum_of(surplus, count), 0);
    return match.steps;
}

static void test_cost_is_of_hours_alone(void)
{
    size_t few = steps_of(100), many = steps_of(10000000);

    CHECK(many <= few + few / 10);
    CHECK(many < (size_t)744 * 200); /* 744 hours, 4 walks through a tree of 10 levels */
}

static void test_nothing_to_compare(void)
{
    struct audit_match match = match_of(0, 1, 1);

    audit_match_pay(&match);
    shortage[0] = 5;
    surplus[0] = 0;
    whole[0] = 5;
    match = match_of(1, 1, 1);
    audit_match_pay(&match);
    CHECK_INT(shortage[0], 5);
}

int main(void)
{
    test_same_as_the_slow_way();
    test_cost_is_of_hours_alone();
    test_nothing_to_compare();
    return check_done();
}
