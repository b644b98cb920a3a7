/* verb_status.c -- how every resource is, and whether usage really arrives.  Reads only. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "daemon/data_flow/data_flow.h"
#include "daemon/verbs/runner.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/plan_view.h"
#include "daemon/views/status_view.h"

#include <string.h>

struct status;

struct status_pipeline {
    struct status *status;
    struct data_flow *flow;
    size_t index;
};

struct status {
    struct runner *runner;
    struct status_pipeline *pipelines;
    size_t left;
    json_t *flows; /* per pipeline, null where it was refused */
    struct progress *progress;
    uv_timer_t redraw;
};

static bool has_failed(const json_t *flows, bool *denied)
{
    static const char *const looks[] = {"newest_object", "undelivered", "error_log"};
    bool failed = false;
    size_t i, j;
    json_t *pipeline, *flow;

    json_array_foreach(flows, i, pipeline)
        json_array_foreach(pipeline, j, flow)
            for (size_t k = 0; k < sizeof looks / sizeof *looks; k++) {
                const json_t *look = json_object_get(flow, looks[k]);

                if (!json_text(look, "error"))
                    continue;
                failed = true;
                *denied = *denied || json_is_true(json_object_get(look, "denied"));
            }
    return failed;
}

static int exit_code(const struct status *status)
{
    const struct runner *runner = status->runner;
    bool denied = false;

    if (runner->code)
        return runner->code;
    if (has_failed(status->flows, &denied))
        return denied ? EXIT_DENIED : EXIT_FAILED;
    return runner->options->detailed_exitcode && plan_view_has_changes(runner->pass)
               ? EXIT_DIFFERENT
               : EXIT_DONE;
}

static void print(const struct status *status)
{
    const struct runner *runner = status->runner;
    json_auto_t *json = status_view_json(runner->pass, runner->manifest, status->flows);

    if (runner->options->output == OUTPUT_JSON) {
        (void)json_dumpf(json, stdout, JSON_INDENT(2));
        (void)fputc('\n', stdout);
        return;
    }
    status_view_print(json, clock_now_ms(), stdout, options_color(runner->options, stdout));
    plan_view_print_summary(runner->pass, stdout);
}

static void end(struct status *status)
{
    progress_end(status->progress);
    uv_close((uv_handle_t *)&status->redraw, NULL);
    print(status);
    status->runner->code = exit_code(status);
    for (size_t i = 0; i < status->runner->manifest->pipeline_count; i++)
        data_flow_free(status->pipelines[i].flow);
    free(status->pipelines);
    json_decref(status->flows);
}

static void on_flow(void *arg, const json_t *flows)
{
    struct status_pipeline *pipeline = arg;
    struct status *status = pipeline->status;

    json_array_set(status->flows, pipeline->index, (json_t *)flows);
    if (status->progress)
        progress_done(status->progress, status->runner->manifest->pipelines[pipeline->index].name,
                      PROGRESS_UNCHANGED, NULL);
    if (!--status->left)
        end(status); /* frees the flow that called: it is done with itself */
}

static void on_redraw(uv_timer_t *timer)
{
    struct status *status = timer->data;

    if (status->progress)
        progress_tick(status->progress);
}

static void start_flow(struct status *status, size_t index)
{
    struct runner *runner = status->runner;
    struct status_pipeline *pipeline = &status->pipelines[index];
    enum err_kind kind;

    *pipeline = (struct status_pipeline){.status = status, .index = index};
    json_array_append_new(status->flows, json_null());
    if (pass_refused(runner->pass, index, &kind))
        return;
    status->left++;
    if (status->progress)
        progress_update(status->progress, runner->manifest->pipelines[index].name, "looking",
                        "at objects and the error log");
    pipeline->flow =
        data_flow_start(&runner->loop.loop, runner->client, runner->pass, index, on_flow, pipeline);
}

/* The pass is done; it stays valid until the loop has nothing left to do. */
static void report(struct runner *runner)
{
    struct status *status = runner->arg;
    size_t count = runner->manifest->pipeline_count;

    status->runner = runner;
    status->flows = json_array();
    status->pipelines = mem_new((count + 1) * sizeof *status->pipelines);
    if (terminal_is_live(stderr))
        status->progress = progress_start(stderr, count, options_color(runner->options, stderr));
    (void)uv_timer_init(&runner->loop.loop, &status->redraw);
    status->redraw.data = status;
    (void)uv_timer_start(&status->redraw, on_redraw, 200, 200);
    for (size_t i = 0; i < count; i++)
        start_flow(status, i);
    if (!status->left)
        end(status);
}

int verb_status(const struct options *options)
{
    struct status status = {0};
    struct runner runner = {.report = report, .arg = &status};

    return runner_run(&runner, options);
}
