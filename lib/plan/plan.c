#include "plan/plan.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "guard/policy_guard.h"
#include "resources/ignore.h"
#include "resources/mark.h"
#include "resources/members.h"
#include "resources/table.h"
#include "resources/value.h"
#include "spec/lint/log_format.h"

#include <string.h>

static bool is_compared(const struct field *field)
{
    return !(field->flags & (FIELD_KEY | FIELD_LOCAL | FIELD_REPORTED));
}

static const struct call *repair_of(const struct kind *kind, const struct field *field)
{
    return field->set ? field->set : kind->update;
}

static void add_call(struct plan *plan, const struct scope *scope, const struct call *call,
                     const char *field)
{
    const struct field *missing = NULL;
    struct planned_call *planned;

    for (size_t i = 0; i < plan->call_count; i++)
        if (plan->calls[i].call == call) {
            json_array_append_new(plan->calls[i].fields, json_string(field));
            return;
        }
    plan->calls = mem_resize(plan->calls, plan->call_count + 1, sizeof *plan->calls);
    planned = &plan->calls[plan->call_count++];
    planned->call = call;
    planned->params = table_params(scope, call, &missing);
    planned->fields = json_pack("[s]", field);
}

static void block(struct plan *plan, char *reason)
{
    if (plan->action == PLAN_BLOCKED) {
        free(reason);
        return;
    }
    plan->action = PLAN_BLOCKED;
    plan->reason = printable_line(reason);
}

static void plan_create(const struct scope *scope, struct plan *plan)
{
    const struct kind *kind = scope->kind;

    plan->action = PLAN_CREATE;
    if (!kind->create) {
        block(plan, mem_printf("does not exist, and billingd does not create it"));
        return;
    }
    add_call(plan, scope, kind->create, "");
    for (const struct field *f = kind->fields; f->name; f++) {
        const json_t *want = json_object_get(scope->desired, f->name);
        json_auto_t *created = f->created ? value_from_text(f, f->created) : NULL;

        if (!want || !is_compared(f))
            continue;
        value_differences(f, want, NULL, plan->differences);
        if (!table_sends(kind, kind->create, f) && repair_of(kind, f) &&
            !(created && json_equal(created, want)))
            add_call(plan, scope, repair_of(kind, f), f->name);
    }
}

/* Marks the differences from `before` on: held, stuck, and what they cost. */
static void mark(const json_t *differences, size_t before, const char *key, json_t *value)
{
    for (size_t i = before; i < json_array_size(differences); i++)
        json_object_set(json_array_get(differences, i), key, value);
    json_decref(value);
}

static void mark_loss(const json_t *differences, size_t before, const struct field *field)
{
    if (!field->loss)
        return;
    mark(differences, before, "loss", json_string(members_loss_name(field->loss)));
    if (field->harm)
        mark(differences, before, "why", json_string(field->harm));
}

/* A line of the access log costs what a bill loses by it, which may be all or nothing. */
static void judge_line(json_t *difference)
{
    const char *want = json_text(difference, "want"), *have = json_text(difference, "have");
    bool unread;
    cleanup_free char *lost = want && have ? log_format_lost(want, have, &unread) : NULL;

    if (!lost)
        return;
    if (!*lost) {
        (void)json_object_del(difference, "loss");
        json_object_set_new(
            difference, "why",
            json_string("All that a bill is made of stands in these lines too, from the same "
                        "variables: usage is billed the same, and its details are others."));
        return;
    }
    json_object_set_new(difference, "loss",
                        json_string(members_loss_name(unread ? LOSS_DROPPED : LOSS_MISREAD)));
    json_object_set_new(difference, "why",
                        json_sprintf("%s: %s.",
                                     unread ? "No call can be read of such lines, so none is "
                                              "billed, and what a line lacks is known nowhere else"
                                            : "Requests are billed wrongly, or to nobody",
                                     lost));
}

