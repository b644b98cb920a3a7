"""A few days of traffic, an audit of them, and ways to lose some of it."""

import hashlib
import json
from typing import Any

from rollup_world import BUCKET, GROUP, World, moment

FIRST, LAST = "2025-10-01", "2025-10-02"
# Every line can be billed: one that cannot is a gap. (A dash may stand where the request's id belongs.)
BILLABLE = {"invalid": 0, "dashes": 0}
DAYS = ("--from", FIRST, "--to", LAST)


def generate(world: World, **options: Any) -> dict[str, Any]:
    """Two days with everything that traffic brings."""
    values = {"requests": 2500, "customers": 12, "days": 2, "seed": 5, "margin_days": 0, "log_group": GROUP,
              **BILLABLE}
    return dict(world.sandbox.generate("2025-10", **{**values, **options}))


def audit(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(world.run("audit", "-o", "json", *(words or DAYS), code=code).stdout))


def backfill(world: World, *words: str, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(world.run("backfill", "-o", "json", *(words or DAYS), code=code).stdout))


def gaps(found: dict[str, Any]) -> dict[str, int]:
    """Hop -> missing events."""
    summed: dict[str, int] = {}
    for gap in found["gaps"]:
        summed[gap["hop"]] = summed.get(gap["hop"], 0) + gap["events"]
    return summed


def bill(world: World) -> tuple[str, dict[str, Any]]:
    """The month's bill: hash of its bytes, and the document."""
    text = world.run("bill", "--month", "2025-10", "-o", "json").stdout
    return hashlib.sha256(text.encode()).hexdigest(), json.loads(text)


def calls(document: dict[str, Any]) -> dict[str, list[int]]:
    """Customer -> [calls, bytes]; "" for what is nobody's."""
    found = {line["customer"]: [line["calls"], line["bytes"]] for line in document["lines"]}
    nobody = document["unattributed"]
    if nobody and nobody["calls"]:
        found[""] = [nobody["calls"], nobody["bytes"]]
    return found


def true_calls(truth: dict[str, Any]) -> dict[str, list[int]]:
    found = {sub: [one["calls"], one["bytes"]] for sub, one in truth["customers"].items() if one["calls"]}
    if truth["unattributed"]["calls"]:
        found[""] = [truth["unattributed"]["calls"], truth["unattributed"]["bytes"]]
    return found


def recovered(world: World) -> list[str]:
    return [one["key"] for one in world.sandbox.objects(BUCKET, "recovered/")]


def hour(day: str, of_day: int) -> int:
    return moment(f"{day}T{of_day:02}:00")
