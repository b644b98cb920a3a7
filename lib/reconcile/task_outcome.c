/* task_outcome.c -- what a task came to, and what it tells people about it. */
#include "reconcile/task_private.h"

#include "aws/retry.h"
#include "base/json.h"
#include "base/mem.h"
#include "resources/members.h"

#include <stdarg.h>
#include <string.h>

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

void task_outcome_add(struct task *task, const char *before, const char *more)
{
    char *text = mem_printf("%s%s%s", task->text, before, more);
    char *summary = task->summary ? mem_printf("%s%s%s", task->summary, before, more) : NULL;

    free(task->text);
    free(task->summary);
    task->text = text;
    task->summary = summary;
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

/* What AWS names in its refusal, else what the call's table says; new text. */
static char *permission_of(const struct kind *kind, const struct call *call,
                           const struct aws_error *error)
{
    static const char before[] = "to perform: ";
    const char *named = strstr(error->message, before);

    named = named ? named + strlen(before) : "";
    if (memchr(named, ':', strcspn(named, " ,;")))
        return mem_text_n(named, strcspn(named, " ,;"));
    return call->action ? mem_text(call->action) : mem_printf("%s:%s", kind->service, call->op);
}

void task_outcome_lack(struct task *task, const struct call *call, const struct aws_reply *reply)
{
    cleanup_free char *permission = NULL;
    const json_t *known;
    size_t i;

    if (!retry_is_unauthorized(reply->error.status, reply->error.code))
        return;
    permission = permission_of(task->kind, call, &reply->error);
    json_array_foreach(task->lacks, i, known)
        if (!strcmp(json_string_value(known), permission))
            return;
    json_array_append_new(task->lacks, json_string(permission));
}

/* What AWS's own words leave out. */
static char *needs_of(const struct task *task, const struct call *call,
                      const struct aws_reply *reply)
{
    cleanup_free char *permission = NULL;

    if (!retry_is_unauthorized(reply->error.status, reply->error.code))
        return mem_text("");
    permission = permission_of(task->kind, call, &reply->error);
    return strstr(reply->error.message, permission)
               ? mem_text("")
               : mem_printf("; it needs the permission %s", permission);
}

void task_outcome_fail(struct task *task, const char *why, const struct call *call,
                       const struct aws_reply *reply)
{
    cleanup_free char *text = aws_error_text(&reply->error),
                      *summary = aws_error_summary(&reply->error),
                      *needs = needs_of(task, call, reply);

    task_outcome_lack(task, call, reply);
    task->over_quota = task->over_quota ||
                       retry_is_quota(task->kind->service, reply->error.status, reply->error.code);
    task_outcome_say(task, "%s%s%s%s", why ? why : "", why ? ": " : "", text, needs);
    task->summary = mem_printf("%s%s%s%s", why ? why : "", why ? ": " : "", summary, needs);
    task->failure = reply->kind == ERR_RETRY    ? VERDICT_RETRY
                    : reply->kind == ERR_DENIED ? VERDICT_DENIED
                                                : VERDICT_FAILED;
}
