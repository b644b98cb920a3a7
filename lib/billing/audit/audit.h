/* audit.h -- the ladder: what each hop says it saw, hour by hour, and where something went missing.
 */
#ifndef BILLING_AUDIT_AUDIT_H
#define BILLING_AUDIT_AUDIT_H

#include "aws/flow.h"
#include "billing/audit/audit_gap.h"
#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

/* CloudWatch keeps hourly datapoints for 455 days; one day less, since nobody says at which hour of
 * it they go.  (CloudWatch user guide, "Metrics retention") */
enum { AUDIT_COUNTS_KEPT_S = 454 * 86400 };

/* {"format_version", "pipeline", "from", "to", "hops": ["gateway", "ingested", "forwarded",
 * "delivered", "parsed", "unique", "rolled_up", "billed"], "totals": {a count per hop},
 * "adds_up": {"unique", ..., "rolled_up", "agrees"} or null, "hours": [{"hour", counts per hop,
 * ...}], "days", "gaps": [{"hop", "from", "to", "events", "of", "share", "above_limit",
 * "explained", "explanation", "accepted": why, if the spec does}], "excluded": {"control",
 * "unreadable", "blank", "invalid", "untimed", "duplicate_events", ...}, "included",
 * "error_objects", "legacy", "max_gap", "verdict": "complete"|"accepted"|"gap"|"unknown",
 * "reasons": [{"reason", "text"}] why it is not known, "not_due": hops of which these hours hold
 * nothing to count yet (no closed billing day: null in "totals", and not unknown),
 * "freshness_seconds": {ages, "at": {the same as time stamps}}}; new reference.  docs/audit.md has
 * all of it.  What nobody tells is null, never zero. */
json_t *audit_run(struct flow *flow, const struct billing *billing, int64_t from_s, int64_t to_s,
                  struct err *e);
/* When the newest log object was written (seconds since 1970), of the newest hour of arrival that
 * has any: Firehose names an object after the hour of its oldest record, and gives up after 24
 * hours, so that what is written later into an older hour's folder is late, not news.  0: there is
 * none.  -1 and *e. */
int audit_fresh_object(struct flow *flow, const struct billing *billing, double *newest,
                       struct err *e);
/* Where an audit of the last hours must begin so that its days are compared, too: from_s, or the
 * start of the last closed billing day that anybody pays for, where that is earlier (seconds since
 * 1970).  rollup.closed_after decides which day that is. */
int64_t audit_days_reach(const struct billing *billing, int64_t from_s);
/* True when a gap is above settings.max_gap and AWS does not explain it. */
bool audit_has_gap(const json_t *audit);

#endif