static void judge_lines(const struct kind *kind, const json_t *differences, size_t before)
{
    for (size_t i = before; i < json_array_size(differences); i++) {
        json_t *each = json_array_get(differences, i);
        const struct field *field = kind_field(kind, json_text(each, "field"));

        if (field && (field->flags & FIELD_LINE))
            judge_line(each);
    }
}

json_t *plan_ignored(const struct scope *scope, const json_t *wished)
{
    json_t *ignored = ignore_differences(scope, wished);

    judge_lines(scope->kind, ignored, 0);
    return ignored;
}

static const json_t *mark_of(const struct scope *scope, const char *name)
{
    const struct field *field = kind_owner(scope->kind);

    return field ? json_object_get(json_object_get(scope->observed, field->name), name) : NULL;
}

/* By what lies in AWS, whatever the spec says by now; what cannot be read as lifted holds. */
static bool is_protected(const struct scope *scope)
{
    const json_t *found = mark_of(scope, KIND_PROTECTED);

    if (scope->was_protected) /* who lifts that writes nothing else in the same pass */
        return true;
    return found && (!json_is_string(found) || strcmp(json_string_value(found), "false") != 0);
}

/* Whether what exists would end sooner, or could be overwritten. */
static bool keeps_less(const struct field *field, const json_t *want, const json_t *have)
{
    if ((field->flags & FIELD_GROWS) && json_is_number(want) && json_is_number(have) &&
        json_number_value(want) >= json_number_value(have))
        return false;
    if (field->keeps && have)
        return !*field->keeps ||
               (json_is_string(have) && !strcmp(json_string_value(have), field->keeps));
    return field->deletes;
}

#define LIFT                                                                                       \
    "its mark " KIND_PROTECTED                                                                     \
    " in AWS says so; with `protect: false` an `apply` lifts that, and "                           \
    "only the one after it "

/* Told, never written. */
static bool is_kept(const struct scope *scope, const struct field *field, struct plan *plan,
                    size_t before)
{
    if (!is_protected(scope) || !keeps_less(field, json_object_get(scope->desired, field->name),
                                            json_object_get(scope->observed, field->name)))
        return false;
    plan->kept = true;
    mark(plan->differences, before, "stuck",
         json_sprintf("it is protected, so nothing is written that keeps what it holds for a "
                      "shorter time: " LIFT "writes it"));
    return true;
}

/* Somebody whom AWS lets decide instead of us: told, never fought. */
static bool is_ruled(const struct scope *scope, const struct field *field, struct plan *plan,
                     size_t before)
{
    const json_t *ruler = field->ruled_by ? json_at(scope->document, field->ruled_by) : NULL;

    if (!json_string_length(ruler))
        return false;
    mark(plan->differences, before, "stuck",
         json_sprintf("%s %s decides it, whatever is written here: change that policy, or the spec",
                      field->ruled_by, json_string_value(ruler)));
    return true;
}

/* What AWS does not tell is unknown, not different. */
static char *fixed_reason(const struct kind *kind, const struct field *field, const json_t *have)
{
    if (!have)
        return mem_printf(
            "AWS's reply does not tell its %s, which cannot be changed after creation: "
            "nothing is written before it is known to be as wanted",
            field->name);
    return mem_printf(
        "%s is %s and cannot be changed after creation, and billingd never deletes and recreates: "
        "change the spec, or move to a new %s by hand",
        field->name, json_is_string(have) ? json_string_value(have) : "different", kind->title);
}

/* The second half of a mark that an older billingd wrote is no reason to write: new reference to
 * that difference, taken out; NULL: there is none. */
