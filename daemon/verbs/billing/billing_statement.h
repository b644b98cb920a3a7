/* billing_statement.h -- `bill --customer`: one customer's document before the close, as a draft.
 */
#ifndef DAEMON_VERBS_BILLING_BILLING_STATEMENT_H
#define DAEMON_VERBS_BILLING_BILLING_STATEMENT_H

#include "billing/bill/bill_packed.h"
#include "daemon/verbs/billing/billing_runner.h"

/* Prints it, out of the bill of the month.  An exit code, or -1 and *e. */
int billing_statement_tell(struct flow *flow, struct billing_turn *turn,
                           const struct bill_packed *bill, struct err *e);

#endif
