/* workgroup -- an Athena workgroup.
 *
 * Athena has no code of its own for "not found" or "exists": the text of InvalidRequestException
 * tells.  Updates go through ConfigurationUpdates, which merges. */
#include "base/json.h"
#include "resources/kind.h"
#include "resources/kms_key.h"
#include "resources/name.h"
#include "resources/tag_list.h"

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
    .wide = &tag_list_others,
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
    {.name = "description",
     .member = "Description",
     .harm = "Text for people.",
     .summary = "Text about the workgroup."},
    {.name = "state",
     .member = "State",
     .created = "ENABLED",
     .harm = "No query runs in a disabled workgroup: no rollup, audit or bill until it is enabled.",
     .usual = "ENABLED",
     .loss = LOSS_DELAYED,
     .summary = "ENABLED or DISABLED."},
    {.name = "results",
     .member = "Configuration.ResultConfiguration.OutputLocation",
     .type = FIELD_LOCATION,
     .harm = "Within a table, results are counted as requests or break its queries; nowhere set, "
             "queries fail.",
     .loss = LOSS_MISREAD,
     .summary = "Where query results go: s3://bucket/prefix/."},
    {.name = "results_owner",
     .member = "Configuration.ResultConfiguration.ExpectedBucketOwner",
     .harm = "With another account than the bucket's every query fails.",
     .loss = LOSS_DELAYED,
     .summary = "Account that must own the results bucket."},
    {.name = "results_encryption",
     .member = "Configuration.ResultConfiguration.EncryptionConfiguration.EncryptionOption",
     .harm = "With CSE_KMS the result objects are ciphertext that billingd cannot read, and so are "
             "new rollups: no bill.",
     .loss = LOSS_DELAYED,
     .summary = "Encryption of results: SSE_S3, SSE_KMS or CSE_KMS."},
    {.name = "results_kms_key",
     .member = "Configuration.ResultConfiguration.EncryptionConfiguration.KmsKey",
     .type = FIELD_ARN,
     .harm = "Results and new rollups cannot be read without this key.",
     .loss = LOSS_DELAYED,
     .summary = "KMS key of SSE_KMS and CSE_KMS."},
    {.name = "enforce",
     .member = "Configuration.EnforceWorkGroupConfiguration",
     .type = FIELD_BOOL,
     .harm = "Queries of others may put results elsewhere; billingd sends no location of its own.",
     .usual = "true",
     .summary = "Whether these settings win over a query's own."},
    {.name = "metrics",
     .member = "Configuration.PublishCloudWatchMetricsEnabled",
     .type = FIELD_BOOL,
     .harm = "Whether AWS counts queries.",
     .usual = "true",
     .summary = "Whether query metrics go to CloudWatch."},
    {.name = "scan_limit_bytes",
     .member = "Configuration.BytesScannedCutoffPerQuery",
     .type = FIELD_INT,
     .harm = "Rollup, audit and bill are cancelled once they scan more than this: no bill until it "
             "is raised.",
     .loss = LOSS_DELAYED,
     .summary = "Bytes after which a query is stopped; 10000000 or more."},
    {.name = "requester_pays",
     .member = "Configuration.RequesterPaysEnabled",
     .type = FIELD_BOOL,
     .harm = "Lets queries read buckets whose readers pay; ours is read either way.",
     .usual = "false",
     .summary = "Whether queries may read requester-pays buckets."},
    {.name = "engine",
     .member = "Configuration.EngineVersion.SelectedEngineVersion",
     .absent_is = "AUTO",
     .harm = "Another engine may fail on the queries or answer them otherwise; Spark engines run "
             "no SQL.",
     .usual = "AUTO",
     .loss = LOSS_MISREAD,
     .summary = "AUTO or Athena engine version 3."},
    FIELD_TAGS("Tags", &read_tags, &put_tags),
    {0},
};

/* Source: EncryptionConfiguration, Athena API reference. */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const char *option = json_string_value(json_object_get(scope->desired, "results_encryption"));
    bool needs_key = option && strcmp(option, "SSE_S3") != 0;

    name_check_key(scope, "results", problem, arg);
    if (needs_key && !json_object_get(scope->desired, "results_kms_key"))
        problem(arg, "results_encryption", "SSE_KMS and CSE_KMS need results_kms_key");
    if (!needs_key && json_object_get(scope->desired, "results_kms_key"))
        problem(arg, "results_kms_key", "only with results_encryption SSE_KMS or CSE_KMS");
}

