"""The ladder: complete when nothing is missing, and where it is not, the hop and the hours."""

import gzip
import json
import time
from typing import Any

import pytest
from audit_world import BUCKET, DAYS, FIRST, GROUP, LAST, audit, bill, gaps, generate, hour
from rollup_world import DATABASE, TABLE, World

HOPS = ["gateway", "ingested", "forwarded", "delivered", "parsed", "unique", "rolled_up", "billed"]


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    made = World(sandbox, spec)
    made.apply()
    return made


def within(gap: dict[str, Any], first: int, end: int, slack: int = 3600) -> bool:
    return bool(first - slack <= gap["from"] and gap["to"] <= end + slack)


def assert_adds_up(found: dict[str, Any]) -> None:
    """From the requests of the hours to the calls of the days, to the event."""
    steps = dict(found["adds_up"])
    assert steps.pop("agrees") is True
    assert steps.pop("unique") == found["totals"]["unique"]
    end, days = steps.pop("rolled_up"), steps.pop("requests_of_days")
    assert end == found["totals"]["rolled_up"] and days == sum(d["calls"] for d in found["days"])
    assert found["totals"]["unique"] + sum(steps.values()) == end
    assert all(steps[name] <= 0 for name in steps if name not in ("arrived_outside", "not_rolled_up"))


def test_messy_traffic_is_accounted_for(world: World) -> None:
    truth = generate(world, duplicates=.05, late_hours=.03, late_days=.01, invalid=.002, dashes=.02)
    world.rollup("--to", LAST)
    found = audit(world, code=5)
    # All that is not billed is in lines that cannot be.
    unparsed = sum(found["excluded"][c] for c in ("blank", "invalid", "untimed", "unreadable"))
    assert found["verdict"] == "gap" and gaps(found) == {"parsed": unparsed}
    (gap,) = found["gaps"]
    assert gap["of"] == found["totals"]["delivered"] and gap["above_limit"] and not gap["explained"]
    assert f"{gap['lines']['invalid']} invalid" in gap["explanation"] and "billingd check" in gap["explanation"]
    assert {k: v for k, v in gap["lines"].items()} == {k: found["excluded"][k] for k in gap["lines"]}
    assert found["hops"] == HOPS
    totals, excluded = found["totals"], found["excluded"]
    # Nothing is between two rungs without a name.
    assert sum(h["lines"] for h in found["hours"]) == totals["delivered"] + excluded["duplicate_events"]
    assert totals["delivered"] == totals["parsed"] + excluded["blank"] + excluded["invalid"] + excluded["untimed"]
    assert totals["parsed"] == totals["unique"] + excluded["duplicate_requests"]
    assert totals["rolled_up"] == totals["billed"] == sum(d["calls"] for d in found["days"])
    assert totals["billed"] == sum(c for day in (FIRST, LAST) for c, _ in truth["days"][day].values())
    # Over all days on which anything arrived: the generator's own counts.
    assert_adds_up(found)
    whole = audit(world, "--from", FIRST, "--to", "2025-10-08", code=5)
    assert_adds_up(whole)
    assert whole["adds_up"]["arrived_outside"] == 0 and found["adds_up"]["arrived_outside"] > 0
    assert whole["totals"]["gateway"] == truth["gateway_count"]
    assert whole["totals"]["ingested"] == whole["totals"]["delivered"] == truth["log_events"]
    for ours, theirs in (("control", "control"), ("blank", "blank"), ("invalid", "invalid"),
                         ("duplicate_events", "duplicate_event"), ("duplicate_requests", "duplicate_request")):
        assert whole["excluded"][ours] >= truth["excluded"][theirs], ours
        if ours != "control":  # the filter's own test message is one more
            assert whole["excluded"][ours] == truth["excluded"][theirs], ours
    assert whole["included"]["repaired"] == truth["states"]["repaired"]


