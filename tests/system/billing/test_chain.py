"""The chain of closes: no number twice, no month over another, nothing taken away unnoticed."""

import gzip
import hashlib
import json
import re
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from close_world import FOLDER, MORE, Books, openssl
from rollup_world import BUCKET, World, moment
from test_close import kill_at_write, puts, reasons

NUMBERS = "billing/numbers/shop/"
CORRECTION = FOLDER + "2025-10/corrections/1/"


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    return Books(World(sandbox, spec))


@pytest.fixture
def two(books: Books) -> Books:
    """October and November, one day of traffic each; October closed."""
    books.months("2025-10", "2025-11")
    books.close("2025-10")
    return books


def late(books: Books, size: int, sub: str = "late-sub") -> None:
    books.world.request("2025-10-01", "2025-10-03T20:00", sub=sub, size=size)
    books.world.run("rollup", "--month", "2025-10")


def correct(books: Books, *words: str, code: int = 0) -> dict[str, Any]:
    return books.close("2025-10", "--correct", *words, code=code)


def remove(books: Books, *prefixes: str) -> dict[str, bytes]:
    """What was there."""
    kept = {key: books.read(key) for prefix in prefixes for key in books.keys(prefix)}
    assert kept
    for key in kept:
        books.s3.delete_object(Bucket=BUCKET, Key=key)
    return kept


def restore(books: Books, kept: dict[str, bytes]) -> None:
    for key, body in kept.items():
        books.put(key, body)


# -- numbers ------------------------------------------------------------------------------------------------

def test_a_number_is_given_once(two: Books) -> None:
    """The newest correction is deleted: told by both months, the number stays used, the amounts stay billed."""
    late(two, 7 * 2**30)
    first = correct(two)
    assert first["invoice"] == "shop-2025-10-c1"
    two.close("2025-11")
    assert two.manifest("2025-11")["documents"].keys() == {"shop-2025-10", "shop-2025-10-c1"}
    assert two.verify("2025-10")["verified"] is True
    assert "1 corrections of the months before" in two.verify("2025-11")["checked"]
    kept = remove(two, CORRECTION)
    for month in ("2025-10", "2025-11"):
        found = two.verify(month, code=5)
        assert any("corrections/1/manifest.json" in text for text in found["differences"]), (month, found)
    late(two, 5 * 2**30)
    second = correct(two)
    assert second["invoice"] == "shop-2025-10-c2"
    assert any("its amounts are taken from the register" in text for text in second["notes"])
    lines = {line["customer"]: line for line in second["bill"]["lines"]}
    assert (lines["late-sub"]["calls"], lines["late-sub"]["bytes"]) == (1, 5 * 2**30)
    assert two.verify("2025-10", code=5)["corrections"] == 2
    restore(two, kept)
    assert two.verify("2025-10", "--from-raw")["verified"] is True and two.verify("2025-11")["verified"] is True
    assert correct(two)["closed"] is False  # nothing arrived


def test_another_archive_gives_no_number_again(two: Books) -> None:
    """The register of numbers stays where it is, so another close.archive begins no second chain."""
    number = two.read(NUMBERS + "shop-2025-10.json")
    two.world.write(more=MORE.format(key=two.key).replace("close: {", "close: {archive: elsewhere/, "))
    late(two, 7 * 2**30)
    again = two.close("2025-10", code=4)
    assert reasons(again), again
    assert two.read(NUMBERS + "shop-2025-10.json") == number
    assert two.keys("elsewhere/") == []


def test_deleted_before_the_next_close(two: Books) -> None:
    late(two, 7 * 2**30)
    correct(two)
    kept = remove(two, CORRECTION)
    assert any("corrections/1/" in text for text in two.verify("2025-10", code=5)["differences"])
    two.close("2025-11")  # names it all the same
    assert "shop-2025-10-c1" in two.manifest("2025-11")["documents"]
    assert two.verify("2025-11", code=5)["verified"] is False
    late(two, 5 * 2**30)
    assert correct(two)["invoice"] == "shop-2025-10-c2"
    restore(two, kept)
    assert two.verify("2025-10")["verified"] is True and two.verify("2025-11")["verified"] is True


