#include "resources/call_needs.h"

#include "base/mem.h"

#include <string.h>

void call_needs_each_word(const char *words, void (*each)(void *arg, const char *word), void *arg)
{
    while (words && *words) {
        size_t n = strcspn(words, " ");
        cleanup_free char *word = mem_text_n(words, n);

        each(arg, word);
        words += n;
        words += strspn(words, " ");
    }
}

struct walk {
    const char *resources, *action;
    call_needs_fn *each;
    void *arg;
};

static void on_resource(void *arg, const char *template)
{
    const struct walk *walk = arg;

    walk->each(walk->arg, walk->action, template, false);
}

static void on_action(void *arg, const char *action)
{
    struct walk *walk = arg;

    walk->action = action;
    call_needs_each_word(walk->resources, on_resource, walk);
}

static void on_also(void *arg, const char *action)
{
    const struct walk *walk = arg;

    walk->each(walk->arg, action, "*", true);
}

void call_needs_each(const struct scope *scope, const struct call *call, call_needs_fn *each,
                     void *arg)
{
    const char *resources = call->resource ? call->resource : scope->kind->arn;
    struct walk walk = {resources ? resources : "*", NULL, each, arg};
    cleanup_free char *usual = mem_printf("%s:%s", scope->kind->service, call->op);

    call_needs_each_word(call->action ? call->action : usual, on_action, &walk);
    call_needs_each_word(call->also, on_also, &walk);
}
