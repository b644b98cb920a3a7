/* stage_logging -- access logging of an HTTP API's stage.
 *
 * The API is found by name, which is not unique: none or two blocks and asks for api_id.
 * UpdateStage merges, so only the two log settings are sent.  The stage itself is not ours to make:
 * the mark among its tags says whose these two settings are, and no more. */
#include "base/mem.h"
#include "resources/kind.h"
#include "resources/table.h"

#include <string.h>

static const struct call find_api = {
    .op = "GetApis",
    .send = "MaxResults='500'",
    .take = "Items",
    .find = "Name=api_name ProtocolType='HTTP'",
    .page = "NextToken=NextToken",
    .unique = true,
    .what = "HTTP API",
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

/* The stage's own ARN has its id, which is known once it was found. */
static void name_stage(const struct scope *scope, json_t *params)
{
    cleanup_free char *arn =
        table_fill(scope, "arn:{partition}:apigateway:{region}::/apis/{api_id}/stages/{stage}", "");

    json_object_set_new(params, "ResourceArn", json_string(arn));
}
/* What IAM is asked about stands with the ARN, its letters escaped or not, behind /tags/.  AWS's
 * reference has no apigateway:TagResource, but refusals of tags name it all the same. */
static const struct call put_tags = {
    .op = "TagResource",
    .send = "Tags=tags",
    .amend = name_stage,
    .settle = policy_made,
    .action = "apigateway:POST apigateway:TagResource",
    .resource = "arn:{partition}:apigateway:{region}::/tags/*{api_id}* "
                "arn:{partition}:apigateway:{region}::/apis/{api_id}/stages/*",
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
     .harm = "No access log, or one that goes elsewhere: the requests are not recorded and cannot "
             "be billed, ever.",
     .loss = LOSS_DROPPED,
     .summary = "ARN of the log group."},
    {.name = "format",
     .member = "AccessLogSettings.Format",
     .flags = FIELD_REQUIRED | FIELD_LINE,
     .harm = "Keys that billing reads may be missing or mean something else: requests are unbilled "
             "or billed to nobody.",
     .loss = LOSS_MISREAD,
     .summary = "The log line, one JSON object with $context variables."},
    {.name = "tags",
     .member = "Tags",
     .type = FIELD_MAP,
     .flags = FIELD_OWNER,
     .set = &put_tags,
     .summary = "Tags of the stage; others are left alone. Its mark says whose the access log "
                "settings are, not the stage."},
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

static bool is_missing(const struct scope *scope, const json_t *document, const json_t *value)
{
    (void)scope;
    (void)value;
    return !json_object_get(document, "DeploymentId");
}

/* Source: Stage, API Gateway v2 API reference. */
static bool tells_failure(const struct scope *scope, const json_t *document, const json_t *value)
{
    const char *text = json_string_value(value), *good = "Successfully deployed";

    (void)scope;
    (void)document;
    return text && strncmp(text, good, strlen(good)) != 0;
}

static const struct member members[] = {
    {"Name", MEMBER_IGNORED, .why = WHY_ECHO, .read = &find_api},
    {"ProtocolType", MEMBER_IGNORED, .why = WHY_ECHO, .read = &find_api},
    {"CreatedDate", MEMBER_IGNORED, .why = WHY_TIME, .read = &find_api},
    {"ApiGatewayManaged", MEMBER_TOLD, .usual = "false|",
     .why = "another service made the API: changes of its stage may be refused or undone",
     .read = &find_api},
    {"ApiEndpoint", MEMBER_IGNORED, .why = "The address, made from the id.", .read = &find_api},
    {"ApiKeySelectionExpression", MEMBER_IGNORED, .why = "For WebSocket APIs only.",
     .read = &find_api},
    {"CorsConfiguration", MEMBER_IGNORED,
     .why = "Which pages may call; preflight requests carry no identity and are not billed.",
     .read = &find_api},
    {"Description", MEMBER_IGNORED, .why = WHY_TEXT, .read = &find_api},
    {"DisableSchemaValidation", MEMBER_IGNORED, .why = "For WebSocket APIs only.",
     .read = &find_api},
    {"DisableExecuteApiEndpoint", MEMBER_IGNORED,
     .why = "Which address callers use; every request to the stage is logged alike.",
     .read = &find_api},
    {"ImportInfo", MEMBER_IGNORED, .why = "Notes of an import.", .read = &find_api},
    {"IpAddressType", MEMBER_IGNORED, .why = "How callers reach the API; the line is the same.",
     .read = &find_api},
    {"RouteSelectionExpression", MEMBER_IGNORED, .why = "Has one value for HTTP APIs.",
     .read = &find_api},
    {"Tags", MEMBER_IGNORED, .why = "Tags of the API, which is not ours.", .read = &find_api},
    {"Version", MEMBER_IGNORED, .why = "A label for people.", .read = &find_api},
    {"Warnings", MEMBER_IGNORED, .why = "Notes of an import.", .read = &find_api},
    {"ApiGatewayManaged", MEMBER_TOLD, .usual = "false|",
     .why = "a stage of a quick-created API: changes may be refused or undone"},
    {"AutoDeploy", MEMBER_TOLD, .usual = "true|", .absent = "false",
     .why = "changes of routes and authorizers wait for a deployment"},
    {"DeploymentId", MEMBER_TOLD, LOSS_DROPPED, .usual = "*", .absent = "",
     .why = "nothing is deployed: the stage answers no request and logs none", .harms = is_missing},
    {"LastDeploymentStatusMessage", MEMBER_TOLD, LOSS_MISREAD,
     .why = "the last automatic deployment failed: an authorizer or route that billing counts on "
            "may not be live",
     .harms = tells_failure},
    {"StageName", MEMBER_IGNORED, .why = WHY_ECHO},
    {"CreatedDate", MEMBER_IGNORED, .why = WHY_TIME},
    {"LastUpdatedDate", MEMBER_IGNORED, .why = WHY_TIME},
    {"Description", MEMBER_IGNORED, .why = WHY_TEXT},
    {"ClientCertificateId", MEMBER_IGNORED, .why = "For WebSocket APIs only."},
    {"DefaultRouteSettings", MEMBER_IGNORED,
     .why = "Throttling and metrics, the API owner's; the access log has no setting per route."},
    {"RouteSettings", MEMBER_IGNORED,
     .why = "Throttling and metrics, the API owner's; the access log has no setting per route."},
    {"StageVariables", MEMBER_IGNORED,
     .why = "Values for integrations; the access log knows $context only."},
    {0},
};

const struct kind stage_logging_kind = {
    .name = "stage_logging",
    .title = "stage access logging",
    .service = "apigatewayv2",
    .summary = "Access logging of an HTTP API stage.",
    .fields = fields,
    .members = members,
    .read = &read,
    .update = &update,
    .check = check,
    .refuse = refuse,
    .opens = true,
    .absent_loss = LOSS_DROPPED,
    .absent_harm =
        "no requests are recorded where the spec says, and what is not cannot be billed, ever",
    .passed = "log_group",
};
