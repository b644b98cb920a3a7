"""The same traffic in DuckDB and in a Trino server, and the same rollups built in both."""

import collections
import dataclasses
import datetime
import gzip
import json
import shutil
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "sql")]

import client  # noqa: E402
import duck  # noqa: E402
import odd_lines  # noqa: E402
import server  # noqa: E402
import traffic  # noqa: E402
import window  # noqa: E402

START = datetime.datetime(2025, 9, 28, tzinfo=traffic.UTC)
END = datetime.datetime(2025, 11, 5, tzinfo=traffic.UTC)
FIRST, LAST = datetime.date(2025, 10, 25), datetime.date(2025, 11, 2)  # days with rollups
LATE_DAYS = 3
ZONE = "Asia/Seoul"  # days that begin in another hour, and on another day, than those of arrival

RAW = """CREATE TABLE restapi_access_log_json_{name} (
  messagetype varchar, owner varchar, loggroup varchar, logstream varchar,
  subscriptionfilters array(varchar),
  logevents array(row(id varchar, "timestamp" bigint, message varchar)),
  year integer, month integer, day integer, hour integer)
WITH (format = 'OPENX_JSON', external_location = 'file://{place}',
  partitioned_by = ARRAY['year', 'month', 'day', 'hour'])"""

ROLLUP = """CREATE TABLE restapi_access_log_{name} (
  user varchar, sub varchar, httpmethod varchar, path varchar, routekey varchar, status varchar,
  req_date varchar, calls bigint, total_bytes bigint,
  length_unknown bigint, length_refused bigint, estimated bigint, repaired bigint, {keys})
WITH (format = 'PARQUET', external_location = 'file://{place}', partitioned_by = ARRAY[{names}])"""


@dataclasses.dataclass
class Both:
    """Both engines with equal contents."""
    trino: client.Client
    duck: object
    files: pathlib.Path
    made: traffic.Traffic


FOREIGN, FOREIGN_GROUPS = 5, [("/other", "123456789012"), ("/former", "999999999999"), ("", ""), (None, None)]


def foreign_envelopes():
    """Requests, but of log groups that are not ours."""
    at = datetime.datetime(2025, 10, 31, 3, tzinfo=datetime.UTC)
    line = '{"requestId":"%s","sub":"s","status":"200","responseLength":"7","requestTimeEpoch":"%d"}'
    return [(traffic.arrival_of(at), {**traffic.envelope([
        {"id": f"foreign{number}-{n}", "timestamp": int(at.timestamp()) * 1000, "message": line % (f"f{n}", at.timestamp())}
        for n in range(FOREIGN)]), "logGroup": group, "owner": owner}) for number, (group, owner) in enumerate(FOREIGN_GROUPS)]


def odd_envelope():
    """Long before the days that are counted, so that only the view's rows tell."""
    at = datetime.datetime(2025, 9, 15, tzinfo=traffic.UTC)
    return traffic.arrival_of(at), traffic.envelope([
        {"id": f"odd{number}", "timestamp": int(at.timestamp() * 1000), "message": message}
        for number, message in enumerate(odd_lines.messages())])


def put_objects(place, envelopes):
    """As Firehose does it: gzip by hour of arrival; two members in an object now and then. What is no
    envelope is a blank line or text: what Trino, unlike Athena's setting, reads without an error."""
    hours = collections.defaultdict(list)
    for number, (hour, whole) in enumerate(envelopes):
        no_envelope = "" if number % 2 else "no envelope"
        hours[hour].append((no_envelope if whole is None else json.dumps(whole)) + "\n")
    for number, ((year, month, day, hour), lines) in enumerate(hours.items()):
        folder = place / f"year={year}/month={month:02}/day={day:02}/hour={hour:02}"
        folder.mkdir(parents=True)
        parts = [lines[0::2], lines[1::2]] if number % 3 == 0 else [lines]
        (folder / "one.json.gz").write_bytes(
            b"".join(gzip.compress("".join(part).encode()) for part in parts))


def make_tables(both):
    run = both.trino.run
    run(f"CREATE SCHEMA {client.SCHEMA}")
    for name in ("raw", "recovered"):
        place = both.files / name
        place.mkdir(exist_ok=True)
        run(RAW.format(name=name, place=place))
        run(f"CALL system.sync_partition_metadata('{client.SCHEMA}',"
            f" 'restapi_access_log_json_{name}', 'ADD')")
    run("CREATE VIEW restapi_access_log_json AS " + duck.text("view.sql"))
    for name, keys, names in (("parquet", "year integer, month integer, day integer",
                               "'year', 'month', 'day'"),
                              ("parquet_runs", "run varchar", "'run'")):
        place = both.files / name
        place.mkdir()
        run(ROLLUP.format(name=name, place=place, keys=keys, names=names))


def add_partition(trino, table, keys, place):
    names = ", ".join(f"'{name}'" for name in keys)
    values = ", ".join(f"'{value}'" for value in keys.values())
    trino.run(f"CALL system.register_partition('{client.SCHEMA}', 'restapi_access_log_{table}',"
              f" ARRAY[{names}], ARRAY[{values}], 'file://{place}')")


def build_day(both, day):
    """UNLOAD is Athena's: its SELECT becomes a Parquet file in a folder of the run's own."""
    run = f"r{day:%Y%m%d}"
    values = dict(window.day_values(ZONE, day, LATE_DAYS), day=day, target="s3://unused/")
    select = duck.selected(duck.query("rollup", values))
    place = both.files / "parquet" / f"year={day.year}" / f"month={day.month}" / f"run={run}"
    both.trino.run(f"CREATE TABLE {run} WITH (format = 'PARQUET', external_location = 'file://{place}')"
                   f" AS {select}")
    both.trino.run(f"DROP TABLE {run}")
    add_partition(both.trino, "parquet_runs", {"run": run}, place)
    add_partition(both.trino, "parquet", {"year": day.year, "month": day.month, "day": day.day}, place)
    for table, keys in (("parquet", f"{day.year}, {day.month}, {day.day}"), ("parquet_runs", f"'{run}'")):
        both.duck.execute(
            f"INSERT INTO ddn_billing_db.restapi_access_log_{table} SELECT *, {keys} FROM ({select})")


@pytest.fixture(scope="session")
def both(tmp_path_factory):
    assert (server.PLACE / "complete").exists(), "run scripts/trino-install"
    work = tmp_path_factory.mktemp("trino")
    made = traffic.make(seed=11, count=3000, start=START, end=END)
    made.envelopes.append(odd_envelope())
    made.lines += len(odd_lines.messages())
    made.envelopes += foreign_envelopes()
    made.lines += FOREIGN * len(FOREIGN_GROUPS)
    connection = duck.connect()
    duck.load(connection, made.envelopes)
    files = work / "files"
    put_objects(files / "raw", made.envelopes)
    with server.running(work / "server") as trino:
        engines = Both(trino, connection, files, made)
        make_tables(engines)
        for day in window.days_between(FIRST, LAST):
            build_day(engines, day)
        yield engines
