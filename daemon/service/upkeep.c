#include "daemon/service/upkeep.h"

#include "aws/flow.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/rollup/partition.h"
#include "billing/rollup/rollup.h"
#include "billing/store/athena_query.h"
#include "daemon/service/audit_watch.h"
#include "daemon/service/service_metrics.h"
#include "daemon/service/service_time.h"
#include "spec/billing_setup.h"

#include <ctype.h>
#include <string.h>

enum {
    MOST_DELAY_S = 3600,  /* after failures */
    RARELY_MS = 86400000, /* between looks at the whole tree of partitions */
    COLLECT_MS = 3600000, /* between looks for old runs when nothing was built */
};

/* The pipelines of one run. */
struct batch {
    struct billing **items;
    size_t count;
};

struct upkeep {
    uv_loop_t *loop;
    struct aws_client *client;
    upkeep_end_fn *ended;
    void *arg;
    struct flow *flow; /* the run under way, or NULL */
    bool running;
    struct batch now, next;
    json_t *done_ms; /* "ddn-api partitions" -> when it was last done as a whole; monotonic */
    struct audit_watch *watch;
    json_t *told; /* pipeline -> the problem last told */
    int64_t due_ms;
    unsigned failures;
    bool failed;
};

static void batch_fini(struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        billing_free(batch->items[i]);
    free(batch->items);
    *batch = (struct batch){0};
}

/* ---- news ---- */

/* What a problem is, without the ids, days and numbers that differ each time. */
static char *signature(const char *problem)
{
    cleanup_str struct str text = {0};
    const char *id = strstr(problem, " (");
    size_t n = id ? (size_t)(id - problem) : strlen(problem);

    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)problem[i]))
            str_add_char(&text, problem[i]);
    return str_take(&text);
}

/* A problem is told when it is another than before, and once more when it is gone. */
static void tell(struct upkeep *upkeep, const struct billing *billing, const char *part,
                 const char *problem)
{
    cleanup_free char *name = mem_printf("%s %s", billing->pipeline, part);
    const char *before = json_text(upkeep->told, name);

    if (problem) {
        cleanup_free char *what = signature(problem);

        upkeep->failed = true;
        if (before && !strcmp(before, what))
            return;
        json_object_set_new(upkeep->told, name, json_string(what));
        log_warning("upkeep", "{s:s, s:s, s:s}", "pipeline", billing->pipeline, "part", part,
                    "error", problem);
    } else if (before) {
        json_object_del(upkeep->told, name);
        log_info("recovered", "{s:s, s:s}", "pipeline", billing->pipeline, "part", part);
    }
}

/* Whether something was not done as a whole for so long. */
static bool is_due(const struct upkeep *upkeep, const char *name, int64_t every_ms)
{
    const json_t *last = json_object_get(upkeep->done_ms, name);

    return !last || clock_monotonic_ms() - json_integer_value(last) >= every_ms;
}

static void note_done(struct upkeep *upkeep, const char *name)
{
    json_object_set_new(upkeep->done_ms, name, json_integer(clock_monotonic_ms()));
}

/* ---- partitions ---- */

static void register_partitions(struct flow *flow, struct upkeep *upkeep,
                                const struct billing *billing)
{
    cleanup_free char *name = mem_printf("%s partitions", billing->pipeline);
    bool whole = is_due(upkeep, name, RARELY_MS);
    struct partition_report report;
    struct err e = {0};

    if (partition_register(flow, billing, whole, &report, &e)) {
        if (e.kind != ERR_CANCELLED)
            tell(upkeep, billing, "partitions", e.text);
        return;
    }
    if (whole && !report.failed)
        note_done(upkeep, name);
    metric_add(&service_metrics.partitions_registered_total, report.registered, NULL);
    if (report.registered)
        log_info("partitions_registered", "{s:s, s:i}", "pipeline", billing->pipeline, "count",
                 (int)report.registered);
    tell(upkeep, billing, "partitions", report.failed ? report.text : NULL);
}

/* ---- rollups ---- */

static void on_progress(void *arg, struct day day, const char *what)
{
    const struct billing *billing = arg;
    char text[16];

    if (!strcmp(what, "building"))
        return;
    metric_add(&service_metrics.rollup_builds_total, 1, what, NULL);
    calendar_day_text(day, text);
    if (!strcmp(what, "noted"))
        log_debug("rollup", "{s:s, s:s, s:s}", "pipeline", billing->pipeline, "day", text, "result",
                  what);
    else
        log_info("rollup", "{s:s, s:s, s:s}", "pipeline", billing->pipeline, "day", text, "result",
                 what);
}

