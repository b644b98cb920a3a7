"""billing.scan_cap: all that Athena scans for billingd counts, whoever asked and however it ended; at the cap nothing is asked."""

import json
import signal
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from rollup_world import BUCKET, WORKGROUP, World
from test_rollup_run import NOON, days_ago

KEY = "_billingd/shop/scanned.json"
CAP = "      scan_cap: {{day: {day}, month: {month}}}\n"


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    made = World(sandbox, spec)
    made.write(since=days_ago(6), more=CAP.format(day="1TiB", month="10TiB"))
    made.apply()
    for ago in (6, 5, 4):
        made.request(days_ago(ago), arrival=days_ago(ago, NOON), sub="a")
    return made


def executions(world: World) -> Iterator[dict[str, Any]]:
    for id in world.athena.list_query_executions(WorkGroup=WORKGROUP)["QueryExecutionIds"]:
        yield world.athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]


def scanned(world: World) -> int:
    """By Athena itself."""
    return sum(e["Statistics"]["DataScannedInBytes"] for e in executions(world))


def counted(world: World) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read())
    return found


def put(world: World, document: Any) -> None:
    world.s3.put_object(Bucket=BUCKET, Key=KEY, Body=document if isinstance(document, bytes) else json.dumps(document).encode())


def started(world: World) -> int:
    return sum(c["operation"] == "StartQueryExecution" for c in world.sandbox.calls())


def days(bytes: int) -> dict[str, int]:
    """Of today, and of tomorrow, which may be today in a moment."""
    return {days_ago(n): bytes for n in (0, -1)}


def test_everything_counts(world: World) -> None:
    world.run("rollup")
    first = counted(world)
    assert sum(first["days"].values()) == scanned(world) > 0 and first["open"] == {}, first
    assert first["most"] == max(e["Statistics"]["DataScannedInBytes"] for e in executions(world))
    month = days_ago(5, "%Y-%m")
    # Two at once, of which one fails.
    world.sandbox.query_rules({"match": "UNLOAD", "action": "fail", "at": "end", "retryable": False, "times": 1})
    both = [world.begin("bill", "--month", month, "--from-raw"), world.begin("rollup", "--rebuild")]
    for process in both:
        process.communicate(timeout=180)
    assert both[0].returncode == 0
    second = counted(world)
    assert sum(second["days"].values()) == scanned(world) > sum(first["days"].values()) and second["open"] == {}, second
    # A process dies while its query runs: the next one asks Athena, once it is old enough that nobody waits for it.
    world.sandbox.faults({"action": "hold", "operation": "GetQueryExecution", "client": "billingd", "times": 0})
    process = world.begin("bill", "--month", month, "--from-raw")
    while not any("id" in entry for entry in counted(world)["open"].values()):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    world.sandbox.faults()
    left = counted(world)
    assert len(left["open"]) >= 1
    world.run("bill", "--month", month)
    assert set(left["open"]) <= set(counted(world)["open"])  # it might be somebody's who still waits
    for entry in left["open"].values():
        entry["since"] -= 16 * 60 * 1000
    # One that died before anybody knew its id counts as the largest there was.
    left["open"]["x" * 24] = {"since": int(time.time() * 1000) - 2 * 3600 * 1000}
    before = counted(world)
    put(world, before | {"open": left["open"]})
    world.run("bill", "--month", month)
    last = counted(world)
    assert last["open"] == {} and sum(last["days"].values()) == scanned(world) + before["most"], last


