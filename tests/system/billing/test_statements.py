"""Each customer's document through the whole of it: draft, close, what was interrupted, corrections, credit notes, what
had no customer and is given one, and numbers that nobody gets twice."""

import gzip
import hashlib
import json
import time
from collections import defaultdict
from fractions import Fraction
from typing import Any

import jsonschema
from close_world import FOLDER, MORE, Books, openssl
from rollup_world import BUCKET, ROOT, World

VALIDATOR = jsonschema.Draft202012Validator(json.loads((ROOT / "specs/statement.schema.json").read_text()))
OTHERS = (4, 5, 6, 7, 8)  # numbers that another document took
SERIES, COPIES, NUMBERS = "billing/numbers/_series/", "billing/numbers/_given/", "billing/numbers/shop/"
STATEMENTS = "billing/_statements/shop/"
# A fourth call makes each of them cheaper.
PRICES = ('{from: 2020-01-01, calls: {mode: volume, tiers: [{up_to: "3", price: "1"}, {price: "0.001"}]}, gib: "0.10", '
          'rules: [{status: 5xx, bill: "false"}]}')
PARTIES = """      seller: {{name: "API <& Söhne", address: ["1 Street", "04524 서울"], country: KR, tax_id: "123-45", series: INV-, due_days: "14", tax: home}}
      taxes:
        - {{name: home, category: standard, rate: "10"}}
        - {{name: abroad, category: reverse_charge, reason: "Article 196"}}
      customers:
        - {{sub: small, customer: korea, name: "주식회사 한국 데이터", address: [서울], country: KR, reference: "PO 7", tax: home}}
        - {{sub: other, customer: arabia, name: "شركة الأمثلة", tax: abroad}}
{more}"""


def write_spec(books: Books, more: str = "") -> None:
    books.world.write(prices=PRICES, more=MORE.format(key=books.key) + PARTIES.format(more=more))


def call(books: Books, sub: str, day: str = "2025-10-02", size: int = 100, arrival: str = "2025-10-03T20:00") -> None:
    books.world.request(day, arrival, sub=sub, size=size, counted=True)


def documents(books: Books, folder: str) -> tuple[dict[str, Any], dict[str | None, dict[str, Any]]]:
    """The manifest, and what it has by customer; each is what the signed index says."""
    manifest = json.loads(books.read(f"{FOLDER}{folder}manifest.json"))
    path = next(f["path"] for f in manifest["files"] if f["name"] == "statements.jsonl.gz")
    found: dict[str | None, dict[str, Any]] = {}
    for line in gzip.decompress(books.read(f"{FOLDER}{folder}{path}")).splitlines():
        entry = json.loads(line)
        base = manifest["statements"]["folder"] + (entry["hash"] or "unattributed")
        text, html = books.read(base + ".json"), books.read(base + ".html")
        assert hashlib.sha256(text).hexdigest() == entry["json"]["sha256"]
        assert hashlib.sha256(html).hexdigest() == entry["html"]["sha256"]
        document = json.loads(text)
        VALIDATOR.validate(document)
        assert document["buyer"]["customer"] == entry["customer"]
        found[entry["customer"]] = document
    return manifest, found


def gapless(books: Books, *folders: str, others: tuple[int, ...] = ()) -> None:
    """Each number of a series and year is in one document, or in those of others, and none is left out."""
    given = defaultdict(list)
    for folder in folders:
        for document in documents(books, folder)[1].values():
            if document["number"]:
                series, year, number = document["number"].rsplit("-", 2)
                given[series, year].append(int(number))
    for numbers in given.values():
        numbers += [number for number in others if number < max(numbers)]
        assert sorted(numbers) == list(range(1, len(numbers) + 1))


def check_sums(books: Books, folder: str) -> None:
    manifest, found = documents(books, folder)
    nets = sum(Fraction(d["net"]) for c, d in found.items() if c is not None)
    assert nets == Fraction(manifest["totals"]["total"])
    if None in found:
        assert found[None]["net"] == manifest["unattributed"]["total"]


def deny(books: Books, nth: int, **params: str) -> None:
    books.sandbox.faults({"action": "error", "operation": "PutObject", "params": params, "nth": nth, "times": 0, "status": 403,
                          "code": "AccessDenied"})


def test_a_month(sandbox: Any, spec: Any, api: str) -> None:
    books = Books(World(sandbox, spec))
    write_spec(books)
    for sub in ("small", "small", "small", "other", "stranger", "-", "-"):
        call(books, sub)
    call(books, "small", day="2025-10-01", size=2**30)
    books.world.run("rollup", "--month", "2025-10")
    draft_is_shown(books)
    cannot_be_made(books)
    something_else_lies_there(books)
    begun_elsewhere(books)
    interrupted(books)
    gone_before_it_is_finished(books)
    finished(books)
    corrected(books)
    given_to_a_customer(books)
    two_at_once(books)
    tampered(books)