@pytest.mark.parametrize("seed", [13, 22])
def test_last_moments_that_move_on_are_no_loss(world: World, seed: int) -> None:
    """A request of an hour's last second is an event of the next; where that gave one to the hour behind it, the first
    hour lacks one and the third has it."""
    generate(world, seed=seed)
    world.rollup("--to", LAST)
    found = audit(world)
    assert found["verdict"] == "complete" and found["gaps"] == [], found["gaps"]


def test_what_was_logged_late_from_a_quiet_hour_is_no_loss(world: World) -> None:
    """Nothing else was logged in the hour, so CloudWatch has no datapoint there."""
    generate(world, requests=100)
    for _ in range(2):
        world.request("2025-10-04", "2025-10-05T03:00")
    world.rollup("--to", "2025-10-05")
    found = audit(world, "--from", FIRST, "--to", "2025-10-05")
    assert found["verdict"] == "complete" and found["gaps"] == [], found["gaps"]


def test_deleted_object_is_missing_where_it_was(world: World) -> None:
    generate(world)
    world.rollup("--to", LAST)
    victim = max((o for o in world.sandbox.objects(BUCKET, "access-logs/year=2025/month=10/day=02/hour=1")),
                 key=lambda o: o["size"])["key"]
    at = hour(LAST, int(victim.split("hour=")[1][:2]))
    world.s3.delete_object(Bucket=BUCKET, Key=victim)
    found = audit(world, code=5)
    assert found["verdict"] == "gap"
    lost = [g for g in found["gaps"] if g["hop"] == "delivered"]
    assert lost and all(within(g, at, at + 3600) for g in lost), lost
    assert all(g["above_limit"] and not g["explained"] for g in lost)
    assert "deleted" in lost[0]["explanation"]
    # The build was made from what was there: it still holds them, and the audit says so.
    assert gaps(found)["rolled_up"] > 0
    assert any("gone or changed" in g["explanation"] for g in found["gaps"])
    text = world.run("audit", *DAYS, code=5).stdout
    assert "delivered" in text and "Worst hours" in text and "gap: more than max_gap" in text


def put_unreadable(world: World, day: str, of_day: int) -> int:
    """An object of lines that are no envelopes of log events; how many rows they are."""
    at = hour(day, of_day) * 1000
    line = json.dumps({"requestId": "fake", "sub": "victim", "requestTimeEpoch": str(at), "status": "200"})
    events = [{"id": "fake", "timestamp": at, "message": line}, {"id": "", "timestamp": 1 << 61, "message": line}]
    lines = ["", "no envelope", '{"messageType":"DATA_MESSAGE","logEv', "{}", '{"messageType":"DATA_MESSAGE"}',
             json.dumps({"messageType": "DATA_MESSAGE", "logEvents": []}), "   ",
             json.dumps({"messageType": "NEW_MESSAGE", "logEvents": events})]
    year, month, number = day.split("-")
    world.s3.put_object(
        Bucket=BUCKET, Key=f"access-logs/year={year}/month={month}/day={number}/hour={of_day:02}/unreadable.gz",
        Body=gzip.compress("".join(one + "\n" for one in lines).encode()))
    return len(lines) + 1


def test_unreadable_lines_are_counted_and_never_billed(world: World) -> None:
    generate(world)
    world.rollup("--to", LAST)
    before, (clean, _) = audit(world), bill(world)
    assert before["excluded"]["unreadable"] == 0
    count = put_unreadable(world, FIRST, 12)
    # Once with rollups that were there before, once with the day built again.
    for again in (False, True):
        if again:
            world.glue.delete_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=["2025", "10", "1"])
        assert world.states(world.rollup("--to", LAST), "was")[FIRST] == ("missing" if again else "late")
        assert bill(world)[0] == clean
        world.run("bill", "--month", "2025-10", "--from-raw")
        found = audit(world, code=5)
        assert gaps(found) == {"parsed": count} and found["gaps"][0]["lines"]["unreadable"] == count
        assert found["excluded"] == {**before["excluded"], "unreadable": count}
        assert found["totals"] == before["totals"] and found["days"] == before["days"]
        assert {h["hour"]: h["unreadable"] for h in found["hours"] if h["unreadable"]} == {hour(FIRST, 12): count}
    assert f"unreadable {count}" in world.run("audit", *DAYS, code=5).stdout
    rows = [row.split(",") for row in world.run("audit", "-o", "csv", *DAYS, code=5).stdout.splitlines()]
    assert [row[rows[0].index("unreadable")] for row in rows[1:]] == ["0"] * 12 + [str(count)] + ["0"] * 35


