#include "daemon/upkeep/upkeep.h"

#include "aws/flow.h"
#include "aws/local/background.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/str.h"
#include "billing/audit/audit.h"
#include "billing/close/close_months.h"
#include "billing/rollup/partition.h"
#include "billing/rollup/rollup.h"
#include "billing/store/athena_query.h"
#include "billing/store/scan_cap.h"
#include "daemon/health/service_metrics.h"
#include "daemon/health/service_time.h"
#include "daemon/upkeep/audit_watch.h"
#include "daemon/upkeep/backfill_watch.h"
#include "daemon/upkeep/month_watch.h"
#include "daemon/upkeep/open_gaps.h"
#include "spec/billing_setup.h"

#include <ctype.h>
#include <string.h>

enum {
    MOST_DELAY_S = 3600,  /* after failures */
    RARELY_MS = 86400000, /* between looks at the whole tree of partitions */
    COLLECT_MS = 3600000, /* between looks for old runs when nothing was built */
    AT_ONCE = 32,         /* pipelines that are set up in a round of the loop: milliseconds */
};

struct batch_item {
    struct billing *billing;
    /* What is written into is not only observed. */
    bool registers, builds, fills;
    bool audits; /* no other daemon does */
    const struct aws_fence *fence;
    char *broken; /* what of its delivery is not in place, a sentence; NULL: all is */
};

/* The pipelines of one run. */
struct batch {
    struct batch_item *items;
    size_t count;
};

struct upkeep {
    struct upkeep_setup setup;
    struct flow *flow; /* the run under way, or NULL */
    bool running;
    struct batch now, next;
    size_t refused;  /* queries, as last seen */
    json_t *done_ms; /* "ddn-api partitions" -> when it was last done as a whole; monotonic */
    struct audit_watch *watch;
    struct backfill_watch *backfill;
    struct open_gaps *gaps;
    json_t *told;       /* pipeline -> the problem last told */
    unsigned refreshes; /* a part that was under way then is to be done once more */
    unsigned began;     /* refreshes when the run under way began */
    json_t *waits;      /* "ddn-api audit" -> [failures in a row, when it may be tried again] */
    bool failed;
};

static void free_batch(void *arg)
{
    struct batch *batch = arg;

    for (size_t i = 0; i < batch->count; i++) {
        billing_free(batch->items[i].billing);
        free(batch->items[i].broken);
    }
    free(batch->items);
    free(batch);
}

