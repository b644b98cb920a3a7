/* price_book_tell.h -- what the working of a bill refers to, in words and numbers. */
#ifndef BILLING_PRICES_PRICE_BOOK_TELL_H
#define BILLING_PRICES_PRICE_BOOK_TELL_H

#include "billing/prices/price_book.h"

/* Units, calls or bytes, of a tier. */
struct price_book_tier {
    int64_t first, last; /* last: INT64_MAX where it has no end */
};
/* The index'th tier, from 1, of the prices that hold on a day.  false: there is no such tier. */
bool price_book_tell_tier(const struct price_book *book, struct day day, bool bytes, size_t index,
                          struct price_book_tier *tier);
/* What the index'th rule, from 1, of the prices of a day is about: "status 4xx, route GET /a*"; new
 * text, NULL: there is no such rule. */
char *price_book_tell_rule(const struct price_book *book, struct day day, size_t index);

#endif
