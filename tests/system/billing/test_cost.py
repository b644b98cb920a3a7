"""`billingd cost`: in AWS's units what the sandbox counted, and the money that follows from it by the spec's prices."""

import calendar
import json
import re
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import set_clock
from rollup_world import BILLING, BUCKET, DEFAULTS, GROUP, ROOT, WORKGROUP, World

MIB, GIB, DAY = 1 << 20, 1 << 30, 86400
MONTH = "2025-10"
PER = {"GiB": GIB, "TiB": GIB << 10, "1,000": 1000, "1,000,000": 10**6, "GiB and month": GIB, "alarm and month": 1}
PRICE = {"logs_ingested": "0.76", "logs_stored": "0.03", "firehose_ingested": "0.036", "firehose_decompressed": "0.004",
         "athena_scanned": "5", "s3_put": "0.0045", "s3_get": "0.00035", "s3_standard": "0.025", "glue_requests": "1",
         "alarms": "0.1"}
COST = ("cost:\n  prices:\n    - {from: 2020-01-01, " + ", ".join(f"{k}: {v}" for k, v in PRICE.items()) + "}\n")
PLACES = ("access-logs/", "recovered/", "error/", "parquet-data/", "athena-results/", "billing/", "_billingd/shop/")


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    """A month of traffic, some of it rolled up, and billed."""
    spec.top = COST
    made = World(sandbox, spec)
    made.write(since=f"{MONTH}-29")
    made.apply()
    sandbox.generate(MONTH, log_group=GROUP, requests=1500, customers=9)
    made.run("rollup", "--month", MONTH)
    made.run("bill", "--month", MONTH)
    # And some of now, as the lines of the full format are: more than the month's, whose objects came now as well.
    made.sent = int(time.time())
    line = (ROOT / "specs/log-format.json").read_text().strip().replace("$context.", "value of ")
    sandbox.traffic(GROUP, [{"message": line.replace("requestId", f"{n}", 1), "timestamp": made.sent * 1000,
                             "arrival": made.sent * 1000} for n in range(4000)])
    return made


def ask(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(world.run("cost", "-o", "json", *words, code=code).stdout))


def lines(document: dict[str, Any]) -> dict[tuple[str, str | None], dict[str, Any]]:
    (pipeline,) = document["pipelines"]
    return {(one["name"], one["place"]): one for one in pipeline["lines"]}


