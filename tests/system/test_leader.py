"""Several daemons on one pipeline: one leads and writes, the others look, and take over.

Periods are 2 s, so that a takeover takes 4 s and a little."""

import json
import signal
import socket
import threading
import time
from typing import Any

import pytest
from conftest import Daemon, Sandbox, Spec

GROUP, BUCKET, KEY = "/aws/apigw/shop", "shop-bucket", "_billingd/shop/leader.json"
LOGS = "shop/access_logs"


@pytest.fixture(autouse=True)
def short(spec: Spec) -> None:
    spec.write(settings={"lease": "2s"})


def lease(sandbox: Sandbox) -> dict[str, Any]:
    return dict(json.loads(sandbox.client("s3").get_object(Bucket=BUCKET, Key=KEY)["Body"].read()))


def drift(sandbox: Sandbox) -> None:
    sandbox.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=1)


def retention(sandbox: Sandbox) -> int:
    return int(sandbox.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["retentionInDays"])


def leads(daemon: Daemon) -> bool:
    return daemon.metric("billingd_leader", pipeline="shop") == 1


def role(daemon: Daemon) -> str:
    """Empty before its first look."""
    leader = json.loads(daemon.get("/api/v1/status")[1])["pipelines"][0]["leader"]
    return str((leader or {}).get("role", ""))


def written(sandbox: Sandbox) -> set[str]:
    return {c["operation"] for c in sandbox.calls(kind="write")}


def test_one_leads_the_other_looks(run: Any, start: Any, sandbox: Sandbox, api: str) -> None:
    first = start().ready()
    first.wait(lambda: leads(first))
    holder = lease(sandbox)["holder"]
    assert holder["pid"] == first.process.pid and holder["host"] == socket.gethostname() and len(holder["spec"]) == 16
    second = start().ready()
    second.wait(lambda: role(second) == "standby")
    assert not leads(second) and leads(first) and second.get("/-/ready")[0] == 200
    who = f"{socket.gethostname()} (process {first.process.pid}) leads"
    assert f"shop: standby: {who}" in second.get("/-/ready")[1] and f"shop: standby: {who}" in second.status()
    sandbox.clear()
    drift(sandbox)
    second.kick()
    assert retention(sandbox) == 1 and written(sandbox) == {"PutRetentionPolicy"}  # the test's own
    [told] = [e for e in second.events("observed") if e["resource"] == LOGS]
    assert f"only observed, standby: {who}" in told["error"]
    # By hand: told who leads, and done.
    done = run("apply", "--yes")
    assert done.returncode == 0 and f"shop: {who}" in done.stderr and retention(sandbox) == 90, done.stderr
    # Given up at the end, so that the other need not wait.
    assert first.end() == 0 and lease(sandbox)["holder"] is None
    second.wait(lambda: leads(second), 5)
    drift(sandbox)
    second.kick()
    assert retention(sandbox) == 90 and [e["pipeline"] for e in second.events("leads")] == ["shop"]
    assert second.end() == 0


def test_killed_and_stopped(start: Any, sandbox: Sandbox, api: str) -> None:
    first = start().ready()
    first.wait(lambda: leads(first))
    second = start().ready()
    second.wait(lambda: role(second) == "standby")
    # Stopped with its lease; what it wakes up to is another's.
    first.send(signal.SIGSTOP)
    second.wait(lambda: leads(second), 15)
    drift(sandbox)
    second.kick()
    assert retention(sandbox) == 90
    sandbox.clear()
    first.send(signal.SIGUSR1)
    first.send(signal.SIGCONT)
    first.wait(lambda: role(first) == "standby")
    first.kick()
    assert written(sandbox) == set() and not leads(first) and leads(second)
    # Killed: the other takes over by itself, and enforces at once.
    drift(sandbox)
    second.process.kill()
    first.wait(lambda: leads(first), 15)
    first.wait(lambda: retention(sandbox) == 90)
    # A restart after that waits, says so, and is not ready meanwhile.
    first.process.kill()
    third = start()
    third.wait(lambda: third.events("standby"))
    code, body = third.get("/-/ready")
    assert code == 503 and "shop: standby: the lease is of " in body
    third.ready().wait(lambda: leads(third), 15)
    third.wait(lambda: third.get("/-/ready")[0] == 200)
    assert third.end() == 0


