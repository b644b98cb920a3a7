"""What makes each alert of docs/monitoring/billingd.rules.yml fire: series of minutes, for promtool."""

from dataclasses import dataclass

WELL_MINUTES = 40  # before a fault: longer than counters are looked back at
HOUR = 60
NAMES = 'job="billingd",instance="a"'
PIPE = NAMES + ',pipeline="shop"'


def label(name: str, inner: str = "") -> str:
    labels = NAMES + (',pipeline="shop"' if inner.startswith("pipeline") else "")
    more = inner.removeprefix("pipeline").lstrip(",")
    return f"{name}{{{labels}{',' if more else ''}{more}}}"


NOW = "now"  # a time stamp of this minute
# A daemon of one pipeline with which all is well; what each series is worth in each minute.
WELL: dict[str, float | str] = {
    f"up{{{NAMES}}}": 1,
    label("billingd_build_info", 'version="1"'): 1,
    label("process_start_time_seconds"): 0,
    label("process_resident_memory_bytes"): 3e7,
    label("process_open_fds"): 20,
    label("process_max_fds"): 1024,
    label("billingd_ready"): 1,
    label("billingd_config_last_reload_successful"): 1,
    label("billingd_spec_generation"): 1,
    label("billingd_observed_generation"): 1,
    label("billingd_reconcile_interval_seconds"): 300,
    label("billingd_reconcile_last_finished_timestamp_seconds"): NOW,
    label("billingd_reconcile_last_success_timestamp_seconds"): NOW,
    label("billingd_credentials_failed"): 0,
    label("billingd_guard_blocked_total", 'guard="account"'): 0,
    label("billingd_aws_requests_total", 'service="logs",operation="DescribeLogGroups",code="ok"'): "rises",
    label("billingd_aws_throttled_total", 'service="logs"'): 0,
    label("billingd_log_lines_dropped_total"): 0,
    label("billingd_loop_busy_seconds_count"): "rises",
    label("billingd_loop_busy_seconds_bucket", 'le="0.25"'): "rises",
    label("billingd_self_athena_scanned_bytes_total"): "rises",
    label("billingd_audit_last_success_timestamp_seconds", "pipeline"): NOW,
    label("billingd_rollup_last_success_timestamp_seconds", "pipeline"): NOW,
    label("billingd_newest_object_timestamp_seconds", "pipeline"): NOW,
    label("billingd_newest_event_timestamp_seconds", "pipeline"): NOW,
    label("billingd_delivered_until_timestamp_seconds", "pipeline"): NOW,
    label("billingd_damaged_objects", "pipeline"): 0,
    label("billingd_backfill_lost_events", "pipeline"): 0,
    label("billingd_unclosed_months", "pipeline"): 0,
    label("billingd_budget_used_up", 'pipeline,part="rollup"'): 0,
}
PARTS = ("listing", "rollup", "audit", "backfill", "months")
for part in PARTS:
    WELL[label("billingd_part_expected", f'pipeline,part="{part}"')] = 1
    WELL[label("billingd_part_failed", f'pipeline,part="{part}"')] = 0
    WELL[label("billingd_part_failures_total", f'pipeline,part="{part}"')] = 0
WELL[label("billingd_part_failed", 'part="pass"')] = 0
for verdict in ("complete", "gap", "unknown", "silent"):
    WELL[label("billingd_audit_verdict", f'pipeline,verdict="{verdict}"')] = int(verdict == "complete")
for state in ("current", "missing", "outdated", "late", "kept", "lost", "hidden"):
    WELL[label("billingd_rollups", f'pipeline,state="{state}"')] = 30 if state == "current" else 0
for kind in ("unreadable", "invalid", "too_late"):
    WELL[label("billingd_audit_excluded_events", f'pipeline,class="{kind}"')] = 0
for condition in ("Ready", "Synced", "NonConverging", "Observed", "Unchecked"):
    WELL[label("billingd_resource_condition", f'resource="shop/bucket",kind="s3_bucket",condition="{condition}"')] = int(
        condition in ("Ready", "Synced"))
for kind in ("repaired", "id_conflicts", "unattributed"):  # the last is no doubt
    WELL[label("billingd_audit_included_events", f'pipeline,class="{kind}"')] = 7 if kind == "unattributed" else 0
for state in ("open", "ready", "unclosable", "closed"):
    WELL[label("billingd_months", f'pipeline,state="{state}"')] = int(state != "unclosable")
WELL[label("billingd_open_gaps", "pipeline")] = 0
WELL[label("billingd_resource_drift_fields", 'resource="shop/bucket"')] = 0
for loss in ("delayed", "misread", "dropped"):
    WELL[label("billingd_resource_loss", f'resource="shop/bucket",class="{loss}"')] = 0