def counted(world: World, namespace: str, name: str) -> int:
    """In the month, whatever else there is."""
    (dimensions,) = [m["dimensions"] for m in world.sandbox.metrics() if (m["namespace"], m["name"]) == (namespace, name)]
    metric = {"Namespace": namespace, "MetricName": name,
              "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()]}
    start = datetime.fromisoformat(f"{MONTH}-01T00:00:00+00:00")
    reply = world.sandbox.client("cloudwatch").get_metric_data(
        StartTime=start, EndTime=start + timedelta(days=31),
        MetricDataQueries=[{"Id": "m", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": "Sum"}}])
    return int(sum(reply["MetricDataResults"][0]["Values"]))


def near(found: int, truth: int) -> bool:
    """Within 2 %, and of something."""
    return truth > 0 and abs(found - truth) * 100 <= truth * 2


def check_money(document: dict[str, Any]) -> None:
    """Price times quantity, exactly; a total is the sum of the lines, and names those that are not in it."""
    (pipeline,) = document["pipelines"]
    for side in ("used", "month"):
        total, most, lacks = Decimal(0), Decimal(0), []
        for line in pipeline["lines"]:
            place = f" {line['place']}" if line["place"] else ""
            if line[side] is None:
                lacks += [line["name"] + place] if line["unknown"] else []
                continue
            if line["unknown"] or line["at_least"]:
                lacks.append(line["name"] + place)
            for key, amount in (("quantity", "amount"), ("at_most", "amount_at_most")):
                exact = Decimal(line[side][key]) * Decimal(PRICE[line["name"]]) / PER[line["per"]]
                slack = Decimal(PRICE[line["name"]]) / PER[line["per"]] if "month" in line["measure"] else Decimal("1e-20")
                assert abs(Decimal(line[side][amount]) - exact) <= slack, line
            total += Decimal(line[side]["amount"])
            most += Decimal(line[side]["amount_at_most"])
        told = pipeline["total"][side]
        if told is None:
            assert all(line[side] is None for line in pipeline["lines"])
            continue
        assert abs(Decimal(told["amount"]) - total) <= Decimal("0.005") and told["lacks"] == lacks
        assert abs(Decimal(told["amount_at_most"]) - most) <= Decimal("0.005")


def billed(execution: dict[str, Any]) -> int:
    scanned = execution["Statistics"]["DataScannedInBytes"]
    return max(10, -(-scanned // MIB)) * MIB if execution["StatementType"] == "DML" else 0


def queries(world: World) -> list[dict[str, Any]]:
    ids = [i for page in world.athena.get_paginator("list_query_executions").paginate(WorkGroup=WORKGROUP)
           for i in page["QueryExecutionIds"]]
    return [world.athena.get_query_execution(QueryExecutionId=i)["QueryExecution"] for i in ids]


def check_past(world: World) -> None:
    """What CloudWatch counted of a month that is over."""
    document = ask(world, "--month", MONTH)
    check_money(document)
    found = lines(document)
    logs, records = found["logs_ingested", None], found["firehose_ingested", None]
    assert near(logs["used"]["quantity"], counted(world, "AWS/Logs", "IncomingBytes")) and not logs["unknown"]
    assert near(records["used"]["quantity"], counted(world, "Sandbox", "BilledBytes"))
    assert records["used"]["quantity"] <= counted(world, "Sandbox", "BilledBytes") <= records["used"]["at_most"]
    plain = found["firehose_decompressed", None]["used"]["quantity"]
    assert near(plain, counted(world, "AWS/Firehose", "OutputDecompressedBytes.Success"))
    # Nobody tells what was kept then; that is not 0, and no failure.
    assert found["logs_stored", None]["used"] is None and found["s3_get", None]["used"] is None
    assert all(line["month"] is None for line in found.values())


def months_between(first: float, last: float) -> list[str]:
    """Those that the time lies in: a test may run while one ends."""
    return sorted({time.strftime("%Y-%m", time.gmtime(at)) for at in range(int(first), int(last) + DAY, DAY) if at <= last}
                  | {time.strftime("%Y-%m", time.gmtime(last))})


def check_present(world: World) -> None:
    """What lies in the bucket, and what queries read, ten days later."""
    objects = [one for page in world.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET)
               for one in page.get("Contents", [])]
    first = min(one["LastModified"].timestamp() for one in objects)
    offset = 10 * DAY
    done = queries(world)
    for name, value in set_clock.environment(set_clock.own() + offset).items():
        world.extra[name] = value
    documents = [ask(world, "--month", month) for month in months_between(first, time.time() + offset)]
    world.extra.clear()
    for document in documents:
        check_money(document)
    at = datetime.fromisoformat(documents[-1]["at"].replace("Z", "+00:00")).timestamp()
    found = [lines(document) for document in documents]
    assert near(sum(one["athena_scanned", None]["used"]["quantity"] for one in found), sum(map(billed, done)))
    detail = found[-1]["athena_scanned", None]["detail"]
    assert sum(one["athena_scanned", None]["detail"]["scanned_bytes"] for one in found) == sum(
        one["Statistics"]["DataScannedInBytes"] for one in done) and detail["under_way"] == 0
    assert sum(one["athena_scanned", None]["detail"]["queries"] for one in found) == len([q for q in done if billed(q)])
    for place in PLACES:
        below = [one for one in objects if one["Key"].startswith(place)]
        assert found[-1]["s3_standard", place]["detail"]["objects"] == len(below), place
        assert found[-1]["s3_standard", place]["detail"]["bytes"] == sum(one["Size"] for one in below), place
        assert sum(one["s3_put", place]["used"]["quantity"] for one in found) == len(below), place
        seconds = sum(one["Size"] * (at - one["LastModified"].timestamp()) for one in below)
        told = sum(Decimal(one["s3_standard", place]["used"]["amount"]) * length(document)
                   for one, document in zip(found, documents)) * GIB / Decimal(PRICE["s3_standard"])
        assert not below or near(int(told), int(seconds)), place
    assert {place for name, place in found[-1] if name == "s3_put"} == set(PLACES)
    assert sum(map(len, [[o for o in objects if o["Key"].startswith(p)] for p in PLACES])) == len(objects)
    kept = found[-1]["logs_stored", None]["month"]["quantity"]
    (stored,) = [m["sum"] for m in world.sandbox.metrics() if (m["namespace"], m["name"]) == ("AWS/Logs", "IncomingBytes")]
    assert near(kept, int(stored))


def length(document: dict[str, Any]) -> int:
    """Seconds of its month."""
    year, month = map(int, document["month"].split("-"))
    after = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return int((after - datetime(year, month, 1, tzinfo=UTC)).total_seconds())


def calls_of(world: World, begin: int) -> Counter[tuple[str, str]]:
    return Counter((c["service"], c["operation"]) for c in world.ours()[begin:])


def flat(by: dict[str, dict[str, int]]) -> Counter[tuple[str, str]]:
    return Counter({(service, operation): n for service, own in by.items() for operation, n in own.items()})


def check_calls(world: World, start: Any) -> None:
    """Of a look, and of a daemon with all that it does."""
    begin = len(world.ours())
    world.run("plan")
    look = calls_of(world, begin)
    del look["iam", "ListAccountAliases"]  # only who prints its name asks for it
    calls = ask(world)["calls"]
    assert flat(calls["look"]["by"]) == look and calls["source"] == "look"
    assert "no daemon answers" in calls["daemon_unknown"] and "rollups" in calls["lacks"]
    assert calls["by"]["glue"] == sum(n for (service, _), n in look.items() if service == "glue") * calls["looks"]
    check_daemon(world, start)


def check_daemon(world: World, start: Any) -> None:
    """A month is told by its steady looks, not by all that a start makes up for."""
    world.spec.write(listen="127.0.0.1:0", settings={"interval": "5s"})
    begin = len(world.ours())
    daemon = start().ready()
    world.spec.write(listen=daemon.address.removeprefix("http://"))
    calls = ask(world)["calls"]
    assert calls["source"] == "look" and "left over" in calls["lacks"] and calls["daemon"]["looks"] >= 1
    assert calls["calls"] == calls["look"]["calls"] * calls["looks"]
    parts = ("listing", "rollup", "audit", "backfill", "months")
    daemon.wait(lambda: all(daemon.metric("billingd_part_failed", part=part) == 0 for part in parts))
    made = len(world.ours()) - begin - calls["look"]["calls"]
    daemon.wait(lambda: (daemon.metric("billingd_steady_looks_total") or 0) >= 3)
    calls = ask(world)["calls"]
    steady, daemons = calls["daemon"]["steady"], calls["daemon"]
    assert calls["source"] == "daemon" and calls["daemon_unknown"] is None and "once a day" in calls["lacks"]
    assert 3 <= steady["looks"] < daemons["looks"] and sum(flat(daemons["by"]).values()) >= made
    each = sum(flat(steady["by"]).values())
    assert calls["calls"] == each * calls["looks"] // steady["looks"]
    assert [calls["calls_least"], calls["calls_most"]] == [steady[one] * calls["looks"] for one in ("least", "most")]
    assert calls["calls_least"] <= calls["calls"] <= calls["calls_most"]
    assert calls["look"]["calls"] / 2 <= steady["least"] <= steady["most"] <= 2 * calls["look"]["calls"]
    lines = world.run("cost").stdout.splitlines()
    assert lines[0].startswith("billingd's calls: ") and " calls, " in lines[0], lines[0]
    assert f"  the daemon has counted since {stamp(daemons['since'])}: " in lines[1] and " of them steady, with " in lines[1]
    assert daemon.end() == 0


def stamp(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def check_unknown(world: World) -> None:
    """Denied, or broken: unknown, told as such, and in no sum."""
    world.sandbox.faults({"operation": "ListQueryExecutions", "action": "error", "status": 400, "times": 0,
                          "code": "AccessDeniedException"},
                         {"operation": "ListObjectsV2", "action": "error", "status": 403, "code": "AccessDenied",
                          "times": 0, "params": {"Prefix": "parquet-data/"}})
    document = ask(world, code=77)
    world.sandbox.faults()
    found = lines(document)
    for key in (("athena_scanned", None), ("s3_standard", "parquet-data/"), ("s3_put", "parquet-data/")):
        line = found[key]
        assert line["used"] is None and line["month"] is None and line["denied"] and line["unknown"], line
    assert found["s3_standard", "access-logs/"]["used"] is not None
    check_money(document)
    assert {"athena_scanned", "s3_standard parquet-data/"} <= set(document["pipelines"][0]["total"]["used"]["lacks"])
    assert not [row for row in document["pipelines"][0]["settings"] if row["name"] == "athena_scanned"
                and row["setting"] == "stream.compression"]
    # A log group that says it keeps more than can be right is not believed, and adds to no sum.
    world.sandbox.faults({"operation": "DescribeLogGroups", "action": "member", "path": ["logGroups", 0, "storedBytes"], "value": (1 << 53) + 1,
                          "times": 0, "client": "billingd"})
    document = ask(world, code=1)
    world.sandbox.faults()
    line = lines(document)["logs_stored", None]
    assert line["used"] is None and line["month"] is None and f"keeps {(1 << 53) + 1} bytes, more than can be right" in line["unknown"]
    check_money(document)
    assert "logs_stored" in document["pipelines"][0]["total"]["used"]["lacks"]
    # A reason that holds for many lines is told once.
    world.sandbox.faults({"operation": "ListObjectsV2", "action": "error", "status": 404, "code": "NoSuchBucket", "times": 0})
    told = world.run("cost", code=1).stdout
    world.sandbox.faults()
    (line,) = [line for line in told.splitlines() if line.startswith("unknown: s3_standard")]
    assert all(f"s3_standard {place}" in line and f"s3_put {place}" in line for place in PLACES), line


def test_what_is_not_made(sandbox: Any, run: Any, spec: Any, api: str) -> None:
    """One line; and of many pipelines only the one asked for."""
    billing = BILLING.format(**DEFAULTS)
    client = sandbox.client("apigatewayv2")
    client.create_stage(ApiId=client.create_api(Name="mills", ProtocolType="HTTP")["ApiId"], StageName="$default")
    mill = re.sub("api_name: .*", "api_name: mills", spec.pipelines.replace("shop", "mill"))
    spec.write(pipelines=spec.pipelines + billing + mill + billing)
    told = run("cost", "--pipeline", "mill")
    assert told.returncode == 0 and "billingd" not in told.stderr
    (line,) = [line for line in told.stdout.splitlines() if line.startswith("mill, ")]
    assert line.endswith("unknown: it is not made: neither its log group, its stream nor its bucket is there; "
                         "`billingd apply` makes it")
    assert "shop" not in told.stdout and "Bucket" not in told.stdout
    wrong = run("cost", "--pipeline", "mil")
    assert wrong.returncode == 64 and "did you mean 'mill'?" in wrong.stderr and not wrong.stdout


def check_first_second(world: World) -> None:
    """Of a month: nothing of it is known, and no rate follows from that."""
    now = datetime.fromtimestamp(time.time() + 40 * DAY, UTC)
    begin = int(now.replace(day=1, hour=0, minute=0, second=0, microsecond=0).timestamp())
    file = world.spec.path.parent / "clock"
    world.extra |= set_clock.movable(file, 0)
    held = threading.Event()

    def hold() -> None:
        while not held.wait(0.01):
            set_clock.move(file, begin - int(time.time() - set_clock.own()))
    holder = threading.Thread(target=hold)
    holder.start()
    try:
        while (document := ask(world))["at"] != stamp(begin):
            pass
    finally:
        held.set()
        holder.join()
        world.extra.clear()
    (pipeline,) = document["pipelines"]
    assert not [line for line in pipeline["lines"] if line["used"] and int(line["used"]["quantity"])]
    assert not [row for row in pipeline["settings"] if row["name"] in ("s3_standard", "athena_scanned")]


def test_cost(world: World, start: Any) -> None:
    world.extra = {}
    plain = type(world).environment
    world.environment = lambda: {**plain(world), **world.extra}  # type: ignore[method-assign]
    begin = len(world.ours())
    check_past(world)
    check_present(world)
    check_unknown(world)
    assert {c["kind"] for c in world.ours()[begin:]} == {"read"}
    check_settings(world)
    check_first_second(world)
    check_calls(world, start)


def check_settings(world: World) -> None:
    """What each costs or saves follows from what was counted."""
    (pipeline,) = ask(world, "--month", time.strftime("%Y-%m", time.gmtime(world.sent)))["pipelines"]
    rows = {(row["setting"], row["other"], row["name"]): row for row in pipeline["settings"]}
    puts = lines({"pipelines": [pipeline]})["s3_put", "access-logs/"]["month"]["quantity"]
    # The objects of months came in minutes: at a month's begin it goes on so, with more of them than time ends; those stay.
    at = time.gmtime(world.sent)
    timed = min(puts, calendar.monthrange(at.tm_year, at.tm_mon)[1] * DAY // 300)
    for other in (60, 900):
        assert rows["stream.buffer_seconds", str(other), "s3_put"]["change"] == timed * 300 // other - timed
    assert rows["billing.rollup.late_days", "7", "athena_scanned"]["change"] > 0
    assert rows["billing.rollup.late_days", "0", "athena_scanned"]["change"] < 0
    assert rows["access_logs.retention_days", "30", "logs_stored"]["change"] < 0
    assert {setting for setting, _, _ in rows} == {
        "bucket.lifecycle of log objects", "stream.buffer_seconds", "stream.compression", "access_logs.retention_days",
        "billing.rollup.late_days", "stage_logging.format"}
    assert rows["stream.compression", "UNCOMPRESSED", "s3_standard"]["change"] > 0
    assert all(row["change"] < 0 for (setting, *_), row in rows.items() if setting == "stage_logging.format")
    for row in rows.values():
        exact = Decimal(row["change"]) * Decimal(PRICE[row["name"]]) / {
            "s3_put": 1000, "athena_scanned": GIB << 10}.get(row["name"], GIB)
        assert abs(Decimal(row["amount"]) - exact) <= Decimal("1e-6"), row
