/* clock.c -- the system's two clocks, or what a test has put in their place. */
#include "base/clock.h"

static int64_t frozen_ms = -1, frozen_monotonic_ms = -1;

static int64_t read_ms(clockid_t id)
{
    struct timespec t;

    (void)clock_gettime(id, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_now_ms(void)
{
    return frozen_ms >= 0 ? frozen_ms : read_ms(CLOCK_REALTIME);
}

int64_t clock_monotonic_ms(void)
{
    return frozen_monotonic_ms >= 0 ? frozen_monotonic_ms : read_ms(CLOCK_MONOTONIC);
}

void clock_freeze(int64_t now_ms)
{
    frozen_ms = now_ms;
}

void clock_freeze_monotonic(int64_t now_ms)
{
    frozen_monotonic_ms = now_ms;
}
