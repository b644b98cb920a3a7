/* service_metrics.c -- the table of billingd's metrics, and what feeds it. */
#include "daemon/health/service_metrics.h"

#include "base/log.h"
#include "base/mem.h"

#include <ctype.h>
#include <malloc.h>
#include <math.h>
#include <string.h>

enum { CODE_LETTERS = 80, CODE_DIGITS = 4 };

/* A pass is a few round trips, or minutes when something settles; one request is milliseconds. */
static const double pass_bounds[] = {0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600};
static const double request_bounds[] = {0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
/* 50 ms are the most that is allowed: loop_watch.h. */
static const double round_bounds[] = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5};

#define LABELS(...) ((const char *const[]){__VA_ARGS__, NULL})
#define BOUNDS(array) .bounds = (array), .bound_count = sizeof(array) / sizeof(*(array))

struct service_metrics service_metrics = {
    .build_info =
        {
            .name = "billingd_build_info",
            .help = "Always 1; the labels tell what was built.",
            .type = METRIC_GAUGE,
            .labels = LABELS("version"),
        },
    .config_reload_successful =
        {
            .name = "billingd_config_last_reload_successful",
            .help = "1 when the last load of billing.yaml succeeded, 0 when the one before is "
                    "still in use.",
            .type = METRIC_GAUGE,
        },
    .config_reload_success_timestamp =
        {
            .name = "billingd_config_last_reload_success_timestamp_seconds",
            .help = "When billing.yaml was last loaded without error.",
            .type = METRIC_GAUGE,
        },
    .reconcile_total =
        {
            .name = "billingd_reconcile_total",
            .help = "Finished passes over all pipelines, by result.",
            .type = METRIC_COUNTER,
            .labels = LABELS("result"),
        },
    .reconcile_duration =
        {
            .name = "billingd_reconcile_duration_seconds",
            .help = "Time of one pass over all pipelines.",
            .type = METRIC_HISTOGRAM,
            BOUNDS(pass_bounds),
        },
    .reconcile_last_finished =
        {
            .name = "billingd_reconcile_last_finished_timestamp_seconds",
            .help = "When the last pass over all pipelines ended, whatever it found.",
            .type = METRIC_GAUGE,
        },
    .reconcile_interval =
        {
            .name = "billingd_reconcile_interval_seconds",
            .help = "Time between two passes when nothing is wrong, as the spec says.",
            .type = METRIC_GAUGE,
        },
    .reconcile_last_success =
        {
            .name = "billingd_reconcile_last_success_timestamp_seconds",
            .help = "When the last pass that left everything in sync ended.",
            .type = METRIC_GAUGE,
        },
    .ready =
        {
            .name = "billingd_ready",
            .help = "1 when /-/ready answers 200, 0 when it answers 503.",
            .type = METRIC_GAUGE,
        },
    .part_failed =
        {
            .name = "billingd_part_failed",
            .help = "1 when this part of the work failed the last time, 0 when it was done; "
                    "nothing before that.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "part"),
            .limit = METRIC_OF_SPEC,
        },
    .part_expected =
        {
            .name = "billingd_part_expected",
            .help = "1 for each part of the work that the spec in use asks for.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "part"),
            .limit = METRIC_OF_SPEC,
        },
    .part_failures_total =
        {
            .name = "billingd_part_failures_total",
            .help = "How often a part of the work failed.",
            .type = METRIC_COUNTER,
            .labels = LABELS("pipeline", "part"),
            .limit = METRIC_OF_SPEC,
        },
    .resource_condition =
        {
            .name = "billingd_resource_condition",
            .help = "1 when the condition holds for the resource, 0 when not.",
            .type = METRIC_GAUGE,
            .labels = LABELS("resource", "kind", "condition"),
            .limit = METRIC_OF_SPEC,
        },
    .resources =
        {
            .name = "billingd_resources",
            .help = "Resources of the spec by what the last look said of them; observed: they "
                    "differ, and nothing is written.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "state"),
            .limit = METRIC_OF_SPEC,
        },
    .leader =
        {
            .name = "billingd_leader",
            .help = "1 while this daemon leads the pipeline: writes, and pays for queries; 0 while "
                    "it only looks.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .spec_conflict =
        {
            .name = "billingd_spec_conflict",
            .help = "1 while another spec than this daemon's is in force for the pipeline: put in "
                    "force after its own was read, or of the daemon that leads.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .paused_since =
        {
            .name = "billingd_paused_since_timestamp_seconds",
            .help = "When the resource or pipeline was paused; nothing when it is not.",
            .type = METRIC_GAUGE,
            .labels = LABELS("resource"),
            .limit = METRIC_OF_SPEC,
        },
    .paused_until =
        {
            .name = "billingd_paused_until_timestamp_seconds",
            .help = "When its pause ends, or ended, for a week after it; nothing when it has none.",
            .type = METRIC_GAUGE,
            .labels = LABELS("resource"),
            .limit = METRIC_OF_SPEC,
        },
    .resource_drift_fields =
        {
            .name = "billingd_resource_drift_fields",
            .help = "Fields of the resource that differed from the spec at the last look.",
            .type = METRIC_GAUGE,
            .labels = LABELS("resource"),
            .limit = METRIC_OF_SPEC,
        },
    .resource_loss =
        {
            .name = "billingd_resource_loss",
            .help = "1 while what differs in the resource makes events be delayed, misread or "
                    "dropped, 0 when not.",
            .type = METRIC_GAUGE,
            .labels = LABELS("resource", "class"),
            .limit = METRIC_OF_SPEC,
        },
    .spec_generation =
        {
            .name = "billingd_spec_generation",
            .help = "Number of the spec in use; a successful reload counts one up.",
            .type = METRIC_GAUGE,
        },
    .observed_generation =
        {
            .name = "billingd_observed_generation",
            .help = "Number of the spec that the last finished pass compared AWS with.",
            .type = METRIC_GAUGE,
        },
    .repairs_total =
        {
            .name = "billingd_repairs_total",
            .help = "Writes that brought a resource back to the spec, by kind of resource.",
            .type = METRIC_COUNTER,
            .labels = LABELS("kind"),
        },
    .guard_blocked_total =
        {
            .name = "billingd_guard_blocked_total",
            .help = "Writes that a guard refused.",
            .type = METRIC_COUNTER,
            .labels = LABELS("guard"),
        },
    .aws_requests_total =
        {
            .name = "billingd_aws_requests_total",
            .help =
                "HTTP requests sent to AWS, each attempt counted; code is AWS's error code, or ok.",
            .type = METRIC_COUNTER,
            .labels = LABELS("service", "operation", "code"),
        },
    .aws_request_duration =
        {
            .name = "billingd_aws_request_duration_seconds",
            .help = "Time of one HTTP request to AWS.",
            .type = METRIC_HISTOGRAM,
            .labels = LABELS("service"),
            BOUNDS(request_bounds),
        },
    .steady_looks_total =
        {
            .name = "billingd_steady_looks_total",
            .help = "Looks, with what followed each until the next, that had nothing to make up "
                    "for after a start, a new spec or a failure.",
            .type = METRIC_COUNTER,
        },
    .steady_requests_total =
        {
            .name = "billingd_steady_aws_requests_total",
            .help = "HTTP requests sent to AWS in these looks.",
            .type = METRIC_COUNTER,
            .labels = LABELS("service", "operation"),
        },
    .steady_look_requests =
        {
            .name = "billingd_steady_look_requests",
            .help = "HTTP requests of that one of these looks that had the fewest, and the most.",
            .type = METRIC_GAUGE,
            .labels = LABELS("bound"),
        },
    .aws_throttled_total =
        {
            .name = "billingd_aws_throttled_total",
            .help = "HTTP requests that AWS refused because there were too many.",
            .type = METRIC_COUNTER,
            .labels = LABELS("service"),
        },
    .calls_waiting =
        {
            .name = "billingd_calls_waiting",
            .help = "Calls that wait for reconcile.calls_per_minute, or AWS's limits, now.",
            .type = METRIC_GAUGE,
        },
    .calls_waited =
        {
            .name = "billingd_calls_waited_seconds_total",
            .help = "Time that calls waited for reconcile.calls_per_minute, or AWS's limits.",
            .type = METRIC_COUNTER,
        },
    .credentials_failed =
        {
            .name = "billingd_credentials_failed",
            .help = "1 when keys could not be fetched the last time, 0 when they were; nothing "
                    "before that.",
            .type = METRIC_GAUGE,
        },
    .credentials_expire =
        {
            .name = "billingd_credentials_expire_timestamp_seconds",
            .help = "When the first of the keys in use ends; nothing for keys without an end.",
            .type = METRIC_GAUGE,
        },
    .rollups =
        {
            .name = "billingd_rollups",
            .help = "Billing days by the state of their rollup, at the last look.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "state"),
            .limit = METRIC_OF_SPEC,
        },
    .rollup_builds_total =
        {
            .name = "billingd_rollup_builds_total",
            .help = "Days whose rollup was looked into, by what came of it.",
            .type = METRIC_COUNTER,
            .labels = LABELS("result"),
        },
    .rollup_last_success =
        {
            .name = "billingd_rollup_last_success_timestamp_seconds",
            .help = "When all closed days were last found to have a current rollup, or got one.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .self_athena_scanned_bytes_total =
        {
            .name = "billingd_self_athena_scanned_bytes_total",
            .help = "Bytes that Athena scanned for the daemon's own queries.",
            .type = METRIC_COUNTER,
        },
    .scan_cap_bytes =
        {
            .name = "billingd_scan_cap_used_bytes",
            .help = "Bytes that Athena scanned this day or month (UTC) for billingd, whoever ran "
                    "it, as last counted for billing.scan_cap.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "span"),
            .limit = METRIC_OF_SPEC,
        },
    .budget_used_up =
        {
            .name = "billingd_budget_used_up",
            .help = "1 while work waits because its budget of bytes is used up, 0 when not.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "part"),
            .limit = METRIC_OF_SPEC,
        },
    .unclosed_months =
        {
            .name = "billingd_unclosed_months",
            .help = "Months that are over and not closed, after the last closed one.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .unclosed_month_end =
        {
            .name = "billingd_oldest_unclosed_month_end_timestamp_seconds",
            .help = "When the oldest of these months ended; nothing when there is none.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .audit_last_success =
        {
            .name = "billingd_audit_last_success_timestamp_seconds",
            .help = "When the last audit that could be made ended, whatever it found.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .audit_verdict =
        {
            .name = "billingd_audit_verdict",
            .help = "1 for what the last audit said: complete, gap or unknown.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "verdict"),
            .limit = METRIC_OF_SPEC,
        },
    .audit_events =
        {
            .name = "billingd_audit_events",
            .help = "Events counted at each hop within the last audit's window; nothing where "
                    "nobody counts.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "hop"),
            .limit = METRIC_OF_SPEC,
        },
    .audit_gap_ratio =
        {
            .name = "billingd_audit_gap_ratio",
            .help = "Share of the events before the hop that the last audit did not find there.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "hop"),
            .limit = METRIC_OF_SPEC,
        },
    .audit_excluded_events =
        {
            .name = "billingd_audit_excluded_events",
            .help = "What the last audit's window holds and nobody is billed for, by its class.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "class"),
            .limit = METRIC_OF_SPEC,
        },
    .audit_included_events =
        {
            .name = "billingd_audit_included_events",
            .help = "What the last two days hold and is billed, and is worth knowing, by class.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "class"),
            .limit = METRIC_OF_SPEC,
        },
    .open_gaps =
        {
            .name = "billingd_open_gaps",
            .help =
                "Gaps above max_gap that an audit found and none has seen closed since, however "
                "old.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .open_gap_events =
        {
            .name = "billingd_open_gap_events",
            .help = "Events that are missing in these gaps.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .months =
        {
            .name = "billingd_months",
            .help = "Months since the first data, by whether they are closed or can be.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline", "state"),
            .limit = METRIC_OF_SPEC,
        },
    .newest_object =
        {
            .name = "billingd_newest_object_timestamp_seconds",
            .help = "When the newest log object was written; nothing while there is none.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .newest_event =
        {
            .name = "billingd_newest_event_timestamp_seconds",
            .help = "Time of the newest event that the last audit found in the bucket.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .delivered_until =
        {
            .name = "billingd_delivered_until_timestamp_seconds",
            .help = "Firehose delivered what it got before this, by its last DataFreshness.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .duplicate_events_total =
        {
            .name = "billingd_duplicate_events_total",
            .help = "Log events that were delivered again and are not billed again.",
            .type = METRIC_COUNTER,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .late_events_total =
        {
            .name = "billingd_late_events_total",
            .help = "Log events that arrived in a later hour than they were made in.",
            .type = METRIC_COUNTER,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .unattributed_requests_total =
        {
            .name = "billingd_unattributed_requests_total",
            .help = "Requests without a sub: nobody's usage.",
            .type = METRIC_COUNTER,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .damaged_objects =
        {
            .name = "billingd_damaged_objects",
            .help = "Log objects that no query can read, so that queries leave them out.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .backfilled_events_total =
        {
            .name = "billingd_backfilled_events_total",
            .help = "Lost log events that the daemon read again and put back.",
            .type = METRIC_COUNTER,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .backfill_lost_events =
        {
            .name = "billingd_backfill_lost_events",
            .help = "Log events missing that no log group has any more; nothing while it is not "
                    "known.",
            .type = METRIC_GAUGE,
            .labels = LABELS("pipeline"),
            .limit = METRIC_OF_SPEC,
        },
    .partitions_registered_total =
        {
            .name = "billingd_partitions_registered_total",
            .help = "Partitions of raw tables that were registered in Glue.",
            .type = METRIC_COUNTER,
        },
    .loop_busy =
        {
            .name = "billingd_loop_busy_seconds",
            .help = "Time of the event loop between two waits, in which it answers nobody.",
            .type = METRIC_HISTOGRAM,
            BOUNDS(round_bounds),
        },
    .loop_busy_longest =
        {
            .name = "billingd_loop_busy_longest_seconds",
            .help = "The longest of them since the start.",
            .type = METRIC_GAUGE,
        },
    .loop_handles =
        {
            .name = "billingd_loop_handles",
            .help = "Handles of the event loop that are open, by libuv's name of their type.",
            .type = METRIC_GAUGE,
            .labels = LABELS("type"),
        },
    .heap =
        {
            .name = "billingd_heap_bytes",
            .help = "Memory that the allocator holds: in use, and free for the next use.",
            .type = METRIC_GAUGE,
            .labels = LABELS("state"),
        },
    .log_lines_dropped_total =
        {
            .name = "billingd_log_lines_dropped_total",
            .help = "Log lines that standard error did not take.",
            .type = METRIC_COUNTER,
        },
};

static struct metric *const table[] = {
    &service_metrics.build_info,
    &service_metrics.config_reload_successful,
    &service_metrics.config_reload_success_timestamp,
    &service_metrics.reconcile_total,
    &service_metrics.reconcile_duration,
    &service_metrics.reconcile_last_finished,
    &service_metrics.reconcile_interval,
    &service_metrics.reconcile_last_success,
    &service_metrics.ready,
    &service_metrics.part_failed,
    &service_metrics.part_expected,
    &service_metrics.part_failures_total,
    &service_metrics.resource_condition,
    &service_metrics.resources,
    &service_metrics.leader,
    &service_metrics.spec_conflict,
    &service_metrics.paused_since,
    &service_metrics.paused_until,
    &service_metrics.resource_drift_fields,
    &service_metrics.resource_loss,
    &service_metrics.spec_generation,
    &service_metrics.observed_generation,
    &service_metrics.repairs_total,
    &service_metrics.guard_blocked_total,
    &service_metrics.aws_requests_total,
    &service_metrics.aws_request_duration,
    &service_metrics.steady_looks_total,
    &service_metrics.steady_requests_total,
    &service_metrics.steady_look_requests,
    &service_metrics.aws_throttled_total,
    &service_metrics.calls_waiting,
    &service_metrics.calls_waited,
    &service_metrics.credentials_failed,
    &service_metrics.credentials_expire,
    &service_metrics.rollups,
    &service_metrics.rollup_builds_total,
    &service_metrics.rollup_last_success,
    &service_metrics.self_athena_scanned_bytes_total,
    &service_metrics.scan_cap_bytes,
    &service_metrics.budget_used_up,
    &service_metrics.unclosed_months,
    &service_metrics.unclosed_month_end,
    &service_metrics.audit_last_success,
    &service_metrics.audit_verdict,
    &service_metrics.audit_events,
    &service_metrics.audit_gap_ratio,
    &service_metrics.audit_excluded_events,
    &service_metrics.audit_included_events,
    &service_metrics.open_gaps,
    &service_metrics.open_gap_events,
    &service_metrics.months,
    &service_metrics.newest_object,
    &service_metrics.newest_event,
    &service_metrics.delivered_until,
    &service_metrics.duplicate_events_total,
    &service_metrics.late_events_total,
    &service_metrics.unattributed_requests_total,
    &service_metrics.damaged_objects,
    &service_metrics.backfilled_events_total,
    &service_metrics.backfill_lost_events,
    &service_metrics.partitions_registered_total,
    &service_metrics.loop_busy,
    &service_metrics.loop_busy_longest,
    &service_metrics.loop_handles,
    &service_metrics.heap,
    &service_metrics.log_lines_dropped_total,
    NULL,
};
_Static_assert(sizeof service_metrics / sizeof(struct metric) + 1 == sizeof table / sizeof *table,
               "a metric is missing in the table");

/* The closed sets of label values. */
static const char *const results[] = {"converged", "drifted", "blocked", "failed", NULL};
static const char *const guards[] = {"account", "breaker", "immutable", "max_changes", "ownership",
                                     "policy",  "protect", "quota",     "scan_cap",    NULL};
static const char *const builds[] = {"built", "noted", "kept", "failed", NULL};
static const char *const conditions[] = {"Ready",     "Synced",      "NonConverging", "Observed",
                                         "Unchecked", "Recoverable", "Terminal",      NULL};

/* Of these each resource has a series, however many resources there are. */
static const char *const always_told[] = {"Ready", "Synced", NULL};
static bool brief;

static bool contains(const char *const *list, const char *word)
{
    for (; *list; list++) {
        if (!strcmp(*list, word))
            return true;
    }
    return false;
}

void service_metrics_start(const char *version)
{
    metric_set(&service_metrics.build_info, 1, version, NULL);
    for (const char *const *result = results; *result; result++)
        metric_declare(&service_metrics.reconcile_total, *result, NULL);
    for (const char *const *guard = guards; *guard; guard++)
        metric_declare(&service_metrics.guard_blocked_total, *guard, NULL);
    for (const char *const *build = builds; *build; build++)
        metric_declare(&service_metrics.rollup_builds_total, *build, NULL);
}

void service_metrics_expect(size_t resources)
{
    brief = resources > SERVICE_METRICS_BRIEF;
}

void service_metrics_set_conditions(const char *resource, const char *kind,
                                    const char *const *true_conditions)
{
    struct metric *metric = &service_metrics.resource_condition;

    for (const char *const *name = conditions; *name; name++) {
        bool holds = contains(true_conditions, *name);

        if (!brief || holds || contains(always_told, *name) ||
            !isnan(metric_value(metric, NAN, resource, kind, *name, NULL)))
            metric_set(metric, holds, resource, kind, *name, NULL);
    }
}

void service_metrics_set_loss(const char *resource, enum loss worst)
{
    struct metric *metric = &service_metrics.resource_loss;

    for (enum loss loss = LOSS_DELAYED; loss <= LOSS_DROPPED; loss++) {
        const char *name = members_loss_name(loss);

        if (!brief || loss == worst || !isnan(metric_value(metric, NAN, resource, name, NULL)))
            metric_set(metric, loss == worst, resource, name, NULL);
    }
}

/* What a look, or what follows it, measures of a spec. */
static struct metric *const measured[] = {
    &service_metrics.resource_condition,
    &service_metrics.resources,
    &service_metrics.spec_conflict,
    &service_metrics.paused_since,
    &service_metrics.paused_until,
    &service_metrics.resource_drift_fields,
    &service_metrics.resource_loss,
    &service_metrics.rollups,
    &service_metrics.audit_events,
    &service_metrics.audit_gap_ratio,
    &service_metrics.audit_excluded_events,
    &service_metrics.audit_included_events,
    &service_metrics.months,
    &service_metrics.audit_verdict,
};
enum { MEASURED = sizeof measured / sizeof *measured };

void *service_metrics_forget_measured(void)
{
    struct metric *gone = mem_new(MEASURED * sizeof *gone);

    for (size_t i = 0; i < MEASURED; i++)
        metric_exchange(measured[i], &gone[i]);
    return gone;
}

void service_metrics_drop(void *measured_before)
{
    struct metric *gone = measured_before;

    for (size_t i = 0; gone && i < MEASURED; i++)
        metric_clear(&gone[i]);
    free(gone);
}

void service_metrics_forget_audit(const char *pipeline)
{
    metric_forget(&service_metrics.audit_events, pipeline);
    metric_forget(&service_metrics.audit_gap_ratio, pipeline);
    metric_forget(&service_metrics.audit_excluded_events, pipeline);
    metric_forget(&service_metrics.audit_included_events, pipeline);
    metric_forget(&service_metrics.audit_verdict, pipeline);
}

void service_metrics_forget_pipeline(const char *pipeline)
{
    metric_forget(&service_metrics.rollup_last_success, pipeline);
    metric_forget(&service_metrics.budget_used_up, pipeline);
    metric_forget(&service_metrics.scan_cap_bytes, pipeline);
    metric_forget(&service_metrics.unclosed_months, pipeline);
    metric_forget(&service_metrics.unclosed_month_end, pipeline);
    metric_forget(&service_metrics.audit_last_success, pipeline);
    metric_forget(&service_metrics.newest_object, pipeline);
    metric_forget(&service_metrics.newest_event, pipeline);
    metric_forget(&service_metrics.delivered_until, pipeline);
    metric_forget(&service_metrics.damaged_objects, pipeline);
    metric_forget(&service_metrics.backfill_lost_events, pipeline);
    metric_forget(&service_metrics.open_gaps, pipeline);
    metric_forget(&service_metrics.open_gap_events, pipeline);
}

void service_metrics_count_reload(bool successful, int64_t now_ms)
{
    metric_set(&service_metrics.config_reload_successful, successful, NULL);
    if (!successful)
        return;
    metric_set(&service_metrics.config_reload_success_timestamp, (double)now_ms / 1000, NULL);
    metric_add(&service_metrics.spec_generation, 1, NULL);
}

/* A word such as ThrottlingException; whatever else AWS or somebody in between put there (a number
 * of an account, a sentence) is nobody's who reads metrics. */
static const char *code_word(const char *code)
{
    size_t letters =
        strspn(code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._");
    size_t digits = 0, most = 0;

    for (const char *at = code; *at; at++) {
        digits = isdigit((unsigned char)*at) ? digits + 1 : 0;
        most = digits > most ? digits : most;
    }
    return letters && !code[letters] && letters <= CODE_LETTERS && most <= CODE_DIGITS ? code
                                                                                       : "other";
}

void service_metrics_count_request(const struct aws_attempt *attempt)
{
    metric_add(&service_metrics.aws_requests_total, 1, attempt->service, attempt->op,
               code_word(attempt->code), NULL);
    metric_observe(&service_metrics.aws_request_duration, (double)attempt->elapsed_ms / 1000,
                   attempt->service, NULL);
    metric_add(&service_metrics.aws_throttled_total, attempt->throttled, attempt->service, NULL);
    metric_add(&service_metrics.calls_waited, (double)attempt->waited_ms / 1000, NULL);
}

void service_metrics_set_client(const struct aws_client *client)
{
    struct identity_state keys;
    struct aws_pacing pacing = {0};

    if (client)
        aws_client_pacing(client, &pacing);
    metric_set(&service_metrics.calls_waiting, (double)(pacing.waiting + pacing.rated), NULL);

    metric_clear(&service_metrics.credentials_failed);
    metric_clear(&service_metrics.credentials_expire);
    if (!client)
        return;
    aws_client_keys(client, &keys);
    if (keys.fetched || keys.failed)
        metric_set(&service_metrics.credentials_failed, keys.failed, NULL);
    if (keys.expires_s)
        metric_set(&service_metrics.credentials_expire, (double)keys.expires_s, NULL);
}

void service_metrics_count_round(void *unused, double seconds)
{
    (void)unused;
    metric_observe(&service_metrics.loop_busy, seconds, NULL);
    if (seconds > metric_value(&service_metrics.loop_busy_longest, 0, NULL))
        metric_set(&service_metrics.loop_busy_longest, seconds, NULL);
}

static void count_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle))
        metric_add(&service_metrics.loop_handles, 1, uv_handle_type_name(handle->type), NULL);
}

void service_metrics_count_handles(uv_loop_t *loop)
{
    metric_clear(&service_metrics.loop_handles);
    uv_walk(loop, count_handle, NULL);
}

static void measure_heap(void)
{
    const struct mallinfo2 heap = mallinfo2();

    metric_set(&service_metrics.heap, (double)heap.uordblks + (double)heap.hblkhd, "used", NULL);
    metric_set(&service_metrics.heap, (double)heap.fordblks, "free", NULL);
}

bool service_metrics_write(int64_t started_ms, struct metric_part *part, struct str *out)
{
    struct metric *dropped = &service_metrics.log_lines_dropped_total;

    metric_clear(dropped);
    metric_add(dropped, (double)log_dropped(), NULL);
    if (!part->next)
        measure_heap();
    if (metric_write(table, part, out))
        return true;
    metric_process_write(started_ms, out);
    return false;
}
