#include "daemon/views/plan_outcome.h"

#include "base/json.h"
#include "base/mem.h"

#include <string.h>

static bool is_blocked(const struct task *task)
{
    return task_plan(task)->action == PLAN_BLOCKED || task_waits(task) ||
           (task_state(task) == TASK_DONE && task_verdict(task) >= VERDICT_RETRY);
}

/* What is deleted once a difference is written; NULL: nothing.  A resource that AWS has not yet
 * holds nothing. */
static const char *deleted_by(const struct task *task, const json_t *difference)
{
    const json_t *want = json_object_get(difference, "want"),
                 *have = json_object_get(difference, "have");
    const char *path = json_text(difference, "field");
    cleanup_free char *name = mem_text_n(path, strcspn(path, ".["));
    const struct field *field = kind_field(task_kind(task), name);

    if (task_plan(task)->action != PLAN_UPDATE || json_object_get(difference, "held") ||
        json_object_get(difference, "stuck") || !want || !field)
        return NULL;
    if ((field->flags & FIELD_GROWS) && json_is_number(have) &&
        json_number_value(want) >= json_number_value(have))
        return NULL;
    return field->deletes;
}

static void print_risks(const struct task *task, FILE *out)
{
    const json_t *difference;
    size_t i;

    if (is_blocked(task) || task_observed(task))
        return;
    if (task_plan(task)->action == PLAN_REMOVE)
        (void)fprintf(out, "cannot be undone: %s is deleted, with all that it holds\n",
                      task_address(task));
    json_array_foreach(task_plan(task)->differences, i, difference) {
        const char *what = deleted_by(task, difference);

        if (what)
            (void)fprintf(out, "could lose data, cannot be undone: %s %s: %s\n", task_address(task),
                          json_text(difference, "field"), what);
    }
}

void plan_outcome_print(const struct pass *pass, FILE *out)
{
    size_t create = 0, change = 0, delete = 0, blocked = 0, observed = 0;

    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        enum plan_action action = task_plan(task)->action;
        bool watched = task_observed(task) && task_plan(task)->differences &&
                       (action != PLAN_NONE || json_array_size(task_plan(task)->differences));
        bool stopped = !watched && is_blocked(task);

        observed += watched;
        if (watched)
            continue;
        blocked += stopped;
        create += !stopped && action == PLAN_CREATE;
        change += !stopped && action == PLAN_UPDATE;
        delete += !stopped && action == PLAN_REMOVE;
    }
    if (create + change + delete + blocked + observed)
        (void)fprintf(out, "%zu to create, %zu to change, %zu to delete, %zu blocked", create,
                      change, delete, blocked);
    if (observed)
        (void)fprintf(out, ", %zu only observed", observed);
    if (create + change + delete + blocked + observed)
        (void)fputc('\n', out);
    for (size_t i = 0; i < pass_task_count(pass); i++)
        print_risks(pass_task(pass, i), out);
}
