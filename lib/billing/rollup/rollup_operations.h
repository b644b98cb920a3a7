/* rollup_operations.h -- what keeping partitions and rollups may ask of AWS. */
#ifndef BILLING_ROLLUP_ROLLUP_OPERATIONS_H
#define BILLING_ROLLUP_ROLLUP_OPERATIONS_H

#include "billing/store/operation.h"

enum rollup_operation {
    ROLLUP_GET_TABLE,
    ROLLUP_GET_PARTITIONS,
    ROLLUP_CREATE_PARTITION,
    ROLLUP_UPDATE_PARTITION,
    ROLLUP_CREATE_PARTITIONS,
    ROLLUP_DELETE_PARTITIONS,
    ROLLUP_DELETE_OBJECTS,
    ROLLUP_OPERATIONS
};
extern const struct operation rollup_operations[ROLLUP_OPERATIONS];

#endif
