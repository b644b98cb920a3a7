/* close_months.h -- how it is with each month: closed, to be closed, or why it cannot be. */
#ifndef BILLING_CLOSE_CLOSE_MONTHS_H
#define BILLING_CLOSE_CLOSE_MONTHS_H

#include "aws/flow.h"
#include "billing/rollup/rollup.h"
#include "billing/store/billing.h"

enum close_month {
    CLOSE_MONTH_OPEN,       /* not all of its days are over */
    CLOSE_MONTH_READY,      /* over, and all its days can be billed from; the audit was not asked */
    CLOSE_MONTH_UNCLOSABLE, /* over, and a day cannot be billed from */
    CLOSE_MONTH_CLOSED,     /* there is a manifest, which nobody verified */
    CLOSE_MONTH_EMPTY,      /* over, and without a call */
    CLOSE_MONTH_LEFT,       /* not closed, and a later one is: left open for good */
    CLOSE_MONTHS
};
/* "open", "ready", ... */
const char *close_months_name(enum close_month state);
/* Of the months that the days of a look lie in, oldest first: [{"month", "state", "reasons": [why
 * it is unclosable]}]; new reference.  The look ends with the last closed day.  NULL and *e. */
json_t *close_months(struct flow *flow, const struct billing *billing,
                     const struct rollup_status *status, struct err *e);
/* So many months of the list are in the state. */
size_t close_months_count(const json_t *months, enum close_month state);

#endif
