/* store_operations.h -- what every billing procedure may ask of AWS: queries, objects, metrics. */
#ifndef BILLING_STORE_STORE_OPERATIONS_H
#define BILLING_STORE_STORE_OPERATIONS_H

#include "billing/store/operation.h"

enum store_operation {
    STORE_START_QUERY,
    STORE_GET_QUERY,
    STORE_GET_QUERY_RESULTS,
    STORE_STOP_QUERY,
    STORE_LIST_OBJECTS,
    STORE_LIST_FOLDERS,
    STORE_GET_OBJECT,
    STORE_PUT_OBJECT,
    STORE_GET_METRIC_DATA,
    STORE_OPERATIONS
};
extern const struct operation store_operations[STORE_OPERATIONS];

#endif
