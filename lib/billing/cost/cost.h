/* cost.h -- what a pipeline itself costs in a month, in the units that AWS bills, and as money by
 * the spec's own prices.
 *
 * Counted where AWS counts: CloudWatch's metrics, Athena's history, the objects of the bucket.
 * Months are those of UTC, as on AWS's bill.  What could not be read is unknown and says why; it is
 * never 0, and a sum that lacks it says so. */
#ifndef BILLING_COST_COST_H
#define BILLING_COST_COST_H

#include "aws/flow.h"
#include "billing/prices/cost_prices.h"
#include "billing/store/billing.h"

struct cost_question {
    const struct billing *billing;
    struct day month; /* its first day */
    int64_t now_s;
    const struct cost_prices *prices;
    /* What AWS has, by resource: {"stream": {"buffer_seconds", "compression"}, "bucket":
     * {"lifecycle"}, "access_logs": {"retention_days"}, "alarms": number, "line": {"bytes",
     * "needed"}}; what is not known is left out. */
    const json_t *settings;
};

/* {"lines": [{"name", "what", "place", "source", "measure", "per", "price", "used", "month",
 *             "unknown", "unknown_days", "failed", "denied", "at_least", "detail"}],
 *  "total": {"used", "month", "lacks"}, "settings": [cost_setting.h]}
 * used and month (the whole one, as it is going; null for one that is over): {"quantity",
 * "at_most", "amount", "amount_at_most"}, null where unknown.  Lines that could not be read have
 * "unknown".  New reference; NULL and *e when cancelled. */
json_t *cost_look(struct flow *flow, const struct cost_question *question, struct err *e);

/* How amounts are rounded, for people. */
char *cost_rounding(const struct cost_prices *prices);

#endif
