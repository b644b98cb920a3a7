/* verb_explain.c -- all there is to know of one resource, or of one field of it: what is wanted and
 * who said so, what AWS has, what it costs, what the next look does, and since when. */
#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/timestamp.h"
#include "daemon/verbs/ask/ask_verbs.h"
#include "daemon/verbs/daemon_ask.h"
#include "daemon/verbs/pass_runner.h"
#include "daemon/verbs/verb.h"
#include "daemon/views/json_view.h"
#include "daemon/views/plan_view.h"
#include "daemon/views/progress_while.h"
#include "resources/ignore.h"
#include "resources/mark.h"
#include "resources/members.h"
#include "state/address.h"
#include "state/pause.h"

#include <stdio.h>
#include <string.h>

enum { VALUE_COLUMNS = 160 };

struct explaining {
    struct address address;
};

/* ---- who said so ---- */

static char *place_text(struct yaml_place place)
{
    return place.line ? mem_printf("%s:%d:%d", place.file, place.line, place.column)
                      : mem_text(place.file ? place.file : "");
}

/* Where a field is said, not merely what it is in: NULL when nobody says it. */
static const struct yaml_node *said_at(const struct manifest_resource *resource, const char *field)
{
    const struct yaml_node *node = yaml_find(resource->node, field);

    return node && !yaml_is_null(node) ? node : NULL;
}

static json_t *source_of(const struct manifest *manifest, const struct manifest_resource *resource,
                         const struct field *field, const char *part)
{
    const struct yaml_node *node = said_at(resource, field->name), *inner = NULL;
    cleanup_free char *path = mem_printf("%s%s%s", field->name, part ? "." : "", part ? part : "");

    if (part && (field->flags & FIELD_OWNER) && mark_is_key(part))
        return json_pack("{s:s, s:s}", "by", "billingd", "text", "the mark that says whose it is");
    if (!node && field->otherwise)
        return json_pack("{s:s, s:s}", "by", "default", "text", field->otherwise);
    if (!node)
        return json_pack("{s:s}", "by", field->flags & FIELD_OWNER ? "billingd" : "nobody");
    if (part)
        inner = yaml_at(resource->node, path);
    node = inner && inner != resource->node ? inner : node;
    return json_pack("{s:s, s:s, s:i, s:i}", "by",
                     !strcmp(node->file, manifest->path) ? "spec" : "template", "file", node->file,
                     "line", node->line, "column", node->column);
}

/* ---- fields ---- */

/* "team" of tags.team, when that was asked for; borrowed, NULL: all of the field. */
static const char *part_of(const struct explaining *explaining, const struct field *field)
{
    const char *wanted = explaining->address.field;
    size_t n = strlen(field->name);

    return wanted && wanted[n] == '.' ? wanted + n + 1 : NULL;
}

/* Why nobody knows what AWS has of it; NULL: *have (borrowed; NULL: nothing) is it. */
static const char *unread(const struct field *field, const struct task *task, const json_t **have)
{
    const json_t *wished = task_wished(task);
    struct scope scope;

    task_scope(task, &scope);
    *have = json_object_get(scope.observed, field->name);
    if (*have)
        return NULL;
    if (!task_plan(task)->differences)
        return "it could not be read";
    if (!scope.observed)
        return NULL;
    if (field->flags & FIELD_KEY) /* by which it was found */
        *have = json_object_get(wished, field->name);
    return *have || kind_reads(field, wished, false) ? NULL
                                                     : "what the spec leaves alone is not read";
}

static json_t *field_json(const struct explaining *explaining, const struct pass_runner *runner,
                          const struct field *field, const struct task *task)
{
    const json_t *have;
    const char *unknown = unread(field, task, &have);
    json_t *json, *told = json_array(), *ignored = json_array(), *each;
    const struct plan *plan = task_plan(task);
    size_t i, n = strlen(field->name);

    json = json_pack("{s:s, s:O?, s:O?, s:s?, s:o}", "field", field->name, "want",
                     json_object_get(task_wished(task), field->name), "have", have, "have_unknown",
                     unknown, "source",
                     source_of(runner->manifest, explaining->address.resource, field,
                               part_of(explaining, field)));
    json_array_foreach(plan->differences, i, each)
        if (!strncmp(json_text(each, "field"), field->name, n) &&
            (!json_text(each, "field")[n] || strchr(".[", json_text(each, "field")[n])))
            json_array_append(told, each);
    json_array_foreach(plan->ignored, i, each)
        if (!strncmp(json_text(each, "field"), field->name, n))
            json_array_append(ignored, each);
    json_object_set_new(json, "differences", told);
    json_object_set_new(json, "ignored", ignored);
    json_object_set_new(json, "loss", json_string(members_loss_name(field->loss)));
    json_object_set_new(json, "why", field->harm ? json_string(field->harm) : json_null());
    return json;
}

