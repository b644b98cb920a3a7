"""Other values for a field, by its type and AWS's shape of it: what somebody might have set instead.

They come likely ones first; whoever asks takes the first that AWS accepts.
"""

import json
from collections.abc import Iterator
from typing import Any

from botocore.model import Shape
from tables import Field

OTHER_BUCKET, OTHER_GROUP, OTHER_STREAM = "somebody-elses-data", "/somebody/else", "somebody-elses-stream"
OTHER_ROLE, OTHER_LOGS_ROLE = "somebody-elses-firehose", "somebody-elses-logs"
NOT_US = {"StringEquals": {"aws:PrincipalAccount": "999999999999"}}


def others(field: Field, value: Any, key: str, arns: list[str]) -> Iterator[Any]:
    """Values of the whole field that differ in what key names ("": in anything). arns: what others have."""
    match field.type:
        case "MAP":
            yield from ({**value, key: other} for other in texts(value[key], None, arns))
        case "DOCUMENT":
            member = field.shape.members[key]  # type: ignore[union-attr]
            yield from ({**value, key: other} for other in variants(member, value[key], arns))
        case "RULES" | "STATEMENTS":
            name = "ID" if field.type == "RULES" else "Sid"
            at = next(i for i, item in enumerate(value) if item[name] == key)
            found = (conditioned(value[at]) if field.type == "STATEMENTS" else
                     variants(field.shape.member, value[at], arns, {name}))  # type: ignore[union-attr]
            yield from ([*value[:at], other, *value[at + 1:]] for other in found)
        case "POLICY":
            yield from ({**value, "Statement": [other, *value["Statement"][1:]]}
                        for other in conditioned(value["Statement"][0]))
        case "JSON":
            yield from ({**value, name: other} for name in value
                        if not isinstance(value[name], (dict, list)) for other in scalars(None, value[name], arns))
        case "COLUMNS":
            first = next(iter(value))
            yield from ({**value, first: kind} for kind in ("string", "bigint", "date") if kind != value[first])
        case "LIST" | "SET":
            yield from variants(field.shape, value, arns)
            yield value[:-1]
        case "SQL":
            yield from (value + "\nLIMIT 7", "SELECT 1")
        case _:
            yield from scalars(field.shape, value, arns)


def conditioned(statement: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A statement that holds for others only."""
    condition = json.loads(json.dumps(statement.get("Condition", {})))
    for operator, keys in NOT_US.items():
        condition[operator] = {**condition.get(operator, {}), **keys}
    yield {**statement, "Condition": condition}


def variants(shape: Shape | None, value: Any, arns: list[str], kept: set[str] | None = None) -> Iterator[Any]:
    """The value with one thing in it changed."""
    if shape is None:
        return
    if isinstance(value, dict):
        for name in [name for name in value if name not in (kept or ())]:
            inner = shape.value if shape.type_name == "map" else shape.members[name]
            yield from ({**value, name: other} for other in variants(inner, value[name], arns))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from ([*value[:i], other, *value[i + 1:]] for other in variants(shape.member, item, arns))
    else:
        yield from scalars(shape, value, arns)


def scalars(shape: Shape | None, value: Any, arns: list[str]) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, (int, float)):
        yield from numbers(shape, value)
    else:
        yield from texts(str(value), shape, arns)


def numbers(shape: Shape | None, value: float) -> Iterator[float]:
    least, most = (shape.metadata.get(name) if shape else None for name in ("min", "max"))
    step = 1 if isinstance(value, int) else 0.5
    for other in (value + step, value - step, value * 2, value // 2, least, most, 1):
        if other is not None and other != value and (least is None or other >= least) and (
                most is None or other <= most):
            yield other


def texts(value: str, shape: Shape | None, arns: list[str]) -> Iterator[str]:
    for other in _texts(value, (shape.metadata.get("enum") if shape else None) or [], arns):
        if other != value:
            yield other


def _texts(value: str, enum: list[str], arns: list[str]) -> Iterator[str]:
    if enum:
        yield from enum
    elif value in ("true", "false"):
        yield "false" if value == "true" else "true"
    elif value.startswith("arn:"):
        yield from (arn for arn in arns if arn.split(":")[2] == value.split(":")[2])
        yield altered(value)
    elif value.startswith("s3://"):
        yield f"s3://{OTHER_BUCKET}/"
    else:
        yield from ("other", value + "other", "other" + value)
        if value:
            yield altered(value)


def altered(value: str) -> str:
    """Of the same form, with another last letter or digit."""
    at = max((i for i, c in enumerate(value) if c.isalnum()), default=None)
    if at is None:
        return value + "x"
    other = str((int(value[at]) + 1) % 10) if value[at].isdigit() else "a" if value[at] != "a" else "b"
    return value[:at] + other + value[at + 1:]
