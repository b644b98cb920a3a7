/* load_pipeline.c -- the pipelines of billing.yaml: settings, template, parameters, overrides.
 */
#include "base/mem.h"
#include "resources/mark.h"
#include "spec/load_private.h"

#include <string.h>
#include <unistd.h>

#define TEMPLATE "specs/pipeline.yaml"

static const char *const pipeline_keys[] = {"region",    "role",    "template", "parameters",
                                            "resources", "billing", "queries",  "mode",
                                            "formerly",  "protect", "cost",     NULL};
static const char *const role_keys[] = {"arn", "external_id", NULL};
static const char *const template_keys[] = {"parameters", "resources", "queries", NULL};
static const char *const parameter_keys[] = {"default", "summary", NULL};

static void read_region(struct load *load, struct draft *draft, const struct yaml_node *root)
{
    const struct yaml_node *own = yaml_find(draft->node, "region");
    const struct yaml_node *shared = yaml_find(root, "region");
    cleanup_free char *path = mem_printf("%s.region", draft->path);

    if (own && !yaml_is_null(own) && (own->type != YAML_TEXT || *own->text))
        draft->pipeline->region = load_settings_region(load, own, path);
    else if (shared && !yaml_is_null(shared) && (shared->type != YAML_TEXT || *shared->text))
        draft->pipeline->region = load_settings_region(load, shared, "region");
    else
        load_error_key(load, draft->node, path, "no region: set it here or at the top");
}

static bool is_role_arn(const char *text)
{
    const char *role = strstr(text, ":iam::");

    return !strncmp(text, "arn:aws", 7) && role && strspn(role + 6, "0123456789") == 12 &&
           !strncmp(role + 18, ":role/", 6) && load_is_iam_name(role + 24);
}

static void read_role(struct load *load, struct draft *draft)
{
    const struct yaml_node *role = yaml_find(draft->node, "role");
    const struct yaml_node *arn = yaml_find(role, "arn");
    cleanup_free char *path = mem_printf("%s.role", draft->path);
    cleanup_free char *arn_path = mem_printf("%s.arn", path);
    cleanup_free char *id_path = mem_printf("%s.external_id", path);

    if (!role || yaml_is_null(role) || !load_check_keys(load, role, path, role_keys))
        return;
    draft->pipeline->role_arn = load_text_setting(load, arn, arn_path);
    draft->pipeline->external_id = load_text_setting(load, yaml_find(role, "external_id"), id_path);
    if (!arn)
        load_error_key(load, role, arn_path, "is missing");
    else if (draft->pipeline->role_arn && !is_role_arn(draft->pipeline->role_arn))
        load_error(load, arn, arn_path,
                   "is not a role's ARN; it looks like arn:aws:iam::123456789012:role/name");
}

static void read_formerly(struct load *load, struct draft *draft)
{
    const struct yaml_node *list = yaml_find(draft->node, "formerly");
    cleanup_free char *path = mem_printf("%s.formerly", draft->path);

    if (!list || yaml_is_null(list))
        return;
    if (list->type != YAML_LIST) {
        load_error(load, list, path, "must be a list of marks, like [shop@old-bucket]");
        return;
    }
    draft->pipeline->formerly = json_array();
    for (size_t i = 0; i < list->count; i++) {
        cleanup_free char *item = mem_printf("%s[%zu]", path, i);
        cleanup_free char *mark = load_text_setting(load, list->items[i], item);

        if (mark && mark_is_valid(mark))
            json_array_append_new(draft->pipeline->formerly, json_string(mark));
        else if (mark)
            load_error(load, list->items[i], item,
                       "must be a pipeline's name, or PIPELINE@BUCKET, as the mark says it");
    }
}

static void check_parameter(struct load *load, const struct yaml_node *item)
{
    cleanup_free char *path = mem_printf("parameters.%s", item->key);
    const struct yaml_node *value = yaml_find(item, "default");

    if (!load_is_name(item->key, "_", false))
        load_error_key(load, item, path,
                       "a parameter's name has lower-case letters, digits and _ only");
    for (size_t i = 0; load_parameters_built_in[i]; i++)
        if (!strcmp(load_parameters_built_in[i], item->key))
            load_error_key(load, item, path, "this name is built in");
    if (load_check_keys(load, item, path, parameter_keys) && value && value->type != YAML_TEXT)
        load_error(load, value, path, "a default must be a text");
}

static void check_template(struct load *load, const struct yaml_node *root)
{
    const struct yaml_node *parameters = yaml_find(root, "parameters");
    const struct yaml_node *resources = yaml_find(root, "resources");

    if (!load_check_keys(load, root, "", template_keys))
        return;
    if (parameters && parameters->type != YAML_MAP)
        load_error(load, parameters, "parameters", "must be a mapping (name: {default, summary})");
    for (size_t i = 0; parameters && i < parameters->count && parameters->type == YAML_MAP; i++)
        check_parameter(load, parameters->items[i]);
    if (!resources)
        load_error(load, root, "resources", "is missing");
    else if (resources->type != YAML_MAP)
        load_error(load, resources, "resources", "must be a mapping (id: {kind: ...})");
}