def draft_is_shown(books: Books) -> None:
    def ask(*words: str, code: int = 0) -> str:
        return books.world.run("bill", "--month", "2025-10", *words, code=code).stdout

    draft = json.loads(ask("--customer", "korea", "-o", "json"))
    VALIDATOR.validate(draft)
    assert (draft["kind"], draft["number"], draft["usage"]["calls"]) == ("draft", None, 4)
    assert [(row["day"], row["route"], row["calls"]) for row in draft["breakdown"]] == [
        ("2025-10-01", "GET /late", 1), ("2025-10-02", "GET /late", 3)]
    assert (draft["net"], draft["taxes"][0]["amount"], draft["total"]) == ("0.10", "0.01", "0.11")
    page = ask("--customer", "korea", "-o", "html")
    assert "API &lt;&amp; Söhne" in page and "주식회사" in page and "Draft" in page and "<script" not in page
    text = ask("--customer", "-", "-o", "text")
    assert text.startswith("Unattributed usage") and "2 calls x 1.00 USD" in text
    assert "no customer nobody" in books.world.run("bill", "--month", "2025-10", "--customer", "nobody", "-o", "json", code=1).stderr
    books.world.run("bill", "--month", "2025-10", "-o", "html", code=64)
    assert books.keys("billing/") == []


def cannot_be_made(books: Books) -> None:
    """What only writing would need is asked for before: nothing is written, and nobody is asked."""
    late = "        - {name: home, category: standard, rate: \"10\", from: 2026-01-01}\n"
    kept = books.world.values["more"]
    books.world.write(more=kept.replace('        - {name: home, category: standard, rate: "10"}\n', late))
    refused = books.close("2025-10", "--dry-run", code=4)
    assert refused["reasons"] == ["the statement of korea cannot be made: the tax rule home does not hold on 2025-10-31 yet: billing.taxes begins later"]
    books.world.write(more=kept)
    template = books.world.own_template() / "pipeline.yaml"
    whole = template.read_text()
    template.write_text(whole.replace("  usage_days: ${file:sql/usage_days.sql}\n", ""))
    told = books.world.run("check", code=78).stderr
    assert "seller: needs the query usage_days" in told and "usage_days: ${file:sql/usage_days.sql}" in told
    template.write_text(whole)
    assert books.keys("billing/") == []


def something_else_lies_there(books: Books) -> None:
    """What a document says by day may be another after a rebuild, with the same bill: another folder has it."""
    deny(books, 2)
    books.world.run("close", "2025-10", "--yes", code=77)
    books.sandbox.faults()
    [left] = books.keys(STATEMENTS)
    books.put(left, b"{}")


def begun_elsewhere(books: Books) -> None:
    """A close of another year, or with another series, may have numbers of this document: what it began with holds."""
    key = STATEMENTS + "2025-10/series.json"
    books.put(key, b'{"series":"OLD-","year":2025}')
    assert f"begun with the series OLD-, as s3://{BUCKET}/{key} says" in books.world.run("close", "2025-10", "--yes", code=1).stderr
    year = time.gmtime().tm_year - 1
    books.put(key, json.dumps({"series": "INV-", "year": year}).encode())
    entry = {"format_version": 1, "series": "INV-", "year": year, "first": 1, "last": 3, "before": "", "invoice": "shop-2025-10",
             "manifest_sha256": "0" * 64, "documents": {"shop-2025-10": [1, 3, "0" * 64]}}
    books.put(f"{SERIES}INV-/{year}/000000001.json", json.dumps(entry).encode())
    told = books.world.run("close", "2025-10", "--yes", code=1).stderr
    assert "were taken for this document, and s3://" in told and f"entry-{'0' * 64}.json" in told
    books.s3.delete_object(Bucket=BUCKET, Key=f"{SERIES}INV-/{year}/000000001.json")
    assert books.keys(SERIES) == [] and books.keys(NUMBERS) == []


