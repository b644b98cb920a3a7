/* backfill_operations.h -- what the backfill may ask of AWS, beside queries and objects. */
#ifndef BILLING_BACKFILL_BACKFILL_OPERATIONS_H
#define BILLING_BACKFILL_BACKFILL_OPERATIONS_H

#include "billing/store/operation.h"

enum backfill_operation { BACKFILL_FILTER_EVENTS, BACKFILL_GET_LOG_GROUPS, BACKFILL_OPERATIONS };
extern const struct operation backfill_operations[BACKFILL_OPERATIONS];

#endif