def test_gap_names_the_lines_that_cannot_be_read(world: World) -> None:
    """A damaged object: what it held is missing at `delivered`, and its lines are why."""
    generate(world, duplicates=0, late_hours=0, late_days=0)
    world.rollup("--to", LAST)
    victim = max(world.sandbox.objects(BUCKET, "access-logs/year=2025/month=10/day=02/hour=1"),
                 key=lambda o: o["size"])["key"]
    text = gzip.decompress(world.s3.get_object(Bucket=BUCKET, Key=victim)["Body"].read()).decode()
    events = sum(len(json.loads(line)["logEvents"]) for line in text.splitlines())
    broken = "".join(line[:-2] + "\n" for line in text.splitlines())
    world.s3.put_object(Bucket=BUCKET, Key=victim, Body=gzip.compress(broken.encode()))
    found = audit(world, code=5)
    # A few may be paid by events that were ingested across the end of the window.
    assert events / 2 < gaps(found)["delivered"] <= events
    assert found["excluded"]["unreadable"] == len(text.splitlines())
    (gap,) = [g for g in found["gaps"] if g["hop"] == "delivered"]
    assert f"{len(text.splitlines())} lines of objects" in gap["explanation"]
    assert "unreadable" in gap["explanation"] and "deleted" not in gap["explanation"]
    assert "backfill" in gap["explanation"]


@pytest.mark.parametrize(("block", "hop", "says"), [
    ("filter", "forwarded", "no subscription filter"), ("destination", "forwarded", "DeliveryErrors"),
    ("throttle", "forwarded", "DeliveryThrottling"), ("decompression", "delivered", "below error/"),
    ("s3", "delivered", "S3 refused")])
def test_blocked_hour_names_the_hop(world: World, block: str, hop: str, says: str) -> None:
    first, end = hour(FIRST, 12), hour(FIRST, 13)
    world.sandbox.blocks({"hop": block, "from": first, "to": end})
    # The truth counts copies among what was lost, and a late event may seem to miss in another hour.
    truth = generate(world, duplicates=0, late_hours=0, late_days=0)
    world.rollup("--to", LAST)
    found = audit(world, code=5)
    lost = [g for g in found["gaps"] if g["hop"] == hop]
    assert lost and within(lost[0], first, end), found["gaps"]
    assert says in lost[0]["explanation"], lost[0]
    missing = gaps(found).get("forwarded", 0) + gaps(found).get("delivered", 0)
    # Behind the filter a control message may be among what was lost: it is no log event.
    assert truth["lost"][block] - (hop == "delivered") <= missing <= truth["lost"][block]
    if block == "decompression":
        assert found["error_objects"]["count"] > 0
        assert found["error_objects"]["events"] in (missing, truth["lost"][block])
        assert found["error_objects"]["newest"] is not None
    else:
        assert found["error_objects"]["count"] == 0


def read_object(world: World, key: str) -> list[dict[str, Any]]:
    text = gzip.decompress(world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()).decode()
    return [json.loads(line) for line in text.splitlines()]


