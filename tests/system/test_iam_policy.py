"""What `billingd iam-policy` prints is enough for what is run under it, no more than that, and fits into IAM."""

import json
import os
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import ACCOUNT, BINARY, ROOT, Sandbox


def billingd(sandbox: Sandbox, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(BINARY), *arguments], cwd=ROOT, capture_output=True, text=True, timeout=120,
                          env={**os.environ, **sandbox.environment(), "BILLING_ACCOUNT_ID": ACCOUNT,
                               **environment})


def session_of(sandbox: Sandbox, *policies: dict[str, Any]) -> dict[str, str]:
    """Credentials of a role that may do what the policies say and nothing else; IAM holds them to their size."""
    iam = sandbox.client("iam")
    trust = {"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}]}
    iam.create_role(RoleName="billingd", AssumeRolePolicyDocument=json.dumps(trust))
    for i, policy in enumerate(policies):
        made = iam.create_policy(PolicyName=f"least-{i}", PolicyDocument=json.dumps(policy, indent=1))
        iam.attach_role_policy(RoleName="billingd", PolicyArn=made["Policy"]["Arn"])
    given = sandbox.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/billingd",
                                              RoleSessionName="session")["Credentials"]
    sandbox.switches(authorize=True)
    return {"AWS_ACCESS_KEY_ID": given["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"]}


def printed_policy(sandbox: Sandbox, *words: str) -> Any:
    done = billingd(sandbox, "iam-policy", *words, "--without-boundary")
    assert done.returncode == 0 and "a managed policy holds" not in done.stderr, done.stderr
    return json.loads(done.stdout)


def listed(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]


def size(policy: dict[str, Any]) -> int:
    """What IAM counts."""
    return len(re.sub(r"\s", "", json.dumps(policy)))


def granted(*policies: dict[str, Any]) -> set[tuple[str, str, str]]:
    """Each action on each resource on its condition."""
    return {(action, resource, json.dumps(statement.get("Condition"))) for policy in policies
            for statement in policy["Statement"] for action in listed(statement["Action"])
            for resource in listed(statement["Resource"])}


def actions(policy: dict[str, Any]) -> set[str]:
    return {action for action, _, _ in granted({"Statement": [s for s in policy["Statement"] if s["Effect"] == "Allow"]})}


def writes(policy: dict[str, Any]) -> set[str]:
    return {action for action in actions(policy)
            if not re.match(r"\w+:(Get|List|Describe|BatchGet|Filter|Simulate|GET$)", action)}


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
        statement["Action"] = [a for a in listed(statement["Action"]) if a != action] or ["sts:GetCallerIdentity"]
    denied = billingd(sandbox, "apply", "--yes", **session_of(sandbox, policy))
    assert denied.returncode == 77 and action in denied.stdout + denied.stderr
    assert not [c for c in sandbox.calls() if c["kind"] == "write" and c["client"] == "billingd"], "nothing is half made"


def test_bill_under_the_printed_policy(sandbox: Sandbox, api: str, tmp_path: Path) -> None:
    session = session_of(sandbox, printed_policy(sandbox))
    present = tmp_path / "present.sql"
    present.write_text("SELECT sub, count(*) AS calls FROM ddn_billing_db.restapi_access_log_json\n"
                       "WHERE is_request AND year = ${year} AND month = ${month} GROUP BY sub;\n")
    assert billingd(sandbox, "apply", "--yes", **session).returncode == 0
    sandbox.generate("2025-10", requests=300, customers=3, days=2, log_group="/aws/apigw/ddn-access-logs")
    for words in (["rollup", "--month", "2025-10"], ["bill", "--month", "2025-10", "--from-raw"],
                  ["shadow", "--compare", str(present), "--month", "2025-10"]):
        done = billingd(sandbox, *words, **session)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    audited = billingd(sandbox, "audit", "--month", "2025-10", **session)
    assert "AccessDenied" not in audited.stderr and audited.returncode in (0, 5), audited.stderr


def test_no_wildcard_where_a_resource_can_be_named(sandbox: Sandbox) -> None:
    for statement in printed_policy(sandbox)["Statement"]:
        if "*" in listed(statement["Resource"]):
            # Only what CloudWatch, CloudWatch Logs, IAM and the tagging API check on nothing smaller.
            assert all(a.startswith(("logs:", "cloudwatch:GetMetricData", "iam:ListAccountAliases", "iam:GetAccountAuthorizationDetails",
                                     "tag:GetResources")) for a in statement["Action"]), statement


