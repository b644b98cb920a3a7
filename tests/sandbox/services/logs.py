"""CloudWatch Logs: subscription filters that send a test message, policies with limits, lists in pages."""

import json
import re
from typing import Any

from moto.core.utils import unix_time_millis
from moto.logs.models import LogResourcePolicy, SubscriptionFilter

from .. import moto_side, roles
from ..call import Call, handles
from ..errors import AwsError
from .firehose import status_of

RETENTION = (1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
             3288, 3653)
MAX_POLICIES = 10
UNDELIVERED = ("Could not deliver test message to specified Firehose stream. Check if the given Firehose "
               "stream is in ACTIVE state.")


def invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)


def missing(what: str = "log group") -> AwsError:
    return AwsError("ResourceNotFoundException", f"The specified {what} does not exist.")


def group_of(call: Call, name: str | None = None) -> Any:
    given = name or call.params.get("logGroupName") or call.params.get("logGroupIdentifier")
    if not given:
        raise invalid("Exactly one of logGroupName and logGroupIdentifier must be given")
    if given.startswith("arn:"):
        given = given.split(":log-group:")[-1].removesuffix(":*")
    group = call.backend().groups.get(given)
    if group is None:
        raise missing()
    return group


def paged(call: Call, member: str, items: list[Any], most: int = 50) -> dict[str, Any]:
    page, more = call.page(items, call.params.get("nextToken"), call.params.get("limit"), most)
    return {member: page, **({"nextToken": more} if more else {})}


def shown(group: Any) -> dict[str, Any]:
    result = {"logGroupName": group.name, "creationTime": int(unix_time_millis(group.creation_time)),
              "metricFilterCount": 0, "arn": group.arn + ":*", "storedBytes": 0,
              "logGroupClass": getattr(group, "sandbox_class", "STANDARD"), "logGroupArn": group.arn}
    if group.retention_in_days is not None:
        result["retentionInDays"] = int(group.retention_in_days)
    if group.kms_key_id:
        result["kmsKeyId"] = group.kms_key_id
    if getattr(group, "sandbox_masked", False):
        result["dataProtectionStatus"] = "ACTIVATED"
    return result


def account_policies(call: Call, kind: str) -> dict[str, Any]:
    """Policies of the account by their name; moto has none."""
    backend = call.backend()
    if not hasattr(backend, "sandbox_policies"):
        backend.sandbox_policies = {}
    found: dict[str, Any] = backend.sandbox_policies.setdefault(kind, {})
    return found


def under_account(call: Call, result: dict[str, Any]) -> dict[str, Any]:
    """What the account's policies make of a log group, whatever was put into it."""
    for name, policy in account_policies(call, "RETENTION_POLICY").items():
        result["retentionInDays"] = json.loads(policy["policyDocument"])["retentionInDays"]
        result["retentionPolicyName"] = name
    if account_policies(call, "DATA_PROTECTION_POLICY"):
        result["inheritedProperties"] = ["ACCOUNT_DATA_PROTECTION"]
    return result


@handles("logs", "PutAccountPolicy")
def put_account_policy(call: Call) -> dict[str, Any]:
    p = call.params
    kept = {"policyName": p["policyName"], "policyDocument": p["policyDocument"], "policyType": p["policyType"],
            "scope": "ALL", "accountId": call.account, "lastUpdatedTime": 1_760_000_000_000}
    if "selectionCriteria" in p:
        kept["selectionCriteria"] = p["selectionCriteria"]
    account_policies(call, p["policyType"])[p["policyName"]] = kept
    return {"accountPolicy": kept}


@handles("logs", "DeleteAccountPolicy")
def delete_account_policy(call: Call) -> dict[str, Any]:
    if account_policies(call, call.params["policyType"]).pop(call.params["policyName"], None) is None:
        raise missing("policy")
    return {}


@handles("logs", "DescribeAccountPolicies")
def describe_account_policies(call: Call) -> dict[str, Any]:
    return paged(call, "accountPolicies", list(account_policies(call, call.params["policyType"]).values()))


@handles("logs", "PutDataProtectionPolicy", "DeleteDataProtectionPolicy")
def data_protection(call: Call) -> dict[str, Any]:
    group_of(call).sandbox_masked = call.operation.startswith("Put")
    return {"logGroupIdentifier": call.params["logGroupIdentifier"]} if call.operation.startswith("Put") else {}