def delete_events(world: World, day: str, of_day: int, count: int) -> None:
    """Some events that are in no other object are gone from the objects of an hour, without a trace."""
    year, month, number = day.split("-")
    once: dict[str, int] = {}
    for one in world.sandbox.objects(BUCKET, "access-logs/"):
        for envelope in read_object(world, one["key"]):
            for event in envelope["logEvents"]:
                once[event["id"]] = once.get(event["id"], 0) + 1
    prefix = f"access-logs/year={year}/month={month}/day={number}/hour={of_day:02}/"
    for one in world.sandbox.objects(BUCKET, prefix):
        envelopes = read_object(world, one["key"])
        for envelope in envelopes:
            kept = []
            for event in envelope["logEvents"]:
                if count and once[event["id"]] == 1 and event["timestamp"] // 3600000 * 3600 == hour(day, of_day):
                    count -= 1
                else:
                    kept.append(event)
            envelope["logEvents"] = kept
        text = "".join(json.dumps(e, separators=(",", ":"), ensure_ascii=False) + "\n" for e in envelopes
                       if e["logEvents"])
        world.s3.put_object(Bucket=BUCKET, Key=one["key"], Body=gzip.compress(text.encode()))
    assert count == 0


def test_two_events_of_an_hour_among_noise(world: World) -> None:
    """Deleted before the rollup, in traffic that is late and doubled: named in an interval that holds the hour, and
    as much is said when only that day is asked for."""
    generate(world, days=6, requests=2500, duplicates=.02, late_hours=.01, late_days=.001)
    delete_events(world, "2025-10-04", 14, 2)
    world.rollup("--to", "2025-10-06")
    at = hour("2025-10-04", 14)
    for window in (("--from", FIRST, "--to", "2025-10-06"), ("--day", "2025-10-04"),
                   ("--from", "2025-10-03", "--to", "2025-10-05")):
        found = audit(world, *window, code=5)
        assert gaps(found) == {"delivered": 2}, (window, found["gaps"])
        (gap,) = found["gaps"]
        assert gap["from"] <= at and at + 3600 <= gap["to"] <= gap["from"] + 3 * 3600, gap
    assert audit(world, "--day", "2025-10-06")["verdict"] == "complete"


def test_hours_are_exact_where_the_log_group_still_has_the_events(world: World) -> None:
    generate(world, days=6, requests=2500, duplicates=.02, late_hours=.01, late_days=.001)
    world.sandbox.switches(data_now=hour("2025-10-12", 0))
    delete_events(world, "2025-10-04", 14, 2)
    world.rollup("--to", "2025-10-06")
    at = hour("2025-10-04", 14)
    for window in (("--day", "2025-10-04"), ("--from", FIRST, "--to", "2025-10-06")):
        (gap,) = audit(world, *window, code=5)["gaps"]
        assert gap["exact"] and gap["hours"] == [{"hour": at, "events": 2}]
        assert (gap["from"], gap["to"], gap["events"]) == (at, at + 3600, 2)
    # Who may not read the log group is told the interval.
    world.sandbox.faults({"action": "error", "operation": "FilterLogEvents", "client": "billingd", "nth": 1, "times": 0,
                          "status": 400, "code": "AccessDeniedException", "message": "no"})
    (gap,) = audit(world, "--day", "2025-10-04", code=5)["gaps"]
    assert "exact" not in gap and gap["from"] <= at < gap["to"] and gap["events"] == 2


@pytest.mark.parametrize(("block", "hop"), [("filter", "forwarded"), ("destination", "forwarded"),
                                            ("s3", "delivered")])
