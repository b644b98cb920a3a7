#include "import/import_tell.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "import/import_value.h"
#include "resources/mark.h"

#include <string.h>

/* ---- what is others' ---- */

static void tell_items(struct import_draft *draft, const char *id, const struct scope *scope,
                       const struct field *field)
{
    const json_t *want = json_object_get(scope->desired, field->name), *item;
    size_t i;

    json_array_foreach(json_object_get(scope->observed, field->name), i, item) {
        const char *name = import_value_item(field, item);

        if (name && import_value_find(field, want, name))
            continue;
        import_draft_note(draft, id, "left alone: the %s %s of others",
                          field->type == FIELD_RULES ? "lifecycle rule" : "statement",
                          name ? name : "(without a name)");
    }
}

static void tell_tags(struct import_draft *draft, const char *id, const struct scope *scope,
                      const struct field *field)
{
    const json_t *want = json_object_get(scope->desired, field->name);
    cleanup_str struct str names = {0};
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(scope->observed, field->name), key, value)
        if (!json_object_get(want, key) && !mark_is_key(key) && strcmp(key, KIND_PROTECTED) != 0)
            str_addf(&names, "%s%s", names.len ? ", " : "", key);
    if (names.len)
        import_draft_note(draft, id, "left alone: tags of others: %s", str_text(&names));
}

static void tell_others(struct import_draft *draft, const char *id, const struct scope *scope)
{
    for (const struct field *f = scope->kind->fields; f->name; f++)
        if (f->type == FIELD_RULES || f->type == FIELD_STATEMENTS)
            tell_items(draft, id, scope, f);
        else if (!strcmp(f->name, "tags"))
            tell_tags(draft, id, scope, f);
}

/* ---- what a plan would do ---- */

static void tell_difference(struct import_draft *draft, const char *id, const json_t *difference)
{
    cleanup_free char *want = json_dumps(json_object_get(difference, "want"), JSON_ENCODE_ANY);
    const char *why = json_text(difference, "why"), *end = json_text(difference, "stuck");
    const char *loss = json_text(difference, "loss");

    import_draft_note(draft, id, "plan: %s becomes %.100s%s%s%s%s%s%s",
                      json_text(difference, "field"), want ? want : "nothing",
                      want && strlen(want) > 100 ? "..." : "", loss ? "; usage " : "",
                      loss ? loss : "", why ? ": " : "", why ? why : "",
                      end ? "; billingd cannot change it" : "");
}

static void tell_plan(struct import_draft *draft, const char *id, const struct task *task,
                      struct import_told *told)
{
    const struct plan *plan = task_plan(task);
    const json_t *difference;
    bool corrects = plan->action == PLAN_BLOCKED || plan->action == PLAN_CREATE, marks = false;
    size_t i;

    json_array_foreach(plan->differences, i, difference) {
        bool is_mark = mark_is_difference(json_text(difference, "field"));

        marks = marks || is_mark;
        if (is_mark)
            continue;
        corrects = true;
        if (plan->action != PLAN_CREATE)
            tell_difference(draft, id, difference);
    }
    if (plan->reason)
        import_draft_note(draft, id, "plan: blocked: %s", plan->reason);
    if (plan->action == PLAN_CREATE)
        import_draft_note(draft, id, "plan: there is none, and billingd makes it");
    told->corrected += corrects;
    told->marked += marks && !corrects;
}

static void tell_unread(struct import_draft *draft, const char *id, const struct task *task,
                        struct import_told *told)
{
    bool denied = task_verdict(task) == VERDICT_DENIED;

    import_draft_note(draft, id,
                      "NOT READ: %s. What stands here is the template's and was compared with "
                      "nothing",
                      *task_summary(task) ? task_summary(task) : "AWS did not tell");
    told->unread++;
    told->denied = told->denied || denied;
    told->failed = told->failed || !denied;
}

/* The resource was read in the end, but for what was left out of the spec to that end. */
static void tell_missed(struct import_draft *draft, const char *id, struct import_told *told)
{
    const json_t *missed = json_object_get(draft->missed, id);
    bool denied = json_is_true(json_object_get(missed, "denied"));

    if (!missed)
        return;
    import_draft_note(draft, id, "NOT READ: %s: %s. The spec leaves it alone",
                      json_text(missed, "fields"), json_text(missed, "why"));
    told->unread++;
    told->denied = told->denied || denied;
    told->failed = told->failed || !denied;
}

