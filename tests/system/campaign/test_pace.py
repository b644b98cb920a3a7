"""AWS at its slowest and most evasive, and what a pass may cost."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import seed
from costs import reads_of
from program import SPECS, Billingd, Said, effective, narrow
from sandbox.control import Sandbox
from world import World, normalised
LATENCY_MS = 200
AT_ONCE = 8  # the client keeps at least so many calls to one host under way


@pytest.fixture
def clean(sandbox: Sandbox, billingd: Billingd, world: World) -> dict[str, Any]:
    world.api()
    billingd.converge()
    state = normalised(world.snapshot())
    sandbox.reset()
    world.api()
    return state


@pytest.mark.parametrize("switches", [
    {"creating_describes": 3}, {"creating_seconds": 1.5}, {"iam_propagation_calls": 3},
    {"iam_propagation_seconds": 1.5}, {"eventual_reads": 2}, {"page_size": 1},
    {"creating_describes": 2, "iam_propagation_calls": 1, "eventual_reads": 1, "page_size": 2},
    {"clock_offset_s": 3600}, {"clock_offset_s": -3600}],
    ids=lambda s: "+".join(f"{k}={v}" for k, v in s.items()))
def test_slow_aws_is_waited_for(sandbox: Sandbox, billingd: Billingd, world: World, clean: Any,
                                switches: dict[str, Any]) -> None:
    sandbox.switches(**switches)
    said = billingd.apply()  # asks again and again, and does not wait for a time to be over
    assert said.code == 0, said
    billingd.must_be_converged()
    sandbox.switches(page_size=0, clock_offset_s=0)
    assert normalised(world.snapshot()) == clean


def test_waiting_is_told(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """What it waits for, for how long, and that it is no error."""
    world.api()
    sandbox.switches(iam_propagation_seconds=3)
    said = billingd.apply()
    assert said.code == 0, said
    assert "stream: waiting for the IAM role to propagate, at most 120 s" in said.err, said.err
    assert said.err.count("waiting for") == len(re.findall(": waiting for", said.err)), said.err


# How each service says that it does not know a name (yet): code, status, message.
NOT_THERE_YET = {
    "logs": ("ResourceNotFoundException", 400, "The specified log group does not exist."),
    "iam": ("NoSuchEntity", 404, "The role with name x cannot be found."),
    "glue": ("EntityNotFoundException", 400, "Database x not found."),
    "s3": ("NoSuchBucket", 404, "The specified bucket does not exist"),
    "firehose": ("ResourceNotFoundException", 400, "Firehose x under account y not found."),
    "athena": ("InvalidRequestException", 400, f"WorkGroup {seed.WORKGROUP} is not found."),
    "apigatewayv2": ("NotFoundException", 404, "Invalid log group identifier specified"),
}


def following(billingd: Billingd) -> list[tuple[str, str]]:
    """Every call of the plan that comes after a create: of its own resource, or of one that it needs."""
    wanted, found = effective(), set()
    for name, resource in billingd("plan", "-o", "json").resources.items():
        calls = resource["calls"] if wanted[name].get("after") else resource["calls"][1:]
        found |= {(call["service"], call["operation"]) for call in calls}
    return sorted(found - {("athena", "CreateWorkGroup")})  # the message above is of the workgroup itself


def test_what_follows_a_create_waits_for_it_to_be_known(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """Whatever the call is: AWS may not know everywhere yet what it has just made."""
    world.api()
    calls = following(billingd)
    assert len(calls) > 10 and {service for service, _ in calls} == set(NOT_THERE_YET)
    sandbox.faults(*({"service": service, "operation": operation, "action": "error", "times": 2,
                      **dict(zip(("code", "status", "message"), NOT_THERE_YET[service], strict=True))}
                     for service, operation in calls))
    said = billingd.apply()
    assert said.code == 0, [r["text"] for r in said.resources.values() if r.get("text")]
    assert all(rule["fired"] == 2 for rule in sandbox.fault_counts()), sandbox.fault_counts()
    assert "waiting for waiting" not in said.err and "waiting for what was just made to appear" in said.err
    billingd.must_be_converged()


def test_a_role_that_stays_wrong_is_told_as_it_is(sandbox: Sandbox, with_spec: Any, world: World) -> None:
    """After its time the same text is an error, with AWS's own words."""
    world.api()
    text = (SPECS / "switched-off.yaml").read_text().replace(
        "../../../../specs", str(SPECS.parents[3] / "specs")).replace(
            "region: ap-northeast-2\n", "region: ap-northeast-2\nreconcile: {settle_timeout: 2s}\n", 1)
    sandbox.switches(iam_propagation_calls=1000)
    said = with_spec(text).apply()
    assert said.code == 1, said
    stream = said.resources["stream"]
    assert stream["verdict"] == "failed" and "unable to assume role" in stream["text"], stream
    assert said.resources["subscription"]["verdict"] == "blocked"
    assert said.resources["access_logs"]["verdict"] == "repaired"


