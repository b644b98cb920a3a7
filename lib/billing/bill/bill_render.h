/* bill_render.h -- a bill as files other programs read. */
#ifndef BILLING_BILL_BILL_RENDER_H
#define BILLING_BILL_BILL_RENDER_H

#include "base/str.h"
#include "billing/bill/bill_packed.h"

#include <jansson.h>

/* Appends CSV by RFC 4180 (CRLF): a row per customer, then one of unattributed usage; amounts
 * exact.  Texts that a spreadsheet would run as a formula get a ' in front (names come from
 * callers' tokens). */
void bill_render_csv(const struct bill_packed *bill, const struct bill_text *out);
/* Appends the mandatory columns of FOCUS 1.2 (https://focus.finops.org/focus-specification/v1-2/)
 * as CSV: a row per customer and charge, costs to 12 decimals.  The rest, to the rounded total, is
 * a row "Adjustment", so that a customer's rows sum to the invoice.  Unattributed usage is nobody's
 * and left out.  ChargeClass is the document's "charge_class" (corrections have one).  issuer: who
 * bills; NULL: the pipeline's name stands for it. */
void bill_render_focus(const struct bill_packed *bill, const char *issuer,
                       const struct bill_text *out);
/* Appends a CSV field as above, and what comes behind it ("," or CRLF). */
void bill_render_field(struct str *out, const char *text, const char *end);

#endif
