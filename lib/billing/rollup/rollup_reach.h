/* rollup_reach.h -- which arrivals the raw table can show: its projection ends somewhere, and
 * objects beyond it are read by no query, without a word. */
#ifndef BILLING_ROLLUP_ROLLUP_REACH_H
#define BILLING_ROLLUP_ROLLUP_REACH_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* From the first second of arrival to the one behind the last, UTC epoch seconds; without
 * projection of years: everything. */
struct rollup_reach {
    int64_t from_s, to_s;
};
/* Reads the table.  -1 and *e: ERR_INVALID when its projection of years cannot be understood. */
int rollup_reach_read(struct flow *flow, const struct billing *billing, struct rollup_reach *reach,
                      struct err *e);
/* The reach that a table's parameters say; as above. */
int rollup_reach_of(const json_t *parameters, struct rollup_reach *reach, struct err *e);

#endif
