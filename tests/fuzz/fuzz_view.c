/* A view inside its Glue table.  A byte, then either any payload as AWS could have it, or what a
 * spec wants, {"sql", "columns"}: written, and read back, it is as wanted, so that a second apply
 * writes nothing. */
#include "fuzz.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "resources/registry.h"
#include "resources/value.h"

#include <string.h>

static json_t *differences(const struct kind *kind, const json_t *desired, const json_t *document)
{
    json_t *found = json_array();

    for (const struct field *f = kind->fields; f->name; f++) {
        json_auto_t *have = f->member ? value_from_wire(f, json_at(document, f->member)) : NULL;
        struct field one = *f;

        if (f->member && json_object_get(desired, f->name)) {
            json_auto_t *list = json_array();

            one.name = "f";
            value_differences(&one, json_object_get(desired, f->name), have, list);
            json_array_extend(found, list);
        }
    }
    return found;
}

static void read_any(const struct kind *kind, const char *bytes, size_t length)
{
    cleanup_str struct str text = {0};
    const struct scope scope = {.kind = kind};
    json_auto_t *reply = NULL, *document = NULL;

    str_add(&text, "/* Presto View: ");
    str_add_base64(&text, bytes, length);
    str_add(&text, " */");
    reply =
        json_pack("{s:{s:s, s:s, s:{s:[{s:s, s:s}]}}}", "Table", "Name", "v", "ViewOriginalText",
                  str_text(&text), "StorageDescriptor", "Columns", "Name", "a", "Type", "int");
    document = kind->read->parse(&scope, reply);
    must(json_is_object(document) && json_text(document, "Name"));
}

/* Texts only, as a spec has them. */
static bool is_wanted(const json_t *desired)
{
    const char *name;
    json_t *type;

    if (!json_text(desired, "sql") || !json_is_object(json_object_get(desired, "columns")))
        return false;
    json_object_foreach(json_object_get(desired, "columns"), name, type) {
        if (!json_is_string(type))
            return false;
    }
    return true;
}

static void write_and_read(const struct kind *kind, const json_t *wish)
{
    json_auto_t *desired = json_pack("{s:s, s:s}", "database", "db", "name", "v");
    const struct scope scope = {.kind = kind, .desired = desired};
    json_auto_t *params = NULL, *reply = NULL, *document = NULL, *found = NULL;

    if (!is_wanted(wish))
        return;
    json_object_set(desired, "sql", json_object_get(wish, "sql"));
    json_object_set(desired, "columns", json_object_get(wish, "columns"));
    params = kind->create->build(&scope);
    must(params);
    reply = json_pack("{s:O}", "Table", json_object_get(params, "TableInput"));
    document = kind->read->parse(&scope, reply);
    found = differences(kind, desired, document);
    must(json_array_size(found) == 0);
}

FUZZ_TARGET(view)
{
    struct fuzz_input input = {data, size};
    const struct kind *kind = registry_find("athena_view");
    size_t length;

    if (fuzz_byte(&input) & 1) {
        cleanup_free char *bytes = fuzz_rest(&input, &length);

        read_any(kind, bytes, length);
    } else {
        json_auto_t *desired = fuzz_json(&input);

        write_and_read(kind, desired);
    }
}
