"""`ignore`: fields that are neither compared nor written, and told all the same."""

import json
from typing import Any

import pytest
from conftest import Sandbox, Spec, pipeline

GROUP, BUCKET, STREAM = "/aws/apigw/shop", "shop-bucket", "shop-stream"
RESOURCES = """    resources:
      access_logs: {ignore: retention_days}
      bucket:
        tags: {team: a, cost: b}
        ignore: [tags.team, "lifecycle[billingd-query-results]"]
      stream: {ignore: [buffer_seconds, tags]}
      firehose_role: {ignore: ["policy[Extra]"]}
"""


@pytest.fixture
def applied(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    spec.write(pipelines=pipeline(more=RESOURCES))
    done = run("apply", "--yes")
    assert done.returncode == 0, done.stderr


def rules(sandbox: Sandbox) -> dict[str, Any]:
    return {r["ID"]: r for r in sandbox.client("s3").get_bucket_lifecycle_configuration(Bucket=BUCKET)["Rules"]}


def tags(sandbox: Sandbox) -> dict[str, str]:
    return {t["Key"]: t["Value"] for t in sandbox.client("s3").get_bucket_tagging(Bucket=BUCKET)["TagSet"]}


def retention(sandbox: Sandbox) -> int:
    return int(sandbox.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["retentionInDays"])


def destination(sandbox: Sandbox) -> dict[str, Any]:
    told = sandbox.client("firehose").describe_delivery_stream(DeliveryStreamName=STREAM)["DeliveryStreamDescription"]
    return dict(told["Destinations"][0]["ExtendedS3DestinationDescription"])


def set_buffer(sandbox: Sandbox, **hints: int) -> None:
    firehose = sandbox.client("firehose")
    told = firehose.describe_delivery_stream(DeliveryStreamName=STREAM)["DeliveryStreamDescription"]
    firehose.update_destination(
        DeliveryStreamName=STREAM, CurrentDeliveryStreamVersionId=told["VersionId"],
        DestinationId=told["Destinations"][0]["DestinationId"], ExtendedS3DestinationUpdate={"BufferingHints": hints})


def drift_in_what_is_ignored(sandbox: Sandbox) -> None:
    s3 = sandbox.client("s3")
    sandbox.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [
        {"Key": k, "Value": v} for k, v in (tags(sandbox) | {"team": "theirs"}).items()]})
    changed = rules(sandbox)
    changed["billingd-query-results"]["Expiration"] = {"Days": 5}
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": list(changed.values())})
    set_buffer(sandbox, SizeInMBs=64, IntervalInSeconds=120)
    statement = {"Sid": "Extra", "Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    iam = sandbox.client("iam")
    role = f"{STREAM}-role" if f"{STREAM}-role" in str(iam.list_roles()) else next(
        r["RoleName"] for r in iam.list_roles()["Roles"] if "logs-to-fh" not in r["RoleName"])
    name = iam.list_role_policies(RoleName=role)["PolicyNames"][0]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    document["Statement"].append(statement)
    iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))


def test_made_with_what_the_spec_says(run: Any, sandbox: Sandbox, applied: None) -> None:
    assert retention(sandbox) == 90 and tags(sandbox)["team"] == "a"
    assert rules(sandbox)["billingd-query-results"]["Expiration"]["Days"] == 30
    assert destination(sandbox)["BufferingHints"] == {"SizeInMBs": 64, "IntervalInSeconds": 300}


def test_neither_compared_nor_written(run: Any, sandbox: Sandbox, applied: None) -> None:
    drift_in_what_is_ignored(sandbox)
    sandbox.clear()
    done = run("plan", "--detailed-exitcode", "--verbose")
    assert done.returncode == 0, done.stdout
    for line in ("ignored shop/access_logs retention_days: have 1, want 90", "ignored shop/bucket tags.team: have theirs",
                 "ignored shop/bucket lifecycle[billingd-query-results]: have ", "ignored shop/stream buffer_seconds: have 120"):
        assert line in done.stdout, done.stdout
    # What is lost by it is told without being asked.
    done = run("plan")
    assert "ignored shop/" not in done.stdout
    assert "note shop/access_logs: events are being lost: retention_days is ignored, and is not as" in done.stdout
    told = json.loads(run("status", "-o", "json").stdout)["pipelines"][0]["resources"]
    logs = next(r for r in told if r["resource"] == "shop/access_logs")
    assert (logs["state"], logs["loss"]) == ("in sync", "dropped")
    assert run("apply", "--yes").returncode == 0
    assert sandbox.calls(kind="write") == []


