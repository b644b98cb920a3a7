"""`rollup.since` and months: what is billed, audited and signed are the same days, and no day falls between two closes."""

import json
from typing import Any

import pytest
from close_world import Books
from rollup_world import World
from test_close import reasons


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    return Books(World(sandbox, spec))


def traffic(books: Books, *days: str) -> None:
    for day in days:
        books.world.request(f"{day}T12:00", arrival=f"{day}T12:05", sub=f"of-{day}")


def bill(books: Books, month: str, code: int = 0) -> Any:
    done = books.world.run("bill", "--month", month, "-o", "json", "--from-raw", code=code)
    return json.loads(done.stdout), done.stderr


def customers(document: Any) -> list[str]:
    return [line["customer"].removeprefix("of-") for line in document["lines"]]


def settle(books: Books, *months: str) -> None:
    for month in months:
        books.world.run("rollup", "--month", month)


def test_a_first_month_that_begins_with_since(books: Books) -> None:
    """Its bill, its audit and its close are of those days, and say so; later specs change nothing of it."""
    world = books.world
    traffic(books, "2025-10-05", "2025-10-20", "2025-10-31", "2025-11-03")
    world.write(prices="{from: 2020-01-01, call: 1, gib: 0}, {from: 2025-10-10, call: 2, gib: 0}")
    settle(books, "2025-10", "2025-11")
    assert customers(bill(books, "2025-10")[0]) == ["2025-10-05", "2025-10-20", "2025-10-31"]
    world.write(since="2025-10-15")
    document, told = bill(books, "2025-10")
    assert customers(document) == ["2025-10-20", "2025-10-31"] and document["totals"]["total"] == "4.00"
    assert (document["first_day"], document["last_day"]) == ("2025-10-15", "2025-10-31")
    assert "2025-10 is billed from 2025-10-15 on (billing.rollup.since)" in told
    assert "2025-10 (from 2025-10-15 on)" in world.run("bill", "--month", "2025-10").stdout
    focus = world.run("bill", "--month", "2025-10", "-o", "focus").stdout
    assert "2025-11-01T00:00:00Z,2025-10-01T00:00:00Z,Usage" in focus and "2025-11-01T00:00:00Z,2025-10-15T00:00:00Z" in focus
    audit = json.loads(world.run("audit", "--month", "2025-10", "-o", "json").stdout)
    assert audit["from"] == 1760486400 and [day["day"] for day in audit["days"]][0] == "2025-10-15"
    prices = books.home / "prices.yaml"
    prices.write_text("prices: [{from: 2020-01-01, call: 1, gib: 0}]\n")
    assert "2025-10 is billed from 2025-10-15 on" in world.run("whatif", "--prices", str(prices), "--month", "2025-10").stderr

    closed = books.close("2025-10")
    manifest = closed["manifest"]
    assert manifest["period"]["from_text"] == "2025-10-15T00:00:00Z" and manifest["totals"]["calls"] == 2
    assert manifest["skipped"]["reason"] == "before billing.rollup.since" and manifest["skipped"]["rolled_up_calls"] == 1
    assert any("billing begins on 2025-10-15" in note and "1 calls" in note for note in closed["notes"])
    assert customers(json.loads(books.file("invoice.json"))) == ["2025-10-20", "2025-10-31"]
    # A spec that says other days has no say: neither for the bill of a closed month nor for its proof.
    for since in ("2025-10-01", "2025-10-25", "2026-02-01"):
        world.write(since=since)
        assert books.verify("2025-10", "--from-raw")["verified"] is True, since
        assert customers(bill(books, "2025-10")[0]) == ["2025-10-20", "2025-10-31"]
        assert books.close("2025-10", "--correct")["reasons"] == []
    traffic(books, "2025-10-22")
    books.sandbox  # what arrives late is billed by the days of the close, too
    world.write(since="2025-10-01")
    settle(books, "2025-10")
    world.request("2025-10-06T12:00", arrival="2025-10-06T12:10", sub="too-early")
    settle(books, "2025-10")
    corrected = books.close("2025-10", "--correct")
    assert customers(corrected["bill"]) == ["2025-10-22"] and corrected["bill"]["first_day"] == "2025-10-15"
    assert books.verify("2025-10")["verified"] is True
    # The month behind it begins where it ended, and says that the rule changed.
    after = books.close("2025-11")
    assert any("since was" in text for text in after["manifest"]["changes"])
    assert books.verify("2025-11")["verified"] is True


def test_since_behind_a_closed_month(books: Books, start: Any) -> None:
    """Days with data between two invoices refuse the close, until somebody says so; the daemon tells of them."""
    world = books.world
    traffic(books, "2025-10-05", "2025-11-03", "2025-11-20", "2025-12-10")
    settle(books, "2025-10", "2025-11", "2025-12")
    books.close("2025-10")
    world.write(since="2025-11-10")
    assert customers(bill(books, "2025-11")[0]) == ["2025-11-20"]
    why = "2025-11-01 to 2025-11-09 lie behind the last closed month and before billing.rollup.since (2025-11-10)"
    assert why in reasons(books.close("2025-11", code=4)) and "2025-11-03 has data" in reasons(books.close("2025-11", code=4))
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_months", state="unclosable") == 1, 60)
    assert daemon.metric("billingd_months", state="ready") == 1 and daemon.end() == 0
    # A month that ends before since is no bill any more, rolled up as it may be.
    world.write(since="2025-12-05")
    assert "before billing.rollup.since" in world.run("bill", "--month", "2025-11", code=4).stderr
    assert "2025-11-01 to 2025-12-04 lie behind" in reasons(books.close("2025-12", code=4))
    assert "before billing.rollup.since" in reasons(books.close("2025-11", code=4))
    assert books.verify("2025-10", "--from-raw")["verified"] is True
    # Where nothing was used, nothing is left out.
    world.write(since="2025-11-02")
    closed = books.close("2025-11")
    assert closed["manifest"]["skipped"]["reason"] == "no data" and closed["manifest"]["totals"]["calls"] == 2
    assert books.verify("2025-11")["verified"] is True
    world.write(since="2025-12-11")
    assert "2025-12-10 has data" in reasons(books.close("2025-12", code=4))
    assert books.manifest("2025-11") == closed["manifest"]
