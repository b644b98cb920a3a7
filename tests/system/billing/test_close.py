"""Closing: refusals, what is written, what arrives later, and that nothing can be changed unnoticed."""

import csv
import gzip
import hashlib
import io
import json
import re
import signal
import subprocess
import time
from fractions import Fraction
from typing import Any

import pytest
from close_world import FOLDER, MORE, Books, openssl
from rollup_world import BUCKET, DATABASE, GROUP, ROOT, TABLE, World, moment

OCTOBER = FOLDER + "2025-10/"
NAMES = {"invoice.json", "invoice.csv", "invoice.focus.csv", "price-book.json", "queries.json", "audit.json",
         "usage.json.gz", "objects.json.gz", "public-key.pem"}


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    return Books(World(sandbox, spec))


def reasons(found: dict[str, Any]) -> str:
    assert found["closed"] is False
    return "\n".join(found["reasons"])


def cents(calls: int, size: int) -> Fraction:
    exact = Fraction(calls, 1000) + Fraction(size, 2**30 * 10)
    return Fraction(int(exact * 100 + Fraction(1, 2)), 100)


# -- may it be closed -------------------------------------------------------------------------------------

def test_refusals(books: Books) -> None:
    world = books.world
    books.sandbox.generate("2025-10", requests=60, customers=3, days=2, margin_days=0, log_group=GROUP)
    books.key.chmod(0o640)
    found = reasons(books.close(code=4))
    assert "2025-10-01 to 2025-10-0" in found and "no rollup" in found
    assert "mode 0640" in found and f"chmod 600 {books.key}" in found
    world.run("rollup", "--month", "2025-10")
    assert "no rollup" not in (found := reasons(books.close(code=4))) and "chmod 600" in found
    for make, word in ((("genpkey", "-algorithm", "x25519"), "Ed25519"),
                       (("genpkey", "-algorithm", "ed25519", "-aes256", "-pass", "pass:secret"), "passphrase")):
        openssl(*make, "-out", str(books.key))
        books.key.chmod(0o600)
        assert word in reasons(books.close(code=4))
    world.write(more="")
    assert "signing_key" in reasons(books.close(code=4))
    # A day that comes after the last closed one is open.
    soon = time.strftime("%Y-%m", time.gmtime())
    assert "not closed yet" in reasons(books.close(soon, code=4))
    assert books.keys() == []
    assert world.run("close", "2025-13", code=64).stdout == ""
    for entry, says in (("{events: 1, why: x}", "needs from"), ("{from: 2025-10-02, events: 1}", "needs why"),
                        ("{from: 2025-10-02, why: x}", "needs events"), ("{from: 2025-10-02, to: 2025-10-01, events: 1, why: x}",
                                                                         "before from"), ("{day: 2025-10-02}", "day")):
        world.write(more=f"      audit: {{accept: [{entry}]}}\n")
        assert says in world.run("check", code=78).stderr


def test_unexplained_gap(books: Books) -> None:
    hour = moment("2025-10-01T10:00")
    books.sandbox.switches(data_now=moment("2025-11-08T00:00"))  # the log group keeps 90 days
    books.sandbox.blocks({"hop": "filter", "from": hour, "to": hour + 6 * 3600})
    books.generate(days=2, requests=400)
    found = books.close(code=4)
    assert "forwarded" in reasons(found) and "2025-10-01T1" in reasons(found)
    books.sandbox.blocks()
    # Somebody takes the loss, and no more than that.
    asked = ("audit", "--month", "2025-10", "-o", "json")
    missing = sum(gap["events"] for gap in json.loads(books.world.run(*asked, code=5).stdout)["gaps"] if gap["above_limit"])
    for events, code in ((missing - 1, 5), (missing, 0)):
        accept = f"accept: [{{from: 2025-10-01, events: {events}, why: 'filter deleted, ticket 7'}}]"
        books.world.write(more=MORE.format(key=books.key).replace("0.01%", f"0.01%, {accept}"))
        audit = json.loads(books.world.run(*asked, code=code).stdout)
        assert audit["verdict"] == ("gap" if code else "accepted")
    found = books.close("2025-10", "--dry-run")
    assert f"{missing} events are missing (forwarded), and accepted: filter deleted, ticket 7" in found["notes"]
    assert "billing.audit.accept names" in books.world.run("audit", "--month", "2025-10").stdout
    books.world.write(more=MORE.format(key=books.key))
    books.world.run("backfill", "--month", "2025-10")
    books.world.run("rollup", "--month", "2025-10")
    assert books.close()["closed"] is True
    assert books.verify()["verified"] is True


