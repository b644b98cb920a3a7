"""Statements that write files: UNLOAD, CREATE TABLE AS, INSERT INTO.  Athena never deletes what it wrote."""

import secrets
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .athena_sql import needs
from .glue_catalog import Table, table_of
from .hive_types import trino_of
from .objects import list_objects, put_object, split_location
from .query_error import QueryError
from .results import Answer
from .take_in import quoted

if TYPE_CHECKING:
    from .athena_run import Execution, Queries

MOST_PARTITIONS = 100
PARQUET_STORAGE = {
    "InputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat",
    "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"}}
HIVE = {"varchar": "string", "integer": "int", "timestamp with time zone": "timestamp", "real": "float",
        "char": "string", "varbinary": "binary"}


class Writer:
    """Writes a query's rows below s3://bucket/prefix, by partition, as Trino does."""

    def __init__(self, queries: "Queries", execution: "Execution"):
        self.queries, self.execution = queries, execution
        self.written: list[tuple[str, str]] = []  # bucket, key
        self.files_made: list[tuple[str, bytes]] = []  # place, content
        self.name = time.strftime("%Y%m%d_%H%M%S", time.gmtime()) + f"_{secrets.randbelow(99999):05d}_" + \
            "".join(secrets.choice("abcdefghijkmnpqrstuvwxyz23456789") for _ in range(5))

    def require_empty(self, location: str) -> None:
        bucket, prefix = split_location(location)
        with self.queries.lock:
            found = list_objects(bucket, prefix)
        needs(not found, "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table already exists: {location}")

    def put(self, place: str, data: bytes) -> None:
        """A file of any name below s3://bucket/prefix/."""
        bucket, prefix = split_location(place)
        key = f"{prefix}{self.name}_{uuid.uuid4()}"
        with self.queries.lock:
            self.execution.check()
            put_object(bucket, key, data)
            self.written.append((bucket, key))
            self.files_made.append((place, data))

    def columns(self) -> list[tuple[str, str]]:
        """(name, DuckDB type) of the rows; they were put into a table named rows."""
        found = self.execution.engine.run("DESCRIBE main.\"rows to write\"").fetchall()
        return [(name, duck) for name, duck, *_ in found]

    def take(self, query: str) -> int:
        """Runs the query; its rows wait in a table.  Returns their number."""
        engine = self.execution.engine
        engine.run(f'CREATE TABLE main."rows to write" AS {query}')
        return int(engine.run('SELECT count(*) FROM main."rows to write"').fetchone()[0])

    def write(self, location: str, kinds: list[tuple[str, str]], keys: list[str], compression: str,
              folders: dict[tuple[Any, ...], str] | None = None) -> list[tuple[tuple[Any, ...], str]]:
        """Files of all rows; kinds: columns and DuckDB types.  Returns each partition's values and place."""
        engine = self.execution.engine
        names = ", ".join(f'"{key}"' for key in keys)
        parts: list[tuple[Any, ...]] = [()]
        if keys:
            parts = engine.run(f'SELECT DISTINCT {names} FROM main."rows to write" ORDER BY {names}').fetchall()
        needs(len(parts) <= MOST_PARTITIONS, "HIVE_TOO_MANY_OPEN_PARTITIONS",
              f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets")
        fields = ", ".join(f'CAST("{n}" AS {t}) AS "{n}"' for n, t in kinds if n not in keys)
        places = []
        for values in parts:
            place = (folders or {}).get(values) or location.rstrip("/") + "/" + "".join(
                f"{key}={value}/" for key, value in zip(keys, values, strict=True))
            where = " AND ".join(f'"{key}" IS NOT DISTINCT FROM {quoted(str(value))}'
                                 for key, value in zip(keys, values, strict=True)) or "true"
            self.files(f'SELECT {fields} FROM main."rows to write" WHERE {where}', place, compression)
            places.append((values, place))
        return places

    def files(self, query: str, place: str, compression: str) -> None:
        engine = self.execution.engine
        engine.run(f'CREATE OR REPLACE TABLE main."rows of one place" AS {query}')
        count = int(engine.run('SELECT count(*) FROM main."rows of one place"').fetchone()[0])
        files = max(1, min(int(self.queries.switches.unload_files), count)) if count else 0
        for number in range(files):
            path = self.queries.take_in.folder / f"out-{uuid.uuid4()}.parquet"
            engine.run(f'COPY (SELECT * FROM main."rows of one place" WHERE rowid % {files} = {number}) '
                       f"TO {quoted(str(path))} (FORMAT parquet, COMPRESSION {compression})")
            self.put(place, path.read_bytes())
            path.unlink()


def codec(options: dict[str, object], *names: str) -> str:
    chosen = next((str(options[name]) for name in names if name in options), "GZIP" if "compression" in names
                  else "SNAPPY").upper()
    needs(chosen in ("SNAPPY", "GZIP", "ZSTD", "NONE", "UNCOMPRESSED"), "INVALID_TABLE_PROPERTY",
          f"unsupported compression {chosen}")
    return "UNCOMPRESSED" if chosen == "NONE" else chosen


def need_parquet(options: dict[str, object], default: str) -> None:
    chosen = str(options.get("format", default)).upper()
    needs(chosen == "PARQUET", "NOT_SUPPORTED", f"the sandbox writes PARQUET only, not {chosen}")


def check_order(columns: list[tuple[str, str]], keys: list[str], what: str) -> None:
    """Partition columns are the last ones, in the order of partitioned_by."""
    names = [name.lower() for name, _ in columns]
    missing = [key for key in keys if key not in names]
    needs(not missing, "INVALID_TABLE_PROPERTY", f"Partition columns {missing} not present in schema")
    needs(not keys or names[-len(keys):] == keys, "HIVE_COLUMN_ORDER_MISMATCH",
          f"Partition keys must be the last columns in the table and in the same order as the table properties: "
          f"{keys}{what}")


def unload(queries: "Queries", execution: "Execution") -> Answer:
    statement = execution.statement
    need_parquet(statement.options, "")
    target = statement.parts["target"]
    needs(target.startswith("s3://"), "INVALID_TABLE_PROPERTY", f"not an S3 path: {target}")
    writer = execution.writer = Writer(queries, execution)
    writer.require_empty(target)
    count = writer.take(execution.rewritten())
    columns = writer.columns()
    keys = [str(key).lower() for key in statement.options.get("partitioned_by", [])]  # type: ignore[attr-defined]
    check_order(columns, keys, "")
    if count:
        writer.write(target, narrowed(columns), keys, codec(statement.options, "compression"))
        writer.files_made = [(place.removeprefix(target.rstrip("/")), data) for place, data in writer.files_made]
    return written(writer, count)


def written(writer: Writer, count: int | None) -> Answer:
    return Answer(["rows"], ["BIGINT"], [], header=False, update_count=count,
                  manifest=[f"s3://{b}/{k}" for b, k in writer.written])


def again(queries: "Queries", execution: "Execution", answer: Answer, files: list[tuple[str, bytes]]) -> Answer:
    """The files of the same UNLOAD, at the target of this one."""
    target = execution.statement.parts["target"]
    writer = execution.writer = Writer(queries, execution)
    writer.require_empty(target)
    for below, data in files:
        writer.put(target.rstrip("/") + below, data)
    return written(writer, answer.update_count)


def narrowed(columns: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """DuckDB's wide sums become Trino's bigint; what does not fit fails, as there."""
    return [(name.lower(), "BIGINT" if duck in ("HUGEINT", "UBIGINT", "UHUGEINT") else
             "TIMESTAMP" if duck.startswith("TIMESTAMP") else duck) for name, duck in columns]


def hive_name(duck: str) -> str:
    kind = trino_of(duck)
    return HIVE.get(kind, kind)


def create_table_as(queries: "Queries", execution: "Execution") -> Answer:
    statement, options = execution.statement, execution.statement.options
    need_parquet(options, "PARQUET")
    place = options.get("external_location")
    if place and execution.enforced:
        raise QueryError("INVALID_TABLE_PROPERTY", "The Create Table As Select query failed because it was "
                         "submitted with an 'external_location' property to an Athena Workgroup that enforces a "
                         "centralized output location for all queries. Please remove the 'external_location' "
                         "property and resubmit the query.")
    location = str(place or f"{execution.output.rstrip('/')}/tables/{execution.id}/")
    with queries.lock:
        found = execution.catalog.find(statement.database, statement.table)
    if found is not None and "exists" in statement.parts:
        return Answer(header=False, update_count=0)
    needs(found is None, "TABLE_ALREADY_EXISTS", f"Table '{statement.database}.{statement.table}' already exists")
    writer = execution.writer = Writer(queries, execution)
    writer.require_empty(location)
    count = writer.take(execution.rewritten() + (" LIMIT 0" if "no_data" in statement.parts else ""))
    columns = narrowed(writer.columns())
    keys = [str(key).lower() for key in options.get("partitioned_by", [])]  # type: ignore[attr-defined]
    check_order(columns, keys, "")
    places = writer.write(location, columns, keys, codec(options, "parquet_compression", "write_compression")) \
        if count else []
    document = {
        "Name": statement.table, "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE"},
        "PartitionKeys": [{"Name": n, "Type": hive_name(t)} for n, t in columns if n in keys],
        "StorageDescriptor": {**PARQUET_STORAGE, "Location": location, "Columns": [
            {"Name": n, "Type": hive_name(t)} for n, t in columns if n not in keys]}}
    with queries.lock:
        execution.check()
        execution.catalog.create_table(statement.database, document)
        if keys:
            register(execution, statement.database, statement.table, places)
    return Answer(["rows"], ["BIGINT"], header=False, update_count=count,
                  manifest=[f"s3://{b}/{k}" for b, k in writer.written])


def register(execution: "Execution", database: str, name: str, places: list[tuple[tuple[Any, ...], str]]) -> None:
    """Partitions that are not there yet.  Hold the lock."""
    table = execution.catalog.find(database, name)
    document = table.as_dict()
    for values, place in places:
        texts = [str(value) for value in values]
        if str(texts) not in table.partitions:
            table.create_partition({"Values": texts, "Parameters": {}, "StorageDescriptor": {
                **document["StorageDescriptor"], "Location": place}})


def insert_into(queries: "Queries", execution: "Execution") -> Answer:
    statement = execution.statement
    with queries.lock:
        found = execution.catalog.find(statement.database, statement.table)
        needs(found is not None, "TABLE_NOT_FOUND", f"Table {statement.database}.{statement.table} does not exist")
        table: Table = table_of(statement.database, statement.table, found.as_dict())
        table.partitions = execution.catalog.partitions(table, found)
        places = {str(p.values): p.partition_input.get("StorageDescriptor", {}).get("Location", "")
                  for p in found.partitions.values()}
    needs(table.is_parquet, "NOT_SUPPORTED", "the sandbox inserts into parquet tables only")
    kinds = [(name, kind.duck) for name, kind in [*table.columns, *table.keys]]
    query = execution.rewritten()
    given = narrowed([(n, t) for n, t, *_ in execution.engine.run("DESCRIBE " + query).fetchall()])
    order = [name for name, _ in kinds]
    if "columns" in statement.parts:
        order = [n.strip().strip('"').lower() for n in statement.parts["columns"].strip("() ").split(",")]
    same = len(order) == len(given) and all(
        trino_of(t) == trino_of(dict(kinds).get(n, "?")) for n, (_, t) in zip(order, given, strict=True))
    needs(same, "TYPE_MISMATCH", "Insert query has mismatched column types: Table: "
          f"{[trino_of(dict(kinds).get(n, '?')) for n in order]}, Query: {[trino_of(t) for _, t in given]}")
    absent = "".join(f', CAST(NULL AS {t}) AS "{n}"' for n, t in kinds if n not in order)
    names = ", ".join(f'"{n}"' for n in order)
    writer = execution.writer = Writer(queries, execution)
    count = writer.take(f"SELECT *{absent} FROM ({query}) AS given({names})")
    keys = [name for name, _ in table.keys]
    known = {p.values: places[str([str(v) for v in p.values])] for p in table.partitions
             if str([str(v) for v in p.values]) in places}
    made = writer.write(table.location, kinds, keys, "SNAPPY", known) if count else []
    if keys and made:
        with queries.lock:
            register(execution, statement.database, statement.table, made)
    return Answer(["rows"], ["BIGINT"], header=False, update_count=count,
                  manifest=[f"s3://{b}/{k}" for b, k in writer.written])
