/* verify_statements.h -- the documents of a closed month's customers against what was signed. */
#ifndef BILLING_VERIFY_VERIFY_STATEMENTS_H
#define BILLING_VERIFY_VERIFY_STATEMENTS_H

#include "billing/close/closed.h"
#include "billing/verify/verify.h"

/* Each document of invoice and corrections is there with the bytes of the signed index, its number
 * is its customer's, and all of them are the bill; what is not so becomes a difference.  That a
 * month has none is told as checked.  -1 and *e. */
int verify_statements(struct flow *flow, struct verify *verify, const struct closed *closed,
                      struct err *e);

#endif
