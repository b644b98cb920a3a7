#include "billing/store/store_operations.h"

enum { ALL = OPERATION_RUN | OPERATION_BILL | OPERATION_CLOSE };

const struct operation store_operations[STORE_OPERATIONS] = {
    /* Athena does the rest in the caller's name: it reads tables and objects, and writes results
     * and builds in parts.  (Athena user guide, "Access to workgroups" and "Amazon S3") */
    [STORE_START_QUERY] =
        {"athena",
         "StartQueryExecution",
         ALL,
         {{OPERATION_ON_WORKGROUP, "athena:StartQueryExecution"},
          {OPERATION_ON_BUCKET, "s3:ListBucket s3:GetBucketLocation s3:ListBucketMultipartUploads"},
          {OPERATION_ON_OBJECTS,
           "s3:GetObject s3:PutObject s3:AbortMultipartUpload s3:ListMultipartUploadParts"},
          {OPERATION_ON_TABLES, "glue:GetDatabase glue:GetTable glue:GetTables glue:GetPartition "
                                "glue:GetPartitions glue:BatchGetPartition"}}},
    [STORE_GET_QUERY] = {"athena",
                         "GetQueryExecution",
                         ALL,
                         {{OPERATION_ON_WORKGROUP, "athena:GetQueryExecution"}}},
    [STORE_GET_QUERY_RESULTS] = {"athena",
                                 "GetQueryResults",
                                 ALL,
                                 {{OPERATION_ON_WORKGROUP, "athena:GetQueryResults"}},
                                 .token = "NextToken",
                                 .next_token = "NextToken"},
    [STORE_STOP_QUERY] = {"athena",
                          "StopQueryExecution",
                          ALL,
                          {{OPERATION_ON_WORKGROUP, "athena:StopQueryExecution"}}},
    [STORE_LIST_OBJECTS] = {"s3",
                            "ListObjectsV2",
                            ALL | OPERATION_STATUS | OPERATION_COST,
                            {{OPERATION_ON_BUCKET, "s3:ListBucket"}},
                            .token = "ContinuationToken",
                            .next_token = "NextContinuationToken",
                            .items = "Contents"},
    [STORE_LIST_FOLDERS] = {"s3",
                            "ListObjectsV2",
                            ALL | OPERATION_STATUS,
                            {{OPERATION_ON_BUCKET, "s3:ListBucket"}},
                            .token = "ContinuationToken",
                            .next_token = "NextContinuationToken",
                            .items = "CommonPrefixes"},
    [STORE_GET_OBJECT] = {"s3", "GetObject", ALL, {{OPERATION_ON_OBJECTS, "s3:GetObject"}}},
    /* Archived months, recovered events. */
    [STORE_PUT_OBJECT] = {"s3", "PutObject", ALL, {{OPERATION_ON_OBJECTS, "s3:PutObject"}}},
    /* CloudWatch knows no smaller resource. */
    [STORE_GET_METRIC_DATA] = {"cloudwatch",
                               "GetMetricData",
                               ALL | OPERATION_COST,
                               {{OPERATION_ANYWHERE, "cloudwatch:GetMetricData"}},
                               .token = "NextToken",
                               .next_token = "NextToken"},
};
