"""The switch `authorize`: a session may do what its role's policies allow, in the service's own words."""

import json
from types import SimpleNamespace
from typing import Any

import pytest

from . import authorize
from .conftest import Pipeline, trust
from .control import ACCOUNT, REGION, Sandbox


@pytest.fixture
def session(sandbox: Sandbox, pipeline: Pipeline) -> Any:
    """session(statement, ...) -> a key whose role has just these statements."""
    def make(*statements: dict[str, Any]) -> dict[str, str]:
        pipeline.iam.create_role(RoleName="least", AssumeRolePolicyDocument=trust(
            {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}))
        pipeline.iam.put_role_policy(RoleName="least", PolicyName="p", PolicyDocument=json.dumps(
            {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **s} for s in statements]}))
        given = sandbox.client("sts").assume_role(
            RoleArn=f"arn:aws:iam::{ACCOUNT}:role/least", RoleSessionName="session")["Credentials"]
        sandbox.switches(authorize=True)
        return {"access_key": given["AccessKeyId"], "secret_key": given["SecretAccessKey"],
                "token": given["SessionToken"]}
    return make


def test_logs(sandbox: Sandbox, session: Any, refused: Any) -> None:
    key = session({"Action": "logs:DescribeLogGroups", "Resource": "*"},
                  {"Action": "logs:PutRetentionPolicy", "Resource": Pipeline.group_arn + ":*"})
    logs = sandbox.client("logs", key=key)
    assert logs.describe_log_groups()["logGroups"]
    logs.put_retention_policy(logGroupName="/group", retentionInDays=14)
    with refused("AccessDeniedException", "is not authorized to perform: logs:CreateLogGroup"):
        logs.create_log_group(logGroupName="/other")


def test_caller_identity_needs_nothing(sandbox: Sandbox, session: Any) -> None:
    key = session({"Action": "s3:GetObject", "Resource": "*"})
    assert sandbox.client("sts", key=key).get_caller_identity()["Account"] == ACCOUNT


def test_pass_role(sandbox: Sandbox, session: Any, pipeline: Pipeline, refused: Any) -> None:
    passing = {"Action": "iam:PassRole", "Resource": pipeline.firehose_role, "Condition": {
        "StringEquals": {"iam:PassedToService": "firehose.amazonaws.com"}}}
    key = session({"Action": "firehose:*", "Resource": "*"}, passing)
    firehose = sandbox.client("firehose", key=key)
    with refused("AccessDeniedException", "iam:PassRole"):
        firehose.create_delivery_stream(DeliveryStreamName="stream", ExtendedS3DestinationConfiguration=(
            pipeline.config(RoleARN=pipeline.logs_role)))
    firehose.create_delivery_stream(DeliveryStreamName="stream",
                                    ExtendedS3DestinationConfiguration=pipeline.config())


def test_s3_actions_have_names_of_their_own(sandbox: Sandbox, session: Any, refused: Any) -> None:
    sandbox.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={
        "LocationConstraint": REGION})
    key = session({"Action": ["s3:ListBucket", "s3:GetEncryptionConfiguration"],
                   "Resource": "arn:aws:s3:::bucket"})
    s3 = sandbox.client("s3", key=key)
    s3.head_bucket(Bucket="bucket")
    s3.get_bucket_encryption(Bucket="bucket")
    with refused("AccessDenied", "s3:GetLifecycleConfiguration", 403):
        s3.get_bucket_lifecycle_configuration(Bucket="bucket")


def test_glue_needs_catalog_and_database_too(sandbox: Sandbox, session: Any, refused: Any) -> None:
    sandbox.client("glue").create_database(DatabaseInput={"Name": "d"})
    sandbox.client("glue").create_table(DatabaseName="d", TableInput={"Name": "t"})
    head = f"arn:aws:glue:{REGION}:{ACCOUNT}:"
    key = session({"Action": "glue:GetTable", "Resource": [head + "catalog", head + "table/d/t"]})
    with refused("AccessDeniedException", "database/d"):
        sandbox.client("glue", key=key).get_table(DatabaseName="d", Name="t")


def test_stage_logging_needs_log_delivery(sandbox: Sandbox, session: Any, refused: Any) -> None:
    gateway = sandbox.client("apigatewayv2")
    api = gateway.create_api(Name="a", ProtocolType="HTTP", Target="https://example.com")["ApiId"]
    key = session({"Action": ["apigateway:GET", "apigateway:PATCH"], "Resource": "*"})
    mine = sandbox.client("apigatewayv2", key=key)
    mine.update_stage(ApiId=api, StageName="$default", Description="text")
    with refused("BadRequestException", "Insufficient permissions to enable logging"):
        mine.update_stage(ApiId=api, StageName="$default", AccessLogSettings={
            "DestinationArn": Pipeline.group_arn, "Format": "$context.requestId"})


@pytest.mark.parametrize("params,resources", [
    ({"Name": "one"}, []), ({"ThingArn": "arn:aws:things:r:1:thing/one"}, ["arn:aws:things:r:1:thing/one"]),
    ({"RoleArn": "arn:aws:iam::1:role/r"}, [])])
def test_a_service_without_a_line_in_needs(params: dict[str, Any], resources: list[str]) -> None:
    """The action on what its own ARNs name, else on whatever resource a policy has."""
    call = SimpleNamespace(service="things", operation="PutThing", params=params)
    assert authorize.whatever_resource(call) == [("things:PutThing", resources)]
