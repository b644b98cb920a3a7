"""One sandbox for all tests, emptied before each; and a raw client that can send what no SDK would."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from .control import ACCESS_KEY, ACCOUNT, REGION, SECRET_KEY, Sandbox, start_sandbox

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"}
TARGETS = {"firehose": "Firehose_20150804", "logs": "Logs_20140328", "glue": "AWSGlue",
           "athena": "AmazonAthena"}


@pytest.fixture(scope="session")
def process() -> Iterator[Sandbox]:
    with start_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Sandbox, request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """Also holds the sandbox itself to AWS's models: no reply of a test may break them."""
    process.reset()
    yield process
    assert process.bugs() == []


class Wire:
    """Signed requests by hand; what is changed after signing is what the tests are about."""

    def __init__(self, endpoint: str):
        self.host = urlsplit(endpoint).netloc
        self.connection = http.client.HTTPConnection(self.host, timeout=120)

    def sign(self, service: str, method: str, target: str, body: bytes, headers: dict[str, str],
             secret: str = SECRET_KEY, access: str = ACCESS_KEY, token: str | None = None,
             region: str = REGION) -> dict[str, str]:
        request = AWSRequest(method, f"http://{self.host}{target}", headers=dict(headers), data=body)
        kind = S3SigV4Auth if service == "s3" else SigV4Auth
        kind(Credentials(access, secret, token), service, region).add_auth(request)
        return {k: v if isinstance(v, str) else v.decode() for k, v in request.headers.items()}

    def send(self, method: str, target: str, body: bytes, headers: dict[str, str]) -> Any:
        self.connection.request(method, target, body, headers)
        reply = self.connection.getresponse()
        text = reply.read().decode()
        return reply.status, dict(reply.getheaders()), text

    def query(self, service: str, form: str, region: str = "us-east-1", **signing: Any) -> Any:
        body = form.encode()
        headers = self.sign(service, "POST", "/", body, FORM, region=region, **signing)
        return self.send("POST", "/", body, headers)

    def json(self, service: str, operation: str, value: Any, **signing: Any) -> Any:
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        headers = self.sign(service, "POST", "/", body, {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"{TARGETS[service]}.{operation}"}, **signing)
        return self.send("POST", "/", body, headers)

    def rest(self, service: str, method: str, target: str, body: bytes = b"",
             headers: dict[str, str] | None = None, **signing: Any) -> Any:
        return self.send(method, target, body, self.sign(service, method, target, body, headers or {},
                                                         **signing))


@pytest.fixture
def wire(sandbox: Sandbox) -> Iterator[Wire]:
    made = Wire(sandbox.endpoint)
    yield made
    made.connection.close()


def trust(principal: dict[str, str], **condition: Any) -> str:
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    if condition:
        statement["Condition"] = condition
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def allow(action: Any, resource: Any = "*") -> str:
    return json.dumps({"Version": "2012-10-17",
                       "Statement": [{"Effect": "Allow", "Action": action, "Resource": resource}]})


class Pipeline:
    """Roles, a group and a stream, as a pipeline has them."""

    stream_arn = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/stream"
    group_arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/group"
    firehose_role = f"arn:aws:iam::{ACCOUNT}:role/firehose"
    logs_role = f"arn:aws:iam::{ACCOUNT}:role/logs"

    def __init__(self, sandbox: Sandbox):
        self.iam, self.firehose, self.logs = (sandbox.client(s) for s in ("iam", "firehose", "logs"))

    def config(self, **changes: Any) -> dict[str, Any]:
        return {"RoleARN": self.firehose_role, "BucketARN": "arn:aws:s3:::bucket", **changes}

    def roles(self) -> None:
        self.iam.create_role(RoleName="firehose", AssumeRolePolicyDocument=trust(
            {"Service": "firehose.amazonaws.com"}, StringEquals={"sts:ExternalId": ACCOUNT}))
        self.iam.create_role(RoleName="logs", AssumeRolePolicyDocument=trust(
            {"Service": f"logs.{REGION}.amazonaws.com"},
            StringLike={"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}))
        self.iam.put_role_policy(RoleName="logs", PolicyName="put",
                                 PolicyDocument=allow(["firehose:PutRecord", "firehose:PutRecordBatch"],
                                                      self.stream_arn))

    def stream(self, **changes: Any) -> None:
        self.firehose.create_delivery_stream(DeliveryStreamName="stream",
                                             ExtendedS3DestinationConfiguration=self.config(**changes))

    def filter(self, name: str = "one", **changes: Any) -> None:
        self.logs.put_subscription_filter(**{
            "logGroupName": "/group", "filterName": name, "filterPattern": "",
            "destinationArn": self.stream_arn, "roleArn": self.logs_role, **changes})


@pytest.fixture
def pipeline(sandbox: Sandbox) -> Pipeline:
    made = Pipeline(sandbox)
    made.roles()
    made.logs.create_log_group(logGroupName="/group")
    return made


@pytest.fixture
def refused() -> Any:
    """with refused("Code", "part of the message", status): ..."""
    @contextmanager
    def check(code: str, text: str = "", status: int = 0) -> Iterator[None]:
        with pytest.raises(ClientError) as caught:
            yield
        error = caught.value.response
        assert error["Error"]["Code"] == code, error
        assert text in error["Error"].get("Message", ""), error
        assert status in (0, error["ResponseMetadata"]["HTTPStatusCode"])
    return check
