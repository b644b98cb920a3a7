"""Unsigned, wrongly signed, stale and foreign requests are refused, in each protocol's own form."""

import json
from typing import Any

import pytest

from .conftest import FORM, Wire
from .control import ACCESS_KEY, ACCOUNT, EXPIRED_WEB_TOKEN, WEB_TOKEN, Sandbox
from .conftest import trust

IDENTITY = "Action=GetCallerIdentity&Version=2011-06-15"


def test_signed_call_passes_and_connection_is_kept(wire: Wire, sandbox: Sandbox) -> None:
    for _ in range(3):
        status, _, text = wire.query("sts", IDENTITY)
        assert status == 200 and f"<Account>{ACCOUNT}</Account>" in text
    assert len({call["connection"] for call in sandbox.calls()}) == 1
    assert sandbox.violations() == []


@pytest.mark.parametrize("service,status,code", [
    ("sts", 403, "MissingAuthenticationToken"), ("firehose", 400, "MissingAuthenticationTokenException"),
    ("apigatewayv2", 403, "MissingAuthenticationTokenException"), ("s3", 403, "AccessDenied")])
def test_unsigned(wire: Wire, sandbox: Sandbox, service: str, status: int, code: str) -> None:
    method, target, body, headers = {
        "sts": ("POST", "/", IDENTITY.encode(), FORM),
        "firehose": ("POST", "/", b"{}", {"Content-Type": "application/x-amz-json-1.1",
                                          "X-Amz-Target": "Firehose_20150804.ListDeliveryStreams"}),
        "apigatewayv2": ("GET", "/v2/apis", b"", {}), "s3": ("GET", "/bucket?policy", b"", {})}[service]
    got, reply, text = wire.send(method, target, body, headers)
    assert got == status
    assert code in text or reply.get("x-amzn-ErrorType") == code
    assert sandbox.violations()[0]["path"] == "Authorization"


def test_wrong_secret_query(wire: Wire) -> None:
    status, _, text = wire.query("sts", IDENTITY, secret="wrong")
    assert status == 403 and "<Code>SignatureDoesNotMatch</Code>" in text


def test_wrong_secret_json(wire: Wire) -> None:
    status, _, text = wire.json("logs", "DescribeLogGroups", {}, secret="wrong")
    assert status == 400 and json.loads(text)["__type"] == "InvalidSignatureException"


def test_wrong_secret_rest(wire: Wire) -> None:
    status, headers, _ = wire.rest("apigateway", "GET", "/v2/apis", secret="wrong")
    assert status == 403 and headers["x-amzn-ErrorType"] == "InvalidSignatureException"
    status, _, text = wire.rest("s3", "GET", "/bucket?policy", secret="wrong")
    assert status == 403 and "<Code>SignatureDoesNotMatch</Code>" in text


def test_unknown_key(wire: Wire) -> None:
    assert "InvalidClientTokenId" in wire.query("iam", "Action=ListRoles&Version=2010-05-08",
                                                access="AKIDNOBODY")[2]
    assert "UnrecognizedClientException" in wire.json("glue", "GetDatabases", {}, access="AKIDNOBODY")[2]
    assert "InvalidAccessKeyId" in wire.rest("s3", "GET", "/bucket?policy", access="AKIDNOBODY")[2]


def test_body_changed_after_signing(wire: Wire) -> None:
    body = IDENTITY.encode()
    headers = wire.sign("sts", "POST", "/", body, FORM)
    status, _, text = wire.send("POST", "/", body.replace(b"15", b"16"), headers)
    assert status == 403 and "SignatureDoesNotMatch" in text


def test_s3_body_hash_is_checked(wire: Wire) -> None:
    headers = wire.sign("s3", "PUT", "/bucket/key", b"one", {})
    status, _, text = wire.send("PUT", "/bucket/key", b"two", headers)
    assert status == 400 and "XAmzContentSHA256Mismatch" in text


def test_path_and_query_are_signed(wire: Wire) -> None:
    headers = wire.sign("apigateway", "GET", "/v2/apis/x/stages/%24default", b"", {})
    assert wire.send("GET", "/v2/apis/x/stages/%24other", b"", headers)[0] == 403
    headers = wire.sign("apigateway", "GET", "/v2/apis?maxResults=1", b"", {})
    assert wire.send("GET", "/v2/apis?maxResults=2", b"", headers)[0] == 403


def test_path_is_encoded_twice_but_for_s3(wire: Wire) -> None:
    """domain.md 0.10: a client that signs %24 as it is sent does not get through."""
    assert wire.rest("apigateway", "GET", "/v2/apis/x/stages/%24default")[0] == 404
    wrong = wire.sign("s3", "GET", "/v2/apis/x/stages/%24default", b"", {})
    wrong["Authorization"] = wrong["Authorization"].replace("/s3/", "/apigateway/")
    assert wire.send("GET", "/v2/apis/x/stages/%24default", b"", wrong)[0] == 403


