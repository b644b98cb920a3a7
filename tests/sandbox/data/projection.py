"""Partition projection: which partition an object's key belongs to, within the ranges configured."""

import re
from datetime import UTC, date, datetime, timedelta

from .hive_types import HiveType
from .objects import split_location
from .query_error import QueryError

UNITS = {"YEAR": 365, "MONTH": 31, "WEEK": 7, "DAY": 1, "HOUR": 1 / 24, "MINUTE": 1 / 1440, "SECOND": 1 / 86400}
NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?)?")


def bad(text: str) -> QueryError:
    return QueryError("HIVE_METASTORE_ERROR", f"Table projection: {text}")


class Column:
    def __init__(self, name: str, parameters: dict[str, str], now: float):
        def setting(what: str, default: str | None = None) -> str:
            value = parameters.get(f"projection.{name}.{what}", default)
            if value is None:
                raise bad(f"missing projection.{name}.{what}")
            return value
        self.kind = setting("type").lower()
        self.digits = int(setting("digits", "0"))
        self.allowed: set[str] | None = None
        if self.kind == "integer":
            low, high = setting("range").split(",")
            self.low, self.high, self.step = int(low), int(high), int(setting("interval", "1"))
        elif self.kind == "enum":
            self.allowed = {value.strip() for value in setting("values").split(",")}
        elif self.kind == "date":
            self.form = java_form(setting("format"))
            first, last = setting("range").split(",")
            self.first, self.last = self.day(first, now), self.day(last, now)
        else:
            raise bad(f"the sandbox does not project columns of type {self.kind}")

    def day(self, text: str, now: float) -> date:
        match = NOW.fullmatch(text.strip().upper())
        if not match:
            return datetime.strptime(text.strip(), self.form).date()
        moment = datetime.fromtimestamp(now, UTC)
        if match[2]:
            moment += timedelta(days=int(match[2]) * UNITS[match[3]]) * (1 if match[1] == "+" else -1)
        return moment.date()

    def holds(self, text: str) -> bool:
        """Whether Athena would look for this folder."""
        if self.allowed is not None:
            return text in self.allowed
        if self.kind == "date":
            try:
                return self.first <= datetime.strptime(text, self.form).date() <= self.last
            except ValueError:
                return False
        if not re.fullmatch(r"-?\d+", text) or text != str(int(text)).zfill(self.digits):
            return False
        return self.low <= int(text) <= self.high and (int(text) - self.low) % self.step == 0


def java_form(pattern: str) -> str:
    for token, form in (("yyyy", "%Y"), ("MM", "%m"), ("dd", "%d"), ("HH", "%H"), ("mm", "%M")):
        pattern = pattern.replace(token, form)
    return pattern


class Projection:
    def __init__(self, parameters: dict[str, str], keys: list[tuple[str, HiveType]], location: str, now: float):
        self.columns = {name: Column(name, parameters, now) for name, _ in keys}
        self.names = [name for name, _ in keys]
        hive = location.rstrip("/") + "/" + "".join(f"{name}=${{{name}}}/" for name, _ in keys)
        template = parameters.get("storage.location.template", hive)
        absent = [name for name in self.names if "${" + name + "}" not in template]
        if absent:
            raise bad(f"storage.location.template does not name {absent}")
        bucket, path = split_location(template)
        self.place = (bucket, path.partition("${")[0])
        pieces = re.split(r"\$\{(\w+)\}", path)
        self.pattern = re.compile("".join(
            re.escape(piece) if n % 2 == 0 else f"(?P<{piece}>[^/]+?)" for n, piece in enumerate(pieces)))

    def values_of(self, key: str) -> tuple[str, ...] | None:
        match = self.pattern.match(key)
        if not match:
            return None
        found = {name: match[name] for name in self.names}
        if not all(self.columns[name].holds(value) for name, value in found.items()):
            return None
        return tuple(found[name] for name in self.names)
