"""Athena's query operations, and the SerDe's rules behind them."""

import gzip
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError, ParamValidationError

from .conftest import Wire
from .control import Sandbox
from .data.pipeline import NAMES, Pipeline

RAW = f"{NAMES['database']}.{NAMES['table_json']}_raw"
HOUR = "access-logs/year=2025/month=10/day=07/hour=05/"
GROUP = {"WorkGroup": NAMES["workgroup"]}


@pytest.fixture
def pipe(sandbox: Sandbox) -> Pipeline:
    pipe = Pipeline(sandbox)
    pipe.storage()
    pipe.catalogue()
    return pipe


def envelope(*messages: str) -> str:
    return json.dumps({"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/apigw/ddn-access-logs", "logStream": "s",
                       "subscriptionFilters": ["f"], "logEvents": [
                           {"id": f"{m}", "timestamp": n, "message": m} for n, m in enumerate(messages)]},
                      separators=(",", ":"))


def put(pipe: Pipeline, name: str, data: str | bytes, **more: Any) -> None:
    body = data.encode() if isinstance(data, str) else data
    packed = gzip.compress(body) if name.endswith(".gz") else body
    pipe.s3.put_object(Bucket=pipe.bucket, Key=name, Body=packed, **more)


def ids(pipe: Pipeline, where: str = "true") -> list[str | None]:
    return [r["id"] for r in pipe.rows(
        f"SELECT element_at(logevents, n).id AS id FROM {RAW} CROSS JOIN UNNEST(sequence(1, cardinality(logevents))) "
        f"AS t(n) WHERE {where} ORDER BY 1")]


# -- the SerDe's rules ----------------------------------------------------------------------------------------

def test_the_suffix_decides_the_codec(pipe: Pipeline) -> None:
    put(pipe, HOUR + "a.json.gz", envelope("a") + "\n" + envelope("b"))
    put(pipe, HOUR + "b", envelope("c") + "\n")
    assert ids(pipe) == ["a", "b", "c"]
    pipe.s3.put_object(Bucket=pipe.bucket, Key=HOUR + "c.GZ", Body=gzip.compress(envelope("d").encode()))
    assert "HIVE_CURSOR_ERROR" in pipe.error(f"SELECT * FROM {RAW}")
    assert ids(pipe, "hour = 6") == []  # nobody looks there
    hours = ", ".join(map(str, range(24)))  # a long list, of which DuckDB makes a join
    either = f"((day = 7 AND hour IN (5)) OR (day = 8 AND hour IN ({hours})))"
    assert ids(pipe, f"{either} AND \"$path\" <> 's3://{pipe.bucket}/{HOUR}c.GZ'") == ["a", "b", "c"]


def test_all_members_of_a_gzip_file_are_read(pipe: Pipeline) -> None:
    members = [gzip.compress((envelope(m) + "\n").encode()) for m in "abc"]
    pipe.s3.put_object(Bucket=pipe.bucket, Key=HOUR + "a.gz", Body=b"".join(members))
    assert ids(pipe) == ["a", "b", "c"]


def test_text_after_the_first_document_is_ignored(pipe: Pipeline) -> None:
    put(pipe, HOUR + "a.gz", envelope("a") + envelope("b") + "\n" + envelope("c") + "rest\n")
    assert ids(pipe) == ["a", "c"]


