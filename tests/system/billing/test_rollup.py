"""Rollups: built once, equal to the truth, repaired when anything about them changes."""

import threading
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from rollup_world import BUCKET, DATABASE, RUNS, TABLE, World

DAYS = [f"2025-10-0{d}" for d in range(1, 7)]


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    made = World(sandbox, spec)
    made.apply()
    return made


@pytest.fixture
def truth(world: World) -> dict[str, Any]:
    """Six days of traffic with everything that goes wrong."""
    return world.sandbox.generate("2025-10", requests=1500, log_group="/aws/apigw/shop", days=6, seed=7,
                                  late_days=.01, duplicates=.05, margin_days=0)


def wanted(truth: dict[str, Any]) -> dict[str, Any]:
    return {day: customers for day, customers in (truth["days"] | truth["outside"]).items() if customers}


def test_days_equal_the_truth(world: World, truth: dict[str, Any]) -> None:
    answer = world.rollup()
    assert answer["repair"]["failed"] == 0
    assert set(world.states(answer).values()) <= {"current", "empty"}
    assert set(world.states(answer, "was").values()) <= {"missing", "empty"}
    assert world.days() == wanted(truth)
    for day, one in world.partitions().items():
        calls = sum(c for c, _ in wanted(truth).get(day, {}).values())
        assert int(one["calls"]) == calls
        assert f"/run={one['run']}/" in one["location"]
        assert len(one["sql_hash"]) == 64 and len(one["fingerprint"]) == 64 and one["window"]


def test_second_look_does_nothing(world: World, truth: dict[str, Any]) -> None:
    world.rollup()
    world.sandbox.clear()
    answer = world.rollup()
    assert "repair" not in answer
    assert world.ours(kind="write") == []
    assert world.ours(service="athena") == []
    bill = world.run("bill", "--month", "2025-10", "-o", "json").stdout
    world.sandbox.switches(page_size=7)  # spans of days in many pages
    assert "repair" not in world.rollup()
    assert world.run("bill", "--month", "2025-10", "-o", "json").stdout == bill
    world.sandbox.switches(athena_managed_results=True)  # rows from the API, a few at a time
    assert world.run("bill", "--month", "2025-10", "-o", "json").stdout == bill


def test_dry_run_writes_nothing(world: World, truth: dict[str, Any]) -> None:
    world.sandbox.clear()
    answer = world.rollup("--dry-run", "--detailed-exitcode", code=2)
    assert world.states(answer)["2025-10-01"] == "missing"
    assert world.ours(kind="write") == [] and world.partitions() == {}
    text = world.run("rollup", "--dry-run", "--day", "2025-10-01").stdout
    assert "1 missing" in text and "no build yet" in text


def test_late_object_rebuilds_its_day_only(world: World, truth: dict[str, Any]) -> None:
    world.rollup()
    before = world.partitions()
    world.request("2025-10-03", arrival="2025-10-05T09:30", sub="late", size=77)
    world.sandbox.clear()
    answer = world.rollup()
    assert answer["repair"]["built"] == 1, answer["repair"]
    after = world.partitions()
    assert [d for d in after if after[d]["run"] != before[d]["run"]] == ["2025-10-03"]
    assert after["2025-10-03"]["previous_run"] == before["2025-10-03"]["run"]
    assert world.days()["2025-10-03"]["late"] == [1, 77]
    world.sandbox.clear()
    assert "repair" not in world.rollup()
    assert world.ours(kind="write") == [] and world.ours(service="athena") == []


def test_late_first_copy_takes_its_copy_off_the_next_day(world: World) -> None:
    """A request delivered twice around midnight counts on the day of its first copy, late or not."""
    world.request("2025-10-02T00:10", arrival="2025-10-02T00:11", sub="a", identifier="same")
    world.rollup()
    assert world.days() == {"2025-10-02": {"a": [1, 100]}}
    world.request("2025-10-01T23:50", arrival="2025-10-03T05:00", sub="a", identifier="same")
    world.rollup()
    assert world.days() == {"2025-10-01": {"a": [1, 100]}}
    assert "repair" not in world.rollup()


def test_later_than_late_is_left_alone(world: World, truth: dict[str, Any]) -> None:
    world.rollup()
    before = world.partitions()
    world.request("2025-10-01", arrival="2025-10-06T20:00", sub="too-late")
    world.rollup()
    assert world.partitions()["2025-10-01"]["run"] == before["2025-10-01"]["run"]
    assert "too-late" not in world.days()["2025-10-01"]


def test_another_sql_rebuilds_all(world: World, truth: dict[str, Any]) -> None:
    world.own_template()
    world.rollup()
    before, days = world.partitions(), world.days()
    world.change_sql()
    answer = world.rollup()
    after = world.partitions()
    assert set(world.states(answer, "was").values()) <= {"outdated", "empty"}
    assert all(after[d]["run"] != before[d]["run"] for d in after) and after.keys() == before.keys()
    assert world.days() == days


