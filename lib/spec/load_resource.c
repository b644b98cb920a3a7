/* load_resource.c -- the resources of a pipeline: kind, fields, what must and must not be
 * there. */
#include "base/mem.h"
#include "resources/ignore.h"
#include "resources/mark.h"
#include "resources/members.h"
#include "resources/registry.h"
#include "spec/load_private.h"

#include <string.h>

enum { LONG_TEXT = 1024 };

static bool is_reserved(const char *key)
{
    return !strcmp(key, "kind") || !strcmp(key, "after") || !strcmp(key, "ensure") ||
           !strcmp(key, "when") || !strcmp(key, "mode") || !strcmp(key, "ignore") ||
           !strcmp(key, "protect");
}

static const struct kind *read_kind(struct load *load, const struct yaml_node *node,
                                    const char *path)
{
    const struct yaml_node *kind = yaml_find(node, "kind");
    cleanup_free char *below = mem_printf("%s.kind", path);
    cleanup_free char *hint = NULL;
    const char *names[64] = {0};

    if (!kind) {
        load_error_key(load, node, path, "has no kind; write one: kind: s3_bucket");
        return NULL;
    }
    if (kind->type == YAML_TEXT && registry_find(kind->text))
        return registry_find(kind->text);
    if (load_is_poisoned(kind))
        return NULL;
    for (size_t i = 0; i < 63 && registry_kinds[i]; i++)
        names[i] = registry_kinds[i]->name;
    hint = str_hint(kind->type == YAML_TEXT ? kind->text : "", names);
    load_error(load, kind, below, "there is no such kind%s", hint);
    return NULL;
}

static void tell_unknown(struct load *load, const struct kind *kind, const struct yaml_node *item,
                         const char *path)
{
    const char *names[64] = {"after", "ensure", "when", "mode", "ignore", "protect"};
    cleanup_free char *hint = NULL;
    size_t n = 6;

    for (const struct field *f = kind->fields; f->name && n < 63; f++)
        if (!(f->flags & FIELD_REPORTED))
            names[n++] = f->name;
    hint = str_hint(item->key, names);
    load_error_key(load, item, path, "%s has no such field%s", kind->name, hint);
}

static bool read_ensure(struct load *load, const struct kind *kind, const struct yaml_node *node,
                        const char *path)
{
    const struct yaml_node *ensure = yaml_find(node, "ensure");
    cleanup_free char *below = mem_printf("%s.ensure", path);

    if (!ensure || load_is_poisoned(ensure) ||
        (ensure->type == YAML_TEXT && !strcmp(ensure->text, "present")))
        return false;
    if (ensure->type != YAML_TEXT || strcmp(ensure->text, "absent") != 0)
        load_error(load, ensure, below, "must be present or absent");
    else if (kind->holds_data)
        load_error(load, ensure, below, "billingd never deletes a resource that holds data (%s)",
                   kind->title);
    else if (!kind->remove)
        load_error(load, ensure, below, "billingd does not delete this kind of resource (%s)",
                   kind->title);
    else
        return true;
    return false;
}

/* Who says nothing about a resource that carries no mark, or is not ours to make, means those that
 * are. */
static void read_protect(struct load *load, struct manifest_resource *resource,
                         const struct yaml_node *node, const char *path)
{
    const struct yaml_node *protect = yaml_find(node, "protect");
    cleanup_free char *below = mem_printf("%s.protect", path);

    load_settings_protect(load, node, path, &resource->protect);
    if (kind_owner(resource->kind) && resource->kind->create) {
        if (resource->absent && protect && resource->protect == MANIFEST_PROTECT_ON)
            load_error(load, protect, below, "contradicts `ensure: absent`");
        if (resource->absent) /* only what lies in AWS counts */
            resource->protect = MANIFEST_PROTECT_SILENT;
        return;
    }
    if (protect && resource->protect)
        load_error(load, protect, below,
                   kind_owner(resource->kind)
                       ? "a %s is not made by billingd, which never deletes one: there is nothing "
                         "to protect"
                       : "a %s has no place for the mark; billingd never deletes one",
                   resource->kind->title);
    resource->protect = MANIFEST_PROTECT_SILENT;
}

