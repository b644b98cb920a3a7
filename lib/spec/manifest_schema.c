/* manifest_schema.c -- a JSON Schema (2020-12) of billing.yaml for editors.
 *
 * It knows what a file can say on its own: keys, types, enums and ranges.  Whatever may hold a
 * ${...} is accepted as such, null (which removes a field) too; the rest is what `billingd check`
 * is for. */
#include "base/json.h"
#include "base/mem.h"
#include "resources/registry.h"
#include "resources/table.h"
#include "spec/load_private.h"

#include <string.h>

#define SPELLED "\\$\\{"

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
    return json_pack("{s:[{s:O}, {s:s}, {s:s, s:s}]}", "anyOf", "enum", allowed, "type", "null",
                     "type", "string", "pattern", SPELLED);
}

static json_t *number_schema(const json_t *shape, const char *type)
{
    json_t *number = json_pack("{s:s}", "type", type);
    /* Of a number that AWS keeps as text they bound its length. */
    bool bounds = strcmp(json_text(shape, "type") ? json_text(shape, "type") : "", "string") != 0;

    if (bounds && json_object_get(shape, "min"))
        json_object_set(number, "minimum", json_object_get(shape, "min"));
    if (bounds && json_object_get(shape, "max"))
        json_object_set(number, "maximum", json_object_get(shape, "max"));
    return json_pack("{s:[o, {s:s}, {s:s, s:s}]}", "anyOf", number, "type", "null", "type",
                     "string", "pattern", "^-?[0-9.]+$|" SPELLED);
}

static json_t *truth_schema(void)
{
    return json_pack("{s:[{s:[s,s]}, {s:s, s:s}]}", "anyOf", "type", "boolean", "null", "type",
                     "string", "pattern", "^(true|false)$|" SPELLED);
}

static json_t *list_schema(json_t *items)
{
    return json_pack("{s:[s,s], s:o}", "type", "array", "null", "items", items);
}

