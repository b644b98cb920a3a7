"""`pause`, `resume`: what is left alone for a while, as an object in the pipeline's bucket says."""

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from conftest import BINARY, Sandbox, Spec, environment, pipeline

GROUP, BUCKET, KEY = "/aws/apigw/shop", "shop-bucket", "_billingd/shop/pauses.json"
LOGS = "shop/access_logs"
WHY = ("--reason", "moving the group", "--for", "1h")


@pytest.fixture
def applied(run: Any, sandbox: Sandbox, api: str) -> None:
    done = run("apply", "--yes")
    assert done.returncode == 0, done.stderr


def drift(sandbox: Sandbox) -> None:
    sandbox.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=1)


def retention(sandbox: Sandbox) -> int:
    return int(sandbox.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["retentionInDays"])


def put(sandbox: Sandbox, *pauses: dict[str, Any], body: str | None = None) -> None:
    document = {"format_version": "1.0", "pauses": list(pauses)}
    sandbox.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=(body or json.dumps(document)).encode())


def pause(until: float, address: str = LOGS) -> dict[str, Any]:
    return {"address": address, "reason": "r", "by": "arn:x", "since": int(time.time()) - 60, "until": int(until)}


def written(sandbox: Sandbox) -> set[str]:
    return {c["operation"] for c in sandbox.calls(kind="write")}


@pytest.mark.parametrize("address", ["shop", LOGS])
def test_nothing_is_asked_ahead_for_it(run: Any, sandbox: Sandbox, applied: None, address: str) -> None:
    """Neither IAM, nor the account's name, nor who leads: nothing will be written, which may be known later than all else."""
    assert run("pause", address, *WHY).returncode == 0
    drift(sandbox)
    sandbox.clear()
    sandbox.faults({"action": "latency", "operation": "GetObject", "latency_ms": 500, "times": 0})
    assert run("apply", "--yes").returncode == 1 and written(sandbox) == set()
    sandbox.faults()
    calls = sandbox.calls(lease=True)
    assert {c["operation"] for c in calls} & {"SimulatePrincipalPolicy", "ListAccountAliases"} == set()
    assert [c for c in calls if str(c["params"].get("Key", "")).endswith("/leader.json")] == []