def test_a_name_is_no_wildcard(sandbox: Sandbox, tmp_path: Path) -> None:
    spec = tmp_path / "billing.yaml"
    spec.write_text(f"""account: "{ACCOUNT}"
region: ap-northeast-2
pipelines:
  one:
    template: false
    resources:
      all: {{kind: alarm, name: "*", namespace: N, metric: M, statistic: Sum, period_seconds: 60, threshold: 1,
            comparison: GreaterThanThreshold, periods: 1}}
""")
    policy = printed_policy(sandbox, "-f", str(spec))
    session = session_of(sandbox, policy)
    assert billingd(sandbox, "apply", "-f", str(spec), "--yes", **session).returncode == 0
    spec.write_text(spec.read_text().replace('"*"', '"another"'))
    refused = billingd(sandbox, "apply", "-f", str(spec), "--yes", **session)
    assert refused.returncode == 77 and "cloudwatch:" in refused.stderr, refused


# ---- least privilege by what is run ----

VERBS = ("plan", "apply", "run", "bill", "close", "cost")


def test_a_policy_per_verb_allows_no_more_than_is_run(sandbox: Sandbox) -> None:
    policy = {verb: printed_policy(sandbox, "--for", verb) for verb in VERBS}
    assert all(size(p) <= 6144 for p in policy.values())
    assert writes(policy["plan"]) == set() == writes(policy["cost"])
    assert actions(policy["cost"]) - actions(policy["plan"]) == {
        "athena:ListQueryExecutions", "athena:BatchGetQueryExecution", "cloudwatch:GetMetricData"}
    assert actions(policy["plan"]) < actions(policy["apply"])
    # Only what people look at begins with the account's alias.
    assert actions(policy["apply"]) - {"iam:ListAccountAliases"} < actions(policy["run"])
    assert {"s3:DeleteObject", "glue:BatchCreatePartition"} <= actions(policy["bill"])
    assert not any(a.startswith(("iam:", "firehose:Create", "logs:Put")) for a in actions(policy["bill"]))
    # Athena writes results and parts of them in the caller's name.
    assert writes(policy["close"]) == {"athena:StartQueryExecution", "athena:StopQueryExecution", "s3:PutObject",
                                       "s3:AbortMultipartUpload"}
    assert actions(printed_policy(sandbox)) == set().union(*map(actions, policy.values()))


def test_plan_under_plans_policy(sandbox: Sandbox, api: str) -> None:
    session = session_of(sandbox, printed_policy(sandbox, "--for", "plan"))
    planned = billingd(sandbox, "plan", "--detailed-exitcode", **session)
    assert planned.returncode == 2 and "denied" not in planned.stdout, planned.stdout[-2000:] + planned.stderr
    refused = billingd(sandbox, "apply", "--yes", **session)
    assert refused.returncode in (1, 77), refused.stdout[-2000:] + refused.stderr
    assert re.search("AccessDenied|iam:PassRole", refused.stdout + refused.stderr)
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    sandbox.switches(authorize=False)
    assert billingd(sandbox, "apply", "--yes").returncode == 0
    sandbox.switches(authorize=True)
    for verb in ("plan", "status"):
        said = billingd(sandbox, verb, "--detailed-exitcode", **session)
        assert said.returncode == 0 and "AccessDenied" not in said.stdout + said.stderr, said.stdout + said.stderr


def test_apply_and_bill_under_their_own_policies(sandbox: Sandbox, api: str) -> None:
    session = session_of(sandbox, printed_policy(sandbox, "--for", "apply"))
    applied = billingd(sandbox, "apply", "--yes", **session)
    assert applied.returncode == 0, applied.stdout[-2000:] + applied.stderr[-2000:]
    iam = sandbox.client("iam")
    sandbox.switches(authorize=False)
    sandbox.generate("2025-10", requests=100, customers=3, days=2, log_group="/aws/apigw/ddn-access-logs")
    arn = iam.list_attached_role_policies(RoleName="billingd")["AttachedPolicies"][0]["PolicyArn"]
    for verb, lines in (("bill", (["rollup", "--month", "2025-10"], ["bill", "--month", "2025-10", "--from-raw"])),
                        ("cost", (["cost"],)), ("close", (["close", "2025-10", "--dry-run"],))):
        sandbox.switches(authorize=False)
        iam.create_policy_version(PolicyArn=arn, SetAsDefault=True,
                                  PolicyDocument=json.dumps(printed_policy(sandbox, "--for", verb)))
        sandbox.switches(authorize=True)
        for words in lines:
            done = billingd(sandbox, *words, **session)
            assert "AccessDenied" not in done.stdout + done.stderr, done.stdout + done.stderr
            assert done.returncode == 0 or verb == "close", done.stdout + done.stderr


