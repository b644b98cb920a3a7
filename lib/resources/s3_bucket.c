/* s3_bucket -- a bucket and the documents below it, each with its own read and its own replacing
 * PUT.
 *
 * HEAD answers 403 for a bucket of somebody else: that blocks, it never counts as "exists".  Every
 * later call names the expected owner.  Policy statements and lifecycle rules of others are kept.
 */
#include "base/json.h"
#include "base/mem.h"
#include "resources/kind.h"
#include "resources/kms_key.h"
#include "resources/lifecycle_rule.h"
#include "resources/tag_list.h"
#include "resources/value.h"

#include <math.h>
#include <string.h>

#define BUCKET "Bucket=name ExpectedBucketOwner=@account "

/* Who is told of its encryption was let in by the owner that was named, in the region of the
 * request.  (Every bucket has one since 2023.) */
static json_t *as_there(const struct wide_found *found)
{
    return json_pack("{s:O}", "BucketRegion", json_object_get(found->scope->facts, "region"));
}
static const struct wide_read read_beside = {
    .call = {.op = "GetBucketEncryption",
             .send = BUCKET,
             .action = "s3:GetEncryptionConfiguration"},
    .in_region = true,
    .tells_absence = true,
    .answer = as_there,
};
static const struct call read = {
    .op = "HeadBucket",
    .send = BUCKET,
    .wide = &read_beside,
    .absent = "404 NotFound",
    .action = "s3:ListBucket",
};
/* The region where HeadBucket's reply has no header for it: a proxy may drop it, and S3's
 * imitations often do.  Source: GetBucketLocation, S3 API reference: nothing is us-east-1, EU is
 * eu-west-1. */
static json_t *location_region(const struct scope *scope, const json_t *reply)
{
    const char *constraint = json_text(reply, "LocationConstraint");

    (void)scope;
    if (!constraint || !*constraint)
        constraint = "us-east-1";
    else if (!strcmp(constraint, "EU"))
        constraint = "eu-west-1";
    return json_pack("{s:s}", "BucketRegion", constraint);
}
static const struct call read_location = {
    .op = "GetBucketLocation",
    .send = BUCKET,
    .parse = location_region,
};
static const struct call read_public_access = {
    .op = "GetPublicAccessBlock",
    .send = BUCKET,
    .absent = "NoSuchPublicAccessBlockConfiguration",
    .action = "s3:GetBucketPublicAccessBlock",
};
static const struct call read_ownership = {
    .op = "GetBucketOwnershipControls",
    .send = BUCKET,
    .absent = "OwnershipControlsNotFoundError",
};
static const struct call read_encryption = {
    .op = "GetBucketEncryption",
    .send = BUCKET,
    .absent = "ServerSideEncryptionConfigurationNotFoundError",
    .action = "s3:GetEncryptionConfiguration",
};
static const struct call read_versioning = {
    .op = "GetBucketVersioning",
    .send = BUCKET,
};
static const struct call read_object_lock = {
    .op = "GetObjectLockConfiguration",
    .send = BUCKET,
    .absent = "ObjectLockConfigurationNotFoundError",
    .action = "s3:GetBucketObjectLockConfiguration",
};
static const struct call read_policy = {
    .op = "GetBucketPolicy",
    .send = BUCKET,
    .absent = "NoSuchBucketPolicy",
};
static const struct call read_lifecycle = {
    .op = "GetBucketLifecycleConfiguration",
    .send = BUCKET,
    .absent = "NoSuchLifecycleConfiguration",
    .action = "s3:GetLifecycleConfiguration",
};
static const struct call read_tags = {
    .op = "GetBucketTagging",
    .send = BUCKET,
    .absent = "NoSuchTagSet",
    .wide = &tag_list_bucket,
};

/* us-east-1 is named by silence; every other region by a constraint.  Source: CreateBucket, S3 API.
 */
static json_t *create_params(const struct scope *scope)
{
    const char *region = json_string_value(json_object_get(scope->facts, "region"));
    json_t *params = json_pack("{s:O}", "Bucket", json_object_get(scope->desired, "name"));

    if (region && strcmp(region, "us-east-1"))
        json_object_set_new(params, "CreateBucketConfiguration",
                            json_pack("{s:s}", "LocationConstraint", region));
    return params;
}

