/* rating.h -- usage and a price book become a bill: a pure function, no I/O, no clock, no order. */
#ifndef BILLING_PRICES_RATING_H
#define BILLING_PRICES_RATING_H

#include "billing/prices/price_book.h"

/* What a query yields for one segment: everything with equal sub, route and status together. */
struct usage_line {
    const char *sub;    /* NULL or "": unattributed */
    const char *user;   /* a name for people; may be NULL */
    const char *route;  /* "GET /x"; may be NULL */
    const char *status; /* "200"; may be NULL */
    size_t segment;
    int64_t calls, bytes;
    /* Of the calls, those billed as 0 bytes: no readable length; one above billing.max_response. */
    int64_t length_unknown, length_refused;
};

/* The bill of a month: {"format_version", "pipeline"?, "month", "currency", "time_zone",
 * "rounding", "price_book", "customers_hash", "lines": [{"customer", "name", "calls", "bytes",
 * "billed_calls", "billed_bytes", "free_...", "call_charge", "data_charge", "minimum_charge",
 * "total", "detail":
 * [...]}], "unattributed": {...}, "totals": {...}, "warnings"?: {"length_unknown"?: calls,
 * "length_refused"?: calls}}; new reference.  Lines are sorted by customer; warnings are there when
 * there are such calls.  NULL and *e on overflow. */
json_t *rating_bill(const struct price_book *book, struct day month, const struct usage_line *lines,
                    size_t count, struct err *e);

#endif
