#include "billing/events/events_operations.h"

enum { ALL = OPERATION_RUN | OPERATION_BILL | OPERATION_CLOSE };

const struct operation events_operations[EVENTS_OPERATIONS] = {
    [EVENTS_FILTER_EVENTS] = {"logs",
                              "FilterLogEvents",
                              ALL,
                              {{OPERATION_ON_LOG_GROUP, "logs:FilterLogEvents"}},
                              .token = "nextToken",
                              .next_token = "nextToken",
                              .items = "events"},
    [EVENTS_GET_LOG_GROUPS] = {"logs",
                               "DescribeLogGroups",
                               ALL,
                               {{OPERATION_ON_LOG_GROUP, "logs:DescribeLogGroups"}},
                               .token = "nextToken",
                               .next_token = "nextToken",
                               .items = "logGroups"},
};
