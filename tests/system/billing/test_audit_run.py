"""What the daemon does for the data is told when it fails: /-/ready, the status line and the metrics say the same."""

import gzip
import json
import re
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from metrics_doc import CONDITIONS, ask, scraped
from rollup_world import BUCKET, GROUP, World
from sandbox.control import ACCOUNT

HOUR = 3600
DENIED = {"action": "error", "status": 403, "code": "AccessDeniedException", "times": 0,
          "message": f"User: arn:aws:sts::{ACCOUNT}:assumed-role/secret-name is not authorized"}
Start = Callable[..., Any]


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    """Usage of the last hours, all of it delivered."""
    made = World(sandbox, spec)
    made.write(since=time.strftime("%Y-%m-%d", time.gmtime(time.time() - 6 * 86400)))
    made.apply()
    traffic(made)
    return made


def traffic(world: World, name: str = "r", least: int = 2, most: int = 6) -> None:
    now = int(time.time()) // HOUR * HOUR
    lines = []
    for n in range(40):
        at = now - most * HOUR + n * (most - least) * HOUR // 40
        line = {"requestId": f"{name}{n}", "sub": "s", "requestTimeEpoch": str(at), "status": "200", "responseLength": "7"}
        lines.append({"message": json.dumps(line), "timestamp": at * 1000, "arrival": at * 1000})
        world.newest = max(world.newest, at)
    world.sandbox.traffic(GROUP, lines)


INCLUDED = ("repaired", "estimated", "late", "unattributed", "no_id", "id_conflicts", "length_unknown", "length_refused")


def odd(world: World) -> None:
    """Billed, and one of each that is worth knowing: of the hours that the audit judges."""
    at = int(time.time()) // HOUR * HOUR - 3 * HOUR + 60
    line = {"sub": "s", "status": "200", "requestTimeEpoch": str(at), "responseLength": "7"}
    lines = [json.dumps({"requestId": f"odd{n}", **line, **more}) for n, more in enumerate((
        {"requestTimeEpoch": "-"}, {"sub": "-"}, {"requestId": "-"}, {"requestId": "r1", "responseLength": "8"},
        {"responseLength": "-"}, {"responseLength": "9" * 18}))]
    lines.append(json.dumps({"requestId": "odd", **line})[:-1] + ',"path":"/"x"}')
    world.sandbox.traffic(GROUP, [{"message": text, "timestamp": at * 1000, "arrival": at * 1000} for text in lines])


def another(world: World) -> None:
    """An object of this hour."""
    at = int(time.time())
    line = {"requestId": f"now{at}", "sub": "s", "requestTimeEpoch": str(at), "status": "200", "responseLength": "7"}
    world.sandbox.traffic(GROUP, [{"message": json.dumps(line), "timestamp": at * 1000, "arrival": at * 1000}])


def well(daemon: Any) -> bool:
    """All three say that all is well."""
    return bool(daemon.get("/-/ready") == (200, "billingd is ready\n") and daemon.metric("billingd_ready") == 1
                and re.fullmatch(r"\d+/\d+ in sync, next look in 60 min", daemon.status()))


def says(daemon: Any, sentence: str) -> bool:
    """All three say that it is not, and why."""
    code, body = daemon.get("/-/ready")
    return bool(code == 503 and sentence in body.splitlines() + [body.splitlines()[0].removeprefix("not ready: ")]
                and f"; {sentence}" in daemon.status() and daemon.metric("billingd_ready") == 0)


