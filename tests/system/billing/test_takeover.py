"""A stream in the seed's form is taken over: its loss is explained, nothing is lost on the way, and all of it
can be read afterwards, each event once."""

import gzip
import hashlib
import json
import threading
import time
from typing import Any

import pytest
from audit_world import BILLABLE, BUCKET, FIRST, LAST, audit, backfill, bill, calls, generate, hour, recovered, true_calls
from close_world import Books
from rollup_world import GROUP, World

STREAM = "shop-stream"
PREFIX = "json-data/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
# The seed waits for 60 seconds: five times as many objects that teach the same.
SEED = {"Prefix": PREFIX, "CompressionFormat": "UNCOMPRESSED", "FileExtension": "",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 300}, "ProcessingConfiguration": {"Enabled": False}}


def stream(world: World) -> dict[str, Any]:
    found = world.sandbox.client("firehose").describe_delivery_stream(DeliveryStreamName=STREAM)
    return dict(found["DeliveryStreamDescription"])


def set_form(world: World, **form: Any) -> None:
    now = stream(world)
    world.sandbox.client("firehose").update_destination(
        DeliveryStreamName=STREAM, CurrentDeliveryStreamVersionId=now["VersionId"],
        DestinationId=now["Destinations"][0]["DestinationId"], ExtendedS3DestinationUpdate={**SEED, **form})


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    """As somebody set it up with the seed's document in hand."""
    made = World(sandbox, spec)
    made.apply()
    set_form(made)
    sandbox.switches(data_now=hour("2025-10-08", 0))
    return made