def test_blocked_hour_among_noise_is_told_to_the_event(world: World, block: str, hop: str) -> None:
    """As many as are in the log group and nowhere in S3, and at no other hop."""
    first, end = hour(FIRST, 12), hour(FIRST, 13)
    world.sandbox.blocks({"hop": block, "from": first, "to": end})
    generate(world, duplicates=.05, late_hours=.03, late_days=.002)
    world.rollup("--to", LAST)
    found = audit(world, "--from", FIRST, "--to", "2025-10-05", code=5)
    there = int(str(world.query("SELECT count(DISTINCT event_id) FROM restapi_access_log_json WHERE year = 2025 "
                                "AND line_state NOT IN ('control', 'unreadable')")[0][0]))
    assert gaps(found) == {hop: found["totals"]["ingested"] - there}, found["gaps"]
    assert any(g["from"] <= first and end <= g["to"] for g in found["gaps"])


# ---- lines that cannot be billed --------------------------------------------------------------------------------


def test_third_of_the_lines_cannot_be_read(world: World) -> None:
    truth = generate(world, requests=2000, invalid=.3)
    world.rollup("--to", LAST)
    found = audit(world, code=5)
    broken = truth["excluded"]["invalid"] + truth["excluded"]["blank"]
    assert found["verdict"] == "gap" and .25 * 2000 < broken
    assert set(gaps(found)) == {"parsed"} and abs(gaps(found)["parsed"] - broken) < 5  # at the window's edges
    assert "parsed" in world.run("audit", *DAYS, code=5).stdout
    # Exactly at the limit it is not above it.
    world.write(more="      audit: {max_gap: 100%}\n")
    assert audit(world)["gaps"][0]["above_limit"] is False


def test_format_without_a_comma(world: World) -> None:
    """No line can be read: whatever the limit, a month with traffic and no bill is not complete."""
    world.write(more="      audit: {max_gap: 100%}\n")
    at = hour(FIRST, 6)
    world.sandbox.traffic(GROUP, [
        {"message": f'{{"requestId":"r{n}" "sub":"u1","status":"200","requestTimeEpoch":"{at + n}"}}',
         "timestamp": (at + n) * 1000, "arrival": (at + n) * 1000} for n in range(50)])
    world.rollup("--to", LAST)
    found = audit(world, code=5)
    (gap,) = found["gaps"]
    assert (gap["hop"], gap["events"], gap["of"], gap["above_limit"]) == ("parsed", 50, 50, True)
    assert found["totals"]["parsed"] == 0 and found["totals"]["delivered"] == 50


# ---- what no billing day counts -----------------------------------------------------------------------------------


def test_own_times_outside_every_window(world: World) -> None:
    at = hour(LAST, 5)
    times = {"a": at, "b": 5, "c": hour("2026-10-01", 0), "d": hour("2024-08-01", 0)}
    world.sandbox.traffic(GROUP, [
        {"message": json.dumps({"requestId": one, "sub": "u", "status": "200", "requestTimeEpoch": str(made)}),
         "timestamp": at * 1000, "arrival": at * 1000} for one, made in times.items()])
    world.rollup("--to", LAST)
    found = audit(world, code=5)
    assert found["totals"]["unique"] == 4 and found["totals"]["billed"] == 1
    assert found["excluded"]["out_of_window"] == 3 and found["excluded"]["too_late"] == 0
    assert_adds_up(found)
    assert gaps(found) == {"rolled_up": 3} and "out of window" in found["gaps"][0]["explanation"]
    text = world.run("audit", *DAYS, code=5).stdout
    assert "-          3  dated on no day" in text and "DOES NOT" not in text


def test_too_late_is_told_in_the_hours_it_came_in_too(world: World) -> None:
    """A call of the first day that comes a week later: told by an audit of either."""
    generate(world, requests=200)
    world.request(FIRST, "2025-10-08T03:10")
    world.rollup("--to", "2025-10-08")
    for window in (("--day", "2025-10-08"), ("--from", FIRST, "--to", "2025-10-08")):
        found = audit(world, *window, code=5)
        assert found["excluded"]["too_late"] == 1 and found["excluded"]["out_of_window"] == 0
        assert found["adds_up"]["too_late"] == -1
        assert_adds_up(found)
        assert "late_days" in [g for g in found["gaps"] if g["hop"] == "rolled_up"][0]["explanation"]


