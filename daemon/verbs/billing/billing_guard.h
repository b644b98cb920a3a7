/* billing_guard.h -- may a verb write data of a pipeline, or is what it writes into only observed?
 */
#ifndef DAEMON_VERBS_BILLING_BILLING_GUARD_H
#define DAEMON_VERBS_BILLING_BILLING_GUARD_H

#include "daemon/verbs/billing/billing_runner.h"

/* ids: the resources that are written into, ends with NULL.  0: all may be written; EXIT_REFUSED:
 * one is only observed (`mode`, or paused), which was told; -1 and *e. */
int billing_guard_check(struct flow *flow, struct billing_turn *turn, const char *const *ids,
                        struct err *e);

#endif
