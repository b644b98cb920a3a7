"""Rollups when things go wrong: killed at every call, queries that fail, replies that get lost."""

import os
import signal
import time
from typing import Any

import pytest
from rollup_world import BUCKET, World

US = {"client": "billingd"}
ONE_DAY = ("--day", "2025-10-02")


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    """Two built days, of which one has got a late request: one rebuild is due."""
    made = World(sandbox, spec)
    made.own_template()
    made.write(parallel=1)
    made.apply()
    made.request("2025-10-02", arrival="2025-10-02T12:01", sub="a")
    made.request("2025-10-02", arrival="2025-10-02T12:02", sub="b", size=7)
    return made


SAMPLE = int(os.environ.get("BILLINGD_SAMPLE") or 1)  # kill at every n-th call only
DAY = {"2025-10-02": {"a": [1, 100], "b": [1, 7]}}


def is_right(world: World) -> None:
    """One run repairs what is left to do; then all is as if nothing had happened."""
    world.sandbox.faults()
    world.sandbox.query_rules()
    answer = world.rollup(*ONE_DAY)
    assert answer["days"][0]["state"] == "current", answer
    assert world.days() == DAY
    current = {one["run"] for one in world.partitions().values()}
    assert len(current) == 1
    world.change_sql()  # something to do, so that old runs are collected
    world.rollup(*ONE_DAY)
    assert world.days() == DAY
    assert set(world.runs()) == {one["run"] for one in world.partitions().values()}


def calls_of_a_build(world: World) -> int:
    world.sandbox.clear()
    world.change_sql()
    world.rollup(*ONE_DAY)
    return len(world.ours())


def kill_at(world: World, number: int, done: bool) -> bool:
    """SIGKILL at call number: before it takes effect, or (done) after it did and before the reply.
    Nothing that follows reaches AWS.  False when the run has fewer calls."""
    gone = {"action": "reset", **US, "times": 0}
    world.sandbox.faults(*([{"action": "lose_reply", **US, "nth": number}] if done else []),
                         {**gone, "nth": number + done})
    process = world.begin("rollup", *ONE_DAY)
    while process.poll() is None and not world.sandbox.fault_counts()[0]["fired"]:
        time.sleep(0.01)
    process.kill()
    process.communicate(timeout=180)
    hit = bool(world.sandbox.fault_counts()[0]["fired"])
    world.sandbox.faults()
    return hit


