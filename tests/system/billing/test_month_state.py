"""Months of which nothing is known are no bills of zero: said by bill, what-if and close alike."""

import json
import time
from typing import Any

import pytest
from close_world import MORE, Books
from rollup_world import BUCKET, DATABASE, World
from test_close import reasons


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    return Books(World(sandbox, spec))


def no_bill(books: Books, month: str, word: str) -> None:
    done = books.world.run("bill", "--month", month, "-o", "json", code=4)
    assert done.stdout == "" and word in done.stderr, done.stderr
    assert word in books.world.run("bill", "--month", month, "--dry-run", code=4).stderr
    assert word in reasons(books.close(month, code=4))
    prices = books.home / "prices.yaml"
    prices.write_text("prices: [{from: 2020-01-01, call: 1, gib: 0}]\n")
    assert word in books.world.run("whatif", "--prices", str(prices), "--month", month).stderr
    assert not books.keys() and not books.keys("billing/numbers/")


def test_before_since(books: Books) -> None:
    books.world.write(since="2025-10-01")
    no_bill(books, "2025-06", "before billing.rollup.since (2025-10-01)")


def test_before_any_data(books: Books) -> None:
    """Whatever since says; a later month without traffic is a bill of nothing."""
    books.world.write(since="2025-01-01")
    no_bill(books, "2025-10", "no objects below")
    books.months("2025-10", "2026-01")
    no_bill(books, "2025-06", "lies before any data")
    # Its last days look into October's objects: while these are not counted, they may hold its last calls.
    assert json.loads(books.world.run("bill", "--month", "2025-09", "-o", "json").stdout)["draft"] is True
    books.world.run("rollup", "--month", "2025-09")
    no_bill(books, "2025-09", "lies before any data")
    for month in ("2025-10", "2025-12"):
        bill = json.loads(books.world.run("bill", "--month", month, "-o", "json").stdout)
        assert bill["draft"] is False and (bill["totals"]["calls"] == 0) is (month == "2025-12")


def check_months(daemon: Any, **wanted: int) -> None:
    """How many months are in each state, as the daemon counts them once it built all it can; others are empty."""
    states = ("open", "ready", "unclosable", "closed", "left")

    def found() -> dict[str, float]:
        counts = {state: daemon.metric("billingd_months", state=state) for state in states}
        return {state: count for state, count in counts.items() if count}
    # In the first days of a month the one before is open as well: what comes late still counts for it.
    either = [wanted, {**wanted, "open": wanted["open"] + 1}] if time.gmtime().tm_mday <= 7 else [wanted]
    daemon.wait(lambda: found() in either)
    assert daemon.metric("billingd_months", state="empty") > 0 and daemon.end() == 0


def test_years_the_table_does_not_show(books: Books, start: Any) -> None:
    """An object of February 2024; the table begins in 2025."""
    world = books.world
    world.write(since="2024-01-01")
    world.request("2024-02-29T12:00", arrival="2024-02-29T12:05")
    assert any("year=2024" in one["key"] for one in world.sandbox.objects(BUCKET, "access-logs/"))
    answer = json.loads(world.run("rollup", "--month", "2024-02", "-o", "json").stdout)
    assert "repair" not in answer
    states = world.states(answer)
    assert states["2024-02-29"] == "hidden" and states["2024-02-01"] == "empty"
    assert "29  hidden" in world.run("rollup", "--month", "2024-02").stdout
    for month in ("2024-02", "2024-05"):
        no_bill(books, month, "projection.year.range")
    daemon = start().ready()
    daemon.wait(lambda: "shop: 5 closed days cannot be billed, and only people can mend it" in daemon.get("/-/ready")[1])
    check_months(daemon, unclosable=2, open=1)  # the first of March, too
    # The table is widened: the day is there.
    table = world.glue.get_table(DatabaseName=DATABASE, Name="restapi_access_log_json_raw")["Table"]
    kept = {k: table[k] for k in ("Name", "TableType", "StorageDescriptor", "PartitionKeys") if k in table}
    world.glue.update_table(DatabaseName=DATABASE, TableInput={
        **kept, "Parameters": {**table["Parameters"], "projection.year.range": "2024,2045"}})
    answer = json.loads(world.run("rollup", "--month", "2024-02", "-o", "json").stdout)
    assert world.states(answer)["2024-02-29"] == "current"
    bill = json.loads(world.run("bill", "--month", "2024-02", "-o", "json").stdout)
    assert bill["draft"] is False and bill["totals"]["calls"] == 1


