"""The daemon keeps rollups and partitions beside its passes."""

import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import set_clock
from rollup_world import DATABASE, World

NOON = "%Y-%m-%dT12:00"


def days_ago(days: int, form: str = "%Y-%m-%d") -> str:
    return time.strftime(form, time.gmtime(time.time() - days * 86400))


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    made = World(sandbox, spec)
    made.write(since=days_ago(6))
    made.apply()
    for ago in (6, 5, 4):
        made.request(days_ago(ago), arrival=days_ago(ago, NOON), sub="a")
    return made


def counted(world: World) -> dict[str, Any]:
    return {day: subs["a"][0] for day, subs in world.days().items()}


def test_builds_beside_the_passes(world: World, start: Callable[..., Any]) -> None:
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_rollups", state="current") == 4)
    assert daemon.metric("billingd_rollups", state="missing") == 0
    assert daemon.metric("billingd_rollup_builds_total", result="built") == 4
    assert daemon.metric("billingd_self_athena_scanned_bytes_total") > 0
    assert counted(world) == {days_ago(n): 1 for n in (6, 5, 4)}
    assert {e["day"] for e in daemon.events("rollup")} == {days_ago(n) for n in (6, 5, 4, 3)}
    world.sandbox.clear()
    daemon.kick()
    world.request(days_ago(6), arrival=days_ago(4, NOON), sub="a")
    daemon.kick()
    daemon.wait(lambda: daemon.metric("billingd_rollup_builds_total", result="built") == 5)
    assert counted(world) == {days_ago(6): 2, days_ago(5): 1, days_ago(4): 1}
    assert daemon.end() == 0


def test_days_that_wait_for_the_budget_are_told(world: World, start: Callable[..., Any]) -> None:
    world.write(budget="1KiB", parallel=1)
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_budget_used_up", pipeline="shop", part="rollup") == 1)
    assert daemon.metric("billingd_rollups", state="missing") > 0
    world.write(budget="100GiB")
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_rollups", state="current") == 4)
    assert daemon.metric("billingd_budget_used_up", part="rollup") == 0
    assert daemon.end() == 0


def test_what_fails_during_a_reload_is_tried_again_at_once(world: World, start: Callable[..., Any]) -> None:
    """Not by the patience for what failed before: whoever reloads has mended it."""
    world.sandbox.query_rules({"match": "UNLOAD", "action": "fail", "at": "start", "retryable": False, "times": 0})
    world.sandbox.faults({"action": "hold", "operation": "GetQueryExecution", "client": "billingd", "times": 0})
    daemon = start().ready()
    daemon.wait(lambda: world.sandbox.fault_counts()[0]["fired"])
    asked = daemon.look()["asked"]
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: daemon.look()["asked"] > asked)
    world.sandbox.query_rules()
    world.sandbox.faults()
    daemon.wait(lambda: daemon.metric("billingd_rollups", state="current") == 4)
    assert daemon.end() == 0


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_metrics_pass_promtool(world: World, start: Callable[..., Any]) -> None:
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_rollups", state="current") is not None)
    done = subprocess.run(["promtool", "check", "metrics"], input=daemon.get("/metrics")[1], text=True,
                          capture_output=True, timeout=30)
    assert done.returncode == 0 and not done.stdout + done.stderr, done.stdout + done.stderr


def quiet(daemon: Any) -> None:
    """Waits until billingd has nothing to do."""
    daemon.wait(lambda: not ((look := daemon.look())["looking"] or look["working"]))


def held(world: World, daemon: Any) -> None:
    daemon.wait(lambda: world.sandbox.query_rule_counts()[0]["fired"])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_stops_the_queries(world: World, start: Callable[..., Any], number: int) -> None:
    """Passes go on while queries run; SIGTERM ends both at once, SIGHUP begins anew with the new spec."""
    world.sandbox.query_rules({"match": "UNLOAD", "action": "hold", "times": 0})
    daemon = start().ready()
    held(world, daemon)
    daemon.kick()
    if number == signal.SIGTERM:
        assert daemon.end() == 0  # the query is held for ever
    else:
        daemon.send(number)
        daemon.wait(lambda: daemon.metric("billingd_spec_generation") == 2)
        world.sandbox.query_rules()
        daemon.wait(lambda: daemon.metric("billingd_rollups", state="current") == 4)
        assert daemon.end() == 0
    assert len(world.ours(operation="StopQueryExecution")) >= 1


