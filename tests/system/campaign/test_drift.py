"""For every declared field of every kind: changed or removed by hand, one pass repairs just that.

The fields come from the specs themselves (check --print-effective) and from the kinds' tables, so that a new
one is drifted without a line here. By default a field is drifted in the first resource of its kind; CAMPAIGN=full runs all.
"""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from by_hand import surroundings
from drift import MARK, Hand, Sent, Way
from program import SHIPPED, SPECS, Billingd, effective, must_be_valid, of_one
from sandbox.control import Sandbox
from tables import KINDS, Field, Wanted
from world import World, changes, normalised

FULL = os.environ.get("CAMPAIGN") == "full"
# Of each spec what those before it do not have.
RESOURCES = {spec: effective(spec) for spec in (SHIPPED, SPECS / "overrides.yaml", SPECS / "locked.yaml")}


@dataclass
class Case:
    spec: Path
    resource: str
    field: Field | None  # None: the whole resource
    key: str
    how: str  # change, remove, gone

    @property
    def name(self) -> str:
        """As a plan names the difference."""
        return self.field.difference(self.key) if self.field else "itself"

    def __str__(self) -> str:
        return f"{self.spec.stem}-{self.resource}-{self.name}-{self.how}"


def fields_of(spec: Path) -> Iterator[Case]:
    for resource, wanted in RESOURCES[spec].items():
        for field in KINDS[wanted["kind"]].compared(wanted):
            for key in field.keys(wanted[field.name]):
                yield Case(spec, resource, field, key, "change")


def holds(resources: dict[str, Wanted], name: str) -> bool:
    """Whether others lie in it: a group's streams, a database's tables."""
    called = resources[name].get("name")
    return any(called == other.get(field.name) for key, other in resources.items() if key != name
               for field in KINDS[other["kind"]].fields if "KEY" in field.flags)


def cases(spec: Path) -> Iterator[Case]:
    resources = RESOURCES[spec]
    for case in fields_of(spec):
        if "FIXED" in case.field.flags:  # nobody can; test_guard has what happens when a spec asks for it
            continue
        if case.key == "billingd-deployment":  # comes along with other writes: test_two_specs.py
            continue
        yield case
        if case.field.absent_is is None or case.field.absent_is != resources[case.resource][case.field.name]:
            yield Case(spec, case.resource, case.field, case.key, "remove")
    for resource, wanted in resources.items():
        create = KINDS[wanted["kind"]].create
        if create and not create.shared and not holds(resources, resource):
            yield Case(spec, resource, None, "", "gone")


def all_cases() -> Iterator[Case]:
    seen: set[tuple[str, str]] = set()
    tried: set[tuple[str, str, str]] = set()
    for spec in RESOURCES:
        found = [case for case in cases(spec) if (case.resource, case.name) not in seen]
        seen |= {(case.resource, case.name) for case in found}
        for case in found:
            # A kind's resources go by one table; what is gone is made again in its own place among the others.
            alike = (RESOURCES[spec][case.resource]["kind"] if case.field else case.resource, case.name, case.how)
            if FULL or alike not in tried:
                yield case
            tried.add(alike)


ALL = list(all_cases())


def test_every_field_is_known(sandbox: Sandbox, world: World, billingd: Billingd) -> None:
    """What an empty account's plan wants to set is what is drifted below, field by field."""
    world.api()
    planned = {(r["resource"].partition("/")[2], d["field"]) for r in billingd.plan().json["resources"]
               for d in r["differences"]}
    empty = {(r, f) for r, wanted in RESOURCES[SHIPPED].items() for f, value in wanted.items() if value == ""}
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
        self.hand = Hand(self.world, self.folder)
        surroundings(self.world)
        self.billingd = Billingd(self.sandbox, self.folder, spec)
        self.made = self.billingd.converge().resources
        self.wanted = RESOURCES[spec]
        self.before = self.world.snapshot()

    def use(self, spec: Path) -> None:
        self.ready(spec)
        self.sandbox.clear()
        self.spec = None  # until the test has ended well

    def calls_that_made(self, resource: str) -> list[Sent]:
        return [(c["service"], c["operation"], c["params"]) for c in self.made[resource]["calls"]]


