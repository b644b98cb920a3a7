"""From nothing along the critical path: as few waves of calls as can be, and none before what it needs."""

import json
from typing import Any

from program import Billingd, effective
from sandbox.control import Sandbox
from waves import edges, fewest_waves
from world import World

BEFORE = 3  # who we are; the lists; what they do not have by its own read, and what that had not once more, with IAM beside it
AFTER = 1  # the look that proves the last write
LATENCY_MS = 100
MOST = 145  # calls in all
RESOURCES = effective()
Calls = list[dict[str, Any]]


def create_of(name: str, calls: Calls) -> dict[str, Any]:
    """The call that made a resource."""
    operation = {"s3_bucket": "CreateBucket", "iam_role": "CreateRole", "log_group": "CreateLogGroup",
                 "log_stream": "CreateLogStream", "delivery_stream": "CreateDeliveryStream",
                 "subscription_filter": "PutSubscriptionFilter", "log_resource_policy": "PutResourcePolicy",
                 "stage_logging": "UpdateStage", "workgroup": "CreateWorkGroup", "glue_database": "CreateDatabase",
                 "glue_table": "CreateTable", "athena_view": "CreateTable", "named_query": "CreateNamedQuery"}
    wanted = RESOURCES[name]
    [made] = [c for c in calls if c["operation"] == operation[wanted["kind"]] and (
        "name" not in wanted or f'{wanted["name"]!r}' in repr(c["params"]) or wanted["kind"] == "log_resource_policy")]
    return made


def first(calls: Calls, operation: str) -> dict[str, Any]:
    return next(c for c in calls if c["operation"] == operation)


def test_as_few_waves_as_can_be(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    sandbox.switches(latency_ms=LATENCY_MS)
    said = billingd.apply()
    sandbox.switches(latency_ms=0)
    assert said.code == 0, said
    assert fewest_waves() == 5  # the mark of the stage goes with its log settings: both find it empty
    assert said.json["summary"]["round_trips"] == BEFORE + fewest_waves() + AFTER
    calls = billingd.calls()
    assert len(calls) <= MOST, len(calls)
    must_ask_before(calls)
    must_keep_the_order(calls)
    billingd.must_be_converged()


def must_ask_before(calls: Calls) -> None:
    """All that IAM says is known before the first write, and each thing was looked at twice."""
    began = min(c["time"] for c in calls if c["kind"] == "write")
    asked = [c for c in calls if c["operation"] == "SimulatePrincipalPolicy"]
    assert asked and all(c["end"] <= began for c in asked)
    for first_look, second in (("GetBucketEncryption", "HeadBucket"), ("GetAccountAuthorizationDetails", "GetRole"),
                               ("DescribeLogGroups", "DescribeLogGroups"), ("GetTables", "GetTable"), ("GetDatabase", "GetDatabase"),
                               ("DescribeDeliveryStream", "DescribeDeliveryStream"), ("GetWorkGroup", "GetWorkGroup")):
        ended = first(calls, first_look)["end"]
        assert any(c["operation"] == second and c["time"] >= ended and c["end"] <= began for c in calls), (first_look, second)


def must_keep_the_order(calls: Calls) -> None:
    """Nothing is made before AWS has answered that what it needs is there; usage flows when all below is whole."""
    for name, needs in edges()[0].items():
        for need in needs:
            assert create_of(need, calls)["end"] <= create_of(name, calls)["time"], (name, need)
    [forwards], [logs] = ([c for c in calls if c["operation"] == o] for o in ("PutSubscriptionFilter", "UpdateStage"))
    for operation in ("PutBucketPolicy", "PutBucketLifecycleConfiguration", "PutBucketTagging", "PutRolePolicy",
                      "PutRetentionPolicy"):
        assert all(c["end"] <= forwards["time"] for c in calls if c["operation"] == operation), operation
    made = first(calls, "CreateDeliveryStream")
    seen = [c for c in calls if c["operation"] == "DescribeDeliveryStream" and made["end"] <= c["time"]]
    assert seen and seen[0]["end"] <= forwards["time"], "only a look shows that the stream is active"
    assert forwards["end"] <= logs["time"] and first(calls, "PutResourcePolicy")["end"] <= logs["time"]


def test_each_write_is_proved(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """By a read that began after AWS had answered it."""
    world.api()
    assert billingd.apply().code == 0
    calls = billingd.calls()
    for write, read in (("PutBucketPolicy", "GetBucketPolicy"), ("PutRolePolicy", "GetRolePolicy"),
                        ("PutRetentionPolicy", "DescribeLogGroups"), ("CreateTable", "GetTable"),
                        ("CreateNamedQuery", "BatchGetNamedQuery"), ("PutSubscriptionFilter", "DescribeSubscriptionFilters"),
                        ("PutResourcePolicy", "DescribeResourcePolicies"), ("UpdateStage", "GetStage")):
        last = max(c["end"] for c in calls if c["operation"] == write)
        assert any(c["time"] >= last for c in calls if c["operation"] == read), (write, read)


def drift(world: World) -> None:
    """Of three resources, none of which needs another."""
    world.logs.put_retention_policy(logGroupName=RESOURCES["access_logs"]["name"], retentionInDays=1)
    world.s3.delete_public_access_block(Bucket=RESOURCES["bucket"]["name"])
    role = RESOURCES["logs_role"]
    world.iam.put_role_policy(RoleName=role["name"], PolicyName=role["policy_name"], PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}]}))


def test_three_repairs_at_once(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """Who we are, a look, another one with IAM beside it, the write (behind one more look where it replaces what others
    write too), and the proof."""
    world.api()
    billingd.converge()
    drift(world)
    sandbox.clear()
    sandbox.switches(latency_ms=LATENCY_MS)
    said = billingd.apply()
    sandbox.switches(latency_ms=0)
    assert said.code == 0, said
    assert len(billingd.writes()) == 3
    assert said.json["summary"]["round_trips"] == 6


def test_what_is_told_beside_is_asked_beside(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """The account's name and who leads: both are asked before IAM has answered, so that no write waits for them."""
    world.api()
    billingd.converge()
    drift(world)
    sandbox.clear()
    sandbox.faults({"action": "latency", "operation": "SimulatePrincipalPolicy", "latency_ms": 500, "times": 0})
    assert billingd.apply().code == 0
    sandbox.faults()
    calls = billingd.calls(lease=True)
    answered = min(c["end"] for c in calls if c["operation"] == "SimulatePrincipalPolicy")
    beside = [c for c in calls if c["operation"] == "ListAccountAliases" or str(c["params"].get("Key", "")).endswith("/leader.json")]
    assert len(beside) == 2 and all(c["time"] < answered for c in beside), beside
