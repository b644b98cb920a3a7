"""What a bill reads: rollups alone, which grow with customers and routes and not with calls; and how often it lists."""

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
from rollup_world import BUCKET, GROUP, ROOT, WORKGROUP, World, moment

CUSTOMERS, ROUTES = 5, 4
FEW, MANY = ("2025-10-02", 5000), ("2025-10-03", 20000)


def send(world: World, day: str, calls: int) -> None:
    begin = moment(f"{day}T00:00") * 1000
    events = []
    for number in range(calls):
        made = begin + 86_400_000 * number // calls
        line = {"requestId": f"{day}-{number:08}-{number * 2654435761 % 2**32:08x}", "sub": f"customer-{number % CUSTOMERS}", "username": "u",
                "requestTimeEpoch": str(made // 1000), "status": "200", "responseLength": str(number % 5000),
                "httpMethod": "GET", "routeKey": f"GET /r{number // CUSTOMERS % ROUTES}", "path": f"/r/{number}"}
        events.append({"message": json.dumps(line, separators=(",", ":")), "timestamp": made, "arrival": made})
    world.sandbox.traffic(GROUP, events)


def scanned(world: World, table: str) -> int:
    """By Athena itself, by all queries that begin with that table."""
    found = [world.athena.get_query_execution(QueryExecutionId=id)["QueryExecution"]
             for id in world.athena.list_query_executions(WorkGroup=WORKGROUP)["QueryExecutionIds"]]
    return sum(one["Statistics"]["DataScannedInBytes"] for one in found
               if table in one["Query"] and "UNLOAD" not in one["Query"] and "length_refused" in one["Query"])


def sizes(world: World, prefix: str) -> list[int]:
    return [o["Size"] for o in world.s3.list_objects_v2(Bucket=BUCKET, Prefix=prefix)["Contents"]]


def test_a_bill_reads_rollups_alone(sandbox: Any, spec: Any, api: str) -> None:
    world = World(sandbox, spec)
    world.write(columns="sub, user, route, status")
    world.apply()
    for day, calls in (FEW, MANY):
        send(world, day, calls)
    world.run("rollup", "--month", "2025-10")
    sandbox.clear()
    bill = json.loads(world.run("bill", "--month", "2025-10", "--from-raw", "-o", "json").stdout)
    assert bill["totals"]["calls"] == FEW[1] + MANY[1] and not bill["draft"] and bill["from_raw"]["equal"]
    raw, rolled = scanned(world, "restapi_access_log_json"), scanned(world, "restapi_access_log_parquet")
    assert raw >= sum(sizes(world, "access-logs/year=2025/")) > 1_000_000
    assert 0 < rolled * 100 <= raw, f"{rolled} bytes of rollups, {raw} of raw events"
    # Four times the calls, and no larger.
    few, many = (sum(sizes(world, f"parquet-data/year=2025/month=10/day={day[0][-2:]}/")) for day in (FEW, MANY))
    assert rolled == few + many and many < few * 1.1, (few, many)
    # 35 days of arrival in spans of eight, one list of recovered objects, one of the rollups' files.
    below = sorted(c["params"]["Prefix"] for c in world.ours(operation="ListObjectsV2"))
    assert [p for p in below if not p.startswith("billing/")] == ["access-logs/"] * 5 + ["parquet-data/", "recovered/"], below


def test_no_bill_keeps_its_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preview and a what-if count as `bill` does: memory for customers, whatever number of usage lines they have."""
    monkeypatch.setenv("BENCH_MONTH", "2025-10")
    monkeypatch.syspath_prepend(ROOT / "tests/bench")
    month_curve = importlib.import_module("month_curve")
    spec = tmp_path / "billing.yaml"
    spec.write_text(month_curve.SPEC)
    other = tmp_path / "other.yaml"
    other.write_text("currency: USD\nprices: [{from: 2020-01-01, call: 0.002, gib: 0.10}]\n")
    with month_curve.StandIn(1_000_000, 744, 10, 7000) as stand_in:  # 210,000 lines
        def most(*words: str) -> int:
            return int(month_curve.run(stand_in, spec, *words, "--month", month_curve.MONTH)["memory_kib"])

        preview = most("bill", "--preview", "-o", "json")
        most("rollup")
        bill, whatif = most("bill", "-o", "json"), most("whatif", "--prices", str(other))
    assert preview < bill + 6144 and whatif < bill + 6144, (bill, preview, whatif)
