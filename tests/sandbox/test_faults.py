"""Each fault kind does to a call what it says, to the call it says, and nothing else."""

import http.client
import json
import threading
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, HTTPClientError

from .conftest import Wire
from .control import REGION, Sandbox

THROTTLES = {"sts": ("Throttling", 400), "firehose": ("ThrottlingException", 400),
             "apigatewayv2": ("TooManyRequestsException", 429), "s3": ("SlowDown", 503)}
READS = {"sts": "get_caller_identity", "firehose": "list_delivery_streams", "apigatewayv2": "get_apis",
         "s3": "list_buckets"}


@pytest.mark.parametrize("service", THROTTLES)
def test_throttle(sandbox: Sandbox, refused: Any, service: str) -> None:
    client = sandbox.client(service)
    sandbox.faults({"action": "throttle", "service": service})
    with refused(THROTTLES[service][0], status=THROTTLES[service][1]):
        getattr(client, READS[service])()
    getattr(client, READS[service])()
    assert [c["status"] for c in sandbox.calls()] == [THROTTLES[service][1], 200]


@pytest.mark.parametrize("service", THROTTLES)
def test_500(sandbox: Sandbox, service: str) -> None:
    sandbox.faults({"action": "500"})
    with pytest.raises(ClientError) as caught:
        getattr(sandbox.client(service), READS[service])()
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500


def test_error(sandbox: Sandbox, refused: Any) -> None:
    sandbox.faults({"action": "error", "operation": "ListDeliveryStreams", "status": 400,
                    "code": "LimitExceededException", "message": "full"})
    with refused("LimitExceededException", "full", 400):
        sandbox.client("firehose").list_delivery_streams()


def test_without_header(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="b-1", CreateBucketConfiguration={"LocationConstraint": REGION})
    sandbox.faults({"action": "without_header", "operation": "HeadBucket", "header": "x-amz-bucket-region"})
    assert "BucketRegion" not in s3.head_bucket(Bucket="b-1")
    assert s3.head_bucket(Bucket="b-1")["BucketRegion"] == REGION
    assert sandbox.fault_counts()[0]["changed"] == 1