def test_a_stream_that_fails_to_be_made(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    sandbox.switches(creating_fails=True)
    said = billingd.apply()
    assert said.code == 1, said
    stream = said.resources["stream"]
    assert stream["verdict"] == "blocked" and (
        "CREATING_FAILED (CREATE_KMS_GRANT_FAILED: the grant on the key was refused): it was never made"
        in stream["text"]), stream
    sandbox.clear()
    again = billingd.apply()
    assert again.code == 1 and "CREATING_FAILED" in again.resources["stream"]["reason"]
    assert billingd.writes() == [], "a failed stream is neither deleted nor made anew"


@pytest.mark.parametrize("state,meaning", [
    ("SUSPENDED", "AWS's reference does not list this state"), ("DELETING", "promises no delivery"),
    ("A_NEW_WORD", "AWS's reference does not list this state")])
def test_a_state_is_told_as_what_it_is(sandbox: Sandbox, billingd: Billingd, world: World, state: str,
                                       meaning: str) -> None:
    """At once, in the plan, and nobody waits for its end."""
    world.api()
    billingd.converge()
    sandbox.clear()
    sandbox.switches(stream_state=state)
    stream = billingd.plan().resources["stream"]
    assert stream["action"] == "blocked", stream
    assert f"its state is {state}: " in stream["reason"] and meaning in stream["reason"], stream
    assert len(billingd.calls(operation="DescribeDeliveryStream")) == 1
    assert billingd.apply().resources["stream"]["verdict"] == "blocked"
    assert billingd.writes() == []


def test_no_op_pass_costs_one_read_per_document(sandbox: Sandbox, with_spec: Any, world: World, tmp_path: Path) -> None:
    billingd = with_spec(narrow(tmp_path))
    world.api()
    billingd.converge()
    sandbox.clear()
    sandbox.switches(latency_ms=LATENCY_MS)
    said = billingd.plan()
    assert said.code == 0, said
    made = Counter(c["operation"] for c in billingd.calls())
    assert made.pop("GetCallerIdentity") == 1
    assert made == reads_of(effective()) + Counter({"GetObject": 1}), "and what is paused, once"
    summary = said.json["summary"]
    assert summary["reads"] == made.total(), "the caller's identity is not counted"
    must_go_together(said, billingd.calls())


def must_go_together(said: Said, calls: list[dict[str, Any]]) -> None:
    """What can go together does: few calls wait for another's reply, the rest fill the connections."""
    assert said.json["summary"]["round_trips"] <= 3
    peak = max(sum(c["time"] <= at["time"] < c["end"] for c in calls) for at in calls)
    assert peak >= AT_ONCE, peak


def test_two_pipelines_share_lists(sandbox: Sandbox, with_spec: Any) -> None:
    world = World(sandbox)
    world.api("shop-api")
    world.api("search-api")
    billingd = with_spec(SPECS / "same-region.yaml")
    billingd.converge()
    sandbox.clear()
    sandbox.switches(latency_ms=LATENCY_MS)
    said = billingd.plan()
    assert said.code == 0
    count = Counter(c["operation"] for c in billingd.calls())
    for operation in ("GetCallerIdentity", "GetApis", "DescribeResourcePolicies", "ListNamedQueries", "BatchGetNamedQuery",
                      "GetWorkGroup", "GetDatabases", "GetAccountAuthorizationDetails", "GetResources", "DescribeLogGroups"):
        assert count[operation] == 1, (operation, count)
    for operation in ("GetBucketEncryption", "GetStage", "DescribeDeliveryStream", "GetTables"):
        assert count[operation] == 2, (operation, count)
    must_go_together(said, billingd.calls())


def test_two_regions_do_not_share(sandbox: Sandbox, with_spec: Any) -> None:
    """The same question to another region is another question; IAM has only one."""
    for name, region in (("seoul-api", "ap-northeast-2"), ("virginia-api", "us-east-1")):
        World(sandbox, region).api(name)
    billingd = with_spec(SPECS / "two-regions.yaml")
    billingd.converge()
    sandbox.clear()
    assert billingd.plan().code == 0
    regions = Counter(c["region"] for c in billingd.calls(operation="GetApis"))
    assert regions == {"ap-northeast-2": 1, "us-east-1": 1}


def test_connections_are_reused(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd.apply()
    sandbox.clear()
    billingd.plan()
    calls = billingd.calls()
    assert len({c["connection"] for c in calls}) < len(calls)


def test_a_page_that_never_ends_ends(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """A thousand foreign log groups under our prefix, one to a page."""
    for number in range(60):
        world.logs.create_log_group(logGroupName=f"/aws/apigw/ddn-access-logs-{number:03}")
        world.apigatewayv2.create_api(Name=f"other-{number}", ProtocolType="HTTP")
    world.api()
    sandbox.switches(page_size=7)
    billingd.converge()
    sandbox.clear()
    assert billingd.apply().code == 0
    assert billingd.writes() == []
    assert len(billingd.calls(operation="GetApis")) == 9


def test_many_saved_queries_are_read_in_pieces(sandbox: Sandbox, billingd: Billingd,
                                               world: World) -> None:
    """BatchGetNamedQuery takes fifty ids; the workgroup has more."""
    world.api()
    billingd.converge()
    for number in range(120):
        world.athena.create_named_query(Name=f"other {number}", Database="other", QueryString="SELECT 1",
                                        WorkGroup="BillingWG")
    sandbox.clear()
    billingd.must_be_converged()
    sizes = [len(c["params"]["NamedQueryIds"]) for c in billingd.calls(operation="BatchGetNamedQuery")]
    assert sorted(sizes) == [27, 50, 50]
    assert billingd.apply().code == 0
    assert billingd.writes() == []
