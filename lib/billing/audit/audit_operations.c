#include "billing/audit/audit_operations.h"

enum { ALL = OPERATION_RUN | OPERATION_BILL | OPERATION_CLOSE };

const struct operation audit_operations[AUDIT_OPERATIONS] = {
    /* To find the id of an API that the spec knows by name. */
    [AUDIT_GET_APIS] = {"apigatewayv2",
                        "GetApis",
                        ALL,
                        {{OPERATION_ON_APIS, "apigateway:GET"}},
                        .token = "NextToken",
                        .next_token = "NextToken",
                        .items = "Items"},
    /* Where it writes now. */
    [AUDIT_GET_STREAM] = {"firehose",
                          "DescribeDeliveryStream",
                          ALL,
                          {{OPERATION_ON_STREAM, "firehose:DescribeDeliveryStream"}}},
};
