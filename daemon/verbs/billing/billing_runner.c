#include "daemon/verbs/billing/billing_runner.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/store/damaged.h"
#include "billing/store/scan_cap.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb_loop.h"
#include "daemon/views/count_text.h"
#include "daemon/views/progress_view.h"
#include "daemon/views/terminal.h"
#include "spec/account_guard.h"
#include "spec/billing_setup.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

struct billing_runner {
    const struct options *options;
    struct manifest *manifest;
    struct verb_loop loop;
    struct aws_client *client;
    struct flow *flow; /* gone when over */
    struct progress *progress;
    char *said; /* what is being done, of which pipeline */
    size_t pipeline;
    const _Atomic uint64_t *count;
    const char *unit;
    billing_turn_fn *turn;
    void *arg;
    bool over;
    int code;
};

static void note_code(struct billing_runner *runner, int code)
{
    if (code > runner->code)
        runner->code = code;
}

void billing_runner_quiet(struct billing_turn *turn)
{
    progress_view_hide(&turn->runner->progress);
}

void billing_runner_say(struct billing_turn *turn, const char *format, ...)
{
    struct billing_runner *runner = turn->runner;
    char text[256];
    va_list args;

    if (!terminal_is_live(stderr))
        return;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    progress_view_say(&runner->progress, options_color(runner->options, stderr),
                      runner->manifest->pipelines[turn->pipeline].name, text);
    free(runner->said);
    runner->said = mem_text(text);
    runner->pipeline = turn->pipeline;
}

void billing_runner_count(struct billing_turn *turn, const _Atomic uint64_t *count,
                          const char *unit)
{
    turn->runner->count = count;
    turn->runner->unit = unit;
}

static void show_count(const struct billing_runner *runner)
{
    uint64_t count = runner->count ? *runner->count : 0;
    cleanup_free char *number = count_text((json_int_t)count);
    cleanup_free char *detail = mem_printf("%s %s", number, runner->unit);

    if (count)
        progress_update(runner->progress, runner->manifest->pipelines[runner->pipeline].name,
                        runner->said, detail);
}

/* The caller's account, new text, if the spec allows it. */
static char *guarded_account(struct flow *flow, struct billing_runner *runner,
                             struct aws_session *session, struct err *e)
{
    json_auto_t *identity =
        flow_call(flow, &(struct aws_request){session, "sts", "GetCallerIdentity", NULL}, e);
    const char *account;

    if (!identity) {
        (void)err_wrap(e, "who we are is unknown");
        note_code(runner, exit_code_of_error(e));
        return NULL;
    }
    if (!account_guard_check(runner->manifest, identity, &account, e))
        return mem_text(account);
    note_code(runner, e->kind == ERR_INVALID ? EXIT_REFUSED : exit_code_of_error(e));
    return NULL;
}

static void tell(const struct billing_runner *runner, size_t pipeline, const struct err *e)
{
    if (e->kind != ERR_NONE)
        (void)fprintf(stderr, "billingd: %s: %s\n", runner->manifest->pipelines[pipeline].name,
                      runner->loop.stopped ? "stopped" : e->text);
}

/* Whatever the verb shows was asked without these. */
static void tell_damaged(const struct billing *billing)
{
    size_t i;
    json_t *object;

    if (!billing)
        return;
    json_array_foreach(damaged_objects(billing), i, object)
        (void)fprintf(stderr,
                      "billingd: %s: left out: s3://%s/%s %s; `billingd backfill` reads what is "
                      "whole in it, and the log group\n",
                      billing->pipeline, billing->names.bucket, json_text(object, "key"),
                      json_text(object, "problem"));
}

/* Off the loop: a price book of another file is its own. */
static void free_billing(void *billing)
{
    billing_free(billing);
}

