"""Receipts, judged by billingd and by another verifier (receipt_verifier.py): what one of them lets pass the other does."""

import hashlib
import json
import os
import random
import subprocess

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle import InmemoryTree

import receipt_verifier as other

FROM_S, TO_S = 1759276800, 1761955200
CUSTOMERS = ["Acme", "베타 주식회사", "غاما", "d\u0001\"\\/\u007f", "e" * 300]
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIZE = 16


def public_pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signed(root, key=KEY):
    text = rfc8785.dumps(root).decode()
    return text, key.sign(text.encode()).hex()


def rows_of(r, count):
    rows = []
    for _ in range(count):
        time = other.datetime.fromtimestamp(r.randrange(FROM_S, TO_S), other.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        rows.append([r.choice([None, f"{r.getrandbits(64):016x}", "twice"]), time, r.choice([None, "GET /가\t", "POST /b"]),
                     r.choice([None, "200", "503"]), r.randrange(10**6)])
    return sorted(rows, key=other.order)


def make_month(seed, month="2025-10", itemised=True):
    """{customer: receipt as a dict} of one closed month, made here and not by billingd."""
    r = random.Random(seed)
    files, leaves = {}, []
    for name in CUSTOMERS:
        rows = rows_of(r, r.choice([0, 1, 2, 7])) if name != "Acme" else rows_of(r, 9)
        statement = json.dumps({"buyer": {"customer": name}, "number": "A-1", "pipeline": "shop",
                                "period": {"month": month}, "total": "1.00",
                                "usage": {"calls": len(rows), "bytes": sum(row[4] for row in rows)}}, indent=2) + "\n"
        files[name] = {"format": "billingd-receipt-1", "requests": rows if itemised else None,
                       "salt": r.randbytes(32).hex(), "statement": statement}
        tree = InmemoryTree(algorithm="sha256")
        for row in rows:
            tree.append_entry(rfc8785.dumps(row))
        items = (len(rows), tree.get_root() if rows else hashlib.sha256(b"").digest()) if itemised else None
        files[name]["leaf"] = other.leaf_of(bytes.fromhex(files[name]["salt"]), statement.encode(), items)
        leaves.append(files[name]["leaf"])
    leaves = sorted([*leaves, *(r.randbytes(32) for _ in range(SIZE - len(leaves)))])
    finish(files, leaves, month, itemised)
    return files


def subtree(leaves):
    """RFC 6962, 2.1."""
    if len(leaves) == 1:
        return leaves[0]
    k = 1 << (len(leaves) - 1).bit_length() - 1
    return other.HASHER.hash_pair(subtree(leaves[:k]), subtree(leaves[k:]))


def path_to(leaves, index):
    if len(leaves) == 1:
        return []
    k = 1 << (len(leaves) - 1).bit_length() - 1
    if index < k:
        return [*path_to(leaves[:k], index), subtree(leaves[k:])]
    return [*path_to(leaves[k:], index - k), subtree(leaves[:k])]


def finish(files, leaves, month, itemised):
    der = KEY.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    root = {"format": "billingd-receipts-root-1", "from": FROM_S, "to": TO_S, "invoice": f"shop-{month}", "month": month,
            "key": hashlib.sha256(der).hexdigest(), "pipeline": "shop", "requests": "itemised" if itemised else "none",
            "root": subtree(leaves).hex(), "size": len(leaves)}
    for receipt in files.values():
        receipt["index"] = leaves.index(receipt.pop("leaf"))
        receipt["inclusion"] = [item.hex() for item in path_to(leaves, receipt["index"])]
        receipt["root"], receipt["signature"] = signed(root)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("receipts")
    (folder / "key.pem").write_bytes(public_pem(KEY))
    (folder / "other.pem").write_bytes(public_pem(Ed25519PrivateKey.generate()))
    return folder


def ours(place, data, key="key.pem"):
    """What billingd says of it: exit code and document."""
    path = place / "receipt.json"
    path.write_bytes(data)
    done = subprocess.run([os.environ["BILLINGD"], "verify-receipt", path, "--public-key", place / key, "-o", "json"],
                          capture_output=True, text=True, env={})
    assert done.returncode in (0, 5), done.stderr
    told = json.loads(done.stdout)
    assert told["verified"] == (done.returncode == 0) == (not told["wrong"])
    return told


def theirs(data, key=KEY):
    try:
        return other.verify(data, key.public_key()), None
    except other.Wrong as wrong:
        return None, str(wrong)


def test_both_accept(place):
    for seed in range(3):
        for itemised in (True, False):
            roots = set()
            for name, receipt in make_month(seed, itemised=itemised).items():
                data = rfc8785.dumps(receipt)
                told, (root, wrong) = ours(place, data), theirs(data)
                assert told["verified"] and root, (told, wrong)
                assert told["receipt"]["customer"] == name and told["receipt"]["root"] == root["root"]
                assert told["receipt"].get("calls") == (len(receipt["requests"]) if itemised else None)
                roots.add(told["receipt"]["root"])
            assert len(roots) == 1  # two customers compare roots


# ---- changes that both refuse ----

def edit(**members):
    return lambda mine, month, last: rfc8785.dumps({**mine, **members})


def by(change):
    """change(receipt, receipts of the month, of the month before) makes a new receipt, in canonical form."""
    return lambda mine, month, last: rfc8785.dumps({**mine, **change(mine, month, last)})


def raw(change):
    return lambda mine, month, last: change(rfc8785.dumps(mine))


def put(text, instead):
    def change(data):
        assert data.count(text) >= 1
        return data.replace(text, instead, 1)
    return raw(change)


def with_root(**members):
    """The signed document changed, its signature left."""
    return by(lambda mine, month, last: {"root": rfc8785.dumps({**json.loads(mine["root"]), **members}).decode()})


def row(place, column, value):
    def change(mine, month, last):
        rows = [list(item) for item in mine["requests"]]
        rows[place][column] = value(rows[place][column]) if callable(value) else value
        return {"requests": sorted(rows, key=other.order)}
    return by(change)


def rows(change):
    return by(lambda mine, month, last: {"requests": change(mine["requests"])})


def node_as_leaf(mine, month, last):
    """The path one step shorter: the node above the leaf, given as if it were the leaf."""
    return {"inclusion": mine["inclusion"][1:], "index": mine["index"] // 2}


def first_hex(text):
    return ("1" if text[0] != "1" else "2") + text[1:]


OTHER = "베타 주식회사"
CHANGES = {
    # the bytes
    "nothing": raw(lambda data: b""),
    "cut off": raw(lambda data: data[:-1]),
    "half of it": raw(lambda data: data[:len(data) // 2]),
    "a line break behind": raw(lambda data: data + b"\n"),
    "another document behind": raw(lambda data: data + data),
    "a byte order mark": raw(lambda data: b"\xef\xbb\xbf" + data),
    "a blank": put(b",\"index\"", b", \"index\""),
    "laid out": lambda mine, month, last: json.dumps(mine, indent=2, sort_keys=True).encode(),
    "members in another order": lambda mine, month, last: json.dumps(dict(reversed(mine.items())), separators=(",", ":")).encode(),
    "a member twice": put(b",\"index\":", b",\"index\":0,\"index\":"),
    "a member more": edit(zzz=1),
    "a member less": lambda mine, month, last: rfc8785.dumps({k: v for k, v in mine.items() if k != "salt"}),
    "a text written longer": put(b"billingd-receipt-1", b"billingd-receipt-\\u0031"),
    "a number with a zero before": put(b"\"index\":", b"\"index\":0"),
    "a number with a fraction": raw(lambda data: data.replace(b",\"requests\"", b".0,\"requests\"", 1)),
    "no UTF-8": put(b"Acme", b"Acm\xff"),
    "half a character": put(b"Acme", b"Acm\xed\xa0\x80"),
    "another format": edit(format="billingd-receipt-2"),
    # places and proofs
    "another place": by(lambda mine, month, last: {"index": (mine["index"] + 1) % SIZE}),
    "a place outside": edit(index=SIZE),
    "a place far outside": edit(index=2**53 - 1),
    "a place below zero": edit(index=-1),
    "a hash of the proof changed": by(lambda mine, month, last: {"inclusion": [first_hex(mine["inclusion"][0]), *mine["inclusion"][1:]]}),
    "the proof turned around": by(lambda mine, month, last: {"inclusion": mine["inclusion"][::-1]}),
    "a hash less": by(lambda mine, month, last: {"inclusion": mine["inclusion"][:-1]}),
    "a hash more": by(lambda mine, month, last: {"inclusion": [*mine["inclusion"], "00" * 32]}),
    "no proof": edit(inclusion=[]),
    "a short hash": by(lambda mine, month, last: {"inclusion": [mine["inclusion"][0][:-2], *mine["inclusion"][1:]]}),
    "upper-case hex": by(lambda mine, month, last: {"inclusion": [("A" + mine["inclusion"][0][1:]), *mine["inclusion"][1:]]}),
    "a node as a leaf": by(node_as_leaf),
    "another customer's proof": by(lambda mine, month, last: {k: month[OTHER][k] for k in ("inclusion", "index")}),
    "another customer's leaf": by(lambda mine, month, last: {k: month[OTHER][k] for k in ("statement", "requests", "salt")}),
    "another customer's salt": by(lambda mine, month, last: {"salt": month[OTHER]["salt"]}),
    "the proof of another month": by(lambda mine, month, last: {k: last["Acme"][k] for k in ("inclusion", "index", "root", "signature")}),
    "another month's signed document": by(lambda mine, month, last: {k: last["Acme"][k] for k in ("root", "signature")}),
    "a short salt": by(lambda mine, month, last: {"salt": mine["salt"][2:]}),
    # the signed document
    "another root": with_root(root="00" * 32),
    "a larger tree": with_root(size=2 * SIZE),
    "a tree of one": with_root(size=1),
    "a tree of none": with_root(size=0),
    "another invoice": with_root(invoice="shop-2025-09"),
    "another period": with_root(to=TO_S + 1),
    "another format of it": with_root(format="billingd-receipts-root-2"),
    "a member more in it": with_root(zzz=1),
    "laid out": by(lambda mine, month, last: {"root": json.dumps(json.loads(mine["root"]), indent=1)}),
    "a signature of zeroes": edit(signature="00" * 64),
    "another signature": by(lambda mine, month, last: {"signature": first_hex(mine["signature"])}),
    "signed by somebody": by(lambda mine, month, last: dict(zip(("root", "signature"), signed(json.loads(mine["root"]), Ed25519PrivateKey.generate())))),
    # what it proves
    "another total": by(lambda mine, month, last: {"statement": mine["statement"].replace("1.00", "0.99")}),
    "another layout of the statement": by(lambda mine, month, last: {"statement": json.dumps(json.loads(mine["statement"]))}),
    "a request less": rows(lambda list_: list_[:-1]),
    "a request twice": rows(lambda list_: [*list_, list_[-1]]),
    "no requests": edit(requests=[]),
    "not itemised": edit(requests=None),
    "another order": rows(lambda list_: list_[::-1]),
    "another id": row(-1, 0, "zz"),
    "no id": row(-1, 0, None),
    "another time": row(-1, 1, "2025-10-01T00:00:00Z"),
    "a time outside": row(-1, 1, "2025-11-01T00:00:00Z"),
    "a time written otherwise": row(-1, 1, lambda time: time.replace("Z", "+00:00")),
    "no such time": row(-1, 1, "2025-10-32T00:00:00Z"),
    "another route": row(-1, 2, "GET /other"),
    "another status": row(-1, 3, "418"),
    "other bytes": row(-1, 4, lambda count: count + 1),
    "bytes as a text": row(-1, 4, str),
    "a column more": rows(lambda list_: [*list_[:-1], [*list_[-1], 0]]),
    "a column less": rows(lambda list_: [*list_[:-1], list_[-1][:4]]),
    "a request as an object": rows(lambda list_: [*list_[:-1], {"id": list_[-1][0]}]),
}


def test_both_refuse(place):
    month, last = make_month(7), make_month(8, "2025-09")
    assert len(CHANGES) > 60
    for name, change in CHANGES.items():
        data = change(month["Acme"], month, last)
        told, (root, _) = ours(place, data), theirs(data)
        assert not told["verified"] and told["wrong"], name
        assert root is None, name


def test_another_key(place):
    data = rfc8785.dumps(make_month(7)["Acme"])
    assert [text for text in ours(place, data, "other.pem")["wrong"] if "the one to trust is" in text]
    assert theirs(data, Ed25519PrivateKey.generate())[1] == "another key"


def test_seller_who_signs_what_does_not_agree(place):
    """The signature is good, and the document is not: all of these are told."""
    cases = [({"month": "2025-09"}, "the statement's month is 2025-10"), ({"pipeline": "x"}, "the statement's pipeline is shop"),
             ({"requests": "none"}, 'its requests are "itemised"'), ({"to": FROM_S + 1}, "not of the period"),
             ({"size": SIZE + 1}, f"a tree of {SIZE + 1} leaves is none"), ({"size": SIZE // 2}, f"a tree of {SIZE // 2} leaves is none")]
    for members, text in cases:
        receipt = make_month(7)["Acme"]
        receipt["root"], receipt["signature"] = signed({**json.loads(receipt["root"]), **members})
        data = rfc8785.dumps(receipt)
        assert [found for found in ours(place, data)["wrong"] if text in found], members
        assert theirs(data)[0] is None, members


def test_usage(place):
    run = lambda *words: subprocess.run([os.environ["BILLINGD"], "verify-receipt", *words], capture_output=True, text=True, env={})
    assert run(place / "key.pem").returncode == 64
    assert run("/nowhere", "--public-key", place / "key.pem").returncode == 1
    assert run(place, "--public-key", place / "key.pem").returncode == 1  # a folder
    assert run(place / "key.pem", "--public-key", "/nowhere").returncode == 78
    done = run(place / "key.pem", "--public-key", place / "receipt.json")
    assert done.returncode == 78 and "BEGIN PUBLIC KEY" in done.stderr and "genpkey" not in done.stderr  # a new one would not help


def test_many_requests(place):
    """Memory does not grow with the requests, and good stays good: BILLINGD_REQUESTS=1000000 takes ten seconds."""
    count = int(os.environ.get("BILLINGD_REQUESTS", 100_000))
    time = "2025-10-05T12:00:00Z"
    leaf = hashlib.sha256
    stack = []  # (height, hash): pymerkle keeps all leaves
    with open(place / "requests", "wb") as file:
        for i in range(count):
            text = b'["%032x","%s","GET /v1/items/{id}","200",%d]' % (i, time.encode(), i % 1000)
            file.write((b"," if i else b"") + text)
            stack.append((0, leaf(b"\0" + text).digest()))
            while len(stack) > 1 and stack[-1][0] == stack[-2][0]:
                (height, right), (_, left) = stack.pop(), stack.pop()
                stack.append((height + 1, leaf(b"\1" + left + right).digest()))
    hashed = stack.pop()[1]
    while stack:
        hashed = leaf(b"\1" + stack.pop()[1] + hashed).digest()
    statement = json.dumps({"pipeline": "shop", "period": {"month": "2025-10"},
                            "usage": {"calls": count, "bytes": sum(i % 1000 for i in range(count))}})
    mine = other.leaf_of(bytes(32), statement.encode(), (count, hashed))
    leaves = sorted([mine, *(bytes([i]) * 32 for i in range(1, SIZE))])
    receipt = {"format": "billingd-receipt-1", "requests": [], "salt": "00" * 32, "statement": statement, "leaf": mine}
    finish({"": receipt}, leaves, "2025-10", True)
    before, after = rfc8785.dumps(receipt).split(b'"requests":[')
    with subprocess.Popen([os.environ["BILLINGD"], "verify-receipt", "-", "--public-key", place / "key.pem"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as run:
        run.stdin.write(before + b'"requests":[' + (place / "requests").read_bytes() + after[:-1])
        run.stdin.flush()
        with open(f"/proc/{run.pid}/status") as status:  # all but what the pipe holds is read
            peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
        said = run.communicate(after[-1:])[0].decode()
    assert run.returncode == 0 and f"{count} calls, {json.loads(statement)['usage']['bytes']} bytes" in said, said
    print("peak of memory, KiB:", peak)
    if os.environ.get("BILLINGD_THIN", "1") == "1":  # a sanitizer keeps what was freed
        assert peak < 24 << 10
