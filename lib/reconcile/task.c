/* task.c -- one resource from start to end: reading (task_read.c), the plan, writing
 * (task_write.c), the verdict, and what others may ask of it. */
#include "reconcile/task_private.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/secret/secret.h"
#include "resources/members.h"

/* What it can show is not known yet. */
static void expect_usage(const struct task *task)
{
    struct task_usage *usage = task->options.usage;

    if (!usage || !task->kind->passed)
        return;
    usage->shown_by++;
    usage->unread++;
}

static void show_usage(const struct task *task)
{
    struct task_usage *usage = task->options.usage;
    struct scope scope;

    if (!usage || !task->kind->passed)
        return;
    task_read_scope(task, &scope);
    usage->unread--;
    usage->came = usage->came || plan_shows_usage(&scope);
}

struct task *task_new(const struct task_options *options)
{
    struct task *task = mem_new(sizeof *task);

    task->options = *options;
    task->kind = options->kind;
    task->wish = json_share(options->desired);
    task->desired = json_share(options->desired);
    task->facts = json_copy((json_t *)options->facts);
    task->replies = json_object();
    task->known = json_object();
    task->notes = json_array();
    task->beside = json_array();
    task->unread = json_array();
    task->lacks = json_array();
    task->shown = json_object();
    task->written = json_object();
    task_read_prepare(task);
    expect_usage(task);
    return task;
}

void task_free(struct task *task)
{
    if (!task)
        return;
    task_read_fini(task);
    plan_fini(&task->plan);
    plan_fini(&task->work);
    json_decref(task->wish);
    json_decref(task->desired);
    json_decref(task->facts);
    json_decref(task->replies);
    json_decref(task->known);
    json_decref(task->notes);
    json_decref(task->beside);
    json_decref(task->unread);
    json_decref(task->lacks);
    json_decref(task->wished);
    json_decref(task->shown);
    json_decref(task->written);
    json_decref(task->yielded);
    free(task->yields_to);
    free(task->observed);
    free(task->waits);
    free(task->text);
    free(task->summary);
    free(task);
}

/* What is lost by it is told all the same. */
static void note_ignored(struct task *task, const struct scope *scope)
{
    json_auto_t *ignored = plan_ignored(scope, task->wish);
    json_t *each;
    size_t i;

    json_array_foreach(ignored, i, each) {
        enum loss loss = members_loss(json_text(each, "loss"));

        if (loss < LOSS_MISREAD || task_agree_yields(task, json_text(each, "field")))
            continue;
        task->loses_unwritten = true;
        json_array_append_new(task->notes,
                              json_sprintf("%s: %s is ignored, and is not as the spec says",
                                           members_loss_text(loss), json_text(each, "field")));
    }
}

/* They tell texts that others have set in AWS. */
static char *note_told(const char *text)
{
    return printable_line(secret_hide_known(text));
}

static void tell_notes(struct task *task)
{
    json_t *told = json_with_texts(task->notes, note_told);

    json_decref(task->notes);
    task->notes = told;
}

static void take_notes(struct task *task)
{
    struct scope scope;
    size_t i;
    json_t *found;

    task_read_ignore(task);
    task_read_beside(task);
    task_read_scope(task, &scope);
    json_array_clear(task->notes);
    json_array_extend(task->notes, task->unread);
    task->loses_unwritten = false;
    note_ignored(task, &scope);
    json_array_foreach(task->beside, i, found) {
        cleanup_free char *text = json_object_get(found, "row") ? NULL : members_text(found);

        if (text)
            json_array_append_new(task->notes, json_string(text));
        if (text && members_loss(json_text(found, "loss")) >= LOSS_MISREAD)
            task->loses_unwritten = true;
    }
    if (task->kind->note)
        task->kind->note(&scope, task->notes);
    tell_notes(task);
    task->own_notes = json_array_size(task->notes);
}

static void first_look(struct task *task)
{
    show_usage(task);
    task_agree_plan(task, &task->plan);
    task_agree_look(task, &task->plan);
    task->state = TASK_PLANNED;
}

static void after_reads(struct task *task)
{
    if (!task_read_is_done(task) || (task->state != TASK_READING && task->state != TASK_VERIFYING))
        return;
    take_notes(task);
    if (task->checking) {
        task_write_checked(task);
        return;
    }
    if (!task->confirming && !task->applying) {
        first_look(task);
        return;
    }
    task_agree_plan(task, &task->work);
    task_agree_look(task, &task->work);
    if (task->confirming)
        task_write_confirm(task);
    else
        task_write_decide(task);
}

bool task_next(struct task *task, struct task_request *request)
{
    while (task->state == TASK_WRITING || task->state == TASK_READING ||
           task->state == TASK_VERIFYING) {
        if (task->state == TASK_WRITING) {
            if (task_write_next(task, request))
                return true;
            if (task->state == TASK_WRITING)
                return false;
        } else if (task_read_next(task, request)) {
            return true;
        } else if (task_read_is_done(task)) {
            after_reads(task);
        } else {
            return false;
        }
    }
    return false;
}

