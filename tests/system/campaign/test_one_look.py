"""One wrong reply, whatever it is, at whatever read: nothing is written because of it, and nothing of others' is lost.

Beside what is no valid reply at all there are replies that nobody can tell from true ones: "there is none", and a
document with other contents. Only a second look tells."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import seed
import yaml
from program import Billingd
from sandbox.control import ACCOUNT, Sandbox
from world import World

TABLE_INPUT = ("Name", "Description", "TableType", "PartitionKeys", "Parameters", "StorageDescriptor")
REWRITES = ("html", "empty", "bare", "null", "cut", "wrong_document", "other_account")
THEIRS = {"Sid": "SecurityTeamDenyDelete", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket",
          "Resource": f"arn:aws:s3:::{seed.BUCKET}"}


def policy(world: World) -> list[Any]:
    statements = json.loads(world.s3.get_bucket_policy(Bucket=seed.BUCKET)["Policy"])["Statement"]
    return [s for s in statements if s["Sid"] == THEIRS["Sid"]]


def set_policy(world: World, ours: bool) -> None:
    statements = json.loads(world.s3.get_bucket_policy(Bucket=seed.BUCKET)["Policy"])["Statement"]
    kept = [s for s in statements if ours and s["Sid"] != THEIRS["Sid"]]
    world.s3.put_bucket_policy(Bucket=seed.BUCKET, Policy=json.dumps(
        {"Version": "2012-10-17", "Statement": [*kept, THEIRS]}))


def tags(world: World) -> list[Any]:
    return [t for t in world.s3.get_bucket_tagging(Bucket=seed.BUCKET)["TagSet"] if t["Key"] == "cost"]


def set_tags(world: World, ours: bool) -> None:
    kept = [t for t in world.s3.get_bucket_tagging(Bucket=seed.BUCKET)["TagSet"] if ours and t["Key"] != "cost"]
    world.s3.put_bucket_tagging(Bucket=seed.BUCKET, Tagging={"TagSet": [*kept, {"Key": "cost", "Value": "7"}]})


def rules(world: World) -> list[Any]:
    found = world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"]
    return [r["Expiration"] for r in found if r["ID"] == "theirs"]


def set_rules(world: World, ours: bool) -> None:
    found = world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"]
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={
        "Rules": [*(r for r in found if ours and r["ID"] != "theirs"), theirs]})


def table(world: World) -> list[Any]:
    found = world.glue.get_table(DatabaseName=seed.DATABASE, Name=seed.RAW)["Table"]
    return [v for k, v in found["Parameters"].items() if k == "team"]


def set_table(world: World, ours: bool) -> None:
    found = world.glue.get_table(DatabaseName=seed.DATABASE, Name=seed.RAW)["Table"]
    given = {k: found[k] for k in found if k in TABLE_INPUT}
    given["Parameters"] = {**found["Parameters"], "team": "search",
                           **({} if ours else {"projection.enabled": "false"})}
    world.glue.update_table(DatabaseName=seed.DATABASE, TableInput=given)


def log_policy(world: World) -> list[Any]:
    policies = world.logs.describe_resource_policies()["resourcePolicies"]
    return [s for p in policies for s in json.loads(p["policyDocument"])["Statement"] if s["Sid"] == "Theirs"]


def set_log_policy(world: World, ours: bool) -> None:
    policy = world.logs.describe_resource_policies()["resourcePolicies"][0]
    kept = [s for s in json.loads(policy["policyDocument"])["Statement"] if ours and s["Sid"] != "Theirs"]
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
              "Action": "logs:PutLogEvents", "Resource": "*"}
    world.logs.put_resource_policy(policyName=policy["policyName"], policyDocument=seed.document(*kept, theirs))


class Document(NamedTuple):
    service: str
    read: str
    absent: str  # what AWS answers when there is none
    theirs: Callable[[World], Any]
    set: Callable[[World, bool], None]


DOCUMENTS = [Document("s3", "GetBucketPolicy", "NoSuchBucketPolicy", policy, set_policy),
             Document("s3", "GetBucketTagging", "NoSuchTagSet", tags, set_tags),
             Document("s3", "GetBucketLifecycleConfiguration", "NoSuchLifecycleConfiguration", rules, set_rules),
             Document("glue", "GetTable", "EntityNotFoundException", table, set_table),
             Document("logs", "DescribeResourcePolicies", "ResourceNotFoundException", log_policy, set_log_policy)]


def absent(document: Document) -> dict[str, Any]:
    return {"action": "error", "code": document.absent, "status": 404, "message": "there is none"}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda d: d.read)
def test_documents_that_others_write_too(sandbox: Sandbox, billingd: Billingd, world: World,
                                         document: Document) -> None:
    world.api()
    billingd.converge()
    document.set(world, True)
    for lie in [absent(document), *({"action": a} for a in REWRITES)]:
        sandbox.clear()
        sandbox.faults({"service": document.service, "operation": document.read, **lie})
        billingd.apply()
        assert billingd.writes() == [], lie
    sandbox.faults()
    theirs = document.theirs(world)
    assert theirs
    for nth in (1, 2, 3):
        for times in (1, 2):
            for lie in (absent(document), {"action": "bare"}):
                document.set(world, False)
                sandbox.faults({"service": document.service, "operation": document.read, "nth": nth,
                                "times": times, **lie})
                billingd.apply()
                sandbox.faults()
                assert document.theirs(world) == theirs, (nth, times, lie)
    billingd.converge()
    assert document.theirs(world) == theirs


@pytest.mark.parametrize("operation", ["ListNamedQueries", "BatchGetNamedQuery"])
def test_saved_queries_are_not_made_twice(sandbox: Sandbox, billingd: Billingd, world: World,
                                          operation: str) -> None:
    world.api()
    billingd.converge()
    for action in (*REWRITES, "unprocessed"):
        sandbox.clear()
        sandbox.faults({"service": "athena", "operation": operation, "action": action})
        billingd.apply()
        assert billingd.writes() == [], action
    sandbox.faults()


def test_copies_of_a_saved_query_are_told(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """Two that create at once leave copies; what cannot be told from others' is told, and stays."""
    world.api()
    billingd.converge()
    listed = world.athena.list_named_queries(WorkGroup="BillingWG")["NamedQueryIds"]
    query = world.athena.batch_get_named_query(NamedQueryIds=listed[:1])["NamedQueries"][0]
    copies = [world.athena.create_named_query(**{k: query[k] for k in (
        "Name", "Database", "QueryString", "WorkGroup")})["NamedQueryId"] for _ in range(2)]
    sandbox.clear()
    said = billingd.plan()
    told = [r for r in said.resources.values() if "2 more saved queries have this name" in str(r)]
    ids = {query["NamedQueryId"], *copies}
    assert len(told) == 1 and all(one in str(told) for one in ids), said
    assert "delete-named-query" in str(told)
    assert billingd.apply().code == 0
    assert billingd.writes() == []