# -- what is written -----------------------------------------------------------------------------------------

def test_closed_month(books: Books) -> None:
    truth = books.generate(days=3)
    books.sandbox.clear()
    assert books.close("2025-10", "--dry-run")["closed"] is False
    done = books.world.run("close", "2025-10", code=4)  # nobody there to confirm
    assert "--yes" in done.stderr
    assert books.keys() == [] and books.world.ours(kind="write", service="s3") == []
    bill = books.world.run("bill", "--month", "2025-10", "-o", "json").stdout
    closed = books.close()
    secret = books.key.read_text().split("\n")[1]
    assert closed["closed"] is True and secret not in json.dumps(closed)
    manifest = books.manifest()
    assert manifest == closed["manifest"]
    # The invoice is the bill, and the bill is the truth.
    assert books.file("invoice.json").decode() == bill
    assert manifest["bill_sha256"] == hashlib.sha256(json.dumps(
        json.loads(bill), sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()).hexdigest()
    assert {c["customer"]: [c["calls"], c["bytes"]] for c in manifest["customers"]} == {
        sub: [c["calls"], c["bytes"]] for sub, c in truth["customers"].items()}
    assert {k: manifest["unattributed"][k] for k in ("calls", "bytes")} == truth["unattributed"]
    # Everything that was written is named, with its hash.
    assert {f["name"] for f in manifest["files"]} == NAMES
    assert all(hashlib.sha256(books.read(OCTOBER + f["path"])).hexdigest() == f["sha256"] for f in manifest["files"])
    text = books.read(OCTOBER + "manifest.json")
    signature = f"{OCTOBER}manifest-{hashlib.sha256(text).hexdigest()[:16]}.sig"
    assert books.keys() == sorted([OCTOBER + "manifest.json", signature, *(OCTOBER + f["path"] for f in manifest["files"])])
    assert [c["params"]["Key"] for c in books.world.ours(service="s3", operation="PutObject")][-2:] == [
        signature, OCTOBER + "manifest.json"]
    assert all(c["params"]["IfNoneMatch"] == "*" for c in books.world.ours(service="s3", operation="PutObject"))
    assert secret.encode() not in b"".join(books.read(k) for k in books.keys())
    objects = {o["key"]: o["size"] for o in books.sandbox.objects(BUCKET, "access-logs/")}
    objects.pop(next(k for k in objects if "year=2025" not in k), None)  # the filter's test message, sent today
    assert {o["key"]: o["size"] for o in json.loads(gzip.decompress(books.file("objects.json.gz")))} == objects
    assert manifest["previous"] is None and manifest["invoice"] == "shop-2025-10" and manifest["audit"]["totals"]
    # Again: refused, and nothing changes.
    before = {k: books.read(k) for k in books.keys()}
    assert "closed already" in reasons(books.close(code=4))
    assert {k: books.read(k) for k in books.keys()} == before
    found = books.verify("2025-10", "--from-raw")
    assert found["verified"] is True and found["later"] == {"days": [], "customers": [], "waiting": []}
    assert "the raw events give the same as the rollups" in found["checked"]


def test_a_locked_bucket(books: Books) -> None:
    """Rollups and closing work as ever, and not one version of what was closed can be deleted."""
    versions = {"Bucket": BUCKET, "VersioningConfiguration": {"Status": "Enabled"}}
    books.s3.put_bucket_versioning(**versions)
    books.s3.put_object_lock_configuration(Bucket=BUCKET, ObjectLockConfiguration={
        "ObjectLockEnabled": "Enabled", "Rule": {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 400}}})
    books.generate(days=1, requests=40)
    books.generate(days=1, requests=20, seed=4)  # the days are built anew
    assert books.close()["closed"] is True and books.verify()["verified"] is True
    books.put(OCTOBER + "manifest.json", b"{}")
    books.s3.delete_object(Bucket=BUCKET, Key=OCTOBER + "manifest.json")
    kept = books.s3.list_object_versions(Bucket=BUCKET, Prefix=OCTOBER + "manifest.json")["Versions"]
    assert len(kept) == 2
    for version in kept:
        with pytest.raises(books.s3.exceptions.ClientError, match="AccessDenied"):
            books.s3.delete_object(Bucket=BUCKET, Key=version["Key"], VersionId=version["VersionId"])


