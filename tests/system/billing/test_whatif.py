"""Past months with other prices, against an independent rating of the generator's own counts."""

import csv
import io
import json
import sys
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
import yaml
from close_world import Books
from rollup_world import GROUP, World

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "billing"))
import rating_reference  # noqa: E402

MONTHS = ("2025-09", "2025-10")
OLD = {"prices": [{"from": "2020-01-01", "call": "0.001", "gib": "0.10"}]}
NEW: dict[str, Any] = {"prices": [
    {"from": "2020-01-01", "calls": {"mode": "graduated", "tiers": [{"up_to": 10, "price": "0.02"}, {"price": "0.0003"}]},
     "gib": "0.07", "minimum": "0.31"},
    {"from": "2025-10-02", "call": "0.004", "bytes": {"mode": "volume", "tiers": [{"up_to_gib": "1", "price": "0.5"},
                                                                                 {"price": "0.02"}]},
     "free_calls": "3", "rules": [{"status": "5xx", "bill": "false"}]}]}


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    made = Books(World(sandbox, spec))
    made.world.write(since="2025-09-01")
    return made


def lines(truth: dict[str, Any], month: str) -> list[list[Any]]:
    return [[day, sub or None, user, route, status, calls, size]
            for day, sub, user, _method, route, status, calls, size in truth["groups"] if day.startswith(month)]


def ask(books: Books, file: Path, *words: str, output: str = "json", code: int = 0) -> str:
    months = words or ("--from", MONTHS[0], "--to", MONTHS[1])
    return books.world.run("whatif", "--prices", str(file), *months, "-o", output, code=code).stdout


def percent(old: Fraction, new: Fraction) -> str | None:
    if not old:
        return None if new else "0.00"
    exact = (new - old) * 100 / old
    text = Decimal(abs(exact).numerator * 10**20 // abs(exact).denominator).scaleb(-20).quantize(
        Decimal("0.01"), ROUND_HALF_UP)
    return f"-{text}" if exact < 0 and text else str(text)


def test_whatif(books: Books, tmp_path: Path) -> None:
    truths = {month: dict(books.sandbox.generate(month, requests=250, customers=7, seed=number, days=3, margin_days=0,
                                                 detail=True, log_group=GROUP))
              for number, month in enumerate(MONTHS)}
    books.world.run("rollup", "--from", "2025-09-01", "--to", "2025-10-31")

    # The same book, as a section and as a whole file: nothing changes anywhere.
    same = tmp_path / "same.yaml"
    for text in (OLD, {"billing": OLD}):
        same.write_text(yaml.safe_dump(text))
        books.sandbox.clear()
        found = json.loads(ask(books, same))
        assert found["old"] == found["new"] and len(found["customers"]) == found["same"] > 0
        for row in [*found["customers"], found["unattributed"], found["totals"]]:
            assert row["old"] == row["new"] and (row["difference"], row["percent"]) == ("0.00", "0.00")
            assert all(m["difference"] == "0.00" for m in row["months"])
        assert [c for c in books.world.ours(kind="write") if c["operation"] != "StartQueryExecution"] == []
    assert float(found["totals"]["old"]) > 0
    rows = list(csv.DictReader(io.StringIO(ask(books, same, output="csv"))))
    assert {row["difference"] for row in rows} == {"0.00"} and [r["line"] for r in rows[-2:]] == ["unattributed", "total"]

    # Another book: both sides equal the reference, for every customer and month.
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(NEW))
    found = json.loads(ask(books, other))
    want = {month: tuple(rating_reference.bill(book, month, lines(truths[month], month)) for book in (OLD, NEW))
            for month in MONTHS}
    names = {name for pair in want.values() for side in pair for name in side if name is not None}
    assert {row["customer"] for row in found["customers"]} == names
    counts = {"pays_less": 0, "pays_more": 0, "same": 0}
    for row in found["customers"]:
        sums = [Fraction(0), Fraction(0)]
        for month in row["months"]:
            for side, key in enumerate(("old", "new")):
                total = want[month["month"]][side].get(row["customer"], {"total": "0.00"})["total"]
                assert month[key] == total, (row["customer"], month)
                sums[side] += Fraction(total)
        assert [Fraction(row["old"]), Fraction(row["new"])] == sums
        assert Fraction(row["difference"]) == sums[1] - sums[0]
        assert row["percent"] == percent(*sums)
        counts["pays_less" if sums[1] < sums[0] else "pays_more" if sums[1] > sums[0] else "same"] += 1
    assert {key: found[key] for key in counts} == counts and counts["pays_more"] > 0
    for key in ("old", "new", "difference"):
        assert Fraction(found["totals"][key]) == sum(Fraction(row[key]) for row in found["customers"])
    table = ask(books, other, "--month", "2025-10", output="table")
    assert "DIFFERENCE" in table and "pay less" in table

    # Customers of the other book join two subs into one.
    subs = sorted(truths[MONTHS[1]]["customers"])[:2]
    other.write_text(yaml.safe_dump({**OLD, "customers": [{"sub": s, "customer": "acme"} for s in subs]}))
    found = {row["customer"]: row for row in json.loads(ask(books, other, "--month", "2025-10"))["customers"]}
    assert found["acme"]["old"] == "0.00" and found["acme"]["percent"] is None
    assert all(found[s]["new"] == "0.00" and found[s]["percent"] == "-100.00" for s in subs if float(found[s]["old"]))

    # What cannot be compared, or was not said.
    other.write_text(yaml.safe_dump({**OLD, "time_zone": "Asia/Seoul"}))
    ask(books, other, code=78)
    other.write_text(yaml.safe_dump({**OLD, "currency": "KRW"}))
    ask(books, other, code=1)
    other.write_text("prices: [{from: yesterday}]")
    ask(books, other, code=78)
    for words in (("--from", "2025-10-01"), ("--from", "2025-10", "--to", "2025-09"),
                  ("--month", "2025-10", "--to", "2025-10")):
        ask(books, same, *words, code=64)
    books.world.run("whatif", "--month", "2025-10", code=64)
    ask(books, same, output="focus", code=64)
