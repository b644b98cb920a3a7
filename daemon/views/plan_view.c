#include "daemon/views/plan_view.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/printable.h"
#include "base/secret/secret.h"
#include "base/text_width.h"
#include "daemon/views/terminal.h"
#include "daemon/views/text_diff.h"
#include "resources/members.h"
#include "state/pause.h"

#include <string.h>

static bool needs_something(const struct task *task)
{
    const struct plan *plan = task_plan(task);

    return plan->action != PLAN_NONE || json_array_size(plan->differences) ||
           (task_state(task) == TASK_DONE && task_verdict(task) >= VERDICT_RETRY);
}

bool plan_view_has_changes(const struct pass *pass)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (needs_something(pass_task(pass, i)))
            return true;
    return false;
}

bool plan_view_loses(const struct pass *pass)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        if (task_loses_unwritten(pass_task(pass, i)))
            return true;
    return false;
}

/* 0.1 as 0.1. */
enum { PRINTED = JSON_ENCODE_ANY | JSON_SORT_KEYS | JSON_REAL_PRECISION(15) };

/* Documents as indented JSON with sorted keys, scalars as they are, without known secrets; new
 * text.
 */
static char *value_text(const json_t *value)
{
    json_auto_t *told = json_with_texts(value, secret_hide_known);

    if (json_is_string(told))
        return mem_text(json_string_value(told));
    return json_dumps(told, PRINTED | JSON_INDENT(2));
}

static char *compact_text(const json_t *value)
{
    json_auto_t *told = json_with_texts(value, secret_hide_known);

    return json_dumps(told, PRINTED);
}

/* One line for people: long documents are only counted. */
static char *short_text(const json_t *value)
{
    cleanup_free char *text = NULL, *compact = NULL;
    size_t lines = 1;

    if (!value)
        return mem_text("(nothing)");
    if (json_is_string(value) && !json_string_length(value))
        return mem_text("\"\"");
    text = value_text(value);
    for (const char *p = text; *p; p++)
        lines += *p == '\n';
    compact = json_is_string(value) ? mem_text(text) : compact_text(value);
    if (strlen(compact) <= 160 && !strchr(compact, '\n'))
        return text_width_fit(compact, 160);
    return lines > 1 ? mem_printf("(%zu lines)", lines) : text_width_fit(compact, 160);
}

static bool is_long(const json_t *value)
{
    cleanup_free char *text = value ? value_text(value) : NULL;

    return text && strchr(text, '\n');
}

/* What it costs, and why it stays. */
static void print_loss(const json_t *difference, FILE *out, bool color)
{
    const char *loss = members_loss_text(members_loss(json_text(difference, "loss")));
    const char *why = json_text(difference, "why"), *stuck = json_text(difference, "stuck");

    if (*loss)
        (void)fprintf(out, "      %s%s%s%s%s\n", terminal_style(color, STYLE_RED), loss,
                      terminal_style(color, STYLE_PLAIN), why ? ": " : "", why ? why : "");
    else if (why)
        (void)fprintf(out, "      %s\n", why);
    if (stuck)
        (void)fprintf(out, "      not written: %s\n", stuck);
}

/* What it costs that it is not there. */
static void print_absence(const struct task *task, FILE *out, bool color)
{
    const struct plan *plan = task_last_plan(task);
    const char *harm = task_absent_harm(task, plan);

    if (harm)
        (void)fprintf(out, "    %s%s%s: %s\n", terminal_style(color, STYLE_RED),
                      members_loss_text(task_kind(task)->absent_loss),
                      terminal_style(color, STYLE_PLAIN), harm);
}

