"""The kinds as lib/resources has them: which fields there are, of which type, and by which calls."""

import json
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import botocore.session
from botocore.model import OperationModel, Shape, ShapeResolver
from program import BINARY

Wanted = dict[str, Any]  # a resource as the spec wants it


@dataclass(frozen=True)
class Call:
    op: str
    send: str
    shared: bool  # others write the same document
    take: str  # the member of the reply in which the resource is
    find: str  # of a list there: what its item must match
    plain: bool  # the resource is there as AWS sends it
    built: bool = False  # a read: only sent when what the others found asks for it

    def asks(self, wanted: Wanted) -> tuple[Any, ...]:
        """What a spec gives it to send: two with the same are one call."""
        sources = [word.partition("=")[2].lstrip("+!") for word in self.send.split()]
        return (self.op, *(source if source.startswith("'") else str(wanted if source == "@arn" else wanted.get(source))
                           for source in sources))


@dataclass(frozen=True)
class Field:
    kind: str
    service: str
    name: str
    type: str  # as in kind.h, without FIELD_
    flags: tuple[str, ...]
    member: str | None
    created: Any  # None: AWS gives it no value
    absent_is: Any
    raw_shape: str
    sent_by_create: bool
    read: Call | None
    repair: Call | None

    @property
    def compared(self) -> bool:
        return not {"KEY", "LOCAL", "REPORTED"} & set(self.flags)

    @property
    def shape(self) -> Shape | None:
        """AWS's shape of it; None where the tables cannot tell."""
        raw = json.loads(self.raw_shape)
        if not raw:
            return None
        shapes = service_shapes(self.service)
        return shapes.get_shape_by_name(raw["shape"]) if "shape" in raw else ShapeResolver(
            {**shapes._shape_map, "field": raw}).get_shape_by_name("field")

    def keys(self, value: Any) -> list[str]:
        """What the field's value is compared by; one "" for the whole."""
        if self.type in ("MAP", "DOCUMENT"):
            return list(value)
        name = {"RULES": "ID", "STATEMENTS": "Sid"}.get(self.type)
        return [item[name] for item in value] if name else [""]

    def difference(self, key: str) -> str:
        """As a plan names it."""
        if self.type in ("RULES", "STATEMENTS"):
            return f"{self.name}[{key}]"
        return f"{self.name}.{key}" if key else self.name


@dataclass(frozen=True)
class Kind:
    name: str
    service: str
    holds_data: bool
    opens: bool  # usage flows once it is there
    has_states: bool  # only a look shows that it is ready
    removable: bool
    read: Call
    create: Call | None
    fields: tuple[Field, ...]
    beside: tuple[Call, ...]  # account-wide settings, equal for all of a region

    def compared(self, wanted: Wanted) -> list[Field]:
        """The fields of a spec that can differ from AWS's."""
        return [f for f in self.fields if f.compared and f.name in wanted]

    def reads(self, wanted: Wanted, on_demand: bool = False) -> set[tuple[Any, ...]]:
        """The reads of a look at it, equal ones once; also those that only some replies ask for?"""
        asked = [f.read for f in self.fields if f.read and (on_demand or not f.read.built) and (
            "REPORTED" in f.flags or "ALWAYS" in f.flags or (f.compared and f.name in wanted)
            or ("LOCAL" in f.flags and f.member and not wanted.get(f.name)))]
        return {call.asks(wanted) for call in [self.read, *asked, *self.beside]}

    def writes(self, wanted: Wanted) -> set[str]:
        """The writes that create it."""
        return {self.create.op if self.create else "", *(
            f.repair.op for f in self.compared(wanted)
            if f.repair and not f.sent_by_create and wanted[f.name] != f.created)} - {""}


@lru_cache
def service_model(service: str) -> Any:
    return botocore.session.get_session().get_service_model(service)


@lru_cache
def service_shapes(service: str) -> ShapeResolver:
    return service_model(service)._shape_resolver


def operation(service: str, name: str) -> OperationModel | None:
    model = service_model(service)
    return model.operation_model(name) if name in model.operation_names else None


def call_of(raw: dict[str, Any] | None) -> Call | None:
    return Call(raw["op"], raw["send"] or "", raw["shared"], raw["take"] or "", raw["find"] or "",
                raw["plain"], raw["built"]) if raw else None


def field_of(kind: str, service: str, raw: dict[str, Any]) -> Field:
    return Field(kind, service, raw["name"], raw["type"], tuple(raw["flags"]), raw["member"], raw["created"],
                 raw["absent_is"], json.dumps(raw["shape"]), raw["sent_by_create"], call_of(raw["read"]),
                 call_of(raw["repair"]))


def load() -> dict[str, Kind]:
    done = subprocess.run([BINARY.parent / "tests/kind_tables"], capture_output=True, check=True, text=True)
    return {name: Kind(name, raw["service"], raw["holds_data"], raw["opens"], raw["has_states"], raw["removable"],
                       call_of(raw["read"]),
                       call_of(raw["create"]), tuple(field_of(name, raw["service"], f) for f in raw["fields"]),
                       tuple(call for raw_call in raw["beside"] if (call := call_of(raw_call))))
            for name, raw in json.loads(done.stdout).items()}


KINDS = load()
