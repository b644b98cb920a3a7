/* task_write.c -- the writing half of a task: send the plan's calls, wait out what is not real yet,
 * and believe nothing before a read has shown it. */
#include "aws/retry.h"
#include "base/json.h"
#include "reconcile/task_private.h"
#include "resources/table.h"

#include <string.h>

bool task_write_next(struct task *task, struct task_request *request)
{
    struct planned_call *planned;

    if (task->next_call >= task->work.call_count)
        return false;
    planned = &task->work.calls[task->next_call];
    if (task->sent)
        return false; /* one write at a time */
    task->sent = true;
    *request =
        (struct task_request){.call = planned->call, .params = planned->params, .write = true};
    return true;
}

static void verify(struct task *task)
{
    bool all = task->work.action == PLAN_CREATE || task->work.action == PLAN_REMOVE;

    task_read_again(task, all ? NULL : task->work.differences);
    task->state = TASK_VERIFYING;
}

/* A call that needs what AWS tells of a resource only once it is there is put off until then. */
static void go_on(struct task *task)
{
    const struct plan *work = &task->work;

    for (; task->next_call < work->call_count && !work->calls[task->next_call].params;
         task->next_call++)
        task->put_off = true;
    if (task->next_call == work->call_count)
        verify(task);
}

static void next_call(struct task *task)
{
    task_wait_end(task);
    task->next_call++;
    go_on(task);
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

/* A failed create leaves nothing for the other calls to work on. */
static void write_failed(struct task *task, const struct call *call, const struct aws_reply *reply)
{
    if (!task->failure)
        task_outcome_fail(task, NULL, reply);
    if (call == task->kind->create && task->work.action == PLAN_CREATE)
        task->next_call = task->work.call_count - 1;
    next_call(task);
}

void task_write_reply(struct task *task, const struct aws_reply *reply)
{
    const struct call *call = task->work.calls[task->next_call].call;
    const struct settle *settle = reply->result ? NULL : table_settle(call, &reply->error);

    task->sent = false;
    if (reply->result || table_matches(call->already, &reply->error)) {
        task->writes += reply->result != NULL;
        task->wrote = true;
        next_call(task);
    } else if (settle &&
               task_wait_more(task, task_wait_delay_ms(task), settle->window_s, TASK_WRITING)) {
        task_outcome_say(task, "waiting for %s", settle->what);
    } else if (!settle && retry_is_conflict(reply->error.code) &&
               task->conflicts < TASK_CONFLICTS) {
        look_anew(task);
    } else {
        write_failed(task, call, reply);
    }
}

static void start_writing(struct task *task)
{
    task_wait_end(task);
    task->rounds++;
    task->looks = 0;
    task->next_call = 0;
    task->wrote = task->put_off = false;
    task->state = TASK_WRITING;
    go_on(task);
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
        start_writing(task);
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

static enum task_verdict final_verdict(const struct task *task)
{
    if (task->failure)
        return task->failure;
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
    } else if (action == PLAN_NONE) {
        task_outcome_say(task, "%s", "");
        task_outcome_end(task, final_verdict(task));
    } else if (!task->rounds || (!task->wrote && task->conflicts) || can_go_on(task)) {
        start_writing(task);
    } else {
        still_different(task);
    }
}
