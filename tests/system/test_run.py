"""`billingd run`: the daemon on real signals, a real systemd socket and a real HTTP port."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from typing import Any

import pytest
from conftest import ACCOUNT, BINARY, REGION, Sandbox, Spec, environment, make_api, pipeline
from free_port import free_port

GROUP = "/aws/apigw/shop"
Start = Callable[..., Any]


def retention(sandbox: Sandbox) -> Any:
    groups = sandbox.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"]
    return groups[0].get("retentionInDays")


def spoil(sandbox: Sandbox, days: int = 7) -> None:
    sandbox.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=days)


def test_brings_up_everything_and_serves_metrics(start: Start, sandbox: Sandbox, api: str) -> None:
    daemon = start().ready()
    assert retention(sandbox) == 90
    assert daemon.get("/-/healthy") == (200, "billingd is healthy\n")
    assert daemon.get("/-/ready") == (200, "billingd is ready\n")
    assert daemon.metric("billingd_reconcile_total", result="converged") == 1
    assert daemon.metric("billingd_resource_condition", condition="Synced") == daemon.resources
    assert daemon.metric("billingd_resource_condition", condition="Ready") == daemon.resources
    assert daemon.metric("billingd_spec_generation") == 1
    assert daemon.metric("billingd_observed_generation") == 1
    assert daemon.metric("billingd_config_last_reload_successful") == 1
    assert daemon.metric("billingd_reconcile_interval_seconds") == 3600
    assert daemon.metric("billingd_credentials_failed") == 0
    assert daemon.metric("billingd_credentials_expire_timestamp_seconds") is None  # keys without an end
    assert daemon.metric("billingd_loop_busy_seconds_count") > 50
    assert daemon.metric("billingd_part_expected") == 2  # looks and reloads
    assert daemon.metric("billingd_aws_requests_total", code="ok") > 50
    assert abs(daemon.metric("billingd_reconcile_last_success_timestamp_seconds") - time.time()) < 60
    assert len(daemon.events("created")) == daemon.resources - 1  # stage logging is a change of a stage that exists
    assert len(daemon.events("repaired")) == 1
    daemon.kick()
    assert daemon.metric("billingd_resource_drift_fields") == 0
    assert daemon.end() == 0


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_metrics_pass_promtool(start: Start, api: str) -> None:
    daemon = start().ready()
    done = subprocess.run(["promtool", "check", "metrics"], input=daemon.get("/metrics")[1], text=True,
                          capture_output=True, timeout=30)
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


def test_quiet_when_nothing_changed(start: Start, run: Any, api: str) -> None:
    assert run("apply", "--yes").returncode == 0
    daemon = start().ready()
    for _ in range(3):
        daemon.kick()
    assert daemon.metric("billingd_repairs_total") is None
    assert daemon.end() == 0
    log = [json.loads(line)["event"] for line in daemon.lines if line.startswith("{")]
    assert log == ["started", "stopping"]


def test_drift_is_repaired_by_the_timer(start: Start, sandbox: Sandbox, spec: Spec, api: str) -> None:
    spec.write(settings={"interval": "5s"})
    daemon = start().ready()
    sandbox.clear()
    spoil(sandbox)
    daemon.wait(lambda: retention(sandbox) == 90)
    daemon.wait(lambda: daemon.events("repaired")[-1]["kind"] == "log_group")
    drift = daemon.events("drift")[-1]  # told right before; the first pass told of others
    assert drift["resource"] == "shop/access_logs"
    assert (drift["field"], drift["want"], drift["have"]) == ("retention_days", "90", "7")
    assert daemon.metric("billingd_repairs_total", kind="log_group") >= 1
    ours = [c for c in sandbox.calls(kind="write") if c["client"].startswith("billingd")]
    assert [c["operation"] for c in ours] == ["PutRetentionPolicy"]
    assert daemon.end() == 0


def test_usr1_looks_now(start: Start, sandbox: Sandbox, api: str) -> None:
    daemon = start().ready()
    spoil(sandbox)
    daemon.kick()
    assert retention(sandbox) == 90
    assert daemon.end() == 0


def test_usr1_during_a_pass_makes_another(start: Start, sandbox: Sandbox, api: str) -> None:
    daemon = start().ready()
    sandbox.switches(latency_ms=200)
    before = daemon.passes()
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: daemon.look()["looking"])
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: daemon.passes() == before + 2)
    assert daemon.end() == 0


# ---- reload ----

def test_reload_takes_the_new_spec(start: Start, sandbox: Sandbox, spec: Spec, api: str) -> None:
    daemon = start().ready()
    daemon.messages.clear()
    spec.write(pipelines=pipeline(more="    resources:\n      access_logs: {retention_days: 180}\n"))
    before = time.monotonic()
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: retention(sandbox) == 180)
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    assert daemon.metric("billingd_spec_generation") == 2
    reloading = daemon.messages.index("RELOADING=1")
    assert daemon.messages[reloading + 1].startswith("MONOTONIC_USEC=")
    assert "READY=1" in daemon.messages[reloading + 2:]
    assert before < int(daemon.messages[reloading + 1].split("=")[1]) / 1e6 < time.monotonic()  # the clock systemd has
    assert daemon.end() == 0


def test_reload_of_a_bad_file_keeps_the_old_spec(start: Start, sandbox: Sandbox, spec: Spec,
                                                 api: str) -> None:
    daemon = start().ready()
    daemon.messages.clear()
    spec.write(pipelines=pipeline(more="    resources:\n      access_logs: {retention_day: 90, nam: x}\n"))
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reload_failed"))
    problems = daemon.events("spec_error")
    assert len(problems) == 2 and all(p["file"] == str(spec.path) for p in problems)
    assert {p["path"].rsplit(".", 1)[1] for p in problems} == {"retention_day", "nam"}
    line = spec.path.read_text().splitlines()[problems[0]["line"] - 1]
    assert "retention_day:" in line and problems[0]["column"] > 1
    assert daemon.metric("billingd_config_last_reload_successful") == 0
    assert daemon.metric("billingd_spec_generation") == 1
    daemon.wait(lambda: daemon.messages[-1] == "READY=1")
    assert any(m.startswith("STATUS=") and "has errors" in m for m in daemon.messages)
    spoil(sandbox)
    daemon.kick()
    assert retention(sandbox) == 90  # by the old spec
    spec.write(pipelines=pipeline())
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_config_last_reload_successful") == 1)
    daemon.wait(lambda: "has errors" not in [m for m in daemon.messages if m.startswith("STATUS=")][-1])
    assert daemon.end() == 0


def test_reload_changes_the_address(start: Start, spec: Spec, api: str) -> None:
    daemon = start().ready()
    old = daemon.address
    port = free_port()
    spec.write(listen=f"127.0.0.1:{port}")
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("listening"))
    assert daemon.address == f"http://127.0.0.1:{port}"
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(old.rsplit(":", 1)[1])), 2)
    spec.write(listen=f"localhost:{port}")  # the same port by another name
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: len(daemon.events("reloaded")) == 2)
    assert daemon.address == f"http://127.0.0.1:{port}"
    assert daemon.metric("billingd_spec_generation") == 3
    assert daemon.end() == 0


def test_reload_to_an_address_that_is_taken(start: Start, spec: Spec, api: str) -> None:
    daemon = start().ready()
    old = daemon.address
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        spec.write(listen=f"127.0.0.1:{other.getsockname()[1]}")
        daemon.send(signal.SIGHUP)
        daemon.wait(lambda: daemon.events("reload_failed"))
    assert daemon.address == old
    assert daemon.metric("billingd_config_last_reload_successful") == 0
    assert daemon.end() == 0


def test_reload_during_a_pass(start: Start, sandbox: Sandbox, spec: Spec, api: str) -> None:
    daemon = start().ready()
    sandbox.switches(latency_ms=300)
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: daemon.look()["looking"])
    spec.write(pipelines=pipeline(more="    resources:\n      access_logs: {retention_days: 180}\n"))
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: retention(sandbox) == 180)
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    assert daemon.events("blocked") == []  # a stopped pass is nobody's problem
    assert daemon.end() == 0


def test_reload_reads_credentials_again(start: Start, sandbox: Sandbox, spec: Spec, api: str) -> None:
    file = spec.path.parent / "credentials"
    key = sandbox.account(ACCOUNT, access_key="AKIASANDBOXROTATED00")

    def write(access: str, secret: str) -> None:
        file.write_text(f"[default]\naws_access_key_id = {access}\naws_secret_access_key = {secret}\n")
    old = environment(sandbox, spec.path.parent)
    write(old["AWS_ACCESS_KEY_ID"], old["AWS_SECRET_ACCESS_KEY"])
    daemon = start(AWS_SHARED_CREDENTIALS_FILE=str(file), AWS_ACCESS_KEY_ID="",
                   AWS_SECRET_ACCESS_KEY="").ready()
    write(key["access_key"], key["secret_key"])
    sandbox.clear()
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    assert {c["access_key"] for c in sandbox.calls()} == {key["access_key"]}
    assert daemon.end() == 0


# ---- the end ----

def test_term_lets_a_write_in_flight_end(start: Start, sandbox: Sandbox, api: str) -> None:
    daemon = start().ready()
    spoil(sandbox)
    sandbox.client("logs").delete_subscription_filter(logGroupName=GROUP, filterName="ToFirehose")
    sandbox.clear()
    sandbox.faults({"action": "hold", "operation": "PutRetentionPolicy"},
                   {"action": "hold", "operation": "PutSubscriptionFilter"})
    daemon.send(signal.SIGUSR1)
    begun = {"PutRetentionPolicy"}  # the filter follows on it
    daemon.wait(lambda: {c["operation"] for c in sandbox.calls(kind="write")} == begun)
    daemon.send(signal.SIGTERM)
    daemon.wait(lambda: "STOPPING=1" in daemon.messages)
    assert daemon.get("/-/ready") == (503, "not ready: stopping\n")
    sandbox.faults()
    assert daemon.end(0) == 0
    writes = sandbox.calls(kind="write")
    assert {c["operation"] for c in writes} == begun  # nothing was begun after the signal
    assert all(c["status"] == 200 for c in writes)
    assert retention(sandbox) == 90
    assert daemon.messages.index("STOPPING=1") > daemon.messages.index("READY=1")


def unanswered(sandbox: Sandbox) -> list[Any]:
    return [c for c in sandbox.calls() if c["status"] is None]


def test_term_does_not_wait_for_reads(start: Start, sandbox: Sandbox, api: str) -> None:
    sandbox.faults({"action": "hold", "kind": "read", "times": 0})
    sandbox.clear()
    daemon = start()
    daemon.wait(lambda: sandbox.calls())
    assert daemon.end() == 0
    assert unanswered(sandbox)


def test_a_write_that_never_ends_is_given_up(start: Start, sandbox: Sandbox, api: str) -> None:
    daemon = start().ready()
    spoil(sandbox)
    sandbox.faults({"action": "hold", "operation": "PutRetentionPolicy"})
    sandbox.clear()
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: sandbox.calls(operation="PutRetentionPolicy"))
    assert daemon.end() == 0
    assert daemon.events("gave_up") and unanswered(sandbox)


def test_second_signal_leaves_at_once(start: Start, sandbox: Sandbox, api: str) -> None:
    daemon = start().ready()
    spoil(sandbox)
    sandbox.faults({"action": "hold", "operation": "PutRetentionPolicy"})
    sandbox.clear()
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: sandbox.calls(operation="PutRetentionPolicy"))
    daemon.send(signal.SIGTERM)
    daemon.wait(lambda: "STOPPING=1" in daemon.messages)
    daemon.send(signal.SIGINT)
    assert daemon.process.wait(60) == 128 + signal.SIGINT
    assert unanswered(sandbox)


# ---- systemd ----

def test_systemd_is_told(start: Start, spec: Spec, api: str) -> None:
    daemon = start(WATCHDOG_USEC="400000").ready()
    status = f"STATUS={daemon.resources}/{daemon.resources} in sync, next look in 60 min"
    daemon.wait(lambda: status in daemon.messages)
    assert daemon.messages.index("READY=1") < daemon.messages.index(status)
    fed = daemon.messages.count("WATCHDOG=1")
    daemon.wait(lambda: daemon.messages.count("WATCHDOG=1") > fed + 2)
    assert daemon.end() == 0
    assert [m for m in daemon.messages if m != "WATCHDOG=1"][-1] == "STOPPING=1"


def test_ready_does_not_wait_for_aws(start: Start, sandbox: Sandbox, api: str) -> None:
    daemon = start(AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    daemon.wait(lambda: "READY=1" in daemon.messages and daemon.events("started"))
    status, body = daemon.get("/-/ready")
    assert status == 503 and "the first look at AWS has not ended" in body
    assert daemon.end() == 0


# ---- AWS and guards ----

def test_unreachable_and_back(start: Start, sandbox: Sandbox, api: str) -> None:
    daemon = start(AWS_MAX_ATTEMPTS="1").ready()
    sandbox.faults({"action": "drop", "times": 0})
    daemon.kick()
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 503)
    body = daemon.get("/-/ready")[1]
    assert "the last look at AWS was not whole" in body and "shop: not looked at: no whole answer" in body
    assert daemon.metric("billingd_part_failed", part="pass") == daemon.metric("billingd_ready") + 1 == 1
    assert daemon.metric("billingd_reconcile_total", result="failed") >= 1
    assert daemon.metric("billingd_resource_condition", condition="Unchecked") == daemon.resources
    assert daemon.metric("billingd_resource_drift_fields") is None  # nobody knows, and nobody says 0
    assert daemon.metric("billingd_resource_loss") is None
    sandbox.faults({"action": "drop", "service": "glue", "times": 0})
    daemon.kick()
    daemon.wait(lambda: "shop/database: not read: no whole answer" in daemon.get("/-/ready")[1])
    assert daemon.metric("billingd_resource_drift_fields", resource="shop/database") is None
    assert daemon.metric("billingd_resource_drift_fields", resource="shop/bucket") == 0
    sandbox.faults()
    daemon.kick()
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
    assert daemon.metric("billingd_resource_drift_fields", resource="shop/database") == 0
    assert daemon.metric("billingd_resource_condition", condition="Unchecked") == 0
    assert len(daemon.events("refused")) == 1 and daemon.events("recovered")
    assert daemon.end() == 0


def test_another_account_is_refused(start: Start, run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    spec.write(account="999999999999")
    sandbox.clear()
    once = run("run", "--once")
    assert once.returncode == 4, once.stderr
    assert "999999999999" in once.stderr
    daemon = start()
    daemon.wait(lambda: daemon.events("refused"))
    daemon.wait(lambda: daemon.metric("billingd_guard_blocked_total", guard="account") == 1)
    daemon.kick()
    assert daemon.metric("billingd_guard_blocked_total", guard="account") == 2
    assert daemon.metric("billingd_reconcile_total", result="blocked") == 2
    assert daemon.get("/-/ready")[0] == 503
    assert len(daemon.events("refused")) == 1  # told once
    assert daemon.process.poll() is None
    assert {c["operation"] for c in sandbox.calls()} == {"GetCallerIdentity"}
    assert daemon.end() == 0


def test_breaker_stops_a_fight(start: Start, sandbox: Sandbox, spec: Spec, api: str) -> None:
    spec.write(settings={"breaker": "3"})
    daemon = start().ready()
    sandbox.clear()
    for _ in range(5):
        spoil(sandbox)
        daemon.kick()
    ours = [c for c in sandbox.calls(operation="PutRetentionPolicy") if c["client"].startswith("billingd")]
    assert len(ours) == 3
    assert retention(sandbox) == 7
    held = {"resource": "shop/access_logs", "condition": "NonConverging"}
    assert daemon.metric("billingd_resource_condition", **held) == 1
    assert daemon.metric("billingd_resource_condition", condition="Synced", resource="shop/access_logs") == 0
    assert daemon.metric("billingd_guard_blocked_total", guard="breaker") == 2
    assert daemon.metric("billingd_resource_drift_fields", resource="shop/access_logs") == 1
    held_status = f"STATUS={daemon.resources - 1}/{daemon.resources} in sync, 1 held"
    daemon.wait(lambda: any(m.startswith(held_status) for m in daemon.messages))
    assert len(daemon.events("held")) == 1
    daemon.send(signal.SIGHUP)  # whoever reloads wants another try
    daemon.wait(lambda: retention(sandbox) == 90)
    daemon.wait(lambda: daemon.metric("billingd_resource_condition", **held) == 0)
    assert daemon.end() == 0


def test_a_change_that_cannot_be_made_is_counted(start: Start, run: Any, sandbox: Sandbox, spec: Spec,
                                                 api: str) -> None:
    assert run("apply", "--yes").returncode == 0
    spec.write(pipelines=pipeline(more="    resources:\n      stream: {type: KinesisStreamAsSource}\n"))
    daemon = start().ready()
    assert daemon.metric("billingd_guard_blocked_total", guard="immutable") == 1
    assert daemon.metric("billingd_reconcile_total", result="blocked") == 1
    assert daemon.metric("billingd_resource_condition", resource="shop/stream", condition="Terminal") == 1
    assert len(daemon.events("blocked")) >= 1
    assert daemon.end() == 0


def test_a_write_whose_answer_was_lost_stands_in_the_log(start: Start, sandbox: Sandbox, api: str) -> None:
    """The look that shows it tells it, as if the answer had come."""
    daemon = start()
    daemon.ready()
    athena, logs = sandbox.client("athena"), sandbox.client("logs")
    daemon.kick()
    before = len(daemon.lines)

    def changes(resource: str) -> list[str]:
        events = [json.loads(line) for line in daemon.lines[before:] if line.startswith("{")]
        return [e["event"] for e in events if e.get("resource") == resource and e["event"] in ("created", "repaired", "recovered")]

    query = athena.list_named_queries(WorkGroup="shop-group")["NamedQueryIds"][0]
    sandbox.faults({"action": "lose_reply", "operation": "CreateNamedQuery", "client": "billingd", "times": 0},
                   {"action": "lose_reply", "operation": "PutRetentionPolicy", "client": "billingd", "times": 0})
    athena.delete_named_query(NamedQueryId=query)
    logs.put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=1)
    daemon.kick()
    lost = {e["resource"] for e in daemon.events("retry")}
    assert len(lost) == 2 and "shop/access_logs" in lost, daemon.text()
    [made] = lost - {"shop/access_logs"}
    sandbox.faults()
    daemon.kick()
    daemon.kick()
    assert changes(made) == ["created", "recovered"], daemon.text()
    assert changes("shop/access_logs") == ["repaired", "recovered"], daemon.text()


def test_two_regions(start: Start, sandbox: Sandbox, spec: Spec) -> None:
    make_api(sandbox, "one")
    make_api(sandbox, "two", "us-east-1")
    spec.write(pipelines=pipeline("one", "one") + pipeline("two", "two", "us-east-1"))
    daemon = start().ready()
    assert daemon.metric("billingd_resource_condition", condition="Synced") == daemon.resources
    for name, region in (("one", REGION), ("two", "us-east-1")):
        stream = sandbox.client("firehose", region).describe_delivery_stream(DeliveryStreamName=f"{name}-stream")
        assert stream["DeliveryStreamDescription"]["DeliveryStreamStatus"] == "ACTIVE"
    synced = f"STATUS={daemon.resources}/{daemon.resources} in sync"
    daemon.wait(lambda: any(m.startswith(synced) for m in daemon.messages))
    assert daemon.end() == 0


# ---- one pass, and wrong starts ----

def test_once(run: Any, sandbox: Sandbox, api: str) -> None:
    done = run("run", "--once")
    assert done.returncode == 0, done.stderr
    assert retention(sandbox) == 90
    sandbox.clear()
    again = run("run", "--once")
    assert again.returncode == 0 and sandbox.calls(kind="write") == []


def test_once_without_permission(run: Any, sandbox: Sandbox, api: str) -> None:
    sandbox.faults({"action": "error", "service": "glue", "status": 400, "code": "AccessDeniedException",
                    "times": 0})
    assert run("run", "--once").returncode in (1, 77)
    sandbox.faults({"action": "error", "service": "sts", "status": 403, "code": "AccessDenied", "times": 0})
    assert run("run", "--once").returncode == 77


def test_a_bad_spec_ends_with_78(run: Any, spec: Spec, api: str) -> None:
    spec.write(listen="nowhere")
    done = run("run")
    assert done.returncode == 78 and "listen" in done.stderr


def test_a_taken_address_ends_with_1(run: Any, spec: Spec, api: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        spec.write(listen=f"127.0.0.1:{other.getsockname()[1]}")
        done = run("run")
    assert done.returncode == 1 and "in use" in done.stderr


# ---- memory ----

def is_sanitized() -> bool:
    return b"__asan_init" in BINARY.read_bytes()


@pytest.mark.skipif(is_sanitized(), reason="a sanitizer's memory is its own")
def test_memory_stays_small(start: Start, api: str) -> None:
    daemon = start().ready()
    sizes = [daemon.memory("VmRSS")]
    for _ in range(100):
        daemon.kick()
        sizes.append(daemon.memory("VmRSS"))
    peak = daemon.memory("VmHWM")
    print(f"peak {peak / 2**20:.1f} MiB, after pass 20 {sizes[20] / 2**20:.2f}, 100 {sizes[100] / 2**20:.2f}")
    assert peak < 24_000_000
    assert sizes[100] <= sizes[20] * 1.05
    # Connections are kept, as many as calls went at once.
    assert len(os.listdir(f"/proc/{daemon.process.pid}/fd")) < 64
    assert daemon.end() == 0


def test_a_quota_is_not_asked_for_at_each_look(sandbox: Sandbox, spec: Spec, start: Any, api: str) -> None:
    """It does not end by asking: the write rests, told with what to do, until the places change."""
    logs, group = sandbox.client("logs"), "/aws/apigw/shop"
    daemon = start().ready()
    [ours] = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    logs.delete_subscription_filter(logGroupName=group, filterName=ours["filterName"])
    for name in ("security", "search"):
        logs.put_subscription_filter(logGroupName=group, filterName=name, filterPattern=name,
                                     destinationArn=ours["destinationArn"], roleArn=ours["roleArn"])

    def asked() -> int:
        return len([c for c in sandbox.calls(operation="PutSubscriptionFilter") if c["client"].startswith("billingd")])

    sandbox.clear()
    for _ in range(3):
        daemon.kick()
    assert asked() == 1
    told = [e["error"] for e in daemon.events("blocked")]
    assert "places are taken by" in told[0] and "have AWS raise the quota" in told[0], told
    assert re.search(r"refused 1 time; asked again after \d{4}-\d\d-\d\dT\d\d:\d\dZ", told[-1]), told
    assert len(told) == 2, "told once as refused and once as resting"
    daemon.wait(lambda: any("STATUS=" in m and "places are taken by" in m for m in daemon.messages))
    for path in ("/", "/metrics", "/-/ready", "/-/drift", "/api/v1/look", "/api/v1/status", "/api/v1/plan",
                 "/api/v1/events"):  # words of AWS and names of others are not for everybody
        text = daemon.get(path)[1]
        assert "places are taken" not in text and "by security" not in text and "raise the quota" not in text, path
    assert json.loads(daemon.get("/api/v1/look")[1])["summary"] == "23/24 in sync, 1 blocked"
    assert daemon.metric("billingd_guard_blocked_total", guard="quota") == 3
    logs.delete_subscription_filter(logGroupName=group, filterName="search")
    daemon.kick()
    assert asked() == 2
    daemon.wait(lambda: daemon.events("recovered"))
    daemon.kick()
    assert daemon.end() == 0


def test_a_read_that_waits_is_sent_whatever_ends_before_it(sandbox: Sandbox, spec: Spec, api: str, run: Any) -> None:
    """A batch waits until no list is under way; the last one to end may be a second look, which nobody waits for."""
    make_api(sandbox, "other-api")
    spec.write(pipelines=pipeline() + pipeline("other", "other-api"))
    assert run("apply", "--yes").returncode == 0
    athena = sandbox.client("athena")
    for one in athena.list_named_queries(WorkGroup="shop-group")["NamedQueryIds"]:
        athena.delete_named_query(NamedQueryId=one)  # planned by its list alone, and looked at again at once
    lists = {"service": "athena", "operation": "ListNamedQueries", "action": "latency", "client": "billingd"}
    sandbox.faults({**lists, "params": {"WorkGroup": "other-group"}, "latency_ms": 500},
                   {**lists, "params": {"WorkGroup": "shop-group"}, "nth": 2, "latency_ms": 2500})
    done = run("apply", "--yes")
    assert [rule["fired"] for rule in sandbox.fault_counts()] == [1, 1]
    assert done.returncode == 0 and len(athena.list_named_queries(WorkGroup="shop-group")["NamedQueryIds"]) > 0, done
