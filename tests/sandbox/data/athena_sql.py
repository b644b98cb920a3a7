"""Which statement a text is, its parts, and the few words DuckDB needs put differently."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache

import duckdb

from .hive_types import split_top
from .query_error import QueryError

TOKEN = re.compile(
    r"""(?P<comment>--[^\n]*|/\*.*?\*/)|\bDECIMAL\s*'(?P<decimal>[^']+)'|(?P<text>'(?:[^']|'')*')
    |(?P<catalog>(?:"awsdatacatalog"|\bawsdatacatalog)\.)|(?P<quoted>"(?:[^"]|"")*"|`[^`]*`)
    |\b(?P<clock>current_date|current_timestamp|now\(\))""", re.S | re.X | re.I)
NAME = r"((?:[`\"]?\w+[`\"]?\.)*[`\"]?\w+[`\"]?)"
KINDS = [  # kind, pattern, Athena's statement type
    ("unload", rf"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'(?P<target>[^']*)'\s*(?:WITH\s*\((?P<options>.*)\))?", "DML"),
    ("ctas", rf"CREATE\s+TABLE\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?{NAME}\s*(?:WITH\s*\((?P<options>.*?)\)\s*)?"
     r"AS\s*(?P<query>[\s(].*?)(?P<no_data>WITH\s+NO\s+DATA)?", "DDL"),
    ("insert", rf"INSERT\s+INTO\s+{NAME}\s*(?P<columns>\([\w\s,\"`]*\))?\s*(?P<query>.*)", "DML"),
    ("create_view", rf"CREATE\s+(?P<replace>OR\s+REPLACE\s+)?VIEW\s+{NAME}\s+AS\s+(?P<query>.*)", "DDL"),
    ("drop_view", rf"DROP\s+VIEW\s+(?P<exists>IF\s+EXISTS\s+)?{NAME}", "DDL"),
    ("create_table", rf"CREATE\s+EXTERNAL\s+TABLE\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?{NAME}\s*(?P<body>\(.*)",
     "DDL"),
    ("drop_table", rf"DROP\s+TABLE\s+(?P<exists>IF\s+EXISTS\s+)?{NAME}", "DDL"),
    ("create_database", rf"CREATE\s+(?:DATABASE|SCHEMA)\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?{NAME}.*", "DDL"),
    ("msck", rf"MSCK\s+REPAIR\s+TABLE\s+{NAME}", "DDL"),
    ("add_partition", rf"ALTER\s+TABLE\s+{NAME}\s+ADD\s+(?P<exists>IF\s+NOT\s+EXISTS\s+)?(?P<body>PARTITION.*)",
     "DDL"),
    ("drop_partition", rf"ALTER\s+TABLE\s+{NAME}\s+DROP\s+(?P<exists>IF\s+EXISTS\s+)?(?P<body>PARTITION.*)", "DDL"),
    ("show_partitions", rf"SHOW\s+PARTITIONS\s+{NAME}", "UTILITY"),
    ("select", r"(?P<query>(?:SELECT|WITH|VALUES|TABLE|\().*)", "DML")]


class NotAccepted(Exception):
    """Athena refuses the text at once (InvalidRequestException)."""


@dataclass
class Statement:
    kind: str
    type: str
    database: str = ""
    table: str = ""
    query: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    options: dict[str, object] = field(default_factory=dict)


def without_comments(sql: str) -> str:
    """Comments before and after the statement gone, those inside kept apart by a blank."""
    return TOKEN.sub(lambda m: " " if m["comment"] else m[0], sql)


def unquoted(name: str) -> str:
    return name.strip().strip('`"').lower()


def parse(sql: str, database: str) -> Statement:
    """NotAccepted for what Athena refuses before it runs."""
    text = without_comments(sql).strip()
    text = text.removesuffix(";").rstrip()
    if not text:
        raise NotAccepted("Query string is empty")
    for kind, pattern, type_ in KINDS:
        match = re.fullmatch(pattern, text, re.S | re.I)
        if not match:
            continue
        groups = {k: v for k, v in match.groupdict().items() if v is not None}
        made = Statement(kind, type_, parts=groups, query=groups.get("query", "").strip())
        named = [g for n, g in enumerate(match.groups(), 1) if n not in match.re.groupindex.values()]
        if named and named[0]:
            pieces = [unquoted(piece) for piece in named[0].split(".")]
            made.table, made.database = pieces[-1], pieces[-2] if len(pieces) > 1 else database.lower()
            if kind == "create_database":
                made.database = pieces[-1]
        made.options = options(groups.get("options", ""))
        if made.query:
            check_syntax(made.query)
        return made
    raise NotAccepted(f"line 1:1: mismatched input '{text.split()[0]}'. Queries of this type are not supported")


def check_syntax(query: str) -> None:
    try:
        found = duckdb.extract_statements(rewritten(query, 0.0))
    except duckdb.Error as error:
        raise NotAccepted("line 1:1: " + str(error).splitlines()[0]) from None
    if len(found) != 1:
        raise NotAccepted("Only one sql statement is allowed")


def options(text: str) -> dict[str, object]:
    """name = 'text' | number | ARRAY['a', 'b'], ..."""
    made: dict[str, object] = {}
    for part in split_brackets(text) if text.strip() else []:
        name, _, value = part.partition("=")
        value = value.strip()
        if value.upper().startswith("ARRAY"):
            made[name.strip().lower()] = re.findall(r"'([^']*)'", value)
        elif value.startswith("'"):
            made[name.strip().lower()] = value.strip("'")
        else:
            made[name.strip().lower()] = value
    return made


def split_brackets(text: str) -> list[str]:
    return [part.replace("\0", "[").replace("\1", "]") for part in split_top(
        re.sub(r"\[[^\]]*\]", lambda m: m[0].replace("[", "(").replace("]", ")"), text))]


@lru_cache(maxsize=500)
def asks_clock(sql: str) -> bool:
    return any(match["clock"] for match in TOKEN.finditer(sql))


def rewritten(sql: str, now: float) -> str:
    """The same for DuckDB: decimal literals, no catalogue name, and (now not 0) another clock.

    DuckDB takes DECIMAL '0.000001' as decimal(18, 3), which is 0.000: sql.md 3."""
    return rewritten_at(sql, now if asks_clock(sql) else 0)


@lru_cache(maxsize=500)
def rewritten_at(sql: str, now: float) -> str:
    moment = datetime.fromtimestamp(now, UTC) if now else None

    def one(match: re.Match[str]) -> str:
        if match["decimal"]:
            return f"({match['decimal']})"
        if match["catalog"]:
            return ""
        if match["quoted"] and match["quoted"].startswith("`"):
            raise NotAccepted("line 1:1: backquoted identifiers are not supported; use double quotes")
        if match["clock"] and moment:
            if match["clock"].lower() == "current_date":
                return f"DATE '{moment:%Y-%m-%d}'"
            return f"TIMESTAMPTZ '{moment:%Y-%m-%d %H:%M:%S}+00'"
        return match[0]
    return TOKEN.sub(one, sql)


@lru_cache(maxsize=500)
def uses_path(sql: str) -> bool:
    return any(match["quoted"] == '"$path"' for match in TOKEN.finditer(sql))


def needs(condition: bool, code: str, message: str) -> None:
    if not condition:
        raise QueryError(code, message)
