#include "reconcile/plan_needs.h"

#include "base/mem.h"
#include "resources/table.h"

#include <string.h>

/* Calls each for every word of a list with blanks between. */
static void each_word(const char *words, void (*each)(void *, const char *), void *arg)
{
    while (words && *words) {
        size_t n = strcspn(words, " ");
        cleanup_free char *word = mem_text_n(words, n);

        each(arg, word);
        words += n;
        words += strspn(words, " ");
    }
}

struct need {
    json_t *needs;
    const struct scope *scope;
    const struct call *call;
    const char *action;
};

static void add(const struct need *need, const char *resource)
{
    cleanup_free char *name = mem_printf("%s %s", need->action, resource);
    json_t *resources = json_pack("[s]", resource);

    /* CloudWatch Logs knows a group, for some actions, as "name:*". */
    if (strstr(resource, ":log-group:") && !strstr(resource, ":log-stream:"))
        json_array_append_new(resources, json_sprintf("%s:*", resource));
    json_object_set_new(need->needs, name,
                        json_pack("{s:s, s:o}", "action", need->action, "resources", resources));
}

static void add_on(void *arg, const char *template)
{
    cleanup_free char *resource = table_fill(((struct need *)arg)->scope, template, "*");

    if (!strcmp(resource, "*") || !strchr(resource, '*'))
        add(arg, resource);
}

static void add_action(void *arg, const char *action)
{
    struct need *need = arg;
    const char *resources = need->call->resource ? need->call->resource : need->scope->kind->arn;

    need->action = action;
    each_word(resources ? resources : "*", add_on, need);
}

static void add_anywhere(void *arg, const char *action)
{
    struct need *need = arg;

    need->action = action;
    add(need, "*");
}

void plan_needs_add(const struct plan *plan, const struct scope *scope, json_t *needs)
{
    for (size_t i = 0; plan->action != PLAN_BLOCKED && i < plan->call_count; i++) {
        const struct call *call = plan->calls[i].call;
        struct need need = {needs, scope, call, NULL};
        cleanup_free char *usual = mem_printf("%s:%s", scope->kind->service, call->op);

        each_word(call->action ? call->action : usual, add_action, &need);
        each_word(call->also, add_anywhere, &need);
    }
}
