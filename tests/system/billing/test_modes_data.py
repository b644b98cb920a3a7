"""What is only observed gets no rollups, partitions, events read again or closed months."""

import json
import time
from collections.abc import Callable
from typing import Any

from close_world import FOLDER, MORE, Books
from rollup_world import World

OBSERVE = "    mode: observe\n"


def days_ago(days: int, form: str = "%Y-%m-%d") -> str:
    return time.strftime(form, time.gmtime(time.time() - days * 86400))


def test_verbs_refuse(sandbox: Any, spec: Any, api: str) -> None:
    books = Books(World(sandbox, spec))
    world = books.world
    books.generate(requests=30, customers=2, days=1)
    keys = books.keys("")
    world.write(more=MORE.format(key=books.key) + OBSERVE)
    for words in (("close", "2025-10", "--yes"), ("backfill", "--day", "2025-10-01"),
                  ("rollup", "--day", "2025-10-01", "--rebuild")):
        done = world.run(*words, code=4)
        assert "is only observed, mode: observe (" in done.stderr and ":" in done.stderr, words
        world.run(*words, "--dry-run")
    assert books.keys(FOLDER) == [] and world.ours(operation="PutObject") == []
    # The narrowest wins: each goes by what it writes into.
    world.write(more=MORE.format(key=books.key) + "    resources: {rollup_table: {mode: observe}}\n")
    assert "shop/rollup_table is only observed" in world.run("rollup", "--day", "2025-10-01", "--rebuild", code=4).stderr
    assert [k for k in books.keys("") if not k.startswith("athena-results/")] == [
        k for k in keys if not k.startswith("athena-results/")]
    # A pause is as good as a mode.
    world.write(more=MORE.format(key=books.key))
    world.run("pause", "shop", "--reason", "an audit", "--for", "1h")
    for words in (("close", "2025-10", "--yes"), ("rollup", "--day", "2025-10-01", "--rebuild")):
        assert "is only observed, paused until 2" in world.run(*words, code=4).stderr
    assert books.keys(FOLDER) == []
    world.run("resume", "shop")
    books.close()


def told(daemon: Any) -> tuple[str, bool]:
    """How it is with the rollups, and whether this daemon builds them."""
    (pipeline,) = json.loads(daemon.get("/api/v1/status")[1])["pipelines"]
    (state,) = [one["state"] for one in pipeline["stations"] if one["station"] == "rollups"]
    (period,) = json.loads(daemon.get("/api/v1/periods")[1])["pipelines"]
    return state, period["builds"]


def test_the_daemon_builds_nothing(sandbox: Any, spec: Any, api: str, start: Callable[..., Any]) -> None:
    world = World(sandbox, spec)
    world.write(since=days_ago(6))
    world.apply()
    for ago in (6, 5, 4):
        world.request(days_ago(ago), arrival=days_ago(ago, "%Y-%m-%dT12:00"), sub="a")
    world.write(more=OBSERVE)
    sandbox.clear()
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_audit_last_success_timestamp_seconds"))
    assert daemon.metric("billingd_rollups", state="missing") == 4
    assert daemon.metric("billingd_rollup_last_success_timestamp_seconds") is None
    assert not any("rollup" in line or "backfill" in line for line in daemon.get("/-/ready")[1].splitlines())
    assert not [c for c in world.ours(operation="StartQueryExecution") if "UNLOAD" in str(c)]
    assert {c["operation"] for c in world.ours(kind="write")} <= {"StartQueryExecution"}
    assert told(daemon) == ("observed", False)
    page = daemon.get("/")[1]
    assert "Missing: not built here" in page and "To be built" not in page
    world.write(more="")
    daemon.send(1)
    daemon.wait(lambda: daemon.metric("billingd_rollups", state="current") == 4)
    daemon.wait(lambda: told(daemon) == ("in_sync", True))
    assert daemon.metric("billingd_rollup_last_success_timestamp_seconds")
    assert daemon.end() == 0
