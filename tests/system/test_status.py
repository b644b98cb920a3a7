"""`billingd status`: the state of every resource, and whether usage really arrives."""

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import Sandbox, Spec, make_api, pipeline

BUCKET = "shop-bucket"
ERRORS = "/aws/kinesisfirehose/shop-stream"


@pytest.fixture
def status(run: Any) -> Any:
    """status(): the JSON of the first pipeline, after checking that nothing but reads was sent."""
    def look(*words: str, code: int = 0, **more: str) -> Any:
        done = run("status", "-o", "json", *words, **more)
        assert done.returncode == code, done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert told["format_version"] == "1.0"
        return told["pipelines"][0]
    return look


@pytest.fixture
def applied(run: Any, sandbox: Sandbox, api: str) -> None:
    done = run("apply", "--yes")
    assert done.returncode == 0, done.stderr


def put(sandbox: Sandbox, *keys: str, body: bytes = b"x") -> None:
    """Objects as if Firehose had delivered them; it uses TLS, which the sandbox's own port cannot."""
    s3 = sandbox.client("s3")
    policy = s3.get_bucket_policy(Bucket=BUCKET)["Policy"]
    s3.delete_bucket_policy(Bucket=BUCKET)
    for key in keys:
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    s3.put_bucket_policy(Bucket=BUCKET, Policy=policy)


def folder(ago: timedelta = timedelta()) -> str:
    return (datetime.now(timezone.utc) - ago).strftime("access-logs/year=%Y/month=%m/day=%d/hour=%H/")


def complain(sandbox: Sandbox, *events: tuple[float, str]) -> None:
    """Events of the stream's error log: seconds ago, text."""
    now = time.time()
    lines = [{"timestamp": int((now - ago) * 1000), "message": text} for ago, text in events]
    sandbox.client("logs").put_log_events(logGroupName=ERRORS, logStreamName="S3Delivery",
                                          logEvents=sorted(lines, key=lambda line: line["timestamp"]))


def test_before_anything_is_made(status: Any, run: Any, sandbox: Sandbox, api: str) -> None:
    sandbox.clear()
    told = status()
    assert {r["state"] for r in told["resources"]} == {"absent", "differs"}  # the stage exists
    assert told["account"] == "123456789012"
    flow = told["data_flow"][0]
    assert flow["state"] == "absent" and flow["filters"][0]["attached"] is False
    assert flow["newest_object"] is flow["undelivered"] is flow["error_log"] is None
    status("--detailed-exitcode", code=2)
    text = run("status").stdout
    assert "shop-stream: absent" in text and "not attached" in text
    assert sandbox.calls(kind="write") == []


def test_in_sync_and_no_data(status: Any, run: Any, sandbox: Sandbox, applied: None) -> None:
    sandbox.clear()
    told = status("--detailed-exitcode")
    assert len(told["resources"]) > 20 and {r["state"] for r in told["resources"]} == {"in sync"}
    flow = told["data_flow"][0]
    assert flow["state"] == "ACTIVE"
    assert flow["filters"] == [{
        "resource": "shop/subscription", "log_group": "/aws/apigw/shop", "name": "ToFirehose", "attached": True,
        "destination": "arn:aws:firehose:ap-northeast-2:123456789012:deliverystream/shop-stream",
        "destination_right": True}]
    assert flow["newest_object"]["key"] is None and flow["newest_object"]["days"] == 7
    assert (flow["undelivered"]["count"], flow["undelivered"]["prefix"]) == (0, "error/")
    assert flow["error_log"]["count"] == 0
    assert sandbox.calls(kind="write") == []
    assert len(sandbox.calls(operation="ListObjectsV2")) <= 9
    text = run("status").stdout
    assert "shop-stream: ACTIVE" in text and "ToFirehose on /aws/apigw/shop: attached" in text
    assert "none in the last 7 days under access-logs/" in text
    assert "none under error/" in text and "nothing in the last 5 min" in text
    assert f"{len(told['resources'])} in sync" in text


