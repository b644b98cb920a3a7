"""Whoever holds the printed policy cannot become administrator, nor change what a close has put away.

Judged by the sandbox's evaluator (tests/sandbox/policy.py), which knows nothing of billingd's tables. The ways up are those
published for IAM: "AWS IAM Privilege Escalation - Methods and Mitigation" (Rhino Security Labs) and pathfinding.cloud."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from conftest import ACCOUNT, BINARY, ROOT, Sandbox
from sandbox import policy
from test_iam_policy import actions, billingd, listed, session_of, size

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/billingd-roles"
ROLES = [f"arn:aws:iam::{ACCOUNT}:role/ddn-apigw-accesslog-fh-role", f"arn:aws:iam::{ACCOUNT}:role/ddn-apigw-accesslog-fh-logs-to-fh-role"]
STRANGERS = [f"arn:aws:iam::{ACCOUNT}:{name}" for name in (
    "role/admin", "role/ddn-apigw-accesslog-fh-role2", "role/x/ddn-apigw-accesslog-fh-role", "user/admin", "user/billingd", "group/admins",
    "policy/billingd-roles", "policy/billingd", "instance-profile/x", "oidc-provider/x", "saml-provider/x", "server-certificate/x")]
NEVER = """
iam:CreatePolicy iam:CreatePolicyVersion iam:SetDefaultPolicyVersion iam:DeletePolicy iam:DeletePolicyVersion iam:CreateUser
iam:CreateAccessKey iam:CreateLoginProfile iam:UpdateLoginProfile iam:AttachUserPolicy iam:AttachGroupPolicy iam:AttachRolePolicy
iam:PutUserPolicy iam:PutGroupPolicy iam:AddUserToGroup iam:DeleteRolePermissionsBoundary iam:DeleteUserPermissionsBoundary
iam:PutUserPermissionsBoundary iam:CreateServiceLinkedRole iam:CreateInstanceProfile iam:AddRoleToInstanceProfile
iam:CreateSAMLProvider iam:UpdateSAMLProvider iam:CreateOpenIDConnectProvider iam:UpdateOpenIDConnectProviderThumbprint
iam:DeactivateMFADevice iam:CreateVirtualMFADevice iam:EnableMFADevice iam:UpdateAccessKey iam:UploadSSHPublicKey iam:DeleteRolePolicy
iam:DetachRolePolicy iam:DeleteRole iam:ResetServiceSpecificCredential iam:CreateServiceSpecificCredential
sts:AssumeRole sts:GetFederationToken lambda:CreateFunction lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration lambda:AddPermission
lambda:CreateEventSourceMapping lambda:InvokeFunction ec2:RunInstances ec2:AssociateIamInstanceProfile ec2:ModifyInstanceAttribute
cloudformation:CreateStack cloudformation:UpdateStack cloudformation:SetStackPolicy codebuild:CreateProject codebuild:StartBuild
codestar:CreateProject datapipeline:CreatePipeline datapipeline:PutPipelineDefinition glue:CreateDevEndpoint glue:UpdateDevEndpoint glue:CreateJob
glue:UpdateJob glue:CreateSession glue:PutResourcePolicy sagemaker:CreateNotebookInstance sagemaker:CreateTrainingJob sagemaker:CreatePresignedNotebookInstanceUrl
ecs:RegisterTaskDefinition ecs:RunTask ssm:SendCommand ssm:StartSession states:CreateStateMachine bedrock-agentcore:CreateCodeInterpreter
apprunner:CreateService batch:RegisterJobDefinition kms:CreateGrant kms:PutKeyPolicy secretsmanager:GetSecretValue ssm:GetParameter
organizations:LeaveOrganization account:PutContactInformation s3:DeleteBucket s3:DeleteBucketPolicy s3:DeleteObjectVersion
s3:BypassGovernanceRetention s3:PutObjectAcl s3:PutBucketAcl s3:PutAccountPublicAccessBlock logs:DeleteLogGroup logs:DeleteSubscriptionFilter
firehose:DeleteDeliveryStream glue:DeleteTable glue:DeleteDatabase cloudtrail:StopLogging cloudtrail:DeleteTrail apigateway:PUT apigateway:DELETE
""".split()
# On roles of the spec only, and giving them permissions only below the boundary.
OWN_ROLES = ["iam:CreateRole", "iam:PutRolePolicy", "iam:PutRolePermissionsBoundary"]
SERVICES = [f"{name}.amazonaws.com" for name in (
    "lambda", "ec2", "glue", "cloudformation", "datapipeline", "codebuild", "sagemaker", "ecs-tasks", "states", "ssm", "bedrock-agentcore",
    "batch", "tasks.apprunner", "firehose2", "cloudtrail", "scheduler", "pipes", "config", "backup")]


def printed(*words: str, **environment: str) -> dict[str, Any]:
    done = subprocess.run([BINARY, "iam-policy", *words], cwd=ROOT, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "BILLING_ACCOUNT_ID": ACCOUNT, "BILLING_BOUNDARY": "billingd-roles", **environment})
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def allowed(document: dict[str, Any], action: str, resource: str, **context: str) -> bool:
    given = {name.replace("__", ":"): [value] for name, value in context.items()}
    about = [s for s in document["Statement"] if any(policy.like(a, action, True) for a in listed(s["Action"]))]  # the others say nothing
    return bool(about) and policy.identity({"printed": json.dumps({"Statement": about})}, action, resource, given).decision == policy.ALLOWED


def places(document: dict[str, Any]) -> list[str]:
    """Whatever the policy names, read as a name, and what it should not reach."""
    named = {r.replace("*", "x") for s in document["Statement"] for r in listed(s["Resource"])}
    return [*sorted(named), *STRANGERS, *ROLES, "*", "arn:aws:s3:::another-bucket", f"arn:aws:kms:ap-northeast-2:{ACCOUNT}:key/x"]


@pytest.mark.parametrize("boundary", ["billingd-roles", ""])
@pytest.mark.parametrize("use", ["", "plan", "apply", "run", "bill", "close", "cost"])
def test_there_is_no_way_up(use: str, boundary: str) -> None:
    document = printed(*(["--for", use] if use else []), BILLING_BOUNDARY=boundary)
    may = boundary and use in ("", "apply", "run")  # write roles at all
    found = [(action, place) for action in NEVER for place in places(document) if allowed(document, action, place)]
    assert found == []
    for action in OWN_ROLES:
        for place in places(document):
            assert not allowed(document, action, place), (action, place)
            assert not allowed(document, action, place, iam__PermissionsBoundary="arn:aws:iam::aws:policy/AdministratorAccess")
            below = allowed(document, action, place, iam__PermissionsBoundary=BOUNDARY)
            assert below == bool(may and place in ROLES), (action, place)
    for place in places(document):
        assert allowed(document, "iam:UpdateAssumeRolePolicy", place) == bool(may and place in ROLES)
        for service in SERVICES:
            assert not allowed(document, "iam:PassRole", place, iam__PassedToService=service), (place, service)


CLOSED = [f"arn:aws:s3:::ddn-apigw-accesslog-bucket/billing/{key}" for key in (
    "ddn-api/2025-10/invoice.json", "numbers/ddn-api/ddn-api-2025-10.json")]
BY_THE_BUCKET = {"bucket": json.dumps({"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]})}


def denied(document: dict[str, Any], action: str, place: str, **context: str) -> bool:
    """Also to who lets himself in by the bucket's policy, which he may write: for a principal of the account that is enough."""
    given = {name.replace("__", ":").replace("_", "-"): [value] for name, value in context.items()}
    return policy.identity({"printed": json.dumps(document), **BY_THE_BUCKET}, action, place, given).decision == policy.EXPLICIT_DENY