static json_t *take_out_half_mark(const struct scope *scope, const struct field *field,
                                  json_t *differences, size_t before)
{
    cleanup_free char *half = mem_printf("%s." MARK_DEPLOYMENT, field->name);
    const json_t *have = json_object_get(scope->observed, field->name);

    if (!(field->flags & FIELD_OWNER) || json_object_get(have, MARK_DEPLOYMENT) ||
        mark_owner(scope) != MARK_OURS)
        return NULL;
    for (size_t i = before; i < json_array_size(differences); i++) {
        json_t *difference = json_array_get(differences, i);

        if (strcmp(json_text(difference, "field"), half) != 0)
            continue;
        difference = json_share(difference);
        (void)json_array_remove(differences, i);
        return difference;
    }
    return NULL;
}

static bool is_sent(const struct plan *plan, const char *field)
{
    const json_t *name;
    size_t j;

    for (size_t i = 0; i < plan->call_count; i++)
        json_array_foreach(plan->calls[i].fields, j, name)
            if (!strcmp(json_string_value(name), field))
                return true;
    return false;
}

/* It goes along with whatever else is written. */
static void complete_mark(const struct scope *scope, plan_held_fn *held, void *arg,
                          struct plan *plan)
{
    const struct field *field = kind_owner(scope->kind);
    json_auto_t *all = json_array(), *half = NULL;

    if (!field || plan->action != PLAN_UPDATE || (held && held(arg, field->name)))
        return;
    value_differences(field, json_object_get(scope->desired, field->name),
                      json_object_get(scope->observed, field->name), all);
    half = take_out_half_mark(scope, field, all, 0);
    if (!half)
        return;
    json_array_append(plan->differences, half);
    if (!is_sent(plan, field->name))
        add_call(plan, scope, repair_of(scope->kind, field), field->name);
}

static void compare_field(const struct scope *scope, const struct field *field, plan_held_fn *held,
                          void *arg, struct plan *plan)
{
    const json_t *want = json_object_get(scope->desired, field->name);
    const json_t *have = json_object_get(scope->observed, field->name);
    size_t before = json_array_size(plan->differences);
    bool stopped = held && held(arg, field->name);

    value_differences(field, want, have, plan->differences);
    json_decref(take_out_half_mark(scope, field, plan->differences, before));
    if (json_array_size(plan->differences) == before)
        return;
    mark_loss(plan->differences, before, field);
    judge_lines(scope->kind, plan->differences, before);
    if (is_ruled(scope, field, plan, before) || is_kept(scope, field, plan, before))
        return;
    if (stopped) {
        mark(plan->differences, before, "held", json_true());
        return;
    }
    plan->action = plan->action == PLAN_NONE ? PLAN_UPDATE : plan->action;
    if ((field->flags & FIELD_FIXED) || !repair_of(scope->kind, field))
        block(plan, fixed_reason(scope->kind, field, have));
    else
        add_call(plan, scope, repair_of(scope->kind, field), field->name);
}

/* Drift in what is no field: back to the usual value where a call can do that, else only told. */
static void compare_beside(const struct scope *scope, const json_t *found, plan_held_fn *held,
                           void *arg, struct plan *plan)
{
    const char *member = json_text(found, "member");
    bool ignored = ignore_covers(scope->ignored, member);
    json_t *difference =
        json_pack("{s:s, s:O*, s:O*, s:O, s:O}", "field", member, "want",
                  json_object_get(found, "usual"), "have", json_object_get(found, "have"), "loss",
                  json_object_get(found, "loss"), "why", json_object_get(found, "why"));

    json_array_append_new(ignored ? plan->ignored : plan->differences, difference);
    if (ignored)
        return;
    if (json_object_get(found, "end")) {
        json_object_set(difference, "stuck", json_object_get(found, "end"));
    } else if (held && held(arg, member)) {
        json_object_set_new(difference, "held", json_true());
    } else {
        plan->action = plan->action == PLAN_NONE ? PLAN_UPDATE : plan->action;
        add_call(plan, scope, scope->kind->update, member);
    }
}

