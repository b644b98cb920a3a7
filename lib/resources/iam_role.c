/* iam_role -- a role with its trust policy and one inline policy.
 *
 * Documents come back percent-encoded and are compared by meaning.  Policies attached by others are
 * told, never removed.  The path is part of the ARN and cannot change. */
#include "base/json.h"
#include "base/mem.h"
#include "resources/kind.h"
#include "resources/table.h"

#include <string.h>

/* All that a role is, but for what is only told of it singly. */
static json_t *as_role(const struct wide_found *found)
{
    static const char *const beside[] = {"InstanceProfileList", "RolePolicyList",
                                         "AttachedManagedPolicies"};
    json_t *role;

    if (json_object_get(found->scope->desired, "description") ||
        json_object_get(found->scope->desired, "max_session_seconds"))
        return NULL;
    role = json_copy(json_array_get(found->items, 0));
    for (size_t i = 0; i < sizeof beside / sizeof *beside; i++)
        json_object_del(role, beside[i]);
    return json_pack("{s:o}", "Role", role);
}
static json_t *as_policy(const struct wide_found *found)
{
    const json_t *role = json_array_get(found->items, 0);
    const char *name = json_text(found->params, "PolicyName");
    json_t *policy;
    size_t i;

    json_array_foreach(json_object_get(role, "RolePolicyList"), i, policy)
        if (name && json_text(policy, "PolicyName") &&
            !strcmp(json_text(policy, "PolicyName"), name))
            return json_pack("{s:O, s:O, s:O}", "RoleName", json_object_get(role, "RoleName"),
                             "PolicyName", json_object_get(policy, "PolicyName"), "PolicyDocument",
                             json_object_get(policy, "PolicyDocument"));
    return NULL;
}
static json_t *as_attached(const struct wide_found *found)
{
    return json_pack("{s:O, s:b}", "AttachedPolicies",
                     json_object_get(json_array_get(found->items, 0), "AttachedManagedPolicies"),
                     "IsTruncated", 0);
}
static json_t *as_inline(const struct wide_found *found)
{
    json_t *names = json_array(), *policy;
    size_t i;

    json_array_foreach(json_object_get(json_array_get(found->items, 0), "RolePolicyList"), i,
                       policy)
        json_array_append(names, json_object_get(policy, "PolicyName"));
    return json_pack("{s:o, s:b}", "PolicyNames", names, "IsTruncated", 0);
}
/* A role takes four reads; this one has them all, of the account's roles. */
#define ALL_ROLES(form)                                                                            \
    {                                                                                              \
        .call = {.op = "GetAccountAuthorizationDetails",                                           \
                 .send = "Filter[]='Role' MaxItems='300'",                                         \
                 .page = "Marker=Marker?IsTruncated",                                              \
                 .resource = "*"},                                                                 \
        .list = "RoleDetailList", .key = "RoleName", .by = "RoleName", .fold = true, .least = 2,   \
        .tells_absence = true, .answer = (form)                                                    \
    }
static const struct wide_read all_roles = ALL_ROLES(as_role);
static const struct wide_read all_policies = ALL_ROLES(as_policy);
static const struct wide_read all_attached = ALL_ROLES(as_attached);
static const struct wide_read all_inline = ALL_ROLES(as_inline);
static const struct call read = {
    .op = "GetRole",
    .send = "RoleName=name",
    .take = "Role",
    .absent = "NoSuchEntity",
    .wide = &all_roles,
};
static const struct call read_policy = {
    .op = "GetRolePolicy",
    .send = "RoleName=name PolicyName=policy_name",
    .absent = "NoSuchEntity",
    .wide = &all_policies,
};
static const struct call read_attached = {
    .op = "ListAttachedRolePolicies",
    .send = "RoleName=name",
    .page = "Marker=Marker",
    .absent = "NoSuchEntity",
    .wide = &all_attached,
};
static const struct call read_inline = {
    .op = "ListRolePolicies",
    .send = "RoleName=name",
    .page = "Marker=Marker",
    .absent = "NoSuchEntity",
    .wide = &all_inline,
};
static json_t *simulation(const struct scope *scope);
/* What all policies of the role together do, asked of IAM only where others have added some.  One
 * call instead of two for each of their policies, and IAM's own word on how they add up. */
static const struct call read_effect = {
    .op = "SimulatePrincipalPolicy",
    .build = simulation,
    .page = "Marker=Marker",
    .absent = "NoSuchEntity InvalidInput PolicyEvaluation",
    .account_wide = true,
    .why = "what the policies of others on the role do to delivery cannot be told",
};
/* A principal made a moment ago is unknown to IAM for a while.  Source: IAM, "Troubleshoot IAM". */
static const struct settle principal[] = {
    {"MalformedPolicyDocument", "Invalid principal in policy", 120, "the principal to propagate"},
    {0},
};
static const struct call create = {
    .op = "CreateRole",
    .send = "RoleName=name Path=path AssumeRolePolicyDocument=trust Description=description "
            "MaxSessionDuration=max_session_seconds PermissionsBoundary=boundary Tags=tags",
    .already = "EntityAlreadyExists",
    .settle = principal,
};
static const struct call put_trust = {
    .op = "UpdateAssumeRolePolicy",
    .send = "RoleName=name PolicyDocument=trust",
    .settle = principal,
};
static const struct call update = {
    .op = "UpdateRole",
    .send = "RoleName=name Description=description MaxSessionDuration=max_session_seconds",
};
static const struct call put_boundary = {
    .op = "PutRolePermissionsBoundary",
    .send = "RoleName=name PermissionsBoundary=boundary",
};
static const struct call put_policy = {
    .op = "PutRolePolicy",
    .send = "RoleName=name PolicyName=policy_name PolicyDocument=policy",
};
static const struct call put_tags = {
    .op = "TagRole",
    .send = "RoleName=name Tags=tags",
};