@pytest.mark.parametrize("use", ["", "apply", "run", "bill", "close"])
def test_what_a_close_put_away_stays(use: str) -> None:
    document = printed(*(["--for", use] if use else []))
    for place in CLOSED:
        if use != "apply":
            assert allowed(document, "s3:PutObject", place, **{"s3:if-none-match": "*"})
        for action in ("PutObject", "DeleteObject", "DeleteObjectVersion", "PutObjectAcl", "PutObjectRetention", "PutObjectLegalHold"):
            assert denied(document, f"s3:{action}", place), action
        assert not denied(document, "s3:PutObject", place, s3__if_none_match="*") and not denied(document, "s3:GetObject", place)
    assert use == "apply" or allowed(document, "s3:PutObject", "arn:aws:s3:::ddn-apigw-accesslog-bucket/athena-results/x.csv")


def test_the_shipped_policy_fits() -> None:
    assert size(printed()) <= 6144


def test_nor_by_way_of_a_role() -> None:
    """The printed policy may write whom a role trusts: its holder, say, who then acts as the role, below the boundary."""
    boundary = printed("--boundary")
    for place in CLOSED:
        for action in ("PutObject", "DeleteObject", "DeleteObjectVersion", "PutObjectAcl", "PutObjectRetention"):
            assert denied(boundary, f"s3:{action}", place) and denied(boundary, f"s3:{action}", place, s3__if_none_match="*"), action
        assert not denied(boundary, "s3:GetObject", place)


def test_the_boundary_is_what_the_roles_are_for() -> None:
    """The printed boundary is no way up either, and takes nothing from the roles."""
    boundary = printed("--boundary")
    found = [(action, place) for action in [*NEVER, *OWN_ROLES, "iam:PassRole", "iam:UpdateAssumeRolePolicy"]
             for place in places(boundary) if allowed(boundary, action, place)]
    assert found == []
    bucket = "arn:aws:s3:::ddn-apigw-accesslog-bucket"
    assert allowed(boundary, "s3:PutObject", f"{bucket}/access-logs/x") and not allowed(boundary, "s3:DeleteObject", f"{bucket}/x")
    assert allowed(boundary, "firehose:PutRecordBatch", f"arn:aws:firehose:ap-northeast-2:{ACCOUNT}:deliverystream/ddn-apigw-accesslog-fh")


