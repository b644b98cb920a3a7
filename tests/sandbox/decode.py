"""Turns wire values into Python values by a botocore shape, noting all that does not fit.

Written against the models only, so that it cannot share a mistake with the client under test.
"""

import base64
import binascii
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from botocore.model import Shape


@dataclass
class Problem:
    path: str
    kind: str  # unknown, type, missing, limit, enum, form
    text: str

    def __str__(self) -> str:
        return f"{self.path or '(request)'}: {self.text}"


def join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


class Decoder:
    """Collects problems; one per message."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []

    def note(self, path: str, kind: str, text: str) -> None:
        self.problems.append(Problem(path, kind, text))

    # -- JSON -----------------------------------------------------------------------------------
    def json(self, shape: Shape, value: Any, path: str, location_names: bool) -> Any:
        """value of a parsed JSON document; location_names: rest-json's own key spelling."""
        if shape.type_name == "structure":
            return self._json_structure(shape, value, path, location_names)
        if shape.type_name == "list":
            if not isinstance(value, list):
                return self.note(path, "type", f"expected a list, got {json.dumps(value)[:60]}")
            return [self.json(shape.member, v, f"{path}[{i}]", location_names)
                    for i, v in enumerate(value)]
        if shape.type_name == "map":
            if not isinstance(value, dict):
                return self.note(path, "type", f"expected a map, got {json.dumps(value)[:60]}")
            return {k: self.json(shape.value, v, join(path, k), location_names)
                    for k, v in value.items()}
        return self._json_scalar(shape, value, path)

    def _json_structure(self, shape: Shape, value: Any, path: str, location_names: bool) -> Any:
        if getattr(shape, "is_document_type", False):
            return value
        if not isinstance(value, dict):
            return self.note(path, "type", f"expected an object, got {json.dumps(value)[:60]}")
        keys = {m.serialization.get("name", n) if location_names else n: n
                for n, m in shape.members.items()}
        result = {}
        for key, item in value.items():
            name = keys.get(key)
            if name is None:
                self.note(join(path, key), "unknown", f"{shape.name} has no member {key!r}")
            elif item is None:
                self.note(join(path, key), "type", "null")
            else:
                result[name] = self.json(shape.members[name], item, join(path, name), location_names)
        return result

    def _json_scalar(self, shape: Shape, value: Any, path: str) -> Any:
        kind = shape.type_name
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        good = {"string": isinstance(value, str), "boolean": isinstance(value, bool),
                "integer": number and not isinstance(value, float),
                "long": number and not isinstance(value, float),
                "float": number, "double": number, "blob": isinstance(value, str),
                "timestamp": number or isinstance(value, str)}.get(kind, False)
        if not good:
            return self.note(path, "type", f"expected {kind}, got {json.dumps(value)[:60]}")
        if kind == "blob":
            return self._blob(value, path)
        return value

    def _blob(self, value: str, path: str) -> Any:
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            return self.note(path, "type", "not base64")

    # -- text: headers, query strings, XML leaves -------------------------------------------------
    def text(self, shape: Shape, value: str, path: str) -> Any:
        kind = shape.type_name
        if kind == "boolean":
            if value not in ("true", "false"):
                return self.note(path, "type", f"expected true or false, got {value!r}")
            return value == "true"
        if kind in ("integer", "long"):
            if not re.fullmatch(r"-?\d+", value):
                return self.note(path, "type", f"expected a whole number, got {value!r}")
            return int(value)
        if kind in ("float", "double"):
            try:
                return float(value)
            except ValueError:
                return self.note(path, "type", f"expected a number, got {value!r}")
        if kind == "blob":
            return self._blob(value, path)
        if kind == "timestamp" and not re.search(r"\d", value):
            return self.note(path, "type", f"expected a time, got {value!r}")
        if kind in ("structure", "list", "map"):
            return self.note(path, "type", f"expected a {kind}, got text")
        return value

    # -- XML --------------------------------------------------------------------------------------
    def xml(self, shape: Shape, element: ElementTree.Element, path: str) -> Any:
        if shape.type_name == "structure":
            return self._xml_structure(shape, element, path)
        if shape.type_name == "list":
            name = shape.member.serialization.get("name", "member")
            for child in element:
                if local(child.tag) != name:
                    self.note(join(path, local(child.tag)), "unknown", f"expected <{name}>")
            return [self.xml(shape.member, c, f"{path}[{i}]") for i, c in enumerate(element)
                    if local(c.tag) == name]
        if shape.type_name == "map":
            return self._xml_map(shape, list(element), path)
        if len(element):
            self.note(path, "type", "expected text, got elements")
        return self.text(shape, element.text or "", path)

    def _xml_map(self, shape: Shape, entries: list[ElementTree.Element], path: str) -> dict[str, Any]:
        key = shape.key.serialization.get("name", "key")
        value = shape.value.serialization.get("name", "value")
        result = {}
        for entry in entries:
            parts = {local(c.tag): c for c in entry}
            if set(parts) != {key, value}:
                self.note(path, "unknown", f"map entry of {sorted(parts)}")
                continue
            name = parts[key].text or ""
            result[name] = self.xml(shape.value, parts[value], join(path, name))
        return result

    def _xml_structure(self, shape: Shape, element: ElementTree.Element, path: str) -> dict[str, Any]:
        names, attributes = xml_names(shape)
        result: dict[str, Any] = {}
        for name in attributes:
            self._xml_attribute(name, shape.members[name], element, result)
        groups: dict[str, list[ElementTree.Element]] = {}
        for child in element:
            groups.setdefault(local(child.tag), []).append(child)
        for tag, children in groups.items():
            if tag not in names:
                self.note(join(path, tag), "unknown", f"{shape.name} has no <{tag}>")
                continue
            name = names[tag]
            result[name] = self._xml_member(shape.members[name], children, join(path, name))
        return result

    def _xml_attribute(self, name: str, member: Shape, element: ElementTree.Element,
                       result: dict[str, Any]) -> None:
        wire = member.serialization["name"].split(":")[-1]
        for key, value in element.attrib.items():
            if local(key) == wire:
                result[name] = value

    def _xml_member(self, member: Shape, children: list[ElementTree.Element], path: str) -> Any:
        if member.serialization.get("flattened"):
            if member.type_name == "map":
                return self._xml_map(member, children, path)
            return [self.xml(member.member, c, f"{path}[{i}]") for i, c in enumerate(children)]
        if len(children) > 1:
            self.note(path, "type", "element given more than once")
        return self.xml(member, children[0], path)

    # -- query --------------------------------------------------------------------------------------
    def query(self, shape: Shape, tree: Any, path: str) -> Any:
        """tree: nested dictionaries made from dotted names; leaves are text."""
        kind = shape.type_name
        if kind not in ("structure", "list", "map"):
            if isinstance(tree, dict):
                return self.note(path, "type", f"expected {kind}, got {sorted(tree)}")
            return self.text(shape, tree, path)
        if not isinstance(tree, dict):
            # The query form of an empty list is the bare name: Tags=
            return [] if kind == "list" and tree == "" else self.note(path, "type", f"expected a {kind}")
        if kind == "structure":
            return self._query_structure(shape, tree, path)
        if not shape.serialization.get("flattened"):
            step = "entry" if kind == "map" else shape.member.serialization.get("name", "member")
            if set(tree) != {step} or not isinstance(tree[step], dict):
                return self.note(path, "unknown", f"expected .{step}.N, got {sorted(tree)}")
            tree = tree[step]
        if sorted(tree) != sorted(str(i + 1) for i in range(len(tree))):
            return self.note(path, "form", f"numbers must run from 1: {sorted(tree)}")
        items = [tree[str(i + 1)] for i in range(len(tree))]
        if kind == "list":
            return [self.query(shape.member, v, f"{path}[{i}]") for i, v in enumerate(items)]
        return {i["key"]: self.query(shape.value, i["value"], path) for i in items}

    def _query_structure(self, shape: Shape, tree: dict[str, Any], path: str) -> dict[str, Any]:
        names = {m.serialization.get("name", n): n for n, m in shape.members.items()}
        result = {}
        for key, value in tree.items():
            if key not in names:
                self.note(join(path, key), "unknown", f"{shape.name} has no member {key!r}")
                continue
            result[names[key]] = self.query(shape.members[names[key]], value, join(path, names[key]))
        return result


@lru_cache(maxsize=4096)
def xml_names(shape: Shape) -> tuple[dict[str, str], list[str]]:
    """Members of a structure by the name of their element, and those that are attributes."""
    names, attributes = {}, []
    for name, member in shape.members.items():
        place = member.serialization
        if place.get("location"):
            continue
        if place.get("xmlAttribute"):
            attributes.append(name)
            continue
        wire = place.get("name", name)
        if member.type_name == "list" and place.get("flattened"):
            wire = member.member.serialization.get("name", wire)
        names[wire] = name
    return names, attributes


@lru_cache(maxsize=4096)
def local(tag: str) -> str:
    return tag.rpartition("}")[2]


def query_tree(pairs: list[tuple[str, str]]) -> dict[str, Any]:
    """Dotted names as nested dictionaries; a name given twice or both leaf and branch is refused."""
    root: dict[str, Any] = {}
    for name, value in pairs:
        node = root
        *branches, leaf = name.split(".")
        for branch in branches:
            node = node.setdefault(branch, {})
            if not isinstance(node, dict):
                raise ValueError(f"{name} is below a value")
        if leaf in node:
            raise ValueError(f"{name} is given twice")
        node[leaf] = value
    return root
