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
    assert "Nothing to change" in whole.stdout and need > 20
    # Too small a budget is told with the numbers.
    spec.write(settings={"interval": "5m", "calls_per_minute": "2"})
    warned = run("check")
    told = re.search(r"billing.yaml:8:21: warning: reconcile.calls_per_minute: .*takes (\d+) calls or more, .*room for 5 beside the 1 a minute that keep the lead: .*; (\d+) a minute", warned.stderr + warned.stdout)
    assert told and need * 0.8 <= int(told[1]) <= need and int(told[2]) == 1 + -(-int(told[1]) // 5), (warned.stderr, need)
    spec.write(settings={"interval": "5m", "calls_per_minute": told[2]})
    assert "calls_per_minute" not in run("check").stderr
    # Less than what keeps the lead leaves nothing.
    spec.write(settings={"interval": "5m", "lease": "20s", "calls_per_minute": "3"})
    assert "keeping the lead takes 3 calls a minute" in run("check").stderr
    for wrong in ("0", "few", "-1", "1000000"):
        spec.write(settings={"lease": "60s", "calls_per_minute": wrong})
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


def test_an_old_look_is_not_told_as_what_is(sandbox: Sandbox, spec: Spec, start: Callable[..., Any], api: str) -> None:
    """A look that does not end: keeping the lead takes the whole budget. By a clock two hundred times as fast."""
    spec.write(settings=REGULAR | {"interval": "2m"})
    [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    daemon = start(LD_PRELOAD=str(library), FAKETIME="+0 x200", NO_FAKE_STAT="1", ASAN_OPTIONS="verify_asan_link_order=0").ready()
    assert "the last look" not in daemon.get("/-/ready")[1]
    spec.write(settings={"calls_per_minute": "1"})
    daemon.send(1)
    daemon.wait(lambda: re.search(r"the last look at AWS ended \d+ min ago, and what is told is as old", daemon.get("/-/ready")[1]))
    assert daemon.get("/-/ready")[0] == 503
    daemon.wait(lambda: "the last look at AWS ended" in daemon.status())
    assert daemon.end() == 0


def test_the_daemon_keeps_its_lead_within_the_budget(sandbox: Sandbox, spec: Spec, start: Callable[..., Any], api: str) -> None:
    spec.write(settings=REGULAR | {"calls_per_minute": "off", "lease": "2s"})
    daemon = start().ready()
    daemon.kick()
    spec.write(settings={"calls_per_minute": "4"})
    sandbox.clear()
    daemon.send(1)
    daemon.wait(lambda: len(sandbox.calls(lease=True, operation="PutObject")) >= 4)
    waits = [c["operation"] for c in sandbox.calls() if c["operation"] != "GetCallerIdentity"]
    assert 1 <= len(waits) <= 4, waits
    assert daemon.metric("billingd_calls_waiting") > 10
    assert any("calls_wait" in line and "calls_per_minute" in line for line in daemon.lines)
    # More of them by a reload, none of them lost; and who stops waits for nothing.
    spec.write(settings={"calls_per_minute": "6"})
    daemon.send(1)
    assert daemon.end() == 0


# ---- protect ----

TOPIC = """    resources:
      bucket: {%s}
      access_logs: {%s}
      told: {kind: topic, name: shop-told%s}
"""
MARK = "billingd:protect"


def test_what_is_protected_stays(sandbox: Sandbox, spec: Spec, run: Callable[..., Any], api: str) -> None:
    sns, s3, logs = (sandbox.client(name) for name in ("sns", "s3", "logs"))

    def apply(code: int, *more: str, top: str = "") -> str:
        spec.write(settings={"max_changes": "off"}, pipelines=pipeline(more=top + TOPIC % more))
        done = run("apply", "--yes")
        assert done.returncode == code, done.stdout + done.stderr
        return str(done.stdout + done.stderr)

    def marks() -> set[str | None]:
        [topic] = sns.list_topics()["Topics"]
        tags = [t["Tags"] for t in (sns.list_tags_for_resource(ResourceArn=topic["TopicArn"]), )]
        found = [{t["Key"]: t["Value"] for t in tags[0]}, {t["Key"]: t["Value"] for t in s3.get_bucket_tagging(Bucket="shop-bucket")["TagSet"]},
                 logs.list_tags_for_resource(resourceArn=f"arn:aws:logs:ap-northeast-2:123456789012:log-group:/aws/apigw/shop")["tags"]]
        return {each.get(MARK) for each in found}

    apply(0, "versioning: Enabled", "retention_days: 90", "")
    assert marks() == {None}
    apply(0, "versioning: Enabled", "retention_days: 90", "", top="    protect: true\n")
    assert marks() == {"true"}
    again = run("plan", "--detailed-exitcode")
    assert again.returncode == 0, again.stdout
    # Gone from the spec, or contradicted by it: it lies in AWS.
    for absent in (", ensure: absent", ", ensure: absent, protect: false"):
        said = apply(1, "versioning: Enabled", "retention_days: 90", absent)
        assert "it is protected, so it is not deleted" in said and "`protect: false`" in said, said
    assert marks() == {"true"}
    expire = "lifecycle: [{ID: billingd-all, Status: Enabled, Filter: {Prefix: access-logs/}, Expiration: {Days: 1}}]"
    before = s3.get_bucket_lifecycle_configuration(Bucket="shop-bucket")["Rules"]
    for bucket, group in (("versioning: Suspended", "retention_days: 90"), (f"versioning: Enabled, {expire}", "retention_days: 90"),
                          ("versioning: Enabled", "retention_days: 30")):
        said = apply(1, bucket, group, "")
        assert "nothing is written that keeps what it holds for a shorter time" in said, said
        # What lifts it does not write it as well.
        assert "for a shorter time" in apply(1, *(f"{each}, protect: false" if each in (bucket, group) and each not in ("versioning: Enabled", "retention_days: 90")
                                                  else each for each in (bucket, group)), "")
        apply(0, "versioning: Enabled, protect: true", "retention_days: 90, protect: true", "")
        assert s3.get_bucket_versioning(Bucket="shop-bucket")["Status"] == "Enabled"
        assert s3.get_bucket_lifecycle_configuration(Bucket="shop-bucket")["Rules"] == before and retention(sandbox) == 90
    # To keep longer is no harm.
    apply(0, "versioning: Enabled", "retention_days: 365", "")
    assert retention(sandbox) == 365
    # An unreadable mark protects.
    [topic] = sns.list_topics()["Topics"]
    sns.tag_resource(ResourceArn=topic["TopicArn"], Tags=[{"Key": MARK, "Value": "False "}])
    apply(1, "versioning: Enabled", "retention_days: 365", ", ensure: absent")
    # In two steps all of it goes.
    lifted = apply(0, "versioning: Enabled, protect: false", "retention_days: 365, protect: false", ", protect: false")
    assert marks() == {"false"}, lifted
    apply(0, "versioning: Suspended", "retention_days: 30", ", ensure: absent")
    assert sns.list_topics()["Topics"] == [] and retention(sandbox) == 30
    assert s3.get_bucket_versioning(Bucket="shop-bucket")["Status"] == "Suspended"


def test_a_mark_that_shows_late(sandbox: Sandbox, spec: Spec, run: Callable[..., Any], api: str) -> None:
    """Who owns a thing, and whether it is protected, is not gone by on one look either."""
    arn = "arn:aws:logs:ap-northeast-2:123456789012:log-group:/aws/apigw/shop"
    spec.write(settings={"max_changes": "off"}, pipelines=pipeline(more="    protect: true\n"))
    assert run("apply", "--yes").returncode == 0
    ours = {"billingd": "shop", "billingd-deployment": "shop-bucket"}
    late = {"operation": "ListTagsForResource", "action": "member", "path": ["tags"], "value": ours, "params": {"resourceArn": arn}}
    for marks, told in (({}, "nothing is written that keeps what it holds for a shorter time"),
                        ({"billingd": "store"}, "it belongs to the pipeline store@shop-bucket of another spec")):
        sandbox.client("logs").tag_resource(resourceArn=arn, tags={**ours, **marks})
        spec.write(pipelines=pipeline(more="    resources: {access_logs: {retention_days: 30}}\n"))
        sandbox.faults(late)
        said = run("apply", "--yes")
        assert said.returncode == 1 and told in said.stderr, said.stdout + said.stderr
        assert retention(sandbox) == 90
        sandbox.faults()


@pytest.mark.parametrize("given,told", [
    ("access_logs: {protect: true, tags: {'billingd:protect': 'false'}}", "resources.access_logs.tags.billingd:protect: is a mark that billingd writes itself"),
    ("access_logs: {tags: {'billingd:protect': 'true'}}", "say what is meant by `protect`"),
    ("database: {parameters: {billingd: other}}", "resources.database.parameters.billingd: is a mark that billingd writes itself: take it out"),
    ("bucket: {protect: perhaps}", "resources.bucket.protect: must be true or false"),
    ("subscription: {protect: true}", "resources.subscription.protect: a subscription filter has no place for the mark"),
    ("t: {kind: topic, name: t, ensure: absent, protect: true}", "resources.t.protect: contradicts `ensure: absent`"),
    ("bucket: {ignore: ['tags.billingd:protect']}", "carries the mark billingd:protect"),
])
def test_what_can_be_protected(spec: Spec, run: Callable[..., Any], given: str, told: str) -> None:
    spec.write(pipelines=pipeline(more=f"    resources: {{{given}}}\n"))
    said = run("check")
    assert said.returncode == 78 and told in said.stderr, said.stderr


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
