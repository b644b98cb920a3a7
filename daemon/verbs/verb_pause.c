/* verb_pause.c -- asks billingd to leave something alone for a while, or no longer, or tells what
 * is left alone.  The list lies in the pipeline's bucket: state/pause.h. */
#include "aws/flow.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/verbs/verb_loop.h"
#include "daemon/views/json_view.h"
#include "daemon/views/progress_view.h"
#include "state/address.h"
#include "state/duration.h"
#include "state/pause.h"
#include "state/pause_change.h"

#include <string.h>

enum { LISTS_AT_ONCE = 16 };

/* What a pipeline has paused, as heard. */
struct pause_heard {
    json_t *pauses; /* NULL: e tells */
    struct err e;
    bool foreign; /* another account's */
};

/* One run of either verb. */
struct pausing {
    const struct options *options;
    struct manifest *manifest;
    struct verb_loop loop;
    struct aws_client *client;
    struct flow *flow;
    struct address address; /* text NULL: only listed */
    bool resume;
    int64_t seconds;
    struct progress *shown;
    struct pause_heard *heard; /* of each pipeline, while it is asked */
    json_t *listed;            /* of all pipelines */
    json_t *told;              /* each in words */
    int code;
};

/* ---- changing ---- */

static void tell_changed(const struct pausing *pausing, int64_t until_s)
{
    char until[TIMESTAMP_ROOM];

    timestamp_text(until_s, until);
    if (pausing->options->output == OUTPUT_JSON)
        return;
    if (pausing->resume)
        (void)printf("%s is not paused any more: the next look writes again\n",
                     pausing->address.text);
    else
        (void)printf("%s is paused until %s, from the next look on: it is looked at, and not "
                     "written\n",
                     pausing->address.text, until);
}

/* What a change or a list of a pipeline works with. */
static struct pause_change change_of(const struct pausing *pausing, size_t pipeline)
{
    return (struct pause_change){.client = pausing->client,
                                 .manifest = pausing->manifest,
                                 .pipeline = pipeline,
                                 .address = pausing->address.text,
                                 .reason = pausing->resume ? NULL : pausing->options->reason,
                                 .seconds = pausing->seconds};
}

static int change(struct flow *flow, struct pausing *pausing, struct err *e)
{
    struct pause_change change = change_of(pausing, pausing->address.pipeline);

    if (pause_change_write(flow, &change, e)) {
        if (change.foreign)
            pausing->code = EXIT_REFUSED;
        return -1;
    }
    progress_view_hide(&pausing->shown);
    tell_changed(pausing, change.until_s);
    return 0;
}

/* ---- listing ---- */

static void list_one(struct flow *flow, void *arg, size_t index)
{
    struct pausing *pausing = arg;
    struct pause_heard *heard = &pausing->heard[index];
    struct pause_change change = change_of(pausing, index);

    heard->pauses = pause_change_list(flow, &change, &heard->e);
    heard->foreign = change.foreign;
}

static void take(struct pausing *pausing, size_t index, const json_t *pauses)
{
    const struct manifest_pipeline *pipeline = &pausing->manifest->pipelines[index];
    json_t *pause;
    size_t i;

    json_array_foreach(pauses, i, pause) {
        cleanup_free char *told = pause_told(pause, pipeline);

        json_object_set_new(pause, "in_force",
                            json_boolean(pause_is_in_force(pause, clock_agreed_ms() / 1000)));
        json_object_set_new(pause, "binds", json_boolean(pause_binds(pause, pipeline)));
        json_array_append(pausing->listed, pause);
        json_array_append_new(pausing->told, json_string(told));
    }
}

static void print_list(const struct pausing *pausing)
{
    const json_t *pause;
    size_t i, shown = 0;

    json_array_foreach(pausing->listed, i, pause) {
        if (!json_is_true(json_object_get(pause, "in_force")))
            continue;
        (void)printf("%s: %s\n", json_text(pause, "address"),
                     json_string_value(json_array_get(pausing->told, i)));
        shown++;
    }
    if (!shown && !pausing->code)
        (void)puts("Nothing is paused.");
}

static void fail(struct pausing *pausing, size_t pipeline, const struct err *e)
{
    progress_view_hide(&pausing->shown);
    (void)fprintf(stderr, "billingd: %s: %s\n", pausing->manifest->pipelines[pipeline].name,
                  pausing->loop.stopped ? "stopped" : e->text);
    if (!pausing->code)
        pausing->code = exit_code_of_error(e);
}

/* In the order of the spec, whoever answered first. */
static void list_all(struct flow *flow, struct pausing *pausing)
{
    size_t count = pausing->manifest->pipeline_count;
    bool stopped = false;

    pausing->heard = mem_new(count * sizeof *pausing->heard);
    flow_each(flow, count, LISTS_AT_ONCE, list_one, pausing);
    progress_view_hide(&pausing->shown);
    for (size_t i = 0; i < count; i++) {
        struct pause_heard *heard = &pausing->heard[i];

        if (heard->foreign)
            pausing->code = EXIT_REFUSED;
        if (heard->pauses)
            take(pausing, i, heard->pauses);
        else if (heard->e.kind != ERR_CANCELLED || !stopped)
            fail(pausing, i, &heard->e); /* so are all others */
        stopped = stopped || heard->e.kind == ERR_CANCELLED;
        json_decref(heard->pauses);
    }
    free(pausing->heard);
}

