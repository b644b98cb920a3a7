"""Random months: all customers' documents, what is nobody's and the one rounding are the bill, which a second computation
makes; and each document is what its schema says, and adds up by itself."""

import json
import os
import random
import subprocess
from fractions import Fraction
from pathlib import Path

import jsonschema
import pytest

import rating_reference as reference
from test_rating import MONTHS, make_book, make_lines

SCHEMA = json.loads((Path(__file__).resolve().parents[2] / "specs" / "statement.schema.json").read_text())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
TAXES = {"standard": "S", "zero": "Z", "exempt": "E", "reverse_charge": "AE", "outside": "O"}
NAMES = ["Acme", "주식회사 한국 데이터", "شركة الأمثلة", "<b>&\"'", "Ünïcode 𝔊mbH"]


@pytest.fixture(scope="module")
def rate():
    process = subprocess.Popen([os.environ["BILLING_RATE"]], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(book, month, lines, **statements):
        request = {"billing": book, "month": month, "lines": lines,
                   "statements": {"series": "N-2025-", "issued": "2025-11-03", **statements}}
        print(json.dumps(request), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())

    yield ask
    process.stdin.close()
    assert process.wait() == 0


def tax_rules(r, month):
    """Rules by name, each with one or two days from which it holds."""
    rules = []
    for name in r.sample(["home", "abroad", "public"], r.randint(1, 3)):
        for start in [None, f"{month}-15"][:r.randint(1, 2)]:
            category = r.choice(list(TAXES))
            made = {"name": name, "category": category}
            if category == "standard":
                made["rate"] = r.choice(["10", "19", "7.7", "0.000000000001", "100"])
            if category in ("exempt", "reverse_charge", "outside"):
                made["reason"] = "Art. 44"
            if start:
                made["from"] = start
            rules.append(made)
    r.shuffle(rules)
    return rules


def with_parties(r, book, month):
    names = {}
    if r.random() < 0.4:  # what has no sub is somebody's for some days
        days = [str(d) for d in reference.days_of(month)]
        a, b = sorted(r.sample(range(len(days)), 2))
        book["customers"].append({"sub": "-", "customer": r.choice(["acme", "finder"]), "from": days[a], "to": days[b]})
    if r.random() < 0.8:
        book["taxes"] = tax_rules(r, month)
        rules = sorted({rule["name"] for rule in book["taxes"]})
        book["seller"] = {"name": "Seller", "due_days": "30", "tax": r.choice(rules)}
        for entry in book["customers"]:
            party = names.setdefault(entry["customer"], {
                "name": r.choice(NAMES), "address": ["1 Street", "Town"], "country": "DE",
                **({"tax": r.choice(rules)} if r.random() < 0.5 else {})})
            if r.random() < 0.7:
                entry.update(party)
    return book


def whole(text):
    return Fraction(text)


def check_by_itself(document, currency):
    VALIDATOR.validate(document)
    digits = reference.DIGITS.get(currency, 2)
    lines = document["lines"]
    for line in lines:
        assert whole(line["quantity"]) / whole(line["price_per"]) * whole(line["unit_price"]) == whole(line["amount"]), line
    assert [line["id"] for line in lines] == [str(i + 1) for i in range(len(lines))]
    assert sum(whole(line["amount"]) for line in lines) == whole(document["subtotal"])
    assert whole(document["subtotal"]) + whole(document["rounding"]) == whole(document["net"])
    assert abs(whole(document["rounding"])) <= Fraction(1, 2 * 10**digits)
    for what in ("calls", "bytes"):
        assert sum(int(line["quantity"]) for line in lines if line["what"] == what) == document["usage"][what]
        assert sum(row[what] for row in document["breakdown"]) == document["usage"][what]
    due = whole(document["net"])
    for tax in document["taxes"]:
        exact = whole(tax["taxable"]) * whole(tax["rate"]) / 100
        sign = -1 if exact < 0 else 1
        assert whole(tax["amount"]) == sign * whole(reference.half_up(abs(exact), digits)), tax
        due += whole(tax["amount"])
    assert whole(document["total"]) == due


def tax_wanted(book, customer, last):
    """The newest entry of the customer's rule, as the spec says it."""
    if "taxes" not in book:
        return None
    named = [e["tax"] for e in book["customers"] if e["customer"] == customer and "tax" in e]
    name = named[0] if named else book["seller"]["tax"]
    held = [t for t in book["taxes"] if t["name"] == name and t.get("from", "0001-01-01") <= last]
    return max(held, key=lambda t: t.get("from", "0001-01-01")) if held else "none yet"


def check_month(rate, r):
    month = r.choice(MONTHS)
    book, lines = with_parties(r, make_book(r, month), month), make_lines(r, month)
    have, want = rate(book, month, lines), reference.bill(book, month, lines)
    assert "statements" in have, have
    last = str(reference.days_of(month)[-1])
    documents = {}
    for document in have["statements"]:
        check_by_itself(document, book["currency"])
        documents[document["buyer"]["customer"]] = document
    assert set(documents) == set(want)
    for customer, document in documents.items():
        assert document["net"] == want[customer]["total"]
        assert document["usage"]["calls"] == want[customer]["calls"]
        rule = tax_wanted(book, customer, last) if customer else None
        assert [t["category"] for t in document["taxes"]] == ([TAXES[rule["category"]]] if rule else [])
    paid = [d for c, d in documents.items() if c is not None]
    assert sum(whole(d["net"]) for d in paid) == whole(have["totals"]["total"])
    exact = sum(whole(have["totals"][k]) for k in ("call_charge", "data_charge", "minimum_charge"))
    assert exact + sum(whole(d["rounding"]) for d in paid) == whole(have["totals"]["total"])
    assert sum(d["usage"]["calls"] for d in documents.values()) == sum(line[5] for line in lines)
    assert sum(d["usage"]["bytes"] for d in documents.values()) == sum(line[6] for line in lines)


@pytest.mark.parametrize("seed", range(10))
def test_documents_are_the_bill(rate, seed):
    r = random.Random(7000 + seed)
    for _ in range(100):
        check_month(rate, r)


@pytest.mark.parametrize("seed", range(5))
def test_corrections_add_up(rate, seed):
    """A month billed in steps, one of which may take away: the documents together owe what one of all would."""
    r = random.Random(8000 + seed)
    for _ in range(10):
        month = r.choice(MONTHS)
        book = with_parties(r, make_book(r, month), month)
        before, lines = {}, make_lines(r, month)
        for step in range(3):
            have = rate(book, month, lines, before=before)
            for document in have["statements"]:
                check_by_itself(document, book["currency"])
                customer = document["buyer"]["customer"]
                assert [x["number"] for x in document["references"]] == [x["number"] for x in before.get(customer, [])]
                if customer:
                    assert document["kind"] == ("credit_note" if document["net"].startswith("-") else "invoice")
            want = reference.bill(book, month, lines)
            for document in have["statements"]:
                customer = document["buyer"]["customer"]
                if customer is None:
                    continue
                entry = {"number": f"N{step}-{customer}", "issue_date": "2025-11-03", "net": document["net"]}
                before.setdefault(customer, []).append(entry)
                assert sum(whole(x["net"]) for x in before[customer]) == whole(want[customer]["total"])
            lines = [line for line in lines if r.random() < 0.8] if step else lines + make_lines(r, month)


def test_calls_without_a_sub_become_somebodys(rate):
    book = {"prices": [{"from": "2020-01-01", "call": "1", "gib": "0"}],
            "customers": [{"sub": "-", "customer": "found", "from": "2025-10-10", "to": "2025-10-11"}]}
    lines = [[f"2025-10-{day:02}", sub, None, "GET /a", "200", 1, 0] for day in (9, 10, 11, 12) for sub in (None, "-", "", "u")]
    have = rate(book, "2025-10", lines)
    assert {d["buyer"]["customer"]: d["net"] for d in have["statements"]} == {"found": "6.00", "u": "4.00", None: "6.00"}
    assert [d["kind"] for d in have["statements"]] == ["invoice", "invoice", "unattributed"]


def test_a_rule_that_does_not_hold_yet(rate):
    book = {"prices": [{"from": "2020-01-01", "call": "1", "gib": "0"}], "seller": {"name": "S"},
            "taxes": [{"name": "vat", "category": "standard", "rate": "10", "from": "2025-11-01"}]}
    have = rate(book, "2025-10", [["2025-10-09", "u", None, None, None, 1, 0]])
    assert "vat does not hold on 2025-10-31" in have["statements"][0]["error"]


GOOD = {"prices": [{"from": "2020-01-01", "call": "1", "gib": "1"}]}
VAT = {"name": "vat", "category": "standard", "rate": "10"}


@pytest.mark.parametrize("section, path, said", [
    ({"seller": []}, "seller", "must be a mapping"),
    ({"seller": {}}, "seller", "needs name"),
    ({"seller": {"name": "a\nb"}}, "seller.name", "one line"),
    ({"seller": {"name": "S", "nam": "x"}}, "seller.nam", "did you mean name"),
    ({"seller": {"name": "S", "country": "kr"}}, "seller.country", "two capital letters"),
    ({"seller": {"name": "S", "series": "A/B"}}, "seller.series", "letters"),
    ({"seller": {"name": "S", "due_days": "-1"}}, "seller.due_days", "whole number"),
    ({"seller": {"name": "S", "address": {}}}, "seller.address", "list"),
    ({"seller": {"name": "S", "address": ["a", []]}}, "seller.address[1]", "line of the address"),
    ({"seller": {"name": "S", "tax": "vat"}}, "seller.tax", "billing.taxes is missing"),
    ({"seller": {"name": "S", "tax": "vta"}, "taxes": [VAT]}, "seller.tax", "did you mean vat"),
    ({"taxes": [VAT, {**VAT, "name": "other"}]}, "seller.tax", "is missing"),
    ({"taxes": {}}, "taxes", "must be a list"),
    ({"taxes": [VAT, VAT]}, "taxes[1]", "same day"),
    ({"taxes": [{"name": "vat", "category": "standard"}]}, "taxes[0]", "needs rate"),
    ({"taxes": [{"name": "vat", "category": "standart", "rate": "1"}]}, "taxes[0].category", "did you mean standard"),
    ({"taxes": [{"name": "vat", "category": "zero", "rate": "1"}]}, "taxes[0].rate", "only standard"),
    ({"taxes": [{"name": "vat", "category": "exempt"}]}, "taxes[0]", "needs reason"),
    ({"taxes": [{**VAT, "rate": "101"}]}, "taxes[0].rate", "at most 100"),
    ({"taxes": [{"category": "zero"}]}, "taxes[0]", "needs name"),
    ({"customers": [{"sub": "a", "customer": "x", "tax": "vat"}]}, "customers[0].tax", "billing.taxes"),
    ({"customers": [{"sub": "a", "customer": "x", "country": "DE"}, {"sub": "b", "customer": "x", "country": "FR"}]},
     "customers[1].country", "another country"),
    ({"customers": [{"sub": "-", "customer": "x"}]}, "customers[0]", "from which day"),
])
def test_what_is_wrong_is_told(rate, section, path, said):
    problems = rate({**GOOD, **section}, "2025-10", []).get("problems", [])
    assert [p for p in problems if p.startswith(path + ": ") and said in p], problems