static void look_beside(const struct scope *scope, plan_held_fn *held, void *arg, struct plan *plan)
{
    json_auto_t *to_reset = json_array();
    size_t i;
    json_t *found;

    json_array_foreach((json_t *)scope->beside, i, found)
        if (json_object_get(found, "row")) {
            compare_beside(scope, found, held, arg, plan);
            if ((!held || !held(arg, json_text(found, "member"))) &&
                !ignore_covers(scope->ignored, json_text(found, "member")))
                json_array_append(to_reset, found);
        }
    for (i = 0; i < plan->call_count; i++)
        if (plan->calls[i].call == scope->kind->update && plan->calls[i].params)
            members_reset(scope->kind, to_reset, plan->calls[i].params);
}

bool plan_shows_usage(const struct scope *scope)
{
    const struct field *field = kind_field(scope->kind, scope->kind->passed);
    json_auto_t *differences = json_array();

    if (!scope->observed)
        return false;
    if (field->flags & FIELD_OWNER)
        return mark_owner(scope) == MARK_OURS || mark_owner(scope) == MARK_FORMER;
    value_differences(field, json_object_get(scope->desired, field->name),
                      json_object_get(scope->observed, field->name), differences);
    return !json_array_size(differences);
}

/* What makes it this pipeline's; new text. */
static char *way_to_own(const struct scope *scope, const char *mark)
{
    const char *pipeline = *mark == '@' ? json_text(scope->facts, "pipeline") : "";
    cleanup_free char *former = mem_printf("%s%s", pipeline, mark);

    return mark_is_valid(former)
               ? mem_printf("write `formerly: [%s]` under it", former)
               : mem_text("take that mark off (" MARK_PIPELINE ", " MARK_DEPLOYMENT
                          "): no billingd writes such a one");
}

/* Two specs that both want it would change it back and forth for ever. */
static void look_at_owner(const struct scope *scope, struct plan *plan)
{
    const struct field *field = kind_owner(scope->kind);
    cleanup_free char *mark = NULL, *way = NULL;

    if (mark_owner(scope) != MARK_OTHERS)
        return;
    mark = mark_text(json_object_get(scope->observed, field->name));
    way = way_to_own(scope, mark);
    block(plan, mem_printf("it belongs to the pipeline %s of another spec, as its mark says: name "
                           "another here, or, if this pipeline is what has become of that one, %s",
                           mark, way));
}

static void plan_remove(const struct scope *scope, struct plan *plan)
{
    if (!scope->observed)
        return;
    plan->action = PLAN_REMOVE;
    if (scope->kind->holds_data || !scope->kind->remove)
        block(plan, mem_printf("billingd never deletes a %s", scope->kind->title));
    else if (mark_owner(scope) != MARK_OURS && mark_owner(scope) != MARK_FORMER)
        block(plan, mem_printf("it does not carry our mark (billingd = %s), so it is not deleted",
                               json_string_value(json_object_get(scope->facts, "pipeline"))));
    else if ((plan->kept = is_protected(scope)))
        block(plan, mem_text("it is protected, so it is not deleted: " LIFT
                             "deletes it (`ensure: absent`)"));
    else
        add_call(plan, scope, scope->kind->remove, "");
}

static bool word_in(const char *words, const char *word)
{
    size_t n = strlen(word);

    for (; words && *words; words += strcspn(words, " "), words += strspn(words, " "))
        if (strcspn(words, " ") == n && !strncmp(words, word, n))
            return true;
    return false;
}

static const char *state_meaning(const struct kind *kind, const char *status)
{
    for (const struct kind_state *state = kind->states; state && state->word; state++)
        if (!strcmp(state->word, status))
            return state->meaning;
    return "AWS's reference does not list this state; what is sent to it may be lost, and "
           "nothing is written to it until it is another";
}

