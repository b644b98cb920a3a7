"""API Gateway v2: UpdateStage and access-log settings, and lists that come in pages."""

import json
import re
from typing import Any

from moto.core.utils import iso_8601_datetime_without_milliseconds, utcnow

from .. import moto_side, policy, replies
from ..call import Call, handles
from ..errors import AwsError
from ..messages import Reply

ATTRIBUTES = {"AccessLogSettings": "access_log_settings", "AutoDeploy": "auto_deploy",
              "ClientCertificateId": "client_certificate_id", "Description": "description",
              "DeploymentId": "deployment_id"}
MERGED = {"RouteSettings": "route_settings", "StageVariables": "stage_variables"}


def bad(message: str) -> AwsError:
    return AwsError("BadRequestException", message)


def api_of(call: Call) -> Any:
    identifier = call.params["ApiId"]
    api = call.backend().apis.get(identifier)
    if api is None:
        raise AwsError("NotFoundException", f"Invalid API identifier specified {identifier}", 404)
    return api


def stage_of(call: Call) -> Any:
    stage = api_of(call).stages.get(call.params["StageName"])
    if stage is None:
        raise AwsError("NotFoundException", "Unable to find Stage by name " + call.params["StageName"]
                       + " within the provided RestApi", 404)
    return stage


def check_log_settings(call: Call, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings as AWS keeps them, or a refusal."""
    arn, layout = settings.get("DestinationArn", ""), settings.get("Format", "")
    if not arn or not layout:
        raise bad("Access log settings need both destinationArn and format")
    match = re.fullmatch(r"arn:[\w-]+:(logs|firehose):([\w-]+):(\d{12}):(log-group:|deliverystream/)"
                         r"([^:]+)(:\*)?", arn)
    if not match:
        raise bad(f"Invalid ARN specified in the request: {arn}")
    if match[2] != call.region or match[3] != call.account:
        raise bad("Access log destination must be in the same account and region")
    if match[1] == "logs":
        groups = moto_side.backend("logs", call.account, call.region).groups
        if match[5] not in groups:
            raise bad("Invalid destination: the specified log group does not exist")
        check_delivery(call, match[5])
    if "\n" in layout or not re.search(r"\$context\.(requestId|extendedRequestId)\b", layout):
        raise bad("Access Log format must be single line, new line character is allowed only at end of "
                  "the format and must contain $context.requestId or $context.extendedRequestId")
    return {"destinationArn": arn.removesuffix(":*"), "format": layout}


def delivers(document: str, group_arn: str) -> bool:
    """Whether a log resource policy lets API Gateway's deliveries write to the group."""
    for statement in policy.statements_of(document):
        who = statement["Principal"]
        services = policy.listed(who.get("Service", [])) if isinstance(who, dict) else []
        if (statement["Effect"] == "Allow" and "delivery.logs.amazonaws.com" in services
                and any(policy.like(r, group_arn + ":log-stream:any")
                        for r in policy.listed(statement["Resource"]))):
            return True
    return False


def check_delivery(call: Call, group: str) -> None:
    """AWS adds its own delivery policy here when the account still has room for one."""
    logs = moto_side.backend("logs", call.account, call.region)
    arn = f"arn:{call.partition}:logs:{call.region}:{call.account}:log-group:{group}"
    if any(delivers(kept.policy_document, arn) for kept in logs.resource_policies.values()):
        return
    if len(logs.resource_policies) >= 10:
        raise bad("Insufficient permissions to enable logging")
    statement = {"Sid": "AWSLogDeliveryWrite", "Effect": "Allow",
                 "Principal": {"Service": "delivery.logs.amazonaws.com"},
                 "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                 "Resource": [f"{arn}:log-stream:*"],
                 "Condition": {"StringEquals": {"aws:SourceAccount": [call.account]},
                               "ArnLike": {"aws:SourceArn":
                                           [f"arn:{call.partition}:logs:{call.region}:{call.account}:*"]}}}
    old = logs.resource_policies.get("AWSLogDeliveryWrite20150319")
    document = json.loads(old.policy_document) if old else {"Version": "2012-10-17", "Statement": []}
    document["Statement"].append(statement)
    logs.put_resource_policy("AWSLogDeliveryWrite20150319", json.dumps(document))


def check_route_settings(call: Call, params: dict[str, Any]) -> None:
    if api_of(call).protocol_type != "HTTP":
        return
    for settings in [params.get("DefaultRouteSettings", {}), *params.get("RouteSettings", {}).values()]:
        if "LoggingLevel" in settings or "DataTraceEnabled" in settings:
            raise bad("Execution logs are not supported on protocolType HTTP")


def lower(value: Any) -> Any:
    """Member names of route settings as rest-json spells them."""
    return {k[:1].lower() + k[1:]: v for k, v in value.items()}


def shown(stage: Any) -> dict[str, Any]:
    document = stage.to_json()
    document["lastUpdatedDate"] = iso_8601_datetime_without_milliseconds(stage.updated)
    if getattr(stage, "deployment_id", None):
        document["deploymentId"] = stage.deployment_id
    elif document.get("autoDeploy"):
        document["deploymentId"] = "auto01"  # AWS deploys by itself as soon as there is a route
    if getattr(stage, "api_gateway_managed", False):
        document["apiGatewayManaged"] = True
    return document


def json_reply(document: dict[str, Any], status: int = 200) -> Reply:
    reply = Reply(status, [("Content-Type", "application/json")], json.dumps(document).encode())
    replies.without_nulls("apigatewayv2", reply)
    return reply


@handles("apigatewayv2", "UpdateStage")
def update_stage(call: Call) -> Reply:
    stage = stage_of(call)
    params = call.params
    check_route_settings(call, params)
    if "AccessLogSettings" in params:
        settings = check_log_settings(call, params["AccessLogSettings"])
    if "StageName" in params and params.get("Tags"):
        raise bad("Tags are set with TagResource")
    for member, attribute in ATTRIBUTES.items():
        if member in params:
            setattr(stage, attribute, settings if member == "AccessLogSettings" else params[member])
    for member, attribute in MERGED.items():
        for key, value in params.get(member, {}).items():
            getattr(stage, attribute)[key] = lower(value) if isinstance(value, dict) else value
    if "DefaultRouteSettings" in params:
        stage.default_route_settings.update(lower(params["DefaultRouteSettings"]))
    stage.updated = utcnow()
    return json_reply(shown(stage))


@handles("apigatewayv2", "CreateStage")
def create_stage(call: Call) -> Reply:
    api = api_of(call)
    name = call.params["StageName"]
    if name in api.stages:
        raise AwsError("ConflictException", f"Stage {name} already exists", 409)
    check_route_settings(call, call.params)
    settings = None
    if "AccessLogSettings" in call.params:
        settings = check_log_settings(call, call.params["AccessLogSettings"])
    reply = call.forward()
    if reply.status < 300:
        stage = api.stages[name]
        stage.access_log_settings = settings
        return json_reply(shown(stage), 201)
    return reply


@handles("apigatewayv2", "GetStage")
def get_stage(call: Call) -> Reply:
    return json_reply(shown(stage_of(call)))


def tags_of(call: Call) -> dict[str, str] | None:
    """The tags of a stage, which moto keeps apart from those of APIs; None: the ARN is none of a stage's."""
    match = re.fullmatch(r"arn:[\w-]+:apigateway:([\w-]+)::/apis/([^/]+)/stages/([^/]+)", call.params["ResourceArn"])
    if not match:
        return None
    api = call.backend().apis.get(match[2])
    if match[1] != call.region or api is None or match[3] not in api.stages:
        raise AwsError("NotFoundException", f"Invalid resource identifier specified {call.params['ResourceArn']}", 404)
    stage = api.stages[match[3]]
    stage.tags = dict(stage.tags or {})
    return stage.tags


@handles("apigatewayv2", "TagResource")
def tag_resource(call: Call) -> Reply:
    tags = tags_of(call)
    if tags is None:
        return call.forward()
    if len(tags | call.params["Tags"]) > 50:
        raise bad("The number of tags exceeds the limit of 50")
    tags.update(call.params["Tags"])
    return json_reply({}, 201)


@handles("apigatewayv2", "UntagResource")
def untag_resource(call: Call) -> Reply:
    tags = tags_of(call)
    if tags is None:
        return call.forward()
    for key in call.params["TagKeys"]:
        tags.pop(key, None)
    return Reply(204)


@handles("apigatewayv2", "GetTags")
def get_tags(call: Call) -> Reply:
    tags = tags_of(call)
    return call.forward() if tags is None else json_reply({"tags": tags})


@handles("apigatewayv2", "DeleteAccessLogSettings")
def delete_access_log_settings(call: Call) -> Reply:
    stage_of(call).access_log_settings = None
    return Reply(204)


@handles("apigatewayv2", "GetApi")
def get_api(call: Call) -> Reply:
    return json_reply(api_of(call).to_json())


@handles("apigatewayv2", "DeleteApi")
def delete_api(call: Call) -> Reply:
    api_of(call)
    call.forward()
    return Reply(204)


@handles("apigatewayv2", "UpdateApi")
def update_api(call: Call) -> Reply:
    api = api_of(call)
    reply = call.forward()
    return json_reply(api.to_json()) if reply.status < 300 else reply


def paged(call: Call, items: list[dict[str, Any]]) -> Reply:
    limit = call.params.get("MaxResults")
    if limit is not None and not limit.isdigit():
        raise bad("Invalid value for maxResults")
    page, more = call.page(items, call.params.get("NextToken"), int(limit) if limit else None, 100,
                           "BadRequestException")
    return json_reply({"items": page, **({"nextToken": more} if more else {})})


@handles("apigatewayv2", "GetApis")
def get_apis(call: Call) -> Reply:
    return paged(call, [api.to_json() for api in call.backend().apis.values()])


@handles("apigatewayv2", "GetStages")
def get_stages(call: Call) -> Reply:
    return paged(call, [shown(stage) for stage in api_of(call).stages.values()])


@handles("apigatewayv2", "CreateApi")
def create_api(call: Call) -> Reply:
    """Quick create (a target given) comes with a managed $default stage."""
    reply = call.forward()
    if reply.status >= 300:
        return reply
    api = call.backend().apis[json.loads(reply.body)["apiId"]]
    if "Target" in call.params:
        stage = api.create_stage({"stageName": "$default", "autoDeploy": True})
        stage.api_gateway_managed = True
    return json_reply(api.to_json(), 201)