CREATED = {"firehose": ("DescribeDeliveryStream", "ResourceNotFoundException"),
           "glue": ("GetTable", "EntityNotFoundException"), "iam": ("GetRole", "NoSuchEntity"),
           "s3": ("HeadBucket", "404")}


@pytest.mark.parametrize("service", CREATED)
def test_one_false_absence_creates_nothing(sandbox: Sandbox, billingd: Billingd, world: World, service: str) -> None:
    world.api()
    billingd.converge()
    operation, code = CREATED[service]
    sandbox.clear()
    sandbox.faults({"service": service, "operation": operation, "action": "error", "code": code,
                    "status": 404, "message": "there is none"})
    assert billingd.apply().code == 0
    sandbox.faults()
    assert billingd.writes() == []


class Listed(NamedTuple):
    """What a list has too, and its own read; the items of the list, None: it reads the same thing in another way."""

    list: str
    items: str | None
    own: str
    absent: str


LISTED = {"iam": Listed("GetAccountAuthorizationDetails", "RoleDetailList", "GetRole", "NoSuchEntity"),
          "glue": Listed("GetTables", "TableList", "GetTable", "EntityNotFoundException"),
          "s3": Listed("GetBucketEncryption", None, "HeadBucket", "404")}


def empty_list(service: str) -> dict[str, Any]:
    listed = LISTED[service]
    lie = {"action": "error", "code": "NoSuchBucket", "status": 404, "message": "there is none"} if listed.items is None else {
        "action": "member", "path": [listed.items], "value": []}
    return {"service": service, "operation": listed.list, "times": 1, **lie}


