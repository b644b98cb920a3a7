/* task_agree.c -- nothing is written on one look alone: two looks in a row must want the same
 * writes, and what any look showed of others' must be in every document that we write. */
#include "base/json.h"
#include "base/mem.h"
#include "reconcile/task_private.h"
#include "resources/ignore.h"
#include "resources/policy.h"
#include "resources/table.h"

#include <string.h>

bool task_agree_yields(const struct task *task, const char *difference)
{
    const json_t *field;
    size_t i, n = strcspn(difference, ".[");

    json_array_foreach(task->yielded, i, field)
        if (!strncmp(difference, json_string_value(field), n) && !json_string_value(field)[n])
            return !ignore_covers(task->options.ignored, difference);
    return false;
}

/* What differs and is left so: named by the spec under `ignore`, or as another spec wants it. */
static void add_left(const struct task *task, const struct scope *scope, struct plan *plan)
{
    json_auto_t *left = plan_ignored(scope, task->wish);
    json_t *each;
    size_t i;

    json_array_foreach(left, i, each) {
        if (!task_agree_yields(task, json_text(each, "field"))) {
            json_array_append(plan->ignored, each);
            continue;
        }
        json_object_set_new(each, "stuck", json_string(task->yields_to));
        json_object_set_new(each, "conflict", json_true());
        json_array_append(plan->differences, each);
    }
}

void task_agree_plan(const struct task *task, struct plan *plan)
{
    struct scope scope;

    plan_fini(plan);
    task_read_scope(task, &scope);
    scope.was_protected = task->plan.is_protected;
    plan_make(&scope, task->options.remove, task->options.held, task->options.held_arg, plan);
    if (task->options.ignored || task->yielded)
        add_left(task, &scope, plan);
}

/* What a plan would send, for comparing. */
static json_t *wishes(const struct plan *plan)
{
    json_t *list = json_pack("[i]", (int)plan->action);

    for (size_t i = 0; i < plan->call_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:O?}", "op", plan->calls[i].call->op,
                                              "params", plan->calls[i].params));
    return list;
}

/* Documents as they would be written after this look: their contents are others' and ours. */
static void show(struct task *task, const struct call *call)
{
    const struct field *missing = NULL;
    struct scope scope;
    json_t *params, *before = call ? json_object_get(task->shown, call->op) : NULL, *known;
    size_t i;

    task_read_scope(task, &scope);
    if (!call || !scope.observed || !kind_call_replaces(task->kind, call))
        return;
    params = table_params(&scope, call, &missing);
    json_array_foreach(before, i, known)
        if (params && json_equal(known, params)) {
            json_decref(params);
            return;
        }
    if (params && !before)
        json_object_set_new(task->shown, call->op, json_pack("[o]", params));
    else if (params)
        json_array_append_new(before, params);
}

void task_agree_look(struct task *task, const struct plan *plan)
{
    json_t *wished = wishes(plan);

    task->agreed = json_equal(wished, task->wished);
    json_decref(task->wished);
    task->wished = wished;
    if (task->options.remove)
        return;
    show(task, task->kind->update);
    for (const struct field *f = task->kind->fields; f->name; f++)
        show(task, f->set);
}

static const char *name_of(const json_t *item)
{
    static const char *const members[] = {"Sid", "ID", "Key", "Name"};

    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (json_text(item, members[i]))
            return json_text(item, members[i]);
    return json_string_value(item);
}

static bool has_item(const json_t *list, const json_t *item)
{
    const char *name = name_of(item);
    const json_t *other;
    size_t i;

    json_array_foreach((json_t *)list, i, other) {
        const char *theirs = name_of(other);

        if (name && theirs ? !strcmp(name, theirs) : json_equal(item, other))
            return true;
    }
    return false;
}

static char *lost_from(const char *path, const json_t *before, const json_t *now);

static char *lost_item(const char *path, const json_t *before, const json_t *now)
{
    const json_t *item;
    size_t i;

    json_array_foreach((json_t *)before, i, item)
        if (!has_item(now, item)) {
            cleanup_free char *text = json_dumps(item, JSON_COMPACT | JSON_ENCODE_ANY);

            return mem_printf("%s[%s]", path, name_of(item) ? name_of(item) : text);
        }
    return NULL;
}

static char *lost_member(const char *path, const json_t *before, const json_t *now)
{
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)before, key, value) {
        cleanup_free char *inner = mem_printf("%s%s%s", path, *path ? "." : "", key);
        char *lost = json_object_get(now, key) ? lost_from(inner, value, json_object_get(now, key))
                                               : mem_text(inner);

        if (lost)
            return lost;
    }
    return NULL;
}

/* The first thing of `before` that is not in `now`; new text, NULL: nothing.  What we want is in
 * both, so it is of others. */
static char *lost_from(const char *path, const json_t *before, const json_t *now)
{
    json_auto_t *old = json_is_string(before) ? policy_parse(before) : NULL;
    json_auto_t *new = old ? policy_parse(now) : NULL;

    if (old && json_object_get(old, "Statement")) {
        json_auto_t *theirs = policy_statements(old), *kept = new ? policy_statements(new) : NULL;

        return lost_item(path, theirs, kept);
    }
    if (json_is_array(before))
        return lost_item(path, before, now);
    return json_is_object(before) ? lost_member(path, before, now) : NULL;
}

char *task_agree_loss(const struct task *task, const struct call *call, const json_t *params)
{
    const json_t *before;
    size_t i;

    json_array_foreach(json_object_get(task->shown, call->op), i, before) {
        char *lost = lost_member("", before, params);

        if (lost)
            return lost;
    }
    return NULL;
}
