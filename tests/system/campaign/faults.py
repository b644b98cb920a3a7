"""Which call of an apply fails, and how."""

from dataclasses import dataclass
from typing import Any

# What hits a call before it takes effect, and what hides that it did.
ACTIONS = ("throttle", "500", "reset", "drop", "truncate", "lose_reply")


@dataclass(frozen=True)
class Fault:
    nth: int  # of the calls of its kind, counted from one
    kind: str  # read, write
    action: str
    times: int  # calls in a row; beyond what the client itself retries, if 3 or more

    def rule(self) -> dict[str, Any]:
        return {"action": self.action, "kind": self.kind, "nth": self.nth, "times": self.times,
                "client": "billingd"}

    def __str__(self) -> str:
        return f"{self.kind}-{self.nth}-{self.action}-{self.times}"