def test_cut_off_from_s3_alone(run: Any, start: Any, sandbox: Sandbox, api: str) -> None:
    daemon = start().ready()
    daemon.wait(lambda: leads(daemon))
    for fault in ({"action": "error", "status": 403, "code": "AccessDenied"}, {"action": "reset"}):
        for operation in ("PutObject", "GetObject"):
            sandbox.faults({"operation": operation, "params": {"Key": KEY}, "times": 0, **fault},
                           {"operation": "PutObject", "params": {"Key": KEY}, "times": 0, **fault})
            daemon.wait(lambda: role(daemon) == "unknown", 20)
            assert not leads(daemon) and daemon.get("/-/ready")[0] == 503
            assert "shop: who leads is not known" in daemon.get("/-/ready")[1]
            daemon.wait(lambda: daemon.events("leader_unknown"))
            sandbox.clear()
            drift(sandbox)
            daemon.kick()
            assert written(sandbox) == {"PutRetentionPolicy"} and retention(sandbox) == 1
            # An operator by hand: says that nobody is known to lead, and goes on.
            done = run("apply", "--yes")
            assert done.returncode == 0 and retention(sandbox) == 90, done.stderr
            sandbox.faults()
            daemon.wait(lambda: leads(daemon), 15)
    drift(sandbox)
    daemon.kick()
    assert retention(sandbox) == 90 and daemon.end() == 0


def test_conflicts_and_lost_replies(start: Any, sandbox: Sandbox, api: str) -> None:
    """409 is tried again; a write whose reply is lost is found to be ours."""
    daemon = start().ready()
    daemon.wait(lambda: leads(daemon))
    for rule in ({"action": "error", "status": 409, "code": "ConditionalRequestConflict"},
                 {"action": "error", "status": 412, "code": "PreconditionFailed"}, {"action": "lose_reply"}):
        sandbox.faults({"operation": "PutObject", "params": {"Key": KEY}, **rule})
        daemon.wait(lambda: sandbox.fault_counts()[0]["fired"] > 0)
        sequence = lease(sandbox)["sequence"]
        daemon.wait(lambda: lease(sandbox)["sequence"] > sequence)
        assert leads(daemon) and lease(sandbox)["holder"]["pid"] == daemon.process.pid
    sandbox.faults()
    puts = [c for c in sandbox.calls(lease=True, operation="PutObject") if c["params"]["Key"] == KEY]
    assert all(c["params"].get("IfMatch") or c["params"].get("IfNoneMatch") for c in puts)
    # What lies there is no lease: nothing is written, and it is left alone.
    sandbox.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b'{"format_version": "2.0"}')
    daemon.wait(lambda: role(daemon) == "unknown", 15)
    time.sleep(1)
    assert lease(sandbox) == {"format_version": "2.0"}
    sandbox.client("s3").delete_object(Bucket=BUCKET, Key=KEY)
    daemon.wait(lambda: leads(daemon), 15)
    assert daemon.end() == 0


def test_once(run: Any, start: Any, sandbox: Sandbox, api: str) -> None:
    """`run --once` leads while it runs; beside a daemon it looks; after one that was killed it waits."""
    assert run("run", "--once").returncode == 0 and lease(sandbox)["holder"] is None
    drift(sandbox)
    daemon = start().ready()
    daemon.wait(lambda: leads(daemon))
    daemon.kick()
    drift(sandbox)
    sandbox.clear()
    done = run("run", "--once")
    assert retention(sandbox) == 1 and written(sandbox) == set() and '"event":"standby"' in done.stderr, done.stderr
    daemon.process.kill()
    assert run("run", "--once").returncode == 0 and retention(sandbox) == 90


def test_nobodys_by_reading_and_somebodys_by_writing(run: Any, sandbox: Sandbox, api: str) -> None:
    """An S3 that contradicts itself: nobody waits for ever for who leads, and nothing is written."""
    assert run("run", "--once").returncode == 0
    drift(sandbox)
    sandbox.client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=json.dumps({
        "format_version": "1.0", "holder": {"id": "x", "host": "other", "pid": 1}, "period_ms": 2000, "sequence": 1}))
    sandbox.faults({"operation": "GetObject", "action": "error", "status": 404, "code": "NoSuchKey", "times": 0, "params": {"Key": KEY}})
    sandbox.clear()
    done = run("run", "--once")
    assert done.returncode == 1 and retention(sandbox) == 1 and written(sandbox) == set(), done.stderr
    assert "who leads is not known" in done.stderr and "S3 reads as if the lease were nobody's" in done.stderr, done.stderr


