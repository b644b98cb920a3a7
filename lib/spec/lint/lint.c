/* lint.c -- tells what the lints find in a spec, where it stands. */
#include "spec/lint/lint.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "spec/manifest.h"

#include <string.h>
#include <time.h>

struct target {
    const struct manifest_pipeline *pipeline;
    const size_t *origin; /* index in the list given to the lints -> index in the pipeline */
    struct problems *problems;
};

static void tell(void *arg, const struct lint *lint, size_t index, const char *detail)
{
    struct target *target = arg;
    const struct manifest_resource *resource = &target->pipeline->resources[target->origin[index]];
    cleanup_free char *path = mem_printf("pipelines.%s.resources.%s.%s", target->pipeline->name,
                                         resource->id, lint->field);
    struct problem *problem;
    const char *file = NULL;
    int line = 0, column = 0;

    manifest_position(resource, lint->field, &file, &line, &column);
    problem = problems_add(target->problems, lint->severity, file, line, column, path, "%s%s%s",
                           lint->title, *detail ? ": " : "", detail);
    snprintf(problem->code, sizeof problem->code, "%s", lint->code);
    problem->cost = mem_text(lint->cost);
    problem->remedy = mem_text(lint->remedy);
}

static json_t *facts_of(const struct manifest *manifest, const struct manifest_pipeline *pipeline)
{
    const char *partition = strncmp(pipeline->region, "cn-", 3) == 0       ? "aws-cn"
                            : strncmp(pipeline->region, "us-gov-", 7) == 0 ? "aws-us-gov"
                                                                           : "aws";

    /* Which account it is makes no difference to a lint. */
    return json_pack("{s:s, s:s, s:s}", "account",
                     manifest->account ? manifest->account : "123456789012", "region",
                     pipeline->region, "partition", partition);
}

static void lint_pipeline(const struct manifest *manifest, const struct manifest_pipeline *pipeline,
                          int year, struct problems *problems)
{
    json_auto_t *facts = facts_of(manifest, pipeline);
    json_auto_t *resolved = manifest_resolve(pipeline, facts);
    json_auto_t *resources = json_array();
    cleanup_free size_t *origin = mem_new((pipeline->resource_count + 1) * sizeof *origin);
    struct target target = {.pipeline = pipeline, .origin = origin, .problems = problems};

    for (size_t i = 0; i < pipeline->resource_count; i++) {
        const struct manifest_resource *resource = &pipeline->resources[i];

        if (resource->absent)
            continue;
        origin[json_array_size(resources)] = i;
        json_array_append_new(resources, json_pack("{s:s, s:s, s:O}", "id", resource->id, "kind",
                                                   resource->kind->name, "fields",
                                                   json_array_get(resolved, i)));
    }
    lint_resources(resources, year, tell, &target);
}

void lint_manifest(const struct manifest *manifest, struct problems *problems)
{
    time_t now = (time_t)(clock_now_ms() / 1000);
    struct tm today;

    gmtime_r(&now, &today);
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        lint_pipeline(manifest, &manifest->pipelines[i], today.tm_year + 1900, problems);
}
