/* athena_view -- an Athena view, kept as a Glue table.
 *
 * Athena stores a view as base64 JSON in ViewOriginalText, with Trino types there and Hive types in
 * the storage descriptor; both must match the query's columns or the view is "stale".  Writing the
 * Glue table needs no query run.  Source: Trino, ConnectorViewDefinition; domain knowledge of
 * Athena. */
#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/athena_view_members.h"
#include "resources/glue_list.h"
#include "resources/kind.h"
#include "resources/name.h"
#include "resources/view_type.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

#define CATALOG                                                                                    \
    "arn:{partition}:glue:{region}:{account}:catalog "                                             \
    "arn:{partition}:glue:{region}:{account}:database/{database} "
#define TABLE "arn:{partition}:glue:{region}:{account}:table/{database}/{name}"
#define OPENING "/* Presto View: "
#define CLOSING " */"

/* The JSON inside ViewOriginalText, or NULL when it is not a view of Athena. */
static json_t *decode(const char *text)
{
    size_t n = text ? strlen(text) : 0, length;
    cleanup_free char *base64 = NULL, *bytes = NULL;

    if (n < strlen(OPENING CLOSING) || strncmp(text, OPENING, strlen(OPENING)) ||
        strcmp(text + n - strlen(CLOSING), CLOSING))
        return NULL;
    base64 = mem_text_n(text + strlen(OPENING), n - strlen(OPENING CLOSING));
    bytes = str_from_base64(base64, &length);
    return bytes ? json_loadb(bytes, length, JSON_REJECT_DUPLICATES, NULL) : NULL;
}

/* Adds the letters of a Trino type that tell types apart: white space, quotes, and the lengths of
 * texts and precisions of times are spelling. */
static void add_type(struct str *out, const char *type)
{
    while (*type) {
        bool sized = !strncasecmp(type, "varchar(", 8) || !strncasecmp(type, "timestamp(", 10);

        if (*type != ' ' && *type != '"' && !sized)
            str_add_char(out, (char)tolower((unsigned char)*type));
        if (sized) {
            str_add(out, *type == 'v' || *type == 'V' ? "varchar" : "timestamp");
            type += strcspn(type, ")");
        }
        type += *type != '\0';
    }
}

static bool same_type(const char *trino, const char *hive)
{
    cleanup_free char *wanted = hive ? view_type_from_hive(hive) : NULL;
    cleanup_str struct str a = {0}, b = {0};

    if (!trino || !wanted)
        return false;
    add_type(&a, trino);
    add_type(&b, wanted);
    return !strcmp(str_text(&a), str_text(&b));
}

/* True when the view's own column list says the same as the table's. */
static bool columns_agree(const json_t *view, const json_t *table)
{
    const json_t *inside = json_object_get(view, "columns");
    const json_t *outside = json_object_get(json_object_get(table, "StorageDescriptor"), "Columns");
    size_t i;
    json_t *column;

    if (json_array_size(inside) != json_array_size(outside))
        return false;
    json_array_foreach((json_t *)inside, i, column) {
        const json_t *other = json_array_get(outside, i);

        if (!json_equal(json_object_get(column, "name"), json_object_get(other, "Name")) ||
            !same_type(json_text(column, "type"), json_text(other, "Type")))
            return false;
    }
    return true;
}

/* A name, also where something else stands for it, which no comparison takes for nothing. */
static void set_name(json_t *document, const char *key, const json_t *value)
{
    cleanup_free char *other = NULL;

    if (!value || json_is_null(value) || json_is_string(value)) {
        json_object_set(document, key, (json_t *)value);
        return;
    }
    other = json_canonical(value);
    json_object_set_new(document, key, json_string(other));
}

static json_t *parse(const struct scope *scope, const json_t *reply)
{
    const json_t *table = json_object_get(reply, "Table");
    json_auto_t *view = decode(json_string_value(json_object_get(table, "ViewOriginalText")));
    json_t *document = json_copy((json_t *)table);

    (void)scope;
    if (!view || !document)
        return document;
    json_object_set(document, "OriginalSql", json_object_get(view, "originalSql"));
    set_name(document, "ViewSchema", json_object_get(view, "schema"));
    set_name(document, "ViewCatalog", json_object_get(view, "catalog"));
    if (columns_agree(view, table))
        json_object_set(document, "ViewColumns",
                        json_object_get(json_object_get(table, "StorageDescriptor"), "Columns"));
    return document;
}

static json_t *trino_columns(const json_t *columns)
{
    json_t *list = json_array();
    const char *name;
    json_t *type;

    json_object_foreach((json_t *)columns, name, type) {
        cleanup_free char *trino = view_type_from_hive(json_string_value(type));

        json_array_append_new(list, json_pack("{s:s, s:s}", "name", name, "type", trino));
    }
    return list;
}

static char *encode(const struct scope *scope)
{
    json_auto_t *view = json_pack(
        "{s:O, s:s, s:O, s:o}", "originalSql", json_object_get(scope->desired, "sql"), "catalog",
        "awsdatacatalog", "schema", json_object_get(scope->desired, "database"), "columns",
        trino_columns(json_object_get(scope->desired, "columns")));
    cleanup_free char *text = json_dumps(view, JSON_COMPACT);
    struct str out = {0};

    str_add(&out, OPENING);
    str_add_base64(&out, text, strlen(text));
    str_add(&out, CLOSING);
    return str_take(&out);
}

