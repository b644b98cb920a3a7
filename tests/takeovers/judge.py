"""From the sandbox's log of calls: who led when, and whether anybody wrote who did not."""

import base64
import json
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

VALID, PATIENCE = 1.5, 2.0  # periods: lib/lease/lease.h
# Of the lease by one who waits, from the last sign of the one before until somebody leads: once a period.  Those that S3 answered:
# what it did not answer is asked again soon (tests/unit/test_lease.c: test_few_looks_until_it_takes_over).
MOST_READS = 4
ANSWER_S = 5  # after which who asked has given up: lib/lease/lease_keeper.c
TIDYING = {"StopQueryExecution"}  # what was started under the lease is ended after it


def is_lease(call: dict[str, Any]) -> bool:
    return call["service"] == "s3" and str(call["params"].get("Key", "")).endswith("/leader.json")


def was_answered(call: dict[str, Any]) -> bool:
    return call["status"] in (200, 404) and not call.get("faults") and call.get("end", call["time"]) - call["time"] < ANSWER_S


def took_effect(call: dict[str, Any]) -> bool:
    return call["status"] == 200 and not set(call.get("faults", ())) & {"reset", "drop", "error", "throttle", "500"}


@dataclass
class Judge:
    """Of all pipelines; each has a lease of its own, and writes that name it."""

    period_s: float
    keys: set[str]  # access keys of the daemons
    pipelines: tuple[str, ...]
    of: dict[str, "Led"] = field(init=False)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.of = {name: Led(name, self.period_s, self.complaints) for name in self.pipelines}

    @property
    def takeovers(self) -> int:
        return sum(one.takeovers for one in self.of.values())

    @property
    def waits(self) -> list[float]:
        return sorted(wait for one in self.of.values() for wait in one.waits)

    @property
    def late(self) -> list[float]:
        return [late for one in self.of.values() for late in one.late]

    @property
    def writes(self) -> int:
        return sum(sum(one.writes.values()) for one in self.of.values())

    def pipeline(self, call: dict[str, Any]) -> str | None:
        """Which one a call names; the longest name, as one may begin like another."""
        text = json.dumps(call["params"]).replace("_", "-")
        return max((name for name in self.pipelines if name in text), key=len, default=None)

    def take(self, calls: list[dict[str, Any]]) -> None:
        for call in sorted(calls, key=lambda c: c["sequence"]):
            name = self.pipeline(call)
            if call["access_key"] not in self.keys:
                continue
            if is_lease(call) and name:
                self.of[name].take_lease(call)
            elif call["kind"] == "write" and took_effect(call):
                # A query is stopped by its id alone; only the one pipeline with a bill has any.
                if name is None and call["operation"] not in TIDYING:
                    self.complaints.append(f"call {call['sequence']}: {call['operation']} for nobody knows which pipeline")
                elif name:
                    self.of[name].take_write(call)


@dataclass
class Led:
    name: str
    period_s: float
    complaints: list[str]
    leader: str = ""
    renewed: float = 0.0  # when the last write of the lease arrived
    given_up: bool = True
    reads: Counter[str] = field(default_factory=Counter)  # of the lease, since then
    takeovers: int = 0
    waits: list[float] = field(default_factory=list)  # in periods, from the last renewal of one who did not give up
    late: list[float] = field(default_factory=list)  # writes that arrived after the lease, in periods
    writes: Counter[str] = field(default_factory=Counter)

    def complain(self, call: dict[str, Any], text: str) -> None:
        self.complaints.append(f"{self.name}: call {call['sequence']}: {text}")

    def take_lease(self, call: dict[str, Any]) -> None:
        key = call["access_key"]
        if call["operation"] != "PutObject":
            self.reads[key] += was_answered(call)
            return
        if not took_effect(call):
            return
        holder = json.loads(base64.b64decode(call["params"]["Body"])).get("holder")
        if holder is None:
            if key != self.leader:
                self.complain(call, "given up by one who did not have it")
            self.given_up = True
            return
        if key != self.leader:
            self.change(call, key)
        self.leader, self.renewed, self.given_up = key, call["time"], False
        self.reads.clear()

    def change(self, call: dict[str, Any], key: str) -> None:
        self.takeovers += bool(self.leader)
        if self.given_up:
            return
        waited = (call["time"] - self.renewed) / self.period_s
        self.waits.append(waited)
        if waited < PATIENCE - 0.05:
            self.complain(call, f"taken over after {waited:.2f} periods")
        if self.reads[key] > MOST_READS:
            self.complain(call, f"taken over after {self.reads[key]} looks at the lease")

    def take_write(self, call: dict[str, Any]) -> None:
        self.writes[call["operation"]] += 1
        if call["operation"] in TIDYING:
            return
        what = call["operation"]
        if call["access_key"] != self.leader:
            self.complain(call, f"{what} by one who does not lead")
            return
        late = (call["time"] - self.renewed) / self.period_s - VALID
        if late > 0:  # it was sent before; the way takes time
            self.late.append(late)
        if late > PATIENCE - VALID:
            self.complain(call, f"{what} {late:.2f} periods after the lease had run out")
