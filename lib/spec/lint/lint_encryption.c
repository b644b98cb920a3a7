/* lint_encryption.c -- BL607 and on: KMS keys, and who needs them.
 *
 * A key's own policy is not read, so nothing here says that a key may be used; it says what is
 * missing on our side, or cannot be.  Sources: "Using server-side encryption with KMS keys" (S3),
 * "Grant Firehose access to an Amazon S3 destination", "Encrypt log data in CloudWatch Logs using
 * KMS", "Using IAM policies with AWS KMS: aliases" (KMS developer guide). */
#include "spec/lint/lint_path.h"
#include "spec/lint/lint_rule.h"
#include "spec/lint/lint_statement.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/kms_key.h"

#include <string.h>

/* The field that names a key of a resource of this kind. */
static const char *key_field(const struct lint_look *look)
{
    return look->resource->kind->part == PART_QUERIES ? "results_kms_key" : "kms_key";
}

static const char *key_of(const struct lint_look *look)
{
    return json_text(look->values, key_field(look));
}

/* Where the resource is: a bucket may say so itself. */
static const char *region_of(const struct lint_look *look)
{
    const char *own = json_text(look->values, "region");

    return own ? own : json_text(look->subject->facts, "region");
}

static bool find_other_region(struct lint_look *look)
{
    const char *key = key_of(look), *region = region_of(look);
    cleanup_free char *of_key = key ? kms_key_part(key, KMS_KEY_REGION) : NULL;

    return of_key && region && strcmp(of_key, region) != 0 &&
           lint_rule_say(look, "the key is in %s, the %s in %s", of_key,
                         look->resource->kind->title, region);
}

static bool find_other_account(struct lint_look *look)
{
    const char *key = key_of(look), *account = json_text(look->subject->facts, "account");
    cleanup_free char *of_key = key ? kms_key_part(key, KMS_KEY_ACCOUNT) : NULL;

    return of_key && account && strcmp(of_key, account) != 0 &&
           lint_rule_say(look, "the key is of %s", of_key);
}

static bool find_alias(struct lint_look *look)
{
    const char *key = key_of(look);

    return key && kms_key_is_alias(key) && lint_rule_say(look, "%s", key);
}

/* ---- the role that writes objects ---- */

/* The key of the bucket whose name an ARN has, or NULL. */
static const char *key_of_bucket(const struct lint_subject *subject, const char *arn)
{
    const char *name = arn ? strrchr(arn, ':') : NULL;

    for (size_t i = 0; name && i < subject->count; i++) {
        const json_t *values = subject->resources[i].values;
        const char *encryption = json_text(values, "encryption");

        if (!strcmp(subject->resources[i].kind->name, "s3_bucket") && encryption &&
            strncmp(encryption, "aws:kms", 7) == 0 && !strcmp(lint_subject_name(values), name + 1))
            return json_text(values, "kms_key");
    }
    return NULL;
}

/* The role of an ARN has that name; paths stand between. */
static bool is_role(const char *arn, const char *name)
{
    const char *last = arn ? strrchr(arn, '/') : NULL;

    return last && *name && !strcmp(last + 1, name);
}

static bool lacks(struct lint_look *look, const char *key)
{
    static const char *const actions[] = {"kms:GenerateDataKey", "kms:Decrypt"};
    cleanup_free char *resource = kms_key_resource(key, look->subject->facts);
    const json_t *policy = json_object_get(look->values, "policy");
    bool first = lint_statement_grants(policy, actions[0], resource),
         second = lint_statement_grants(policy, actions[1], resource);

    if (first && second)
        return false;
    return lint_rule_say(look, "%s%s%s on %s%s%s", first ? "" : actions[0],
                         first || second ? "" : ", ", second ? "" : actions[1], resource,
                         kms_key_is_alias(key) ? ", whose kms:ResourceAliases is " : "",
                         kms_key_is_alias(key) ? kms_key_alias(key) : "");
}

static bool find_no_key_permission(struct lint_look *look)
{
    const json_t *stream;
    bool found = false;

    for (size_t i = 0; (stream = lint_subject_next(look->subject, PART_DELIVERY, &i));) {
        const char *keys[] = {json_text(stream, "kms_key"),
                              key_of_bucket(look->subject, json_text(stream, "bucket"))};

        if (!is_role(json_text(stream, "role"), lint_subject_name(look->values)))
            continue;
        for (size_t k = 0; k < 2; k++)
            if (keys[k] && !kms_key_is_aws(keys[k]) && !(k && keys[0] && !strcmp(keys[0], keys[1])))
                found = lacks(look, keys[k]) || found;
    }
    return found;
}

#define REGION                                                                                     \
    "a KMS key of another region",                                                                 \
        "AWS refuses it, or everything that would be encrypted with it: nothing is logged, "       \
        "delivered or read, and what is not delivered in 24 hours is dropped.",                    \
        "Use a key of the resource's region; a key of several regions has an ARN in each."
#define ACCOUNT                                                                                    \
    "a KMS key of another account",                                                                \
        "Only that account can let us use it, and can stop it at any time: then deliveries fail "  \
        "and are dropped after 24 hours, and old objects cannot be read. billingd cannot see the " \
        "key's policy.",                                                                           \
        "Let the key's policy name the roles and callers, or use a key of this account."

const struct lint lint_encryption[] = {
    {"BL607", REGION, .kind = "s3_bucket", .field = "kms_key", .find = find_other_region,
     .is_error = true},
    {"BL607", REGION, .kind = "delivery_stream", .field = "kms_key", .find = find_other_region,
     .is_error = true},
    {"BL607", REGION, .kind = "log_group", .field = "kms_key", .find = find_other_region,
     .is_error = true},
    {"BL607", REGION, .kind = "workgroup", .field = "results_kms_key", .find = find_other_region,
     .is_error = true},
    {"BL608", ACCOUNT, .kind = "s3_bucket", .field = "kms_key", .find = find_other_account},
    {"BL608", ACCOUNT, .kind = "delivery_stream", .field = "kms_key", .find = find_other_account},
    {"BL608", ACCOUNT, .kind = "log_group", .field = "kms_key", .find = find_other_account},
    {"BL608", ACCOUNT, .kind = "workgroup", .field = "results_kms_key", .find = find_other_account},
    {"BL609", "the delivery role may not use the KMS key",
     "Firehose cannot write its objects: it tries for 24 hours and then drops them, and their "
     "requests cannot be billed.",
     "Add {Effect: Allow, Action: [kms:GenerateDataKey, kms:Decrypt], Resource: KEY} to the role's "
     "policy.",
     .kind = "iam_role", .field = "policy", .find = find_no_key_permission},
    {"BL610", "a log group is encrypted under an alias",
     "CloudWatch Logs takes the ARN of a key only: it refuses an alias, and the group stays as it "
     "is.",
     "Name the key itself: arn:...:key/ID.", .kind = "log_group", .field = "kms_key",
     .find = find_alias, .is_error = true},
    {0},
};