static bool is_asked(const struct explaining *explaining, const struct field *field)
{
    const char *wanted = explaining->address.field;
    size_t n = strlen(field->name);

    return !wanted || (!strncmp(wanted, field->name, n) && (!wanted[n] || strchr(".[", wanted[n])));
}

static json_t *fields_json(const struct explaining *explaining, const struct pass_runner *runner,
                           const struct task *task)
{
    json_t *list = json_array();
    struct scope scope;

    task_scope(task, &scope);
    for (const struct field *f = task_kind(task)->fields; f->name; f++)
        if (is_asked(explaining, f) && !(f->flags & FIELD_LOCAL) &&
            (explaining->address.field || json_object_get(task_wished(task), f->name)))
            json_array_append_new(list, field_json(explaining, runner, f, task));
    return list;
}

/* ---- what comes next ---- */

static char *next_text(const struct task *task, const char *unknown)
{
    const struct plan *plan = task_plan(task);
    bool writes =
        plan->action == PLAN_CREATE || plan->action == PLAN_UPDATE || plan->action == PLAN_REMOVE;

    if (!plan->differences)
        return mem_printf("reads it again: %s", task_text(task));
    if (task_observed(task) && (writes || json_array_size(plan->differences)))
        return mem_printf("writes nothing: it is only observed, %s", task_observed(task));
    if (writes && unknown)
        return mem_printf("writes nothing: %s", unknown);
    if (plan->action == PLAN_BLOCKED || task_waits(task))
        return mem_printf("writes nothing: %s", task_waits(task) ? task_waits(task) : plan->reason);
    if (plan->action == PLAN_WAIT)
        return mem_text("waits for AWS, which is at work on it");
    if (writes)
        return mem_printf("%ss it", plan_action_name(plan->action));
    return mem_text(json_array_size(plan->differences) ? "writes nothing: no write ends it"
                                                       : "writes nothing: it is as wanted");
}

static json_t *calls_json(const struct task *task)
{
    json_auto_t *plan = plan_json(task_plan(task), task_kind(task));
    json_t *calls = task_observed(task) || task_waits(task)
                        ? json_array()
                        : json_deep_copy(json_object_get(plan, "calls")),
           *call;
    size_t i;

    json_array_foreach(calls, i, call)
        json_object_del(call, "params");
    return calls;
}

static json_t *ask_daemon(const struct pass_runner *runner, struct err *e)
{
    struct progress_while *shown = progress_while_start("the daemon", "asking since when",
                                                        options_color(runner->options, stderr));
    json_t *told = daemon_ask(runner->manifest->listen, "/api/v1/look", e);

    progress_while_end(shown);
    return told;
}

/* Since when, by the daemon; "unknown" where it cannot be asked. */
static json_t *since_json(const struct pass_runner *runner, const char *address)
{
    const char *listen = runner->manifest->listen;
    struct err e = {0};
    json_auto_t *told = listen ? ask_daemon(runner, &e) : NULL;
    const json_t *entry = json_object_get(json_object_get(told, "differs"), address);

    if (!told)
        return json_pack("{s:b, s:s}", "known", 0, "why",
                         listen ? e.text : "the spec has `listen: off`");
    if (!entry)
        return json_pack("{s:b, s:s}", "known", 0, "why",
                         "the daemon's last look did not see it differ");
    return json_pack("{s:b, s:O, s:O}", "known", 1, "verdict", json_object_get(entry, "verdict"),
                     "fields", json_object_get(entry, "fields"));
}

/* ---- the whole ---- */

static const struct task *find_task(const struct pass_runner *runner, const char *address)
{
    for (size_t i = 0; i < pass_task_count(runner->pass); i++)
        if (!strcmp(task_address(pass_task(runner->pass, i)), address))
            return pass_task(runner->pass, i);
    return NULL;
}

static json_t *pause_json(const struct pass_runner *runner, const struct address *address,
                          const char **unknown)
{
    enum err_kind kind;
    const json_t *pauses = pass_paused(runner->pass, address->pipeline, unknown, &kind);
    const json_t *pause = pause_find(pauses, address->text, clock_agreed_ms() / 1000);

    return pause ? json_share(pause) : json_null();
}

