/* rating.h -- usage and a price book become a bill: a pure function, no I/O, no clock, no order. */
#ifndef BILLING_PRICES_RATING_H
#define BILLING_PRICES_RATING_H

#include "billing/prices/price_book.h"

/* What a bill warns of, in the order of the usage queries' columns: no readable length; a length
 * above billing.max_response (both are 0 of the bytes); dated by the log event; a line that was no
 * JSON. */
enum rating_doubt {
    RATING_LENGTH_UNKNOWN,
    RATING_LENGTH_REFUSED,
    RATING_ESTIMATED,
    RATING_REPAIRED,
    RATING_DOUBTS
};
/* Their names in documents: "length_unknown", ... */
extern const char *const rating_doubt_names[RATING_DOUBTS];

/* What a query yields for one segment: everything with equal sub, route and status together. */
struct usage_line {
    const char *sub;    /* NULL or "": unattributed */
    const char *user;   /* a name for people; may be NULL */
    const char *route;  /* "GET /x"; may be NULL */
    const char *status; /* "200"; may be NULL */
    size_t segment;
    int64_t calls, bytes;
    int64_t doubts[RATING_DOUBTS]; /* of the calls, those billed in spite of one */
};

/* The bill of a month, or of its last days: {"format_version", "pipeline"?, "month", "first_day",
 * "last_day", "currency", "time_zone", "rounding", "price_book", "customers_hash", "lines":
 * [{"customer", "name", "calls", "bytes", "billed_calls", "billed_bytes", "free_...",
 * "call_charge", "data_charge", "minimum_charge", "total", "detail":
 * [...]}], "unattributed": {...}, "totals": {...}, "warnings"?: {doubt: calls}}; new reference.
 * Lines are sorted by customer; warnings are there when there are such calls.  NULL and *e on
 * overflow. */
json_t *rating_bill(const struct price_book *book, struct day_span days,
                    const struct usage_line *lines, size_t count, struct err *e);
/* The same of lines that come one by one and are not kept: memory for customers, not for lines.
 * Texts are copied. */
struct rating;
struct rating *rating_new(const struct price_book *book, struct day_span days);
/* -1 and *e on overflow, or when no price holds for it. */
int rating_add(struct rating *rating, const struct usage_line *line, struct err *e);
/* Adds what other counted, of the same book and days, and frees it.  -1 and *e on overflow. */
int rating_join(struct rating *rating, struct rating *other, struct err *e);
/* The bill, as rating_bill's. */
json_t *rating_end(struct rating *rating, struct err *e);
/* The same, its lines one by one, borrowed, in their order; the bill's "lines" are empty then. */
struct rating_taker {
    void (*take)(void *arg, json_t *line);
    void *arg;
};
json_t *rating_end_each(struct rating *rating, const struct rating_taker *taker, struct err *e);
void rating_free(struct rating *rating);
/* Whose usage would be another's, of what was added: a sub without an entry in the customer map
 * that is called as a customer whom the map gives to another sub.  In words, new text; NULL when
 * there is none. */
char *rating_borrows(const struct rating *rating);

#endif