static const struct field fields[] = {
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the role."},
    {.name = "path",
     .member = "Path",
     .flags = FIELD_FIXED,
     .otherwise = "/",
     .absent_is = "/",
     .harm = "Part of the ARN; the stream and the filter name the role by it.",
     .usual = "/",
     .summary = "Path of the role, part of its ARN."},
    {.name = "trust",
     .member = "AssumeRolePolicyDocument",
     .type = FIELD_POLICY,
     .flags = FIELD_REQUIRED,
     .set = &put_trust,
     .harm = "If Firehose or CloudWatch Logs cannot assume the role, events are not delivered; "
             "Logs does not try again.",
     .loss = LOSS_DROPPED,
     .summary = "Who may assume the role."},
    {.name = "description",
     .member = "Description",
     .harm = "Text for people.",
     .summary = "Text about the role."},
    {.name = "max_session_seconds",
     .member = "MaxSessionDuration",
     .type = FIELD_INT,
     .absent_is = "3600",
     .harm = "The services renew their sessions themselves.",
     .usual = "3600",
     .summary = "Longest session, seconds."},
    {.name = "boundary",
     .member = "PermissionsBoundary.PermissionsBoundaryArn",
     .type = FIELD_ARN,
     .set = &put_boundary,
     .harm = "A boundary that does not allow what the role needs stops delivery: dropped by Logs "
             "at once, by Firehose after 24 hours.",
     .loss = LOSS_DROPPED,
     .summary = "ARN of the permissions boundary."},
    {.name = "policy_name",
     .flags = FIELD_LOCAL,
     .otherwise = "billingd",
     .summary = "Name of the inline policy."},
    {.name = "policy",
     .member = "PolicyDocument",
     .type = FIELD_POLICY,
     .flags = FIELD_ALWAYS | FIELD_NAMES,
     .read = &read_policy,
     .set = &put_policy,
     .harm = "Without its permissions the role delivers nothing: Logs skips the events, Firehose "
             "drops them after 24 hours.",
     .loss = LOSS_DROPPED,
     .summary = "What the role may do: its inline policy."},
    {.name = "attached",
     .member = "AttachedPolicies",
     .type = FIELD_LIST,
     .flags = FIELD_REPORTED | FIELD_ALWAYS,
     .read = &read_attached,
     .loss = LOSS_DROPPED,
     .summary = "Managed policies attached to the role."},
    {.name = "inline",
     .member = "PolicyNames",
     .type = FIELD_SET,
     .flags = FIELD_REPORTED | FIELD_ALWAYS,
     .read = &read_inline,
     .loss = LOSS_DROPPED,
     .summary = "Names of all inline policies."},
    {.name = "effect",
     .member = "EvaluationResults",
     .type = FIELD_LIST,
     .flags = FIELD_REPORTED | FIELD_ALWAYS,
     .read = &read_effect,
     .loss = LOSS_DROPPED,
     .summary = "What all its policies together allow, where others have added some."},
    FIELD_TAGS("Tags", NULL, &put_tags),
    {0},
};

static bool is_ours(const struct scope *scope, const json_t *name)
{
    return json_equal(name, json_object_get(scope->desired, "policy_name"));
}

/* Others have put policies on the role. */
static bool is_shared(const struct scope *scope)
{
    size_t i;
    json_t *name;

    json_array_foreach(json_object_get(scope->observed, "inline"), i, name)
        if (!is_ours(scope, name))
            return true;
    return json_array_size(json_object_get(scope->observed, "attached"));
}

/* A resource of another account is another's to judge: a key, say. */
static bool is_of_account(const char *arn, const char *account)
{
    for (int colons = 0; arn && colons < 4; colons++) {
        arn = strchr(arn, ':');
        arn = arn ? arn + 1 : NULL;
    }
    return !arn || !account || *arn == ':' || *arn == '*' ||
           (strncmp(arn, account, strlen(account)) == 0 && arn[strlen(account)] == ':');
}

static void add_texts(json_t *list, const json_t *texts, const char *account)
{
    size_t i;
    json_t *text;

    if (json_is_string(texts) && is_of_account(json_string_value(texts), account))
        json_array_append(list, (json_t *)texts);
    json_array_foreach(texts, i, text)
        if (json_is_string(text) && is_of_account(json_string_value(text), account))
            json_array_append(list, text);
}

