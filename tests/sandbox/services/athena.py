"""Athena: UpdateWorkGroup, the named-query operations, AWS's defaults and its words for errors."""

import copy
from typing import Any

from moto.athena.models import NamedQuery
from moto.core.utils import unix_time, utcnow

from ..call import Call, handles
from ..errors import AwsError

ENGINES = ("AUTO", "Athena engine version 3")
REMOVALS = {  # flag of the update -> member it removes
    "RemoveBytesScannedCutoffPerQuery": "BytesScannedCutoffPerQuery",
    "RemoveCustomerContentEncryptionConfiguration": "CustomerContentEncryptionConfiguration"}
RESULT_REMOVALS = {"RemoveOutputLocation": "OutputLocation",
                   "RemoveEncryptionConfiguration": "EncryptionConfiguration",
                   "RemoveExpectedBucketOwner": "ExpectedBucketOwner",
                   "RemoveAclConfiguration": "AclConfiguration"}


def invalid(message: str) -> AwsError:
    return AwsError("InvalidRequestException", message, AthenaErrorCode="INVALID_INPUT")


def work_group(call: Call, name: str) -> Any:
    group = call.backend().work_groups.get(name)
    if group is None:
        raise invalid(f"WorkGroup {name} is not found.")
    return group


def check_location(config: dict[str, Any]) -> None:
    location = config.get("ResultConfiguration", {}).get("OutputLocation")
    if location and not location.startswith("s3://"):
        raise invalid("OutputLocation is not a valid S3 path.")
    if location and config.get("ManagedQueryResultsConfiguration", {}).get("Enabled"):
        raise invalid("An output location cannot be given while managed query results are enabled.")


def engine(selected: str) -> dict[str, str]:
    if selected not in ENGINES:
        raise invalid(f"Invalid engine version selected: {selected}")
    return {"SelectedEngineVersion": selected, "EffectiveEngineVersion": "Athena engine version 3"}


@handles("athena", "CreateWorkGroup")
def create_work_group(call: Call) -> dict[str, Any]:
    backend, name = call.backend(), call.params["Name"]
    if name in backend.work_groups:
        raise invalid("WorkGroup is already created")
    config = copy.deepcopy(call.params.get("Configuration", {}))
    check_location(config)
    config["EngineVersion"] = engine(config.get("EngineVersion", {}).get("SelectedEngineVersion", "AUTO"))
    config.setdefault("PublishCloudWatchMetricsEnabled", True)
    backend.create_work_group(name, config, call.params.get("Description", ""),
                              call.params.get("Tags", []))
    backend.work_groups[name].sandbox_created = unix_time(utcnow())
    return {}


@handles("athena", "GetWorkGroup")
def get_work_group(call: Call) -> dict[str, Any]:
    group = work_group(call, call.params["WorkGroup"])
    return {"WorkGroup": {"Name": group.name, "State": group.state, "Configuration": group.configuration,
                          "Description": group.description or "",
                          "CreationTime": group.__dict__.setdefault("sandbox_created", unix_time(utcnow()))}}


@handles("athena", "ListWorkGroups")
def list_work_groups(call: Call) -> dict[str, Any]:
    groups = [call.backend().work_groups[name] for name in sorted(call.backend().work_groups)]
    items = [{"Name": g.name, "State": g.state, "Description": g.description or "",
              "EngineVersion": g.configuration.get("EngineVersion", {})} for g in groups]
    return paged(call, "WorkGroups", items)


def paged(call: Call, member: str, items: list[Any]) -> dict[str, Any]:
    page, more = call.page(items, call.params.get("NextToken"), call.params.get("MaxResults"), 50,
                           "InvalidRequestException")
    return {member: page, **({"NextToken": more} if more else {})}


@handles("athena", "UpdateWorkGroup")
def update_work_group(call: Call) -> dict[str, Any]:
    group = work_group(call, call.params["WorkGroup"])
    config = copy.deepcopy(group.configuration)
    updates = dict(call.params.get("ConfigurationUpdates", {}))
    for flag, member in REMOVALS.items():
        if updates.pop(flag, False):
            if member in updates:
                raise invalid(f"{flag} and {member} cannot be given together")
            config.pop(member, None)
    results = dict(updates.pop("ResultConfigurationUpdates", {}))
    kept = config.setdefault("ResultConfiguration", {})
    for flag, member in RESULT_REMOVALS.items():
        if results.pop(flag, False):
            if member in results:
                raise invalid(f"{flag} and {member} cannot be given together")
            kept.pop(member, None)
    kept.update(results)
    managed = updates.pop("ManagedQueryResultsConfigurationUpdates", None)
    if managed:
        config["ManagedQueryResultsConfiguration"] = {**config.get("ManagedQueryResultsConfiguration", {}), **managed}
    if "EngineVersion" in updates:
        updates["EngineVersion"] = engine(updates["EngineVersion"].get("SelectedEngineVersion", "AUTO"))
    config.update(copy.deepcopy(updates))
    check_location(config)
    group.configuration = config
    group.state = call.params.get("State", group.state)
    if "Description" in call.params:
        group.description = call.params["Description"]
    return {}


