"""Statements that change Glue only.  None of them touches a file."""

import base64
import json
import re
from typing import TYPE_CHECKING, Any

from .athena_sql import needs, unquoted
from .hive_types import parse, split_top, trino_of
from .objects import Missing, list_objects, split_location
from .query_error import QueryError
from .results import Answer
from .unload import PARQUET_STORAGE, hive_name

if TYPE_CHECKING:
    from .athena_run import Execution, Queries

DONE = Answer(header=False)
TEXT = {"InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"}
CLAUSE = re.compile(r"""PARTITIONED\s+BY\s*(?P<keys>\()|ROW\s+FORMAT\s+SERDE\s+'(?P<serde>[^']*)'
    |WITH\s+SERDEPROPERTIES\s*(?P<serde_properties>\()|STORED\s+AS\s+(?P<format>PARQUET|TEXTFILE)
    |STORED\s+AS\s+INPUTFORMAT\s+'(?P<input>[^']*)'\s+OUTPUTFORMAT\s+'(?P<output>[^']*)'
    |LOCATION\s+'(?P<location>[^']*)'|TBLPROPERTIES\s*(?P<properties>\()|COMMENT\s+'[^']*'""", re.S | re.X | re.I)


def bracket(text: str, start: int) -> int:
    """Position after the bracket that closes the one at start; texts in quotes do not count."""
    depth = 0
    for match in re.finditer(r"'(?:[^'\\]|\\.|'')*'|[()]", text[start:]):
        depth += (match[0] == "(") - (match[0] == ")")
        if depth == 0:
            return start + match.end()
    raise QueryError("SYNTAX_ERROR", "missing ')'")


def column_list(text: str) -> list[dict[str, str]]:
    made = []
    for part in split_top(text):
        match = re.fullmatch(r"\s*(`[^`]+`|\w+)\s+(.+?)(?:\s+COMMENT\s+'[^']*')?\s*", part, re.S | re.I)
        needs(match is not None, "SYNTAX_ERROR", f"not a column: {part.strip()}")
        name, kind = match[1], match[2].strip().lower()  # type: ignore[index]
        needs(name.startswith("`") or name.lower() not in ("timestamp", "date", "user", "order", "table"),
              "SYNTAX_ERROR", f"mismatched input '{name}': reserved words need backquotes")
        try:
            parse(kind)
        except ValueError as error:
            raise QueryError("SYNTAX_ERROR", str(error)) from None
        made.append({"Name": unquoted(name), "Type": re.sub(r"\s", "", kind)})
    return made


def properties(text: str) -> dict[str, str]:
    return {k: v.replace("\\\\", "\\") for k, v in re.findall(r"'([^']*)'\s*=\s*'([^']*)'", text)}


def create_table(queries: "Queries", execution: "Execution") -> Answer:
    statement, body = execution.statement, execution.statement.parts["body"]
    end = bracket(body, 0)
    columns, rest, clauses = column_list(body[1:end - 1]), body[end:], {}
    position = 0
    while position < len(rest.rstrip()):
        match = CLAUSE.search(rest, position)
        needs(match is not None and not rest[position:match.start()].strip(),  # type: ignore[union-attr]
              "SYNTAX_ERROR", f"mismatched input: {rest[position:].strip()[:40]}")
        position = match.end()  # type: ignore[union-attr]
        for name, value in match.groupdict().items():  # type: ignore[union-attr]
            if value == "(":
                end = bracket(rest, position - 1)
                clauses[name], position = rest[position:end - 1], end
            elif value is not None:
                clauses[name] = value
    needs("location" in clauses, "SYNTAX_ERROR", "an external table needs a LOCATION")
    storage = parquet_or_text(clauses)
    document = {"Name": statement.table, "TableType": "EXTERNAL_TABLE",
                "Parameters": {"EXTERNAL": "TRUE", **properties(clauses.get("properties", ""))},
                "PartitionKeys": column_list(clauses["keys"]) if "keys" in clauses else [],
                "StorageDescriptor": {**storage, "Columns": columns, "Location": clauses["location"]}}
    with queries.lock:
        exists = execution.catalog.find(statement.database, statement.table) is not None
        needs(not exists or "exists" in statement.parts, "ALREADY_EXISTS",
              f"AlreadyExistsException: Table {statement.table} already exists")
        if not exists:
            execution.catalog.create_table(statement.database, document)
    return DONE


def parquet_or_text(clauses: dict[str, str]) -> dict[str, Any]:
    if clauses.get("format", "").upper() == "PARQUET":
        return dict(PARQUET_STORAGE)
    serde = {"SerializationLibrary": clauses.get("serde", "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"),
             "Parameters": properties(clauses.get("serde_properties", ""))}
    return {"InputFormat": clauses.get("input", TEXT["InputFormat"]),
            "OutputFormat": clauses.get("output", TEXT["OutputFormat"]), "SerdeInfo": serde}


