"""What `billingd iam-policy` prints is enough for apply, and every action of it is needed by somebody."""

import json
import os
import subprocess
from typing import Any

import pytest

from conftest import ACCOUNT, BINARY, ROOT, Sandbox


def billingd(sandbox: Sandbox, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BINARY), *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120,
                          env={**os.environ, **sandbox.environment(), "BILLING_ACCOUNT_ID": ACCOUNT,
                               **environment})


def session_of(sandbox: Sandbox, policy: dict[str, Any]) -> dict[str, str]:
    """Credentials of a role that may do what the policy says and nothing else."""
    iam = sandbox.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}
    iam.create_role(RoleName="billingd", AssumeRolePolicyDocument=json.dumps(trust))
    iam.put_role_policy(RoleName="billingd", PolicyName="least", PolicyDocument=json.dumps(policy))
    given = sandbox.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/billingd",
                                              RoleSessionName="session")["Credentials"]
    sandbox.switches(authorize=True)
    return {"AWS_ACCESS_KEY_ID": given["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"]}


def printed_policy(sandbox: Sandbox, *spec: str) -> dict[str, Any]:
    return json.loads(billingd(sandbox, *spec, "iam-policy").stdout)


def test_apply_under_the_printed_policy(sandbox: Sandbox, api: str) -> None:
    session = session_of(sandbox, printed_policy(sandbox))
    applied = billingd(sandbox, "apply", "--yes", **session)
    assert applied.returncode == 0, applied.stdout[-2000:] + applied.stderr[-2000:]
    assert "may not pass" not in applied.stderr
    planned = billingd(sandbox, "plan", "--detailed-exitcode", **session)
    assert planned.returncode == 0, planned.stdout
    logs = sandbox.client("logs")
    logs.put_retention_policy(logGroupName="/aws/apigw/ddn-access-logs", retentionInDays=1)
    sandbox.client("s3").delete_bucket_policy(Bucket="ddn-apigw-accesslog-bucket")
    assert billingd(sandbox, "apply", "--yes", **session).returncode == 0


@pytest.mark.parametrize("spec", ["overrides", "locked"])
def test_every_field_under_the_printed_policy(sandbox: Sandbox, api: str, spec: str) -> None:
    """With the fields and kinds that the shipped spec leaves alone."""
    there = ("-f", f"tests/system/campaign/specs/{spec}.yaml")
    session = session_of(sandbox, printed_policy(sandbox, *there))
    for words in (["apply", "--yes"], ["plan", "--detailed-exitcode"]):
        done = billingd(sandbox, *there, *words, **session)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("action", ["logs:PutSubscriptionFilter", "iam:PassRole", "s3:PutBucketPolicy",
                                    "glue:CreateTable", "athena:CreateNamedQuery"])
def test_without_an_action_apply_is_denied(sandbox: Sandbox, api: str, action: str) -> None:
    policy = printed_policy(sandbox)
    for statement in policy["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        statement["Action"] = [a for a in actions if a != action] or ["sts:GetCallerIdentity"]
    denied = billingd(sandbox, "apply", "--yes", **session_of(sandbox, policy))
    assert denied.returncode in (1, 77)
    assert action in denied.stdout + denied.stderr or "may not pass" in denied.stderr


def test_bill_under_the_printed_policy(sandbox: Sandbox, api: str) -> None:
    session = session_of(sandbox, printed_policy(sandbox))
    assert billingd(sandbox, "apply", "--yes", **session).returncode == 0
    sandbox.generate("2025-10", requests=300, customers=3, days=2, log_group="/aws/apigw/ddn-access-logs")
    for words in (["rollup", "--month", "2025-10"], ["bill", "--month", "2025-10", "--from-raw"]):
        done = billingd(sandbox, *words, **session)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    audited = billingd(sandbox, "audit", "--month", "2025-10", **session)
    assert "AccessDenied" not in audited.stderr and audited.returncode in (0, 5), audited.stderr


def test_no_wildcard_where_a_resource_can_be_named(sandbox: Sandbox) -> None:
    for statement in printed_policy(sandbox)["Statement"]:
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        if "*" in resources:
            # Only what CloudWatch and CloudWatch Logs check on nothing smaller.
            assert all(a.startswith(("logs:", "cloudwatch:GetMetricData")) for a in statement["Action"]), statement
