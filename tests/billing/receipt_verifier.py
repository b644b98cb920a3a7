"""Receipts by docs/receipts.md alone, on published libraries: pymerkle (trees, RFC 6962), rfc8785 (canonical JSON) and
cryptography (Ed25519).  Shares nothing with billingd; `verify` is what somebody else would write."""

import hashlib
import json
import re
from datetime import datetime, timezone

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle import InclusionProof, InmemoryTree, InvalidProof, verify_inclusion
from pymerkle.hasher import MerkleHasher

MEMBERS = ["format", "inclusion", "index", "requests", "root", "salt", "signature", "statement"]
ROOT_MEMBERS = ["format", "from", "invoice", "key", "month", "pipeline", "requests", "root", "size", "to"]
HASHER = MerkleHasher("sha256")


class Wrong(Exception):
    pass


def must(holds, what):
    if not holds:
        raise Wrong(what)


def no_twins(pairs):
    must(len({name for name, _ in pairs}) == len(pairs), "a member twice")
    return dict(pairs)


def loads(data: bytes):
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=no_twins)
    except (ValueError, RecursionError) as error:
        raise Wrong(f"no JSON: {error}") from None


def canonical(data: bytes, members):
    value = loads(data)
    must(isinstance(value, dict) and sorted(value) == members, "other members")
    try:
        must(rfc8785.dumps(value) == data, "not canonical")
    except (rfc8785.CanonicalizationError, UnicodeError) as error:
        raise Wrong(f"not canonical: {error}") from None
    return value


def whole(value):
    must(type(value) is int and 0 <= value <= 2**53 - 1, "no whole number")
    return value


def digits(value, count):
    must(isinstance(value, str) and re.fullmatch(r"[0-9a-f]{%d}" % (2 * count), value), "no hex of that length")
    return bytes.fromhex(value)


def moment(value):
    must(isinstance(value, str), "no time")
    try:
        time = datetime.strptime(value, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise Wrong(str(error)) from None
    must(time.strftime("%Y-%m-%dT%H:%M:%SZ") == value, "time written otherwise")
    return int(time.timestamp())


def texts(*values):
    must(all(value is None or isinstance(value, str) and "\0" not in value for value in values), "no text")


def order(row):
    """By id, route, status as UTF-8 bytes, null first."""
    def key(value):
        return (value is not None, (value or "").encode())

    return key(row[0]), row[1], key(row[2]), key(row[3]), row[4]


def tree_of(rows, root):
    """Root and bytes of the itemised requests."""
    tree, total, before = InmemoryTree(algorithm="sha256"), 0, None
    must(isinstance(rows, list), "requests are no list")
    for row in rows:
        must(isinstance(row, list) and len(row) == 5, "no request")
        texts(row[0], row[2], row[3])
        must(root["from"] <= moment(row[1]) < root["to"], "of another period")
        total += whole(row[4])
        must(before is None or order(before) <= order(row), "not in order")
        before = row
        tree.append_entry(rfc8785.dumps(row))
    return (tree.get_root() if rows else hashlib.sha256(b"").digest()), total


def sides(index, size):
    """On which side of the path each hash lies (1: left), from the leaf up: RFC 9162, 2.1.3.2."""
    found, last = [], size - 1
    while last:
        if index & 1:
            found.append(1)
        elif index < last:
            found.append(0)
        index, last = index >> 1, last >> 1
    return found


def check_inclusion(leaf, receipt, root):
    index, size = whole(receipt["index"]), whole(root["size"])
    must(size >= 16 and size & (size - 1) == 0, "a size that tells how many customers there are")
    must(isinstance(receipt["inclusion"], list), "no proof")
    path = [digits(item, 32) for item in receipt["inclusion"]]
    must(index < size and len(path) == len(sides(index, size)), "a proof of another length")
    proof = InclusionProof("sha256", True, size, index + 1, [*sides(index, size), 0], [leaf, *path])
    try:
        verify_inclusion(leaf, digits(root["root"], 32), proof, index=index + 1, size=size, algorithm="sha256")
    except InvalidProof as error:
        raise Wrong(str(error)) from None


def check_signature(receipt, root, public_key: Ed25519PublicKey):
    der = public_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    must(root["key"] == hashlib.sha256(der).hexdigest(), "another key")
    try:
        public_key.verify(digits(receipt["signature"], 64), receipt["root"].encode())
    except InvalidSignature:
        raise Wrong("the signature is not the key's") from None


def check_statement(statement, root, count, total):
    must(isinstance(statement, dict), "the statement is no object")
    must(statement.get("pipeline") == root["pipeline"], "another pipeline")
    must((statement.get("period") or {}).get("month") == root["month"], "another month")
    if count is not None:
        usage = statement.get("usage") or {}
        must(type(usage.get("calls")) is int and usage["calls"] == count, "other calls")
        must(type(usage.get("bytes")) is int and usage["bytes"] == total, "other bytes")


def leaf_of(salt, statement: bytes, items):
    """items: (count, root), or None where nothing is itemised."""
    itemised = b"\0" if items is None else b"\1" + items[0].to_bytes(8, "big") + items[1]
    return HASHER.hash_buff(salt + itemised + statement)


def verify(data: bytes, public_key):
    """The signed document of a good receipt; raises Wrong."""
    receipt = canonical(data, MEMBERS)
    must(receipt["format"] == "billingd-receipt-1", "another format")
    texts(receipt["root"], receipt["statement"])
    must(isinstance(receipt["root"], str) and isinstance(receipt["statement"], str), "no text")
    root = canonical(receipt["root"].encode(), ROOT_MEMBERS)
    must(root["format"] == "billingd-receipts-root-1", "another format")
    must(all(isinstance(root[name], str) for name in ("invoice", "month", "pipeline", "requests")), "no text")
    whole(root["from"]), whole(root["to"])
    check_signature(receipt, root, public_key)
    rows = receipt["requests"]
    must(root["requests"] == ("none" if rows is None else "itemised"), "itemised otherwise")
    statement = receipt["statement"].encode()
    items, total = None, None
    if rows is not None:
        hashed, total = tree_of(rows, root)
        items = (len(rows), hashed)
    check_inclusion(leaf_of(digits(receipt["salt"], 32), statement, items), receipt, root)
    check_statement(loads(statement), root, items and items[0], total)
    return root
