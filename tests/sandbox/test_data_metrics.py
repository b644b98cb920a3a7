"""GetMetricData over the traffic, in CloudWatch's JSON protocol."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import Wire
from .control import Sandbox
from .data.pipeline import NAMES, Pipeline

START = int(datetime(2025, 10, 1, tzinfo=UTC).timestamp())
DAY = 86400
GROUP = {"LogGroupName": NAMES["log_group"]}
FILTER = {**GROUP, "DestinationType": "Firehose", "FilterName": "ToFirehose"}


def ask(wire: Wire, value: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    body = json.dumps(value).encode()
    headers = wire.sign("monitoring", "POST", "/", body, {
        "Content-Type": "application/x-amz-json-1.0",
        "X-Amz-Target": "GraniteServiceVersion20100801.GetMetricData"})
    status, _, text = wire.send("POST", "/", body, headers)
    return status, json.loads(text)


def query(name: str, namespace: str, dimensions: dict[str, str], period: int = 3600, stat: str = "Sum") -> Any:
    return {"Id": name.lower()[:1] + "_" + name.replace(".", "_"), "MetricStat": {
        "Metric": {"Namespace": namespace, "MetricName": name,
                   "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()]},
        "Period": period, "Stat": stat}}


@pytest.fixture
def pipe(sandbox: Sandbox) -> Pipeline:
    sandbox.switches(data_now=START + 10 * DAY)
    pipe = Pipeline(sandbox)
    pipe.storage()
    pipe.delivery()
    return pipe


def values(reply: dict[str, Any], index: int = 0) -> dict[int, float]:
    found = reply["MetricDataResults"][index]
    return dict(zip(found["Timestamps"], found["Values"], strict=True))


def test_each_rung_of_the_ladder(pipe: Pipeline, wire: Wire) -> None:
    truth = pipe.sandbox.generate("2025-10", requests=3000, days=3, unlogged=0.01)
    gateway = {"ApiId": pipe.api, "Stage": "$default"}
    stream = {"DeliveryStreamName": NAMES["firehose"]}
    status, reply = ask(wire, {"StartTime": START - 2 * DAY, "EndTime": START + 9 * DAY, "MetricDataQueries": [
        query("Count", "AWS/ApiGateway", gateway), query("IncomingLogEvents", "AWS/Logs", GROUP),
        query("ForwardedLogEvents", "AWS/Logs", FILTER),
        query("DeliveryToS3.Records", "AWS/Firehose", stream),
        query("IncomingRecords", "AWS/Firehose", stream),
        query("DeliveryToS3.DataFreshness", "AWS/Firehose", stream, stat="Maximum"),
        query("DeliveryErrors", "AWS/Logs", FILTER), query("Count", "AWS/ApiGateway", {"Stage": "other"}) | {
            "Id": "other"}]})
    assert status == 200
    sums = [sum(values(reply, n).values()) for n in range(5)]
    assert sums[:3] == [truth["gateway_count"], truth["log_events"], truth["forwarded"]]
    assert truth["gateway_count"] > truth["log_events"] - truth["excluded"]["duplicate_request"]
    assert sums[3] == sums[4] > 1000
    assert max(values(reply, 5).values()) == 300
    assert values(reply, 6) == values(reply, 7) == {}
    hours = list(values(reply, 0))
    assert hours == sorted(hours, reverse=True) and all(hour % 3600 == 0 for hour in hours)


def test_periods_and_half_open_ends(pipe: Pipeline, wire: Wire) -> None:
    pipe.sandbox.traffic(pipe.group, [{"message": "x", "arrival": (START + n) * 1000} for n in range(0, 7200, 10)])
    one = {"MetricDataQueries": [query("IncomingLogEvents", "AWS/Logs", GROUP, period=60)],
           "ScanBy": "TimestampAscending"}
    _, reply = ask(wire, {**one, "StartTime": START + 600, "EndTime": START + 3600})
    assert values(reply) == {START + 600 + 60 * n: 6.0 for n in range(50)}
    one["MetricDataQueries"][0]["MetricStat"]["Period"] = 3600
    _, reply = ask(wire, {**one, "StartTime": START, "EndTime": START + 3601})
    assert values(reply) == {START: 360.0, START + 3600: 360.0}
    # Minutes are kept for 15 days only.
    pipe.sandbox.switches(data_now=START + 20 * DAY)
    one["MetricDataQueries"][0]["MetricStat"]["Period"] = 60
    _, reply = ask(wire, {**one, "StartTime": START, "EndTime": START + 3600})
    assert values(reply) == {}
    one["MetricDataQueries"][0]["MetricStat"]["Period"] = 300
    _, reply = ask(wire, {**one, "StartTime": START, "EndTime": START + 3600})
    assert sum(values(reply).values()) == 360


def test_pages(pipe: Pipeline, wire: Wire) -> None:
    pipe.sandbox.traffic(pipe.group, [{"message": "x", "arrival": (START + 60 * n) * 1000} for n in range(100)])
    pipe.sandbox.switches(metric_page=30)
    wanted = {"StartTime": START, "EndTime": START + 6000, "MetricDataQueries": [
        query("IncomingLogEvents", "AWS/Logs", GROUP, period=60)]}
    found: dict[int, float] = {}
    states = []
    token: dict[str, str] = {}
    while True:
        _, reply = ask(wire, {**wanted, **token})
        found.update(values(reply))
        states.append(reply["MetricDataResults"][0]["StatusCode"])
        if "NextToken" not in reply:
            break
        token = {"NextToken": reply["NextToken"]}
    assert len(found) == 100 and states == ["PartialData"] * 3 + ["Complete"]


def test_refusals(pipe: Pipeline, wire: Wire) -> None:
    one = query("IncomingLogEvents", "AWS/Logs", GROUP)
    status, reply = ask(wire, {"StartTime": START, "EndTime": START, "MetricDataQueries": [one]})
    assert (status, reply["__type"]) == (400, "ValidationError")
    status, reply = ask(wire, {"StartTime": START, "EndTime": START + 60, "MetricDataQueries": [one, one]})
    assert (status, reply["__type"]) == (400, "ValidationError")
