/* kind_tables -- prints the kinds' tables as JSON, so that the Python suites need no lists of
 * kinds, fields and calls. */
#include "base/json.h"
#include "base/mem.h"
#include "resources/kind.h"
#include "resources/members.h"
#include "resources/registry.h"
#include "resources/table.h"
#include "resources/value.h"

#include <stdio.h>
#include <string.h>

static const char *const types[] = {
    [FIELD_TEXT] = "TEXT",         [FIELD_INT] = "INT",       [FIELD_NUMBER] = "NUMBER",
    [FIELD_BOOL] = "BOOL",         [FIELD_ARN] = "ARN",       [FIELD_LOCATION] = "LOCATION",
    [FIELD_SQL] = "SQL",           [FIELD_LOWER] = "LOWER",   [FIELD_MAP] = "MAP",
    [FIELD_DOCUMENT] = "DOCUMENT", [FIELD_LIST] = "LIST",     [FIELD_SET] = "SET",
    [FIELD_RULES] = "RULES",       [FIELD_POLICY] = "POLICY", [FIELD_STATEMENTS] = "STATEMENTS",
    [FIELD_COLUMNS] = "COLUMNS",   [FIELD_JSON] = "JSON",
};

static const struct {
    unsigned flag;
    const char *name;
} flags[] = {
    {FIELD_KEY, "KEY"},           {FIELD_REQUIRED, "REQUIRED"}, {FIELD_FIXED, "FIXED"},
    {FIELD_REPORTED, "REPORTED"}, {FIELD_ALWAYS, "ALWAYS"},     {FIELD_OWNER, "OWNER"},
    {FIELD_LOCAL, "LOCAL"},       {FIELD_TRUTHS, "TRUTHS"},     {FIELD_GROWS, "GROWS"},
    {FIELD_NAMES, "NAMES"},
};

static json_t *call_json(const struct kind *kind, const struct call *call)
{
    cleanup_free char *words = call ? table_words(kind, call) : NULL;

    return call ? json_pack("{s:s, s:s, s:b, s:s?, s:s?, s:b, s:b}", "op", call->op, "send", words,
                            "shared", call->shared, "take", call->take, "find", call->find, "plain",
                            !call->parse, "built", call->build != NULL)
                : json_null();
}

static json_t *default_json(const struct field *field, const char *text)
{
    return text ? value_from_text(field, text) : json_null();
}

static json_t *field_json(const struct kind *kind, const struct field *field)
{
    json_t *names = json_array();

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (field->flags & flags[i].flag)
            json_array_append_new(names, json_string(flags[i].name));
    return json_pack("{s:s, s:s, s:o, s:s?, s:o, s:o, s:O?, s:b, s:o, s:o}", "name", field->name,
                     "type", types[field->type], "flags", names, "member", field->member, "created",
                     default_json(field, field->created), "absent_is",
                     default_json(field, field->absent_is), "shape", table_field_shape(kind, field),
                     "sent_by_create", kind->create && table_sends(kind, kind->create, field),
                     "read", call_json(kind, field->read ? field->read : kind->read), "repair",
                     call_json(kind, field->set ? field->set : kind->update));
}

static json_t *kind_json(const struct kind *kind)
{
    json_t *fields = json_array(), *beside = json_array();

    for (const struct field *field = kind->fields; field->name; field++)
        json_array_append_new(fields, field_json(kind, field));
    for (const struct member *m = kind_member(kind->members); m; m = kind_member(m + 1))
        if (m->read && m->read->account_wide)
            json_array_append_new(beside, call_json(kind, m->read));
    return json_pack("{s:s, s:b, s:b, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "service", kind->service,
                     "holds_data", kind->holds_data, "opens", kind->opens, "has_states",
                     kind->ready != NULL, "removable", kind_is_removable(kind), "read",
                     call_json(kind, kind->read), "create", call_json(kind, kind->create), "remove",
                     call_json(kind, kind->remove), "fields", fields, "beside", beside);
}

/* ---- what the tables say of members ---- */

static void classify(const struct kind *kind, const struct call *read, const char *path,
                     json_t *found)
{
    static const char *const names[] = {
        [MEMBER_IGNORED] = "ignored", [MEMBER_TOLD] = "told", [MEMBER_DRIFT] = "drift"};
    const struct member *row = NULL;
    const char *name = "unknown";

    if (members_know(kind, read, path, &row))
        name = row ? names[row->is] : "field";
    json_object_set_new(found, name, json_true());
}

static json_t *classes_of(const struct kind *kind, const char *op, const char *path)
{
    json_t *found = json_object();

    if (!strcmp(kind->read->op, op))
        classify(kind, kind->read, path, found);
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->read && !strcmp(f->read->op, op))
            classify(kind, f->read, path, found);
    for (const struct member *m = kind->members; m && m->path; m++)
        if (m->read && !strcmp(m->read->op, op))
            classify(kind, m->read, path, found);
    return found;
}

/* Lines "operation path" on standard input: kind -> what its tables say that such a member is. */
static int classify_input(void)
{
    char op[128], path[1024];

    while (scanf("%127s %1023s", op, path) == 2) {
        json_auto_t *kinds = json_object();

        for (size_t i = 0; registry_kinds[i]; i++) {
            json_t *found = classes_of(registry_kinds[i], op, path);

            if (json_object_size(found))
                json_object_set(kinds, registry_kinds[i]->name, found);
            json_decref(found);
        }
        if (json_dumpf(kinds, stdout, JSON_COMPACT) || putchar('\n') == EOF)
            return 1;
    }
    return 0;
}

int main(int argc, char **argv)
{
    json_auto_t *tables = NULL;

    if (argc > 1 && !strcmp(argv[1], "--classify"))
        return classify_input();
    tables = json_object();
    for (size_t i = 0; registry_kinds[i]; i++)
        json_object_set_new(tables, registry_kinds[i]->name, kind_json(registry_kinds[i]));
    return json_dumpf(tables, stdout, JSON_INDENT(1)) < 0;
}
