/* verb_cost.c -- what the pipelines themselves cost, in AWS's units and as money.  Reads only. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "billing/cost/cost.h"
#include "daemon/verbs/billing/billing_runner.h"
#include "daemon/verbs/billing/billing_verbs.h"
#include "daemon/verbs/billing/cost_calls.h"
#include "daemon/verbs/pass_runner.h"
#include "daemon/views/cost_view.h"
#include "daemon/views/json_view.h"
#include "daemon/views/progress_while.h"
#include "spec/billing_setup.h"
#include "spec/lint/log_format.h"

#include <string.h>

struct asked {
    struct day month; /* its first day */
    int64_t now_s;
    json_t *calls;     /* of this process so far */
    json_t *look;      /* as they were when the look was over; NULL: it is not */
    size_t *chosen;    /* numbers of the pipelines asked for */
    json_t *pipelines; /* in the same order, that of the spec */
    int code;          /* gravest of what could not be read */
};

static void on_attempt(void *arg, const struct aws_attempt *attempt)
{
    struct pass_runner *runner = arg;
    struct asked *asked = runner->arg;

    cost_calls_add(asked->calls, attempt->service, attempt->op, 1);
}

/* ---- what AWS has ---- */

static json_t *line_of(const json_t *have)
{
    const char *format = json_text(have, "format");
    size_t bytes = 0, needed = format ? log_format_needed(format, &bytes) : 0;

    return needed
               ? json_pack("{s:I, s:I}", "bytes", (json_int_t)bytes, "needed", (json_int_t)needed)
               : NULL;
}

/* By the template's ids: as AWS has them, since that is what costs; what was not read is not there.
 */
static json_t *settings_of(const struct pass_runner *runner, size_t pipeline)
{
    const struct manifest_pipeline *spec = &runner->manifest->pipelines[pipeline];
    size_t skip = strlen(spec->name) + 1;
    json_t *settings = json_object();
    json_int_t alarms = 0;
    bool unread = false;

    for (size_t i = 0; i < pass_task_count(runner->pass); i++) {
        const struct task *task = pass_task(runner->pass, i);
        bool is_alarm = !strcmp(task_kind(task)->name, "alarm");
        struct scope scope;

        if (pass_task_pipeline(runner->pass, i) != pipeline)
            continue;
        task_scope(task, &scope);
        unread = unread || (is_alarm && !task_plan(task)->differences);
        alarms += is_alarm && scope.observed;
        if (scope.observed && task_plan(task)->differences)
            json_object_set(settings, task_address(task) + skip, (json_t *)scope.observed);
    }
    if (!unread)
        json_object_set_new(settings, "alarms", json_integer(alarms));
    json_object_set_new(settings, "line", line_of(json_object_get(settings, "stage_logging")));
    return settings;
}

/* ---- a pipeline ---- */

static void note_failures(struct asked *asked, const json_t *document)
{
    const json_t *line;
    size_t i;

    json_array_foreach(json_object_get(document, "lines"), i, line) {
        int code = json_is_true(json_object_get(line, "denied"))   ? EXIT_DENIED
                   : json_is_true(json_object_get(line, "failed")) ? EXIT_FAILED
                                                                   : EXIT_DONE;

        asked->code = code > asked->code ? code : asked->code;
    }
}

static json_t *look_at(struct flow *flow, struct pass_runner *runner, size_t index, struct err *e)
{
    const struct manifest_pipeline *spec = &runner->manifest->pipelines[index];
    struct asked *asked = runner->arg;
    struct cost_prices *prices = cost_prices_new(spec->cost);
    struct billing *billing =
        billing_setup(runner->manifest, index, pass_session(runner->pass, index),
                      pass_account(runner->pass, index), e);
    json_auto_t *settings = settings_of(runner, index);
    cleanup_free char *rounding = cost_rounding(prices);
    json_t *document = NULL;

    if (billing)
        document = cost_look(
            flow, &(struct cost_question){billing, asked->month, asked->now_s, prices, settings},
            e);
    if (document)
        json_object_set_new(document, "rounding", json_string(rounding));
    note_failures(asked, document);
    billing_free(billing);
    cost_prices_free(prices);
    return document;
}

/* Something that usage goes through is there, or nobody knows. */
static bool is_made(const struct pass_runner *runner, size_t pipeline)
{
    static const char *const kinds[] = {"log_group", "delivery_stream", "bucket"};
    bool found = false;

    for (size_t i = 0; i < pass_task_count(runner->pass); i++) {
        const struct task *task = pass_task(runner->pass, i);

        for (size_t k = 0; k < 3 && pass_task_pipeline(runner->pass, i) == pipeline; k++) {
            bool of_kind = !strcmp(task_kind(task)->name, kinds[k]);

            found = found || (of_kind && task_plan(task)->action != PLAN_CREATE);
        }
    }
    return found;
}

