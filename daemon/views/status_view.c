#include "daemon/views/status_view.h"

#include "base/json.h"
#include "base/mem.h"
#include "base/str.h"
#include "base/text_width.h"
#include "base/timestamp.h"
#include "daemon/views/count_text.h"
#include "daemon/views/plan_view.h"
#include "daemon/views/terminal.h"
#include "resources/members.h"

#include <string.h>

/* ---- for programs ---- */

/* One word for a resource after a pass that only looked. */
static const char *state_of(const struct task *task)
{
    enum plan_action action = task_plan(task)->action;

    switch (task_waits(task) ? VERDICT_DRIFTED : task_verdict(task)) {
    case VERDICT_SYNCED:
        return "in sync";
    case VERDICT_DRIFTED:
    case VERDICT_OBSERVED:
        return action == PLAN_CREATE ? "absent" : action == PLAN_REMOVE ? "surplus" : "differs";
    case VERDICT_RETRY:
    case VERDICT_DENIED:
    case VERDICT_FAILED:
        return task_plan(task)->differences ? task_verdict_name(task_verdict(task)) : "unknown";
    case VERDICT_NONE:
    case VERDICT_REPAIRED:
    case VERDICT_SETTLING:
    case VERDICT_HELD:
    case VERDICT_BLOCKED:
        break;
    }
    return task_verdict_name(task_verdict(task));
}

static json_t *fields_of(const struct task *task)
{
    json_t *fields = json_array();
    size_t i;
    json_t *difference;

    if (task_plan(task)->action == PLAN_CREATE)
        return fields; /* all of them */
    json_array_foreach(task_plan(task)->differences, i, difference)
        json_array_append(fields, json_object_get(difference, "field"));
    return fields;
}

static json_t *resource_json(const struct task *task)
{
    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:O, s:s, s:O, s:s?}", "resource",
                     task_address(task), "kind", task_kind(task)->name, "state", state_of(task),
                     "detail", task_text(task), "fields", fields_of(task), "notes",
                     task_notes(task), "loss", members_loss_name(task_loss(task, task_plan(task))),
                     "beside", task_beside(task), "observed", task_observed(task));
}

static json_t *pipeline_json(const struct pass *pass, const struct manifest *manifest, size_t index,
                             const json_t *looks)
{
    const struct manifest_pipeline *pipeline = &manifest->pipelines[index];
    enum err_kind kind;
    const char *refused = pass_refused(pass, index, &kind);
    json_t *json = json_pack(
        "{s:s, s:s, s:s?, s:s?, s:[], s:O?, s:O?}", "name", pipeline->name, "region",
        pipeline->region, "account", pass_account(pass, index), "refused", refused, "resources",
        "data_flow", json_object_get(looks, "data_flow"), "usage", json_object_get(looks, "usage"));

    json_object_set_new(json, "pauses", plan_view_pauses(pass, manifest, index));
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (pass_task_pipeline(pass, i) == index)
            json_array_append_new(json_object_get(json, "resources"),
                                  resource_json(pass_task(pass, i)));
    return json;
}

json_t *status_view_json(const struct pass *pass, const struct manifest *manifest,
                         const json_t *looks)
{
    struct pass_summary s;
    json_t *json = json_pack("{s:s, s:s, s:[], s:O}", "format_version", JSON_FORMAT_VERSION, "spec",
                             manifest->path, "pipelines", "warnings", pass_warnings(pass));

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        json_array_append_new(json_object_get(json, "pipelines"),
                              pipeline_json(pass, manifest, i, json_array_get(looks, i)));
    pass_summarize(pass, &s);
    json_object_set_new(json, "summary",
                        json_pack("{s:i, s:i, s:i, s:i, s:i, s:i}", "in_sync", (int)s.synced,
                                  "observed", (int)s.observed, "resources",
                                  (int)pass_task_count(pass), "refused_pipelines", (int)s.refused,
                                  "reads", (int)s.reads, "elapsed_milliseconds",
                                  (int)s.elapsed_ms));
    return json;
}

/* ---- for people ---- */

struct page {
    FILE *out;
    bool color;
    int64_t now_s;
};

static void print_colored(const struct page *page, enum terminal_style style, const char *text)
{
    (void)fprintf(page->out, "%s%s%s", terminal_style(page->color, style), text,
                  terminal_style(page->color, STYLE_PLAIN));
}

