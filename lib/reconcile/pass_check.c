#include "reconcile/pass_check.h"

#include "base/mem.h"
#include "plan/plan_needs.h"

void pass_check_begin(struct pass_check *check, const struct pass_check_place *place,
                      void (*answered)(void *arg), void *arg)
{
    check->place = *place;
    check->answered = answered;
    check->arg = arg;
}

void pass_check_fini(struct pass_check *check)
{
    pass_role_free(check->early);
    pass_role_free(check->last);
    json_decref(check->denials);
    json_decref(check->lacks);
    free(check->lacks_brief);
}

/* ---- what is asked ---- */

/* The task's plan is to be carried out. */
static bool is_at_work(const struct task *task)
{
    return task && task_state(task) == TASK_PLANNED && !task_is_forgotten(task) &&
           !task_observed(task) && !task_waits(task);
}

/* It would be half made: one that is only repaired is not. */
static bool creates(const struct pass_check_place *place)
{
    for (size_t i = 0; i < place->count; i++)
        if (is_at_work(place->items[i].task) &&
            task_plan(place->items[i].task)->action == PLAN_CREATE)
            return true;
    return false;
}

/* [{"role", "service"}] of all roles that planned calls pass on; new reference. */
static json_t *roles_passed(const struct pass_check_place *place)
{
    json_t *roles = json_array();

    for (size_t i = 0; i < place->count; i++) {
        const struct task *task = place->items[i].task;
        struct scope scope;

        if (!is_at_work(task))
            continue;
        task_scope(task, &scope);
        plan_roles_passed(task_plan(task), &scope, roles);
    }
    return roles;
}

/* plan_needs.h's object of what items that are at work would write; new reference. */
static json_t *needs_of(const struct item *items, size_t count)
{
    json_t *needs = json_object();

    for (size_t i = 0; i < count; i++) {
        struct scope scope;

        if (!is_at_work(items[i].task))
            continue;
        task_scope(items[i].task, &scope);
        plan_needs_add(task_plan(items[i].task), &scope, needs);
    }
    return needs;
}

/* Of what is not planned yet: all that could be written. */
static void add_possible(const struct pass_check_place *place, json_t *roles, json_t *needs)
{
    for (size_t i = 0; i < place->count; i++) {
        const struct task *task = place->items[i].task;
        struct scope scope;

        if (task_state(task) != TASK_READING || task_observed(task))
            continue;
        task_scope_so_far(task, &scope);
        plan_roles_named(&scope, roles);
        plan_needs_add_all(&scope, needs);
    }
}

/* ---- asking ---- */

static void take_depth(struct pass_check *check)
{
    for (size_t i = 0; i < check->place.count; i++)
        if (check->place.items[i].depth > check->depth)
            check->depth = check->place.items[i].depth;
}

/* What is asked early waits until each item has heard something, and for the plans that it is
 * about: where something is made it is about all that there may be. */
static void take_early_depth(struct pass_check *check, bool all)
{
    for (size_t i = 0; i < check->place.count; i++) {
        const struct item *item = &check->place.items[i];
        unsigned depth = !all && is_at_work(item->task) ? item->depth : item->heard_depth;

        if (depth > check->depth)
            check->depth = depth;
    }
}

/* Takes roles and needs over; NULL when there is nothing to ask. */
static struct pass_role *ask_simulator(struct pass_check *check, json_t *roles, json_t *needs,
                                       pass_role_fn *done)
{
    if (!json_array_size(roles) && !json_object_size(needs)) {
        json_decref(roles);
        json_decref(needs);
        return NULL;
    }
    return pass_role_start(check->place.client,
                           &(struct pass_role_wish){.session = check->place.session,
                                                    .caller_arn = check->place.caller_arn,
                                                    .wanted = roles,
                                                    .needs = needs,
                                                    .done = done,
                                                    .arg = check});
}

static void take(struct pass_check *check, const struct pass_role_answer *answer)
{
    const struct pass_check_place *place = &check->place;

    json_array_extend(place->warnings, (json_t *)answer->warnings);
    json_array_extend(place->warnings, (json_t *)answer->denials);
    if (answer->text)
        json_array_append_new(place->warnings, json_string(answer->text));
    if (place->only_told)
        return;
    check->denials = json_array();
    json_array_extend(check->denials, (json_t *)answer->denials);
    if (answer->text && creates(place))
        json_array_append_new(check->denials, json_string(answer->brief));
    check->lacks = json_copy((json_t *)answer->lacks);
    check->lacks_brief = mem_text(answer->brief);
}

static void on_answer(void *arg, const struct pass_role_answer *answer)
{
    struct pass_check *check = arg;

    check->waiting = false;
    check->depth += answer->waves;
    take(check, answer);
    check->answered(check->arg);
}

bool pass_check_ask(struct pass_check *check)
{
    if (check->early_waiting || check->asked)
        return !check->early_waiting;
    check->asked = true;
    take_depth(check);
    check->waiting = true;
    check->last = ask_simulator(check, roles_passed(&check->place),
                                needs_of(check->place.items, check->place.count), on_answer);
    check->waiting = check->waiting && check->last;
    return true;
}

/* What it allows is known now (pass_role.h), and all else is asked again when all is planned. */
static void on_early_answer(void *arg, const struct pass_role_answer *answer)
{
    struct pass_check *check = arg;

    check->early_waiting = false;
    check->depth += answer->waves;
    check->answered(check->arg);
}

void pass_check_ask_early(struct pass_check *check)
{
    bool all = creates(&check->place); /* its first write waits for IAM's answer to the last */
    json_t *roles, *needs;

    if (check->early)
        return;
    take_early_depth(check, all);
    roles = roles_passed(&check->place);
    needs = needs_of(check->place.items, check->place.count);
    if (all)
        add_possible(&check->place, roles, needs);
    check->early_waiting = true;
    check->early = ask_simulator(check, roles, needs, on_early_answer);
    check->early_waiting = check->early_waiting && check->early;
}

/* ---- what follows ---- */

bool pass_check_denies(const struct pass_check *check)
{
    return json_array_size(check->denials) > 0;
}

static bool lacks_any(const struct pass_check *check, const json_t *needs)
{
    const char *name;
    json_t *need;

    json_object_foreach((json_t *)needs, name, need)
        if (json_object_get(check->lacks, name))
            return true;
    return false;
}

/* Half a pipeline is worse than none: where something of it would be made, nothing is written.
 * Else what may be written is. */
void pass_check_hold(const struct pass_check *check, struct item *item)
{
    const char *denial = json_string_value(json_array_get(check->denials, 0));
    cleanup_free char *reason = NULL;

    if (!task_wants_writes(item->task))
        return;
    if (!denial && json_object_size(check->lacks)) {
        json_auto_t *needs = needs_of(item, 1);

        denial = lacks_any(check, needs) ? check->lacks_brief : NULL;
    }
    if (!denial)
        return;
    reason = mem_printf("nothing is written: %s, or go on with --skip-pass-role-check", denial);
    item_deny(item, reason);
}
