"""Builds that are not what their record says any more: told, never billed from, built again."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from rollup_world import BUCKET, DATABASE, TABLE, World

DAY, OTHER = "2025-10-02", "2025-10-04"


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    made = World(sandbox, spec)
    made.apply()
    sandbox.generate("2025-10", requests=600, log_group="/aws/apigw/shop", days=6, seed=7, margin_days=0)
    made.run("rollup", "--month", "2025-10")
    return made


def files(world: World, day: str) -> list[str]:
    place = "parquet-data/year={}/month={}/day={}/".format(*day.split("-"))
    return [one["key"] for one in world.sandbox.objects(BUCKET, place)]


def point(world: World, day: str, location: str | None = None, **parameters: str) -> None:
    """Edits a day's partition, as somebody else would."""
    values = [str(int(part)) for part in day.split("-")]
    one = world.glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=values)["Partition"]
    storage = {**one["StorageDescriptor"], **({"Location": location} if location else {})}
    world.glue.update_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValueList=values, PartitionInput={
        "Values": values, "StorageDescriptor": storage, "Parameters": {**one["Parameters"], **parameters}})


def delete(world: World, keys: list[str]) -> None:
    for key in keys:
        world.s3.delete_object(Bucket=BUCKET, Key=key)


def all_files(world: World) -> None:
    delete(world, files(world, DAY))


def one_of_several(world: World) -> None:
    keys = files(world, DAY)
    assert len(keys) > 1
    delete(world, keys[:1])


def a_file_more(world: World) -> None:
    """Beside those of the run."""
    keys = files(world, DAY)
    world.s3.copy_object(Bucket=BUCKET, Key=keys[0] + "-more", CopySource={"Bucket": BUCKET, "Key": keys[0]})


def another_days_bytes(world: World) -> None:
    keys = files(world, DAY)
    world.s3.copy_object(Bucket=BUCKET, Key=keys[0], CopySource={"Bucket": BUCKET, "Key": files(world, OTHER)[0]})


def another_days_run(world: World) -> None:
    point(world, DAY, world.partitions()[OTHER]["location"])


def a_whole_other_partition(world: World) -> None:
    other = world.glue.get_partition(DatabaseName=DATABASE, TableName=TABLE,
                                     PartitionValues=[str(int(p)) for p in OTHER.split("-")])["Partition"]
    point(world, DAY, other["StorageDescriptor"]["Location"], **other["Parameters"])


def a_foreign_place(world: World) -> None:
    point(world, DAY, f"s3://{BUCKET}/elsewhere/")


def another_bucket(world: World) -> None:
    point(world, DAY, world.partitions()[DAY]["location"].replace(BUCKET, "other-bucket"))


def edited_calls(world: World) -> None:
    point(world, DAY, **{"billingd.calls": "1"})


WAYS = [all_files, one_of_several, a_file_more, another_days_bytes, another_days_run, a_whole_other_partition, a_foreign_place,
        another_bucket, edited_calls]


@pytest.mark.parametrize("harm", WAYS)
def test_a_damaged_day_is_missing_and_built_again(world: World, harm: Callable[[World], None]) -> None:
    days = world.days()
    bill = world.run("bill", "--month", "2025-10", "-o", "json").stdout
    harm(world)
    if harm is another_bucket:  # that no query can read
        told = world.run("bill", "--month", "2025-10", code=1).stderr
        assert f"{DAY}: its partition points to bucket other-bucket" in told and "billingd rollup" in told
    else:
        drafted = json.loads(world.run("bill", "--month", "2025-10", "-o", "json").stdout)
        assert drafted["draft"] is True
        assert [(d["day"], d["state"]) for d in drafted["open_days"]] == [(DAY, "missing")]
    if harm in (another_days_run, all_files):  # the audit names the cause as the build gives it, not the usual one
        gap = json.loads(world.run("audit", "--day", DAY, "-o", "json", code=5).stdout)["gaps"][0]
        assert gap["hop"] == "rolled_up" and gap["explanation"].startswith(f"{DAY}: ")
        assert ("its partition points elsewhere" if harm is another_days_run else "files of its run") in gap["explanation"]
        assert "billingd rollup` builds it" in gap["explanation"] and "objects are gone" not in gap["explanation"]
    world.sandbox.clear()
    told = world.rollup("--dry-run", "--detailed-exitcode", code=2)
    assert {d: s for d, s in world.states(told).items() if s not in ("current", "empty")} == {DAY: "missing"}
    assert next(d for d in told["days"] if d["day"] == DAY)["why"]
    text = world.run("rollup", "--dry-run", "--month", "2025-10").stdout
    assert "1 missing" in text and ("its partition" in text or "files of its run" in text)
    assert world.ours(kind="write") == []
    before = world.partitions()
    answer = world.rollup()
    assert answer["repair"]["built"] == 1 and answer["repair"]["failed"] == 0
    after = world.partitions()
    assert [d for d in after if after[d] != before[d]] == [DAY] and after[DAY]["run"] != before[DAY]["run"]
    assert world.days() == days
    assert world.run("bill", "--month", "2025-10", "-o", "json").stdout == bill
    assert "repair" not in world.rollup()


def test_the_daemon_tells_and_builds_again(world: World) -> None:
    days = world.days()
    all_files(world)
    done = world.run("run", "--once")
    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    told = [one for one in lines if one.get("event") == "rollup_not_believed"]
    assert [(one["day"], one["state"]) for one in told] == [(DAY, "missing")], done.stderr[-3000:]
    assert world.days() == days