/* Just after CreateRole, S3 may not know the principal yet. */
static const struct settle settle[] = {
    {"OperationAborted", NULL, 60, "another change of the bucket to end"},
    {"MalformedPolicy", "Invalid principal in policy", 120, "the IAM role to propagate"},
    {"InvalidBucketState", "Versioning must be", 120, "the bucket's versioning"},
    {0},
};
/* Source: CreateBucket, S3 API reference: BucketAlreadyOwnedByYou, "in all AWS Regions except in
 * the North Virginia Region". */
static bool is_quiet(const struct scope *scope)
{
    const char *region = json_text(scope->facts, "region");

    return !region || !strcmp(region, "us-east-1");
}

static const struct call create = {
    .op = "CreateBucket",
    .build = create_params,
    .already = "BucketAlreadyOwnedByYou",
    .quiet = is_quiet,
};
static const struct call put_public_access = {
    .op = "PutPublicAccessBlock",
    .send = BUCKET "PublicAccessBlockConfiguration=+public_access_block",
    .action = "s3:PutBucketPublicAccessBlock",
};
static const struct call put_ownership = {
    .op = "PutBucketOwnershipControls",
    .send = BUCKET "OwnershipControls.Rules[].ObjectOwnership=ownership",
};
#define ENCRYPTION "ServerSideEncryptionConfiguration.Rules[]."

static const json_t *wanted_or_had(const struct scope *scope, const char *field)
{
    const json_t *want = json_object_get(scope->desired, field);

    return want ? want : json_object_get(scope->observed, field);
}

/* A key of others stays while the algorithm does; S3 refuses one beside another algorithm. */
static json_t *encryption_params(const struct scope *scope)
{
    const json_t *algorithm = wanted_or_had(scope, "encryption");
    bool same = json_equal(algorithm, json_object_get(scope->observed, "encryption"));
    const json_t *key =
        same ? wanted_or_had(scope, "kms_key") : json_object_get(scope->desired, "kms_key");

    return json_pack("{s:O, s:O, s:{s:[{s:{s:O*, s:O*}, s:O*}]}}", "Bucket",
                     json_object_get(scope->desired, "name"), "ExpectedBucketOwner",
                     json_object_get(scope->facts, "account"), "ServerSideEncryptionConfiguration",
                     "Rules", "ApplyServerSideEncryptionByDefault", "SSEAlgorithm", algorithm,
                     "KMSMasterKeyID", key, "BucketKeyEnabled", wanted_or_had(scope, "bucket_key"));
}

static const struct call put_encryption = {
    .op = "PutBucketEncryption",
    .build = encryption_params,
    .action = "s3:PutEncryptionConfiguration",
};
static const struct call put_versioning = {
    .op = "PutBucketVersioning",
    .send = BUCKET "VersioningConfiguration.Status=versioning",
    .why = "a bucket that once had versions can only suspend them; what they keep costs until a "
           "lifecycle rule ends it",
};
static const struct call put_object_lock = {
    .op = "PutObjectLockConfiguration",
    .send = BUCKET "ObjectLockConfiguration.ObjectLockEnabled='Enabled' "
                   "ObjectLockConfiguration.Rule.DefaultRetention=object_lock",
    .action = "s3:PutBucketObjectLockConfiguration",
    .why = "cannot be switched off again; every new object of the bucket stays for that long",
    .last = true, /* versioning comes first: InvalidBucketState */
};
static const struct call put_policy = {
    .op = "PutBucketPolicy",
    .send = BUCKET "Policy=+policy",
};
/* Others' rules may be of the old form, ours are not, and the document is written whole. */
static void lift_rules(const struct scope *scope, json_t *params)
{
    json_t *configuration = json_object_get(params, "LifecycleConfiguration");
    const json_t *rules = json_object_get(configuration, "Rules");

    (void)scope;
    if (rules)
        json_object_set_new(configuration, "Rules", lifecycle_rule_lift(rules));
}
static const struct call put_lifecycle = {
    .op = "PutBucketLifecycleConfiguration",
    .send = BUCKET "LifecycleConfiguration.Rules=+lifecycle "
                   "TransitionDefaultMinimumObjectSize=lifecycle_minimum_size",
    .amend = lift_rules,
    .action = "s3:PutLifecycleConfiguration",
};
static const struct call put_tags = {
    .op = "PutBucketTagging",
    .send = BUCKET "Tagging.TagSet=+tags",
};

