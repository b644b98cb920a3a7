"""Receipts through the whole of it: what a close writes, one customer's out of it, and that both verifiers take it; nothing
of one customer in another's; what was changed in the archive gives none."""

import gzip
import hashlib
import json
import subprocess
from typing import Any

from billing.receipt_verifier import verify
from close_world import MORE, Books
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key
from rollup_world import BINARY, BUCKET, World

PARTIES = """      seller: {{name: "API <& Söhne", address: ["1 Street"], country: KR, tax_id: "123-45", series: INV-}}
      customers:
        - {{sub: small, customer: korea, name: "주식회사 한국 데이터"}}
        - {{sub: second, customer: korea, name: "주식회사 한국 데이터"}}
        - {{sub: other, customer: arabia, name: "شركة الأمثلة"}}
      receipts: {receipts}
"""
NAMES = {"korea": ["주식회사 한국 데이터", "small", "second"], "arabia": ["شركة الأمثلة", "other"], "stranger": ["stranger"]}


def write_spec(books: Books, receipts: str) -> None:
    books.world.write(more=MORE.format(key=books.key) + PARTIES.format(receipts=receipts))


def receipt(books: Books, customer: str, month: str = "2025-10", *words: str, code: int = 0) -> Any:
    return books.world.run("receipt", "--customer", customer, "--month", month, *words, code=code)


def judge(books: Books, text: str, code: int = 0) -> dict[str, Any]:
    """What billingd says of it, without AWS, and the other verifier."""
    done = subprocess.run([BINARY, "verify-receipt", "-", "--public-key", books.public, "-o", "json"], input=text.encode(),
                          capture_output=True, env={})
    assert done.returncode == code, done.stdout.decode() + done.stderr.decode()
    key = load_pem_public_key(books.public.read_bytes())
    assert verify(text.encode(), key)["root"] == json.loads(done.stdout)["receipt"]["root"]
    return dict(json.loads(done.stdout)["receipt"])


def requests_of(text: str) -> list[Any]:
    return json.loads(text)["requests"]


def nothing_of_others(texts: dict[str, str], ids: dict[str, set[str]]) -> None:
    """Neither names nor ids nor what is made of them."""
    for own, text in texts.items():
        for other in texts.keys() - {own}:
            statement = json.loads(json.loads(texts[other])["statement"])
            told = [f'"{other}"', f'\\"{other}\\"', hashlib.sha256(other.encode()).hexdigest(), *ids[other], *NAMES[other],
                    statement["number"], json.loads(texts[other])["salt"]]
            assert [one for one in told if one in text] == [], (own, other)


def test_receipts(sandbox: Any, spec: Any, api: str) -> None:
    books = Books(World(sandbox, spec))
    write_spec(books, "requests")
    ids: dict[str, set[str]] = {"korea": set(), "arabia": set(), "stranger": set(), "": set()}
    customers = {"small": "korea", "second": "korea", "other": "arabia", "stranger": "stranger", "-": ""}
    for sub in ("small", "second", "small", "other", "stranger", "-", "other", "small"):
        books.world.request("2025-10-02", "2025-10-02T20:00", sub=sub, size=10 + books.world.made, counted=True)
        ids[customers[sub]].add(f"late-{books.world.made}")
    books.world.request("2025-10-02", "2025-10-02T21:00", sub="small", size=11, identifier="late-1", counted=True)
    books.world.run("rollup", "--month", "2025-10")
    assert "is not closed" in receipt(books, "korea", code=1).stderr
    books.close()
    texts = given(books, ids)
    nothing_of_others(texts, ids)
    one_without_the_others(books)
    into_a_file(books, texts["korea"])
    refused(books)
    tampered(books)
    rewritten(books)
    corrected(books, texts)
    without_requests(books)


