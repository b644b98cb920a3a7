"""Queries that fail, hang, are cancelled or refused, on demand."""

from dataclasses import asdict, dataclass
from typing import Any

ACTIONS = ("fail", "cancel", "throttle", "slow", "hold")


@dataclass
class Rule:
    action: str
    match: str = ""  # part of the SQL
    nth: int = 1  # the first matching query it hits ...
    times: int = 1  # ... and how many in a row; 0: all after it
    code: str = "GENERIC_INTERNAL_ERROR"
    message: str = "the sandbox was told to fail"
    retryable: bool = True
    at: str = "start"  # "end": after its files were written
    seconds: float = 1.0
    leave_files: bool | None = None  # None: by the switch
    seen: int = 0
    fired: int = 0

    def hits(self, sql: str) -> bool:
        if self.match not in sql:
            return False
        self.seen += 1
        hit = self.seen >= self.nth and (self.times == 0 or self.seen < self.nth + self.times)
        self.fired += hit
        return hit


class QueryFaults:
    def __init__(self) -> None:
        self.rules: list[Rule] = []

    def set(self, rules: list[dict[str, Any]]) -> None:
        made = [Rule(**rule) for rule in rules]
        for rule in made:
            if rule.action not in ACTIONS or rule.at not in ("start", "end"):
                raise ValueError(f"action must be one of {ACTIONS}, at start or end")
        self.rules = made

    def has(self, rule: Rule) -> bool:
        """It has not been replaced since; a "hold" ends when it is, also before the query that it hit has begun."""
        return any(one is rule for one in self.rules)

    def pick(self, sql: str) -> list[Rule]:
        return [rule for rule in self.rules if rule.hits(sql)]

    def show(self) -> list[dict[str, Any]]:
        return [asdict(rule) for rule in self.rules]