def once(call: Call, wanted: Any) -> Any | None:
    """What an earlier call with the same token made; the same token for something else is refused."""
    token = call.params.get("ClientRequestToken")
    if not token:
        raise invalid("ClientRequestToken is required")
    key = f"athena:{call.account}:{call.region}:{call.operation}:{token}"
    found = call.world.tokens.get(key)
    if found is None:
        return None
    if found[0] != wanted:
        raise invalid("Idempotent parameters do not match")
    return found[1]


def remember(call: Call, wanted: Any, made: Any) -> None:
    token = call.params["ClientRequestToken"]
    call.world.tokens[f"athena:{call.account}:{call.region}:{call.operation}:{token}"] = (wanted, made)


@handles("athena", "CreateNamedQuery")
def create_named_query(call: Call) -> dict[str, Any]:
    p = call.params
    wanted = (p["Name"], p["Database"], p["QueryString"], p.get("Description"), p.get("WorkGroup"))
    made = once(call, wanted)
    if made and (made in call.backend().named_queries or call.world.switches.tokens_last):
        return {"NamedQueryId": made}
    group = work_group(call, p.get("WorkGroup", "primary"))
    query = NamedQuery(name=p["Name"], description=p.get("Description", ""), database=p["Database"],
                       query_string=p["QueryString"], workgroup=group)
    call.backend().named_queries[query.id] = query
    remember(call, wanted, query.id)
    return {"NamedQueryId": query.id}


def named_query(call: Call) -> Any:
    query = call.backend().named_queries.get(call.params["NamedQueryId"])
    if query is None:
        raise invalid(f"NamedQuery with ID {call.params['NamedQueryId']} was not found")
    return query


def shown(query: Any) -> dict[str, Any]:
    return {"Name": query.name, "Description": query.description or "", "Database": query.database,
            "QueryString": query.query_string, "NamedQueryId": query.id, "WorkGroup": query.workgroup.name}


@handles("athena", "GetNamedQuery")
def get_named_query(call: Call) -> dict[str, Any]:
    return {"NamedQuery": shown(named_query(call))}


@handles("athena", "BatchGetNamedQuery")
def batch_get_named_query(call: Call) -> dict[str, Any]:
    queries = call.backend().named_queries
    wanted = call.params["NamedQueryIds"]
    return {"NamedQueries": [shown(queries[i]) for i in wanted if i in queries],
            "UnprocessedNamedQueryIds": [
                {"NamedQueryId": i, "ErrorCode": "INVALID_INPUT", "ErrorMessage": "was not found"}
                for i in wanted if i not in queries]}


@handles("athena", "ListNamedQueries")
def list_named_queries(call: Call) -> dict[str, Any]:
    group = work_group(call, call.params.get("WorkGroup", "primary"))
    found = [q.id for q in call.backend().named_queries.values() if q.workgroup is group
             or q.workgroup.name == group.name]
    return paged(call, "NamedQueryIds", found)


@handles("athena", "UpdateNamedQuery")
def update_named_query(call: Call) -> dict[str, Any]:
    query = named_query(call)
    query.name, query.query_string = call.params["Name"], call.params["QueryString"]
    if "Description" in call.params:
        query.description = call.params["Description"]
    return {}


@handles("athena", "DeleteNamedQuery")
def delete_named_query(call: Call) -> dict[str, Any]:
    del call.backend().named_queries[named_query(call).id]
    return {}


@handles("athena", "DeleteWorkGroup")
def delete_work_group(call: Call) -> dict[str, Any]:
    group, backend = work_group(call, call.params["WorkGroup"]), call.backend()
    if group.name == "primary":
        raise invalid("WorkGroup primary cannot be deleted")
    queries = [i for i, q in backend.named_queries.items() if q.workgroup.name == group.name]
    if queries and not call.params.get("RecursiveDeleteOption"):
        raise invalid(f"WorkGroup {group.name} is not empty")
    for identifier in queries:
        del backend.named_queries[identifier]
    del backend.work_groups[group.name]
    backend.tagger.delete_all_tags_for_resource(group.arn)
    return {}


def tagged(call: Call) -> Any:
    arn = call.params["ResourceARN"]
    head, _, rest = arn.partition(":workgroup/")
    if head != f"arn:{call.partition}:athena:{call.region}:{call.account}" or not rest:
        raise invalid(f"Invalid resource ARN: {arn}")
    group = call.backend().work_groups.get(rest)
    if group is None:
        raise AwsError("ResourceNotFoundException", f"Resource {arn} was not found", ResourceName=arn)
    return group


@handles("athena", "TagResource")
def tag_resource(call: Call) -> dict[str, Any]:
    tags = [{"Key": t["Key"], "Value": t.get("Value", "")} for t in call.params["Tags"]]
    call.backend().tagger.tag_resource(tagged(call).arn, tags)
    return {}


@handles("athena", "UntagResource")
def untag_resource(call: Call) -> dict[str, Any]:
    call.backend().tagger.untag_resource_using_names(tagged(call).arn, call.params["TagKeys"])
    return {}


@handles("athena", "ListTagsForResource")
def list_tags(call: Call) -> dict[str, Any]:
    tags = call.backend().tagger.list_tags_for_resource(tagged(call).arn)["Tags"]
    page, more = call.page(sorted(tags, key=lambda tag: tag["Key"]), call.params.get("NextToken"),
                           call.params.get("MaxResults"), 200, "InvalidRequestException")
    return {"Tags": page, **({"NextToken": more} if more else {})}
