"""What people, scripts and AWS change behind the daemon's back: each by one call, and how one sees that it is as before."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sandbox.control import Sandbox

SERVICES = ("s3", "logs", "iam", "glue", "athena", "firehose", "apigatewayv2")


class Account:
    """boto3 clients, and what a pipeline of the soak calls its parts."""

    def __init__(self, sandbox: Sandbox):
        self.sandbox = sandbox
        self.clients = {name: sandbox.client(name) for name in SERVICES}
        self.apis = {api["Name"]: api["ApiId"] for api in self.clients["apigatewayv2"].get_apis()["Items"]}

    def __getattr__(self, service: str) -> Any:
        if service.startswith("_"):
            raise AttributeError(service)
        return self.clients[service]


@dataclass(frozen=True)
class Names:
    number: int

    @property
    def pipeline(self) -> str:
        return f"shop-{self.number}"

    @property
    def api(self) -> str:
        return f"api-{self.number}"

    @property
    def bucket(self) -> str:
        return f"{self.pipeline}-bucket"

    @property
    def stream(self) -> str:
        return f"{self.pipeline}-stream"

    @property
    def group(self) -> str:
        return f"/aws/apigw/{self.pipeline}"

    @property
    def database(self) -> str:
        return f"shop_{self.number}"

    @property
    def workgroup(self) -> str:
        return f"{self.pipeline}-group"


def retention(a: Account, n: Names) -> None:
    a.logs.put_retention_policy(logGroupName=n.group, retentionInDays=7)


def no_subscription(a: Account, n: Names) -> None:
    for one in a.logs.describe_subscription_filters(logGroupName=n.group)["subscriptionFilters"]:
        a.logs.delete_subscription_filter(logGroupName=n.group, filterName=one["filterName"])


def group_tags(a: Account, n: Names) -> None:
    arn = a.logs.describe_log_groups(logGroupNamePrefix=n.group)["logGroups"][0]["logGroupArn"]
    a.logs.untag_resource(resourceArn=arn, tagKeys=list(a.logs.list_tags_for_resource(resourceArn=arn)["tags"]))


def no_bucket_policy(a: Account, n: Names) -> None:
    a.s3.delete_bucket_policy(Bucket=n.bucket)


def bucket_tags(a: Account, n: Names) -> None:
    a.s3.put_bucket_tagging(Bucket=n.bucket, Tagging={"TagSet": [{"Key": "owner", "Value": "ops"}]})


def open_bucket(a: Account, n: Names) -> None:
    a.s3.delete_public_access_block(Bucket=n.bucket)


def lifecycle(a: Account, n: Names) -> None:
    a.s3.put_bucket_lifecycle_configuration(Bucket=n.bucket, LifecycleConfiguration={"Rules": [
        {"ID": "exports", "Status": "Enabled", "Filter": {"Prefix": "exports/"}, "Expiration": {"Days": 7}}]})


def ownership(a: Account, n: Names) -> None:
    a.s3.delete_bucket_ownership_controls(Bucket=n.bucket)


def role_policies(a: Account, n: Names) -> None:
    for role in a.iam.list_roles()["Roles"]:
        if n.stream in role["RoleName"]:
            for name in a.iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
                a.iam.delete_role_policy(RoleName=role["RoleName"], PolicyName=name)


def no_view(a: Account, n: Names) -> None:
    views = [t["Name"] for t in a.glue.get_tables(DatabaseName=n.database)["TableList"] if t.get("TableType") == "VIRTUAL_VIEW"]
    a.glue.delete_table(DatabaseName=n.database, Name=views[0])


def queries(a: Account, n: Names) -> list[dict[str, Any]]:
    ids = a.athena.list_named_queries(WorkGroup=n.workgroup)["NamedQueryIds"]
    return list(a.athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"])


def no_query(a: Account, n: Names) -> None:
    a.athena.delete_named_query(NamedQueryId=min(queries(a, n), key=lambda q: q["Name"])["NamedQueryId"])


def other_query(a: Account, n: Names) -> None:
    last = max(queries(a, n), key=lambda q: q["Name"])
    a.athena.update_named_query(NamedQueryId=last["NamedQueryId"], Name=last["Name"], QueryString="SELECT 1")


def workgroup(a: Account, n: Names) -> None:
    a.athena.update_work_group(WorkGroup=n.workgroup, ConfigurationUpdates={"EnforceWorkGroupConfiguration": False})


def buffering(a: Account, n: Names) -> None:
    stream = a.firehose.describe_delivery_stream(DeliveryStreamName=n.stream)["DeliveryStreamDescription"]
    a.firehose.update_destination(
        DeliveryStreamName=n.stream, CurrentDeliveryStreamVersionId=stream["VersionId"],
        DestinationId=stream["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"BufferingHints": {"IntervalInSeconds": 777, "SizeInMBs": 3}})


def stage_logging(a: Account, n: Names) -> None:
    a.apigatewayv2.update_stage(ApiId=a.apis[n.api], StageName="$default", AccessLogSettings={
        "DestinationArn": f"arn:aws:logs:ap-northeast-2:123456789012:log-group:{n.group}", "Format": "$context.requestId"})


Drift = Callable[[Account, Names], None]
DRIFTS: tuple[Drift, ...] = (
    retention, no_subscription, group_tags, no_bucket_policy, bucket_tags, open_bucket, lifecycle, ownership, role_policies,
    no_view, no_query, other_query, workgroup, buffering, stage_logging)


def text_of(snapshot: dict[str, Any]) -> dict[str, str]:
    return {path: json.dumps(document, sort_keys=True) for path, document in snapshot.items()}
