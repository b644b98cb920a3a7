"""What a generated month must come to, added up from the requests themselves."""

from collections import Counter
from typing import Any


class Truth:
    def __init__(self, month: str, zone: str, detail: bool):
        self.month, self.zone, self.detail = month, zone, detail
        self.days: dict[str, dict[str, list[int]]] = {}
        self.users: dict[str, str] = {}
        self.groups: dict[tuple[str, ...], list[int]] = {}
        self.states: Counter[str] = Counter({"ok": 0, "repaired": 0, "estimated": 0, "invalid": 0, "blank": 0,
                                             "control": 0})
        self.excluded: Counter[str] = Counter({"invalid": 0, "blank": 0, "control": 0, "duplicate_event": 0,
                                               "duplicate_request": 0})
        self.told: Counter[str] = Counter({"no_id": 0, "length_unknown": 0})
        self.gateway_count = self.log_events = 0

    def tell(self, day: str, **classes: bool) -> None:
        """What the audit tells of a request that is billed, of the month's own days."""
        if day.startswith(self.month):
            self.told.update(name for name, true in classes.items() if true)

    def bill(self, day: str, sub: str, user: str, size: int, group: tuple[str, str, str]) -> None:
        """One request that is to be counted; sub empty: nobody to bill it to."""
        line = self.days.setdefault(day, {}).setdefault(sub, [0, 0])
        line[0] += 1
        line[1] += size
        if user and user > self.users.get(sub, "") and day.startswith(self.month):
            self.users[sub] = user
        if self.detail:
            kept = self.groups.setdefault((day, sub, user, *group), [0, 0])
            kept[0] += 1
            kept[1] += size

    def table(self) -> dict[str, Any]:
        customers: dict[str, dict[str, Any]] = {}
        for day, lines in self.days.items():
            if not day.startswith(self.month):
                continue
            for sub, (calls, size) in lines.items():
                kept = customers.setdefault(sub, {"calls": 0, "bytes": 0, "user": self.users.get(sub)})
                kept["calls"] += calls
                kept["bytes"] += size
        nobody = customers.pop("", {"calls": 0, "bytes": 0})
        inside = {day: lines for day, lines in sorted(self.days.items()) if day.startswith(self.month)}
        return {"month": self.month, "zone": self.zone,
                "requests": sum(line[0] for lines in inside.values() for line in lines.values()),
                "customers": customers, "unattributed": {k: nobody[k] for k in ("calls", "bytes")},
                "days": inside,
                "outside": {day: lines for day, lines in sorted(self.days.items()) if day not in inside},
                "states": dict(self.states), "excluded": dict(self.excluded),
                "told": dict(self.told),
                "gateway_count": self.gateway_count, "log_events": self.log_events,
                "groups": [[*key, *value] for key, value in sorted(self.groups.items())]}