def test_deleted_with_its_number(two: Books) -> None:
    """Then the next month's manifest still names it, and what it billed is unknown: no correction on top of that."""
    late(two, 7 * 2**30)
    correct(two)
    two.close("2025-11")
    kept = remove(two, CORRECTION, NUMBERS + "shop-2025-10-c1")
    for month in ("2025-10", "2025-11"):
        assert two.verify(month, code=5)["verified"] is False
    late(two, 5 * 2**30)
    assert "a later manifest names it" in reasons(correct(two, code=4))
    restore(two, kept)
    assert correct(two)["invoice"] == "shop-2025-10-c2"
    assert two.verify("2025-10")["verified"] is True


def test_only_its_number_deleted(two: Books) -> None:
    remove(two, NUMBERS + "shop-2025-10.json")
    assert any("register of numbers" in text for text in two.verify("2025-10", code=5)["differences"])


def test_a_manifest_taken_away_comes_back_as_it_was(two: Books) -> None:
    late(two, 7 * 2**30)
    correct(two)
    text = two.read(CORRECTION + "manifest.json")
    remove(two, CORRECTION + "manifest.json")
    assert any("corrections/1/manifest.json" in d for d in two.verify("2025-10", code=5)["differences"])
    late(two, 5 * 2**30)
    again = correct(two)
    assert again["invoice"] == "shop-2025-10-c1" and any("finished as it was" in note for note in again["notes"])
    assert two.read(CORRECTION + "manifest.json") == text
    assert correct(two)["invoice"] == "shop-2025-10-c2"
    assert two.verify("2025-10")["verified"] is True


def test_an_invoice_taken_away(two: Books) -> None:
    kept = remove(two, FOLDER + "2025-10/")
    assert two.verify("2025-10", code=5)["verified"] is False
    for words in (("2025-10",), ("2025-10", "--correct"), ("2025-11",)):
        assert "bring it back" in reasons(two.close(*words, code=4))
    restore(two, kept)
    assert two.verify("2025-10")["verified"] is True
    remove(two, FOLDER + "2025-10/manifest.json")
    assert "begun and not finished" in reasons(two.close("2025-11", code=4))
    two.close("2025-10")
    assert {key: two.read(key) for key in kept} == kept
    two.close("2025-11")
    # Another manifest under its name.
    two.put(FOLDER + "2025-10/manifest.json", two.read(FOLDER + "2025-10/manifest.json") + b"\n")
    assert any("not what was signed" in text for text in two.verify("2025-10", code=5)["differences"])
    assert "not what was signed" in reasons(correct(two, code=4))


def test_an_unsigned_entry_of_the_register(two: Books) -> None:
    """What is taken from the register must be signed."""
    late(two, 7 * 2**30)
    correct(two)
    key = NUMBERS + "shop-2025-10-c1.json"
    body = json.loads(two.read(key))
    body["bill"]["lines"][0]["bytes"] = 1
    two.put(key, json.dumps(body).encode())
    assert any("shop-2025-10-c1: its entry in the register of numbers holds another bill" in text
               for text in two.verify("2025-10", code=5)["differences"])
    remove(two, CORRECTION)
    assert "another bill" in reasons(correct(two, code=4))
    body["manifest"] = body["manifest"].replace('"calls": 1', '"calls": 2')
    two.put(key, json.dumps(body).encode())
    assert "not signed by the key" in reasons(correct(two, code=4))
    two.put(key, b"{}")
    assert "no entry of the register" in two.world.run("close", "2025-10", "--correct", "--yes", code=1).stderr
    assert any("no entry of the register" in text for text in two.verify("2025-10", code=5)["differences"])


