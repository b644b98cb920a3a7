/* log_group -- a CloudWatch Logs log group.
 *
 * There is no UpdateLogGroup: retention, encryption and tags each have their own pair of calls.
 * DescribeLogGroups searches by prefix, and answers with an empty list, not an error, when the
 * group does not exist.  Tag calls want the ARN without ":*". */
#include "base/json.h"
#include "base/mem.h"
#include "resources/kind.h"
#include "resources/kms_key.h"
#include "resources/tag_list.h"

static json_t *as_groups(const struct wide_found *found)
{
    return json_pack("{s:O}", "logGroups", found->items);
}
/* Names serve as identifiers.  Source: DescribeLogGroups, API reference: up to 50. */
static const struct wide_read read_many = {
    .call = {.op = "DescribeLogGroups",
             .send = "",
             .page = "nextToken=nextToken",
             .resource = "arn:{partition}:logs:{region}:{account}:log-group:*"},
    .list = "logGroups",
    .key = "logGroupName",
    .by = "logGroupNamePrefix",
    .gather = "logGroupIdentifiers",
    .most = 50,
    .least = 2,
    .tells_absence = true,
    .answer = as_groups,
};
static const struct call read = {
    .op = "DescribeLogGroups",
    .send = "logGroupNamePrefix=name",
    .take = "logGroups",
    .find = "logGroupName=name",
    .wide = &read_many,
    .page = "nextToken=nextToken",
    .resource = "arn:{partition}:logs:{region}:{account}:log-group:*",
};
static const struct call read_tags = {
    .op = "ListTagsForResource",
    .send = "resourceArn=@arn",
    .absent = "ResourceNotFoundException",
    .wide = &tag_list_logs,
};
static const struct call read_protection = {
    .op = "DescribeAccountPolicies",
    .send = "policyType='DATA_PROTECTION_POLICY'",
    .page = "nextToken=nextToken",
    .account_wide = true,
    .resource = "*",
    .why = "whether the account masks sensitive data in log groups, so that sub arrives as ****",
};
static const struct call create = {
    .op = "CreateLogGroup",
    .send = "logGroupName=name logGroupClass=class kmsKeyId=kms_key tags=tags",
    .already = "ResourceAlreadyExistsException",
};
static const struct call put_retention = {
    .op = "PutRetentionPolicy",
    .send = "logGroupName=name retentionInDays=retention_days",
};
static const struct call put_key = {
    .op = "AssociateKmsKey",
    .send = "logGroupName=name kmsKeyId=kms_key",
};
static const struct call put_tags = {
    .op = "TagResource",
    .send = "resourceArn=@arn tags=tags",
};

static const struct field fields[] = {
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the log group."},
    {.name = "class",
     .member = "logGroupClass",
     .flags = FIELD_FIXED,
     .otherwise = "STANDARD",
     .absent_is = "STANDARD",
     .harm = "Only STANDARD has subscription filters; in another class nothing is delivered.",
     .usual = "STANDARD",
     .loss = LOSS_DROPPED,
     .summary = "Log class; only STANDARD has subscription filters."},
    {.name = "kms_key",
     .member = "kmsKeyId",
     .set = &put_key,
     .harm = "Once the key is disabled or closed to CloudWatch Logs, API Gateway cannot log and "
             "old events cannot be read again.",
     .loss = LOSS_DROPPED,
     .summary = "ARN of the KMS key the group is encrypted with."},
    {.name = "retention_days",
     .member = "retentionInDays",
     .type = FIELD_INT,
     .flags = FIELD_GROWS,
     .set = &put_retention,
     .deletes = "CloudWatch deletes events that are older",
     .ruled_by = "retentionPolicyName",
     .harm = "What did not reach the bucket in these days can never be read again; the reach of a "
             "backfill.",
     .loss = LOSS_DROPPED,
     .summary = "Days events are kept: how far back lost usage can be read again."},
    FIELD_TAGS("tags", &read_tags, &put_tags),
    {0},
};

/* The periods AWS offers.  Source: PutRetentionPolicy, CloudWatch Logs API reference. */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    static const int days[] = {1,   3,   5,   7,   14,   30,   60,   90,   120,  150,  180,
                               365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};
    const json_t *want = json_object_get(scope->desired, "retention_days");

    for (size_t i = 0; want && i < sizeof days / sizeof *days; i++)
        if (json_integer_value(want) == days[i])
            return;
    if (want)
        problem(
            arg, "retention_days",
            "not a period AWS offers: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, "
            "731, 1096, 1827, 2192, 2557, 2922, 3288 or 3653");
}

static const struct member members[] = {
    {"logGroupName", MEMBER_IGNORED, .why = WHY_ECHO},
    {"creationTime", MEMBER_IGNORED, .why = WHY_TIME},
    {"metricFilterCount", MEMBER_IGNORED,
     .why = "Metric filters only count events; they change none."},
    {"arn", MEMBER_IGNORED, .why = WHY_ECHO},
    {"logGroupArn", MEMBER_IGNORED, .why = WHY_ECHO},
    {"storedBytes", MEMBER_IGNORED, .why = "A counter."},
    {"deletionProtectionEnabled", MEMBER_IGNORED,
     .why = "Keeps the group from being deleted; billingd never deletes one."},
    {"dataProtectionStatus", MEMBER_TOLD, LOSS_MISREAD, .usual = "DELETED|ARCHIVED|DISABLED|",
     .why = "sensitive data is masked in what is forwarded: sub may arrive as ****, and customers "
            "melt into one; whoever owns the policy must take sub out of it"},
    {"inheritedProperties", MEMBER_TOLD, LOSS_MISREAD,
     .why = "the account masks sensitive data in every log group: sub may arrive as ****, and "
            "customers melt into one; whoever owns the account policy must take this group or sub "
            "out of it"},
    {"bearerTokenAuthenticationEnabled", MEMBER_TOLD, .usual = "false|",
     .why = "whoever holds a token may write lines into the group, and they are billed"},
    {"retentionPolicyName", MEMBER_TOLD,
     .why = "an account policy decides the retention of this group, whatever is put here; lost "
            "events can be read again only within its days"},
    {"accountPolicies[].policyName", MEMBER_TOLD, LOSS_MISREAD,
     .why = "an account-wide data protection policy masks sensitive data in log groups: sub may "
            "arrive as ****, and customers melt into one",
     .read = &read_protection},
    {"accountPolicies[].selectionCriteria", MEMBER_TOLD,
     .why = "which log groups the account-wide data protection policy leaves out",
     .read = &read_protection},
    {"accountPolicies", MEMBER_IGNORED, .why = "The policy is told by its name.",
     .read = &read_protection},
    {0},
};

static void note(const struct scope *scope, json_t *notes)
{
    const char *region = json_text(scope->facts, "region");
    cleanup_free char *whom = mem_printf(
        "logs.%s.amazonaws.com (kms:Encrypt*, Decrypt*, ReEncrypt*, GenerateDataKey*, Describe*)",
        region ? region : "REGION");

    kms_key_note(scope, "kms_key", whom, notes);
}

const struct kind log_group_kind = {
    .name = "log_group",
    .title = "log group",
    .service = "logs",
    .arn = "arn:{partition}:logs:{region}:{account}:log-group:{name}",
    .summary = "CloudWatch Logs log group with its retention and tags.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .holds_data = true,
    .check = check,
    .note = note,
    .absent_loss = LOSS_DROPPED,
    .absent_harm =
        "what is sent to it is recorded nowhere; requests made meanwhile are never billed",
    .passed = "name",
};
