"""Objects made readable for DuckDB, once per content: text partitions as one parquet file each, parquet
objects as files.  Everything lies in a folder of its own that goes with the sandbox."""

import hashlib
import json
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


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else quoted(str(value))


class TakeIn:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="sandbox-athena."))
        self.lock = threading.Lock()
        self.connection = duckdb.connect()
        self.made: dict[str, Path] = {}

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
                f"SELECT lower(column_name), column_type FROM (DESCRIBE SELECT * FROM read_parquet({quoted(str(path))}))"
            ).fetchall())
        except duckdb.Error as error:
            raise QueryError("HIVE_BAD_DATA", f"Not valid Parquet file: {stored.key}: "
                             f"{str(error).splitlines()[0]}") from None
        for name, kind in table.columns:
            if name in found and found[name] != kind.duck:
                raise bad_parquet(name, found[name], kind.duck, stored.key)
        self.made[mark] = path

    # -- text -------------------------------------------------------------------------------------------

    def text(self, table: Table, partition: Partition) -> Path:
        """The partition's rows as a parquet file, with the keys' values and "$path"."""
        columns = [(name, kind.duck) for name, kind in table.columns]
        mark = hashlib.sha256(json.dumps([
            table.library, sorted(table.serde_parameters.items()), columns, [k for k, _ in table.keys],
            partition.values, [o.identity for o in partition.objects]], default=str).encode()).hexdigest()
        with self.lock:
            if mark not in self.made:
                self.made[mark] = self.build(table, partition, self.folder / f"text-{mark}.parquet")
            return self.made[mark]

    def build(self, table: Table, partition: Partition, path: Path) -> Path:
        plain, slow, paths = self.split(table, partition)
        try:
            self.copy(table, partition, path, plain, slow, paths)
        except duckdb.Error:
            # Not one document per line after all, or of other types: by the rules.
            slow = self.by_rules(table, [(n, o) for n, o in enumerate(partition.objects)])
            self.copy(table, partition, path, b"", slow, paths)
        return path

    def split(self, table: Table, partition: Partition) -> tuple[bytes, bytes, list[str]]:
        """Envelope lines with the number of their object, and lines of our own making for all else."""
        fits = (table.library in (OPENX, *HCATALOG) and all(name in ENVELOPE for name, _ in table.columns))
        plain, others = [], []
        for number, stored in enumerate(partition.objects):
            data = decoded(stored.key, self.data(stored)) if fits else b""
            if fits and is_plain_envelopes(data):
                plain.append(data.replace(FIRST, b'{"$object":%d,"messageType":' % number))
                if not data.endswith(b"\n"):
                    plain.append(b"\n")
            else:
                others.append((number, stored))
        return b"".join(plain), self.by_rules(table, others), [o.key for o in partition.objects]

    def by_rules(self, table: Table, numbered: list[tuple[int, Stored]]) -> bytes:
        reader = Reader(table.library, table.serde_parameters, table.columns)
        lines = [json.dumps({"$object": number, **row}, ensure_ascii=False) for number, stored in numbered
                 for row in reader.rows(stored.key, decoded(stored.key, self.data(stored)))]
        return "".join(line + "\n" for line in lines).encode("utf-8", "surrogatepass")

    def copy(self, table: Table, partition: Partition, path: Path, plain: bytes, slow: bytes,
             paths: list[str]) -> None:
        parts = []
        for number, (data, names) in enumerate(((plain, ENVELOPE), (slow, {}))):
            if data:
                source = self.folder / f"in-{number}.json"
                source.write_bytes(data)
                parts.append(self.select(table, source, names))
        keys = "".join(f', CAST({literal(value)} AS {kind.duck}) AS "{name}"' for value, (name, kind)
                       in zip(partition.values, table.keys, strict=True))
        bucket = table.location.partition("://")[2].partition("/")[0]
        listed = ", ".join(quoted(f"s3://{bucket}/{key}") for key in paths)
        body = " UNION ALL ".join(parts) or self.select(table, None, {})
        self.connection.execute(
            f'COPY (SELECT * EXCLUDE ("$object"){keys}, list_extract([{listed}]::VARCHAR[], "$object" + 1) AS "$path" '
            f"FROM ({body})) TO {quoted(str(path))} (FORMAT parquet, COMPRESSION snappy)")

    @staticmethod
    def select(table: Table, source: Path | None, names: dict[str, str]) -> str:
        if source is None:
            fields = "".join(f', CAST(NULL AS {kind.duck}) AS "{name}"' for name, kind in table.columns)
            return f'SELECT CAST(0 AS BIGINT) AS "$object"{fields} WHERE false'
        fields = "".join(f', "{names.get(name, name)}" AS "{name}"' for name, _ in table.columns)
        types = "".join(f", {quoted(names.get(name, name))}: {quoted(kind.duck)}" for name, kind in table.columns)
        return (f'SELECT "$object"{fields} FROM read_json({quoted(str(source))}, format=\'newline_delimited\', '
                f"maximum_object_size={OBJECT_LIMIT}, columns={{'$object': 'BIGINT'{types}}})")