def test_documented_commands(books: Books, tmp_path: Any) -> None:
    """docs/month-close.md, word for word, on what was really written."""
    books.generate(days=2, requests=60)
    books.close()
    for key in books.keys():
        path = tmp_path / "copy" / key.removeprefix(OCTOBER)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(books.read(key))
    (tmp_path / "copy/billing-public.pem").write_bytes(books.public.read_bytes())
    document = (ROOT / "docs/month-close.md").read_text()
    blocks = re.findall(r"```sh\n# in the copy\n(.*?)```", document, re.S)
    assert len(blocks) >= 2
    for block in blocks:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", block], cwd=tmp_path / "copy", text=True,
                              capture_output=True)
        assert done.returncode == 0, block + done.stdout + done.stderr
    fingerprint = openssl("pkey", "-pubin", "-in", str(books.public), "-outform", "DER", "-out", str(tmp_path / "der"))
    assert fingerprint == ""
    assert hashlib.sha256((tmp_path / "der").read_bytes()).hexdigest() == books.manifest()["signing_key"]["sha256"]
    flipped = bytearray((tmp_path / "copy/manifest.json").read_bytes())
    flipped[100] ^= 1
    (tmp_path / "copy/manifest.json").write_bytes(flipped)
    assert subprocess.run(["bash", "-euo", "pipefail", "-c", blocks[0]], cwd=tmp_path / "copy",
                          capture_output=True).returncode != 0


# -- nothing changes unnoticed -----------------------------------------------------------------------------