def test_nothing_to_audit(world: World) -> None:
    """Before any data, and before billing begins: said, and never complete."""
    generate(world, requests=300)
    world.rollup("--to", LAST)
    found = audit(world, "--month", "2025-08", code=1)
    assert found["verdict"] == "unknown"
    assert [r["reason"] for r in found["reasons"]] == ["before_since"]
    found = audit(world, "--month", "2025-11", code=1)
    assert found["verdict"] == "unknown" and [r["reason"] for r in found["reasons"]] == ["silent"]
    text = world.run("audit", "--month", "2025-11", code=1).stdout
    assert "unknown: nothing shows that all is there" in text and "not known: nothing to audit" in text


def test_unlogged_requests(world: World) -> None:
    """What API Gateway omits is explained up to the limit, and a gap beyond it."""
    generate(world, unlogged=.05)
    world.rollup("--to", LAST)
    found = audit(world, code=5)
    assert set(gaps(found)) == {"ingested"} and found["gaps"][0]["above_limit"]
    world.write(more="      audit: {max_gap: 10%}\n")
    world.rollup("--to", LAST)
    found = audit(world)
    assert found["verdict"] == "complete"
    assert set(gaps(found)) == {"ingested"}
    assert all(g["explained"] and "413" in g["explanation"] for g in found["gaps"])


def test_no_counts_is_unknown_not_zero(world: World) -> None:
    """Metrics that AWS has not got make no gap, and no clean bill either."""
    generate(world)
    world.rollup("--to", LAST)
    gateway = world.sandbox.client("apigatewayv2")
    api = gateway.get_apis()["Items"][0]["ApiId"]
    more = [gateway.create_api(Name="ddn-api", ProtocolType=kind, RouteSelectionExpression="$request.body.a")["ApiId"] for kind in ("WEBSOCKET", "HTTP")]
    # One API's count is not known to be the one: what was never logged nobody would miss.
    found = audit(world, code=1)
    assert found["totals"]["gateway"] is None and [r["reason"] for r in found["reasons"]] == ["gateway"], found["reasons"]
    assert "2 HTTP APIs are named ddn-api" in found["reasons"][0]["text"]
    gateway.delete_api(ApiId=more[1])
    found = audit(world)
    assert found["totals"]["gateway"] and found["verdict"] == "complete" and found["other_stages"] == 0
    # Another stage, with an access log of its own.
    world.sandbox.client("logs").create_log_group(logGroupName="/aws/apigw/other")
    more = world.sandbox.generate("2025-10", requests=50, customers=2, days=2, seed=8, margin_days=0, log_group="/aws/apigw/other", api_id=api, stage="v1")
    found = audit(world)
    assert found["verdict"] == "complete" and found["other_stages"] > 40, (found["other_stages"], more)
    assert f"counted {found['other_stages']} requests of the API at stages that this pipeline does not look after" in world.run("audit", *DAYS).stdout
    assert found["uncounted"] is None
    # Made anew, under the same name: the count of before is another API's.
    gateway.update_api(ApiId=api, Name="before")
    anew = gateway.create_api(Name="ddn-api", ProtocolType="HTTP")["ApiId"]
    found = audit(world)
    assert found["verdict"] == "complete" and "the API was made anew" in found["uncounted"]
    assert f"Uncounted: {found['uncounted']}" in world.run("audit", *DAYS).stdout
    gateway.delete_api(ApiId=anew)
    found = audit(world, code=1)
    assert found["verdict"] == "unknown" and "0 HTTP APIs are named ddn-api" in found["reasons"][0]["text"]
    # Two years later CloudWatch has dropped its hourly datapoints (455 days).
    world.sandbox.switches(data_now=hour("2027-10-03", 0))
    found = audit(world, code=1)
    assert [found["totals"][h] for h in HOPS[:3]] == [None, None, None]
    assert found["totals"]["delivered"] > 0
    assert found["verdict"] == "unknown" and found["unknown_hours"] > 0 and gaps(found) == {}
    assert all(h["ingested"] is None for h in found["hours"])


