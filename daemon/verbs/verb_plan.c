/* verb_plan.c -- looks and tells; writes nothing. */
#include "daemon/verbs/pass_runner.h"
#include "daemon/verbs/plan_file.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/plan_outcome.h"
#include "daemon/views/plan_view.h"

/* With --out; the plan itself is shown all the same. */
static void keep(struct pass_runner *runner)
{
    const char *path = runner->options->out;
    struct err e = {0};
    json_auto_t *document = NULL;

    if (!path)
        return;
    document = plan_file_document(runner->pass, runner->manifest, &e);
    if (document && !plan_file_write(path, document, &e)) {
        (void)fprintf(stderr, "billingd: the plan is in %s: `billingd apply %s` carries it out\n",
                      path, path);
        return;
    }
    (void)fprintf(stderr, "billingd: %s\n", e.text);
    if (!runner->code)
        runner->code = EXIT_FAILED;
}

static void report(struct pass_runner *runner)
{
    struct pass *pass = runner->pass;
    bool changes = plan_view_has_changes(pass);

    keep(runner);
    if (runner->options->output == OUTPUT_JSON) {
        json_auto_t *json = plan_view_json(pass, runner->manifest);

        (void)json_view_print_told(json);
    } else {
        plan_view_print_callers(pass, runner->manifest, stdout);
        plan_view_print_pauses(pass, runner->manifest, stdout);
        plan_view_print(pass, stdout, options_color(runner->options, stdout));
        if (runner->options->verbose)
            plan_view_print_ignored(pass, stdout, options_color(runner->options, stdout));
        plan_outcome_print(pass, stdout);
        if (!changes && !runner->code)
            (void)puts(plan_view_loses(pass)
                           ? "Nothing to change by the spec, and not all is well: the notes say "
                             "what loses or misreads events, or may."
                           : "Nothing to change: AWS is as the spec says.");
        plan_view_print_summary(pass, stdout);
    }
    /* One place decides what the exit code says and what the text says. */
    if (runner->code == EXIT_DONE && changes && runner->options->detailed_exitcode)
        runner->code = EXIT_DIFFERENT;
}

int verb_plan(const struct options *options)
{
    struct pass_runner runner = {.report = report, .names_account = true};

    return pass_runner_run(&runner, options);
}
