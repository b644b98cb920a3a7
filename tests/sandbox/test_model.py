"""Requests that AWS's service models do not allow are refused and recorded."""

import base64
import hashlib
import json
from typing import Any

import pytest

from .conftest import FORM, Wire
from .control import Sandbox


def refused_json(wire: Wire, service: str, operation: str, value: Any, code: str) -> None:
    status, _, text = wire.json(service, operation, value)
    assert status == 400 and json.loads(text)["__type"] == code, text


@pytest.mark.parametrize("operation,value,code,path", [
    ("DescribeDeliveryStream", {}, "ValidationException", "DeliveryStreamName"),
    ("DescribeDeliveryStream", {"DeliveryStreamName": 1}, "SerializationException", "DeliveryStreamName"),
    ("DescribeDeliveryStream", {"DeliveryStreamName": "a" * 65}, "ValidationException",
     "DeliveryStreamName"),
    ("DescribeDeliveryStream", {"DeliveryStreamName": "a b"}, "ValidationException", "DeliveryStreamName"),
    ("DescribeDeliveryStream", {"DeliveryStreamName": "a", "Extra": 1}, "SerializationException", "Extra"),
    ("DescribeDeliveryStream", {"DeliveryStreamName": None}, "SerializationException",
     "DeliveryStreamName"),
    ("CreateDeliveryStream", {"DeliveryStreamName": "a", "DeliveryStreamType": "Direct"},
     "ValidationException", "DeliveryStreamType"),
    ("ListDeliveryStreams", {"Limit": 0}, "ValidationException", "Limit"),
    ("ListDeliveryStreams", {"Limit": True}, "SerializationException", "Limit"),
    ("DescribeDeliveryStream", b'{"DeliveryStreamName":"a","DeliveryStreamName":"b"}',
     "SerializationException", "DeliveryStreamName"),
    ("DescribeDeliveryStream", b"not json", "SerializationException", ""),
    ("MakeDeliveryStream", {}, "UnknownOperationException", ""),
])
def test_json(wire: Wire, sandbox: Sandbox, operation: str, value: Any, code: str, path: str) -> None:
    refused_json(wire, "firehose", operation, value, code)
    assert [v["path"] for v in sandbox.violations()] == [path]


def test_json_nested(wire: Wire, sandbox: Sandbox) -> None:
    refused_json(wire, "firehose", "CreateDeliveryStream", {
        "DeliveryStreamName": "a", "ExtendedS3DestinationConfiguration": {
            "RoleARN": "arn:aws:iam::123456789012:role/r", "BucketARN": "arn:aws:s3:::b",
            "ProcessingConfiguration": {"Processors": [{"Type": "Unpack"}]},
            "BufferingHints": {"SizeInMBs": 129}}}, "ValidationException")
    assert {v["path"] for v in sandbox.violations()} == {
        "ExtendedS3DestinationConfiguration.ProcessingConfiguration.Processors[0].Type",
        "ExtendedS3DestinationConfiguration.BufferingHints.SizeInMBs"}


@pytest.mark.parametrize("service,operation,value,code", [
    ("logs", "DescribeLogGroups", {"limit": 51}, "InvalidParameterException"),
    ("athena", "GetWorkGroup", {}, "InvalidRequestException"),
    ("glue", "GetTable", {"DatabaseName": "d"}, "InvalidInputException")])
def test_code_of_each_service(wire: Wire, service: str, operation: str, value: Any, code: str) -> None:
    refused_json(wire, service, operation, value, code)


def test_json_content_type(wire: Wire, sandbox: Sandbox) -> None:
    headers = wire.sign("logs", "POST", "/", b"{}", {"Content-Type": "application/json",
                                                     "X-Amz-Target": "Logs_20140328.DescribeLogGroups"})
    assert wire.send("POST", "/", b"{}", headers)[0] == 400
    assert sandbox.violations()[0]["path"] == "Content-Type"


@pytest.mark.parametrize("form,code", [
    ("Action=GetRole&Version=2010-05-08", "ValidationError"),
    ("Action=GetRole&Version=2010-05-09&RoleName=a", "MalformedInput"),
    ("Action=GetRoll&Version=2010-05-08", "InvalidAction"),
    ("Action=GetRole&Version=2010-05-08&RoleName=a&Rolename=b", "ValidationError"),
    ("Action=GetRole&Version=2010-05-08&RoleName=a%2Fb", "ValidationError"),
    ("Action=GetRole&Version=2010-05-08&RoleName=a&RoleName=b", "MalformedInput"),
    ("Action=TagRole&Version=2010-05-08&RoleName=a&Tags.member.2.Key=k&Tags.member.2.Value=v",
     "MalformedInput"),
    ("Action=TagRole&Version=2010-05-08&RoleName=a&Tags.1.Key=k&Tags.1.Value=v", "ValidationError"),
    ("Action=UpdateRole&Version=2010-05-08&RoleName=a&MaxSessionDuration=long", "MalformedInput"),
])
def test_query(wire: Wire, sandbox: Sandbox, form: str, code: str) -> None:
    status, _, text = wire.query("iam", form)
    assert status == 400 and f"<Code>{code}</Code>" in text, text
    assert sandbox.violations()