def create_view(queries: "Queries", execution: "Execution") -> Answer:
    """The view as Athena writes it into Glue, after its text was analysed."""
    statement, engine = execution.statement, execution.engine
    found = engine.run(f"DESCRIBE {execution.rewritten()}").fetchall()
    columns = [(name.lower(), duck) for name, duck, *_ in found]
    names = [name for name, _ in columns]
    needs(len(names) == len(set(names)), "DUPLICATE_COLUMN_NAME", "a column name is specified more than once")
    text = json.dumps({"originalSql": statement.query, "catalog": "awsdatacatalog", "schema": execution.database,
                       "columns": [{"name": n, "type": trino_of(t)} for n, t in columns]})
    document = {"Name": statement.table, "TableType": "VIRTUAL_VIEW", "PartitionKeys": [],
                "Parameters": {"presto_view": "true", "comment": "Presto View"},
                "StorageDescriptor": {"Columns": [{"Name": n, "Type": hive_name(t)} for n, t in columns],
                                      "SerdeInfo": {}, "Location": ""},
                "ViewExpandedText": "/* Presto View */",
                "ViewOriginalText": f"/* Presto View: {base64.b64encode(text.encode()).decode()} */"}
    with queries.lock:
        old = execution.catalog.find(statement.database, statement.table)
        needs(old is None or "replace" in statement.parts, "TABLE_ALREADY_EXISTS",
              f"View already exists: {statement.database}.{statement.table}")
        needs(old is None or old.as_dict().get("TableType") == "VIRTUAL_VIEW", "TABLE_ALREADY_EXISTS",
              f"{statement.table} is a table")
        if old is None:
            execution.catalog.create_table(statement.database, document)
        else:
            old.update(document)
    return DONE


def drop(queries: "Queries", execution: "Execution") -> Answer:
    """The files stay."""
    statement = execution.statement
    with queries.lock:
        found = execution.catalog.find(statement.database, statement.table)
        if found is None:
            needs("exists" in statement.parts, "TABLE_NOT_FOUND", f"Table {statement.table} does not exist")
            return DONE
        is_view = found.as_dict().get("TableType") == "VIRTUAL_VIEW"
        needs(is_view == (statement.kind == "drop_view"), "NOT_SUPPORTED",
              f"{statement.table} is a {'view' if is_view else 'table'}")
        del execution.catalog.databases()[statement.database].tables[statement.table]
    return DONE


def create_database(queries: "Queries", execution: "Execution") -> Answer:
    with queries.lock:
        name = execution.statement.database
        if name in execution.catalog.databases():
            needs("exists" in execution.statement.parts, "ALREADY_EXISTS", f"Database {name} already exists")
        else:
            execution.catalog.backend().create_database(name, {"Name": name}, None)
    return DONE


def the_table(execution: "Execution") -> Any:
    statement = execution.statement
    found = execution.catalog.find(statement.database, statement.table)
    needs(found is not None, "TABLE_NOT_FOUND", f"Table {statement.database}.{statement.table} does not exist")
    return found


def msck(queries: "Queries", execution: "Execution") -> Answer:
    """Adds the Hive-style folders below the location that Glue does not know; removes nothing."""
    with queries.lock:
        table = the_table(execution)
        document = table.as_dict()
        keys = [key["Name"].lower() for key in document.get("PartitionKeys", [])]
        bucket, prefix = split_location(document["StorageDescriptor"]["Location"])
        pattern = re.compile("".join(f"{re.escape(key)}=([^/]+)/" for key in keys))
        try:
            found = {match.groups() for o in list_objects(bucket, prefix)
                     if (match := pattern.match(o.key[len(prefix):]))}
        except Missing:
            found = set()
        added = []
        for values in sorted(found):
            if str(list(values)) not in table.partitions:
                folder = "".join(f"{key}={value}/" for key, value in zip(keys, values, strict=True))
                add(table, document, list(values), f"s3://{bucket}/{prefix}{folder}")
                added.append("/".join(f"{k}={v}" for k, v in zip(keys, values, strict=True)))
    names = [f"Partitions not in metastore: {execution.statement.table}:{a}" for a in added]
    return Answer(["result"], ["VARCHAR"], [(name,) for name in names], header=False)


def add(table: Any, document: dict[str, Any], values: list[str], location: str) -> None:
    storage = {**document["StorageDescriptor"], "Location": location}
    table.create_partition({"Values": values, "StorageDescriptor": storage, "Parameters": {}})


def alter_partition(queries: "Queries", execution: "Execution") -> Answer:
    """ALTER TABLE .. ADD|DROP PARTITION (year = 2025, ..) [LOCATION '..'] .."""
    statement = execution.statement
    with queries.lock:
        table = the_table(execution)
        document = table.as_dict()
        keys = [key["Name"].lower() for key in document.get("PartitionKeys", [])]
        for match in re.finditer(r"PARTITION\s*\(([^)]*)\)(?:\s*LOCATION\s*'([^']*)')?", statement.parts["body"],
                                 re.I):
            pairs = (part.partition("=") for part in match[1].split(","))
            given = {unquoted(name): value.strip().strip("'") for name, _, value in pairs}
            needs(set(given) == set(keys), "SYNTAX_ERROR", f"partition must name {keys}")
            values = [given[key] for key in keys]
            exists = str(values) in table.partitions
            if statement.kind == "drop_partition":
                needs(exists or "exists" in statement.parts, "PARTITION_NOT_FOUND", f"Partition not found: {values}")
                table.partitions.pop(str(values), None)
                continue
            needs(not exists or "exists" in statement.parts, "ALREADY_EXISTS", f"Partition already exists: {values}")
            if not exists:
                base = document["StorageDescriptor"]["Location"].rstrip("/")
                folder = "/".join(f"{k}={v}" for k, v in zip(keys, values, strict=True))
                add(table, document, values, match[2] or f"{base}/{folder}/")
    return DONE


def show_partitions(queries: "Queries", execution: "Execution") -> Answer:
    with queries.lock:
        table = the_table(execution)
        keys = [key["Name"] for key in table.as_dict().get("PartitionKeys", [])]
        rows = [("/".join(f"{k}={v}" for k, v in zip(keys, p.values, strict=True)),)
                for p in table.partitions.values()]
    return Answer(["partition"], ["VARCHAR"], sorted(rows), header=False)