static json_t *explain_json(const struct explaining *explaining, const struct pass_runner *runner,
                            const struct task *task)
{
    const struct manifest_resource *resource = explaining->address.resource;
    const char *unknown;
    json_t *pause = pause_json(runner, &explaining->address, &unknown);
    cleanup_free char *place = place_text(manifest_resource_place(resource, ""));
    cleanup_free char *mode = manifest_resource_mode_text(&resource->mode);
    cleanup_free char *next = next_text(task, unknown);
    json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:o}", "format_version",
                             JSON_FORMAT_VERSION, "resource", task_address(task), "kind",
                             task_kind(task)->name, "place", place, "mode", mode, "state",
                             task_verdict_name(task_verdict(task)), "pause", pause, "next", next,
                             "calls", calls_json(task));

    json_object_set_new(json, "pause_unknown", unknown ? json_string(unknown) : json_null());
    json_object_set_new(json, "ignore",
                        resource->ignored ? json_share(resource->ignored) : json_array());
    json_object_set_new(json, "loss",
                        json_string(members_loss_name(task_loss(task, task_plan(task)))));
    if (task_absent_harm(task, task_plan(task)))
        json_object_set_new(json, "absence", json_string(task_absent_harm(task, task_plan(task))));
    json_object_set_new(json, "since", since_json(runner, task_address(task)));
    json_object_set_new(json, "fields", fields_json(explaining, runner, task));
    json_object_set(json, "notes", (json_t *)task_notes(task));
    return json;
}

/* ---- for people ---- */

static void print_source(const json_t *source)
{
    const char *by = json_text(source, "by");

    if (json_text(source, "file"))
        (void)printf("    set by  the %s, %s:%d:%d\n", by, json_text(source, "file"),
                     (int)json_integer_value(json_object_get(source, "line")),
                     (int)json_integer_value(json_object_get(source, "column")));
    else if (!strcmp(by, "default"))
        (void)printf("    set by  billingd's default\n");
    else if (!strcmp(by, "nobody"))
        (void)printf("    set by  nobody: it is left alone\n");
    else
        (void)printf("    set by  billingd: its mark\n");
}

static void print_since(const json_t *since, const char *field)
{
    const json_t *entry = json_object_get(json_object_get(since, "fields"), field);
    char moment[TIMESTAMP_ROOM];

    if (!entry) {
        (void)printf("      since unknown%s%s\n", json_text(since, "why") ? ": " : "",
                     json_text(since, "why") ? json_text(since, "why") : "");
        return;
    }
    timestamp_text((int64_t)json_number_value(json_object_get(entry, "since")), moment);
    (void)printf("      since %s%s\n", moment,
                 json_is_true(json_object_get(entry, "or_longer"))
                     ? " or longer: the daemon's first look saw it"
                     : "");
}

static void print_differences(const json_t *differences, const char *word, const json_t *since)
{
    const json_t *each;
    size_t i;

    json_array_foreach((json_t *)differences, i, each) {
        const char *loss = members_loss_text(members_loss(json_text(each, "loss")));
        cleanup_free char *want =
            json_view_line(json_object_get(each, "want"), "(nothing)", VALUE_COLUMNS);
        cleanup_free char *have =
            json_view_line(json_object_get(each, "have"), "(nothing)", VALUE_COLUMNS);

        (void)printf("    %s %s: want %s, have %s\n", word, json_text(each, "field"), want, have);
        if (*loss)
            (void)printf("      %s%s%s\n", loss, json_text(each, "why") ? ": " : "",
                         json_text(each, "why") ? json_text(each, "why") : "");
        else if (json_text(each, "why"))
            (void)printf("      %s\n", json_text(each, "why"));
        if (json_text(each, "stuck"))
            (void)printf("      no write ends it: %s\n", json_text(each, "stuck"));
        if (since)
            print_since(since, json_text(each, "field"));
    }
}