def test_newest_object(status: Any, run: Any, sandbox: Sandbox, applied: None) -> None:
    hour = timedelta(hours=1)
    now = folder()  # the hour may change meanwhile
    put(sandbox, folder(2 * hour) + "shop-stream-1-a.json.gz", now + "shop-stream-1-b.json.gz",
        "zzz/other.json.gz", "access-logs/a-note.txt")
    time.sleep(1.1)  # S3's times are whole seconds
    put(sandbox, now + "shop-stream-1-c.json.gz", body=b"x" * 3000)
    sandbox.clear()
    newest = status()["data_flow"][0]["newest_object"]
    assert newest["key"] == now + "shop-stream-1-c.json.gz" and newest["size"] == 3000
    assert abs(newest["modified"] - time.time()) < 30
    assert len(sandbox.calls(operation="ListObjectsV2")) <= 4  # two days, an hour, the error prefix
    assert "shop-stream-1-c.json.gz, 2.9 KiB, " in run("status").stdout


def test_newest_object_of_days_ago(status: Any, sandbox: Sandbox, applied: None) -> None:
    put(sandbox, folder(timedelta(days=3)) + "old.json.gz", folder(timedelta(days=9)) + "older.json.gz")
    assert status()["data_flow"][0]["newest_object"]["key"].endswith("/old.json.gz")


def test_newest_object_older_than_the_look(status: Any, sandbox: Sandbox, applied: None) -> None:
    put(sandbox, folder(timedelta(days=9)) + "older.json.gz")
    assert status()["data_flow"][0]["newest_object"]["key"] is None


def test_newest_object_over_pages(status: Any, sandbox: Sandbox, applied: None) -> None:
    now = folder()
    put(sandbox, *[f"{now}{i:03}.json.gz" for i in range(25)])
    time.sleep(1.1)
    put(sandbox, f"{now}025.json.gz")
    sandbox.switches(page_size=10)
    flow = status()["data_flow"][0]
    assert flow["newest_object"]["key"].endswith("/025.json.gz")


def test_undelivered_objects(status: Any, run: Any, sandbox: Sandbox, applied: None) -> None:
    put(sandbox, *[f"error/processing-failed/2026/01/01/00/{i}" for i in range(12)])
    time.sleep(1.1)
    put(sandbox, "error/format-conversion-failed/2026/01/02/00/newest")
    undelivered = status()["data_flow"][0]["undelivered"]
    assert (undelivered["count"], undelivered["more"]) == (13, False)
    assert undelivered["key"].endswith("/newest")
    assert "usage that is not billed: 13 objects under error/" in run("status").stdout


def test_undelivered_objects_are_counted_to_a_bound(status: Any, sandbox: Sandbox, applied: None) -> None:
    put(sandbox, *[f"error/processing-failed/{i:02}" for i in range(50)])
    sandbox.switches(page_size=2)
    sandbox.clear()
    undelivered = status()["data_flow"][0]["undelivered"]
    assert (undelivered["count"], undelivered["more"]) == (40, True)


def test_error_log(status: Any, run: Any, sandbox: Sandbox, applied: None) -> None:
    complain(sandbox, *[(10.0 * i, json.dumps({"errorCode": "S3.AccessDenied", "message": f"refused {i}"}))
                        for i in range(1, 15)], (400.0, "too old"), (5.0, "plain \x1b[31mtext"))
    log = status()["data_flow"][0]["error_log"]
    assert log["count"] == 15 and len(log["last"]) == 10 and not log["more"]
    times = [event["time"] for event in log["last"]]
    assert times == sorted(times) and log["last"][-1]["message"] == "plain \x1b[31mtext"
    text = run("status").stdout
    assert "15 events in the last 5 min, the last:" in text
    assert "S3.AccessDenied: refused 1\n" in text and "refused 14" not in text and "too old" not in text
    assert "\x1b" not in text