/* What billingd writes there itself; NULL: nothing, as the spec has it. */
static const char *mark_wanted(const struct manifest_pipeline *pipeline,
                               const struct manifest_resource *resource, const char *key)
{
    if (!strcmp(key, MARK_PIPELINE))
        return pipeline->name;
    return resource->protect == MANIFEST_PROTECT_ON    ? "true"
           : resource->protect == MANIFEST_PROTECT_OFF ? "false"
                                                       : NULL;
}

/* A mark that is declared like a tag of people may only say what is so (check --print-effective):
 * it would lift a protection that the spec asks for. */
static void check_marks(struct load *load, const struct manifest_pipeline *pipeline,
                        const struct manifest_resource *resource, const struct yaml_node *node,
                        const char *path)
{
    static const char *const marks[] = {MARK_PIPELINE, KIND_PROTECTED};
    const struct field *owner = resource->absent ? NULL : kind_owner(resource->kind);
    const json_t *map = owner ? json_object_get(resource->declared, owner->name) : NULL;

    for (size_t i = 0; owner && i < sizeof marks / sizeof *marks; i++) {
        const char *said = json_text(map, marks[i]);
        const char *want = mark_wanted(pipeline, resource, marks[i]);
        cleanup_free char *below =
            said ? mem_printf("%s.%s.%s", path, owner->name, marks[i]) : NULL;

        if (said && (!want || strcmp(said, want) != 0))
            load_error(load, yaml_find(yaml_find(node, owner->name), marks[i]), below,
                       "is a mark that billingd writes itself: take it out%s",
                       i ? ", and say what is meant by `protect`" : "");
    }
}

/* A field that events depend on: nobody keeps it any more, and that is told where it is chosen. */
static void warn_ignored(struct load *load, const struct manifest_resource *resource,
                         const struct yaml_node *node, const char *path)
{
    const struct field *field = ignore_field(resource->kind, node->text);
    struct problem *problem;

    if (!field || !field->loss || (field->flags & FIELD_OWNER))
        return;
    problem = problems_add(load->problems, PROBLEM_WARNING,
                           (struct yaml_place){node->file, node->line, node->column}, path,
                           "%s is ignored: while AWS has another value than the spec, %s",
                           node->text, members_loss_text(field->loss));
    problem->cost = mem_text(field->harm ? field->harm : "Nobody puts it right.");
    problem->remedy = mem_text("take it out of `ignore`, or watch it with `mode: observe`, which "
                               "counts it as a difference");
}

static void read_ignored(struct load *load, struct manifest_resource *resource,
                         const struct yaml_node *node, const char *path)
{
    cleanup_free char *problem = NULL;

    if (node->type != YAML_TEXT || !*node->text || yaml_is_null(node)) {
        load_error(load, node, path, "must be the name of a field: retention_days, tags.team");
        return;
    }
    if (load_is_poisoned(node))
        return;
    problem = ignore_problem(resource->kind, node->text);
    if (problem) {
        load_error(load, node, path, "%s", problem);
        return;
    }
    warn_ignored(load, resource, node, path);
    if (!resource->ignored)
        resource->ignored = json_array();
    json_array_append_new(resource->ignored, json_string(node->text));
}

static void read_ignore(struct load *load, struct manifest_resource *resource,
                        const struct yaml_node *node, const char *path)
{
    const struct yaml_node *ignore = yaml_find(node, "ignore");
    cleanup_free char *below = mem_printf("%s.ignore", path);

    if (!ignore || yaml_is_null(ignore))
        return;
    if (ignore->type == YAML_MAP) {
        load_error(load, ignore, below, "must be a list of fields: [retention_days, tags.team]");
        return;
    }
    if (ignore->type == YAML_TEXT)
        read_ignored(load, resource, ignore, below);
    for (size_t i = 0; ignore->type == YAML_LIST && i < ignore->count; i++) {
        cleanup_free char *item = mem_printf("%s[%zu]", below, i);

        read_ignored(load, resource, ignore->items[i], item);
    }
}

