/* manifest.c -- the order in which a spec is read, from files to a checked manifest. */
#include "base/mem.h"
#include "billing/prices/price_book.h"
#include "spec/load_private.h"

#include <string.h>
#include <unistd.h>

const char *manifest_default_path(void)
{
    static const char *const paths[] = {"billing.yaml", "/etc/billingd/billing.yaml"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (!access(paths[i], F_OK))
            return paths[i];
    return NULL;
}

/* Pipeline by pipeline, so that what one comes to is worked out once, and kept for one at a time.
 */
static void check_all(struct load *load, const struct manifest *manifest)
{
    json_auto_t *seen = json_object(), *places = json_object(), *formats = json_object();
    const struct manifest_lint_memory memory = {places, formats};

    for (size_t i = 0; i < load->draft_count; i++) {
        json_auto_t *desired = load_check(load, &load->drafts[i], manifest->account, seen);

        /* One with errors would be judged by a part of itself. */
        if (desired && !load->drafts[i].unsound && !load->unlinted)
            manifest_lint(manifest, i, desired, &memory, load->problems);
    }
    problems_put_off_lints(load->problems);
}

static void read_all(struct load *load, struct yaml_node *root, struct manifest *manifest)
{
    load_text_environment(load, root, "");
    load_settings_read(load, root, manifest);
    manifest->cost = load_billing_cost(load, root);
    load_pipeline_all(load, root, manifest);
    for (size_t i = 0; i < load->draft_count; i++) {
        size_t before = load->problems->errors;

        load_resource_all(load, &load->drafts[i]);
        load_order(load, &load->drafts[i]);
        load->drafts[i].unsound |= load->problems->errors > before;
    }
    load_billing_series(load, root);
    load_billing_seller(load, root);
    check_all(load, manifest);
    if (!load->problems->errors) {
        load_settings_warn(load, root, manifest);
        load_parameters_warn(load, root);
    }
    load_pipeline_fini(load);
}

/* NULL after an error.  text: instead of the file's. */
static struct yaml_node *read_root(struct load *load, const char *path, const char *text)
{
    if (text)
        return yaml_read_text(path, text, strlen(text), load_yaml_problem, load);
    if (!strcmp(path, "-"))
        return yaml_read_input(path, load_yaml_problem, load);
    if (!access(path, F_OK))
        return yaml_read(path, load_yaml_problem, load);
    problems_add(load->problems, PROBLEM_ERROR, (struct yaml_place){.file = path}, "",
                 "there is no such file; -f names another, the shipped billing.yaml is a start");
    return NULL;
}

static struct manifest *load_whole(const char *path, const char *text, bool lint,
                                   struct problems *problems)
{
    struct manifest *manifest = mem_new(sizeof *manifest);
    json_auto_t *variables = json_object(), *templates = json_object(), *files = json_object();
    struct load load = {.problems = problems,
                        .documents = yaml_new(YAML_LIST, NULL),
                        .templates = templates,
                        .unlinted = !lint,
                        .variables = variables,
                        .files = files};
    size_t errors = problems->errors;
    struct yaml_node *root;

    manifest->path = mem_text(path);
    manifest->documents = load.documents;
    root = read_root(&load, path, text);
    if (root) {
        yaml_add(load.documents, root);
        read_all(&load, root, manifest);
    }
    load_known_fini(&load);
    problems_sort(problems);
    if (problems->errors == errors)
        return manifest;
    manifest_free(manifest);
    return NULL;
}

struct manifest *manifest_load(const char *path, struct problems *problems)
{
    return load_whole(path, NULL, true, problems);
}

struct manifest *manifest_load_text(const char *path, const char *text, bool lint,
                                    struct problems *problems)
{
    return load_whole(path, text, lint, problems);
}

json_t *manifest_billing_with(const struct manifest *manifest, size_t pipeline, const char *path,
                              struct problems *problems)
{
    struct load load = {.problems = problems, .documents = yaml_new(YAML_LIST, NULL)};
    struct yaml_node *root = yaml_read(path, load_yaml_problem, &load);
    json_t *section = NULL;

    if (root) {
        yaml_add(load.documents, root);
        section = load_billing_other(&load, root, &manifest->pipelines[pipeline]);
    }
    yaml_tree_free(load.documents);
    return section;
}

static void free_resource(struct manifest_resource *resource)
{
    free(resource->id);
    free(resource->address);
    json_decref(resource->declared);
    json_decref(resource->ignored);
    free(resource->needs);
    free(resource->only_named);
}

void manifest_free(struct manifest *manifest)
{
    if (!manifest)
        return;
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        struct manifest_pipeline *pipeline = &manifest->pipelines[i];

        for (size_t j = 0; j < pipeline->resource_count; j++)
            free_resource(&pipeline->resources[j]);
        free(pipeline->resources);
        free(pipeline->name);
        free(pipeline->region);
        free(pipeline->role_arn);
        free(pipeline->external_id);
        json_decref(pipeline->formerly);
        json_decref(pipeline->billing);
        price_book_free(pipeline->book);
        json_decref(pipeline->cost);
        json_decref(pipeline->queries);
    }
    free(manifest->pipelines);
    free(manifest->path);
    free(manifest->account);
    free(manifest->boundary);
    free(manifest->listen);
    json_decref(manifest->cost);
    json_decref(manifest->web.hosts);
    free(manifest->web.token_file);
    yaml_tree_free(manifest->documents);
    free(manifest);
}