/* Each template is read once, however many pipelines use it. NULL after an error. */
static struct yaml_node *template_at(struct load *load, const char *path)
{
    const json_t *known = json_object_get(load->templates, path);
    struct yaml_node *root;

    if (known) {
        root = load->documents->items[json_integer_value(known)];
        return root->type == YAML_MAP ? root : NULL;
    }
    root = yaml_read(path, load_yaml_problem, load);
    if (root) {
        check_template(load, root);
    } else { /* remembered as a text, so that it is not told again */
        root = yaml_new(YAML_TEXT, NULL);
        root->owned_file = mem_text(path);
    }
    json_object_set_new_nocheck(load->templates, path,
                                json_integer((json_int_t)load->documents->count));
    yaml_add(load->documents, root);
    return root->type == YAML_MAP ? root : NULL;
}

static bool is_off(const struct yaml_node *node)
{
    return node->type == YAML_TEXT && !node->quoted &&
           (!strcmp(node->text, "off") || !strcmp(node->text, "false"));
}

/* PREFIX/share/billingd of a program at PREFIX/bin, wherever the prefix was moved; else where it
 * was to be installed.  New text. */
static char *installed_template(void)
{
    static const char below[] = "/bin/billingd";
    char program[4096];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    size_t tail = sizeof below - 1;
    char *path;

    if (length > (ssize_t)tail && !strncmp(program + (size_t)length - tail, below, tail)) {
        path = mem_printf("%.*s/share/billingd/" TEMPLATE, (int)(length - (ssize_t)tail), program);
        if (!access(path, R_OK))
            return path;
        free(path);
    }
    return mem_text(BILLINGD_DATA_DIR "/" TEMPLATE);
}

/* False after an error.  *template is NULL for `template: off`: everything stands in the file. */
static bool find_template(struct load *load, struct draft *draft, const struct yaml_node *root,
                          struct yaml_node **template)
{
    const struct yaml_node *node = yaml_find(draft->node, "template");
    cleanup_free char *path = mem_printf("%s.template", draft->path);
    cleanup_free char *directory = load_directory(root->file), *name = NULL, *file = NULL;
    cleanup_free char *installed = installed_template();

    *template = NULL;
    if (!node)
        node = yaml_find(root, "template");
    if (node && is_off(node))
        return true;
    name = load_text_setting(load, node, path);
    if (!name && node && !yaml_is_null(node) && (node->type != YAML_TEXT || *node->text))
        return false;
    file = mem_printf("%s%s", name && *name == '/' ? "" : directory, name ? name : TEMPLATE);
    if (!access(file, R_OK))
        *template = template_at(load, file);
    else if (name)
        load_error(load, node, path, "the template %s cannot be read", file);
    else if (!access(installed, R_OK))
        *template = template_at(load, installed);
    else
        load_error_key(load, draft->node, path,
                       "no template: neither %s nor %s is there; `off` does without, with all "
                       "resources in this file",
                       file, installed);
    return *template != NULL;
}

static void tell_unknown(struct load *load, const struct yaml_node *item, const char *path,
                         const struct yaml_node *resources)
{
    size_t count = load->problems->errors < PROBLEMS_SHOWN ? resources->count : 0;
    const char **ids = mem_new((count + 1) * sizeof *ids);
    cleanup_free char *hint = NULL;

    for (size_t i = 0; i < count; i++)
        ids[i] = resources->items[i]->key;
    hint = str_hint(item->key, ids);
    load_error_key(load, item, path, "the template has no such resource%s; a new one needs a kind",
                   hint);
    free(ids);
}

static void switch_off(struct draft *draft, struct yaml_node *wrap, const struct yaml_node *at)
{
    struct yaml_node *nothing = yaml_new(YAML_TEXT, at);

    nothing->key = mem_text(at->key);
    nothing->text = mem_text("~");
    yaml_add(wrap, nothing);
    json_object_set_new(draft->off, at->key, json_true());
}

/* Adds what item lays over the template's resources to wrap. */
static void override(struct load *load, struct draft *draft, struct yaml_node *wrap,
                     struct yaml_node *item)
{
    cleanup_free char *path = mem_printf("%s.resources.%s", draft->path, item->key);

    if (is_off(item)) {
        if (yaml_find(draft->resources, item->key))
            switch_off(draft, wrap, item);
        else
            tell_unknown(load, item, path, draft->resources);
    } else if (item->type != YAML_MAP) {
        load_error(load, item, path, "must be a mapping of fields, or off");
    } else if (!yaml_find(draft->resources, item->key) && !yaml_find(item, "kind")) {
        tell_unknown(load, item, path, draft->resources);
    } else {
        yaml_add(wrap, yaml_copy(item));
    }
}

