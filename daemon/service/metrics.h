/* metrics.h -- the metrics billingd exports; docs/metrics.md tells what each is for. */
#ifndef DAEMON_SERVICE_METRICS_H
#define DAEMON_SERVICE_METRICS_H

#include "aws/client.h"
#include "base/metric.h"

#include <stdbool.h>

extern struct metric metric_build_info; /* version */
extern struct metric metric_config_reload_successful;
extern struct metric metric_config_reload_success_timestamp;
extern struct metric metric_reconcile_total;        /* result: see metrics_results */
extern struct metric metric_reconcile_duration;     /* seconds */
extern struct metric metric_reconcile_last_success; /* seconds since 1970 */
extern struct metric metric_resource_condition;     /* resource, kind, condition; 0 or 1 */
extern struct metric metric_resource_drift_fields;  /* resource */
extern struct metric metric_spec_generation;
extern struct metric metric_observed_generation;
extern struct metric metric_repairs_total;        /* kind */
extern struct metric metric_guard_blocked_total;  /* guard: see metrics_guards */
extern struct metric metric_aws_requests_total;   /* service, operation, code */
extern struct metric metric_aws_request_duration; /* service; seconds */
extern struct metric metric_aws_throttled_total;  /* service */
extern struct metric metric_rollups;              /* pipeline, state: rollup_state_name */
extern struct metric metric_rollup_builds_total;  /* result: see metrics_builds */
extern struct metric metric_self_athena_scanned_bytes_total;
extern struct metric metric_audit_events;          /* pipeline, hop */
extern struct metric metric_audit_gap_ratio;       /* pipeline, hop */
extern struct metric metric_audit_excluded_events; /* pipeline, class */
extern struct metric
    metric_pipeline_freshness; /* pipeline, hop: object, event, delivery; seconds */
extern struct metric metric_duplicate_events_total;      /* pipeline */
extern struct metric metric_late_events_total;           /* pipeline */
extern struct metric metric_unattributed_requests_total; /* pipeline */
extern struct metric metric_partitions_registered_total;

/* The closed sets, each ends with NULL. */
extern const char
    *const metrics_results[]; /* of a pass: "converged", "drifted", "blocked", "failed" */
extern const char *const metrics_guards[];     /* "account", "breaker", "immutable", "ownership" */
extern const char *const metrics_conditions[]; /* of a resource: "Ready", "Synced", ... */

extern const char *const metrics_builds[]; /* of a day: "built", "noted", "kept", "failed" */

/* Sets build_info and makes the closed sets exist at 0.  Call once, before the first reconcile. */
void metrics_start(const char *version);
/* Sets exactly one of the conditions' gauges of a resource to 1 per name in `true_conditions` (ends
 * with NULL), the others to 0. */
void metrics_set_conditions(const char *resource, const char *kind,
                            const char *const *true_conditions);
/* After a reload: resources that are gone must not keep their last value. */
void metrics_forget_resources(void);
/* One configuration load, at now_ms (wall clock). */
void metrics_count_reload(bool successful, int64_t now_ms);
void metrics_count_request(const struct aws_attempt *attempt);
/* The whole body of GET /metrics. */
void metrics_write_all(int64_t started_ms, struct str *out);

#endif
