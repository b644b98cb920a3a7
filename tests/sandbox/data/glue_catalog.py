"""Glue's tables as a query sees them, all at one moment: columns, partitions, objects, views."""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from .. import moto_side
from .hive_types import HiveType, parse
from .objects import COLD, Missing, Stored, list_objects, split_location
from .projection import Projection
from .query_error import QueryError

VIEW = re.compile(r"/\* Presto View: (\S+) \*/")
PARQUET = "parquet"


@dataclass
class Partition:
    values: tuple[Any, ...]
    objects: list[Stored]


@dataclass
class Table:
    database: str
    name: str
    document: dict[str, Any]
    columns: list[tuple[str, HiveType]]
    keys: list[tuple[str, HiveType]]
    partitions: list[Partition] = field(default_factory=list)

    @property
    def storage(self) -> dict[str, Any]:
        return dict(self.document.get("StorageDescriptor", {}))

    @property
    def library(self) -> str:
        return str(self.storage.get("SerdeInfo", {}).get("SerializationLibrary", ""))

    @property
    def serde_parameters(self) -> dict[str, str]:
        return dict(self.storage.get("SerdeInfo", {}).get("Parameters", {}))

    @property
    def is_parquet(self) -> bool:
        return PARQUET in self.library.lower()

    @property
    def location(self) -> str:
        return str(self.storage.get("Location", ""))

    @property
    def bucket(self) -> str:
        return self.location.partition("://")[2].partition("/")[0]

    @property
    def parameters(self) -> dict[str, str]:
        return dict(self.document.get("Parameters", {}))


@dataclass
class View:
    database: str
    name: str
    sql: str
    schema: str
    columns: list[tuple[str, str]]  # Trino's types


@dataclass
class Snapshot:
    """Tables and views that a text may mean, by (database, name)."""

    databases: list[str]
    tables: dict[tuple[str, str], Table] = field(default_factory=dict)
    views: dict[tuple[str, str], View] = field(default_factory=dict)


def words(sql: str) -> set[str]:
    return set(re.findall(r"\w+", sql.lower()))


class Catalog:
    """Hold the world's lock."""

    def __init__(self, account: str, region: str, now: float):
        self.account, self.region, self.now = account, region, now

    def backend(self) -> Any:
        return moto_side.backend("glue", self.account, self.region)

    def databases(self) -> dict[str, Any]:
        return dict(self.backend().databases)

    def create_table(self, database: str, document: dict[str, Any]) -> None:
        if database not in self.databases():
            raise QueryError("SCHEMA_NOT_FOUND", f"Schema {database} does not exist")
        self.backend().create_table(database, document["Name"], document, None)

    def find(self, database: str, name: str) -> Any | None:
        """moto's table."""
        found = self.databases().get(database.lower())
        return None if found is None else found.tables.get(name.lower())

    def snapshot(self, sql: str) -> Snapshot:
        databases = self.databases()
        made = Snapshot(sorted(databases))
        pending = [sql]
        while pending:
            wanted = words(pending.pop())
            for database in made.databases:
                for name, table in databases[database].tables.items():
                    place = (database, name)
                    if name not in wanted or place in made.tables or place in made.views:
                        continue
                    document = table.as_dict()
                    if document.get("TableType") == "VIRTUAL_VIEW":
                        made.views[place] = view = view_of(database, name, document)
                        pending.append(view.sql)
                    else:
                        made.tables[place] = self.table(database, name, table, document)
        return made

    def table(self, database: str, name: str, table: Any, document: dict[str, Any]) -> Table:
        made = table_of(database, name, document)
        made.partitions = self.partitions(made, table)
        return made

    def partitions(self, made: Table, table: Any) -> list[Partition]:
        bucket, prefix = split_location(made.location)
        if not made.keys:
            return [Partition((), readable(bucket, prefix))]
        if made.parameters.get("projection.enabled", "").lower() == "true":
            return self.projected(made, bucket, prefix)
        found = []
        for partition in table.partitions.values():
            place = partition.partition_input.get("StorageDescriptor", {}).get("Location", "")
            values = tuple(typed(value, kind) for value, (_, kind)
                           in zip(partition.values, made.keys, strict=True))
            found.append(Partition(values, readable(*split_location(place))))
        return found

    def projected(self, made: Table, bucket: str, prefix: str) -> list[Partition]:
        projection = Projection(made.parameters, made.keys, made.location, self.now)
        groups: dict[tuple[str, ...], list[Stored]] = {}
        for stored in readable(*projection.place):
            values = projection.values_of(stored.key)
            if values is not None:
                groups.setdefault(values, []).append(stored)
        return [Partition(tuple(typed(v, kind) for v, (_, kind) in zip(values, made.keys, strict=True)), found)
                for values, found in groups.items()]


def table_of(database: str, name: str, document: dict[str, Any]) -> Table:
    storage = document.get("StorageDescriptor", {})
    try:
        columns = [(c["Name"].lower(), parse(c["Type"])) for c in storage.get("Columns", [])]
        keys = [(c["Name"].lower(), parse(c.get("Type", "string"))) for c in document.get("PartitionKeys", [])]
    except ValueError as error:
        raise QueryError("HIVE_METASTORE_ERROR", f"{database}.{name}: {error}") from None
    if not document.get("TableType"):
        raise QueryError("HIVE_METASTORE_ERROR", "java.lang.NullPointerException: Name is null")
    return Table(database, name, document, columns, keys)


def readable(bucket: str, prefix: str) -> list[Stored]:
    """What Athena reads below a location: nothing hidden, no empty markers, nothing in cold storage."""
    try:
        found = list_objects(bucket, prefix)
    except Missing:
        raise QueryError("HIVE_METASTORE_ERROR", f"The specified bucket does not exist: {bucket}") from None
    return [stored for stored in found if stored.size and stored.storage_class not in COLD
            and not any(part.startswith(("_", ".")) for part in stored.key[len(prefix):].split("/"))]


def typed(text: str, kind: HiveType) -> Any:
    """A partition's value in its key's type."""
    if kind.name in ("int", "integer", "bigint", "smallint", "tinyint"):
        try:
            return int(text)
        except ValueError:
            raise QueryError("HIVE_INVALID_PARTITION_VALUE",
                             f"Invalid partition value '{text}' for {kind.name} partition key") from None
    return text


def view_of(database: str, name: str, document: dict[str, Any]) -> View:
    match = VIEW.fullmatch(document.get("ViewOriginalText", ""))
    if not match or document.get("Parameters", {}).get("presto_view") != "true":
        raise QueryError("INVALID_VIEW", f"{database}.{name} is not a Presto view")
    if "SerdeInfo" not in document.get("StorageDescriptor", {}):
        raise QueryError("HIVE_METASTORE_ERROR", "Table storage descriptor is missing SerDe info")
    try:
        text = json.loads(base64.b64decode(match[1], validate=True))
        columns = [(column["name"], column["type"]) for column in text["columns"]]
        return View(database, name, text["originalSql"], text.get("schema", database), columns)
    except (ValueError, KeyError) as error:
        raise QueryError("INVALID_VIEW", f"{database}.{name}: {error}") from None
