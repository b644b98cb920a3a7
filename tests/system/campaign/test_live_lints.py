"""What lies in AWS is judged as a spec is: each drift that loses money is told with its lint, its cost and its remedy.

The drift is made by others, through boto3, where the spec is silent: `plan` has nothing to write and ends 0."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import seed
from program import Billingd, Said
from sandbox.control import Sandbox
from world import World

LIVE = re.compile(r"lint (BL\d{3}) live: ")


def found(said: Said) -> dict[str, list[str]]:
    """Resource -> the codes of its live lints."""
    codes = {name: [m[1] for note in r["notes"] if (m := LIVE.match(note))] for name, r in said.resources.items()}
    return {name: each for name, each in codes.items() if each}


def lifecycle(world: World, *rules: dict[str, Any]) -> None:
    have = world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"]
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={"Rules": [*have, *rules]})


def archive(world: World) -> None:
    """As the seed has it, on the prefix of today's logs."""
    lifecycle(world, {"ID": "archive", "Status": "Enabled", "Filter": {"Prefix": "access-logs/"},
                      "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}], "Expiration": {"Days": 365}})


def expire(world: World) -> None:
    lifecycle(world, {"ID": "clean-up", "Status": "Enabled", "Filter": {"Prefix": "access-logs/"}, "Expiration": {"Days": 1}})


DRIFTS: dict[str, tuple[Callable[[World], None], dict[str, list[str]], str]] = {
    "archive": (archive, {"bucket": ["BL502", "BL503"]}, 'rule "archive": GLACIER'),
    "expire": (expire, {"bucket": ["BL503"]}, 'rule "clean-up"'),
}


@pytest.fixture
def converged(sandbox: Sandbox, billingd: Billingd, world: World) -> Billingd:
    world.api()
    assert billingd.apply().code == 0
    return billingd


def test_what_is_as_wished_is_not_told(converged: Billingd) -> None:
    assert found(converged.plan()) == {}


@pytest.mark.parametrize("name", DRIFTS)
def test_told(converged: Billingd, world: World, name: str) -> None:
    drift, codes, words = DRIFTS[name]
    drift(world)
    said = converged.plan()
    assert said.code == 0, said
    assert found(said) == codes
    notes = [note for r in said.resources.values() for note in r["notes"] if LIVE.match(note)]
    assert any(words in note for note in notes), notes
    assert all(note.count("; ") >= 2 and note.endswith(".") for note in notes), notes


def test_what_cannot_be_read_is_not_judged(sandbox: Sandbox, converged: Billingd, world: World) -> None:
    expire(world)
    sandbox.faults({"action": "error", "operation": "GetBucketLifecycleConfiguration", "client": "billingd",
                      "code": "AccessDenied", "message": "no", "status": 403, "times": 0})
    said = converged.plan()
    assert said.code != 0
    assert found(said) == {}
