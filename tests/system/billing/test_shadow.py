"""`billingd shadow`: the query that somebody bills by today, beside ours, explained to the last call."""

import csv
import io
import json
from typing import Any

import pytest
from rollup_world import BUCKET, DATABASE, GROUP, World
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
    from decimal import Decimal
    for row in found["customers"]:
        for field, number in (("calls", int), ("bytes", int), ("amount", Decimal)):
            if field in row:
                between = sum((number(r[field]) for r in row["reasons"]), number(0))
                assert number(row[field]["ours"]) + between == number(row[field]["theirs"]), (row, field)


def test_one_month_all_ways(month: Any) -> None:
    the_seeds_query(month)


def the_seeds_query(month: Any) -> None:
    found = shadow(month, SEED)
    world, truth = month
    print(json.dumps({k: v for k, v in found.items() if k != "customers"}, indent=1))
    must_add_up(found)
    assert found["unexplained"] == 0 and "unexplained" not in found["reasons"]
    ours = {row["customer"]: row["calls"]["ours"] for row in found["customers"]}
    assert ours == {name: c["calls"] for name, c in truth["customers"].items()} | {
        None: truth["unattributed"]["calls"]}
    for code in ("duplicate", "month_edge", "user_filter"):
        assert found["reasons"][code]["calls"] != 0, code
    assert found["columns"] == {"sub": "sub", "calls": "monthly_calls", "amount": "total_charges_usd"}
