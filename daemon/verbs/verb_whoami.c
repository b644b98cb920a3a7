/* verb_whoami.c -- as whom billingd acts: which source of credentials won, why those before it did
 * not, whose account that is, and when it ends.  Asks STS only, and writes nothing. */
#include "aws/flow.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/secret/secret.h"
#include "base/timestamp.h"
#include "daemon/verbs/spec_load.h"
#include "daemon/verbs/verb.h"
#include "daemon/verbs/verb_loop.h"
#include "daemon/views/json_view.h"
#include "daemon/views/progress_view.h"
#include "daemon/views/terminal.h"

#include <string.h>

/* STS has no region that every account lacks; every partition but this one's is named by a region.
 */
#define NO_REGION "us-east-1"

/* Who somebody's credentials are, asked once for all pipelines that share them. */
struct caller {
    struct aws_session *session;
    const char *name; /* the first pipeline that has it */
    json_t *story;    /* account, arn, user_id and how the credentials came about, or "error" */
    int code;
};

struct whoami {
    struct verb_loop loop;
    struct aws_client *client;
    const struct options *options;
    const struct manifest *manifest; /* NULL: nobody named a spec */
    struct flow *flow;
    struct progress *progress; /* NULL: nothing is shown */
    struct caller *callers;    /* the ambient credentials first, then those of pipelines */
    size_t *of_pipeline;       /* which of those */
    size_t count;
    json_t *answer; /* what is told of the ambient credentials, and below "pipelines" of theirs */
    int code;
};

enum { CALLERS_AT_ONCE = 16 };

static void note_code(struct whoami *whoami, int code)
{
    if (code > whoami->code)
        whoami->code = code;
}

/* Without keys nothing was asked: then it is not the call that failed. */
static const char *why(const struct flow *flow, const struct err *e)
{
    const struct aws_error *error = flow_error(flow);

    return strcmp(error->code, "Credentials") == 0 ? error->message : e->text;
}

static void hear(struct flow *flow, struct caller *caller)
{
    const struct aws_request request = {caller->session, "sts", "GetCallerIdentity", NULL};
    struct err e = {0};
    json_auto_t *identity = flow_call(flow, &request, &e);

    caller->story = aws_session_credentials(caller->session);
    if (!caller->story)
        caller->story = json_object();
    if (!identity) {
        (void)json_object_set_new(caller->story, "error",
                                  json_string(flow_is_cancelled(flow) ? "stopped" : why(flow, &e)));
        caller->code = exit_code_of_error(&e);
        return;
    }
    (void)json_object_set(caller->story, "account", json_object_get(identity, "Account"));
    (void)json_object_set(caller->story, "arn", json_object_get(identity, "Arn"));
    (void)json_object_set(caller->story, "user_id", json_object_get(identity, "UserId"));
}

static void ask(struct flow *flow, struct whoami *whoami, struct caller *caller)
{
    if (whoami->progress)
        progress_update(whoami->progress, caller->name, "asking who we are", NULL);
    hear(flow, caller);
    if (whoami->progress)
        progress_done(whoami->progress, caller->name, PROGRESS_UNCHANGED, NULL);
}

static void ask_of_pipelines(struct flow *flow, void *arg, size_t index)
{
    struct whoami *whoami = arg;

    ask(flow, whoami, &whoami->callers[index + 1]);
}

/* Which caller that session is; a new one is added. */
static size_t caller_of(struct whoami *whoami, struct aws_session *session, const char *name)
{
    size_t i = 0;

    while (i < whoami->count && whoami->callers[i].session != session)
        i++;
    if (i == whoami->count)
        whoami->callers[whoami->count++] = (struct caller){.session = session, .name = name};
    return i;
}

