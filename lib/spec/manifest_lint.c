/* manifest_lint.c -- what the lints say of a spec, at its place in the files. */
#include "base/clock.h"
#include "base/mem.h"
#include "spec/lint/lint.h"
#include "spec/manifest_private.h"

#include <string.h>
#include <time.h>

struct telling {
    const struct manifest_pipeline *pipeline;
    struct problems *problems;
};

static const struct manifest_resource *resource_of(const struct manifest_pipeline *pipeline,
                                                   const char *id)
{
    size_t i = 0;

    while (strcmp(pipeline->resources[i].id, id) != 0)
        i++;
    return &pipeline->resources[i];
}

static void tell(void *arg, const struct lint_finding *finding)
{
    const struct telling *telling = arg;
    const struct lint *lint = finding->lint;
    const char *id = finding->resource->id;
    cleanup_free char *path =
        mem_printf("pipelines.%s.resources.%s.%s", telling->pipeline->name, id, finding->field);
    struct problem *problem;
    const char *file;
    int line, column;

    manifest_position(resource_of(telling->pipeline, id), finding->field, &file, &line, &column);
    problem = problems_add(telling->problems, lint->refused ? PROBLEM_ERROR : PROBLEM_WARNING, file,
                           line, column, path, "%s", finding->text);
    (void)snprintf(problem->code, sizeof problem->code, "%s", lint->code);
    problem->cost = mem_text(lint->cost);
    problem->remedy = mem_text(lint->remedy);
}

static void lint_pipeline(const struct manifest *manifest, const struct manifest_pipeline *pipeline,
                          int year, struct problems *problems)
{
    /* Which account it is makes no difference to a lint. */
    json_auto_t *facts =
        resolve_facts(pipeline, manifest->account ? manifest->account : LOAD_ACCOUNT);
    json_auto_t *desired = manifest_resolve(pipeline, facts);
    struct lint_subject subject = {.facts = facts, .year = year};

    for (size_t i = 0; i < pipeline->resource_count; i++)
        if (!pipeline->resources[i].absent)
            lint_subject_add(&subject, pipeline->resources[i].id, pipeline->resources[i].kind,
                             json_array_get(desired, i));
    lint_run(&subject, tell, &(struct telling){pipeline, problems});
    lint_subject_fini(&subject);
}

void manifest_lint(const struct manifest *manifest, struct problems *problems)
{
    time_t now = (time_t)(clock_now_ms() / 1000);
    struct tm today;

    (void)gmtime_r(&now, &today);
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        lint_pipeline(manifest, &manifest->pipelines[i], today.tm_year + 1900, problems);
}
