/* manifest.c -- the order in which a spec is read, and what all its readers share. */
#include "base/mem.h"
#include "spec/manifest_private.h"

#include <ctype.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

static void add_error(struct load *load, const char *file, int line, int column, const char *path,
                      const char *format, va_list args) __attribute__((format(printf, 6, 0)));

static void add_error(struct load *load, const char *file, int line, int column, const char *path,
                      const char *format, va_list args)
{
    char text[2048];

    (void)vsnprintf(text, sizeof text, format, args);
    problems_add(load->problems, PROBLEM_ERROR, file, line, column, path, "%s", text);
}

void load_error(struct load *load, const struct yaml_node *node, const char *path,
                const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_error(load, node->file, node->line, node->column, path, format, args);
    va_end(args);
}

void load_error_key(struct load *load, const struct yaml_node *node, const char *path,
                    const char *format, ...)
{
    va_list args;

    va_start(args, format);
    add_error(load, node->key_file, node->key_line, node->key_column, path, format, args);
    va_end(args);
}

char *load_hint(const char *word, const char *const *candidates)
{
    const char *nearest = str_nearest(word, candidates);

    return nearest ? mem_printf("; did you mean %s?", nearest) : mem_text("");
}

bool load_check_keys(struct load *load, const struct yaml_node *node, const char *path,
                     const char *const *keys)
{
    if (node->type != YAML_MAP) {
        load_error(load, node, path, "must be a mapping (key: value)");
        return false;
    }
    for (size_t i = 0; i < node->count; i++) {
        const char *key = node->items[i]->key;
        size_t k = 0;

        while (keys[k] && strcmp(keys[k], key) != 0)
            k++;
        if (!keys[k]) {
            cleanup_free char *hint = load_hint(key, keys);
            cleanup_free char *below = mem_printf("%s%s%s", path, *path ? "." : "", key);

            load_error_key(load, node->items[i], below, "unknown key%s", hint);
        }
    }
    return true;
}

bool load_is_name(const char *text, const char *extra, bool digit_first)
{
    if (!islower((unsigned char)*text) && !(digit_first && isdigit((unsigned char)*text)))
        return false;
    for (; *text; text++)
        if (!islower((unsigned char)*text) && !isdigit((unsigned char)*text) &&
            !strchr(extra, *text))
            return false;
    return true;
}

char *load_directory(const char *file)
{
    const char *slash = strrchr(file, '/');

    return slash ? mem_text_n(file, (size_t)(slash - file + 1)) : mem_text("");
}

void load_yaml_problem(void *load, const char *file, int line, int column, const char *path,
                       const char *problem)
{
    problems_add(((struct load *)load)->problems, PROBLEM_ERROR, file, line, column, path, "%s",
                 problem);
}

const char *manifest_default_path(void)
{
    static const char *const paths[] = {"billing.yaml", "/etc/billingd/billing.yaml"};

    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (!access(paths[i], F_OK))
            return paths[i];
    return NULL;
}

static void read_all(struct load *load, struct yaml_node *root)
{
    struct manifest *manifest = load->manifest;

    text_environment(load, root, "");
    settings_read(load, root);
    pipelines_read(load, root);
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        resources_read(load, &load->drafts[i]);
        order_resources(load, &load->drafts[i]);
    }
    check_values(load);
}

struct manifest *manifest_load(const char *path, struct problems *problems)
{
    struct load load = {.manifest = mem_new(sizeof *load.manifest), .problems = problems};
    size_t errors = problems->errors;
    struct yaml_node *root;

    load.manifest->path = mem_text(path);
    load.manifest->documents = yaml_new(YAML_LIST, NULL);
    load.directory = load_directory(path);
    if (access(path, F_OK) < 0)
        problems_add(
            problems, PROBLEM_ERROR, path, 0, 0, "",
            "there is no such file; -f names another, the shipped billing.yaml is a start");
    else if ((root = yaml_read(path, load_yaml_problem, &load))) {
        yaml_add(load.manifest->documents, root);
        read_all(&load, root);
    }
    for (size_t i = 0; load.drafts && i < load.manifest->pipeline_count; i++)
        draft_fini(&load.drafts[i]);
    free(load.drafts);
    free(load.directory);
    if (problems->errors == errors)
        manifest_lint(load.manifest, problems);
    problems_sort(problems);
    if (problems->errors == errors)
        return load.manifest;
    manifest_free(load.manifest);
    return NULL;
}

static void free_resource(struct manifest_resource *resource)
{
    free(resource->id);
    free(resource->address);
    json_decref(resource->declared);
    free(resource->needs);
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
        json_decref(pipeline->billing);
        json_decref(pipeline->queries);
    }
    free(manifest->pipelines);
    free(manifest->path);
    free(manifest->account);
    free(manifest->listen);
    yaml_tree_free(manifest->documents);
    free(manifest);
}

void manifest_position(const struct manifest_resource *resource, const char *field,
                       const char **file, int *line, int *column)
{
    const struct yaml_node *node = yaml_at(resource->node, field);
    bool whole = node == resource->node;

    *file = whole ? node->key_file : node->file;
    *line = whole ? node->key_line : node->line;
    *column = whole ? node->key_column : node->column;
}