static bool has_results(const struct scope *scope, const json_t *document, const json_t *value)
{
    (void)document;
    (void)value;
    return json_object_get(scope->desired, "results");
}

static const struct member members[] = {
    {"Name", MEMBER_IGNORED, .why = WHY_ECHO},
    {"CreationTime", MEMBER_IGNORED, .why = WHY_TIME},
    {"IdentityCenterApplicationArn", MEMBER_IGNORED,
     .why = "Comes with IdentityCenterConfiguration, which is told."},
    {"Configuration.ManagedQueryResultsConfiguration.Enabled", MEMBER_DRIFT, LOSS_DELAYED,
     .usual = "false|",
     .why = "results that Athena keeps exclude a place for results: the declared one is refused, "
            "and other changes with it",
     .reset = "ConfigurationUpdates.ManagedQueryResultsConfigurationUpdates.Enabled",
     .harms = has_results},
    {"Configuration.ManagedQueryResultsConfiguration.EncryptionConfiguration", MEMBER_TOLD,
     .why = "the key of results that Athena keeps"},
    {"Configuration.EngineVersion.EffectiveEngineVersion", MEMBER_TOLD, LOSS_MISREAD,
     .usual = "Athena engine version 3|",
     .why = "the engine that queries really run on; the shipped SQL is proved on version 3 only"},
    {"Configuration.ExecutionRole", MEMBER_TOLD, LOSS_DELAYED,
     .why = "a Spark or Identity Center workgroup: our SQL may not run in it"},
    {"Configuration.EnableMinimumEncryptionConfiguration", MEMBER_TOLD, .usual = "false|",
     .why = "results must be encrypted at least so"},
    {"Configuration.IdentityCenterConfiguration.EnableIdentityCenter", MEMBER_TOLD, LOSS_DELAYED,
     .usual = "false|",
     .why =
         "only identities of the Identity Center may query: ours is refused, and no bill is made"},
    {"Configuration.QueryResultsS3AccessGrantsConfiguration.EnableS3AccessGrants", MEMBER_TOLD,
     LOSS_DELAYED, .usual = "false|",
     .why = "results go by access grants: without one queries fail, and no bill is made"},
    {"Configuration.QueryResultsS3AccessGrantsConfiguration", MEMBER_IGNORED,
     .why = "Comes with EnableS3AccessGrants, which is told."},
    {"Configuration.IdentityCenterConfiguration", MEMBER_IGNORED,
     .why = "Comes with EnableIdentityCenter, which is told."},
    {"Configuration.ResultConfiguration.AclConfiguration", MEMBER_IGNORED,
     .why = "Has one value: the bucket's owner controls the results."},
    {"Configuration.AdditionalConfiguration", MEMBER_IGNORED, .why = "For Spark notebooks only."},
    {"Configuration.MonitoringConfiguration", MEMBER_IGNORED, .why = "Logs of Spark sessions."},
    {"Configuration.EngineConfiguration", MEMBER_IGNORED, .why = "For Spark notebooks only."},
    {"Configuration.CustomerContentEncryptionConfiguration", MEMBER_IGNORED,
     .why = "For Spark notebooks only."},
    {"Configuration.SystemTableStatuses", MEMBER_IGNORED,
     .why = "Tables of past queries; billing reads none."},
    {0},
};

static void note(const struct scope *scope, json_t *notes)
{
    kms_key_note(scope, "results_kms_key", "who runs queries (kms:GenerateDataKey, kms:Decrypt)",
                 notes);
}

const struct kind workgroup_kind = {
    .name = "workgroup",
    .title = "Athena workgroup",
    .service = "athena",
    .arn = "arn:{partition}:athena:{region}:{account}:workgroup/{name}",
    .summary = "Athena workgroup.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .update = &update,
    .check = check,
    .part = PART_QUERIES,
    .for_billing = true,
    .note = note,
    .absent_loss = LOSS_DELAYED,
    .absent_harm = "no bill, rollup or audit can be made before it is there again",
};
