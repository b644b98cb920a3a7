"""Statements for tests, random by a seed: of every kind that a seller, its customers and their months can make."""

import json
import os
import random
import subprocess
from decimal import ROUND_HALF_UP, Decimal, getcontext
from pathlib import Path

getcontext().prec = 80
PROGRAM = os.environ.get("BILLING_FORMS", Path(__file__).resolve().parents[2] / "build/release/tests/billing_forms")
GIB = 2**30
DIGITS = {"KRW": 0, "JPY": 0, "KWD": 3, "EUR": 2, "USD": 2, "GBP": 2, "CHF": 2}
NAMES = ["Acme Ltd", "<b>Müller & Söhne</b> \"GmbH\"", "주식회사 가나다", "مؤسسة البيع", "Ünïcödé 𝒟𝒶𝓉𝒶 😀", "A]]>B & &amp; <!--",
         "tab\there", "bell\u0007 and\u0001 more", "line\nfeed\rreturn", " spaces ", "\ufffe odd \uffff", "=1+1", "O'Neil"]
COUNTRIES = [("DE", "DE123456789"), ("GR", "EL123456789"), ("FR", "FR12345678901"), ("KR", "123-45-67890"), ("US", "12-3456789"),
             ("GB", "GB123456789"), ("GB", "XI123456789"), ("JP", "T1234567890123"), ("CH", "CHE-123.456.789"), ("KW", "12345")]
EXEMPT = ["VATEX-EU-132", "Exempt by article 44 & <others>"]


def text(number, least=2):
    """As the statement writes amounts: no exponent, `least` decimals at least."""
    said = f"{number:f}"
    whole, _, decimals = said.partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole


def half_up(number, digits):
    return number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def fixed(number, digits):
    return f"{half_up(number, digits):f}"


def line(chance, category):
    calls = chance.random() < 0.6
    quantity = chance.choice([0, 1, 7, 999, 10**6, chance.randrange(10**10), 2**40])
    price = Decimal(chance.choice(["0.00", "0.001", "0.10", "0.000000000001", "12.345", "0.33", "0.0000507"]))
    per = 1 if calls else GIB
    amount = price * quantity / per
    return {"what": "calls" if calls else "bytes", "rule": "price", "tier": None, "tax": category,
            "description": chance.choice(["Calls", "Data transferred", "Calls, price of rule 1 (route GET /<a>&\"b\")"]),
            "quantity": str(quantity), "unit": "call" if calls else "byte", "unit_price": text(price),
            "price_per": str(per), "amount": text(amount), "working": "q x p"}


def whole(what, description, amount, category):
    return {"what": what, "rule": what, "tier": None, "tax": category, "description": description, "quantity": "1",
            "unit": "month", "unit_price": text(amount), "price_per": "1", "amount": text(amount), "working": "w"}


def make(seed):
    """One statement that can be an invoice."""
    chance = random.Random(seed)
    currency = chance.choice(list(DIGITS))
    digits = DIGITS[currency]
    category, rate = chance.choice([("S", "19"), ("S", "10"), ("S", "7.7"), ("S", "0.5"), ("Z", "0"), ("E", "0"), ("AE", "0"), ("O", "0")])
    reason = {"E": chance.choice(EXEMPT), "AE": "Reverse charge", "O": "Not subject to VAT"}.get(category)
    seller, buyer = chance.choice(COUNTRIES), chance.choice(COUNTRIES)
    lines = [line(chance, category) for _ in range(chance.choice([0, 1, 1, 2, 3, 5, 30]))]
    before = []
    if chance.random() < 0.4:
        lines.append(whole("minimum", "Minimum charge: what is missing to it", Decimal(chance.randrange(1, 10**7)) / 10**5, category))
    if chance.random() < 0.35:
        before = [{"number": f"INV-2025-{n}", "issue_date": f"2025-11-0{n}"} for n in range(1, chance.choice([2, 3]))]
        for one in before:
            billed = half_up(Decimal(chance.randrange(-(10**4), 10**9)) / 1000, min(digits, 2))
            lines.append(whole("billed", f"Billed already with {one['number']}", -billed, category))
    subtotal = sum((Decimal(item["amount"]) for item in lines), Decimal(0))
    net = half_up(subtotal, digits)
    if digits == 3:  # whole hundredths: what the standard can say
        net = half_up(net, 2)
    tax = half_up(net * Decimal(rate) / 100, min(digits, 2))
    total = net + tax
    name = chance.choice(NAMES)
    return {
        "format": "billingd-statement-1", "kind": chance.choice(["draft", "invoice", "invoice", "invoice"]) if net >= 0 else "credit_note",
        "number": f"INV-2025-{seed}", "issue_date": "2025-11-03", "due_date": chance.choice([None, "2025-12-03"]),
        "terms": "Payable within 30 days. <2 % & more>", "pipeline": "ddn-api", "currency": currency,
        "period": {"month": "2025-10", "from": "2025-10-01", "to": "2025-10-31", "time_zone": "Asia/Seoul",
                   "begins": "2025-09-30T15:00:00Z", "ends": "2025-10-31T15:00:00Z"},
        "references": before, "seller": {"name": chance.choice(NAMES), "address": chance.sample(NAMES, chance.randrange(5)),
                                         "country": seller[0], "tax_id": seller[1]},
        "buyer": {"customer": chance.choice(["acme", "\"victim\\u0000x\"", "8d1f-<x>&"]), "country": buyer[0], "tax_id": buyer[1],
                  **({"name": name} if chance.random() < 0.8 else {}), **({"address": ["Street 1", "12345 Town"]} if chance.random() < 0.5 else {}),
                  **({"reference": "PO <4711> & co"} if chance.random() < 0.5 else {})},
        "lines": lines, "subtotal": text(subtotal), "rounding": text(net - subtotal), "net": fixed(net, digits),
        "taxes": [{"category": category, "rate": rate, "reason": reason, "taxable": fixed(net, digits), "amount": fixed(tax, digits)}],
        "total": fixed(total, digits), "rounding_rule": "half up", "usage": {"calls": 0, "bytes": 0},
    }


def written(statements, form):
    """What the product's own code makes of them: ubl, 1.2, 1.4 (FOCUS) or lines."""
    lines = "".join(json.dumps(statement) + "\n" for statement in statements)
    return subprocess.run([PROGRAM, form], input=lines.encode(), capture_output=True, check=True, timeout=300).stdout.decode()


def documents(statements):
    """For each statement the XML, or the list of what is missing."""
    said = [json.loads(line) for line in written(statements, "ubl").split("\n")[:-1]]  # a name may hold U+2028
    assert len(said) == len(statements)
    return said