/* Days by state; what the look saw. */
static void show_states(const struct billing *billing, const struct rollup_status *status)
{
    unsigned counts[ROLLUP_STATES] = {0};

    for (size_t i = 0; i < status->count; i++)
        counts[status->days[i].state]++;
    for (int i = 0; i < ROLLUP_STATES; i++)
        metric_set(&service_metrics.rollups, counts[i], billing->pipeline,
                   rollup_state_name((enum rollup_state)i), NULL);
}

static bool has_drift(const struct rollup_status *status)
{
    for (size_t i = 0; i < status->count; i++)
        if (rollup_is_drift(status->days[i].state))
            return true;
    return false;
}

/* Builds that stopped being what their record says: told once a day and reason. */
static void tell_damage(struct upkeep *upkeep, const struct billing *billing,
                        const struct rollup_status *status)
{
    for (size_t i = 0; i < status->count; i++) {
        const struct rollup_day *day = &status->days[i];
        cleanup_free char *name = NULL;
        const char *before;
        char text[16];

        calendar_day_text(day->day, text);
        name = mem_printf("%s rollup %s", billing->pipeline, text);
        before = json_text(upkeep->told, name);
        if (!day->why) {
            json_object_del(upkeep->told, name);
        } else if (!before || strcmp(before, day->why) != 0) {
            json_object_set_new(upkeep->told, name, json_string(day->why));
            log_warning("rollup_not_believed", "{s:s, s:s, s:s, s:s}", "pipeline",
                        billing->pipeline, "day", text, "state", rollup_state_name(day->state),
                        "why", day->why);
        }
    }
}

/* 1 and *e when there is no data yet. */
static int look(struct flow *flow, const struct billing *billing, struct rollup_status *status,
                struct err *e)
{
    int found;
    struct day_span days = {.last = rollup_last_closed(billing, clock_now_ms() / 1000)};

    *status = (struct rollup_status){0};
    found = rollup_first_day(flow, billing, &days.first, e);
    if (found || rollup_look(flow, billing, days, status, e))
        return found ? found : -1;
    show_states(billing, status);
    return 0;
}

static void repair(struct flow *flow, struct upkeep *upkeep, struct billing *billing,
                   const struct rollup_status *status, struct err *e)
{
    cleanup_free char *name = mem_printf("%s collect", billing->pipeline);
    const struct rollup_work work = {status, false, on_progress, billing};
    struct rollup_status after;
    struct rollup_report report;
    int failed;

    if (!has_drift(status) && !is_due(upkeep, name, COLLECT_MS))
        return;
    failed = rollup_repair(flow, billing, &work, &report, e);
    metric_add(&service_metrics.self_athena_scanned_bytes_total, (double)report.scanned_bytes,
               NULL);
    if (!failed) {
        note_done(upkeep, name);
        if (report.failed)
            err_set(e, report.kind, "%u days could not be built; %s", report.failed, report.text);
        else if (report.over_budget)
            err_set(e, ERR_RETRY, "rollup.scan_budget is used up; the other days follow later");
    }
    if (report.built + report.noted + report.kept && !flow_is_cancelled(flow) &&
        !look(flow, billing, &after, e))
        rollup_status_fini(&after);
}

static void build_rollups(struct flow *flow, struct upkeep *upkeep, struct billing *billing)
{
    struct rollup_status status;
    struct err e = {0};
    int found = look(flow, billing, &status, &e);

    if (!found) {
        tell_damage(upkeep, billing, &status);
        repair(flow, upkeep, billing, &status, &e);
        rollup_status_fini(&status);
    }
    if (e.kind != ERR_CANCELLED) /* no data yet is no problem */
        tell(upkeep, billing, "rollups", e.kind == ERR_NONE || found > 0 ? NULL : e.text);
}

/* ---- the audit ---- */

static void audit(struct flow *flow, struct upkeep *upkeep, const struct billing *billing)
{
    cleanup_free char *name = mem_printf("%s audit", billing->pipeline);
    struct err e = {0};

    if (!is_due(upkeep, name, AUDIT_WATCH_MS))
        return;
    if (!audit_watch_look(flow, upkeep->watch, billing, &e))
        note_done(upkeep, name);
    if (e.kind != ERR_CANCELLED)
        tell(upkeep, billing, "audit", e.kind == ERR_NONE ? NULL : e.text);
}

/* ---- a run ---- */

