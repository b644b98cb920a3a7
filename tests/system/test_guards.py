"""What billingd does not do, whatever the spec says: docs/security.md has the list."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import Sandbox, Spec, pipeline

REGULAR = {"interval": "1h", "jitter": "0s", "settle_timeout": "20s", "breaker": "30"}


def drift(sandbox: Sandbox) -> None:
    """Three resources in place, each changed by hand."""
    sandbox.client("logs").put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=1)
    sandbox.client("s3").delete_public_access_block(Bucket="shop-bucket")
    athena = sandbox.client("athena")
    athena.update_work_group(WorkGroup="shop-group", ConfigurationUpdates={"EnforceWorkGroupConfiguration": False})


def retention(sandbox: Sandbox) -> int:
    found = sandbox.client("logs").describe_log_groups(logGroupNamePrefix="/aws/apigw/shop")["logGroups"]
    return int(found[0]["retentionInDays"])


# ---- reconcile.max_changes ----

def test_too_many_changes_are_none(sandbox: Sandbox, spec: Spec, run: Callable[..., Any], api: str) -> None:
    spec.write(settings=REGULAR | {"max_changes": "2"})
    made = run("apply", "--yes")
    assert made.returncode == 0, made.stderr  # nothing of it was in place
    drift(sandbox)
    planned = run("plan", "-o", "json")
    changes = [r["resource"] for r in json.loads(planned.stdout)["resources"] if r["action"] == "update"]
    assert len(changes) == 3, changes
    assert "3 resources that are in place would be changed" in planned.stderr and "--max-changes 3" in planned.stderr
    for words in (["--yes"], ["--yes", "--max-changes", "2"], []):
        refused = run("apply", *words)
        assert refused.returncode == 4 and ("not confirmed" if not words else "--max-changes 3") in refused.stderr, refused
    once = run("run", "--once")
    assert once.returncode == 4 and "nothing is written: 3 resources" in once.stderr, once.stderr
    assert retention(sandbox) == 1
    assert run("apply", "--yes", "--max-changes", "none").returncode == 64
    allowed = run("apply", "--yes", "--max-changes", "3")
    assert allowed.returncode == 0 and retention(sandbox) == 90, allowed.stderr
    drift(sandbox)
    spec.write(settings={"max_changes": "off"})
    assert run("apply", "--yes").returncode == 0 and retention(sandbox) == 90


def test_the_daemon_holds_too_many_changes(sandbox: Sandbox, spec: Spec, start: Callable[..., Any], api: str) -> None:
    spec.write(settings=REGULAR | {"max_changes": "2"})
    daemon = start().ready()
    drift(sandbox)
    sandbox.clear()
    daemon.kick()
    assert not [c for c in sandbox.calls() if c["kind"] == "write"]
    assert daemon.metric("billingd_guard_blocked_total", guard="max_changes") == 1
    code, body = daemon.get("/-/ready")
    assert code == 503 and "3 resources that are in place would be changed" in body, body
    daemon.wait(lambda: "3 changes are more than reconcile.max_changes" in daemon.status())
    spec.write(settings={"max_changes": "3"})
    daemon.send(1)
    daemon.wait(lambda: retention(sandbox) == 90)
    # What it saw in place and is gone counts, also for another spec: another region, say.
    generation = daemon.metric("billingd_spec_generation")
    spec.write(settings={"max_changes": "5"}, pipelines=pipeline(region="us-east-1"))
    sandbox.clear()
    daemon.send(1)
    daemon.wait(lambda: daemon.metric("billingd_spec_generation") != generation)
    daemon.wait(lambda: not daemon.look()["looking"] and daemon.metric("billingd_guard_blocked_total", guard="max_changes") == 2)
    assert not [c for c in sandbox.calls() if c["kind"] == "write" and c["region"] == "us-east-1"]


@pytest.mark.parametrize("wrong", ["0", "many", "-1", "1000000", "1.5"])
def test_max_changes_is_a_number(spec: Spec, run: Callable[..., Any], wrong: str) -> None:
    spec.write(settings={"max_changes": wrong})
    said = run("check")
    assert said.returncode == 78 and "billing.yaml:8:16: reconcile.max_changes: must be a number" in said.stderr, said.stderr


# ---- reconcile.calls_per_minute ----

def test_a_budget_of_calls(sandbox: Sandbox, spec: Spec, run: Callable[..., Any], api: str) -> None:
    assert run("apply", "--yes").returncode == 0
    sandbox.clear()
    whole = run("plan")
    need = len(sandbox.calls())
    assert "Nothing to change" in whole.stdout and need > 30
    # Too small a budget is told with the numbers.
    spec.write(settings={"interval": "5m", "calls_per_minute": "2"})
    warned = run("check")
    told = re.search(r"billing.yaml:8:21: reconcile.calls_per_minute: .*takes (\d+) calls or more, .*room for 10: .*; (\d+) a minute", warned.stderr + warned.stdout)
    assert told and need * 0.8 <= int(told[1]) <= need and int(told[2]) == -(-int(told[1]) // 5), (warned.stderr, need)
    spec.write(settings={"interval": "5m", "calls_per_minute": told[2]})
    assert "calls_per_minute" not in run("check").stderr
    for wrong in ("0", "few", "-1", "1000000"):
        spec.write(settings={"calls_per_minute": wrong})
        said = run("check")
        assert said.returncode == 78 and "reconcile.calls_per_minute: must be a number of calls" in said.stderr, said.stderr
    # The plan is the same, minutes later by a clock that runs two hundred times as fast.
    spec.write(settings={"interval": "1h", "calls_per_minute": "10"})
    sandbox.clear()
    [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    late = run("plan", LD_PRELOAD=str(library), FAKETIME="+0 x200", NO_FAKE_STAT="1", ASAN_OPTIONS="verify_asan_link_order=0")
    assert late.returncode == 0 and len(sandbox.calls()) == need, late.stderr
    assert re.search(r"\d+ calls wait for reconcile.calls_per_minute: 10\n", late.stderr), late.stderr
    took = re.compile(r", ([0-9.]+) s$", re.MULTILINE)
    assert took.sub("", late.stdout) == took.sub("", whole.stdout)
    [seconds] = took.findall(late.stdout)
    assert float(seconds) >= (need - 1) // 10 * 60 - 60, seconds


def test_the_daemon_keeps_its_lead_within_the_budget(sandbox: Sandbox, spec: Spec, start: Callable[..., Any], api: str) -> None:
    spec.write(settings=REGULAR | {"calls_per_minute": "off", "lease": "2s"})
    daemon = start().ready()
    daemon.kick()
    spec.write(settings={"calls_per_minute": "4"})
    sandbox.clear()
    daemon.send(1)
    daemon.wait(lambda: sum(c["operation"] == "PutObject" for c in sandbox.calls()) >= 4)  # the lease, and nothing else
    waits = [c["operation"] for c in sandbox.calls() if c["operation"] not in ("GetCallerIdentity", "PutObject", "GetObject")]
    assert 1 <= len(waits) <= 4, waits
    assert daemon.metric("billingd_calls_waiting") > 10
    assert any("calls_wait" in line and "calls_per_minute" in line for line in daemon.lines)
    # More of them by a reload, none of them lost; and who stops waits for nothing.
    spec.write(settings={"calls_per_minute": "6"})
    daemon.send(1)
    assert daemon.end() == 0


# ---- policies ----

OPEN = """
    resources:
      bucket:
        policy:
          - {Sid: BillingdOpen, Effect: Allow, Principal: "*", Action: "s3:GetObject", Resource: "arn:aws:s3:::shop-bucket/*"%s}