def test_where_nothing_is_written_nobody_leads(run: Any, start: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    assert run("apply", "--yes").returncode == 0
    sandbox.clear()
    assert run("apply", "--yes").returncode == 0 and written(sandbox) == set()
    for words in (("plan",), ("status",), ("check",), ("apply", "--yes", "--dry-run")):
        run(*words)
    spec.write(top="mode: observe\n")
    assert run("run", "--once").returncode == 0
    daemon = start().ready()
    daemon.kick()
    assert daemon.metric("billingd_leader") is None and daemon.end() == 0
    assert [c for c in sandbox.calls(lease=True) if c["params"].get("Key") == KEY] == []


def test_saved_queries_are_made_once(run: Any, start: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    """AWS does not mind two of one name: what makes two writers, or one twice, make one is the token."""
    def there() -> dict[str, str]:
        ids = sandbox.client("athena").list_named_queries(WorkGroup="shop-group")["NamedQueryIds"]
        found = sandbox.client("athena").batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]
        assert len({one["Name"] for one in found}) == len(found)
        return {one["Name"]: one["NamedQueryId"] for one in found}

    spec.write(settings={"settle_timeout": "1s"})
    assert run("apply", "--yes").returncode in (0, 1)
    made = there()
    assert len(made) > 1
    # Neither sees what the other makes.
    sandbox.faults({"operation": "ListNamedQueries", "action": "member", "path": ["NamedQueryIds"], "value": [], "times": 0})
    sandbox.clear()
    run("apply", "--yes")
    assert len([c for c in sandbox.calls(operation="CreateNamedQuery") if c["status"] == 200]) >= len(made)
    sandbox.faults()
    assert there() == made
    # Deleted and wanted again: made anew, also where AWS would rather tell of the one from before.
    sandbox.switches(tokens_last=True)
    name, gone = next(iter(made.items()))
    sandbox.client("athena").delete_named_query(NamedQueryId=gone)
    daemon = start().ready()  # it never saw that one
    daemon.wait(lambda: name in there() or daemon.kick())
    again = there()[name]
    assert again != gone
    sandbox.client("athena").delete_named_query(NamedQueryId=again)
    daemon.kick()
    assert there()[name] not in (gone, again) and there().keys() == made.keys()
    assert daemon.end() == 0


def test_three_from_nothing(start: Any, sandbox: Sandbox, api: str) -> None:
    """The bucket is not there yet either: each thing is made once."""
    daemons: list[Daemon] = [start() for _ in range(3)]
    daemons[0].wait(lambda: sum(leads(d) for d in daemons if d.events("started")) == 1)
    for daemon in daemons:
        daemon.wait(lambda: daemon.events("started"))
        daemon.wait(lambda: role(daemon) in ("leads", "standby"), 15)
        daemon.wait(lambda: daemon.metric("billingd_part_failed", part="pass") == 0)
    queries = sandbox.client("athena").list_named_queries(WorkGroup="shop-group")["NamedQueryIds"]
    made = [c for c in sandbox.calls(operation="CreateNamedQuery") if c["status"] == 200]
    assert len(made) == len(queries) > 0
    # Hundreds of times is for the model (tests/unit/test_lease.c); here each in turn leads.
    for _ in range(2):
        [leader] = [d for d in daemons if leads(d)]
        leader.send(signal.SIGSTOP)
        others = [d for d in daemons if d is not leader]
        others[0].wait(lambda: sum(leads(d) for d in others) == 1, 15)
        leader.send(signal.SIGCONT)
        leader.wait(lambda: role(leader) == "standby")
        assert sum(leads(d) for d in daemons) == 1
    ends = [threading.Thread(target=daemon.end) for daemon in daemons]
    for end in ends:
        end.start()
    for end in ends:
        end.join()
    assert lease(sandbox)["holder"] is None
