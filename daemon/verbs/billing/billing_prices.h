/* billing_prices.h -- prices from another file than the spec (--prices FILE). */
#ifndef DAEMON_VERBS_BILLING_BILLING_PRICES_H
#define DAEMON_VERBS_BILLING_BILLING_PRICES_H

#include "billing/store/billing.h"
#include "daemon/verbs/options.h"
#include "spec/manifest.h"

/* Puts the prices and customers of options->prices in place of the spec's (manifest_billing_with).
 * Problems of that file are printed; -1 and *e (ERR_INVALID) then, and when it has other days (time
 * zone) than the rollups. */
int billing_prices_read(const struct manifest *manifest, size_t pipeline,
                        const struct options *options, struct billing *billing, struct err *e);

#endif