def test_a_resource_is_left_alone(run: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    assert run("pause").stdout == "Nothing is paused.\n"
    done = run("pause", LOGS, *WHY)
    assert done.returncode == 0 and done.stdout.startswith(f"{LOGS} is paused until 2"), done.stderr
    drift(sandbox)
    sandbox.client("firehose").untag_delivery_stream(DeliveryStreamName="shop-stream", TagKeys=["billingd"])
    sandbox.clear()
    done = run("apply", "--yes")
    assert done.returncode == 1  # events are being lost meanwhile
    assert written(sandbox) == {"TagDeliveryStream"} and retention(sandbox) == 1
    assert len(sandbox.calls(operation="GetObject")) == 1  # a pass asks once
    assert f"o observe  {LOGS}" in done.stdout and "not sent: it is only observed, paused until 2" in done.stdout
    assert "moving the group" in done.stdout
    told = json.loads(run("status", "-o", "json").stdout)["pipelines"][0]
    assert [(p["address"], p["reason"]) for p in told["pauses"]] == [(LOGS, "moving the group")]
    assert told["pauses"][0]["until"] - told["pauses"][0]["since"] == 3600
    assert f"{LOGS}: paused until 2" in run("plan").stdout and f"{LOGS}: paused until 2" in run("status").stdout
    listed = json.loads(run("pause", "-o", "json").stdout)
    assert listed["complete"] and [p["in_force"] for p in listed["pauses"]] == [True]
    assert run("pause", "shop", "--reason", "all of it", "--for", "2d").returncode == 0
    assert len(run("pause").stdout.splitlines()) == 2
    assert run("resume", LOGS).returncode == 0
    sandbox.clear()
    assert "paused until" in run("apply", "--yes").stdout and written(sandbox) == set()
    done = run("resume", LOGS)
    assert done.returncode == 1 and "is not paused by itself: its pipeline is" in done.stderr
    assert run("resume", "shop").returncode == 0
    assert run("apply", "--yes").returncode == 0 and retention(sandbox) == 90


def test_the_daemon_leaves_it_alone(run: Any, start: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    daemon = start().ready()
    assert run("pause", LOGS, *WHY).returncode == 0
    drift(sandbox)
    daemon.kick()
    total = daemon.resources
    for _ in range(2):  # a restart forgets nothing: it stands on AWS
        daemon.wait(lambda: f"{total - 1}/{total} in sync, 1 observed and not as wanted, {LOGS} paused until 2" in daemon.status())
        assert retention(sandbox) == 1
        now = time.time()
        assert 0 < (daemon.metric("billingd_paused_until_timestamp_seconds", resource=LOGS) or 0) - now < 3601
        assert -600 < (daemon.metric("billingd_paused_since_timestamp_seconds", resource=LOGS) or 0) - now < 1
        assert [(e["resource"], e["reason"]) for e in daemon.events("paused")] == [(LOGS, "moving the group")]
        assert [e["resource"] for e in daemon.events("observed")] == [LOGS]
        if _ == 0:
            assert daemon.end() == 0
            daemon = start().ready()
    assert run("resume", LOGS).returncode == 0
    daemon.kick()
    assert retention(sandbox) == 90 and [e["resource"] for e in daemon.events("resumed")] == [LOGS]
    assert daemon.metric("billingd_paused_until_timestamp_seconds") is None
    assert f"{total}/{total} in sync" in daemon.status() and "paused" not in daemon.status()
    # One that ended by itself is told, and kept for who asks whether it was forgotten.
    put(sandbox, pause(time.time() + 3000))
    daemon.kick()
    drift(sandbox)
    sandbox.switches(clock_offset_s=3600)
    daemon.kick()
    sandbox.switches(clock_offset_s=0)
    assert retention(sandbox) == 90 and [e["resource"] for e in daemon.events("pause_ended")] == [LOGS]
    assert daemon.metric("billingd_paused_until_timestamp_seconds", resource=LOGS)
    assert daemon.metric("billingd_paused_since_timestamp_seconds", resource=LOGS) is None
    assert daemon.end() == 0


DAMAGE: list[dict[str, Any]] = [
    {"action": "error", "status": 403, "code": "AccessDenied", "code_": 77},
    {"action": "error", "status": 500, "code": "InternalError", "code_": 1},
    {"action": "truncate", "code_": 1},
    {"action": "html", "code_": 1},
    {"action": "empty", "code_": 1},
    {"body": "<html>", "code_": 1},
    {"body": '{"format_version": "2.0", "pauses": []}', "code_": 1},
    {"body": '{"format_version": "1.0", "pauses": [{"address": "shop"}]}', "code_": 1},
    {"body": '{"format_version": "1.0", "pauses": [], "pauses": []}', "code_": 1},
    {"body": json.dumps({"format_version": "1.0", "pauses": [
        {"address": LOGS, "reason": "r", "by": "b", "since": 1, "until": 2 ** 63 - 1}]}), "code_": 1},
]


def test_unknown_is_no_leave_to_write(run: Any, sandbox: Sandbox, applied: None) -> None:
    drift(sandbox)
    put(sandbox)
    for damage in DAMAGE:
        rule = {k: v for k, v in damage.items() if k not in ("code_", "body")}
        if "body" in damage:
            put(sandbox, body=damage["body"])
        else:
            sandbox.faults({"operation": "GetObject", "times": 0, **rule})
        sandbox.clear()
        done = run("apply", "--yes")
        assert done.returncode == damage["code_"], (damage, done.stdout, done.stderr)
        assert "shop: nothing is written: whether it is paused is not known: " in done.stderr, damage
        assert written(sandbox) == set() and retention(sandbox) == 1, damage
        plan = json.loads(run("plan", "-o", "json").stdout)
        assert plan["pipelines"][0]["pauses"] is None
        done = run("pause", "shop", *WHY)
        assert done.returncode == damage["code_"] and "what is paused is not known" in done.stderr, damage
        sandbox.faults()
        put(sandbox)
    assert run("apply", "--yes").returncode == 0 and retention(sandbox) == 90


def test_a_wrong_clock_ends_no_pause(run: Any, sandbox: Sandbox, applied: None) -> None:
    """Ours is two hours ahead of AWS's, then behind it: what others paused for five minutes holds, and so does our pause."""
    drift(sandbox)
    for ahead_s in (7200, -7200):
        put(sandbox, pause(time.time() - ahead_s + 300))
        sandbox.switches(clock_offset_s=-ahead_s)
        sandbox.clear()
        assert "paused until 2" in run("apply", "--yes").stdout and written(sandbox) == set()
        assert run("pause").stdout.startswith(f"{LOGS}: paused until 2")
        assert run("pause", "shop/bucket", *WHY).returncode == 0
        told = json.loads(run("pause", "-o", "json").stdout)["pauses"]
        ours = next(p for p in told if p["address"] == "shop/bucket")
        assert abs(ours["since"] - (time.time() - ahead_s)) < 60 and ours["in_force"]
        sandbox.switches(clock_offset_s=0)
    put(sandbox, pause(time.time() - 1))
    sandbox.switches(clock_offset_s=7200)
    assert run("apply", "--yes").returncode == 0
    sandbox.switches(clock_offset_s=0)
    assert retention(sandbox) == 90


def test_a_plan_goes_by_the_pauses_it_saw(run: Any, sandbox: Sandbox, applied: None, tmp_path: Any) -> None:
    drift(sandbox)
    put(sandbox, pause(time.time() + 600))
    assert run("plan", "--out", str(tmp_path / "p")).returncode == 0
    put(sandbox)
    sandbox.clear()
    done = run("apply", str(tmp_path / "p"))
    assert done.returncode == 4 and f"{LOGS}: was only observed in the plan, and is written now" in done.stderr
    assert written(sandbox) == set() and retention(sandbox) == 1


def test_the_daemon_does_not_know(start: Any, sandbox: Sandbox, applied: None) -> None:
    drift(sandbox)
    put(sandbox, body="gone")
    sandbox.clear()
    daemon = start()
    daemon.wait(lambda: daemon.events("started") and daemon.metric("billingd_part_failed", part="pass") == 1)
    code, body = daemon.get("/-/ready")
    assert code == 503 and "shop: what is paused was not read, so nothing is written: " in body
    assert written(sandbox) == set() and [e["resource"] for e in daemon.events("blocked")] == [LOGS]
    put(sandbox)
    daemon.kick()
    assert retention(sandbox) == 90 and daemon.get("/-/ready")[0] == 200 and daemon.end() == 0


def test_two_at_once(run: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    """Nobody's pause is lost: each write names what it replaces, and what others wrote is read again."""
    command = [BINARY, "-f", spec.path, "pause"]
    addresses = ["shop/bucket", "shop/stream", "shop/view", "shop/workgroup"]

    def one(address: str) -> int:
        return subprocess.run([*command, address, *WHY], env=environment(sandbox, spec.path.parent),
                              capture_output=True, timeout=60).returncode
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, addresses)) == [0] * 4
    for code in ("ConditionalRequestConflict", "PreconditionFailed"):
        sandbox.faults({"action": "error", "operation": "PutObject", "times": 2, "code": code,
                        "status": 409 if code.startswith("Cond") else 412})
        assert run("pause", LOGS, *WHY).returncode == 0
    sandbox.faults({"action": "lose_reply", "operation": "PutObject"})
    assert run("pause", "shop/database", *WHY).returncode == 0
    sandbox.faults()
    told = json.loads(run("pause", "-o", "json").stdout)["pauses"]
    assert sorted(p["address"] for p in told) == sorted([*addresses, LOGS, "shop/database"])
    assert all(c["params"].get("IfMatch") or c["params"].get("IfNoneMatch") for c in sandbox.calls(operation="PutObject"))


@pytest.mark.parametrize("words, text", [
    ((LOGS, "--for", "1h"), "needs --reason"), ((LOGS, "--reason", " ", "--for", "1h"), "needs --reason"),
    ((LOGS, "--reason", "x"), "needs --for"), ((LOGS, "--reason", "x", "--for", "soon"), "--for is no duration"),
    ((LOGS, "--reason", "x", "--for", "31d"), "at most 30d"), (("--for", "1h"), "need an ADDRESS"),
    (("shop/acces_logs", *WHY), "did you mean shop/access_logs"), (("acces_logs", *WHY), "did you mean shop/access_logs"),
    ((LOGS + ".retention_days", *WHY), "not of a field"),
])
def test_wrong_words(run: Any, sandbox: Sandbox, words: tuple[str, ...], text: str) -> None:
    done = run("pause", *words)
    assert done.returncode == 64 and text in done.stderr, done.stderr
    assert sandbox.calls() == []


def test_nowhere_to_keep_it(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    done = run("pause", "shop", *WHY)
    assert done.returncode == 1 and "NoSuchBucket" in done.stderr, done.stderr
    assert run("resume", "shop").returncode == 1
    policy = run("iam-policy", "--for", "apply").stdout
    assert "arn:aws:s3:::shop-bucket/_billingd/shop/*" in policy
    assert run("resume").returncode == 64
    spec.write(pipelines=pipeline(more="""    resources:
      bucket:
        lifecycle: [{ID: billingd-all, Status: Enabled, Filter: {Prefix: _billingd/}, Expiration: {Days: 1}}]
"""))
    assert 'rule "billingd-all", what billingd remembers' in run("check").stderr


def test_a_pause_of_what_the_spec_lost_binds_nothing(run: Any, start: Any, sandbox: Sandbox, applied: None) -> None:
    """It is told as such wherever it is told, counts as no pause, and can be taken off the list."""
    lost = "shop/old_logs"
    put(sandbox, pause(time.time() + 3600, lost))
    for verb in (("pause",), ("plan",), ("status",)):
        assert f"the spec has no {lost}, so it leaves nothing alone: `billingd resume {lost}`" in run(*verb).stdout, verb
    assert [p["binds"] for p in json.loads(run("pause", "-o", "json").stdout)["pauses"]] == [False]
    drift(sandbox)
    daemon = start().ready()
    assert retention(sandbox) == 90
    daemon.wait(lambda: f"{lost} paused until 2" in daemon.status() and "though the spec does not have it" in daemon.status())
    assert daemon.metric("billingd_paused_since_timestamp_seconds") is None
    [told] = daemon.events("paused")
    assert told["resource"] == lost and "nothing is left alone" in told["error"]
    [pipeline_] = json.loads(daemon.get("/api/v1/status")[1])["pipelines"]
    assert [(p["address"], p["binds"]) for p in pipeline_["pauses"]] == [(lost, False)]
    assert run("resume", lost).returncode == 0 and run("pause").stdout == "Nothing is paused.\n"
    assert run("resume", lost).returncode == 1 and run("resume", "shoe/x").returncode == 64
    # While nobody can read the list, it is not told as empty.
    put(sandbox, body="gone")
    daemon.kick()
    assert json.loads(daemon.get("/api/v1/status")[1])["pipelines"][0]["pauses"] is None
    assert daemon.end() == 0
