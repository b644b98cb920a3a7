/* line_table.h -- statements as a plain table: a row for each line, one file for all customers of a
 * month. */
#ifndef BILLING_BOOKKEEPING_LINE_TABLE_H
#define BILLING_BOOKKEEPING_LINE_TABLE_H

#include "base/str.h"

#include <jansson.h>

/* Appends the line with the names of the columns. */
void line_table_head(struct str *out);
/* Appends a statement's rows: its lines, then its rounding and each of its taxes, so that the
 * amounts of a document sum to its total.  CSV by RFC 4180 with CRLF; a text that a spreadsheet
 * would run as a formula gets a ' in front (bill_render_field). */
void line_table_add(struct str *out, const json_t *statement);

#endif
