/* The time that an audit's arithmetic takes on the loop: a month in which 20 hours of each day are
 * short by 30 to 100 %, and all of it is delivered within 12 hours; by events an hour.
 *
 *     build/release/tests/ladder_time [EVENTS...]     default 100, 1000000 and 10000000
 *
 * A measurement, not a test: nothing fails for being slow. */
#include "billing/audit/audit_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { DAYS = 31, BEFORE = 72, AFTER = 24, HOURS = BEFORE + DAYS * 24 + AFTER, RUNS = 5 };

static struct audit_hour hours[HOURS];
static uint64_t state;

static int64_t chance(int64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int64_t)(state % (uint64_t)below);
}

/* Some events of an hour come in one of the twelve behind it. */
static void deliver_late(size_t hour, int64_t events)
{
    size_t came = hour + 1 + (size_t)chance(12);

    hours[came].hops[AUDIT_DELIVERED] += events;
    hours[came].late += events;
}

static struct audit month_of(int64_t events)
{
    state = 88172645463325252ULL;
    for (size_t i = 0; i < HOURS; i++)
        hours[i] = (struct audit_hour){.hour_s = (int64_t)i * AUDIT_HOUR_S,
                                       .hops = {events, events, events, 0},
                                       .made = events,
                                       .logged = events};
    for (size_t i = 0; i < HOURS; i++) {
        bool is_short = i % 24 < 20 && i >= BEFORE && i < HOURS - AFTER;
        int64_t late = is_short ? events * (30 + chance(71)) / 100 : 0;

        hours[i].hops[AUDIT_DELIVERED] += events - late;
        deliver_late(is_short ? i : 0, late / 3);
        deliver_late(is_short ? i : 0, late - late / 3);
    }
    for (size_t i = 0; i < HOURS; i++)
        hours[i].lines = hours[i].unique = hours[i].hops[AUDIT_DELIVERED];
    return (struct audit){
        .hours = hours, .count = HOURS, .first = BEFORE, .last = HOURS - AFTER, .later = BEFORE};
}

static int64_t cpu_us(void)
{
    struct timespec now;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void measure(int64_t events)
{
    int64_t longest_us = 0;
    size_t steps = 0, gaps = 0;

    for (int run = 0; run < RUNS; run++) {
        struct audit audit = month_of(events);
        int64_t begin_us = cpu_us(), took_us;
        json_t *found, *told;

        audit_ladder(&audit);
        found = audit_ladder_gaps(&audit);
        took_us = cpu_us() - begin_us;
        longest_us = took_us > longest_us ? took_us : longest_us;
        steps = audit.steps;
        gaps = json_array_size(found);
        told = audit_ladder_totals(&audit);
        json_decref(found);
        json_decref(told);
    }
    (void)printf("%lld events an hour: one round of %.1f ms CPU at most, %zu steps, %zu gaps\n",
                 (long long)events, (double)longest_us / 1000, steps, gaps);
}

int main(int argc, char **argv)
{
    static const int64_t usual[] = {100, 1000000, 10000000};

    for (int i = 1; i < argc; i++)
        measure(strtoll(argv[i], NULL, 10));
    for (size_t i = 0; argc == 1 && i < sizeof usual / sizeof *usual; i++)
        measure(usual[i]);
    return 0;
}