def test_day_without_rollup_is_a_gap(world: World) -> None:
    generate(world)
    world.rollup("--day", FIRST)
    found = audit(world, code=5)
    assert set(gaps(found)) == {"rolled_up"}
    assert [g["day"] for g in found["gaps"]] == [LAST]
    assert "billingd rollup" in found["gaps"][0]["explanation"]
    assert audit(world, "--day", FIRST)["verdict"] == "complete"


def test_pages_of_metrics(world: World) -> None:
    generate(world)
    world.rollup("--to", LAST)
    whole = audit(world)
    world.sandbox.switches(metric_page=7)
    paged = audit(world)
    assert paged["hours"] == whole["hours"]
    assert len(world.ours(operation="GetMetricData")) > 20


def test_outputs(world: World) -> None:
    generate(world)
    world.rollup("--to", LAST)
    rows = world.run("audit", "-o", "csv", *DAYS).stdout.splitlines()
    assert rows[0].startswith("hour,gateway,ingested,forwarded,delivered,parsed,unique")
    assert len(rows) == 1 + 48 and rows[1].startswith("2025-10-01T00:00Z,")
    text = world.run("audit", "-o", "table", *DAYS).stdout
    for hop in HOPS:
        assert f"  {hop}" in text
    assert "complete: every event is accounted for" in text
    assert world.run("audit", "-o", "focus", code=64)


def test_an_answer_without_names_of_columns(world: World) -> None:
    """Its first row is data, and may hold NULL: no answer."""
    world.sandbox.faults({"action": "latency", "operation": "GetObject", "client": "billingd", "times": 0, "latency_ms": 700})
    process = world.begin("audit", *DAYS)
    while process.poll() is None:
        for one in world.sandbox.objects(BUCKET, "athena-results/"):
            if one["key"].endswith(".csv"):
                world.s3.put_object(Bucket=BUCKET, Key=one["key"], Body=b'"2025",,"1"\n"2025",,"1"\n')
    assert process.returncode == 1 and "is no whole CSV of Athena's" in process.communicate()[1], process.returncode


def test_it_reads_only(world: World) -> None:
    generate(world, requests=300)
    world.sandbox.clear()
    audit(world, code=5)
    assert [c for c in world.ours(kind="write") if c["operation"] != "StartQueryExecution"] == []
    assert GROUP


def test_hours_without_a_closed_day_are_not_due(world: World) -> None:
    """No closed billing day lies in them: nothing is to be compared, which is not unknown."""
    at = time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - 3 * 3600))
    world.request(at, at)
    found = audit(world, "--since", "6h")
    assert found["verdict"] == "complete" and found["totals"]["unique"] == 1
    assert found["not_due"] == ["rolled_up", "billed"] and found["totals"]["rolled_up"] is None
    lines = [line.split() for line in world.run("audit", "--since", "6h").stdout.splitlines() if line.split()]
    assert {words[0]: words[1] for words in lines if words[0] in HOPS[6:]} == {"rolled_up": "-", "billed": "-"}
    world.request(FIRST, f"{FIRST}T12:05")
    world.rollup("--to", FIRST)
    whole = audit(world, "--from", FIRST, "--to", FIRST)
    assert whole["not_due"] == [] and whole["totals"]["rolled_up"] == whole["totals"]["billed"] == 1