def given(books: Books, ids: dict[str, set[str]]) -> dict[str, str]:
    texts = {name: str(receipt(books, name).stdout) for name in NAMES}
    told = {name: judge(books, text) for name, text in texts.items()}
    assert len({one["root"] for one in told.values()}) == 1 and {one["size"] for one in told.values()} == {16}
    for name, text in texts.items():
        rows = requests_of(text)
        assert {row[0] for row in rows} >= ids[name] and told[name]["customer"] == name
        assert told[name]["calls"] == len(rows) and told[name]["invoice"] == "shop-2025-10"
        assert all(row[1] == "2025-10-02T12:00:00Z" and row[2] == "GET /late" for row in rows if row[0] in ids[name])
    folder = json.loads(books.read("billing/shop/2025-10/manifest.json"))["receipts"]["folder"]
    assert len(books.keys(folder)) == len(NAMES)  # nobody has none
    verified = books.verify()
    assert verified["verified"] is True and "shop-2025-10: the receipts' root, and 3 leaves with the trees of their requests" in verified["checked"]
    return texts


def one_without_the_others(books: Books) -> None:
    """So many reads, whatever the others have, and none of what is theirs."""
    books.sandbox.clear()
    receipt(books, "arabia")
    calls = [c for c in books.world.ours() if c["service"] == "s3"]
    reads = [c["params"]["Key"] for c in calls if c["operation"] == "GetObject"]
    lists = [c["params"]["Prefix"] for c in calls if c["operation"].startswith("ListObjects")]
    own = hashlib.sha256(b"arabia").hexdigest()
    assert len(reads) <= 9 and len(lists) <= 3, (reads, lists)
    assert {c["operation"] for c in calls} <= {"GetObject", "ListObjectsV2", "ListObjects"}
    assert [key for key in reads if "_statements/" in key and own not in key] == []
    assert [prefix for prefix in lists if "_statements/" in prefix and own not in prefix] == []


def into_a_file(books: Books, text: str) -> None:
    """Whole or not at all, never over another."""
    out = books.home / "receipt.json"
    receipt(books, "korea", "2025-10", "--out", str(out))
    assert out.read_text() == text
    assert "File exists: a receipt is never written over" in receipt(books, "korea", "2025-10", "--out", str(out), code=1).stderr
    receipt(books, "nobody", "2025-10", "--out", str(books.home / "none.json"), code=1)
    assert sorted(path.name for path in books.home.glob("*.json*")) == ["receipt.json"]
    out.unlink()


def refused(books: Books) -> None:
    assert "no document of the month is of the customer" in receipt(books, "nobody", code=1).stderr
    assert "is not closed" in receipt(books, "korea", "2025-10-c1", code=1).stderr
    for month in ("2025-10-c0", "2025-10-c01", "2025-10-cx", "2025-10c1", "2025-13"):
        receipt(books, "korea", month, code=64)
    books.world.run("receipt", "--month", "2025-10", code=64)
    books.world.run("receipt", "--customer", "korea", code=64)
    other = books.home / "other.pem"
    other.write_text("no key")
    receipt(books, "korea", "2025-10", "--public-key", str(other), code=78)


def tampered(books: Books) -> None:
    """Nothing is given that the customer would find wrong."""
    manifest = json.loads(books.read("billing/shop/2025-10/manifest.json"))
    own = hashlib.sha256(b"korea").hexdigest()
    path = {f["name"]: "billing/shop/2025-10/" + f["path"] for f in manifest["files"]}
    lists = books.keys(manifest["receipts"]["folder"] + own)
    assert len(lists) == 1
    for key in (manifest["statements"]["folder"] + own + ".json", lists[0], path["leaves.bin"], path["receipts.jsonl.gz"],
                "billing/shop/2025-10/manifest.json"):
        kept = books.read(key)
        books.put(key, kept[:-1] + bytes([kept[-1] ^ 1]))
        assert receipt(books, "korea", code=5).stdout == "", key
        if key == lists[0]:
            assert [d for d in books.verify(code=5)["differences"] if key in d and "was changed" in d]
        books.s3.delete_object(Bucket=BUCKET, Key=key)
        assert receipt(books, "korea", code=1 if key.endswith("manifest.json") else 5).stdout == "", key
        books.put(key, kept)
    receipt(books, "korea")