def test_run_closes_gaps_under_its_own_policy(sandbox: Sandbox, api: str) -> None:
    assert billingd(sandbox, "apply", "--yes").returncode == 0
    # The first hour that anybody called: with it, the last of the day before, no data is there of that day.
    hour = (int(time.time()) - 4 * 3600) // 86400 * 86400 - 3600
    sandbox.blocks({"hop": "filter", "from": hour, "to": hour + 3600})
    for at in (hour + 60, hour + 3660):
        line = {"requestId": f"r{at}", "sub": "s", "requestTimeEpoch": str(at), "status": "200"}
        sandbox.traffic("/aws/apigw/ddn-access-logs",
                        [{"message": json.dumps(line), "timestamp": at * 1000, "arrival": at * 1000}])
    session = session_of(sandbox, printed_policy(sandbox, "--for", "run"))
    done = billingd(sandbox, "run", "--once", **session)
    assert done.returncode == 0 and "AccessDenied" not in done.stderr, done.stderr
    assert '"event":"backfilled"' in done.stderr, done.stderr
    assert len(sandbox.objects("ddn-apigw-accesslog-bucket", "recovered/")) == 1


# ---- the size that IAM takes ----

def test_the_shipped_policy_fits(sandbox: Sandbox) -> None:
    policy = printed_policy(sandbox)
    assert size(policy) <= 6144
    assert printed_policy(sandbox, "--split", "1") == policy


@pytest.mark.parametrize("count", [2, 3, 20])
def test_split_policies_allow_the_same(sandbox: Sandbox, count: int) -> None:
    policies = printed_policy(sandbox, "--split", str(count))
    assert 1 < len(policies) <= count and all(p["Statement"] for p in policies)
    assert granted(*policies) == granted(printed_policy(sandbox))


def large_spec(folder: Path, pipelines: int) -> Path:
    names = "".join(f"""
  shop-{i}:
    parameters: {{api_name: shop-{i}, bucket: a-rather-long-name-of-a-bucket-{i}, firehose: shop-{i}-access-log-stream,
                  log_group: /aws/apigw/shop-{i}, database: shop_{i}, workgroup: Shop-{i}}}""" for i in range(pipelines))
    spec = folder / "billing.yaml"
    spec.write_text(f"account: '{ACCOUNT}'\nregion: ap-northeast-2\ntemplate: {ROOT}/specs/pipeline.yaml\n"
                    f"billing: {{currency: USD, prices: [{{from: 2020-01-01, call: 0.001, gib: 0.1}}]}}\npipelines:{names}\n")
    return spec


def test_a_large_policy_is_told_and_split(sandbox: Sandbox, tmp_path: Path) -> None:
    words = ("-f", str(large_spec(tmp_path, 8)), "iam-policy", "--without-boundary")
    whole = billingd(sandbox, *words, BILLING_ACCOUNT_ID="")
    assert whole.returncode == 0
    policy = json.loads(whole.stdout)
    told = re.search(r"has (\d+) characters; a managed policy holds 6144.*--split (\d+)", whole.stderr)
    assert told and int(told[1]) == size(policy) > 6144, whole.stderr
    least = int(told[2])
    few = billingd(sandbox, *words, "--split", str(least - 1), BILLING_ACCOUNT_ID="")
    assert (few.returncode, few.stdout) == (1, "") and f"--split {least}" in few.stderr
    policies = json.loads(billingd(sandbox, *words, "--split", str(least), BILLING_ACCOUNT_ID="").stdout)
    assert len(policies) == least and granted(*policies) == granted(policy)
    for i, each in enumerate(policies):
        sandbox.client("iam").create_policy(PolicyName=f"part-{i}", PolicyDocument=json.dumps(each, indent=2))


@pytest.mark.parametrize("words", [["--for", "status"], ["--split", "0"], ["--split", "21"], ["--split", "two"]])
def test_wrong_words(sandbox: Sandbox, words: list[str]) -> None:
    done = billingd(sandbox, "iam-policy", *words)
    assert done.returncode == 64 and words[0] in done.stderr and words[1] in done.stderr and not done.stdout


# ---- KMS keys ----

