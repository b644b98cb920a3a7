/* manifest_schema.c -- JSON Schemas (2020-12) of billing.yaml and of a template, for editors.
 *
 * What follows no table stands in schema.json; here the kinds are added, out of their tables and
 * AWS's models.  A schema knows what a file can say on its own: keys, types, words, ranges, the
 * form of ${...}.  Whatever may hold a ${...} is accepted as such, null (which removes a field)
 * too, and every scalar as a text; the rest is what `billingd check` is for. */
#include "base/json.h"
#include "base/mem.h"
#include "resources/registry.h"
#include "resources/table.h"
#include "spec/load_private.h"

#include <assert.h>
#include <string.h>

__asm__(".pushsection .rodata\n"
        "manifest_schema_text: .incbin \"" SCHEMA_FILE "\"\n"
        "manifest_schema_end: .byte 0\n"
        ".popsection\n");
extern const char manifest_schema_text[], manifest_schema_end[];

static json_t *schema_of(const struct aws_model *model, const json_t *shape, json_t *definitions);

static json_t *reference(const char *name)
{
    cleanup_free char *path = mem_printf("#/$defs/%s", name);

    return json_pack("{s:s}", "$ref", path);
}

static json_t *text_schema(const json_t *shape)
{
    const json_t *allowed = json_object_get(shape, "enum");

    if (!allowed)
        return reference("text");
    return json_pack("{s:[{s:O}, {s:s}, {s:s}]}", "anyOf", "enum", allowed, "type", "null", "$ref",
                     "#/$defs/reference");
}

static json_t *number_schema(const json_t *shape, bool whole)
{
    json_t *number = json_pack("{s:s}", "type", whole ? "integer" : "number");
    /* Of a number that AWS keeps as text they bound its length. */
    bool bounds = strcmp(json_text(shape, "type") ? json_text(shape, "type") : "", "string") != 0;

    if (bounds && json_object_get(shape, "min"))
        json_object_set(number, "minimum", json_object_get(shape, "min"));
    if (bounds && json_object_get(shape, "max"))
        json_object_set(number, "maximum", json_object_get(shape, "max"));
    return json_pack("{s:[o, {s:s}, {s:s, s:s}, {s:s}]}", "anyOf", number, "type", "null", "type",
                     "string", "pattern", whole ? "^-?[0-9]+$" : "^[-.0-9][-+.0-9eE]*$", "$ref",
                     "#/$defs/reference");
}

static json_t *truth_schema(void)
{
    return json_pack("{s:[{s:[s,s]}, {s:s, s:s}, {s:s}]}", "anyOf", "type", "boolean", "null",
                     "type", "string", "pattern", "^(?:true|false)$", "$ref", "#/$defs/reference");
}

static json_t *list_schema(json_t *items)
{
    return json_pack("{s:[s,s], s:o}", "type", "array", "null", "items", items);
}

static json_t *map_schema(json_t *values)
{
    return json_pack("{s:[s,s], s:o}", "type", "object", "null", "additionalProperties", values);
}

static json_t *described(json_t *schema, const char *text)
{
    if (text && json_is_object(schema))
        json_object_set_new(schema, "description", json_string(text));
    return schema;
}

/* A shape of AWS's models once, by name: shapes may contain themselves. */
static json_t *member_schema(const struct aws_model *model, const json_t *member,
                             json_t *definitions)
{
    const json_t *shape = load_value_shape(model, member);
    const char *name = json_text(member, "shape"), *type = json_text(shape, "type");
    cleanup_free char *key = NULL;

    if (!name || !type || strcmp(type, "structure") != 0)
        return schema_of(model, shape, definitions);
    key = mem_printf("%s.%s", model->name, name);
    if (!json_object_get(definitions, key)) {
        json_object_set_new(definitions, key, json_null()); /* ends recursion */
        json_object_set_new(definitions, key, schema_of(model, shape, definitions));
    }
    return reference(key);
}

