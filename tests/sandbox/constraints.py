"""Required members, enums, lengths, ranges and patterns of a botocore shape."""

import json
from functools import lru_cache
from typing import Any

import regex
from botocore.model import Shape

from .decode import Problem, join


LENGTHS = regex.compile(r"\w+WithLengthBetween(\d+)And(\d+)")


@lru_cache(maxsize=None)
def compiled(pattern: str) -> "regex.Pattern[str] | None":
    """AWS's patterns are Java's: surrogate pairs are one character, and the whole value must match."""
    text = regex.sub(r"\\uD800\\uDC00-\\uDBFF\\uDFFF", r"\\U00010000-\\U0010FFFF", pattern)
    try:
        return regex.compile(text)
    except regex.error:
        return None


def show(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text if len(text) <= 200 else text[:200] + "..."


def violation(path: str, value: Any, rule: str, kind: str = "limit") -> Problem:
    """AWS's own wording of a broken constraint."""
    name = path[:1].lower() + path[1:]
    shown = "null" if value is None else f"'{show(value)}'"
    return Problem(path, kind, f"1 validation error detected: Value {shown} at '{name}' failed to "
                   f"satisfy constraint: {rule}")


def bounds(shape: Shape) -> tuple[int | None, int | None]:
    """Least and most; API Gateway's model tells them only in the names of its shapes."""
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if least is None and most is None and (match := LENGTHS.fullmatch(shape.name)):
        return int(match[1]), int(match[2])
    return least, most


def check(shape: Shape, value: Any, path: str, problems: list[Problem]) -> None:
    if value is None:
        return
    if shape.type_name == "structure" and isinstance(value, dict):
        for name in shape.required_members:
            if name not in value:
                problems.append(violation(join(path, name), None, "Member must not be null", "missing"))
        for name, item in value.items():
            check(shape.members[name], item, join(path, name), problems)
    elif shape.type_name == "list" and isinstance(value, list):
        _size(shape, len(value), value, path, problems)
        for index, item in enumerate(value):
            check(shape.member, item, f"{path}[{index}]", problems)
    elif shape.type_name == "map" and isinstance(value, dict):
        _size(shape, len(value), value, path, problems)
        for key, item in value.items():
            check(shape.key, key, f"{path}.key", problems)
            check(shape.value, item, join(path, key), problems)
    else:
        _scalar(shape, value, path, problems)


def _size(shape: Shape, size: int, value: Any, path: str, problems: list[Problem]) -> None:
    least, most = bounds(shape)
    if least is not None and size < least:
        problems.append(violation(path, value, "Member must have length greater than or equal to "
                                  f"{least}"))
    if most is not None and size > most:
        problems.append(violation(path, value, f"Member must have length less than or equal to {most}"))


def _scalar(shape: Shape, value: Any, path: str, problems: list[Problem]) -> None:
    if isinstance(value, (str, bytes)):
        _size(shape, len(value), value, path, problems)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        least, most = bounds(shape)
        if least is not None and value < least:
            problems.append(violation(path, value, f"Member must have value greater than or equal to "
                                      f"{least}"))
        if most is not None and value > most:
            problems.append(violation(path, value, f"Member must have value less than or equal to {most}"))
    if not isinstance(value, str):
        return
    allowed = shape.metadata.get("enum")
    if allowed and value not in allowed:
        problems.append(violation(path, value, f"Member must satisfy enum value set: "
                                  f"[{', '.join(allowed)}]", "enum"))
    pattern = shape.metadata.get("pattern")
    expression = compiled(pattern) if pattern else None
    if expression and not expression.fullmatch(value):
        problems.append(violation(path, value, "Member must satisfy regular expression pattern: "
                                  f"{pattern}"))
