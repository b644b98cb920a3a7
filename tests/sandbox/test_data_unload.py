"""UNLOAD, CTAS, INSERT and DDL by Athena's rules: it adds files and never deletes one."""

from typing import Any

import pytest

from .control import Sandbox
from .data.pipeline import NAMES, Pipeline

SERIES = "SELECT CAST(n AS bigint) AS n, CAST(n % {0} AS integer) AS part FROM UNNEST(sequence(1, {1})) AS t(n)"


@pytest.fixture
def pipe(sandbox: Sandbox) -> Pipeline:
    pipe = Pipeline(sandbox)
    pipe.storage()
    pipe.catalogue()
    return pipe


def unload(pipe: Pipeline, query: str, folder: str,
           options: str = "format = 'PARQUET', compression = 'SNAPPY'") -> Any:
    return pipe.run(f"UNLOAD ({query}) TO 's3://{pipe.bucket}/{folder}' WITH ({options})")


def table(pipe: Pipeline, name: str, folder: str, keys: str = "") -> None:
    done = pipe.run(f"CREATE EXTERNAL TABLE {name} (n bigint) {keys} STORED AS PARQUET "
                    f"LOCATION 's3://{pipe.bucket}/{folder}'")
    assert done["Status"]["State"] == "SUCCEEDED", done["Status"]


def keys(pipe: Pipeline, folder: str) -> list[str]:
    return [o["key"] for o in pipe.sandbox.objects(pipe.bucket, folder)]


def test_unload_writes_and_needs_an_empty_target(pipe: Pipeline) -> None:
    done = unload(pipe, SERIES.format(2, 100), "out/")
    assert done["Status"]["State"] == "SUCCEEDED" and done["StatementType"] == "DML"
    assert len(keys(pipe, "out/")) == 2
    place = f"athena-results/{done['QueryExecutionId']}-manifest.csv"
    manifest = pipe.s3.get_object(Bucket=pipe.bucket, Key=place)
    assert sorted(manifest["Body"].read().decode().split()) == [f"s3://{pipe.bucket}/{k}" for k in keys(pipe, "out/")]
    assert done["Statistics"]["DataManifestLocation"].endswith("-manifest.csv")
    result = pipe.athena.get_query_results(QueryExecutionId=done["QueryExecutionId"])
    assert result["UpdateCount"] == 100 and result["ResultSet"]["Rows"] == []
    table(pipe, "series", "out/")
    assert pipe.rows("SELECT count(*) AS c, sum(n) AS s FROM series") == [{"c": "100", "s": "5050"}]
    again = unload(pipe, SERIES.format(2, 100), "out")
    assert "HIVE_PATH_ALREADY_EXISTS" in again["Status"]["StateChangeReason"]
    assert pipe.rows("SELECT count(*) AS c FROM series") == [{"c": "100"}]
    assert unload(pipe, SERIES.format(2, 0), "empty/")["Status"]["State"] == "SUCCEEDED" and not keys(pipe, "empty/")


def test_unload_by_partition(pipe: Pipeline) -> None:
    options = "format = 'PARQUET', partitioned_by = ARRAY['part']"
    assert unload(pipe, SERIES.format(3, 9), "out/", options)["Status"]["State"] == "SUCCEEDED"
    assert {k.split("/")[1] for k in keys(pipe, "out/")} == {"part=0", "part=1", "part=2"}
    wrong = unload(pipe, "SELECT 1 AS part, 2 AS n", "wrong/", options)
    assert "HIVE_COLUMN_ORDER_MISMATCH" in wrong["Status"]["StateChangeReason"]
    many = unload(pipe, SERIES.format(101, 500), "many/", options)
    assert "HIVE_TOO_MANY_OPEN_PARTITIONS" in many["Status"]["StateChangeReason"]


@pytest.mark.parametrize("leave", [0, 1])
def test_a_failed_or_stopped_unload_may_leave_files(pipe: Pipeline, leave: int) -> None:
    pipe.sandbox.switches(failure_leaves_files=leave)
    pipe.sandbox.query_rules({"action": "fail", "match": "failing", "at": "end"},
                             {"action": "hold", "match": "stopping", "at": "end"})
    done = unload(pipe, SERIES.format(2, 10), "failing/")
    assert done["Status"]["State"] == "FAILED" and len(keys(pipe, "failing/")) == 2 * leave
    identifier = pipe.start(f"UNLOAD ({SERIES.format(2, 10)}) TO 's3://{pipe.bucket}/stopping/' "
                            "WITH (format = 'PARQUET')")
    pipe.wait(identifier, "RUNNING")
    while len(keys(pipe, "stopping/")) < 2:
        pass
    pipe.athena.stop_query_execution(QueryExecutionId=identifier)
    assert pipe.wait(identifier)["Status"]["State"] == "CANCELLED" and len(keys(pipe, "stopping/")) == 2 * leave


