#include "guard/call_need.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/table.h"

/* What is asked by what another reply tells goes together, where AWS takes a list. */
static void add(const struct scope *scope, const struct call *call, json_t *known)
{
    const struct field *missing = NULL;
    json_auto_t *params = call ? table_params(scope, call, &missing) : NULL;
    cleanup_free char *text = params ? json_dumps(params, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
    cleanup_free char *name = NULL;

    if (!call)
        return;
    name = mem_printf("%s %s %s %s %s", json_text(scope->facts, "account"),
                      json_text(scope->facts, "region"), scope->kind->service, call->op,
                      text ? text : "");
    json_object_set_new(known, name, json_true());
}

void call_need_add(const struct scope *scope, bool remove, json_t *known)
{
    add(scope, scope->kind->read, known);
    for (const struct member *m = kind_member(scope->kind->members); m && !remove;
         m = kind_member(m + 1))
        if (m->read && m->read->account_wide)
            add(scope, m->read, known);
    for (const struct field *f = scope->kind->fields; f->name; f++)
        if (kind_reads(f, scope->desired, remove))
            add(scope, f->read, known);
}
