"""Text objects as Hive reads them: the codec by the key's suffix only, then lines, then the SerDe's rules.

sql.md 1: one document per line and the rest of the line ignored (OpenX); a line that starts with neither
{ nor [ is a row of NULLs; a malformed one fails the query unless ignore.malformed.json."""

import gzip
import json
import re
import zlib
from typing import Any

from .hive_types import HiveType
from .query_error import QueryError

OPENX = "org.openx.data.jsonserde.JsonSerDe"
HCATALOG = ("org.apache.hive.hcatalog.data.JsonSerDe", "org.apache.hadoop.hive.serde2.JsonSerDe")
REGEX = "org.apache.hadoop.hive.serde2.RegexSerDe"
OTHER_CODECS = (".bz2", ".snappy", ".lz4", ".zst", ".deflate", ".lzo")
RANGES = {"tinyint": 1 << 7, "smallint": 1 << 15, "int": 1 << 31, "integer": 1 << 31, "bigint": 1 << 63}
FIRST = b'{"messageType":'  # how CloudWatch Logs begins an envelope
EVENTS = b'"logEvents":['


class Number(str):
    """A JSON number as it was written."""


DECODER = json.JSONDecoder(parse_float=Number, parse_int=Number, parse_constant=Number)


def bad_data(text: str) -> QueryError:
    return QueryError("HIVE_BAD_DATA", text)


def decoded(key: str, data: bytes, bucket: str = "") -> bytes:
    """The object's text: only a name that ends in .gz is decompressed (all members of it)."""
    if key.endswith(".gz"):
        try:
            return gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise QueryError("HIVE_CURSOR_ERROR", f"Failed to read file at s3://{bucket}/{key}: {error}") from None
    if key.endswith(OTHER_CODECS):
        raise QueryError("HIVE_CURSOR_ERROR", f"the sandbox does not read this codec: {key}")
    return data


def is_plain_envelopes(data: bytes) -> bool:
    """One envelope of CloudWatch Logs per line, spelled as it spells them: what a fast JSON reader may read
    in place of the rules below (it refuses whatever is not one document per line)."""
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    return (data.startswith(FIRST) and data.count(b"\n" + FIRST) == lines - 1
            and data.count(EVENTS) == lines and b"\r" not in data)


class Reader:
    """Rows of one table's text objects, as dictionaries of JSON values that fit the column types."""

    def __init__(self, library: str, parameters: dict[str, str], columns: list[tuple[str, HiveType]]):
        self.columns, self.library = columns, library
        self.lenient = parameters.get("ignore.malformed.json", "false").lower() == "true"
        if library == REGEX:
            self.pattern = re.compile(parameters.get("input.regex", ""))
        elif library != OPENX and library not in HCATALOG:
            raise QueryError("HIVE_UNSUPPORTED_FORMAT", f"the sandbox does not serve SerDe {library}")

    def rows(self, key: str, data: bytes) -> list[dict[str, Any]]:
        if self.library == REGEX:
            text = data.decode("utf-8", "replace")
            return [self.by_pattern(line) for line in lines_of(text)]
        if data[:2] == b"\x1f\x8b":
            raise QueryError("HIVE_CURSOR_ERROR", "Row is not a valid JSON Object - JSONException: gzip bytes "
                             f"read as text: the name does not end in .gz: {key}")
        return [self.by_json(key, line) for line in lines_of(data.decode("utf-8", "replace"))]

    def by_pattern(self, line: str) -> dict[str, Any]:
        match = self.pattern.fullmatch(line)
        groups = match.groups() if match else ()
        return {name: groups[n] if n < len(groups) else None for n, (name, _) in enumerate(self.columns)}

    def by_json(self, key: str, line: str) -> dict[str, Any]:
        text = line.strip()
        empty: dict[str, Any] = dict.fromkeys(name for name, _ in self.columns)
        if not text.startswith(("{", "[")):
            if self.library != OPENX and text:
                raise bad_data(f"Error Parsing a JSON row: {key}")
            return empty
        try:
            value, _ = DECODER.raw_decode(text)  # what follows the first value is ignored
        except ValueError as error:
            if self.lenient:
                return empty
            raise bad_data(f"Row is not a valid JSON Object - JSONException: {error} in {key}") from None
        if isinstance(value, list):
            return {name: fit(item, kind, key) for (name, kind), item
                    in zip(self.columns, value + [None] * len(self.columns), strict=False)}
        folded = {name.lower(): item for name, item in value.items()}
        return {name: fit(folded.get(name), kind, key) for name, kind in self.columns}


def lines_of(text: str) -> list[str]:
    found = text.split("\n")
    if found and not found[-1]:
        found.pop()
    return [line.removesuffix("\r") for line in found]


def as_text(value: Any) -> str:
    """A value in a column of text: objects and arrays as JSON, numbers as they were written."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}:{nested(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(nested(item) for item in value) + "]"
    return str(value)


def nested(value: Any) -> str:
    if isinstance(value, str) and not isinstance(value, Number):
        return json.dumps(value, ensure_ascii=False)
    return "null" if value is None else as_text(value)


def fit(value: Any, kind: HiveType, key: str) -> Any:
    """The value as the column's type; HIVE_BAD_DATA when it is none."""
    if value is None:
        return None
    if kind.name in ("string", "varchar", "char"):
        return as_text(value)
    if kind.name in RANGES:
        return whole_number(value, kind, key)
    if kind.name == "boolean":
        if isinstance(value, bool) or str(value).lower() in ("true", "false"):
            return str(value).lower() == "true"
    elif kind.name in ("double", "float", "decimal"):
        if isinstance(value, str) and re.fullmatch(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?\s*", value):
            return value.strip()
    elif kind.name in ("timestamp", "date") and isinstance(value, str):
        return value
    elif kind.name == "array" and isinstance(value, list):
        return [fit(item, kind.inner[0], key) for item in value]
    elif kind.name == "struct" and isinstance(value, dict):
        folded = {name.lower(): item for name, item in value.items()}
        return {name: fit(folded.get(name), inner, key)
                for name, inner in zip(kind.names, kind.inner, strict=True)}
    elif kind.name == "map" and isinstance(value, dict):
        return {name: fit(item, kind.inner[1], key) for name, item in value.items()}
    raise bad_data(f"Error parsing field value {as_text(value)[:80]!r} as {kind.name} in {key}")


def whole_number(value: Any, kind: HiveType, key: str) -> int:
    text = str(value).strip()
    if not isinstance(value, bool) and re.fullmatch(r"[-+]?\d+", text):
        number = int(text)
        if -RANGES[kind.name] <= number < RANGES[kind.name]:
            return number
    raise bad_data(f"Error parsing field value for field: For input string: {text[:80]!r} ({kind.name}) in {key}")
