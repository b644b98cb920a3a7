/* shadow_sql.h -- somebody else's query, before it is run: it must be one that only reads. */
#ifndef BILLING_SHADOW_SHADOW_SQL_H
#define BILLING_SHADOW_SHADOW_SQL_H

#include "base/err.h"

/* The text up to its semicolon; new memory.  NULL and *e
 * (ERR_INVALID, with file, line and column) unless it is one SELECT, WITH clauses allowed. */
char *shadow_sql_check(const char *file, const char *text, struct err *e);

#endif
