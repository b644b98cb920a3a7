/* task_write.c -- the writing half of a task: send the plan's calls, wait out what is not real yet,
 * and believe nothing before a read has shown it. */
#include "aws/retry.h"
#include "base/json.h"
#include "base/mem.h"
#include "reconcile/task_private.h"
#include "resources/mark.h"
#include "resources/table.h"

#include <string.h>

static void unsure(struct task *task, const char *what)
{
    task_outcome_say(task, "two looks in a row did not agree on %s: nothing is written now", what);
    task_outcome_end(task, VERDICT_RETRY);
}

/* Reads the field's document that the next call replaces once more. */
static void check_document(struct task *task)
{
    const struct planned_call *planned = &task->work.calls[task->next_call];
    json_auto_t *fields = json_array();
    const json_t *name;
    size_t i;

    json_array_foreach(planned->fields, i, name)
        json_array_append_new(fields, json_pack("{s:O}", "field", name));
    task_read_again(task, fields);
    task->checking = true;
    task->state = TASK_VERIFYING;
}

/* What somebody reviewed is written, or nothing. */
static bool is_bound_not_to(struct task *task, const struct planned_call *planned)
{
    if (!task->bound || plan_allows(&task->plan, &task->work, planned, task->kind))
        return false;
    task_outcome_say(task,
                     "%s is not sent: it changed after the plan was reviewed, and would now be "
                     "written otherwise; make a new plan",
                     planned->call->op);
    task_outcome_end(task, VERDICT_RETRY);
    return true;
}

/* The next call from an index on that can be sent: one that needs what AWS tells of a resource only
 * once it is there is put off until then. */
static void skip_to(struct task *task, size_t index)
{
    const struct plan *work = &task->work;

    for (; index < work->call_count && !work->calls[index].params; index++)
        task->put_off = true;
    task->next_call = index;
}

bool task_write_next(struct task *task, struct task_request *request)
{
    struct planned_call *planned;

    if (task->next_call >= task->work.call_count)
        return false;
    planned = &task->work.calls[task->next_call];
    if (task->sent && !task->side_by_side)
        return false; /* one write at a time */
    if (!task->checked && !task->fresh && kind_call_replaces(task->kind, planned->call)) {
        check_document(task);
        return false;
    }
    if (is_bound_not_to(task, planned))
        return false;
    task->sent++;
    task->checked = false;
    *request = (struct task_request){.call = planned->call,
                                     .params = planned->params,
                                     .slot = task->next_call,
                                     .write = true,
                                     .fields = planned->fields};
    if (task->side_by_side)
        skip_to(task, task->next_call + 1);
    return true;
}

void task_write_look(struct task *task)
{
    bool all = task->work.action == PLAN_CREATE || task->work.action == PLAN_REMOVE;

    task->fresh = task->side_by_side = false;
    task_read_again(task, all ? NULL : task->work.differences);
    task->state = TASK_VERIFYING;
}

static void go_on(struct task *task)
{
    skip_to(task, task->next_call);
    if (task->next_call == task->work.call_count)
        task_write_look(task);
}

static void next_call(struct task *task)
{
    task_wait_end(task);
    task->checked = false;
    task->next_call++;
    go_on(task);
}

static const struct planned_call *find_call(const struct plan *plan, const struct call *call)
{
    for (size_t i = 0; i < plan->call_count; i++)
        if (plan->calls[i].call == call && plan->calls[i].params)
            return &plan->calls[i];
    return NULL;
}

/* The write is as the last look wants it; may it be sent? */
static void allow(struct task *task, const struct planned_call *planned)
{
    cleanup_free char *lost = task_agree_loss(task, planned->call, planned->params);

    if (lost) {
        task_outcome_say(task, "%s would remove what is not ours: %s, which was read before",
                         planned->call->op, lost);
        task_outcome_end(task, VERDICT_RETRY);
        return;
    }
    task->checked = true;
    task->state = TASK_WRITING;
}

