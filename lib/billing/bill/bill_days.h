/* bill_days.h -- how far billing days can be billed from: their builds, as a document to keep and
 * compare. */
#ifndef BILLING_BILL_BILL_DAYS_H
#define BILLING_BILL_BILL_DAYS_H

#include "aws/flow.h"
#include "billing/prices/calendar.h"
#include "billing/rollup/rollup.h"
#include "billing/store/billing.h"

/* The builds of the days as they are now, listed anew: [{"day", "state", "fingerprint", "run",
 * "sql_hash", "window", "rows", "calls", "bytes",
 * "foreign_calls"}], the last six only of days with a build; new
 * reference, or NULL and *e. */
json_t *bill_days(struct flow *flow, const struct billing *billing, struct day_span days,
                  struct err *e);
/* The same of days that were looked at already; appended to documents. */
void bill_days_add(json_t *documents, const struct rollup_day *days, size_t count);
/* [{"day", "state"}] of those that cannot be billed from as they stand; new reference. */
json_t *bill_days_open(const json_t *days);
/* Why these days (all, or only bill_days_open) cannot be billed from yet, and what to do, a text
 * for each run of days one after the other; appended to reasons. */
void bill_days_reasons(const json_t *days, json_t *reasons);
/* Whether both name the same builds. */
bool bill_days_same(const json_t *a, const json_t *b);

#endif
