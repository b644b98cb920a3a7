/* partition.h -- partitions of the raw table, where projection does not do without them.
 *
 * Level-triggered: whatever holds objects and is unknown to Glue is registered, whenever it came.
 */
#ifndef BILLING_ROLLUP_PARTITION_H
#define BILLING_ROLLUP_PARTITION_H

#include "aws/flow.h"
#include "billing/store/billing.h"

struct partition_report {
    unsigned registered;
    unsigned known;  /* folders that were registered already */
    unsigned failed; /* Glue refused them */
    char text[512];  /* the first refusal, "" when none */
};

/* Registers the hours of arrival that hold objects: of today and the two days before (UTC), or of
 * the whole tree.  -1 and *e when nothing could be looked at: ERR_INVALID when the table projects
 * its partitions, for then Athena ignores registered ones. */
int partition_register(struct flow *flow, const struct billing *billing, bool whole,
                       struct partition_report *report, struct err *e);

/* Registers the hours of arrival in the UTC days from from_s to to_s (seconds) that hold objects,
 * known or not: before a query that must see all of them.  -1 and *e when one could not be. */
int partition_register_days(struct flow *flow, const struct billing *billing, int64_t from_s,
                            int64_t to_s, struct err *e);

/* The partition values that a folder stands for, in the order of keys (Glue columns: Name, Type),
 * or NULL when it is none: "year=2025/month=01/" of int keys gives "2025" and "1", of string keys
 * the exact texts.  ("01" and "1" would be two partitions with the same files.)  New reference. */
json_t *partition_values(const char *folder, const json_t *keys);

#endif