/* Settings beside it, which are not ours to keep: it was read, and what bears on it was not. */
static void tell_refused(struct import_draft *draft, const char *id, const struct task *task,
                         struct import_told *told)
{
    const json_t *unknown;
    size_t i;

    json_array_foreach(task_unknown(task), i, unknown)
        import_draft_note(draft, id, "NOT READ: %s", json_string_value(unknown));
    told->unread += json_array_size(task_unknown(task)) > 0;
    told->denied = told->denied || json_array_size(task_unknown(task));
}

static bool is_unknown(const struct task *task, const json_t *note)
{
    const json_t *unknown;
    size_t i;

    json_array_foreach(task_unknown(task), i, unknown)
        if (json_equal(unknown, note))
            return true;
    return false;
}

static void tell_task(struct import_draft *draft, const struct task *task, struct import_told *told)
{
    const char *id = strchr(task_address(task), '/') + 1;
    struct scope scope;
    const json_t *note;
    size_t i;

    if (!task_was_read(task)) {
        tell_unread(draft, id, task, told);
        return;
    }
    tell_missed(draft, id, told);
    tell_refused(draft, id, task, told);
    task_scope(task, &scope);
    tell_others(draft, id, &scope);
    json_array_foreach(task_notes(task), i, note)
        if (!str_ends_with(json_string_value(note), "of others: it stays as it is") &&
            !is_unknown(task, note))
            import_draft_note(draft, id, "%s", json_string_value(note));
    tell_plan(draft, id, task, told);
}

/* ---- what the lints say of the spec ---- */

static void tell_lint(struct import_draft *draft, const struct problem *problem)
{
    const char *at = strstr(problem->path, ".resources.");
    cleanup_free char *id = NULL;
    const char *field;

    if (!at)
        return;
    at += strlen(".resources.");
    id = mem_text_n(at, strcspn(at, "."));
    field = at + strlen(id) + (at[strlen(id)] == '.');
    import_draft_note(draft, id, "%s %s: %s. %s", problem->code, field, problem->text,
                      problem->cost ? problem->cost : "");
}

static int by_code(const void *a, const void *b)
{
    const struct problem *const *left = a, *const *right = b;
    int order = strcmp((*left)->code, (*right)->code);

    return order ? order : strcmp((*left)->path, (*right)->path);
}

/* By their codes: the order of the files they point into is that of somebody's folders. */
static void tell_lints(struct import_draft *draft, const struct problems *problems,
                       struct import_told *told)
{
    cleanup_free const struct problem **lints =
        mem_new((problems->count + 1) * sizeof(const struct problem *));

    for (size_t i = 0; i < problems->count; i++)
        if (*problems->items[i].code)
            lints[told->lints++] = &problems->items[i];
    qsort(lints, told->lints, sizeof *lints, by_code);
    for (size_t i = 0; i < told->lints; i++)
        tell_lint(draft, lints[i]);
}

static void tell_whole(struct import_draft *draft, const struct import_told *told)
{
    import_draft_note(draft, "", "Made by `billingd import` of what AWS has: %s", draft->came_from);
    import_draft_note(draft, "",
                      "Where AWS differs from the template a line says what AWS has: take the line "
                      "away, and billingd makes it as the template says; `billingd plan` shows "
                      "that first.");
    if (told->corrected || told->unread)
        import_draft_note(
            draft, "",
            "`billingd plan` of this file: to change %zu (`plan:` below), not read %zu "
            "(NOT READ below).",
            told->corrected, told->unread);
    else
        import_draft_note(draft, "", "`billingd plan` of this file changes nothing%s.",
                          told->marked ? " but what the next line says" : "");
    if (told->marked)
        import_draft_note(draft, "",
                          "%zu get the mark billingd = %s (a tag or table parameter), so "
                          "that no other spec takes them.",
                          told->marked, draft->pipeline);
}

void import_tell(struct import_draft *draft, const struct pass *pass,
                 const struct problems *problems, struct import_told *told)
{
    const char *id;
    json_t *fields;

    *told = (struct import_told){0};
    for (size_t i = 0; i < pass_task_count(pass); i++)
        tell_task(draft, pass_task(pass, i), told);
    tell_lints(draft, problems, told);
    json_object_foreach(draft->resources, id, fields)
        if (json_is_false(fields) && json_object_get(draft->unknown, id))
            told->unread++;
    tell_whole(draft, told);
}
