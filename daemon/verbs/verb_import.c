/* verb_import.c -- writes the spec of a pipeline that somebody else made.  Reads only.
 *
 * The engine itself is the judge: a draft is planned like any spec, what differs goes into the
 * draft, and so on until a plan finds nothing more that a spec could say. */
#include "base/json.h"
#include "base/mem.h"
#include "daemon/verbs/pass_runner.h"
#include "daemon/verbs/spec_file.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "import/import_env.h"
#include "import/import_find.h"
#include "import/import_learn.h"
#include "import/import_tell.h"
#include "import/import_trace.h"
#include "import/import_write.h"

#include <string.h>
#include <unistd.h>

enum { MOST_LOOKS = 12 };

struct importing {
    const struct options *options;
    struct verb_loop loop;
    struct aws_client *client;
    struct flow *flow; /* while AWS is searched */
    struct pass *pass; /* while a draft is planned */
    struct import_look look;
    struct import_found found;
    struct import_draft draft;
    struct import_told told;
    struct progress *shown;
    json_t *env;
    char *broken;     /* where the way to the bucket is; NULL: it is whole */
    const char *path; /* what the spec will be called */
    int code;
};

static void show(struct importing *i, const char *doing)
{
    progress_view_say(&i->shown, options_color(i->options, stderr), "the pipeline", doing);
}

static int fail(struct importing *i, int code, const char *text)
{
    progress_view_hide(&i->shown);
    (void)fprintf(stderr, "billingd: %s\n", text);
    i->code = code;
    return -1;
}

static void print_problems(struct importing *i, const struct problems *problems)
{
    progress_view_hide(&i->shown);
    problems_print(problems, stderr, options_color(i->options, stderr));
}

static void print_unread(struct importing *i)
{
    size_t n;
    json_t *text;

    progress_view_hide(&i->shown);
    json_array_foreach(i->look.unread, n, text)
        (void)fprintf(stderr, "billingd: %s\n", json_string_value(text));
}

static int code_of_unread(const struct importing *i)
{
    return i->look.denied || i->told.denied   ? EXIT_DENIED
           : i->look.failed || i->told.failed ? EXIT_FAILED
                                              : EXIT_DONE;
}

/* ---- which pipeline ---- */

static void print_candidates(const struct importing *i, FILE *out)
{
    size_t n;
    json_t *candidate;

    json_array_foreach(i->found.candidates, n, candidate) {
        cleanup_free char *text = import_find_text(candidate);

        (void)fprintf(out, "%s\n", text);
    }
}

static void list(struct importing *i)
{
    json_auto_t *json = json_pack("{s:s, s:O, s:O}", "format_version", JSON_FORMAT_VERSION,
                                  "candidates", i->found.candidates, "unread", i->look.unread);

    progress_view_hide(&i->shown);
    i->code = code_of_unread(i);
    if (i->options->output == OUTPUT_JSON) {
        (void)json_view_print(json);
        return;
    }
    print_candidates(i, stdout);
    (void)fprintf(
        stderr,
        "billingd: %zu found in %s; `billingd import NAME` writes the spec of one: an API, "
        "a log group, a stream or s3://bucket\n",
        json_array_size(i->found.candidates), aws_session_region(i->look.session));
}

/* How many go all the way to a bucket, and the last of them. */
static size_t count_whole(const struct importing *i, bool all_events, const json_t **last)
{
    const json_t *candidate;
    size_t count = 0, n;

    json_array_foreach(i->found.candidates, n, candidate)
        if (json_text(candidate, "bucket") && !(all_events && json_text(candidate, "pattern"))) {
            *last = candidate;
            count++;
        }
    return count;
}

/* The one that goes all the way, or NULL after telling why there is none.  Beside one that sends
 * every event, filters that send a part of them are others'. */
static const json_t *choose(struct importing *i)
{
    const json_t *chosen = NULL;
    size_t count = json_array_size(i->found.candidates), whole = count_whole(i, false, &chosen);

    if (whole == 1 || count_whole(i, true, &chosen) == 1)
        return chosen;
    progress_view_hide(&i->shown);
    print_candidates(i, stderr);
    if (whole > 1)
        (void)fail(i, EXIT_BAD_USAGE,
                   "more than one pipeline fits: name its stream, and --stage where stages share "
                   "one");
    else if (code_of_unread(i))
        (void)fail(i, code_of_unread(i),
                   "the way to a bucket could not be read: nothing is written");
    else if (count)
        (void)fail(i, EXIT_FAILED, "the way ends before a bucket: there is no pipeline to import");
    else
        (void)fail(i, EXIT_BAD_USAGE,
                   "nothing here is called so; `billingd import` alone lists what there is");
    return NULL;
}

