/* verb_apply.c -- plans, asks, writes, verifies; with a plan file, what was reviewed or nothing. */
#include "base/json.h"
#include "daemon/verbs/leader_look.h"
#include "daemon/verbs/pass_runner.h"
#include "daemon/verbs/plan_file.h"
#include "daemon/verbs/plan_stale.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/plan_outcome.h"
#include "daemon/views/plan_view.h"

#include <string.h>

struct apply {
    const json_t *reviewed;      /* the plan of a file; NULL: none */
    struct leader_look *leaders; /* NULL: nothing was asked of them */
};

static bool has_writes(const struct pass *pass)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (task_state(pass_task(pass, i)) == TASK_PLANNED && !task_observed(pass_task(pass, i)) &&
            (task_plan(pass_task(pass, i))->action != PLAN_NONE))
            return true;
    return false;
}

static bool has_observed(const struct pass *pass)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (task_observed(pass_task(pass, i)) &&
            (task_plan(pass_task(pass, i))->action != PLAN_NONE ||
             json_array_size(task_plan(pass_task(pass, i))->differences)))
            return true;
    return false;
}

static void refuse_stale(struct pass_runner *runner, const json_t *texts)
{
    const json_t *text;
    size_t i;

    (void)fputs(
        "billingd: the plan that was reviewed does not hold any more, nothing was written:\n",
        stderr);
    json_array_foreach((json_t *)texts, i, text)
        (void)fprintf(stderr, "  %s\n", json_string_value(text));
    (void)fputs("Make a new plan and review that.\n", stderr);
    runner->code = EXIT_REFUSED;
}

/* The plan made now is the one of the file. */
static bool still_holds(struct pass_runner *runner, const json_t *reviewed)
{
    struct err e = {0};
    json_auto_t *now = plan_file_document(runner->pass, runner->manifest, &e), *texts = NULL;

    if (!now) {
        (void)fprintf(stderr, "billingd: nothing is written: %s\n", e.text);
        return false;
    }
    texts = plan_stale(reviewed, now);
    if (!json_array_size(texts))
        return true;
    refuse_stale(runner, texts);
    return false;
}

static void show(const struct pass_runner *runner)
{
    FILE *out = runner->options->output == OUTPUT_JSON ? stderr : stdout;

    pass_runner_print_refusals(runner);
    plan_view_print_callers(runner->pass, runner->manifest, out);
    plan_view_print_pauses(runner->pass, runner->manifest, out);
    plan_view_print(runner->pass, out, options_color(runner->options, out));
    plan_outcome_print(runner->pass, out);
    (void)fflush(out);
}

/* "In sync" alone would hide what is lost although nothing is to be written. */
static void show_notes(const struct pass_runner *runner)
{
    if (runner->options->output != OUTPUT_JSON) /* which has them anyway */
        plan_view_print_notes(runner->pass, stdout, options_color(runner->options, stdout));
}

/* Who answers at a terminal has the plan before his eyes; --yes has not. */
static bool confirm(struct pass_runner *runner)
{
    size_t most, changes = pass_too_many(runner->pass, &most);

    if (changes && runner->options->yes) {
        (void)fprintf(stderr,
                      "billingd: %zu changes of what is in place are more than %zu, nothing was "
                      "written; --max-changes %zu lets them, once\n",
                      changes, most, changes);
        runner->code = EXIT_REFUSED;
        return false;
    }
    if (runner->options->yes || terminal_ask(stdin, stderr,
                                             changes ? "That is more than reconcile.max_changes. "
                                                       "Apply these changes all the same?"
                                                     : "Apply these changes?")) {
        engine_allow_changes(runner->engine, changes);
        return true;
    }
    (void)fputs("billingd: not confirmed, nothing was written; --yes confirms without a terminal\n",
                stderr);
    runner->code = EXIT_REFUSED;
    return false;
}

static struct leader_look *leaders_of(const struct pass_runner *runner)
{
    struct apply *apply = runner->arg;

    if (!apply->leaders)
        apply->leaders = leader_look_new(runner->manifest);
    return apply->leaders;
}

static void ask_leader(struct flow *flow, struct pass_runner *runner, size_t pipeline)
{
    leader_look_ask(flow, leaders_of(runner), runner->pass, pipeline);
}

static void ask_leaders(struct flow *flow, void *arg)
{
    const struct pass_runner *runner = arg;

    leader_look_rest(flow, leaders_of(runner), runner->pass);
}

static bool decide(struct pass_runner *runner)
{
    const json_t *reviewed = ((const struct apply *)runner->arg)->reviewed;

    leader_look_tell(leaders_of(runner), runner->pass);
    if (reviewed && !still_holds(runner, reviewed))
        return false;
    if (!has_writes(runner->pass)) {
        if (has_observed(runner->pass))
            show(runner); /* and nothing is sent for it */
        else
            show_notes(runner);
        return true; /* nothing is asked where nothing is written */
    }
    show(runner);
    if (runner->options->dry_run)
        return false;
    if (pass_may_not_write(runner->pass))
        return true; /* it ends before the first write */
    if (reviewed || !runner->options->yes)
        pass_bind(runner->pass); /* what was looked at is what is written */
    return confirm(runner);
}

static void report(struct pass_runner *runner)
{
    if (json_array_size(pass_stale(runner->pass)))
        refuse_stale(runner, pass_stale(runner->pass));
    if (runner->options->output == OUTPUT_JSON) {
        json_auto_t *json = plan_view_json(runner->pass, runner->manifest);

        (void)json_view_print_told(json);
    } else {
        plan_view_print_summary(runner->pass, stdout);
    }
    if ((runner->options->dry_run || has_observed(runner->pass)) && !runner->code &&
        runner->options->detailed_exitcode && plan_view_has_changes(runner->pass))
        runner->code = EXIT_DIFFERENT;
}

/* 0: not given; -1: no such number. */
static int max_changes(const struct options *options)
{
    const char *text = options->max_changes;
    bool digits = text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 6;
    int number = digits ? (int)strtol(text, NULL, 10) : 0;

    return !text ? 0 : number > 0 ? number : -1;
}

int verb_apply(const struct options *options)
{
    int most = max_changes(options);
    const char *path = options->operand;
    struct err e = {0};
    json_auto_t *reviewed = path ? plan_file_read(path, &e) : NULL;
    struct apply apply = {.reviewed = reviewed};
    struct pass_runner runner = {.ahead = ask_leader,
                                 .before = ask_leaders,
                                 .decide = decide,
                                 .report = report,
                                 .names_account = true,
                                 .arg = &apply,
                                 .max_changes = most > 0 ? (size_t)most : 0};

    if (most < 0) {
        (void)fprintf(stderr, "billingd: --max-changes '%s': choose a number, 1 to 99999\n",
                      options->max_changes);
        return EXIT_BAD_USAGE;
    }
    if (path && !reviewed) {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        return EXIT_BAD_CONFIG;
    }
    runner.code = pass_runner_run(&runner, options);
    leader_look_free(apply.leaders);
    return runner.code;
}
