/* verb_pause.c -- asks billingd to leave something alone for a while, or no longer, or tells what
 * is left alone.  The list lies in the pipeline's bucket: state/pause.h. */
#include "aws/flow.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/verbs/address.h"
#include "daemon/verbs/duration.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/verbs/verb_loop.h"
#include "daemon/views/json_view.h"
#include "spec/account_guard.h"
#include "state/pause.h"
#include "state/state_object.h"

#include <string.h>

enum { TRIES = 8, PAUSE_MS = 250, REASON_MOST = 500 };

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
    json_t *listed; /* of all pipelines */
    int code;
};

/* A pipeline's list, and where it lies. */
struct listing {
    struct aws_session *session;
    json_t *place;
    char *caller;
};

static void listing_fini(struct listing *listing)
{
    json_decref(listing->place);
    free(listing->caller);
}

static int find_listing(struct flow *flow, struct pausing *pausing, size_t index,
                        struct listing *listing, struct err *e)
{
    const struct manifest_pipeline *spec = &pausing->manifest->pipelines[index];
    json_auto_t *identity = NULL, *facts = NULL, *desired = NULL;
    const char *account, *bucket;

    *listing = (struct listing){
        .session = aws_session(pausing->client, spec->region, spec->role_arn, spec->external_id)};
    identity = flow_call(
        flow, &(struct aws_request){listing->session, "sts", "GetCallerIdentity", NULL}, e);
    if (!identity)
        return err_wrap(e, "who we are is unknown");
    if (account_guard_check(pausing->manifest, identity, &account, e)) {
        pausing->code = e->kind == ERR_INVALID ? EXIT_REFUSED : EXIT_FAILED;
        return -1;
    }
    facts = manifest_resolve_facts(spec, account);
    json_object_set_new(facts, "account", json_string(account));
    desired = manifest_resolve(spec, facts);
    bucket = state_object_bucket(spec, desired);
    if (!bucket)
        return err_set(e, ERR_INVALID,
                       "it has no resource `bucket`, where pauses are kept; use mode: observe");
    listing->place = state_object_place(bucket, spec->name, "pauses", account);
    listing->caller = mem_text(json_text(identity, "Arn"));
    return 0;
}

/* ---- changing ---- */

static json_t *new_pause(const struct pausing *pausing, const char *caller)
{
    int64_t now_s = clock_agreed_ms() / 1000;

    return json_pack("{s:s, s:s, s:s, s:I, s:I}", "address", pausing->address.text, "reason",
                     pausing->options->reason, "by", caller, "since", (json_int_t)now_s, "until",
                     (json_int_t)(now_s + pausing->seconds));
}

static bool has_pause(const json_t *pauses, const char *address)
{
    const json_t *pause;
    size_t i;

    json_array_foreach((json_t *)pauses, i, pause)
        if (!strcmp(json_text(pause, "address"), address) &&
            pause_is_in_force(pause, clock_agreed_ms() / 1000))
            return true;
    return false;
}

/* 1: done; 0: somebody else wrote meanwhile. */
static int change_once(struct flow *flow, struct pausing *pausing, const struct listing *listing,
                       struct err *e)
{
    const char *address = pausing->address.text;
    struct state_object object;
    json_auto_t *pauses = NULL, *pause = NULL, *document = NULL;
    int result = -1;

    if (state_object_read(flow, listing->session, listing->place, &object, e))
        return err_wrap(e, "what is paused is not known");
    pauses = pause_list(object.value, e);
    if (!pauses)
        (void)err_wrap(e, "what is paused is not known");
    if (pauses && pausing->resume && !has_pause(pauses, address)) {
        (void)err_set(e, ERR_ABSENT, "%s is not paused%s", address,
                      pause_find(pauses, address, clock_agreed_ms() / 1000)
                          ? " by itself: its pipeline is"
                          : "");
    } else if (pauses) {
        pause = pausing->resume ? NULL : new_pause(pausing, listing->caller);
        document = pause_document(pauses, address, pause, clock_agreed_ms() / 1000);
        result = state_object_write(flow, listing->session, listing->place, &object, document, e);
    }
    state_object_fini(&object);
    return result;
}

