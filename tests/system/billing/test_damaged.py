"""A damaged object in the bucket: the rest is billed, and the audit names what is missing."""

import gzip
from typing import Any

import pytest
from audit_world import DAYS, LAST, audit, backfill, bill, calls, gaps, generate, hour, true_calls
from rollup_world import BUCKET, World


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    made = World(sandbox, spec)
    made.apply()
    # The log group keeps 90 days; the traffic is of 2025.
    sandbox.switches(data_now=hour("2025-10-08", 0))
    return made


def largest(world: World) -> dict[str, Any]:
    return max((o for o in world.sandbox.objects(BUCKET, "access-logs/") if "day=01" in o["key"]),
               key=lambda o: o["size"])


@pytest.mark.parametrize("harm", ["plain", "cut", "second member cut"])
def test_an_object_that_is_no_gzip_stops_nothing(world: World, harm: str) -> None:
    """It is left out by name, its hour is a gap, and all that the log group and the object hold comes back."""
    truth = generate(world)
    world.sandbox.client("s3").delete_bucket_policy(Bucket=BUCKET)
    victim, store = largest(world), world.sandbox.client("s3")
    whole = store.get_object(Bucket=BUCKET, Key=victim["key"])["Body"].read()
    cut = whole[: len(whole) * 2 // 3]  # in the middle of its only envelope
    harmed = {"plain": gzip.decompress(whole), "cut": cut, "second member cut": whole + cut}[harm]
    store.put_object(Bucket=BUCKET, Key=victim["key"], Body=harmed)
    built = world.rollup("--to", LAST)
    assert set(world.states(built).values()) == {"current"}
    assert [one["key"] for one in built["damaged"]] == [victim["key"]]
    found = audit(world, code=5)
    assert [one["key"] for one in found["damaged"]] == [victim["key"]] and gaps(found)["delivered"] > 0
    lost = [gap for gap in found["gaps"] if gap["hop"] == "delivered"][0]
    assert victim["key"] in lost["explanation"] and "billingd backfill" in lost["explanation"]
    raw = world.run("bill", "--month", "2025-10", "--from-raw", "-o", "json")
    assert victim["key"] in raw.stderr
    report = backfill(world)
    assert report["lost"] == 0 and report["damaged"]["found"] == 1
    assert (report["damaged"]["unreadable"] > 0) == (harm != "plain")
    assert (report["damaged"]["events"] > 0) == (harm != "cut")
    assert report["damaged"]["events"] + report["logs"]["events"] >= gaps(found)["delivered"]
    assert store.get_object(Bucket=BUCKET, Key=victim["key"])["Body"].read() == harmed
    world.rollup("--to", LAST)
    assert audit(world)["verdict"] == "complete"
    first, document = bill(world)
    assert calls(document) == true_calls(truth)
    assert backfill(world)["damaged"]["events"] == 0 and bill(world)[0] == first


def test_many_objects_that_are_no_gzip(world: World) -> None:
    """More than a build is tried: each is found by a query of its own. Two bytes of a gzip are none, too."""
    truth = generate(world)
    world.sandbox.client("s3").delete_bucket_policy(Bucket=BUCKET)
    store = world.sandbox.client("s3")
    victims = sorted(o["key"] for o in world.sandbox.objects(BUCKET, "access-logs/") if "day=01" in o["key"])[:6]
    for number, key in enumerate(victims):
        whole = store.get_object(Bucket=BUCKET, Key=key)["Body"].read()
        store.put_object(Bucket=BUCKET, Key=key, Body=whole[:[1, 2, 3, 10, 30, len(whole) - 1][number]])
    built = world.rollup("--to", LAST)
    assert set(world.states(built).values()) == {"current"}
    assert sorted(one["key"] for one in built["damaged"]) == victims
    assert sorted(one["key"] for one in audit(world, code=5)["damaged"]) == victims
    assert backfill(world)["lost"] == 0
    world.rollup("--to", LAST)
    assert audit(world)["verdict"] == "complete"
    assert calls(bill(world)[1]) == true_calls(truth)


def test_an_engine_that_does_not_name_the_object(world: World) -> None:
    """Only its words on gzip: the objects of the days asked for are read one by one."""
    generate(world)
    world.sandbox.client("s3").delete_bucket_policy(Bucket=BUCKET)
    victim = largest(world)
    world.sandbox.client("s3").put_object(Bucket=BUCKET, Key=victim["key"], Body=b"{}")
    world.sandbox.switches(athena_names_objects=False)
    found = audit(world, code=5)
    assert [one["key"] for one in found["damaged"]] == [victim["key"]]


def test_a_cut_envelope_is_a_gap_and_not_fatal(world: World) -> None:
    truth = generate(world)
    world.rollup("--to", LAST)
    whole = calls(bill(world)[1])
    assert whole == true_calls(truth)
    world.sandbox.client("s3").delete_bucket_policy(Bucket=BUCKET)
    victim = max((o for o in world.sandbox.objects(BUCKET, "access-logs/") if "day=01" in o["key"]),
                 key=lambda o: o["size"])
    store = world.sandbox.client("s3")

    text = gzip.decompress(store.get_object(Bucket=BUCKET, Key=victim["key"])["Body"].read()).decode().splitlines()
    lost = text[0]
    text[0] = lost[: len(lost) // 2]
    store.put_object(Bucket=BUCKET, Key=victim["key"], Body=gzip.compress("\n".join(text).encode() + b"\n\n"))
    found = audit(world, *DAYS, code=5)
    assert found["verdict"] == "gap" and gaps(found).get("delivered", 0) > 0
    # Days that are late together are asked about together: one with the object, one with news in every hour.
    store.put_object(Bucket=BUCKET, Key=victim["key"], Body=b"{}")
    for number in range(24):
        store.put_object(Bucket=BUCKET, Key=f"access-logs/year=2025/month=10/day=03/hour={number:02}/shop-1-{number}.json.gz",
                         Body=gzip.compress(b"\n"))
    built = world.rollup("--to", LAST)
    assert {day for day, state in world.states(built).items() if state != "current"} == {"2025-10-01"}
    assert world.states(built)["2025-10-01"] == "kept"
    assert [one["key"] for one in built["damaged"]] == [victim["key"]]
    assert calls(bill(world)[1]) == whole
