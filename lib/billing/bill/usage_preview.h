/* usage_preview.h -- the usage of a month that is not wholly rolled up: built days from rollups,
 * the others from the log events that lie in the bucket now. */
#ifndef BILLING_BILL_USAGE_PREVIEW_H
#define BILLING_BILL_USAGE_PREVIEW_H

#include "billing/bill/usage.h"

/* As usage_read; from raw_from on, one of the days, the log events are counted.  sources:
 * {"source", "scanned_bytes", "engine_ms", "query_ids"}. */
int usage_preview_read(struct flow *flow, const struct billing *billing, struct day_span days,
                       struct day raw_from, struct usage *usage, struct err *e);

#endif
