"""Cells of the table: a call of a scene, what becomes of it, and what happens to billingd at that moment."""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Words of which one must be told when the fault was the end of the verb; domain.md 10.2 and the AWS models.
DENIED = {"s3": "AccessDenied", "iam": "AccessDenied", "sts": "AccessDenied", "cloudwatch": "AccessDenied"}
EXPIRED = {"s3": "ExpiredToken", "iam": "ExpiredToken", "sts": "ExpiredToken", "cloudwatch": "ExpiredToken"}
REGION = {"s3": ("PermanentRedirect", 301)}
ATTEMPTS = 4  # more than the client makes: the call fails for good
HOLD_MS = 700  # a call on which a signal falls stays under way for so long

FAULTS = ("throttle", "500", "slowdown", "refuse", "reset", "lose_reply", "truncate", "garbage", "html", "empty",
          "bare", "wrong_type", "large", "flood", "drip", "stale", "denied", "expired", "wrong_region", "unprocessed")
BATCHES = ("BatchGetNamedQuery", "BatchDeletePartition", "BatchGetQueryExecution")
ONCE_AN_OPERATION = ("large", "flood", "drip")  # the reader of a reply is one for all calls
# Nobody who was killed has seen the reply; so only whether the call took effect makes a difference.
SIGNALS = (("TERM", ""), ("TERM", "500"), ("TERM", "lose_reply"), ("KILL", "reset"), ("KILL", ""),
           ("STOP", ""), ("STOP", "reset"))
WAITS = ("GetQueryExecution",)  # asked until the query is over: how often is not for us to say
WORDS = {
    "throttle": ("Throttl", "SlowDown", "Rate exceeded", "TooManyRequests"), "500": ("Internal", "Failure"),
    "slowdown": ("SlowDown",), "denied": ("AccessDenied", "not authorized", "AWS refuses"), "expired": ("ExpiredToken", "expired"),
    "wrong_region": ("PermanentRedirect", "region"),
}


@dataclass(frozen=True)
class Cell:
    scene: str
    service: str
    operation: str
    nth: int
    fault: str  # "": none
    signal: str = ""  # TERM, KILL, STOP

    def __str__(self) -> str:
        return f"{self.scene} {self.operation}#{self.nth} {self.fault or '-'} {self.signal or '-'}"

    @property
    def waits(self) -> bool:
        """For most of its time, so that many of them fit beside others."""
        return self.signal == "STOP" or self.fault == "drip"

    def rules(self) -> list[dict[str, Any]]:
        here = {"service": self.service, "operation": self.operation, "nth": self.nth, "client": "billingd"}
        times = 1 if self.signal or self.fault in (*ONCE_AN_OPERATION, "stale", "refuse") else ATTEMPTS
        made = [{**here, **action(self.fault, self.service), "times": times}] if self.fault else []
        if self.signal:
            made.insert(0, {**here, "action": "latency", "latency_ms": HOLD_MS, "times": 1})
        return made


def action(fault: str, service: str) -> dict[str, Any]:
    match fault:
        case "slowdown":
            return {"action": "error", "status": 503, "code": "SlowDown", "message": "Please reduce your request rate."}
        case "denied":
            return {"action": "error", "status": 403, "code": DENIED.get(service, "AccessDeniedException"),
                    "message": "User: arn:aws:iam::123456789012:user/sandbox is not authorized to perform this action"}
        case "expired":
            return {"action": "error", "status": 400 if service != "sts" else 403,
                    "code": EXPIRED.get(service, "ExpiredTokenException"),
                    "message": "The security token included in the request is expired"}
        case "wrong_region":
            code, status = REGION.get(service, ("InvalidSignatureException", 400))
            return {"action": "error", "status": status, "code": code,
                    "message": "Credential should be scoped to a valid region."}
    return {"action": fault}


def cells(scene: str, calls: list[dict[str, Any]]) -> Iterator[Cell]:
    """All of a scene, by the calls that it makes without faults."""
    seen: Counter[tuple[str, str]] = Counter()
    for call in calls:
        key = (call["service"], call["operation"])
        seen[key] += 1
        nth = seen[key]
        if call["operation"] in WAITS and nth > 2:
            continue
        for fault in FAULTS:
            if fault in ONCE_AN_OPERATION and nth > 1:
                continue
            if fault == "unprocessed" and call["operation"] not in BATCHES:
                continue
            if fault == "stale" and call["kind"] != "read":
                continue
            if fault == "lose_reply" and call["kind"] == "read":
                continue  # as reset
            yield Cell(scene, *key, nth, fault)
        for signal, fault in SIGNALS:
            if fault == "lose_reply" and call["kind"] == "read":
                continue
            yield Cell(scene, *key, nth, fault, signal)


def sample(found: list[Cell], count: int, seed: int) -> list[Cell]:
    """So many of them, each scene and each fault as often as the others."""
    chosen = random.Random(seed)
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in found:
        groups.setdefault((cell.scene, cell.fault, cell.signal), []).append(cell)
    for group in groups.values():
        chosen.shuffle(group)
    order = list(groups.values())
    chosen.shuffle(order)
    picked: list[Cell] = []
    while order and len(picked) < count:
        order = [group for group in order if group]
        for group in order:
            if len(picked) < count:
                picked.append(group.pop())
    return picked
