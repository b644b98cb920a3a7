/* bill_view.h -- a bill for people. */
#ifndef DAEMON_VIEWS_BILL_VIEW_H
#define DAEMON_VIEWS_BILL_VIEW_H

#include "billing/bill/bill_packed.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* One row per customer, totals, what is nobody's, and what the numbers rest on. */
void bill_view_print(const struct bill_packed *bill, FILE *out, bool color);
/* bill_render_json, piece by piece; nested: as a member of a document, two blanks deeper and
 * without the last newline. */
void bill_view_json(const struct bill_packed *bill, FILE *out, bool nested);
/* bill_render_csv, likewise. */
void bill_view_csv(const struct bill_packed *bill, FILE *out);
/* Per customer what two ways of counting say differently (bill_compare); first and second are their
 * names. */
void bill_view_differences(const json_t *differences, const char *first, const char *second,
                           FILE *out);

#endif
