"""`billingd bill` against generated months whose truth is known: to the cent, from rollups and from the
events, whatever the order and however often things came."""

import csv
import io
import json
import signal
import subprocess
import sys
import time
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, Sandbox, Spec, environment

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "billing"))
import rating_reference  # noqa: E402

GROUP, BUCKET = "/aws/apigw/shop", "shop-bucket"
BOOK = """
    billing:
      time_zone: {zone}
      currency: USD
      rollup: {{parallel_queries: 8}}
      prices:
        - from: 2020-01-01
          call: 0.001
          gib: 0.10
{more}"""
RICH = """
        - from: 2025-10-16
          calls: {mode: graduated, tiers: [{up_to: 20, price: 0.002}, {price: 0.0005}]}
          bytes: {mode: volume, tiers: [{up_to_gib: 0.0009765625, price: 5}, {price: 3}]}
          free_calls: 5
          minimum: 0.03
          rules:
            - {status: 5xx, bill: false}
"""


def cents(amount: Fraction) -> str:
    whole = amount.numerator * 10**12 // amount.denominator
    return str(Decimal(whole).scaleb(-12).quantize(Decimal("0.01"), ROUND_HALF_UP))


@pytest.fixture
def month(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> Any:
    """month(zone, **options): a generated October 2025, delivered and rolled up; its truth."""
    def make(zone: str = "UTC", more: str = "", **options: Any) -> dict[str, Any]:
        spec.write(pipelines=spec.pipelines.rstrip("\n") + BOOK.format(zone=zone, more=more))
        done = run("apply", "--yes")
        assert done.returncode == 0, done.stderr
        truth = sandbox.generate("2025-10", zone=zone, log_group=GROUP,
                                 **{"requests": 1500, "customers": 12, **options})
        done = run("rollup", "--month", "2025-10")
        assert done.returncode == 0, done.stdout + done.stderr
        return truth
    return make


def check(bill: dict[str, Any], truth: dict[str, Any]) -> None:
    """The seed's formula, for every customer."""
    assert {line["customer"] for line in bill["lines"]} == set(truth["customers"])
    for line in bill["lines"]:
        want = truth["customers"][line["customer"]]
        assert (line["calls"], line["bytes"]) == (want["calls"], want["bytes"]), line["customer"]
        exact = Fraction(want["calls"], 1000) + Fraction(want["bytes"], 2**30 * 10)
        assert line["total"] == cents(exact)
        assert Fraction(line["call_charge"]) + Fraction(line["data_charge"]) == exact
    assert {k: bill["unattributed"][k] for k in ("calls", "bytes")} == truth["unattributed"]
    assert bill["totals"]["calls"] == sum(c["calls"] for c in truth["customers"].values())
    assert bill["draft"] is False and bill["open_days"] == []


def ask(run: Any, *words: str, code: int = 0) -> dict[str, Any]:
    done = run("bill", "--month", "2025-10", "-o", "json", *words)
    assert done.returncode == code, done.stdout[-3000:] + done.stderr
    return dict(json.loads(done.stdout))


@pytest.mark.parametrize("zone", ["Asia/Seoul", "America/New_York"])
def test_equals_truth(month: Any, run: Any, zone: str) -> None:
    truth = month(zone, duplicates=0.05, relogged=0.01, invalid=0.01)
    bill = ask(run, "--from-raw")
    check(bill, truth)
    assert bill["from_raw"]["equal"] is True and bill["time_zone"] == zone


def test_rearranged_objects_same_bytes(month: Any, run: Any, sandbox: Sandbox) -> None:
    month(requests=800)
    before = run("bill", "--month", "2025-10", "-o", "json").stdout
    assert before == run("bill", "--month", "2025-10", "-o", "json").stdout
    sandbox.rearrange(BUCKET, "access-logs/", seed=7, duplicates=0.1)
    done = run("rollup", "--month", "2025-10")
    assert done.returncode == 0, done.stderr
    assert run("bill", "--month", "2025-10", "-o", "json").stdout == before


def test_segments_and_rules(month: Any, run: Any) -> None:
    """Prices that change on the 16th: the reference rates the truth's own groups."""
    truth = month(more=RICH, detail=True)
    bill = ask(run, "--from-raw")
    book = {"prices": [{"from": "2020-01-01", "call": "0.001", "gib": "0.10"},
                       {"from": "2025-10-16", "free_calls": "5", "minimum": "0.03",
                        "calls": {"mode": "graduated", "tiers": [{"up_to": 20, "price": "0.002"}, {"price": "0.0005"}]},
                        "bytes": {"mode": "volume", "tiers": [{"up_to_gib": "0.0009765625", "price": "5"}, {"price": "3"}]},
                        "rules": [{"status": "5xx", "bill": "false"}]}]}
    lines = [[day, sub or None, user, route, status, calls, size]
             for day, sub, user, _method, route, status, calls, size in truth["groups"] if day.startswith("2025-10")]
    want = rating_reference.bill(book, "2025-10", lines)
    have = {line["customer"]: line for line in bill["lines"]} | {None: bill["unattributed"]}
    assert set(have) == set(want)
    for name, line in want.items():
        for key in ("calls", "bytes", "billed_calls", "free_calls", "excluded_calls", "total"):
            assert have[name][key] == line[key], (name, key)
    assert [s["from"] for s in bill["segments"]] == ["2025-10-01", "2025-10-16"]
    assert bill["from_raw"]["equal"] is True


def test_one_month_all_ways(month: Any, run: Any, sandbox: Sandbox, spec: Spec, tmp_path: Path) -> None:
    """Bringing a month up takes its time, so these share one."""
    truth = month(requests=400)
    forms(run, truth)
    dry_run_sends_no_query(run, sandbox)
    other_prices(run, tmp_path)
    interrupted_stops_its_query(sandbox, spec)
    missing_day_is_a_draft_and_raw_tells(run, sandbox, truth)


def interrupted_stops_its_query(sandbox: Sandbox, spec: Spec) -> None:
    sandbox.query_rules({"match": "SELECT", "times": 0, "action": "hold"})
    sandbox.clear()
    with subprocess.Popen([BINARY, "-f", spec.path, "bill", "--month", "2025-10"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, env=environment(sandbox, spec.path.parent)) as process:
        end = time.monotonic() + 180
        while not sandbox.calls(operation="GetQueryExecution") and time.monotonic() < end:
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        out, told = process.communicate(timeout=180)
    sandbox.query_rules()
    assert process.returncode == 1 and out == "" and "stopped" in told, told
    assert len(sandbox.calls(operation="StopQueryExecution")) == 1


def missing_day_is_a_draft_and_raw_tells(run: Any, sandbox: Sandbox, truth: dict[str, Any]) -> None:
    glue = sandbox.client("glue")
    glue.delete_partition(DatabaseName="shop", TableName="restapi_access_log_parquet",
                          PartitionValues=["2025", "10", "9"])
    bill = ask(run, "--from-raw", code=5)
    assert bill["draft"] is True and bill["open_days"] == [{"day": "2025-10-09", "state": "missing"}]
    lost = truth["days"]["2025-10-09"]
    told = {d["customer"] for d in bill["from_raw"]["differences"]}
    assert told == {sub or None for sub in lost}
    done = run("bill", "--month", "2025-10")
    assert done.returncode == 0 and "2025-10-09: no rollup to bill from; `billingd rollup` builds it" in done.stdout and "Draft bill" in done.stdout
    done = run("bill", "--month", "2025-10", "-o", "csv")
    assert "draft" in done.stderr


def forms(run: Any, truth: dict[str, Any]) -> None:
    rows = list(csv.DictReader(io.StringIO(run("bill", "--month", "2025-10", "-o", "csv").stdout, newline="")))
    assert {row["customer"]: int(row["calls"]) for row in rows if row["line"] == "customer"} == {
        sub: c["calls"] for sub, c in truth["customers"].items()}
    focus = list(csv.DictReader(io.StringIO(run("bill", "--month", "2025-10", "-o", "focus").stdout, newline="")))
    bill = ask(run)
    check(bill, truth)
    for line in bill["lines"]:
        mine = [row for row in focus if row["BillingAccountId"] == line["customer"]]
        assert sum(Decimal(row["BilledCost"]) for row in mine) == Decimal(line["total"])
    assert len(focus[0]) == 33 and focus[0]["BillingPeriodStart"] == "2025-10-01T00:00:00Z"
    table = run("bill", "--month", "2025-10").stdout
    assert bill["price_book"] in table and bill["rounding"] in table and bill["source"]["query_hash"] in table


def dry_run_sends_no_query(run: Any, sandbox: Sandbox) -> None:
    sandbox.clear()
    done = run("bill", "--month", "2025-10", "--dry-run", "--from-raw")
    assert done.returncode == 0 and "usage_raw" in done.stdout and "GROUP BY" in done.stdout
    assert "${" not in done.stdout
    assert sandbox.calls(service="athena") == []


def other_prices(run: Any, tmp_path: Path) -> None:
    other = tmp_path / "new.yaml"
    other.write_text("billing:\n  prices:\n    - {from: 2025-01-01, call: 1, gib: 0}\n")
    bill = ask(run, "--prices", str(other))
    assert all(Decimal(line["total"]) == line["calls"] for line in bill["lines"])
    other.write_text("prices:\n  - {from: 2025-01-01, call: x, gib: 0}\n")
    done = run("bill", "--month", "2025-10", "--prices", str(other))
    assert done.returncode == 78 and "new.yaml:2:" in done.stderr, done.stderr
    other.write_text("time_zone: Asia/Seoul\nprices:\n  - {from: 2025-01-01, call: 1, gib: 0}\n")
    done = run("bill", "--month", "2025-10", "--prices", str(other))
    assert done.returncode == 78 and "days of Asia/Seoul" in done.stderr


def test_refusals(run: Any, spec: Spec, sandbox: Sandbox, api: str) -> None:
    assert run("bill").returncode == 64
    assert run("bill", "--month", "2025-13").returncode == 64
    assert run("bill", "--month", "2025-10", "--pipeline", "nope").returncode == 64
    assert run("check", "--month", "2025-10").returncode == 64
    spec.write(account="999999999999")
    sandbox.clear()
    done = run("bill", "--month", "2025-10")
    assert done.returncode == 4 and "999999999999" in done.stderr
    assert {c["service"] for c in sandbox.calls()} == {"sts"}
    spec.write(account="123456789012")
    done = run("bill", "--month", "2025-10", AWS_ACCESS_KEY_ID="AKIAWRONGWRONGWRONG0")
    assert done.returncode in (1, 77), done.stderr
