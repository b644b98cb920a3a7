"""What of a pipeline waits for what, as the template and the kinds' tables tell, and the fewest waves that make it.

A wave is all calls that go out without waiting for one another."""

import json
import re
from functools import lru_cache
from typing import Any

import yaml
from program import ROOT, effective
from tables import KINDS

TEMPLATE = ROOT / "specs/pipeline.yaml"
REFERENCE = re.compile(r"\$\{(\w+)\.\w+\}")
Edges = dict[str, set[str]]


def references(value: Any) -> set[str]:
    """Also those in the files that stand in it."""
    text = json.dumps(value)
    text += "".join((TEMPLATE.parent / name).read_text() for name in re.findall(r"\$\{file:([^}]+)\}", text))
    return set(REFERENCE.findall(text)) & set(effective())


@lru_cache
def edges() -> tuple[Edges, Edges]:
    """Resource -> those that must be there for it; those that it only names (kind.h: FIELD_NAMES)."""
    needs, names = {}, {}
    resources = yaml.load(TEMPLATE.read_text(), yaml.CSafeLoader)["resources"]
    for resource in effective():
        wanted = resources[resource]
        named = {f.name for f in KINDS[wanted["kind"]].fields if "NAMES" in f.flags}
        needs[resource] = references([v for k, v in wanted.items() if k not in named]) | set(wanted.get("after", []))
        names[resource] = references([v for k, v in wanted.items() if k in named]) - needs[resource]
    return needs, names


def below(resource: str) -> set[str]:
    """All that it rests on, by name as well."""
    needs, names = edges()
    direct = needs[resource] | names[resource]
    return direct.union(*(below(one) for one in direct))


@lru_cache
def there_after(resource: str) -> int:
    """The wave of writes in which it is made: what lets usage flow comes when all below it is whole."""
    kind = KINDS[effective()[resource]["kind"]]
    if kind.opens:
        return 1 + max(map(whole_after, below(resource)), default=0)
    return 1 + max(map(there_after, edges()[0][resource]), default=0)


@lru_cache
def whole_after(resource: str) -> int:
    """The same of its last call; a look shows that what has states is ready."""
    wanted = effective()[resource]
    kind = KINDS[wanted["kind"]]
    behind = len(kind.writes(wanted)) > 1 and not kind.opens  # what opens is there already: its writes go together
    return there_after(resource) + behind + kind.has_states


def fewest_waves() -> int:
    return max(map(whole_after, effective()))