def test_ctas(pipe: Pipeline) -> None:
    create = "CREATE TABLE made WITH (format = 'PARQUET', parquet_compression = 'SNAPPY', {0}) AS {1}"
    by_part = "partitioned_by = ARRAY['part']"
    place = f"external_location = 's3://{pipe.bucket}/x/'"
    assert "external_location" in pipe.error(create.format(place, "SELECT 1 AS n"))
    assert "HIVE_COLUMN_ORDER_MISMATCH" in pipe.error(create.format(by_part, "SELECT 1 AS part, 2 AS n"))
    assert "HIVE_TOO_MANY_OPEN_PARTITIONS" in pipe.error(create.format(by_part, SERIES.format(101, 300)))
    done = pipe.run(create.format(by_part, SERIES.format(4, 40)))
    assert done["Status"]["State"] == "SUCCEEDED", done["Status"]
    folder = f"athena-results/tables/{done['QueryExecutionId']}/"
    assert {k[len(folder):].split("/")[0] for k in keys(pipe, folder)} == {f"part={n}" for n in range(4)}
    assert pipe.rows("SELECT part, sum(n) AS s FROM made WHERE part >= 2 GROUP BY part ORDER BY part") == [
        {"part": "2", "s": "200"}, {"part": "3", "s": "210"}]
    assert "already exists" in pipe.error(create.format(by_part, SERIES.format(4, 40)))
    assert pipe.run("DROP TABLE made")["Status"]["State"] == "SUCCEEDED"
    assert keys(pipe, folder)  # the files stay
    assert "TABLE_NOT_FOUND" in pipe.error("SELECT * FROM made")


def test_without_enforcement_ctas_may_choose_its_place(pipe: Pipeline) -> None:
    pipe.athena.update_work_group(WorkGroup=NAMES["workgroup"],
                                  ConfigurationUpdates={"EnforceWorkGroupConfiguration": False})
    create = (f"CREATE TABLE made WITH (format = 'PARQUET', external_location = 's3://{pipe.bucket}/made/') "
              "AS SELECT 1 AS n")
    assert pipe.run(create)["Status"]["State"] == "SUCCEEDED"
    pipe.run("DROP TABLE made")
    assert "HIVE_PATH_ALREADY_EXISTS" in pipe.error(create)


def test_insert_appends(pipe: Pipeline) -> None:
    table(pipe, "kept", "kept/", "PARTITIONED BY (part int)")
    insert = "INSERT INTO kept " + SERIES.format(2, 10)
    for times in (1, 2):
        assert pipe.run(insert)["Status"]["State"] == "SUCCEEDED"
        assert pipe.rows("SELECT count(*) AS c FROM kept WHERE part = 1") == [{"c": str(5 * times)}]
    assert len(pipe.glue.get_partitions(DatabaseName=pipe.database, TableName="kept")["Partitions"]) == 2
    assert "TYPE_MISMATCH" in pipe.error("INSERT INTO kept SELECT 'x', 1")
    assert pipe.run("INSERT INTO kept (part, n) SELECT 7, CAST(70 AS bigint)")["Status"]["State"] == "SUCCEEDED"
    assert pipe.rows("SELECT n FROM kept WHERE part = 7") == [{"n": "70"}]