static enum terminal_style state_style(const char *state)
{
    if (!strcmp(state, "in sync") || !strcmp(state, "ACTIVE"))
        return STYLE_GREEN;
    return !strcmp(state, "settling") || !strcmp(state, "differs") || !strcmp(state, "absent")
               ? STYLE_YELLOW
               : STYLE_RED;
}

static void print_padded(const struct page *page, const char *text, int width,
                         enum terminal_style style)
{
    print_colored(page, style, text);
    (void)fprintf(page->out, "%*s", width - text_width(text) + 2, "");
}

static char *detail_of(const json_t *resource)
{
    const char *loss = members_loss_text(members_loss(json_text(resource, "loss")));
    struct str text = {0};
    size_t i;
    json_t *field;

    if (*loss && !strstr(json_text(resource, "detail"), loss))
        str_addf(&text, "%s%s", loss, *json_text(resource, "detail") ? ": " : "");
    str_add(&text, json_text(resource, "detail"));
    json_array_foreach(json_object_get(resource, "fields"), i, field)
        str_addf(&text, "%s%s", i ? ", " : text.len ? ": " : "", json_string_value(field));
    return str_take(&text);
}

static int widest(const json_t *list, const char *member)
{
    int width = 0;
    size_t i;
    json_t *each;

    json_array_foreach(list, i, each) {
        int own = text_width(json_text(each, member));

        width = own > width ? own : width;
    }
    return width;
}

static void print_resources(const struct page *page, const json_t *resources)
{
    int name = widest(resources, "resource"), kind = widest(resources, "kind");
    int state = widest(resources, "state");
    size_t i, j;
    json_t *resource, *note;

    state = state < 5 ? 5 : state;
    (void)fprintf(page->out, "  %-*s  %-*s  %-*s  %s\n", name, "RESOURCE", kind, "KIND", state,
                  "STATE", "DETAIL");
    json_array_foreach(resources, i, resource) {
        cleanup_free char *detail = detail_of(resource), *fit = text_width_fit(detail, 1000);
        const char *word = json_text(resource, "state");

        (void)fputs("  ", page->out);
        print_padded(page, json_text(resource, "resource"), name, STYLE_PLAIN);
        print_padded(page, json_text(resource, "kind"), kind, STYLE_PLAIN);
        print_padded(page, word, *fit ? state : text_width(word) - 2, state_style(word));
        (void)fprintf(page->out, "%s\n", fit);
        json_array_foreach(json_object_get(resource, "notes"), j, note)
            (void)fprintf(page->out, "    note: %s\n", json_string_value(note));
    }
}

static void add_age(struct str *text, double seconds)
{
    long age = seconds > 0 ? (long)seconds : 0;

    if (age < 120)
        str_addf(text, "%ld s ago", age);
    else if (age < 7200)
        str_addf(text, "%ld min ago", age / 60);
    else if (age < 172800)
        str_addf(text, "%ld h ago", age / 3600);
    else
        str_addf(text, "%ld days ago", age / 86400);
}

/* "key, 1.2 MiB, 3 min ago" */
static char *object_text(const struct page *page, const json_t *object)
{
    struct str text = {0};
    cleanup_free char *key = text_width_fit(json_text(object, "key"), 300);
    cleanup_free char *size = count_text_size(json_number_value(json_object_get(object, "size")));

    str_addf(&text, "%s, %s, ", key, size);
    add_age(&text, (double)page->now_s - json_number_value(json_object_get(object, "modified")));
    return str_take(&text);
}

/* Starts a line; true when there is nothing more to say on it. */
static bool print_failed(const struct page *page, const char *title, const json_t *look)
{
    const char *error = json_text(look, "error");
    cleanup_free char *fit = error ? text_width_fit(error, 1000) : NULL;

    (void)fprintf(page->out, "    %-14s ", title);
    if (error) {
        print_colored(page, STYLE_RED, "unknown: ");
        (void)fprintf(page->out, "%s\n", fit);
    }
    return error != NULL;
}