void task_reply(struct task *task, size_t index, const struct aws_reply *reply)
{
    if (task->state == TASK_DONE)
        return; /* another read already ended it */
    if (task->state == TASK_WRITING) {
        task_write_reply(task, index, reply);
        return;
    }
    task_read_reply(task, index, reply);
    after_reads(task);
}

bool task_wants_writes(const struct task *task)
{
    enum plan_action action = task->plan.action;

    return task->state == TASK_PLANNED && !task->observed &&
           (action == PLAN_CREATE || action == PLAN_UPDATE || action == PLAN_REMOVE);
}

bool task_is_settled(const struct task *task)
{
    enum plan_action action = task->plan.action;

    if (task->state != TASK_PLANNED)
        return task->state == TASK_DONE;
    return task->observed || action == PLAN_BLOCKED ||
           (action == PLAN_NONE && !json_array_size(task->plan.differences));
}

static void give_back(json_t **value)
{
    json_decref(*value);
    *value = NULL;
}

void task_forget(struct task *task)
{
    json_t **all[] = {&task->wish,  &task->desired, &task->facts, &task->replies,
                      &task->known, &task->wished,  &task->shown, &task->written};

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        give_back(all[i]);
    task_read_forget(task);
    task->forgotten = true;
}

bool task_is_forgotten(const struct task *task)
{
    return task->forgotten;
}

void task_missed(struct task *task, size_t slot)
{
    task->slots[slot].missed = true;
}

bool task_seems_absent(const struct task *task)
{
    const struct slot *own = &task->slots[0];

    return task->state == TASK_READING && own->state == SLOT_DONE && !own->document &&
           task->kind->create && !task->options.remove && !task->observed;
}

/* Two reads had it not, one that tells all there are and its own. */
static bool is_absent_twice(const struct task *task)
{
    return task->plan.action == PLAN_CREATE && task->slots[0].missed;
}

void task_confirm(struct task *task, bool twice)
{
    if (task->agreed || !task_wants_writes(task))
        return;
    if (twice && is_absent_twice(task)) {
        task->agreed = true;
        return;
    }
    task->confirming = true;
    task_agree_plan(task, &task->work);
    task_write_look(task);
}

bool task_look_ahead(const struct task *task, size_t *at, struct task_request *request)
{
    enum plan_action action = task->plan.action;
    bool all = action == PLAN_CREATE || action == PLAN_REMOVE;

    if (task_seems_absent(task))
        return !task->slots[0].missed && task_read_ahead(task, NULL, at, request);
    return !task->agreed && task_wants_writes(task) && !is_absent_twice(task) &&
           task_read_ahead(task, all ? NULL : task->plan.differences, at, request);
}

void task_apply(struct task *task)
{
    if (task->state != TASK_PLANNED)
        return;
    if (task->observed || task->forgotten) {
        task_finish(task);
        return;
    }
    task->applying = true;
    task_agree_plan(task, &task->work);
    task_write_decide(task);
}

void task_bind(struct task *task)
{
    task->bound = true;
}

bool task_keeps_plan(const struct task *task)
{
    const struct plan *last = task_last_plan(task);

    return !task->bound || !task->plan.differences || last == &task->plan ||
           plan_same(last, &task->plan, task->kind);
}

bool task_is_there(const struct task *task)
{
    return task->accepted;
}

/* Only while that look is the first: what it finds missing is written again. */
bool task_is_written(const struct task *task)
{
    return task->applying && task->state == TASK_VERIFYING && task->wrote && !task->put_off &&
           !task->failure && !task->checking && !task->looks && task->rounds == 1;
}

void task_follows_create(struct task *task)
{
    task->follows_create = true;
}

void task_observe(struct task *task, const char *why)
{
    free(task->observed);
    task->observed = mem_text(why);
}

const char *task_observed(const struct task *task)
{
    return task->observed;
}

void task_yield(struct task *task, const json_t *fields, const char *why)
{
    if (task->state != TASK_PLANNED)
        return;
    task->yielded = json_share(fields);
    task->yields_to = mem_text(why);
    task_read_ignore(task);
    plan_fini(&task->plan);
    task_agree_plan(task, &task->plan);
    task_agree_look(task, &task->plan);
    task->agreed = false; /* it is one look still */
}

void task_wait_in_vain(struct task *task, const char *why)
{
    free(task->waits);
    task->waits = mem_text(why);
}

const char *task_waits(const struct task *task)
{
    return task->waits;
}

/* What differs is told, with why it stays so. */
static void finish_observed(struct task *task)
{
    const struct plan *plan = &task->plan;

    task_outcome_say(task, "only observed, %s%s%s", task->observed, plan->reason ? ": " : "",
                     plan->reason ? plan->reason : "");
    task_outcome_end(task, VERDICT_OBSERVED);
}

