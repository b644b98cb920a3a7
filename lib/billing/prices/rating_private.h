/* rating_private.h -- what rating counts (rating.c) and writes down (rating_charge.c). */
#ifndef BILLING_PRICES_RATING_PRIVATE_H
#define BILLING_PRICES_RATING_PRIVATE_H

#include "billing/prices/price_book_private.h"

struct volume {
    int64_t calls, bytes;
};

/* Days with one set of prices; both ends are in. */
struct segment {
    struct day from, to;
    const struct prices *prices; /* NULL: before the first */
};

/* A customer's usage of one segment that is not excluded. */
struct part {
    struct volume ordinary; /* for quota and tiers */
    struct volume *by_rule; /* at the price of a rule, by its index */
};

struct account {
    const char *id;   /* NULL: nobody */
    const char *user; /* the last of its names in the log, by letters */
    bool is_nobody;   /* no sub: neither quota nor minimum */
    bool used;        /* something not excluded, or in the map on the last day */
    struct volume all, excluded;
    struct part *parts; /* by segment */
};

struct rating {
    const struct price_book *book;
    struct day first, last;
    int digits; /* of a total */
    struct price minimum;
    struct segment *segments;
    size_t segment_count;
    struct account **accounts; /* by id */
    size_t account_count;
    struct account *nobody;
};

/* -1 on overflow. */
int rating_volume_add(struct volume *sum, int64_t calls, int64_t bytes, struct err *e);
/* The bill; NULL on overflow. */
json_t *rating_document(const struct rating *rating, struct err *e);

#endif
