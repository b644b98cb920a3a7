"""What was logged and did not arrive comes back, once, and the bill is as if it had never been gone."""

from typing import Any

import pytest
from audit_world import (BUCKET, DAYS, FIRST, LAST, audit, backfill, bill, calls, generate, hour, recovered,
                         true_calls)
from rollup_world import World


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    made = World(sandbox, spec)
    made.apply()
    # The log group keeps 90 days; the traffic is of 2025.
    sandbox.switches(data_now=hour("2025-10-08", 0))
    return made


def settle(world: World) -> dict[str, Any]:
    """Rollups and an audit that must be clean."""
    world.rollup("--to", LAST)
    found = audit(world)
    assert found["verdict"] == "complete" and found["gaps"] == []
    return found


@pytest.mark.parametrize("block", ["filter", "destination", "throttle", "decompression", "s3"])
def test_blocked_hour_comes_back(world: World, block: str) -> None:
    world.sandbox.blocks({"hop": block, "from": hour(FIRST, 12), "to": hour(FIRST, 13)})
    truth = generate(world, late_hours=.05, late_days=.02, duplicates=0)
    assert truth["lost"][block] > 10
    world.rollup("--to", LAST)
    assert calls(bill(world)[1]) != true_calls(truth)
    audit(world, code=5)
    report = backfill(world)
    assert report["lost"] == 0 and report["holes"]
    wrote = report["errors"] if block == "decompression" else report["logs"]
    behind = block in ("decompression", "s3")  # where a control message may be lost, too
    assert truth["lost"][block] - behind <= wrote["events"] <= truth["lost"][block], report
    settle(world)
    first, document = bill(world)
    assert calls(document) == true_calls(truth)
    # Again: nothing to do, and the same bill.
    before = recovered(world)
    assert before
    world.sandbox.clear()
    report = backfill(world)
    assert report["holes"] == [] and report["logs"]["events"] == report["errors"]["events"] == 0
    assert recovered(world) == before
    settle(world)
    assert bill(world)[0] == first


def test_what_came_back_is_worth_what_the_bill_grew_by(world: World) -> None:
    world.sandbox.blocks({"hop": "filter", "from": hour(FIRST, 12), "to": hour(FIRST, 15)})
    generate(world, late_hours=0, late_days=0, duplicates=0)
    world.rollup("--to", LAST)
    before = world.days()
    worth = backfill(world)["worth"]
    settle(world)
    added = [[sum(one[i] for day in days.values() for one in day.values()) for i in (0, 1)]
             for days in (before, world.days())]
    calls_back, bytes_back = added[1][0] - added[0][0], added[1][1] - added[0][1]
    assert [worth["calls"], worth["bytes"]] == [calls_back, bytes_back] and bytes_back > 1000
    assert worth["price"] == "list" and worth["currency"] == "USD"
    assert abs(float(worth["amount"]) - (calls_back * .001 + bytes_back / 2**30 * .10)) <= .000001


def test_deleted_object_comes_back(world: World) -> None:
    truth = generate(world)
    world.rollup("--to", LAST)
    clean, document = bill(world)
    assert calls(document) == true_calls(truth)
    victim = max(world.sandbox.objects(BUCKET, "access-logs/"), key=lambda o: o["size"])["key"]
    world.s3.delete_object(Bucket=BUCKET, Key=victim)
    audit(world, code=5)
    report = backfill(world)
    assert report["logs"]["events"] > 0 and report["lost"] == 0
    settle(world)
    assert bill(world)[0] == clean


def test_dry_run_writes_nothing(world: World) -> None:
    world.sandbox.blocks({"hop": "filter", "from": hour(FIRST, 12), "to": hour(FIRST, 13)})
    truth = generate(world, duplicates=0)
    world.sandbox.clear()
    report = backfill(world, "--dry-run", "--from", FIRST, "--to", LAST)
    assert report["logs"]["events"] == truth["lost"]["filter"]
    assert [c for c in world.ours(kind="write") if c["operation"] != "StartQueryExecution"] == []
    assert recovered(world) == []
    assert "would write" in world.run("backfill", "--dry-run", "--from", FIRST, "--to", LAST).stdout


