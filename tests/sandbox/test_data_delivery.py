"""From log events to objects: filter, envelopes, buffer, prefix, and what can go wrong on the way."""

import gzip
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from .conftest import Pipeline as Parts
from .control import Sandbox
from .data.pipeline import FORMS, STEPS, Pipeline

NOON = int(datetime(2025, 10, 7, 12, tzinfo=UTC).timestamp()) * 1000
MINUTE = 60_000


@pytest.fixture
def pipe(sandbox: Sandbox) -> Pipeline:
    sandbox.switches(data_now=NOON / 1000 - 86400)
    made = Pipeline(sandbox)
    made.storage()
    made.delivery()
    sandbox.flush()  # the control message
    sandbox.switches(data_now=NOON / 1000)
    return made


def events(count: int, step: int = 1000, start: int = NOON) -> list[dict[str, Any]]:
    return [{"message": f"line {n}", "timestamp": start + n * step - 100, "arrival": start + n * step}
            for n in range(count)]


def objects(pipe: Pipeline, prefix: str = "access-logs/year=2025/month=10/day=07/") -> dict[str, bytes]:
    return {o["key"]: pipe.s3.get_object(Bucket=pipe.bucket, Key=o["key"])["Body"].read()
            for o in pipe.sandbox.objects(pipe.bucket, prefix)}


def delivered(pipe: Pipeline) -> list[dict[str, Any]]:
    """Events of all envelopes, of the shipped form."""
    return [event for data in objects(pipe).values() for line in gzip.decompress(data).splitlines()
            for event in json.loads(line)["logEvents"]]


def test_one_envelope_per_line_with_the_ids_of_the_log(pipe: Pipeline) -> None:
    ids = pipe.sandbox.traffic(pipe.group, events(300))
    found = delivered(pipe)
    assert [e["message"] for e in found] == [f"line {n}" for n in range(300)]
    assert [e["id"] for e in found] == ids and len(set(ids)) == 300
    assert all(len(i) == 56 and i.isdigit() for i in ids)
    logged = pipe.logs.filter_log_events(logGroupName=pipe.group)["events"]
    assert [e["eventId"] for e in logged] == ids
    assert [e["timestamp"] for e in logged] == [e["timestamp"] for e in found]
    (key, data), = objects(pipe).items()
    lines = [json.loads(line) for line in gzip.decompress(data).splitlines()]
    assert len(lines) > 10 and all(len(line["logEvents"]) <= 100 for line in lines)
    assert lines[0] | {"logEvents": []} == {
        "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": pipe.group, "logStream": "sandbox",
        "subscriptionFilters": ["ToFirehose"], "logEvents": []}


def test_key_is_that_of_the_oldest_record(pipe: Pipeline) -> None:
    before = NOON - 20_000  # 11:59:40, the rest after noon
    pipe.sandbox.traffic(pipe.group, events(100, start=before))
    key, = objects(pipe)
    folder, _, name = key.rpartition("/")
    assert folder == "access-logs/year=2025/month=10/day=07/hour=11"
    assert name.startswith("ddn-apigw-accesslog-fh-1-2025-10-07-12-04-") and name.endswith(".json.gz")
    assert len(name) == len("ddn-apigw-accesslog-fh-1-2025-10-07-12-04-44-") + 36 + len(".json.gz")


def test_interval_closes_an_object(pipe: Pipeline) -> None:
    pipe.sandbox.traffic(pipe.group, events(10, step=2 * MINUTE))
    assert len(objects(pipe)) == 4  # 300 s each: 0, 2, 4 | 6, 8, 10 | 12, 14, 16 | 18