static char *state_reason(const struct scope *scope, const char *status)
{
    const json_t *failure =
        scope->kind->failure ? json_at(scope->document, scope->kind->failure) : NULL;
    const char *type =
        json_is_string(failure) ? json_string_value(failure) : json_text(failure, "Type");
    const char *details = json_text(failure, "Details");

    return mem_printf("its state is %s%s%s%s%s%s: %s", status, type ? " (" : "", type ? type : "",
                      type && details ? ": " : "", type && details ? details : "", type ? ")" : "",
                      state_meaning(scope->kind, status));
}

static void look_at_status(const struct scope *scope, struct plan *plan)
{
    const char *status = json_text(scope->observed, "status");

    if (!scope->kind->ready || !status || !strcmp(status, scope->kind->ready))
        return;
    if (!word_in(scope->kind->pending, status))
        block(plan, state_reason(scope, status));
    else if (plan->action == PLAN_NONE || plan->action == PLAN_UPDATE)
        plan->action = PLAN_WAIT;
}

/* Whatever a call of the plan carries that no write may. */
static void look_at_documents(const struct scope *scope, struct plan *plan)
{
    for (size_t i = 0; i < plan->call_count && plan->action != PLAN_BLOCKED; i++) {
        char *reason = policy_guard_call(scope, plan->calls[i].call, plan->calls[i].params);

        if (!reason)
            continue;
        plan->guarded = true;
        block(plan, reason);
    }
}

void plan_make(const struct scope *scope, bool remove, plan_held_fn *held, void *arg,
               struct plan *plan)
{
    char *reason;

    *plan = (struct plan){
        .differences = json_array(), .ignored = json_array(), .is_protected = is_protected(scope)};
    if (remove) {
        plan_remove(scope, plan);
        return;
    }
    plan->absent = !scope->observed;
    reason = scope->kind->refuse ? scope->kind->refuse(scope) : NULL;
    if (!scope->observed)
        plan_create(scope, plan);
    for (const struct field *f = scope->kind->fields; scope->observed && f->name; f++)
        if (is_compared(f))
            compare_field(scope, f, held, arg, plan);
    if (scope->observed)
        look_beside(scope, held, arg, plan);
    if (scope->observed)
        complete_mark(scope, held, arg, plan);
    look_at_status(scope, plan);
    if (scope->observed)
        look_at_owner(scope, plan);
    look_at_documents(scope, plan);
    if (reason && plan->action == PLAN_BLOCKED) {
        free(plan->reason);
        plan->reason = printable_line(reason);
    } else if (reason) {
        block(plan, reason);
    }
}

void plan_fini(struct plan *plan)
{
    for (size_t i = 0; i < plan->call_count; i++) {
        json_decref(plan->calls[i].params);
        json_decref(plan->calls[i].fields);
    }
    free(plan->calls);
    json_decref(plan->differences);
    json_decref(plan->ignored);
    free(plan->reason);
    *plan = (struct plan){0};
}

static void add_role(json_t *roles, const json_t *role, const char *service)
{
    json_auto_t *wanted = json_pack("{s:O, s:s}", "role", role, "service", service);
    size_t i;
    json_t *known;

    json_array_foreach(roles, i, known)
        if (json_equal(known, wanted))
            return;
    json_array_append(roles, wanted);
}

static bool sends(const struct plan *plan, const struct kind *kind, const struct field *field)
{
    for (size_t i = 0; i < plan->call_count; i++)
        if (table_sends(kind, plan->calls[i].call, field))
            return true;
    return false;
}

void plan_roles_passed(const struct plan *plan, const struct scope *scope, json_t *roles)
{
    for (const struct field *f = scope->kind->fields; f->name; f++) {
        const json_t *role = json_object_get(scope->desired, f->name);

        if (f->passes && role && sends(plan, scope->kind, f))
            add_role(roles, role, f->passes);
    }
}

void plan_roles_named(const struct scope *scope, json_t *roles)
{
    for (const struct field *f = scope->kind->fields; f->name; f++)
        if (f->passes && json_object_get(scope->desired, f->name))
            add_role(roles, json_object_get(scope->desired, f->name), f->passes);
}