@dataclass
class Case:
    """The series of a fault: a number, "stays" (a time stamp), "rises" (a counter, by 60 each minute; "rises N"), "slower" (by 58),
    "gone", or "comes" (a counter that is there from its first event on)."""

    alert: str
    fault: dict[str, float | str]
    quiet: int  # so many minutes after the fault it does not fire yet
    fires: int  # so many after, it does


def condition(name: str) -> str:
    return label("billingd_resource_condition", f'resource="shop/bucket",kind="s3_bucket",condition="{name}"')


def failed(part: str) -> str:
    return label("billingd_part_failed", f'pipeline,part="{part}"')


def verdict_of(name: str) -> str:
    return label("billingd_audit_verdict", f'pipeline,verdict="{name}"')


def request(code: str) -> str:
    return label("billingd_aws_requests_total", f'service="sts",operation="GetCallerIdentity",code="{code}"')


def since(name: str) -> str:
    return label(f"billingd_{name}_timestamp_seconds", "pipeline")


def looked(name: str) -> str:
    return label(f"billingd_reconcile_last_{name}_timestamp_seconds")


def loss_of(name: str) -> str:
    return label("billingd_resource_loss", f'resource="shop/bucket",class="{name}"')


def rollups(state: str) -> str:
    return label("billingd_rollups", f'pipeline,state="{state}"')


def included(kind: str) -> str:
    return label("billingd_audit_included_events", f'pipeline,class="{kind}"')


def paused(end: str) -> str:
    return label(f"billingd_paused_{end}_timestamp_seconds", 'resource="shop/bucket"')


def excluded(kind: str) -> str:
    return label("billingd_audit_excluded_events", f'pipeline,class="{kind}"')