def test_time_stamps(world: World, start: Start, tmp_path: Path) -> None:
    daemon = start().ready()
    daemon.wait(lambda: well(daemon))
    now = time.time()
    for name in ("reconcile_last_finished", "reconcile_last_success", "audit_last_success", "rollup_last_success",
                 "newest_object"):
        assert 0 <= now - daemon.metric(f"billingd_{name}_timestamp_seconds") < 120, name
    assert daemon.metric("billingd_newest_event_timestamp_seconds") == world.newest
    assert daemon.metric("billingd_audit_verdict", verdict="complete") == 1
    assert daemon.metric("billingd_audit_verdict") == 1
    assert daemon.metric("billingd_part_failed") == daemon.metric("billingd_part_failures_total") == 0
    assert daemon.metric("billingd_audit_events", hop="gateway") is None  # nobody counts there
    assert daemon.metric("billingd_audit_gap_ratio", hop="ingested") is None  # so nobody knows a share
    assert daemon.metric("billingd_audit_gap_ratio", hop="delivered") == 0
    if shutil.which("promtool"):  # and none of the document's questions is answered with yes
        ask(tmp_path, CONDITIONS, scraped(daemon.get("/metrics")[1], time.time()), False)
    included = {name: daemon.metric("billingd_audit_included_events", **{"class": name}) for name in INCLUDED}
    assert included == dict.fromkeys(INCLUDED, 0)
    assert daemon.metric("billingd_months", state="open") >= 1 and daemon.metric("billingd_months", state="closed") == 0
    seen = daemon.metric("billingd_newest_object_timestamp_seconds")
    time.sleep(1)
    # Neither a folder of the console, nor one of the future or of no date, is an object that arrived.
    for folder in (time.strftime("year=%Y/month=%m/day=%d/hour=%H/", time.gmtime()), "year=2044/month=01/day=01/hour=00/",
                   "year=new/", "year=2044/month=02/"):
        world.s3.put_object(Bucket=BUCKET, Key=f"access-logs/{folder}", Body=b"")
    world.s3.put_object(Bucket=BUCKET, Key="access-logs/year=2043/month=01/day=01/hour=00/x.gz", Body=gzip.compress(b"{}"))
    daemon.kick()
    daemon.wait(lambda: daemon.passes() == 2)
    daemon.wait(lambda: well(daemon))
    assert daemon.metric("billingd_newest_object_timestamp_seconds") == seen
    another(world)
    odd(world)
    daemon.kick()
    daemon.wait(lambda: daemon.metric("billingd_newest_object_timestamp_seconds") > seen)
    daemon.wait(lambda: daemon.metric("billingd_audit_included_events", **{"class": "repaired"}) == 1)
    included = {name: daemon.metric("billingd_audit_included_events", **{"class": name}) for name in INCLUDED}
    assert included == {"repaired": 1, "estimated": 1, "late": 0, "unattributed": 1, "no_id": 1, "id_conflicts": 1,
                        "length_unknown": 1, "length_refused": 1}
    assert daemon.end() == 0


@pytest.mark.parametrize(("part", "fault", "sentence"), [
    ("audit", {**DENIED, "service": "cloudwatch"}, "audit failed: no permission"),
    ("audit", {"service": "cloudwatch", "action": "error", "status": 503, "code": "ServiceUnavailable", "times": 0},
     "audit failed: no whole answer from AWS, it is tried again"),
    ("rollup", {**DENIED, "operation": "GetPartitions"}, "rollup failed: no permission"),
    ("listing", {**DENIED, "operation": "ListObjectsV2"}, "search for the newest object failed: no permission"),
], ids=["audit denied", "audit unavailable", "rollup denied", "listing denied"])
def test_a_part_that_fails(world: World, start: Start, part: str, fault: dict[str, Any], sentence: str) -> None:
    daemon = start(AWS_MAX_ATTEMPTS="1").ready()
    daemon.wait(lambda: well(daemon))
    done = daemon.metric(f"billingd_{part}_last_success_timestamp_seconds")
    world.sandbox.faults(fault)
    daemon.kick()
    daemon.wait(lambda: says(daemon, f"shop: {sentence}"))
    assert daemon.metric("billingd_part_failed", pipeline="shop", part=part) == 1
    assert daemon.metric("billingd_part_failures_total", pipeline="shop", part=part) == 1
    assert daemon.metric(f"billingd_{part}_last_success_timestamp_seconds") == done  # and gets older
    if part == "audit":  # what it found before is not known to hold any more
        assert daemon.metric("billingd_audit_verdict") is daemon.metric("billingd_audit_gap_ratio") is None
        assert daemon.metric("billingd_audit_events") is None
    if part == "rollup":
        assert daemon.metric("billingd_rollups") is None
    assert daemon.get("/-/healthy")[0] == 200
    told = daemon.get("/-/ready")[1] + daemon.get("/metrics")[1]
    assert not re.search(rf"{ACCOUNT}|arn:|authorized|secret-name", told)
    daemon.kick()
    daemon.wait(lambda: daemon.metric("billingd_part_failures_total", pipeline="shop", part=part) == 2)
    assert len([e for e in daemon.events("upkeep") if e["part"].startswith(part)]) == 1  # the log tells it once
    world.sandbox.faults()
    daemon.kick()
    daemon.wait(lambda: well(daemon))
    assert daemon.metric("billingd_part_failed") == 0
    assert daemon.end() == 0


def test_a_part_that_fails_does_not_hold_up_the_others(world: World, spec: Any, start: Start) -> None:
    """Passes follow each other; the audit waits for its next try, the search goes on."""
    spec.settings |= {"interval": "5s"}
    world.write()
    world.sandbox.faults({**DENIED, "service": "cloudwatch"})
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_part_failed", part="audit") == 1)
    seen = daemon.metric("billingd_newest_object_timestamp_seconds")
    time.sleep(1)
    another(world)
    daemon.wait(lambda: daemon.metric("billingd_newest_object_timestamp_seconds") > seen)
    assert daemon.metric("billingd_part_failures_total", part="audit") == 1
    assert daemon.end() == 0