def test_drift_is_told_by_field(status: Any, run: Any, sandbox: Sandbox, applied: None) -> None:
    sandbox.client("logs").put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=7)
    sandbox.client("logs").delete_subscription_filter(logGroupName="/aws/apigw/shop", filterName="ToFirehose")
    told = status("--detailed-exitcode", code=2)
    states = {r["resource"]: r for r in told["resources"]}
    assert states["shop/access_logs"]["state"] == "differs"
    assert states["shop/access_logs"]["fields"] == ["retention_days"]
    assert states["shop/subscription"]["state"] == "absent"
    assert told["data_flow"][0]["filters"][0]["attached"] is False
    assert "retention_days" in run("status").stdout


def test_filter_to_another_stream(status: Any, run: Any, sandbox: Sandbox, applied: None) -> None:
    firehose, logs = sandbox.client("firehose"), sandbox.client("logs")
    have = firehose.describe_delivery_stream(DeliveryStreamName="shop-stream")["DeliveryStreamDescription"]
    destination = have["Destinations"][0]["ExtendedS3DestinationDescription"]
    firehose.create_delivery_stream(DeliveryStreamName="other", ExtendedS3DestinationConfiguration={
        "RoleARN": destination["RoleARN"], "BucketARN": destination["BucketARN"]})
    role = sandbox.client("iam").get_role(RoleName="shop-stream-logs-to-fh-role")["Role"]["Arn"]
    other = have["DeliveryStreamARN"].replace("shop-stream", "other")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": "firehose:*", "Resource": "*"}]})
    sandbox.client("iam").put_role_policy(RoleName="shop-stream-logs-to-fh-role", PolicyName="more",
                                          PolicyDocument=policy)
    logs.put_subscription_filter(logGroupName="/aws/apigw/shop", filterName="ToFirehose", filterPattern="",
                                 destinationArn=other, roleArn=role)
    filters = status()["data_flow"][0]["filters"]
    assert filters[0]["attached"] is True and filters[0]["destination_right"] is False
    assert f"attached, but not to this stream: {other}" in run("status").stdout


def test_looks_that_fail(status: Any, run: Any, sandbox: Sandbox, applied: None) -> None:
    sandbox.faults({"action": "error", "operation": "ListObjectsV2", "status": 403, "code": "AccessDenied",
                    "message": "no s3:ListBucket", "times": 0})
    flow = status(code=77)["data_flow"][0]
    assert flow["newest_object"]["error"].startswith("ListObjectsV2: AccessDenied: no s3:ListBucket")
    assert flow["undelivered"]["denied"] is True and flow["error_log"]["count"] == 0
    assert "unknown: ListObjectsV2: AccessDenied" in run("status").stdout
    sandbox.faults({"action": "error", "operation": "FilterLogEvents", "code": "InvalidParameterException",
                    "message": "odd", "times": 0})
    flow = status(code=1)["data_flow"][0]
    assert "odd" in flow["error_log"]["error"] and flow["newest_object"]["key"] is None


def test_resource_that_cannot_be_read(status: Any, sandbox: Sandbox, applied: None) -> None:
    sandbox.faults({"action": "error", "operation": "DescribeDeliveryStream", "code": "AccessDeniedException",
                    "message": "no", "times": 0})
    told = status(code=77)
    stream = next(r for r in told["resources"] if r["resource"] == "shop/stream")
    assert stream["state"] == "unknown" and "AccessDeniedException: no" in stream["detail"]
    assert told["data_flow"][0]["state"] is None


def test_another_account(status: Any, run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    spec.write(account="999999999999")
    told = status(code=4)
    assert "999999999999" in told["refused"] and told["data_flow"] is None and told["resources"] == []
    assert "not looked at: " in run("status").stdout


def test_two_pipelines(run: Any, sandbox: Sandbox, spec: Spec) -> None:
    make_api(sandbox, "one")
    make_api(sandbox, "two", "us-east-1")
    spec.write(pipelines=pipeline("one", "one") + pipeline("two", "two", "us-east-1"))
    assert run("apply", "--yes").returncode == 0
    done = run("status", "-o", "json", "--detailed-exitcode")
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)["pipelines"]
    assert [(p["name"], p["region"], p["data_flow"][0]["state"]) for p in told] == [
        ("one", "ap-northeast-2", "ACTIVE"), ("two", "us-east-1", "ACTIVE")]
