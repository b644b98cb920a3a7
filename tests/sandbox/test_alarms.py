"""CloudWatch alarms, SNS topics and S3 Object Lock refuse what AWS refuses."""

from typing import Any

import pytest

from .control import ACCOUNT, REGION, Sandbox

TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:topic"
ALARM = {"AlarmName": "one", "Namespace": "AWS/Firehose", "MetricName": "m", "Statistic": "Maximum", "Period": 60,
         "EvaluationPeriods": 1, "Threshold": 0.5, "ComparisonOperator": "GreaterThanThreshold"}


def without(*names: str) -> dict[str, Any]:
    return {k: v for k, v in ALARM.items() if k not in names}


@pytest.mark.parametrize("alarm,code,text", [
    ({**ALARM, "AlarmName": "a\nb"}, "ValidationError", "control characters"),
    (without("Statistic"), "ValidationError", "Statistic"),
    ({**ALARM, "ExtendedStatistic": "p99"}, "ValidationError", "Exactly one"),
    ({**without("Statistic"), "ExtendedStatistic": "90"}, "InvalidParameterValue", "not supported"),
    (without("Threshold"), "ValidationError", "Threshold"),
    ({**ALARM, "Period": 45}, "ValidationError", "multiple of 60"),
    ({**ALARM, "EvaluationPeriods": 1441}, "ValidationError", "86400"),
    ({**ALARM, "DatapointsToAlarm": 2}, "ValidationError", "DatapointsToAlarm"),
    ({**ALARM, "TreatMissingData": "maybe"}, "ValidationError", "TreatMissingData"),
    ({**ALARM, "Dimensions": [{"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]},
     "InvalidParameterValue", "different names"),
    ({**ALARM, "AlarmActions": ["topic"]}, "ValidationError", "Invalid arn"),
    ({**ALARM, "AlarmActions": [TOPIC.replace(REGION, "us-east-1")]}, "ValidationError", "Invalid region")])
def test_alarms_that_aws_refuses(sandbox: Sandbox, refused: Any, alarm: dict[str, Any], code: str, text: str) -> None:
    with refused(code, text):
        sandbox.client("cloudwatch").put_metric_alarm(**alarm)


def test_an_alarm_is_replaced_as_a_whole_but_for_its_tags(sandbox: Sandbox) -> None:
    cloudwatch = sandbox.client("cloudwatch")
    cloudwatch.put_metric_alarm(**ALARM, AlarmDescription="text", Tags=[{"Key": "a", "Value": "1"}])
    cloudwatch.put_metric_alarm(**{**ALARM, "Threshold": 7.0}, Tags=[{"Key": "a", "Value": "2"}])
    found = cloudwatch.describe_alarms(AlarmNames=["one"])["MetricAlarms"]
    assert [a["Threshold"] for a in found] == [7.0] and not found[0].get("AlarmDescription")
    arn = found[0]["AlarmArn"]
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "a", "Value": "1"}]
    cloudwatch.delete_alarms(AlarmNames=["one"])
    cloudwatch.put_metric_alarm(**ALARM)
    assert cloudwatch.list_tags_for_resource(ResourceARN=arn)["Tags"] == []


def test_no_such_alarm(sandbox: Sandbox, refused: Any) -> None:
    cloudwatch = sandbox.client("cloudwatch")
    assert cloudwatch.describe_alarms(AlarmNames=["none"])["MetricAlarms"] == []
    with refused("ResourceNotFoundException", "", 404):
        cloudwatch.list_tags_for_resource(ResourceARN=f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:none")


@pytest.mark.parametrize("name,value,text", [
    ("Displayname", "x", "AttributeName"), ("DisplayName", "x" * 101, "DisplayName"), ("Policy", "{", "Policy"),
    ("FifoTopic", "true", "AttributeName"),
    ("Policy", '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "%s"}]}' % TOPIC,
     "out of service scope"),
    ("Policy", '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "SNS:Publish", "Resource": "*"}]}',
     "out of topic scope")])
def test_attributes_that_aws_refuses(sandbox: Sandbox, refused: Any, name: str, value: str, text: str) -> None:
    sns = sandbox.client("sns")
    sns.create_topic(Name="topic")
    with refused("InvalidParameter", text):
        sns.set_topic_attributes(TopicArn=TOPIC, AttributeName=name, AttributeValue=value)


def test_topics_by_name(sandbox: Sandbox, refused: Any) -> None:
    sns = sandbox.client("sns")
    with refused("InvalidParameter", "Topic Name"):
        sns.create_topic(Name="a topic")
    for call in (sns.get_topic_attributes, lambda TopicArn: sns.set_topic_attributes(
            TopicArn=TopicArn, AttributeName="DisplayName", AttributeValue="x")):
        with refused("NotFound", "", 404):
            call(TopicArn=TOPIC)
    with refused("ResourceNotFound", "", 404):
        sns.list_tags_for_resource(ResourceArn=TOPIC)
    sns.delete_topic(TopicArn=TOPIC)  # what is gone is gone
    made = sns.create_topic(Name="topic", Tags=[{"Key": "a", "Value": "1"}])["TopicArn"]
    assert made == TOPIC == sns.create_topic(Name="topic")["TopicArn"]
    with refused("InvalidParameter", "different tags"):
        sns.create_topic(Name="topic", Tags=[{"Key": "a", "Value": "2"}])
    with refused("InvalidParameter", "different attributes"):
        sns.create_topic(Name="topic", Attributes={"DisplayName": "x"})


@pytest.fixture
def bucket(sandbox: Sandbox) -> Any:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    return s3


def lock(s3: Any, **retention: Any) -> None:
    s3.put_object_lock_configuration(Bucket="bucket", ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": retention}})


def test_object_lock_needs_versions_and_keeps_them(bucket: Any, refused: Any) -> None:
    with refused("ObjectLockConfigurationNotFoundError", "", 404):
        bucket.get_object_lock_configuration(Bucket="bucket")
    with refused("InvalidBucketState", "Versioning must be", 409):
        lock(bucket, Mode="GOVERNANCE", Days=1)
    bucket.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    bucket.put_object(Bucket="bucket", Key="old", Body=b"1")
    lock(bucket, Mode="GOVERNANCE", Days=1)
    assert bucket.get_object_lock_configuration(Bucket="bucket")["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 1}}}
    with refused("InvalidBucketState", "cannot be changed", 409):
        bucket.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Suspended"})


@pytest.mark.parametrize("retention,code", [
    ({"Days": 1}, "MalformedXML"), ({"Mode": "GOVERNANCE"}, "MalformedXML"),
    ({"Mode": "GOVERNANCE", "Days": 1, "Years": 1}, "MalformedXML"),
    ({"Mode": "COMPLIANCE", "Days": 0}, "InvalidArgument"), ({"Mode": "COMPLIANCE", "Years": 101}, "InvalidArgument")])
def test_retentions_that_aws_refuses(bucket: Any, refused: Any, retention: dict[str, Any], code: str) -> None:
    bucket.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    with refused(code):
        lock(bucket, **retention)


def test_what_is_locked_stays_as_a_version(bucket: Any, refused: Any) -> None:
    bucket.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    lock(bucket, Mode="COMPLIANCE", Days=1)
    version = bucket.put_object(Bucket="bucket", Key="k", Body=b"1", ChecksumAlgorithm="SHA256")["VersionId"]
    bucket.delete_object(Bucket="bucket", Key="k")
    assert bucket.list_objects_v2(Bucket="bucket")["KeyCount"] == 0
    with refused("AccessDenied"):
        bucket.delete_object(Bucket="bucket", Key="k", VersionId=version)


def test_what_is_locked_must_arrive_whole(bucket: Any, wire: Any) -> None:
    bucket.put_bucket_versioning(Bucket="bucket", VersioningConfiguration={"Status": "Enabled"})
    lock(bucket, Mode="GOVERNANCE", Days=1)
    status, _, text = wire.rest("s3", "PUT", "/bucket/k", b"1")
    assert status == 400 and "Content-MD5 OR x-amz-checksum-" in text
