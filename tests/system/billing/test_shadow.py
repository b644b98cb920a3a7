"""`billingd shadow`: the query that somebody bills by today, beside ours, explained to the last call."""

import csv
import io
import json
from fractions import Fraction
from typing import Any

import pytest
from rollup_world import DATABASE, GROUP, World
from sandbox.control import Sandbox

# The seed's billing query, word for word but for the database's name.
SEED = f"""-- 월별 사용자당 API 호출 횟수 및 데이터 전송량
SELECT
  user,
  sub,
  COUNT(*) AS monthly_calls,
  SUM(responseLength) / 1024.0 / 1024.0 / 1024.0 AS total_gb,
  -- 요금 계산 예시 (가정: 호출당 $0.001, GB당 $0.10)
  COUNT(*) * 0.001 AS call_charges_usd,
  (SUM(responseLength) / 1024.0 / 1024.0 / 1024.0) * 0.10 AS data_charges_usd,
  COUNT(*) * 0.001 + (SUM(responseLength) / 1024.0 / 1024.0 / 1024.0) * 0.10 AS total_charges_usd
FROM {DATABASE}.restapi_access_log_json
WHERE year = 2025 AND month = 10
  AND user != '-:username'
GROUP BY user, sub
ORDER BY total_charges_usd DESC;
"""
OCTOBER = {"requests": 2500, "customers": 12, "seed": 3, "log_group": GROUP, "zone": "Asia/Seoul", "duplicates": .05,
           "relogged": .02, "broken": .02, "invalid": .02, "late_days": .01, "edges": .1, "untimed": .01}


@pytest.fixture
def month(sandbox: Sandbox, spec: Any, api: str) -> Any:
    """One month for all, since making one takes its time: (world, truth)."""
    world = World(sandbox, spec)
    world.write(zone="Asia/Seoul")
    world.apply()
    return world, sandbox.generate("2025-10", **OCTOBER)


def shadow(month: Any, sql: str, *words: str, code: int = 0, output: str = "json") -> Any:
    world, _ = month
    path = world.spec.path.parent / "present.sql"
    path.write_text(sql)
    world.sandbox.clear()
    done = world.run("shadow", "--compare", str(path), "--month", "2025-10", "-o", output, *words, code=code)
    wrote = [c["operation"] for c in world.sandbox.calls(kind="write") if c["client"].startswith("billingd")]
    assert set(wrote) <= {"StartQueryExecution"}, wrote
    return json.loads(done.stdout) if output == "json" and done.stdout else done


def must_add_up(found: dict[str, Any]) -> None:
    """Ours and the reasons are theirs, for each customer and each number."""
    for row in found["customers"]:
        for field, number in (("calls", int), ("bytes", int), ("amount", Fraction)):
            if field in row:
                between = sum((number(r[field]) for r in row["reasons"]), number(0))
                assert number(row[field]["ours"]) + between == number(row[field]["theirs"]), (row, field)


def test_one_month_all_ways(month: Any) -> None:
    the_seeds_query(month)
    other_ways_to_count(month)
    division_and_rounding(month)
    what_is_not_explained(month)
    only_what_reads_is_run(month)
    other_forms(month)


def the_seeds_query(month: Any) -> None:
    found = shadow(month, SEED)
    world, truth = month
    must_add_up(found)
    assert found["unexplained"] == 0 and "unexplained" not in found["reasons"]
    ours = {row["customer"]: row["calls"]["ours"] for row in found["customers"]}
    assert ours == {name: c["calls"] for name, c in truth["customers"].items()} | {
        None: truth["unattributed"]["calls"]}
    customers = sum(row["customer"] is not None for row in found["customers"])
    assert found["equal"] + found["different"] == customers and found["without_sub"] == "different"
    for code in ("duplicate", "month_edge", "user_filter"):
        assert found["reasons"][code]["calls"] != 0, code
    assert found["columns"] == {"sub": "sub", "calls": "monthly_calls", "amount": "total_charges_usd"}


VIEW = f"{DATABASE}.restapi_access_log_json"


def reasons(found: dict[str, Any]) -> set[str]:
    must_add_up(found)
    return set(found["reasons"])