static const struct field fields[] = {
    {.name = "name", .flags = FIELD_KEY, .summary = "Name of the bucket."},
    {.name = "region",
     .member = "BucketRegion",
     .fallback = &read_location,
     .flags = FIELD_FIXED,
     .loss = LOSS_DROPPED,
     .summary = "Region of the bucket."},
    {.name = "public_access_block",
     .member = "PublicAccessBlockConfiguration",
     .type = FIELD_DOCUMENT,
     .read = &read_public_access,
     .set = &put_public_access,
     .harm = "Somebody may open objects to the public, or write usage; no event is lost by it.",
     .usual = "{\"BlockPublicAcls\":true,\"IgnorePublicAcls\":true,\"BlockPublicPolicy\":true,"
              "\"RestrictPublicBuckets\":true}",
     /* Source: "Blocking public access", S3 user guide: on for every new bucket. */
     .created = "{\"BlockPublicAcls\": true, \"IgnorePublicAcls\": true, "
                "\"BlockPublicPolicy\": true, \"RestrictPublicBuckets\": true}",
     .summary = "The four switches against public access."},
    {.name = "ownership",
     .member = "OwnershipControls.Rules[].ObjectOwnership",
     .read = &read_ownership,
     .set = &put_ownership,
     .created = "BucketOwnerEnforced",
     .harm = "With ACLs on, objects that other accounts write may be unreadable for us, and ACLs "
             "may let strangers write.",
     .usual = "BucketOwnerEnforced",
     .summary = "Object ownership; BucketOwnerEnforced turns ACLs off."},
    {.name = "encryption",
     .member = ENCRYPTION "ApplyServerSideEncryptionByDefault.SSEAlgorithm",
     .flags = FIELD_ALWAYS,
     .read = &read_encryption,
     .set = &put_encryption,
     .created = "AES256",
     .harm = "With aws:kms Firehose and Athena need permission for the key; without it delivery "
             "fails and is dropped after 24 hours.",
     .usual = "AES256",
     .loss = LOSS_DROPPED,
     .summary = "Default encryption: AES256 or aws:kms."},
    {.name = "kms_key",
     .member = ENCRYPTION "ApplyServerSideEncryptionByDefault.KMSMasterKeyID",
     .read = &read_encryption,
     .set = &put_encryption,
     .harm = "Delivery and queries need this key: disabled, deleted or not allowed to the roles, "
             "deliveries fail and are dropped after 24 hours.",
     .loss = LOSS_DROPPED,
     .summary = "KMS key of the default encryption."},
    {.name = "bucket_key",
     .member = ENCRYPTION "BucketKeyEnabled",
     .type = FIELD_BOOL,
     .read = &read_encryption,
     .set = &put_encryption,
     .harm = "Only the price of KMS calls.",
     .usual = "false",
     .summary = "One KMS call per bucket instead of per object."},
    {.name = "versioning",
     .member = "Status",
     .read = &read_versioning,
     .set = &put_versioning,
     .keeps = "Enabled",
     .harm =
         "Without versions an overwritten or deleted log or bill is gone; no event is lost by it.",
     .summary = "Enabled or Suspended; never off again. What is overwritten or deleted stays as a "
                "version until a lifecycle rule ends it."},
    {.name = "object_lock",
     .member = "ObjectLockConfiguration.Rule.DefaultRetention",
     .type = FIELD_DOCUMENT,
     .read = &read_object_lock,
     .set = &put_object_lock,
     .keeps = "",
     .summary = "Mode and Days, or Years, for which no new object, of logs, results or a closed "
                "month, can be overwritten or deleted. Needs versioning; cannot be switched off."},
    {.name = "policy",
     .member = "Policy",
     .type = FIELD_STATEMENTS,
     .own = "Billingd",
     .flags = FIELD_ALWAYS,
     .read = &read_policy,
     .set = &put_policy,
     .harm = "Statements of others may deny delivery (dropped after 24 hours), or let strangers "
             "write usage; each is judged.",
     .loss = LOSS_DROPPED,
     .summary =
         "Our statements of the bucket policy, by Sid (starting with Billingd); others are kept."},
    {.name = "lifecycle",
     .member = "Rules",
     .type = FIELD_RULES,
     .own = "billingd-",
     .deletes = "S3 deletes the objects that the new rules let expire",
     .flags = FIELD_ALWAYS,
     .read = &read_lifecycle,
     .set = &put_lifecycle,
     .loss = LOSS_DROPPED,
     .summary = "Our lifecycle rules, by ID (starting with billingd-); others are kept."},
    {.name = "lifecycle_minimum_size",
     .member = "TransitionDefaultMinimumObjectSize",
     .absent_is = "all_storage_classes_128K",
     .read = &read_lifecycle,
     .set = &put_lifecycle,
     .harm = "With varies_by_storage_class small log objects go to GLACIER as well, where Athena "
             "skips them.",
     .usual = "all_storage_classes_128K",
     .loss = LOSS_MISREAD,
     .summary = "all_storage_classes_128K or varies_by_storage_class."},
    FIELD_TAGS("TagSet", &read_tags, &put_tags),
    {0},
};

