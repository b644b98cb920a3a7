"""One query's own database in DuckDB: Glue's tables and views by name, only the partitions it needs, then the answer."""

import hashlib
import itertools
import json
import re
import threading
from collections.abc import Hashable
from contextlib import suppress
from datetime import UTC
from typing import Any

import duckdb

from .glue_catalog import Partition, Snapshot, Table, View
from .hive_types import trino_of
from .prelude import PRELUDE, SETTINGS
from .query_error import QueryError, from_duck
from .take_in import TakeIn, literal, quoted

PASSING = ("FILTER", "PROJECTION", "LEFT_DELIM_JOIN", "UNNEST", "UNION")
ZONED = "TIMESTAMP WITH TIME ZONE"
PATH = re.compile(r'"?\$path"?|\bobject_path\b')
SCANS = ("SEQ_SCAN", "TABLE_SCAN")


def identifier(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


class Databases:
    """DuckDBs with the prelude in them, each one query's alone until it is given back: one takes longer to make than most queries
    to answer, and one that several queries ATTACH to and DETACH from at once ends with a segmentation fault now and then."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.free: list[duckdb.DuckDBPyConnection] = []
        self.left: list[duckdb.DuckDBPyConnection] = []
        self.numbers = itertools.count(1)

    def after_copy(self) -> None:
        """They are the original's: neither used nor closed here."""
        self.left += self.free
        self.lock, self.free = threading.Lock(), []

    def take(self) -> tuple[duckdb.DuckDBPyConnection, str]:
        """A connection, and the name of a new database in it."""
        with self.lock:
            connection = self.free.pop() if self.free else None
            name = f"query {next(self.numbers)}"
        if connection is None:
            connection = duckdb.connect(config={"threads": 1})  # queries are small, and others run beside them
            connection.execute(PRELUDE)
        connection.execute(f"{SETTINGS} ATTACH ':memory:' AS {identifier(name)}")
        return connection, name

    def give_back(self, connection: duckdb.DuckDBPyConnection, name: str) -> None:
        try:
            connection.execute(f"USE memory; DETACH {identifier(name)}")
        except duckdb.Error:  # interrupted once more
            connection.close()
            return
        with self.lock:
            self.free.append(connection)


DATABASES = Databases()


class Known:
    """What DuckDB has said of definitions and texts alone, which it takes longer to say than to read a few rows."""

    MOST = 1000

    def __init__(self) -> None:
        self.told: dict[Hashable, str] = {}

    def get(self, asked: Hashable) -> str | None:
        return self.told.get(asked)

    def keep(self, asked: Hashable, told: str) -> str:
        if len(self.told) >= self.MOST:
            self.told.clear()
        self.told[asked] = told
        return told


KNOWN = Known()


class Engine:
    def __init__(self, take_in: TakeIn, snapshot: Snapshot, database: str, rewrite: Any, with_path: bool):
        self.take_in, self.snapshot, self.rewrite, self.with_path = take_in, snapshot, rewrite, with_path
        self.database = database
        self.lock = threading.Lock()
        self.connection, self.own = DATABASES.take()
        self.search("")
        self.scanned = 0
        self.made_views: set[tuple[str, str]] = set()

    def prepare(self, sql: str) -> None:
        """Everything sql names, with the data of the partitions it reads.  Raises QueryError."""
        try:
            self.define()
            for table, partitions in self.needed(sql).items():
                self.fill(self.snapshot.tables[table], partitions)
        except duckdb.Error as error:
            raise from_duck(error) from None

    def run(self, sql: str) -> Any:
        """DuckDB's cursor after sql."""
        try:
            return self.connection.execute(sql)
        except duckdb.Error as error:
            raise from_duck(error) from None

    def answer(self, sql: str) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
        """Names, DuckDB's types and rows of a query."""
        try:
            found = self.connection.execute(sql)
            columns, types = [name for name, *_ in found.description], [str(kind) for _, kind, *_ in found.description]
            zoned = [n for n, kind in enumerate(types) if kind == ZONED]
            if zoned:  # Python would need pytz for these
                fields = ", ".join(f"#{n + 1}::TIMESTAMP" if n in zoned else f"#{n + 1}" for n in range(len(types)))
                rows = self.connection.execute(f"SELECT {fields} FROM ({sql}\n)").fetchall()
            else:
                rows = found.fetchall()
        except duckdb.Error as error:
            raise from_duck(error) from None
        names = [shown_name(n, name, sql) for n, name in enumerate(columns)]
        for n in zoned:
            rows = [(*row[:n], row[n] and row[n].replace(tzinfo=UTC), *row[n + 1:]) for row in rows]
        return names, types, rows

    def define_only(self) -> None:
        """As prepare, without data: enough to analyse a text."""
        try:
            self.define()
        except duckdb.Error as error:
            raise from_duck(error) from None

    def interrupt(self) -> None:
        """What it is doing now; nothing once it is closed."""
        with self.lock, suppress(duckdb.Error):  # it has just ended
            if self.connection is not None:
                self.connection.interrupt()

    def close(self) -> None:
        """Nothing is asked of it afterwards; its DuckDB is another query's then."""
        with self.lock:
            connection, self.connection = self.connection, None
        DATABASES.give_back(connection, self.own)

    # -- definitions ------------------------------------------------------------------------------------

    def define(self) -> None:
        for database in self.snapshot.databases:
            self.connection.execute(f"CREATE SCHEMA IF NOT EXISTS {identifier(database)}")
        for table in self.snapshot.tables.values():
            fields = ", ".join(f"{identifier(n)} {t}" for n, t in self.fields(table))
            self.connection.execute(f"CREATE TABLE {self.place(table)} ({fields})")
        self.texts = {place: self.rewrite(view.sql) for place, view in self.snapshot.views.items()}
        defined = repr((
            self.snapshot.databases, sorted((place, self.fields(table)) for place, table in self.snapshot.tables.items()),
            sorted((place, view.schema, self.texts[place], view.columns) for place, view in self.snapshot.views.items())))
        self.definitions = hashlib.sha256(defined.encode()).hexdigest()
        for view in self.snapshot.views.values():
            self.view(view)
        KNOWN.keep(self.definitions, "fits")
        self.search(self.database)

    def search(self, database: str) -> None:
        own = identifier(self.own)
        path = f"{own}.main,memory.main"  # the prelude is in the latter
        if database in self.snapshot.databases:
            path = f"{own}.{identifier(database)},{path}"
        self.connection.execute(f"SET search_path={quoted(path)}")

    @staticmethod
    def place(table: Table | View) -> str:
        return f"{identifier(table.database)}.{identifier(table.name)}"

    def fields(self, table: Table) -> list[tuple[str, str]]:
        path = [("$path", "VARCHAR")] if self.with_path else []
        return [*((n, t.duck) for n, t in [*table.columns, *table.keys]), *path]

    def view(self, view: View) -> None:
        """Inner views first; one whose columns are not what Glue says is stale."""
        place = (view.database, view.name)
        if place in self.made_views:
            return
        self.made_views.add(place)
        for other in self.snapshot.views.values():
            if other.name in view.sql.lower():
                self.view(other)
        self.search(view.schema)
        try:
            self.connection.execute(f"CREATE VIEW {self.place(view)} AS {self.texts[place]}")
            if KNOWN.get(self.definitions):
                return
            found = self.connection.execute(
                f"SELECT column_name, column_type FROM (DESCRIBE {self.place(view)})").fetchall()
        except duckdb.Error as error:
            raise QueryError("INVALID_VIEW", f"Failed analyzing stored view '{view.database}.{view.name}': "
                             f"{from_duck(error)}") from None
        self.check_view(view, found)

    @staticmethod
    def check_view(view: View, found: list[tuple[str, str]]) -> None:
        stale = f"View '{view.database}.{view.name}' is stale or in invalid state: "
        if len(found) != len(view.columns):
            raise QueryError("VIEW_IS_STALE", f"{stale}it has {len(view.columns)} columns, its query {len(found)}")
        for (name, wanted), (column, duck) in zip(view.columns, found, strict=True):
            have = trino_of(duck)
            if name.lower() != column.lower() or not same_type(wanted.lower(), have):
                raise QueryError("VIEW_IS_STALE", f"{stale}column [{column}] of type {have} projected from query "
                                 f"view cannot be coerced to column [{name}] of type {wanted}")

    # -- which partitions -------------------------------------------------------------------------------

    def needed(self, sql: str) -> dict[tuple[str, str], list[Partition]]:
        """Partitions by table: what the plan's conditions on partition keys leave over."""
        text = KNOWN.get((self.definitions, self.database, sql)) or self.plan(sql)
        found: dict[tuple[str, str], set[int]] = {}
        self.passed_by: dict[tuple[str, str], list[list[str]]] = {}  # by scan: its conditions
        for node in json.loads(text):
            self.walk(node, [], found)
        chosen = {}
        for place, table in self.snapshot.tables.items():
            numbers = found.get(place, range(len(table.partitions)))
            chosen[place] = self.opened(table, [table.partitions[n] for n in sorted(numbers)],
                                        self.passed_by.get(place, []))
        return chosen

    def opened(self, table: Table, partitions: list[Partition], scans: list[list[str]]) -> list[Partition]:
        """Without the objects that a condition on "$path" leaves out of every scan: Trino never opens them.  The
        plan calls the column by the view's name for it, as it does with the keys."""
        wanted = [[text for part in scan for text in conjuncts(part) if PATH.search(text)] for scan in scans]
        if not wanted or not all(wanted):
            return partitions
        paths = [f"s3://{table.bucket}/{stored.key}" for p in partitions for stored in p.objects]
        left = {path for conditions in wanted for path in self.paths_for(paths, conditions)}
        return [Partition(p.values, [o for o in p.objects if f"s3://{table.bucket}/{o.key}" in left]) for p in partitions]

    def paths_for(self, paths: list[str], conditions: list[str]) -> set[str]:
        left = set(paths)
        for condition in conditions:
            with suppress(duckdb.Error):  # about other columns too: it says nothing
                left &= {row[0] for row in self.connection.execute(
                    f"SELECT path FROM (SELECT unnest(?) AS path) WHERE coalesce(({PATH.sub('path', condition)}), false)",
                    [paths]).fetchall()}
        return left

    def plan(self, sql: str) -> str:
        """How DuckDB would go about it: of tables that are still empty, so that nothing but what is defined tells."""
        self.connection.execute("SET disabled_optimizers='statistics_propagation,empty_result_pullup,in_clause'")
        text = str(self.connection.execute("EXPLAIN (FORMAT json) " + sql).fetchall()[0][1])
        self.connection.execute("RESET disabled_optimizers")
        return KNOWN.keep((self.definitions, self.database, sql), text)

    def walk(self, node: dict[str, Any], filters: list[str], found: dict[tuple[str, str], set[int]]) -> None:
        name, extra = node["name"].strip(), node.get("extra_info", {})
        if name in SCANS and extra.get("Table"):
            place = tuple(extra["Table"].split(".")[-2:])
            if place in self.snapshot.tables:
                own = extra.get("Filters", [])
                conditions = filters + (own if isinstance(own, list) else [own])
                table = self.snapshot.tables[place]
                found.setdefault(place, set()).update(self.matching(table, conditions))
                self.passed_by.setdefault(place, []).append(conditions)
            return
        # A window of DuckDB's own making (it joins UNNEST back) changes no row; any other does.
        passes = name in PASSING or ("WINDOW" in name and extra.get("Projections") == "delim_index")
        below = list(filters) if passes else []
        if name == "FILTER":
            expression = extra.get("Expression", [])
            below += expression if isinstance(expression, list) else [expression]
        for number, child in enumerate(node.get("children", [])):
            self.walk(child, below if number == 0 or name == "UNION" else [], found)

    def matching(self, table: Table, conditions: list[str]) -> set[int]:
        everything = set(range(len(table.partitions)))
        if not table.keys or not table.partitions or not conditions:
            return everything
        name = f"{identifier(self.own)}.main.{identifier(f'partitions of {table.database}.{table.name}')}"
        fields = ", ".join(f"{identifier(n)} {t.duck}" for n, t in table.keys)
        rows = ", ".join(f"({n}, {', '.join(literal(v) for v in p.values)})"
                         for n, p in enumerate(table.partitions))
        self.connection.execute(f'CREATE OR REPLACE TABLE {name} ("$number" INTEGER, {fields})')
        self.connection.execute(f"INSERT INTO {name} VALUES {rows}")
        for condition in conditions:
            everything &= self.holding(name, condition, everything)
        return everything

    def holding(self, name: str, condition: str, everything: set[int]) -> set[int]:
        """Partitions for which a condition may hold; one that is not about keys alone says nothing."""
        try:
            return {row[0] for row in self.connection.execute(
                f'SELECT "$number" FROM {name} WHERE coalesce(({condition}), false)').fetchall()}
        except duckdb.Error:
            parts = conjuncts(condition)
            kept = set(everything)
            for part in parts if len(parts) > 1 else []:
                kept &= self.holding(name, part, everything)
            return kept

    # -- data -------------------------------------------------------------------------------------------

    def fill(self, table: Table, partitions: list[Partition]) -> None:
        """Puts a view over the partitions' data in the empty table's place."""
        partitions = [p for p in partitions if p.objects]
        self.scanned += sum(o.size for p in partitions for o in p.objects)
        if not partitions:
            return
        query = self.parquet(table, partitions) if table.is_parquet else self.text(table, partitions)
        self.connection.execute(f"DROP TABLE {self.place(table)}; CREATE VIEW {self.place(table)} AS {query}")

    def text(self, table: Table, partitions: list[Partition]) -> str:
        files, numbers = self.take_in.text(table, partitions)
        fields = ", ".join(identifier(n) for n, _ in self.fields(table))
        listed = ", ".join(quoted(str(file)) for file in files)
        ranges = " OR ".join(f'"$part" BETWEEN {low} AND {high}' for low, high in runs(numbers))
        return f"SELECT {fields} FROM read_parquet([{listed}]) WHERE {ranges}"

    def parquet(self, table: Table, partitions: list[Partition]) -> str:
        """Columns by name; one that a file lacks is NULL."""
        bucket = table.bucket
        rows, files = [], []
        for partition in partitions:
            keys = "".join(", " + literal(value) for value in partition.values)
            for stored in partition.objects:
                path = quoted(str(self.take_in.parquet(table, stored)))
                files.append(path)
                rows.append(f"({path}, {quoted(f's3://{bucket}/{stored.key}')}{keys})")
        names = ", ".join(identifier(n) for n, _ in table.keys)
        fields = [f"CAST({'p' if n in dict(table.columns) else 'm'}.{identifier(n)} AS {t}) AS {identifier(n)}"
                  for n, t in self.fields(table)]
        empty = ", ".join(f"CAST(NULL AS {t.duck}) AS {identifier(n)}" for n, t in table.columns)
        return (f"SELECT {', '.join(fields)} FROM (SELECT * FROM (SELECT {empty} WHERE false) UNION ALL BY NAME "
                f"SELECT * FROM read_parquet([{', '.join(files)}], filename='$file', union_by_name=true)) AS p "
                f'JOIN (VALUES {", ".join(rows)}) AS m("$file", "$path"{", " + names if names else ""}) '
                'ON p."$file" = m."$file"')


def shown_name(number: int, name: str, sql: str) -> str:
    """Athena's name of a column: lower case, _col0 when it was given none."""
    if re.fullmatch(r"[A-Za-z_]\w*", name) or f'"{name}"' in sql:
        return name.lower()
    return f"_col{number}"


def runs(numbers: list[int]) -> list[tuple[int, int]]:
    """Unbroken ranges of ascending numbers."""
    made: list[tuple[int, int]] = []
    for number in numbers:
        if made and number == made[-1][1] + 1:
            made[-1] = (made[-1][0], number)
        else:
            made.append((number, number))
    return made


def conjuncts(text: str) -> list[str]:
    """Parts of (a AND b AND c)."""
    text = text.strip()
    if text.startswith("(") and text.endswith(")"):
        text = text[1:-1]
    parts, depth, start, index = [], 0, 0, 0
    while index < len(text):
        depth += (text[index] == "(") - (text[index] == ")")
        if depth < 0:
            return []
        if depth == 0 and text.startswith(" AND ", index):
            parts.append(text[start:index])
            start = index + 5
        index += 1
    return [*parts, text[start:]]


def same_type(wanted: str, have: str) -> bool:
    """As near as the engines' types are; precisions aside."""
    wanted, have = wanted.partition("(")[0], have.partition("(")[0]
    if wanted.startswith("timestamp"):
        return have.startswith("timestamp")
    return wanted == have or (have == "json" and wanted == "varchar") or (have == "unknown")