static void run(struct flow *flow, void *arg)
{
    struct upkeep *upkeep = arg;

    upkeep->failed = false;
    for (size_t i = 0; i < upkeep->now.count && !flow_is_cancelled(flow); i++) {
        struct billing *billing = upkeep->now.items[i];

        if (billing->settings.register_partitions)
            register_partitions(flow, upkeep, billing);
        build_rollups(flow, upkeep, billing);
        if (!flow_is_cancelled(flow))
            audit(flow, upkeep, billing);
    }
}

static void begin(struct upkeep *upkeep);

static void on_end(void *arg)
{
    struct upkeep *upkeep = arg;

    upkeep->flow = NULL;
    upkeep->running = false;
    batch_fini(&upkeep->now);
    upkeep->failures = upkeep->failed ? upkeep->failures + 1 : 0;
    upkeep->due_ms = upkeep->failed ? clock_monotonic_ms() +
                                          service_time_delay_ms(MOST_DELAY_S, upkeep->failures)
                                    : 0;
    if (upkeep->next.count && !upkeep->failed)
        begin(upkeep);
    else
        batch_fini(&upkeep->next);
    upkeep->ended(upkeep->arg);
}

static void begin(struct upkeep *upkeep)
{
    upkeep->now = upkeep->next;
    upkeep->next = (struct batch){0};
    upkeep->running = true;
    upkeep->flow = flow_start(upkeep->loop, upkeep->client, run, on_end, upkeep);
}

/* ---- what is in place ---- */

static bool is_in_place(const struct pass *pass, size_t pipeline)
{
    for (size_t i = 0; i < pass_task_count(pass); i++) {
        const struct task *task = pass_task(pass, i);
        enum task_verdict verdict = task_verdict(task);

        if (pass_task_pipeline(pass, i) == pipeline && task_kind(task)->for_billing &&
            verdict != VERDICT_SYNCED && verdict != VERDICT_REPAIRED)
            return false;
    }
    return true;
}

static void add(struct upkeep *upkeep, const struct manifest *manifest, const struct pass *pass,
                size_t pipeline)
{
    struct batch *batch = &upkeep->next;
    struct err e = {0};
    struct billing *billing;

    billing = billing_setup(manifest, pipeline, pass_session(pass, pipeline),
                            pass_account(pass, pipeline), &e);
    if (!billing) {
        log_error("upkeep", "{s:s, s:s}", "pipeline", manifest->pipelines[pipeline].name, "error",
                  e.text);
        return;
    }
    batch->items = mem_resize(batch->items, batch->count + 1, sizeof(struct billing *));
    batch->items[batch->count++] = billing;
}

bool upkeep_start(struct upkeep *upkeep, const struct manifest *manifest, const struct pass *pass)
{
    if (clock_monotonic_ms() < upkeep->due_ms)
        return upkeep->running;
    batch_fini(&upkeep->next);
    for (size_t i = 0; i < manifest->pipeline_count; i++)
        if (manifest->pipelines[i].billing && !pass_refused(pass, i, &(enum err_kind){0}) &&
            pass_account(pass, i) && is_in_place(pass, i))
            add(upkeep, manifest, pass, i);
    if (!upkeep->running && upkeep->next.count)
        begin(upkeep);
    return upkeep->running;
}

bool upkeep_is_running(const struct upkeep *upkeep)
{
    return upkeep && upkeep->running;
}

bool upkeep_failed(const struct upkeep *upkeep)
{
    return upkeep->failed;
}

void upkeep_refresh(struct upkeep *upkeep)
{
    upkeep->failures = 0;
    upkeep->due_ms = 0;
    json_object_clear(upkeep->done_ms);
    rollup_forget();
}

void upkeep_cancel(struct upkeep *upkeep)
{
    batch_fini(&upkeep->next);
    flow_cancel(upkeep->flow);
}

struct upkeep *upkeep_new(uv_loop_t *loop, struct aws_client *client, upkeep_end_fn *ended,
                          void *arg)
{
    struct upkeep *upkeep = mem_new(sizeof *upkeep);

    *upkeep = (struct upkeep){.loop = loop,
                              .client = client,
                              .ended = ended,
                              .arg = arg,
                              .done_ms = json_object(),
                              .watch = audit_watch_new(),
                              .told = json_object()};
    return upkeep;
}

void upkeep_free(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    batch_fini(&upkeep->now);
    batch_fini(&upkeep->next);
    json_decref(upkeep->done_ms);
    json_decref(upkeep->told);
    audit_watch_free(upkeep->watch);
    free(upkeep);
}
