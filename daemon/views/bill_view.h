/* bill_view.h -- a bill for people. */
#ifndef DAEMON_VIEWS_BILL_VIEW_H
#define DAEMON_VIEWS_BILL_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* One row per customer, totals, what is nobody's, and what the numbers rest on. */
void bill_view_print(const json_t *bill, FILE *out, bool color);
/* Per customer what two ways of counting say differently (bill_compare); first and second are their
 * names. */
void bill_view_differences(const json_t *differences, const char *first, const char *second,
                           FILE *out);

#endif
