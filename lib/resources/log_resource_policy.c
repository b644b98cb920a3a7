/* log_resource_policy -- lets a service write to log groups: statements in a named account policy.
 *
 * PutResourcePolicy replaces the whole policy, and several pipelines (and AWS itself) write to the
 * same one, so statements are merged by Sid and the policy is read again right before the write. */
#include "base/json.h"
#include "base/str.h"
#include "resources/kind.h"

#include <fnmatch.h>
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

/* ---- what other policies of the account take away ---- */

static bool has(const json_t *texts, bool (*test)(const char *, const char *), const char *with)
{
    size_t i;
    json_t *text;

    if (json_is_string(texts))
        return test(json_string_value(texts), with);
    json_array_foreach((json_t *)texts, i, text)
        if (json_is_string(text) && test(json_string_value(text), with))
            return true;
    return false;
}

/* "*" is any text; AWS compares actions in either case. */
static bool matches(const char *pattern, const char *text)
{
    return !fnmatch(pattern, text, FNM_NOESCAPE | FNM_CASEFOLD);
}

static bool is_for_us(const json_t *statement, const char *resource)
{
    const json_t *principal = json_object_get(statement, "Principal");
    const json_t *service =
        json_is_object(principal) ? json_object_get(principal, "Service") : principal;

    return (has(service, matches, "delivery.logs.amazonaws.com") ||
            has(json_object_get(principal, "AWS"), matches, "*")) &&
           (has(json_object_get(statement, "Action"), matches, "logs:PutLogEvents") ||
            has(json_object_get(statement, "Action"), matches, "logs:CreateLogStream")) &&
           has(json_object_get(statement, "Resource"), matches, resource);
}

static void tell_denied(const json_t *policy, const json_t *statement, json_t *notes)
{
    const char *name = json_text(policy, "policyName"), *sid = json_text(statement, "Sid");

    json_array_append_new(
        notes,
        json_sprintf("the log resource policy \"%s\" denies API Gateway the access log "
                     "(statement \"%s\"%s): requests are not recorded and cannot be billed, "
                     "ever; take it out by hand",
                     name ? name : "", sid ? sid : "",
                     json_object_get(statement, "Condition") ? ", when its condition holds" : ""));
}

/* A Deny of any policy wins over our Allow.  Source: "Policy evaluation logic" (IAM). */
static void look_for_denials(const struct scope *scope, const json_t *policy, json_t *notes)
{
    const char *text = json_text(policy, "policyDocument"), *effect, *resource;
    json_auto_t *document = text ? json_loads(text, JSON_REJECT_DUPLICATES, NULL) : NULL;
    json_t *statements = json_object_get(document, "Statement"), *statement, *ours;
    json_auto_t *list =
        json_is_object(statements) ? json_pack("[O]", statements) : json_share(statements);
    size_t i, k;

    json_array_foreach(list, i, statement) {
        effect = json_text(statement, "Effect");
        json_array_foreach(json_object_get(scope->desired, "statements"), k, ours) {
            resource = json_text(ours, "Resource");
            if (effect && !strcmp(effect, "Deny") && resource && is_for_us(statement, resource)) {
                tell_denied(policy, statement, notes);
                break;
            }
        }
    }
}

static void note(const struct scope *scope, json_t *notes)
{
    const json_t *policies =
        json_object_get(json_object_get(scope->replies, read.op), "resourcePolicies");
    size_t i;
    json_t *policy;

    json_array_foreach((json_t *)policies, i, policy)
        look_for_denials(scope, policy, notes);
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
    .note = note,
    .absent_loss = LOSS_DROPPED,
    .absent_harm = "the gateway may not write its access log: requests are not recorded",
};
