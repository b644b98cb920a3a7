/* task_outcome.c -- what a task came to, and what it tells people about it. */
#include "reconcile/task_private.h"

#include <stdarg.h>

void task_outcome_say(struct task *task, const char *format, ...)
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

void task_outcome_end(struct task *task, enum task_verdict verdict)
{
    task->state = TASK_DONE;
    task->verdict = verdict;
}

void task_outcome_fail(struct task *task, const char *op, const struct aws_reply *reply)
{
    const struct aws_error *error = &reply->error;

    task_outcome_say(task, "%s: %s: %s%s%s%s", op, error->code, error->message,
                     error->request_id[0] ? " (request " : "", error->request_id,
                     error->request_id[0] ? ")" : "");
    task->failure = reply->kind == ERR_RETRY    ? VERDICT_RETRY
                    : reply->kind == ERR_DENIED ? VERDICT_DENIED
                                                : VERDICT_FAILED;
}
