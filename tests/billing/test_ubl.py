"""Statements as EN 16931 invoices: the same amounts as the statement, every text whole, and no file where a fact is missing.

That a validator takes them is tests/invoices' part."""

import copy
import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest
import statements

MANY = 400
CBC, CAC = ("{urn:oasis:names:specification:ubl:schema:xsd:Common%s-2}" % part for part in ("BasicComponents", "AggregateComponents"))


def value(element, path):
    found = element.find(path.replace("cbc:", CBC).replace("cac:", CAC))
    return None if found is None else found.text


def every(element, path):
    return element.findall(path.replace("cbc:", CBC).replace("cac:", CAC))


def amount(element, path):
    return Decimal(value(element, path) or 0)


def check_sums(statement, root):
    """What the document says comes to what the statement says, by another arithmetic."""
    total = every(root, "cac:LegalMonetaryTotal")[0]
    sign = -1 if statement["kind"] == "credit_note" and statement["total"].startswith("-") else 1
    lines = every(root, "cac:InvoiceLine") + every(root, "cac:CreditNoteLine")
    extras = every(root, "cac:AllowanceCharge")
    charges = sum(amount(x, "cbc:Amount") for x in extras if value(x, "cbc:ChargeIndicator") == "true")
    allowances = sum(amount(x, "cbc:Amount") for x in extras if value(x, "cbc:ChargeIndicator") == "false")
    assert all(amount(x, "cbc:Amount") > 0 for x in extras)
    nets = [amount(line, "cbc:LineExtensionAmount") for line in lines]
    assert amount(total, "cbc:LineExtensionAmount") == sum(nets)
    net = sum(nets) + charges - allowances
    assert amount(total, "cbc:TaxExclusiveAmount") == net == sign * Decimal(statement["net"])
    tax = amount(root, "cac:TaxTotal/cbc:TaxAmount")
    assert tax == sign * Decimal(statement["taxes"][0]["amount"])
    assert amount(total, "cbc:TaxInclusiveAmount") == net + tax
    assert amount(total, "cbc:PayableAmount") == sign * Decimal(statement["total"])
    assert amount(total, "cbc:PayableRoundingAmount") == sign * Decimal(statement["total"]) - net - tax
    digits = min(statements.DIGITS[statement["currency"]], 2)
    for line in lines:
        quantity = next(Decimal(x.text) for x in line if x.tag.endswith("Quantity"))
        price, per = amount(line, "cac:Price/cbc:PriceAmount"), Decimal(value(line, "cac:Price/cbc:BaseQuantity") or 1)
        assert price >= 0
        assert amount(line, "cbc:LineExtensionAmount") == statements.half_up(quantity * price / per, digits)


def shown(text):
    """As XML can hold it."""
    return "".join("\ufffd" if ord(c) < 32 and c not in "\t\n\r" or c in "\ufffe\uffff" else c for c in text)


def test_amounts_and_texts_are_the_statements():
    made = [statements.make(seed) for seed in range(MANY)]
    for statement, xml in zip(made, statements.documents(made)):
        root = ET.fromstring(xml.encode())
        check_sums(statement, root)
        assert root.tag.endswith("}CreditNote" if statement["kind"] == "credit_note" else "}Invoice")
        draft = statement["kind"] == "draft"
        assert value(root, "cbc:ID") == ("DRAFT 2025-10" if draft else statement["number"])
        assert value(root, "cbc:InvoiceTypeCode") in ({"325"} if draft else {"380", None})
        assert ("DRAFT" in value(root, "cbc:Note")) == draft
        party = "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:RegistrationName"
        assert value(root, party) == shown(statement["seller"]["name"])
        assert value(root, party.replace("Supplier", "Customer")) == shown(statement["buyer"].get("name", statement["buyer"]["customer"]))
        assert value(root, "cbc:BuyerReference") == statement["buyer"].get("reference")
        references = [value(x, "cbc:ID") for x in every(root, "cac:BillingReference/cac:InvoiceDocumentReference")]
        assert references == [one["number"] for one in statement["references"]]


