#include "permissions/iam_policy_keys.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/kms_key.h"

#include <string.h>

/* Where a key of objects is named, and what is done with it. */
static const struct {
    const char *kind, *field, *actions[2];
} uses[] = {
    {"s3_bucket", "kms_key", {"kms:GenerateDataKey", "kms:Decrypt"}},
    {"workgroup", "results_kms_key", {"kms:GenerateDataKey", "kms:Decrypt"}},
    {"delivery_stream", "kms_key", {"kms:Decrypt"}},
};

/* Policies cannot name an alias: any key that has it. */
static json_t *condition_of(const char *key)
{
    const char *alias = kms_key_alias(key);

    return alias ? json_pack("{s:{s:s}}", "ForAnyValue:StringEquals", "kms:ResourceAliases", alias)
                 : NULL;
}

static bool is_granted(const json_t *statements, const json_t *statement)
{
    const json_t *other;
    size_t i;

    json_array_foreach(statements, i, other)
        if (json_equal(other, statement))
            return true;
    return false;
}

static void grant(json_t *statements, const char *key, const char *const actions[2],
                  const json_t *facts)
{
    cleanup_free char *resource = kms_key_resource(key, facts);
    json_auto_t *statement =
        json_pack("{s:s, s:[ss*], s:[s], s:o*}", "Effect", "Allow", "Action", actions[0],
                  actions[1], "Resource", resource, "Condition", condition_of(key));

    if (!is_granted(statements, statement))
        json_array_append(statements, statement);
}

void iam_policy_keys(json_t *statements, const struct manifest_pipeline *pipeline,
                     const json_t *desired, const json_t *facts)
{
    for (size_t u = 0; u < sizeof uses / sizeof *uses; u++)
        for (size_t i = 0; i < pipeline->resource_count; i++) {
            const char *key = json_text(json_array_get(desired, i), uses[u].field);

            if (key && !kms_key_is_aws(key) && !pipeline->resources[i].absent &&
                !strcmp(pipeline->resources[i].kind->name, uses[u].kind))
                grant(statements, key, uses[u].actions, facts);
        }
}