def own_absence(service: str, times: int = 1) -> dict[str, Any]:
    return {"service": service, "operation": LISTED[service].own, "action": "error", "code": LISTED[service].absent,
            "status": 404, "message": "there is none", "times": times}


@pytest.mark.parametrize("service", LISTED)
def test_a_list_without_it_is_one_look(sandbox: Sandbox, billingd: Billingd, world: World, service: str) -> None:
    world.api()
    billingd.converge()
    sandbox.clear()
    sandbox.faults(empty_list(service))
    assert billingd.apply().code == 0
    assert sandbox.fault_counts()[0]["fired"] == 1
    sandbox.faults()
    assert billingd.writes() == []


@pytest.mark.parametrize("service", LISTED)
def test_a_list_that_tells_nothing_is_no_look(sandbox: Sandbox, billingd: Billingd, world: World, service: str) -> None:
    """Refused, damaged, or given up after some pages: then one false absence is the first look, and not the second."""
    world.api()
    billingd.converge()
    for fault in ({"action": "error", "code": "AccessDenied", "status": 403, "message": "no"}, {"action": "html"}, {"action": "cut"}):
        sandbox.clear()
        sandbox.faults({"service": service, "operation": LISTED[service].list, "times": 1, **fault}, own_absence(service))
        billingd.apply()
        sandbox.faults()
        assert billingd.writes() == [], fault