/* A resource whose `when` came out empty is off: a parameter that nobody gave leaves it out. */
static void look_at_when(struct load *load, struct draft *draft, const char *path)
{
    struct yaml_node *wrap = yaml_new(YAML_MAP, draft->resources);

    for (size_t i = 0; i < draft->resources->count; i++) {
        const struct yaml_node *item = draft->resources->items[i];
        const struct yaml_node *when = yaml_find(item, "when");

        if (when && when->type != YAML_TEXT) {
            cleanup_free char *below = mem_printf("%s.%s.when", path, item->key);

            load_error(load, when, below, "must be a text: empty, or off, leaves the resource out");
        }
        if (when && when->type == YAML_TEXT && (!*when->text || yaml_is_null(when) || is_off(when)))
            switch_off(draft, wrap, item);
    }
    yaml_merge(draft->resources, wrap);
    yaml_tree_free(wrap);
}

static void merge_resources(struct load *load, struct draft *draft,
                            const struct yaml_node *template)
{
    struct yaml_node *resources = yaml_find(template, "resources");
    const struct yaml_node *over = yaml_find(draft->node, "resources");
    cleanup_free char *path = mem_printf("%s.resources", draft->path);
    struct yaml_node *wrap = yaml_new(YAML_MAP, over);

    draft->resources = resources && resources->type == YAML_MAP ? yaml_copy(resources)
                                                                : yaml_new(YAML_MAP, template);
    yaml_add(load->documents, draft->resources);
    if (over && over->type == YAML_MAP) {
        for (size_t i = 0; i < over->count; i++)
            override(load, draft, wrap, over->items[i]);
    } else if (over && !yaml_is_null(over)) {
        load_error(load, over, path, "must be a mapping (id: fields, or id: off)");
    }
    yaml_merge(draft->resources, wrap);
    yaml_tree_free(wrap);
    load_parameters_expand(load, draft, draft->resources, path);
    look_at_when(load, draft, path);
}

/* False when something was told about it. */
static bool read_pipeline(struct load *load, struct draft *draft, const struct yaml_node *root)
{
    size_t before = load->problems->errors;
    struct yaml_node *template;

    if (!load_is_name(draft->node->key, "-", true) || strlen(draft->node->key) > 63)
        load_error_key(load, draft->node, draft->path,
                       "a pipeline's name has lower-case letters, digits and -, at most 63");
    if (!yaml_is_null(draft->node) &&
        !load_check_keys(load, draft->node, draft->path, pipeline_keys))
        return false;
    load_settings_mode(load, draft->node, draft->path, &draft->pipeline->mode);
    load_settings_protect(load, draft->node, draft->path, &draft->pipeline->protect);
    read_region(load, draft, root);
    read_role(load, draft);
    read_formerly(load, draft);
    load_billing_read(load, draft, root);
    if (!find_template(load, draft, root, &template))
        return false;
    load_parameters_read(load, draft, template);
    merge_resources(load, draft, template);
    load_billing_queries(load, draft, template);
    return load->problems->errors == before;
}

void load_pipeline_all(struct load *load, const struct yaml_node *root, struct manifest *manifest)
{
    const struct yaml_node *pipelines = yaml_find(root, "pipelines");

    if (root->type != YAML_MAP)
        return;
    if (!pipelines || pipelines->type != YAML_MAP || !pipelines->count) {
        if (pipelines)
            load_error(load, pipelines, "pipelines",
                       "must be a mapping with at least one pipeline");
        else
            load_error(load, root, "pipelines", "is missing");
        return;
    }
    manifest->pipelines = mem_new(pipelines->count * sizeof *manifest->pipelines);
    manifest->pipeline_count = pipelines->count;
    load->drafts = mem_new(pipelines->count * sizeof *load->drafts);
    load->draft_count = pipelines->count;
    for (size_t i = 0; i < pipelines->count; i++) {
        struct draft *draft = &load->drafts[i];

        draft->pipeline = &manifest->pipelines[i];
        draft->node = pipelines->items[i];
        draft->pipeline->name = mem_text(draft->node->key);
        draft->path = mem_printf("pipelines.%s", draft->node->key);
        draft->pipeline->mode = manifest->mode;
        draft->off = json_object();
        draft->unsound = !read_pipeline(load, draft, root);
    }
}

void load_pipeline_fini(struct load *load)
{
    for (size_t i = 0; i < load->draft_count; i++) {
        load_parameters_free(&load->drafts[i]);
        json_decref(load->drafts[i].off);
        json_decref(load->drafts[i].words);
        free(load->drafts[i].path);
        free(load->drafts[i].flawed);
    }
    free(load->drafts);
}
