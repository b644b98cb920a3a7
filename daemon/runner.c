#include "daemon/runner.h"

#include "daemon/spec.h"

#include <string.h>

static void close_timers(struct runner *runner)
{
    uv_close((uv_handle_t *)&runner->redraw, NULL);
    uv_close((uv_handle_t *)&runner->interrupt, NULL);
    uv_close((uv_handle_t *)&runner->terminate, NULL);
}

static void on_task(void *arg, const struct pass *pass, const struct task *task)
{
    struct runner *runner = arg;

    (void)pass;
    progress_view_task(&runner->progress, task);
}

static void on_planned(void *arg, struct pass *pass)
{
    struct runner *runner = arg;

    if (!runner->decide || runner->stopped) {
        pass_finish(pass);
        return;
    }
    progress_view_end(&runner->progress);
    if (!runner->decide(runner)) {
        pass_finish(pass);
        return;
    }
    runner->progress.applying = true;
    progress_view_start(&runner->progress, pass_task_count(pass),
                        options_color(runner->options, stderr));
    pass_apply(pass);
}

static void on_done(void *arg, struct pass *pass)
{
    struct runner *runner = arg;

    (void)pass;
    progress_view_end(&runner->progress);
    if (!runner->code)
        runner->code = runner_code(pass, runner->manifest);
    runner_print_refusals(runner);
    if (runner->report)
        runner->report(runner);
    close_timers(runner);
}

static void on_redraw(uv_timer_t *timer)
{
    struct runner *runner = timer->data;

    if (runner->progress.progress)
        progress_tick(runner->progress.progress);
}

/* The second signal means it: leave at once. */
static void on_signal(uv_signal_t *handle, int number)
{
    struct runner *runner = handle->data;

    if (runner->stopped)
        _Exit(128 + number);
    runner->stopped = true;
    (void)fputs("billingd: stopping; a write under way is finished first\n", stderr);
    pass_stop(runner->pass);
}

static void start_handles(struct runner *runner)
{
    (void)uv_timer_init(&runner->loop, &runner->redraw);
    (void)uv_signal_init(&runner->loop, &runner->interrupt);
    (void)uv_signal_init(&runner->loop, &runner->terminate);
    runner->redraw.data = runner->interrupt.data = runner->terminate.data = runner;
    (void)uv_timer_start(&runner->redraw, on_redraw, 200, 200);
    (void)uv_signal_start(&runner->interrupt, on_signal, SIGINT);
    (void)uv_signal_start(&runner->terminate, on_signal, SIGTERM);
}

static size_t resource_count(const struct manifest *manifest)
{
    size_t count = 0;

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        count += manifest->pipelines[i].resource_count;
    return count;
}

static void run_pass(struct runner *runner)
{
    struct pass_events events = {on_task, on_planned, on_done, runner};

    start_handles(runner);
    progress_view_start(&runner->progress, resource_count(runner->manifest),
                        options_color(runner->options, stderr));
    runner->engine = engine_new(&runner->loop, runner->client, runner->manifest);
    runner->pass = engine_start(runner->engine, &events);
    (void)uv_run(&runner->loop, UV_RUN_DEFAULT);
    engine_free(runner->engine);
    aws_client_free(runner->client);
    (void)uv_run(&runner->loop, UV_RUN_DEFAULT);
}

int runner_run(struct runner *runner, const struct options *options)
{
    struct err e = {0};
    size_t warnings;
    int code;

    runner->options = options;
    runner->manifest = spec_load(options, &code, &warnings);
    if (!runner->manifest)
        return code;
    (void)uv_loop_init(&runner->loop);
    runner->client = aws_client_new(&runner->loop, &e);
    if (runner->client) {
        run_pass(runner);
    } else {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        runner->code = EXIT_BAD_CONFIG;
    }
    (void)uv_loop_close(&runner->loop);
    manifest_free(runner->manifest);
    return runner->code;
}

int runner_code(const struct pass *pass, const struct manifest *manifest)
{
    struct pass_summary summary;
    bool denied = false, invalid = false;

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
    if (summary.failed || summary.blocked || summary.retry || summary.settling ||
        (summary.refused && !denied))
        return EXIT_FAILED;
    return denied || summary.denied ? EXIT_DENIED : EXIT_DONE;
}

void runner_print_refusals(const struct runner *runner)
{
    const struct pass *pass = runner->pass;
    size_t i;
    json_t *text;

    for (i = 0; i < runner->manifest->pipeline_count; i++) {
        enum err_kind kind;
        const char *refused = pass_refused(pass, i, &kind);

        if (refused)
            (void)fprintf(stderr, "billingd: %s: %s\n", runner->manifest->pipelines[i].name,
                          refused);
    }
    json_array_foreach(pass_warnings(pass), i, text)
        (void)fprintf(stderr, "warning: %s\n", json_string_value(text));
}
