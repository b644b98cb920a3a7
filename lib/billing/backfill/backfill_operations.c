#include "billing/backfill/backfill_operations.h"

const struct operation backfill_operations[BACKFILL_OPERATIONS] = {
    [BACKFILL_FILTER_EVENTS] = {"logs",
                                "FilterLogEvents",
                                OPERATION_BILL,
                                {{OPERATION_ON_LOG_GROUP, "logs:FilterLogEvents"}},
                                .token = "nextToken",
                                .next_token = "nextToken",
                                .items = "events"},
    [BACKFILL_GET_LOG_GROUPS] = {"logs",
                                 "DescribeLogGroups",
                                 OPERATION_BILL,
                                 {{OPERATION_ON_LOG_GROUP, "logs:DescribeLogGroups"}},
                                 .token = "nextToken",
                                 .next_token = "nextToken",
                                 .items = "logGroups"},
};
