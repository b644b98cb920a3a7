/* lint.c -- the list of lints, and the run of all of them.  A new file of lints is one line here.
 */
#include "spec/lint/lint.h"

#include "base/mem.h"
#include "spec/lint/lint_path.h"

#include <string.h>

/* Each ends with {0}. */
extern const struct lint lint_delivery[], lint_log[], lint_format[], lint_sql[], lint_sql_shape[],
    lint_table[], lint_reading[], lint_storage[], lint_access[], lint_encryption[];

static const struct lint *const tables[] = {
    lint_delivery, lint_log,     lint_format,  lint_sql,    lint_sql_shape,
    lint_table,    lint_reading, lint_storage, lint_access, lint_encryption,
};

const struct lint *lint_at(size_t index)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct lint *lint = tables[i]; lint->code; lint++)
            if (index-- == 0)
                return lint;
    return NULL;
}

static bool find_in_sql(const struct lint *lint, struct lint_look *look)
{
    bool found = false;

    for (size_t i = 0; !found && i < look->resource->statement_count; i++) {
        look->statement = &look->resource->statements[i];
        found = lint->find(look);
    }
    look->statement = NULL;
    return found;
}

static bool finds(const struct lint *lint, struct lint_look *look)
{
    if (!lint->kind)
        return find_in_sql(lint, look);
    return !strcmp(lint->kind, look->resource->kind->name) && lint->find(look);
}

static void judge(const struct lint *lint, const struct lint_subject *subject,
                  const struct lint_resource *resource, lint_say_fn *say, void *arg)
{
    struct lint_look look = {.subject = subject, .resource = resource, .values = resource->values};
    cleanup_free char *text = NULL;

    if (!finds(lint, &look))
        return;
    text = mem_printf("%s%s%s", lint->title, *look.detail ? ": " : "", look.detail);
    say(arg, &(struct lint_finding){lint, resource, lint->field, text});
}

static void look_at(const struct lint_subject *subject, const struct lint_resource *resource,
                    lint_say_fn *say, void *arg)
{
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        for (const struct lint *lint = tables[i]; lint->code; lint++)
            if (lint->kind || resource->sql.count)
                judge(lint, subject, resource, say, arg);
}

void lint_run(struct lint_subject *subject, lint_say_fn *say, void *arg)
{
    if (!subject->places)
        subject->places = lint_path_places(subject);
    for (size_t i = 0; i < subject->count; i++)
        if (!subject->resources[i].spared)
            look_at(subject, &subject->resources[i], say, arg);
}
