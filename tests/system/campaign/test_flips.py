"""Every member of every reply of one pass, one by one another value: `plan` says something else, or a reason says why not.

By default a sample; CAMPAIGN=full runs all. The reasons are the kinds' own tables of members (`ignored`), and SILENT.
"""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.model import Shape
from program import BINARY, Billingd, must_be_valid, narrow
from sandbox.control import Sandbox
from tables import operation
from world import World

FULL = os.environ.get("CAMPAIGN") == "full"
SHARE = 23  # of the members, by default
DEPTH = 9
# What nothing is said of, though no table ignores it: operation, what its path begins with, and why.
SILENT = [
    ("GetCallerIdentity", "UserId", "the caller in another spelling: Account and Arn are what counts"),
    ("ListTagsForResource", "tags.flipped", "a tag of others"),
    ("GetDatabase", "Database.Parameters.flipped", "a parameter of others"),
    ("GetStage", "DeploymentId", "another deployment is the API owner's business; none at all is told"),
    ("DescribeDeliveryStream", "DeliveryStreamDescription.VersionId", "guards the next write"),
    ("DescribeDeliveryStream", "DeliveryStreamDescription.Destinations[].ExtendedS3DestinationDescription."
     "S3BackupDescription", "does nothing while S3BackupMode is Disabled"),
]

Steps = list[str | int]


@dataclass
class Flip:
    service: str
    operation: str
    params: dict[str, Any]
    steps: Steps
    values: list[Any]  # other values than the one there is

    @property
    def path(self) -> str:
        """As the tables name it: Role.Tags[].Key."""
        text = "".join("[]" if isinstance(step, int) else f".{step}" for step in self.steps)
        return text.removeprefix(".")

    def rule(self, value: Any) -> dict[str, Any]:
        return {"action": "member", "service": self.service, "operation": self.operation, "params": self.params,
                "path": self.steps, "value": value, "client": "billingd", "times": 0}

    def __str__(self) -> str:
        return f"{self.operation} {'.'.join(map(str, self.steps))} = {self.values!r}"


def others(shape: Shape, have: Any) -> list[Any]:
    """Other values than the one there is: all words that AWS lists, else one."""
    match shape.type_name:
        case "string":
            words = [word for word in shape.enum if word != have]
            return words or [f"{have}x" if isinstance(have, str) and have else "flipped"]
        case "boolean":
            return [not have]
        case "integer" | "long":
            return [have + 1 if isinstance(have, int) else 7]
        case "float" | "double":
            return [have + 1 if isinstance(have, float) else 7.5]
        case "timestamp":
            return [1000000000]
    return []


def flips_below(shape: Shape, have: Any, steps: Steps, inside: tuple[str, ...] = ()) -> Iterator[tuple[Steps, list[Any]]]:
    if shape.name in inside or len(steps) > DEPTH:
        return
    inner = (*inside, shape.name)
    if shape.type_name == "structure":
        for name, member in shape.members.items():
            yield from flips_below(member, have.get(name) if isinstance(have, dict) else None, [*steps, name], inner)
    elif shape.type_name == "list":
        first = have[0] if isinstance(have, list) and have else None
        yield from flips_below(shape.member, first, [*steps, 0], inner)
    elif shape.type_name == "map":
        for key in [*(have if isinstance(have, dict) else {}), "flipped"]:
            yield from flips_below(shape.value, (have or {}).get(key), [*steps, key], inner)
    elif shape.type_name != "blob":
        yield steps, others(shape, have)


def jsonable(said: dict[str, Any]) -> Any:
    return {k: v for k, v in said.items() if k not in ("summary", "spec")}


class Settled:
    """A pipeline as the spec wants it, what a plan says of it, and every reply that it rests on."""

    def __init__(self, process: Sandbox, billingd: Billingd):
        self.sandbox, self.billingd, self.world = process, billingd, World(process)
        self.world.api()
        billingd.converge()
        process.clear()
        self.says = jsonable(billingd.plan().json)
        self.calls = {json.dumps([c["service"], c["operation"], c["params"]], sort_keys=True): c
                      for c in billingd.calls(kind="read")
                      if c["operation"] != "GetObject"}  # what is paused, no resource's: test_pause.py

    def flips(self) -> list[Flip]:
        found: dict[tuple[str, str], Flip] = {}
        for call in self.calls.values():
            model = operation(call["service"], call["operation"])
            assert model and model.output_shape
            reply = self.reply_of(call)
            for steps, values in flips_below(model.output_shape, reply, []):
                flip = Flip(call["service"], call["operation"], call["params"], steps, values)
                # One of a kind is enough: tables and queries that are alike.
                found.setdefault((flip.operation + json.dumps(call["params"].get("policyType")),
                                  ".".join(map(str, steps))), flip)
        return list(found.values())

    def reply_of(self, call: dict[str, Any]) -> dict[str, Any]:
        client = getattr(self.world, call["service"])
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", call["operation"]).lower()
        reply = getattr(client, name)(**call["params"])
        return {k: v for k, v in reply.items() if k != "ResponseMetadata"}

    def is_told(self, flip: Flip) -> bool:
        """Of any of the values: some mean what the one that is there does."""
        for value in flip.values:
            self.sandbox.faults(flip.rule(value))
            said = self.billingd("plan", "-o", "json", AWS_MAX_ATTEMPTS="1")
            [rule] = self.sandbox.fault_counts()
            self.sandbox.faults()
            assert rule["changed"], f"{flip} was never read"
            if said.code not in (0, 2) or jsonable(said.json) != self.says:
                return True
        return False


@pytest.fixture(scope="module")
def settled(process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settled]:
    process.reset()
    folder = tmp_path_factory.mktemp("flips")
    yield Settled(process, Billingd(process, folder, narrow(folder)))
    must_be_valid(process)


def classes(flips: list[Flip]) -> list[set[str]]:
    """What the tables say of each: field, told, drift, ignored, unknown."""
    done = subprocess.run([BINARY.parent / "tests/kind_tables", "--classify"], capture_output=True, check=True, text=True,
                          input="".join(f"{f.operation} {f.path}\n" for f in flips))
    return [{name for kinds in json.loads(line).values() for name in kinds} for line in done.stdout.splitlines()]


def test_a_reply_encoded_anew_says_the_same(settled: Settled) -> None:
    """So that what is found below is the flipped member's doing."""
    assert len(settled.calls) > 25
    for call in settled.calls.values():
        assert not settled.is_told(Flip(call["service"], call["operation"], call["params"], [], [None])), call


def reason(flip: Flip) -> tuple[str, str, str] | None:
    return next((row for row in SILENT if row[0] == flip.operation and flip.path.startswith(row[1])), None)


def test_every_flip_is_told_or_has_a_reason(settled: Settled) -> None:
    flips = settled.flips()
    assert len(flips) > 500
    silent, used = [], []
    for number, (flip, is_a) in enumerate(zip(flips, classes(flips), strict=True)):
        if "ignored" in is_a or (not FULL and number % SHARE):
            continue
        if settled.is_told(flip):
            continue
        used.append(reason(flip))
        if not used[-1]:
            silent.append(f"{flip}: {sorted(is_a)}")
    assert not silent, "\n".join(silent)
    assert not FULL or all(row in used for row in SILENT), "a reason that nothing needs"
