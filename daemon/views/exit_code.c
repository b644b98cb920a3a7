#include "daemon/views/exit_code.h"

#include "reconcile/engine.h"

const struct exit_code_meaning exit_code_meanings[] = {
    {EXIT_DONE, "done", "done; or nothing differs"},
    {EXIT_FAILED, "failed",
     "failed: AWS refused a request or could not be reached, a resource is blocked, or what "
     "`apply` "
     "left (it is only observed, or no write ends it) loses events; the machine has too little "
     "memory, threads, files or room for what is written"},
    {EXIT_DIFFERENT, "differences",
     "differences found, with `--detailed-exitcode` (`fmt --check`: laid out otherwise); after "
     "`apply` those that are only observed"},
    {EXIT_WARNINGS, "warnings", "only warnings, with `--strict`: nothing was asked or written"},
    {EXIT_REFUSED, "refused by a guard",
     "refused by a guard: another account than the spec names, changes that nobody confirmed, "
     "more changes than `reconcile.max_changes`, a "
     "reviewed plan that does not hold any more, a month that is no bill or must not be closed, "
     "data of what is only observed, a query beyond `billing.scan_cap`"},
    {EXIT_EVIDENCE, "evidence failed",
     "evidence failed: an audit or a verification found a mismatch; calls are not those of a "
     "bill's "
     "line, or nobody knows whether they are"},
    {EXIT_BAD_USAGE, "usage", "wrong usage"},
    {EXIT_DENIED, "no permission", "no permission, or no usable credentials"},
    {EXIT_BAD_CONFIG, "bad configuration",
     "the spec, a plan file, a customer's list or the AWS configuration is wrong"},
    {-1, NULL, NULL},
};

int exit_code_of_error(const struct err *e)
{
    return e->kind == ERR_DENIED ? EXIT_DENIED : EXIT_FAILED;
}

/* Events go wrong, and what was to be written does not end it.  A plan only tells it. */
static bool loses(const struct pass *pass)
{
    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        const struct plan *plan = task_last_plan(task);

        if (pass_was_applied(pass) && task_verdict(task) == VERDICT_OBSERVED &&
            task_loss(task, plan) >= LOSS_MISREAD)
            return true;
        if (pass_was_applied(pass) && plan->kept && task_verdict(task) == VERDICT_HELD)
            return true; /* asked for, and refused */
        if (plan != task_plan(task) && task_verdict(task) == VERDICT_HELD && plan_is_stuck(plan) &&
            task_loss(task, plan) >= LOSS_MISREAD)
            return true;
    }
    return false;
}

/* What only waits is not what failed: that for which it waits has a code of its own. */
static bool is_blocked(const struct pass *pass, const struct pass_summary *summary)
{
    unsigned waiting = 0;

    for (size_t i = 0; i < pass_task_count(pass); i++)
        waiting += task_verdict(pass_task(pass, i)) == VERDICT_BLOCKED &&
                   task_waits(pass_task(pass, i)) != NULL;
    return summary->blocked > waiting || (waiting && !summary->denied);
}

int exit_code_of_pass(const struct pass *pass, const struct manifest *manifest)
{
    struct pass_summary summary;
    bool denied = false, invalid = false;
    size_t most;

    pass_summarize(pass, &summary);
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        enum err_kind kind;

        if (!pass_refused(pass, i, &kind))
            continue;
        invalid = invalid || kind == ERR_INVALID;
        denied = denied || kind == ERR_DENIED;
    }
    if (invalid)
        return EXIT_REFUSED;
    if (pass_was_applied(pass) && pass_too_many(pass, &most))
        return EXIT_REFUSED;
    if (summary.denied && pass_may_not_write(pass))
        return EXIT_DENIED; /* whatever else is wrong: nothing was written */
    if (loses(pass) || summary.failed || is_blocked(pass, &summary) || summary.retry ||
        summary.settling || (summary.refused && !denied))
        return EXIT_FAILED;
    return denied || summary.denied ? EXIT_DENIED : EXIT_DONE;
}