static int identify(struct flow *flow, struct importing *i)
{
    const struct import_read read = {
        .service = "sts", .op = "GetCallerIdentity", .unknown = "whose account this is"};
    json_auto_t *identity = import_look_read(flow, &i->look, &read, NULL);

    i->draft.account = mem_text(json_text(identity, "Account"));
    return i->draft.account ? 0
                            : fail(i, code_of_unread(i), "without an account nothing is written");
}

static void search(struct flow *flow, void *arg)
{
    struct importing *i = arg;
    const struct import_start start = {i->options->operand, i->options->stage, i->env};
    struct import_trace trace = {.env = i->env};

    if (identify(flow, i))
        return;
    import_find(flow, &i->look, &start, &i->found);
    if (!start.point && !start.stage && !json_object_size(i->env)) {
        list(i);
        return;
    }
    trace.candidate = choose(i);
    if (!trace.candidate)
        return;
    trace.stream = json_object_get(i->found.streams, json_text(trace.candidate, "stream"));
    i->draft.came_from = import_find_text(trace.candidate);
    i->broken = mem_text(json_text(trace.candidate, "broken"));
    import_trace(flow, &i->look, &trace, &i->draft);
}

static void on_searched(void *arg)
{
    struct importing *i = arg;

    i->flow = NULL;
    verb_loop_end(&i->loop);
}

/* ---- the loop ---- */

static void on_redraw(void *arg)
{
    const struct importing *i = arg;

    progress_view_tick(i->shown, i->client);
}

static void on_stop(void *arg)
{
    struct importing *i = arg;

    if (i->flow)
        flow_cancel(i->flow);
    if (i->pass)
        pass_stop(i->pass);
}

static void on_planned(void *arg, struct pass *pass)
{
    (void)arg;
    pass_finish(pass); /* an import never writes */
}

static void on_done(void *arg, struct pass *pass)
{
    struct importing *i = arg;

    (void)pass;
    verb_loop_end(&i->loop);
}

static void on_task(void *arg, const struct pass *pass, const struct task *task)
{
    (void)arg;
    (void)pass;
    (void)task;
}

/* ---- the draft ---- */

/* NULL when the text is no good spec; *problems tells. */
static struct manifest *load_draft(const struct importing *i, enum import_write_part part,
                                   bool lint, struct problems *problems)
{
    cleanup_free char *text = import_write(&i->draft, part);
    struct manifest *manifest;

    *problems = (struct problems){0};
    manifest = manifest_load_text(i->path, text, lint, problems);
    if (manifest)
        manifest->wide_reads = false; /* all there is is learnt */
    return manifest;
}

static struct manifest *load_template(struct importing *i, enum import_write_part part)
{
    struct problems problems;
    struct manifest *manifest = load_draft(i, part, false, &problems);

    if (!manifest) {
        print_problems(i, &problems);
        (void)fail(
            i, EXIT_BAD_CONFIG,
            "the spec of this pipeline cannot be written; --template names another template");
    }
    problems_fini(&problems);
    return manifest;
}

/* The billing section of --prices: SQL in the template holds some of it. */
static int take_prices(struct importing *i, const struct manifest *manifest)
{
    struct problems problems = {0};
    json_auto_t *section = NULL;

    if (!i->options->prices)
        return 0;
    section = manifest_billing_with(manifest, 0, i->options->prices, &problems);
    problems_sort(&problems);
    print_problems(i, &problems);
    problems_fini(&problems);
    if (!section)
        return fail(i, EXIT_BAD_CONFIG, "the file of --prices has no usable billing section");
    i->draft.billing = manifest_effective_value(section);
    return 0;
}

/* What only a look can tell, though a spec would not ask for it: versions of the bucket's objects.
 */
static void probe(struct import_draft *draft)
{
    static const char beside[] = "the template does not speak of it";

    import_draft_set(draft, "bucket", "versioning", json_string("Enabled"), beside);
    import_draft_set(draft, "bucket", "object_lock",
                     json_pack("{s:s, s:i}", "Mode", "GOVERNANCE", "Days", 1), beside);
}