void task_write_checked(struct task *task)
{
    struct planned_call *planned = &task->work.calls[task->next_call];
    const struct planned_call *wanted;
    struct plan plan = {0};

    task->checking = false;
    task_agree_plan(task, &plan);
    task_agree_look(task, &plan);
    wanted = find_call(&plan, planned->call);
    if (plan.action == PLAN_BLOCKED) {
        task_outcome_say(task, "%s", plan.reason);
        task_outcome_end(task, VERDICT_BLOCKED);
    } else if (!wanted) { /* somebody else did it, or nothing was to be done */
        task->state = TASK_WRITING;
        next_call(task);
    } else if (json_equal(wanted->params, planned->params)) {
        allow(task, planned);
    } else if (++task->doubts > TASK_DOUBTS) {
        unsure(task, planned->call->op);
    } else {
        json_decref(planned->params);
        planned->params = json_share(wanted->params);
        check_document(task);
    }
    plan_fini(&plan);
}

static bool is_create(const struct task *task, size_t index)
{
    return task->work.action == PLAN_CREATE && task->work.calls[index].call == task->kind->create;
}

static void note_written(struct task *task, size_t index, bool made)
{
    const json_t *fields = task->work.calls[index].fields, *name;
    size_t i;

    json_array_foreach((json_t *)fields, i, name)
        json_object_set_new(task->written, json_string_value(name), json_true());
    task->writes += made;
    task->made = task->made || task->work.calls[index].call == task->kind->create;
    task->wrote = true;
}

/* Whether AWS's answer to the create shows that nothing was there before. */
static bool proves(const struct task *task)
{
    const struct kind *kind = task->kind;
    struct scope scope;

    task_read_scope(task, &scope);
    return kind->create != kind->update && !(kind->create->quiet && kind->create->quiet(&scope));
}

/* What follows would be refused, or replaces what would have been read before it was there. */
static bool must_look_first(const struct task *task, bool made)
{
    const struct plan *work = &task->work;

    for (size_t i = task->next_call + 1; i < work->call_count; i++)
        if (!made || (!task->fresh && kind_call_replaces(task->kind, work->calls[i].call)))
            return true;
    return false;
}

/* One of the calls that are left needs what another one puts there. */
static bool has_order(const struct task *task)
{
    for (size_t i = task->next_call + 1; i < task->work.call_count; i++)
        if (task->work.calls[i].call->last)
            return true;
    return false;
}

/* What goes into a resource that AWS has just made for us goes at once, side by side: its documents
 * are as empty as they would be read.  One that may have been there is looked at first. */
static void after_create(struct task *task, bool made)
{
    size_t left = task->work.call_count - task->next_call - 1;

    task->accepted = task->accepted || made;
    task->fresh = made && proves(task);
    task->side_by_side = task->fresh && left > 1 && !has_order(task);
    if (must_look_first(task, made)) {
        task->put_off = true;
        task->next_call = task->work.call_count - 1;
    }
}

static void written(struct task *task, bool made)
{
    note_written(task, task->next_call, made);
    if (is_create(task, task->next_call))
        after_create(task, made);
    next_call(task);
}

/* The field that bears our mark, where the kind has one and the spec wants it; or NULL. */
static const struct field *marked_field(const struct task *task, const struct scope *scope)
{
    const struct field *owner = task->kind->fields;

    while (owner->name && !(owner->flags & FIELD_OWNER))
        owner++;
    return owner->name &&
                   json_object_get(json_object_get(scope->desired, owner->name), MARK_PIPELINE)
               ? owner
               : NULL;
}

/* It was to be created, and is there without our mark: somebody else made it since, and nobody was
 * shown what would change in it.  What our create marks has the mark, also where its answer was
 * lost; what it does not may be ours once it was sent.  Into what is shared ours is merged. */