@pytest.fixture(scope="module")
def base(process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Base:
    return Base(process, tmp_path_factory.mktemp("drift"))


def planned_differences(billingd: Billingd) -> dict[str, list[str]]:
    said = billingd.plan()
    return {r["resource"].partition("/")[2]: [d["field"] for d in r["differences"]]
            for r in said.json["resources"] if r["action"] != "none"}


def must_be_left_to_its_owner(base: Base, case: Case) -> None:
    """Another pipeline's mark: nothing is written, until a human takes the mark away."""
    said = base.billingd.apply()
    assert said.code == 1, said
    found = said.resources[case.resource]
    assert found["verdict"] == "blocked" and "mark" in found["reason"], found
    assert base.billingd.writes() == []


def drift(base: Base, case: Case, ways: Iterable[Way], synced: bool = True) -> bool:
    """False when AWS took none of them.  synced: nothing has drifted yet."""
    def seen() -> bool:
        """AWS has something else now, so a plan must see it; what hit another field is put right."""
        names = planned_differences(base.billingd).get(case.resource)
        if case.how == "gone" and names is not None:
            return True
        assert names, f"{case}: AWS has changed and the plan does not see it"
        if case.name in names:
            return True
        assert base.billingd.apply().code == 0
        return False

    return base.hand.go(ways, KINDS[base.wanted[case.resource]["kind"]].service, seen,
                        lambda: synced and case.resource in planned_differences(base.billingd))


@pytest.mark.parametrize("case", ALL, ids=str)
def test_drift_is_repaired(base: Base, case: Case) -> None:
    base.use(case.spec)
    world, billingd, want = base.world, base.billingd, base.wanted[case.resource]
    if case.field is None:
        ways = base.hand.ways_to_delete(want, base.calls_that_made(case.resource))
        assert drift(base, case, ways), f"nothing deletes a {want['kind']}: {base.hand.outcome()}"
    elif case.key == MARK and case.how == "change":
        mark_away = list(base.hand.ways("remove", want, case.field, case.key))
        assert drift(base, case, base.hand.ways("change", want, case.field, case.key))
        base.sandbox.clear()
        must_be_left_to_its_owner(base, case)
        assert drift(base, case, mark_away, synced=False)
    elif not drift(base, case, base.hand.ways(case.how, want, case.field, case.key)):
        assert case.how == "remove", (
            f"nothing changes {case.name} of {want['kind']}: {base.hand.outcome()}. A line of CHANGE or VALUES in "
            "tests/system/campaign/by_hand.py is for what AWS takes in another way")
        before, base.before = base.before, world.snapshot()  # what was tried was put right again
        assert changes(before, base.before, KINDS[want["kind"]].service) == {}
        base.spec = case.spec
        pytest.skip(f"nothing takes {case.name} away: {base.hand.outcome()}")

    base.sandbox.clear()
    found = planned_differences(billingd)
    assert list(found) == [case.resource]
    if case.how == "change":
        assert found[case.resource] == [case.name]
    assert billingd.writes() == [], "a plan must not write"

    said = billingd.apply()
    assert said.code == 0, said
    assert len(billingd.writes()) == (1 if case.how != "gone" else len(said.resources[case.resource]["calls"]))
    billingd.must_be_converged()

    before, base.before = base.before, world.snapshot()
    if case.how == "gone":
        assert normalised(base.before) == normalised(before)
    else:
        assert changes(before, base.before, KINDS[want["kind"]].service) == {}
    must_be_valid(base.sandbox)
    base.spec = case.spec


# -- what may be deleted, and is on demand -----------------------------------------------------------------

REMOVABLE = {wanted["kind"]: (spec, name) for spec, resources in RESOURCES.items()
             for name, wanted in resources.items() if KINDS[wanted["kind"]].removable}


@pytest.mark.parametrize("kind", REMOVABLE)
def test_absent_is_deleted_if_it_is_ours(base: Base, kind: str) -> None:
    spec, name = REMOVABLE[kind]
    base.use(spec)
    want, world = base.wanted[name], base.world
    absent = Billingd(base.sandbox, base.folder)
    mark = next(field for field in KINDS[kind].fields if "OWNER" in field.flags)
    case = Case(spec, name, mark, MARK, "remove")
    assert drift(base, case, base.hand.ways("remove", want, mark, MARK))
    of_others = world.snapshot()
    base.sandbox.clear()
    absent.spec = of_one(base.folder, world.region, {**want, "ensure": "absent"})
    said = absent.apply()
    assert said.code == 1 and "does not carry our mark" in said.resources["one"]["reason"], said
    assert absent.writes() == [] and changes(of_others, world.snapshot()) == {}

    assert base.billingd.apply().code == 0
    before = world.snapshot()
    base.sandbox.clear()
    absent.spec = of_one(base.folder, world.region, {**want, "ensure": "absent"})
    said = absent.converge()
    assert said.resources["one"]["action"] == "delete", said
    after = world.snapshot()
    gone = set(before) - set(after)
    assert gone and set(after) <= set(before) and all(want["name"] in path for path in gone)
    assert changes(before, {**after, **{path: before[path] for path in gone}}) == {}
    must_be_valid(base.sandbox)
