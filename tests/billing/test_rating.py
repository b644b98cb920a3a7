"""Random books and usage: the C bill equals the reference's, to the last unit; and the bill does not
depend on how the usage is cut or ordered."""

import json
import os
import random
import subprocess
from fractions import Fraction

import pytest

import rating_reference as reference

MONTHS = ["2025-10", "2024-02", "2025-02", "2025-12"]
ROUTES = ["GET /a", "GET /a/{id}", "POST /render", "GET /health", None, "$default"]
STATUSES = ["200", "204", "301", "404", "429", "500", "503", "-", None]
RATE = os.environ["BILLING_RATE"]


@pytest.fixture(scope="module")
def rate():
    process = subprocess.Popen([RATE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(book, month, lines):
        print(json.dumps({"billing": book, "month": month, "lines": lines}), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    assert process.wait() == 0


def price(r, most=3):
    digits = r.choice([0, 2, 3, 6, 12])
    return f"{r.uniform(0, r.choice([0.001, 0.1, most])):.{digits}f}"


def tariff(r, entry, flat, tiered, end, ends):
    if r.random() < 0.5:
        entry[flat] = price(r)
        return
    limits = sorted(r.sample(ends, r.randint(0, 3)), key=float)
    tiers = [{end: str(limit), "price": price(r)} for limit in limits] + [{"price": price(r)}]
    entry[tiered] = {"mode": r.choice(["graduated", "volume"]), "tiers": tiers}


def rule(r):
    made = {}
    if r.random() < 0.7:
        made["status"] = r.choice(["200", "404", "4xx", "5xx", "-"])
    if r.random() < 0.5 or not made:
        made["route"] = r.choice(["GET /a", "GET /a*", "POST /render", "$default", "*", "-"])
    kind = r.random()
    if kind < 0.4:
        made["bill"] = "false"
    elif kind < 0.5:
        made["bill"] = "true"
    else:
        if kind < 0.9:
            made["call"] = price(r)
        if kind > 0.7:
            made["gib"] = price(r)
    return made


def make_book(r, month):
    days = [str(d) for d in reference.days_of(month)]
    starts = ["2020-01-01"] + r.sample(days, r.choice([0, 0, 1, 2, 4]))
    prices = []
    for start in starts:
        entry = {"from": start}
        tariff(r, entry, "call", "calls", "up_to", [1, 7, 100, 1000, 5000, 12345, 10**6])
        tariff(r, entry, "gib", "bytes", "up_to_gib", ["0.5", "1", "2.25", "10", "100"])
        if r.random() < 0.4:
            entry["free_calls"] = str(r.choice([1, 50, 1000, 100000]))
        if r.random() < 0.4:
            entry["free_gib"] = r.choice(["0.25", "1", "3", "50"])
        if r.random() < 0.4:
            entry["minimum"] = price(r, 50)
        if r.random() < 0.5:
            entry["rules"] = [rule(r) for _ in range(r.randint(1, 3))]
        prices.append(entry)
    r.shuffle(prices)
    return {"currency": r.choice(["USD", "USD", "KRW", "KWD"]), "prices": prices, "customers": customers(r, days)}


def customers(r, days):
    made = []
    for sub in "abc":
        a, b = sorted(r.sample(range(len(days)), 2))
        if r.random() < 0.5:
            made.append({"sub": sub, "customer": r.choice(["acme", "b", "zeta"]), "to": days[a]})
        if r.random() < 0.5:
            made.append({"sub": sub, "customer": r.choice(["acme", "b", "other"]), "from": days[b]})
    if r.random() < 0.3:
        made.append({"sub": "silent", "customer": "silent-co"})
    r.shuffle(made)
    return made


def make_lines(r, month):
    days = [str(d) for d in reference.days_of(month)]
    scale = r.choice([1, 100, 10**4, 10**7])
    return [[r.choice(days), r.choice(["a", "b", "c", "d", "e", "", "-", None]), None, r.choice(ROUTES),
             r.choice(STATUSES), r.randint(0, scale), r.randint(0, scale * r.choice([1, 1000, 10**6]))]
            for _ in range(r.choice([0, 1, 5, 40, 120]))]


def check(have, want):
    assert "lines" in have, have
    lines = {line["customer"]: line for line in have["lines"]}
    lines[None] = have["unattributed"]
    assert [line["customer"] for line in have["lines"]] == sorted(
        (name for name in want if name), key=lambda n: n.encode())
    assert set(lines) == set(want)
    for name, line in want.items():
        for key, value in line.items():
            if name is None and key == "minimum_charge":
                assert not value
                continue
            got = lines[name][key]
            if isinstance(value, Fraction) and key.endswith("charge"):
                got = Fraction(got)
            assert got == value, (name, key)
    totals = have["totals"]
    for key in ("calls", "bytes", "billed_calls", "free_bytes", "excluded_calls"):
        assert totals[key] == sum(line[key] for name, line in want.items() if name)
    assert Fraction(totals["total"]) == sum(Fraction(line["total"]) for name, line in want.items() if name)
    for line in lines.values():
        for what, key in (("calls", "call_charge"), ("bytes", "data_charge")):
            assert sum(Fraction(d["charge"]) for d in line["detail"] if d["what"] == what) == Fraction(line[key])


@pytest.mark.parametrize("seed", range(40))
def test_random_books(rate, seed):
    r = random.Random(seed)
    for _ in range(25):
        month = r.choice(MONTHS)
        book, lines = make_book(r, month), make_lines(r, month)
        check(rate(book, month, lines), reference.bill(book, month, lines))


@pytest.mark.parametrize("seed", range(10))
def test_order_and_cuts_do_not_matter(rate, seed):
    r = random.Random(1000 + seed)
    month = r.choice(MONTHS)
    book, lines = make_book(r, month), make_lines(r, month)
    whole = rate(book, month, lines)
    pieces = []
    for *head, calls, size in lines:
        cut = r.randint(0, calls)
        pieces += [[*head, cut, 0], [*head, calls - cut, size]]
    r.shuffle(pieces)
    assert rate(book, month, pieces) == whole


def test_seed_formula(rate):
    """0.001 a call, 0.10 a GiB: the sum is rounded, not its parts."""
    book = {"prices": [{"from": "2020-01-01", "call": "0.001", "gib": "0.10"}]}
    have = rate(book, "2025-10", [["2025-10-05", "u", "joe", "GET /a", "200", 4, 10737419]])
    line = have["lines"][0]
    assert (line["name"], line["call_charge"], line["total"]) == ("joe", "0.004", "0.01")
    assert Fraction(line["data_charge"]) == Fraction(10737419, 2**30) / 10
    assert have["unattributed"]["calls"] == 0


def test_spelling_does_not_change_the_hash(rate):
    one = {"prices": [{"from": "2020-01-01", "call": "0.001", "gib": "0.1"}]}
    two = {"prices": [{"gib": "0.1000", "from": "2020-01-01", "calls": {"mode": "volume", "tiers": [{"price": "0.00100"}]},
                       "minimum": "0", "rules": []}], "currency": "USD", "time_zone": "UTC", "customers": []}
    other = {"prices": [{"from": "2020-01-01", "call": "0.001", "gib": "0.11"}]}
    hashes = [rate(book, "2025-10", [])["price_book"] for book in (one, two, other)]
    assert hashes[0] == hashes[1] != hashes[2]


@pytest.mark.parametrize("line, said", [
    (["2025-10-05", "u", None, None, None, 2**62, 0], "counted"),
    (["2025-10-05", "u", None, None, None, 2**53, 0], "too large"),
])
def test_overflow_is_an_error(rate, line, said):
    book = {"prices": [{"from": "2020-01-01", "call": "9000000", "gib": "1"}]}
    have = rate(book, "2025-10", [line, line, line])
    assert said in have.get("error", ""), have


def test_days_before_the_first_price(rate):
    book = {"prices": [{"from": "2025-10-10", "call": "1", "gib": "1"}]}
    assert "2025-10-01" in rate(book, "2025-10", [["2025-10-05", "u", None, None, None, 1, 1]])["error"]
    assert rate(book, "2025-10", [["2025-10-10", "u", None, None, None, 1, 1]])["totals"]["total"] == "1.00"
    assert "no prices" in rate(book, "2025-09", [])["error"]


GOOD = {"from": "2020-01-01", "call": "1", "gib": "1"}


@pytest.mark.parametrize("section, path, said", [
    ({}, "prices", "missing"),
    ({"prices": []}, "prices", "at least one"),
    ({"prices": [GOOD, GOOD]}, "prices[1]", "same day"),
    ({"prices": [{**GOOD, "cal": "1"}]}, "prices[0].cal", "did you mean call"),
    ({"prices": [{"from": "2020-01-01", "gib": "1"}]}, "prices[0]", "needs call or calls"),
    ({"prices": [{**GOOD, "call": "1,5"}]}, "prices[0].call", "decimal"),
    ({"prices": [{**GOOD, "call": "-1"}]}, "prices[0].call", "decimal"),
    ({"prices": [{**GOOD, "call": "1e3"}]}, "prices[0].call", "decimal"),
    ({"prices": [{**GOOD, "call": ".5"}]}, "prices[0].call", "decimal"),
    ({"prices": [{**GOOD, "call": "0.0000000000001"}]}, "prices[0].call", "12 decimals"),
    ({"prices": [{**GOOD, "call": 0.1}]}, "prices[0].call", "binary fraction"),
    ({"prices": [{**GOOD, "call": "10000000"}]}, "prices[0].call", "more than"),
    ({"prices": [{**GOOD, "free_gib": "0.0000000001"}]}, "prices[0].free_gib", "whole bytes"),
    ({"prices": [{**GOOD, "free_calls": "-3"}]}, "prices[0].free_calls", "whole number"),
    ({"prices": [{**GOOD, "from": "2025-02-30"}]}, "prices[0].from", "not a day"),
    ({"prices": [{**GOOD, "calls": {}}]}, "prices[0].calls", "beside call"),
    ({"prices": [{"from": "2020-01-01", "gib": "1", "calls": {"mode": "stair", "tiers": []}}]},
     "prices[0].calls.mode", "graduated"),
    ({"prices": [{"from": "2020-01-01", "gib": "1", "calls": {"mode": "volume", "tiers": [
        {"up_to": 5, "price": 1}, {"up_to": 5, "price": 1}, {"price": 1}]}}]}, "prices[0].calls.tiers[1]", "after"),
    ({"prices": [{"from": "2020-01-01", "gib": "1", "calls": {"mode": "volume", "tiers": [{"up_to": 5, "price": 1}]}}]},
     "prices[0].calls.tiers[0]", "no end"),
    ({"prices": [{**GOOD, "rules": [{"bill": False}]}]}, "prices[0].rules[0]", "needs a status or a route"),
    ({"prices": [{**GOOD, "rules": [{"status": "5x"}]}]}, "prices[0].rules[0].status", "not a status"),
    ({"prices": [{**GOOD, "rules": [{"status": "5xx", "bill": "no"}]}]}, "prices[0].rules[0].bill", "true or false"),
    ({"prices": [{**GOOD, "rules": [{"status": "5xx", "bill": False, "call": 1}]}]}, "prices[0].rules[0]", "does not bill"),
    ({"prices": [{**GOOD, "rules": [{"status": "5xx"}]}]}, "prices[0].rules[0]", "changes nothing"),
    ({"prices": [{**GOOD, "rules": [{"route": "GET /a", "bill": False}]}], "rollup": {"group_by": ["sub"]}},
     "prices[0].rules[0].route", "add route to rollup.group_by"),
    ({"prices": [GOOD], "customers": [{"sub": "a", "customer": "x", "to": "2025-10-05"},
                                      {"sub": "a", "customer": "y", "from": "2025-10-05"}]}, "customers[1]", "customers[0]"),
    ({"prices": [GOOD], "customers": [{"sub": "a", "customer": "x", "name": "X"}, {"sub": "b", "customer": "x", "name": "Y"}]},
     "customers[1].name", "another name"),
    ({"prices": [GOOD], "customers": [{"sub": "-", "customer": "x"}]}, "customers[0]", "unattributed"),
    ({"prices": [GOOD], "customers": [{"sub": "a"}]}, "customers[0]", "needs customer"),
    ({"prices": [GOOD], "customers": [{"sub": "a", "customer": "x", "from": "2025-02-01", "to": "2025-01-01"}]},
     "customers[0]", "before it begins"),
    ({"prices": [GOOD], "time_zone": "Asia/Soul"}, "time_zone", "tz database"),
    ({"prices": [GOOD], "time_zone": "../../etc/passwd"}, "time_zone", "tz database"),
    ({"prices": [GOOD], "currency": "usd"}, "currency", "currency code"),
    ({"prices": [GOOD], "rollup": {"group_by": ["user"]}}, "rollup.group_by", "must hold sub"),
    ({"prices": [GOOD], "rollup": {"group_by": ["sub", "ip"]}}, "rollup.group_by[1]", "one of"),
    ({"prices": [GOOD], "rollup": {"closed_after": "soon"}}, "rollup.closed_after", "duration"),
    ({"prices": [GOOD], "rollup": {"scan_budget": "10GB"}}, "rollup.scan_budget", "100GiB"),
    ({"prices": [GOOD], "max_response": "10MB"}, "max_response", "2GiB"),
    ({"prices": [GOOD], "max_response": "0"}, "max_response", "from 1 byte"),
    ({"prices": [GOOD], "max_response": "2TiB"}, "max_response", "to 1TiB"),
    ({"prices": [GOOD], "max_response": "99999999999999999999"}, "max_response", "2GiB"),
    ({"prices": [GOOD], "rollup": {"late_days": "91"}}, "rollup.late_days", "from 0 to 90"),
    ({"prices": [GOOD], "audit": {"max_gap": "200%"}}, "audit.max_gap", "share"),
    ({"prices": [GOOD], "audit": {"backfill": "always"}}, "audit.backfill", "auto or manual"),
    ({"prices": [GOOD], "audit": {"backfill": "on"}}, "audit.backfill", "auto or manual"),
    ({"prices": [GOOD], "audit": {"backfill_budget": "10GB"}}, "audit.backfill_budget", "10GiB"),
    ({"prices": [GOOD], "close": {"archive": "/x"}}, "close.archive", "prefix"),
    ({"prices": [GOOD], "partitions": "msck"}, "partitions", "registration"),
])
def test_problems(rate, section, path, said):
    problems = rate(section, "2025-10", []).get("problems", [])
    assert any(p.startswith(path + ": ") and said in p for p in problems), problems