void task_finish(struct task *task)
{
    enum plan_action action = task->plan.action;
    bool differs = json_array_size(task->plan.differences) || task->plan.action == PLAN_REMOVE ||
                   task->plan.action == PLAN_CREATE || task->plan.action == PLAN_BLOCKED;

    if (task->state != TASK_PLANNED)
        return;
    if (task->observed && differs) {
        finish_observed(task);
        return;
    }
    if (task->waits && task_wants_writes(task)) {
        task_block(task, task->waits);
        return;
    }
    if (action == PLAN_BLOCKED)
        task_outcome_say(task, "%s", task->plan.reason);
    else if (action == PLAN_NONE)
        task_outcome_say_held(task, task->plan.differences);
    task_outcome_end(task, action == PLAN_BLOCKED                        ? VERDICT_BLOCKED
                           : action == PLAN_WAIT                         ? VERDICT_SETTLING
                           : action != PLAN_NONE                         ? VERDICT_DRIFTED
                           : json_array_size(task->plan.differences) > 0 ? VERDICT_HELD
                                                                         : VERDICT_SYNCED);
}

void task_block(struct task *task, const char *reason)
{
    task_outcome_say(task, "%s", reason);
    task_outcome_end(task, VERDICT_BLOCKED);
}

void task_retry(struct task *task, const char *reason)
{
    task_outcome_say(task, "%s", reason);
    task_outcome_end(task, VERDICT_RETRY);
}

void task_deny(struct task *task, const char *reason)
{
    task_outcome_say(task, "%s", reason);
    task_outcome_end(task, VERDICT_DENIED);
}

void task_scope(const struct task *task, struct scope *scope)
{
    task_read_scope(task, scope);
}

void task_scope_so_far(const struct task *task, struct scope *scope)
{
    task_read_scope(task, scope);
    scope->observed = task->known;
}

enum task_state task_state(const struct task *task)
{
    return task->state;
}

enum task_verdict task_verdict(const struct task *task)
{
    return task->verdict;
}

const char *task_verdict_name(enum task_verdict verdict)
{
    static const char *const names[] = {"",         "synced", "drifted",  "repaired",
                                        "settling", "held",   "observed", "retry",
                                        "blocked",  "denied", "failed"};

    return names[verdict];
}

const struct plan *task_plan(const struct task *task)
{
    return &task->plan;
}

const struct kind *task_kind(const struct task *task)
{
    return task->kind;
}

const char *task_address(const struct task *task)
{
    return task->options.address;
}

const char *task_text(const struct task *task)
{
    return task->text ? task->text : "";
}

const char *task_summary(const struct task *task)
{
    return task->summary ? task->summary : task_text(task);
}

const json_t *task_notes(const struct task *task)
{
    return task->notes;
}

void task_find(struct task *task, const json_t *findings)
{
    while (json_array_size(task->notes) > task->own_notes)
        json_array_remove(task->notes, task->own_notes);
    if (findings)
        json_array_extend(task->notes, (json_t *)findings);
}

const json_t *task_wished(const struct task *task)
{
    return task->wish;
}

bool task_is_over_quota(const struct task *task)
{
    return task->over_quota;
}

const json_t *task_unknown(const struct task *task)
{
    return task->unread;
}

const json_t *task_lacks(const struct task *task)
{
    return task->lacks;
}

bool task_was_read(const struct task *task)
{
    return task_read_is_done(task);
}

const json_t *task_beside(const struct task *task)
{
    return task->beside;
}

const struct plan *task_last_plan(const struct task *task)
{
    return task->work.differences ? &task->work : &task->plan;
}

static bool usage_came(const struct task *task)
{
    const struct task_usage *usage = task->options.usage;

    return !usage || usage->came || usage->unread || !usage->shown_by;
}

enum loss task_loss(const struct task *task, const struct plan *plan)
{
    enum loss loss = plan_loss(plan), absent = task->kind->absent_loss;

    return plan->absent && usage_came(task) && absent > loss ? absent : loss;
}

bool task_loses_unwritten(const struct task *task)
{
    return task->loses_unwritten;
}

const char *task_absent_harm(const struct task *task, const struct plan *plan)
{
    return plan->absent && usage_came(task) ? task->kind->absent_harm : NULL;
}

unsigned task_look_count(const struct task *task)
{
    return task->look_count;
}

unsigned task_writes(const struct task *task)
{
    return task->writes;
}

unsigned task_lost_writes(const struct task *task)
{
    return task->lost;
}

void task_wake(struct task *task)
{
    if (task->state == TASK_WAITING)
        task->state = task->resume;
}

void task_waiting(const struct task *task, int *so_far_s, int *at_most_s)
{
    *so_far_s = *at_most_s = 0;
    if (task->state != TASK_WAITING)
        return;
    *so_far_s = (int)((clock_monotonic_ms() - task->wait_from_ms) / 1000);
    *at_most_s = (int)((task->wait_until_ms - task->wait_from_ms) / 1000);
}
