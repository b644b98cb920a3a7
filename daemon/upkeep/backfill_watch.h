/* backfill_watch.h -- the daemon closes gaps by itself: what an audit misses and the log group
 * still has is read again (`billing.audit.backfill: auto`), within a budget, and what nobody has
 * any more is told with what it may have been worth.
 *
 * Nothing is remembered but when an hour was read last, so that what brings nothing is read again
 * ever more rarely.  Names of what is written are made of its content: two daemons do no harm. */
#ifndef DAEMON_SERVICE_BACKFILL_WATCH_H
#define DAEMON_SERVICE_BACKFILL_WATCH_H

#include "aws/flow.h"
#include "billing/store/billing.h"
#include "daemon/upkeep/open_gaps.h"

struct backfill_watch;

/* gaps: gets what its wide looks find; borrowed. */
struct backfill_watch *backfill_watch_new(struct open_gaps *gaps);
/* NULL is harmless. */
void backfill_watch_free(struct backfill_watch *watch);
/* The next look is a wide one. */
void backfill_watch_refresh(struct backfill_watch *watch);

/* What the daemon's own audit found; all borrowed. */
struct backfill_look {
    const json_t *audit;
    int64_t scanned_bytes; /* by it */
    const char *broken;    /* the resource of the delivery that is not in place; NULL: all are.  As
                              long    as one is, nothing is read: it would have to be read once more */
};

/* Reads again what the audit misses, and once in 24 hours what an audit of up to 92 days does.
 * 1: something was written, so the days are to be rolled up and audited once more, and then
 * backfill_watch_judge is to be called; 0: nothing was.  -1 and *e; what was written until then
 * stays. */
int backfill_watch_fill(struct flow *flow, struct backfill_watch *watch,
                        const struct billing *billing, const struct backfill_look *look,
                        struct err *e);
/* The wide look alone, where gaps are closed by hand.  -1 and *e. */
int backfill_watch_survey(struct flow *flow, struct backfill_watch *watch,
                          const struct billing *billing, const struct backfill_look *look,
                          struct err *e);
/* What is missing after all was read is lost: told once, and a gauge.  audit: made after the fill.
 */
int backfill_watch_judge(struct flow *flow, struct backfill_watch *watch,
                         const struct billing *billing, const json_t *audit, struct err *e);

#endif