def test_size_closes_an_object(pipe: Pipeline) -> None:
    description = pipe.firehose.describe_delivery_stream(DeliveryStreamName="ddn-apigw-accesslog-fh")
    pipe.firehose.update_destination(
        DeliveryStreamName="ddn-apigw-accesslog-fh", CurrentDeliveryStreamVersionId="1",
        DestinationId=description["DeliveryStreamDescription"]["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 900}})
    big = [{**event, "message": "x" * 1000} for event in events(3000, step=10)]
    pipe.sandbox.traffic(pipe.group, big)
    found = objects(pipe)
    assert len(found) == 3 and all("-fh-2-" in key for key in found)  # version 2 of the configuration


def test_put_log_events_waits_in_the_buffer(pipe: Pipeline) -> None:
    pipe.logs.create_log_stream(logGroupName=pipe.group, logStreamName="s")
    pipe.logs.put_log_events(logGroupName=pipe.group, logStreamName="s",
                             logEvents=[{"timestamp": NOON - 5, "message": "hello"}])
    assert objects(pipe) == {}
    pipe.sandbox.switches(data_now=NOON / 1000 + 299)
    pipe.logs.describe_log_groups()
    assert objects(pipe) == {}
    pipe.sandbox.switches(data_now=NOON / 1000 + 301)
    pipe.logs.describe_log_groups()
    event, = delivered(pipe)
    kept, = pipe.logs.filter_log_events(logGroupName=pipe.group)["events"]
    assert (event["id"], event["message"]) == (kept["eventId"], "hello")


def test_only_while_there_is_a_filter(pipe: Pipeline) -> None:
    pipe.logs.delete_subscription_filter(logGroupName=pipe.group, filterName="ToFirehose")
    pipe.sandbox.traffic(pipe.group, events(5))
    pipe.logs.put_subscription_filter(**pipe.filter)
    pipe.sandbox.flush()
    data, = objects(pipe).values()
    control = json.loads(gzip.decompress(data))
    assert control["messageType"] == "CONTROL_MESSAGE" and control["logGroup"] == ""
    assert control["logEvents"][0]["message"].startswith("CWL CONTROL MESSAGE")
    assert len(pipe.logs.filter_log_events(logGroupName=pipe.group)["events"]) == 5
    pipe.sandbox.traffic(pipe.group, events(3, start=NOON + MINUTE))
    assert [e["message"] for e in delivered(pipe) if e["id"]] == ["line 0", "line 1", "line 2"]


def test_a_role_that_may_not_loses_events(pipe: Pipeline) -> None:
    pipe.iam.delete_role_policy(RoleName="cwl", PolicyName="all")
    pipe.sandbox.traffic(pipe.group, events(4))
    assert objects(pipe) == {}
    assert {m["name"]: m["sum"] for m in pipe.sandbox.metrics() if m["namespace"] == "AWS/Logs"} == {
        "IncomingLogEvents": 4, "IncomingBytes": 4 * 32, "DeliveryErrors": 4}


@pytest.mark.parametrize("hop", ["filter", "destination", "throttle", "decompression", "s3"])
def test_blocks(pipe: Pipeline, hop: str) -> None:
    start = NOON / 1000
    pipe.sandbox.blocks({"hop": hop, "from": start + 600, "to": start + 1200})
    pipe.sandbox.traffic(pipe.group, events(30, step=MINUTE))
    assert [e["message"] for e in delivered(pipe)] == [f"line {n}" for n in range(30) if not 10 <= n < 20]
    assert len(pipe.logs.filter_log_events(logGroupName=pipe.group)["events"]) == 30
    sums = {m["name"]: m["sum"] for m in pipe.sandbox.metrics() if m["namespace"] == "AWS/Logs"}
    forwarded = 30 if hop in ("decompression", "s3") else 20
    errors = {"destination": {"DeliveryErrors": 10}, "throttle": {"DeliveryThrottling": 10}}.get(hop, {})
    assert sums == {"IncomingLogEvents": 30, "IncomingBytes": 10 * 32 + 20 * 33, "ForwardedLogEvents": forwarded, **errors}
    broken = objects(pipe, "error/decompression-failed/2025/10/07/12/")
    assert bool(broken) == (hop == "decompression")
    for data in broken.values():
        lines = [json.loads(line) for line in data.splitlines()]
        assert len(lines) == 10 and all("rawData" in line for line in lines)


def test_at_least_once(pipe: Pipeline) -> None:
    pipe.sandbox.switches(duplicate_rate=0.2, delay_rate=0.3, delay_seconds=7200)
    ids = pipe.sandbox.traffic(pipe.group, events(400, step=10_000))
    found = [e["id"] for e in delivered(pipe)]
    assert set(found) == set(ids) and 450 < len(found) < 520
    assert len({key.rpartition("/")[0] for key in objects(pipe)}) >= 3  # late ones in later hours


def test_time_zone_and_prefix_without_a_time(sandbox: Sandbox) -> None:
    form = {**FORMS["shipped"], "Prefix": "plain/", "CustomTimeZone": "Asia/Seoul", "FileExtension": ".json",
            "CompressionFormat": "UNCOMPRESSED"}
    pipe = Pipeline(sandbox, form)
    pipe.storage()
    pipe.delivery()
    sandbox.traffic(pipe.group, events(1, start=NOON + 6 * 3600_000))
    keys = [key for key in objects(pipe, "plain/2025/")]
    assert len(keys) == 1 and keys[0].startswith("plain/2025/10/08/03/")


def test_message_extraction(sandbox: Sandbox) -> None:
    extract = {"Type": "CloudWatchLogProcessing",
               "Parameters": [{"ParameterName": "DataMessageExtraction", "ParameterValue": "true"}]}
    pipe = Pipeline(sandbox, {**FORMS["shipped"], "ProcessingConfiguration": {
        "Enabled": True, "Processors": [STEPS[0], extract, STEPS[1]]}})
    pipe.storage()
    pipe.delivery()
    sandbox.traffic(pipe.group, events(3))
    assert [gzip.decompress(d) for d in objects(pipe).values()] == [b"line 0\nline 1\nline 2\n"]


def test_seed_form_is_concatenated_gzip_without_a_suffix(sandbox: Sandbox) -> None:
    pipe = Pipeline(sandbox, "seed")
    pipe.storage()
    pipe.delivery()
    sandbox.traffic(pipe.group, events(30))
    (key, data), = objects(pipe, "json-data/year=2025/").items()
    assert not key.endswith(".gz") and data.count(b"\x1f\x8b\x08") >= 5
    text = gzip.decompress(data).decode()
    assert text.count('}{"messageType"') >= 4 and "\n" not in text


def test_filter_log_events(pipe: Pipeline) -> None:
    pipe.logs.put_retention_policy(logGroupName=pipe.group, retentionInDays=1)
    pipe.sandbox.traffic(pipe.group, events(5, start=NOON - 25 * 3600_000))  # gone by now
    ids = pipe.sandbox.traffic(pipe.group, events(50))
    pipe.sandbox.switches(page_size=7)
    pages = list(pipe.logs.get_paginator("filter_log_events").paginate(logGroupName=pipe.group))
    assert len(pages) == 8 and [e["eventId"] for p in pages for e in p["events"]] == ids
    assert all(e["ingestionTime"] == e["timestamp"] + 100 for p in pages for e in p["events"])
    some = pipe.logs.filter_log_events(logGroupName=pipe.group, startTime=NOON - 100 + 10_000,
                                       endTime=NOON - 100 + 12_000)["events"]
    assert [e["eventId"] for e in some] == ids[10:13]  # endTime is included here
    found = pipe.logs.filter_log_events(logGroupName=pipe.group, filterPattern='"line 33"')["events"]
    assert [e["eventId"] for e in found] == [ids[33]]


def test_get_log_events(pipe: Pipeline) -> None:
    pipe.sandbox.traffic(pipe.group, events(10))
    where = {"logGroupName": pipe.group, "logStreamName": "sandbox", "limit": 4}
    first = pipe.logs.get_log_events(**where, startFromHead=True)
    second = pipe.logs.get_log_events(**where, nextToken=first["nextForwardToken"])
    third = pipe.logs.get_log_events(**where, nextToken=second["nextForwardToken"])
    end = pipe.logs.get_log_events(**where, nextToken=third["nextForwardToken"])
    messages = [e["message"] for page in (first, second, third) for e in page["events"]]
    assert messages == [f"line {n}" for n in range(10)]
    assert end["events"] == [] and end["nextForwardToken"] == third["nextForwardToken"]
    assert [e["message"] for e in pipe.logs.get_log_events(**where)["events"]][-1] == "line 9"


def test_put_log_events_limits(pipeline: Parts, refused: Any) -> None:
    logs = pipeline.logs
    logs.create_log_stream(logGroupName="/group", logStreamName="s")
    now = int(datetime.now(UTC).timestamp() * 1000)
    put = {"logGroupName": "/group", "logStreamName": "s"}
    with refused("InvalidParameterException", "chronological"):
        logs.put_log_events(**put, logEvents=[{"timestamp": now, "message": "b"},
                                              {"timestamp": now - 1, "message": "a"}])
    with refused("ResourceNotFoundException"):
        logs.put_log_events(**{**put, "logStreamName": "no"}, logEvents=[{"timestamp": now, "message": "b"}])
    old = now - 15 * 86_400_000
    answer = logs.put_log_events(**put, logEvents=[{"timestamp": old, "message": "b"}])
    assert answer["rejectedLogEventsInfo"] == {"tooOldLogEventEndIndex": 1}
