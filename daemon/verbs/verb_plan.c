/* verb_plan.c -- looks and tells; writes nothing. */
#include "daemon/verbs/pass_runner.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/plan_outcome.h"
#include "daemon/views/plan_view.h"

static void report(struct pass_runner *runner)
{
    struct pass *pass = runner->pass;
    bool changes = plan_view_has_changes(pass);

    if (runner->options->output == OUTPUT_JSON) {
        json_auto_t *json = plan_view_json(pass, runner->manifest);

        (void)json_view_print(json);
    } else {
        plan_view_print_callers(pass, runner->manifest, stdout);
        plan_view_print(pass, stdout, options_color(runner->options, stdout));
        plan_outcome_print(pass, stdout);
        if (!changes && !runner->code)
            (void)puts("Nothing to change: AWS is as the spec says.");
        plan_view_print_summary(pass, stdout);
    }
    /* One place decides what the exit code says and what the text says. */
    if (runner->code == EXIT_DONE && changes && runner->options->detailed_exitcode)
        runner->code = EXIT_DIFFERENT;
}

int verb_plan(const struct options *options)
{
    struct pass_runner runner = {.report = report};

    return pass_runner_run(&runner, options);
}
