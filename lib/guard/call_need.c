#include "guard/call_need.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/table.h"

/* The call with its parameters, new text; without them where another reply tells them. */
static char *name_of(const struct scope *scope, const char *service, const struct call *call)
{
    const struct field *missing = NULL;
    json_auto_t *params = table_params(scope, call, &missing);
    cleanup_free char *text = params ? json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS) : NULL;

    return mem_printf("%s %s %s %s %s", json_text(scope->facts, "account"),
                      json_text(scope->facts, "region"), service, call->op, text ? text : "");
}

/* One call for so many keys. */
static void add_gathered(json_t *known, const char *name, const struct wide_read *wide,
                         const char *key)
{
    json_t *gathered = json_object_get(known, name);

    if (!gathered) {
        gathered = json_pack("{s:i, s:{}}", "most", wide->most, "keys");
        json_object_set_new(known, name, gathered);
    }
    json_object_set_new(json_object_get(gathered, "keys"), key, json_true());
}

/* What is asked by what another reply tells goes together, where AWS takes a list. */
static void add(const struct scope *scope, const struct call *call, bool wide, json_t *known)
{
    bool known_before = call && !call->build; /* else a reply makes it necessary */
    const struct wide_read *row = known_before && wide ? call->wide : NULL;
    cleanup_free char *single = known_before ? name_of(scope, scope->kind->service, call) : NULL;
    cleanup_free char *name = NULL;

    if (!single)
        return;
    if (row)
        name = name_of(scope, row->service ? row->service : scope->kind->service, &row->call);
    if (row && row->gather)
        add_gathered(known, name, row, single);
    else
        json_object_set_new(known, name ? name : single, json_true());
}

void call_need_add(const struct scope *scope, bool wide, bool remove, json_t *known)
{
    add(scope, scope->kind->read, wide, known);
    for (const struct member *m = kind_member(scope->kind->members); m && !remove;
         m = kind_member(m + 1))
        if (m->read && m->read->account_wide)
            add(scope, m->read, wide, known);
    for (const struct field *f = scope->kind->fields; f->name; f++)
        if (kind_reads(f, scope->desired, remove))
            add(scope, f->read, wide, known);
}

size_t call_need_count(const json_t *known)
{
    size_t count = 0;
    const char *name;
    json_t *one;

    json_object_foreach((json_t *)known, name, one) {
        size_t most = (size_t)json_integer_value(json_object_get(one, "most"));
        size_t keys = json_object_size(json_object_get(one, "keys"));

        count += most ? (keys + most - 1) / most : 1;
    }
    return count;
}
