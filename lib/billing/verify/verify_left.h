/* verify_left.h -- what lies in the archive and is nobody's. */
#ifndef BILLING_VERIFY_VERIFY_LEFT_H
#define BILLING_VERIFY_VERIFY_LEFT_H

#include "billing/close/closed.h"
#include "billing/verify/verify.h"

/* Notes files of the month that no manifest names, and bills beside the register that no entry
 * does: closes that were interrupted, or came second, left them.  They count for nothing, and
 * nothing is wrong with what was signed.  -1 and *e. */
int verify_left(struct flow *flow, struct verify *verify, const struct closed *closed,
                struct err *e);

#endif