static void print(const struct pausing *pausing)
{
    json_auto_t *json = NULL;

    if (pausing->options->output != OUTPUT_JSON) {
        print_list(pausing);
        return;
    }
    json = json_pack("{s:s, s:O, s:b}", "format_version", JSON_FORMAT_VERSION, "pauses",
                     pausing->listed, "complete", !pausing->code);
    (void)json_view_print_told(json);
}

static void run(struct flow *flow, void *arg)
{
    struct pausing *pausing = arg;
    struct err e = {0};

    progress_view_say(&pausing->shown, options_color(pausing->options, stderr), "pauses",
                      pausing->address.text ? "changing them" : "reading them");
    if (pausing->address.text && change(flow, pausing, &e)) {
        fail(pausing, pausing->address.pipeline, &e);
        return;
    }
    if (!pausing->address.text || pausing->options->output == OUTPUT_JSON) {
        list_all(flow, pausing);
        print(pausing);
    }
}

/* ---- from start to end ---- */

static void on_end(void *arg)
{
    verb_loop_end(&((struct pausing *)arg)->loop);
}

static void on_redraw(void *arg)
{
    const struct pausing *pausing = arg;

    progress_view_tick(pausing->shown, pausing->client);
}

static void on_stop(void *arg)
{
    struct pausing *pausing = arg;

    flow_cancel(pausing->flow);
}

static void run_loop(struct pausing *pausing)
{
    uv_loop_t *loop = &pausing->loop.loop;

    verb_loop_begin(&pausing->loop, on_redraw, on_stop, pausing);
    pausing->flow = flow_start(loop, pausing->client, run, on_end, pausing);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    aws_client_free(pausing->client);
    (void)uv_run(loop, UV_RUN_DEFAULT);
}

static int start(struct pausing *pausing)
{
    struct err e = {0};

    verb_loop_init(&pausing->loop);
    pausing->client = aws_client_new(&pausing->loop.loop, &e);
    if (pausing->client) {
        aws_client_pace(pausing->client, (size_t)pausing->manifest->calls_per_minute);
        run_loop(pausing);
    } else {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        pausing->code = EXIT_BAD_CONFIG;
    }
    (void)uv_loop_close(&pausing->loop.loop);
    return pausing->code;
}

/* What was paused may have left the spec meanwhile. */
static int find_address(struct pausing *pausing, struct err *e)
{
    const char *text = pausing->options->operand;

    return pausing->resume ? address_find_former(pausing->manifest, text, &pausing->address, e)
                           : address_find(pausing->manifest, text, &pausing->address, e);
}

static int run_with(struct pausing *pausing)
{
    const struct options *options = pausing->options;
    struct err e = {0};
    int code;

    pausing->manifest = spec_load_strictly(options, &code);
    if (!pausing->manifest)
        return code;
    code = EXIT_BAD_USAGE;
    pausing->listed = json_array();
    pausing->told = json_array();
    if (options->operand && find_address(pausing, &e)) {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
    } else {
        if (pausing->address.field)
            (void)fprintf(stderr, "billingd: a pause is of a resource, not of a field: %s\n",
                          pausing->address.text);
        else
            code = start(pausing);
    }
    address_fini(&pausing->address);
    json_decref(pausing->listed);
    json_decref(pausing->told);
    manifest_free(pausing->manifest);
    return code;
}

/* NULL: the words of `pause ADDRESS` are right. */
static const char *wrong_words(const struct options *options, int64_t *seconds)
{
    if (!options->reason || !options->reason[strspn(options->reason, " \t")])
        return "pause ADDRESS needs --reason, for who finds it: --reason \"moving the bucket\"";
    if (strlen(options->reason) > PAUSE_REASON)
        return "--reason is longer than 500 bytes";
    if (!options->for_use)
        return "pause ADDRESS needs --for, after which it ends by itself: --for 4h";
    *seconds = duration_seconds(options->for_use);
    if (*seconds < 0)
        return "--for is no duration: a number with s, m, h or d, like 4h";
    return *seconds > PAUSE_MOST_S
               ? "--for is at most 30d: what is left alone for longer is mode: observe in the spec"
               : NULL;
}

int verb_pause(const struct options *options)
{
    struct pausing pausing = {.options = options, .resume = !strcmp(options->verb->name, "resume")};
    const char *wrong = NULL;

    if (pausing.resume)
        return run_with(&pausing);
    if (options->operand)
        wrong = wrong_words(options, &pausing.seconds);
    else if (options->reason || options->for_use)
        wrong = "--reason and --for need an ADDRESS: what is to be paused";
    if (wrong) {
        (void)fprintf(stderr, "billingd: %s\n", wrong);
        return EXIT_BAD_USAGE;
    }
    return run_with(&pausing);
}