def test_a_switch_of_location_is_seen_whole_or_not(pipe: Pipeline) -> None:
    """A query reads the partition's place as it was when it began."""
    unload(pipe, SERIES.format(2, 10), "run=1/")
    unload(pipe, SERIES.format(2, 20), "run=2/")
    table(pipe, "switched", "nothing/", "PARTITIONED BY (day int)")
    pipe.run(f"ALTER TABLE switched ADD PARTITION (day = 1) LOCATION 's3://{pipe.bucket}/run=1/'")
    partition = pipe.glue.get_partition(DatabaseName=pipe.database, TableName="switched",
                                        PartitionValues=["1"])["Partition"]
    pipe.sandbox.query_rules({"action": "hold", "match": "reader", "at": "end"})
    count = "SELECT count(*) AS reader FROM switched"
    early = pipe.start(count)
    pipe.wait(early, "RUNNING")
    while pipe.wait(early, "RUNNING")["Statistics"]["DataScannedInBytes"] == 0:
        pass
    storage = {**partition["StorageDescriptor"], "Location": f"s3://{pipe.bucket}/run=2/"}
    pipe.glue.update_partition(DatabaseName=pipe.database, TableName="switched", PartitionValueList=["1"],
                               PartitionInput={"Values": ["1"], "StorageDescriptor": storage})
    assert pipe.rows(count) == [{"reader": "20"}]
    pipe.sandbox.query_rules()
    assert pipe.wait(early)["Status"]["State"] == "SUCCEEDED"
    rows = pipe.athena.get_query_results(QueryExecutionId=early)["ResultSet"]["Rows"]
    assert rows[1]["Data"][0]["VarCharValue"] == "10"


def test_parquet_columns(pipe: Pipeline) -> None:
    unload(pipe, "SELECT CAST(1 AS bigint) AS n, 'x' AS extra", "out/")
    parquet = f"STORED AS PARQUET LOCATION 's3://{pipe.bucket}/out/'"
    pipe.run(f"CREATE EXTERNAL TABLE more (n bigint, absent string) {parquet}")
    assert pipe.rows("SELECT * FROM more") == [{"n": "1", "absent": None}]
    pipe.run(f"CREATE EXTERNAL TABLE wrong (n string) {parquet}")
    assert "HIVE_BAD_DATA" in pipe.error("SELECT * FROM wrong")
    pipe.s3.put_object(Bucket=pipe.bucket, Key="out/garbage", Body=b"not parquet")
    assert "HIVE_BAD_DATA" in pipe.error("SELECT * FROM more")


def test_ddl_is_hives(pipe: Pipeline) -> None:
    place = f"LOCATION 's3://{pipe.bucket}/x/'"
    serde = ("ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' "
             "WITH SERDEPROPERTIES ('input.regex' = '^(.*)$')")
    assert "SYNTAX_ERROR" in pipe.error(f"CREATE EXTERNAL TABLE t (timestamp bigint) {place}")
    assert "SYNTAX_ERROR" in pipe.error(f"CREATE EXTERNAL TABLE t (n wrong) {place}")
    pipe.s3.put_object(Bucket=pipe.bucket, Key="x/a", Body="한글 one\n\n{two}\n".encode())
    assert pipe.run(f"CREATE EXTERNAL TABLE lines (line string) {serde} {place}")["Status"]["State"] == "SUCCEEDED"
    assert [r["line"] for r in pipe.rows("SELECT line FROM lines ORDER BY line DESC")] == ["한글 one", "{two}", ""]


def test_what_was_answered_before_is_answered_again_and_nothing_else_is(pipe: Pipeline) -> None:
    """Also in a copy of the sandbox; each change of what a query reads makes it another question."""
    unload(pipe, SERIES.format(2, 100), "out/")
    table(pipe, "series", "out/")
    ask = "SELECT count(*) AS c, sum(n) AS s FROM series"
    assert pipe.rows(ask) == pipe.rows(ask) == [{"c": "100", "s": "5050"}]
    copy = Pipeline(pipe.sandbox.copy())
    try:
        assert copy.rows(ask) == [{"c": "100", "s": "5050"}]
        assert unload(copy, SERIES.format(2, 100), "second/")["Status"]["State"] == "SUCCEEDED"
        assert len(keys(copy, "second/")) == 2 and not keys(pipe, "second/")
        table(copy, "second", "second/")
        assert copy.rows(ask.replace("series", "second")) == [{"c": "100", "s": "5050"}]
        one = keys(copy, "out/")[0]
        copy.s3.put_object(Bucket=copy.bucket, Key=one, Body=copy.s3.get_object(
            Bucket=copy.bucket, Key=keys(copy, "out/")[1])["Body"].read())
        assert copy.rows(ask) != [{"c": "100", "s": "5050"}]  # the same name and as many objects
        copy.s3.delete_object(Bucket=copy.bucket, Key=one)
        assert copy.rows(ask)[0]["c"] == "50"
        assert pipe.rows(ask) == [{"c": "100", "s": "5050"}]
    finally:
        copy.sandbox.end()


def test_what_may_differ_each_time_is_asked_each_time(pipe: Pipeline) -> None:
    assert pipe.rows("SELECT uuid() AS u") != pipe.rows("SELECT uuid() AS u")
