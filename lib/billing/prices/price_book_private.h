/* price_book_private.h -- the book as its own files see it. */
#ifndef BILLING_PRICES_PRICE_BOOK_PRIVATE_H
#define BILLING_PRICES_PRICE_BOOK_PRIVATE_H

#include "billing/prices/price_book.h"
#include "billing/prices/section.h"

/* Up to and with up_to calls or bytes; the last tier has no end. */
struct tier {
    int64_t up_to; /* INT64_MAX: no end */
    struct price price;
};

struct tariff {
    bool volume; /* the month's total picks one tier for all; otherwise each tier takes its share */
    struct tier *tiers;
    size_t count;
};

struct rule {
    char *status; /* "404", "5xx", "-"; NULL: any */
    char *route;  /* a route key, or its beginning and a star; NULL: any */
    bool bill;
    bool has_call, has_gib;
    struct price call, gib; /* outside quota and tiers */
};

struct prices {
    struct day from;
    struct tariff calls, bytes;
    int64_t free_calls, free_bytes;
    struct price minimum;
    struct rule *rules;
    size_t rule_count;
};

struct customer {
    char *sub, *id, *name; /* name: NULL where this entry has none */
    struct day from, to;   /* both included */
    json_t *party;         /* what it is besides its usage (parties.h); NULL: nothing is said */
    size_t index;          /* in the list of the spec */
};

struct tax_rule;

struct price_book {
    _Atomic unsigned references;
    char *zone, *currency;
    struct prices *prices; /* oldest first */
    size_t price_count;
    struct customer *customers;        /* by sub, then day */
    struct customer **customers_by_id; /* named entries of a customer first */
    size_t customer_count;
    json_t *seller; /* NULL: none; this and what follows: parties.h */
    char *series, *terms, *seller_tax;
    int due_days;
    struct tax_rule *taxes;
    size_t tax_count;
    char hash[65], customers_hash[65];
    char *rounding;
};

/* price_book_read.c: the `prices` list of the whole section. */
void price_book_read_prices(const struct section_value *section, struct price_book *book);
/* price_book_customers.c: the `customers` list, sorted, overlaps told. */
void price_book_customers_read(const struct section_value *section, struct price_book *book);
/* Who sub is on that day; NULL: nobody in the map. */
const struct customer *price_book_customers_find(const struct price_book *book, const char *sub,
                                                 struct day day);
/* The first entry of a customer id in customers_by_id, or where it would be. */
size_t price_book_customers_first(const struct price_book *book, const char *id);
/* The name of a customer id, wherever the map has it; NULL: none. */
const char *price_book_customers_name(const struct price_book *book, const char *id);
/* An entry of another sub whose customer has that id on one of the days; NULL: none. */
const struct customer *price_book_customers_other(const struct price_book *book, const char *id,
                                                  struct day_span days);
/* The nth entry (from 0) of a customer id, those with a name first; NULL: there are no more. */
const struct customer *price_book_customers_at(const struct price_book *book, const char *id,
                                               size_t nth);
/* The entry that holds on that day; NULL: before the first. */
const struct prices *price_book_prices(const struct price_book *book, struct day day);
/* The first rule that matches, or NULL. */
const struct rule *price_book_rule(const struct prices *prices, const char *route,
                                   const char *status);

#endif
