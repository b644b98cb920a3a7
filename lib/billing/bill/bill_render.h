/* bill_render.h -- a bill as files other programs read. */
#ifndef BILLING_BILL_BILL_RENDER_H
#define BILLING_BILL_BILL_RENDER_H

#include "base/str.h"

#include <jansson.h>

/* The document as JSON text, two blanks deep, with a newline; new text. */
char *bill_render_json(const json_t *bill);
/* CSV by RFC 4180 (CRLF): a row per customer, then one of unattributed usage; amounts exact.  Texts
 * that a spreadsheet would run as a formula get a ' in front (names come from callers' tokens). */
char *bill_render_csv(const json_t *bill);
/* The mandatory columns of FOCUS 1.2 (https://focus.finops.org/focus-specification/v1-2/) as CSV: a
 * row per customer and charge, costs to 12 decimals.  The rest, to the rounded total, is a row
 * "Adjustment", so that a customer's rows sum to the invoice.  Unattributed usage is nobody's and
 * left out.  ChargeClass is the document's "charge_class" (corrections have one).  issuer: who
 * bills; NULL: the pipeline's name stands for it. */
char *bill_render_focus(const json_t *bill, const char *issuer);
/* Appends a CSV field as above, and what comes behind it ("," or CRLF). */
void bill_render_field(struct str *out, const char *text, const char *end);

#endif
