/* usage_preview.h -- the usage of a month that is not wholly rolled up: built days from rollups,
 * the others from the log events that lie in the bucket now. */
#ifndef BILLING_BILL_USAGE_PREVIEW_H
#define BILLING_BILL_USAGE_PREVIEW_H

#include "billing/bill/usage.h"

struct usage_preview {
    struct day_span days;
    struct day raw_from; /* one of them: from it on the log events are counted */
    json_t **sources;    /* may be NULL */
};
/* As usage_each, the built days' lines to takers[0], the others' to takers[1]; both are told
 * segments of all the days, so that one of them may get lines from each.  *sources:
 * {"source", "scanned_bytes", "engine_ms", "query_ids"}. */
int usage_preview_each(struct flow *flow, const struct billing *billing,
                       const struct usage_preview *preview, const struct usage_taker takers[2],
                       struct err *e);

#endif
