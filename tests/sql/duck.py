"""Athena's SQL on DuckDB: the functions Trino has and DuckDB lacks, and the tables of the spec.

The texts under specs/sql are Trino's and run here as they are. Where an engine differs, the macro
does what Trino does."""

import json
import pathlib
import re
import sys
import tempfile

import duckdb

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.append(str(ROOT / "tests"))

from sandbox.data.prelude import PRELUDE  # noqa: E402

SQL = ROOT / "specs" / "sql"

PARAMETERS = {
    "database": "ddn_billing_db",
    "table_json": "restapi_access_log_json",
    "table_parquet": "restapi_access_log_parquet",
    "billing_time_zone": "UTC",
    "billing_max_response": str(2 << 30),
    "billing_log_groups": ", '123456789012:/former', '999999999999:/theirs'",
    "account": "123456789012",
    "access_logs.name": "/aws/apigw/ddn-access-logs",
    "billing_currency": "USD",
    "billing_currency_digits": "2",
    "billing_call_price": "CAST(CASE WHEN month_start >= DATE '2020-01-01' THEN 1000000 END AS bigint)",
    "billing_gib_price": "CAST(CASE WHEN month_start >= DATE '2020-01-01' THEN 100000000 END AS bigint)",
}

RAW = """CREATE TABLE ddn_billing_db.restapi_access_log_json_{}(
  messagetype VARCHAR, owner VARCHAR, loggroup VARCHAR, logstream VARCHAR,
  subscriptionfilters VARCHAR[],
  logevents STRUCT(id VARCHAR, "timestamp" BIGINT, message VARCHAR)[],
  year INTEGER, month INTEGER, day INTEGER, hour INTEGER,
  "$path" VARCHAR DEFAULT 's3://bucket/one.json.gz')"""

ROLLUP = """CREATE TABLE ddn_billing_db.restapi_access_log_{}(
  "user" VARCHAR, sub VARCHAR, httpmethod VARCHAR, path VARCHAR, routekey VARCHAR, status VARCHAR,
  req_date VARCHAR, calls BIGINT, total_bytes BIGINT,
  length_unknown BIGINT, length_refused BIGINT, estimated BIGINT, repaired BIGINT, {})"""


def text(name):
    """A file of specs/sql as the manifest hands it on: parameters filled in, $${x} become ${x}."""
    sql = re.sub(r"\$\{file:([^}]+)\}", lambda m: (SQL / m[1]).read_text().rstrip("\n"), (SQL / name).read_text())
    return re.sub(r"(\$?)\$\{([a-z_.]+)\}",
                  lambda m: f"${{{m[2]}}}" if m[1] else PARAMETERS[m[2]], sql)


def day_text(number):
    """20251031 as 2025-10-31."""
    return f"{number // 10000}-{number // 100 % 100:02}-{number % 100:02}"


def query(name, values):
    """A billing query ready to run: every placeholder of it filled in, and no other given."""
    sql = text(name + ".sql")
    left = set(re.findall(r"\$\{([a-z_]+)\}", sql))
    assert left == set(values), (name, left ^ set(values))
    return re.sub(r"\$\{([a-z_]+)\}", lambda m: str(values[m[1]]), sql)


def selected(unload):
    """The SELECT inside UNLOAD (...) TO ..., which is Athena's own."""
    return re.search(r"^UNLOAD \((.*)\) TO '", unload, re.S | re.M)[1]


def queries():
    return sorted(p.relative_to(SQL).as_posix() for p in (SQL / "queries").glob("*.sql"))


def billing_queries():
    return sorted(p.stem for p in SQL.glob("*.sql") if p.stem != "view")


def connect():
    connection = duckdb.connect()
    connection.execute(PRELUDE)
    connection.execute("CREATE SCHEMA ddn_billing_db; SET search_path='ddn_billing_db,main'")
    connection.execute(RAW.format("raw"))
    connection.execute(RAW.format("recovered"))
    connection.execute(ROLLUP.format("parquet", "year INTEGER, month INTEGER, day INTEGER"))
    connection.execute(ROLLUP.format("parquet_runs", "run VARCHAR"))
    connection.execute(
        "CREATE VIEW ddn_billing_db.restapi_access_log_json AS " + text("view.sql"))
    return connection


def load(connection, envelopes):
    """envelopes: (arrival hour as (year, month, day, hour), CloudWatch Logs envelope). None in place of
    one is a line that is blank or broken: the reader makes a row of NULLs of it."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as lines:
        for (year, month, day, hour), whole in envelopes:
            row = {key.lower(): value for key, value in (whole or {}).items()}
            row.update(year=year, month=month, day=day, hour=hour)
            lines.write(json.dumps(row) + "\n")
        lines.flush()
        connection.execute(f"""INSERT INTO ddn_billing_db.restapi_access_log_json_raw BY NAME
            SELECT * FROM read_json('{lines.name}', format='newline_delimited', columns={{
              messagetype: 'VARCHAR', owner: 'VARCHAR', loggroup: 'VARCHAR', logstream: 'VARCHAR',
              subscriptionfilters: 'VARCHAR[]',
              logevents: 'STRUCT(id VARCHAR, "timestamp" BIGINT, message VARCHAR)[]',
              year: 'INTEGER', month: 'INTEGER', day: 'INTEGER', hour: 'INTEGER'}})""")


def run(connection, name, today):
    """A saved query's answer as dicts. today takes current_date's place, as the query's own comment
    tells its reader to do for another month."""
    sql = text(name).replace("current_date", f"DATE '{today}'")
    cursor = connection.execute(sql)
    names = [d[0] for d in cursor.description]
    return [dict(zip(names, row)) for row in cursor.fetchall()]
