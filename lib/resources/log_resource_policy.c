/* log_resource_policy -- lets a service write to log groups: statements in a named account policy.
 *
 * PutResourcePolicy replaces the whole policy, and several pipelines (and AWS itself) write to the
 * same one, so statements are merged by Sid and the policy is read again right before the write. */
#include "base/json.h"
#include "base/str.h"
#include "resources/kind.h"

#include <string.h>

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
     .summary =
         "Name of the policy; an account has few per region, and one of others may be named: "
         "ours is merged into it."},
    {.name = "statements",
     .member = "policyDocument",
     .type = FIELD_STATEMENTS,
     .flags = FIELD_REQUIRED,
     .harm = "Without our statement API Gateway cannot write the access log; a foreign Deny in it "
             "stops it as well.",
     .loss = LOSS_DROPPED,
     .summary = "Our statements, by Sid; others are kept."},
    {0},
};

static const struct member members[] = {
    {"policyName", MEMBER_IGNORED, .why = WHY_ECHO},
    {"lastUpdatedTime", MEMBER_IGNORED, .why = WHY_TIME},
    {"revisionId", MEMBER_IGNORED, .why = "A version that guards the next write."},
    {"policyScope", MEMBER_TOLD, LOSS_DROPPED, .usual = "ACCOUNT|",
     .why = "the policy is for one log group only: it may be for another one, and ours is missing"},
    {"resourceArn", MEMBER_TOLD, LOSS_DROPPED,
     .why = "the one log group that the policy is for: if it is not ours, API Gateway may not "
            "write to ours"},
    {0},
};

/* Source: "CloudWatch Logs quotas". */
static char *explain(const struct scope *scope, const char *code, const char *message)
{
    const json_t *policies =
        json_object_get(json_object_get(scope->replies, read.op), "resourcePolicies");
    struct str text = {0};
    size_t i;
    json_t *policy;

    (void)message;
    if (strcmp(code, "LimitExceededException") != 0)
        return NULL;
    if (!json_array_size(policies))
        return NULL; /* nobody is seen to hold one: AWS's words must do */
    json_array_foreach((json_t *)policies, i, policy)
        str_addf(&text, "%s%s",
                 i ? ", " : "the account's places for log resource policies are taken by ",
                 json_text(policy, "policyName"));
    str_add(&text,
            ", which are not ours and stay: give this resource the name of one of them, and our "
            "statements are merged into it, or remove one by hand");
    return str_take(&text);
}

const struct kind log_resource_policy_kind = {
    .name = "log_resource_policy",
    .title = "log resource policy",
    .service = "logs",
    .summary = "CloudWatch Logs resource policy, merged by Sid.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &put,
    .update = &put,
    .explain = explain,
};
