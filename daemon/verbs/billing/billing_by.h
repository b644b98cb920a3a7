/* billing_by.h -- `bill --by`: the bill's lines by day, route and status. */
#ifndef DAEMON_VERBS_BILLING_BILLING_BY_H
#define DAEMON_VERBS_BILLING_BILLING_BY_H

#include "billing/bill/bill_packed.h"
#include "billing/prices/calendar.h"
#include "daemon/verbs/billing/billing_runner.h"

/* Whether the words of --by make sense, and with what they stand beside.  -1 to go on, else an exit
 * code, told. */
int billing_by_check(const struct options *options);
/* Reads what the bill's lines are sums of, holds it against them, and prints it.  As a turn. */
int billing_by_tell(struct flow *flow, struct billing_turn *turn, struct day month,
                    const struct bill_packed *bill, struct err *e);
/* For --dry-run: what would be asked for them. */
int billing_by_print_query(const struct billing_turn *turn, struct day_span days, struct err *e);

#endif