def test_other_columns_rebuild_all(world: World, truth: dict[str, Any]) -> None:
    world.rollup("--day", "2025-10-02")
    assert world.query(f"SELECT count(DISTINCT routekey), count(path) FROM {TABLE}")[0][1] == "0"
    before = world.days()
    world.write(columns="sub, path")
    answer = world.rollup("--day", "2025-10-02")
    assert answer["days"][0]["was"] == "outdated"
    routes, paths = world.query(f"SELECT count(routekey), count(path) FROM {TABLE}")[0]
    assert routes == "0" and int(paths or 0) > 0
    assert world.days() == before


def test_days_of_another_zone(sandbox: Any, spec: Any, api: str) -> None:
    world = World(sandbox, spec)
    world.write(zone="Asia/Seoul")
    world.apply()
    truth = sandbox.generate("2025-10", zone="Asia/Seoul", requests=2000, log_group="/aws/apigw/shop", days=3)
    world.rollup()
    assert {d: c for d, c in world.days().items() if d in truth["days"]} == \
        {d: c for d, c in truth["days"].items() if c}


def test_shuffled_and_doubled_objects_make_the_same_days(world: World, truth: dict[str, Any]) -> None:
    world.rollup()
    days = world.days()
    world.sandbox.rearrange(BUCKET, "access-logs/", seed=3, duplicates=0.3)
    answer = world.rollup()
    assert answer["repair"]["built"] >= 6
    assert world.days() == days


def test_old_runs_are_collected_and_nothing_else(world: World, truth: dict[str, Any]) -> None:
    world.write(keep="24h")
    world.rollup()
    world.request("2025-10-03", arrival="2025-10-05T09:30")
    world.rollup()
    runs = world.runs()
    assert Counter(runs.values())["2025-10-03"] == 2, "the replaced run stays for its readers"
    world.s3.put_object(Bucket=BUCKET, Key="parquet-data/year=2025/month=10/day=03/run=mine/a", Body=b"x")
    world.s3.put_object(Bucket=BUCKET, Key="access-logs/run=20251001T000000Z-00000000/a", Body=b"x")
    world.write(keep="0h")
    world.request("2025-10-04", arrival="2025-10-05T10:30")
    answer = world.rollup()
    assert answer["repair"]["collected"] == 2
    current = {one["run"] for one in world.partitions().values()}
    assert set(world.runs()) - {"mine"} <= current
    assert "mine" in world.runs()
    assert world.sandbox.objects(BUCKET, "access-logs/run=")
    known = world.glue.get_partitions(DatabaseName=DATABASE, TableName=RUNS)["Partitions"]
    assert {p["Values"][0] for p in known} <= current


def test_lost_objects_do_not_take_calls_away(world: World, truth: dict[str, Any]) -> None:
    """Expired or deleted log objects: what was counted stays counted, and is told."""
    world.own_template()
    world.rollup()
    days = world.days()
    keys = [o["key"] for o in world.sandbox.objects(BUCKET, "access-logs/year=2025/month=10/day=02/")]
    for key in keys:
        world.s3.delete_object(Bucket=BUCKET, Key=key)
    answer = world.rollup()
    assert world.states(answer)["2025-10-02"] == "kept" and "repair" not in answer
    world.change_sql()
    answer = world.rollup()
    assert answer["repair"]["failed"] == 0 and answer["repair"]["kept"] >= 1, answer["repair"]
    assert world.states(answer)["2025-10-02"] == "kept"
    assert world.days() == days
    world.sandbox.clear()
    assert "repair" not in world.rollup()
    assert world.ours(kind="write") == []


def test_budget_stops_and_the_next_run_goes_on(world: World, truth: dict[str, Any]) -> None:
    world.write(budget="1KiB", parallel=1)
    built, turns = 0, 0
    while turns < 20:
        done = world.run("rollup", "--to", "2025-10-06", code=1) if built < 5 else world.run("rollup", "--to", "2025-10-06")
        now = len(world.partitions())
        assert now == built + 1
        built, turns = now, turns + 1
        if built == 6:
            break
        assert "scan_budget" in done.stderr
    assert world.days() == {d: c for d, c in wanted(truth).items() if d in DAYS}


