/* ubl.h -- a customer's statement as an electronic invoice: EN 16931-1:2017 in UBL 2.1.
 *
 * A pure function of the statement.  It says the same amounts as the statement does: net, tax and
 * what is due; where the standard has no way to say them, or a fact that it demands is missing,
 * there is no file. */
#ifndef BILLING_BOOKKEEPING_UBL_H
#define BILLING_BOOKKEEPING_UBL_H

#include "base/err.h"

#include <jansson.h>

/* Why a statement cannot be an invoice, each in words that name what is missing and where it is
 * said (["billing.seller.country is missing: ... (BT-40)"]); new reference, empty: it can. */
json_t *ubl_missing(const json_t *statement);
/* The document: an Invoice (380; 325, pro forma, for a draft) or a CreditNote (381); new text.  A
 * credit note's amounts have the opposite sign of the statement's, as the standard wants them.
 * NULL and *e (ERR_INVALID) with all of ubl_missing. */
char *ubl_text(const json_t *statement, struct err *e);

#endif
