#include "import/import_learn.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "import/import_relink.h"
#include "import/import_value.h"
#include "resources/mark.h"
#include "resources/members.h"
#include "resources/value.h"

#include <string.h>

/* ---- names ---- */

void import_learn_parameters(struct import_draft *draft, const struct import_template *plain)
{
    static const char *const rows[][3] = {{"table_json", "view", "name"},
                                          {"table_parquet", "rollup_table", "name"},
                                          {"stage", "stage_logging", "stage"}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (json_equal(json_object_get(draft->parameters, rows[i][0]),
                       json_object_get(import_template_values(plain, rows[i][1]), rows[i][2])))
            (void)json_object_del(draft->parameters, rows[i][0]);
}

void import_learn_names(struct import_draft *draft, const struct import_template *template)
{
    const char *id, *field;
    json_t *fields, *value;
    void *next, *more;

    json_object_foreach_safe(draft->resources, next, id, fields) {
        const json_t *values = import_template_values(template, id);

        if (!json_is_object(fields))
            continue;
        json_object_foreach_safe(fields, more, field, value)
            if (json_is_string(value) && json_equal(value, json_object_get(values, field)))
                json_object_del(fields, field);
        if (!json_object_size(fields))
            json_object_del(draft->resources, id);
    }
}

/* ---- one field ---- */

struct learning {
    struct import_draft *draft;
    const struct import_template *template;
    const struct pass *pass;
    const struct task *task; /* the one looked at */
    const char *id;
    struct scope scope;
    bool changed;
};

/* Fields that a parameter says, where it is not given yet. */
static const struct by_parameter {
    const char *id, *field, *parameter;
    bool in_bucket; /* s3://bucket/ and the parameter */
} by_parameter[] = {
    {"stream", "prefix", "s3_prefix", false},
    {"stream", "error_prefix", "s3_error_prefix", false},
    {"stage_logging", "format", "log_format", false},
    {"workgroup", "results", "results_prefix", true},
    {"rollup_table", "location", "parquet_prefix", true},
    {"recovered_table", "location", "recovered_prefix", true},
};

/* The parameter's text, or NULL when none can say it; borrowed. */
static const char *parameter_text(const struct learning *l, const char *have, bool in_bucket)
{
    const char *bucket = json_text(l->draft->parameters, "bucket");
    size_t n = strlen(bucket);

    if (!have || !*have)
        return NULL; /* an empty parameter takes the default */
    if (!in_bucket)
        return have;
    if (strncmp(have, "s3://", 5) || strncmp(have + 5, bucket, n) || have[5 + n] != '/' ||
        !have[6 + n] || have[strlen(have) - 1] != '/')
        return NULL;
    return have + 6 + n;
}

static void learn_parameter(struct learning *l, const struct by_parameter *row, const json_t *have)
{
    const char *text = parameter_text(l, json_string_value(have), row->in_bucket);

    if (!text || json_object_get(l->draft->parameters, row->parameter))
        return;
    import_draft_parameter(l->draft, row->parameter, text);
    l->changed = true;
}

/* "the template: 90" for what is short. */
static char *beside_text(const json_t *want, bool nothing)
{
    cleanup_free char *text = json_dumps(want, JSON_ENCODE_ANY);
    const char *plain = json_is_string(want) ? json_string_value(want) : text;

    if (nothing && (json_is_object(want) || json_is_array(want)))
        return mem_text("AWS has nothing of the template's here; null leaves it so");
    if (!want || json_is_object(want) || json_is_array(want) || strlen(plain) > 60 ||
        strchr(plain, '\n'))
        return mem_text("the template says it otherwise");
    return mem_printf("the template: %s", *plain ? plain : "\"\"");
}

/* Of a mapping that others write to as well, what the template speaks of. */
static void restate_map(struct learning *l, const char *live, const struct field *f)
{
    const json_t *have = json_object_get(l->scope.observed, f->name);
    json_auto_t *kept = json_object();
    const char *key;
    json_t *value;

    json_object_foreach(json_object_get(l->scope.desired, f->name), key, value)
        if (!mark_is_key(key) && json_object_get(have, key))
            json_object_set(kept, key, json_object_get(have, key));
    if (json_object_size(kept))
        import_draft_set(l->draft, live, f->name, manifest_effective_value(kept), NULL);
}

/* What is said anew, and of which resource of the template. */
static const char live_suffix[] = "_live";

/* Columns in an order of their own: the whole resource is said anew, under another id. */
static void restate(struct learning *l, const char *field)
{
    cleanup_free char *live = mem_printf("%s%s", l->id, live_suffix);
    cleanup_free char *why =
        mem_printf("its %s stand in another order than the template's, which no override can say: "
                   "%s says it whole. What billingd bills by does not look there",
                   field, live);

    import_draft_set(l->draft, live, "kind", json_string(l->scope.kind->name), NULL);
    for (const struct field *f = l->scope.kind->fields; f->name; f++) {
        const json_t *have = json_object_get(l->scope.observed, f->name);

        if (f->flags & (FIELD_KEY | FIELD_LOCAL))
            have = json_object_get(l->scope.desired, f->name);
        if (f->flags & FIELD_OWNER)
            restate_map(l, live, f);
        else if (have && !(f->flags & FIELD_REPORTED))
            import_draft_set(l->draft, live, f->name, manifest_effective_value(have), NULL);
    }
    import_draft_off(l->draft, l->id, why);
    l->changed = true;
}

/* What is laid over a mapping is added to what was laid over it before. */
static void lay_over(struct learning *l, const char *field, json_t *over, const char *beside)
{
    json_t *before = json_object_get(import_draft_fields(l->draft, l->id), field);

    if (json_is_object(before) && json_is_object(over)) {
        json_object_update(before, over);
        json_decref(over);
        return;
    }
    import_draft_set(l->draft, l->id, field, over, before ? NULL : beside);
}

static bool is_in_template(const struct learning *l, const char *field)
{
    return json_object_get(import_template_values(l->template, l->id), field) != NULL;
}

/* The pipeline whose mark it carries, or NULL. */
static const char *mark_of(const struct scope *scope)
{
    const struct field *field = kind_owner(scope->kind);

    return field ? json_text(json_object_get(scope->observed, field->name), MARK_PIPELINE) : NULL;
}

/* Of another pipeline, or another deployment of one of that name; new text, NULL: it is not. */
static char *owned_by(const struct learning *l)
{
    const struct field *field = kind_owner(l->scope.kind);

    return mark_owner(&l->scope) == MARK_OTHERS
               ? mark_text(json_object_get(l->scope.observed, field->name))
               : NULL;
}

/* A statement or rule whose name begins as ours do is ours only where the resource carries our
 * mark, or the template has it. */
static bool is_others(const struct learning *l, const struct field *f, const json_t *item)
{
    const json_t *ours = json_object_get(import_template_values(l->template, l->id), f->name);
    const char *name = import_value_item(f, item);

    return f->own && name && !mark_of(&l->scope) && !strncmp(name, f->own, strlen(f->own)) &&
           !import_value_find(f, ours, name);
}

/* It is neither taken over nor, as surplus, taken away. */
static void leave(struct learning *l, const struct field *f, const json_t *item)
{
    json_t *before = json_object_get(import_draft_fields(l->draft, l->id), "ignore");
    json_t *list = before ? json_copy(before) : json_array();
    cleanup_free char *why = mem_printf("of others, though its name begins with %s: without this "
                                        "line billingd takes it away",
                                        f->own);
    json_t *path = json_sprintf("%s[%s]", f->name, import_value_item(f, item)), *known;
    size_t i;
    bool is_known = false;

    json_array_foreach(list, i, known)
        is_known = is_known || json_equal(known, path);
    if (is_known)
        json_decref(path);
    else
        json_array_append_new(list, path);
    l->changed = l->changed || !is_known;
    import_draft_set(l->draft, l->id, "ignore", list, why);
}

/* What AWS has but for those; new reference. */
static json_t *without_others(struct learning *l, const struct field *f, const json_t *have)
{
    json_t *kept, *item;
    size_t i;

    if (!f->own || !json_is_array(have))
        return json_share(have);
    kept = json_array();
    json_array_foreach((json_t *)have, i, item)
        if (is_others(l, f, item))
            leave(l, f, item);
        else
            json_array_append(kept, item);
    return kept;
}

/* Whether there is anything to say once what others wrote is left alone. */
static bool differs(const struct field *f, const json_t *want, const json_t *have)
{
    json_auto_t *differences = json_array();

    value_differences(f, want, have, differences);
    return json_array_size(differences) > 0;
}

/* Its mark billingd puts there itself. */
static void forget_mark(json_t *map)
{
    (void)json_object_del(map, MARK_PIPELINE);
    (void)json_object_del(map, MARK_DEPLOYMENT);
    (void)json_object_del(map, KIND_PROTECTED);
}

static void learn_field(struct learning *l, const struct field *f)
{
    json_auto_t *have = without_others(l, f, json_object_get(l->scope.observed, f->name));
    json_auto_t *want = without_others(l, f, json_object_get(l->scope.desired, f->name));
    bool in_order, nothing;
    json_auto_t *over = NULL;
    cleanup_free char *beside = NULL;

    if (import_draft_keeps(l->draft, l->id, f->name) || (f->own && !differs(f, want, have)))
        return;
    over = import_value_over(f, want, have, &in_order);
    if (f->flags & FIELD_OWNER)
        forget_mark(over);
    nothing = json_is_null(over);
    beside = beside_text(want, nothing);
    if (json_is_object(over) && !json_object_size(over))
        return;
    l->changed = true;
    if (!in_order)
        restate(l, f->name);
    else if (nothing && !is_in_template(l, f->name))
        (void)json_object_del(import_draft_fields(l->draft, l->id), f->name);
    else if (nothing && f->type == FIELD_STATEMENTS && (f->flags & FIELD_REQUIRED))
        import_draft_off(l->draft, l->id,
                         "there is such a document, and nothing of ours in it; without this line "
                         "billingd adds that");
    else if (nothing && (f->flags & FIELD_REQUIRED))
        import_draft_keep(l->draft, l->id, f->name,
                          "AWS does not say it in a form that a spec can hold; the template's "
                          "value stands, and `billingd plan` shows the difference");
    else
        lay_over(l, f->name, manifest_effective_value(over), beside);
}

/* ---- one resource ---- */

/* What a parameter says stands in many fields: those are judged once it says so. */
static void learn_by_parameters(struct learning *l)
{
    for (size_t i = 0; i < sizeof by_parameter / sizeof *by_parameter; i++) {
        const char *field = by_parameter[i].field;
        json_auto_t *differences = json_array();

        if (strcmp(by_parameter[i].id, l->id) != 0 || !l->scope.observed)
            continue;
        value_differences(kind_field(l->scope.kind, field),
                          json_object_get(l->scope.desired, field),
                          json_object_get(l->scope.observed, field), differences);
        if (json_array_size(differences))
            learn_parameter(l, &by_parameter[i], json_object_get(l->scope.observed, field));
    }
}

/* The fields that differ, each once.  What is no field of the kind is told later: a spec has no
 * word for it. */
static void learn_differences(struct learning *l)
{
    json_auto_t *done = json_object();
    const json_t *difference;
    size_t i;

    json_array_foreach(task_plan(l->task)->differences, i, difference) {
        const char *name = json_text(difference, "field");
        cleanup_free char *root = mem_text_n(name, strcspn(name, ".["));
        const struct field *field = kind_field(l->scope.kind, root);

        if (!field || mark_is_difference(name) || json_object_get(done, root) ||
            import_draft_is_off(l->draft, l->id))
            continue;
        json_object_set_new(done, root, json_true());
        learn_field(l, field);
    }
}

/* What AWS has and no template speaks of, so that billingd keeps it. */
static void learn_own(struct learning *l)
{
    for (const struct field *f = l->scope.kind->fields; f->name; f++) {
        const json_t *have = json_object_get(l->scope.observed, f->name);

        if (json_object_get(l->scope.desired, f->name) || !import_value_is_own(f, have) ||
            json_object_get(import_draft_fields(l->draft, l->id), f->name) ||
            import_draft_keeps(l->draft, l->id, f->name))
            continue;
        import_draft_set(l->draft, l->id, f->name, manifest_effective_value(have),
                         "the template does not speak of it");
        l->changed = true;
    }
}

/* Of what was not read nothing is said beyond the template and names. */
static void forget_own(struct learning *l)
{
    json_t *fields = import_draft_fields(l->draft, l->id), *value;
    const char *name;
    void *next;

    json_object_foreach_safe(fields, next, name, value) {
        const struct field *field = kind_field(l->scope.kind, name);

        if (field && !(field->flags & (FIELD_KEY | FIELD_LOCAL)) && !is_in_template(l, name)) {
            import_draft_missed(l->draft, l->id, name, task_summary(l->task),
                                task_verdict(l->task) == VERDICT_DENIED);
            (void)json_object_del(fields, name);
            l->changed = true;
        }
    }
}

/* "there is none: events are lost: ..."; new text. */
static char *why_missing(const struct kind *kind)
{
    const char *loss = members_loss_text(kind->absent_loss);

    return mem_printf("there is none%s%s%s%s; without this line billingd makes it",
                      kind->absent_harm ? ": " : "", kind->absent_harm && *loss ? loss : "",
                      kind->absent_harm && *loss ? ": " : "",
                      kind->absent_harm ? kind->absent_harm : "");
}

static void learn_task(struct learning *l)
{
    cleanup_free char *mark = owned_by(l);
    const char *unknown = json_string_value(json_object_get(l->draft->unknown, l->id));
    cleanup_free char *owned = NULL, *missing = why_missing(l->scope.kind);

    if (!l->scope.observed && (unknown || task_was_read(l->task))) {
        import_draft_off(l->draft, l->id, unknown ? unknown : missing);
        l->changed = true;
    } else if (!task_was_read(l->task)) {
        forget_own(l); /* that it was not read is told later */
    } else if (mark) {
        owned = mem_printf("it belongs to the pipeline %s, as its mark says", mark);
        import_draft_off(l->draft, l->id, owned);
        l->changed = true;
    } else {
        learn_differences(l);
        if (!import_draft_is_off(l->draft, l->id))
            learn_own(l);
    }
}

/* The pipeline that marked the stream, else any of it: the spec goes on under that name. */
static bool take_name(struct import_draft *draft, const struct pass *pass)
{
    const char *found = NULL;

    for (size_t i = 0; i < pass_task_count(pass); i++) {
        struct scope scope;
        const char *mark;

        task_scope(pass_task(pass, i), &scope);
        mark = mark_of(&scope);
        if (mark && mark_is_valid(mark) && (!found || scope.kind->part == PART_DELIVERY))
            found = mark;
    }
    if (draft->named || !found || !strcmp(found, draft->pipeline))
        return false;
    free(draft->pipeline);
    draft->pipeline = mem_text(found);
    draft->named = true;
    return true;
}

static void each_task(struct learning *l, void (*learn)(struct learning *))
{
    for (size_t i = 0; i < pass_task_count(l->pass); i++) {
        l->task = pass_task(l->pass, i);
        l->id = strchr(task_address(l->task), '/') + 1;
        task_scope(l->task, &l->scope);
        learn(l);
    }
}

bool import_learn_pass(struct import_draft *draft, const struct import_template *template,
                       const struct pass *pass)
{
    struct learning l = {.draft = draft, .template = template, .pass = pass};

    if (take_name(draft, pass))
        return true;
    each_task(&l, learn_by_parameters);
    if (l.changed)
        return true;
    each_task(&l, learn_task);
    return import_relink(draft, template, pass) || l.changed;
}

/* ---- what a spec must not hold ---- */

/* "pipelines.NAME.resources.ID.FIELD..." -> ID and FIELD. */
static bool place_of(const char *path, char *id, char *field)
{
    const char *at = strstr(path, ".resources.");

    return at && sscanf(at, ".resources.%127[^.].%127[^.[]", id, field) == 2;
}

/* The SQL and the columns of a view are one thing. */
static void keep_with(struct import_draft *draft, const char *id, const char *field,
                      const char *why)
{
    static const char *const together[] = {"sql", "columns"};
    bool is_part = !strcmp(field, together[0]) || !strcmp(field, together[1]);

    import_draft_keep(draft, id, field, why);
    for (size_t i = 0; is_part && i < 2; i++)
        if (json_object_get(import_draft_fields(draft, id), together[i]))
            import_draft_keep(draft, id, together[i], why);
}

static char *told_why(const struct problem *problem, const char *end)
{
    return mem_printf("AWS has it otherwise, which no spec may say: %s%s%s%s%s; %s", problem->code,
                      *problem->code ? " " : "", problem->text, problem->cost ? ". " : "",
                      problem->cost ? problem->cost : "", end);
}

/* What was said anew and is wrong goes, and stays away: the template's own is off. */
static void drop_live(struct import_draft *draft, const char *id, const struct problem *problem)
{
    size_t length = strlen(id), suffix = strlen(live_suffix);
    cleanup_free char *why = told_why(problem, "so it is left alone");
    cleanup_free char *of = mem_printf(
        "%.*s",
        (int)(length > suffix && !strcmp(id + length - suffix, live_suffix) ? length - suffix
                                                                            : length),
        id);

    import_draft_drop(draft, id);
    import_draft_off(draft, of, why);
}

/* An override goes; where the template's own value does not go with what AWS has around it, the
 * resource goes. */
static bool learn_problem(struct import_draft *draft, const struct import_template *template,
                          const struct problem *problem)
{
    cleanup_free char *why = NULL;
    char id[128], field[128];

    if (problem->severity != PROBLEM_ERROR || !place_of(problem->path, id, field) ||
        import_draft_is_off(draft, id))
        return false;
    if (!import_template_resource(template, id)) {
        if (!import_draft_fields(draft, id))
            return false; /* gone by another of its problems */
        drop_live(draft, id, problem);
        return true;
    }
    if (json_object_get(import_draft_fields(draft, id), field)) {
        why = told_why(problem, "the template's value stands, and `billingd plan` shows the "
                                "difference");
        keep_with(draft, id, field, why);
    } else {
        why = told_why(problem, "so it is left alone");
        import_draft_off(draft, id, why);
    }
    return true;
}

bool import_learn_problems(struct import_draft *draft, const struct import_template *template,
                           const struct pass *pass, const struct problems *problems)
{
    bool found = false;

    for (size_t i = 0; i < problems->count; i++)
        found |= learn_problem(draft, template, &problems->items[i]);
    return import_relink(draft, template, pass) || found;
}