def in_other_groups(world: World) -> None:
    """In place of each recovered object one for each half of each of its envelopes."""
    s3 = world.sandbox.client("s3")
    for key in recovered(world):
        lines = gzip.decompress(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()).splitlines()
        for envelope in map(json.loads, lines):
            events = envelope["logEvents"]
            for half in (events[:len(events) // 2], events[len(events) // 2:]):
                text = json.dumps({**envelope, "logEvents": half}).encode() + b"\n"
                name = key.rsplit("-", 1)[0] + f"-{hashlib.sha256(text).hexdigest()[:16]}.json.gz"
                if half:
                    s3.put_object(Bucket=BUCKET, Key=name, Body=gzip.compress(text))
        s3.delete_object(Bucket=BUCKET, Key=key)


def test_loss_is_explained_and_recovered(world: World) -> None:
    truth = generate(world)
    found = audit(world, code=5)
    assert found["totals"]["delivered"] == 0 and found["totals"]["forwarded"] > 0
    legacy = found["legacy"]
    assert legacy["live"] and legacy["prefix"] == "json-data/" and legacy["count"] > 0
    assert legacy["readable"] == 0  # gzip without .gz: Athena takes it for text
    lost = [g for g in found["gaps"] if g["hop"] == "delivered"][0]
    assert "billingd backfill --legacy json-data/" in lost["explanation"]
    before = world.sandbox.objects(BUCKET, "json-data/")
    report = backfill(world, "--legacy", "json-data/")
    assert report["legacy"]["found"] == len(before) and report["legacy"]["unreadable"] == 0
    assert report["legacy"]["events"] >= truth["log_events"]
    assert world.sandbox.objects(BUCKET, "json-data/") == before
    world.apply()
    world.rollup("--to", LAST)
    found = audit(world)
    assert found["verdict"] == "complete"
    first, document = bill(world)
    assert calls(document) == true_calls(truth)
    written = recovered(world)
    assert backfill(world, "--legacy", "json-data/")["legacy"]["events"] == 0
    assert recovered(world) == written and bill(world)[0] == first
    # An older build put the same events into other groups, so under other names: they are written a second
    # time, and counted once.
    in_other_groups(world)
    assert not set(recovered(world)) & set(written)
    assert backfill(world, "--legacy", "json-data/")["legacy"]["events"] == report["legacy"]["events"]
    assert set(recovered(world)) > set(written)
    world.rollup("--to", LAST)
    again = audit(world)
    assert again["verdict"] == "complete" and again["totals"] == found["totals"]
    assert bill(world)[0] == first


def test_seed_at_its_best_loses_most_of_it(world: World) -> None:
    """With .gz the first document of each object is read: rows, no error, and most events gone."""
    set_form(world, FileExtension=".gz")
    truth = generate(world)
    legacy = audit(world, code=5)["legacy"]
    if legacy["all_read"]:
        assert legacy["events"] >= truth["log_events"]
    assert 0 < legacy["readable"] < legacy["events"]
    backfill(world, "--legacy", "json-data/")
    world.apply()
    world.rollup("--to", LAST)
    assert calls(bill(world)[1]) == true_calls(truth)


def test_a_month_that_was_taken_over_can_be_closed(sandbox: Any, spec: Any, api: str) -> None:
    """What was recovered lies where it would have been delivered, and objects that hold nothing are not waited for."""
    world = World(sandbox, spec)
    books = Books(world)
    set_form(world)
    sandbox.switches(data_now=hour("2025-11-08", 0))
    truth = sandbox.generate("2025-10", requests=900, seed=5, margin_days=0, log_group=GROUP, **BILLABLE)
    world.apply()
    backfill(world, "--legacy", "json-data/")
    world.run("rollup", "--month", "2025-10")
    legacy = audit(world, "--month", "2025-10")["legacy"]
    assert legacy["count"] > legacy["pending"] == 0 and legacy["all_read"]
    books.close()
    books.verify()
    assert calls(bill(world)[1]) == true_calls(truth)


class Traffic(threading.Thread):
    """Requests that never stop: one every few milliseconds, in their own time."""

    def __init__(self, world: World):
        super().__init__(daemon=True)
        self.world, self.stop, self.sent = world, threading.Event(), 0
        self.at = hour(FIRST, 1) * 1000

    def run(self) -> None:
        while not self.stop.is_set():
            events = []
            for _ in range(5):
                self.sent += 1
                self.at += 2000
                line = {"requestId": f"r{self.sent}", "sub": "sub-1", "status": "200", "routeKey": "GET /x",
                        "requestTimeEpoch": str(self.at // 1000), "responseLength": "7"}
                events.append({"message": json.dumps(line), "timestamp": self.at, "arrival": self.at})
            self.world.sandbox.traffic(GROUP, events, flush=False)
            time.sleep(0.01)

    def after(self, number: int) -> int:
        """How many were sent, once there are a hundred more than that."""
        while self.sent < number + 100:
            assert self.is_alive()
            time.sleep(0.01)
        return self.sent


def test_nothing_is_lost_while_it_moves(world: World) -> None:
    traffic = Traffic(world)
    traffic.start()
    before = traffic.after(0)
    plan = world.run("plan", "--detailed-exitcode", code=2).stdout
    assert "json-data/" in plan
    assert "note" in plan and "/stream: without Decompression" in plan and "billingd backfill --legacy" in plan
    world.apply()
    during = traffic.sent
    traffic.after(during)
    traffic.stop.set()
    traffic.join(10)
    world.sandbox.flush()
    assert 0 < before < during < traffic.sent
    assert stream(world)["Destinations"][0]["ExtendedS3DestinationDescription"]["Prefix"].startswith("access-logs/")
    assert world.ours(operation="DeleteDeliveryStream") == [] and world.ours(operation="DeleteSubscriptionFilter") == []
    old, new = (world.sandbox.objects(BUCKET, p) for p in ("json-data/", "access-logs/"))
    assert old and new
    backfill(world, "--legacy", "json-data/")
    rows = world.query("SELECT requestid, count(*), count(DISTINCT event_id) FROM restapi_access_log_json "
                       "WHERE is_request AND year = 2025 GROUP BY 1")
    assert {row[0] for row in rows} == {f"r{n}" for n in range(1, traffic.sent + 1)}
    assert {(row[1], row[2]) for row in rows} == {("1", "1")}
