/* rating_margin.h -- what one customer's line of a bill would be without some of its calls.
 *
 * A call has no price of its own where there are quota and tiers: what it is worth is what the line
 * would be lower by without it (its margin).  Margins of several calls do not add up; what all of
 * them are worth together is told apart. */
#ifndef BILLING_PRICES_RATING_MARGIN_H
#define BILLING_PRICES_RATING_MARGIN_H

#include "billing/prices/money.h"
#include "billing/prices/price_book.h"
#include "billing/prices/volume.h"

struct rating_margin;

/* A call, or several alike; texts are borrowed, and NULL for none. */
struct rating_margin_calls {
    struct day day;
    const char *sub, *route, *status;
    struct volume volume;
};

/* The line of a customer (NULL: of nobody, who pays nothing; what it would cost) over days of a
 * month. */
struct rating_margin *rating_margin_new(const struct price_book *book, struct day_span days,
                                        const char *customer);
void rating_margin_free(struct rating_margin *margin);
/* Of the line; all before rating_margin_end.  -1 and *e on overflow, or when no price holds. */
int rating_margin_add(struct rating_margin *margin, const struct rating_margin_calls *calls,
                      struct err *e);
int rating_margin_end(struct rating_margin *margin, struct err *e);
/* What the line's sum, before it is rounded, would be lower by without these alone, which must be
 * of it. -1 and *e on overflow. */
int rating_margin_of(struct rating_margin *margin, const struct rating_margin_calls *calls,
                     struct money *worth, struct err *e);
/* Puts these among those that the line is to be without. */
int rating_margin_take(struct rating_margin *margin, const struct rating_margin_calls *calls,
                       struct err *e);
/* The line's total, and what it would be without all that was taken; both rounded as bills are. */
int rating_margin_totals(struct rating_margin *margin, struct money *total, struct money *without,
                         struct err *e);

#endif
