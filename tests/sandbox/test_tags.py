"""Tags go with what they lie at: what is made again under its name has none of those before."""

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import trust
from .control import ACCOUNT, REGION, Sandbox

ARN = f"arn:aws:{{}}:{REGION}:{ACCOUNT}:{{}}"
TAGS = [{"Key": "owner", "Value": "somebody"}]
Clients = Callable[[str], Any]


def log_group(at: Clients, tagged: bool) -> Any:
    logs, arn = at("logs"), ARN.format("logs", "log-group:/one")
    logs.create_log_group(logGroupName="/one", **({"tags": {"owner": "somebody"}} if tagged else {}))
    return logs.list_tags_for_resource(resourceArn=arn)["tags"], lambda: logs.delete_log_group(logGroupName="/one")


def workgroup(at: Clients, tagged: bool) -> Any:
    athena = at("athena")
    athena.create_work_group(Name="one", Tags=TAGS if tagged else [])
    return (athena.list_tags_for_resource(ResourceARN=ARN.format("athena", "workgroup/one"))["Tags"],
            lambda: athena.delete_work_group(WorkGroup="one"))


def database(at: Clients, tagged: bool) -> Any:
    glue = at("glue")
    glue.create_database(DatabaseInput={"Name": "one"}, Tags={"owner": "somebody"} if tagged else {})
    return (glue.get_tags(ResourceArn=ARN.format("glue", "database/one"))["Tags"],
            lambda: glue.delete_database(Name="one"))


def alarm(at: Clients, tagged: bool) -> Any:
    cloudwatch = at("cloudwatch")
    cloudwatch.put_metric_alarm(AlarmName="one", Namespace="AWS/Firehose", MetricName="IncomingRecords", Statistic="Sum", Period=300,
                                EvaluationPeriods=1, Threshold=1.0, ComparisonOperator="LessThanThreshold", Tags=TAGS if tagged else [])
    return (cloudwatch.list_tags_for_resource(ResourceARN=ARN.format("cloudwatch", "alarm:one"))["Tags"],
            lambda: cloudwatch.delete_alarms(AlarmNames=["one"]))


def topic(at: Clients, tagged: bool) -> Any:
    sns = at("sns")
    arn = sns.create_topic(Name="one", Tags=TAGS if tagged else [])["TopicArn"]
    return sns.list_tags_for_resource(ResourceArn=arn)["Tags"], lambda: sns.delete_topic(TopicArn=arn)


def role(at: Clients, tagged: bool) -> Any:
    iam = at("iam")
    iam.create_role(RoleName="one", AssumeRolePolicyDocument=trust({"Service": "firehose.amazonaws.com"}), Tags=TAGS if tagged else [])
    return iam.list_role_tags(RoleName="one")["Tags"], lambda: iam.delete_role(RoleName="one")


def bucket(at: Clients, tagged: bool) -> Any:
    s3 = at("s3")
    s3.create_bucket(Bucket="one-bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    if tagged:
        s3.put_bucket_tagging(Bucket="one-bucket", Tagging={"TagSet": TAGS})
    try:
        found = s3.get_bucket_tagging(Bucket="one-bucket")["TagSet"]
    except s3.exceptions.ClientError:
        found = []
    return found, lambda: s3.delete_bucket(Bucket="one-bucket")


@pytest.mark.parametrize("make", (log_group, workgroup, database, alarm, topic, role, bucket), ids=lambda make: make.__name__)
def test_what_is_made_again_has_none(sandbox: Sandbox, make: Callable[[Clients, bool], Any]) -> None:
    found, delete = make(sandbox.client, True)
    assert found
    delete()
    found, _ = make(sandbox.client, False)
    assert not found
