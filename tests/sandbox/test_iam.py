"""IAM as AWS has it: encoded documents, principals that must exist, simulation, propagation."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from .conftest import Wire, allow, trust
from .control import ACCOUNT, Sandbox

SERVICE = trust({"Service": "firehose.amazonaws.com"})
ROOT = f"arn:aws:iam::{ACCOUNT}"


@pytest.fixture
def iam(sandbox: Sandbox) -> Any:
    client = sandbox.client("iam")
    client.create_role(RoleName="role", AssumeRolePolicyDocument=SERVICE, Tags=[{"Key": "a", "Value": "1"}])
    return client


def test_documents_are_percent_encoded(iam: Any, wire: Wire) -> None:
    iam.put_role_policy(RoleName="role", PolicyName="p", PolicyDocument=allow("s3:Get*", "a+b c"))
    for form in ("GetRole&RoleName=role", "GetRolePolicy&RoleName=role&PolicyName=p"):
        text = wire.query("iam", f"Action={form}&Version=2010-05-08")[2]
        start = text.index("PolicyDocument>") + len("PolicyDocument>")
        document = text[start:text.index("<", start)]
        assert document.startswith("%7B%22Version%22") and " " not in document and "+" not in document
        assert json.loads(unquote(document))["Version"] == "2012-10-17"


def test_errors(iam: Any, refused: Any) -> None:
    with refused("EntityAlreadyExists", "role", 409):
        iam.create_role(RoleName="role", AssumeRolePolicyDocument=SERVICE)
    with refused("NoSuchEntity", "The role with name none cannot be found.", 404):
        iam.get_role(RoleName="none")
    with refused("NoSuchEntity", "role policy with name none", 404):
        iam.get_role_policy(RoleName="role", PolicyName="none")
    with refused("MalformedPolicyDocument"):
        iam.put_role_policy(RoleName="role", PolicyName="p", PolicyDocument="{}")
    with refused("MalformedPolicyDocument", "principal"):
        iam.put_role_policy(RoleName="role", PolicyName="p", PolicyDocument=SERVICE)
    with refused("LimitExceeded", "", 409):
        iam.update_assume_role_policy(RoleName="role", PolicyDocument=trust(
            {"Service": "x" * 3000}))


def sized(size: int) -> str:
    """A policy of that many characters, and white space that does not count."""
    empty = json.dumps(json.loads(allow("s3:Get*", "arn:aws:s3:::")), separators=(",", ":"))
    return json.dumps(json.loads(allow("s3:Get*", "arn:aws:s3:::" + "x" * (size - len(empty)))), indent=4)


def test_policies_are_small(iam: Any, refused: Any) -> None:
    """IAM user guide, "IAM and AWS STS quotas": white space is not counted."""
    iam.create_user(UserName="user")
    arn = iam.create_policy(PolicyName="fits", PolicyDocument=sized(6144))["Policy"]["Arn"]
    iam.put_role_policy(RoleName="role", PolicyName="p", PolicyDocument=sized(10040))
    iam.put_user_policy(UserName="user", PolicyName="p", PolicyDocument=sized(1848))
    for call, words in ((iam.create_policy, {"PolicyName": "large", "PolicyDocument": sized(6145)}),
                        (iam.create_policy_version, {"PolicyArn": arn, "PolicyDocument": sized(6145)}),
                        (iam.put_role_policy, {"RoleName": "role", "PolicyName": "q", "PolicyDocument": sized(201)}),
                        (iam.put_user_policy, {"UserName": "user", "PolicyName": "q", "PolicyDocument": sized(201)})):
        with refused("LimitExceeded", "", 409):
            call(**words)
    iam.put_role_policy(RoleName="role", PolicyName="q", PolicyDocument=sized(200))
    iam.put_role_policy(RoleName="role", PolicyName="p", PolicyDocument=sized(10040))
    iam.put_user_policy(UserName="user", PolicyName="q", PolicyDocument=sized(200))


def test_principals_must_exist(iam: Any, sandbox: Sandbox, refused: Any) -> None:
    with refused("MalformedPolicyDocument", "Invalid principal in policy"):
        iam.update_assume_role_policy(RoleName="role", PolicyDocument=trust({"AWS": ROOT + ":role/none"}))
    iam.update_assume_role_policy(RoleName="role", PolicyDocument=trust({"AWS": ROOT + ":role/role"}))
    sandbox.switches(iam_propagation_calls=1)
    iam.create_role(RoleName="late", AssumeRolePolicyDocument=SERVICE)
    late = trust({"AWS": ROOT + ":role/late"})
    with refused("MalformedPolicyDocument", "Invalid principal in policy"):
        iam.update_assume_role_policy(RoleName="role", PolicyDocument=late)
    iam.update_assume_role_policy(RoleName="role", PolicyDocument=late)


def test_eventual_reads(iam: Any, sandbox: Sandbox, refused: Any) -> None:
    sandbox.switches(eventual_reads=2)
    iam.create_role(RoleName="late", AssumeRolePolicyDocument=SERVICE)
    for _ in range(2):
        with refused("NoSuchEntity"):
            iam.get_role(RoleName="late")
    assert iam.get_role(RoleName="late")["Role"]["RoleName"] == "late"


def test_update_role_is_partial(iam: Any) -> None:
    iam.update_role(RoleName="role", Description="text")
    iam.update_role(RoleName="role", MaxSessionDuration=7200)
    role = iam.get_role(RoleName="role")["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("text", 7200)


def test_tags_and_boundary(iam: Any) -> None:
    iam.tag_role(RoleName="role", Tags=[{"Key": "b", "Value": "2"}])
    iam.untag_role(RoleName="role", TagKeys=["a"])
    boundary = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
    iam.put_role_permissions_boundary(RoleName="role", PermissionsBoundary=boundary)
    role = iam.get_role(RoleName="role")["Role"]
    assert role["Tags"] == [{"Key": "b", "Value": "2"}]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == boundary


def test_pages(iam: Any, sandbox: Sandbox) -> None:
    for number in range(3):
        iam.put_role_policy(RoleName="role", PolicyName=f"p{number}", PolicyDocument=allow("s3:*"))
    sandbox.switches(page_size=2)
    pages = list(iam.get_paginator("list_role_policies").paginate(RoleName="role"))
    assert [page["PolicyNames"] for page in pages] == [["p0", "p1"], ["p2"]]
    assert [page["IsTruncated"] for page in pages] == [True, False]


def simulate(iam: Any, source: str, resource: str, service: str = "firehose.amazonaws.com") -> Any:
    return iam.simulate_principal_policy(
        PolicySourceArn=source, ActionNames=["iam:PassRole"], ResourceArns=[resource],
        ContextEntries=[{"ContextKeyName": "iam:PassedToService", "ContextKeyType": "string",
                         "ContextKeyValues": [service]}])["EvaluationResults"][0]


def test_simulation(iam: Any, sandbox: Sandbox) -> None:
    role = ROOT + ":role/role"
    assert simulate(iam, ROOT + ":user/sandbox", role)["EvalDecision"] == "allowed"
    assert simulate(iam, role, role)["EvalDecision"] == "implicitDeny"
    document = json.loads(allow("iam:PassRole", ROOT + ":role/r*"))
    document["Statement"][0]["Condition"] = {
        "StringEquals": {"iam:PassedToService": "firehose.amazonaws.com"}}
    iam.put_role_policy(RoleName="role", PolicyName="p", PolicyDocument=json.dumps(document))
    assert simulate(iam, role, role)["EvalDecision"] == "allowed"
    assert simulate(iam, role, role, "logs.amazonaws.com")["EvalDecision"] == "implicitDeny"
    assert simulate(iam, role, ROOT + ":role/other")["EvalDecision"] == "implicitDeny"
    iam.put_role_policy(RoleName="role", PolicyName="deny", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}}))
    assert simulate(iam, role, role)["EvalDecision"] == "explicitDeny"


def test_simulation_tells_missing_context(iam: Any) -> None:
    document = json.loads(allow("iam:PassRole"))
    document["Statement"][0]["Condition"] = {"StringEquals": {"aws:PrincipalTag/team": "x"}}
    iam.put_role_policy(RoleName="role", PolicyName="p", PolicyDocument=json.dumps(document))
    result = simulate(iam, ROOT + ":role/role", "*")
    assert (result["EvalDecision"], result["MissingContextValues"]) == ("implicitDeny", [])
    [single] = result["ResourceSpecificResults"]
    assert (single["EvalResourceDecision"], single["MissingContextValues"]) == ("implicitDeny", ["aws:PrincipalTag/team"])
    [whole] = iam.simulate_principal_policy(PolicySourceArn=ROOT + ":role/role", ActionNames=["iam:PassRole"])["EvaluationResults"]
    assert whole["MissingContextValues"] == ["aws:PrincipalTag/team"] and "ResourceSpecificResults" not in whole


@pytest.mark.parametrize("arn", [f"arn:aws:sts::{ACCOUNT}:assumed-role/role/session", ROOT + ":root"])
def test_sessions_cannot_be_simulated(iam: Any, refused: Any, arn: str) -> None:
    with refused("InvalidInput", f"Invalid Entity Arn: {arn}"):
        simulate(iam, arn, "*")


def test_simulating_a_missing_role(iam: Any, refused: Any) -> None:
    with refused("NoSuchEntity"):
        simulate(iam, ROOT + ":role/none", "*")
