"""A zone that changes between months: every call is in one month, by bill and close as by a recomputation from the lines."""

import json
import random
from collections import Counter
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from close_world import MORE, Books
from rollup_world import GROUP, World

MONTHS = [date(2025, 10, 1), date(2025, 11, 1), date(2025, 12, 1)]
LAST = date(2026, 1, 1)
CASES = [  # first zone, its last day, second zone: a day of 15 hours, one of 33, one with two changes of clocks around it
    ("UTC", date(2025, 11, 1), "Asia/Seoul"),
    ("Asia/Seoul", date(2025, 11, 1), "UTC"),
    ("Europe/Berlin", date(2025, 10, 26), "America/New_York"),
]


def first_second(day: date, case: tuple[str, date, str]) -> int:
    """Days up to the last of the first zone begin in it, the others in the second."""
    before, until, after = case
    return int(datetime.combine(day, time(), ZoneInfo(before if day <= until else after)).timestamp())


def moments(case: tuple[str, date, str]) -> list[int]:
    """The seconds around every edge that any zone of the case would see there, and others between them."""
    found: set[int] = set()
    for day in (*MONTHS[1:], case[1], case[1] + timedelta(1)):
        for zone in ("UTC", case[0], case[2]):
            edge = int(datetime.combine(day, time(), ZoneInfo(zone)).timestamp())
            found |= {edge - 3601, edge - 1, edge, edge + 3599}
    chance = random.Random(5)
    low, high = first_second(MONTHS[0], case) + 7200, first_second(LAST, case) - 7200
    return sorted(found | {chance.randrange(low, high) for _ in range(20)})


def line(number: int, at: int) -> dict[str, Any]:
    made = {"requestId": f"z-{number}", "sub": f"sub-{number % 3}", "username": "u", "status": "200", "requestTimeEpoch": str(at),
            "responseLength": str(1000 + number), "httpMethod": "GET", "routeKey": "GET /z", "path": "/z"}
    return {"message": json.dumps(made, separators=(",", ":")), "timestamp": at * 1000, "arrival": at * 1000 + 60000}


def recomputed(lines: list[dict[str, Any]], case: tuple[str, date, str]) -> list[dict[str, tuple[int, int]]]:
    """Per month: customer -> (calls, bytes), from nothing but the log lines."""
    edges = [first_second(month, case) for month in (*MONTHS, LAST)]
    calls: list[Counter[str]] = [Counter() for _ in MONTHS]
    sizes: list[Counter[str]] = [Counter() for _ in MONTHS]
    for one in lines:
        made = json.loads(one["message"])
        [month] = [i for i in range(len(MONTHS)) if edges[i] <= int(made["requestTimeEpoch"]) < edges[i + 1]]
        calls[month][made["sub"]] += 1
        sizes[month][made["sub"]] += int(made["responseLength"])
    return [{sub: (calls[i][sub], sizes[i][sub]) for sub in calls[i]} for i in range(len(MONTHS))]


def customers(bill: dict[str, Any]) -> dict[str, tuple[int, int]]:
    assert bill["unattributed"]["calls"] == 0
    return {one["customer"]: (one["calls"], one["bytes"]) for one in bill["lines"]}


@pytest.mark.parametrize("case", CASES, ids=["15 hours", "33 hours", "clocks"])
def test_each_call_is_in_one_month(sandbox: Any, spec: Any, api: str, case: tuple[str, date, str]) -> None:
    books = Books(World(sandbox, spec))
    zone = f"{case[0]} until {case[1]}, {case[2]}"
    books.world.write(zone=f'"{zone}"', since="2025-10-01", more=MORE.format(key=books.key))
    lines = [line(number, at) for number, at in enumerate(moments(case))]
    sandbox.traffic(GROUP, lines)
    books.world.run("rollup", "--from", "2025-10-01", "--to", "2025-12-31")
    wanted = recomputed(lines, case)
    assert sum(calls for month in wanted for calls, _ in month.values()) == len(lines) and all(wanted)
    end = datetime.fromtimestamp(first_second(MONTHS[1], case), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for month, own in zip(MONTHS, wanted, strict=True):
        name = month.strftime("%Y-%m")
        bill = json.loads(books.world.run("bill", "--month", name, "-o", "json", "--from-raw").stdout)
        assert bill["from_raw"]["equal"] is True and customers(bill) == own, name
    for month, own in zip(MONTHS[:2], wanted, strict=False):
        name = month.strftime("%Y-%m")
        closed = books.close(name)
        assert customers(closed["bill"]) == own and closed["manifest"]["time_zone"] == zone
        assert closed["manifest"]["period"]["from_text" if month == MONTHS[1] else "to_text"] == end
    assert books.verify("2025-11", "--from-raw")["verified"] is True
