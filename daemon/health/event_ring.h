/* event_ring.h -- the last events of the daemon, as it logged them: what it found, changed, and
 * could not do.
 *
 * Fed by the log (log_observe), whatever --log-level says: so it has every `event` of
 * docs/operations.md from level info on, under the same names.  Only words of billingd and of the
 * spec are kept (names, counts, times); what AWS said, values, accounts and money stay in the log,
 * since whoever reaches the web server may read this.  Bounded; it begins with the process. */
#ifndef DAEMON_SERVICE_EVENT_RING_H
#define DAEMON_SERVICE_EVENT_RING_H

#include <jansson.h>
#include <stdint.h>

enum { EVENT_RING_MOST = 1000 };

/* From here on events are kept; started_ms: wall clock. */
void event_ring_start(int64_t started_ms);
/* Forgets all, and keeps none any more. */
void event_ring_end(void);
/* {"known_since": s, "dropped": n, "events": [{"number", "time", "level", "event", ...}]}, the
 * oldest first, those with a greater number than after; new reference.  known_since: nothing that happened before is here; dropped: how
 * many later ones are not any more, because there were more than EVENT_RING_MOST.  Times in seconds
 * since 1970, with fraction; numbers count from 1 and never come again. */
json_t *event_ring_json(int64_t after);

#endif
