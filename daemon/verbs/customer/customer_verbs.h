/* customer_verbs.h -- the commands about one customer's line of a bill, one file each. */
#ifndef DAEMON_VERBS_CUSTOMER_CUSTOMER_VERBS_H
#define DAEMON_VERBS_CUSTOMER_CUSTOMER_VERBS_H

#include "daemon/verbs/options.h"

/* Each returns an exit_code. */
int verb_requests(const struct options *options);
int verb_reconcile(const struct options *options);

#endif
