"""An answer as Athena writes it: text values, the CSV object and its metadata."""

import datetime as dt
import decimal
import math
from dataclasses import dataclass, field
from typing import Any

from .hive_types import trino_of


@dataclass
class Answer:
    names: list[str] = field(default_factory=list)
    types: list[str] = field(default_factory=list)  # DuckDB's
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    header: bool = True
    update_count: int | None = None
    manifest: list[str] = field(default_factory=list)  # of files written, s3://...


def real(value: float) -> str:
    """As Java prints a double."""
    if math.isnan(value) or math.isinf(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    digits, _, exponent = f"{value!r}".partition("e")
    if not exponent:
        mantissa, _, exponent = f"{value:.17e}".partition("e")
        short = decimal.Decimal(repr(value)).scaleb(-int(exponent)).normalize()
        digits = format(short, "f")
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def shown(value: Any) -> str | None:
    """None stays None; everything else is text."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return real(value)
        case dt.datetime():
            text = value.strftime("%Y-%m-%d %H:%M:%S.") + f"{value.microsecond // 1000:03d}"
            return text + " UTC" if value.tzinfo else text
        case list():
            return "[" + ", ".join(shown(v) or "null" for v in value) + "]"
        case dict():
            return "{" + ", ".join(f"{k}={shown(v) or 'null'}" for k, v in value.items()) + "}"
        case bytes():
            return value.hex(" ")
        case decimal.Decimal():
            return format(value, "f")
    return str(value)


def csv(answer: Answer) -> bytes:
    """Every value quoted, NULL left empty."""
    lines = [",".join(map(cell, row)) for row in ([tuple(answer.names)] if answer.header else []) + answer.rows]
    return "".join(text + "\n" for text in lines).encode()


def cell(value: Any) -> str:
    kind = type(value)
    if kind is int:
        return f'"{value}"'
    text = value if kind is str else shown(value)
    return "" if text is None else '"' + text.replace('"', '""') + '"'


def column_info(name: str, duck: str, database: str = "") -> dict[str, Any]:
    kind = trino_of(duck)
    base, _, arguments = kind.partition("(")
    precision, scale = {"varchar": (2147483647, 0), "bigint": (19, 0), "integer": (10, 0), "double": (17, 0),
                        "boolean": (0, 0), "date": (0, 0)}.get(base, (0, 0))
    if base == "decimal":
        precision, scale = (int(n) for n in arguments.rstrip(")").split(","))
    return {"CatalogName": "hive", "SchemaName": "", "TableName": "", "Name": name, "Label": name,
            "Type": base if base not in ("array", "row") else base, "Precision": precision, "Scale": scale,
            "Nullable": "UNKNOWN", "CaseSensitive": base == "varchar"}


def metadata(answer: Answer) -> bytes:
    """Athena's is a binary of its own; nobody but Athena reads it."""
    return repr([(n, trino_of(t)) for n, t in zip(answer.names, answer.types, strict=True)]).encode()


def page(answer: Answer, start: int, most: int) -> tuple[list[dict[str, Any]], int | None]:
    """Rows from start on, the header being row 0, and where the next page starts."""
    total = len(answer.rows) + answer.header
    found = []
    for index in range(start, min(start + most, total)):
        if answer.header and index == 0:
            values: list[str | None] = list(answer.names)
        else:
            values = [shown(v) for v in answer.rows[index - answer.header]]
        found.append({"Data": [{} if v is None else {"VarCharValue": v} for v in values]})
    return found, start + most if start + most < total else None
