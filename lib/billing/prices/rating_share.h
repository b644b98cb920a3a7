/* rating_share.h -- what the rules of a price book make of some usage, before quota and tiers:
 * those are of the month, and no part of it has a share of them. */
#ifndef BILLING_PRICES_RATING_SHARE_H
#define BILLING_PRICES_RATING_SHARE_H

#include "billing/prices/money.h"
#include "billing/prices/price_book.h"
#include "billing/prices/volume.h"

struct rating_share {
    struct volume all;
    struct volume excluded;   /* by a rule: no charge */
    struct volume ruled;      /* at a rule's price */
    struct volume ordinary;   /* the rest: what quota and tiers count */
    struct money rule_charge; /* of what is ruled, exact */
};

/* Of a day, with one route and status (NULL: none). */
struct rating_share_usage {
    struct day day;
    const char *route, *status;
    struct volume volume;
};
/* Adds usage.  -1 and *e on overflow, or when no price holds on that day. */
int rating_share_add(struct rating_share *share, const struct price_book *book,
                     const struct rating_share_usage *usage, struct err *e);
/* Adds another share.  -1 and *e on overflow. */
int rating_share_join(struct rating_share *share, const struct rating_share *more, struct err *e);

#endif