@handles("logs", "DescribeLogGroups")
def describe_log_groups(call: Call) -> dict[str, Any]:
    p, groups = call.params, call.backend().groups
    if "logGroupNamePrefix" in p and "logGroupNamePattern" in p:
        raise invalid("LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.")
    wanted = {name.split(":log-group:")[-1] for name in p.get("logGroupIdentifiers", groups)}
    if "logGroupIdentifiers" in p and p.keys() - {"logGroupIdentifiers", "includeLinkedAccounts", "nextToken"}:
        raise invalid("logGroupIdentifiers can be specified with includeLinkedAccounts only.")
    found = [groups[name] for name in sorted(groups.keys() & wanted)
             if name.startswith(p.get("logGroupNamePrefix", ""))
             and p.get("logGroupNamePattern", "").lower() in name.lower()
             and p.get("logGroupClass", getattr(groups[name], "sandbox_class", "STANDARD"))
             == getattr(groups[name], "sandbox_class", "STANDARD")]
    kept = call.world.data.logs.groups
    return paged(call, "logGroups", [under_account(call, shown(group) | {"storedBytes": (
        kept[call.account, call.region, group.name].size if (call.account, call.region, group.name) in kept else 0)})
        for group in found])


@handles("logs", "CreateLogGroup")
def create_log_group(call: Call) -> dict[str, Any]:
    p, backend = call.params, call.backend()
    if p["logGroupName"] in backend.groups:
        raise AwsError("ResourceAlreadyExistsException", "The specified log group already exists")
    group = backend.create_log_group(p["logGroupName"], p.get("tags", {}), kmsKeyId=p.get("kmsKeyId"))
    group.sandbox_class = p.get("logGroupClass", "STANDARD")
    return {}


@handles("logs", "PutRetentionPolicy")
def put_retention_policy(call: Call) -> dict[str, Any]:
    group, days = group_of(call), call.params["retentionInDays"]
    if days not in RETENTION:
        raise invalid(f"1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy "
                      f"constraint: Member must satisfy enum value set: {list(RETENTION)}")
    group.set_retention_policy(days)
    return {}


@handles("logs", "AssociateKmsKey")
def associate_kms_key(call: Call) -> dict[str, Any]:
    group_of(call).kms_key_id = call.params["kmsKeyId"]
    return {}


@handles("logs", "DisassociateKmsKey")
def disassociate_kms_key(call: Call) -> dict[str, Any]:
    group_of(call).kms_key_id = None
    return {}


@handles("logs", "DescribeLogStreams")
def describe_log_streams(call: Call) -> dict[str, Any]:
    group, p = group_of(call), call.params
    if p.get("orderBy") == "LastEventTime" and p.get("logStreamNamePrefix"):
        raise invalid("Cannot order by LastEventTime with a logStreamNamePrefix.")
    streams = [s.to_describe_dict() for n, s in sorted(group.streams.items())
               if n.startswith(p.get("logStreamNamePrefix", ""))]
    if p.get("orderBy") == "LastEventTime":
        streams.sort(key=lambda stream: stream.get("lastEventTimestamp", 0))
    if p.get("descending"):
        streams.reverse()
    return paged(call, "logStreams", streams)


@handles("logs", "DescribeSubscriptionFilters")
def describe_subscription_filters(call: Call) -> dict[str, Any]:
    filters = group_of(call).subscription_filters
    found = [shown_filter(filters[name]) for name in sorted(filters)
             if name.startswith(call.params.get("filterNamePrefix", ""))]
    return paged(call, "subscriptionFilters", found)


def shown_filter(item: Any) -> dict[str, Any]:
    result = {"filterName": item.name, "logGroupName": item.log_group_name,
              "filterPattern": item.filter_pattern or "", "destinationArn": item.destination_arn,
              "distribution": getattr(item, "sandbox_distribution", "ByLogStream"),
              "applyOnTransformedLogs": getattr(item, "sandbox_transformed", False),
              "creationTime": int(unix_time_millis(item.creation_time))}
    if item.role_arn:
        result["roleArn"] = item.role_arn
    for member, value in (("fieldSelectionCriteria", getattr(item, "sandbox_selection", "")),
                          ("emitSystemFields", getattr(item, "sandbox_system_fields", []))):
        if value:
            result[member] = value
    return result