static json_t *map_schema(json_t *values)
{
    return json_pack("{s:[s,s], s:o}", "type", "object", "null", "additionalProperties", values);
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

static json_t *structure_schema(const struct aws_model *model, const json_t *shape,
                                json_t *definitions)
{
    json_t *properties = json_object(), *member;
    const char *name;

    json_object_foreach(json_object_get(shape, "members"), name, member)
        json_object_set_new(properties, name, member_schema(model, member, definitions));
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
        return number_schema(shape, "integer");
    if (!strcmp(type, "float") || !strcmp(type, "double"))
        return number_schema(shape, "number");
    if (!strcmp(type, "boolean"))
        return truth_schema();
    return text_schema(shape);
}

static json_t *field_schema(const struct kind *kind, const struct field *field, json_t *definitions)
{
    const struct aws_model *model = aws_model(kind->service);
    const json_t *shape = load_value_shape(model, table_field_shape(kind, field));

    switch (field->type) {
    case FIELD_INT:
        return number_schema(shape, "integer");
    case FIELD_NUMBER:
        return number_schema(shape, "number");
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
    case FIELD_RULES:
        return shape ? schema_of(model, shape, definitions) : list_schema(json_true());
    case FIELD_POLICY:
        return reference("policy");
    case FIELD_STATEMENTS:
        return list_schema(reference("statement"));
    case FIELD_COLUMNS:
        return json_pack("{s:[s,s], s:{s:s}, s:o}", "type", "object", "null", "propertyNames",
                         "pattern", "^[^A-Z]*$", "additionalProperties", reference("text"));
    default:
        return text_schema(shape);
    }
}

static json_t *described(json_t *schema, const char *text)
{
    if (text && json_is_object(schema))
        json_object_set_new(schema, "description", json_string(text));
    return schema;
}

static json_t *kind_schema(const struct kind *kind, json_t *definitions)
{
    json_t *properties =
        json_pack("{s:{s:s}, s:{s:s, s:{s:s}, s:s}, s:o, s:{s:[s,s*]}}", "kind", "const",
                  kind->name, "after", "type", "array", "items", "type", "string", "description",
                  "Ids of resources that come before this one.", "when",
                  described(reference("text"), "Empty or off leaves the resource out."), "ensure",
                  "enum", "present", kind_is_removable(kind) ? "absent" : NULL);

    for (const struct field *f = kind->fields; f->name; f++)
        if (!(f->flags & FIELD_REPORTED))
            json_object_set_new(properties, f->name,
                                described(field_schema(kind, f, definitions), f->summary));
    return json_pack("{s:s, s:s*, s:b, s:o}", "type", "object", "description", kind->summary,
                     "additionalProperties", 0, "properties", properties);
}

/* What several places share. */
static json_t *shared_definitions(void)
{
    json_t *definitions = json_object(), *texts;

    json_object_set_new(definitions, "text",
                        json_pack("{s:[s,s,s,s]}", "type", "string", "number", "boolean", "null"));
    texts = json_pack("{s:[{s:s}, {s:s, s:{s:s}}]}", "anyOf", "$ref", "#/$defs/text", "type",
                      "array", "items", "$ref", "#/$defs/text");
    json_object_set_new(definitions, "texts", texts);
    json_object_set_new(
        definitions, "statement",
        json_pack("{s:s, s:b, s:{s:{s:s}, s:{s:[s,s]}, s:{}, s:{}, s:{s:s}, s:{s:s}, s:{s:s}, "
                  "s:{s:s}, s:{s:s, s:{s:s}}}}",
                  "type", "object", "additionalProperties", 0, "properties", "Sid", "$ref",
                  "#/$defs/text", "Effect", "enum", "Allow", "Deny", "Principal", "NotPrincipal",
                  "Action", "$ref", "#/$defs/texts", "NotAction", "$ref", "#/$defs/texts",
                  "Resource", "$ref", "#/$defs/texts", "NotResource", "$ref", "#/$defs/texts",
                  "Condition", "type", "object", "additionalProperties", "type", "object"));
    json_object_set_new(
        definitions, "policy",
        json_pack("{s:[s,s], s:b, s:{s:{s:[s,s]}, s:{s:s}, s:{s:[{s:s}, {s:s, s:{s:s}}]}}}", "type",
                  "object", "null", "additionalProperties", 0, "properties", "Version", "enum",
                  "2012-10-17", "2008-10-17", "Id", "$ref", "#/$defs/text", "Statement", "anyOf",
                  "$ref", "#/$defs/statement", "type", "array", "items", "$ref",
                  "#/$defs/statement"));
    json_object_set_new(
        definitions, "duration",
        json_pack("{s:s, s:s}", "type", "string", "pattern", "^[0-9]{1,6}[smh]$|" SPELLED));
    json_object_set_new(definitions, "region",
                        json_pack("{s:s, s:s}", "type", "string", "pattern",
                                  "^[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}$|" SPELLED));
    return definitions;
}

static json_t *resource_schemas(json_t *definitions)
{
    json_t *any = json_array();

    json_array_append_new(any, json_pack("{s:[b,s], s:s}", "enum", 0, "off", "description",
                                         "Switches the resource off."));
    for (size_t i = 0; registry_kinds[i]; i++) {
        cleanup_free char *name = mem_printf("kind.%s", registry_kinds[i]->name);

        json_object_set_new(definitions, name, kind_schema(registry_kinds[i], definitions));
        json_array_append_new(any, reference(name));
    }
    return json_pack("{s:[s,s], s:{s:s}, s:{s:o}, s:s}", "type", "object", "null", "propertyNames",
                     "pattern", "^[a-z][a-z0-9_-]*$", "additionalProperties", "anyOf", any,
                     "description",
                     "Fields laid over the template's resources, by their ids; off switches one "
                     "off, null removes a field, a new id needs a kind.");
}

static json_t *pipeline_schema(json_t *definitions)
{
    json_t *role = json_pack("{s:[s,s], s:b, s:[s], s:{s:{s:s}, s:{s:s}}, s:s}", "type", "object",
                             "null", "additionalProperties", 0, "required", "arn", "properties",
                             "arn", "type", "string", "external_id", "$ref", "#/$defs/text",
                             "description", "Role to assume for this pipeline.");
    json_t *parameters = described(map_schema(reference("text")),
                                   "Values of the template's parameters; empty takes the default.");
    json_t *template = json_pack("{s:[s,s], s:s}", "type", "string", "boolean", "description",
                                 "Template of this pipeline, relative to this file; off: none.");
    json_t *queries = described(map_schema(reference("text")),
                                "SQL that billing runs, by name, laid over the template's.");

    return json_pack("{s:[s,s], s:b, s:{s:o, s:o, s:o, s:o, s:o, s:o, s:o}}", "type", "object",
                     "null", "additionalProperties", 0, "properties", "region", reference("region"),
                     "role", role, "template", template, "parameters", parameters, "resources",
                     resource_schemas(definitions), "billing", reference("billing"), "queries",
                     queries);
}

static json_t *reconcile_schema(void)
{
    static const char *const durations[][2] = {
        {"interval", "Time between two looks at AWS."},
        {"jitter", "Random addition to it."},
        {"settle_timeout", "Longest wait for one resource to settle in one pass."},
        {"breaker_window", "A field in sync for this long is forgiven its repairs."},
    };
    json_t *properties = json_object();

    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++)
        json_object_set_new(properties, durations[i][0],
                            described(reference("duration"), durations[i][1]));
    json_object_set_new(properties, "breaker",
                        json_pack("{s:[{s:s, s:i, s:i}, {s:s, s:s}], s:s}", "anyOf", "type",
                                  "integer", "minimum", 1, "maximum", 1000, "type", "string",
                                  "pattern", "^[0-9]+$|" SPELLED, "description",
                                  "Equal repairs of one field before billingd stops writing it."));
    return json_pack("{s:[s,s], s:b, s:o}", "type", "object", "null", "additionalProperties", 0,
                     "properties", properties);
}