/* Each action of our policy on each of its resources, and what only who may do all may do. */
static json_t *simulation(const struct scope *scope)
{
    cleanup_free char *arn = table_arn(scope);
    const json_t *policy = json_object_get(scope->desired, "policy");
    const char *account = json_text(scope->facts, "account");
    json_t *actions, *resources, *statement;
    size_t i;

    if (!arn || !is_shared(scope) || !json_is_array(json_object_get(policy, "Statement")))
        return NULL;
    actions = json_pack("[s, s]", "iam:CreateUser", "s3:DeleteObject");
    resources = json_array();
    json_array_foreach(json_object_get(policy, "Statement"), i, statement) {
        add_texts(actions, json_object_get(statement, "Action"), NULL);
        add_texts(resources, json_object_get(statement, "Resource"), account);
    }
    return json_pack("{s:s, s:o, s:o}", "PolicySourceArn", arn, "ActionNames", actions,
                     "ResourceArns", resources);
}

/* What AWS's own policies allow is known by their name. */
static const char *effect_of(const char *arn)
{
    const char *name = arn ? strrchr(arn, '/') : NULL;

    if (name && !strcmp(name, "/AdministratorAccess"))
        return "it allows everything (*:*): whoever may use the role may read and erase usage";
    if (name && !strcmp(name, "/PowerUserAccess"))
        return "it allows nearly everything: whoever may use the role may read and erase usage";
    return "it may deny what the role needs, or allow more; a Deny stops delivery";
}

/* Whether IAM was asked what all of them do together, which the lints then tell. */
static const char *effect_with(const struct scope *scope, const char *arn)
{
    if (json_array_size(json_object_get(scope->observed, "effect")))
        return "IAM simulated what it does beside ours: what is wrong with that is told as a lint";
    return effect_of(arn);
}

static void note(const struct scope *scope, json_t *notes)
{
    const char *ours = json_string_value(json_object_get(scope->desired, "policy_name"));
    size_t i;
    json_t *item;

    json_array_foreach(json_object_get(scope->observed, "attached"), i, item) {
        const char *arn = json_string_value(json_object_get(item, "PolicyArn"));

        json_array_append_new(notes, json_sprintf("managed policy attached by others: %s: %s", arn,
                                                  effect_with(scope, arn)));
    }
    json_array_foreach(json_object_get(scope->observed, "inline"), i, item)
        if (!ours || !is_ours(scope, item))
            json_array_append_new(notes,
                                  json_sprintf("inline policy of others: %s: %s",
                                               json_string_value(item), effect_with(scope, NULL)));
}

/* Source: CreateRole and PutRolePolicy, IAM API reference.  IAM takes more in a path; there it
 * would be a wildcard, a variable or a quote to who reads the ARN. */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    static const char characters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                     "0123456789_+=,.@-";
    const char *path = json_text(scope->desired, "path");
    const char *policy = json_text(scope->desired, "policy_name");
    size_t n = path ? strlen(path) : 1;

    if (path && (*path != '/' || path[n - 1] != '/' || n > 512 || strstr(path, "//") ||
                 strstr(path, "/../") || strstr(path, "/./") ||
                 strspn(path, "/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                              "0123456789_+=,.@-") != n))
        problem(arg, "path",
                "a role's path is / or /names/ of letters, digits and _ + = , . @ - here");
    if (policy &&
        (!*policy || strlen(policy) > 128 || strspn(policy, characters) != strlen(policy)))
        problem(arg, "policy_name",
                "a policy's name has 1 to 128 letters, digits and _ + = , . @ -");
}

static const struct member members[] = {
    {"RoleName", MEMBER_IGNORED, .why = WHY_ECHO},
    {"RoleId", MEMBER_IGNORED, .why = "An id that AWS assigns."},
    {"Arn", MEMBER_IGNORED, .why = WHY_ECHO},
    {"CreateDate", MEMBER_IGNORED, .why = WHY_TIME},
    {"PermissionsBoundary.PermissionsBoundaryType", MEMBER_IGNORED,
     .why = "Has one value only; the ARN beside it is judged."},
    {"RoleLastUsed", MEMBER_IGNORED,
     .why = "Lags by hours; the metrics of filter and stream tell delivery."},
    {"SourceRoleTemplate.TemplateArn", MEMBER_TOLD,
     .why =
         "the role comes from a template: whoever owns that may expect it to stay as it was made"},
    {"SourceRoleTemplate", MEMBER_IGNORED, .why = "The template itself is told."},
    {"RoleName", MEMBER_IGNORED, .why = WHY_ECHO, .read = &read_policy},
    {"PolicyName", MEMBER_IGNORED, .why = WHY_ECHO, .read = &read_policy},
    {0},
};

const struct kind iam_role_kind = {
    .name = "iam_role",
    .title = "IAM role",
    .service = "iam",
    .arn = "arn:{partition}:iam::{account}:role{path}{name}",
    .summary = "IAM role with trust policy and one inline policy.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .update = &update,
    .note = note,
    .check = check,
    .absent_loss = LOSS_DROPPED,
    .absent_harm = "the service that acts by it can hand on no event",
};
