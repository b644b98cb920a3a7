"""What billingd made, read back by others: boto3's waiters and paginators, and the view's own text."""

import base64
import json
import re
from typing import Any

import pytest
import seed
from program import Billingd, effective
from sandbox.control import ACCOUNT, REGION, Sandbox
from world import World

TRINO = {"string": "varchar", "int": "integer", "bigint": "bigint", "date": "date", "boolean": "boolean",
         "double": "double", "timestamp": "timestamp(3)", "array<string>": "array(varchar)"}


@pytest.fixture
def made(sandbox: Sandbox, billingd: Billingd, world: World) -> World:
    world.api()
    billingd.converge()
    return world


def test_waiters_find_everything(made: World) -> None:
    wanted = effective()
    for resource in wanted.values():
        quick = {"WaiterConfig": {"Delay": 0, "MaxAttempts": 1}}
        if resource["kind"] == "s3_bucket":
            made.s3.get_waiter("bucket_exists").wait(Bucket=resource["name"], **quick)
        if resource["kind"] == "iam_role":
            made.iam.get_waiter("role_exists").wait(RoleName=resource["name"], **quick)
    names = {g["logGroupName"] for page in made.logs.get_paginator("describe_log_groups").paginate()
             for g in page["logGroups"]}
    assert names == {w["name"] for w in wanted.values() if w["kind"] == "log_group"}
    tables = {t["Name"] for page in made.glue.get_paginator("get_tables").paginate(
        DatabaseName=seed.DATABASE) for t in page["TableList"]}
    assert tables == {w["name"] for w in wanted.values() if w["kind"] in ("glue_table", "athena_view")}


def test_bucket_policy_as_others_see_it(made: World) -> None:
    document = json.loads(made.s3.get_bucket_policy(Bucket=seed.BUCKET)["Policy"])
    assert document["Version"] == "2012-10-17"
    assert [s["Sid"] for s in document["Statement"]] == ["BillingdTlsOnly"]


def test_the_view_is_what_athena_reads(made: World) -> None:
    """The form that Athena itself stores: columns agree inside and outside, by Trino's and Hive's names."""
    want = next(w for w in effective().values() if w["kind"] == "athena_view")
    table = made.glue.get_table(DatabaseName=want["database"], Name=want["name"])["Table"]
    match = re.fullmatch(r"/\* Presto View: ([A-Za-z0-9+/]+=*) \*/", table["ViewOriginalText"])
    assert match and len(match[1]) % 4 == 0
    view = json.loads(base64.b64decode(match[1], validate=True))
    assert view["originalSql"] == want["sql"]
    assert (view["catalog"], view["schema"]) == ("awsdatacatalog", want["database"])
    assert [(c["name"], c["type"]) for c in view["columns"]] == [
        (name, TRINO[kind]) for name, kind in want["columns"].items()]
    assert [(c["Name"], c["Type"]) for c in table["StorageDescriptor"]["Columns"]] == list(
        want["columns"].items())
    assert table["TableType"] == "VIRTUAL_VIEW" and table["PartitionKeys"] == []
    assert table["ViewExpandedText"] == "/* Presto View */"
    assert table["Parameters"]["presto_view"] == "true"
    assert table["StorageDescriptor"]["Location"] == ""
    assert "SerdeInfo" in table["StorageDescriptor"]


def test_projection_covers_the_streams_layout(made: World) -> None:
    """The raw table finds what the stream delivers: every partition key, in the stream's own prefix."""
    want = effective()
    table = made.glue.get_table(DatabaseName=seed.DATABASE, Name=want["raw_table"]["name"])["Table"]
    keys = [k["Name"] for k in table["PartitionKeys"]]
    parameters = table["Parameters"]
    assert parameters["projection.enabled"] == "true"
    for key in keys:
        assert parameters[f"projection.{key}.type"] in ("integer", "date", "enum")
        assert f"{key}=${{{key}}}" in parameters["storage.location.template"]
    stream = made.firehose.describe_delivery_stream(DeliveryStreamName=seed.FIREHOSE)[
        "DeliveryStreamDescription"]["Destinations"][0]["ExtendedS3DestinationDescription"]
    prefix = stream["Prefix"].partition("!{")[0].rpartition("/")[0]
    location = table["StorageDescriptor"]["Location"]
    assert location == f"s3://{seed.BUCKET}/{prefix}/"
    assert parameters["storage.location.template"].startswith(location)


def test_what_points_at_what(made: World) -> None:
    """The chain from the API to the bucket holds together, read from its end to its beginning."""
    stream = made.firehose.describe_delivery_stream(DeliveryStreamName=seed.FIREHOSE)[
        "DeliveryStreamDescription"]
    destination = stream["Destinations"][0]["ExtendedS3DestinationDescription"]
    assert stream["DeliveryStreamStatus"] == "ACTIVE"
    assert destination["BucketARN"] == f"arn:aws:s3:::{seed.BUCKET}"
    assert destination["RoleARN"] == made.iam.get_role(RoleName=seed.ROLE)["Role"]["Arn"]
    logging = destination["CloudWatchLoggingOptions"]
    streams = made.logs.describe_log_streams(logGroupName=logging["LogGroupName"])["logStreams"]
    assert logging["LogStreamName"] in [s["logStreamName"] for s in streams]
    found = made.logs.describe_subscription_filters(logGroupName=seed.LOG_GROUP)["subscriptionFilters"]
    assert [(f["destinationArn"], f["roleArn"]) for f in found] == [
        (stream["DeliveryStreamARN"], made.iam.get_role(RoleName=seed.LOGS_ROLE)["Role"]["Arn"])]
    api = made.apigatewayv2.get_apis()["Items"][0]["ApiId"]
    stage = made.apigatewayv2.get_stage(ApiId=api, StageName="$default")
    assert stage["AccessLogSettings"]["DestinationArn"] == made.log_group_arn(seed.LOG_GROUP)
    json.loads(stage["AccessLogSettings"]["Format"])


def statements(document: Any) -> list[dict[str, Any]]:
    return document["Statement"] if isinstance(document["Statement"], list) else [document["Statement"]]


def test_roles_are_narrow(made: World) -> None:
    """No wildcard action, no resource of others, and nobody but the service may assume them."""
    for role, service in ((seed.ROLE, "firehose.amazonaws.com"),
                          (seed.LOGS_ROLE, f"logs.{REGION}.amazonaws.com")):
        trust = made.iam.get_role(RoleName=role)["Role"]["AssumeRolePolicyDocument"]
        assert [s["Principal"] for s in statements(trust)] == [{"Service": service}]
        assert all(ACCOUNT in json.dumps(s["Condition"]) for s in statements(trust))
        for name in made.iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = made.iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for statement in statements(document):
                assert "*" not in json.dumps(statement["Action"]), statement
                assert statement["Resource"] != "*", statement
