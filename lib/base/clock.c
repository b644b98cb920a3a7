/* clock.c -- the system's clocks, or what a test has put in their place. */
#include "base/clock.h"

enum { JUMP_MS = 60 * 1000 };

static int64_t frozen_ms = -1, frozen_monotonic_ms = -1;
static int64_t ahead_ms, ahead_since_ms; /* wall clock minus monotonic clock when it was told */

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

int64_t clock_boot_ms(void)
{
    return frozen_monotonic_ms >= 0 ? frozen_monotonic_ms : read_ms(CLOCK_BOOTTIME);
}

void clock_disagree(int64_t ahead)
{
    ahead_ms = ahead;
    ahead_since_ms = clock_now_ms() - clock_monotonic_ms();
}

int64_t clock_agreed_ms(void)
{
    int64_t now_ms = clock_now_ms(), jump = now_ms - clock_monotonic_ms() - ahead_since_ms;

    if (jump > JUMP_MS || jump < -JUMP_MS)
        ahead_ms = 0;
    return now_ms + ahead_ms;
}

void clock_freeze(int64_t now_ms)
{
    frozen_ms = now_ms;
}

void clock_freeze_monotonic(int64_t now_ms)
{
    frozen_monotonic_ms = now_ms;
}
