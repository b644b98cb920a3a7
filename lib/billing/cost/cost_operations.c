#include "billing/cost/cost_operations.h"

const struct operation cost_operations[COST_OPERATIONS] = {
    [COST_LIST_QUERIES] = {"athena",
                           "ListQueryExecutions",
                           OPERATION_COST,
                           {{OPERATION_ON_WORKGROUP, "athena:ListQueryExecutions"}},
                           .token = "NextToken",
                           .next_token = "NextToken",
                           .items = "QueryExecutionIds"},
    [COST_GET_QUERIES] = {"athena",
                          "BatchGetQueryExecution",
                          OPERATION_COST,
                          {{OPERATION_ON_WORKGROUP, "athena:BatchGetQueryExecution"}}},
    [COST_GET_LOG_GROUPS] = {"logs",
                             "DescribeLogGroups",
                             OPERATION_COST,
                             {{OPERATION_ON_LOG_GROUP, "logs:DescribeLogGroups"}},
                             .token = "nextToken",
                             .next_token = "nextToken",
                             .items = "logGroups"},
};
