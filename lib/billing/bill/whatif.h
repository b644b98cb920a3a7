/* whatif.h -- what the usage of past months would have cost by another price book. */
#ifndef BILLING_BILL_WHATIF_H
#define BILLING_BILL_WHATIF_H

#include "billing/bill/bill.h"

/* {"format_version", "pipeline", "from", "to" (months), "currency", "old": {"price_book",
 * "customers_hash"}, "new": the same, "customers": [{"customer", "name", "old", "new",
 * "difference", "percent" (two decimals, half up; null: from nothing), "months": [{"month", "old",
 * "new", "difference"}]}], "unattributed", "totals", "pays_less", "pays_more", "same" (customers)}:
 * rated from rollups, with billing's book and with `book`, which must have the same time zone and
 * currency (ERR_INVALID).  months: the first days of the first and the last.  Amounts are the
 * rounded totals of the monthly bills and their sums.  new reference, or NULL and *e. */
json_t *whatif_run(struct flow *flow, const struct billing *billing, struct price_book *book,
                   struct day_span months, struct err *e);
/* The same of bills at hand, of the same months: [[old bill, new bill]]. */
json_t *whatif_of_bills(const json_t *pairs, struct err *e);
/* Columns of the document as CSV (RFC 4180), a row per customer, unattributed, total; new text. */
char *whatif_csv(const json_t *document);

#endif