def test_no_hole_and_no_count_is_not_the_same_as_no_hole(world: World) -> None:
    """And it ends as the audit of the same days does."""
    report = backfill(world, code=1)
    assert report["holes"] == [] and [one["reason"] for one in report["reasons"]] == ["silent"]
    assert "not known: nothing to audit" in world.run("backfill", *DAYS, code=1).stdout
    assert audit(world, code=1)["reasons"] == report["reasons"]


def test_killed_half_way(world: World) -> None:
    """A backfill that is cut off at any of its writes is finished by the next one."""
    world.sandbox.blocks({"hop": "filter", "from": hour(FIRST, 10), "to": hour(FIRST, 16)})
    truth = generate(world)
    world.sandbox.faults({"action": "error", "operation": "PutObject", "client": "billingd", "nth": 3, "times": 0,
                           "status": 403, "code": "AccessDenied", "message": "no"})
    world.run("backfill", "--from", FIRST, "--to", LAST, code=77)
    half = recovered(world)
    assert len(half) == 2
    world.sandbox.faults()
    report = backfill(world)
    assert report["logs"]["present"] > 0 and set(half) < set(recovered(world))
    settle(world)
    assert calls(bill(world)[1]) == true_calls(truth)


def test_lost_reply_writes_once(world: World) -> None:
    world.sandbox.blocks({"hop": "filter", "from": hour(FIRST, 12), "to": hour(FIRST, 13)})
    truth = generate(world)
    world.sandbox.faults({"action": "lose_reply", "operation": "PutObject", "client": "billingd", "nth": 1,
                           "times": 1})
    backfill(world)
    settle(world)
    assert calls(bill(world)[1]) == true_calls(truth)


def test_throttled_log_group(world: World) -> None:
    world.sandbox.blocks({"hop": "filter", "from": hour(FIRST, 12), "to": hour(FIRST, 13)})
    truth = generate(world, duplicates=0)
    world.sandbox.faults({"action": "throttle", "operation": "FilterLogEvents", "nth": 1, "times": 7})
    assert backfill(world)["logs"]["events"] == truth["lost"]["filter"]


def test_beyond_retention_is_lost_and_told(world: World) -> None:
    world.sandbox.blocks({"hop": "filter", "from": hour(FIRST, 12), "to": hour(FIRST, 13)})
    truth = generate(world, duplicates=0, late_hours=0, late_days=0)
    world.sandbox.switches(data_now=hour("2026-06-01", 0))
    report = backfill(world, code=5)
    assert report["lost"] == truth["lost"]["filter"] and report["logs"]["events"] == 0
    assert report["retention_days"] == 90
    assert report["at_risk"] == {"calls": report["lost"], "bytes": None, "amount": f"{report['lost'] * .001:.2f}"
                                 if report["lost"] % 10 == 0 else f"{report['lost'] * .001:.3f}",
                                 "currency": "USD", "price": "list"}
    assert report["worth"] == {"calls": 0, "bytes": 0, "amount": "0.00", "currency": "USD", "price": "list"}
    told = world.run("backfill", *DAYS, code=5).stdout
    assert f"at risk: {report['lost']} calls, up to {report['at_risk']['amount']} USD at the list price" in told
    assert recovered(world) == []
    audit(world, code=5)


@pytest.mark.parametrize("words", [[], ["--auto", "--month", "2025-10"], ["--auto", "--legacy", "json-data/"],
                                   ["--legacy", ""]])
def test_usage(world: World, words: list[str]) -> None:
    world.sandbox.clear()
    world.run("backfill", *words, code=64)
    assert world.ours() == []


@pytest.mark.parametrize("prefix", ["access-logs/", "recovered/year=2025/", "rec", "a"])
def test_legacy_refuses_what_is_read_already(world: World, prefix: str) -> None:
    done = world.run("backfill", "--legacy", prefix, code=1)
    assert "nothing to take over" in done.stderr
