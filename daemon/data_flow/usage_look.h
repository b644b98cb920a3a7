/* usage_look.h -- how far usage can be billed: rollups of the last days, and months, for `status`.
 */
#ifndef DAEMON_DATA_FLOW_USAGE_LOOK_H
#define DAEMON_DATA_FLOW_USAGE_LOOK_H

#include "aws/flow.h"
#include "reconcile/engine.h"

/* Of this month and the one before, of a pipeline that was read; reads a bounded number of lists:
 *   {"from", "to": days, "days": {a number per state of a rollup that occurs},
 *    "reasons": [which days cannot be billed from, and what to do], "months": [close_months.h],
 *    "freshness": {"rolled_up_until": when the newest object came that is in a rollup (null: none),
 *    "buffer_seconds" (null: not read), "closed_after_seconds", "interval_seconds",
 *    "jitter_seconds": what a request waits for}}
 * {"error", "denied"} where it cannot be known; null without a `billing` section, before `apply`,
 * and before any data.  New reference. */
json_t *usage_look(struct flow *flow, const struct manifest *manifest, const struct pass *pass,
                   size_t pipeline);

#endif