static void find_callers(struct whoami *whoami)
{
    const struct manifest *manifest = whoami->manifest;
    const char *region = aws_client_region(whoami->client);
    size_t pipelines = manifest ? manifest->pipeline_count : 0;

    whoami->callers = mem_new((pipelines + 1) * sizeof *whoami->callers);
    whoami->of_pipeline = mem_new((pipelines + 1) * sizeof *whoami->of_pipeline);
    (void)json_object_set_new(whoami->answer, "region", region ? json_string(region) : json_null());
    (void)caller_of(whoami, aws_session(whoami->client, region ? region : NO_REGION, NULL, NULL),
                    "the credentials that are set");
    for (size_t i = 0; i < pipelines; i++) {
        const struct manifest_pipeline *spec = &manifest->pipelines[i];

        whoami->of_pipeline[i] = caller_of(
            whoami, aws_session(whoami->client, spec->region, spec->role_arn, spec->external_id),
            spec->name);
    }
}

/* The ambient ones alone at first: who assumes a role stands on them. */
static void ask_all(struct flow *flow, void *arg)
{
    struct whoami *whoami = arg;

    find_callers(whoami);
    if (terminal_is_live(stderr))
        whoami->progress =
            progress_start(stderr, whoami->count, options_color(whoami->options, stderr));
    ask(flow, whoami, whoami->callers);
    flow_each(flow, whoami->count - 1, CALLERS_AT_ONCE, ask_of_pipelines, whoami);
    progress_view_hide(&whoami->progress);
}

/* ---- the loop ---- */

static void on_end(void *arg)
{
    struct whoami *whoami = arg;

    whoami->flow = NULL;
    verb_loop_end(&whoami->loop);
}

static void on_redraw(void *arg)
{
    struct whoami *whoami = arg;

    progress_view_tick(whoami->progress, whoami->client);
}

static void on_stop(void *arg)
{
    struct whoami *whoami = arg;

    note_code(whoami, EXIT_FAILED);
    if (whoami->flow)
        flow_cancel(whoami->flow);
}

static void run(struct whoami *whoami)
{
    uv_loop_t *loop = &whoami->loop.loop;

    verb_loop_begin(&whoami->loop, on_redraw, on_stop, whoami);
    whoami->flow = flow_start(loop, whoami->client, ask_all, on_end, whoami);
    (void)uv_run(loop, UV_RUN_DEFAULT);
    aws_client_free(whoami->client);
    (void)uv_run(loop, UV_RUN_DEFAULT);
}

/* ---- telling ---- */

static void check_account(struct whoami *whoami, const json_t *answer)
{
    const char *want = whoami->manifest->account, *have = json_text(answer, "account");

    if (want && have && strcmp(want, have) != 0)
        note_code(whoami, EXIT_REFUSED);
}

static void tell_pipelines(struct whoami *whoami)
{
    json_t *pipelines = json_array();

    for (size_t i = 0; i < whoami->manifest->pipeline_count; i++) {
        const struct manifest_pipeline *spec = &whoami->manifest->pipelines[i];
        json_t *one = json_pack("{s:s, s:s}", "name", spec->name, "region", spec->region);

        (void)json_object_update(one, whoami->callers[whoami->of_pipeline[i]].story);
        check_account(whoami, one);
        (void)json_array_append_new(pipelines, one);
    }
    (void)json_object_set_new(whoami->answer, "pipelines", pipelines);
}

/* What was heard, moved into the answer. */
static void gather(struct whoami *whoami)
{
    (void)json_object_update(whoami->answer, whoami->callers[0].story);
    if (whoami->manifest)
        tell_pipelines(whoami);
    for (size_t i = 0; i < whoami->count; i++) {
        note_code(whoami, whoami->callers[i].code);
        json_decref(whoami->callers[i].story);
    }
    free(whoami->callers);
    free(whoami->of_pipeline);
}

static void print_end(const json_t *answer)
{
    const char *end = json_text(answer, "expires");
    double end_s = 0;
    long long left_s;

    if (!end) {
        (void)printf("ends        never (long-lived keys)\n");
        return;
    }
    (void)timestamp_parse(end, &end_s);
    left_s = (long long)end_s - clock_now_ms() / 1000;
    if (left_s > 0)
        (void)printf("ends        %s (in %lld h %lld min; renewed before)\n", end, left_s / 3600,
                     left_s / 60 % 60);
    else
        (void)printf("ends        %s (has ended; in use until there are others)\n", end);
}

