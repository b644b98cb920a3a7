/* ubl_code.h -- the code lists that EN 16931 names, as far as an invoice of ours can meet them.
 *
 * As CEN's validation artefacts 1.3.16 have them (rules BR-CL-04, -14, -22, -23, BR-CO-09;
 * https://github.com/ConnectingEurope/eInvoicing-EN16931): a code that they do not know makes an
 * invoice invalid.  None of the functions minds NULL. */
#ifndef BILLING_BOOKKEEPING_UBL_CODE_H
#define BILLING_BOOKKEEPING_UBL_CODE_H

#include <stdbool.h>

/* ISO 3166-1 alpha-2. */
bool ubl_code_country(const char *text);
/* ISO 4217. */
bool ubl_code_currency(const char *text);
/* A code of CEF's VATEX list: why there is no VAT. */
bool ubl_code_exemption(const char *text);
/* Whether a tax number is a VAT number of that country: it begins with the country's code (EL in
 * Greece, also XI in the United Kingdom).  Others are local tax registrations. */
bool ubl_code_is_vat(const char *number, const char *country);
/* UN/ECE Recommendation 20's code of a unit of a statement; NULL: there is none. */
const char *ubl_code_unit(const char *unit);

#endif
