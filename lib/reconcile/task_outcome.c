/* task_outcome.c -- what a task came to, and what it tells people about it. */
#include "reconcile/task_private.h"

#include "base/json.h"
#include "base/mem.h"
#include "resources/members.h"

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
    free(task->summary);
    task->text = text;
    task->summary = NULL;
}

void task_outcome_say_held(struct task *task, const json_t *differences)
{
    const json_t *difference;
    size_t i;

    json_array_foreach((json_t *)differences, i, difference) {
        const char *loss = members_loss_text(members_loss(json_text(difference, "loss")));
        const char *why = json_text(difference, "why"), *end = json_text(difference, "stuck");

        if (!end)
            continue;
        task_outcome_say(task, "%s%s%s%s%s: %s", loss, *loss ? ": " : "",
                         json_text(difference, "field"), why ? ": " : "", why ? why : "", end);
        return;
    }
}

void task_outcome_end(struct task *task, enum task_verdict verdict)
{
    task->state = TASK_DONE;
    task->verdict = verdict;
}

void task_outcome_fail(struct task *task, const char *why, const struct aws_reply *reply)
{
    cleanup_free char *text = aws_error_text(&reply->error),
                      *summary = aws_error_summary(&reply->error);

    task_outcome_say(task, "%s%s%s", why ? why : "", why ? ": " : "", text);
    task->summary = mem_printf("%s%s%s", why ? why : "", why ? ": " : "", summary);
    task->failure = reply->kind == ERR_RETRY    ? VERDICT_RETRY
                    : reply->kind == ERR_DENIED ? VERDICT_DENIED
                                                : VERDICT_FAILED;
}
