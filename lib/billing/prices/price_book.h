/* price_book.h -- prices, rules and customers with the days they hold from; and the bill they make.
 *
 * Rating is a pure function of usage lines and the book: no I/O, no clock, no order. */
#ifndef BILLING_PRICES_PRICE_BOOK_H
#define BILLING_PRICES_PRICE_BOOK_H

#include "billing/prices/section.h"

#include <jansson.h>

struct price_book;

/* Checks a `billing` section of a spec; returns the number of problems. */
int price_book_check(const json_t *section, section_problem_fn *problem, void *arg);
/* From a section that passed the check; new. */
struct price_book *price_book_new(const json_t *section);
void price_book_free(struct price_book *book);

const char *price_book_zone(const struct price_book *book);
const char *price_book_currency(const struct price_book *book);
/* SHA-256 (hex) of the book in one canonical form: same prices, same hash, whatever the spelling.
 */
const char *price_book_hash(const struct price_book *book);
/* SHA-256 of the customer map alone. */
const char *price_book_customers_hash(const struct price_book *book);
/* The rounding rule in words, printed on every bill. */
const char *price_book_rounding(const struct price_book *book);
/* The days on which something changes within [first, last]: the month falls into segments that are
 * each rated with one set of prices and customers.  Fills starts (first is always one of them), at
 * most `most`; returns their number. */
size_t price_book_segments(const struct price_book *book, struct day first, struct day last,
                           struct day *starts, size_t most);

/* What a query yields for one segment: everything with equal sub, route and status together. */
struct usage_line {
    const char *sub;    /* NULL or "": unattributed */
    const char *user;   /* a name for people; may be NULL */
    const char *route;  /* "GET /x"; may be NULL */
    const char *status; /* "200"; may be NULL */
    size_t segment;
    int64_t calls, bytes;
};

/* The bill of a month: {"format_version", "pipeline"?, "month", "currency", "time_zone",
 * "rounding", "price_book", "customers_hash", "lines": [{"customer", "name", "calls", "bytes",
 * "billed_calls", "billed_bytes", "free_...", "call_charge", "data_charge", "minimum_charge",
 * "total", "detail":
 * [...]}], "unattributed": {...}, "totals": {...}}; new reference.  Lines are sorted by customer.
 * NULL and *e on overflow. */
json_t *price_book_bill(const struct price_book *book, struct day month,
                        const struct usage_line *lines, size_t count, struct err *e);

#endif