def test_one_flipped_byte(books: Books) -> None:
    books.generate(days=2, requests=60)
    books.close()
    for key in books.keys():
        body = books.read(key)
        flipped = bytearray(body)
        flipped[len(body) // 2] ^= 1
        books.put(key, bytes(flipped))
        found = books.verify(code=5)
        assert found["verified"] is False
        name = key if "manifest" not in key else OCTOBER + "manifest"
        assert any(name in d for d in found["differences"]), (key, found["differences"])
        books.s3.delete_object(Bucket=BUCKET, Key=key)
        found = books.verify(code=5)
        assert any(name in d for d in found["differences"]), (key, found["differences"])
        books.put(key, body)
    other = books.home / "other.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(other))
    differences = books.verify("2025-10", "--public-key", str(other), code=5)["differences"]
    assert any("was signed by the key" in one for one in differences), differences
    assert books.verify("2025-10", "--public-key", str(books.public))["verified"] is True
    books.world.write(more="")
    assert "--public-key" in books.world.run("verify", "2025-10", code=78).stderr
    assert "not closed" in books.world.run("verify", "2025-09", "--public-key", str(books.public), code=1).stderr


def test_source_and_rollup_changed(books: Books) -> None:
    books.generate(days=2, requests=200)
    books.close()
    # A file of the archive, of the same size and of another one, which is not even read.
    manifest = next(o["key"] for o in books.sandbox.objects(BUCKET, "billing/") if o["key"].endswith("/manifest.json"))
    path = manifest.removesuffix("manifest.json") + json.loads(books.read(manifest))["files"][0]["path"]
    file = books.read(path)
    for other, why in ((file[:-1] + bytes([file[-1] ^ 1]), "its SHA-256 is"), (file + b"\n", f"it has {len(file) + 1} bytes")):
        books.put(path, other)
        assert any(f"{path} was changed: {why}" in d for d in books.verify(code=5)["differences"])
    books.put(path, file)
    one = sorted(o["key"] for o in books.sandbox.objects(BUCKET, "access-logs/"))[0]
    body = books.read(one)
    books.s3.delete_object(Bucket=BUCKET, Key=one)
    assert any(one in d and "is gone" in d for d in books.verify(code=5)["differences"])
    books.put(one, body + b"\n")
    assert any(one in d and "was changed" in d for d in books.verify(code=5)["differences"])
    books.put(one, body)
    assert books.verify()["verified"] is True
    # The 2nd's partition points to the 1st's files: same parameters, other calls.
    partitions = {tuple(map(int, p["Values"])): p for p in books.world.glue.get_partitions(
        DatabaseName=DATABASE, TableName=TABLE)["Partitions"]}
    second = partitions[2025, 10, 2]
    storage = {**second["StorageDescriptor"], "Location": partitions[2025, 10, 1]["StorageDescriptor"]["Location"]}
    books.world.glue.update_partition(
        DatabaseName=DATABASE, TableName=TABLE, PartitionValueList=second["Values"],
        PartitionInput={"Values": second["Values"], "Parameters": second["Parameters"], "StorageDescriptor": storage})
    found = books.verify(code=5)
    assert any("the rollups give" in d for d in found["differences"]) and found["later"]["days"] == []


# -- interrupted, and two at once ------------------------------------------------------------------------------

def puts(books: Books) -> list[dict[str, Any]]:
    return books.world.ours(service="s3", operation="PutObject")


def kill_at_write(books: Books, nth: int, *words: str) -> None:
    books.sandbox.clear()
    books.sandbox.faults({"action": "hold", "operation": "PutObject", "nth": nth})
    process = books.world.begin(*words)
    until = time.monotonic() + 180
    while not books.sandbox.fault_counts()[0]["fired"]:
        assert process.poll() is None and time.monotonic() < until, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    books.sandbox.faults()
    while any(call["status"] is None for call in puts(books)):
        time.sleep(0.01)
    assert len(puts(books)) == nth


def test_killed_at_every_write(books: Books) -> None:
    """A write may still happen after its writer died: each does here."""
    books.generate(days=2, requests=60)
    # The files, the number; from there on what was begun is finished: signature, manifest.
    for nth in [*range(1, len(NAMES) + 2), 1, 2]:
        kill_at_write(books, nth, "close", "2025-10", "--yes")
        if nth != 2 or OCTOBER + "manifest.json" not in books.keys():
            assert OCTOBER + "manifest.json" not in books.keys()
            assert "interrupted" in books.verify(code=5)["differences"][0]
    assert books.verify()["verified"] is True
    assert "closed already" in reasons(books.close(code=4))
    # The files of all tries were the same ones; of each try only its signature is its own.
    folders = {k.removeprefix(OCTOBER).split("/")[0] for k in books.keys() if k.count("/") == 4}
    assert len(folders) == 1


def test_lost_replies(books: Books) -> None:
    """Every write is answered by silence once: it is sent again and finds itself."""
    books.generate(days=2, requests=60)
    books.sandbox.faults(*({"action": "lose_reply", "operation": "PutObject", "nth": n}
                           for n in range(1, 2 * (len(NAMES) + 2), 2)))
    assert books.close()["closed"] is True
    books.sandbox.faults()
    assert books.verify()["verified"] is True


def test_two_at_once(books: Books) -> None:
    books.generate(days=2, requests=60)
    both = [books.world.begin("close", "2025-10", "--yes") for _ in range(2)]
    ends = [(p.communicate(timeout=180), p.returncode) for p in both]
    codes = sorted(code for _, code in ends)
    assert codes in ([0, 4], [0, 0]), ends  # both: the same second, the same document
    assert books.verify()["verified"] is True


def test_denied_write_closes_nothing(books: Books) -> None:
    books.generate(days=2, requests=60)
    books.sandbox.faults({"action": "error", "operation": "PutObject", "nth": 4, "times": 0, "status": 403,
                          "code": "AccessDenied"})
    done = books.world.run("close", "2025-10", "--yes", code=77)
    assert "nothing is closed yet" in done.stderr
    books.sandbox.faults()
    assert OCTOBER + "manifest.json" not in books.keys()
    assert books.close()["closed"] is True and books.verify()["verified"] is True


# -- what arrives later ------------------------------------------------------------------------------------------

def correct(books: Books, *words: str, code: int = 0) -> dict[str, Any]:
    return books.close("2025-10", "--correct", *words, code=code)


def test_corrections(books: Books) -> None:
    world, size = books.world, 3 * 2**30 + 7
    truth = books.generate(days=3, requests=120)
    assert "nothing to correct yet" in reasons(correct(books, code=4))
    books.close()
    invoice = {k: books.read(k) for k in books.keys()}
    assert correct(books)["closed"] is False  # nothing arrived
    sub = sorted(truth["customers"])[0]
    world.request("2025-10-02", "2025-10-04T09:30", sub=sub, size=size)
    world.request("2025-10-02", "2025-10-04T09:31", sub="new-sub", size=5)
    found = books.verify()
    assert found["verified"] is True and any("2025-10-02" in text for text in found["later"]["waiting"])
    assert "rollup" in reasons(correct(books, code=4))
    world.run("rollup", "--month", "2025-10")
    found = books.verify("2025-10", "--from-raw")
    assert found["verified"] is True
    assert found["later"]["days"] == [{"day": "2025-10-02", "calls": 2, "bytes": size + 5}]
    assert [c["customer"] for c in found["later"]["customers"]] == sorted([sub, "new-sub"])

    assert correct(books, "--dry-run")["closed"] is False and sorted(invoice) == books.keys()
    bill = correct(books)["bill"]
    lines = {line["customer"]: line for line in bill["lines"]}
    before = truth["customers"][sub]
    assert set(lines) == {sub, "new-sub"}
    assert (lines[sub]["calls"], lines[sub]["bytes"], lines["new-sub"]["calls"]) == (1, size, 1)
    assert Fraction(lines[sub]["data_charge"]) == Fraction(size, 2**30 * 10)
    assert Fraction(lines[sub]["total"]) == (cents(before["calls"] + 1, before["bytes"] + size)
                                             - cents(before["calls"], before["bytes"]))
    assert bill["totals"]["calls"] == 2 and bill["unattributed"]["calls"] == 0
    # Only added, nothing edited.
    assert {k: books.read(k) for k in invoice} == invoice
    manifest = json.loads(books.read(OCTOBER + "corrections/1/manifest.json"))
    assert manifest["previous"]["manifest_sha256"] == hashlib.sha256(invoice[OCTOBER + "manifest.json"]).hexdigest()
    assert manifest["invoice"] == "shop-2025-10-c1" and manifest["kind"] == "correction"
    focus = next(f["path"] for f in manifest["files"] if f["name"] == "correction.focus.csv")
    rows = list(csv.DictReader(io.StringIO(books.read(f"{OCTOBER}corrections/1/{focus}").decode())))
    assert rows and {row["ChargeClass"] for row in rows} == {"Correction"}
    assert sum(Fraction(row["BilledCost"]) for row in rows) == Fraction(bill["totals"]["total"])
    found = books.verify("2025-10", "--from-raw")
    assert found["verified"] is True and found["corrections"] == 1 and found["later"]["days"] == []
    assert correct(books)["closed"] is False

    # A second one, of a call that is nobody's; prices that changed meanwhile do not matter.
    world.request("2025-10-01", "2025-10-03T20:00", sub="-", size=11)
    world.spec.path.write_text(world.spec.path.read_text().replace("call: 0.001", "call: 5"))
    world.run("rollup", "--month", "2025-10")
    second = correct(books)
    assert second["invoice"] == "shop-2025-10-c2" and second["bill"]["lines"] == []
    assert (second["bill"]["unattributed"]["calls"], second["bill"]["unattributed"]["bytes"]) == (1, 11)
    assert books.verify()["corrections"] == 2
    # Corrections are held to their signatures, too.
    for key in [k for k in books.keys(OCTOBER + "corrections/1/") if k.endswith(("manifest.json", "correction.json"))]:
        body = books.read(key)
        books.put(key, body.replace(b'"calls": 1', b'"calls": 2', 1))
        assert books.verify(code=5)["verified"] is False, key
        books.s3.delete_object(Bucket=BUCKET, Key=key)
        assert any("corrections/1/" in d for d in books.verify(code=5)["differences"]), key
        books.put(key, body)
    assert books.verify()["verified"] is True


def test_rollup_of_other_sql_is_no_difference(books: Books) -> None:
    """Days built anew by another text of the same meaning: same bill, no later arrivals."""
    books.world.own_template()
    books.generate(days=2, requests=80)
    books.close()
    books.world.change_sql()
    assert books.verify()["later"]["waiting"]
    books.world.run("rollup", "--month", "2025-10")
    found = books.verify()
    assert found["verified"] is True and found["later"] == {"days": [], "customers": [], "waiting": []}


# -- the chain ---------------------------------------------------------------------------------------------------

def test_three_months(books: Books) -> None:
    books.world.write(since="2025-08-01", more=MORE.format(key=books.key))
    books.months("2025-10", "2025-11", "2025-12")
    assert "the first month of the chain" in books.close("2025-10")["notes"]
    assert "2025-11 is not closed and has data" in reasons(books.close("2025-12", code=4))
    books.close("2025-11")
    # What is not as it was signed is built upon by no later close, however far back it lies.
    first = f"{FOLDER}2025-10/manifest.json"
    body = books.read(first)
    books.put(first, body + b"\n")
    assert f"{first} is not what was signed" in reasons(books.close("2025-12", code=4))
    books.put(first, body)
    books.close("2025-12")
    assert "2025-12 is closed already, without 2025-09" in reasons(books.close("2025-09", code=4))
    for month, before in (("2025-11", "2025-10"), ("2025-12", "2025-11")):
        want = hashlib.sha256(books.read(f"{FOLDER}{before}/manifest.json")).hexdigest()
        assert books.manifest(month)["previous"] == {"month": before, "manifest_sha256": want}
    assert "the chain of 2 months before" in books.verify("2025-12")["checked"]
    books.put(first, body.replace(b'"calls": ', b'"calls":  ', 1))
    assert any(first in d and "changed" in d for d in books.verify("2025-12", code=5)["differences"])
    books.s3.delete_object(Bucket=BUCKET, Key=first)
    assert any(first in d and "missing" in d for d in books.verify("2025-12", code=5)["differences"])
    books.put(first, body)
    assert books.verify("2025-12")["verified"] is True


def cut_off_before_the_number(books: Books) -> None:
    """The bill beside the register is there, its entry is not: nothing is closed; and what comes now makes another bill."""
    books.sandbox.faults({"operation": "PutObject", "action": "error", "status": 403, "code": "AccessDenied", "times": 0,
                          "params": {"Key": "billing/numbers/shop/shop-2025-10.json"}})
    books.close(code=77)
    books.sandbox.faults()
    [left] = books.keys("billing/numbers/shop/")
    assert left.startswith("billing/numbers/shop/bills/") and "interrupted" in books.verify(code=5)["differences"][0]
    books.world.request("2025-10-02", "2025-10-03T20:00", sub="one-more", size=7, counted=True)
    books.world.run("rollup", "--month", "2025-10")
    told = books.world.run("close", "2025-10", "--dry-run").stdout
    assert f"1 bill beside the register of numbers, named by no entry (s3://{BUCKET}/{left})" in told, told


def what_was_left(books: Books) -> None:
    """Told by verify, and nothing is wrong by it."""
    files = [key for key in books.keys(OCTOBER) if key.count("/") == 4]
    named = {OCTOBER + f["path"] for f in books.manifest()["files"]}
    found = books.verify()
    assert found["verified"] is True and len(files) > len(named)
    assert [note for note in found["notes"] if note.startswith(f"{len(files) - len(named)} files of the month, named by no manifest")], found["notes"]
    bills = set(books.keys("billing/numbers/shop/bills/")) - {json.loads(books.read("billing/numbers/shop/shop-2025-10.json"))["bill_at"]}
    assert len(bills) == 1 and [note for note in found["notes"] if note.startswith("1 bill beside") and bills.pop() in note], found["notes"]


def test_many_customers(books: Books) -> None:
    """A bill that is too large to be written as it is: packed in the archive, and beside the register's entry."""
    books.generate(days=2, requests=7500, customers=60000)
    cut_off_before_the_number(books)
    bill = books.world.run("bill", "--month", "2025-10", "-o", "json").stdout
    assert len(json.loads(bill)["lines"]) > 2000
    closed = books.close()
    manifest, entry = books.manifest(), json.loads(books.read("billing/numbers/shop/shop-2025-10.json"))
    names = {f["name"] for f in manifest["files"]}
    assert closed["manifest"] == manifest and "invoice.json.gz" in names
    assert {name.removesuffix(".gz") for name in names} == {name.removesuffix(".gz") for name in NAMES}
    assert gzip.decompress(books.file("invoice.json.gz")).decode() == bill and closed["bill"] == json.loads(bill)
    assert manifest["customer_count"] == len(closed["bill"]["lines"]) and "customers" not in manifest
    assert entry["manifest"].encode() == books.read(OCTOBER + "manifest.json") and "bill" not in entry
    beside = books.read(entry["bill_at"])
    assert hashlib.sha256(gzip.decompress(beside)).hexdigest() == manifest["bill_sha256"]
    assert books.verify("2025-10", "--from-raw")["verified"] is True
    what_was_left(books)
    # The bill beside the register is looked at like the entry.
    other = gzip.compress(gzip.decompress(beside).replace(b'"calls":1,', b'"calls":2,', 1))
    for harm, says in ((lambda: books.put(entry["bill_at"], other), "another bill"),
                       (lambda: books.put(entry["bill_at"], beside[:-40]), "no bill any more"),
                       (lambda: books.s3.delete_object(Bucket=BUCKET, Key=entry["bill_at"]), "is missing")):
        harm()
        assert [d for d in books.verify(code=5)["differences"] if says in d], says
    books.put(entry["bill_at"], beside)
    # Its manifest taken away: finished as it was.
    text = books.read(OCTOBER + "manifest.json")
    books.s3.delete_object(Bucket=BUCKET, Key=OCTOBER + "manifest.json")
    assert any("interrupted" in note for note in books.close()["notes"]) and books.read(OCTOBER + "manifest.json") == text
    # More for many; and what a correction that is gone has billed is known from its entry.
    books.generate(days=2, requests=9000, customers=60000, seed=4)
    assert len(books.verify()["later"]["customers"]) > 2000
    first = correct(books)
    assert first["closed"] is True and "correction.json.gz" in {f["name"] for f in first["manifest"]["files"]}
    assert books.verify()["verified"] is True
    for key in books.keys(OCTOBER + "corrections/"):
        books.s3.delete_object(Bucket=BUCKET, Key=key)
    found = correct(books)
    assert found["closed"] is False and any("taken from the register" in note for note in found["notes"]), found["notes"]


def test_next_close_tells_of_a_waiting_correction(books: Books) -> None:
    books.world.write(since="2025-11-01", more=MORE.format(key=books.key))
    books.months("2025-11", "2025-12")
    books.close("2025-11")
    assert not any("2025-11" in text for text in books.close("2025-12", "--dry-run")["notes"])
    books.world.request("2025-11-02", "2025-11-04T09:30", sub="late-sub", size=7 * 2**30)
    told = books.close("2025-12", "--dry-run")["notes"]
    assert any("unknown" in text and "rollup" in text for text in told), told
    books.world.run("rollup", "--month", "2025-11")
    found = books.close("2025-12")
    assert any("0.70 USD in all: billingd close 2025-11 --correct" in text for text in found["notes"]), found["notes"]
    assert found["closed"] is True and not books.keys(FOLDER + "2025-11/corrections/")


def test_months_between(books: Books) -> None:
    """One without data may be passed over, another only when that is said."""
    books.world.write(since="2025-06-01", more=MORE.format(key=books.key))
    books.months("2025-06", "2025-08", "2025-09", "2025-10")
    books.close("2025-06")
    books.close("2025-08")
    assert books.manifest("2025-08")["previous"]["month"] == "2025-06"
    assert "2025-09" in reasons(books.close(code=4))
    books.close("2025-10", "--first")
    assert books.manifest()["previous"]["month"] == "2025-08"
    assert books.verify()["verified"] is True