static void print_field(const json_t *field, const json_t *since)
{
    cleanup_free char *want =
        json_view_line(json_object_get(field, "want"), "(nothing)", VALUE_COLUMNS);
    cleanup_free char *have =
        json_view_line(json_object_get(field, "have"), "(nothing)", VALUE_COLUMNS);
    const char *unknown = json_text(field, "have_unknown");

    (void)printf("  %s\n    want    %s\n    have    %s%s\n", json_text(field, "field"),
                 json_is_null(json_object_get(field, "want")) ? "(nothing)" : want,
                 unknown ? "unknown: " : "",
                 unknown                                        ? unknown
                 : json_is_null(json_object_get(field, "have")) ? "(nothing)"
                                                                : have);
    print_source(json_object_get(field, "source"));
    print_differences(json_object_get(field, "differences"), "differs", since);
    print_differences(json_object_get(field, "ignored"), "ignored", NULL);
}

static void print_head(const json_t *json, const struct task *task)
{
    const json_t *pause = json_object_get(json, "pause"), *each;
    cleanup_free char *paused = json_is_object(pause) ? pause_text(pause) : NULL;
    cleanup_free char *ignored = json_view_line(json_object_get(json, "ignore"), "", VALUE_COLUMNS);
    const char *unknown = json_text(json, "pause_unknown");
    const char *verdict = json_text(json_object_get(json, "since"), "verdict");
    size_t i;

    (void)printf("%s (%s), %s\n  state   %s\n  mode    %s\n  pause   %s\n  ignore  %s\n"
                 "  next    the next look %s\n",
                 json_text(json, "resource"), task_kind(task)->title, json_text(json, "place"),
                 json_text(json, "state"), json_text(json, "mode"),
                 paused    ? paused
                 : unknown ? unknown
                           : "none",
                 ignored, json_text(json, "next"));
    json_array_foreach(json_object_get(json, "calls"), i, each)
        (void)printf("          call %s:%s\n", json_text(each, "service"),
                     json_text(each, "operation"));
    if (json_text(json, "absence"))
        (void)printf("  absent  %s: %s\n", members_loss_text(task_kind(task)->absent_loss),
                     json_text(json, "absence"));
    if (verdict)
        (void)printf("  daemon  %s at its last look\n", verdict);
}

static void print_text(const json_t *json, const struct task *task)
{
    const json_t *since = json_object_get(json, "since"), *each;
    size_t i;

    print_head(json, task);
    json_array_foreach(json_object_get(json, "fields"), i, each)
        print_field(each, since);
    /* What is no field: drift in what AWS has beside them. */
    json_array_foreach(task_plan(task)->differences, i, each) {
        json_auto_t *alone = json_pack("[O]", each);

        if (!ignore_field(task_kind(task), json_text(each, "field")))
            print_differences(alone, "differs beside the fields:", since);
    }
    json_array_foreach(json_object_get(json, "notes"), i, each)
        (void)printf("  note    %s\n", json_string_value(each));
}

static void report(struct pass_runner *runner)
{
    const struct explaining *explaining = runner->arg;
    const struct task *task = find_task(runner, explaining->address.text);
    json_auto_t *json = NULL;

    if (!task) /* its pipeline was refused, which is told */
        return;
    json = explain_json(explaining, runner, task);
    if (runner->options->output == OUTPUT_JSON) {
        (void)json_view_print_told(json);
        return;
    }
    plan_view_print_callers(runner->pass, runner->manifest, stdout);
    print_text(json, task);
}

static bool check(struct pass_runner *runner)
{
    struct manifest *manifest = runner->manifest;
    struct address *address = &((struct explaining *)runner->arg)->address;
    cleanup_free char *problem = NULL;
    struct err e = {0};

    runner->code = EXIT_BAD_USAGE;
    manifest->wide_reads = false; /* all there is is told */
    if (address_find(manifest, runner->options->operand, address, &e)) {
        (void)fprintf(stderr, "billingd: %s\n", e.text);
        return false;
    }
    if (!address->resource)
        problem = mem_printf("explain takes a resource, like %s/%s; `status` tells of all",
                             address->text, manifest->pipelines[address->pipeline].resources[0].id);
    else if (address->field && !ignore_field(address->resource->kind, address->field))
        problem = ignore_problem(address->resource->kind, address->field);
    if (problem)
        (void)fprintf(stderr, "billingd: %s\n", problem);
    else
        runner->code = EXIT_DONE;
    return !problem;
}

int verb_explain(const struct options *options)
{
    struct explaining explaining = {0};
    struct pass_runner runner = {.check = check,
                                 .report = report,
                                 .names_account = true,
                                 .documents = true,
                                 .arg = &explaining};
    int code = pass_runner_run(&runner, options);

    address_fini(&explaining.address);
    return code;
}
