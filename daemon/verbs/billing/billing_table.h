/* billing_table.h -- a whole bill as rows for other programs: FOCUS, and the table of all lines. */
#ifndef DAEMON_VERBS_BILLING_BILLING_TABLE_H
#define DAEMON_VERBS_BILLING_BILLING_TABLE_H

#include "billing/bill/bill_packed.h"
#include "billing/prices/price_book.h"
#include "daemon/verbs/options.h"

/* Prints each customer's document as it would be now, without a number: its rows, customer by
 * customer.  output: OUTPUT_FOCUS, OUTPUT_FOCUS_1_4 or OUTPUT_LINES.  Off the loop.  -1 and *e: an
 * amount is too large, or a tax rule does not hold yet. */
int billing_table_print(const struct price_book *book, const struct bill_packed *bill,
                        enum output_format output, struct err *e);

#endif
