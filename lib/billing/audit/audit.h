/* audit.h -- the ladder: what each hop says it saw, hour by hour, and where something went missing.
 */
#ifndef BILLING_AUDIT_AUDIT_H
#define BILLING_AUDIT_AUDIT_H

#include "aws/flow.h"
#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

/* {"format_version", "from", "to", "hops": ["gateway", "ingested", "forwarded", "delivered",
 * "parsed", "unique", "rolled_up", "billed"], "hours": [{"hour", counts per hop, ...}], "gaps":
 * [{"hop", "from", "to", "events", "share", "explanation"}], "excluded": {"control",
 * "unreadable", "blank", "invalid", "untimed", "duplicate_events", ...}, "error_objects": {"count",
 * "bytes", "newest"}, "max_gap", "verdict": "complete"|"gap"|"unknown", "freshness_seconds":
 * {ages, "at": {the same as time stamps}}}; new reference. A hop AWS does not tell (no metric data)
 * is null, never zero. */
json_t *audit_run(struct flow *flow, const struct billing *billing, int64_t from_s, int64_t to_s,
                  struct err *e);
/* When the newest log object was written (seconds since 1970); 0: there is none.  -1 and *e. */
int audit_fresh_object(struct flow *flow, const struct billing *billing, double *newest,
                       struct err *e);
/* True when a gap is above settings.max_gap and AWS does not explain it. */
bool audit_has_gap(const json_t *audit);

#endif