static struct manifest *begin_draft(struct importing *i)
{
    struct manifest *plain = load_template(i, IMPORT_WRITE_PLAIN), *manifest;
    struct import_template template;

    if (!plain || take_prices(i, plain)) {
        manifest_free(plain);
        return NULL;
    }
    import_template_init(&template, plain);
    import_learn_parameters(&i->draft, &template);
    import_template_fini(&template);
    manifest_free(plain);
    manifest = load_template(i, IMPORT_WRITE_TEMPLATE);
    if (!manifest)
        return NULL;
    import_template_init(&template, manifest);
    import_learn_names(&i->draft, &template);
    import_template_fini(&template);
    probe(&i->draft);
    return manifest;
}

/* ---- looking, and learning from it ---- */

enum look_result { LOOK_AGAIN, LOOK_DONE, LOOK_FAILED };

/* The lints judge what has come to rest.  What no spec may say goes, and AWS is looked at anew. */
static enum look_result judge(struct importing *i, const struct import_template *template)
{
    struct problems problems;
    struct manifest *manifest = load_draft(i, IMPORT_WRITE_SPEC, true, &problems);
    enum look_result result = LOOK_DONE;

    if (manifest)
        import_tell(&i->draft, i->pass, &problems, &i->told);
    else
        result = import_learn_problems(&i->draft, template, i->pass, &problems) ? LOOK_AGAIN
                                                                                : LOOK_FAILED;
    if (result == LOOK_FAILED) {
        print_problems(i, &problems);
        (void)fail(i, EXIT_FAILED, "what AWS has cannot be said in a spec");
    }
    manifest_free(manifest);
    problems_fini(&problems);
    return result;
}

static enum look_result learn(struct importing *i, const struct import_template *template)
{
    enum err_kind kind;
    const char *refused = pass_refused(i->pass, 0, &kind);
    bool changed;

    if (refused || i->loop.stopped) {
        (void)fail(i, refused && kind == ERR_DENIED ? EXIT_DENIED : EXIT_FAILED,
                   refused ? refused : "stopped: nothing is written");
        return LOOK_FAILED;
    }
    changed = import_learn_pass(&i->draft, template, i->pass);
    return changed ? LOOK_AGAIN : judge(i, template);
}

static enum look_result look_once(struct importing *i, const struct import_template *template)
{
    struct pass_events events = {on_task, NULL, NULL, on_planned, on_done, i};
    struct problems problems;
    struct manifest *manifest = load_draft(i, IMPORT_WRITE_SPEC, false, &problems);
    enum look_result result = LOOK_FAILED;
    struct engine *engine;

    if (manifest) {
        verb_loop_begin(&i->loop, on_redraw, on_stop, i);
        engine = engine_new(&i->loop.loop, i->client, manifest);
        engine_keep_documents(engine, true);
        i->pass = engine_start(engine, &events);
        (void)uv_run(&i->loop.loop, UV_RUN_DEFAULT);
        result = learn(i, template);
        engine_free(engine);
        i->pass = NULL;
        (void)uv_run(&i->loop.loop, UV_RUN_NOWAIT);
        manifest_free(manifest);
    } else if (import_learn_problems(&i->draft, template, NULL, &problems)) {
        result = LOOK_AGAIN;
    } else {
        print_problems(i, &problems);
        (void)fail(i, EXIT_FAILED, "what AWS has cannot be said in a spec");
    }
    problems_fini(&problems);
    return result;
}

static int look(struct importing *i)
{
    struct manifest *template_spec = begin_draft(i);
    enum look_result result = LOOK_AGAIN;
    struct import_template template;

    if (!template_spec)
        return -1;
    import_template_init(&template, template_spec);
    for (int n = 0; result == LOOK_AGAIN && n < MOST_LOOKS; n++) {
        show(i, n == 0 ? "looking at what it has" : "looking whether the spec says it all");
        result = look_once(i, &template);
    }
    progress_view_hide(&i->shown);
    import_template_fini(&template);
    if (result == LOOK_AGAIN)
        (void)fail(
            i, EXIT_FAILED,
            "AWS differed from look to look: somebody changes it just now; nothing is written");
    manifest_free(template_spec);
    return result == LOOK_DONE ? 0 : -1;
}

