/* rating_private.h -- the inside of rating.
 *
 * rating.c          counts: a month's usage by customer, segment and what happens to it
 * rating_margin.c   what a line would be without some of its calls
 * rating_charge.c   charges: what one customer owes for what was counted
 * rating_document.c writes down: the bill */
#ifndef BILLING_PRICES_RATING_PRIVATE_H
#define BILLING_PRICES_RATING_PRIVATE_H

#include "billing/prices/price_book_private.h"
#include "billing/prices/rating.h"
#include "billing/prices/volume.h"

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
    char *id;       /* NULL: nobody */
    char *user;     /* the last of its names in the log, by letters; may be NULL */
    bool is_nobody; /* no sub: neither quota nor minimum */
    bool used;      /* something not excluded, or in the map on the last day */
    struct volume all, excluded;
    struct part *parts; /* by segment */
};

struct rating {
    const struct price_book *book;
    struct day_span days;        /* of one month */
    int digits;                  /* of a total */
    const struct prices *prices; /* of the last day, whose minimum holds; NULL: there are none */
    struct price minimum;
    struct segment *segments;
    size_t segment_count;
    struct account **accounts; /* by id, once all is counted */
    size_t account_count, account_room;
    json_t *places;       /* id -> its place among accounts, while counting */
    struct account *last; /* whose line came last: they come sorted */
    struct account *nobody;
    int64_t doubts[RATING_DOUBTS]; /* calls */
    char *borrower;                /* the first sub, by letters, that rating_borrows tells of */
    const struct customer *lends;  /* to it */
    json_t *texts;                 /* text -> itself, for rating_charge_text */
};

/* An account of that customer, if there is none. */
void rating_add_customer(struct rating *rating, const char *id);

/* What an account owes. */
struct rating_charge {
    struct volume free, billed;
    struct money calls, bytes, minimum; /* exact; minimum: what is missing to it */
    struct money total;                 /* rounded */
    json_t *detail; /* the working: [{"from", "to", "what", "how", "quantity", "price" or
                       "price_per_gib", "charge"}]; owned by whoever has the struct */
};
/* -1 and *e on overflow; detail is there then, too. */
int rating_charge(const struct rating *rating, const struct account *account,
                  struct rating_charge *charge, struct err *e);

/* The bill, with its lines given away; new reference.  NULL and *e on overflow. */
json_t *rating_document(const struct rating *rating, const struct rating_taker *taker,
                        struct err *e);
/* A text that many lines of the bill say, kept once for all of them; new reference. */
json_t *rating_charge_text(const struct rating *rating, const char *text);
/* An amount with all its decimals, two at least; new reference. */
json_t *rating_charge_amount(struct money amount);

#endif
