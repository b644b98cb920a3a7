"""Generated months: the shipped form comes to the truth, the seed's form loses what it loses."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from .control import Sandbox
from .data.generator import generate
from .data.pipeline import NAMES, Pipeline, sql

VIEW = f"{NAMES['database']}.{NAMES['table_json']}"
RAW = VIEW + "_raw"
NOVEMBER_15 = datetime(2025, 11, 15, tzinfo=UTC).timestamp()
EVENTS = f"SELECT count(*) AS objects, sum(cardinality(logevents)) AS events FROM {RAW}"


@pytest.fixture(scope="module")
def month(process: Sandbox) -> Iterator[tuple[Pipeline, dict[str, Any]]]:
    process.reset()
    process.switches(data_now=NOVEMBER_15)
    pipe = Pipeline(process).bring_up()
    yield pipe, process.generate("2025-10", requests=12000, customers=60, duplicates=0.05, log_streams=2,
                                 late_hours=0.03, late_days=0.005, dashes=0.05, invalid=0.01, detail=True)
    assert process.bugs() == [] and process.violations() == []


Bill = dict[str | None, dict[str, Any]]


def bill(pipe: Pipeline) -> Bill:
    """October's usage by sub, whatever arrived when."""
    first = int(datetime(2025, 10, 1, tzinfo=UTC).timestamp())
    days = [(int(datetime.fromtimestamp(start, UTC).strftime("%Y%m%d")), start, start + 86400, 0, 2100000000)
            for start in range(first - 86400, first + 31 * 86400, 86400)]
    found: Bill = {}
    for row in pipe.rows(sql("usage_raw.sql", first_day=20251001, days=", ".join(map(str, days)),
                             partition_filter="year > 0", object="")):
        line = found.setdefault(row["sub"], {"calls": 0, "bytes": 0, "user": None})
        line["calls"] += int(row["calls"] or 0)
        line["bytes"] += int(row["bytes"] or 0)
        line["user"] = max(line["user"] or "", row["user"] or "") or None
    return found


def check_bill(billed: Bill, truth: dict[str, Any]) -> None:
    nobody = billed[None]
    assert {name: nobody[name] for name in ("calls", "bytes")} == truth["unattributed"]
    assert {sub: line for sub, line in billed.items() if sub} == truth["customers"]


def test_the_bill_is_the_truth(month: tuple[Pipeline, dict[str, Any]]) -> None:
    pipe, truth = month
    assert truth["lost"] == {} and len(truth["customers"]) == 60
    check_bill(bill(pipe), truth)


def test_every_line_is_told_apart(month: tuple[Pipeline, dict[str, Any]]) -> None:
    pipe, truth = month
    rows = pipe.rows(f"SELECT line_state, count(*) AS lines, count(DISTINCT event_id) AS events FROM {VIEW} "
                     "GROUP BY line_state")
    distinct = {row["line_state"]: int(row["events"]) for row in rows}
    lines = {row["line_state"]: int(row["lines"]) for row in rows}
    states = truth["states"]
    # One more than generated: the message of PutSubscriptionFilter.
    assert lines.pop("control") == states["control"] + 1
    assert distinct | {"control": 0} == states | {"control": 0}
    assert sum(lines.values()) == truth["forwarded"]
    assert truth["forwarded"] - truth["log_events"] == truth["excluded"]["duplicate_event"]


def test_each_day_by_rollup_sql(month: tuple[Pipeline, dict[str, Any]]) -> None:
    pipe, truth = month
    start = datetime(2025, 10, 31, tzinfo=UTC)
    first, last = int(start.timestamp()), int(start.timestamp()) + 86400
    hours = [datetime.fromtimestamp(h, UTC) for h in range(first - 25 * 3600, last + 4 * 86400, 3600)]
    text = sql("rollup.sql", from_s=first, to_s=last, day="2025-10-31", target=f"s3://{pipe.bucket}/check/",
               partition_filter=" OR ".join(f"(year = {h.year} AND month = {h.month} AND day = {h.day})"
                                            for h in sorted({h.replace(hour=0) for h in hours})),
               **{f"column_{name}": name for name in ("user", "sub", "httpmethod", "routekey", "status")},
               column_path="CAST(NULL AS varchar)")
    done = pipe.run(text)
    assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
    columns = "user string, sub string, httpmethod string, path string, routekey string, status string, " \
              "req_date string, calls bigint, total_bytes bigint, length_unknown bigint, length_refused bigint, " \
              "estimated bigint, repaired bigint"
    pipe.run(f"CREATE EXTERNAL TABLE checked ({columns.replace('user', '`user`', 1)}) STORED AS PARQUET "
             f"LOCATION 's3://{pipe.bucket}/check/'")
    rows = pipe.rows("SELECT sub, user, httpmethod, routekey, status, calls, total_bytes FROM checked")
    found = {tuple(row[n] or "" for n in ("sub", "user", "httpmethod", "routekey", "status")):
             [int(row["calls"] or 0), int(row["total_bytes"] or 0)] for row in rows}
    want = {tuple(group[1:6]): group[6:] for group in truth["groups"] if group[0] == "2025-10-31"}
    assert found == want and len(want) > 100


