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

struct backfill_request {
    int64_t from_s, to_s;      /* hours to look for holes in */
    bool dry_run;              /* read and count, write nothing */
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
 *  "lost": missing events that nobody has any more}; new reference.
 * events and objects are those written now (or that would be).  NULL and *e on failure; what was
 * written until then stays. */
json_t *backfill_run(struct flow *flow, const struct billing *billing,
                     const struct backfill_request *request, struct err *e);
#endif
