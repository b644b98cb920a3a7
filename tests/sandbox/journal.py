"""What was called, what broke AWS's model, and where the sandbox itself did."""

import itertools
import threading
import time
from typing import Any

KEPT = 20000


class Journal:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.counter = itertools.count(1)
        self.calls: list[dict[str, Any]] = []
        self.violations: list[dict[str, Any]] = []
        self.bugs: list[dict[str, Any]] = []

    def clear(self) -> None:
        with self.lock:
            self.calls, self.violations, self.bugs = [], [], []

    def take(self) -> list[dict[str, Any]]:
        """The calls that ended, which are forgotten; those under way are left for the next time."""
        with self.lock:
            taken = [entry for entry in self.calls if "end" in entry]
            self.calls = [entry for entry in self.calls if "end" not in entry]
            return taken

    def open(self, **entry: Any) -> dict[str, Any]:
        """A call's entry, listed in order of arrival; the chain fills in how it ended."""
        with self.lock:
            entry = {"sequence": next(self.counter), "time": time.time(), "status": None, "error": None,
                     **entry}
            self.calls.append(entry)
            del self.calls[:-KEPT]
            return entry

    def violation(self, service: str, operation: str, path: str, problem: str, client: str) -> None:
        with self.lock:
            self.violations.append({"service": service, "operation": operation, "path": path,
                                    "problem": problem, "client": client})

    def bug(self, service: str, operation: str, problem: str) -> None:
        """A reply of ours that AWS's model cannot hold."""
        with self.lock:
            entry = {"service": service, "operation": operation, "problem": problem}
            if entry not in self.bugs:
                self.bugs.append(entry)

    def snapshot(self, name: str) -> list[dict[str, Any]]:
        with self.lock:
            return [dict(entry) for entry in getattr(self, name)]
