/* focus.h -- statements as rows of FOCUS, the FinOps Open Cost and Usage Specification.
 *
 * A row per price and tier, one for each tax and one for the rounding, so that the rows of an
 * InvoiceId sum to what that document asks for.  Versions 1.2
 * (https://focus.finops.org/focus-specification/v1-2/) and 1.4, of June 2026
 * (https://focus.finops.org/focus-specification/v1-4/, dataset Cost and Usage). */
#ifndef BILLING_BOOKKEEPING_FOCUS_H
#define BILLING_BOOKKEEPING_FOCUS_H

#include "base/str.h"

#include <jansson.h>

enum focus_version { FOCUS_1_2, FOCUS_1_4 };

/* Appends the line with the names of the columns. */
void focus_head(struct str *out, enum focus_version version);
/* Appends a statement's rows: CSV by RFC 4180 with CRLF, null as nothing.  InvoiceId is its number,
 * null for a draft.  Of usage that is nobody's there are no rows: nobody owes it. */
void focus_add(struct str *out, const json_t *statement, enum focus_version version);

#endif
