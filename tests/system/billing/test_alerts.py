"""The alert rules in a real Prometheus that scrapes the real daemon: something breaks and its alerts fire, it is repaired and they end.

Times in the rules are divided by one factor (prometheus.py), and events are waited for. BILLINGD_ALERTS=all takes those that need the
longest, too; the alerts that are not provoked here are listed with the reason, and are held to their faults by test_alert_rules.py."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from close_world import openssl
from free_port import free_port
from metrics_doc import dashboard_queries
from prometheus import RULES, Prometheus
from rollup_world import BUCKET, GROUP, World
from test_audit_run import DENIED, HOUR, another, traffic, well, world  # noqa: F401

Start = Callable[..., Any]
pytestmark = pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed")

EVERY = os.environ.get("BILLINGD_ALERTS") == "all"
SLOW = {"BillingdLooksStopped", "BillingdNotConverged", "BillingdRollupStale", "BillingdNoNewObjects"}
UNIT_ONLY = {
    "BillingdAbsent": "needs a Prometheus without the target",
    "BillingdMetricsMissing": "needs another program at the address",
    "BillingdRestarts": "five starts",
    "BillingdPartNeverRan": "a divided time is shorter than the first audit takes",
    "BillingdUsageDelayed": "as BillingdUsageLost, with another class",
    "BillingdObservedDrift": "a day; test_modes.py shows the condition",
    "BillingdPauseForgotten": "a pause that began a day ago; test_pause.py shows the metric",
    "BillingdNobodyLeads": "a lease is not divided; test_leader.py shows the metric",
    "BillingdPauseEnded": "pauses are not divided; test_pause.py shows the metric",
    "BillingdSpecConflict": "a second spec; test_two_specs.py shows the metric",
    "BillingdOpenGaps": "a day; test_audit_run.py shows the metric",
    "BillingdDoubtfulEvents": "a day; test_audit_run.py shows the metric",
    "BillingdMonthUnclosable": "a day; test_month_state.py shows the metric",
    "BillingdHeld": "the breaker needs writes over minutes; test_run.py shows the condition",
    "BillingdAuditUnknown": "hours without counts in CloudWatch; test_audit_run.py shows the verdict",
    "BillingdEventsLost": "a log group that has forgotten; test_gaps_run.py shows the metric",
    "BillingdUnbillableEvents": "lines stay for two days in what the audit looks at",
    "BillingdNeverAnObject": "nothing may have arrived",
    "BillingdNoNewEvents": "the audit's hours are not divided",
    "BillingdDeliveryLate": "CloudWatch's five minutes are not divided",
    "BillingdRollupsBehind": "a day lasts a day",
    "BillingdRollupsLost": "test_rollup_damage.py shows the state",
    "BillingdRollupsKept": "test_rollup_damage.py shows the state",
    "BillingdBudgetUsedUp": "test_gaps_run.py and test_rollup_run.py show the metric",
    "BillingdQueryCost": "a terabyte",
    "BillingdLogLinesDropped": "test_run.py shows the counter",
    "BillingdLoopStalls": "no turn may take so long",
    "BillingdMemory": "memory does not grow",
    "BillingdDescriptors": "descriptors do not leak",
}
ALERTS = [rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"] if "alert" in rule]
PROVOKED: set[str] = set()


class Scene:
    """The world, the daemon, Prometheus; looks that follow each other, and usage that arrives."""

    def __init__(self, world: World, start: Start, folder: Path):
        self.world, self.sandbox, self.begin, self.home = world, world.sandbox, start, folder
        self.keys = folder / "credentials"
        self.write_keys()
        world.spec.listen = f"127.0.0.1:{free_port()}"
        world.spec.settings |= {"interval": "5s"}
        self.good()
        self.daemon = self.run()
        self.prometheus = Prometheus(folder, free_port(), world.spec.listen, set(UNIT_ONLY) | (set() if EVERY else SLOW))
        self.usage, self.over = True, False
        self.beat = threading.Thread(target=self.tick, daemon=True)
        self.beat.start()

    def run(self) -> Any:
        return self.begin(AWS_MAX_ATTEMPTS="1", AWS_SHARED_CREDENTIALS_FILE=str(self.keys), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")

    def write_keys(self, access: str | None = None, secret: str | None = None) -> None:
        own = self.sandbox.environment()
        self.keys.write_text(f"[default]\naws_access_key_id = {access or own['AWS_ACCESS_KEY_ID']}\n"
                             f"aws_secret_access_key = {secret or own['AWS_SECRET_ACCESS_KEY']}\n")

    def good(self, more: str = "") -> None:
        self.world.write(more="      audit: {backfill: manual}\n" + more)

    def bad(self) -> None:
        self.world.spec.path.write_text(self.world.spec.path.read_text().replace("jitter:", "jiter:"))

    def tick(self) -> None:
        """An hour, divided, is two seconds: audits follow each other, as does usage."""
        beats = 0
        while not self.over:
            time.sleep(0.5)
            beats += 1
            if beats % 3 == 0 and self.daemon.lines and self.daemon.process.poll() is None:
                self.daemon.send(signal.SIGUSR1)
            if self.usage and beats % 6 == 0:
                another(self.world)

    def fires(self, *alerts: str) -> None:
        wanted = {alert for alert in alerts if EVERY or alert not in SLOW}
        self.prometheus.wait(lambda: wanted <= self.prometheus.firing(), f"not firing, of {sorted(wanted)}")
        for alert in self.prometheus.alerts():
            text = " ".join(alert["annotations"].values())
            assert "<no value>" not in text and "<error" not in text and "%!" not in text, text
        PROVOKED.update(wanted)

    def all_end(self) -> None:
        self.prometheus.wait(lambda: not self.prometheus.firing(), "still firing")

    def end(self) -> None:
        self.over = True
        self.beat.join()
        self.prometheus.end()


@pytest.fixture
def scene(world: World, start: Start, tmp_path: Path) -> Iterator[Scene]:  # noqa: F811
    made = Scene(world, start, tmp_path)
    yield made
    made.end()


# Queries of the dashboard that have no answer while all is well: they ask for what is wrong, for what takes longer to be known, or for a
# cap that this spec has not.
SILENT = ("> 0", "== 1", "[1h]", "[24h]", "[30d]", "ALERTS", "credentials_expire", "unclosed_month", "lost_events", "billingd_paused", "delivery_lag", "gap_ratio", "scan_cap_used",
          "steady_look")


def check_dashboard(prometheus: Prometheus) -> None:
    """Prometheus answers every query, once the recorded ones are there."""
    asked = [query for query in dashboard_queries() if not any(word in query for word in SILENT)]
    silent: list[str] = []

    def answered() -> bool:
        silent[:] = [query for query in asked if not prometheus.query(query)]
        return not silent
    assert len(asked) > 30
    try:
        prometheus.wait(answered, "")
    except AssertionError:
        raise AssertionError(silent) from None
    for query in dashboard_queries():
        prometheus.query(query)


def denied(operation: str) -> dict[str, Any]:
    return {**DENIED, "operation": operation}


def test_alerts_fire_and_end(scene: Scene) -> None:
    daemon, prometheus, sandbox = scene.daemon, scene.prometheus, scene.sandbox
    daemon.ready()
    prometheus.wait(lambda: prometheus.query("billingd_ready") and daemon.metric("billingd_ready") == 1, "the daemon is not ready", 120)
    check_dashboard(prometheus)
    prometheus.wait(lambda: prometheus.query("count_over_time(billingd:pass_age_seconds[1m]) > 4"), "the rules are not evaluated")
    scene.all_end()  # where a machine is so busy that a divided time went by before it was ready

    # The log group is changed by hand, and may not be repaired; audit, rollups and the search may not be made; some calls are
    # throttled, some cut; the keys' file is emptied, and the spec has a slip.
    sandbox.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    sandbox.faults(denied("PutRetentionPolicy"), {**DENIED, "service": "cloudwatch"}, denied("GetPartitions"), denied("ListObjectsV2"),
                   {"action": "throttle", "operation": "DescribeDeliveryStream", "times": 0},
                   {"action": "reset", "operation": "DescribeSubscriptionFilters", "times": 0})
    scene.keys.write_text("[default]\n")
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_credentials_failed") == 1)
    scene.bad()
    daemon.send(signal.SIGHUP)
    scene.fires("BillingdDriftNotRepaired", "BillingdUsageLost", "BillingdDenied", "BillingdAuditFailing", "BillingdAuditStale",
                "BillingdRollupFailing", "BillingdPartFailing", "BillingdNotReady", "BillingdCredentialsFailing", "BillingdReloadRejected",
                "BillingdThrottled", "BillingdAwsUnreachable", "BillingdPassFailing", "BillingdResourceUnread", "BillingdNotConverged",
                "BillingdRollupStale")
    sandbox.faults()
    scene.write_keys()
    scene.good()
    daemon.send(signal.SIGHUP)
    scene.all_end()

    # Usage is lost on the way, an object is damaged, nobody closes the month before this one.
    now = int(time.time()) // HOUR * HOUR
    sandbox.blocks({"hop": "filter", "from": now - 9 * HOUR, "to": now - 7 * HOUR})
    traffic(scene.world, "lost", 7, 9)
    sandbox.blocks()
    victim = max(sandbox.objects(BUCKET, "access-logs/"), key=lambda one: one["size"])["key"]
    whole = sandbox.client("s3").get_object(Bucket=BUCKET, Key=victim)["Body"].read()
    sandbox.client("s3").put_object(Bucket=BUCKET, Key=victim, Body=b"no gzip")
    key = scene.home / "key.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(key))
    scene.world.write(since=time.strftime("%Y-%m-01", time.gmtime(now - 45 * 86400)))
    scene.good(f"      close: {{signing_key: {key}}}\n")
    daemon.send(signal.SIGHUP)
    scene.fires("BillingdGap", "BillingdDamagedObjects", "BillingdMonthNotClosed")
    sandbox.client("s3").put_object(Bucket=BUCKET, Key=victim, Body=whole)
    scene.good()
    daemon.send(signal.SIGHUP)
    scene.world.run("backfill", "--since", "12h")
    scene.all_end()

    # The keys are another account's, then AWS does not know them any more; then the process hangs.
    other = sandbox.account("210987654321")
    scene.write_keys(other["access_key"], other["secret_key"])
    daemon.send(signal.SIGHUP)
    scene.fires("BillingdWrongAccount")
    scene.write_keys()
    sandbox.faults({"action": "error", "service": "sts", "status": 403, "code": "InvalidClientTokenId", "message": "no", "times": 0})
    daemon.send(signal.SIGHUP)
    scene.fires("BillingdCredentialsRefused")
    sandbox.faults()
    scene.all_end()
    daemon.send(signal.SIGSTOP)
    scene.fires("BillingdDown")
    daemon.send(signal.SIGCONT)
    scene.all_end()
    if EVERY:
        scene.usage = False
        scene.fires("BillingdNoNewObjects")
        scene.usage = True
        scene.all_end()
        sandbox.switches(latency_ms=30000)
        scene.fires("BillingdLooksStopped")
        sandbox.switches(latency_ms=0)
        scene.all_end()

    # It is started with a wrong file.
    assert daemon.end() == 0
    scene.bad()
    scene.daemon = scene.run()
    scene.fires("BillingdNoSpec")
    scene.good()
    scene.daemon.send(signal.SIGHUP)
    scene.all_end()
    assert scene.daemon.end() == 0
    assert PROVOKED | set(UNIT_ONLY) == set(ALERTS) - (set() if EVERY else SLOW)
