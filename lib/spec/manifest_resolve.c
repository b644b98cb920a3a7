/* manifest_resolve.c -- declared values with their references filled in.
 *
 * ARNs and attributes are computed from names, never read from AWS, so a whole pipeline is known
 * before the first call. */
#include "aws/partition.h"
#include "base/json.h"
#include "base/mem.h"
#include "resources/mark.h"
#include "resources/table.h"
#include "resources/value.h"
#include "spec/load_private.h"

#include <string.h>

struct resolving {
    const struct manifest_pipeline *pipeline;
    json_t *facts;   /* with "pipeline" */
    json_t *desired; /* of the resources before */
    size_t index;
    const struct manifest_resolve_check *check; /* NULL: everything was checked before */
};

json_t *manifest_resolve_facts(const struct manifest_pipeline *pipeline, const char *account)
{
    const char *role = pipeline->role_arn ? strstr(pipeline->role_arn, ":iam::") : NULL;
    cleanup_free char *of_role = role && strlen(role) > 18 ? mem_text_n(role + 6, 12) : NULL;

    if (!account)
        account = "123456789012";
    return json_pack("{s:s, s:s, s:s}", "account", of_role ? of_role : account, "region",
                     pipeline->region, "partition", aws_partition_of(pipeline->region)->name);
}

/* NULL when it has none such. */
static char *attribute(const struct resolving *r, size_t target, const char *name)
{
    const struct manifest_resource *resource = &r->pipeline->resources[target];
    const json_t *desired = json_array_get(r->desired, target);
    const json_t *value = json_object_get(desired, name);
    struct scope scope = {.kind = resource->kind, .desired = desired, .facts = r->facts};

    if (json_is_integer(value))
        return mem_printf("%" JSON_INTEGER_FORMAT, json_integer_value(value));
    if (json_is_real(value))
        return mem_printf("%.15g", json_real_value(value));
    if (json_is_boolean(value))
        return mem_text(json_is_true(value) ? "true" : "false");
    return table_attribute(&scope, name);
}

static void tell_attribute(const struct resolving *r, size_t target, const char *name,
                           const struct load_way *way)
{
    const struct kind *kind = r->pipeline->resources[target].kind;
    const struct field *known = kind_field(kind, name);
    const char *names[64] = {"arn"};
    cleanup_free char *hint = NULL, *text = NULL, *field = load_way_text(way);
    size_t n = 1;

    for (const struct field *f = kind->fields; f->name && n < 63; f++)
        if (!(f->flags & FIELD_REPORTED))
            names[n++] = f->name;
    hint = str_hint(name, names);
    if (known && (known->flags & FIELD_REPORTED))
        text = mem_printf("${%s.%s}: only AWS knows this value, after the resource was made",
                          r->pipeline->resources[target].id, name);
    else if (known)
        text = mem_printf("${%s.%s}: %s does not declare %s (or it is no single value)",
                          r->pipeline->resources[target].id, name,
                          r->pipeline->resources[target].id, name);
    else
        text = mem_printf("${%s.%s}: %s has no attribute %s%s", r->pipeline->resources[target].id,
                          name, kind->name, name, hint);
    r->check->tell(r->check->arg, r->index, field, text);
}

/* Whether a flawed resource might have the attribute once its own problems are gone. */
static bool is_open(const struct resolving *r, size_t target, const char *name)
{
    const struct kind *kind = r->pipeline->resources[target].kind;
    const struct field *field = kind ? kind_field(kind, name) : NULL;

    if (!r->check || !r->check->flawed[target])
        return false;
    return !kind || (field ? !(field->flags & FIELD_REPORTED)
                           : kind->attribute != NULL || !strcmp(name, "arn"));
}

/* False when a reference cannot be resolved, which was told, now or before. */
static bool add_reference(const struct resolving *r, const struct reference *reference,
                          const struct load_way *way, struct str *s)
{
    cleanup_free char *name = mem_text_n(reference->name, reference->length);
    char *dot = strchr(name, '.');
    cleanup_free char *value = NULL;

    if (!dot) {
        const char *fact = json_text(r->facts, name);

        str_add(s, fact ? fact : "");
        return fact != NULL;
    }
    *dot = '\0';
    for (size_t i = 0; i < r->index; i++) {
        if (strcmp(r->pipeline->resources[i].id, name) != 0)
            continue;
        if (!is_open(r, i, dot + 1))
            value = attribute(r, i, dot + 1);
        if (!value && r->check && !is_open(r, i, dot + 1))
            tell_attribute(r, i, dot + 1, way);
        str_add(s, value ? value : "");
        return value != NULL;
    }
    return false;
}

/* value: the text. */
static json_t *resolve_text(const struct resolving *r, const json_t *value,
                            const struct load_way *way)
{
    const char *text = json_string_value(value);
    cleanup_str struct str s = {0};
    struct reference reference;
    bool good = true;

    if (!strchr(text, '$'))
        return json_share(value);
    while (load_text_next(text, &reference) && reference.end) {
        load_text_add_unescaped(&s, text, (size_t)(reference.start - text));
        good &= add_reference(r, &reference, way, &s);
        text = reference.end;
    }
    load_text_add_unescaped(&s, text, strlen(text));
    return good ? json_string(str_text(&s)) : NULL;
}

