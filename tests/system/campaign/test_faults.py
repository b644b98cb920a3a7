"""The n-th call of an apply fails, for every n: the next apply ends where a clean one does.

By default a sample: every write with every fault, reads now and then. CAMPAIGN=full runs all.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from costs import readers_of, reads_of, service_of, services_of, writes_of
from faults import ACTIONS, Fault
from program import Billingd, Said, effective
from sandbox.control import Sandbox
from tables import KINDS
from waves import below, edges
from world import World, normalised

FULL = os.environ.get("CAMPAIGN") == "full"
RESOURCES = effective()
OPERATIONS = writes_of(RESOURCES)
WRITES = sum(len(names) for names in OPERATIONS.values())
# Before and after each write, and once more before one that replaces a whole document; test_bounds.
READS = 3 * sum(reads_of(RESOURCES).values()) + WRITES


def every_fault() -> Iterator[Fault]:
    for nth in range(1, WRITES + 1):
        for number, action in enumerate(ACTIONS):
            if FULL or action in ("lose_reply", "500") or (nth + number) % 4 == 0:
                yield Fault(nth, "write", action, 1)
    for nth in range(1, READS + 1):
        for number, action in enumerate(ACTIONS):
            if FULL or (nth % 4 == 1 and nth // 4 % len(ACTIONS) == number):
                yield Fault(nth, "read", action, 1)


def retried_faults() -> Iterator[Fault]:
    for nth in range(1, WRITES + 1):
        for number, action in enumerate(ACTIONS):
            if FULL or nth % len(ACTIONS) == number:
                yield Fault(nth, "write", action, 1)
    for nth in range(1, READS + 1, 1 if FULL else 16):
        yield Fault(nth, "read", ACTIONS[nth % len(ACTIONS)], 2)


@pytest.fixture(scope="module")
def clean(process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The state that an apply without faults brings about."""
    process.reset()
    world = World(process)
    world.api()
    Billingd(process, tmp_path_factory.mktemp("clean")).converge()
    return normalised(world.snapshot())


def test_bounds(billingd: Billingd, world: World) -> None:
    """The numbers above cover an apply from nothing."""
    world.api()
    billingd.apply()
    assert len(billingd.calls(kind="write")) == WRITES
    assert len(billingd.calls(kind="read")) <= READS


@pytest.mark.parametrize("fault", list(every_fault()), ids=str)
def test_next_apply_converges(sandbox: Sandbox, billingd: Billingd, world: World, clean: Any,
                              fault: Fault) -> None:
    """The call fails for good: the client may not try again."""
    world.api()
    sandbox.faults(fault.rule())
    first = billingd.apply(AWS_MAX_ATTEMPTS="1")
    fired = sandbox.fault_counts()[0]["fired"]
    sandbox.faults()
    assert first.code in (0, 1), first
    if fired == 0:
        assert fault.kind == "read" and first.code == 0, "the call to fail was never made"
    elif fault.action in ("throttle", "500") and fault.kind == "write":
        assert first.code == 1, first  # it did not take effect, so it cannot be called done
    # libcurl itself sends again what a reused connection lost without a byte of reply.
    if first.code == 1 and first.json["resources"]:
        assert any(r["verdict"] in ("retry", "failed", "settling") for r in first.resources.values()), first
    billingd.converge()
    assert normalised(world.snapshot()) == clean


@pytest.mark.parametrize("fault", list(retried_faults()), ids=str)
def test_client_rides_it_out(sandbox: Sandbox, billingd: Billingd, world: World, clean: Any,
                             fault: Fault) -> None:
    """What three attempts can mend is mended in the same apply, without a duplicate."""
    world.api()
    sandbox.faults(fault.rule())
    billingd.converge()
    assert normalised(world.snapshot()) == clean


# -- one operation never works -----------------------------------------------------------------------------

NEEDS = {name: set(wanted.get("after", [])) for name, wanted in RESOURCES.items()}
DENIED = {"s3": "AccessDenied", "iam": "AccessDenied"}


def after_all(resources: set[str]) -> set[str]:
    """Everything that needs one of these, and what needs that."""
    found: set[str] = set()
    while more := {n for n, needs in NEEDS.items() if needs & (resources | found)} - found - resources:
        found |= more
    return found


