/* shadow.h -- somebody's present billing query beside ours, and why they differ, customer by
 * customer.  Reads only. */
#ifndef BILLING_SHADOW_SHADOW_H
#define BILLING_SHADOW_SHADOW_H

#include "billing/shadow/shadow_theirs.h"

/* {"format_version", "pipeline", "month", "time_zone", "currency", "columns", "counts" (how theirs
 * counts, for people), "customers": [{"customer" (null: nobody's), "calls", "bytes", "amount":
 * {"ours", "theirs", "difference"} of what theirs tells, "reasons": [{"code", "calls", "bytes",
 * "amount"?}], "explained"}], "reasons" (of all), "equal", "different", "unexplained" (how many
 * customers), "without_sub"? (which of these words holds for the calls of nobody), "not_compared"?}; new reference.  What is left over is the reason `unexplained`. NULL
 * and *e.  In the order of subs; billing.customers does not count: a sub is a customer here. */
json_t *shadow_run(struct flow *flow, const struct billing *billing,
                   const struct shadow_question *question, struct err *e);
/* The document as CSV: a row per customer and reason; new text. */
char *shadow_csv(const json_t *document);

#endif
