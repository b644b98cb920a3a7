/* service_time.h -- when the daemon looks again, and when it counts as hung. */
#ifndef DAEMON_SERVICE_SERVICE_TIME_H
#define DAEMON_SERVICE_SERVICE_TIME_H

#include <stdbool.h>
#include <stdint.h>

enum { SERVICE_TIME_STALL_MS = 900000 }; /* no reply and no move for this long: hung */

/* Whether the daemon still gets somewhere, so that the watchdog may be fed.  looking: a pass is
 * under way, which last got a reply or moved a resource at progress_ms; otherwise the next pass was
 * due at due_ms.  All monotonic milliseconds. */
bool service_time_is_alive(bool looking, int64_t progress_ms, int64_t due_ms, int64_t now_ms);

/* Milliseconds from the end of a pass (or upkeep) to the next, without jitter.  failures: those in
 * a row that left something to try again soon; 0: the interval, which is the most. */
int64_t service_time_delay_ms(int interval_s, unsigned failures);

/* Whether the last look, which ended at looked_ms, is too long ago for what it found to be told as
 * what is: three intervals and ten minutes, as the alert BillingdLooksStopped has it.  Both times
 * of a clock that goes on while the machine sleeps. */
bool service_time_is_old(int64_t looked_ms, int interval_s, int64_t now_ms);

#endif
