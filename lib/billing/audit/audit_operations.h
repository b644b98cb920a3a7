/* audit_operations.h -- what the audit may ask of AWS, beside queries, objects and metrics. */
#ifndef BILLING_AUDIT_AUDIT_OPERATIONS_H
#define BILLING_AUDIT_AUDIT_OPERATIONS_H

#include "billing/store/operation.h"

enum audit_operation { AUDIT_GET_APIS, AUDIT_GET_STREAM, AUDIT_OPERATIONS };
extern const struct operation audit_operations[AUDIT_OPERATIONS];

#endif