static void print_difference(const json_t *difference, bool created, FILE *out, bool color)
{
    const json_t *want = json_object_get(difference, "want"),
                 *have = json_object_get(difference, "have");
    const char *plain = terminal_style(color, STYLE_PLAIN);
    cleanup_free char *want_text = short_text(want), *have_text = short_text(have);

    (void)fprintf(out, "    %s%s\n", json_text(difference, "field"),
                  json_object_get(difference, "held") ? "  (not written any more: it does not stay "
                                                        "repaired)"
                                                      : "");
    if (!created)
        print_loss(difference, out, color);
    if (want && have && (is_long(want) || is_long(have))) {
        cleanup_free char *old = value_text(have), *new = value_text(want);

        text_diff_print(old, new, "      ", out, color);
        return;
    }
    if (!created)
        (void)fprintf(out, "      %s- have%s %s\n", terminal_style(color, STYLE_RED), plain,
                      have_text);
    (void)fprintf(out, "      %s+ want%s %s\n", terminal_style(color, STYLE_GREEN), plain,
                  want_text);
}

static void print_calls(const struct task *task, FILE *out, bool color)
{
    const struct plan *plan = task_plan(task);

    bool sent = plan->action != PLAN_BLOCKED && !task_observed(task) && !task_waits(task);

    for (size_t i = 0; sent && i < plan->call_count; i++) {
        const struct call *call = plan->calls[i].call;

        (void)fprintf(out, "    %scall %s:%s%s%s%s\n", terminal_style(color, STYLE_DIM),
                      task_kind(task)->service, call->op, call->why ? "  " : "",
                      call->why ? call->why : "", terminal_style(color, STYLE_PLAIN));
    }
}

static const char *observed_words(const struct plan *plan)
{
    return plan->action == PLAN_CREATE   ? "it is not there, and is only observed, "
           : plan->action == PLAN_REMOVE ? "it is there, and is only observed, "
                                         : "it is only observed, ";
}

static void print_task(const struct task *task, FILE *out, bool color)
{
    static const char *const marks[] = {"=", "+", "~", "-", "…", "!"};
    static const enum terminal_style styles[] = {STYLE_PLAIN, STYLE_GREEN,  STYLE_YELLOW,
                                                 STYLE_RED,   STYLE_YELLOW, STYLE_RED};
    const struct plan *plan = task_plan(task);
    enum plan_action action = task_waits(task) ? PLAN_BLOCKED : plan->action;
    bool unread = task_state(task) == TASK_DONE && task_verdict(task) >= VERDICT_RETRY &&
                  action != PLAN_BLOCKED;
    bool observed = !unread && task_observed(task);
    const char *word = unread     ? task_verdict_name(task_verdict(task))
                       : observed ? "observe"
                                  : plan_action_name(action);
    const char *reason = task_waits(task) ? task_waits(task)
                         : plan->reason   ? plan->reason
                         : unread         ? task_text(task)
                                          : NULL;
    size_t i;
    json_t *difference;

    (void)fprintf(out, "%s%s %s%s  %s (%s)\n",
                  terminal_style(color, unread     ? STYLE_RED
                                        : observed ? STYLE_CYAN
                                                   : styles[action]),
                  unread     ? "!"
                  : observed ? "o"
                             : marks[action],
                  word, terminal_style(color, STYLE_PLAIN), task_address(task),
                  task_kind(task)->title);
    if (observed)
        (void)fprintf(out, "    not sent: %s%s\n", observed_words(plan), task_observed(task));
    if (reason)
        (void)fprintf(out, "    %s\n", reason);
    if (plan->action == PLAN_WAIT)
        (void)fputs("    AWS is still at work on it\n", out);
    print_absence(task, out, color);
    json_array_foreach(plan->differences, i, difference)
        print_difference(difference, plan->action == PLAN_CREATE, out, color);
    print_calls(task, out, color);
}

static void print_ignored(const struct task *task, FILE *out, bool color)
{
    size_t i;
    json_t *each;

    json_array_foreach(task_plan(task)->ignored, i, each) {
        cleanup_free char *want = short_text(json_object_get(each, "want")),
                          *have = short_text(json_object_get(each, "have"));

        (void)fprintf(out, "%signored%s %s %s: have %s, want %s\n",
                      terminal_style(color, STYLE_DIM), terminal_style(color, STYLE_PLAIN),
                      task_address(task), json_text(each, "field"), have, want);
    }
}

