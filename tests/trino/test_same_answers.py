"""Every shipped text on a real Trino: it runs as it stands, and answers what DuckDB answers.

Compared row for row in the query's own order. Equal means equal: decimals by value, dates as dates,
instants to the microsecond; doubles may differ in the last place, because sums have no order."""

import datetime
import decimal
import math

import pytest

import conftest
import duck
import odd_lines
import window

TODAY = "2025-11-15"
HIVE_TO_TRINO = {"string": "varchar", "int": "integer"}

DAYS = window.days_values(conftest.ZONE, conftest.FIRST, conftest.LAST, conftest.LATE_DAYS)
RAW = window.raw_values(conftest.ZONE, conftest.FIRST, conftest.LAST, conftest.LATE_DAYS)
RANGE = {"first_day": 20251025, "last_day": 20251102}
VALUES = {
    "usage_rollup": RANGE,
    "usage_raw": RAW,
    "usage_days": RANGE,
    "usage_by": {**RANGE, "day": "year * 10000 + month * 100 + day"},
    "requests": {**RAW, "object": ", 'here'", "only": "element_at(said, 4) <> from_utf8(from_hex('786B'))",  # paths are each engine's own
                 "order": "ORDER BY sub, day, id, time_s, status, route, bytes, times"},
    "audit_ladder": {**DAYS, **RANGE, "since_day": 20251005, "account": duck.PARAMETERS["account"]},
    "audit_days": DAYS,
    "shadow_cells": {**DAYS, **RANGE, "arrival_year": 2025, "arrival_month": 10, "utc_from": 1759276800, "utc_to": 1761955200,
                     "zone_from": 1759244400, "zone_to": 1761922800},
    "audit_rollups": RANGE,
    "rollup_touched": {"partition_filter": DAYS["partition_filter"]},
    "backfill_events": {"partition_filter": DAYS["partition_filter"],
                        "from_ms": 1761350400000, "to_ms": 1762041600000},
}
PER_DAY = ("rollup", "rollup_counts", "rollup_check")  # tested below
UNORDERED = ("usage_days", "rollup_touched", "backfill_events", "audit_ladder")


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=1e-13, abs_tol=0)
    if isinstance(a, decimal.Decimal) or isinstance(b, decimal.Decimal):
        return isinstance(a, decimal.Decimal) and isinstance(b, decimal.Decimal) and a == b
    return type(a) is type(b) and a == b


def answers(both, sql):
    """(Trino's columns, Trino's rows, DuckDB's rows)"""
    columns, rows = both.trino.run(sql)
    instants = [n for n, (_, kind) in enumerate(columns) if kind.startswith("timestamp")]
    if instants:  # as microseconds
        sql = "SELECT * REPLACE ({}) FROM ({})".format(
            ", ".join(f"epoch_us({columns[n][0]}) AS {columns[n][0]}" for n in instants), sql)
        rows = [tuple(round(v.timestamp() * 1000000) if n in instants and v else v
                      for n, v in enumerate(row)) for row in rows]
    cursor = both.duck.execute(sql)
    assert [name for name, _ in columns] == [d[0] for d in cursor.description]
    return columns, rows, cursor.fetchall()


def check_same(both, sql, ordered=True):
    _, have, want = answers(both, sql)
    if not ordered:
        have, want = (sorted(rows, key=repr) for rows in (have, want))
    assert len(have) == len(want)
    for number, (one, other) in enumerate(zip(have, want)):
        assert len(one) == len(other)
        differing = [(column, a, b) for column, (a, b) in enumerate(zip(one, other)) if not same(a, b)]
        assert not differing, (number, differing, ascii(one)[:2000])
    return have


# All but where a line lies, which is each engine's own business.
COLUMNS = ", ".join(name for name, *_ in duck.connect().execute("DESCRIBE ddn_billing_db.restapi_access_log_json").fetchall()
                    if name != "object_path")


def test_every_billing_query_is_tested_here():
    assert sorted([*VALUES, *PER_DAY]) == duck.billing_queries()


def test_view_has_the_declared_types(both):
    """Athena refuses a view whose declared columns are not exactly those of its SELECT ("stale")."""
    yaml = pytest.importorskip("yaml")
    spec = yaml.safe_load((duck.ROOT / "specs" / "pipeline.yaml").read_text())
    declared = [(name, HIVE_TO_TRINO.get(kind, kind))
                for name, kind in spec["resources"]["view"]["columns"].items()]
    columns, _ = both.trino.run(duck.text("view.sql") + " LIMIT 0")
    assert columns == declared


def test_view_gives_the_same_rows(both):
    lines = ", ".join("'" + m.replace("'", "''") + "'" for m in odd_lines.DUCKDB_DIFFERS)
    where = f"WHERE message NOT IN ({lines}) OR message IS NULL"
    rows = check_same(both, f"SELECT {COLUMNS} FROM ddn_billing_db.restapi_access_log_json {where}", ordered=False)
    assert len(rows) == both.made.lines - len(odd_lines.DUCKDB_DIFFERS)


