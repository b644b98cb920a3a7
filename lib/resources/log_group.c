/* log_group -- a CloudWatch Logs log group.
 *
 * There is no UpdateLogGroup: retention, encryption and tags each have their own pair of calls.
 * DescribeLogGroups searches by prefix, and answers with an empty list, not an error, when the
 * group does not exist.  Tag calls want the ARN without ":*". */
#include "resources/kind.h"

static const struct call read = {
    .op = "DescribeLogGroups",
    .send = "logGroupNamePrefix=name",
    .take = "logGroups",
    .find = "logGroupName=name",
    .page = "nextToken=nextToken",
    .resource = "arn:{partition}:logs:{region}:{account}:log-group:*",
};
static const struct call read_tags = {
    .op = "ListTagsForResource",
    .send = "resourceArn=@arn",
    .absent = "ResourceNotFoundException",
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
     .summary = "Log class; only STANDARD has subscription filters."},
    {.name = "kms_key",
     .member = "kmsKeyId",
     .set = &put_key,
     .summary = "ARN of the KMS key the group is encrypted with."},
    {.name = "retention_days",
     .member = "retentionInDays",
     .type = FIELD_INT,
     .set = &put_retention,
     .summary = "Days events are kept: how far back lost usage can be read again."},
    {.name = "tags",
     .member = "tags",
     .type = FIELD_MAP,
     .flags = FIELD_OWNER,
     .read = &read_tags,
     .set = &put_tags,
     .summary = "Tags; others are left alone."},
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

const struct kind log_group_kind = {
    .name = "log_group",
    .title = "log group",
    .service = "logs",
    .arn = "arn:{partition}:logs:{region}:{account}:log-group:{name}",
    .summary = "CloudWatch Logs log group with its retention and tags.",
    .fields = fields,
    .read = &read,
    .create = &create,
    .holds_data = true,
    .check = check,
};