def vat(root, role):
    return [(value(x, "cbc:CompanyID"), value(x, "cac:TaxScheme/cbc:ID")) for x in every(root, f"cac:Accounting{role}Party/cac:Party/cac:PartyTaxScheme")]


def plain(**changes):
    """An invoice of one line, changed."""
    statement = next(s for s in map(statements.make, range(99)) if s["kind"] == "invoice" and s["taxes"][0]["category"] == "S")
    statement = copy.deepcopy(statement)
    statement.update(currency="EUR", lines=[dict(statement["lines"][0] if statement["lines"] else {}, what="calls", rule="price", tax="S", unit="call",
                                                 quantity="100", unit_price="0.10", price_per="1", amount="10.00", description="Calls")],
                     taxes=[{"category": "S", "rate": "19", "reason": None, "taxable": "10.00", "amount": "1.90"}], net="10.00", total="11.90",
                     references=[], due_date="2025-12-03", terms=None,
                     seller={"name": "Seller", "address": [], "country": "DE", "tax_id": "DE123456789"},
                     buyer={"customer": "acme", "name": "Acme", "country": "DE", "tax_id": "DE987654321"})
    statement.update(changes)
    return statement


def rated(category, rate="0", amount="0.00", reason=None):
    total = str(Decimal("10.00") + Decimal(amount))
    return {"taxes": [{"category": category, "rate": rate, "reason": reason, "taxable": "10.00", "amount": amount}], "total": total}


def without(party, key):
    return {party: {k: v for k, v in plain()[party].items() if k != key}}


# What is changed, and the words of the refusal.
MISSING = [
    (without("seller", "name"), "billing.seller.name is missing (BT-27)"),
    (without("seller", "country"), "billing.seller.country is missing (BT-40)"),
    (without("seller", "tax_id"), "billing.seller.tax_id is missing (BT-31)"),
    (without("buyer", "country"), "billing.customers of acme: country is missing (BT-55)"),
    ({"seller": dict(plain()["seller"], country="ZZ")}, "billing.seller.country: ZZ is no code of ISO 3166-1"),
    ({"seller": dict(plain()["seller"], name=" \t")}, "billing.seller.name is missing"),
    ({"seller": None}, "billing.seller.name is missing"),
    ({"buyer": {"customer": None, "name": "Unattributed usage"}, "kind": "unattributed"}, "nobody's"),
    ({"number": None}, "its number is missing (BT-1)"),
    ({"issue_date": None}, "its issue_date is missing (BT-2)"),
    ({"due_date": None}, "neither due_days nor terms says when to pay"),
    ({"currency": "QQQ"}, "QQQ is no code of ISO 4217"),
    ({"taxes": []}, "billing.taxes: nothing says which tax is on it"),
    (rated("S"), "a rate of nothing is category Z"),
    (rated("Z", "19"), "it must be 0"),
    (rated("X"), "the tax category X"),
    (rated("E", amount="1.00", reason="none"), "there is a tax in category E"),
    (rated("E"), "the exempt rate says no reason"),
    ({**rated("AE"), **without("buyer", "tax_id")}, "billing.customers of acme: tax_id is missing (BT-48"),
    ({"total": "13.00"}, "do not add up"),
    ({"net": "30.00", "total": "35.70", "taxes": [{"category": "S", "rate": "19", "taxable": "30.00", "amount": "5.70"}]}, "do not add up"),
    ({"currency": "KWD", "net": "10.001", "total": "11.901",
      "taxes": [{"category": "S", "rate": "19", "taxable": "10.001", "amount": "1.90"}]}, "no third decimal"),
    ({"currency": "KRW", "net": "10.50", "total": "12.50",
      "taxes": [{"category": "S", "rate": "19", "taxable": "10.50", "amount": "2.00"}]}, "an amount has decimals, which KRW has not"),
    (rated("S", "0.4", "1.00"), "a rate of 0.4 % rounds to 0"),
    ({"references": [{"number": " ", "issue_date": "2025-10-01"}]}, "the number of a document that it corrects is missing (BT-25)"),
    ({"lines": [dict(plain()["lines"][0], unit="furlong")]}, "the unit furlong has no code"),
]


