"""One read in place of many: what it spares, and that whatever it says nothing is written for it, and nothing told wrongly.

The same pipeline is looked at by wide reads, by single ones, and by wide ones that are refused, damaged, or late."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import seed
from program import Billingd, Said, must_be_valid, narrow
from sandbox.control import Sandbox
from sandbox.rewrites import ACTIONS
from test_flips import flips_below
from test_unread import DRIFT, Applied
from tables import operation
from world import World

# Operation: its service, the single reads it stands for in the shipped spec, and where its items are: list, member of the single reply.
WIDE = {
    "GetAccountAuthorizationDetails": ("iam", ("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies"),
                                       ("RoleDetailList", "GetRole", "Role")),
    "GetResources": ("resourcegroupstaggingapi", ("GetBucketTagging", "ListTagsForResource", "ListTagsForDeliveryStream"),
                     ("ResourceTagMappingList", "", "")),
    "GetTables": ("glue", ("GetTable",), ("TableList", "GetTable", "Table")),
}
OURS = (seed.RAW, seed.ROLE)
OURS_BY = {"GetTable": {"DatabaseName": seed.DATABASE, "Name": seed.RAW}, "GetRole": {"RoleName": seed.ROLE}}
MOST = 24  # calls of a look at one pipeline in sync


@pytest.fixture(scope="module")
def applied(process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Applied]:
    process.reset()
    yield Applied(process, Billingd(process, tmp_path_factory.mktemp("wide")))
    must_be_valid(process)


def look(applied: Applied, *rules: dict[str, Any], words: tuple[str, ...] = ("plan", "--detailed-exitcode", "-o", "json")) -> tuple[Said, Counter[str]]:
    applied.sandbox.clear()
    applied.sandbox.faults(*rules)
    said = applied.billingd(*words, AWS_MAX_ATTEMPTS="2")
    applied.sandbox.faults()
    return said, Counter(c["operation"] for c in applied.billingd.calls())


def told(said: Said) -> Any:
    return {k: v for k, v in said.json.items() if k not in ("summary", "spec")}


def test_what_a_look_costs(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd.converge()
    sandbox.clear()
    said = billingd.plan()
    made = Counter(c["operation"] for c in billingd.calls())
    assert said.code == 0 and made.total() <= MOST, made
    assert not {single for _, singles, _ in WIDE.values() for single in singles} & made.keys(), made
    assert "HeadBucket" not in made, "who is told of the encryption knows that the bucket is there"
    singly = Billingd(sandbox, billingd.folder, narrow(billingd.folder)).plan()
    assert told(singly) == told(said), "by single reads the same is told"


@pytest.mark.parametrize("name", WIDE)
def test_refused(applied: Applied, name: str) -> None:
    service, singles, _ = WIDE[name]
    said, made = look(applied, {"action": "error", "service": service, "operation": name, "status": 403,
                                "code": "AccessDeniedException", "message": "not authorized", "times": 0})
    assert said.code == 0 and made[name] == 1 and all(made[single] for single in singles), (made, said)


@pytest.mark.parametrize("action", [*ACTIONS, "500", "reset", "truncate", "stale"])
@pytest.mark.parametrize("name", WIDE)
def test_damaged(applied: Applied, name: str, action: str) -> None:
    """Always, beside a drift: that alone is written, and all is in sync at the end."""
    if action == "unprocessed":
        pytest.skip("is of batches")
    applied.drift()
    said, made = look(applied, {"action": action, "service": WIDE[name][0], "operation": name, "client": "billingd", "times": 0},
                      words=("apply", "--yes", "-o", "json"))
    assert made[name] >= 1 and applied.billingd.writes() == DRIFT, (made, said)
    # Without any reply the single reads fare no better, and each is told so.
    unread = action in ("reset", "truncate") and name != "GetResources"
    assert said.code == (1 if unread else 0), said
    assert unread or applied.world.snapshot() == applied.before


def below_item(name: str, applied: Applied) -> tuple[int, Iterator[tuple[list[str | int], list[Any]]]]:
    """Which item is one of ours, and paths below it, with other values."""
    listed, _, _ = WIDE[name][2]
    [call] = applied.billingd.calls(operation=name)
    client = getattr(applied.world, WIDE[name][0])
    reply = getattr(client, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())(**call["params"])
    index = next(i for i, item in enumerate(reply[listed]) if item.get("Name", item.get("RoleName")) in OURS)
    shape = operation(WIDE[name][0], name).output_shape.members[listed].member  # type: ignore[union-attr]
    return index, flips_below(shape, reply[listed][index], [])


def judged(value: Any) -> Any:
    """Without what a list of roles does not have (docs/operations.md), and nothing rests on."""
    if not isinstance(value, list):
        return value
    without = re.compile(r"(\{'member': ')?(description|max_session_seconds)\b")
    return [one for one in value if not without.match(str(one))]


@pytest.mark.parametrize("name", ["GetTables", "GetAccountAuthorizationDetails"])
def test_another_value(applied: Applied, process: Sandbox, name: str) -> None:
    """What the single read would have told of a member with another value is told, or the single read is asked."""
    singly = Billingd(process, applied.billingd.folder, narrow(applied.billingd.folder))
    service, singles, (listed, single, member) = WIDE[name]
    before, _ = look(applied)
    index, found = below_item(name, applied)
    known = operation(service, single).output_shape.members[member].members  # type: ignore[union-attr]
    tried = 0
    for steps, values in [(s, v) for s, v in found if s[0] in known and v][::5]:
        rule = {"action": "member", "service": service, "value": values[0], "client": "billingd", "times": 0}
        said, made = look(applied, {**rule, "operation": name, "path": [listed, index, *steps]})
        if any(made[one] for one in singles):
            continue
        process.faults({**rule, "operation": single, "path": [member, *steps], "params": OURS_BY[single]})
        want = singly("plan", "--detailed-exitcode", "-o", "json", AWS_MAX_ATTEMPTS="1")
        assert process.fault_counts()[0]["changed"], steps
        process.faults()
        other = {(name, k): (one[k], want.resources[name][k]) for name, one in said.resources.items()
                 for k in one if judged(one[k]) != judged(want.resources[name][k])}
        assert said.code == want.code and not other, (steps, other)
        tried += said.code != before.code
    assert tried, "some of them are differences"


@pytest.mark.parametrize("name", ["GetTables", "GetAccountAuthorizationDetails"])
def test_an_item_that_is_told_twice(applied: Applied, name: str) -> None:
    """And otherwise the second time: the single read says which holds."""
    _, singles, (listed, _, _) = WIDE[name]
    before, _ = look(applied)
    index, found = below_item(name, applied)
    items = getattr(applied.world, WIDE[name][0])
    [call] = applied.billingd.calls(operation=name)
    reply = getattr(items, re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())(**call["params"])
    other = dict(reply[listed][index]) | ({"Description": "another"} if name == "GetTables" else {"Path": "/another/"})
    said, made = look(applied, {"action": "member", "service": WIDE[name][0], "operation": name, "client": "billingd", "times": 0,
                                "path": [listed, len(reply[listed])], "value": json.loads(json.dumps(other, default=lambda at: at.timestamp()))})
    assert said.code == before.code == 0 and made[singles[0]], made
    assert {name: one["differences"] for name, one in said.resources.items()} == {name: one["differences"] for name, one in before.resources.items()}


def test_tags_that_are_known_late(applied: Applied) -> None:
    """The tagging API says what was: the service itself is asked, and what it says holds."""
    arn = f"arn:aws:s3:::{seed.BUCKET}"
    said, made = look(applied, {"action": "member", "service": "resourcegroupstaggingapi", "operation": "GetResources", "times": 0,
                                "path": ["ResourceTagMappingList"], "value": [{"ResourceARN": arn, "Tags": []}]})
    assert said.code == 0 and made["GetBucketTagging"] == 1 and made["ListTagsForDeliveryStream"] == 1, made


def test_what_is_gone_is_told(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """A list without it: no table, no role."""
    world.api()
    billingd.converge()
    world.glue.delete_table(DatabaseName=seed.DATABASE, Name=seed.RAW)
    said = billingd.plan()
    gone = [name for name, one in said.resources.items() if one["action"] == "create"]
    assert said.code == 2 and gone == ["raw_table"], said
    again = billingd.apply()
    assert again.code == 0, again.resources["raw_table"]


def test_more_pages_than_it_spares(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """An account of many roles: after some pages the roles are asked for by their names."""
    world.api()
    billingd.converge()
    trust = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]})
    for number in range(12):
        world.iam.create_role(RoleName=f"a-role-{number:03}", AssumeRolePolicyDocument=trust)
    sandbox.switches(page_size=1)
    sandbox.clear()
    assert billingd.plan().code == 0
    made = Counter(c["operation"] for c in billingd.calls())
    assert made["GetAccountAuthorizationDetails"] == 4 and made["GetRole"] == 2, made