"""


def test_no_policy_lets_everybody_in(sandbox: Sandbox, spec: Spec, run: Callable[..., Any], api: str) -> None:
    spec.write(pipelines=pipeline(more=OPEN % ""))
    for words in (["check"], ["plan"], ["apply", "--yes"]):
        said = run(*words)
        assert said.returncode == 78 and "statement 1 (BillingdOpen) lets everybody in" in said.stderr, said
    assert sandbox.client("s3").list_buckets()["Buckets"] == []
    # What others opened stays as it is: it is not ours to close, and our own statements go on.
    spec.write(pipelines=pipeline(more="    resources: {bucket: {public_access_block: ~}}\n"))
    assert run("apply", "--yes").returncode == 0
    s3 = sandbox.client("s3")
    theirs = {"Sid": "Theirs", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
              "Resource": "arn:aws:s3:::shop-bucket/open/*"}
    s3.delete_public_access_block(Bucket="shop-bucket")
    s3.put_bucket_policy(Bucket="shop-bucket", Policy=json.dumps({"Version": "2012-10-17", "Statement": [theirs]}))
    assert run("apply", "--yes").returncode == 0
    found = json.loads(s3.get_bucket_policy(Bucket="shop-bucket")["Policy"])["Statement"]
    assert theirs in found and len(found) == 2, found


def test_public_access_is_not_opened_unasked(sandbox: Sandbox, spec: Spec, run: Callable[..., Any], api: str) -> None:
    """A spec that names one of the four switches leaves the others as they are."""
    spec.write(pipelines=pipeline(more="    resources: {bucket: {public_access_block: ~}}\n"))
    assert run("apply", "--yes").returncode == 0
    s3 = sandbox.client("s3")
    switches = {"BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
    s3.put_public_access_block(Bucket="shop-bucket", PublicAccessBlockConfiguration=switches)
    spec.write(pipelines=pipeline(more="    resources: {bucket: {public_access_block: {IgnorePublicAcls: true}}}\n"))
    assert run("apply", "--yes").returncode == 0
    assert s3.get_public_access_block(Bucket="shop-bucket")["PublicAccessBlockConfiguration"] == switches | {"IgnorePublicAcls": True}
    spec.write(pipelines=pipeline(more="    resources: {bucket: {public_access_block: {BlockPublicPolicy: false}}}\n"))
    assert run("apply", "--yes").returncode == 0
    assert not s3.get_public_access_block(Bucket="shop-bucket")["PublicAccessBlockConfiguration"]["BlockPublicPolicy"]
