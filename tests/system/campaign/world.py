"""An account as boto3 sees it: what a test puts there first, and everything that is in it."""

import json
from typing import Any

from botocore.exceptions import ClientError
from sandbox.control import ACCOUNT, REGION, Sandbox

# What AWS itself changes at every write of a resource.
VOLATILE = {"VersionId", "LastUpdateTimestamp", "UpdateTime", "LastUpdatedDate", "lastUpdatedTime",
            "transient_lastDdlTime", "DestinationId"}


class World:
    def __init__(self, sandbox: Sandbox, region: str = REGION):
        self.sandbox, self.region = sandbox, region
        self.clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        """The boto3 client of a service: world.s3, world.iam."""
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self.clients:
            self.clients[service] = self.sandbox.client(service, self.region)
        return self.clients[service]

    def api(self, name: str = "ddn-api", protocol: str = "HTTP") -> str:
        """An API as the application's own deployment leaves it."""
        more = {"RouteSelectionExpression": "$request.body.action"} if protocol != "HTTP" else {}
        made = self.apigatewayv2.create_api(Name=name, ProtocolType=protocol, **more)["ApiId"]
        self.apigatewayv2.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
        return made

    def role_arn(self, name: str) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def log_group_arn(self, name: str) -> str:
        return f"arn:aws:logs:{self.region}:{ACCOUNT}:log-group:{name}"

    def stream_arn(self, name: str) -> str:
        return f"arn:aws:firehose:{self.region}:{ACCOUNT}:deliverystream/{name}"

    def workgroup_arn(self, name: str) -> str:
        return f"arn:aws:athena:{self.region}:{ACCOUNT}:workgroup/{name}"

    # -- everything there is --------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """Path -> document of every resource; without what replies carry besides.

        Not the objects of buckets: the stream delivers some at times of its own.
        """
        found: dict[str, Any] = {}
        for part in (self.see_s3, self.see_iam, self.see_logs, self.see_firehose, self.see_api,
                     self.see_athena, self.see_glue):
            part(found)
        return json.loads(json.dumps(found, default=str, sort_keys=True))

    def see_s3(self, found: dict[str, Any]) -> None:
        for bucket in self.s3.list_buckets()["Buckets"]:
            name, at = bucket["Name"], f"s3/{bucket['Name']}"
            if self.s3.head_bucket(Bucket=name)["BucketRegion"] != self.region:
                continue
            found[at] = bucket
            for part, read in (("policy", self.s3.get_bucket_policy),
                               ("block", self.s3.get_public_access_block),
                               ("ownership", self.s3.get_bucket_ownership_controls),
                               ("encryption", self.s3.get_bucket_encryption),
                               ("versioning", self.s3.get_bucket_versioning),
                               ("lifecycle", self.s3.get_bucket_lifecycle_configuration),
                               ("tags", self.s3.get_bucket_tagging)):
                found[f"{at}/{part}"] = plain(maybe(read, Bucket=name))

    def see_iam(self, found: dict[str, Any]) -> None:
        for role in self.iam.list_roles()["Roles"]:
            name, at = role["RoleName"], f"iam/{role['RoleName']}"
            found[at] = {k: v for k, v in self.iam.get_role(RoleName=name)["Role"].items()
                         if k != "RoleLastUsed"}
            found[f"{at}/attached"] = self.iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
            for policy in self.iam.list_role_policies(RoleName=name)["PolicyNames"]:
                found[f"{at}/policy/{policy}"] = self.iam.get_role_policy(
                    RoleName=name, PolicyName=policy)["PolicyDocument"]

    def see_logs(self, found: dict[str, Any]) -> None:
        for group in self.logs.describe_log_groups()["logGroups"]:
            name, at = group["logGroupName"], f"logs{group['logGroupName']}"
            found[at] = group
            found[f"{at}/tags"] = self.logs.list_tags_for_resource(
                resourceArn=self.log_group_arn(name))["tags"]
            found[f"{at}/streams"] = plain(self.logs.describe_log_streams(logGroupName=name))
            for one in self.logs.describe_subscription_filters(logGroupName=name)["subscriptionFilters"]:
                found[f"{at}/filter/{one['filterName']}"] = one
        for policy in self.logs.describe_resource_policies()["resourcePolicies"]:
            found[f"logs/policy/{policy['policyName']}"] = policy

    def see_firehose(self, found: dict[str, Any]) -> None:
        for name in self.firehose.list_delivery_streams()["DeliveryStreamNames"]:
            found[f"firehose/{name}"] = self.firehose.describe_delivery_stream(
                DeliveryStreamName=name)["DeliveryStreamDescription"]
            found[f"firehose/{name}/tags"] = self.firehose.list_tags_for_delivery_stream(
                DeliveryStreamName=name)["Tags"]

    def see_api(self, found: dict[str, Any]) -> None:
        for api in self.apigatewayv2.get_apis()["Items"]:
            found[f"api/{api['ApiId']}"] = api
            for stage in self.apigatewayv2.get_stages(ApiId=api["ApiId"])["Items"]:
                found[f"api/{api['ApiId']}/{stage['StageName']}"] = stage

    def see_athena(self, found: dict[str, Any]) -> None:
        for group in self.athena.list_work_groups()["WorkGroups"]:
            name = group["Name"]
            at = f"athena/{name}"
            found[at] = self.athena.get_work_group(WorkGroup=name)["WorkGroup"]
            found[f"{at}/tags"] = self.athena.list_tags_for_resource(
                ResourceARN=self.workgroup_arn(name))["Tags"]
            for one in self.named_queries(name):
                found[f"{at}/query/{one['NamedQueryId']}"] = one

    def named_queries(self, workgroup: str) -> list[dict[str, Any]]:
        ids = self.athena.list_named_queries(WorkGroup=workgroup)["NamedQueryIds"]
        return self.athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"] if ids else []

    def see_glue(self, found: dict[str, Any]) -> None:
        for database in self.glue.get_databases()["DatabaseList"]:
            name = database["Name"]
            found[f"glue/{name}"] = database
            for table in self.glue.get_tables(DatabaseName=name)["TableList"]:
                found[f"glue/{name}/{table['Name']}"] = table


def plain(reply: Any) -> Any:
    if isinstance(reply, dict):
        reply.pop("ResponseMetadata", None)
    return reply


def maybe(read: Any, **params: Any) -> Any:
    """The reply, or the code that says there is none."""
    try:
        return read(**params)
    except ClientError as error:
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 404, error
        return error.response["Error"]["Code"]


def without(value: Any, names: set[str]) -> Any:
    """A copy with the members of these names left out everywhere."""
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if k not in names}
    return [without(v, names) for v in value] if isinstance(value, list) else value


def in_order(value: Any) -> Any:
    """Lists that AWS keeps as sets, in one order: tags, lifecycle rules, policy statements."""
    if isinstance(value, dict):
        return {k: in_order(v) for k, v in value.items()}
    if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        return in_order(json.loads(value))
    if isinstance(value, list):
        items = [in_order(v) for v in value]
        for key in ("Key", "ID", "Sid"):
            if items and all(isinstance(item, dict) and key in item for item in items):
                return sorted(items, key=lambda item: item[key])
        return items
    return value


def changes(before: dict[str, Any], after: dict[str, Any], touched: str | None = None) -> dict[str, Any]:
    """Path -> (before, after) of what differs; what AWS counts up does not matter under `touched`."""
    found = {}
    for path in before.keys() | after.keys():
        one, other = before.get(path), after.get(path)
        if touched is not None and path.startswith(touched):
            one, other = without(one, VOLATILE), without(other, VOLATILE)
        if in_order(one) != in_order(other):
            found[path] = (one, other)
    return found


# Made anew at each creation.
IDENTITY = VOLATILE | {"CreationDate", "CreateDate", "CreateTime", "CreatedDate", "CreateTimestamp",
                       "CreationTime", "creationTime", "RoleId", "ApiId", "ApiEndpoint", "NamedQueryId",
                       "uploadSequenceToken", "DeploymentId"}


def normalised(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What two accounts brought up apart from each other have in common: no ids, no times."""
    apis = {d["ApiId"]: d["Name"] for p, d in snapshot.items() if p.startswith("api/") and p.count("/") == 1}
    result: dict[str, Any] = {}
    for path, document in snapshot.items():
        if "/query/" in path:
            path = f"{path.rpartition('/')[0]}/{document['Name']}"
            assert path not in result, f"two saved queries at {path}"
        for identifier, name in apis.items():
            path = path.replace(identifier, name)
        result[path] = in_order(without(document, IDENTITY))
    return result
