/* rollup_objects.h -- the objects of whole days of arrival, by the hour they arrived in. */
#ifndef BILLING_ROLLUP_ROLLUP_OBJECTS_H
#define BILLING_ROLLUP_ROLLUP_OBJECTS_H

#include "aws/flow.h"
#include "billing/store/billing.h"

/* UTC days of arrival, one after the other. */
struct rollup_objects {
    int64_t first_s; /* the beginning of the first */
    size_t days;
    json_t **hours; /* room for as many, by the caller: {"23": [entry of object_list, ...]} */
};
/* Fills hours with new references; left alone on failure: -1 and *e.  Memory for all of them. */
int rollup_objects_list(struct flow *flow, const struct billing *billing,
                        const struct rollup_objects *objects, struct err *e);
/* The same without keeping any: fills days with {"newest" (seconds, of the newest object), "hours":
 * {"23": rollup_objects_hash of all}}, new references. */
int rollup_objects_sum(struct flow *flow, const struct billing *billing,
                       const struct rollup_objects *objects, struct err *e);
/* SHA-256 over the objects of an hour that were there at newest (seconds; < 0: all); "" for none.
 */
void rollup_objects_hash(const json_t *objects, double newest, char hex[static 65]);

#endif