bool plan_same(const struct plan *a, const struct plan *b, const struct kind *kind)
{
    json_auto_t *x = plan_json(a, kind), *y = plan_json(b, kind);

    return json_equal(x, y);
}

/* The differences of the named fields, of both plans, are the same. */
static bool same_differences(const struct plan *a, const struct plan *b, const json_t *fields)
{
    json_auto_t *x = json_array(), *y = json_array();
    const json_t *name;
    size_t i, j;
    json_t *each;

    json_array_foreach((json_t *)fields, i, name) {
        const char *field = json_string_value(name);

        json_array_foreach(a->differences, j, each)
            if (!strncmp(json_text(each, "field"), field, strlen(field)))
                json_array_append(x, each);
        json_array_foreach(b->differences, j, each)
            if (!strncmp(json_text(each, "field"), field, strlen(field)))
                json_array_append(y, each);
    }
    return json_equal(x, y);
}

static bool has_all(const json_t *fields, const json_t *some)
{
    const json_t *name, *known;
    size_t i, j;

    json_array_foreach((json_t *)some, i, name) {
        bool found = false;

        json_array_foreach((json_t *)fields, j, known)
            found = found || json_equal(known, name);
        if (!found)
            return false;
    }
    return true;
}

bool plan_allows(const struct plan *reviewed, const struct plan *now,
                 const struct planned_call *planned, const struct kind *kind)
{
    for (size_t i = 0; i < reviewed->call_count; i++) {
        const struct planned_call *known = &reviewed->calls[i];

        if (known->call != planned->call || !has_all(known->fields, planned->fields))
            continue;
        if (!known->params || json_equal(known->params, planned->params))
            return true;
        /* What AWS itself put into what was just made is carried along. */
        if (reviewed->action == PLAN_CREATE && known->call != kind->create)
            return true;
        return known->call->shared && same_differences(reviewed, now, planned->fields);
    }
    return false;
}

bool plan_is_stuck(const struct plan *plan)
{
    const json_t *difference;
    size_t i;

    json_array_foreach(plan->differences, i, difference)
        if (json_object_get(difference, "stuck"))
            return true;
    return false;
}

static enum loss worst_of(const json_t *differences)
{
    enum loss worst = LOSS_NONE;
    const json_t *each;
    size_t i;

    json_array_foreach((json_t *)differences, i, each) {
        enum loss loss = members_loss(json_text(each, "loss"));

        worst = loss > worst ? loss : worst;
    }
    return worst;
}

enum loss plan_loss(const struct plan *plan)
{
    enum loss differing = worst_of(plan->differences), ignored = worst_of(plan->ignored);

    return differing > ignored ? differing : ignored;
}

const char *plan_action_name(enum plan_action action)
{
    static const char *const names[] = {"none", "create", "update", "delete", "wait", "blocked"};

    return names[action];
}

json_t *plan_json(const struct plan *plan, const struct kind *kind)
{
    /* What could not be read was never compared. */
    json_t *json =
        plan->differences
            ? json_pack("{s:s, s:O, s:[]}", "action", plan_action_name(plan->action), "differences",
                        plan->differences, "calls")
            : json_pack("{s:s, s:[], s:[]}", "action", "unknown", "differences", "calls");

    if (plan->reason)
        json_object_set_new(json, "reason", json_string(plan->reason));
    if (json_array_size(plan->ignored))
        json_object_set(json, "ignored", plan->ignored);
    for (size_t i = 0; plan->action != PLAN_BLOCKED && i < plan->call_count; i++)
        json_array_append_new(json_object_get(json, "calls"),
                              json_pack("{s:s, s:s, s:O*, s:O}", "service", kind->service,
                                        "operation", plan->calls[i].call->op, "params",
                                        plan->calls[i].params, "fields", plan->calls[i].fields));
    return json;
}