/* AWS's models are kept without AWS's words. */
static json_t *structure_schema(const struct aws_model *model, const json_t *shape,
                                json_t *definitions)
{
    json_t *properties = json_object(), *member;
    const char *name;

    json_object_foreach(json_object_get(shape, "members"), name, member) {
        const char *type = json_text(member, "shape");
        cleanup_free char *text =
            mem_printf("%s%s%s%s, as the API of %s has it.", name, type ? " (" : "",
                       type ? type : "", type ? ")" : "", model->name);

        json_object_set_new(properties, name,
                            described(member_schema(model, member, definitions), text));
    }
    return json_pack("{s:[s,s], s:b, s:o}", "type", "object", "null", "additionalProperties", 0,
                     "properties", properties);
}

static json_t *schema_of(const struct aws_model *model, const json_t *shape, json_t *definitions)
{
    const char *type = json_text(shape, "type");

    if (!type)
        return json_true();
    if (!strcmp(type, "structure"))
        return json_is_true(json_object_get(shape, "document"))
                   ? map_schema(json_true())
                   : structure_schema(model, shape, definitions);
    if (!strcmp(type, "map"))
        return map_schema(member_schema(model, json_object_get(shape, "value"), definitions));
    if (!strcmp(type, "list"))
        return list_schema(member_schema(model, json_object_get(shape, "member"), definitions));
    if (!strcmp(type, "integer") || !strcmp(type, "long"))
        return number_schema(shape, true);
    if (!strcmp(type, "float") || !strcmp(type, "double"))
        return number_schema(shape, false);
    if (!strcmp(type, "boolean"))
        return truth_schema();
    return !strcmp(type, "timestamp") ? reference("time") : text_schema(shape);
}

/* Each is found again by its ID. */
static json_t *rules_schema(json_t *list)
{
    json_t *items = json_incref(json_object_get(list, "items"));

    json_object_set_new(list, "items",
                        json_pack("{s:[o, {s:[s]}]}", "allOf", items, "required", "ID"));
    return list;
}

static json_t *field_schema(const struct kind *kind, const struct field *field, json_t *definitions)
{
    const struct aws_model *model = aws_model(kind->service);
    const json_t *shape = load_value_shape(model, table_field_shape(kind, field));

    switch (field->type) {
    case FIELD_INT:
        return number_schema(shape, true);
    case FIELD_NUMBER:
        return number_schema(shape, false);
    case FIELD_BOOL:
        return truth_schema();
    case FIELD_MAP:
        return map_schema(reference("text"));
    case FIELD_DOCUMENT:
        return shape ? schema_of(model, shape, definitions) : map_schema(json_true());
    case FIELD_JSON:
        return map_schema(json_true());
    case FIELD_LIST:
    case FIELD_SET:
        return shape ? schema_of(model, shape, definitions) : list_schema(json_true());
    case FIELD_RULES:
        return rules_schema(schema_of(model, shape, definitions));
    case FIELD_POLICY:
        return reference("policy");
    case FIELD_STATEMENTS:
        return list_schema(reference("named_statement"));
    case FIELD_COLUMNS:
        return json_pack("{s:[s,s], s:{s:s}, s:o}", "type", "object", "null", "propertyNames",
                         "pattern", "^[^A-Z]*$", "additionalProperties", reference("text"));
    default:
        return text_schema(shape);
    }
}

static json_t *kind_schema(const struct kind *kind, json_t *definitions)
{
    json_t *properties = json_deep_copy(json_object_get(definitions, "resource_keys"));

    json_object_set_new(
        properties, "kind",
        json_pack("{s:s, s:s}", "const", kind->name, "description", "Kind of the resource."));
    json_object_set_new(properties, "ensure",
                        json_pack("{s:[s,s*], s:s}", "enum", "present",
                                  kind_is_removable(kind) ? "absent" : NULL, "description",
                                  "absent: is deleted where it carries our mark."));
    for (const struct field *f = kind->fields; f->name; f++)
        if (!(f->flags & FIELD_REPORTED))
            json_object_set_new(properties, f->name,
                                described(field_schema(kind, f, definitions), f->summary));
    return json_pack("{s:s, s:s*, s:b, s:o}", "type", "object", "description", kind->summary,
                     "additionalProperties", 0, "properties", properties);
}

