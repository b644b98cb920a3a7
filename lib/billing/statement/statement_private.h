/* statement_private.h -- the inside of a statement.
 *
 * statement.c        the document: head, parties, period, usage
 * statement_lines.c  its lines, out of the working of the bill
 * statement_sums.c   subtotal, the one rounding, taxes, total */
#ifndef BILLING_STATEMENT_STATEMENT_PRIVATE_H
#define BILLING_STATEMENT_STATEMENT_PRIVATE_H

#include "base/json.h"
#include "billing/statement/statement.h"

/* The lines of the document; tax: the category that stands on each, NULL: none.  New reference, or
 * NULL and *e. */
json_t *statement_lines(const struct statement *statement, const char *tax, struct err *e);
/* Puts subtotal, rounding, net, taxes, total in, from its lines.  -1 and *e. */
int statement_sums(const struct statement *statement, json_t *document, struct err *e);
/* The line's customer, NULL: nobody's. */
static inline const char *statement_customer(const struct statement *statement)
{
    return json_text(statement->line, "customer");
}
/* A day of a document; 0001-01-01 where it has none. */
static inline struct day statement_day(const json_t *document, const char *key)
{
    struct day day = {1, 1, 1};
    const char *text = json_text(document, key);
    struct err ignored = {0};

    if (text)
        (void)calendar_parse_day(text, &day, &ignored);
    return day;
}
/* The last day of the bill. */
static inline struct day statement_last_day(const struct statement *statement)
{
    return statement_day(statement->bill, "last_day");
}

#endif