def test_daemon_tells_it_as_metrics(world: World, start: Any) -> None:
    """Traffic of the last hours, one of them blocked."""
    import time

    now = int(time.time()) // 3600 * 3600
    world.sandbox.blocks({"hop": "filter", "from": now - 4 * 3600, "to": now - 3 * 3600})
    events = []
    for n in range(400):
        at = now - 6 * 3600 + n * 45
        line = {"requestId": f"m{n}", "sub": "-" if n % 4 == 0 else "s", "requestTimeEpoch": str(at),
                "status": "200"}
        message = json.dumps(line) if n != 397 else "broken"
        events.append({"message": message, "timestamp": at * 1000, "arrival": at * 1000})
    world.sandbox.traffic(GROUP, events)
    lost = sum(now - 4 * 3600 <= e["arrival"] // 1000 < now - 3 * 3600 for e in events)
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_audit_events", hop="ingested") is not None)
    assert daemon.metric("billingd_audit_events", hop="ingested", pipeline="shop") == 400
    assert daemon.metric("billingd_audit_events", hop="delivered") == 400 - lost
    assert daemon.metric("billingd_audit_events", hop="gateway") is None  # no Count: no series, not 0
    assert abs(daemon.metric("billingd_audit_gap_ratio", hop="forwarded") - lost / 400) < .001
    assert daemon.metric("billingd_audit_gap_ratio", hop="delivered") == 0
    assert daemon.metric("billingd_audit_excluded_events", **{"class": "invalid"}) == 1
    assert daemon.metric("billingd_audit_excluded_events", **{"class": "unreadable"}) == 0
    assert 0 <= time.time() - daemon.metric("billingd_newest_object_timestamp_seconds") < 600
    assert daemon.metric("billingd_newest_event_timestamp_seconds") == now - 6 * 3600 + 399 * 45
    assert daemon.metric("billingd_audit_verdict", verdict="gap") == 1
    assert daemon.metric("billingd_unattributed_requests_total") == sum(
        n % 4 == 0 and not now - 4 * 3600 <= e["arrival"] // 1000 < now - 3 * 3600 for n, e in enumerate(events))
    assert daemon.metric("billingd_duplicate_events_total") == 0
    told = daemon.wait(lambda: daemon.events("audit_gap"))
    assert [e["hop"] for e in told] == ["forwarded"]
    assert daemon.end() == 0


def test_what_cloudwatch_has_dropped_is_unknown(world: World) -> None:
    """Days partly older than the counts are kept; what had arrived on the old ones is deleted before it was rolled up:
    nothing is left that says so, and nothing says that there was nothing."""
    today = int(time.time()) // 86400 * 86400
    first, last = (time.strftime("%Y-%m-%d", time.gmtime(today - days * 86400)) for days in (462, 450))
    world.write(since=first)
    begin, end = hour(first, 0), hour(last, 23)
    world.sandbox.traffic(GROUP, [{"message": json.dumps({
        "requestId": f"old{at}", "sub": "s", "status": "200", "requestTimeEpoch": str(at), "responseLength": "7"}),
        "timestamp": at * 1000, "arrival": at * 1000} for at in range(begin, end, 3600)])
    dropped = (int(time.time()) - 455 * 86400) // 3600 * 3600 + 3600
    for one in world.sandbox.objects(BUCKET, "access-logs/"):
        part = dict(p.split("=") for p in one["key"].split("/")[1:5])
        if hour(f"{part['year']}-{part['month']}-{part['day']}", int(part["hour"])) < dropped:
            world.s3.delete_object(Bucket=BUCKET, Key=one["key"])
    window = ("--from", first, "--to", last)
    world.run("rollup", *window)
    found = audit(world, *window, code=1)
    assert found["verdict"] == "unknown" and [one["reason"] for one in found["reasons"]] == ["counts"]
    assert found["unknown_hours"] >= (dropped - begin) // 3600
    assert "older than" in found["reasons"][0]["text"]
    # Hours that the counts are kept of are judged as ever.
    (one, *_), young = found["hours"], time.strftime("%Y-%m-%d", time.gmtime(today - 452 * 86400))
    assert one["delivered"] == 0 and one["ingested"] is None
    assert audit(world, "--from", young, "--to", last)["verdict"] == "complete"
