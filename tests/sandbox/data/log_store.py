"""Log events as CloudWatch Logs keeps them: ids, order by time, retention."""

import bisect
from dataclasses import dataclass, field
from typing import NamedTuple

MASK = (1 << 144) - 1
ODD = 0x9E3779B97F4A7C15F39CC0605CEDC8341082276BF3A27 | 1


class Event(NamedTuple):
    """Sorts by time; times in ms."""

    timestamp: int
    number: int  # unique; the id is made from it
    ingested: int
    message: str
    stream: str


def event_id(timestamp: int, number: int) -> str:
    """56 digits that begin with the time, like AWS's; one for each event, for ever the same."""
    return str((timestamp << 144) | ((number * ODD) & MASK)).zfill(56)


EVENT_OVERHEAD = 26  # bytes that CloudWatch Logs counts for an event beside its message


@dataclass
class Group:
    events: list[Event] = field(default_factory=list)  # by time, when clean
    streams: dict[str, list[Event]] = field(default_factory=dict)
    dirty: bool = False
    size: int = 0  # bytes, as they are stored

    def add(self, events: list[Event]) -> None:
        self.events += events
        self.size += sum(len(event.message.encode()) + EVENT_OVERHEAD for event in events)
        self.dirty = True

    def sorted(self) -> list[Event]:
        if self.dirty:
            self.events.sort()
            self.streams.clear()
            self.dirty = False
        return self.events

    def of_stream(self, stream: str) -> list[Event]:
        events = self.sorted()
        if stream not in self.streams:
            self.streams[stream] = [event for event in events if event.stream == stream]
        return self.streams[stream]


def between(events: list[Event], first: int, last: int) -> tuple[int, int]:
    """Positions of the events with first <= timestamp <= last."""
    return (bisect.bisect_left(events, first, key=lambda event: event.timestamp),
            bisect.bisect_right(events, last, key=lambda event: event.timestamp))


class LogStore:
    def __init__(self) -> None:
        self.groups: dict[tuple[str, str, str], Group] = {}
        self.count = 0

    def group(self, account: str, region: str, name: str) -> Group:
        return self.groups.setdefault((account, region, name), Group())

    def number(self, how_many: int) -> int:
        """The first of so many fresh numbers."""
        first = self.count
        self.count += how_many
        return first

    def forget(self, account: str, region: str, name: str) -> None:
        self.groups.pop((account, region, name), None)