static bool is_anothers(const struct task *task)
{
    const struct kind *kind = task->kind;
    const struct field *owner;
    struct scope scope;

    if (task->plan.action != PLAN_CREATE || task->work.action != PLAN_UPDATE || task->accepted)
        return false;
    task_read_scope(task, &scope);
    owner = marked_field(task, &scope);
    if (owner && mark_owner(&scope) != MARK_NONE)
        return false;
    return (owner && table_sends(kind, kind->create, owner)) ||
           ((!task->made || task->met) && !task->lost && !kind->create->shared);
}

static void look_anew(struct task *task)
{
    task->conflicts++;
    task_read_again(task, NULL);
    (void)task_wait_more(task, 500 * (int64_t)task->conflicts, task->options.settle_timeout_s,
                         TASK_VERIFYING);
    if (task->state != TASK_WAITING)
        task->state = TASK_VERIFYING;
}

static void note_failed(struct task *task, const struct call *call, const struct aws_reply *reply,
                        const char *why)
{
    bool first = !task->failure;

    task->lost += reply->may_be_done;
    if (first)
        task_outcome_fail(task, why, call, reply);
    if (first && why)
        task->failure = VERDICT_BLOCKED;
}

/* A failed create leaves nothing for the other calls to work on. */
static void write_failed(struct task *task, const struct call *call, const struct aws_reply *reply,
                         const char *why)
{
    note_failed(task, call, reply, why);
    if (call == task->kind->create && task->work.action == PLAN_CREATE)
        task->next_call = task->work.call_count - 1;
    next_call(task);
}

static char *explanation(const struct task *task, const struct aws_reply *reply)
{
    char *text = NULL;
    struct scope scope;

    if (reply->result)
        return NULL;
    task_read_scope(task, &scope);
    if (task->kind->explain)
        text = task->kind->explain(&scope, reply->error.code, reply->error.message);
    if (!text && retry_is_quota(task->kind->service, reply->error.status, reply->error.code))
        text = mem_text("a quota of the account is used up: remove by hand what nobody needs, or "
                        "have AWS raise it (Service Quotas)");
    return text;
}

/* Of another resource: what is said of our own name is about us. */
static bool is_made_by_another(const struct task *task, const json_t *makers)
{
    return json_object_size(makers) > (json_object_get(makers, task->options.address) ? 1U : 0U);
}

