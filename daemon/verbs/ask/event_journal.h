/* event_journal.h -- the daemon's events of before its start, as systemd's journal has them. */
#ifndef DAEMON_VERBS_ASK_EVENT_JOURNAL_H
#define DAEMON_VERBS_ASK_EVENT_JOURNAL_H

#include "base/err.h"

#include <jansson.h>

/* Events of the unit billingd from from_s to to_s (seconds since 1970), the oldest first, each with
 * its `time`; new reference.  A detail is named as in the daemon's list, but what log.h calls the
 * reason is `reason`.  *known_s: from when on that is everything, with *e why not from from_s on: a
 * journal begins somewhere.  NULL and *e: there is no journal here, it cannot be read, or is empty.
 */
json_t *event_journal_read(double from_s, double to_s, double *known_s, struct err *e);

#endif
