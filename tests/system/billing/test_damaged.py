"""A damaged object in the bucket: the rest is billed, and the audit names what is missing."""

import gzip
from typing import Any

import pytest
from audit_world import DAYS, LAST, audit, bill, calls, gaps, generate, true_calls
from rollup_world import BUCKET, World


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    made = World(sandbox, spec)
    made.apply()
    return made


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