@pytest.mark.parametrize("done", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("build", ["first", "again"])
def test_killed_at_every_call(world: World, build: str, done: bool) -> None:
    """Readers see the old build or the new one, never both and never none; the next run finishes."""
    calls = calls_of_a_build(world)
    number = 1
    while number < calls + 10:
        if build == "first":
            for day in list(world.partitions()):
                world.glue.delete_partition(DatabaseName="shop", TableName="restapi_access_log_parquet",
                                            PartitionValues=["2025", "10", "2"])
        else:
            world.change_sql()
        if not kill_at(world, number, done):
            break
        assert world.days() in ([DAY] if build == "again" else [DAY, {}])
        assert world.rollup(*ONE_DAY)["days"][0]["state"] == "current"
        assert world.days() == DAY
        number += SAMPLE if build == "again" else 3 * SAMPLE
    assert number > 15, "too few calls to be a build"
    is_right(world)


@pytest.mark.parametrize("query", ["UNLOAD", "lpad", "_runs"], ids=["unload", "counts", "check"])
@pytest.mark.parametrize("how", [
    {"action": "fail", "at": "start", "retryable": False, "code": "GENERIC_USER_ERROR"},
    {"action": "fail", "at": "end", "retryable": True, "leave_files": True},
    {"action": "cancel"},
    {"action": "throttle", "times": 3},
], ids=["refused", "retryable", "cancelled", "throttled"])
def test_query_that_does_not_work(world: World, query: str, how: dict[str, Any]) -> None:
    world.sandbox.query_rules({"match": query, **how})
    answer = world.begin("rollup", *ONE_DAY)
    answer.communicate(timeout=180)
    assert world.sandbox.query_rule_counts()[0]["fired"] >= 1
    assert world.days() in (DAY, {})
    if how["action"] == "throttle" or how.get("retryable"):
        assert answer.returncode == 0 and world.days() == DAY
    is_right(world)


def test_always_failing_query_leaves_the_old_build(world: World) -> None:
    world.rollup(*ONE_DAY)
    world.change_sql()
    world.sandbox.query_rules({"match": "UNLOAD", "action": "fail", "message": "line 1:1: no such thing",
                               "at": "start", "retryable": False, "times": 0, "code": "GENERIC_USER_ERROR"})
    done = world.run("rollup", *ONE_DAY, code=1)
    assert "no such thing" in done.stderr and "2025-10-02" in done.stderr
    assert world.days() == DAY
    is_right(world)


@pytest.mark.parametrize("operation", ["CreatePartition", "UpdatePartition"])
@pytest.mark.parametrize("times", [1, 10])
def test_lost_reply_of_the_switch(world: World, operation: str, times: int) -> None:
    if operation == "UpdatePartition":
        world.rollup(*ONE_DAY)
        world.change_sql()
    world.sandbox.faults({"action": "lose_reply", "operation": operation, "times": times, **US})
    world.begin("rollup", *ONE_DAY).communicate(timeout=180)
    assert world.days() in (DAY, {})
    is_right(world)


def test_a_query_whose_start_nobody_hears_of_is_paid_once(world: World) -> None:
    """All tries of the call are lost: it is asked for again under the same token, and found running."""
    world.sandbox.clear()
    world.sandbox.faults({"action": "lose_reply", "operation": "StartQueryExecution", "times": 4, **US})
    assert world.rollup(*ONE_DAY)["days"][0]["state"] == "current"
    assert world.sandbox.fault_counts()[0]["fired"] == 4
    asked = [c["params"]["ClientRequestToken"] for c in world.ours(operation="StartQueryExecution")]
    assert asked[:5] == asked[:1] * 5
    pages = world.athena.get_paginator("list_query_executions").paginate(WorkGroup="shop-group")
    assert sum(len(page["QueryExecutionIds"]) for page in pages) == len(set(asked))
    is_right(world)


@pytest.mark.parametrize("action", ["throttle", "500", "reset", "html503"])
def test_every_operation_failing_once(world: World, action: str) -> None:
    operations = {c["operation"] for c in (world.sandbox.clear(), world.rollup(*ONE_DAY), world.ours())[2]}
    for operation in sorted(operations):
        world.change_sql()
        world.sandbox.faults({"action": action, "operation": operation, **US})
        assert world.rollup(*ONE_DAY)["days"][0]["state"] == "current", operation
    assert world.days() == DAY
    is_right(world)


def test_objects_that_come_while_it_is_built(world: World) -> None:
    """What arrives between the listings is found, and the day is built again with it."""
    world.sandbox.query_rules({"match": "UNLOAD", "action": "hold"})
    process = world.begin("rollup", *ONE_DAY)
    end = time.monotonic() + 180
    while not world.sandbox.query_rule_counts()[0]["fired"] and time.monotonic() < end:
        time.sleep(0.02)
    world.request("2025-10-02", arrival="2025-10-02T18:00", sub="c", size=1)
    world.sandbox.query_rules()
    process.communicate(timeout=180)
    assert process.returncode == 0
    assert world.days() == {"2025-10-02": {**DAY["2025-10-02"], "c": [1, 1]}}


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_stops_the_query(world: World, number: int) -> None:
    world.sandbox.query_rules({"match": "UNLOAD", "action": "hold"})
    process = world.begin("rollup", *ONE_DAY)
    end = time.monotonic() + 180
    while not world.sandbox.query_rule_counts()[0]["fired"] and time.monotonic() < end:
        time.sleep(0.02)
    process.send_signal(number)
    _, told = process.communicate(timeout=180)
    assert process.returncode == 1 and "Sanitizer" not in told, told
    assert len(world.ours(operation="StopQueryExecution")) == 1
    is_right(world)


def test_files_of_failed_builds_are_never_read(world: World) -> None:
    """UNLOAD fails at its end and leaves its files: another folder is used, and this one goes later."""
    world.write(keep="24h")
    world.sandbox.query_rules({"match": "UNLOAD", "action": "fail", "at": "end", "retryable": True,
                               "leave_files": True, "times": 2})
    world.rollup(*ONE_DAY)
    assert len(world.runs()) == 3 and world.days() == DAY
    assert len(world.sandbox.objects(BUCKET, "parquet-data/")) >= 3
    world.write(keep="0h")
    is_right(world)


def test_what_a_batch_leaves_undone_is_told(world: World) -> None:
    """200 with an error for each of its items is no success."""
    world.rollup(*ONE_DAY)
    world.change_sql()  # something to do, so that old runs are collected
    world.sandbox.faults({"action": "unprocessed", "operation": "BatchDeletePartition", **US, "times": 0})
    done = world.run("rollup", *ONE_DAY, code=1)
    assert world.sandbox.fault_counts()[0]["changed"], "nothing was collected"
    assert "BatchDeletePartition: InternalServiceException: Please try again" in done.stdout + done.stderr
    is_right(world)