def test_html503(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.faults({"action": "html503"})
    status, headers, text = wire.json("logs", "DescribeLogGroups", {})
    assert status == 503 and headers["Content-Type"] == "text/html" and text.startswith("<html>")


@pytest.mark.parametrize("action", ["reset", "drop"])
def test_connection_lost_before_effect(sandbox: Sandbox, wire: Wire, action: str) -> None:
    sandbox.faults({"action": action, "kind": "write"})
    with pytest.raises(ConnectionResetError if action == "reset" else http.client.RemoteDisconnected):
        wire.json("logs", "CreateLogGroup", {"logGroupName": "g"})
    assert sandbox.client("logs").describe_log_groups()["logGroups"] == []


def test_lost_reply_takes_effect(sandbox: Sandbox) -> None:
    logs = sandbox.client("logs")
    sandbox.faults({"action": "lose_reply", "kind": "write"})
    with pytest.raises((ConnectionClosedError, HTTPClientError)):
        logs.create_log_group(logGroupName="g")
    assert [g["logGroupName"] for g in logs.describe_log_groups()["logGroups"]] == ["g"]


def test_truncated_reply(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.client("logs").create_log_group(logGroupName="g")
    sandbox.faults({"action": "truncate"})
    with pytest.raises(http.client.IncompleteRead) as caught:
        wire.json("logs", "DescribeLogGroups", {})
    assert 0 < len(caught.value.partial) and caught.value.expected > 0


def ask(sandbox: Sandbox) -> threading.Thread:
    """A call that nobody waits for."""
    def call() -> None:
        with suppress(HTTPClientError):
            sandbox.client("sts").get_caller_identity()
    asking = threading.Thread(target=call, daemon=True)
    asking.start()
    return asking


def test_latency(sandbox: Sandbox) -> None:
    """A slow call is slower than this test, and nobody waits for its end; others are not kept waiting by it."""
    sandbox.faults({"action": "latency", "latency_ms": 60000})
    slow = ask(sandbox)
    while not sandbox.fault_counts()[0]["fired"]:
        pass
    sandbox.client("sts").get_caller_identity()
    assert slow.is_alive(), "the second call, without the fault, is done first"
    sandbox.clear()
    sandbox.switches(latency_ms=60000)
    slow = ask(sandbox)
    while not any("faults" in call for call in sandbox.calls()):
        pass
    sandbox.switches(latency_ms=300)
    sandbox.client("sts").get_caller_identity()
    assert slow.is_alive(), "latency must not queue calls"
    call = sandbox.calls()[-1]
    assert call["end"] - call["time"] >= 0.3


def test_what_is_under_way_is_not_taken(sandbox: Sandbox) -> None:
    sandbox.faults({"action": "hold", "operation": "GetCallerIdentity"})
    slow = ask(sandbox)
    while not sandbox.fault_counts()[0]["fired"]:
        pass
    sandbox.client("logs").describe_log_groups()
    assert [call["operation"] for call in sandbox.take_calls()] == ["DescribeLogGroups"]
    sandbox.faults()
    slow.join()
    while not (taken := sandbox.take_calls()):
        pass
    assert [call["operation"] for call in taken] == ["GetCallerIdentity"] and sandbox.calls() == []


def test_hold(sandbox: Sandbox) -> None:
    """Neither made nor answered until it is let go; then both."""
    logs = sandbox.client("logs")
    sandbox.faults({"action": "hold", "operation": "CreateLogGroup"})
    held = threading.Thread(target=lambda: logs.create_log_group(logGroupName="g"), daemon=True)
    held.start()
    while not sandbox.fault_counts()[0]["fired"]:
        pass
    assert logs.describe_log_groups()["logGroups"] == [] and held.is_alive()
    assert [c["status"] for c in sandbox.calls(operation="CreateLogGroup")] == [None]
    sandbox.faults()
    held.join(60)
    assert len(logs.describe_log_groups()["logGroups"]) == 1
    assert [c["status"] for c in sandbox.calls(operation="CreateLogGroup")] == [200]


def test_nth_and_times(sandbox: Sandbox) -> None:
    logs = sandbox.client("logs")
    sandbox.faults({"action": "throttle", "service": "logs", "kind": "write", "nth": 2, "times": 2})
    outcomes = []
    for number in range(4):
        logs.describe_log_groups()
        try:
            logs.create_log_group(logGroupName=f"g{number}")
            outcomes.append("ok")
        except ClientError as error:
            outcomes.append(error.response["Error"]["Code"])
    assert outcomes == ["ok", "ThrottlingException", "ThrottlingException", "ok"]
    assert [(r["seen"], r["fired"]) for r in sandbox.fault_counts()] == [(4, 2)]


def test_for_ever_and_cleared(sandbox: Sandbox) -> None:
    sts = sandbox.client("sts")
    sandbox.faults({"action": "500", "times": 0})
    for _ in range(3):
        with pytest.raises(ClientError):
            sts.get_caller_identity()
    sandbox.faults()
    sts.get_caller_identity()


def test_bad_rule_and_switch(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="action must be one of"):
        sandbox.faults({"action": "explode"})
    with pytest.raises(ValueError, match="no such switch"):
        sandbox.switches(speed=9)


def test_sdk_retries_through_faults(sandbox: Sandbox) -> None:
    sandbox.faults({"action": "throttle"}, {"action": "reset", "nth": 2})
    assert sandbox.client("sts", retries=4).get_caller_identity()["Account"]
    assert len(sandbox.calls()) == 3


def test_journal(sandbox: Sandbox) -> None:
    logs = sandbox.client("logs")
    logs.create_log_group(logGroupName="g")
    with pytest.raises(ClientError):
        logs.create_log_group(logGroupName="g")
    first, second = sandbox.calls()
    assert (first["service"], first["operation"], first["kind"], first["status"]) == (
        "logs", "CreateLogGroup", "write", 200)
    assert first["params"] == {"logGroupName": "g"} and second["sequence"] > first["sequence"]
    assert (second["status"], second["error"]) == (400, "ResourceAlreadyExistsException")
    sandbox.clear()
    assert sandbox.calls() == []


def test_several_processes_share_state(sandbox: Sandbox) -> None:
    def create(number: int) -> None:
        sandbox.client("logs").create_log_group(logGroupName=f"g{number:02d}")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(create, range(24)))
    assert len(sandbox.client("logs").describe_log_groups()["logGroups"]) == 24


def rewritten(wire: Wire, sandbox: Sandbox, action: str, operation: str, params: Any) -> str:
    sandbox.faults({"action": action, "operation": operation})
    status, _, text = wire.json(*params)
    assert status == 200
    return text


def test_rewritten_json(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.client("logs").create_log_group(logGroupName="/a/b")
    call = ("logs", "DescribeLogGroups", {"logGroupNamePrefix": "/a/b"})
    texts = {action: rewritten(wire, sandbox, action, "DescribeLogGroups", call)
             for action in ("empty", "bare", "null", "cut", "wrong_document", "other_account", "html")}
    whole = wire.json(*call)[2]
    assert [texts[a] for a in ("empty", "bare", "null", "cut")] == ["", "{}", "null", whole[:len(whole) // 2]]
    assert list(json.loads(texts["wrong_document"])) == ["metricFilters"]
    other = json.loads(texts["other_account"])["logGroups"][0]
    assert other["logGroupName"] == "other-/a/b" and ":999999999999:" in other["arn"]
    assert texts["html"].startswith("<html>")


def test_rewritten_xml(sandbox: Sandbox, wire: Wire) -> None:
    """The root stays, and what it held is gone."""
    s3, iam = sandbox.client("s3"), sandbox.client("iam")
    s3.create_bucket(Bucket="b-1", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket="b-1", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    iam.create_role(RoleName="r-1", AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "sts:AssumeRole"}]}))
    sandbox.faults({"action": "bare", "times": 0})
    assert "TagSet" not in s3.get_bucket_tagging(Bucket="b-1")
    assert "Role" not in iam.get_role(RoleName="r-1")
    sandbox.faults({"action": "other_account", "times": 0})
    role = iam.get_role(RoleName="r-1")["Role"]
    assert (role["RoleName"], role["Arn"]) == ("other-r-1", "arn:aws:iam::999999999999:role/other-r-1")
    sandbox.faults({"action": "wrong_document", "times": 0})
    assert "TagSet" not in s3.get_bucket_tagging(Bucket="b-1")


def test_rewritten_page_is_nobodys(sandbox: Sandbox, wire: Wire) -> None:
    sandbox.faults({"action": "html"})
    status, headers, _ = wire.json("logs", "DescribeLogGroups", {})
    assert status == 200 and headers["Content-Type"] == "text/html"
    assert not [name for name in headers if "request" in name.lower()]


def test_unprocessed(sandbox: Sandbox) -> None:
    athena = sandbox.client("athena")
    query = athena.create_named_query(Name="q", Database="d", QueryString="SELECT 1")["NamedQueryId"]
    sandbox.faults({"action": "unprocessed"})
    batch = athena.batch_get_named_query(NamedQueryIds=[query])
    assert batch["NamedQueries"] == []
    assert [q["NamedQueryId"] for q in batch["UnprocessedNamedQueryIds"]] == [query]
    assert len(athena.batch_get_named_query(NamedQueryIds=[query])["NamedQueries"]) == 1


def test_health(sandbox: Sandbox) -> None:
    with urllib.request.urlopen(sandbox.endpoint + "/_sandbox/health") as reply:
        assert json.load(reply)["status"] == "ok"