def other_ways_to_count(month: Any) -> None:
    """Each way has its own reasons, and what is not told is not compared."""
    in_utc = "requesttime >= 1759276800 AND requesttime < 1761955200"
    found = shadow(month, f"SELECT sub, count(DISTINCT event_id) AS calls FROM {VIEW} WHERE is_request AND {in_utc} GROUP BY 1")
    assert {"time_zone", "duplicate"} <= reasons(found) <= {"time_zone", "duplicate", "late"}
    assert "amount" not in found["customers"][0] and "bytes" not in found["customers"][0]
    ok = "is_request AND status LIKE '2%' AND line_state = 'ok' AND year = 2025 AND month = 10"
    found = shadow(month, f"SELECT sub customer, count(*) calls, sum(responselength) bytes FROM {VIEW} WHERE {ok} GROUP BY 1")
    assert {"status_filter", "lost_by_reader", "no_time", "duplicate", "month_edge"} <= reasons(found)
    assert {tuple(row) for row in map(sorted, (r["bytes"] for r in found["customers"]))} == {("difference", "ours", "theirs")}
    everything = f"SELECT sub, count(*) calls FROM {VIEW} WHERE year = 2025 AND month = 10 GROUP BY 1"
    assert "not_request" in reasons(shadow(month, everything))
    signed_in = f"{everything.replace(' GROUP', ' AND is_request AND sub IS NOT NULL GROUP')}"
    assert "unattributed" in reasons(shadow(month, signed_in))


def division_and_rounding(month: Any) -> None:
    used = f"FROM {VIEW} WHERE is_request AND year = 2025 AND month = 10 GROUP BY sub"
    trino = "round(round(round(sum(responselength) / 1024.0, 1) / 1024.0, 1) / 1024.0, 1)"
    for gib in ("floor(sum(responselength) / 1073741824.0)", trino):
        found = shadow(month, f"SELECT sub, count(*) AS n, count(*) * 0.001 + {gib} * 0.1 AS usd {used}",
                       "--columns", "sub=sub,calls=n,amount=usd")
        assert "division" in reasons(found)
    cents = f"SELECT sub, round(count(*) * 0.001 + sum(responselength) / 1073741824.0 * 0.1, 2) AS amount {used}"
    found = shadow(month, cents)  # nothing but an amount
    assert "division" not in reasons(found) and "rounding" in found["reasons"]


def what_is_not_explained(month: Any) -> None:
    sql = SEED.replace("COUNT(*) AS monthly_calls", "COUNT(*) + CASE WHEN sub = 'SUB' THEN 7 ELSE 0 END AS monthly_calls")
    victim = sorted(month[1]["customers"])[3]
    found = shadow(month, sql.replace("SUB", victim), code=1)
    must_add_up(found)
    assert found["unexplained"] == 1 and found["reasons"]["unexplained"]["calls"] == 7
    (row,) = [row for row in found["customers"] if not row["explained"]]
    assert row["customer"] == victim
    # Somebody whom no line names.
    found = shadow(month, SEED.rstrip(";\n ").partition("ORDER BY")[0] + "UNION ALL SELECT 'x', 'nobody-we-know', 5, 0, 0, 0, 0", code=1)
    assert [row["customer"] for row in found["customers"] if not row["explained"]] == ["nobody-we-know"]


def only_what_reads_is_run(month: Any) -> None:
    world, _ = month
    for sql, said in (("DROP TABLE x", ":1:1: only a query is run"), ("-- a\n  DELETE FROM x", ":2:3: only a query is run"),
                      ("SELECT ';' ; -- b\nDROP TABLE x", ":2:1: a second statement"), ("/* */", ":1:6: holds no query"),
                      ("UNLOAD (SELECT 1) TO 's3://x/'", ":1:1: only a query is run")):
        done = shadow(month, sql, code=78, output="table")
        assert f"present.sql{said}" in done.stderr, done.stderr
        assert world.sandbox.calls() == []
    for words, said in ((("--columns", "sub"), "is not understood"), (("--month", "2025-13"), "2025-13")):
        assert said in shadow(month, "SELECT 1", *words, code=64, output="table").stderr
    assert "no column with the customer's sub" in shadow(month, "SELECT 1 AS calls", code=1, output="table").stderr
    assert "has no column nope" in shadow(month, SEED, "--columns", "sub=nope", code=1, output="table").stderr
    world.write(budget="1KiB")
    assert "scan_budget" in shadow(month, SEED, code=1, output="table").stderr
    world.write(budget="100GiB")


def other_forms(month: Any) -> None:
    rows = list(csv.DictReader(io.StringIO(shadow(month, SEED, output="csv").stdout)))
    assert {row["line"] for row in rows} >= {"ours", "theirs", "duplicate", "month_edge", "user_filter", "rounding"}
    table = shadow(month, SEED, output="table").stdout
    assert "theirs counts so:" in table and "only lines with a user" in table and "0 unexplained; calls without a sub, nobody's, differ and are explained\n" in table
