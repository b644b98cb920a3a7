"""Answers of queries, kept for whoever asks the same of the same content: a copy of the sandbox (../copies.py) as well.

What a query says is a function of its text, the tables' documents, and the objects' content.  All of that is in the key
of an answer, so that a difference in any of it is a question that nobody has asked yet.  Errors are not kept."""

import hashlib
import json
import os
import pickle
import re
import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from .glue_catalog import Partition, Snapshot

UNSTABLE = re.compile(r"\b(rand|random|uuid|shuffle|now|current_\w+|localtime\w*)\b", re.I)
MOST_BYTES = 4 << 20


def content(partition: Partition, with_path: bool) -> list[Any]:
    # How a name ends says how its object is packed.
    objects = [[o.key if with_path else o.key.rpartition("/")[2].partition(".")[2], o.size, o.handle.etag]
               for o in partition.objects]
    # A parquet object's rows come in the order of its file's name, which says nothing.
    return [partition.values, objects if with_path else sorted(objects)]


def key_of(snapshot: Snapshot, database: str, text: str, with_path: bool, *more: Any) -> str:
    """"" for a query that may be answered in another way each time.  Hold the world's lock."""
    views = {str(place): vars(view) for place, view in sorted(snapshot.views.items())}
    if UNSTABLE.search(text) or any(UNSTABLE.search(view["sql"]) for view in views.values()):
        return ""
    tables = {str(place): [table.document, [content(p, with_path) for p in table.partitions]]
              for place, table in sorted(snapshot.tables.items())}
    asked = [text, database, snapshot.databases, views, tables, with_path, *more]
    return hashlib.sha256(json.dumps(asked, sort_keys=True, default=str).encode()).hexdigest()


class Answers:
    def __init__(self, folder: Path):
        self.folder = folder / "answers"
        self.folder.mkdir()

    def get(self, key: str) -> Any | None:
        with suppress(FileNotFoundError):
            return pickle.loads((self.folder / key).read_bytes()) if key else None
        return None

    def keep(self, key: str, value: Any) -> None:
        """Whole or not at all; whoever keeps the same has the same."""
        data = pickle.dumps(value)
        if not key or len(data) > MOST_BYTES:
            return
        path = self.folder / f"{key}.{os.getpid()}.{threading.get_ident()}"
        with suppress(FileNotFoundError):  # the original and its folder are gone
            path.write_bytes(data)
            path.rename(self.folder / key)
