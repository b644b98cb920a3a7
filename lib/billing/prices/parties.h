/* parties.h -- who bills and who is billed: the seller, what customers are besides their usage, and
 * which tax is on it.  All of it stands in the `billing` section, beside the prices. */
#ifndef BILLING_PRICES_PARTIES_H
#define BILLING_PRICES_PARTIES_H

#include "billing/prices/price_book.h"

/* A rule of billing.taxes, as EN 16931 names it (UNTDID 5305). */
struct tax_rule {
    char *name;
    struct day from;      /* the first day that it holds for */
    const char *category; /* "S", "Z", "E", "AE" or "O" */
    struct price rate;    /* percent, in 10^-12; 0 but for "S" */
    char *reason;         /* why there is none; NULL: nothing is said */
};

/* {"name", "address": [text], "country", "tax_id"}, members that the spec leaves out are missing;
 * borrowed, NULL: the spec has no seller. */
const json_t *parties_seller(const struct price_book *book);
/* What its numbers begin with ("INV-"); borrowed, NULL: the spec says none. */
const char *parties_series(const struct price_book *book);
/* Days from issue to due, -1: the spec says none; the words for it, NULL: none. */
int parties_due_days(const struct price_book *book);
const char *parties_terms(const struct price_book *book);
/* {"customer", "name"?, "address"?, "country"?, "tax_id"?, "reference"?} of a customer id; new
 * reference. */
json_t *parties_buyer(const struct price_book *book, const char *id);
/* The tax on what a customer owes for a period that ends on that day.  0, *tax NULL: no taxes are
 * declared, or it is nobody (id NULL), who owes nothing; -1 and *e: its rule does not hold yet. */
int parties_tax(const struct price_book *book, const char *id, struct day last,
                const struct tax_rule **tax, struct err *e);

/* The seller and the tax rules of the whole section, told and read (price_book.c's). */
struct section_value;
void parties_read(const struct section_value *section, struct price_book *book);
/* What a customer's entry says of it, checked: new reference, NULL: nothing. */
json_t *parties_read_entry(const struct section_value *item);
/* Entries of one customer say the same of it, and their tax is a rule. */
void parties_check(const struct section_value *section, const struct price_book *book);
void parties_free(struct price_book *book);

#endif
