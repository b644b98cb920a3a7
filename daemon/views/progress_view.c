#include "daemon/views/progress_view.h"

#include "base/mem.h"
#include "daemon/views/terminal.h"

void progress_view_start(struct progress_view *view, size_t total, bool color)
{
    progress_view_end(view);
    view->progress = progress_start(stderr, total, color);
}

static const char *state_word(const struct task *task)
{
    switch (task_state(task)) {
    case TASK_READING:
        return "reading";
    case TASK_WRITING:
        return task_plan(task)->action == PLAN_CREATE ? "creating" : "updating";
    case TASK_VERIFYING:
        return "verifying";
    case TASK_WAITING:
        return *task_text(task) ? task_text(task) : "waiting";
    case TASK_PLANNED:
    case TASK_DONE:
        break;
    }
    return "";
}

static void show_done(struct progress_view *view, const struct task *task)
{
    enum task_verdict verdict = task_verdict(task);
    const char *text = task_text(task);
    enum progress_verdict shown =
        verdict == VERDICT_SYNCED || verdict == VERDICT_DRIFTED || verdict == VERDICT_OBSERVED
            ? PROGRESS_UNCHANGED
        : verdict == VERDICT_REPAIRED ? PROGRESS_CHANGED
        : verdict == VERDICT_RETRY || verdict == VERDICT_DENIED || verdict == VERDICT_FAILED
            ? PROGRESS_FAILED
            : PROGRESS_BLOCKED;

    if (shown == PROGRESS_CHANGED)
        text = task_plan(task)->action == PLAN_CREATE   ? "created"
               : task_plan(task)->action == PLAN_REMOVE ? "deleted"
                                                        : "updated";
    progress_done(view->progress, task_address(task), shown, *text ? text : NULL);
}

void progress_view_task(struct progress_view *view, const struct task *task)
{
    int so_far_s, at_most_s;
    cleanup_free char *detail = NULL;

    if (!view->progress || task_state(task) == TASK_PLANNED)
        return;
    if (task_state(task) == TASK_DONE) {
        show_done(view, task);
        return;
    }
    if (!view->applying && !terminal_is_live(stderr))
        return; /* reading is quick and not worth a line in a log */
    task_waiting(task, &so_far_s, &at_most_s);
    if (at_most_s)
        detail = mem_printf("at most %d s", at_most_s);
    progress_update(view->progress, task_address(task), state_word(task), detail);
}

void progress_view_say(struct progress **shown, bool color, const char *subject, const char *doing)
{
    if (!*shown && terminal_is_live(stderr))
        *shown = progress_start(stderr, 1, color);
    if (*shown)
        progress_update(*shown, subject, doing, NULL);
}

void progress_view_hide(struct progress **shown)
{
    progress_end(*shown);
    *shown = NULL;
}

void progress_view_tick(struct progress *progress, const struct aws_client *client)
{
    cleanup_free char *what = NULL;
    struct aws_pacing pacing;

    if (!progress)
        return;
    aws_client_pacing(client, &pacing);
    if (pacing.waiting)
        what = mem_printf("reconcile.calls_per_minute: %zu", pacing.per_minute);
    else if (pacing.rated)
        what = mem_printf("what AWS takes of %s: %g a second%s", pacing.service, pacing.per_second,
                          pacing.throttled ? " (less than usual, since it refused some)" : "");
    progress_wait(progress, pacing.waiting ? pacing.waiting : pacing.rated, what);
    progress_tick(progress);
}

void progress_view_end(struct progress_view *view)
{
    progress_view_hide(&view->progress);
}
