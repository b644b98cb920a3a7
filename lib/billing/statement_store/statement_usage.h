/* statement_usage.h -- what customers used by day, asked of Athena and put into a spool. */
#ifndef BILLING_STATEMENT_STORE_STATEMENT_USAGE_H
#define BILLING_STATEMENT_STORE_STATEMENT_USAGE_H

#include "billing/bill/usage.h"
#include "billing/statement_store/statement_spool.h"

struct statement_source {
    const struct price_book *book; /* whose customer map holds */
    struct day_span days;
    const char *only; /* of this customer alone; NULL: of all */
};
/* Query usage_days.  The spool, to be freed off the loop; NULL and *e. */
struct statement_spool *statement_usage_read(struct flow *flow, const struct billing *billing,
                                             const struct statement_source *source, struct err *e);

#endif
