/* backfill.h -- events that were logged but cannot be queried, written again where they can.
 *
 * Nothing is changed or deleted: what is found is put beside the delivered objects, in the same
 * form, with the same event ids, under names made from its content.  So it may be run at any time,
 * twice, or killed; what it writes is counted once. */
#ifndef BILLING_BACKFILL_BACKFILL_H
#define BILLING_BACKFILL_BACKFILL_H

#include "aws/flow.h"
#include "billing/store/billing.h"

#include <stdbool.h>

typedef void backfill_progress_fn(void *arg, const char *what);

/* How much of the work may be done now, for a caller who comes again and again.  A piece is an hour
 * of the log group ("1761998400", its first second) or an object (16 hex digits). */
struct backfill_pace {
    /* Whether it is a piece's time; again: meant are those that were read before, else the others.
     */
    bool (*wants)(void *arg, const char *piece, bool again);
    /* A piece was read to its end, and so many events were written. */
    void (*did)(void *arg, const char *piece, int64_t events);
    void *arg;
    /* Of log events and objects read, and scanned by Athena; a piece that was begun is finished. 0:
     * no limit. */
    int64_t budget_bytes;
};

struct backfill_request {
    int64_t from_s, to_s;             /* hours to look for holes in */
    const json_t *audit;              /* of these hours, made just now; NULL: one is made */
    const struct backfill_pace *pace; /* NULL: everything, now */
    bool dry_run;                     /* read and count, write nothing */
    const char *legacy_prefix; /* instead of holes: objects in an older form below it; NULL: no */
    backfill_progress_fn *progress; /* may be NULL */
    void *arg;
};

/* {"format_version", "pipeline", "from", "to", "dry_run",
 *  "holes": [{"from", "to", "missing"}],          by the audit
 *  "logs": {"read", "present", "events", "objects"},  from the log group, for the holes
 *  "errors": {"found", "unreadable", "events", "objects"},  from below the error prefix
 *  "damaged": likewise, of objects that queries leave out (damaged.h),
 *  "legacy": likewise, or null,
 *  "retention_days": of the log group, null: for ever,
 *  "reasons": why holes may be unknown (audit.h), null when none were looked for,
 *  "lost": missing events that nobody has any more; null, with a pace: not all was read,
 *  "worth": {"calls", "bytes", "amount", "currency", "price"} of what was written,
 *  "at_risk": likewise of "lost", or null (backfill_worth.h),
 *  "bytes_read": also those that Athena scanned, "pieces", "over_budget"}; new reference.
 * events and objects are those written now (or that would be).  What came to the log group within
 * the last half hour is on its way and not missing yet.  NULL and *e on failure; what was
 * written until then stays. */
json_t *backfill_run(struct flow *flow, const struct billing *billing,
                     const struct backfill_request *request, struct err *e);

#endif
