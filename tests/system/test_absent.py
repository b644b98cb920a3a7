"""What is not there costs usage, too: told by plan, explain, log, metric, API and /-/ready; what was never made is not told part by part."""

import json
import signal
from typing import Any

from conftest import Sandbox, Spec, pipeline

FILTER = "shop/subscription"


def losses(run: Any, code: int = 0) -> dict[str, str]:
    done = run("plan", "-o", "json")
    assert done.returncode == code, done.stderr
    return {r["resource"]: r["loss"] for r in json.loads(done.stdout)["resources"] if r["loss"] != "none"}


def test_the_absent(run: Any, start: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    # Never made: told once, by the stage, whose requests nobody records.
    assert losses(run) == {"shop/stage_logging": "dropped"} and run("plan").stdout.count("events are being lost") == 1
    # Where what could hold some cannot be read, nobody knows that.
    sandbox.faults({"action": "error", "service": "firehose", "status": 400, "code": "AccessDeniedException", "times": 0})
    assert losses(run, 77)[FILTER] == "dropped"
    sandbox.faults()
    assert run("apply", "--yes").returncode == 0 and losses(run) == {}

    group = "/aws/apigw/shop"
    logs = sandbox.client("logs")
    (found,) = logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    logs.delete_subscription_filter(logGroupName=group, filterName=found["filterName"])
    sandbox.client("glue").delete_table(DatabaseName="shop", Name="restapi_access_log_json")
    told = losses(run)
    assert told.pop(FILTER) == "dropped" and set(told.values()) == {"delayed"} and len(told) == 1
    text = run("plan").stdout
    assert f"+ create  {FILTER} (subscription filter)\n    events are being lost: no event leaves the log group" in text, text
    explained = json.loads(run("explain", FILTER, "-o", "json").stdout)
    assert explained["loss"] == "dropped" and explained["absence"].startswith("no event leaves")
    assert "absent  events are being lost: no event leaves" in run("explain", FILTER).stdout

    spec.write(pipelines=pipeline(more="    mode: observe\n"))
    assert run("apply", "--yes").returncode == 1  # it stays so
    daemon = start().ready()
    assert daemon.metric("billingd_resource_loss", resource=FILTER, **{"class": "dropped"}) == 1
    assert f"{FILTER}: events are being lost\n" in daemon.get("/-/ready")[1]
    assert {r["address"]: r["loss"] for r in json.loads(daemon.get("/api/v1/resources")[1])["resources"]}[FILTER] == "dropped"
    assert [e["loss"] for e in daemon.events("observed") if e["resource"] == FILTER] == ["dropped"]

    # All is gone but the bucket: its mark shows that there was usage.
    for each in logs.describe_log_groups()["logGroups"]:
        logs.delete_log_group(logGroupName=each["logGroupName"])
    sandbox.client("firehose").delete_delivery_stream(DeliveryStreamName="shop-stream")
    daemon.kick()
    for name in (FILTER, "shop/access_logs", "shop/stream"):
        assert daemon.metric("billingd_resource_loss", resource=name, **{"class": "dropped"}) == 1, name

    # Back again: nothing is told any more.
    spec.write(pipelines=pipeline())
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_resource_loss", **{"class": "dropped"}) == 0)
    assert "events are being" not in daemon.get("/-/ready")[1]
    assert daemon.end() == 0
