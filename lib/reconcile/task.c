/* task.c -- one resource from start to end: reading (task_read.c), the plan, writing
 * (task_write.c), the verdict, and what others may ask of it. */
#include "reconcile/task_private.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

#include <stdarg.h>

struct task *task_new(const struct task_options *options)
{
    struct task *task = mem_new(sizeof *task);

    task->options = *options;
    task->kind = options->kind;
    task->desired = json_share(options->desired);
    task->facts = json_copy((json_t *)options->facts);
    task->replies = json_object();
    task->known = json_object();
    task->notes = json_array();
    task_read_prepare(task);
    return task;
}

void task_free(struct task *task)
{
    if (!task)
        return;
    task_read_fini(task);
    plan_fini(&task->plan);
    plan_fini(&task->work);
    json_decref(task->desired);
    json_decref(task->facts);
    json_decref(task->replies);
    json_decref(task->known);
    json_decref(task->notes);
    free(task->text);
    free(task);
}

void task_scope(const struct task *task, struct scope *scope)
{
    bool there = task->slots[0].state == SLOT_DONE && task->slots[0].document;

    *scope = (struct scope){
        .kind = task->kind,
        .desired = task->desired,
        .observed = there ? task->known : NULL,
        .document = there ? task->slots[0].document : NULL,
        .replies = task->replies,
        .facts = task->facts,
    };
}

void task_say(struct task *task, const char *format, ...)
{
    va_list args;
    char *text = NULL;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    free(task->text);
    task->text = text;
}

void task_end(struct task *task, enum task_verdict verdict)
{
    task->state = TASK_DONE;
    task->verdict = verdict;
}

static void after_reads(struct task *task);

bool task_next(struct task *task, struct task_request *request)
{
    if (task->state == TASK_WRITING)
        return task_next_write(task, request);
    if (task->state != TASK_READING && task->state != TASK_VERIFYING)
        return false;
    if (task_next_read(task, request))
        return true;
    after_reads(task);
    return task->state == TASK_WRITING && task_next_write(task, request);
}

static void remake_plan(struct task *task, struct plan *plan)
{
    struct scope scope;

    plan_fini(plan);
    task_scope(task, &scope);
    plan_make(&scope, task->options.remove, task->options.held, task->options.held_arg, plan);
}

static void after_reads(struct task *task)
{
    struct scope scope;

    if (!task_reads_are_done(task) ||
        (task->state != TASK_READING && task->state != TASK_VERIFYING))
        return;
    task_scope(task, &scope);
    json_array_clear(task->notes);
    if (task->kind->note && scope.observed)
        task->kind->note(&scope, task->notes);
    remake_plan(task, task->applying ? &task->work : &task->plan);
    if (task->applying)
        task_after_verify(task);
    else
        task->state = TASK_PLANNED;
}

void task_fail(struct task *task, const char *op, const struct aws_reply *reply)
{
    const struct aws_error *error = &reply->error;

    task_say(task, "%s: %s: %s%s%s%s", op, error->code, error->message,
             error->request_id[0] ? " (request " : "", error->request_id,
             error->request_id[0] ? ")" : "");
    task->failure = reply->kind == ERR_RETRY    ? VERDICT_RETRY
                    : reply->kind == ERR_DENIED ? VERDICT_DENIED
                                                : VERDICT_FAILED;
}

void task_reply(struct task *task, size_t index, const struct aws_reply *reply)
{
    if (task->state == TASK_DONE)
        return; /* another read already ended it */
    if (task->state == TASK_WRITING) {
        task_write_reply(task, reply);
        return;
    }
    task_read_reply(task, index, reply);
    after_reads(task);
}

void task_apply(struct task *task)
{
    if (task->state != TASK_PLANNED)
        return;
    task->applying = true;
    task->started_ms = clock_monotonic_ms();
    remake_plan(task, &task->work);
    for (size_t i = 0; i < task->work.call_count; i++)
        if (task->work.calls[i].call->shared && task->work.action != PLAN_BLOCKED) {
            task_read_again(task, NULL);
            task->state = TASK_READING;
            return;
        }
    task_after_verify(task);
}

void task_finish(struct task *task)
{
    enum plan_action action = task->plan.action;

    if (task->state != TASK_PLANNED)
        return;
    if (action == PLAN_BLOCKED)
        task_say(task, "%s", task->plan.reason);
    task_end(task, action == PLAN_BLOCKED                        ? VERDICT_BLOCKED
                   : action == PLAN_WAIT                         ? VERDICT_SETTLING
                   : action != PLAN_NONE                         ? VERDICT_DRIFTED
                   : json_array_size(task->plan.differences) > 0 ? VERDICT_HELD
                                                                 : VERDICT_SYNCED);
}

void task_block(struct task *task, const char *reason)
{
    task_say(task, "%s", reason);
    task_end(task, VERDICT_BLOCKED);
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
    static const char *const names[] = {"",     "synced", "drifted", "repaired", "settling",
                                        "held", "retry",  "blocked", "denied",   "failed"};

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

const json_t *task_notes(const struct task *task)
{
    return task->notes;
}

unsigned task_writes(const struct task *task)
{
    return task->writes;
}