def test_close_refuses(world: World) -> None:
    all_files(world)
    reasons = json.loads(world.run("close", "2025-10", "--yes", "-o", "json", code=4).stdout)["reasons"]
    assert any(DAY in text and "files of its run" in text and "billingd rollup" in text for text in reasons), reasons


def test_gone_with_its_log_objects(world: World) -> None:
    """Nothing can be counted again: never billed as if it were nothing, not tried for ever, decided by people."""
    days = world.days()
    kept = {key: world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in files(world, DAY)}
    raw = [o["key"] for o in world.sandbox.objects(BUCKET, "access-logs/year=2025/month=10/day=02/")]
    bodies = {key: world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in raw}
    delete(world, raw)
    world.rollup()
    all_files(world)
    answer = world.rollup()
    assert answer["repair"]["kept"] == 1 and world.states(answer)[DAY] == "lost"
    assert "repair" not in world.rollup()
    bill = json.loads(world.run("bill", "--month", "2025-10", "-o", "json").stdout)
    assert bill["draft"] is True and {"day": DAY, "state": "lost"}.items() <= bill["open_days"][0].items()
    reasons = json.loads(world.run("close", "2025-10", "--yes", "-o", "json", code=4).stdout)["reasons"]
    assert any(DAY in text and "--rebuild" in text for text in reasons), reasons
    # Its files come back from a copy: the calls are there again.
    for key, body in kept.items():
        world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert world.states(world.rollup())[DAY] in ("kept", "missing")
    assert world.days() == days
    all_files(world)
    # Or its log objects do.
    for key, body in bodies.items():
        world.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    assert world.states(world.rollup())[DAY] == "current"
    assert world.days() == days
    # Or somebody takes what is left.
    delete(world, raw)
    world.rollup()
    all_files(world)
    world.rollup()
    answer = world.rollup("--rebuild", "--day", DAY)
    assert answer["repair"]["built"] == 1 and world.states(answer)[DAY] == "current"


def test_rebuild_by_hand(world: World) -> None:
    """Whatever is believed: built anew, the same, old runs removed as ever; what would lose calls stays."""
    days, before = world.days(), world.partitions()
    answer = world.rollup("--rebuild", "--day", DAY)
    after = world.partitions()
    assert answer["repair"]["built"] == 1 and world.states(answer, "was") == {DAY: "current"}
    assert [d for d in after if after[d]["run"] != before[d]["run"]] == [DAY]
    assert set(world.runs()) <= {one["run"] for one in after.values()}
    answer = world.rollup("--rebuild", "--month", "2025-10")
    assert answer["repair"]["built"] == len(after) and world.days() == days
    raw = [o["key"] for o in world.sandbox.objects(BUCKET, "access-logs/year=2025/month=10/day=02/")]
    delete(world, raw)
    answer = world.rollup("--rebuild", "--day", DAY)
    assert answer["repair"]["kept"] == 1 and world.states(answer)[DAY] == "kept" and world.days() == days


def test_builds_of_an_older_billingd(world: World) -> None:
    """Their record does not name their files: told, and built once more; where that would lose calls, counted."""
    days = world.days()
    for day in world.partitions():
        values = [str(int(part)) for part in day.split("-")]
        one = world.glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=values)["Partition"]
        parameters = {k: v for k, v in one["Parameters"].items() if k not in ("billingd.files", "billingd.seal")}
        world.glue.update_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValueList=values, PartitionInput={
            "Values": values, "StorageDescriptor": one["StorageDescriptor"], "Parameters": parameters})
    raw = [o["key"] for o in world.sandbox.objects(BUCKET, "access-logs/year=2025/month=10/day=02/")]
    delete(world, raw)
    told = world.rollup("--dry-run")
    assert set(world.states(told).values()) <= {"outdated", "empty"}
    assert "does not name its files" in next(d for d in told["days"] if d["day"] == DAY)["why"]
    run = world.partitions()[DAY]["run"]
    answer = world.rollup()
    assert answer["repair"]["failed"] == 0 and world.states(answer)[DAY] == "kept"
    assert world.partitions()[DAY]["run"] == run and world.days() == days
    assert "repair" not in world.rollup()


def test_a_partition_that_is_no_day(world: World) -> None:
    """year*10000+month*100+day of September's day 110 is October's 10th."""
    one = world.glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=["2025", "10", "2"])
    world.glue.create_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionInput={
        "Values": ["2025", "9", "110"], "StorageDescriptor": one["Partition"]["StorageDescriptor"]})
    assert "a partition that is no day" in world.run("bill", "--month", "2025-10", code=1).stderr
    assert "a partition that is no day" in world.run("rollup", "--month", "2025-10", code=1).stderr


def test_few_lists(world: World) -> None:
    """The files of a month are one list, however many runs there are."""
    world.sandbox.clear()
    world.run("bill", "--month", "2025-10", "-o", "json")
    lists = [c for c in world.ours(service="s3", operation="ListObjectsV2")
             if c["params"].get("Prefix", "").startswith("parquet-data/")]
    assert len(lists) == 1, lists


def test_a_catalogue_of_another_billingd_names_apply(world: World) -> None:
    """After an upgrade, and before the first apply, names are missing that the SQL knows."""
    world.glue.delete_table(DatabaseName=DATABASE, Name="restapi_access_log_json")
    for words in (("rollup", "--rebuild", "--day", DAY), ("bill", "--month", "2025-10", "--from-raw")):
        told = world.run(*words, code=1)
        assert "`billingd apply`" in told.stdout + told.stderr, told
    world.apply()
    world.run("rollup", "--rebuild", "--day", DAY)