def test_correction_killed_at_every_write(two: Books) -> None:
    """Whenever it dies, and whatever arrives meanwhile: one document per number, everything billed once."""
    late(two, 2**30)
    total = 2**30
    # Its 8 files, its number; from there on what was begun is finished: signature, manifest.
    for nth in [*range(1, 10), 1, 2]:
        kill_at_write(two, nth, "close", "2025-10", "--correct", "--yes")
        is_there = CORRECTION + "manifest.json" in two.keys()
        found = two.verify("2025-10", code=0 if is_there else 5)
        assert is_there or any("corrections/1/" in text for text in found["differences"]), found
        late(two, 2**30)
        total += 2**30
    assert is_there
    second = correct(two)
    assert second["invoice"] == "shop-2025-10-c2"
    found = two.verify("2025-10", "--from-raw")
    assert found["verified"] is True and found["corrections"] == 2 and found["later"]["days"] == []
    signed = [json.loads(json.loads(two.read(key))["manifest"]) for key in two.keys(NUMBERS)]
    sizes = [c["bytes"] for one in signed for c in one["customers"] if c["customer"] == "late-sub"]
    assert sum(sizes) == total


def test_two_corrections_at_once(two: Books) -> None:
    """With different contents: one has the number, the other says that it has not."""
    late(two, 2**30)
    two.sandbox.faults({"action": "hold", "operation": "PutObject", "nth": 1})
    one = two.world.begin("close", "2025-10", "--correct", "--yes")
    while not two.sandbox.fault_counts()[0]["fired"]:
        assert one.poll() is None, one.communicate()
    late(two, 2**30)
    other = two.world.run("close", "2025-10", "--correct", "--yes", "-o", "json")
    two.sandbox.faults()
    out, told = one.communicate(timeout=180)
    assert one.returncode == 4 and "the number shop-2025-10-c1 was given meanwhile, to somebody else or" in told, (out, told)
    assert json.loads(other.stdout)["invoice"] == "shop-2025-10-c1"
    assert len(two.keys(NUMBERS)) == 2
    found = two.verify("2025-10")
    assert found["verified"] is True and found["corrections"] == 1 and found["later"]["days"] == []


def test_two_months_at_once(books: Books) -> None:
    """The one that is behind sees the other before it takes its number: one chain, and no document without it."""
    books.months("2025-10", "2025-11")
    books.sandbox.faults({"action": "latency", "operation": "PutObject", "nth": 1, "latency_ms": 6000})
    first = books.world.begin("close", "2025-10", "--yes")
    while not books.sandbox.fault_counts()[0]["fired"]:
        assert first.poll() is None, first.communicate()
    books.close("2025-11")
    _, told = first.communicate(timeout=60)
    books.sandbox.faults()
    assert first.returncode == 1 and "shop-2025-11 was closed meanwhile" in told, told
    assert [key.rpartition("/")[2] for key in books.keys(NUMBERS)] == ["shop-2025-11.json"]
    assert "closed already, without 2025-10 before it" in reasons(books.close("2025-10", code=4))
    assert books.verify("2025-11")["verified"] is True


