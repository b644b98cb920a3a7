/* statement.h -- one customer's document of one month, out of the rated bill: pure, no I/O, no
 * clock.
 *
 * Its JSON is "billingd-statement-1" (specs/statement.schema.json, docs/statements.md); the same
 * input gives the same bytes. */
#ifndef BILLING_STATEMENT_STATEMENT_H
#define BILLING_STATEMENT_STATEMENT_H

#include "billing/prices/price_book.h"

#define STATEMENT_FORMAT "billingd-statement-1"

struct statement {
    const struct price_book *book; /* that the bill was made with */
    const json_t *bill;            /* its head: pipeline, month, first_day, ..., currency */
    const json_t *line;            /* of the bill: the customer's, or `unattributed`; with detail */
    /* Documents of that month which the customer has already: [{"number", "issue_date"?, "net"}],
     * oldest first; NULL or empty: none.  With any this is a correction: the line as it is now,
     * less those. */
    const json_t *before;
    const char *number; /* NULL: a draft, or nobody's */
    struct day issued;  /* year 0: not issued */
    /* [{"day", "route", "status", "calls", "bytes"}], route and status text or null, sorted; NULL:
     * not known, and not told. */
    const json_t *breakdown;
};

/* The document; new reference.  kind is "draft" without a number, "unattributed" where the line is
 * nobody's, else "invoice", or "credit_note" where less than nothing is owed.  NULL and *e: an
 * amount that is none, an overflow, or a tax rule that does not hold yet. */
json_t *statement_make(const struct statement *statement, struct err *e);
/* Sorted keys, two blanks deep, a newline at the end: what is stored; new text. */
char *statement_text(const json_t *document);
/* Whether the breakdown's calls and bytes are those of the usage; true where there is none. */
bool statement_adds_up(const json_t *document);

#endif
