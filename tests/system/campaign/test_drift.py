"""For every declared field of every kind: changed or removed by hand, one pass repairs just that.

The fields come from the specs themselves (check --print-effective), so that a new one without a drift in
drift.py fails here.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from drift import CHANGE, FIXED, GONE, REMOVE, surroundings
from program import PIPELINE, SHIPPED, SPECS, Billingd, effective, must_be_valid
from sandbox.control import Sandbox
from world import World, changes, normalised

KEYS = {"kind", "after", "name", "database", "workgroup", "api_name", "api_id", "stage", "policy_name",
        "log_group"}


@dataclass
class Case:
    spec: Path
    resource: str
    kind: str
    field: str  # "" : the whole resource
    key: str
    how: str  # change, remove, gone

    @property
    def name(self) -> str:
        """As a plan names the difference."""
        if self.kind in ("s3_bucket", "log_resource_policy") and self.field in ("policy", "lifecycle",
                                                                                "statements"):
            return f"{self.field}[{self.key}]"
        return f"{self.field}.{self.key}" if self.key else self.field

    def __str__(self) -> str:
        return f"{self.spec.stem}-{self.resource}-{self.name or 'itself'}-{self.how}"


def keys_of(kind: str, field: str, value: Any) -> list[str]:
    if (kind, field) in (("s3_bucket", "policy"), ("log_resource_policy", "statements")):
        return [statement["Sid"] for statement in value]
    if (kind, field) == ("s3_bucket", "lifecycle"):
        return [rule["ID"] for rule in value]
    if field in ("tags", "parameters", "serde_parameters", "public_access_block"):
        return list(value)
    return [""]


def fields_of(spec: Path) -> Iterator[Case]:
    for resource, wanted in effective(spec).items():
        kind = wanted["kind"]
        for field, value in wanted.items():
            if field in KEYS and not (kind == "stage_logging" and field == "log_group"):
                continue
            for key in keys_of(kind, field, value):
                yield Case(spec, resource, kind, field, key, "change")


def cases(spec: Path) -> Iterator[Case]:
    for case in fields_of(spec):
        if (case.kind, case.field) in FIXED:
            continue
        yield case
        if (case.kind, case.field) in REMOVE:
            yield Case(spec, case.resource, case.kind, case.field, case.key, "remove")
    for resource, wanted in effective(spec).items():
        if wanted["kind"] in GONE:
            yield Case(spec, resource, wanted["kind"], "", "", "gone")


# Fields that the shipped spec leaves alone, at the values of another spec.
MORE = {"kms_key", "description", "max_session_seconds", "boundary", "results_encryption",
        "scan_limit_bytes", "requester_pays", "distribution", "serde_parameters", "bucket_key",
        "versioning", "lifecycle_minimum_size", "location"}
ALL = [*cases(SHIPPED), *(c for c in cases(SPECS / "overrides.yaml") if c.field in MORE
                          or (c.field == "tags" and c.key != "billingd"))]


def test_every_field_is_known(sandbox: Sandbox, world: World, billingd: Billingd) -> None:
    """What an empty account's plan wants to set is what is drifted below, field by field."""
    world.api()
    planned = {(r["resource"].partition("/")[2], d["field"]) for r in billingd.plan().json["resources"]
               for d in r["differences"]}
    empty = {(r, f) for r, wanted in effective(SHIPPED).items() for f, value in wanted.items() if value == ""}
    assert planned == {(c.resource, c.name) for c in fields_of(SHIPPED)} - empty


class Base:
    """A converged account that tests drift and repair in turn; made anew after one that failed."""

    def __init__(self, sandbox: Sandbox, folder: Path):
        self.sandbox, self.folder = sandbox, folder
        self.spec: Path | None = None

    def ready(self, spec: Path) -> None:
        if self.spec == spec:
            return
        self.sandbox.reset()
        self.world = World(self.sandbox)
        surroundings(self.world)
        self.billingd = Billingd(self.sandbox, self.folder, spec)
        self.billingd.converge()
        self.wanted = effective(spec)
        self.before = self.world.snapshot()

    def use(self, spec: Path) -> None:
        self.ready(spec)
        self.sandbox.clear()
        self.spec = None  # until the test has ended well


@pytest.fixture(scope="module")
def base(process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base(process, tmp_path_factory.mktemp("drift"))


def planned_differences(billingd: Billingd) -> dict[str, list[str]]:
    said = billingd.plan()
    assert said.code == 2, said
    return {r["resource"]: [d["field"] for d in r["differences"]] for r in said.json["resources"]
            if r["action"] != "none"}


def must_be_left_to_its_owner(base: Base, case: Case) -> None:
    """Another pipeline's mark: nothing is written, until a human takes the mark away."""
    said = base.billingd.apply()
    assert said.code == 1, said
    found = said.resources[case.resource]
    assert found["verdict"] == "blocked" and "mark" in found["reason"], found
    assert base.billingd.writes() == []


# A new role is a new principal: its inline policy and tags come with the calls that make it.
CALLS = {("iam_role", "gone"): 2}


@pytest.mark.parametrize("case", ALL, ids=str)
def test_drift_is_repaired(base: Base, case: Case) -> None:
    base.use(case.spec)
    world, billingd, want = base.world, base.billingd, base.wanted[case.resource]
    if case.how == "gone":
        GONE[case.kind](world, want)
    else:
        {"change": CHANGE, "remove": REMOVE}[case.how][case.kind, case.field](world, want, case.key)

    if case.key == "billingd" and case.how == "change":
        must_be_left_to_its_owner(base, case)
        REMOVE[case.kind, case.field](world, want, case.key)

    found = planned_differences(billingd)
    assert list(found) == [f"{PIPELINE}/{case.resource}"]
    names = found[f"{PIPELINE}/{case.resource}"]
    if case.how == "change":
        assert names == [case.name]
    elif case.how == "remove":
        assert case.name in names
    assert billingd.writes() == [], "a plan must not write"

    said = billingd.apply()
    assert said.code == 0, said
    assert len(billingd.writes()) == CALLS.get((case.kind, case.how), 1), billingd.writes()
    billingd.must_be_converged()

    before, base.before = base.before, world.snapshot()
    if case.how == "gone":
        assert normalised(base.before) == normalised(before)
    else:
        assert changes(before, base.before, path_of(case.kind, want)) == {}
    must_be_valid(base.sandbox)
    base.spec = case.spec


def path_of(kind: str, want: dict[str, Any]) -> str:
    """Where the snapshot has what AWS counts up when this resource is written."""
    return {"delivery_stream": f"firehose/{want.get('name')}",
            "glue_table": f"glue/{want.get('database')}/{want.get('name')}",
            "athena_view": f"glue/{want.get('database')}/{want.get('name')}",
            "log_resource_policy": "logs/policy/", "stage_logging": "api/"}.get(kind, "-")