def test_lines_that_are_no_documents(pipe: Pipeline) -> None:
    put(pipe, HOUR + "a.gz", f'{envelope("a")}\n\nhello\n{envelope("b")}\n')
    rows = pipe.rows(f"SELECT messagetype, cardinality(logevents) AS n FROM {RAW} ORDER BY 1")
    assert [r["messagetype"] for r in rows] == ["DATA_MESSAGE"] * 2 + [None] * 2
    put(pipe, HOUR + "b.gz", '{"messageType":"DATA_MESSAGE","logEv')
    assert "HIVE_BAD_DATA" in pipe.error(f"SELECT * FROM {RAW}")
    table = pipe.glue.get_table(DatabaseName=pipe.database, Name=RAW.partition(".")[2])["Table"]
    table["StorageDescriptor"]["SerdeInfo"]["Parameters"] = {"ignore.malformed.json": "true"}
    pipe.glue.update_table(DatabaseName=pipe.database, TableInput={
        k: table[k] for k in ("Name", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")})
    assert len(pipe.rows(f"SELECT messagetype FROM {RAW}")) == 5


@pytest.mark.parametrize(("document", "want"), [
    ('{"MESSAGETYPE":"X","Owner":12,"logGroup":{"a":1},"logStream":true}', ["X", "12", '{"a":1}', "true"]),
    ('{"messageType":null,"other":1}', [None, None, None, None]),
    ('["X","o"]', ["X", "o", None, None]),
    (' {"owner":1.50}', [None, "1.50", None, None])])
def test_columns_of_text(pipe: Pipeline, document: str, want: list[str | None]) -> None:
    put(pipe, HOUR + "a", document)
    row, = pipe.rows(f"SELECT messagetype, owner, loggroup, logstream FROM {RAW}")
    assert list(row.values()) == want


@pytest.mark.parametrize("events", ['"x"', '[{"timestamp":"noon"}]', '[{"timestamp":9223372036854775808}]', "[7]"])
def test_column_types_are_strict(pipe: Pipeline, events: str) -> None:
    put(pipe, HOUR + "a", f'{{"messageType":"DATA_MESSAGE","logEvents":{events}}}')
    assert "HIVE_BAD_DATA" in pipe.error(f"SELECT * FROM {RAW}")


def test_numbers_in_quotes_are_numbers(pipe: Pipeline) -> None:
    put(pipe, HOUR + "a", '{"logEvents":[{"timestamp":"12","id":7}]}')
    row, = pipe.rows(f'SELECT element_at(logevents, 1)."timestamp" AS t, element_at(logevents, 1).id AS i FROM {RAW}')
    assert row == {"t": "12", "i": "7"}


def test_what_is_not_read(pipe: Pipeline) -> None:
    put(pipe, HOUR + "a", envelope("a"))
    put(pipe, HOUR + "_b", envelope("hidden"))
    put(pipe, HOUR + ".c", envelope("hidden"))
    put(pipe, HOUR + "d", envelope("cold"), StorageClass="GLACIER")
    put(pipe, HOUR + "e", envelope("instant"), StorageClass="GLACIER_IR")
    put(pipe, HOUR.replace("2025", "2024"), envelope("out of range"))
    put(pipe, HOUR.replace("month=10", "month=010") + "f", envelope("other digits"))
    assert ids(pipe) == ["a", "instant"]
    pipe.s3.delete_object(Bucket=pipe.bucket, Key=HOUR + "a")
    assert ids(pipe) == ["instant"]


def test_only_the_partitions_asked_for_are_scanned(pipe: Pipeline) -> None:
    sizes = {}
    for day in range(1, 11):
        text = envelope(f"{day:02}", "x" * day)
        sizes[day] = len(text)
        put(pipe, f"access-logs/year=2025/month=10/day={day:02}/hour=05/a", text)
    view = f"{NAMES['database']}.{NAMES['table_json']}"
    for where, days in (("day = 3", [3]), ("year = 2025 AND month = 10 AND day BETWEEN 4 AND 6", [4, 5, 6]),
                        ("(month = 10 AND day <= 2) OR (month = 11)", [1, 2]), ("year = 2026", []),
                        ("year * 10000 + month * 100 + day > 20251008", [9, 10]), ("true", range(1, 11))):
        done = pipe.run(f"SELECT count(*) FROM {view} WHERE {where}")
        assert done["Statistics"]["DataScannedInBytes"] == sum(sizes[d] for d in days), where
    # A window over all rows needs all of them.
    done = pipe.run(f"SELECT * FROM (SELECT day, row_number() OVER (ORDER BY day) AS n FROM {view}) WHERE day = 3")
    assert done["Statistics"]["DataScannedInBytes"] == sum(sizes.values())


def test_path_column(pipe: Pipeline) -> None:
    put(pipe, HOUR + "a", envelope("a"))
    put(pipe, HOUR + "b", '{"owner":"b"}')
    assert [r["$path"] for r in pipe.rows(f'SELECT "$path" FROM {RAW} ORDER BY 1')] == [
        f"s3://{pipe.bucket}/{HOUR}a", f"s3://{pipe.bucket}/{HOUR}b"]
    assert "$path" not in pipe.rows(f"SELECT * FROM {RAW}")[0]


def test_registered_partitions(pipe: Pipeline) -> None:
    table = pipe.glue.get_table(DatabaseName=pipe.database, Name=RAW.partition(".")[2])["Table"]
    storage = table["StorageDescriptor"]
    pipe.glue.create_table(DatabaseName=pipe.database, TableInput={
        "Name": "registered", "TableType": "EXTERNAL_TABLE", "PartitionKeys": table["PartitionKeys"],
        "StorageDescriptor": storage, "Parameters": {}})
    put(pipe, HOUR + "a", envelope("a"))
    put(pipe, "elsewhere/b", envelope("b"))
    count = "SELECT count(*) AS n, min(day) AS d FROM registered"
    assert pipe.rows(count) == [{"n": "0", "d": None}]
    elsewhere = {**storage, "Location": f"s3://{pipe.bucket}/elsewhere"}
    pipe.glue.create_partition(DatabaseName=pipe.database, TableName="registered", PartitionInput={
        "Values": ["2025", "10", "09", "0"], "StorageDescriptor": elsewhere})
    assert pipe.rows(count) == [{"n": "1", "d": "9"}]
    assert pipe.run("MSCK REPAIR TABLE registered")["Status"]["State"] == "SUCCEEDED"
    assert pipe.rows(count) == [{"n": "2", "d": "7"}]
    pipe.s3.delete_object(Bucket=pipe.bucket, Key=HOUR + "a")
    pipe.run("MSCK REPAIR TABLE registered")  # adds only
    assert len(pipe.glue.get_partitions(DatabaseName=pipe.database, TableName="registered")["Partitions"]) == 2


def test_views(pipe: Pipeline) -> None:
    pipe.run("CREATE DATABASE other")
    put(pipe, HOUR + "a", envelope("a", "b"))
    assert pipe.run(f"CREATE VIEW other.inner_one AS SELECT messagetype, cardinality(logevents) AS n FROM {RAW}"
                    )["Status"]["State"] == "SUCCEEDED"
    pipe.run("CREATE OR REPLACE VIEW outer_one AS SELECT n + 1 AS m FROM other.inner_one WHERE n > 1")
    assert pipe.rows("SELECT m FROM awsdatacatalog.ddn_billing_db.outer_one") == [{"m": "3"}]
    document = pipe.glue.get_table(DatabaseName=pipe.database, Name="outer_one")["Table"]
    assert document["TableType"] == "VIRTUAL_VIEW" and document["StorageDescriptor"]["Columns"] == [
        {"Name": "m", "Type": "bigint"}]
    pipe.view("stale", "SELECT n FROM other.inner_one", {"n": "string"})
    assert "VIEW_IS_STALE" in pipe.error("SELECT * FROM stale")
    pipe.view("short", "SELECT n, messagetype FROM other.inner_one", {"n": "bigint"})
    assert "VIEW_IS_STALE" in pipe.error("SELECT * FROM short")
    pipe.view("lost", "SELECT n FROM no_such_table", {"n": "bigint"})
    assert "INVALID_VIEW" in pipe.error("SELECT * FROM lost")
    assert pipe.run("DROP VIEW outer_one")["Status"]["State"] == "SUCCEEDED"


# -- the API --------------------------------------------------------------------------------------------------

def test_results_come_in_pages_and_as_csv(pipe: Pipeline) -> None:
    rows = pipe.rows("SELECT n, 'a \"b\"' AS text, CAST(NULL AS varchar) AS nothing, n > 2500 AS big, 1.5E9 AS d, "
                     "DATE '2025-10-01' AS day, ARRAY[n, 7] AS list, CAST(1 AS decimal(10, 2)) AS money, "
                     "from_unixtime(0) AS moment FROM UNNEST(sequence(1, 2600)) AS t(n) ORDER BY n")
    assert len(rows) == 2600 and rows[-1] == {
        "n": "2600", "text": 'a "b"', "nothing": None, "big": "true", "d": "1.5E9", "day": "2025-10-01",
        "list": "[2600, 7]", "money": "1.00", "moment": "1970-01-01 00:00:00.000 UTC"}
    identifier = pipe.start("SELECT 1 AS one, CAST(NULL AS varchar) AS none, 'x,\"y\"' AS text")
    done = pipe.wait(identifier)
    assert done["ResultConfiguration"]["OutputLocation"] == f"s3://{pipe.bucket}/athena-results/{identifier}.csv"
    assert done["Statistics"]["DataScannedInBytes"] == 0 and done["StatementType"] == "DML"
    read = pipe.s3.get_object(Bucket=pipe.bucket, Key=f"athena-results/{identifier}.csv")["Body"].read()
    assert read == b'"one","none","text"\n"1",,"x,""y"""\n'
    assert pipe.sandbox.objects(pipe.bucket, f"athena-results/{identifier}.csv.metadata")
    reply = pipe.athena.get_query_results(QueryExecutionId=identifier)
    assert [c["Type"] for c in reply["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]] == [
        "integer", "varchar", "varchar"]
    first = pipe.athena.get_query_results(QueryExecutionId=identifier, MaxResults=1)
    assert first["ResultSet"]["Rows"] == [{"Data": [{"VarCharValue": n} for n in ("one", "none", "text")]}]
    assert first["NextToken"]


def test_tokens(pipe: Pipeline, refused: Any) -> None:
    token = "t" * 32
    first = pipe.start("SELECT 1", token)
    assert pipe.start("SELECT 1", token) == first
    with refused("InvalidRequestException", "Idempotent parameters do not match"):
        pipe.start("SELECT 2", token)
    assert pipe.start("SELECT 1", "u" * 32) != first
    for length in (31, 129):
        with pytest.raises((ParamValidationError, ClientError)):
            pipe.start("SELECT 1", "t" * length)


def test_a_token_is_needed(pipe: Pipeline, wire: Wire) -> None:
    status, _, text = wire.json("athena", "StartQueryExecution", {"QueryString": "SELECT 1", **GROUP})
    assert status == 400 and json.loads(text)["__type"] == "InvalidRequestException"


def test_refused_at_once(pipe: Pipeline, refused: Any) -> None:
    for text in ("SELEC 1", "SELECT FROM WHERE", "SELECT 1; SELECT 2", "TRUNCATE TABLE x", "SELECT `a` FROM x"):
        with refused("InvalidRequestException", "" if ";" in text else "line 1:1"):
            pipe.start(text)
    with refused("InvalidRequestException", "WorkGroup no is not found"):
        pipe.athena.start_query_execution(QueryString="SELECT 1", WorkGroup="no")
    with refused("InvalidRequestException", "No output location"):
        pipe.athena.start_query_execution(QueryString="SELECT 1")
    with refused("InvalidRequestException", "was not found"):
        pipe.athena.get_query_execution(QueryExecutionId="no-such-query")


@pytest.mark.parametrize(("text", "code"), [
    ("SELECT * FROM no_such_table", "TABLE_NOT_FOUND"), ("SELECT x FROM (SELECT 1 AS y)", "COLUMN_NOT_FOUND"),
    ("SELECT CAST('-' AS bigint)", "INVALID_CAST_ARGUMENT"), ("SELECT no_such_function(1)", "FUNCTION_NOT_FOUND"),
    ("SELECT CAST(3000000000 AS integer)", "INVALID_CAST_ARGUMENT|NUMERIC_VALUE_OUT_OF_RANGE")])
def test_failures(pipe: Pipeline, text: str, code: str) -> None:
    done = pipe.run(text)
    status = done["Status"]
    assert status["State"] == "FAILED" and any(c in status["StateChangeReason"] for c in code.split("|")), status
    assert status["AthenaError"]["ErrorCategory"] == 2 and status["AthenaError"]["Retryable"] is False
    with pytest.raises(pipe.athena.exceptions.InvalidRequestException):
        pipe.athena.get_query_results(QueryExecutionId=done["QueryExecutionId"])


def test_states_stop_and_several_at_once(pipe: Pipeline) -> None:
    pipe.sandbox.query_rules({"action": "hold", "match": "held", "times": 0})
    held = [pipe.start(f"SELECT {n} AS held") for n in range(3)]
    assert pipe.rows("SELECT 'free' AS x") == [{"x": "free"}]
    for identifier in held:
        pipe.wait(identifier, "RUNNING")
    pipe.athena.stop_query_execution(QueryExecutionId=held[0])
    done = pipe.wait(held[0])
    assert done["Status"]["State"] == "CANCELLED"
    assert pipe.sandbox.query_rule_counts()[0]["fired"] == 3
    pipe.sandbox.query_rules()
    reply = pipe.athena.batch_get_query_execution(QueryExecutionIds=[*held, "x" * 36])
    assert [e["QueryExecutionId"] for e in reply["QueryExecutions"]] == held
    assert reply["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "x" * 36
    assert [pipe.wait(i)["Status"]["State"] for i in held[1:]] == ["SUCCEEDED"] * 2
    pipe.athena.stop_query_execution(QueryExecutionId=held[1])  # too late: nothing happens
    assert pipe.wait(held[1])["Status"]["State"] == "SUCCEEDED"
    assert set(held) < set(pipe.athena.list_query_executions(**GROUP)["QueryExecutionIds"])


def test_a_long_query_can_be_stopped(pipe: Pipeline) -> None:
    identifier = pipe.start("SELECT count(*) FROM UNNEST(sequence(1, 100000)) AS a(x) CROSS JOIN "
                            "UNNEST(sequence(1, 100000)) AS b(y) WHERE x * y % 7 = 3")
    pipe.wait(identifier, "RUNNING")
    time.sleep(0.3)
    pipe.athena.stop_query_execution(QueryExecutionId=identifier)
    assert pipe.wait(identifier)["Status"]["State"] == "CANCELLED"


def test_query_faults(pipe: Pipeline, refused: Any) -> None:
    pipe.sandbox.query_rules({"action": "fail", "match": "unlucky", "nth": 2, "code": "HIVE_X", "message": "broken"},
                             {"action": "cancel", "match": "dropped"}, {"action": "throttle", "match": "busy"},
                             {"action": "slow", "match": "slow", "seconds": 0.4})
    states = [pipe.run(f"SELECT {n} AS unlucky")["Status"] for n in range(3)]
    assert [s["State"] for s in states] == ["SUCCEEDED", "FAILED", "SUCCEEDED"]
    assert states[1]["StateChangeReason"] == "HIVE_X: broken" and states[1]["AthenaError"]["Retryable"] is True
    assert pipe.run("SELECT 1 AS dropped")["Status"]["State"] == "CANCELLED"
    with refused("TooManyRequestsException", "concurrent"):
        pipe.start("SELECT 1 AS busy")
    pipe.start("SELECT 1 AS busy")
    slow = pipe.start("SELECT 1 AS slow")
    quick = pipe.run("SELECT 1 AS quick")
    assert pipe.wait(slow)["Status"]["State"] == quick["Status"]["State"] == "SUCCEEDED"
    assert pipe.wait(slow)["Status"]["CompletionDateTime"] > quick["Status"]["CompletionDateTime"]


def test_concurrency_limit_and_scan_limit(pipe: Pipeline, refused: Any) -> None:
    pipe.sandbox.switches(athena_concurrency=1, athena_seconds=0.5)
    first = pipe.start("SELECT 1")
    with refused("TooManyRequestsException"):
        pipe.start("SELECT 2")
    pipe.wait(first)
    pipe.sandbox.switches(athena_concurrency=0, athena_seconds=0)
    put(pipe, HOUR + "a", envelope("x" * 11_000_000))
    pipe.athena.update_work_group(ConfigurationUpdates={"BytesScannedCutoffPerQuery": 10_000_000}, **GROUP)
    done = pipe.run(f"SELECT * FROM {RAW}")
    assert done["Status"]["State"] == "CANCELLED" and "Bytes scanned limit" in done["Status"]["StateChangeReason"]


def test_the_clock_of_queries(pipe: Pipeline) -> None:
    pipe.sandbox.switches(data_now=1762300800)  # 2025-11-05
    assert pipe.rows("SELECT current_date AS d, 'current_date' AS t") == [{"d": "2025-11-05", "t": "current_date"}]
    pipe.sandbox.switches(data_now=0)


def test_trinos_words(pipe: Pipeline) -> None:
    row, = pipe.rows("SELECT 7 / 2 AS i, DECIMAL '0.000001' * 3 AS d, regexp_replace('a1', '(\\d)', '<$1>') AS r, "
                     "json_extract_scalar('{\"a\": \"x\"}', '$.a') AS j, element_at(ARRAY[1], 2) AS e -- comment")
    assert row == {"i": "3", "d": "0.000003", "r": "a<1>", "j": "x", "e": None}
    assert list(pipe.rows('SELECT 1, count(*), 2 AS "Two" FROM (SELECT 1)')[0]) == ["_col0", "_col1", "two"]