static void look_at_pipeline(struct flow *flow, void *arg, size_t place)
{
    struct pass_runner *runner = arg;
    struct asked *asked = runner->arg;
    size_t index = asked->chosen[place];
    const char *name = runner->manifest->pipelines[index].name;
    struct err e = {0};
    enum err_kind kind;
    json_t *document = NULL;

    if (pass_refused(runner->pass, index, &kind))
        (void)err_set(&e, kind, "%s", pass_refused(runner->pass, index, &kind));
    else if (!runner->manifest->pipelines[index].billing)
        (void)err_set(&e, ERR_ABSENT, "it has no `billing` section");
    else if (!is_made(runner, index))
        (void)err_set(&e, ERR_ABSENT,
                      "it is not made: neither its log group, its stream nor its bucket is there; "
                      "`billingd apply` makes it");
    else
        document = look_at(flow, runner, index, &e);
    if (!document) {
        int code = e.kind == ERR_ABSENT ? EXIT_DONE : exit_code_of_error(&e);

        asked->code = code > asked->code ? code : asked->code;
        document = json_pack("{s:s}", "unknown", e.text);
    }
    json_object_set_new(document, "name", json_string(name));
    json_array_set_new(asked->pipelines, place, document);
}

/* ---- all of it ---- */

static void look(struct flow *flow, void *arg)
{
    struct pass_runner *runner = arg;
    struct asked *asked = runner->arg;
    size_t count = runner->manifest->pipeline_count;

    asked->look = json_deep_copy(asked->calls);
    asked->chosen = mem_new((count + 1) * sizeof *asked->chosen);
    for (size_t i = 0; i < count; i++)
        if (billing_runner_is_chosen(runner->options, runner->manifest, i)) {
            asked->chosen[json_array_size(asked->pipelines)] = i;
            json_array_append_new(asked->pipelines, json_null());
        }
    count = json_array_size(asked->pipelines);
    flow_each(flow, count, count, look_at_pipeline, runner);
}

static json_t *ask_daemon(const struct pass_runner *runner, struct err *e)
{
    struct progress_while *shown = progress_while_start("the daemon", "asking what it called",
                                                        options_color(runner->options, stderr));
    json_t *told = cost_calls_of_daemon(runner->manifest->listen, e);

    progress_while_end(shown);
    return told;
}

static json_t *calls_of(const struct pass_runner *runner)
{
    const struct asked *asked = runner->arg;
    struct err e = {0};
    const char *listen = runner->manifest->listen;
    json_auto_t *daemon = listen ? ask_daemon(runner, &e) : NULL;
    const struct cost_calls calls = {asked->look, daemon,
                                     daemon   ? NULL
                                     : listen ? e.text
                                              : "the spec has `listen: off`"};
    struct day last = calendar_month(asked->month).last,
               today = calendar_day_of("UTC", asked->now_s);

    return cost_calls_json(runner->manifest, &calls, asked->month,
                           calendar_compare(today, last) < 0 ? today : last);
}

static void report(struct pass_runner *runner)
{
    struct asked *asked = runner->arg;
    char month[16], until[TIMESTAMP_ROOM];
    json_auto_t *document = NULL;

    if (!asked->look) {
        runner->code = runner->code ? runner->code : EXIT_FAILED;
        return;
    }
    calendar_month_text(asked->month, month);
    timestamp_text(asked->now_s, until);
    document = json_pack("{s:s, s:s, s:s, s:s, s:o, s:O}", "format_version", JSON_FORMAT_VERSION,
                         "spec", runner->manifest->path, "month", month, "at", until, "calls",
                         calls_of(runner), "pipelines", asked->pipelines);
    if (runner->options->output == OUTPUT_JSON)
        (void)json_view_print_told(document);
    else
        cost_view_print(document, stdout, options_color(runner->options, stdout));
    if (!runner->code)
        runner->code = asked->code;
}

static bool check(struct pass_runner *runner)
{
    if (billing_runner_choose(runner->options, runner->manifest, true))
        return true;
    runner->code = EXIT_BAD_USAGE;
    return false;
}

/* The month asked for, or the one that runs; -1, told. */
static int read_month(const struct options *options, struct asked *asked)
{
    struct day today = calendar_day_of("UTC", asked->now_s);
    struct err e = {0};

    asked->month = calendar_month(today).first;
    if (!options->month)
        return 0;
    if (!calendar_parse_month(options->month, &asked->month, &e) &&
        calendar_compare(asked->month, today) > 0)
        (void)err_set(&e, ERR_INVALID, "%s is in the future", options->month);
    if (e.kind == ERR_NONE)
        return 0;
    (void)fprintf(stderr, "billingd: --month: %s\n", e.text);
    return -1;
}

int verb_cost(const struct options *options)
{
    struct asked asked = {
        .now_s = clock_now_ms() / 1000, .calls = json_object(), .pipelines = json_array()};
    struct pass_runner runner = {.check = check,
                                 .look = look,
                                 .report = report,
                                 .observe = on_attempt,
                                 .documents = true,
                                 .arg = &asked};
    int code = read_month(options, &asked) ? EXIT_BAD_USAGE : pass_runner_run(&runner, options);

    json_decref(asked.calls);
    json_decref(asked.look);
    json_decref(asked.pipelines);
    free(asked.chosen);
    return code;
}