def sign(books: Books, manifest: dict[str, Any]) -> dict[str, bytes]:
    """The manifest's objects, as somebody with the key makes them."""
    text = json.dumps(manifest, sort_keys=True, indent=2, ensure_ascii=False).encode() + b"\n"
    key = load_pem_private_key(books.key.read_bytes(), None)
    assert isinstance(key, Ed25519PrivateKey)
    folder = "billing/shop/2025-10/"
    return {folder + "manifest.json": text, f"{folder}manifest-{hashlib.sha256(text).hexdigest()[:16]}.sig": key.sign(text)}


def rewritten(books: Books) -> None:
    """By somebody with the key, who names another list in all that is signed: the tree of its requests is not that of the
    receipts that were given."""
    folder = "billing/shop/2025-10/"
    manifest_text = books.read(folder + "manifest.json")
    manifest = json.loads(manifest_text)
    assert next(iter(sign(books, manifest).values())) == manifest_text  # it is written as billingd writes it
    entry = next(f for f in manifest["files"] if f["name"] == "receipts.jsonl.gz")
    records = gzip.decompress(books.read(folder + entry["path"])).decode().splitlines()
    own = hashlib.sha256(b"korea").hexdigest()
    kept_list = books.keys(manifest["receipts"]["folder"] + own)[0]
    rows = json.loads("[" + gzip.decompress(books.read(kept_list)).decode() + "]")
    assert len(rows) > 2 and rows[0][0] != rows[-1][0]
    changes = {"do not make the root": [*rows[:-1], [*rows[-1][:3], "500", rows[-1][4]]], "calls and": rows[1:], "not in its order": rows[::-1]}
    for told, change in changes.items():
        body = gzip.compress(json.dumps(change, separators=(",", ":"))[1:-1].encode())
        name = f"{own}-0000-{hashlib.sha256(body).hexdigest()[:16]}.json.gz"
        part = {"name": name, "size": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        lines = [json.dumps({**json.loads(line), "parts": [part]} if own in line else json.loads(line)) for line in records]
        packed = gzip.compress("".join(line + "\n" for line in lines).encode())
        path = f"{hashlib.sha256(packed).hexdigest()[:16]}/receipts.jsonl.gz"
        files = [{**f, "path": path, "size": len(packed), "sha256": hashlib.sha256(packed).hexdigest()} if f is entry else f
                 for f in manifest["files"]]
        made = {manifest["receipts"]["folder"] + name: body, folder + path: packed, **sign(books, {**manifest, "files": files})}
        for key, value in made.items():
            books.put(key, value)
        found = books.verify(code=5)["differences"]
        assert [d for d in found if told in d], (told, found)
        assert receipt(books, "korea", code=5).stdout == ""
        for key in made:
            books.s3.delete_object(Bucket=BUCKET, Key=key)
        books.put(folder + "manifest.json", manifest_text)
    assert books.verify()["verified"] is True


def corrected(books: Books, texts: dict[str, str]) -> None:
    """The whole month once more, as it is now; the first receipt stays good."""
    books.world.request("2025-10-02", "2025-10-03T20:00", sub="second", size=2**20, counted=True)
    books.world.run("rollup", "--month", "2025-10")
    books.close("2025-10", "--correct")
    text = receipt(books, "korea", "2025-10-c1").stdout
    told = judge(books, text)
    assert told["invoice"] == "shop-2025-10-c1" and told["calls"] == len(requests_of(texts["korea"])) + 1
    assert json.loads(text)["salt"] != json.loads(texts["korea"])["salt"]
    assert receipt(books, "korea").stdout == texts["korea"]
    assert "no document of the month is of the customer" in receipt(books, "arabia", "2025-10-c1", code=1).stderr


def without_requests(books: Books) -> None:
    """billing.receipts says what of the next month is proved."""
    for month, word in (("2025-11", "statements"), ("2025-12", "none")):
        write_spec(books, word)
        books.world.request(f"{month}-02", f"{month}-02T20:00", sub="small", counted=True)
        books.world.run("rollup", "--month", month)
        books.close(month)
    text = receipt(books, "korea", "2025-11").stdout
    assert requests_of(text) is None and judge(books, text)["itemised"] is False
    assert "was closed without receipts" in receipt(books, "korea", "2025-12", code=1).stderr
    write_spec(books, "some")
    assert "must be none, statements or requests" in books.world.run("check", code=78).stderr