# -- months join ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("zone", "other", "word"), [("UTC", "Asia/Seoul", "twice"), ("Asia/Seoul", "UTC", "never")])
def test_a_zone_that_changed(books: Books, zone: str, other: str, word: str) -> None:
    """The calls of the edge would be in both invoices, or in none."""
    world = books.world
    world.write(zone=zone, since="2025-09-30")
    world.request("2025-10-31T18:00", "2025-10-31T18:05", sub="edge")
    books.months("2025-10", "2025-11")
    ours = books.close("2025-10")
    period = ours["manifest"]["period"]
    assert period["to"] - period["from"] == 31 * 86400
    assert any(line["customer"] == "edge" for line in ours["bill"]["lines"]) is (zone == "UTC")
    for bad, says in (("UTC until 2025-11-01", "no list of zones"), ("UTC until 2025-11-01, Asia/Soul", "Asia/Seoul?"),
                      ("UTC until 2025-11-01, Asia/Seoul until 2025-11-01, UTC", "each until a later day")):
        world.write(zone=f'"{bad}"')
        assert says in world.run("check", code=78).stderr
    world.write(zone=other)
    world.run("rollup", "--from", "2025-10-01", "--to", "2025-11-30")
    for words in ((), ("--first",)):
        told = reasons(books.close("2025-11", *words, code=4))
        assert f"billed {word}" in told and f"set billing.time_zone back to {zone}" in told, told
    # Set back, or the next month begins where that one ended: either way the calls of the edge are in one invoice.
    (way,) = re.findall(r'time_zone: "(.*?)"', told)
    assert way == f"{zone} until 2025-11-01, {other}"
    for chosen in (zone, f'"{way}"'):
        world.write(zone=chosen)
        world.run("rollup", "--from", "2025-10-01", "--to", "2025-11-30")
        found = books.close("2025-11", "--dry-run")
        assert any(line["customer"] == "edge" for line in found["bill"]["lines"]) is (zone != "UTC")
        assert found["bill"]["time_zone"] == chosen.strip('"')
        assert found["bill"]["totals"]["calls"] == 40 + (zone != "UTC")
    assert f'time_zone was "{zone}", is "{way}"' in "".join(found["notes"])
    november = books.close("2025-11")
    assert november["manifest"]["period"]["from"] == period["to"]
    assert november["manifest"]["period"]["to"] == moment("2025-12-01T00:00") - (9 * 3600 if other != "UTC" else 0)
    assert any(f'time_zone was "{zone}"' in text for text in november["manifest"]["changes"])
    found = books.verify("2025-11", "--from-raw")
    assert found["verified"] is True and any("time_zone" in text for text in found["notes"])
    assert books.verify("2025-10", "--from-raw")["verified"] is True
    assert json.loads(world.run("audit", "--from", "2025-10-01", "--to", "2025-11-30", "-o", "json").stdout)[
        "verdict"] == "complete"


def test_what_was_passed_over_is_said(books: Books) -> None:
    books.world.write(since="2025-11-01", more=MORE.format(key=books.key))
    books.months("2025-11", "2026-01")
    books.close("2025-11")
    found = books.close("2026-01")["manifest"]
    assert found["skipped"]["reason"] == "no data"
    assert found["skipped"]["period"]["to"] == found["period"]["from"]
    assert found["skipped"]["period"]["from"] == books.manifest("2025-11")["period"]["to"]
    assert books.verify("2026-01")["verified"] is True


def test_other_rules_are_told(two: Books) -> None:
    two.world.write(late=5)
    two.world.run("rollup", "--from", "2025-10-01", "--to", "2025-11-30")
    found = two.close("2025-11")
    assert "since 2025-10 was closed, late_days was 3, is 5" in found["notes"]
    assert found["manifest"]["changes"] == ["late_days was 3, is 5"]
    assert found["manifest"]["rules"]["late_days"] == 5 and found["manifest"]["rules"]["bucket"] == BUCKET
    found = two.verify("2025-11")
    assert found["verified"] is True and found["notes"] == ["shop-2025-10 to shop-2025-11: late_days was 3, is 5"]
    assert "since it was closed, late_days was 3, is 5" in two.verify("2025-10")["notes"]


def test_evidence_of_all_documents(two: Books) -> None:
    """Objects and usage of each document are its own."""
    late(two, 2**30)
    correct(two)
    names = json.loads(two.read(CORRECTION + "manifest.json"))
    path = next(f["path"] for f in names["files"] if f["name"] == "usage.json.gz")
    lines = json.loads(gzip.decompress(two.read(CORRECTION + path)))["lines"]
    assert any(line[1] == "late-sub" for line in lines)
    assert names["period"] == two.manifest("2025-10")["period"]
    assert puts(two)[-1]["params"]["Key"] == CORRECTION + "manifest.json"


