/* statement_tables.h -- all documents of a month as rows.
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
};

/* Adds a document's rows. */
void statement_tables_add(struct statement_tables *tables, const json_t *document);
/* Packs what is left. */
void statement_tables_end(struct statement_tables *tables);
void statement_tables_fini(struct statement_tables *tables);

#endif
