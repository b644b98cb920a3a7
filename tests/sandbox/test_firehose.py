"""Firehose as AWS has it: merging updates, defaults, prefix rules, states, tags."""

from typing import Any

import pytest

from .conftest import Pipeline
from .control import Sandbox

PROCESSING = {"Enabled": True, "Processors": [
    {"Type": "Decompression", "Parameters": [{"ParameterName": "CompressionFormat",
                                              "ParameterValue": "GZIP"}]},
    {"Type": "AppendDelimiterToRecord"}]}


def described(pipeline: Pipeline) -> Any:
    return pipeline.firehose.describe_delivery_stream(
        DeliveryStreamName="stream")["DeliveryStreamDescription"]


def extended(pipeline: Pipeline) -> Any:
    return described(pipeline)["Destinations"][0]["ExtendedS3DestinationDescription"]


def update(pipeline: Pipeline, version: str = "1", **changes: Any) -> None:
    pipeline.firehose.update_destination(
        DeliveryStreamName="stream", CurrentDeliveryStreamVersionId=version,
        DestinationId="destinationId-000000000001", ExtendedS3DestinationUpdate=changes)


def test_defaults(pipeline: Pipeline) -> None:
    pipeline.stream()
    stream = described(pipeline)
    assert stream["DeliveryStreamStatus"] == "ACTIVE" and stream["VersionId"] == "1"
    destination = stream["Destinations"][0]
    assert set(destination) == {"DestinationId", "S3DestinationDescription",
                                "ExtendedS3DestinationDescription"}
    full = destination["ExtendedS3DestinationDescription"]
    assert full["BufferingHints"] == {"SizeInMBs": 5, "IntervalInSeconds": 300}
    assert full["CompressionFormat"] == "UNCOMPRESSED" and full["S3BackupMode"] == "Disabled"
    assert full["EncryptionConfiguration"] == {"NoEncryptionConfig": "NoEncryption"}
    assert full["CustomTimeZone"] == "UTC" and full["CloudWatchLoggingOptions"] == {"Enabled": False}


def test_all_fields_are_kept(pipeline: Pipeline) -> None:
    given = {"FileExtension": ".json.gz", "CustomTimeZone": "Asia/Seoul", "CompressionFormat": "GZIP",
             "ProcessingConfiguration": PROCESSING, "Prefix": "a/!{timestamp:yyyy}/",
             "ErrorOutputPrefix": "e/!{firehose:error-output-type}/"}
    pipeline.stream(**given)
    kept = extended(pipeline)
    assert {name: kept[name] for name in given} == given


def test_update_merges(pipeline: Pipeline) -> None:
    pipeline.stream(FileExtension=".json.gz", CompressionFormat="GZIP", ProcessingConfiguration=PROCESSING)
    update(pipeline, FileExtension="")
    kept = extended(pipeline)
    assert kept["FileExtension"] == "" and kept["CompressionFormat"] == "GZIP"
    assert kept["ProcessingConfiguration"] == PROCESSING
    assert described(pipeline)["VersionId"] == "2"
    update(pipeline, "2", ProcessingConfiguration={"Enabled": False})
    assert extended(pipeline)["ProcessingConfiguration"] == {"Enabled": False, "Processors": []}
    update(pipeline, "3", CompressionFormat="Snappy")
    plain = described(pipeline)["Destinations"][0]["S3DestinationDescription"]
    assert plain["CompressionFormat"] == "Snappy" and "FileExtension" not in plain


def test_version_is_checked(pipeline: Pipeline, refused: Any) -> None:
    pipeline.stream()
    update(pipeline, Prefix="a/")
    with refused("ConcurrentModificationException", "current version id: 2"):
        update(pipeline, Prefix="b/")


def test_backup_cannot_be_disabled(pipeline: Pipeline, refused: Any) -> None:
    pipeline.stream()
    update(pipeline, S3BackupMode="Enabled", S3BackupUpdate={
        "RoleARN": pipeline.firehose_role, "BucketARN": "arn:aws:s3:::backup"})
    assert extended(pipeline)["S3BackupDescription"]["BucketARN"] == "arn:aws:s3:::backup"
    with refused("InvalidArgumentException", "cannot be disabled"):
        update(pipeline, "2", S3BackupMode="Disabled")