static void print_line(const char *name, const char *text)
{
    cleanup_free char *line = text ? printable_line(mem_text(text)) : NULL;

    if (line)
        (void)printf("%-11s %s\n", name, line);
}

static void print_passed_over(FILE *out, const json_t *answer)
{
    const json_t *passed_over = json_object_get(answer, "passed_over"), *item;
    size_t i;

    if (json_array_size(passed_over))
        (void)fprintf(out, "passed over\n");
    json_array_foreach(passed_over, i, item)
        (void)fprintf(out, "  %-17s %s\n", json_text(item, "source"), json_text(item, "why"));
}

static void print_source(const json_t *answer)
{
    const char *source = json_text(answer, "source"), *setting = json_text(answer, "setting");

    if (setting && strcmp(source, setting) != 0)
        (void)printf("source      %s (%s)\n", source, setting);
    else
        (void)printf("source      %s\n", source);
}

static void print_ambient(const json_t *answer)
{
    const char *region = json_text(answer, "region");
    const json_t *role;
    size_t i;

    print_line("account", json_text(answer, "account"));
    print_line("arn", json_text(answer, "arn"));
    print_line("region", region ? region : "none is set (AWS_REGION; a spec names its own)");
    print_source(answer);
    json_array_foreach(json_object_get(answer, "roles"), i, role)
        print_line("then role", json_string_value(role));
    print_line("access key", json_text(answer, "access_key_id"));
    print_end(answer);
    print_passed_over(stdout, answer);
}

static void print_pipelines(const struct whoami *whoami)
{
    const char *want = whoami->manifest ? whoami->manifest->account : NULL;
    const json_t *one;
    size_t i;

    json_array_foreach(json_object_get(whoami->answer, "pipelines"), i, one) {
        const char *arn = json_text(one, "arn"), *account = json_text(one, "account");
        cleanup_free char *line =
            arn ? printable_line(mem_printf("%s (%s): %s", json_text(one, "name"),
                                            json_text(one, "region"), arn))
                : NULL;

        if (arn)
            print_line("pipeline", line);
        else
            (void)fprintf(stderr, "billingd: %s: %s\n", json_text(one, "name"),
                          json_text(one, "error"));
        if (arn && want && strcmp(want, account) != 0)
            (void)fprintf(stderr,
                          "billingd: %s: the credentials belong to account %s, the spec names %s\n",
                          json_text(one, "name"), account, want);
    }
}

static int print(struct whoami *whoami, const struct options *options)
{
    /* Settings are told as they are, and a secret may have been put into any of them. */
    json_t *answer = json_with_texts(whoami->answer, secret_hide);
    const char *error = json_text(answer, "error");

    json_decref(whoami->answer);
    whoami->answer = answer;
    if (options->output == OUTPUT_JSON)
        return json_view_print(whoami->answer) ? EXIT_FAILED : whoami->code;
    if (error)
        (void)fprintf(stderr, "billingd: %s\n", error);
    if (json_text(whoami->answer, "access_key_id"))
        print_ambient(whoami->answer);
    else if (error && !strstr(error, "no AWS credentials: ")) /* that lists them itself */
        print_passed_over(stderr, whoami->answer);
    print_pipelines(whoami);
    return whoami->code;
}

int verb_whoami(const struct options *options)
{
    struct whoami whoami = {.options = options,
                            .answer = json_pack("{s:s}", "format_version", JSON_FORMAT_VERSION)};
    struct manifest *manifest = NULL;
    struct err e = {0};
    int code = EXIT_DONE;

    if (options->file && (manifest = spec_load_strictly(options, &code)) == NULL) {
        json_decref(whoami.answer);
        return code;
    }
    whoami.manifest = manifest;
    verb_loop_init(&whoami.loop);
    whoami.client = aws_client_new(&whoami.loop.loop, &e);
    if (whoami.client) {
        run(&whoami);
        gather(&whoami);
        code = print(&whoami, options);
    } else {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        code = EXIT_BAD_CONFIG;
    }
    (void)uv_loop_close(&whoami.loop.loop);
    manifest_free(manifest);
    json_decref(whoami.answer);
    return code;
}
