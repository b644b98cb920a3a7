/* log_resource_policy -- lets a service write to log groups: statements in a named account policy.
 *
 * PutResourcePolicy replaces the whole policy, and several pipelines (and AWS itself) write to the
 * same one, so statements are merged by Sid and the policy is read again right before the write. */
#include "resources/kind.h"

static const struct call read = {
    .op = "DescribeResourcePolicies",
    .send = "",
    .take = "resourcePolicies",
    .find = "policyName=name",
    .page = "nextToken=nextToken",
    .resource = "*",
};
static const struct settle busy[] = {
    {"OperationAbortedException", NULL, 60, "another change of the policy to end"},
    {0},
};
static const struct call put = {
    .op = "PutResourcePolicy",
    .send = "policyName=name policyDocument=+statements",
    .shared = true,
    .settle = busy,
    .resource = "*",
};

static const struct field fields[] = {
    {.name = "name",
     .flags = FIELD_KEY,
     .summary = "Name of the policy; an account has ten per region."},
    {.name = "statements",
     .member = "policyDocument",
     .type = FIELD_STATEMENTS,
     .flags = FIELD_REQUIRED,
     .summary = "Our statements, by Sid; others are kept."},
    {0},
};

const struct kind log_resource_policy_kind = {
    .name = "log_resource_policy",
    .title = "log resource policy",
    .service = "logs",
    .summary = "CloudWatch Logs resource policy, merged by Sid.",
    .fields = fields,
    .read = &read,
    .create = &put,
    .update = &put,
};
