/* damaged.h -- objects that no engine can read: found by the query they broke, left out by name.
 *
 * One object that is no gzip though its name says so, or that is cut, makes every query fail that
 * touches its hour.  It is never changed or deleted: queries pass it by (their condition on
 * partitions names it), so its hour has a gap, which the audit tells, and `backfill` reads what is
 * whole in it.  Nothing is remembered longer than a struct billing lives: what lies in S3 decides.
 */
#ifndef BILLING_STORE_DAMAGED_H
#define BILLING_STORE_DAMAGED_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* Looks for the cause of a query's failure.  reason: the engine's words, which name the object or
 * only say that a gzip is broken; then all objects of the days in filter (its condition on
 * partitions) are read.  What is found damaged stands in billing->damaged from now on: how many
 * that are; 0 when it was something else; -1 and *e. */
int damaged_find(struct flow *flow, const struct billing *billing, const char *reason,
                 const char *filter, struct err *e);
/* The condition without what is damaged; new text. */
char *damaged_filter(const struct billing *billing, const char *filter);
/* [{"key", "size", "etag", "modified", "problem"}]; borrowed. */
const json_t *damaged_objects(const struct billing *billing);

#endif