KEY = f"arn:aws:kms:ap-northeast-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def kms_spec(folder: Path, key: str, role_may: bool = True) -> tuple[str, str]:
    """The shipped spec with its bucket encrypted by that key: words for the command line."""
    (folder / "specs").symlink_to(ROOT / "specs")
    statements = ["{Effect: Allow, Action: [s3:AbortMultipartUpload, s3:GetBucketLocation, s3:GetObject, s3:ListBucket, "
                  "s3:ListBucketMultipartUploads, s3:PutObject], Resource: ['${bucket.arn}', '${bucket.arn}/*']}"]
    if role_may:
        statements.append(f"{{Effect: Allow, Action: [kms:GenerateDataKey, kms:Decrypt], Resource: '{KEY}'}}")
    spec = folder / "billing.yaml"
    spec.write_text((ROOT / "billing.yaml").read_text() + f"""
    resources:
      bucket: {{encryption: "aws:kms", kms_key: "{key}", bucket_key: true}}
      firehose_role: {{policy: {{Version: "2012-10-17", Statement: [{", ".join(statements)}]}}}}
""")
    return "-f", str(spec)


def key_grants(policy: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {grant for grant in granted(policy) if grant[0].startswith("kms:")}


@pytest.mark.parametrize("verb", VERBS)
def test_kms_keys_are_for_those_who_run_queries(sandbox: Sandbox, tmp_path: Path, verb: str) -> None:
    want = {(f"kms:{action}", KEY, "null") for action in ("Decrypt", "GenerateDataKey")}
    there = kms_spec(tmp_path, KEY)
    assert key_grants(printed_policy(sandbox, *there, "--for", verb)) == (set() if verb in ("plan", "apply", "cost") else want)


def test_kms_alias_is_a_condition(sandbox: Sandbox, tmp_path: Path) -> None:
    condition = json.dumps({"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/usage"}})
    there = kms_spec(tmp_path, f"arn:aws:kms:ap-northeast-2:{ACCOUNT}:alias/usage", role_may=False)
    any_key = f"arn:aws:kms:ap-northeast-2:{ACCOUNT}:key/*"
    assert key_grants(printed_policy(sandbox, *there, "--for", "bill")) == {
        (f"kms:{action}", any_key, condition) for action in ("Decrypt", "GenerateDataKey")}


def test_kms_bill_under_the_printed_policy(sandbox: Sandbox, api: str, tmp_path: Path) -> None:
    """And not without the key."""
    there = kms_spec(tmp_path, KEY)
    assert billingd(sandbox, *there, "apply", "--yes").returncode == 0
    sandbox.generate("2025-10", requests=100, customers=3, days=2, log_group="/aws/apigw/ddn-access-logs")
    policy = printed_policy(sandbox, *there, "--for", "bill")
    session = session_of(sandbox, policy)
    for words in (["rollup", "--month", "2025-10"], ["bill", "--month", "2025-10", "--from-raw"]):
        done = billingd(sandbox, *there, *words, **session)
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    sandbox.switches(authorize=False)
    policy["Statement"] = [s for s in policy["Statement"] if "kms:Decrypt" not in listed(s["Action"])]
    arn = f"arn:aws:iam::{ACCOUNT}:policy/least-0"
    sandbox.client("iam").create_policy_version(PolicyArn=arn, SetAsDefault=True, PolicyDocument=json.dumps(policy))
    sandbox.switches(authorize=True)
    denied = billingd(sandbox, *there, "bill", "--month", "2025-10", "--from-raw", **session)
    assert denied.returncode in (1, 77) and "kms:" in denied.stdout + denied.stderr, denied.stderr


def test_kms_key_that_the_role_may_not_use_is_told(sandbox: Sandbox, api: str, tmp_path: Path) -> None:
    done = billingd(sandbox, *kms_spec(tmp_path, KEY, role_may=False), "check", "--strict")
    assert done.returncode == 3
    assert f"warning BL609: pipelines.ddn-api.resources.firehose_role.policy: " in done.stderr
    assert f"kms:GenerateDataKey, kms:Decrypt on {KEY}" in done.stderr


def test_kms_key_of_another_region_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    done = billingd(sandbox, *kms_spec(tmp_path, KEY), "check", AWS_REGION="eu-west-3")
    assert done.returncode == 78
    assert "error BL607" in done.stderr and "the key is in ap-northeast-2, the S3 bucket in eu-west-3" in done.stderr


def test_kms_key_policies_are_said_to_be_unseen(sandbox: Sandbox, api: str, tmp_path: Path) -> None:
    there = kms_spec(tmp_path, KEY)
    for words in (["apply", "--yes"], ["plan", "--detailed-exitcode"]):
        done = billingd(sandbox, *there, *words)
        assert done.returncode == 0 and f"KMS key {KEY}: neither its policy nor its state is read" in done.stdout
