/* stage_logging -- access logging of an HTTP API's stage.
 *
 * The API is found by name, which is not unique: none or two blocks and asks for api_id.
 * UpdateStage merges, so only the two log settings are sent.  The stage itself is not ours to make.
 */
#include "base/mem.h"
#include "resources/kind.h"

#include <string.h>

static const struct call find_api = {
    .op = "GetApis",
    .send = "MaxResults='500'",
    .take = "Items",
    .find = "Name=api_name ProtocolType='HTTP'",
    .page = "NextToken=NextToken",
    .unique = true,
    .action = "apigateway:GET",
    .resource = "arn:{partition}:apigateway:{region}::/apis",
};
static const struct call read = {
    .op = "GetStage",
    .send = "ApiId=api_id StageName=stage",
    .absent = "NotFoundException",
    .action = "apigateway:GET",
    .resource = "arn:{partition}:apigateway:{region}::/apis/{api_id}/stages/{stage}",
};
/* Right after PutResourcePolicy API Gateway may not see it yet. */
static const struct settle policy_made[] = {
    {"BadRequestException", "Insufficient permissions to enable logging", 60,
     "the log resource policy to propagate"},
    {"ConflictException", NULL, 60, "another change of the stage to end"},
    {"BadRequestException", "oncurrent modification", 60, "another change of the stage to end"},
    {0},
};
static const struct call update = {
    .op = "UpdateStage",
    .send = "ApiId=api_id StageName=stage AccessLogSettings.DestinationArn=log_group "
            "AccessLogSettings.Format=format",
    .settle = policy_made,
    /* Source: "Configure logging for HTTP APIs", API Gateway developer guide. */
    .action = "apigateway:PATCH",
    .resource = "arn:{partition}:apigateway:{region}::/apis/{api_id}/stages/{stage}",
    .also = "logs:CreateLogDelivery logs:UpdateLogDelivery logs:DeleteLogDelivery "
            "logs:GetLogDelivery "
            "logs:ListLogDeliveries logs:PutResourcePolicy logs:DescribeResourcePolicies "
            "logs:DescribeLogGroups",
};

static const struct field fields[] = {
    {.name = "api_name", .flags = FIELD_KEY, .summary = "Name of the HTTP API."},
    {.name = "stage", .flags = FIELD_KEY, .summary = "Name of the stage, usually $default."},
    {.name = "api_id",
     .member = "ApiId",
     .flags = FIELD_LOCAL,
     .read = &find_api,
     .summary = "Id of the API, when several have the name."},
    {.name = "log_group",
     .member = "AccessLogSettings.DestinationArn",
     .type = FIELD_ARN,
     .flags = FIELD_REQUIRED,
     .summary = "ARN of the log group."},
    {.name = "format",
     .member = "AccessLogSettings.Format",
     .flags = FIELD_REQUIRED,
     .summary = "The log line, one JSON object with $context variables."},
    {0},
};

/* Source: "Customize HTTP API access logs" and the model's limit of 1024 characters. */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const char *format = json_string_value(json_object_get(scope->desired, "format"));

    if (!format)
        return;
    if (strlen(format) > 1024)
        problem(arg, "format", "longer than the 1024 characters AWS accepts");
    if (strchr(format, '\n'))
        problem(arg, "format", "must be a single line");
    if (!strstr(format, "$context.requestId") && !strstr(format, "$context.extendedRequestId"))
        problem(arg, "format", "must contain $context.requestId");
}

static char *refuse(const struct scope *scope)
{
    if (scope->observed)
        return NULL;
    return mem_printf("the API has no stage %s; billingd does not create stages",
                      json_string_value(json_object_get(scope->desired, "stage")));
}

const struct kind stage_logging_kind = {
    .name = "stage_logging",
    .title = "stage access logging",
    .service = "apigatewayv2",
    .summary = "Access logging of an HTTP API stage.",
    .fields = fields,
    .read = &read,
    .update = &update,
    .check = check,
    .refuse = refuse,
};
