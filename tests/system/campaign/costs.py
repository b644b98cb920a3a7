"""What bringing up or looking at resources costs, in AWS operations, as the kinds' tables tell."""

from collections import Counter
from typing import Any

from tables import KINDS


def writes_of(resources: dict[str, Any]) -> dict[str, set[str]]:
    """Operation -> the resources whose creation needs it."""
    found: dict[str, set[str]] = {}
    for name, wanted in resources.items():
        for operation in KINDS[wanted["kind"]].writes(wanted):
            found.setdefault(operation, set()).add(name)
    return dict(sorted(found.items()))


def reads_of(resources: dict[str, Any]) -> Counter[str]:
    """How often a look at all of them makes each read: equal ones are sent once."""
    asked = {call for wanted in resources.values() for call in KINDS[wanted["kind"]].reads(wanted)}
    return Counter(call[0] for call in asked)


def readers_of(resources: dict[str, Any], operation: str) -> set[str]:
    """The resources that a read tells about."""
    return {name for name, wanted in resources.items() if operation in reads_of({name: wanted})}


def services_of(resources: dict[str, Any]) -> set[str]:
    return {KINDS[wanted["kind"]].service for wanted in resources.values()}


def service_of(resources: dict[str, Any], operation: str) -> str:
    return next(KINDS[wanted["kind"]].service for name, wanted in resources.items()
                if operation in writes_of({name: wanted}) or operation in reads_of({name: wanted}))