DOWN: dict[str, float | str] = {series: "gone" for series in WELL} | {f"up{{{NAMES}}}": 0}
ABSENT: dict[str, float | str] = {series: "gone" for series in WELL}
CASES = [
    Case("BillingdDown", DOWN, 4, 7),
    Case("BillingdAbsent", ABSENT, 12, 17),
    Case("BillingdAbsent", DOWN | {f"up{{{NAMES}}}": 1}, 12, 17),  # something else answers there
    Case("BillingdMetricsMissing", {label("billingd_ready"): "gone"}, 12, 17),
    Case("BillingdMetricsMissing", {s: "gone" for s in WELL if "part_failures" in s}, 12, 17),
    Case("BillingdRestarts", {label("process_start_time_seconds"): NOW}, 3, 7),
    Case("BillingdNotReady", {label("billingd_ready"): 0}, 28, 32),
    Case("BillingdNoSpec", {label("billingd_config_last_reload_successful"): 0, label("billingd_spec_generation"): "gone"}, 4, 12),
    Case("BillingdNoSpec", {label("billingd_config_last_reload_successful"): 0, label("billingd_spec_generation"): 0}, 4, 7),
    Case("BillingdReloadRejected", {label("billingd_config_last_reload_successful"): 0}, 9, 12),
    Case("BillingdLooksStopped", {looked("finished"): "stays"}, 29, 33),
    Case("BillingdLooksStopped", {looked("finished"): "gone", label("billingd_reconcile_interval_seconds"): "gone"}, 4, 33),
    Case("BillingdPassFailing", {label("billingd_part_failed", 'part="pass"'): 1}, 14, 17),
    Case("BillingdWrongAccount", {label("billingd_guard_blocked_total", 'guard="account"'): "rises 1"}, -1, 3),
    Case("BillingdCredentialsFailing", {label("billingd_credentials_failed"): 1}, 4, 7),
    Case("BillingdCredentialsRefused", {request("InvalidClientTokenId"): "rises 1"}, 9, 14),
    Case("BillingdCredentialsRefused", {request("ExpiredTokenException"): "comes"}, 9, 14),
    Case("BillingdDenied", {request("AccessDenied"): "comes"}, 14, 19),
    Case("BillingdPartFailing", {failed("listing"): 1}, 58, 63),
    Case("BillingdPartFailing", {failed("months"): 1}, 58, 63),
    Case("BillingdPartNeverRan", {failed("months"): "gone"}, 180, 190),
    Case("BillingdUsageLost", {loss_of("dropped"): 1}, 4, 7),
    Case("BillingdUsageLost", {loss_of("misread"): 1}, 4, 7),
    Case("BillingdUsageDelayed", {loss_of("delayed"): 1}, 58, 63),
    Case("BillingdDriftNotRepaired", {condition("Synced"): 0}, 28, 33),
    Case("BillingdHeld", {condition("NonConverging"): 1}, -1, 1),
    Case("BillingdResourceUnread", {condition("Unchecked"): 1}, 28, 33),
    Case("BillingdNotConverged", {looked("success"): "stays"}, 54, 58),
    Case("BillingdNotConverged", {looked("success"): "gone"}, 28, 58),
    Case("BillingdObservedDrift", {condition("Observed"): 1}, 24 * HOUR - 2, 24 * HOUR + 3),
    Case("BillingdNobodyLeads", {label("billingd_leader", "pipeline"): 0}, 14, 18),
    Case("BillingdSpecConflict", {label("billingd_spec_conflict", "pipeline"): 1}, 14, 18),
    Case("BillingdPauseForgotten", {paused("since"): "stays", paused("until"): 1e9}, 24 * HOUR + 8, 24 * HOUR + 13),
    Case("BillingdPauseEnded", {paused("until"): "stays", label("billingd_resource_drift_fields", 'resource="shop/bucket"'): 1}, 29, 33),
    Case("BillingdGap", {verdict_of("gap"): 1, verdict_of("complete"): 0}, 14, 17),
    Case("BillingdOpenGaps", {label("billingd_open_gaps", "pipeline"): 1}, 24 * HOUR - 2, 24 * HOUR + 3),
    Case("BillingdAuditUnknown", {verdict_of("unknown"): 1, verdict_of("complete"): 0}, 6 * HOUR - 2, 6 * HOUR + 3),
    Case("BillingdAuditFailing", {failed("audit"): 1}, 58, 63),
    Case("BillingdAuditStale", {since("audit_last_success"): "stays"}, 3 * HOUR + 8, 3 * HOUR + 13),
    # Never audited: as old as the process.
    Case("BillingdAuditStale", {since("audit_last_success"): "gone"}, 3 * HOUR - 35, 3 * HOUR - 20),
    Case("BillingdEventsLost", {label("billingd_backfill_lost_events", "pipeline"): 40}, -1, 1),
    Case("BillingdDamagedObjects", {label("billingd_damaged_objects", "pipeline"): 1}, -1, 1),
    Case("BillingdUnbillableEvents", {excluded("too_late"): 5}, 58, 63),
    Case("BillingdDoubtfulEvents", {included("id_conflicts"): 2}, 24 * HOUR - 2, 24 * HOUR + 3),
    Case("BillingdNoNewObjects", {since("newest_object"): "stays"}, 6 * HOUR + 13, 6 * HOUR + 18),
    Case("BillingdNeverAnObject", {since("newest_object"): "gone"}, 24 * HOUR, 24 * HOUR + 10),
    Case("BillingdNoNewEvents", {since("newest_event"): "stays"}, 25 * HOUR - 2, 25 * HOUR + 3),
    Case("BillingdDeliveryLate", {since("delivered_until"): "stays"}, 4 * HOUR + 13, 4 * HOUR + 18),
    Case("BillingdRollupFailing", {failed("rollup"): 1}, 58, 63),
    Case("BillingdRollupStale", {since("rollup_last_success"): "stays"}, 6 * HOUR + 8, 6 * HOUR + 13),
    Case("BillingdRollupStale", {since("rollup_last_success"): "gone"}, 6 * HOUR - 35, 6 * HOUR - 20),
    Case("BillingdRollupsBehind", {rollups("late"): 1}, 6 * HOUR - 2, 6 * HOUR + 3),
    Case("BillingdRollupsLost", {rollups("lost"): 1}, -1, 1),
    Case("BillingdRollupsKept", {rollups("kept"): 1}, 58, 63),
    Case("BillingdRollupsKept", {rollups("hidden"): 1}, 58, 63),
    Case("BillingdMonthNotClosed", {since("oldest_unclosed_month_end"): WELL_MINUTES * 60 - 5 * 86400}, 58, 63),
    Case("BillingdMonthUnclosable", {label("billingd_months", 'pipeline,state="unclosable"'): 1}, 24 * HOUR - 2, 24 * HOUR + 3),
    Case("BillingdBudgetUsedUp", {label("billingd_budget_used_up", 'pipeline,part="rollup"'): 1}, 6 * HOUR - 2, 6 * HOUR + 3),
    Case("BillingdQueryCost", {label("billingd_self_athena_scanned_bytes_total"): "rises 10000000000"}, 60, 130),
    Case("BillingdThrottled", {label("billingd_aws_throttled_total", 'service="logs"'): "rises 30"}, 29, 38),
    Case("BillingdAwsUnreachable", {request("Connection"): "rises 1"}, 29, 36),
    Case("BillingdLogLinesDropped", {label("billingd_log_lines_dropped_total"): "rises 1"}, -1, 3),
    Case("BillingdLoopStalls", {label("billingd_loop_busy_seconds_bucket", 'le="0.25"'): "slower"}, 1, 8),
    Case("BillingdMemory", {label("process_resident_memory_bytes"): 2.1e8}, 14, 17),
    Case("BillingdDescriptors", {label("process_open_fds"): 900}, 9, 12),
]
