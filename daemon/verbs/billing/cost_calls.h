/* cost_calls.h -- what billingd itself asks of AWS in a month: the calls of a look, as often as the
 * interval has looks, or those that the running daemon has counted. */
#ifndef DAEMON_VERBS_BILLING_COST_CALLS_H
#define DAEMON_VERBS_BILLING_COST_CALLS_H

#include "billing/prices/cost_prices.h"
#include "spec/manifest.h"

#include <jansson.h>

/* Adds a call to a count: {"s3": {"GetObject": 1}}. */
void cost_calls_add(json_t *by, const char *service, const char *operation, int64_t calls);
/* So many steady looks (daemon/health/steady_looks.h) tell what a month takes; fewer tell nothing.
 */
enum { COST_CALLS_FEW = 3 };

/* What a daemon says at its address, of all its looks, and of those that are steady:
 *   {"looks", "since", "leads", "by", "steady": {"looks", "least", "most", "by"}}
 * leads: false where another daemon leads one of the pipelines.  NULL and *e. */
json_t *cost_calls_of_daemon(const char *listen, struct err *e);

struct cost_calls {
    const json_t *look; /* a count, of one look */
    json_t *daemon;     /* NULL: none answers */
    const char *silent; /* why */
};
/* {"look": {"calls", "by"}, "daemon": as above or null, "daemon_unknown",
 *  "source": "daemon" (its steady looks) or "look", "looks", "calls", "calls_least", "calls_most"
 *  (null unless a day's steady looks are still to come), "by": {service: calls of a month},
 *  "lines": [{"name", "quantity", "amount", "per", "price"}], "lacks",
 *  "intervals": [{"interval", "looks", "calls", "change", "lines"}], "currency"}
 * at: the day whose prices hold.  New reference. */
json_t *cost_calls_json(const struct manifest *manifest, const struct cost_calls *calls,
                        struct day month, struct day at);

#endif