def test_failures_are_told_once_and_retried_with_patience(world: World, start: Callable[..., Any]) -> None:
    world.sandbox.query_rules({"match": "UNLOAD", "action": "fail", "code": "GENERIC_USER_ERROR", "times": 0,
                               "message": "no such thing", "retryable": False})
    daemon = start().ready()
    daemon.wait(lambda: daemon.events("upkeep"))
    daemon.kick()
    daemon.wait(lambda: world.sandbox.query_rule_counts()[0]["fired"] >= 2)
    time.sleep(1)
    world.sandbox.query_rules()
    daemon.kick()
    daemon.wait(lambda: [e for e in daemon.events("recovered") if e.get("part") == "rollups"])
    assert len(daemon.events("upkeep")) == 1 and "no such thing" in daemon.events("upkeep")[0]["error"]
    assert daemon.end() == 0


def test_a_failure_does_not_wait_for_the_interval(world: World, start: Callable[..., Any]) -> None:
    """Looks are an hour apart, by a clock ten times as fast: what failed once is done long before."""
    [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    world.sandbox.query_rules({"match": "UNLOAD", "action": "fail", "code": "GENERIC_USER_ERROR", "times": 1,
                               "message": "no such thing", "retryable": False})
    daemon = start(LD_PRELOAD=str(library), FAKETIME=f"{set_clock.own():+d} x10", NO_FAKE_STAT="1",
                   ASAN_OPTIONS=set_clock.asan_options())
    daemon.wait(lambda: daemon.events("upkeep"))
    daemon.wait(lambda: [e for e in daemon.events("recovered") if e.get("part") == "rollups"])
    assert counted(world) == {days_ago(n): 1 for n in (6, 5, 4)}
    assert daemon.end() == 0


def test_once_builds_too(world: World) -> None:
    world.run("run", "--once")
    assert counted(world) == {days_ago(n): 1 for n in (6, 5, 4)}


REGISTRATION = """      partitions: registration
    resources:
      raw_table: {parameters: {projection.enabled: "false"}}
"""


def test_registers_what_glue_does_not_know(sandbox: Any, spec: Any, api: str,
                                           start: Callable[..., Any]) -> None:
    world = World(sandbox, spec)
    world.write(since=days_ago(6), more="      audit: {backfill: manual}\n" + REGISTRATION)  # no look far back
    world.apply()
    for ago in (40, 6, 5, 4):
        world.request(days_ago(ago), arrival=days_ago(ago, NOON), sub="a")
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_rollups", state="current") == 4)
    folders = {o["key"].rpartition("/")[0] for o in sandbox.objects("shop-bucket", "access-logs/")}
    assert len(folders) >= 4, "an old one, too: the whole tree is looked at when the daemon starts"
    assert daemon.metric("billingd_partitions_registered_total") == len(folders)
    assert counted(world) == {days_ago(n): 1 for n in (6, 5, 4)}
    raw = {"DatabaseName": DATABASE, "TableName": "restapi_access_log_json_raw"}
    known = [p["Values"] for p in world.glue.get_partitions(**raw)["Partitions"]]
    assert all(v == str(int(v)) for values in known for v in values), "numbers, not texts of the path"
    world.request(days_ago(1), arrival=days_ago(1, NOON), sub="a")
    daemon.kick()
    daemon.wait(lambda: daemon.metric("billingd_partitions_registered_total") == len(folders) + 1)
    quiet(daemon)
    sandbox.clear()
    daemon.kick()
    quiet(daemon)
    # The audit looks again, and asks Athena (what it asks depends on the hour); nothing else does.
    asked = world.ours(kind="write")
    assert [c["operation"] for c in asked if c["operation"] != "StartQueryExecution"] == []
    assert [c for c in asked if "UNLOAD" in c["params"]["QueryString"]] == [], "no day is built"
    assert daemon.end() == 0


def test_registration_needs_projection_off(sandbox: Any, spec: Any, api: str,
                                           start: Callable[..., Any]) -> None:
    world = World(sandbox, spec)
    world.write(since=days_ago(6), more="      partitions: registration\n")
    world.apply()
    daemon = start().ready()
    told = daemon.wait(lambda: daemon.events("upkeep"))[0]
    assert told["part"] == "partitions" and "projection.enabled" in told["error"]
    assert daemon.end() == 0


def test_more_than_a_batch_of_partitions(sandbox: Any, spec: Any, api: str) -> None:
    world = World(sandbox, spec)
    world.write(since=days_ago(6), more=REGISTRATION)
    world.apply()
    for hour in range(130):
        key = time.strftime("access-logs/year=%Y/month=%m/day=%d/hour=%H/a.json.gz",
                            time.gmtime(time.time() - hour * 3600))
        world.s3.put_object(Bucket="shop-bucket", Key=key, Body=b"")
    world.run("run", "--once")
    pages = world.glue.get_paginator("get_partitions").paginate(
        DatabaseName=DATABASE, TableName="restapi_access_log_json_raw")
    assert sum(len(p["Partitions"]) for p in pages) == 130
    sizes = [len(c["params"]["PartitionInputList"]) for c in world.ours(operation="BatchCreatePartition")]
    assert sizes[:2] == [100, 30]
