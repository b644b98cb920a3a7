"""`mode: observe`: billingd looks, tells what differs, and writes nothing; for all, a pipeline, a resource."""

import json
import re
from typing import Any

import pytest
from conftest import Sandbox, Spec, make_api, pipeline

OBSERVE = "    mode: observe\n"
GROUP, BUCKET = "/aws/apigw/shop", "shop-bucket"


def resources(*lines: str) -> str:
    return "    resources:\n" + "".join(f"      {line}\n" for line in lines)


@pytest.fixture
def applied(run: Any, sandbox: Sandbox, api: str) -> None:
    done = run("apply", "--yes")
    assert done.returncode == 0, done.stderr


def drift(sandbox: Sandbox) -> None:
    """A difference that loses events, and one that does no harm."""
    sandbox.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    sandbox.client("firehose").untag_delivery_stream(DeliveryStreamName="shop-stream", TagKeys=["billingd"])


def retention(sandbox: Sandbox) -> int:
    return int(sandbox.client("logs").describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["retentionInDays"])


def test_everything_is_only_observed(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    spec.write(top="mode: observe\n")
    sandbox.clear()
    done = run("plan", "--detailed-exitcode")
    assert done.returncode == 2 and "o observe  shop/bucket (S3 bucket)" in done.stdout
    assert f"not sent: it is not there, and is only observed, mode: observe ({spec.path}:" in done.stdout
    assert "0 to create, 0 to change, 0 to delete, 0 blocked, " in done.stdout and " only observed" in done.stdout
    assert "call s3:CreateBucket" not in done.stdout and "Nothing to change" not in done.stdout
    done = run("apply", "--yes", "--detailed-exitcode")
    assert done.returncode == 1  # nothing is logged: events are being lost
    assert "o observe  shop/bucket" in done.stdout and " observed; " in done.stdout
    told = json.loads(run("plan", "-o", "json").stdout)
    assert all("mode: observe" in r["observed"] for r in told["resources"])
    status = json.loads(run("status", "-o", "json").stdout)
    assert status["summary"]["observed"] > 20 and status["summary"]["in_sync"] == 0
    assert "only observed, mode: observe" in run("status").stdout
    assert sandbox.calls(kind="write") == []


def test_the_narrowest_wins(run: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    drift(sandbox)
    spec.write(top="mode: observe\n", pipelines=pipeline(more="    mode: enforce\n" + resources(
        "access_logs: {mode: observe}")))
    sandbox.clear()
    done = run("apply", "--yes", "--detailed-exitcode")
    assert done.returncode == 1, done.stdout  # what is left loses events
    assert {c["operation"] for c in sandbox.calls(kind="write")} == {"TagDeliveryStream"}
    assert "o observe  shop/access_logs" in done.stdout and "events are being lost" in done.stdout
    assert retention(sandbox) == 1
    effective = run("check", "--print-effective").stdout
    assert effective.count("mode: observe") == 1 and effective.count("mode: enforce") == 0
    spec.write(pipelines=pipeline(more=OBSERVE + resources("access_logs: {mode: enforce}")))
    drift(sandbox)
    sandbox.clear()
    done = run("apply", "--yes", "--detailed-exitcode")
    assert done.returncode == 2, done.stdout  # what is left does no harm
    assert {c["operation"] for c in sandbox.calls(kind="write")} == {"PutRetentionPolicy"}
    assert retention(sandbox) == 90


def test_deletion_obeys_it(run: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    topic = "alarms: {kind: topic, name: billing-alarms%s}"
    spec.write(pipelines=pipeline(more=resources(topic % "")))
    assert run("apply", "--yes").returncode == 0
    spec.write(pipelines=pipeline(more=OBSERVE + resources(topic % ", ensure: absent")))
    sandbox.clear()
    done = run("apply", "--yes", "--detailed-exitcode")
    assert done.returncode == 2 and "not sent: it is there, and is only observed" in done.stdout
    assert "cannot be undone" not in done.stdout
    assert sandbox.calls(kind="write") == []


def test_what_needs_it_goes_on(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    """What is observed and not there keeps back what needs it; what is there and differs does not."""
    spec.write(pipelines=pipeline(more=resources("bucket: {mode: observe}")))
    plan = run("plan", "-o", "json")
    told = {each["resource"]: each for each in json.loads(plan.stdout)["resources"]}
    stream = told["shop/stream"]
    assert plan.returncode == 1 and (stream["action"], stream["calls"]) == ("blocked", [])
    root = "waits for shop/bucket, which is not there and only observed: mode: observe"
    assert root in stream["reason"] and root in told["shop/subscription"]["reason"]
    created = {name for name, each in told.items() if each["action"] == "create" and not each["observed"]}
    text = run("plan").stdout
    assert re.search(r"\n! blocked  shop/stream \(.*\)\n    waits for ", text), text
    assert f"\n{len(created)} to create, 0 to change, 0 to delete, " in text and "\n+ create  shop/stream" not in text
    assert "writes nothing: waits for " in run("explain", "shop/stream").stdout
    status = run("status", "-o", "json")
    assert '"resource": "shop/stream"' in status.stdout and "waits for shop/bucket" in status.stdout
    done = run("apply", "--yes")
    assert done.returncode == 1
    assert "waits for shop/bucket, which is not there and only observed" in done.stderr, done.stderr
    after = {each["resource"]: each for each in json.loads(run("plan", "-o", "json").stdout)["resources"]}
    assert created == {name for name, each in told.items() if each["action"] == "create" and after[name]["action"] == "none"}
    written = {c["operation"] for c in sandbox.calls(kind="write")}
    assert "CreateBucket" not in written and "CreateDeliveryStream" not in written and "CreateLogGroup" in written
    sandbox.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    done = run("apply", "--yes")
    assert "CreateDeliveryStream" in {c["operation"] for c in sandbox.calls(kind="write")}
    assert not {"PutBucketTagging", "PutBucketPolicy"} & {c["operation"] for c in sandbox.calls(kind="write")}


def test_nothing_to_change_is_not_all_well(run: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    """What the spec leaves to others, and loses events by it, is no "as the spec says"."""
    assert "Nothing to change: AWS is as the spec says." in run("plan").stdout
    spec.write(pipelines=pipeline(more="    resources:\n      subscription: {ignore: [pattern]}\n"))
    (one,) = sandbox.client("logs").describe_subscription_filters(logGroupName="/aws/apigw/shop")["subscriptionFilters"]
    sandbox.client("logs").put_subscription_filter(
        **{key: one[key] for key in ("logGroupName", "filterName", "destinationArn", "roleArn")}, filterPattern="ERROR")
    done = run("plan")
    assert done.returncode == 0 and "events are being lost: pattern is ignored" in done.stdout, done.stdout
    assert "Nothing to change by the spec, and not all is well" in done.stdout and "AWS is as the spec says" not in done.stdout


def test_wrong_modes(run: Any, spec: Spec) -> None:
    spec.write(top="mode: watch\n", pipelines=pipeline(more="    mode: [observe]\n" + resources("bucket: {mode: 1}")))
    done = run("check")
    assert done.returncode == 78
    for path in ("mode", "pipelines.shop.mode", "pipelines.shop.resources.bucket.mode"):
        assert f" {path}: " in done.stderr, done.stderr


def test_a_plan_of_another_mode_is_stale(run: Any, sandbox: Sandbox, spec: Spec, applied: None, tmp_path: Any) -> None:
    drift(sandbox)
    spec.write(pipelines=pipeline(more=OBSERVE))
    assert run("plan", "--out", str(tmp_path / "p")).returncode == 0
    spec.write(pipelines=pipeline())
    sandbox.clear()
    done = run("apply", str(tmp_path / "p"))
    assert done.returncode == 4, done.stdout + done.stderr
    assert sandbox.calls(kind="write") == []


def test_the_daemon_observes(start: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    make_api(sandbox, "other-api")
    drift(sandbox)
    spec.write(pipelines=pipeline(more=OBSERVE))
    sandbox.clear()
    daemon = start().ready()
    total = daemon.resources
    assert sandbox.calls(kind="write") == []
    assert f"{total - 2}/{total} in sync, 2 observed and not as wanted" in daemon.status()
    assert daemon.metric("billingd_resources", pipeline="shop", state="observed") == 2
    assert daemon.metric("billingd_resources", pipeline="shop", state="in_sync") == total - 2
    assert daemon.metric("billingd_resources", pipeline="shop") == total
    assert daemon.metric("billingd_resource_condition", resource="shop/access_logs", condition="Observed") == 1
    assert daemon.metric("billingd_resource_condition", resource="shop/access_logs", condition="Synced") == 0
    assert daemon.metric("billingd_resource_loss", resource="shop/access_logs", **{"class": "dropped"}) == 1
    assert daemon.metric("billingd_reconcile_total", result="converged") == 0
    assert {e["resource"] for e in daemon.events("observed")} == {"shop/access_logs", "shop/stream"}
    daemon.kick()
    assert len(daemon.events("observed")) == 2  # told once
    assert daemon.events("repaired") == []
    body = daemon.get("/-/ready")
    assert body[0] == 503 and body[1].startswith("not ready: shop/access_logs: events are being lost\n")
    assert "2 of the spec's resources" in body[1] and "only observed" in body[1]
    assert "; shop/access_logs: events are being lost" in daemon.status()
    spec.write(pipelines=pipeline())
    daemon.send(1)
    daemon.wait(lambda: len(daemon.events("repaired")) == 2)
    daemon.wait(lambda: f"{total}/{total} in sync" in daemon.status())
    assert daemon.metric("billingd_resources", state="observed") == 0
    assert daemon.end() == 0