static void print_notes(const struct task *task, FILE *out, bool color)
{
    size_t i;
    json_t *note;

    json_array_foreach(task_notes(task), i, note)
        (void)fprintf(out, "%snote%s %s: %s\n", terminal_style(color, STYLE_CYAN),
                      terminal_style(color, STYLE_PLAIN), task_address(task),
                      json_string_value(note));
}

static void print_tasks(const struct pass *pass, FILE *out, bool color)
{
    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);

        if (needs_something(task))
            print_task(task, out, color);
        print_notes(task, out, color);
    }
}

/* In one piece: standard error has no buffer, and hundreds of small writes, each with a look for
 * secrets and at whether its reader takes more, would stand between the reads and the writes. */
void plan_view_print(const struct pass *pass, FILE *out, bool color)
{
    cleanup_free char *text = NULL;
    size_t length = 0;
    FILE *whole = open_memstream(&text, &length);

    if (whole)
        print_tasks(pass, whole, color);
    if (!whole || fclose(whole))
        mem_give_up("out of memory");
    (void)fwrite(text, 1, length, out);
}

void plan_view_print_ignored(const struct pass *pass, FILE *out, bool color)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        print_ignored(pass_task(pass, i), out, color);
}

void plan_view_print_notes(const struct pass *pass, FILE *out, bool color)
{
    for (size_t i = 0; i < pass_task_count(pass); i++)
        print_notes(pass_task(pass, i), out, color);
}

/* AWS's text as a part of our line. */
static char *line_of(const char *text)
{
    return text ? printable_line(mem_text(text)) : NULL;
}

void plan_view_print_callers(const struct pass *pass, const struct manifest *manifest, FILE *out)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        cleanup_free char *alias = line_of(pass_alias(pass, i));
        cleanup_free char *caller = line_of(pass_caller(pass, i));

        if (caller)
            (void)fprintf(out, "%s: account %s%s%s%s, region %s, as %s\n",
                          manifest->pipelines[i].name, pass_account(pass, i), alias ? " (" : "",
                          alias ? alias : "", alias ? ")" : "", manifest->pipelines[i].region,
                          caller);
    }
}

json_t *plan_view_pauses(const struct pass *pass, const struct manifest *manifest, size_t pipeline)
{
    const char *why;
    enum err_kind kind;
    const json_t *pauses = pass_paused(pass, pipeline, &why, &kind), *pause;
    json_t *list = pauses ? json_array() : json_null();
    size_t i;

    json_array_foreach((json_t *)pauses, i, pause)
        if (pause_is_in_force(pause, clock_agreed_ms() / 1000)) {
            json_t *told = json_copy((json_t *)pause);

            json_object_set_new(told, "binds",
                                json_boolean(pause_binds(pause, &manifest->pipelines[pipeline])));
            json_array_append_new(list, told);
        }
    return list;
}

void plan_view_print_pauses(const struct pass *pass, const struct manifest *manifest, FILE *out)
{
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        json_auto_t *pauses = plan_view_pauses(pass, manifest, i);
        const json_t *pause;
        size_t j;

        json_array_foreach(pauses, j, pause) {
            cleanup_free char *text = pause_told(pause, &manifest->pipelines[i]);

            (void)fprintf(out, "%s: %s\n", json_text(pause, "address"), text);
        }
    }
}

/* account, alias and caller are null where they are not known. */
static json_t *callers_json(const struct pass *pass, const struct manifest *manifest)
{
    json_t *list = json_array();

    for (size_t i = 0; i < manifest->pipeline_count; i++)
        json_array_append_new(
            list,
            json_pack("{s:s, s:s?, s:s?, s:s, s:s?, s:o}", "pipeline", manifest->pipelines[i].name,
                      "account", pass_caller(pass, i) ? pass_account(pass, i) : NULL, "alias",
                      pass_alias(pass, i), "region", manifest->pipelines[i].region, "caller",
                      pass_caller(pass, i), "pauses", plan_view_pauses(pass, manifest, i)));
    return list;
}