/* Source: PutObjectLockConfiguration, S3 API reference. */
static void check_lock(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const json_t *lock = json_object_get(scope->desired, "object_lock");
    const json_t *versioning = json_object_get(scope->desired, "versioning");

    if (lock && (!json_object_get(lock, "Mode") ||
                 !json_object_get(lock, "Days") == !json_object_get(lock, "Years")))
        problem(arg, "object_lock", "needs a Mode, and either Days or Years");
    if (lock && (!versioning || strcmp(json_string_value(versioning), "Enabled") != 0))
        problem(arg, "object_lock", "needs versioning: Enabled, since it locks versions");
}

static void check_midnight(const json_t *action, const char *path, aws_problem_fn *problem,
                           void *arg)
{
    const json_t *date = json_object_get(action, "Date");

    if (json_is_number(date) && fmod(json_number_value(date), 86400) != 0)
        problem(arg, path, "must be midnight UTC: S3 takes no other time of day");
}

/* Source: LifecycleExpiration and Transition, S3 API reference. */
static void check_dates(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const json_t *rule, *transition;
    size_t i, j;

    json_array_foreach(json_object_get(scope->desired, "lifecycle"), i, rule) {
        cleanup_free char *path = mem_printf("lifecycle[%zu].Expiration.Date", i);

        check_midnight(json_object_get(rule, "Expiration"), path, problem, arg);
        json_array_foreach(json_object_get(rule, "Transitions"), j, transition) {
            cleanup_free char *below = mem_printf("lifecycle[%zu].Transitions[%zu].Date", i, j);

            check_midnight(transition, below, problem, arg);
        }
    }
}

/* Source: "Bucket naming rules", S3 user guide. */
static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    const char *name = json_string_value(json_object_get(scope->desired, "name"));
    size_t n = name ? strlen(name) : 0;

    check_lock(scope, problem, arg);
    check_dates(scope, problem, arg);
    if (n < 3 || n > 63)
        problem(arg, "name", "a bucket name has 3 to 63 characters");
    else if (strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") != n)
        problem(arg, "name", "a bucket name has only lower-case letters, digits, dots and hyphens");
    else if (strchr(".-", name[0]) || strchr(".-", name[n - 1]))
        problem(arg, "name", "a bucket name begins and ends with a letter or digit");
    else if (strstr(name, "..") || strspn(name, "0123456789.") == n || !strncmp(name, "xn--", 4) ||
             (n > 8 && !strcmp(name + n - 8, "-s3alias")))
        problem(arg, "name",
                "S3 does not accept this bucket name (adjacent dots, an IP address, "
                "or a reserved prefix or suffix)");
}

static const struct member members[] = {
    {"BucketArn", MEMBER_IGNORED, .why = WHY_ECHO},
    {"LocationConstraint", MEMBER_IGNORED, .why = "Is the region, where it is asked for.",
     .read = &read_location},
    {"BucketLocationName", MEMBER_IGNORED,
     .why = "The zone of a directory bucket; BucketLocationType is told."},
    {"BucketLocationType", MEMBER_DRIFT, LOSS_DROPPED,
     .why = "only directory buckets have it, and Firehose cannot deliver there: nothing arrives",
     .end = "name another bucket: this one cannot change its kind"},
    {"AccessPointAlias", MEMBER_TOLD, .usual = "false|",
     .why = "the name is the alias of an access point: policy, lifecycle and tags cannot be set "
            "through it"},
    {"MFADelete", MEMBER_TOLD, .usual = "Disabled|",
     .why = "with MFA delete S3 accepts no lifecycle configuration: our rules can be neither set "
            "nor changed",
     .read = &read_versioning},
    {"ObjectLockConfiguration.ObjectLockEnabled", MEMBER_IGNORED,
     .why = "Comes with a rule, which is compared.", .read = &read_object_lock},
    {"ServerSideEncryptionConfiguration.Rules[].BlockedEncryptionTypes", MEMBER_IGNORED,
     .why = "Blocks keys that callers bring; Firehose, Athena and billingd bring none.",
     .read = &read_encryption},
    {"Rules[]", MEMBER_TOLD, .why = "a lifecycle rule of others: it stays as it is",
     .read = &read_lifecycle},
    {"Policy[]", MEMBER_TOLD, .why = "a statement of others: it stays as it is",
     .read = &read_policy},
    {0},
};