def check_destination(call: Call, group: Any) -> None:
    """The test message AWS sends before it keeps a filter; texts of domain.md 4."""
    destination, role = call.params["destinationArn"], call.params.get("roleArn")
    match = re.fullmatch(r"arn:[\w-]+:firehose:([\w-]+):(\d{12}):deliverystream/(.+)", destination)
    if not match:
        raise invalid("destinationArn cannot be used by this sandbox: only Firehose streams are served")
    if not role:
        raise invalid("destinationArn for vendor firehose requires roleArn")
    services = [f"logs.{call.region}.amazonaws.com", "logs.amazonaws.com"]
    if not roles.assumable(call.world, role, call.region, services, group.arn + ":*", call.account):
        raise AwsError("ValidationException", "Could not assume the role. Make sure you have given "
                       "CloudWatch Logs permission to assume the provided role.")
    streams = moto_side.backend("firehose", match[2], match[1]).delivery_streams
    stream = streams.get(match[3])
    if stream is None or status_of(call, stream, False) != "ACTIVE":
        raise invalid(UNDELIVERED)
    if not roles.may(role, call.region, "firehose:PutRecord", destination):
        raise invalid(UNDELIVERED)


@handles("logs", "PutSubscriptionFilter")
def put_subscription_filter(call: Call) -> dict[str, Any]:
    group, p = group_of(call), call.params
    if getattr(group, "sandbox_class", "STANDARD") != "STANDARD":
        raise invalid("Subscription filters are supported on STANDARD log groups only")
    name, filters = p["filterName"], group.subscription_filters
    if name not in filters and len(filters) >= call.world.switches.filter_places:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    check_destination(call, group)
    kept = SubscriptionFilter(name=name, log_group_name=group.name, filter_pattern=p["filterPattern"],
                              destination_arn=p["destinationArn"], role_arn=p.get("roleArn", ""))
    if name in filters:
        kept.creation_time = filters[name].creation_time
    kept.sandbox_distribution = p.get("distribution", "ByLogStream")
    kept.sandbox_transformed = p.get("applyOnTransformedLogs", False)
    kept.sandbox_selection = p.get("fieldSelectionCriteria", "")
    kept.sandbox_system_fields = p.get("emitSystemFields", [])
    filters[name] = kept
    call.world.data.delivery.control_message(group, kept)
    return {}


@handles("logs", "DeleteSubscriptionFilter")
def delete_subscription_filter(call: Call) -> dict[str, Any]:
    if group_of(call).subscription_filters.pop(call.params["filterName"], None) is None:
        raise missing("subscription filter")
    return {}


@handles("logs", "DescribeResourcePolicies")
def describe_resource_policies(call: Call) -> dict[str, Any]:
    policies = [{"policyName": p.policy_name, "policyDocument": p.policy_document,
                 "lastUpdatedTime": int(unix_time_millis(p.last_updated_time)), "policyScope": "ACCOUNT"}
                for p in call.backend().resource_policies.values()]
    return paged(call, "resourcePolicies", policies)


@handles("logs", "PutResourcePolicy")
def put_resource_policy(call: Call) -> dict[str, Any]:
    p, policies = call.params, call.backend().resource_policies
    if "resourceArn" in p:
        raise invalid("The sandbox keeps account policies only")
    name, document = p.get("policyName"), p.get("policyDocument")
    if not name or not document:
        raise invalid("policyName and policyDocument are required")
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, KeyError, TypeError):
        raise invalid("Invalid PolicyDocument: not a policy") from None
    for statement in statements if isinstance(statements, list) else [statements]:
        if not {"Effect", "Principal", "Action", "Resource"} <= set(statement):
            raise invalid("Invalid PolicyDocument: a statement needs Effect, Principal, Action, Resource")
    if name not in policies and len(policies) >= MAX_POLICIES:
        raise AwsError("LimitExceededException", "Resource limit exceeded.")
    if name in policies:
        policies[name].update(document)
    else:
        policies[name] = LogResourcePolicy(name, document)
    kept = policies[name]
    return {"resourcePolicy": {"policyName": name, "policyDocument": document,
                               "lastUpdatedTime": int(unix_time_millis(kept.last_updated_time))}}


@handles("logs", "TagResource", "UntagResource", "ListTagsForResource")
def tags(call: Call) -> dict[str, Any]:
    arn = call.params["resourceArn"]
    if arn.endswith(":*"):
        raise invalid("The resource ARN of a log group is given without ':*'")
    parts = arn.split(":", 6)
    if len(parts) != 7 or parts[2:6] != ["logs", call.region, call.account, "log-group"]:
        raise invalid(f"Invalid resource ARN: {arn}")
    group_of(call, parts[6])
    backend = call.backend()
    if call.operation == "ListTagsForResource":
        return {"tags": backend.list_tags_for_resource(arn)}
    if call.operation == "TagResource":
        backend.tag_resource(arn, call.params["tags"])
    else:
        backend.untag_resource(arn, call.params["tagKeys"])
    return {}