/* What a template declares: a kind, and all that the kind requires. */
static json_t *whole_schema(const struct kind *kind)
{
    cleanup_free char *name = mem_printf("kind.%s", kind->name);
    json_t *required = json_pack("[s]", "kind");

    for (const struct field *f = kind->fields; f->name; f++)
        if (f->flags & (FIELD_KEY | FIELD_REQUIRED) && !f->otherwise)
            json_array_append_new(required, json_string(f->name));
    return json_pack("{s:[o, {s:o}]}", "allOf", reference(name), "required", required);
}

static void add_kinds(json_t *definitions)
{
    json_t *override = json_array(), *resource = json_array();

    json_array_append_new(override, json_pack("{s:[b,s,s], s:s}", "enum", 0, "off", "false",
                                              "description", "Switches the resource off."));
    for (size_t i = 0; registry_kinds[i]; i++) {
        cleanup_free char *name = mem_printf("kind.%s", registry_kinds[i]->name);

        json_object_set_new(definitions, name, kind_schema(registry_kinds[i], definitions));
        json_array_append_new(override, reference(name));
        json_array_append_new(resource, whole_schema(registry_kinds[i]));
    }
    json_object_del(definitions, "resource_keys"); /* they are in each kind now */
    json_object_set_new(definitions, "override", json_pack("{s:o}", "anyOf", override));
    json_object_set_new(definitions, "resource", json_pack("{s:o}", "anyOf", resource));
}

/* "arn|name|..." of ${resource.attribute}: whatever some kind has. */
static char *attributes(void)
{
    json_auto_t *seen = json_pack("{s:b, s:b}", "arn", 1, "data_location", 1);
    struct str s = {0};
    const char *name;
    json_t *ignored;

    for (size_t i = 0; registry_kinds[i]; i++)
        for (const struct field *f = registry_kinds[i]->fields; f->name; f++)
            if (!(f->flags & FIELD_REPORTED))
                json_object_set_new(seen, f->name, json_true());
    json_object_foreach(seen, name, ignored)
        str_addf(&s, "%s%s", s.len ? "|" : "", name);
    return str_take(&s);
}

#define ENVIRONMENT "[A-Z_][A-Z0-9_]*(?::-(?:[^{}]|\\{[^{}]*\\})*)?"

/* Texts with the ${...} that resources and parameters may hold. */
static void add_texts(json_t *definitions)
{
    cleanup_free char *known = attributes();
    cleanup_free char *text =
        mem_printf("(?:[^$]|\\$(?!\\$?\\{)|\\$\\$\\{|\\$\\{(?:file:[^/{}][^{}]*|[a-z][a-z0-9_]*|"
                   "[a-z][a-z0-9_-]*\\.(?:%s)|" ENVIRONMENT ")\\})*$",
                   known);
    cleanup_free char *any = mem_printf("^%s", text);
    cleanup_free char *some = mem_printf("^(?=[\\s\\S]*\\$\\{)%s", text);

    json_object_set_new(definitions, "text",
                        json_pack("{s:[{s:[s,s,s]}, {s:s, s:s}]}", "anyOf", "type", "number",
                                  "boolean", "null", "type", "string", "pattern", any));
    json_object_set_new(
        definitions, "reference",
        json_pack("{s:s, s:s, s:s}", "type", "string", "pattern", some, "description",
                  "A text with ${parameter}, ${resource.field}, ${file:...} or ${ENVIRONMENT}."));
}

json_t *manifest_schema(bool template)
{
    json_auto_t *all = json_loadb(manifest_schema_text,
                                  (size_t)(manifest_schema_end - manifest_schema_text), 0, NULL);
    json_t *schema = json_incref(json_object_get(all, template ? "pipeline" : "billing"));
    json_t *definitions = json_object_get(all, "$defs");

    assert(schema && definitions); /* our own text */
    add_kinds(definitions);
    add_texts(definitions);
    json_object_set(schema, "$defs", definitions);
    return schema;
}
