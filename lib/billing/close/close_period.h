/* close_period.h -- what decides which events belong to a month: its two instants, and where and by
 * which rules they are read. */
#ifndef BILLING_CLOSE_CLOSE_PERIOD_H
#define BILLING_CLOSE_CLOSE_PERIOD_H

#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

#include <stdint.h>

/* From the first second to the one behind the last, UTC epoch seconds. */
struct period {
    int64_t from_s, to_s;
};
/* Of the days of a month that are billed (bill_month_days). */
struct period close_period_of(const struct billing *billing, struct day month);
/* Of the whole month. */
struct period close_period_whole(const struct billing *billing, struct day month);
/* The one that a manifest says; one of an older billingd says it by month and time zone.  false: it
 * says none. */
bool close_period_read(const json_t *manifest, struct period *period);
/* {"from", "to", "from_text", "to_text"}; new reference. */
json_t *close_period_json(struct period period);
/* {"bucket", "data_prefix", "side_prefixes", "database", "raw_table", "view", "rollup_table",
 * "log_group", "late_days", "rollup_sha256"}: what of the spec decides which events are found, and
 * which are copies; new reference. */
json_t *close_period_rules(const struct billing *billing);
/* What of it two manifests say differently, as texts ("late_days was 3, is 5"); new reference. */
json_t *close_period_changes(const json_t *before, const json_t *now);

#endif