def test_query_content_type(wire: Wire) -> None:
    body = b"Action=ListRoles&Version=2010-05-08"
    headers = wire.sign("iam", "POST", "/", body, {"Content-Type": "text/plain"}, region="us-east-1")
    assert wire.send("POST", "/", body, headers)[0] == 400
    assert wire.send("POST", "/", body, wire.sign("iam", "POST", "/", body, FORM,
                                                  region="us-east-1"))[0] == 200


@pytest.mark.parametrize("method,target,body", [
    ("PATCH", "/v2/apis/a/stages/b", {"accessLogSetting": {}}),
    ("PATCH", "/v2/apis/a/stages/b", {"accessLogSettings": {"Format": "x"}}),
    ("PATCH", "/v2/apis/a/stages/b", {"autoDeploy": "true"}),
    ("PATCH", "/v2/apis/a/stages/b", {"accessLogSettings": {"format": "x" * 1025}}),
    ("GET", "/v2/apis?maxresults=1", None),
    ("GET", "/v2/apis", {})])
def test_rest_json(wire: Wire, sandbox: Sandbox, method: str, target: str, body: Any) -> None:
    data = b"" if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json"} if data else {}
    status, reply, text = wire.rest("apigateway", method, target, data, headers)
    assert status == 400 and reply["x-amzn-ErrorType"] == "BadRequestException", text
    assert sandbox.violations()


def test_rest_json_unknown_path(wire: Wire) -> None:
    assert wire.rest("apigateway", "GET", "/v2/api")[0] == 403


TAGS = (b'<Tagging xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TagSet><Tag><Key>k</Key>'
        b"<Value>v</Value></Tag></TagSet></Tagging>")


def md5(body: bytes) -> dict[str, str]:
    return {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}


@pytest.mark.parametrize("body,headers,code", [
    (TAGS, {}, "InvalidRequest"),
    (TAGS, {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}, "BadDigest"),
    (TAGS, {"x-amz-checksum-crc32": "AAAAAA=="}, "InvalidRequest"),
    (TAGS.replace(b"<Key>k</Key>", b""), None, "MalformedXML"),
    (TAGS.replace(b"Tag>", b"Tug>"), None, "MalformedXML"),
    (TAGS.replace(b"Tagging", b"Taggings"), None, "MalformedXML"),
    (TAGS.replace(b"2006", b"2007"), None, "MalformedXML"),
    (TAGS.replace(b' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', b""), None, "MalformedXML"),
    (TAGS[:-3], None, "MalformedXML"),
    (b"", None, "InvalidArgument"),
])
def test_rest_xml(wire: Wire, sandbox: Sandbox, body: bytes, headers: Any, code: str) -> None:
    sandbox.client("s3").create_bucket(Bucket="bucket", CreateBucketConfiguration={
        "LocationConstraint": "ap-northeast-2"})
    status, _, text = wire.rest("s3", "PUT", "/bucket?tagging", body,
                                md5(body) if headers is None else headers)
    assert status == 400 and f"<Code>{code}</Code>" in text, text
    assert sandbox.violations()


def test_rest_xml_good(wire: Wire, sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    assert wire.rest("s3", "PUT", "/bucket?tagging", TAGS, md5(TAGS))[0] in (200, 204)
    assert s3.get_bucket_tagging(Bucket="bucket")["TagSet"] == [{"Key": "k", "Value": "v"}]
    assert sandbox.violations() == []


def test_form_content_type_on_xml(wire: Wire, sandbox: Sandbox) -> None:
    assert wire.rest("s3", "PUT", "/bucket?tagging", TAGS, {**md5(TAGS), **FORM})[0] == 400
    assert sandbox.violations()[0]["path"] == "Content-Type"


def test_host_must_be_the_endpoint(wire: Wire, sandbox: Sandbox) -> None:
    wire.host = "bucket.elsewhere.example"
    headers = wire.sign("s3", "GET", "/?policy", b"", {})
    assert wire.send("GET", "/?policy", b"", {**headers, "Host": wire.host})[0] == 400
    assert "Host" in [v["path"] for v in sandbox.violations()]
