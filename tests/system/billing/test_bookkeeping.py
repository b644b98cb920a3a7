"""What bookkeeping takes, through the whole of it: a draft as UBL, the forms of a bill, and what a close writes: an
electronic invoice for each customer of whom the spec says enough, the others named, and all rows with their numbers."""

import csv
import gzip
import hashlib
import io
import json
import xml.etree.ElementTree as ET
from collections import defaultdict
from fractions import Fraction
from typing import Any

from close_world import FOLDER, MORE, Books
from rollup_world import BUCKET, World

CBC = "{urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2}"
PARTIES = """      seller: {name: "API <& Söhne", address: ["1 Street", "04524 서울"], country: KR, tax_id: 123-45-67890, series: INV-, due_days: "14", tax: home}
      taxes:
        - {name: home, category: standard, rate: "10"}
        - {name: abroad, category: reverse_charge, reason: "Article 196"}
      customers:
        - {sub: small, customer: korea, name: "<b>주식회사</b>", country: KR, reference: "PO 7"}
        - {sub: other, customer: arabia, name: "=1+1", country: DE, tax_id: DE123456789, tax: abroad}
        - {sub: third, customer: placeless, name: "@nowhere"}
"""


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def said(xml: str, name: str) -> list[str | None]:
    return [element.text for element in ET.fromstring(xml.encode()).iter(CBC + name)]


def test_a_month_for_bookkeeping(sandbox: Any, spec: Any, api: str) -> None:
    books = Books(World(sandbox, spec))
    books.world.write(more=MORE.format(key=books.key) + PARTIES)
    for sub, calls in (("small", 3), ("other", 2), ("third", 1), ("-", 1)):
        for _ in range(calls):
            books.world.request("2025-10-02", "2025-10-03T20:00", sub=sub, size=2**30 + 7, counted=True)
    books.world.run("rollup", "--month", "2025-10")
    drafts(books)
    closed(books)
    tampered(books)


def drafts(books: Books) -> None:
    def ask(*words: str, code: int = 0) -> Any:
        return books.world.run("bill", "--month", "2025-10", *words, code=code)

    xml = ask("--customer", "korea", "-o", "ubl").stdout
    assert said(xml, "InvoiceTypeCode") == ["325"] and "DRAFT" in (said(xml, "Note")[0] or "")
    assert "<b>주식회사</b>" in said(xml, "RegistrationName") and said(xml, "BuyerReference") == ["PO 7"]
    refused = ask("--customer", "placeless", "-o", "ubl", code=4)
    assert "billing.customers of placeless: country is missing (BT-55)" in refused.stderr and not refused.stdout
    assert "nobody's" in ask("--customer", "-", "-o", "ubl", code=4).stderr
    for form in ("ubl", "html"):
        ask("-o", form, code=64)
    books.world.run("audit", "-o", "lines", code=64)
    bill = json.loads(ask("-o", "json").stdout)
    nets = {line["customer"]: Fraction(line["total"]) for line in bill["lines"]}
    lines = rows(ask("-o", "lines").stdout)
    for form, names in (("focus", ("ProviderName", "PublisherName")), ("focus-1.4", ("ServiceProviderName", "InvoiceDetailId"))):
        focus = rows(ask("-o", form).stdout)
        assert set(names) <= set(focus[0]) and {row["InvoiceId"] for row in focus} == {""}
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for row in focus:
            sums[row["BillingAccountId"]] += Fraction(row["BilledCost"]) if row["ChargeCategory"] != "Tax" else 0
            if row["PricingQuantity"]:
                assert Fraction(row["PricingQuantity"]) * Fraction(row["ContractedUnitPrice"]) == Fraction(row["ContractedCost"])
        assert sums == nets
    assert {row["name"] for row in lines if row["customer"]} == {"<b>주식회사</b>", "'=1+1", "'@nowhere"}
    assert sum(Fraction(row["amount"]) for row in lines if row["customer"] and row["what"] != "tax") == sum(nets.values())


def closed(books: Books) -> None:
    told = books.world.run("close", "2025-10", "--dry-run", "--first").stdout  # before anything is written
    assert "1 of 3 customers get no electronic invoice" in told and "placeless: country is missing (BT-55)" in told
    assert not books.keys("billing/")
    assert any("1 of 3 customers" in note for note in books.close()["notes"])
    manifest = json.loads(books.read(f"{FOLDER}2025-10/manifest.json"))
    files = {f["name"]: f["path"] for f in manifest["files"]}

    def packed(name: str) -> str:
        return gzip.decompress(books.read(f"{FOLDER}2025-10/{files[name]}")).decode()

    totals = {}
    for line in packed("statements.jsonl.gz").splitlines():
        entry = json.loads(line)
        assert ("xml" in entry) == (entry["customer"] in ("korea", "arabia"))
        if entry["customer"]:
            totals[entry["number"]] = Fraction(entry["total"])
        if "xml" in entry:
            xml = books.read(f"{manifest['statements']['folder']}{entry['hash']}.xml")
            assert hashlib.sha256(xml).hexdigest() == entry["xml"]["sha256"]
            assert said(xml.decode(), "ID")[0] == entry["number"]
            assert Fraction(said(xml.decode(), "PayableAmount")[0] or "") == Fraction(entry["total"])
    assert len(totals) == 3
    # What a document's rows come to is what it asks for, with the tax.
    for name, number, amount in (("focus", "InvoiceId", "BilledCost"), ("focus-1.4", "InvoiceId", "BilledCost"), ("lines", "document", "amount")):
        sums: dict[str, Fraction] = defaultdict(Fraction)
        for row in rows(packed(f"statements.{name}.csv.gz")):
            if row[number]:
                sums[row[number]] += Fraction(row[amount])
        assert sums == totals, name
    # The bill's own FOCUS says the same of all of them, in fewer rows and without tax.
    own = rows(books.file("invoice.focus.csv").decode())
    for name in ("statements.focus.csv.gz", "statements.focus-1.4.csv.gz"):
        theirs = rows(packed(name))
        for column in ("InvoiceIssuerName", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodStart",
                       "BillingPeriodEnd", "ChargeClass", "ServiceCategory", "ServiceName"):
            assert {row[column] for row in own} == {row[column] for row in theirs}, column
        for account in {row["BillingAccountId"] for row in own}:
            mine = [sum(Fraction(row["BilledCost"]) for row in of if row["BillingAccountId"] == account and row["ChargeCategory"] != "Tax")
                    for of in (own, theirs)]
            assert mine[0] == mine[1], account
    assert books.verify()["verified"] is True


def tampered(books: Books) -> None:
    manifest = json.loads(books.read(f"{FOLDER}2025-10/manifest.json"))
    key = f"{manifest['statements']['folder']}{hashlib.sha256(b'korea').hexdigest()}.xml"
    kept = books.read(key)
    books.put(key, kept.replace(b"380", b"381"))
    assert [d for d in books.verify(code=5)["differences"] if key in d and "was changed" in d]
    books.s3.delete_object(Bucket=BUCKET, Key=key)
    assert [d for d in books.verify(code=5)["differences"] if key in d and "is missing" in d]
    books.put(key, kept)
    assert books.verify()["verified"] is True
