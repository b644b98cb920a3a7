/* verb_apply.c -- plans, asks, writes, verifies. */
#include "daemon/verbs/pass_runner.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/plan_outcome.h"
#include "daemon/views/plan_view.h"

static bool has_writes(const struct pass *pass)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (task_state(pass_task(pass, i)) == TASK_PLANNED &&
            (task_plan(pass_task(pass, i))->action != PLAN_NONE))
            return true;
    return false;
}

static bool decide(struct pass_runner *runner)
{
    FILE *out = runner->options->output == OUTPUT_JSON ? stderr : stdout;

    if (!has_writes(runner->pass))
        return true; /* nothing is asked where nothing is written */
    pass_runner_print_refusals(runner);
    plan_view_print_callers(runner->pass, runner->manifest, out);
    plan_view_print(runner->pass, out, options_color(runner->options, out));
    plan_outcome_print(runner->pass, out);
    (void)fflush(out);
    if (runner->options->dry_run)
        return false;
    if (pass_may_not_write(runner->pass))
        return true; /* it ends before the first write */
    if (runner->options->yes || terminal_ask(stdin, stderr, "Apply these changes?"))
        return true;
    (void)fputs("billingd: not confirmed, nothing was written; --yes confirms without a terminal\n",
                stderr);
    runner->code = EXIT_REFUSED;
    return false;
}

static void report(struct pass_runner *runner)
{
    if (runner->options->output == OUTPUT_JSON) {
        json_auto_t *json = plan_view_json(runner->pass, runner->manifest);

        (void)json_view_print(json);
    } else {
        plan_view_print_summary(runner->pass, stdout);
    }
    if (runner->options->dry_run && !runner->code && runner->options->detailed_exitcode &&
        plan_view_has_changes(runner->pass))
        runner->code = EXIT_DIFFERENT;
}

int verb_apply(const struct options *options)
{
    struct pass_runner runner = {.decide = decide, .report = report};

    return pass_runner_run(&runner, options);
}
