/* documents.h -- every document there is or was: in the archive, in the register of numbers, or
 * named by a later manifest. */
#ifndef BILLING_CLOSE_DOCUMENTS_H
#define BILLING_CLOSE_DOCUMENTS_H

#include "billing/close/archive.h"

/* {"shop-2025-10-c1": SHA-256 of its manifest}, as the newest invoice says, else the register, else
 * the archive; new reference, or NULL and *e. */
json_t *documents_read(struct flow *flow, const struct billing *billing, struct err *e);
/* The number of the month's last correction among them; 0: none. */
unsigned documents_last(const struct billing *billing, const json_t *documents, struct day month);
/* The months with an invoice among them, oldest first: ["2025-09"]; new reference. */
json_t *documents_months(const struct billing *billing, const json_t *documents);
/* The same of numbers alone: ["shop-2025-10", "shop-2025-10-c1"]. */
json_t *documents_months_of(const struct billing *billing, const json_t *numbers);
/* The hash of one; NULL: not among them. */
const char *documents_hash(const struct billing *billing, const json_t *documents,
                           struct number number);

#endif