static bool has_word(const char *text, const char *word)
{
    static const char inside[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t n = strlen(word);

    for (const char *at = text; (at = strstr(at, word)) != NULL; at++)
        if ((at == text || !strchr(inside, at[-1])) && (!at[n] || !strchr(inside, at[n])))
            return true;
    return false;
}

/* Services word it differently that they do not know a name yet. */
static bool is_unknown_yet(const struct task *task, const struct aws_error *error)
{
    static const char *const says[] = {"not found", "not exist", "be found", "nable to", NULL};
    const char *name;
    json_t *makers;
    bool says_so = false;

    for (size_t i = 0; says[i]; i++)
        says_so = says_so || strstr(error->message, says[i]);
    json_object_foreach((json_t *)task->options.making, name, makers)
        if (says_so && has_word(error->message, name) && is_made_by_another(task, makers))
            return true;
    return false;
}

/* Besides the call's own rules: after a create, AWS may not know everywhere what it made.  Before
 * it, what is not found is not there. */
static const struct settle *settle_of(const struct task *task, const struct call *call,
                                      const struct aws_reply *reply)
{
    static const struct settle appear = {NULL, NULL, TASK_APPEAR_S, "what was just made to appear"};
    const struct settle *settle = table_settle(task->kind, call, &reply->error);
    bool made = task->follows_create || task->made;

    if (settle)
        return settle;
    return (made && reply->kind == ERR_ABSENT) || is_unknown_yet(task, &reply->error) ? &appear
                                                                                      : NULL;
}

static void came_back(struct task *task, const struct call *call, const struct aws_reply *reply)
{
    cleanup_free char *why = explanation(task, reply);
    const struct settle *settle = reply->result || why ? NULL : settle_of(task, call, reply);

    task->fresh = task->fresh && reply->result;
    if (reply->result || table_is_done(task->kind, call, &reply->error)) {
        task->met = is_create(task, task->next_call) && !reply->result && !reply->may_be_done;
        written(task, reply->result != NULL);
    } else if (settle &&
               task_wait_more(task, task_wait_delay_ms(task), settle->window_s, TASK_WRITING)) {
        task_outcome_say(task, "waiting for %s", settle->what);
    } else if (!settle && !why && retry_is_conflict(reply->error.code) &&
               task->conflicts < TASK_CONFLICTS) {
        look_anew(task);
    } else {
        write_failed(task, call, reply, why);
    }
}

/* None of several was carried out, since AWS does not know yet what they need: one after the other
 * then, as long as that takes. */
static bool waits_with_all(struct task *task, const struct settle *settle)
{
    if (!settle || task->wrote || task->failure)
        return false;
    task->side_by_side = task->put_off = false;
    task->next_call = 0;
    if (!task_wait_more(task, task_wait_delay_ms(task), settle->window_s, TASK_WRITING))
        return false;
    task_outcome_say(task, "waiting for %s", settle->what);
    return true;
}

/* One of several.  What must wait goes again behind a look, by itself. */
static void one_came_back(struct task *task, size_t index, const struct aws_reply *reply)
{
    const struct call *call = task->work.calls[index].call;
    cleanup_free char *why = explanation(task, reply);
    const struct settle *settle = reply->result || why ? NULL : settle_of(task, call, reply);

    if (reply->result)
        note_written(task, index, true);
    else if (settle || (!why && retry_is_conflict(reply->error.code)))
        task->put_off = true;
    else
        note_failed(task, call, reply, why);
    if (!task->sent && task->next_call == task->work.call_count && !waits_with_all(task, settle))
        task_write_look(task);
}

void task_write_reply(struct task *task, size_t index, const struct aws_reply *reply)
{
    task->sent--;
    if (task->side_by_side)
        one_came_back(task, index, reply);
    else
        came_back(task, task->work.calls[task->next_call].call, reply);
}

/* What lets usage flow does not yet, and none of its fields has a value: nothing of anybody is
 * replaced, whichever write comes first, and a mark alone claims nothing. */
static bool fills_what_is_empty(const struct task *task)
{
    const struct plan *work = &task->work;
    bool empty = task->kind->opens && work->action == PLAN_UPDATE && work->call_count > 1;
    const json_t *difference;
    size_t i;

    json_array_foreach(work->differences, i, difference) {
        const json_t *have = json_object_get(difference, "have");

        empty = empty && (!have || json_is_null(have));
    }
    for (i = 0; empty && i < work->call_count; i++)
        empty = !work->calls[i].call->last && work->calls[i].params &&
                !kind_call_replaces(task->kind, work->calls[i].call);
    return empty;
}

static void start_writing(struct task *task)
{
    task_wait_end(task);
    task->rounds++;
    task->looks = task->doubts = 0;
    task->next_call = 0;
    task->wrote = task->put_off = task->checked = task->fresh = false;
    task->side_by_side = fills_what_is_empty(task);
    task->state = TASK_WRITING;
    go_on(task);
}

/* The last look wanted something else than the one before, or was the first. */
static void doubt(struct task *task)
{
    static const int delays_ms[TASK_DOUBTS] = {0, 250, 1000, 2000};
    int delay_ms = task->doubts < TASK_DOUBTS ? delays_ms[task->doubts] : 0;

    task_wait_end(task);
    if (task->doubts++ == TASK_DOUBTS) {
        unsure(task, "what differs");
        return;
    }
    task_write_look(task);
    if (delay_ms && task_wait_more(task, delay_ms, task->options.settle_timeout_s, TASK_VERIFYING))
        task_outcome_say(task, "looking again: two looks in a row did not agree");
}

/* Writes what two looks in a row wanted, without what the breaker holds. */
static void begin(struct task *task)
{
    if (!task->agreed) {
        doubt(task);
        return;
    }
    if (task->work.action != PLAN_NONE) {
        start_writing(task);
        return;
    }
    task_outcome_say(task, "%s still differs after it was written",
                     json_text(json_array_get(task->work.differences, 0), "field"));
    task_outcome_end(task, VERDICT_HELD);
}

/* The resource is there now, so that what was put off can be sent. */
static bool can_go_on(const struct task *task)
{
    return task->put_off && task->wrote && task->work.action == PLAN_UPDATE &&
           task->rounds < TASK_WRITE_ROUNDS;
}

/* AWS shows something else than was just written: mostly it lags, so look again a few times. */
static void still_different(struct task *task)
{
    static const int delays_ms[TASK_LOOKS] = {250, 1000, 2000, 4000};

    if (task->wrote && task->looks < TASK_LOOKS) {
        task_outcome_say(task, "waiting for the change to show");
        task_read_again(task, NULL);
        task_wait_end(task);
        if (task_wait_more(task, delays_ms[task->looks++], task->options.settle_timeout_s,
                           TASK_VERIFYING))
            return;
    }
    if (task->rounds < TASK_WRITE_ROUNDS) {
        begin(task);
        return;
    }
    task_outcome_say(task, "%s still differs after it was written",
                     json_text(json_array_get(task->work.differences, 0), "field"));
    task_outcome_end(task, VERDICT_SETTLING);
}

static void wait_for_ready(struct task *task)
{
    if (!task_wait_more(task, task_wait_delay_ms(task), task->options.settle_timeout_s,
                        TASK_VERIFYING)) {
        task_outcome_say(task, "AWS is still at work on it");
        task_outcome_end(task, VERDICT_SETTLING);
        return;
    }
    task_read_again(task, NULL);
    task_outcome_say(task, "waiting for AWS to finish it");
}

/* Wanted or not any more: what this pass wrote must be seen. */
static bool is_proved(const struct task *task)
{
    const json_t *difference;
    size_t i;

    json_array_foreach(task->work.differences, i, difference) {
        const char *name = json_text(difference, "field");
        cleanup_free char *field = mem_text_n(name, strcspn(name, ".["));

        if (json_object_get(task->written, field))
            return false;
    }
    return true;
}

static enum task_verdict final_verdict(const struct task *task)
{
    if (task->failure)
        return task->failure;
    if (plan_is_stuck(&task->work))
        return VERDICT_HELD;
    if (task->writes || task->rounds)
        return VERDICT_REPAIRED;
    return json_array_size(task->work.differences) ? VERDICT_HELD : VERDICT_SYNCED;
}

void task_write_decide(struct task *task)
{
    enum plan_action action = task->work.action;

    if (task->failure) {
        /* What remains was refused: the text tells why, the next pass tries again. */
        task_outcome_end(task, task->failure);
    } else if (action == PLAN_BLOCKED) {
        task_outcome_say(task, "%s", task->work.reason);
        task_outcome_end(task, VERDICT_BLOCKED);
    } else if (action == PLAN_WAIT) {
        wait_for_ready(task);
    } else if (is_anothers(task)) {
        task_outcome_say(task, "somebody else made it meanwhile: it is left as it is, and the next "
                               "look plans what would change in it");
        task_outcome_end(task, VERDICT_RETRY);
    } else if (action == PLAN_NONE && is_proved(task)) {
        task_outcome_say(task, "%s", "");
        task_outcome_say_held(task, task->work.differences);
        task_outcome_end(task, final_verdict(task));
    } else if (!task->rounds || (!task->wrote && task->conflicts) || can_go_on(task)) {
        begin(task);
    } else {
        still_different(task);
    }
}

void task_write_confirm(struct task *task)
{
    enum plan_action action = task->work.action;

    if (action == PLAN_NONE || action == PLAN_BLOCKED) {
        task->confirming = false;
        task_write_decide(task);
    } else if (action == PLAN_WAIT || task->agreed) {
        task->confirming = false;
        task->state = TASK_PLANNED;
    } else {
        doubt(task);
    }
}