static json_t *web_schema(void)
{
    json_t *properties = json_object();

    json_object_set_new(properties, "hosts",
                        json_pack("{s:[s,s], s:{s:s}, s:s}", "type", "array", "null", "items",
                                  "$ref", "#/$defs/text", "description",
                                  "Names it is called by, beside addresses and localhost."));
    json_object_set_new(properties, "socket_mode",
                        json_pack("{s:[{s:s, s:s}, {s:[s,s]}], s:s}", "anyOf", "type", "string",
                                  "pattern", "^0?[67][0-7][0-7]$|" SPELLED, "type", "integer",
                                  "null", "description", "Permissions of a Unix socket."));
    json_object_set_new(properties, "token_file",
                        described(reference("text"), "Who knows the token in this file sees values "
                                                     "of AWS, and may act."));
    json_object_set_new(properties, "actions",
                        json_pack("{s:[{s:[s,s]}, {s:s, s:s}], s:s}", "anyOf", "type", "boolean",
                                  "null", "type", "string", "pattern", "^(true|false)$|" SPELLED,
                                  "description", "Whether POST /-/reload and /-/look are there."));
    return json_pack("{s:[s,s], s:b, s:o}", "type", "object", "null", "additionalProperties", 0,
                     "properties", properties);
}

static json_t *top_properties(json_t *definitions)
{
    json_t *account =
        json_pack("{s:[{s:s, s:s}, {s:s}, {s:s}], s:s}", "anyOf", "type", "string", "pattern",
                  "^$|^[0-9]{12}$|" SPELLED, "type", "null", "type", "integer", "description",
                  "The only account billingd may write to; empty: any.");
    json_t *listen = json_pack("{s:[{s:s}, {s:s, s:{s:s}}], s:s}", "anyOf", "$ref", "#/$defs/text",
                               "type", "array", "items", "$ref", "#/$defs/text", "description",
                               "host:port or unix:/path of page, API and metrics, or a list of "
                               "these; off: none.");
    json_t *template = json_pack("{s:[s,s], s:s}", "type", "string", "boolean", "description",
                                 "Template of all pipelines, relative to this file; off: none.");
    json_t *pipelines = json_pack("{s:s, s:i, s:{s:s}, s:o}", "type", "object", "minProperties", 1,
                                  "propertyNames", "pattern", "^[a-z0-9][a-z0-9-]{0,62}$",
                                  "additionalProperties", pipeline_schema(definitions));

    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "account", account, "region",
                     described(reference("region"), "Region of pipelines that name none."),
                     "reconcile", reconcile_schema(), "listen", listen, "web", web_schema(),
                     "template", template, "billing", reference("billing"), "pipelines", pipelines);
}

