/* month_watch.h -- the daemon's look at the archive: which months are over and not closed. */
#ifndef DAEMON_SERVICE_MONTH_WATCH_H
#define DAEMON_SERVICE_MONTH_WATCH_H

#include "aws/flow.h"
#include "billing/store/billing.h"
#include "daemon/board/board.h"

/* Tells the board which months are closed and what they came to (as their manifests say, each of
 * which is read once), and from when on the others are overdue; without a
 * signing key none is.  Counts, among the metrics, the months that are over and follow the
 * newest closed one; all with data where none is closed.  A pipeline without a signing key and
 * without a closed month is closed by nobody: nothing is counted.  -1 and *e: what was well is not
 * known to be so any more, what was not is told until it is. */
int month_watch_look(struct flow *flow, const struct billing *billing, struct board *board,
                     struct err *e);

#endif
