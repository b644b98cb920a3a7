"""CloudWatch Logs as AWS has it: filters with a test message, limits, classes, pages, tags."""

import json
from typing import Any

import pytest

from .conftest import Pipeline
from .control import Sandbox


def filters(pipeline: Pipeline) -> Any:
    return pipeline.logs.describe_subscription_filters(logGroupName="/group")["subscriptionFilters"]


def test_put_is_an_upsert(pipeline: Pipeline) -> None:
    pipeline.stream()
    pipeline.filter()
    pipeline.filter("two")
    created = filters(pipeline)[0]["creationTime"]
    pipeline.filter(filterPattern="ERROR")
    one, two = filters(pipeline)
    assert (one["filterPattern"], two["filterPattern"]) == ("ERROR", "")
    assert one["creationTime"] == created and one["distribution"] == "ByLogStream"


def test_two_filters_at_most(pipeline: Pipeline, refused: Any) -> None:
    pipeline.stream()
    pipeline.filter()
    pipeline.filter("two")
    with refused("LimitExceededException", "Resource limit exceeded."):
        pipeline.filter("three")


def test_stream_must_exist(pipeline: Pipeline, refused: Any) -> None:
    with refused("InvalidParameterException", "Could not deliver test message to specified Firehose stream. "
                 "Check if the given Firehose stream is in ACTIVE state."):
        pipeline.filter()


def test_role_must_be_assumable(pipeline: Pipeline, refused: Any) -> None:
    pipeline.stream()
    with refused("ValidationException", "Make sure you have given CloudWatch Logs permission to assume "
                 "the provided role"):
        pipeline.filter(roleArn=pipeline.firehose_role)


def test_role_must_be_allowed_to_put(pipeline: Pipeline, refused: Any) -> None:
    pipeline.stream()
    pipeline.iam.delete_role_policy(RoleName="logs", PolicyName="put")
    with refused("InvalidParameterException", "Could not deliver test message"):
        pipeline.filter()


@pytest.mark.parametrize("days,good", [(14, True), (3653, True), (13, False), (0, False)])
def test_retention(pipeline: Pipeline, refused: Any, days: int, good: bool) -> None:
    if not good:
        with refused("InvalidParameterException"):
            pipeline.logs.put_retention_policy(logGroupName="/group", retentionInDays=days)
        return
    pipeline.logs.put_retention_policy(logGroupName="/group", retentionInDays=days)
    group = pipeline.logs.describe_log_groups(logGroupNamePrefix="/group")["logGroups"][0]
    assert group["retentionInDays"] == days and group["arn"] == group["logGroupArn"] + ":*"
    pipeline.logs.delete_retention_policy(logGroupName="/group")
    assert "retentionInDays" not in pipeline.logs.describe_log_groups()["logGroups"][0]


def test_class(pipeline: Pipeline, refused: Any) -> None:
    pipeline.logs.create_log_group(logGroupName="/rare", logGroupClass="INFREQUENT_ACCESS")
    groups = pipeline.logs.describe_log_groups()["logGroups"]
    assert [g["logGroupClass"] for g in groups] == ["STANDARD", "INFREQUENT_ACCESS"]
    with refused("InvalidParameterException", "STANDARD"):
        pipeline.filter(logGroupName="/rare")


def test_pages(pipeline: Pipeline, sandbox: Sandbox, refused: Any) -> None:
    for number in range(4):
        pipeline.logs.create_log_group(logGroupName=f"/g{number}")
    sandbox.switches(page_size=2)
    pages = [[g["logGroupName"] for g in page["logGroups"]]
             for page in pipeline.logs.get_paginator("describe_log_groups").paginate()]
    assert pages == [["/g0", "/g1"], ["/g2", "/g3"], ["/group"]]
    token = pipeline.logs.describe_log_groups()["nextToken"]
    with refused("InvalidParameterException", "nextToken is invalid"):
        pipeline.logs.describe_log_streams(logGroupName="/group", nextToken=token)


POLICY = json.dumps({"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
     "Action": "logs:PutLogEvents", "Resource": "*"}]})


def test_resource_policies(pipeline: Pipeline, sandbox: Sandbox, refused: Any) -> None:
    for number in range(10):
        pipeline.logs.put_resource_policy(policyName=f"p{number}", policyDocument=POLICY)
    with refused("LimitExceededException"):
        pipeline.logs.put_resource_policy(policyName="p10", policyDocument=POLICY)
    pipeline.logs.put_resource_policy(policyName="p9", policyDocument=POLICY)
    sandbox.switches(page_size=7)
    first = pipeline.logs.describe_resource_policies()
    rest = pipeline.logs.describe_resource_policies(nextToken=first["nextToken"])
    assert (len(first["resourcePolicies"]), len(rest["resourcePolicies"])) == (7, 3)
    with refused("InvalidParameterException"):
        pipeline.logs.put_resource_policy(policyName="p1", policyDocument="{}")


def test_tags(pipeline: Pipeline, refused: Any) -> None:
    arn = pipeline.group_arn
    pipeline.logs.tag_resource(resourceArn=arn, tags={"a": "1", "b": "2"})
    pipeline.logs.untag_resource(resourceArn=arn, tagKeys=["a"])
    assert pipeline.logs.list_tags_for_resource(resourceArn=arn)["tags"] == {"b": "2"}
    with refused("InvalidParameterException"):
        pipeline.logs.list_tags_for_resource(resourceArn=arn + ":*")
    with refused("ResourceNotFoundException"):
        pipeline.logs.list_tags_for_resource(resourceArn=arn + "x")


def test_log_streams(pipeline: Pipeline, refused: Any) -> None:
    pipeline.logs.create_log_stream(logGroupName="/group", logStreamName="S3Delivery")
    with refused("ResourceAlreadyExistsException"):
        pipeline.logs.create_log_stream(logGroupName="/group", logStreamName="S3Delivery")
    streams = pipeline.logs.describe_log_streams(logGroupName="/group", logStreamNamePrefix="S3")
    assert [s["logStreamName"] for s in streams["logStreams"]] == ["S3Delivery"]
    with refused("ResourceNotFoundException", "The specified log group does not exist."):
        pipeline.logs.describe_log_streams(logGroupName="/none")


def test_filter_log_events(pipeline: Pipeline, sandbox: Sandbox) -> None:
    pipeline.logs.create_log_stream(logGroupName="/group", logStreamName="s")
    now = int(sandbox.send("GET", "health")["time"] * 1000)
    pipeline.logs.put_log_events(logGroupName="/group", logStreamName="s",
                                 logEvents=[{"timestamp": now, "message": "hello"}])
    events = pipeline.logs.filter_log_events(logGroupName="/group", startTime=now - 1000)["events"]
    assert [e["message"] for e in events] == ["hello"]
