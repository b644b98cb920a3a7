"""500 generated bills are valid: the schemas of UBL 2.1 and CEN's rules for EN 16931 find nothing, not even a warning."""

import re

import statements

MANY = 500

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


def test_all_bills_are_valid_and_broken_ones_are_not(validate):
    made = [statements.make(seed) for seed in range(MANY)]
    files = {f"{seed:04}": xml for seed, xml in enumerate(statements.documents(made))}
    assert all(isinstance(xml, str) for xml in files.values()), [x for x in files.values() if not isinstance(x, str)][:3]
    kinds = {(s["kind"], s["taxes"][0]["category"], s["currency"]) for s in made}
    assert {k for k, _, _ in kinds} == {"draft", "invoice", "credit_note"}
    assert {c for _, c, _ in kinds} == {"S", "Z", "E", "AE", "O"} and len({c for _, _, c in kinds}) == len(statements.DIGITS)
    good = next(xml for s, xml in zip(made, files.values())
                if s["kind"] == "invoice" and s["currency"] == "EUR" and s["taxes"][0]["category"] == "S" and s["lines"])
    files.update({f"broken-{what}": change(good) for what, change, _ in BROKEN})
    told, valid = validate(files)
    for what, _, rule in BROKEN:
        assert re.search(rule, " ".join(told.pop(f"broken-{what}", []))), what
    assert told == {}
    assert valid == MANY