def test_what_athena_does_not_say_it_scanned(world: World, truth: dict[str, Any]) -> None:
    """Unknown, never 0; and no budget is known to hold."""
    untold = {"action": "member", "operation": "GetQueryExecution", "path": ["QueryExecution", "Statistics"], "value": {}, "times": 0,
              "client": "billingd"}
    world.write(budget="1TiB", parallel=1)
    world.sandbox.faults(untold)
    answer = world.rollup(to="2025-10-06", code=1)
    assert answer["repair"] == {**answer["repair"], "built": 1, "failed": 0, "over_budget": True, "scanned_bytes": None}
    assert world.rollup(to="2025-10-06", code=1)["repair"]["built"] == 1, "it goes on, a day in each run"
    world.write(budget="0")
    told = world.run("rollup", "--to", "2025-10-06").stdout
    assert "Built 4 days" in told and "GiB scanned, and more that Athena does not tell." in told
    assert world.days() == {d: c for d, c in wanted(truth).items() if d in DAYS}
    scanned = "Athena does not say how many bytes were scanned"
    assert scanned in world.run("bill", "--month", "2025-10").stderr
    world.sandbox.faults()
    assert scanned not in world.run("bill", "--month", "2025-10").stderr
    world.own_template()
    world.change_sql()
    answer = world.rollup(to="2025-10-06")
    assert answer["repair"]["scanned_bytes"] > 0 and answer["repair"]["over_budget"] is False


def test_foreign_second_partition_is_refused(world: World, truth: dict[str, Any]) -> None:
    """MSCK registers "01" beside our "1": the day would be read twice."""
    world.rollup()
    one = world.glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=["2025", "10", "1"])
    storage = one["Partition"]["StorageDescriptor"]
    world.glue.create_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionInput={
        "Values": ["2025", "10", "01"], "StorageDescriptor": storage})
    done = world.run("rollup", "--to", "2025-10-06", code=1)
    assert "two partitions for 2025-10-01" in done.stderr


def test_no_data_yet(sandbox: Any, spec: Any, api: str) -> None:
    world = World(sandbox, spec)
    world.pipelines = world.pipelines  # a pipeline without rollup.since
    world.values["since"] = "2025-10-01"
    world.write()
    text = spec.path.read_text().replace("since: 2025-10-01, ", "")
    spec.path.write_text(text)
    world.apply()
    assert "no objects below s3://shop-bucket/access-logs/ yet" in world.run("rollup").stderr


def test_a_missing_bucket_is_not_the_lack_of_data(sandbox: Any, spec: Any, api: str) -> None:
    """AWS's "there is none" of something else is a failure."""
    world = World(sandbox, spec)
    world.values["since"] = "2025-10-01"
    world.write()
    def told() -> str:
        """Bucket and database are both missing: the one that was asked first."""
        said = world.run("rollup", code=1).stderr
        assert "NoSuchBucket" in said or "EntityNotFoundException" in said
        return said

    assert told()
    spec.path.write_text(spec.path.read_text().replace("since: 2025-10-01, ", ""))
    assert told()
    world.apply()
    world.glue.delete_table(DatabaseName=DATABASE, Name=TABLE)
    assert "EntityNotFoundException" in world.run("rollup", "--day", "2025-10-02", code=1).stderr


def test_first_day_is_found(world: World, truth: dict[str, Any], spec: Any) -> None:
    spec.path.write_text(spec.path.read_text().replace("since: 2025-10-01, ", ""))
    assert world.rollup("--dry-run")["first"] in ("2025-09-30", "2025-10-01")


# ---- readers ----

@pytest.fixture
def readers(world: World) -> Iterator[list[Any]]:
    """Two threads that ask all the time; what they were told."""
    told: list[Any] = []
    stop = threading.Event()
    sql = (f"SELECT count(DISTINCT req_date), sum(calls), sum(total_bytes), count(*) FROM {TABLE} "
           "WHERE year = 2025 AND month = 10 AND day IN (2, 3)")

    def ask() -> None:
        while not stop.is_set():
            try:
                told.append(tuple(world.query(sql)[0]))
            except Exception as failure:  # a reader that fails is an answer, too
                told.append(repr(failure))
    threads = [threading.Thread(target=ask) for _ in range(2)]
    told_by = {"start": lambda: [t.start() for t in threads], "told": told}
    yield [told_by, stop, threads]
    stop.set()
    for thread in threads:
        if thread.is_alive():
            thread.join(30)


def test_readers_see_one_answer_through_30_rebuilds(world: World, truth: dict[str, Any],
                                                    readers: list[Any]) -> None:
    parts, stop, threads = readers
    world.own_template()
    world.write(keep="24h")
    between = ("--from", "2025-10-02", "--to", "2025-10-03")
    world.rollup(*between)
    parts["start"]()
    for _ in range(15):
        world.change_sql()
        assert world.rollup(*between)["repair"]["built"] == 2
    stop.set()
    for thread in threads:
        thread.join(30)
    told = parts["told"]
    assert len(set(told)) == 1 and len(told) > 30, Counter(told)
    assert len(world.runs()) == 2 * 16
