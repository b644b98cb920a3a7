"""API Gateway v2 as AWS has it: partial stage updates, access-log rules, pages."""

import json
from typing import Any

import pytest

from .conftest import Pipeline, Wire
from .control import REGION, Sandbox

FORMAT = '{"id":"$context.requestId"}'


@pytest.fixture
def api(sandbox: Sandbox, pipeline: Pipeline) -> Any:
    client = sandbox.client("apigatewayv2")
    identifier = client.create_api(Name="api", ProtocolType="HTTP", Target="https://example.com")["ApiId"]
    return client, identifier


def stage(api: Any) -> Any:
    return api[0].get_stage(ApiId=api[1], StageName="$default")


def update(api: Any, **changes: Any) -> Any:
    return api[0].update_stage(ApiId=api[1], StageName="$default", **changes)


def test_quick_create_has_a_managed_default_stage(api: Any) -> None:
    found = stage(api)
    assert found["ApiGatewayManaged"] and found["AutoDeploy"] and "AccessLogSettings" not in found


def test_update_is_partial(api: Any, pipeline: Pipeline) -> None:
    settings = {"DestinationArn": pipeline.group_arn, "Format": FORMAT}
    assert update(api, AccessLogSettings=settings)["AccessLogSettings"] == settings
    update(api, Description="text", StageVariables={"a": "1"})
    update(api, DefaultRouteSettings={"ThrottlingBurstLimit": 5, "ThrottlingRateLimit": 2.5})
    found = stage(api)
    assert found["AccessLogSettings"] == settings and found["Description"] == "text"
    assert found["StageVariables"] == {"a": "1"} and found["AutoDeploy"]
    assert found["DefaultRouteSettings"]["ThrottlingBurstLimit"] == 5
    assert found["DefaultRouteSettings"]["DetailedMetricsEnabled"] is False


def test_path_of_default_stage(api: Any, wire: Wire) -> None:
    status, _, text = wire.rest("apigateway", "GET", f"/v2/apis/{api[1]}/stages/%24default")
    assert status == 200 and json.loads(text)["stageName"] == "$default"


def test_tags_of_a_stage(api: Any, refused: Any) -> None:
    arn = f"arn:aws:apigateway:{REGION}::/apis/{api[1]}/stages/$default"
    api[0].tag_resource(ResourceArn=arn, Tags={"team": "billing", "a": "1"})
    api[0].tag_resource(ResourceArn=arn, Tags={"a": "2"})
    assert stage(api)["Tags"] == api[0].get_tags(ResourceArn=arn)["Tags"] == {"team": "billing", "a": "2"}
    api[0].untag_resource(ResourceArn=arn, TagKeys=["a"])
    update(api, Description="text")
    assert stage(api)["Tags"] == {"team": "billing"}
    with refused("NotFoundException", "Invalid resource identifier", 404):
        api[0].tag_resource(ResourceArn=arn + "x", Tags={"a": "1"})


def test_logging_can_be_switched_off(api: Any, pipeline: Pipeline) -> None:
    update(api, AccessLogSettings={"DestinationArn": pipeline.group_arn, "Format": FORMAT})
    api[0].delete_access_log_settings(ApiId=api[1], StageName="$default")
    assert "AccessLogSettings" not in stage(api)


@pytest.mark.parametrize("arn,layout,text", [
    (f"arn:aws:logs:{REGION}:123456789012:log-group:/none", FORMAT, "does not exist"),
    ("arn:aws:logs:eu-west-1:123456789012:log-group:/group", FORMAT, "same account and region"),
    ("/group", FORMAT, "Invalid ARN"),
    (Pipeline.group_arn, '{"ip":"$context.identity.sourceIp"}', "$context.requestId"),
    (Pipeline.group_arn, "$context.requestId\n$context.status", "single line")])
def test_refusals(api: Any, refused: Any, arn: str, layout: str, text: str) -> None:
    with refused("BadRequestException", text, 400):
        update(api, AccessLogSettings={"DestinationArn": arn, "Format": layout})
    assert "AccessLogSettings" not in stage(api)


def test_execution_logs_are_refused(api: Any, refused: Any) -> None:
    with refused("BadRequestException", "Execution logs are not supported on protocolType HTTP"):
        update(api, DefaultRouteSettings={"LoggingLevel": "INFO"})


def test_delivery_policy_is_added_when_none_fits(api: Any, pipeline: Pipeline, refused: Any) -> None:
    update(api, AccessLogSettings={"DestinationArn": pipeline.group_arn, "Format": FORMAT})
    names = [p["policyName"] for p in pipeline.logs.describe_resource_policies()["resourcePolicies"]]
    assert names == ["AWSLogDeliveryWrite20150319"]


def test_own_delivery_policy_is_enough(api: Any, pipeline: Pipeline) -> None:
    document = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
        "Resource": pipeline.group_arn + ":log-stream:*"}]}
    pipeline.logs.put_resource_policy(policyName="mine", policyDocument=json.dumps(document))
    update(api, AccessLogSettings={"DestinationArn": pipeline.group_arn, "Format": FORMAT})
    names = [p["policyName"] for p in pipeline.logs.describe_resource_policies()["resourcePolicies"]]
    assert names == ["mine"]


def test_no_room_for_a_delivery_policy(api: Any, pipeline: Pipeline, refused: Any) -> None:
    other = json.dumps({"Statement": [{"Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
                                       "Action": "logs:*", "Resource": "*"}]})
    for number in range(10):
        pipeline.logs.put_resource_policy(policyName=f"p{number}", policyDocument=other)
    with refused("BadRequestException", "Insufficient permissions to enable logging"):
        update(api, AccessLogSettings={"DestinationArn": pipeline.group_arn, "Format": FORMAT})


def test_pages(api: Any, sandbox: Sandbox, refused: Any) -> None:
    for _ in range(4):
        api[0].create_api(Name="api", ProtocolType="HTTP")
    sandbox.switches(page_size=2)
    first = api[0].get_apis()
    assert len(first["Items"]) == 2
    pages = list(api[0].get_paginator("get_apis").paginate())
    assert [len(p["Items"]) for p in pages] == [2, 2, 1]
    assert len({item["ApiId"] for p in pages for item in p["Items"]}) == 5
    with refused("BadRequestException"):
        api[0].get_apis(NextToken="nonsense")


def test_missing(api: Any, refused: Any) -> None:
    with refused("NotFoundException", status=404):
        api[0].get_api(ApiId="nothing")
    with refused("NotFoundException", status=404):
        api[0].get_stage(ApiId=api[1], StageName="nothing")