def test_what_is_missing_is_named_and_no_file_is_made():
    answers = statements.documents([plain(**change) for change, _ in MISSING])
    for (change, words), answer in zip(MISSING, answers):
        assert isinstance(answer, list), change
        assert any(words in reason for reason in answer), (words, answer)
        assert len(answer) == (1 if change.get("seller", 1) else 3), answer


@pytest.fixture(scope="module")
def numbers():
    """How tax numbers come out: seller's and buyer's VAT number, and the registrations."""
    cases = {"vat": plain(), "local": plain(seller={"name": "S", "country": "KR", "tax_id": "123-45-67890"},
                                            buyer={"customer": "b", "country": "KR", "tax_id": "987-65-43210"}),
             "outside": plain(**rated("O", reason="Not subject to VAT")), "reverse": plain(**rated("AE", reason="Reverse charge"))}
    return {name: ET.fromstring(xml) for name, xml in zip(cases, statements.documents(list(cases.values())))}


def test_a_number_with_its_country_in_front_is_a_vat_number(numbers):
    entity = "cac:AccountingSupplierParty/cac:Party/cac:PartyLegalEntity/cbc:CompanyID"
    assert vat(numbers["vat"], "Supplier") == [("DE123456789", "VAT")] and vat(numbers["vat"], "Customer") == [("DE987654321", "VAT")]
    assert value(numbers["vat"], entity) is None
    assert vat(numbers["local"], "Supplier") == [("123-45-67890", "TAX")] and vat(numbers["local"], "Customer") == []
    assert value(numbers["local"], entity) == "123-45-67890"
    assert value(numbers["local"], entity.replace("Supplier", "Customer")) == "987-65-43210"
    assert vat(numbers["outside"], "Supplier") == vat(numbers["outside"], "Customer") == []  # BR-O-02
    assert value(numbers["outside"], entity) == "DE123456789"


def test_why_there_is_no_tax_is_said_by_a_code(numbers):
    category = "cac:TaxTotal/cac:TaxSubtotal/cac:TaxCategory/cbc:"
    assert value(numbers["reverse"], category + "TaxExemptionReasonCode") == "VATEX-EU-AE"
    assert value(numbers["reverse"], category + "TaxExemptionReason") == "Reverse charge"
    assert value(numbers["outside"], category + "TaxExemptionReasonCode") == "VATEX-EU-O"
    assert value(numbers["outside"], category + "Percent") is None
    coded, said = statements.documents([plain(**rated("E", reason="VATEX-EU-132")), plain(**rated("E", reason="VATEX-EU-NONE"))])
    assert value(ET.fromstring(coded), category + "TaxExemptionReasonCode") == "VATEX-EU-132"
    assert value(ET.fromstring(said), category + "TaxExemptionReason") == "VATEX-EU-NONE"


def test_a_gib_is_priced_by_its_bytes():
    line = dict(plain()["lines"][0], what="bytes", unit="byte", quantity="107374182400", price_per="1073741824", unit_price="0.10")
    root = ET.fromstring(statements.documents([plain(lines=[line])])[0])
    base = every(root, "cac:InvoiceLine/cac:Price/cbc:BaseQuantity")[0]
    assert base.text == "1073741824" and base.get("unitCode") == "AD"
    quantity = every(root, "cac:InvoiceLine/cbc:InvoicedQuantity")[0]
    assert quantity.text == "107374182400" and quantity.get("unitCode") == "AD"


def test_a_minimum_is_a_charge_beside_usage_and_a_line_alone():
    minimum = statements.whole("minimum", "Minimum charge", Decimal("5.00"), "S")
    with_usage, alone = (ET.fromstring(xml) for xml in statements.documents([
        plain(lines=[dict(plain()["lines"][0], quantity="50", amount="5.00"), minimum]),
        plain(lines=[dict(minimum, amount="10.00", unit_price="10.00")])]))
    assert [value(x, "cbc:AllowanceChargeReason") for x in every(with_usage, "cac:AllowanceCharge")] == ["Minimum charge"]
    assert every(alone, "cac:AllowanceCharge") == [] and len(every(alone, "cac:InvoiceLine")) == 1