@pytest.mark.parametrize("changes,text", [
    ({"ErrorOutputPrefix": "e/!{timestamp:yyyy}/"}, "must contain !{firehose:error-output-type}"),
    ({"Prefix": "a/!{timestamp:yyyy}/"}, "ErrorOutputPrefix must be specified"),
    ({"Prefix": "a/!{firehose:error-output-type}/"}, "cannot be used in Prefix"),
    ({"Prefix": "a/!{time:yyyy}/", "ErrorOutputPrefix": "e/"}, "Invalid expression"),
    ({"Prefix": "a/!{timestamp:yyyy"}, "Invalid expression"),
    ({"BufferingHints": {"SizeInMBs": 64}}, "together"),
    ({"CloudWatchLoggingOptions": {"Enabled": True}}, "LogGroupName"),
    ({"ProcessingConfiguration": {"Enabled": True, "Processors": [
        {"Type": "CloudWatchLogProcessing", "Parameters": [
            {"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}]}]}}, "Decompression"),
])
def test_refusals(pipeline: Pipeline, refused: Any, changes: Any, text: str) -> None:
    with refused("InvalidArgumentException", text):
        pipeline.stream(**changes)
    pipeline.stream()
    with refused("InvalidArgumentException", text):
        update(pipeline, **changes)


def test_role_must_be_assumable(pipeline: Pipeline, refused: Any) -> None:
    for role in ("arn:aws:iam::123456789012:role/nobody", pipeline.logs_role):
        with refused("InvalidArgumentException", "Firehose is unable to assume role"):
            pipeline.stream(RoleARN=role)


def test_propagation(pipeline: Pipeline, sandbox: Sandbox, refused: Any) -> None:
    sandbox.switches(iam_propagation_calls=2)
    pipeline.iam.delete_role(RoleName="firehose")
    pipeline.iam.delete_role_policy(RoleName="logs", PolicyName="put")
    pipeline.iam.delete_role(RoleName="logs")
    pipeline.roles()
    for _ in range(2):
        with refused("InvalidArgumentException", "Firehose is unable to assume role"):
            pipeline.stream()
    pipeline.stream()


def test_creating(pipeline: Pipeline, sandbox: Sandbox, refused: Any) -> None:
    sandbox.switches(creating_describes=2)
    pipeline.stream()
    with refused("ResourceInUseException"):
        update(pipeline, Prefix="a/")
    with refused("ResourceInUseException"):
        pipeline.stream()
    with refused("InvalidParameterException", "Could not deliver test message"):
        pipeline.filter()
    states = [described(pipeline)["DeliveryStreamStatus"] for _ in range(3)]
    assert states == ["CREATING", "CREATING", "ACTIVE"]


def test_creating_failed(pipeline: Pipeline, sandbox: Sandbox) -> None:
    sandbox.switches(creating_describes=1, creating_fails=True)
    pipeline.stream()
    assert described(pipeline)["DeliveryStreamStatus"] == "CREATING"
    assert described(pipeline)["DeliveryStreamStatus"] == "CREATING_FAILED"


def test_tags_come_in_pages(pipeline: Pipeline, sandbox: Sandbox) -> None:
    pipeline.stream()
    pipeline.firehose.tag_delivery_stream(DeliveryStreamName="stream", Tags=[
        {"Key": key, "Value": key} for key in "abc"])
    sandbox.switches(page_size=2)
    first = pipeline.firehose.list_tags_for_delivery_stream(DeliveryStreamName="stream")
    assert [t["Key"] for t in first["Tags"]] == ["a", "b"] and first["HasMoreTags"]
    rest = pipeline.firehose.list_tags_for_delivery_stream(DeliveryStreamName="stream",
                                                           ExclusiveStartTagKey="b")
    assert [t["Key"] for t in rest["Tags"]] == ["c"] and not rest["HasMoreTags"]


def test_missing(pipeline: Pipeline, refused: Any) -> None:
    with refused("ResourceNotFoundException", "not found"):
        described(pipeline)
