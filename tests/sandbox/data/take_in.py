"""Objects made readable for DuckDB, once per content: text partitions as one parquet file each, parquet
objects as files.  Everything lies in a folder of its own that goes with the sandbox."""

import hashlib
import json
import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import duckdb

from .glue_catalog import Partition, Table
from .objects import Stored
from .query_error import QueryError, bad_parquet
from .serde import FIRST, HCATALOG, OPENX, Reader, decoded, is_plain_envelopes

ENVELOPE = {"messagetype": "messageType", "owner": "owner", "loggroup": "logGroup", "logstream": "logStream",
            "subscriptionfilters": "subscriptionFilters", "logevents": "logEvents"}
OBJECT_LIMIT = 256 << 20
BATCH = 8 << 20
FOLDER = "sandbox-athena."


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def remove_left_over() -> None:
    """Folders of sandboxes that were killed."""
    for path in Path(tempfile.gettempdir()).glob(FOLDER + "*"):
        number = path.name.removeprefix(FOLDER).partition(".")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists():
            shutil.rmtree(path, ignore_errors=True)


def literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else quoted(str(value))


class TakeIn:
    def __init__(self) -> None:
        remove_left_over()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}."))
        self.lock = threading.Lock()
        self.opened: duckdb.DuckDBPyConnection | None = None
        self.made: dict[str, Path] = {}
        self.parts: dict[str, tuple[Path, int]] = {}  # by content: where, number

    def after_copy(self) -> None:
        """What was taken in is read where it lies; what comes is a copy's own."""
        self.left, self.opened = self.opened, None
        self.lock = threading.Lock()
        self.folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER}{os.getpid()}."))

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        if self.opened is None:
            self.opened = duckdb.connect()
        return self.opened

    def close(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def data(self, stored: Stored) -> bytes:
        try:
            return stored.data()
        except ValueError:  # deleted since the query began
            raise QueryError("HIVE_CANNOT_OPEN_SPLIT", "Error opening Hive split: The specified key does not "
                             f"exist: {stored.key}") from None

    # -- parquet ----------------------------------------------------------------------------------------

    def parquet(self, table: Table, stored: Stored) -> Path:
        """A local copy; HIVE_BAD_DATA when its columns do not fit the table's."""
        path = self.folder / f"object-{stored.identity}.parquet"
        with self.lock:
            if str(path) not in self.made:
                path.write_bytes(self.data(stored))
                self.made[str(path)] = path
            self.check_parquet(table, stored, path)
        return path

    def check_parquet(self, table: Table, stored: Stored, path: Path) -> None:
        mark = f"{path}|{table.columns}"
        if mark in self.made:
            return
        try:
            found = dict(self.connection.execute(
                "SELECT lower(column_name), column_type FROM "
                f"(DESCRIBE SELECT * FROM read_parquet({quoted(str(path))}))"
            ).fetchall())
        except duckdb.Error as error:
            raise QueryError("HIVE_BAD_DATA", f"Not valid Parquet file: {stored.key}: "
                             f"{str(error).splitlines()[0]}") from None
        for name, kind in table.columns:
            if name in found and found[name] != kind.duck:
                raise bad_parquet(name, found[name], kind.duck, stored.key)
        self.made[mark] = path

    # -- text -------------------------------------------------------------------------------------------

    def text(self, table: Table, partitions: list[Partition]) -> tuple[list[Path], list[int]]:
        """Parquet files that hold the partitions' rows, and the numbers ("$part") of theirs in them."""
        signature = json.dumps([table.library, sorted(table.serde_parameters.items()),
                                [(n, t.duck) for n, t in table.columns], [n for n, _ in table.keys]])
        marks = [hashlib.sha256(f"{signature}|{p.values}|{[o.identity for o in p.objects]}".encode()).hexdigest()
                 for p in partitions]
        with self.lock:
            new = [(p, mark) for p, mark in zip(partitions, marks, strict=True) if mark not in self.parts]
            for batch in batches(new):
                self.build(table, batch)
            found = [self.parts[mark] for mark in marks]
        return sorted({path for path, _ in found}), sorted(number for _, number in found)

    def build(self, table: Table, batch: list[tuple[Partition, str]]) -> None:
        """One file for a batch of partitions; when DuckDB refuses it, each half by itself."""
        objects = [(stored, number) for number, (partition, _) in enumerate(batch)
                   for stored in partition.objects]
        first = len(self.parts)
        path = self.folder / f"text-{first}-{len(batch)}.parquet"
        plain, others = self.split(table, [stored for stored, _ in objects])
        try:
            self.copy(table, batch, objects, path, plain, self.by_rules(table, others))
        except duckdb.Error:
            if len(batch) > 1:
                middle = len(batch) // 2
                self.build(table, batch[:middle])
                self.build(table, batch[middle:])
                return
            # Not one document per line after all, or of other types: by the rules.
            numbered = [(n, stored) for n, (stored, _) in enumerate(objects)]
            self.copy(table, batch, objects, path, b"", self.by_rules(table, numbered))
        for number, (_, mark) in enumerate(batch):
            self.parts[mark] = (path, first + number)

    def split(self, table: Table, objects: list[Stored]) -> tuple[bytes, list[tuple[int, Stored]]]:
        """Envelope lines with the number of their object, and the objects that are no such lines."""
        fits = table.library in (OPENX, *HCATALOG) and all(name in ENVELOPE for name, _ in table.columns)
        plain, others = [], []
        for number, stored in enumerate(objects):
            data = decoded(stored.key, self.data(stored), table.bucket) if fits else b""
            if fits and is_plain_envelopes(data):
                plain.append(data.replace(FIRST, b'{"$object":%d,"messageType":' % number))
                if not data.endswith(b"\n"):
                    plain.append(b"\n")
            else:
                others.append((number, stored))
        return b"".join(plain), others

    def by_rules(self, table: Table, numbered: list[tuple[int, Stored]]) -> bytes:
        if not numbered:
            return b""
        reader = Reader(table.library, table.serde_parameters, table.columns)
        lines = [json.dumps({"$object": number, **row}, ensure_ascii=False) for number, stored in numbered
                 for row in reader.rows(stored.key, decoded(stored.key, self.data(stored), table.bucket))]
        return "".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass")

    def copy(self, table: Table, batch: list[tuple[Partition, str]], objects: list[tuple[Stored, int]],
             path: Path, plain: bytes, slow: bytes) -> None:
        """Rows with the keys' values of their partition, "$path" and "$part"."""
        keys = "".join(f', "{name}" {kind.duck}' for name, kind in table.keys)
        bucket = table.bucket
        self.connection.execute('CREATE OR REPLACE TABLE objects("$object" BIGINT, "$path" VARCHAR, '
                                f'"$part" INTEGER{keys})')
        rows = (f"({n}, {quoted(f's3://{bucket}/{stored.key}')}, {len(self.parts) + number}"
                + "".join(", " + literal(value) for value in batch[number][0].values) + ")"
                for n, (stored, number) in enumerate(objects))
        self.connection.execute("INSERT INTO objects VALUES " + ", ".join(rows))
        parts = []
        for number, (data, names) in enumerate(((plain, ENVELOPE), (slow, {}))):
            if data:
                source = self.folder / f"in-{number}.json"
                source.write_bytes(data)
                parts.append(self.select(table, source, names))
        body = " UNION ALL ".join(parts) or self.select(table, None, {})
        self.connection.execute(f'COPY (SELECT * EXCLUDE ("$object") FROM ({body}) JOIN objects USING ("$object")) '
                                f"TO {quoted(str(path))} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE 4096)")

    @staticmethod
    def select(table: Table, source: Path | None, names: dict[str, str]) -> str:
        if source is None:
            fields = "".join(f', CAST(NULL AS {kind.duck}) AS "{name}"' for name, kind in table.columns)
            return f'SELECT CAST(0 AS BIGINT) AS "$object"{fields} WHERE false'
        fields = "".join(f', "{names.get(name, name)}" AS "{name}"' for name, _ in table.columns)
        types = "".join(f", {quoted(names.get(name, name))}: {quoted(kind.duck)}" for name, kind in table.columns)
        return (f'SELECT "$object"{fields} FROM read_json({quoted(str(source))}, format=\'newline_delimited\', '
                f"maximum_object_size={OBJECT_LIMIT}, columns={{'$object': 'BIGINT'{types}}})")


def batches(new: list[tuple[Partition, str]]) -> list[list[tuple[Partition, str]]]:
    """Of some 8 MB of objects each (they grow tenfold)."""
    made: list[list[tuple[Partition, str]]] = []
    size = BATCH + 1
    for item in new:
        if size > BATCH:
            made.append([])
            size = 0
        made[-1].append(item)
        size += sum(stored.size for stored in item[0].objects)
    return made
