/* receipt_check.h -- is a receipt what was signed?  From its bytes and a public key alone, in one
 * reading, with the statement and one request in memory.
 *
 * Nothing of it is believed before the signature is good; docs/receipts.md has the steps for who
 * writes another verifier. */
#ifndef BILLING_RECEIPT_RECEIPT_CHECK_H
#define BILLING_RECEIPT_RECEIPT_CHECK_H

#include "billing/receipt/canonical.h"
#include "billing/receipt/receipt.h"

#include <jansson.h>

struct receipt_check {
    json_t *wrong; /* texts; empty: the receipt is good */
    json_t *notes; /* what should be known all the same */
    json_t *facts; /* {"invoice", "month", "pipeline", "root", "size", "itemised", "calls", "bytes"
                      and of the statement "customer", "number", "total", "currency"}: as far as it
                      could be read; worth something only when nothing is wrong */
};
/* 0 when the receipt is good, 1 when not; -1 and *e when it could not be read to its end. Give back
 * with receipt_check_fini, also on failure. */
int receipt_check(canonical_more_fn *more, void *arg, const struct signature_key *key,
                  struct receipt_check *check, struct err *e);
void receipt_check_fini(struct receipt_check *check);

#endif