static void print_newest(const struct page *page, const json_t *look)
{
    cleanup_free char *text = NULL;

    if (!json_is_object(look) || print_failed(page, "newest object", look))
        return;
    if (!json_text(look, "key")) {
        print_colored(page, STYLE_YELLOW, "none");
        (void)fprintf(page->out, " in the last %d days under %s\n",
                      (int)json_integer_value(json_object_get(look, "days")),
                      json_text(look, "prefix"));
        return;
    }
    text = object_text(page, look);
    (void)fprintf(page->out, "%s\n", text);
}

static void print_undelivered(const struct page *page, const json_t *look)
{
    json_int_t count = json_integer_value(json_object_get(look, "count"));
    bool more = json_is_true(json_object_get(look, "more"));
    cleanup_free char *text = NULL;

    if (!json_is_object(look) || print_failed(page, "not delivered", look))
        return;
    if (!count) {
        (void)fprintf(page->out, "none under %s\n", json_text(look, "prefix"));
        return;
    }
    text = object_text(page, look);
    print_colored(page, STYLE_RED, "usage that is not billed: ");
    (void)fprintf(page->out, "%s%lld object%s under %s, newest%s %s\n", more ? "more than " : "",
                  (long long)count, count == 1 ? "" : "s", json_text(look, "prefix"),
                  more ? " of these" : "", text);
}

/* Firehose writes JSON; its code and message say it all. */
static char *event_text(const char *message)
{
    json_auto_t *event = json_loads(message, 0, NULL);
    const char *code = json_text(event, "errorCode"), *text = json_text(event, "message");
    cleanup_free char *plain =
        mem_printf("%s%s%s", code ? code : "", code ? ": " : "", text ? text : message);

    return text_width_fit(plain, 300);
}

static void print_log(const struct page *page, const json_t *look)
{
    json_int_t count = json_integer_value(json_object_get(look, "count"));
    const json_t *last = json_object_get(look, "last");
    size_t i;
    json_t *event;

    if (!json_is_object(look) || print_failed(page, "error log", look))
        return;
    if (!count) {
        (void)fprintf(page->out, "nothing in the last %d min\n",
                      (int)json_integer_value(json_object_get(look, "minutes")));
        return;
    }
    (void)fprintf(page->out, "%s%lld event%s in the last %d min%s\n",
                  json_is_true(json_object_get(look, "more")) ? "more than " : "", (long long)count,
                  count == 1 ? "" : "s", (int)json_integer_value(json_object_get(look, "minutes")),
                  (size_t)count > json_array_size(last) ? ", the last:" : ":");
    json_array_foreach(last, i, event) {
        cleanup_free char *text = event_text(json_text(event, "message"));
        char clock[TIMESTAMP_ROOM];

        timestamp_clock((int64_t)json_number_value(json_object_get(event, "time")), clock);
        (void)fprintf(page->out, "      %s %s\n", clock, text);
    }
}

static void print_filter(const struct page *page, const json_t *filter)
{
    bool attached = json_is_true(json_object_get(filter, "attached"));
    bool right = json_is_true(json_object_get(filter, "destination_right"));
    const char *state = json_is_null(json_object_get(filter, "attached")) ? "unknown"
                        : !attached                                       ? "not attached"
                        : right                                           ? "attached"
                                : "attached, but not to this stream";

    (void)fprintf(page->out, "    %-14s %s on %s: ", "filter", json_text(filter, "name"),
                  json_text(filter, "log_group"));
    print_colored(page, attached && right ? STYLE_GREEN : STYLE_RED, state);
    if (attached && !right)
        (void)fprintf(page->out, ": %s", json_text(filter, "destination"));
    (void)fputc('\n', page->out);
}

static void print_flow(const struct page *page, const json_t *flow)
{
    const char *state = json_text(flow, "state");
    size_t i;
    json_t *filter;

    (void)fprintf(page->out, "\n  %s: ", json_text(flow, "stream"));
    print_colored(page, state ? state_style(state) : STYLE_RED, state ? state : "unknown");
    (void)fputc('\n', page->out);
    json_array_foreach(json_object_get(flow, "filters"), i, filter)
        print_filter(page, filter);
    print_newest(page, json_object_get(flow, "newest_object"));
    print_undelivered(page, json_object_get(flow, "undelivered"));
    print_log(page, json_object_get(flow, "error_log"));
}

