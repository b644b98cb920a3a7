/* clock.h -- the one place that reads clocks, so that tests can set them. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* Wall clock, milliseconds since 1970-01-01T00:00:00Z. */
int64_t clock_now_ms(void);
/* The same by AWS's clock, as far as AWS has refused ours: for moments that several machines go by.
 */
int64_t clock_agreed_ms(void);
/* AWS's clock is ahead of ours by so many milliseconds; held until the wall clock jumps. */
void clock_disagree(int64_t ahead);
/* Monotonic milliseconds, for durations and deadlines. */
int64_t clock_monotonic_ms(void);
/* The same, but it also counts while the machine sleeps: for what others time from outside. */
int64_t clock_boot_ms(void);
/* Tests: clock_now_ms returns this from now on; negative gives the real clock back. */
void clock_freeze(int64_t now_ms);
/* Tests: the same for clock_monotonic_ms and clock_boot_ms. */
void clock_freeze_monotonic(int64_t now_ms);

#endif