static json_t *hive_columns(const json_t *columns)
{
    json_t *list = json_array();
    const char *name;
    json_t *type;

    json_object_foreach((json_t *)columns, name, type)
        json_array_append_new(list, json_pack("{s:s, s:O}", "Name", name, "Type", type));
    return list;
}

static json_t *write_params(const struct scope *scope)
{
    cleanup_free char *text = encode(scope);
    json_t *input = json_pack(
        "{s:O, s:s, s:[], s:s, s:s, s:{s:s, s:s}, s:{s:o, s:{}, s:s}}", "Name",
        json_object_get(scope->desired, "name"), "TableType", "VIRTUAL_VIEW", "PartitionKeys",
        "ViewOriginalText", text, "ViewExpandedText", "/* Presto View */", "Parameters",
        "presto_view", "true", "comment", "Presto View", "StorageDescriptor", "Columns",
        hive_columns(json_object_get(scope->desired, "columns")), "SerdeInfo", "Location", "");

    json_object_update(json_object_get(input, "Parameters"),
                       json_object_get(scope->desired, "parameters"));
    return json_pack("{s:O, s:o}", "DatabaseName", json_object_get(scope->desired, "database"),
                     "TableInput", input);
}

static json_t *update_params(const struct scope *scope)
{
    json_t *params = write_params(scope);

    json_object_set_new(params, "SkipArchive", json_true());
    return params;
}

static const struct call read = {
    .op = "GetTable",
    .send = "DatabaseName=database Name=name",
    .absent = "EntityNotFoundException",
    .wide = &glue_list_tables,
    .parse = parse,
    .lift = "Table",
    .resource = CATALOG TABLE,
};
static const struct call create = {
    .op = "CreateTable",
    .build = write_params,
    .already = "AlreadyExistsException",
    .resource = CATALOG TABLE,
};
static const struct call update = {
    .op = "UpdateTable",
    .build = update_params,
    .overlay = "TableInput",
    .resource = CATALOG TABLE,
};
static const struct call drop = {
    .op = "DeleteTable",
    .send = "DatabaseName=database Name=name",
    .already = "EntityNotFoundException",
    .resource = CATALOG TABLE,
};

static const struct field fields[] = {
    {.name = "database", .type = FIELD_LOWER, .flags = FIELD_KEY, .summary = "Glue database."},
    {.name = "name", .type = FIELD_LOWER, .flags = FIELD_KEY, .summary = "Name of the view."},
    {.name = "type",
     .member = "TableType",
     .flags = FIELD_REPORTED,
     .harm = "A table has the name of the view: other data is read. It is somebody's and never "
             "overwritten.",
     .usual = "VIRTUAL_VIEW",
     .loss = LOSS_MISREAD,
     .summary = "VIRTUAL_VIEW for a view."},
    {.name = "sql",
     .member = "OriginalSql",
     .type = FIELD_SQL,
     .flags = FIELD_REQUIRED,
     .harm = "The view holds other SQL, or none that Athena can read: once it is written, each "
             "day's rollup is built again, and counts what the new text says; members of the text "
             "inside are judged below.",
     .loss = LOSS_MISREAD,
     .summary = "The SELECT."},
    {.name = "columns",
     .member = "ViewColumns",
     .type = FIELD_COLUMNS,
     .flags = FIELD_REQUIRED,
     .harm = "Other columns than the query has: \"view is stale\", every query fails.",
     .loss = LOSS_DELAYED,
     .summary = "Its columns in order, name: Hive type."},
    {.name = "parameters",
     .member = "Parameters",
     .type = FIELD_MAP,
     .flags = FIELD_OWNER,
     .loss = LOSS_DELAYED,
     .summary = "Table parameters; others are left alone."},
    {0},
};

/* A table of the same name is somebody's data, not a view to be overwritten. */
static char *refuse(const struct scope *scope)
{
    const char *type = json_string_value(json_object_get(scope->observed, "type"));

    if (!scope->observed || (type && !strcmp(type, "VIRTUAL_VIEW")))
        return NULL;
    return mem_printf("a table (%s) has this name; billingd does not turn it into a view",
                      type ? type : "of no type");
}

static void check(const struct scope *scope, aws_problem_fn *problem, void *arg)
{
    name_check_catalog(scope, "database", problem, arg);
    name_check_catalog(scope, "name", problem, arg);
}

const struct kind athena_view_kind = {
    .name = "athena_view",
    .title = "Athena view",
    .service = "glue",
    .arn = TABLE,
    .summary = "Athena view, written through the Glue catalog.",
    .fields = fields,
    .members = athena_view_members,
    .read = &read,
    .create = &create,
    .update = &update,
    .remove = &drop,
    .check = check,
    .refuse = refuse,
    .part = PART_VIEW,
    .for_billing = true,
    .absent_loss = LOSS_DELAYED,
    .absent_harm = "no bill, rollup or audit can be made before it is there again",
};