def test_apply_below_the_boundary(sandbox: Sandbox, api: str) -> None:
    """The whole pipeline, made under the printed policy, with the boundary made by who prints it."""
    given = {"BILLING_BOUNDARY": "billingd-roles"}
    iam = sandbox.client("iam")
    document = json.dumps(printed("--boundary"))
    iam.create_policy(PolicyName="billingd-roles", PolicyDocument=document)
    allow = json.loads(billingd(sandbox, "iam-policy", **given).stdout)
    session = session_of(sandbox, allow)
    applied = billingd(sandbox, "apply", "--yes", **session, **given)
    assert applied.returncode == 0, applied.stdout[-2000:] + applied.stderr[-2000:]
    assert "simulation" not in applied.stderr, applied.stderr  # IAM was told the boundary that its conditions ask for
    sandbox.switches(authorize=False)
    for arn in ROLES:
        found = iam.get_role(RoleName=arn.split("/")[-1])["Role"]
        assert found["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
    planned = billingd(sandbox, "plan", "--detailed-exitcode", **given)
    assert planned.returncode == 0 and "BL604" not in planned.stdout + planned.stderr, planned.stdout + planned.stderr
    # A role that was made before, without: the boundary comes first.
    iam.delete_role_permissions_boundary(RoleName=ROLES[0].split("/")[-1])
    iam.delete_role_policy(RoleName=ROLES[0].split("/")[-1], PolicyName="ddn-apigw-accesslog-fh-policy")
    sandbox.switches(authorize=True)
    again = billingd(sandbox, "apply", "--yes", **session, **given)
    assert again.returncode == 0, again.stdout[-2000:] + again.stderr[-2000:]
    # Without it nothing of the kind is allowed.
    sandbox.switches(authorize=False)
    iam.delete_role_permissions_boundary(RoleName=ROLES[0].split("/")[-1])
    iam.delete_role_policy(RoleName=ROLES[0].split("/")[-1], PolicyName="ddn-apigw-accesslog-fh-policy")
    sandbox.switches(authorize=True)
    refused = billingd(sandbox, "apply", "--yes", **session)
    assert refused.returncode == 77 and "iam:PutRolePolicy" in refused.stdout + refused.stderr, refused.stderr


def test_a_spec_without_boundary_is_told(sandbox: Sandbox, api: str) -> None:
    """The policy it gets makes no roles; with roles made by others it is enough, and only who asks for it gets the way up."""
    told = billingd(sandbox, "iam-policy")
    assert told.returncode == 0 and "the spec has no `boundary`" in told.stderr and "iam-policy --boundary" in told.stderr
    assert "boundary" not in billingd(sandbox, "iam-policy", "--for", "bill").stderr
    whole = billingd(sandbox, "iam-policy", "--without-boundary")
    assert "become administrator" in whole.stderr
    ways = actions(json.loads(whole.stdout)) - actions(json.loads(told.stdout))
    assert {"iam:CreateRole", "iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy"} <= ways and {w.split(":")[0] for w in ways} == {"iam"}, ways
    session = session_of(sandbox, json.loads(told.stdout))
    refused = billingd(sandbox, "apply", "--yes", **session)
    assert refused.returncode == 77 and not [c for c in sandbox.calls() if c["kind"] == "write" and c["client"] == "billingd"], refused.stderr  # nothing half made
    assert "iam:CreateRole" in refused.stderr and "iam:PutRolePolicy" in refused.stderr and "roles only with a `boundary`" in refused.stderr, refused.stderr
    sandbox.switches(authorize=False)
    assert billingd(sandbox, "apply", "--yes").returncode == 0
    sandbox.client("s3").delete_bucket_policy(Bucket="ddn-apigw-accesslog-bucket")
    sandbox.switches(authorize=True)
    assert billingd(sandbox, "apply", "--yes", **session).returncode == 0


@pytest.mark.parametrize("wrong", ["*", "a*", "a b", "arn:aws:iam::123456789012:role/x", "arn:aws:iam::*:policy/x", "a/b", "arn:aws:iam::123456789012:policy/*",
                                   "${aws:username}", "'", "a\"b"])
def test_a_boundary_is_a_policy(tmp_path: Path, wrong: str) -> None:
    spec = tmp_path / "billing.yaml"
    spec.write_text(f"boundary: {json.dumps(wrong)}\nregion: ap-northeast-2\naccount: '{ACCOUNT}'\npipelines: {{a: {{template: off}}}}\n")
    done = subprocess.run([BINARY, "check", "-f", spec], capture_output=True, text=True, timeout=60)
    assert done.returncode == 78 and "billing.yaml:1:11: boundary: " in done.stderr, done.stderr
