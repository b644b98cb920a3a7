/* backfill_holes.h -- which gaps of an audit are read again, and over which hours. */
#ifndef BILLING_BACKFILL_BACKFILL_HOLES_H
#define BILLING_BACKFILL_BACKFILL_HOLES_H

#include <jansson.h>
#include <stdbool.h>

/* Whether a gap may have lost events that the log group has. */
bool backfill_holes_is_one(const json_t *gap);
/* [{"from", "to", "missing"}] of an audit, those that touch joined, in the order of time; new
 * reference. */
json_t *backfill_holes(const json_t *audit);

#endif
