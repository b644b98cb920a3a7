/* service_metrics.h -- the metrics billingd exports; docs/metrics.md tells what each is for. */
#ifndef DAEMON_SERVICE_SERVICE_METRICS_H
#define DAEMON_SERVICE_SERVICE_METRICS_H

#include "aws/client.h"
#include "base/metric.h"
#include "resources/members.h"

#include <stdbool.h>

/* Beside each its labels. */
struct service_metrics {
    struct metric build_info; /* version */
    struct metric config_reload_successful;
    struct metric config_reload_success_timestamp;
    struct metric reconcile_total;         /* result: "converged", "drifted", "blocked", "failed" */
    struct metric reconcile_duration;      /* seconds */
    struct metric reconcile_last_finished; /* seconds since 1970, as all time stamps */
    struct metric reconcile_interval;      /* seconds */
    struct metric reconcile_last_success;
    struct metric ready;               /* 0 or 1 */
    struct metric part_failed;         /* pipeline ("": of none), part: health_part_name; 0 or 1 */
    struct metric part_expected;       /* pipeline, part; 1 */
    struct metric part_failures_total; /* pipeline, part */
    struct metric resource_condition;  /* resource, kind, condition; 0 or 1 */
    struct metric resources;           /* pipeline, state: service_view.c */
    struct metric leader;              /* pipeline; 0 or 1 */
    struct metric spec_conflict;       /* pipeline; 0 or 1 */
    struct metric paused_since, paused_until; /* resource: an address */
    struct metric resource_drift_fields;      /* resource */
    struct metric resource_loss;              /* resource, class */
    struct metric spec_generation;
    struct metric observed_generation;
    struct metric repairs_total;        /* kind */
    struct metric guard_blocked_total;  /* guard: "account", "breaker", "immutable", "max_changes",
                                           "scan_cap",  "ownership", "policy", "quota" */
    struct metric aws_requests_total;   /* service, operation, code */
    struct metric aws_request_duration; /* service; seconds */
    struct metric steady_looks_total, steady_requests_total; /* -; service, operation */
    struct metric steady_look_requests;                      /* bound: "least", "most" */
    struct metric calls_waiting, calls_waited; /* for the budget or AWS's limits; now, seconds */
    struct metric aws_throttled_total;         /* service */
    struct metric credentials_failed;          /* 0 or 1 */
    struct metric credentials_expire;
    struct metric rollups;             /* pipeline, state: rollup_state_name */
    struct metric rollup_builds_total; /* result: "built", "noted", "kept", "failed" */
    struct metric rollup_last_success; /* pipeline */
    struct metric self_athena_scanned_bytes_total;
    struct metric scan_cap_bytes;              /* pipeline, span ("day", "month") */
    struct metric budget_used_up;              /* pipeline, part; 0 or 1 */
    struct metric unclosed_months;             /* pipeline */
    struct metric unclosed_month_end;          /* pipeline */
    struct metric audit_last_success;          /* pipeline */
    struct metric audit_verdict;               /* pipeline, verdict; 0 or 1 */
    struct metric audit_events;                /* pipeline, hop */
    struct metric audit_gap_ratio;             /* pipeline, hop */
    struct metric audit_excluded_events;       /* pipeline, class */
    struct metric audit_included_events;       /* pipeline, class */
    struct metric open_gaps;                   /* pipeline */
    struct metric open_gap_events;             /* pipeline */
    struct metric months;                      /* pipeline, state */
    struct metric newest_object;               /* pipeline */
    struct metric newest_event;                /* pipeline */
    struct metric delivered_until;             /* pipeline */
    struct metric duplicate_events_total;      /* pipeline */
    struct metric late_events_total;           /* pipeline */
    struct metric unattributed_requests_total; /* pipeline */
    struct metric damaged_objects;             /* pipeline */
    struct metric backfilled_events_total;     /* pipeline */
    struct metric backfill_lost_events;        /* pipeline */
    struct metric partitions_registered_total;
    struct metric loop_busy;         /* seconds */
    struct metric loop_busy_longest; /* seconds */
    struct metric loop_handles;      /* type */
    struct metric heap;              /* state; bytes */
    struct metric log_lines_dropped_total;
};
extern struct service_metrics service_metrics;

/* Sets build_info and makes the closed sets exist at 0.  Call once, before the first reconcile. */
void service_metrics_start(const char *version);
/* So many resources are in the spec.  Where they are more than SERVICE_METRICS_BRIEF what does not
 * hold of one, and did not since, has no series but for Ready and Synced: else most of what is
 * written, sent and kept would be zeros. */
enum { SERVICE_METRICS_BRIEF = 2000 };
void service_metrics_expect(size_t resources);
/* Sets exactly one of the conditions' gauges of a resource to 1 per name in `true_conditions` (ends
 * with NULL), the others to 0. */
void service_metrics_set_conditions(const char *resource, const char *kind,
                                    const char *const *true_conditions);
/* After a reload: what was measured by another spec must not keep its value.  Time stamps stay.
 * What is forgotten is given to the caller, who gives it up by service_metrics_drop, in any thread:
 * of many pipelines it is large. */
void *service_metrics_forget_measured(void);
void service_metrics_drop(void *measured);
/* Sets the gauge of a resource's worst loss to 1, the others to 0. */
void service_metrics_set_loss(const char *resource, enum loss worst);
/* What the last audit of a pipeline found is not known any more. */
void service_metrics_forget_audit(const char *pipeline);
/* A pipeline is gone: its time stamps, too. */
void service_metrics_forget_pipeline(const char *pipeline);
/* One configuration load, at now_ms (wall clock). */
void service_metrics_count_reload(bool successful, int64_t now_ms);
void service_metrics_count_request(const struct aws_attempt *attempt);
/* How it is with the keys that the client signs with (NULL: there is no client). */
void service_metrics_set_client(const struct aws_client *client);
/* A loop_watch_fn. */
void service_metrics_count_round(void *unused, double seconds);
/* What is open on the loop now: timers, sockets, processes. */
void service_metrics_count_handles(uv_loop_t *loop);
/* The whole body of GET /metrics. */
bool service_metrics_write(int64_t started_ms, struct metric_part *part, struct str *out);

#endif
