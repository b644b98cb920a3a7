/* shadow_row.h -- one customer of the comparison: both sides, and the reasons between them. */
#ifndef BILLING_SHADOW_SHADOW_ROW_H
#define BILLING_SHADOW_SHADOW_ROW_H

#include "billing/shadow/shadow_amount.h"

struct shadow_row {
    const char *sub;                  /* NULL: nobody's */
    const struct shadow_share *share; /* what arrived of it; never NULL */
    const struct shadow_their *their; /* NULL: their answer has none such */
    const json_t *line;               /* of our bill; NULL: none */
};

/* What all rows have in common. */
struct shadow_table {
    bool has_calls, has_bytes, has_amount;
    struct shadow_prices prices;
    json_t *reasons; /* code -> {"calls", "bytes", "amount"}: of all customers; added to */
};

/* {"customer", "calls", "bytes", "amount", "reasons", "explained"}; new reference, or NULL and *e.
 */
json_t *shadow_row_json(struct shadow_table *table, const struct shadow_row *row, struct err *e);

#endif