/* The `billing` section follows no table of ours, so its part is written as JSON.  Two texts: a C
 * compiler need not take one of more than 4095 bytes. */
static const char prices_schema[] =
    "{'price': {'anyOf': [{'type': 'number', 'minimum': 0}, {'type': 'string', 'pattern':"
    " '^[0-9]+([.][0-9]{1,12})?$|[$][{]'}]},"
    "'day': {'type': 'string', 'pattern': '^[0-9]{4}-[0-9]{2}-[0-9]{2}$|[$][{]'},"
    "'count': {'anyOf': [{'type': 'integer', 'minimum': 0}, {'type': 'string', 'pattern':"
    " '^[0-9]+$|[$][{]'}]},"
    "'hours': {'type': 'string', 'pattern': '^[0-9]{1,5}[hd]$|[$][{]'},"
    "'tariff.calls': {'type': 'object', 'additionalProperties': false, 'required': ['mode',"
    " 'tiers'], 'properties': {'mode': {'enum': ['graduated', 'volume']}, 'tiers': {'type':"
    " 'array', 'minItems': 1, 'items': {'type': 'object', 'additionalProperties': false,"
    " 'required': ['price'], 'properties': {'up_to': {'$ref': '#/$defs/count'}, 'price':"
    " {'$ref': '#/$defs/price'}}}}}},"
    "'tariff.bytes': {'type': 'object', 'additionalProperties': false, 'required': ['mode',"
    " 'tiers'], 'properties': {'mode': {'enum': ['graduated', 'volume']}, 'tiers': {'type':"
    " 'array', 'minItems': 1, 'items': {'type': 'object', 'additionalProperties': false,"
    " 'required': ['price'], 'properties': {'up_to_gib': {'$ref': '#/$defs/price'}, 'price':"
    " {'$ref': '#/$defs/price'}}}}}},"
    "'rule': {'type': 'object', 'additionalProperties': false, 'properties': {"
    "'status': {'anyOf': [{'type': 'integer'}, {'type': 'string', 'pattern':"
    " '^([1-9][0-9][0-9]|[1-9]xx|-)$|[$][{]'}], 'description': 'A status, or a class: 5xx.'},"
    "'route': {'type': 'string', 'description': 'A route key; a star at its end matches any end.'},"
    "'bill': {'type': 'boolean', 'description': 'false: neither calls nor bytes are billed.'},"
    "'call': {'$ref': '#/$defs/price'}, 'gib': {'$ref': '#/$defs/price'}}},"
    "'prices': {'type': 'object', 'additionalProperties': false, 'required': ['from'],"
    " 'properties': {'from': {'$ref': '#/$defs/day', 'description':"
    " 'First day these prices hold for.'},"
    "'call': {'$ref': '#/$defs/price', 'description': 'Price of a call.'},"
    "'gib': {'$ref': '#/$defs/price', 'description': 'Price of a GiB (2^30 bytes).'},"
    "'calls': {'$ref': '#/$defs/tariff.calls', 'description': 'Tiers instead of call.'},"
    "'bytes': {'$ref': '#/$defs/tariff.bytes', 'description': 'Tiers instead of gib.'},"
    "'free_calls': {'$ref': '#/$defs/count', 'description': 'Per customer and month.'},"
    "'free_gib': {'$ref': '#/$defs/price', 'description': 'Per customer and month.'},"
    "'minimum': {'$ref': '#/$defs/price', 'description': 'Per customer and month.'},"
    "'rules': {'type': 'array', 'items': {'$ref': '#/$defs/rule'}, 'description':"
    " 'The first that matches a call decides.'}}},"
    "'customer': {'type': 'object', 'additionalProperties': false, 'required': ['sub', 'customer'],"
    " 'properties': {'sub': {'type': 'string'}, 'customer': {'type': 'string'}, 'name': {'type':"
    " 'string'}, 'from': {'$ref': '#/$defs/day'}, 'to': {'$ref': '#/$defs/day', 'description':"
    " 'Last day.'}}}}";
