"""Generated bills are valid: the schemas of UBL 2.1 and CEN's rules for EN 16931 find nothing, not even a warning.

500 come the whole way, from random prices and usage through the product's rating and statements; the others have
what these rarely have: odd names, each kind of tax number, every rate."""

import json
import os
import random
import re
import subprocess
from pathlib import Path

import statements

ROOT = Path(__file__).resolve().parents[2]
RATE = os.environ.setdefault("BILLING_RATE", str(ROOT / "build/release/tests/billing_rate"))

from test_rating import MONTHS, make_book, make_lines  # noqa: E402 (it reads BILLING_RATE)

BILLED, ODD = 500, 200
RULES = [{"category": "standard", "rate": "19"}, {"category": "standard", "rate": "7.7"}, {"category": "zero"},
         {"category": "exempt", "reason": "VATEX-EU-132"}, {"category": "reverse_charge", "reason": "Reverse charge, § 13b UStG"},
         {"category": "outside", "reason": "Not subject to VAT"}]

# A document, broken: (what, how, the rule that must tell it).
BROKEN = [
    ("no country", lambda xml: re.sub(r"<cbc:IdentificationCode>..</cbc:IdentificationCode>", "", xml, count=1), "cvc-|BR-09"),
    ("no number", lambda xml: re.sub(r"  <cbc:ID>INV.*\n", "", xml, count=1), "cvc-|BR-02"),
    ("another total", lambda xml: re.sub(r"(<cbc:PayableAmount [^>]*>)-?\d+", r"\g<1>777", xml), "BR-CO-16"),
    ("another line", lambda xml: re.sub(r"(<cbc:LineExtensionAmount [^>]*>)-?\d+", r"\g<1>777", xml), "BR-S-08"),
    ("three decimals", lambda xml: re.sub(r"(<cbc:TaxExclusiveAmount [^>]*>-?\d+)[.\d]*", r"\g<1>.001", xml), "BR-DEC-12"),
    ("unknown currency", lambda xml: xml.replace('currencyID="EUR"', 'currencyID="EUX"'), "BR-CL-03"),
    ("no category", lambda xml: xml.replace("<cbc:ID>S</cbc:ID>", "<cbc:ID>Q</cbc:ID>"), "BR-CL-1[78]"),
]


def with_parties(r, book):
    """Whoever calls is somebody with an address, and a tax rule holds."""
    ids = ["acme", "zeta", "other"]
    rules = [dict(rule, name=f"rule{i}") for i, rule in enumerate(r.sample(RULES, 3))]
    parties = {name: {"name": r.choice(["Acme & Söhne <GmbH>", "주식회사 한국", "شركة الأمثلة"]), "address": ["1 Street", "Town", "Floor 3"][:r.randint(0, 3)],
                      "country": "DE", "tax_id": r.choice(["DE123456789", "HRB 4711"]), "tax": r.choice(rules)["name"]} for name in ids}
    book["customers"] = [dict(parties[name], sub=sub, customer=name) for sub in "abcde" for name in [r.choice(ids)]]
    book["taxes"], book["seller"] = rules, {"name": "Seller", "country": r.choice(["KR", "DE"]), "tax_id": "DE987654321", "due_days": "30",
                                            "tax": rules[0]["name"]}
    book["currency"] = r.choice(["EUR", "KRW", "JPY", "USD", "KWD"])
    return book


def rate(requests):
    run = subprocess.run([RATE], input="".join(json.dumps(request) + "\n" for request in requests), capture_output=True, text=True, check=True)
    return [json.loads(line)["statements"] for line in run.stdout.splitlines()]


def billed():
    """Statements of random months, and of their corrections."""
    r = random.Random(16931)
    first = []
    for _ in range(170):
        month = r.choice(MONTHS)
        first.append({"billing": with_parties(r, make_book(r, month)), "month": month, "lines": make_lines(r, month),
                      "statements": {"series": "N-2025-", "issued": "2025-11-03"}})
    made, second = rate(first), []
    for request, documents in zip(first, made):
        before = {d["buyer"]["customer"]: [{k: d[k] for k in ("number", "issue_date", "net")}] for d in documents if d["buyer"]["customer"]}
        lines = [line for line in request["lines"] if r.random() < 0.7] or make_lines(r, request["month"])
        second.append(dict(request, lines=lines, statements=dict(request["statements"], series="C-2025-", before=before)))
    return [document for documents in made + rate(second) for document in documents if document["buyer"]["customer"]]


def test_all_bills_are_valid_and_broken_ones_are_not(validate):
    bills, odd = billed(), [statements.make(seed) for seed in range(ODD)]
    answers = statements.documents(bills + odd)
    refused = [(statement, xml) for statement, xml in zip(bills + odd, answers) if isinstance(xml, list)]
    assert {s["currency"] for s, _ in refused} == {"KWD"} and all("no third decimal" in why[0] for _, why in refused)
    taken = [(statement, xml) for statement, xml in zip(bills, answers) if isinstance(xml, str)]
    assert len(taken) >= BILLED
    taken = taken[:BILLED // 2] + taken[-(BILLED - BILLED // 2):] + list(zip(odd, answers[len(bills):]))
    assert {s["kind"] for s, _ in taken} == {"draft", "invoice", "credit_note"}
    assert {s["taxes"][0]["category"] for s, _ in taken} == {"S", "Z", "E", "AE", "O"}
    assert {s["currency"] for s, _ in taken} == set(statements.DIGITS)
    files = {f"{i:04}": xml for i, (_, xml) in enumerate(taken)}
    good = next(xml for s, xml in taken if s["kind"] == "invoice" and s["currency"] == "EUR" and s["taxes"][0]["category"] == "S"
                and s["number"].startswith("INV") and any(x["what"] == "calls" for x in s["lines"]))
    told, valid = validate({**files, **{f"broken-{what}": change(good) for what, change, _ in BROKEN}})
    for what, _, rule in BROKEN:
        assert re.search(rule, " ".join(told.pop(f"broken-{what}", []))), what
    assert told == {}
    assert valid == BILLED + ODD
