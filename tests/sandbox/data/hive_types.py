"""Hive's column types, and what DuckDB and Trino call them."""

from dataclasses import dataclass, field

SIMPLE = {  # Hive: DuckDB, Trino
    "string": ("VARCHAR", "varchar"), "varchar": ("VARCHAR", "varchar"), "char": ("VARCHAR", "char"),
    "tinyint": ("TINYINT", "tinyint"), "smallint": ("SMALLINT", "smallint"), "int": ("INTEGER", "integer"),
    "integer": ("INTEGER", "integer"), "bigint": ("BIGINT", "bigint"), "boolean": ("BOOLEAN", "boolean"),
    "double": ("DOUBLE", "double"), "float": ("FLOAT", "real"), "date": ("DATE", "date"),
    "timestamp": ("TIMESTAMP", "timestamp(3)"), "binary": ("BLOB", "varbinary")}
FROM_DUCK = {"VARCHAR": "varchar", "BIGINT": "bigint", "INTEGER": "integer", "SMALLINT": "smallint",
             "TINYINT": "tinyint", "DOUBLE": "double", "FLOAT": "real", "BOOLEAN": "boolean", "DATE": "date",
             "HUGEINT": "bigint", "UBIGINT": "bigint", "TIMESTAMP": "timestamp", "BLOB": "varbinary",
             "TIMESTAMP WITH TIME ZONE": "timestamp with time zone", "JSON": "json", "TIME": "time",
             '"NULL"': "unknown", "NULL": "unknown"}


@dataclass
class HiveType:
    name: str
    inner: list["HiveType"] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    arguments: str = ""

    @property
    def duck(self) -> str:
        if self.name == "array":
            return self.inner[0].duck + "[]"
        if self.name == "map":
            return f"MAP({self.inner[0].duck}, {self.inner[1].duck})"
        if self.name == "struct":
            fields = (f'"{n}" {t.duck}' for n, t in zip(self.names, self.inner, strict=True))
            return "STRUCT(" + ", ".join(fields) + ")"
        if self.name == "decimal":
            return f"DECIMAL({self.arguments or '10,0'})"
        return SIMPLE[self.name][0]


def split_top(text: str, separator: str = ",") -> list[str]:
    """Parts of a list, brackets kept together."""
    parts, depth, start = [], 0, 0
    for index, letter in enumerate(text):
        depth += letter in "<(["
        depth -= letter in ">)]"
        if letter == separator and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [*parts, text[start:]]


def parse(text: str) -> HiveType:
    """ValueError for what Hive does not have."""
    text = text.strip().lower()
    if text.endswith(">"):
        name, _, inside = text[:-1].partition("<")
        parts = split_top(inside)
        if name == "struct":
            pairs = [part.split(":", 1) for part in parts]
            return HiveType(name, [parse(p[1]) for p in pairs], [p[0].strip().strip("`") for p in pairs])
        if name in ("array", "map") and len(parts) == (1 if name == "array" else 2):
            return HiveType(name, [parse(part) for part in parts])
        raise ValueError(f"no such type: {text}")
    name, _, arguments = text.partition("(")
    if name == "decimal" or name in SIMPLE:
        return HiveType(name, arguments=arguments.rstrip(")"))
    raise ValueError(f"no such type: {text}")


def trino_of(duck: str) -> str:
    """Trino's name of a DuckDB type, without precisions: enough to tell a stale view."""
    if duck.endswith("[]"):
        return f"array({trino_of(duck[:-2])})"
    if duck.startswith("DECIMAL"):
        return duck.lower().replace(" ", "")
    if duck.startswith("STRUCT("):
        fields = (part.strip() for part in split_top(duck[7:-1]))
        return "row(" + ", ".join(f"{p.split(' ', 1)[0].strip(chr(34))} {trino_of(p.split(' ', 1)[1])}"
                                  for p in fields) + ")"
    return FROM_DUCK.get(duck, duck.lower())
