#include "permissions/iam_policy_boundary.h"

#include "aws/partition.h"
#include "base/json.h"
#include "permissions/iam_policy_archive.h"
#include "resources/policy.h"

#include <string.h>

static bool is_role(const struct manifest_resource *resource)
{
    return !strcmp(resource->kind->name, "iam_role") && !resource->absent;
}

static void add_pipeline(json_t *statements, const struct manifest_pipeline *pipeline,
                         const char *account)
{
    json_auto_t *facts = json_pack(
        "{s:s, s:s, s:s, s:s}", "account", account ? account : "*", "region", pipeline->region,
        "partition", aws_partition_of(pipeline->region)->name, "pipeline", pipeline->name);
    json_auto_t *desired = manifest_resolve(pipeline, facts);

    for (size_t i = 0; i < pipeline->resource_count; i++) {
        const json_t *policy = json_object_get(json_array_get(desired, i), "policy");
        json_auto_t *own =
            is_role(&pipeline->resources[i]) ? policy_statements(policy) : json_array();

        json_array_extend(statements, own);
    }
    iam_policy_archive_close(statements, pipeline, desired, facts);
}

json_t *iam_policy_boundary(const struct manifest *manifest)
{
    json_t *statements = json_array();

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        add_pipeline(statements, &manifest->pipelines[i], manifest->account);
    return json_pack("{s:s, s:o}", "Version", "2012-10-17", "Statement", statements);
}

bool iam_policy_boundary_lacks(const struct manifest *manifest)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        for (size_t j = 0; j < manifest->pipelines[i].resource_count; j++) {
            const struct manifest_resource *resource = &manifest->pipelines[i].resources[j];

            if (is_role(resource) && !json_text(resource->declared, "boundary"))
                return true;
        }
    return false;
}