def test_a_bucket_without_encryption_is_there(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """It is told with the status that HeadBucket has for a bucket that is not: it is no look at the bucket's absence."""
    world.api()
    billingd.converge()
    for code in ("ServerSideEncryptionConfigurationNotFoundError", "NoSuchKey"):
        sandbox.clear()
        sandbox.faults({"service": "s3", "operation": "GetBucketEncryption", "action": "error", "code": code, "status": 404,
                        "message": "not found", "times": 1}, own_absence("s3"))
        billingd.apply()
        assert [rule["fired"] for rule in sandbox.fault_counts()] == [1, 1]
        sandbox.faults()
        assert billingd.writes() == [], code


def test_a_list_given_up_is_no_look(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd.converge()
    for number in range(12):
        world.iam.create_role(RoleName=f"a-role-{number:03}", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    sandbox.switches(page_size=1)
    sandbox.clear()
    sandbox.faults(own_absence("iam"))
    assert billingd.apply().code == 0
    assert sandbox.fault_counts()[0]["fired"] == 1
    sandbox.faults()
    assert billingd.writes() == []


@pytest.mark.parametrize("looks", [1, 2])
def test_what_was_to_be_created_and_is_anothers(sandbox: Sandbox, billingd: Billingd, world: World, looks: int) -> None:
    """Made since, seen by the second look or met by the create: it has no mark, and nobody was shown what would change in it."""
    world.api()
    billingd.converge()
    [policy] = world.iam.list_role_policies(RoleName=seed.LOGS_ROLE)["PolicyNames"]
    world.iam.delete_role_policy(RoleName=seed.LOGS_ROLE, PolicyName=policy)
    world.iam.delete_role(RoleName=seed.LOGS_ROLE)
    world.iam.create_role(RoleName=seed.LOGS_ROLE, AssumeRolePolicyDocument=seed.trust("lambda.amazonaws.com"))
    before = world.iam.get_role(RoleName=seed.LOGS_ROLE)["Role"]
    sandbox.clear()
    unseen = empty_list("iam") if looks == 2 else {**empty_list("iam"), "action": "error", "code": "AccessDenied", "status": 403, "message": "no"}
    sandbox.faults(unseen, {**own_absence("iam"), "params": {"RoleName": seed.LOGS_ROLE}})
    said = billingd.apply()
    sandbox.faults()
    assert billingd.writes() == ["CreateRole"][looks % 2:] and world.iam.get_role(RoleName=seed.LOGS_ROLE)["Role"] == before
    assert said.code == 1 and "somebody else made it meanwhile" in said.resources["logs_role"]["text"], said
    assert billingd.plan().resources["logs_role"]["action"] == "update"
    billingd.converge()


def test_what_bears_no_mark_and_is_anothers(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """The second look sees it: nothing of ours was sent that could have made it."""
    world.api()
    billingd.converge()
    [theirs] = world.logs.describe_subscription_filters(logGroupName=seed.LOG_GROUP)["subscriptionFilters"]
    world.logs.put_subscription_filter(logGroupName=seed.LOG_GROUP, filterName=theirs["filterName"], filterPattern="theirs",
                                       destinationArn=theirs["destinationArn"], roleArn=theirs["roleArn"])
    before = world.snapshot()
    sandbox.clear()
    sandbox.faults({"operation": "DescribeSubscriptionFilters", "action": "member", "path": ["subscriptionFilters"], "value": []})
    said = billingd.apply()
    sandbox.faults()
    assert billingd.writes() == [] and world.snapshot() == before
    assert said.code == 1 and "somebody else made it meanwhile" in said.resources["subscription"]["text"], said
    assert billingd.plan().resources["subscription"]["action"] == "update"
    billingd.converge()


@pytest.mark.parametrize("service", LISTED)
def test_two_false_absences_replace_nothing(sandbox: Sandbox, billingd: Billingd, world: World, service: str) -> None:
    """Both looks are wrong: AWS refuses the create, and all stays as it was."""
    world.api()
    billingd.converge()
    before = world.snapshot()
    sandbox.clear()
    sandbox.faults(empty_list(service), own_absence(service))
    said = billingd.apply()
    sandbox.faults()
    assert said.code == 0 and len(billingd.writes()) == 1, (said, billingd.writes())
    assert world.snapshot() == before


def test_a_list_of_an_earlier_wave_is_no_fresh_look(sandbox: Sandbox, tmp_path: Path) -> None:
    """A list that told what 51 pipelines have not, two seconds before the last of them is written, counts no more: each is looked at
    twice by itself."""
    names = [f"wave{number}" for number in range(51)]
    resources = {name: {"resources": {"one": {"kind": "glue_database", "name": name}}} for name in names}
    (tmp_path / "empty.yaml").write_text("resources: {}\n")
    (tmp_path / "many.yaml").write_text(yaml.safe_dump({
        "template": "empty.yaml", "account": ACCOUNT, "region": sandbox.environment()["AWS_REGION"], "pipelines": resources}))
    sandbox.faults({"service": "glue", "operation": "GetDatabase", "action": "latency", "latency_ms": 1200, "times": 0})
    billingd = Billingd(sandbox, tmp_path, tmp_path / "many.yaml")
    said = billingd.apply()
    assert said.code == 0, said
    calls = billingd.calls(service="glue")
    assert len([c for c in calls if c["operation"] == "GetDatabases"]) == 1  # two waves of reads before any is confirmed
    for name in names:
        made = next(c["time"] for c in calls if c["operation"] == "CreateDatabase" and c["params"]["DatabaseInput"]["Name"] == name)
        looks = [c for c in calls if c["operation"] == "GetDatabase" and c["params"]["Name"] == name and c["end"] < made]
        assert len(looks) == 2, name