def test_unreadable_lines_are_rows_and_nothing_else(both):
    rows = check_same(both, "SELECT line_state, is_request, count(*) AS lines"
                      " FROM ddn_billing_db.restapi_access_log_json WHERE line_state = 'unreadable' GROUP BY 1, 2")
    assert rows == [("unreadable", False, both.made.states["unreadable"])]
    everything = duck.query("audit_ladder", {**VALUES["audit_ladder"], "partition_filter": "year > 0"})
    columns, ladder = both.trino.run(everything)
    at = [name for name, _ in columns].index("unreadable")
    assert sum(row[at] for row in ladder) == both.made.states["unreadable"] > 100


@pytest.mark.parametrize("message", odd_lines.DUCKDB_DIFFERS, ids=str)
def test_lines_duckdb_reads_otherwise(both, message):
    _, have, want = answers(both, f"SELECT {COLUMNS} FROM ddn_billing_db.restapi_access_log_json WHERE message = '"
                            + message.replace("'", "''") + "'")
    assert have != want, "remove it from odd_lines.DUCKDB_DIFFERS"
    _, rows = both.trino.run("SELECT line_state, requestid FROM ddn_billing_db.restapi_access_log_json"
                             " WHERE message = '" + message.replace("'", "''") + "'")
    assert rows == [odd_lines.DUCKDB_DIFFERS[message]]


@pytest.mark.parametrize("day", window.days_between(conftest.FIRST, conftest.LAST)[::4], ids=str)
def test_rollup_of_a_day(both, day):
    values = window.day_values(conftest.ZONE, day, conftest.LATE_DAYS)
    select = duck.selected(duck.query("rollup", dict(values, day=day, target="s3://unused/")))
    columns, _, _ = answers(both, select)
    assert columns == [(name, "varchar") for name in (
        "user", "sub", "httpmethod", "path", "routekey", "status", "req_date")] + [
            (name, "bigint") for name in ("calls", "total_bytes", "length_unknown", "length_refused", "estimated",
                                          "repaired")]
    check_same(both, select, ordered=False)
    (counts,) = check_same(both, duck.query("rollup_counts", values))
    (check,) = check_same(both, duck.query("rollup_check", {"run": f"r{day:%Y%m%d}"}))
    assert counts[:3] == check and counts[1] > 20


def test_rollup_with_every_column_and_with_one(both):
    day = datetime.date(2025, 10, 31)
    for group_by in (window.COLUMNS.values(), ["sub"]):
        values = window.day_values(conftest.ZONE, day, conftest.LATE_DAYS, group_by)
        rows = check_same(both, duck.selected(duck.query(
            "rollup", dict(values, day=day, target="s3://unused/"))), ordered=False)
        (counts,) = check_same(both, duck.query("rollup_counts", values))
        assert counts[:3] == (len(rows), sum(row[7] for row in rows), sum(row[8] for row in rows))
        assert counts[3] == conftest.FOREIGN  # the same ones again in each log group


def test_counts_of_a_day_without_data(both):
    values = window.day_values(conftest.ZONE, datetime.date(2026, 5, 1), conftest.LATE_DAYS)
    assert check_same(both, duck.query("rollup_counts", values)) == [(0, 0, 0, 0)]
    assert check_same(both, duck.query("rollup_check", {"run": "none"})) == [(0, 0, 0)]


@pytest.mark.parametrize("name", VALUES)
def test_billing_query(both, name):
    assert check_same(both, duck.query(name, VALUES[name]), ordered=name not in UNORDERED)


def test_a_day_reads_its_window_alone(both):
    """The condition on arrival reaches the table through the view: other hours are not read."""
    values = window.day_values(conftest.ZONE, datetime.date(2025, 10, 31), conftest.LATE_DAYS)
    _, ((inside,),) = both.trino.run("SELECT count(*) FROM ddn_billing_db.restapi_access_log_json_raw"
                                     f" WHERE {values['partition_filter']}")
    both.trino.run(duck.query("rollup_counts", values))
    assert inside == both.trino.rows_read < len(both.made.envelopes) / 4


def test_usage_from_rollups_is_usage_from_raw(both):
    _, rollup = both.trino.run(duck.query("usage_rollup", RANGE))
    _, raw = both.trino.run(duck.query("usage_raw", RAW))
    assert rollup == raw
    zone = datetime.timezone(datetime.timedelta(hours=9))
    made = [r for r in both.made.requests
            if conftest.FIRST <= r.at.astimezone(zone).date() <= conftest.LAST]
    assert sum(row[4] for row in raw) == len(made) > 500
    assert sum(row[5] for row in raw) == sum(r.size or 0 for r in made)


@pytest.mark.parametrize("name", duck.queries())
def test_saved_query(both, name):
    both.trino.run(duck.text(name))  # as it stands
    today = "2025-10-15" if name.startswith(("queries/1", "queries/2")) else TODAY
    sql = duck.text(name).replace("current_date", f"DATE '{today}'")
    if "1-raw-data" in name:
        columns, rows = both.trino.run(sql)  # any five
        found = both.duck.execute(sql)
        assert [name for name, _ in columns] == [d[0] for d in found.description if d[0] != "$path"]  # Trino hides it
        assert len(rows) == len(found.fetchall()) == 5
        return
    assert check_same(both, sql)
