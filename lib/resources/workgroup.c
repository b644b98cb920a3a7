/* workgroup -- an Athena workgroup.
 *
 * Athena has no code of its own for "not found" or "exists": the text of InvalidRequestException
 * tells.  Updates go through ConfigurationUpdates, which merges. */
#include "base/json.h"
#include "resources/kind.h"

#include <string.h>

static const struct call read = {
    .op = "GetWorkGroup",
    .send = "WorkGroup=name",
    .take = "WorkGroup",
    .absent = "InvalidRequestException:is not found",
};
static const struct call read_tags = {
    .op = "ListTagsForResource",
    .send = "ResourceARN=@arn",
    .page = "NextToken=NextToken",
    .absent = "ResourceNotFoundException InvalidRequestException:is not found",
};
#define CONFIGURATION(root, result)                                                                \
    root "." result ".OutputLocation=results " root "." result                                     \
         ".ExpectedBucketOwner=results_owner " root "." result                                     \
         ".EncryptionConfiguration.EncryptionOption=!results_encryption " root "." result          \
         ".EncryptionConfiguration.KmsKey=!results_kms_key " root                                  \
         ".EnforceWorkGroupConfiguration=enforce " root                                            \
         ".PublishCloudWatchMetricsEnabled=metrics " root                                          \
         ".BytesScannedCutoffPerQuery=scan_limit_bytes " root                                      \
         ".RequesterPaysEnabled=requester_pays " root                                              \
         ".EngineVersion.SelectedEngineVersion=engine "

static const struct call create = {
    .op = "CreateWorkGroup",
    .send = "Name=name Description=description Tags=tags " //
    CONFIGURATION("Configuration", "ResultConfiguration"),
    .already = "InvalidRequestException:is already created",
};
/* Managed results exclude a place for them.  Source: WorkGroupConfiguration, Athena API reference.
 */
static void switch_managed_off(const struct scope *scope, json_t *params)
{
    if (json_object_get(scope->desired, "results") &&
        json_is_true(
            json_at(scope->document, "Configuration.ManagedQueryResultsConfiguration.Enabled")))
        json_put_at(params, "ConfigurationUpdates.ManagedQueryResultsConfigurationUpdates.Enabled",
                    json_false());
}

static const struct call update = {
    .op = "UpdateWorkGroup",
    .send = "WorkGroup=name Description=description State=state " //
    CONFIGURATION("ConfigurationUpdates", "ResultConfigurationUpdates"),
    .amend = switch_managed_off,
};
static const struct call put_tags = {
    .op = "TagResource",
    .send = "ResourceARN=@arn Tags=tags",
};

static const struct field fields[] = {
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the workgroup."},
    {.name = "description", .member = "Description", .summary = "Text about the workgroup."},
    {.name = "state", .member = "State", .created = "ENABLED", .summary = "ENABLED or DISABLED."},
    {.name = "results",
     .member = "Configuration.ResultConfiguration.OutputLocation",
     .type = FIELD_LOCATION,
     .summary = "Where query results go: s3://bucket/prefix/."},
    {.name = "results_owner",
     .member = "Configuration.ResultConfiguration.ExpectedBucketOwner",
     .summary = "Account that must own the results bucket."},
    {.name = "results_encryption",
     .member = "Configuration.ResultConfiguration.EncryptionConfiguration.EncryptionOption",
     .summary = "Encryption of results: SSE_S3, SSE_KMS or CSE_KMS."},
    {.name = "results_kms_key",
     .member = "Configuration.ResultConfiguration.EncryptionConfiguration.KmsKey",
     .type = FIELD_ARN,
     .summary = "KMS key of SSE_KMS and CSE_KMS."},
    {.name = "enforce",
     .member = "Configuration.EnforceWorkGroupConfiguration",
     .type = FIELD_BOOL,
     .summary = "Whether these settings win over a query's own."},
    {.name = "metrics",
     .member = "Configuration.PublishCloudWatchMetricsEnabled",
     .type = FIELD_BOOL,
     .summary = "Whether query metrics go to CloudWatch."},
    {.name = "scan_limit_bytes",
     .member = "Configuration.BytesScannedCutoffPerQuery",
     .type = FIELD_INT,
     .summary = "Bytes after which a query is stopped; 10000000 or more."},
    {.name = "requester_pays",
     .member = "Configuration.RequesterPaysEnabled",
     .type = FIELD_BOOL,
     .summary = "Whether queries may read requester-pays buckets."},
    {.name = "engine",
     .member = "Configuration.EngineVersion.SelectedEngineVersion",
     .absent_is = "AUTO",
     .summary = "AUTO or Athena engine version 3."},
    {.name = "tags",
     .member = "Tags",
     .type = FIELD_MAP,
     .flags = FIELD_OWNER,
     .read = &read_tags,
     .set = &put_tags,
     .summary = "Tags; others are left alone."},
    {0},
};

/* Source: EncryptionConfiguration, Athena API reference. */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const char *option = json_string_value(json_object_get(scope->desired, "results_encryption"));
    bool needs_key = option && strcmp(option, "SSE_S3") != 0;

    if (needs_key && !json_object_get(scope->desired, "results_kms_key"))
        problem(arg, "results_encryption", "SSE_KMS and CSE_KMS need results_kms_key");
    if (!needs_key && json_object_get(scope->desired, "results_kms_key"))
        problem(arg, "results_kms_key", "only with results_encryption SSE_KMS or CSE_KMS");
}

const struct kind workgroup = {
    .name = "workgroup",
    .title = "Athena workgroup",
    .service = "athena",
    .arn = "arn:{partition}:athena:{region}:{account}:workgroup/{name}",
    .summary = "Athena workgroup.",
    .fields = fields,
    .read = &read,
    .create = &create,
    .update = &update,
    .check = check,
    .part = PART_QUERIES,
    .for_billing = true,
};
