/* manifest_lint.c -- what the lints say of a spec, at its place in the files. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "spec/lint/lint.h"
#include "spec/lint/lint_path.h"
#include "spec/manifest.h"
#include "yaml/yaml.h"

#include <string.h>

struct telling {
    const struct manifest *manifest;
    const struct manifest_pipeline *pipeline;
    struct problems *problems;
};

/* Where the billing section that holds for the pipeline says what a path like
 * "billing.close.archive" names. */
static const struct yaml_node *find_setting(const struct telling *telling, const char *path)
{
    const struct yaml_node *root = telling->manifest->documents->items[0], *node;

    node = yaml_find(yaml_find(root, "pipelines"), telling->pipeline->name);
    node = node ? yaml_at(node, path) : NULL;
    return node ? node : yaml_at(root, path);
}

static void tell(void *arg, const struct lint_finding *finding)
{
    const struct telling *telling = arg;
    const struct lint *lint = finding->lint;
    const struct manifest_resource *resource =
        manifest_resource_find(telling->pipeline, finding->resource->id);
    bool is_setting = !strncmp(finding->field, "billing.", 8);
    const struct yaml_node *node = is_setting ? find_setting(telling, finding->field) : NULL;
    cleanup_free char *path =
        mem_printf("pipelines.%s.%s%s%s%s", telling->pipeline->name, is_setting ? "" : "resources.",
                   is_setting ? "" : resource->id, is_setting ? "" : ".", finding->field);
    struct problem *problem;

    if (!strcmp(finding->field, "boundary") && !yaml_find(resource->node, "boundary"))
        return; /* `boundary` of the spec: whoever set it has weighed that */
    problem = problems_add(telling->problems, lint->is_error ? PROBLEM_ERROR : PROBLEM_WARNING,
                           node ? (struct yaml_place){node->file, node->line, node->column}
                                : manifest_resource_place(resource, finding->field),
                           path, "%s", finding->text);
    (void)snprintf(problem->code, sizeof problem->code, "%s", lint->code);
    problem->cost = mem_text(lint->cost);
    problem->remedy = mem_text(lint->remedy);
}

void manifest_lint(const struct manifest *manifest, size_t index, const json_t *desired,
                   const struct manifest_lint_memory *memory, struct problems *problems)
{
    const struct manifest_pipeline *pipeline = &manifest->pipelines[index];
    json_auto_t *facts = manifest_resolve_facts(pipeline, manifest->account);
    struct tm today = timestamp_utc(clock_now_ms() / 1000);
    struct lint_subject subject = {.facts = facts,
                                   .billing = pipeline->billing,
                                   .pipeline = pipeline->name,
                                   .others = memory->places,
                                   .known = memory->formats,
                                   .year = today.tm_year + 1900};
    struct telling telling = {manifest, pipeline, problems};

    if (!manifest->account && !pipeline->role_arn)
        json_object_del(facts, "account"); /* only a stand-in, to make ARNs of */
    for (size_t i = 0; i < pipeline->resource_count; i++)
        if (!pipeline->resources[i].absent)
            lint_subject_add(&subject, pipeline->resources[i].id, pipeline->resources[i].kind,
                             json_array_get(desired, i));
    lint_run(&subject, tell, &telling);
    lint_path_remember(memory->places, subject.places);
    lint_subject_fini(&subject);
}