static json_t *task_json(const struct task *task)
{
    json_t *json = plan_json(task_plan(task), task_kind(task));

    if (task_waits(task))
        (void)json_object_update_new(json, json_pack("{s:s, s:s, s:[]}", "action",
                                                     plan_action_name(PLAN_BLOCKED), "reason",
                                                     task_waits(task), "calls"));
    json_object_set_new(json, "resource", json_string(task_address(task)));
    json_object_set_new(json, "kind", json_string(task_kind(task)->name));
    json_object_set_new(json, "observed",
                        task_observed(task) ? json_string(task_observed(task)) : json_null());
    json_object_set(json, "notes", (json_t *)task_notes(task));
    json_object_set(json, "beside", (json_t *)task_beside(task));
    json_object_set_new(json, "loss",
                        json_string(members_loss_name(task_loss(task, task_last_plan(task)))));
    if (task_absent_harm(task, task_last_plan(task)))
        json_object_set_new(json, "absence",
                            json_string(task_absent_harm(task, task_last_plan(task))));
    if (task_state(task) == TASK_DONE) {
        json_object_set_new(json, "verdict", json_string(task_verdict_name(task_verdict(task))));
        if (*task_text(task))
            json_object_set_new(json, "text", json_string(task_text(task)));
    }
    return json;
}

json_t *plan_view_json(const struct pass *pass, const struct manifest *manifest)
{
    struct pass_summary s;
    json_t *json =
        json_pack("{s:s, s:s, s:b, s:[], s:[]}", "format_version", JSON_FORMAT_VERSION, "spec",
                  manifest->path, "changes", plan_view_has_changes(pass), "refused", "resources");

    json_object_set_new(json, "pipelines", callers_json(pass, manifest));
    for (size_t i = 0; i < manifest->pipeline_count; i++) {
        enum err_kind kind;
        const char *refused = pass_refused(pass, i, &kind);

        if (refused)
            json_array_append_new(json_object_get(json, "refused"),
                                  json_pack("{s:s, s:s}", "pipeline", manifest->pipelines[i].name,
                                            "reason", refused));
    }
    for (size_t i = 0; i < pass_task_count(pass); i++)
        json_array_append_new(json_object_get(json, "resources"), task_json(pass_task(pass, i)));
    pass_summarize(pass, &s);
    json_object_set(json, "warnings", (json_t *)pass_warnings(pass));
    json_object_set_new(json, "summary",
                        json_pack("{s:i, s:i, s:i, s:i}", "reads", (int)s.reads, "writes",
                                  (int)s.writes, "round_trips", (int)s.round_trips,
                                  "elapsed_milliseconds", (int)s.elapsed_ms));
    return json;
}

void plan_view_print_summary(const struct pass *pass, FILE *out)
{
    struct pass_summary s;
    const char *gap = "";

    pass_summarize(pass, &s);
    const struct {
        unsigned count;
        const char *word;
    } parts[] = {{s.synced, "in sync"},     {s.drifted, "to change"}, {s.repaired, "changed"},
                 {s.settling, "settling"},  {s.held, "held"},         {s.observed, "observed"},
                 {s.retry, "to try again"}, {s.blocked, "blocked"},   {s.denied, "denied"},
                 {s.failed, "failed"}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].count) {
            (void)fprintf(out, "%s%u %s", gap, parts[i].count, parts[i].word);
            gap = ", ";
        }
    (void)fprintf(out, "%s%u reads, %u writes, %u round trips, %lld.%03lld s\n", *gap ? "; " : "",
                  s.reads, s.writes, s.round_trips, (long long)(s.elapsed_ms / 1000),
                  (long long)(s.elapsed_ms % 1000));
}