def test_a_gap_is_told_until_it_is_closed(world: World, start: Start) -> None:
    """Also while nobody can tell whether it still is there."""
    now = int(time.time()) // HOUR * HOUR
    world.write(more="      audit: {backfill: manual}\n")
    world.sandbox.blocks({"hop": "filter", "from": now - 9 * HOUR, "to": now - 7 * HOUR})
    traffic(world, "lost", 7, 9)
    daemon = start().ready()
    daemon.wait(lambda: says(daemon, "shop: the audit found a gap: usage is missing"))
    assert daemon.metric("billingd_audit_verdict", verdict="gap") == 1
    assert daemon.metric("billingd_part_failed", part="audit") == 0
    world.sandbox.faults({**DENIED, "service": "cloudwatch"})
    daemon.kick()
    daemon.wait(lambda: says(daemon, "shop: audit failed: no permission"))
    assert says(daemon, "shop: the audit found a gap: usage is missing")
    assert daemon.metric("billingd_audit_verdict", verdict="gap") == 1
    assert daemon.metric("billingd_audit_gap_ratio", hop="forwarded") > 0
    world.sandbox.faults()
    world.sandbox.blocks()
    world.run("backfill", "--since", "12h")
    daemon.kick()
    daemon.wait(lambda: well(daemon))
    assert daemon.metric("billingd_audit_verdict", verdict="complete") == 1
    assert daemon.end() == 0


def test_a_gap_does_not_end_by_growing_old(world: World, start: Start) -> None:
    """Three days old: the hourly audit of two days finds nothing, and nobody reads it again by himself."""
    now = int(time.time()) // HOUR * HOUR
    world.write(more="      audit: {backfill: manual}\n")
    world.sandbox.blocks({"hop": "filter", "from": now - 76 * HOUR, "to": now - 73 * HOUR})
    traffic(world, "lost", 73, 76)
    world.sandbox.blocks()
    daemon = start().ready()
    daemon.wait(lambda: says(daemon, "shop: an older gap is not closed: usage is missing"))
    assert daemon.metric("billingd_audit_verdict", verdict="complete") == 1
    assert daemon.metric("billingd_open_gaps") == 1 and daemon.metric("billingd_open_gap_events") == 40
    daemon.kick()
    daemon.wait(lambda: daemon.passes() == 2)
    assert says(daemon, "shop: an older gap is not closed: usage is missing")
    world.run("backfill", "--since", "4d")
    daemon.kick()
    daemon.wait(lambda: well(daemon))
    assert daemon.metric("billingd_open_gaps") == daemon.metric("billingd_open_gap_events") == 0
    assert daemon.end() == 0


def test_what_is_not_done_yet_is_not_well(world: World, start: Start) -> None:
    world.sandbox.query_rules({"match": "request_copies", "action": "hold", "times": 0})
    daemon = start().ready()
    daemon.wait(lambda: says(daemon, "shop: audit not done yet"))
    assert daemon.metric("billingd_part_failed", part="audit") is None
    assert daemon.metric("billingd_audit_last_success_timestamp_seconds") is None
    assert daemon.end() == 0


def test_a_pipeline_without_usage_is_well(sandbox: Any, spec: Any, api: str, start: Start) -> None:
    """Nothing was ever called: no reason to be woken, and not called complete."""
    World(sandbox, spec)
    daemon = start().ready()
    daemon.wait(lambda: well(daemon))
    assert daemon.metric("billingd_audit_verdict", verdict="silent") == 1
    assert daemon.metric("billingd_newest_event_timestamp_seconds") is None
    assert daemon.metric("billingd_audit_gap_ratio", hop="ingested") is None
    assert daemon.end() == 0


def test_a_reload_begins_anew(world: World, start: Start) -> None:
    """A pipeline that is gone leaves no time stamps; one that stays keeps them, and its findings are looked for again."""
    daemon = start().ready()
    daemon.wait(lambda: well(daemon))
    done = daemon.metric("billingd_audit_last_success_timestamp_seconds", pipeline="shop")
    world.sandbox.query_rules({"match": "request_copies", "action": "hold", "times": 0})
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_spec_generation") == 2)
    daemon.wait(lambda: says(daemon, "shop: audit not done yet"))
    assert daemon.metric("billingd_audit_last_success_timestamp_seconds", pipeline="shop") == done
    assert daemon.metric("billingd_audit_verdict") is None
    world.spec.write(pipelines=world.pipelines)  # without `billing`
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 3)
    daemon.wait(lambda: well(daemon))
    assert daemon.metric("billingd_audit_last_success_timestamp_seconds") is None
    assert daemon.metric("billingd_newest_object_timestamp_seconds") is None
    assert daemon.end() == 0
