/* statement_tables.h -- all documents of a month as rows, and which of them are electronic
 * invoices.
 *
 * Rows are packed as they come, so memory is for the gzip. */
#ifndef BILLING_STATEMENT_STORE_STATEMENT_TABLES_H
#define BILLING_STATEMENT_STORE_STATEMENT_TABLES_H

#include "base/str.h"

#include <jansson.h>
#include <stdbool.h>

/* FOCUS 1.2, FOCUS 1.4, lines. */
enum { STATEMENT_TABLES = 3 };
/* Their names beside the other files of what is closed. */
extern const char *const statement_tables_names[STATEMENT_TABLES];

/* {0} to begin. */
struct statement_tables {
    struct str packed[STATEMENT_TABLES]; /* what is done: gzip members */
    struct str rows[STATEMENT_TABLES];   /* what is not packed yet */
    bool begun;
    size_t documents, refused; /* of customers; those that are no electronic invoice */
    char *why;                 /* of the first that was refused; NULL: none was */
};

/* Adds a document's rows.  refusal: why it is no electronic invoice, NULL: it is one. */
void statement_tables_add(struct statement_tables *tables, const json_t *document,
                          const char *refusal);
/* Packs what is left. */
void statement_tables_end(struct statement_tables *tables);
/* How many have no electronic invoice, and why the first has none; new text, NULL: all have one. */
char *statement_tables_told(const struct statement_tables *tables);
void statement_tables_fini(struct statement_tables *tables);

#endif
