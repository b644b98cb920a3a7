/* athena_query_text.h -- the queries of the spec as text, and the values that are put into them. */
#ifndef BILLING_STORE_ATHENA_QUERY_TEXT_H
#define BILLING_STORE_ATHENA_QUERY_TEXT_H

#include "billing/store/billing.h"

#include <stdbool.h>

/* The query of that name with every ${placeholder} replaced; values: name -> text.  New text; NULL
 * and *e when the query or a value is missing.  Values must be numbers, dates or names we made:
 * nothing from outside is ever put into SQL. */
char *athena_query_text(const struct billing *billing, const char *name, const json_t *values,
                        struct err *e);
/* Whether a value may be put in: nothing in it could end a text or a statement. */
bool athena_query_text_takes(const char *value);
/* SHA-256 (hex, new text) of a query's text before values are put in: what was asked, not when. */
char *athena_query_text_hash(const struct billing *billing, const char *name);

#endif