def blocked_when_refused(operation: str) -> set[str]:
    """What is not made when AWS never takes the operation: it needs what is not there then, or opens the way for usage
    above what is not whole."""
    hit, blocked = OPERATIONS[operation], set[str]()
    absent = {n for n in hit if (create := KINDS[RESOURCES[n]["kind"]].create) and create.op == operation}
    while more := {n for n, wanted in RESOURCES.items() if (
            below(n) & (hit | blocked) if KINDS[wanted["kind"]].opens else edges()[0][n] & (absent | blocked))} - blocked:
        blocked |= more
    return blocked


def test_every_write_is_known(billingd: Billingd, world: World) -> None:
    world.api()
    planned: dict[str, set[str]] = {}
    for name, resource in billingd.plan().resources.items():
        for call in resource["calls"]:
            planned.setdefault(call["operation"], set()).add(name)
    assert planned == OPERATIONS


@pytest.mark.parametrize("denied", (False, True), ids=("500", "denied"))
@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_failure_blocks_only_what_needs_it(sandbox: Sandbox, billingd: Billingd, world: World,
                                             clean: Any, operation: str, denied: bool) -> None:
    service, hit = service_of(RESOURCES, operation), OPERATIONS[operation]
    rule: dict[str, Any] = {"service": service, "operation": operation, "times": 0, "client": "billingd",
                            "action": "500"}
    if denied:
        rule.update(action="error", status=403, code=DENIED.get(service, "AccessDeniedException"),
                    message="User: sandbox is not authorized")
    world.api()
    sandbox.faults(rule)
    said = billingd.apply()
    blocked = blocked_when_refused(operation)
    # What waits for something denied is only blocked: that makes it 1.
    assert said.code == (77 if denied and not blocked else 1), said
    failed = hit - blocked
    for name, resource in said.resources.items():
        if name in failed:
            assert resource["verdict"] == ("denied" if denied else "retry"), resource
        elif name in blocked:
            assert resource["verdict"] == "blocked", resource
        else:
            assert resource["verdict"] == "repaired", resource
    must_tell_the_error(billingd, said, operation, failed)
    sandbox.faults()
    billingd.converge()
    assert normalised(world.snapshot()) == clean


def must_tell_the_error(billingd: Billingd, said: Said, operation: str, failed: set[str]) -> None:
    """AWS's code, message and the request id of one of the calls it answered so."""
    refused = [c for c in billingd.calls(operation=operation) if c["error"]]
    for name in failed:
        text = said.resources[name]["text"]
        assert operation in text and refused[0]["error"] in text, text
        assert any(c["request_id"] in text for c in refused), text


@pytest.mark.parametrize("operation", ["HeadBucket", "GetBucketPolicy", "GetRole", "DescribeLogGroups",
                                       "DescribeDeliveryStream", "GetApis", "GetTable"])
def test_what_cannot_be_read_is_not_written(sandbox: Sandbox, billingd: Billingd, world: World,
                                            operation: str) -> None:
    service = service_of(RESOURCES, operation)
    hit = readers_of(RESOURCES, operation)
    world.api()
    # (Where there is no database there is no table: its list says so.)
    sandbox.faults(*({"service": service, "operation": one, "times": 0, "client": "billingd",
                      "action": "error", "status": 403, "code": DENIED.get(service, "AccessDeniedException"),
                      "message": "User: sandbox is not authorized"} for one in (operation, operation + "s")))
    said = billingd.apply()
    assert said.code in (1, 77), said
    for name, resource in said.resources.items():
        if name in hit:
            assert resource["verdict"] in ("denied", "blocked") and resource["calls"] == [], resource
        elif name in after_all(hit):
            assert resource["verdict"] == "blocked", resource
        else:
            assert resource["verdict"] == "repaired", resource


def test_only_this_throttle(sandbox: Sandbox, billingd: Billingd, world: World, clean: Any,
                            tmp_path: Path) -> None:
    """Every call throttled once: slow, but it arrives."""
    world.api()
    sandbox.faults(*({"action": "throttle", "service": service, "kind": kind, "nth": 1, "times": 1}
                     for service in (*services_of(RESOURCES), "sts")
                     for kind in ("read", "write")))
    billingd.converge()
    assert normalised(world.snapshot()) == clean