static bool has_dollar(const json_t *value)
{
    const char *key;
    json_t *item;
    size_t i;

    json_object_foreach((json_t *)value, key, item)
        if (has_dollar(item))
            return true;
    json_array_foreach(value, i, item)
        if (has_dollar(item))
            return true;
    return json_is_string(value) && strchr(json_string_value(value), '$');
}

static json_t *resolve_value(const struct resolving *r, const json_t *value,
                             const struct load_way *way);

static json_t *resolve_parts(const struct resolving *r, const json_t *value,
                             const struct load_way *way)
{
    json_t *copy = json_is_object(value) ? json_object() : json_array(), *item, *resolved;
    struct load_way below = {.above = way};
    bool good = true;

    json_object_foreach((json_t *)value, below.key, item) {
        resolved = resolve_value(r, item, &below);
        good &= resolved != NULL;
        if (resolved)
            json_object_set_new(copy, below.key, resolved);
    }
    below.key = NULL;
    json_array_foreach(value, below.index, item) {
        resolved = resolve_value(r, item, &below);
        good &= resolved != NULL;
        if (resolved)
            json_array_append_new(copy, resolved);
    }
    if (good)
        return copy;
    json_decref(copy);
    return NULL;
}

/* New reference, to the value itself where nothing in it is to be resolved; NULL when something
 * cannot be. */
static json_t *resolve_value(const struct resolving *r, const json_t *value,
                             const struct load_way *way)
{
    if (!has_dollar(value))
        return json_share(value);
    return json_is_string(value) ? resolve_text(r, value, way) : resolve_parts(r, value, way);
}

static json_t *default_value(const struct resolving *r, const struct field *field)
{
    json_t *value = value_from_text(field, field->otherwise), *resolved;

    if (!json_is_string(value))
        return value;
    resolved = resolve_text(r, value, &(struct load_way){.key = field->name});
    json_decref(value);
    return resolved;
}

static void set_mark(const struct resolving *r, size_t index, const char *deployment)
{
    const struct kind *kind = r->pipeline->resources[index].kind;
    const struct field *field = kind ? kind_owner(kind) : NULL;
    const int protect = r->pipeline->resources[index].protect;
    json_t *desired = json_array_get(r->desired, index), *map;

    if (!field)
        return;
    map = json_object_get(desired, field->name);
    map = json_is_object(map) ? json_copy(map) : json_object();
    json_object_set_new(desired, field->name, map);
    json_object_set_new(map, MARK_PIPELINE, json_string(r->pipeline->name));
    if (deployment)
        json_object_set_new(map, MARK_DEPLOYMENT, json_string(deployment));
    if (protect)
        json_object_set_new(map, KIND_PROTECTED,
                            json_string(protect == MANIFEST_PROTECT_ON ? "true" : "false"));
}

/* The name behind "arn:aws:s3:::". */
static const char *bucket_of_arn(const char *arn)
{
    const char *name = arn ? strstr(arn, ":s3:::") : NULL;

    return name && name[6] ? name + 6 : NULL;
}

const char *manifest_resolve_deployment(const struct manifest_pipeline *pipeline,
                                        const json_t *desired)
{
    const char *bucket = NULL;

    for (size_t i = 0; i < pipeline->resource_count; i++) {
        const struct manifest_resource *resource = &pipeline->resources[i];
        const json_t *values = json_array_get(desired, i);

        if (!resource->kind || resource->absent)
            continue;
        if (!strcmp(resource->id, "bucket") && !strcmp(resource->kind->name, "s3_bucket"))
            return json_text(values, "name");
        if (!bucket && resource->kind->part == PART_DELIVERY)
            bucket = bucket_of_arn(json_text(values, "bucket"));
    }
    return bucket;
}

static json_t *resolve_resource(struct resolving *r)
{
    const struct manifest_resource *resource = &r->pipeline->resources[r->index];
    json_t *desired = json_object(), *value;
    const char *key;

    json_object_foreach(resource->declared, key, value) {
        json_t *resolved = resolve_value(r, value, &(struct load_way){.key = key});

        if (resolved)
            json_object_set_new(desired, key, resolved);
        else if (r->check)
            r->check->flawed[r->index] = true;
    }
    for (const struct field *f = resource->kind ? resource->kind->fields : NULL; f && f->name;
         f++) {
        if (f->otherwise && !json_object_get(desired, f->name))
            json_object_set_new(desired, f->name, default_value(r, f));
    }
    return desired;
}

json_t *manifest_resolve_checked(const struct manifest_pipeline *pipeline, const json_t *facts,
                                 const struct manifest_resolve_check *check)
{
    struct resolving r = {.pipeline = pipeline,
                          .facts = json_copy((json_t *)facts),
                          .desired = json_array(),
                          .check = check};

    json_object_set_new(r.facts, "pipeline", json_string(pipeline->name));
    for (r.index = 0; r.index < pipeline->resource_count; r.index++)
        json_array_append_new(r.desired, resolve_resource(&r));
    for (size_t i = 0; i < pipeline->resource_count; i++)
        set_mark(&r, i, manifest_resolve_deployment(pipeline, r.desired));
    json_decref(r.facts);
    return r.desired;
}

json_t *manifest_resolve(const struct manifest_pipeline *pipeline, const json_t *facts)
{
    return manifest_resolve_checked(pipeline, facts, NULL);
}