/* ---- the file ---- */

static void print_outcome(const struct importing *i)
{
    (void)fprintf(stderr,
                  "billingd: %s: %zu resources that a plan of it would change, %zu to be marked as "
                  "ours, %zu not read, %zu ways to lose or miscount money; nothing was written to "
                  "AWS\n",
                  i->draft.pipeline, i->told.corrected, i->told.marked, i->told.unread,
                  i->told.lints);
}

static void write_spec(struct importing *i)
{
    cleanup_free char *text = NULL;
    struct err e = {0};
    size_t n;
    json_t *unread;

    json_array_foreach(i->look.unread, n, unread)
        import_draft_note(&i->draft, "", "NOT READ: %s", json_string_value(unread));
    text = import_write(&i->draft, IMPORT_WRITE_SPEC);
    i->code = code_of_unread(i);
    if (i->broken) {
        (void)fprintf(stderr,
                      "billingd: the way to the bucket is broken: %s. What is not there is off in "
                      "the spec, with what that costs\n",
                      i->broken);
        i->code = i->code ? i->code : EXIT_FAILED;
    }
    if (i->options->out && spec_file_write(i->options->out, text, &e)) {
        (void)fail(i, e.kind == ERR_DENIED ? EXIT_REFUSED : EXIT_FAILED, e.text);
        return;
    }
    if (i->options->output == OUTPUT_JSON) {
        json_auto_t *json = json_pack(
            "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:O}", "format_version", JSON_FORMAT_VERSION,
            "pipeline", i->draft.pipeline, "spec", text, "corrected", (json_int_t)i->told.corrected,
            "marked", (json_int_t)i->told.marked, "not_read", (json_int_t)i->told.unread, "lints",
            (json_int_t)i->told.lints, "unread", i->look.unread);

        (void)json_view_print(json);
    } else if (!i->options->out) {
        (void)fputs(text, stdout);
    }
    print_outcome(i);
}

/* ---- from the start to the end ---- */

static int prepare(struct importing *i)
{
    const struct options *options = i->options;
    struct err e = {0};
    const char *region;

    if (options->out && !access(options->out, F_OK))
        return fail(i, EXIT_REFUSED, "the file of --out is there already: it is never overwritten");
    if (options->env_file && !(i->env = import_env_read(options->env_file, &e)))
        return fail(i, EXIT_BAD_CONFIG, e.text);
    i->draft.pipeline = mem_text(options->pipeline);
    i->draft.named = options->pipeline != NULL;
    if (options->template_file &&
        !(i->draft.template_path = realpath(options->template_file, NULL)))
        return fail(i, EXIT_BAD_CONFIG, "the file of --template cannot be read");
    i->client = aws_client_new(&i->loop.loop, &e);
    if (!i->client)
        return fail(i, EXIT_BAD_CONFIG, e.text);
    region = json_text(i->env, "AWS_REGION");
    region = region && *region ? region : aws_client_region(i->client);
    if (!region || !*region)
        return fail(i, EXIT_BAD_CONFIG, "no region: set AWS_REGION");
    i->draft.region = mem_text(region);
    import_look_init(&i->look, aws_session(i->client, region, NULL, NULL));
    return 0;
}

static void run(struct importing *i)
{
    show(i, "searching AWS");
    verb_loop_begin(&i->loop, on_redraw, on_stop, i);
    i->flow = flow_start(&i->loop.loop, i->client, search, on_searched, i);
    (void)uv_run(&i->loop.loop, UV_RUN_DEFAULT);
    print_unread(i);
    if (!i->draft.came_from || look(i))
        return;
    write_spec(i);
}

int verb_import(const struct options *options)
{
    struct importing i = {.options = options, .path = options->out ? options->out : "billing.yaml"};

    verb_loop_init(&i.loop);
    import_draft_init(&i.draft);
    if (!prepare(&i))
        run(&i);
    aws_client_free(i.client);
    (void)uv_run(&i.loop.loop, UV_RUN_DEFAULT);
    (void)uv_loop_close(&i.loop.loop);
    import_draft_fini(&i.draft);
    import_find_fini(&i.found);
    import_look_fini(&i.look);
    json_decref(i.env);
    free(i.broken);
    return i.code;
}