/* "28 current, 2 late (2025-10-01 to 2025-10-30)" */
static void print_days(const struct page *page, const json_t *usage)
{
    const char *name;
    json_t *count;
    bool more = false;

    json_object_foreach(json_object_get((json_t *)usage, "days"), name, count) {
        (void)fprintf(page->out, "%s%" JSON_INTEGER_FORMAT " ", more ? ", " : "",
                      json_integer_value(count));
        print_colored(page,
                      !strcmp(name, "current") || !strcmp(name, "empty") ? STYLE_GREEN
                      : !strcmp(name, "kept")                            ? STYLE_YELLOW
                                                                         : STYLE_RED,
                      name);
        more = true;
    }
    (void)fprintf(page->out, " (%s to %s)\n", json_text(usage, "from"), json_text(usage, "to"));
}

static char *span_text(json_int_t seconds)
{
    return seconds % 3600 == 0 && seconds ? mem_printf("%lld h", (long long)(seconds / 3600))
           : seconds % 60 == 0 && seconds ? mem_printf("%lld min", (long long)(seconds / 60))
                                          : mem_printf("%lld s", (long long)seconds);
}

/* How old is what can be billed, and what a request waits for until it is. */
static void print_freshness(const struct page *page, const json_t *fresh)
{
    const json_t *until = json_object_get(fresh, "rolled_up_until");
    const json_t *buffer = json_object_get(fresh, "buffer_seconds");
    cleanup_free char *buffered = span_text(json_integer_value(buffer));
    cleanup_free char *closed = span_text(json_whole(fresh, "closed_after_seconds"));
    cleanup_free char *look =
        span_text(json_whole(fresh, "interval_seconds") + json_whole(fresh, "jitter_seconds"));
    cleanup_str struct str age = {0};

    if (!json_is_object(fresh))
        return;
    add_age(&age, (double)page->now_s - json_number_value(until));
    if (json_is_null(until))
        (void)fprintf(page->out, "    %-14s no object is in a rollup yet\n", "freshness");
    else
        (void)fprintf(page->out, "    %-14s the newest object in a rollup came %s\n", "freshness",
                      age.data);
    (void)fprintf(
        page->out,
        "      while all goes well, a request can be on `bill --preview` within %s: as long as the "
        "stream's buffer waits\n",
        json_is_integer(buffer) ? buffered : "a time that is not known");
    (void)fprintf(
        page->out,
        "      and is on `bill`, in a rollup, %s after its day ended, once the daemon has "
        "looked (%s at most)\n",
        closed, look);
}

static void print_usage(const struct page *page, const json_t *usage)
{
    size_t i;
    json_t *reason, *month;

    if (!json_is_object(usage))
        return;
    (void)fputc('\n', page->out);
    if (print_failed(page, "rollups", usage))
        return;
    print_days(page, usage);
    json_array_foreach(json_object_get(usage, "reasons"), i, reason)
        (void)fprintf(page->out, "      %s\n", json_string_value(reason));
    json_array_foreach(json_object_get(usage, "months"), i, month) {
        const char *state = json_text(month, "state");

        (void)fprintf(page->out, "    %-14s ", json_text(month, "month"));
        print_colored(page, !strcmp(state, "unclosable") ? STYLE_RED : STYLE_PLAIN, state);
        (void)fputc('\n', page->out);
    }
    print_freshness(page, json_object_get(usage, "freshness"));
}

void status_view_print(const json_t *status, int64_t now_ms, FILE *out, bool color)
{
    const struct page page = {out, color, now_ms / 1000};
    size_t i, j;
    json_t *pipeline, *flow;

    json_array_foreach(json_object_get(status, "pipelines"), i, pipeline) {
        const char *account = json_text(pipeline, "account");

        (void)fputs(i ? "\n" : "", out);
        print_colored(&page, STYLE_BOLD, json_text(pipeline, "name"));
        (void)fprintf(out, " in %s%s%s\n", json_text(pipeline, "region"),
                      account ? ", account " : "", account ? account : "");
        if (json_text(pipeline, "refused"))
            (void)fprintf(out, "  not looked at: %s\n", json_text(pipeline, "refused"));
        else
            print_resources(&page, json_object_get(pipeline, "resources"));
        json_array_foreach(json_object_get(pipeline, "data_flow"), j, flow)
            print_flow(&page, flow);
        print_usage(&page, json_object_get(pipeline, "usage"));
    }
    (void)fputc('\n', out);
}