def test_an_empty_month_between(books: Books, start: Any) -> None:
    """Nothing to bill: passed over, or closed on somebody's word that the gateway had nothing."""
    books.world.write(since="2025-10-01", more=MORE.format(key=books.key))
    books.months("2025-10", "2025-12")
    assert "is closed" not in books.world.run("bill", "--month", "2025-10").stderr
    books.close("2025-10")
    assert "shop-2025-10 is its invoice" in books.world.run("bill", "--month", "2025-10").stderr
    refused = reasons(books.close("2025-11", code=4))
    assert "no hop counted anything" in refused and "--accept-unknown" in refused
    found = books.close("2025-11", "--accept-unknown")
    assert found["manifest"]["accepted_unknown"] is True and found["manifest"]["totals"]["calls"] == 0
    assert any("the gateway had any is unknown" in text for text in found["notes"])
    assert books.close("2025-12")["manifest"]["previous"]["month"] == "2025-11"
    assert books.verify("2025-12")["verified"] is True
    books.months("2026-02", "2026-03")
    books.close("2026-03", "--first")
    books.months("2026-04")
    check_months(start().ready(), closed=4, left=1, ready=1, open=1)


def test_status_tells_how_far_usage_can_be_billed(books: Books) -> None:
    """Of this month and the one before; whatever day it is."""
    world, now = books.world, time.time()
    this, last = (time.strftime("%Y-%m", time.gmtime(at)) for at in (now, now - (time.gmtime(now).tm_mday + 1) * 86400))
    first, today = f"{last}-01", time.strftime("%Y-%m-%d", time.gmtime(now))

    def usage(code: int = 0) -> Any:
        return json.loads(world.run("status", "-o", "json", code=code).stdout)["pipelines"][0]["usage"]

    world.write(since=first)
    world.request(f"{first}T12:00", arrival=f"{first}T12:05")
    world.sandbox.clear()
    found = usage()
    assert world.ours(kind="write") == []
    assert found["from"] == first and found["days"]["missing"] >= 1
    assert any(first in text and "billingd rollup" in text for text in found["reasons"])
    assert [one["month"] for one in found["months"]] == [last, this]
    state = {one["month"]: one["state"] for one in found["months"]}
    assert state[this] == "open" and state[last] in ("unclosable", "open")  # open: its last day waits for late events
    assert "missing" in world.run("status").stdout
    world.run("rollup", "--from", first, "--to", today)
    found = usage()
    assert found["days"].keys() <= {"current", "empty"} and found["reasons"] == []
    assert {one["month"]: one["state"] for one in found["months"]}[last] in ("ready", "open")
    world.sandbox.faults({"service": "glue", "operation": "GetPartitions", "action": "error", "status": 403,
                          "code": "AccessDeniedException", "times": 0})
    assert usage(code=77)["denied"] is True


def test_days_before_since(books: Books, start: Any) -> None:
    """Are before the start on page and API where nothing was billed before; behind an invoice nobody knows what they are."""
    world, now = books.world, time.time()
    last = time.strftime("%Y-%m", time.gmtime(now - (time.gmtime(now).tm_mday + 1) * 86400))

    def told() -> set[str]:
        (period,) = json.loads(daemon.get("/api/v1/periods")[1])["pipelines"]
        found = {day["day"]: day["state"] for month in period["months"] for day in month["days"]}
        return {found.get(f"{last}-{day:02}", "") for day in range(1, 15)}
    books.months("2025-10")
    world.write(since=f"{last}-15")
    daemon = start().ready()
    daemon.wait(lambda: told() == {"none"})
    assert "Before the start" in daemon.get("/")[1] and daemon.end() == 0
    world.write(since="2025-10-01")
    books.close("2025-10")
    world.write(since=f"{last}-15")
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_unclosed_months"))
    assert told() == {"unknown"} and "Before the start" not in daemon.get("/")[1] and daemon.end() == 0


def test_traffic_and_nothing_billed(books: Books) -> None:
    """The filter is blocked all month but some hours: the audit's gap, and no close."""
    books.world.write(since="2025-10-01")
    # From six in the morning on: where no ids can be compared, the hours around a loss are in doubt with it.
    books.sandbox.blocks({"hop": "filter", "from": 1761976800, "to": 1764547200})
    books.months("2025-10", "2025-11")
    books.close("2025-10")
    assert reasons(books.close("2025-11", code=4))
