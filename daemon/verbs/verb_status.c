/* verb_status.c -- how every resource is, and whether usage really arrives.  Reads only. */
#include "base/clock.h"
#include "base/json.h"
#include "daemon/data_flow/data_flow.h"
#include "daemon/data_flow/usage_look.h"
#include "daemon/verbs/pass_runner.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/plan_view.h"
#include "daemon/views/status_view.h"
#include "daemon/views/terminal.h"

static bool is_failure(const json_t *look, bool *denied)
{
    if (!json_text(look, "error"))
        return false;
    *denied = *denied || json_is_true(json_object_get(look, "denied"));
    return true;
}

static bool has_failed(const json_t *looks, bool *denied)
{
    static const char *const names[] = {"newest_object", "undelivered", "error_log"};
    bool failed = false;
    size_t i, j;
    json_t *pipeline, *flow;

    json_array_foreach(looks, i, pipeline) {
        failed = is_failure(json_object_get(pipeline, "usage"), denied) || failed;
        json_array_foreach(json_object_get(pipeline, "data_flow"), j, flow)
            for (size_t k = 0; k < sizeof names / sizeof *names; k++)
                failed = is_failure(json_object_get(flow, names[k]), denied) || failed;
    }
    return failed;
}

static int code_of(const struct pass_runner *runner, const json_t *looks)
{
    bool denied = false;

    if (runner->code)
        return runner->code;
    if (has_failed(looks, &denied))
        return denied ? EXIT_DENIED : EXIT_FAILED;
    return runner->options->detailed_exitcode && plan_view_has_changes(runner->pass)
               ? EXIT_DIFFERENT
               : EXIT_DONE;
}

static void print(const struct pass_runner *runner, const json_t *looks)
{
    json_auto_t *json = status_view_json(runner->pass, runner->manifest, looks);

    if (runner->options->output == OUTPUT_JSON) {
        (void)json_view_print_told(json);
        return;
    }
    plan_view_print_pauses(runner->pass, runner->manifest, stdout);
    status_view_print(json, clock_now_ms(), stdout, options_color(runner->options, stdout));
    plan_view_print_summary(runner->pass, stdout);
}

static void report(struct pass_runner *runner)
{
    const json_t *looks = runner->arg;

    print(runner, looks);
    runner->code = code_of(runner, looks);
}

static void look_at_pipeline(struct flow *flow, void *arg, size_t index)
{
    struct pass_runner *runner = arg;
    struct progress *progress = runner->progress.progress;
    const char *name = runner->manifest->pipelines[index].name;
    enum err_kind kind;

    if (pass_refused(runner->pass, index, &kind))
        return;
    if (progress)
        progress_update(progress, name, "looking at objects, the error log and rollups", NULL);
    json_array_set_new(runner->arg, index,
                       json_pack("{s:o, s:o}", "data_flow",
                                 data_flow_look(flow, runner->pass, index), "usage",
                                 usage_look(flow, runner->manifest, runner->pass, index)));
    if (progress)
        progress_done(progress, name, PROGRESS_UNCHANGED, NULL);
}

/* All pipelines side by side. */
static void look(struct flow *flow, void *arg)
{
    struct pass_runner *runner = arg;
    size_t count = runner->manifest->pipeline_count;

    for (size_t i = 0; i < count; i++)
        json_array_append_new(runner->arg, json_null());
    if (terminal_is_live(stderr))
        progress_view_start(&runner->progress, count, options_color(runner->options, stderr));
    flow_each(flow, count, count, look_at_pipeline, runner);
}

int verb_status(const struct options *options)
{
    /* Per pipeline what data_flow_look and usage_look saw; null where it was refused. */
    json_auto_t *looks = json_array();
    struct pass_runner runner = {.look = look, .report = report, .documents = true, .arg = looks};

    return pass_runner_run(&runner, options);
}
