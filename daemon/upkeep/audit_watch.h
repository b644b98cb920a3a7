/* audit_watch.h -- the daemon's own audit: the last two days, every hour, as metrics. */
#ifndef DAEMON_SERVICE_AUDIT_WATCH_H
#define DAEMON_SERVICE_AUDIT_WATCH_H

#include "aws/flow.h"
#include "billing/store/billing.h"
#include "daemon/health/health.h"

enum { AUDIT_WATCH_MS = 3600000, AUDIT_WATCH_S = 2 * 86400 };

struct audit_watch; /* what was counted already, and what was told */

struct audit_watch *audit_watch_new(void);
/* NULL is harmless. */
void audit_watch_free(struct audit_watch *watch);
/* Audits, sets the metrics and gives the verdict.  A gap is told in the log when it is another than
 * before, an object that no query can read once.  The audit, a new reference; NULL and *e when the
 * audit could not be made: what the last one found keeps its samples when it is bad news, and good
 * news is not known any more. */
json_t *audit_watch_look(struct flow *flow, struct audit_watch *watch,
                         const struct billing *billing, enum health_verdict *verdict,
                         struct err *e);

#endif