static bool differs(const struct scope *scope, const char *name)
{
    json_auto_t *differences = json_array();

    value_differences(kind_field(scope->kind, name), json_object_get(scope->desired, name),
                      json_object_get(scope->observed, name), differences);
    return json_array_size(differences) > 0;
}

/* What is done to others' rules is told before it is done. */
static void note_lifting(const struct scope *scope, json_t *notes)
{
    cleanup_free char *old = lifecycle_rule_old(json_object_get(scope->observed, "lifecycle"));

    if (*old && (differs(scope, "lifecycle") || differs(scope, "lifecycle_minimum_size")))
        json_array_append_new(
            notes,
            json_sprintf("lifecycle rules in the old form (Prefix beside Filter) are written "
                         "with a Filter of the same prefix, which means the same, since S3 "
                         "takes no configuration with both: %s",
                         old));
}

static void note_versions(const struct scope *scope, json_t *notes)
{
    const char *versioning = json_string_value(wanted_or_had(scope, "versioning"));
    size_t i;
    json_t *rule;

    kms_key_note(scope, "kms_key",
                 "the delivery role and who runs queries (kms:GenerateDataKey, kms:Decrypt)",
                 notes);
    if (!versioning || strcmp(versioning, "Enabled") != 0)
        return;
    json_array_foreach((json_t *)wanted_or_had(scope, "lifecycle"), i, rule)
        if (json_object_get(rule, "NoncurrentVersionExpiration"))
            return;
    json_array_append_new(notes, json_string("versioning keeps whatever rollups, queries and "
                                             "lifecycle delete: no lifecycle rule of ours has a "
                                             "NoncurrentVersionExpiration"));
}

/* A principal that was deleted stays in a policy as the id it had, and S3 takes no policy with one.
 * Source: IAM user guide, "AWS JSON policy elements: Principal". */
static const char *dead_principal(const json_t *principal)
{
    const json_t *item = json_is_object(principal) ? json_object_get(principal, "AWS") : principal;
    const char *text = json_string_value(item);
    size_t i;

    json_array_foreach((json_t *)item, i, item)
        if (dead_principal(item))
            return dead_principal(item);
    return text && strlen(text) >= 16 && text[0] == 'A' &&
                   strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") == strlen(text)
               ? text
               : NULL;
}

static char *explain(const struct scope *scope, const char *code, const char *message)
{
    const json_t *statement;
    size_t i;

    if (strcmp(code, "MalformedPolicy") != 0 || !strstr(message, "Invalid principal"))
        return NULL;
    json_array_foreach(json_object_get(scope->observed, "policy"), i, statement) {
        const json_t *principal = json_object_get(statement, "Principal");
        const char *dead =
            dead_principal(principal ? principal : json_object_get(statement, "NotPrincipal"));
        const char *sid = json_text(statement, "Sid");

        if (dead)
            return mem_printf("the bucket policy's statement %s names %s, a principal that is "
                              "deleted: S3 takes no policy with it, and the statement is not ours "
                              "to change; remove it by hand",
                              sid ? sid : "without a Sid", dead);
    }
    return NULL;
}

static void note(const struct scope *scope, json_t *notes)
{
    note_lifting(scope, notes);
    note_versions(scope, notes);
}

const struct kind s3_bucket_kind = {
    .name = "s3_bucket",
    .title = "S3 bucket",
    .service = "s3",
    .arn = "arn:{partition}:s3:::{name}",
    .summary = "S3 bucket with its access, encryption, policy, lifecycle and tags.",
    .fields = fields,
    .members = members,
    .read = &read,
    .create = &create,
    .gone = "NoSuchBucket",
    .shut_out =
        "the bucket belongs to another account, or its policy or ours shuts us out: nothing "
        "is written into it; choose another name",
    .settle = settle,
    .holds_data = true,
    .check = check,
    .note = note,
    .explain = explain,
    .for_billing = true,
    .absent_loss = LOSS_DROPPED,
    .absent_harm = "events have no place to be written to, and those it held are gone",
    .passed = "tags",
};