def test_months_closed_by_an_older_billingd(two: Books) -> None:
    """Without register, period and list of documents: verified as ever, and the chain goes on with them."""
    folder = FOLDER + "2025-10/"
    new = ("period", "rules", "documents")
    manifest = {k: v for k, v in two.manifest("2025-10").items() if k not in new}
    text = json.dumps(manifest, indent=2, sort_keys=True, ensure_ascii=False) + "\n"
    (two.home / "old.json").write_text(text)
    openssl("pkeyutl", "-sign", "-inkey", str(two.key), "-rawin", "-in", str(two.home / "old.json"),
            "-out", str(two.home / "old.sig"))
    remove(two, NUMBERS)
    for key in two.keys(folder):
        if "/manifest" in key:
            two.s3.delete_object(Bucket=BUCKET, Key=key)
    digest = hashlib.sha256(text.encode()).hexdigest()
    two.put(folder + "manifest.json", text.encode())
    two.put(f"{folder}manifest-{digest[:16]}.sig", (two.home / "old.sig").read_bytes())
    assert two.verify("2025-10")["verified"] is True
    late(two, 2**30)
    assert correct(two)["invoice"] == "shop-2025-10-c1"
    november = two.close("2025-11")["manifest"]
    assert november["documents"]["shop-2025-10"] == digest and "shop-2025-10-c1" in november["documents"]
    assert two.verify("2025-10")["verified"] is True and two.verify("2025-11")["verified"] is True
    remove(two, CORRECTION)
    assert two.verify("2025-11", code=5)["verified"] is False


def test_the_month_that_is_due_is_closed_by_itself(books: Books) -> None:
    """What billingd-close.timer runs: the months behind the chain's last, in order, up to one that must not be closed."""
    def due(*words: str, code: int) -> str:
        done = books.world.run("close", "--due", "--yes", *words, code=code)
        return str(done.stdout + done.stderr)

    books.months("2025-10", "2025-11")
    assert "close the first one by hand" in due(code=4) and books.keys() == []
    books.close("2025-10")
    assert "Invoice shop-2025-11" in due("--dry-run", code=0)
    assert not any("2025-11" in key for key in books.keys())
    # December had no call, and nobody knows whether the gateway had any: that is for people.
    found = due(code=4)
    assert "2025-11/manifest.json" in found
    assert "shop: 2025-12 is not closed:" in found and "cannot tell whether all is there" in found
    assert not any("2025-12" in key for key in books.keys()) and books.verify("2025-11")["verified"]
    # One that was interrupted is finished first.
    books.s3.delete_object(Bucket=BUCKET, Key=f"{FOLDER}2025-11/manifest.json")
    assert "2025-11/manifest.json" in due(code=4) and books.verify("2025-11")["verified"]
    for words in (("2025-11",), ("--correct",), ("--first",)):
        assert "--due finds the month itself" in due(*words, code=64)


def test_a_month_that_is_not_due_waits(books: Books) -> None:
    """As long as events of it may come late."""
    first = datetime.now(timezone.utc).replace(day=1)
    month = (first - timedelta(days=40)).replace(day=1)
    books.world.write(late=90, more=MORE.format(key=books.key))
    books.world.apply()
    books.generate(f"{month:%Y-%m}", days=1, requests=40, customers=3)
    books.close(f"{month:%Y-%m}", "--accept-unknown")
    done = books.world.run("close", "--due", "--yes", "-o", "json")
    found = json.loads(done.stdout)
    end = datetime(first.year, first.month, 1, tzinfo=timezone.utc)
    assert found["month"] == f"{end - timedelta(days=1):%Y-%m}" and found["closed"] is False
    assert found["due"] == f"{end + timedelta(days=91):%Y-%m-%dT%H:%M:%SZ}"
