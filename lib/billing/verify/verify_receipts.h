/* verify_receipts.h -- what proves a closed document to its customers, against what was signed. */
#ifndef BILLING_VERIFY_VERIFY_RECEIPTS_H
#define BILLING_VERIFY_VERIFY_RECEIPTS_H

#include "billing/close/closed.h"
#include "billing/verify/verify.h"

/* Records and leaves of one document; some hundred bytes for each customer. */
struct verify_receipts;

/* Reads them, *receipts: NULL where it has none, which is told as checked, or where what is wrong
 * was told: the signed document is the key's and says what the manifest says, and its root is that
 * of the leaves.  -1 and *e. */
int verify_receipts_open(struct flow *flow, struct verify *verify,
                         const struct closed_document *document, struct verify_receipts **receipts,
                         struct err *e);
/* What is wrong with a customer's leaf, whose statement is text: new text; NULL: nothing, or
 * receipts is.  Safe in threads. */
char *verify_receipts_wrong(const struct verify_receipts *receipts, const char *hash,
                            const struct str *text);
/* All lists of requests are there with their bytes, and make the calls, bytes and tree that were
 * signed.  customers: how many have a statement.  Frees receipts; -1 and *e. */
int verify_receipts_end(struct flow *flow, struct verify_receipts *receipts, size_t customers,
                        struct err *e);

#endif