def test_at_the_cap_nothing_is_asked(world: World) -> None:
    world.run("rollup")
    month = days_ago(5, "%Y-%m")
    whole = world.run("bill", "--month", month).stdout
    theirs = world.spec.path.parent / "ids.csv"
    theirs.write_text("id\na\n")
    line = ("--customer", "a", "--month", month)
    for cap, span in (({"day": "5GiB", "month": "0"}, "day"), ({"day": "0", "month": "5GiB"}, "month")):
        world.write(more=CAP.format(**cap))
        put(world, {"days": days(5 << 30), "most": 1, "open": {}})
        world.sandbox.clear()
        for words in (("bill", "--month", month), ("rollup", "--rebuild"), ("audit", "--since", "7d"), ("requests", *line, "-o", "csv"),
                      ("reconcile", *line, "--their", str(theirs), "-o", "csv"), ("bill", "--month", month, "--by", "day", "-o", "csv")):
            refused = world.run(*words, code=4)
            assert refused.stdout == "" or words[0] in ("rollup", "audit"), words  # no list that looks like one of nothing
            assert f"billing.scan_cap.{span} is {5 << 30}" in refused.stderr and f"the next {span}" in refused.stderr, refused.stderr
        assert started(world) == 0
        put(world, {"days": days(((5 << 30) - 1) // (2 if span == "month" else 1)), "most": 1, "open": {}})  # both may be of the month
        assert world.run("bill", "--month", month).stdout == whole
    # What was counted is unknown: nothing is asked either, and the reason told.
    world.sandbox.clear()
    day = days_ago(0)
    for damaged in ({}, *({"days": {day: bytes}, "open": {}} for bytes in (6e9, "6000000000", None, -1, [6 << 30], 1 << 62)),
                    {"days": {day[:7]: 1}, "open": {}}, {"days": {}, "open": {}, "format_version": 2}, {"days": {}, "open": {}, "most": "1"},
                    *({"days": {}, "open": {"k" * 24: entry}} for entry in (5, {}, {"since": "1"}, {"since": 1, "id": 7}))):
        put(world, damaged)
        assert f"s3://{BUCKET}/{KEY} is not what billingd wrote" in world.run("bill", "--month", month, code=1).stderr, damaged
    # Athena does not say what a query scanned: it counts as the largest there was.
    for value in ({}, {"DataScannedInBytes": -5}):
        put(world, {"days": {}, "most": 1 << 20, "open": {}})
        world.sandbox.faults({"action": "member", "operation": "GetQueryExecution", "path": ["QueryExecution", "Statistics"],
                              "value": value, "times": 0, "client": "billingd"})
        assert world.run("bill", "--month", month).stdout == whole
        assert sum(counted(world)["days"].values()) == 1 << 20 and counted(world)["open"] == {}, counted(world)
    world.sandbox.clear()
    world.sandbox.faults({"action": "error", "code": "AccessDenied", "status": 403, "operation": "GetObject", "client": "billingd", "times": 0})
    assert "is unknown, so no query is started" in world.run("bill", "--month", month, code=77).stderr
    assert started(world) == 0
    world.sandbox.faults()
    # Without a cap nobody looks.
    world.write(more="")
    assert world.run("bill", "--month", month).stdout == whole


def test_the_daemon_tells_what_it_does_not_ask(world: World, start: Callable[..., Any]) -> None:
    put(world, {"days": days(1 << 40), "most": 1, "open": {}})
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_budget_used_up", pipeline="shop", part="scan_cap") == 1)
    assert daemon.metric("billingd_scan_cap_used_bytes", pipeline="shop", span="day") == 1 << 40
    daemon.wait(lambda: (daemon.metric("billingd_guard_blocked_total", guard="scan_cap") or 0) > 0)
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 503)
    assert any("billing.scan_cap.day" in line for line in daemon.lines)
    assert daemon.metric("billingd_rollups", state="current") in (None, 0)
    world.write(more=CAP.format(day="2TiB", month="10TiB"))
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_rollups", state="current") == 4)
    daemon.wait(lambda: daemon.metric("billingd_budget_used_up", part="scan_cap") == 0)
    assert daemon.end() == 0


@pytest.mark.parametrize("given,told", [("{day: much}", "scan_cap.day: much is not an amount"), ("{hour: 1GiB}", "scan_cap.hour"),
                                        ("{day: 2TiB, month: 1TiB}", "scan_cap.month: is less than scan_cap.day")])
def test_what_a_cap_is(sandbox: Any, spec: Any, given: str, told: str) -> None:
    made = World(sandbox, spec)
    made.write(more=f"      scan_cap: {given}\n")
    assert f"billing.{told}" in made.run("check", code=78).stderr