static void one_turn(struct flow *flow, struct billing_runner *runner, size_t pipeline)
{
    const struct manifest_pipeline *spec = &runner->manifest->pipelines[pipeline];
    struct billing_turn turn = {runner->options, runner->manifest, pipeline, NULL,
                                runner,          runner->arg};
    struct aws_session *session =
        aws_session(runner->client, spec->region, spec->role_arn, spec->external_id);
    struct err e = {0};
    cleanup_free char *account = NULL;
    int code;

    billing_runner_say(&turn, "asking who we are");
    account = guarded_account(flow, runner, session, &e);
    if (account) {
        turn.billing = billing_setup(runner->manifest, pipeline, session, account, &e);
        code = turn.billing ? runner->turn(flow, &turn, &e) : EXIT_BAD_CONFIG;
        note_code(runner, code >= 0 ? code : exit_code_of_error(&e));
        if (code != EXIT_DONE && scan_cap_refused())
            note_code(runner, EXIT_REFUSED);
    }
    billing_runner_quiet(&turn);
    billing_runner_count(&turn, NULL, NULL);
    tell(runner, pipeline, &e);
    tell_damaged(turn.billing);
    flow_work(flow, free_billing, turn.billing);
}

bool billing_runner_is_chosen(const struct options *options, const struct manifest *manifest,
                              size_t pipeline)
{
    const char *only = options->pipeline;

    return !only || !strcmp(only, manifest->pipelines[pipeline].name);
}

static void all_turns(struct flow *flow, void *arg)
{
    struct billing_runner *runner = arg;

    for (size_t i = 0; i < runner->manifest->pipeline_count && !runner->loop.stopped; i++)
        if (billing_runner_is_chosen(runner->options, runner->manifest, i))
            one_turn(flow, runner, i);
}

static void on_end(void *arg)
{
    struct billing_runner *runner = arg;

    runner->over = true;
    verb_loop_end(&runner->loop);
}

static void on_redraw(void *arg)
{
    struct billing_runner *runner = arg;

    if (!runner->progress)
        return;
    if (runner->count)
        show_count(runner);
    progress_view_tick(runner->progress, runner->client);
}

static void on_stop(void *arg)
{
    struct billing_runner *runner = arg;

    note_code(runner, EXIT_FAILED);
    if (!runner->over)
        flow_cancel(runner->flow);
}

static void run_loop(struct billing_runner *runner)
{
    uv_loop_t *loop = &runner->loop.loop;

    verb_loop_begin(&runner->loop, on_redraw, on_stop, runner);
    runner->flow = flow_start(loop, runner->client, all_turns, on_end, runner);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    aws_client_free(runner->client);
    (void)uv_run(loop, UV_RUN_DEFAULT);
}

static void tell_unknown(const struct options *options, const struct manifest *manifest)
{
    cleanup_free const char **names = mem_new((manifest->pipeline_count + 1) * sizeof *names);
    const char *nearest;

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        names[i] = manifest->pipelines[i].name;
    nearest = str_nearest(options->pipeline, names);
    (void)fprintf(stderr, "billingd: the spec has no pipeline '%s'; %s '%s'%s\n", options->pipeline,
                  nearest ? "did you mean" : "its first is", nearest ? nearest : names[0],
                  nearest ? "?" : "");
}

bool billing_runner_choose(const struct options *options, const struct manifest *manifest,
                           bool many)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        if (options->pipeline && billing_runner_is_chosen(options, manifest, i))
            return true;
    if (options->pipeline)
        tell_unknown(options, manifest);
    else if (!many && manifest->pipeline_count > 1)
        (void)fprintf(stderr, "billingd: the spec has %zu pipelines: choose one with --pipeline\n",
                      manifest->pipeline_count);
    return !options->pipeline && (many || manifest->pipeline_count == 1);
}

int billing_runner_run(const struct options *options, bool many, billing_turn_fn *turn, void *arg)
{
    struct billing_runner runner = {.options = options, .turn = turn, .arg = arg};
    struct err e = {0};
    int code;

    runner.manifest = spec_load_strictly(options, &code);
    if (!runner.manifest)
        return code;
    if (!billing_runner_choose(options, runner.manifest, many)) {
        manifest_free(runner.manifest);
        return EXIT_BAD_USAGE;
    }
    verb_loop_init(&runner.loop);
    runner.client = aws_client_new(&runner.loop.loop, &e);
    if (runner.client) {
        aws_client_pace(runner.client, (size_t)runner.manifest->calls_per_minute);
        run_loop(&runner);
    } else {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        runner.code = EXIT_BAD_CONFIG;
    }
    (void)uv_loop_close(&runner.loop.loop);
    manifest_free(runner.manifest);
    free(runner.said);
    return runner.code;
}