/* Off the loop: with the last reference of a price book goes its map of customers. */
static void batch_fini(const struct upkeep *upkeep, struct batch *batch)
{
    struct batch *gone;

    if (!batch->items)
        return;
    gone = mem_new(sizeof *gone);
    *gone = *batch;
    *batch = (struct batch){0};
    background_free(upkeep->setup.loop, free_batch, gone);
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
static void tell(struct upkeep *upkeep, const char *pipeline, const char *part, const char *problem)
{
    cleanup_free char *name = mem_printf("%s %s", pipeline, part);
    const char *before = json_text(upkeep->told, name);

    if (problem) {
        cleanup_free char *what = signature(problem);

        if (before && !strcmp(before, what))
            return;
        json_object_set_new(upkeep->told, name, json_string(what));
        log_warning("upkeep", "{s:s, s:s, s:s}", "pipeline", pipeline, "part", part, "error",
                    problem);
    } else if (before) {
        json_object_del(upkeep->told, name);
        log_info("recovered", "{s:s, s:s}", "pipeline", pipeline, "part", part);
    }
}

static const char *const parts[HEALTH_PARTS] = {
    [HEALTH_LISTING] = "listing", [HEALTH_PARTITIONS] = "partitions", [HEALTH_ROLLUP] = "rollups",
    [HEALTH_AUDIT] = "audit",     [HEALTH_BACKFILL] = "backfill",     [HEALTH_MONTHS] = "months"};

/* A part that failed is tried again with patience; it does not hold up the others. */
static bool must_wait(const struct upkeep *upkeep, const char *pipeline, enum health_part part)
{
    cleanup_free char *name = mem_printf("%s %s", pipeline, parts[part]);
    const json_t *wait = json_object_get(upkeep->waits, name);

    return wait && clock_monotonic_ms() < json_integer_value(json_array_get(wait, 1));
}

static void note_failure(struct upkeep *upkeep, const char *pipeline, enum health_part part)
{
    cleanup_free char *name = mem_printf("%s %s", pipeline, parts[part]);
    json_int_t failures =
        json_integer_value(json_array_get(json_object_get(upkeep->waits, name), 0)) + 1;
    int64_t due_ms = clock_monotonic_ms() + service_time_delay_ms(MOST_DELAY_S, (unsigned)failures);

    json_object_set_new(upkeep->waits, name, json_pack("[I, I]", failures, (json_int_t)due_ms));
}

static void forget_failures(struct upkeep *upkeep, const char *pipeline, enum health_part part)
{
    cleanup_free char *name = mem_printf("%s %s", pipeline, parts[part]);

    (void)json_object_del(upkeep->waits, name);
}

/* What Athena scanned, and whether it may scan more. */
static void show_scan_cap(struct upkeep *upkeep, const char *pipeline)
{
    struct scan_cap_state cap;
    size_t refused = scan_cap_refused();

    metric_add(&service_metrics.guard_blocked_total, (double)(refused - upkeep->refused),
               "scan_cap", NULL);
    upkeep->refused = refused;
    if (!scan_cap_look(pipeline, &cap))
        return;
    metric_set(&service_metrics.scan_cap_bytes, (double)cap.day_bytes, pipeline, "day", NULL);
    metric_set(&service_metrics.scan_cap_bytes, (double)cap.month_bytes, pipeline, "month", NULL);
    metric_set(&service_metrics.budget_used_up, cap.used_up, pipeline, "scan_cap", NULL);
}

/* How a part of a run ended.  One that was cancelled says nothing. */
static void end_part(struct upkeep *upkeep, const char *pipeline, enum health_part part,
                     const struct err *e)
{
    if (e->kind == ERR_CANCELLED)
        return;
    if (e->kind == ERR_NONE) {
        forget_failures(upkeep, pipeline, part);
        health_done(upkeep->setup.health, part, pipeline);
    } else {
        upkeep->failed = true;
        if (upkeep->began == upkeep->refreshes) /* else somebody wants another try at once */
            note_failure(upkeep, pipeline, part);
        health_failed(upkeep->setup.health, part, pipeline, e->kind);
    }
    show_scan_cap(upkeep, pipeline);
    tell(upkeep, pipeline, parts[part], e->kind == ERR_NONE ? NULL : e->text);
}

/* Whether something was not done as a whole for so long. */
static bool is_due(const struct upkeep *upkeep, const char *name, int64_t every_ms)
{
    const json_t *last = json_object_get(upkeep->done_ms, name);

    return !last || clock_monotonic_ms() - json_integer_value(last) >= every_ms;
}

/* since: upkeep->refreshes when it was begun. */
static void note_done(struct upkeep *upkeep, const char *name, unsigned since)
{
    if (since == upkeep->refreshes)
        json_object_set_new(upkeep->done_ms, name, json_integer(clock_monotonic_ms()));
}

/* ---- what arrives ---- */

/* Looked for at each run: usage that stops coming is known long before the next audit. */
static void find_newest(struct flow *flow, struct upkeep *upkeep, const struct billing *billing)
{
    struct err e = {0};
    double newest_s;

    if (must_wait(upkeep, billing->pipeline, HEALTH_LISTING))
        return;
    if (!audit_fresh_object(flow, billing, &newest_s, &e)) {
        metric_forget(&service_metrics.newest_object, billing->pipeline);
        if (newest_s > 0)
            metric_set(&service_metrics.newest_object, newest_s, billing->pipeline, NULL);
    }
    end_part(upkeep, billing->pipeline, HEALTH_LISTING, &e);
}

/* ---- partitions ---- */

static void register_partitions(struct flow *flow, struct upkeep *upkeep,
                                const struct billing *billing)
{
    cleanup_free char *name = mem_printf("%s partitions", billing->pipeline);
    bool whole = is_due(upkeep, name, RARELY_MS);
    unsigned since = upkeep->refreshes;
    struct partition_report report;
    struct err e = {0};

    if (must_wait(upkeep, billing->pipeline, HEALTH_PARTITIONS))
        return;
    if (!partition_register(flow, billing, whole, &report, &e)) {
        if (report.failed)
            (void)err_set(&e, ERR_RETRY, "%s", report.text);
        else if (whole)
            note_done(upkeep, name, since);
        metric_add(&service_metrics.partitions_registered_total, report.registered, NULL);
        if (report.registered)
            log_info("partitions_registered", "{s:s, s:i}", "pipeline", billing->pipeline, "count",
                     (int)report.registered);
    }
    end_part(upkeep, billing->pipeline, HEALTH_PARTITIONS, &e);
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

static void show_days(const struct upkeep *upkeep, const struct billing *billing,
                      const struct rollup_status *status)
{
    int64_t now_ms = clock_now_ms();

    board_days(upkeep->setup.board, billing->pipeline, status,
               rollup_last_closed(billing, now_ms / 1000), now_ms);
}

/* Days by state; what the look saw. */
static void show_states(const struct upkeep *upkeep, const struct billing *billing,
                        const struct rollup_status *status)
{
    unsigned counts[ROLLUP_STATES] = {0};

    for (size_t i = 0; i < status->count; i++)
        counts[status->days[i].state]++;
    for (int i = 0; i < ROLLUP_STATES; i++)
        metric_set(&service_metrics.rollups, counts[i], billing->pipeline,
                   rollup_state_name((enum rollup_state)i), NULL);
    show_days(upkeep, billing, status);
    health_unbillable_days(upkeep->setup.health, billing->pipeline,
                           counts[ROLLUP_LOST] + counts[ROLLUP_HIDDEN]);
}

/* -1 and *e when nobody knows what is closed: then no month's state is. */
static int show_months(struct flow *flow, const struct billing *billing,
                       const struct rollup_status *status, struct err *e)
{
    json_auto_t *months = close_months(flow, billing, status, e);

    for (int i = 0; months && i < CLOSE_MONTHS; i++)
        metric_set(&service_metrics.months, (double)close_months_count(months, (enum close_month)i),
                   billing->pipeline, close_months_name((enum close_month)i), NULL);
    return months ? 0 : -1;
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
static int look(struct flow *flow, const struct upkeep *upkeep, const struct billing *billing,
                struct rollup_status *status, struct err *e)
{
    int found;
    struct day_span days = {.last = rollup_last_closed(billing, clock_now_ms() / 1000)};

    *status = (struct rollup_status){0};
    found = rollup_first_day(flow, billing, &days.first, e);
    if (found || rollup_look(flow, billing, days, status, e))
        return found ? found : -1;
    show_states(upkeep, billing, status);
    if (!show_months(flow, billing, status, e))
        return 0;
    rollup_status_fini(status);
    return -1;
}

static void repair(struct flow *flow, struct upkeep *upkeep, struct billing *billing,
                   const struct rollup_status *status, struct err *e)
{
    cleanup_free char *name = mem_printf("%s collect", billing->pipeline);
    const struct rollup_work work = {status, false, on_progress, billing};
    struct rollup_status after;
    struct rollup_report report;
    unsigned since = upkeep->refreshes;
    int failed;

    if (!has_drift(status))
        metric_set(&service_metrics.budget_used_up, 0, billing->pipeline, "rollup", NULL);
    if (!has_drift(status) && !is_due(upkeep, name, COLLECT_MS))
        return;
    failed = rollup_repair(flow, billing, &work, &report, e);
    metric_add(&service_metrics.self_athena_scanned_bytes_total, (double)report.scanned_bytes,
               NULL);
    if (!failed) {
        note_done(upkeep, name, since);
        metric_set(&service_metrics.budget_used_up, report.over_budget, billing->pipeline, "rollup",
                   NULL);
        if (report.failed)
            err_set(e, report.kind, "%u days could not be built; %s", report.failed, report.text);
        else if (report.over_budget)
            err_set(e, ERR_RETRY, "rollup.scan_budget is used up; the other days follow later");
    }
    if (report.built + report.noted + report.kept && !flow_is_cancelled(flow) &&
        !look(flow, upkeep, billing, &after, e))
        rollup_status_fini(&after);
}

/* They could not be looked at.  What was well is not known to be so any more; what was not (there
 * is a problem that was told) stays until it is. */
static void forget_states(const struct upkeep *upkeep, const char *pipeline)
{
    cleanup_free char *name = mem_printf("%s %s", pipeline, parts[HEALTH_ROLLUP]);

    board_days(upkeep->setup.board, pipeline, NULL, (struct day){0}, clock_now_ms());
    if (json_object_get(upkeep->told, name))
        return;
    metric_forget(&service_metrics.rollups, pipeline);
    metric_forget(&service_metrics.months, pipeline);
}

static void build_rollups(struct flow *flow, struct upkeep *upkeep, const struct batch_item *item)
{
    struct billing *billing = item->billing;
    struct rollup_status status;
    struct err e = {0};
    int found;

    if (must_wait(upkeep, billing->pipeline, HEALTH_ROLLUP))
        return;
    found = look(flow, upkeep, billing, &status, &e);
    if (!found) {
        tell_damage(upkeep, billing, &status);
        if (item->builds)
            repair(flow, upkeep, billing, &status, &e);
        rollup_status_fini(&status);
    }
    if (found > 0) { /* no data yet is no problem */
        err_clear(&e);
        show_days(upkeep, billing, &(struct rollup_status){0});
    }
    if (found < 0 && e.kind != ERR_CANCELLED)
        forget_states(upkeep, billing->pipeline);
    end_part(upkeep, billing->pipeline, HEALTH_ROLLUP, &e);
}

/* ---- the audit ---- */

static void tell_open(const struct upkeep *upkeep, const char *pipeline)
{
    size_t count = open_gaps_count(upkeep->gaps, pipeline);

    health_open_gaps(upkeep->setup.health, pipeline, count);
    board_open_gaps(upkeep->setup.board, pipeline, count);
}

/* New reference; NULL: it failed, or it is not the time for it. */
static json_t *audit(struct flow *flow, struct upkeep *upkeep, const struct billing *billing,
                     int64_t every_ms)
{
    cleanup_free char *name = mem_printf("%s audit", billing->pipeline);
    enum health_verdict verdict;
    unsigned since = upkeep->refreshes;
    struct err e = {0};
    json_t *found;

    if (!is_due(upkeep, name, every_ms) || must_wait(upkeep, billing->pipeline, HEALTH_AUDIT))
        return NULL;
    found = audit_watch_look(flow, upkeep->watch, billing, &verdict, &e);
    if (found) {
        open_gaps_note(upkeep->gaps, billing->pipeline, found);
        (void)open_gaps_look(flow, upkeep->gaps, billing, found, &e);
        note_done(upkeep, name, since);
        health_audited(upkeep->setup.health, billing->pipeline, verdict);
        tell_open(upkeep, billing->pipeline);
    }
    if (found || e.kind != ERR_CANCELLED)
        board_audit(upkeep->setup.board, billing->pipeline, found, clock_now_ms());
    end_part(upkeep, billing->pipeline, HEALTH_AUDIT, &e);
    return found;
}

/* ---- gaps ---- */

/* What came back is rolled up and audited at once; what did not is lost. */
static void look_again(struct flow *flow, struct upkeep *upkeep, const struct batch_item *item,
                       struct err *e)
{
    const struct billing *billing = item->billing;
    json_auto_t *after = NULL;

    rollup_forget(); /* what was written lies in days long past, too */
    build_rollups(flow, upkeep, item);
    if (!flow_is_cancelled(flow))
        after = audit(flow, upkeep, billing, 0);
    if (after)
        (void)backfill_watch_judge(flow, upkeep->backfill, billing, after, e);
}

static void close_gaps(struct flow *flow, struct upkeep *upkeep, const struct batch_item *item,
                       const struct backfill_look *look)
{
    struct billing *billing = item->billing;
    struct err e = {0};

    if (!item->fills || must_wait(upkeep, billing->pipeline, HEALTH_BACKFILL))
        return;
    if (billing->settings.backfill_by_hand)
        (void)backfill_watch_survey(flow, upkeep->backfill, billing, look, &e);
    else if (backfill_watch_fill(flow, upkeep->backfill, billing, look, &e) > 0)
        look_again(flow, upkeep, item, &e);
    tell_open(upkeep, billing->pipeline);
    end_part(upkeep, billing->pipeline, HEALTH_BACKFILL, &e);
}

static void audit_and_close(struct flow *flow, struct upkeep *upkeep, const struct batch_item *item)
{
    int64_t scanned = athena_query_scanned();
    json_auto_t *found = audit(flow, upkeep, item->billing, AUDIT_WATCH_MS);
    const struct backfill_look look = {found, athena_query_scanned() - scanned, item->broken};

    if (found && !flow_is_cancelled(flow))
        close_gaps(flow, upkeep, item, &look);
}

/* ---- months ---- */

static void find_unclosed(struct flow *flow, struct upkeep *upkeep, const struct billing *billing)
{
    cleanup_free char *name = mem_printf("%s months", billing->pipeline);
    struct err e = {0};
    unsigned since = upkeep->refreshes;

    if (!is_due(upkeep, name, AUDIT_WATCH_MS) ||
        must_wait(upkeep, billing->pipeline, HEALTH_MONTHS))
        return;
    if (!month_watch_look(flow, billing, upkeep->setup.board, &e))
        note_done(upkeep, name, since);
    end_part(upkeep, billing->pipeline, HEALTH_MONTHS, &e);
}

/* ---- a run ---- */

static void run(struct flow *flow, void *arg)
{
    struct upkeep *upkeep = arg;

    upkeep->failed = false;
    for (size_t i = 0; i < upkeep->now.count && !flow_is_cancelled(flow); i++) {
        const struct batch_item *item = &upkeep->now.items[i];

        flow_fence(flow, item->fence);
        find_newest(flow, upkeep, item->billing);
        if (item->billing->settings.register_partitions && item->registers)
            register_partitions(flow, upkeep, item->billing);
        build_rollups(flow, upkeep, item);
        if (item->audits && !flow_is_cancelled(flow))
            audit_and_close(flow, upkeep, item);
        if (!flow_is_cancelled(flow))
            find_unclosed(flow, upkeep, item->billing);
    }
}

static void begin(struct upkeep *upkeep);

static void on_end(void *arg)
{
    struct upkeep *upkeep = arg;

    upkeep->flow = NULL;
    upkeep->running = false;
    batch_fini(upkeep, &upkeep->now);
    if (upkeep->next.count)
        begin(upkeep);
    upkeep->setup.ended(upkeep->setup.arg);
}

static void begin(struct upkeep *upkeep)
{
    upkeep->now = upkeep->next;
    upkeep->next = (struct batch){0};
    upkeep->running = true;
    upkeep->began = upkeep->refreshes;
    upkeep->flow = flow_start(upkeep->setup.loop, upkeep->setup.client, run, on_end, upkeep);
}

/* ---- what is in place ---- */

/* It is there, and what differs does not falsify what is read. */
static bool is_usable(const struct task *task)
{
    enum task_verdict verdict = task_verdict(task);

    return verdict == VERDICT_SYNCED || verdict == VERDICT_REPAIRED ||
           (verdict == VERDICT_OBSERVED && task_plan(task)->action == PLAN_UPDATE &&
            task_loss(task, task_plan(task)) < LOSS_MISREAD);
}

static bool is_in_place(const struct pass *pass, size_t pipeline)
{
    size_t first, count = pass_tasks_of(pass, pipeline, &first);

    for (size_t i = first; i < first + count; i++) {
        const struct task *task = pass_task(pass, i);

        if (task_kind(task)->for_billing && !is_usable(task))
            return false;
    }
    return true;
}

/* What keeps events from arriving, as the pass left it. */
static bool is_broken(const struct task *task)
{
    static const char *const kinds[] = {"log_group", "subscription_filter", "delivery_stream",
                                        "iam_role"};
    enum task_verdict verdict = task_verdict(task);
    bool delivers = false;

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        delivers = delivers || !strcmp(task_kind(task)->name, kinds[i]);
    return delivers && !is_usable(task) &&
           (verdict != VERDICT_HELD || task_loss(task, task_last_plan(task)) == LOSS_DROPPED);
}

/* New text; NULL: nothing. */
static char *find_broken(const struct pass *pass, size_t pipeline)
{
    size_t first, count = pass_tasks_of(pass, pipeline, &first);

    for (size_t i = first; i < first + count; i++)
        if (is_broken(pass_task(pass, i)))
            return mem_printf("%s is not in place: gaps are read again when it is",
                              task_address(pass_task(pass, i)));
    return NULL;
}

/* Files go into the bucket, days into the table. */
static bool builds_rollups(const struct pass *pass, size_t pipeline)
{
    return !pass_observed(pass, pipeline, "bucket") &&
           !pass_observed(pass, pipeline, "rollup_table");
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
        end_part(upkeep, manifest->pipelines[pipeline].name, HEALTH_ROLLUP, &e);
        end_part(upkeep, manifest->pipelines[pipeline].name, HEALTH_AUDIT, &e);
        return;
    }
    batch->items = mem_resize(batch->items, batch->count + 1, sizeof *batch->items);
    batch->items[batch->count++] = (struct batch_item){
        .billing = billing,
        .registers = !pass_observed(pass, pipeline, "raw_table"),
        .builds = builds_rollups(pass, pipeline),
        .fills = !pass_observed(pass, pipeline, "bucket"),
        .audits = !pass_is_led(pass, pipeline),
        .fence = pass_fence(pass, pipeline),
        .broken = find_broken(pass, pipeline),
    };
}

/* What is only observed is not waited for. */
static void note_idle(const struct upkeep *upkeep, const struct manifest *manifest,
                      const struct pass *pass, size_t pipeline)
{
    struct health *health = upkeep->setup.health;
    const char *name = manifest->pipelines[pipeline].name;

    if (!pass_account(pass, pipeline))
        return; /* nobody knows */
    health_idle(health, HEALTH_PARTITIONS, name, pass_observed(pass, pipeline, "raw_table"));
    health_idle(health, HEALTH_ROLLUP, name, !builds_rollups(pass, pipeline));
    health_idle(health, HEALTH_BACKFILL, name, pass_observed(pass, pipeline, "bucket"));
    health_idle(health, HEALTH_AUDIT, name, pass_is_led(pass, pipeline));
}

bool upkeep_start_part(struct upkeep *upkeep, const struct manifest *manifest,
                       const struct pass *pass, size_t *from)
{
    size_t end = *from + AT_ONCE;

    if (!*from)
        batch_fini(upkeep, &upkeep->next);
    for (size_t i = *from; i < end && i < manifest->pipeline_count; i++) {
        note_idle(upkeep, manifest, pass, i);
        if (manifest->pipelines[i].billing && !pass_refused(pass, i, &(enum err_kind){0}) &&
            pass_account(pass, i) && is_in_place(pass, i))
            add(upkeep, manifest, pass, i);
    }
    *from = end;
    if (end < manifest->pipeline_count)
        return true;
    if (!upkeep->running && upkeep->next.count)
        begin(upkeep);
    return false;
}

bool upkeep_is_running(const struct upkeep *upkeep)
{
    return upkeep && upkeep->running;
}

int64_t upkeep_wait_ms(const struct upkeep *upkeep)
{
    int64_t now_ms = clock_monotonic_ms(), soonest_ms = -1;
    const char *name;
    json_t *wait;

    json_object_foreach(upkeep->waits, name, wait) {
        int64_t left_ms = json_integer_value(json_array_get(wait, 1)) - now_ms;

        /* One that was due and is not done waits for something else. */
        if (left_ms > 0 && (soonest_ms < 0 || left_ms < soonest_ms))
            soonest_ms = left_ms;
    }
    return soonest_ms;
}

bool upkeep_failed(const struct upkeep *upkeep)
{
    return upkeep->failed;
}

static void drop(void *document)
{
    json_decref(document);
}

/* Off the loop: it has some members for each pipeline. */
static void forget_all(const struct upkeep *upkeep, json_t **object)
{
    if (!json_object_size(*object))
        return;
    background_free(upkeep->setup.loop, drop, *object);
    *object = json_object();
}

void upkeep_refresh(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    upkeep->refreshes++;
    forget_all(upkeep, &upkeep->waits);
    forget_all(upkeep, &upkeep->done_ms);
    backfill_watch_refresh(upkeep->backfill);
    open_gaps_refresh(upkeep->gaps);
    rollup_forget();
}

unsigned upkeep_refreshes(const struct upkeep *upkeep)
{
    return upkeep->refreshes;
}

void upkeep_cancel(struct upkeep *upkeep)
{
    batch_fini(upkeep, &upkeep->next);
    flow_cancel(upkeep->flow);
}

struct upkeep *upkeep_new(const struct upkeep_setup *setup)
{
    struct upkeep *upkeep = mem_new(sizeof *upkeep);

    *upkeep = (struct upkeep){.setup = *setup,
                              .done_ms = json_object(),
                              .watch = audit_watch_new(),
                              .gaps = open_gaps_new(),
                              .told = json_object(),
                              .waits = json_object()};
    upkeep->backfill = backfill_watch_new(upkeep->gaps);
    return upkeep;
}

void upkeep_free(struct upkeep *upkeep)
{
    if (!upkeep)
        return;
    batch_fini(upkeep, &upkeep->now);
    batch_fini(upkeep, &upkeep->next);
    json_decref(upkeep->done_ms);
    json_decref(upkeep->told);
    json_decref(upkeep->waits);
    audit_watch_free(upkeep->watch);
    backfill_watch_free(upkeep->backfill);
    open_gaps_free(upkeep->gaps);
    free(upkeep);
}