def interrupted(books: Books) -> None:
    """The numbers are taken, their document's own is not: what is closed next is that very document."""
    deny(books, 1, Key=NUMBERS + "shop-2025-10.json")
    assert "nothing is closed yet" in books.world.run("close", "2025-10", "--yes", code=77).stderr
    books.sandbox.faults()
    bound = json.loads(books.read(STATEMENTS + "2025-10/series.json"))["year"]
    *ended, taken = [json.loads(books.read(key)) for key in books.keys(SERIES)]
    assert [one["year"] for one in ended] == list(range(bound, taken["year"])) and books.keys(NUMBERS) == []
    assert all((one["ended"], one["first"], one["last"], one["documents"]) == (True, 1, 0, {}) for one in ended)
    assert books.keys(COPIES) == [f"{COPIES}INV-/{taken['year']}/000000001.json"]


def gone_before_it_is_finished(books: Books) -> None:
    """It is finished only with all that it wrote; and another month waits for it, whose numbers would be behind a gap."""
    for key in (next(k for k in books.keys(STATEMENTS) if k.endswith(".html")), books.keys(FOLDER)[0]):
        kept = books.read(key)
        books.s3.delete_object(Bucket=BUCKET, Key=key)
        refused = books.close(code=4)
        assert "is not there any more" in refused["reasons"][0] and "bring it back" in refused["reasons"][0]
        books.put(key, kept)
    other, kept = books.home / "other.pem", books.world.values["more"]
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(other))
    other.chmod(0o600)
    books.world.write(more=kept.replace(str(books.key), str(other)))
    assert "not signed by the key" in books.close(code=4)["reasons"][0]  # somebody else may have laid it there
    books.world.write(more=kept)
    call(books, "other", day="2025-11-02", arrival="2025-11-02T20:00")
    books.world.run("rollup", "--month", "2025-11")
    before = books.keys("billing/")
    refused = books.world.run("close", "2025-11", "--first", "--yes", code=1)
    assert "billingd close 2025-10, then this one" in refused.stderr
    assert books.keys("billing/") == before


def finished(books: Books) -> None:
    taken = {key: books.read(key) for key in books.keys("billing/")}
    call(books, "small")
    books.world.run("rollup", "--month", "2025-10")
    closed = books.close()
    assert any("with the numbers of its statements taken" in note for note in closed["notes"])
    assert {key: books.read(key) for key in taken} == taken
    manifest, found = documents(books, "2025-10/")
    assert set(found) == {"korea", "arabia", "stranger", None}
    assert found["korea"]["usage"]["calls"] == 4  # the fifth came later
    assert found["korea"]["buyer"]["reference"] == "PO 7" and found["korea"]["seller"]["tax_id"] == "123-45"
    assert found["arabia"]["taxes"][0]["category"] == "AE" and found["arabia"]["taxes"][0]["reason"] == "Article 196"
    assert {d["kind"] for c, d in found.items() if c} == {"invoice"} and found[None]["kind"] == "unattributed"
    gapless(books, "2025-10/")
    check_sums(books, "2025-10/")
    verified = books.verify()
    assert verified["verified"] is True and "shop-2025-10: 3 statements, which come to the bill" in verified["checked"]


def others_took_the_numbers(books: Books, nth: int) -> None:
    """While the correction's numbers are taken, another document gets them: it takes the next, and is written anew."""
    books.sandbox.faults({"action": "hold", "operation": "PutObject", "nth": nth})
    process = books.world.begin("close", "2025-10", "--correct", "--yes", "-o", "json")
    while not books.sandbox.fault_counts()[0]["fired"]:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    last = json.loads(books.read(books.keys(SERIES)[-1]))
    first, end = last["last"] + 1, last["last"] + len(OTHERS)
    assert (first, end) == (OTHERS[0], OTHERS[-1])
    entry = {**last, "first": first, "last": end, "invoice": "other-2025-10",
             "documents": {**last["documents"], "other-2025-10": [first, end, "0" * 64]}}
    books.put(f"{SERIES}INV-/{last['year']}/{first:09}.json", json.dumps(entry).encode())
    books.sandbox.faults()
    out, told = process.communicate(timeout=180)
    assert process.returncode == 0, told
    assert json.loads(out)["invoice"] == "shop-2025-10-c1"


def corrected(books: Books) -> None:
    """What comes late may make it dearer, or cheaper: a credit note."""
    for _ in range(3):
        call(books, "other")  # a fourth call of three: each is cheaper now
    call(books, "new", size=2**30)
    books.world.run("rollup", "--month", "2025-10")
    others_took_the_numbers(books, 2 * 3 + 9 + 3)
    _, before = documents(books, "2025-10/")
    _, found = documents(books, "2025-10/corrections/1/")
    assert {c: d["kind"] for c, d in found.items()} == {"korea": "invoice", "arabia": "credit_note", "new": "invoice"}
    credit = found["arabia"]
    assert (credit["net"], credit["total"]) == ("-1.00", "-1.00")
    assert credit["references"] == [{"number": before["arabia"]["number"], "issue_date": before["arabia"]["issue_date"]}]
    assert [line["amount"] for line in credit["lines"] if line["what"] == "billed"] == ["-1.00"]
    assert (credit["due_date"], credit["terms"]) == (None, None) and found["korea"]["terms"] == "Payable within 14 days."
    assert found["new"]["references"] == []
    assert {int(d["number"][-6:]) for d in found.values()} == {9, 10, 11}
    gapless(books, "2025-10/", "2025-10/corrections/1/", others=OTHERS)
    check_sums(books, "2025-10/corrections/1/")


