/* events_operations.h -- what comparing the log group with S3 may ask of AWS, beside queries. */
#ifndef BILLING_EVENTS_EVENTS_OPERATIONS_H
#define BILLING_EVENTS_EVENTS_OPERATIONS_H

#include "billing/store/operation.h"

enum events_operation { EVENTS_FILTER_EVENTS, EVENTS_GET_LOG_GROUPS, EVENTS_OPERATIONS };
extern const struct operation events_operations[EVENTS_OPERATIONS];

#endif
