/* close_objects.h -- every object a month was billed from. */
#ifndef BILLING_CLOSE_CLOSE_OBJECTS_H
#define BILLING_CLOSE_CLOSE_OBJECTS_H

#include "aws/flow.h"
#include "billing/prices/calendar.h"
#include "billing/store/billing.h"

/* Every object that can hold events of the month: [{"key", "size", "etag"}] by key; new reference.
 * NULL and *e. */
json_t *close_objects(struct flow *flow, const struct billing *billing, struct day month,
                      struct err *e);

#endif