def given_to_a_customer(books: Books) -> None:
    """An entry for what has no sub, with its days: nobody's usage becomes somebody's, as a correction."""
    write_spec(books, more='        - {sub: "-", customer: arabia, from: 2025-10-02, to: 2025-10-02}\n')
    correction = books.close("2025-10", "--correct")
    assert any("given to the customer arabia" in note for note in correction["notes"])
    _, found = documents(books, "2025-10/corrections/2/")
    assert set(found) == {"arabia", None}
    assert found["arabia"]["usage"]["calls"] == 6 and found["arabia"]["kind"] == "invoice"
    assert found[None]["net"] == "-2.00" and found[None]["usage"]["calls"] == 0
    gapless(books, "2025-10/", "2025-10/corrections/1/", "2025-10/corrections/2/", others=OTHERS)
    check_sums(books, "2025-10/corrections/2/")
    assert books.close("2025-10", "--correct")["closed"] is False  # once
    assert books.verify()["verified"] is True


def two_at_once(books: Books) -> None:
    for sub in ("small", "other"):
        call(books, sub, day="2025-11-02", arrival="2025-11-02T20:00")
    books.world.run("rollup", "--month", "2025-11")
    both = [books.world.begin("close", "2025-11", "--yes") for _ in range(2)]
    ends = [(p.communicate(timeout=180), p.returncode) for p in both]
    assert sorted(code for _, code in ends) in ([0, 4], [0, 0]), ends
    gapless(books, "2025-10/", "2025-10/corrections/1/", "2025-10/corrections/2/", "2025-11/", others=OTHERS)
    assert books.verify("2025-11")["verified"] is True


def tampered(books: Books) -> None:
    """A changed document, one that is gone, a page, and the entry of the numbers: each is told, by name."""
    manifest, found = documents(books, "2025-11/")
    base = manifest["statements"]["folder"] + hashlib.sha256(b"korea").hexdigest()
    first = f"{SERIES}INV-/{manifest['statements']['year']}/{manifest['statements']['first']:09}.json"
    for key, body, said in ((base + ".json", b"0.00", "was changed"), (base + ".html", None, "is missing"),
                            (first, None, "numbers")):
        kept = books.read(key)
        if body is None:
            books.s3.delete_object(Bucket=BUCKET, Key=key)
        else:
            books.put(key, kept.replace(b'"net": "1.00"', b'"net": "0.00"'))
        told = books.verify("2025-11", code=5)["differences"]
        assert [d for d in told if said in d], told
        books.put(key, kept)
    numbers_removed(books, first)
    assert books.verify("2025-11")["verified"] is True


def numbers_removed(books: Books, first: str) -> None:
    """The newest entry, which no other names: by its copy, and without that by what is signed, nobody gets its numbers."""
    call(books, "small", day="2025-11-02", arrival="2025-11-02T21:00")
    books.world.run("rollup", "--month", "2025-11")
    copy = first.replace(SERIES, COPIES)
    kept = books.read(first)
    assert books.read(copy) == kept
    before = books.keys("billing/")
    entry = json.loads(kept)
    shorter = {**entry, "last": entry["last"] - 1, "documents": {**entry["documents"], "shop-2025-11": [
        entry["first"], entry["last"] - 1, entry["manifest_sha256"]]}}
    books.put(first, json.dumps(shorter).encode())  # whole in itself: the last number would be given again
    assert "differ, one of them was changed" in books.world.run("close", "2025-11", "--correct", "--yes", code=1).stderr
    for gone, told in ((first, f"put its copy s3://{BUCKET}/{copy} back there"),
                       (copy, "shop-2025-11 has numbers of the series INV-")):
        books.s3.delete_object(Bucket=BUCKET, Key=gone)
        assert told in books.world.run("close", "2025-11", "--correct", "--yes", code=1).stderr
    for key in (copy, first):
        books.put(key, kept)
    assert books.keys("billing/") == before
    books.close("2025-11", "--correct")