static const char section_schema[] =
    "{'rollup': {'type': ['object', 'null'], 'additionalProperties': false, 'properties': {"
    "'since': {'$ref': '#/$defs/day', 'description': 'First billing day.'},"
    "'group_by': {'type': 'array', 'items': {'enum': ['sub', 'user', 'method', 'path', 'route',"
    " 'status']}}, 'late_days': {'$ref': '#/$defs/count', 'description':"
    " 'Days an event may arrive after its own and still count.'},"
    "'closed_after': {'$ref': '#/$defs/hours', 'description':"
    " 'A day is closed this long after it ended.'},"
    "'parallel_queries': {'$ref': '#/$defs/count'},"
    "'scan_budget': {'type': ['string', 'integer'], 'description':"
    " 'Bytes queries may scan in one pass, like 100GiB; 0: no limit.'},"
    "'keep_runs': {'$ref': '#/$defs/hours', 'description':"
    " 'Replaced builds are kept this long.'}}},"
    "'billing': {'type': ['object', 'null'], 'additionalProperties': false, 'properties': {"
    "'time_zone': {'type': 'string', 'description': 'IANA zone of billing days and months.'},"
    "'currency': {'type': 'string', 'pattern': '^[A-Z]{3}$|[$][{]'},"
    "'prices': {'type': 'array', 'items': {'$ref': '#/$defs/prices'}},"
    "'customers': {'type': ['array', 'null'], 'items': {'$ref': '#/$defs/customer'}},"
    "'max_response': {'type': ['string', 'integer'], 'description':"
    " 'Bytes a response may have, like 2GiB; more is not billed but told.'},"
    "'rollup': {'$ref': '#/$defs/rollup'},"
    "'audit': {'type': ['object', 'null'], 'additionalProperties': false, 'properties': {'max_gap':"
    " {'type': ['string', 'number'], 'description': 'Share of events that may be missing: "
    "0.01%.'}, 'backfill': {'enum': ['auto', 'manual'], 'description':"
    " 'Whether the daemon reads gaps again from the log group.'},"
    "'backfill_budget': {'type': ['string', 'integer'], 'description':"
    " 'Bytes it may read for that within 24 hours, like 10GiB; 0: no limit.'}}},"
    "'close': {'type': ['object', 'null'], 'additionalProperties': false, 'properties': {'archive':"
    " {'type': 'string', 'description': 'Prefix of closed months.'}, 'signing_key': {'type':"
    " ['string', 'null'], 'description': 'PEM file with an Ed25519 private key.'}}},"
    "'partitions': {'enum': ['projection', 'registration']}}}}";

static void add_texts(json_t *definitions, const char *schema, size_t length)
{
    char text[4096];
    json_t *parsed;

    for (size_t i = 0; i < length; i++)
        text[i] = (char)(schema[i] == '\'' ? '"' : schema[i]);
    parsed = json_loadb(text, length, 0, NULL);
    if (!parsed)
        abort(); /* our own text */
    (void)json_object_update_missing(definitions, parsed);
    json_decref(parsed);
}

static void add_billing(json_t *definitions)
{
    add_texts(definitions, prices_schema, sizeof prices_schema - 1);
    add_texts(definitions, section_schema, sizeof section_schema - 1);
}

json_t *manifest_schema(void)
{
    json_t *definitions = shared_definitions();
    json_t *properties;

    add_billing(definitions);
    properties = top_properties(definitions);
    return json_pack("{s:s, s:s, s:s, s:b, s:[s], s:o, s:o}", "$schema",
                     "https://json-schema.org/draft/2020-12/schema", "title", "billing.yaml",
                     "type", "object", "additionalProperties", 0, "required", "pipelines",
                     "properties", properties, "$defs", definitions);
}