def test_truth_adds_up(month: tuple[Pipeline, dict[str, Any]]) -> None:
    _, truth = month
    for index, name in enumerate(("calls", "bytes")):
        total = sum(line[index] for day in truth["days"].values() for line in day.values())
        customers = sum(c[name] for c in truth["customers"].values())
        assert customers + truth["unattributed"][name] == total
        assert sum(g[6 + index] for g in truth["groups"] if g[0].startswith("2025-10")) == total
    assert sum(truth["states"].values()) - truth["states"]["control"] == truth["log_events"]
    assert min(truth["states"].values()) > 0 and min(truth["excluded"].values()) > 0
    assert set(truth["outside"]) == {"2025-09-30", "2025-11-01"}


def test_rearranged_objects_make_the_same_bill(month: tuple[Pipeline, dict[str, Any]]) -> None:
    pipe, truth = month
    want = bill(pipe)
    counts = pipe.sandbox.rearrange(pipe.bucket, "access-logs/", seed=5, duplicates=0.05)
    assert counts["copied"] > 400 and counts["objects"] != counts["objects_before"]
    assert bill(pipe) == want
    check_bill(bill(pipe), truth)


@pytest.mark.parametrize(("zone", "month"), [("Asia/Seoul", "2025-10"), ("America/New_York", "2025-11"),
                                             ("Pacific/Kiritimati", "2025-12"), ("Australia/Lord_Howe", "2025-10")])
def test_days_of_a_zone(zone: str, month: str) -> None:
    """Against the lines themselves, read with nothing but Python's json and zoneinfo."""
    made = generate(month, zone=zone, requests=3000, customers=10, invalid=0, dashes=0, untimed=0, relogged=0,
                    broken=0, edges=0.2)
    days: Counter[str] = Counter()
    for one in made.incoming:
        line = json.loads(one.message)
        second = int(line.get("requestTimeEpoch", line.get("requestTime")))
        second = second // 1000 if second > 10**11 else second
        days[datetime.fromtimestamp(second, ZoneInfo(zone)).date().isoformat()] += 1
    truth = {**made.truth["days"], **made.truth["outside"]}
    assert {day: sum(line[0] for line in lines.values()) for day, lines in truth.items()} == days


def test_same_seed_same_month() -> None:
    first, again, other = (generate("2025-10", requests=500, seed=seed) for seed in (3, 3, 4))
    assert first == again and first.truth != other.truth
    with pytest.raises(TypeError):
        generate("2025-10", no_such_option=1)


# -- the seed's form ------------------------------------------------------------------------------------------

def test_the_seeds_form_as_written_is_unreadable(sandbox: Sandbox) -> None:
    pipe = Pipeline(sandbox, "seed").bring_up()
    sandbox.generate("2025-10", requests=200, days=1)
    assert "HIVE_CURSOR_ERROR" in pipe.error(EVENTS)


def test_the_seeds_form_at_its_best_loses_most(sandbox: Sandbox) -> None:
    """sql.md 1: 20,000 requests in 3 days, 76.6 % lost; one row per object and no error."""
    pipe = Pipeline(sandbox, "seed_gz").bring_up()
    truth = sandbox.generate("2025-10", requests=20000, days=3, margin_days=0, late_hours=0, late_days=0)
    objects = sandbox.objects(pipe.bucket, "json-data/")
    first = 0
    for stored in objects[:200]:
        text = gzip.decompress(pipe.s3.get_object(Bucket=pipe.bucket, Key=stored["key"])["Body"].read()).decode()
        first += len(json.JSONDecoder().raw_decode(text)[0]["logEvents"])
    row, = pipe.rows(EVENTS)
    some, = pipe.rows(f'{EVENTS} WHERE "$path" <= \'s3://{pipe.bucket}/{objects[199]["key"]}\'')
    assert (int(row["objects"] or 0), int(some["events"] or 0)) == (len(objects), first)
    lost = 1 - int(row["events"] or 0) / truth["forwarded"]
    assert 0.74 < lost < 0.80
    billed = sum(line["calls"] for line in bill(pipe).values())
    assert billed < 0.30 * truth["requests"]


@pytest.mark.parametrize(("per_minute", "lost", "minutes"), [(0.7, 0.428, 4000), (10, 0.832, 200), (100, 0.912, 30),
                                                             (600, 0.933, 8)])
def test_loss_by_rate(sandbox: Sandbox, per_minute: float, lost: float, minutes: int) -> None:
    """sql.md 1's figures, of steady traffic."""
    pipe = Pipeline(sandbox, "seed_gz").bring_up()
    rng, at, events = random.Random(1), 1760000000.0, []
    while at < 1760000000 + minutes * 60:
        at += rng.expovariate(per_minute / 60)
        events.append({"message": "{}", "arrival": int(at * 1000)})
    sandbox.traffic(pipe.group, events)
    row, = pipe.rows(EVENTS + " WHERE year = 2025")
    assert abs(1 - int(row["events"] or 0) / len(events) - lost) < 0.07
