/* shadow_amount.h -- what a customer's usage costs by another's arithmetic.  Pure. */
#ifndef BILLING_SHADOW_SHADOW_AMOUNT_H
#define BILLING_SHADOW_SHADOW_AMOUNT_H

#include "billing/shadow/shadow_fit.h"

enum shadow_arithmetic {
    SHADOW_EXACT,    /* to a billionth: what a floating point number may be off */
    SHADOW_ROUNDED,  /* the exact amount, rounded to some decimals */
    SHADOW_DIVISION, /* GiB were rounded, or cut off, before they were priced */
    SHADOW_NEITHER,
};

/* calls and bytes at flat prices, exact; -1 and *e on overflow. */
int shadow_amount_of(const struct shadow_prices *prices, struct shadow_sum sum,
                     struct money *amount, struct err *e);
/* How theirs comes from a sum: each arithmetic that is known is done (Trino's division of decimals,
 * which keeps one decimal of SUM(bytes) / 1024.0 at every step; division of integers), and
 * compared. */
enum shadow_arithmetic shadow_amount_how(const struct shadow_prices *prices, struct shadow_sum sum,
                                         struct money theirs);

#endif
