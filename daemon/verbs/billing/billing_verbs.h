/* billing_verbs.h -- the commands that make, prove and close bills, and tell what that costs, one
 * file each. */
#ifndef DAEMON_VERBS_BILLING_BILLING_VERBS_H
#define DAEMON_VERBS_BILLING_BILLING_VERBS_H

#include "daemon/verbs/options.h"

/* Each returns an exit_code. */
int verb_rollup(const struct options *options);
int verb_bill(const struct options *options);
int verb_audit(const struct options *options);
int verb_backfill(const struct options *options);
int verb_close(const struct options *options);
int verb_verify(const struct options *options);
int verb_receipt(const struct options *options);
int verb_verify_receipt(const struct options *options);
int verb_shadow(const struct options *options);
int verb_whatif(const struct options *options);
int verb_cost(const struct options *options);

#endif