def test_whole_documents_carry_it_along(run: Any, sandbox: Sandbox, applied: None) -> None:
    """Beside what is ignored something else differs: the write of both sends what AWS has of the former."""
    drift_in_what_is_ignored(sandbox)
    s3 = sandbox.client("s3")
    s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [
        {"Key": k, "Value": v} for k, v in (tags(sandbox) | {"cost": "wrong"}).items()]})
    changed = rules(sandbox)
    del changed["billingd-abort-uploads"]
    s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": list(changed.values())})
    set_buffer(sandbox, SizeInMBs=5, IntervalInSeconds=120)
    sandbox.clear()
    done = run("apply", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {c["operation"] for c in sandbox.calls(kind="write")} == {
        "PutBucketTagging", "PutBucketLifecycleConfiguration", "UpdateDestination"}
    assert (tags(sandbox)["team"], tags(sandbox)["cost"]) == ("theirs", "b")
    assert rules(sandbox)["billingd-query-results"]["Expiration"]["Days"] == 5
    assert "billingd-abort-uploads" in rules(sandbox)
    assert destination(sandbox)["BufferingHints"] == {"SizeInMBs": 64, "IntervalInSeconds": 120}
    sandbox.clear()
    assert run("apply", "--yes", "--detailed-exitcode").returncode == 0
    assert sandbox.calls(kind="write") == []


def test_the_mark_stays_ours(run: Any, sandbox: Sandbox, applied: None) -> None:
    """All tags are ignored but the one by which two specs tell whose a stream is."""
    firehose = sandbox.client("firehose")
    firehose.tag_delivery_stream(DeliveryStreamName=STREAM, Tags=[{"Key": "billingd", "Value": "else"}])
    done = run("plan")
    assert done.returncode == 1 and "it belongs to the pipeline else" in done.stdout
    firehose.untag_delivery_stream(DeliveryStreamName=STREAM, TagKeys=["billingd"])
    assert "tags.billingd" in run("plan").stdout


def test_the_daemon_tells_the_loss(start: Any, sandbox: Sandbox, applied: None) -> None:
    drift_in_what_is_ignored(sandbox)
    sandbox.clear()
    daemon = start().ready()
    assert daemon.metric("billingd_resource_loss", resource="shop/access_logs", **{"class": "dropped"}) == 1
    assert daemon.metric("billingd_resource_condition", resource="shop/access_logs", condition="Synced") == 1
    told = {e["resource"] for e in daemon.events("note") if "is ignored" in e["error"]}
    assert told == {"shop/access_logs", "shop/bucket", "shop/firehose_role"}
    assert sandbox.calls(kind="write") == [] and daemon.end() == 0


def test_what_can_be_ignored(run: Any, spec: Spec) -> None:
    spec.write(pipelines=pipeline(more=RESOURCES))
    done = run("check")
    assert done.returncode == 0
    warning = "warning: pipelines.shop.resources.access_logs.ignore: retention_days is ignored: while AWS has another " \
              "value than the spec, events are being lost"
    assert warning in done.stderr, done.stderr
    assert run("check", "--strict").returncode == 3
    effective = run("check", "--print-effective").stdout
    assert "tags.team" in effective and "lifecycle[billingd-query-results]" in effective
    spec.write(pipelines=pipeline(more="""    resources:
      access_logs: {ignore: [name, retention, retention_days.x, tags.billingd, {a: b}, ""]}
      bucket: {ignore: {tags: team}}
"""))
    done = run("check")
    assert done.returncode == 78
    for text in ("ignore[0]: name names the resource", "ignore[1]: log_group has no field retention; there are",
                 "ignore[2]: retention_days is compared as a whole", "ignore[3]: tags carries the mark billingd",
                 "ignore[4]: must be the name of a field", "ignore[5]: must be the name of a field",
                 "bucket.ignore: must be a list of fields"):
        assert text in done.stderr, done.stderr
