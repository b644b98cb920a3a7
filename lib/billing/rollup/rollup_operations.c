#include "billing/rollup/rollup_operations.h"

enum { ALL = OPERATION_RUN | OPERATION_BILL | OPERATION_CLOSE };
enum { WRITES = OPERATION_RUN | OPERATION_BILL };

const struct operation rollup_operations[ROLLUP_OPERATIONS] = {
    [ROLLUP_GET_TABLE] = {"glue",
                          "GetTable",
                          ALL | OPERATION_STATUS,
                          {{OPERATION_ON_TABLES, "glue:GetTable"}}},
    [ROLLUP_GET_PARTITIONS] = {"glue",
                               "GetPartitions",
                               ALL | OPERATION_STATUS,
                               {{OPERATION_ON_TABLES, "glue:GetPartitions"}},
                               .token = "NextToken",
                               .next_token = "NextToken",
                               .items = "Partitions"},
    [ROLLUP_CREATE_PARTITION] = {"glue",
                                 "CreatePartition",
                                 WRITES,
                                 {{OPERATION_ON_TABLES, "glue:CreatePartition"}}},
    [ROLLUP_UPDATE_PARTITION] = {"glue",
                                 "UpdatePartition",
                                 WRITES,
                                 {{OPERATION_ON_TABLES, "glue:UpdatePartition"}}},
    [ROLLUP_CREATE_PARTITIONS] = {"glue",
                                  "BatchCreatePartition",
                                  WRITES,
                                  {{OPERATION_ON_TABLES, "glue:BatchCreatePartition"}}},
    [ROLLUP_DELETE_PARTITIONS] = {"glue",
                                  "BatchDeletePartition",
                                  WRITES,
                                  {{OPERATION_ON_TABLES, "glue:BatchDeletePartition"}}},
    /* Replaced builds are deleted, and nothing else. */
    [ROLLUP_DELETE_OBJECTS] = {"s3",
                               "DeleteObjects",
                               WRITES,
                               {{OPERATION_ON_BUILDS, "s3:DeleteObject"}}},
};
