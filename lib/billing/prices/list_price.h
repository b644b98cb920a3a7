/* list_price.h -- what usage is worth when nobody knows whose it is: at the list price. */
#ifndef BILLING_PRICES_LIST_PRICE_H
#define BILLING_PRICES_LIST_PRICE_H

#include "billing/prices/price_book.h"
#include "billing/prices/volume.h"

#include <stdbool.h>

/* Adds what calls and bytes of a day cost by the first tier of its prices: without free calls,
 * later tiers, rules and minimum.  1 when there is no price for that day (nothing is added), -1 and
 * *e on overflow (ERR_INVALID). */
int list_price_add(const struct price_book *book, struct day day, struct volume volume,
                   struct money *sum, struct err *e);
/* The text of such a sum: six decimals at most, at least as many as the currency has; new memory.
 */
char *list_price_text(const struct price_book *book, struct money sum);

#endif
