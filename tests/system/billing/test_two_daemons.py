"""Several daemons bill as one does: each day is built once, the bill has the same bytes, whoever is killed."""

import json
import re
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from rollup_world import World

DAYS = (6, 5, 4)


def days_ago(days: int, form: str = "%Y-%m-%d") -> str:
    return time.strftime(form, time.gmtime(time.time() - days * 86400))


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    spec.settings["lease"] = "2s"
    made = World(sandbox, spec)
    made.write(since=days_ago(6))
    made.apply()
    for ago in DAYS:
        made.request(days_ago(ago), arrival=days_ago(ago, "%Y-%m-%dT12:00"), sub="a")
    return made


def leads(daemon: Any) -> bool:
    return bool(daemon.metric("billingd_leader", pipeline="shop") == 1)


def asked(world: World) -> list[str]:
    """The queries that were paid for, without what differs each time (the runs' ids)."""
    texts = [c["params"]["QueryString"] for c in world.ours(operation="StartQueryExecution") if c["status"] == 200]
    return sorted(re.sub(r"[0-9a-f-]{16,}|run=[^/']+|\d{8}T\d{6}\w*", "RUN", text) for text in texts)


def builds(world: World) -> int:
    return sum("UNLOAD" in text for text in asked(world))


def test_each_day_is_paid_for_once(world: World, start: Callable[..., Any]) -> None:
    one = start().ready()
    one.wait(lambda: one.metric("billingd_rollups", state="current") == 4, 120)
    others = [start().ready() for _ in range(2)]
    for daemon in others:
        daemon.kick()
        assert not leads(daemon)
    assert builds(world) == 4
    # Killed in the middle of a build: another does it, and nobody counts anything twice.
    world.sandbox.query_rules({"match": "UNLOAD", "action": "hold", "times": 0})
    world.request(days_ago(6), arrival=days_ago(4, "%Y-%m-%dT12:00"), sub="a")
    one.kick()
    one.wait(lambda: world.sandbox.query_rule_counts()[0]["fired"], 60)
    one.send(signal.SIGSTOP)
    world.sandbox.query_rules()
    others[0].wait(lambda: any(leads(d) for d in others), 20)
    [heir] = [d for d in others if leads(d)]
    heir.wait(lambda: {day: subs["a"][0] for day, subs in world.days().items()}
              == {days_ago(6): 2, days_ago(5): 1, days_ago(4): 1}, 40)
    assert builds(world) == 6  # four, the one that was held, and that day again
    one.send(signal.SIGCONT)
    one.wait(lambda: not leads(one))
    one.kick()
    assert builds(world) == 6 and {d: s["a"][0] for d, s in world.days().items()}[days_ago(6)] == 2
    for daemon in (one, *others):
        assert daemon.end() == 0
    assert json.loads(world.sandbox.client("s3").get_object(
        Bucket="shop-bucket", Key="_billingd/shop/leader.json")["Body"].read())["holder"] is None