static void tell_changed(const struct pausing *pausing)
{
    char until[TIMESTAMP_ROOM];

    timestamp_text(clock_agreed_ms() / 1000 + pausing->seconds, until);
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

static int change(struct flow *flow, struct pausing *pausing, struct err *e)
{
    struct listing listing;
    int changed = find_listing(flow, pausing, pausing->address.pipeline, &listing, e);

    for (int i = 0; !changed && i < TRIES; i++) {
        changed = change_once(flow, pausing, &listing, e);
        if (!changed && flow_sleep(flow, PAUSE_MS, e))
            changed = -1;
    }
    if (!changed)
        changed = err_set(e, ERR_RETRY, "others keep writing the list of pauses: try again");
    listing_fini(&listing);
    if (changed > 0)
        tell_changed(pausing);
    return changed > 0 ? 0 : -1;
}

/* ---- listing ---- */

static int list_one(struct flow *flow, struct pausing *pausing, size_t index, struct err *e)
{
    struct listing listing;
    struct state_object object = {0};
    json_auto_t *pauses = NULL;
    json_t *pause;
    size_t i;
    int failed = find_listing(flow, pausing, index, &listing, e);

    if (!failed)
        failed = state_object_read(flow, listing.session, listing.place, &object, e);
    if (!failed)
        pauses = pause_list(object.value, e);
    state_object_fini(&object);
    listing_fini(&listing);
    json_array_foreach(pauses, i, pause) {
        bool holds = pause_is_in_force(pause, clock_agreed_ms() / 1000);

        json_object_set_new(pause, "in_force", json_boolean(holds));
        json_array_append(pausing->listed, pause);
    }
    return pauses ? 0 : err_wrap(e, "what is paused is not known");
}

static void print_list(const struct pausing *pausing)
{
    const json_t *pause;
    size_t i, shown = 0;

    json_array_foreach(pausing->listed, i, pause) {
        cleanup_free char *text = pause_text(pause);

        if (!json_is_true(json_object_get(pause, "in_force")))
            continue;
        (void)printf("%s: %s\n", json_text(pause, "address"), text);
        shown++;
    }
    if (!shown && !pausing->code)
        (void)puts("Nothing is paused.");
}

static void fail(struct pausing *pausing, size_t pipeline, const struct err *e)
{
    (void)fprintf(stderr, "billingd: %s: %s\n", pausing->manifest->pipelines[pipeline].name,
                  pausing->loop.stopped ? "stopped" : e->text);
    if (!pausing->code)
        pausing->code = exit_code_of_error(e);
}

static void run(struct flow *flow, void *arg)
{
    struct pausing *pausing = arg;
    struct err e = {0};

    if (pausing->address.text && change(flow, pausing, &e)) {
        fail(pausing, pausing->address.pipeline, &e);
        return;
    }
    if (pausing->address.text && pausing->options->output != OUTPUT_JSON)
        return;
    for (size_t i = 0; i < pausing->manifest->pipeline_count; i++) {
        struct err failed = {0};

        if (list_one(flow, pausing, i, &failed))
            fail(pausing, i, &failed);
    }
    if (pausing->options->output == OUTPUT_JSON) {
        json_auto_t *json = json_pack("{s:s, s:O, s:b}", "format_version", JSON_FORMAT_VERSION,
                                      "pauses", pausing->listed, "complete", !pausing->code);

        (void)json_view_print(json);
    } else {
        print_list(pausing);
    }
}

/* ---- from start to end ---- */

static void on_end(void *arg)
{
    verb_loop_end(&((struct pausing *)arg)->loop);
}

static void on_redraw(void *arg)
{
    (void)arg;
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
        run_loop(pausing);
    } else {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        pausing->code = EXIT_BAD_CONFIG;
    }
    (void)uv_loop_close(&pausing->loop.loop);
    return pausing->code;
}

static int run_with(struct pausing *pausing)
{
    const struct options *options = pausing->options;
    int code;

    pausing->manifest = spec_load_strictly(options, &code);
    if (!pausing->manifest)
        return code;
    code = EXIT_BAD_USAGE;
    pausing->listed = json_array();
    if (!options->operand ||
        !address_find(pausing->manifest, options->operand, &pausing->address)) {
        if (pausing->address.field)
            (void)fprintf(stderr, "billingd: a pause is of a resource, not of a field: %s\n",
                          pausing->address.text);
        else
            code = start(pausing);
    }
    address_fini(&pausing->address);
    json_decref(pausing->listed);
    manifest_free(pausing->manifest);
    return code;
}

/* NULL: the words of `pause ADDRESS` are right. */
static const char *wrong_words(const struct options *options, int64_t *seconds)
{
    if (!options->reason || !options->reason[strspn(options->reason, " \t")])
        return "pause ADDRESS needs --reason, for who finds it: --reason \"moving the bucket\"";
    if (strlen(options->reason) > REASON_MOST)
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
    struct pausing pausing = {.options = options,
                              .resume = !strcmp(options->verb->name, "resume")};
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
