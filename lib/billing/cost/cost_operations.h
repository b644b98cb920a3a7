/* cost_operations.h -- what telling a pipeline's cost may ask of AWS, beside lists and metrics. */
#ifndef BILLING_COST_COST_OPERATIONS_H
#define BILLING_COST_COST_OPERATIONS_H

#include "billing/store/operation.h"

enum cost_operation { COST_LIST_QUERIES, COST_GET_QUERIES, COST_GET_LOG_GROUPS, COST_OPERATIONS };
extern const struct operation cost_operations[COST_OPERATIONS];

#endif
