"""The same events in other envelopes and other objects: what a bill must not depend on."""

import gzip
import json
import random
import uuid
from typing import Any

from .objects import Stored, delete_object, list_objects, put_object


def documents(stored: Stored) -> list[dict[str, Any]]:
    data = stored.data()
    text = (gzip.decompress(data) if stored.key.endswith(".gz") else data).decode()
    return [json.loads(line) for line in text.splitlines() if line.strip()]


def rearrange(bucket: str, prefix: str, seed: int, duplicates: float) -> dict[str, int]:
    """Folder by folder (a folder is a partition), newline-delimited envelopes only."""
    rng = random.Random(seed)
    folders: dict[str, list[Stored]] = {}
    for stored in list_objects(bucket, prefix):
        folders.setdefault(stored.key.rpartition("/")[0] + "/", []).append(stored)
    counts = {"objects_before": 0, "objects": 0, "events": 0, "copied": 0}
    for folder, found in folders.items():
        pieces = [(whole, event) for stored in found for whole in documents(stored)
                  for event in whole["logEvents"]]
        counts["events"] += len(pieces)
        copies = [piece for piece in pieces if piece[1]["id"] and rng.random() < duplicates]
        counts["copied"] += len(copies)
        pieces += copies
        rng.shuffle(pieces)
        extension = ".json.gz" if found[0].key.endswith(".gz") else ".json"
        for stored in found:
            delete_object(bucket, stored.key)
        counts["objects_before"] += len(found)
        counts["objects"] += write(bucket, folder, extension, pieces, rng)
    return counts


def write(bucket: str, folder: str, extension: str, pieces: list[Any], rng: random.Random) -> int:
    """Envelopes of 1 to 40 events of one kind, objects of 1 to 12 envelopes."""
    lines, written = [], 0
    position = 0
    while position < len(pieces):
        size = rng.randint(1, 40)
        kinds: dict[str, tuple[Any, list[Any]]] = {}
        for whole, event in pieces[position:position + size]:
            kinds.setdefault(whole["messageType"], (whole, []))[1].append(event)
        position += size
        for whole, events in kinds.values():
            lines.append(json.dumps({**whole, "logEvents": events}, separators=(",", ":"), ensure_ascii=False))
    while lines:
        count = rng.randint(1, 12)
        data = ("\n".join(lines[:count]) + "\n").encode()
        del lines[:count]
        packed = gzip.compress(data, 1, mtime=0) if extension.endswith(".gz") else data
        put_object(bucket, f"{folder}rearranged-{uuid.UUID(int=rng.getrandbits(128))}{extension}", packed)
        written += 1
    return written