def test_unsigned_amz_header(wire: Wire) -> None:
    headers = wire.sign("sts", "POST", "/", IDENTITY.encode(), FORM)
    status, _, text = wire.send("POST", "/", IDENTITY.encode(), {**headers, "X-Amz-Other": "1"})
    assert status == 403 and "not signed" in text


def test_iam_is_signed_for_us_east_1(wire: Wire) -> None:
    form = "Action=ListRoles&Version=2010-05-08"
    assert wire.query("iam", form)[0] == 200
    status, _, text = wire.query("iam", form, region="ap-northeast-2")
    assert status == 403 and "scoped to a valid region" in text


@pytest.mark.parametrize("offset,passes", [(-290, True), (-310, False), (290, True), (310, False)])
def test_clock_skew(wire: Wire, sandbox: Sandbox, offset: int, passes: bool) -> None:
    sandbox.switches(clock_offset_s=offset)
    status, headers, text = wire.query("sts", IDENTITY)
    assert (status == 200) is passes
    if not passes:
        assert "Signature expired" in text or "Signature not yet current" in text
        assert "Date" in headers
    assert sandbox.violations() == []


@pytest.mark.parametrize("offset,passes", [(890, True), (910, False)])
def test_clock_skew_s3(wire: Wire, sandbox: Sandbox, offset: int, passes: bool) -> None:
    sandbox.switches(clock_offset_s=offset)
    status, _, text = wire.rest("s3", "GET", "/bucket?policy")
    assert ("RequestTimeTooSkewed" not in text) is passes and status == (404 if passes else 403)


def test_second_account(sandbox: Sandbox) -> None:
    key = sandbox.account("111122223333")
    assert sandbox.client("sts", key=key).get_caller_identity()["Account"] == "111122223333"
    assert sandbox.client("logs", key=key).describe_log_groups()["logGroups"] == []


def test_assumed_role_session(sandbox: Sandbox, refused: Any) -> None:
    sandbox.client("iam").create_role(RoleName="me", AssumeRolePolicyDocument=trust(
        {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, StringEquals={"sts:ExternalId": "x1"}))
    sts = sandbox.client("sts")
    arn = f"arn:aws:iam::{ACCOUNT}:role/me"
    with refused("AccessDenied", "not authorized to perform: sts:AssumeRole"):
        sts.assume_role(RoleArn=arn, RoleSessionName="session")
    given = sts.assume_role(RoleArn=arn, RoleSessionName="session", ExternalId="x1")["Credentials"]
    key = {"access_key": given["AccessKeyId"], "secret_key": given["SecretAccessKey"],
           "token": given["SessionToken"]}
    assert sandbox.client("sts", key=key).get_caller_identity()["Arn"] == (
        f"arn:aws:sts::{ACCOUNT}:assumed-role/me/session")
    with refused("InvalidClientTokenId"):
        sandbox.client("sts", key={**key, "token": "other"}).get_caller_identity()
    sandbox.switches(clock_offset_s=3700)
    with refused("SignatureDoesNotMatch", "Signature expired"):
        sandbox.client("sts", key=key).get_caller_identity()


def test_web_identity_is_not_signed(sandbox: Sandbox, refused: Any) -> None:
    sandbox.client("iam").create_role(RoleName="pod", AssumeRolePolicyDocument=trust({"Federated": "issuer"}).replace(
        "sts:AssumeRole", "sts:AssumeRoleWithWebIdentity"))
    sts = sandbox.client("sts")
    words = {"RoleArn": f"arn:aws:iam::{ACCOUNT}:role/pod", "RoleSessionName": "one"}
    given = sts.assume_role_with_web_identity(WebIdentityToken=WEB_TOKEN, **words)["Credentials"]
    key = {"access_key": given["AccessKeyId"], "secret_key": given["SecretAccessKey"], "token": given["SessionToken"]}
    assert sandbox.client("sts", key=key).get_caller_identity()["Arn"].endswith(":assumed-role/pod/one")
    with refused("ExpiredTokenException"):
        sts.assume_role_with_web_identity(WebIdentityToken=EXPIRED_WEB_TOKEN, **words)
    with refused("InvalidIdentityToken"):
        sts.assume_role_with_web_identity(WebIdentityToken="other", **words)


def test_expired_token(sandbox: Sandbox, refused: Any) -> None:
    key = sandbox.account(ACCOUNT, token="t", lifetime_s=-1)
    with refused("ExpiredToken"):
        sandbox.client("sts", key=key).get_caller_identity()
    assert sandbox.violations() == []


def test_default_key_is_constant() -> None:
    assert len(ACCESS_KEY) == 20
