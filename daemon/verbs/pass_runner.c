#include "daemon/verbs/pass_runner.h"

#include "base/mem.h"
#include "daemon/verbs/spec_load.h"

#include <string.h>

static void on_task(void *arg, const struct pass *pass, const struct task *task)
{
    struct pass_runner *runner = arg;

    (void)pass;
    progress_view_task(&runner->progress, task);
}

static void go_on(void *arg)
{
    struct pass_runner *runner = arg;
    struct pass *pass = runner->pass;

    if (!runner->decide || runner->loop.stopped) {
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

/* What is asked beside the pass; pipeline: of those that are asked ahead. */
struct pass_question {
    struct pass_runner *runner;
    struct flow *flow;
    size_t pipeline;
    LIST_ENTRY(pass_question) next;
};

static void end_loop(struct pass_runner *runner)
{
    verb_loop_end(&runner->loop);
    uv_stop(&runner->loop.loop); /* a read that nobody waits for any more is not waited for */
}

static void on_answered(void *arg)
{
    struct pass_question *question = arg;
    struct pass_runner *runner = question->runner;

    LIST_REMOVE(question, next);
    free(question);
    if (!LIST_EMPTY(&runner->questions))
        return;
    if (runner->over)
        end_loop(runner);
    else if (runner->planned && !runner->done)
        go_on(runner);
}

static void ask(struct pass_runner *runner, size_t pipeline, flow_fn *fn)
{
    struct pass_question *question = mem_new(sizeof *question);

    *question = (struct pass_question){.runner = runner, .pipeline = pipeline};
    LIST_INSERT_HEAD(&runner->questions, question, next);
    question->flow = flow_start(&runner->loop.loop, runner->client, fn, on_answered, question);
}

static void ask_ahead(struct flow *flow, void *arg)
{
    const struct pass_question *question = arg;

    question->runner->ahead(flow, question->runner, question->pipeline);
}

static void ask_before(struct flow *flow, void *arg)
{
    const struct pass_question *question = arg;

    question->runner->before(flow, question->runner);
}

static void on_differs(void *arg, struct pass *pass, size_t pipeline)
{
    struct pass_runner *runner = arg;

    (void)pass;
    if (runner->ahead && !runner->loop.stopped)
        ask(runner, pipeline, ask_ahead);
}

static void on_read(void *arg, struct pass *pass)
{
    struct pass_runner *runner = arg;

    runner->pass = pass;
    if (runner->before && !runner->loop.stopped)
        ask(runner, 0, ask_before);
}

static void on_planned(void *arg, struct pass *pass)
{
    struct pass_runner *runner = arg;

    (void)pass;
    runner->planned = true;
    if (LIST_EMPTY(&runner->questions))
        go_on(runner);
}

static void on_looked(void *arg)
{
    struct pass_runner *runner = arg;

    progress_view_end(&runner->progress);
    runner->over = true;
    runner->report(runner);
    if (LIST_EMPTY(&runner->questions))
        end_loop(runner);
}

/* They read the pass, which goes with the loop. */
static void give_up_questions(const struct pass_runner *runner)
{
    const struct pass_question *question;

    LIST_FOREACH(question, &runner->questions, next)
    flow_cancel(question->flow);
}

static void on_done(void *arg, struct pass *pass)
{
    struct pass_runner *runner = arg;

    runner->done = true;
    give_up_questions(runner);
    progress_view_end(&runner->progress);
    if (!runner->code)
        runner->code = exit_code_of_pass(pass, runner->manifest);
    pass_runner_print_refusals(runner);
    verb_loop_may_die(&runner->loop);
    if (runner->look)
        (void)flow_start(&runner->loop.loop, runner->client, runner->look, on_looked, runner);
    else
        on_looked(runner);
}

static void on_redraw(void *arg)
{
    struct pass_runner *runner = arg;

    progress_view_tick(runner->progress.progress, runner->client);
}

static void on_stop(void *arg)
{
    struct pass_runner *runner = arg;

    (void)fputs("billingd: stopping; a write under way is finished first\n", stderr);
    aws_client_pace(runner->client, 0); /* who stops waits for nothing */
    pass_stop(runner->pass);
}

static size_t resource_count(const struct manifest *manifest)
{
    size_t count = 0;

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        count += manifest->pipelines[i].resource_count;
    return count;
}

static void run_pass(struct pass_runner *runner)
{
    const struct pass_events events = {on_task, on_differs, on_read, on_planned, on_done, runner};

    verb_loop_begin(&runner->loop, on_redraw, on_stop, runner);
    progress_view_start(&runner->progress, resource_count(runner->manifest),
                        options_color(runner->options, stderr));
    runner->engine = engine_new(&runner->loop.loop, runner->client, runner->manifest);
    engine_skip_pass_role_check(runner->engine, runner->options->skip_pass_role_check);
    if (runner->max_changes)
        engine_allow_changes(runner->engine, runner->max_changes);
    engine_ask_alias(runner->engine, runner->names_account);
    engine_keep_documents(runner->engine, runner->documents);
    engine_expect_apply(runner->engine, runner->decide && runner->options->yes);
    runner->pass = engine_start(runner->engine, &events);
    (void)uv_run(&runner->loop.loop, UV_RUN_DEFAULT);
    engine_free(runner->engine);
    aws_client_free(runner->client);
    (void)uv_run(&runner->loop.loop, UV_RUN_DEFAULT);
}

int pass_runner_run(struct pass_runner *runner, const struct options *options)
{
    struct err e = {0};
    int code;

    runner->options = options;
    runner->manifest = spec_load_strictly(options, &code);
    if (!runner->manifest)
        return code;
    if (runner->check && !runner->check(runner)) {
        manifest_free(runner->manifest);
        return runner->code;
    }
    verb_loop_init(&runner->loop);
    runner->client = aws_client_new(&runner->loop.loop, &e);
    if (runner->client) {
        aws_client_pace(runner->client, (size_t)runner->manifest->calls_per_minute);
        if (runner->observe)
            aws_client_observe(runner->client, runner->observe, runner);
        run_pass(runner);
    } else {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        runner->code = EXIT_BAD_CONFIG;
    }
    (void)uv_loop_close(&runner->loop.loop);
    manifest_free(runner->manifest);
    return runner->code;
}

void pass_runner_print_refusals(const struct pass_runner *runner)
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
