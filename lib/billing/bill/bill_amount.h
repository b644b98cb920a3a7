/* bill_amount.h -- the decimals of bills as numbers again, and bills subtracted. */
#ifndef BILLING_BILL_BILL_AMOUNT_H
#define BILLING_BILL_BILL_AMOUNT_H

#include "aws/flow.h"
#include "base/err.h"
#include "billing/bill/bill_packed.h"
#include "billing/prices/money.h"

#include <jansson.h>

/* Any text of money_text or money_exact_text, with all its decimals, a sign allowed: the reverse of
 * them, to the last unit.  -1 and *e (ERR_INVALID) when it is no such text. */
int bill_amount_parse(const char *text, struct money *amount, struct err *e);
/* a + b and a - b of two such texts (NULL: 0), exact, with no fewer decimals than either has; new
 * text, or NULL and *e. */
char *bill_amount_plus(const char *a, const char *b, struct err *e);
char *bill_amount_minus(const char *a, const char *b, struct err *e);

/* later - earlier, line by line, of two bills of one month: lines (sorted by customer) only of
 * those that differ, "unattributed" and "totals" always; new reference.  What is no number is taken
 * from `later`.  NULL and *e when one is no bill. */
struct bill_packed *bill_amount_bills(const struct bill_packed *later,
                                      const struct bill_packed *earlier, struct err *e);
/* earlier + difference: the same the other way round; customers that one of them lacks are taken
 * from the other.  new reference, or NULL and *e. */
struct bill_packed *bill_amount_add_bills(const struct bill_packed *earlier,
                                          const struct bill_packed *difference, struct err *e);
/* The same two off the loop. */
struct bill_packed *bill_amount_difference(struct flow *flow, const struct bill_packed *later,
                                           const struct bill_packed *earlier, struct err *e);
struct bill_packed *bill_amount_sum(struct flow *flow, const struct bill_packed *earlier,
                                    const struct bill_packed *difference, struct err *e);

#endif