/* The SQL of a pipeline is a value by now; of the node only the place is asked for. */
static void forget_long_text(struct yaml_node *item)
{
    if (item->shared || item->type != YAML_TEXT || strlen(item->text) < LONG_TEXT)
        return;
    free(item->text);
    item->text = mem_text("");
    item->quoted = true; /* a text, as it was */
}

/* False when something was told about it. */
static bool read_field(struct load *load, struct manifest_resource *resource,
                       struct yaml_node *item, const char *path)
{
    const struct field *field = kind_field(resource->kind, item->key);
    cleanup_free char *below = mem_printf("%s.%s", path, item->key);
    json_t *value;

    if (yaml_is_null(item))
        return true;
    if (!field) {
        tell_unknown(load, resource->kind, item, below);
        return false;
    }
    if (field->flags & FIELD_REPORTED) {
        load_error_key(load, item, below, "is filled in by AWS and cannot be declared");
        return false;
    }
    value = load_value_read(load, resource->kind, field, item, below);
    if (!value)
        return false;
    json_object_set_new(resource->declared, field->name, value);
    forget_long_text(item);
    return true;
}

static bool check_missing(struct load *load, const struct kind *kind, const struct yaml_node *node,
                          const char *path)
{
    bool good = true;

    for (const struct field *f = kind->fields; f->name; f++) {
        const struct yaml_node *item;
        cleanup_free char *below = NULL;

        if (!(f->flags & (FIELD_KEY | FIELD_REQUIRED)) || f->otherwise ||
            (f->flags & FIELD_REPORTED))
            continue;
        item = yaml_find(node, f->name);
        below = mem_printf("%s.%s", path, f->name);
        if (!item || yaml_is_null(item)) {
            load_error_key(load, node, below, "is missing (%s)",
                           f->summary ? f->summary : "required");
            good = false;
        } else if ((f->flags & FIELD_KEY) && item->type == YAML_TEXT && !*item->text) {
            load_error(load, item, below, "cannot be empty: it names the resource");
            good = false;
        }
    }
    return good;
}

static void read_resource(struct load *load, struct draft *draft, const struct yaml_node *node,
                          size_t index)
{
    struct manifest_resource *resource = &draft->pipeline->resources[index];
    cleanup_free char *path = mem_printf("%s.resources.%s", draft->path, node->key);
    bool good = true;

    resource->id = mem_text(node->key);
    resource->address = mem_printf("%s/%s", draft->pipeline->name, node->key);
    resource->declared = json_object();
    resource->node = node;
    resource->mode = draft->pipeline->mode;
    resource->protect = draft->pipeline->protect;
    draft->flawed[index] = true;
    if (!load_is_name(node->key, "_-", false))
        load_error_key(load, node, path,
                       "a resource's id has lower-case letters, digits, _ and -, a letter first");
    if (node->type != YAML_MAP) {
        load_error(load, node, path, "must be a mapping with a kind and its fields");
        return;
    }
    resource->kind = read_kind(load, node, path);
    if (!resource->kind)
        return;
    for (size_t i = 0; i < node->count; i++)
        if (!is_reserved(node->items[i]->key))
            good &= read_field(load, resource, node->items[i], path);
    if (load->boundary && kind_field(resource->kind, "boundary") && !yaml_find(node, "boundary"))
        json_object_set_new(resource->declared, "boundary", json_string(load->boundary));
    good &= check_missing(load, resource->kind, node, path);
    load_settings_mode(load, node, path, &resource->mode);
    read_ignore(load, resource, node, path);
    resource->absent = read_ensure(load, resource->kind, node, path);
    read_protect(load, resource, node, path);
    check_marks(load, draft->pipeline, resource, node, path);
    draft->flawed[index] = !good;
}

void load_resource_all(struct load *load, struct draft *draft)
{
    struct manifest_pipeline *pipeline = draft->pipeline;
    size_t count = draft->resources ? draft->resources->count : 0;

    pipeline->resources = mem_new(count * sizeof *pipeline->resources);
    pipeline->resource_count = count;
    draft->flawed = mem_new(count * sizeof *draft->flawed);
    for (size_t i = 0; i < count; i++)
        read_resource(load, draft, draft->resources->items[i], i);
}
