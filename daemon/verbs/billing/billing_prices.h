/* billing_prices.h -- prices from another file than the spec (--prices FILE). */
#ifndef DAEMON_VERBS_BILLING_BILLING_PRICES_H
#define DAEMON_VERBS_BILLING_BILLING_PRICES_H

#include "daemon/verbs/billing/billing_runner.h"

/* Puts the prices and customers of the option in place of the turn's (manifest_billing_with).
 * Problems of that file are printed; -1 and *e (ERR_INVALID) then, and when it has other days (time
 * zone) than the rollups. */
int billing_prices_read(struct flow *flow, struct billing_turn *turn, struct err *e);

#endif
