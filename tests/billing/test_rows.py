"""Statements as rows, FOCUS and the plain table: which columns, that a document's rows sum to it, and that no name is a
formula."""

import csv
import io
from collections import defaultdict
from fractions import Fraction

import pytest
import statements

# focus.finops.org/focus-specification/v1-2/ and /v1-4/: what is mandatory in Cost and Usage.
COMMON = {"BilledCost", "BillingAccountId", "BillingAccountName", "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "ChargeCategory",
          "ChargeClass", "ChargeDescription", "ChargePeriodEnd", "ChargePeriodStart", "ContractedCost", "EffectiveCost", "InvoiceIssuerName", "ListCost",
          "PricingQuantity", "PricingUnit", "ServiceCategory", "ServiceName"}
MANDATORY = {"1.2": COMMON | {"ProviderName", "PublisherName"},
             "1.4": COMMON | {"HostProviderName", "ServiceProviderName", "InvoiceId", "InvoiceDetailId"}}
REMOVED = {"1.2": {"ServiceProviderName", "HostProviderName", "InvoiceDetailId"}, "1.4": {"ProviderName", "PublisherName"}}
# May a row say nothing there?
NEVER_NULL = (COMMON | {"ProviderName", "PublisherName", "HostProviderName", "ServiceProviderName"}) - {
    "BillingAccountName", "ChargeClass", "PricingQuantity", "PricingUnit"}


def rows(made, form):
    text = statements.written(made, form)
    assert text.count("\r\n") >= 1 and text.endswith("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@pytest.fixture(scope="module")
def made():
    return [statements.make(seed) for seed in range(300)]


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_columns(made, version):
    found = rows(made, version)
    names = list(found[0])
    assert MANDATORY[version] <= set(names) and not REMOVED[version] & set(names)
    assert names == sorted(names) and "InvoiceId" in names
    for row in found:
        assert all(row[name] for name in NEVER_NULL & set(names)), row
        assert row["ChargeCategory"] in ("Usage", "Adjustment", "Tax") and row["ChargeClass"] in ("", "Correction")
        assert (row["ChargeCategory"] == "Usage") == bool(row["PricingQuantity"]) == bool(row["SkuPriceId"]) == bool(row["ConsumedQuantity"])


@pytest.mark.parametrize("form, number, amount", [("1.2", "InvoiceId", "BilledCost"), ("1.4", "InvoiceId", "BilledCost"), ("lines", "document", "amount")])
def test_a_documents_rows_sum_to_its_total(made, form, number, amount):
    sums = defaultdict(Fraction)
    for row in rows(made, form):
        sums[row[number]] += Fraction(row[amount])
    for statement in made:
        assert sums[statement["number"]] == Fraction(statement["total"])


def test_a_cost_is_its_quantity_at_its_price(made):
    for row in rows(made, "1.4"):
        assert row["BilledCost"] == row["ListCost"] == row["EffectiveCost"] == row["ContractedCost"]
        if row["PricingQuantity"]:
            assert Fraction(row["PricingQuantity"]) * Fraction(row["ContractedUnitPrice"]) == Fraction(row["ContractedCost"])
            per = 2**30 if row["PricingUnit"] == "GiB" else 1
            assert Fraction(row["ConsumedQuantity"]) == Fraction(row["PricingQuantity"]) * per


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_how_often_a_charge_comes(made, version):
    """What invoices bring comes with each of them; a correction's rounding and tax do not come again.  Usage does both ways."""
    corrections = {statement["number"] for statement in made if statement["references"]}
    found = rows(made, version)
    for row in found:
        once = "One-Time" if row["InvoiceId"] in corrections else "Recurring"
        assert row["ChargeFrequency"] == ("Usage-Based" if row["ChargeCategory"] == "Usage" else once), row
    assert {row["ChargeFrequency"] for row in found} == {"Usage-Based", "Recurring", "One-Time"}


@pytest.mark.parametrize("version", ["1.2", "1.4"])
def test_a_price_id_names_no_amount(version):
    """So that it stays the same when the price of the list changes; tiers have one each."""
    line = next(one for one in plain()["lines"] if one["what"] == "calls")
    lines = [dict(line, unit_price=price, amount="0.00", quantity="0", rule=rule) for price in ("0.10", "0.25") for rule in ("tier 1 of 2", "tier 2 of 2")]
    assert [row["SkuPriceId"] for row in rows([plain(lines=lines)], version) if row["SkuPriceId"]] == ["calls: tier 1 of 2", "calls: tier 2 of 2"] * 2


def test_a_correction_is_of_the_billing_period_it_is_issued_in():
    """1.3 on: no row is added to a period that was invoiced.  1.2 knows no such rule."""
    correction = plain(references=[{"number": "INV-2025-1", "issue_date": "2025-11-03"}], issue_date="2025-12-31")
    for version, begins, ends in (("1.2", "2025-09-30T15:00:00Z", "2025-10-31T15:00:00Z"), ("1.4", "2025-11-30T15:00:00Z", "2025-12-31T15:00:00Z")):
        for row in rows([correction], version):
            assert (row["BillingPeriodStart"], row["BillingPeriodEnd"], row["ChargeClass"]) == (begins, ends, "Correction")
            assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2025-09-30T15:00:00Z", "2025-10-31T15:00:00Z")
    draft = rows([dict(correction, issue_date=None)], "1.4")  # not issued yet: the month is all that is known
    assert {row["BillingPeriodStart"] for row in draft} == {"2025-09-30T15:00:00Z"}


def plain(**changes):
    return {**next(s for s in map(statements.make, range(99)) if s["lines"] and s["kind"] == "invoice"), **changes}


@pytest.mark.parametrize("form, column", [("1.2", "BillingAccountName"), ("1.4", "BillingAccountName"), ("lines", "name")])
@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "'=1", 'a","=1', "a\r\n=1", "=\"'"])
def test_no_name_is_a_formula(form, column, name):
    statement = plain()
    read = rows([plain(buyer=dict(statement["buyer"], name=name))], form)
    assert {row[column] for row in read} == {("'" if name[0] in "=+-@\t\r'" else "") + name}
    assert len(read) == len(rows([statement], form)) and None not in read[0]


def test_what_is_nobodys_is_owed_by_nobody():
    nobody = plain(kind="unattributed", number=None, buyer={"customer": None, "name": "Unattributed usage"})
    assert rows([nobody], "1.2") == rows([nobody], "1.4") == []
    assert {row["document"] for row in rows([nobody], "lines")} == {""}


def test_a_draft_has_no_number():
    draft = plain(kind="draft", number=None)
    assert {(row["InvoiceId"], row["InvoiceDetailId"]) for row in rows([draft], "1.4")} == {("", "")}


def test_periods_are_the_months_and_the_lines():
    line = dict(plain()["lines"][0], **{"from": "2025-10-10", "to": "2025-10-11"})
    row = rows([plain(lines=[line])], "1.2")[0]
    assert (row["BillingPeriodStart"], row["BillingPeriodEnd"]) == ("2025-09-30T15:00:00Z", "2025-10-31T15:00:00Z")
    assert (row["ChargePeriodStart"], row["ChargePeriodEnd"]) == ("2025-10-09T15:00:00Z", "2025-10-11T15:00:00Z")
