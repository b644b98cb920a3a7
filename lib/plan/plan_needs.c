#include "plan/plan_needs.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/call_needs.h"
#include "resources/table.h"

#include <string.h>

struct need {
    json_t *needs;
    const struct scope *scope;
};

static void add(const struct need *need, const char *action, const char *resource)
{
    const char *boundary =
        strncmp(action, "iam:", 4) ? NULL : json_text(need->scope->desired, "boundary");
    cleanup_free char *name = mem_printf("%s %s%s%s", action, resource, boundary ? " below " : "",
                                         boundary ? boundary : "");
    json_t *resources = json_pack("[s]", resource);

    /* CloudWatch Logs knows a group, for some actions, as "name:*". */
    if (strstr(resource, ":log-group:") && !strstr(resource, ":log-stream:"))
        json_array_append_new(resources, json_sprintf("%s:*", resource));
    json_object_set_new(need->needs, name,
                        json_pack("{s:s, s:o, s:s*}", "action", action, "resources", resources,
                                  "boundary", boundary));
}

static void add_need(void *arg, const char *action, const char *template, bool also)
{
    const struct need *need = arg;
    cleanup_free char *resource =
        also ? mem_text(template) : table_fill(need->scope, template, "*");

    if (!strcmp(resource, "*") || !strchr(resource, '*'))
        add(need, action, resource);
}

void plan_needs_add(const struct plan *plan, const struct scope *scope, json_t *needs)
{
    struct need need = {needs, scope};

    for (size_t i = 0; plan->action != PLAN_BLOCKED && i < plan->call_count; i++)
        call_needs_each(scope, plan->calls[i].call, add_need, &need);
}

void plan_needs_add_all(const struct scope *scope, json_t *needs)
{
    const struct kind *kind = scope->kind;
    struct need need = {needs, scope};

    if (kind->create)
        call_needs_each(scope, kind->create, add_need, &need);
    if (kind->update)
        call_needs_each(scope, kind->update, add_need, &need);
    for (const struct field *f = kind->fields; f->name; f++)
        if (f->set && json_object_get(scope->desired, f->name))
            call_needs_each(scope, f->set, add_need, &need);
}
