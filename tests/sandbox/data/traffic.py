"""Log events into a group, many at once, and on to the streams."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from .. import moto_side
from .lines import Incoming
from .log_store import EVENT_OVERHEAD, Event, event_id

if TYPE_CHECKING:
    from .plane import DataPlane


def group_of(account: str, region: str, name: str) -> Any:
    group = moto_side.backend("logs", account, region).groups.get(name)
    if group is None:
        raise ValueError(f"no log group {name!r} in {region}")
    return group


def put(plane: "DataPlane", account: str, region: str, group: Any, incoming: list[Incoming],
        checks: list[int] | None = None) -> Counter[str]:
    """Stores and forwards; returns what was lost on the way, by hop.  Hold the world's lock."""
    number = plane.logs.number(len(incoming))
    arrivals, events = [], []
    for index, one in enumerate(incoming):
        event = Event(one.timestamp, number + index, one.ingested, one.message, one.stream)
        events.append(event)
        for at in one.forwarded:
            arrivals.append((at, event))
    plane.logs.group(account, region, group.name).add(events)
    plane.delivery.count("AWS/Logs", "IncomingLogEvents", {"LogGroupName": group.name},
                         [one.ingested for one in incoming])
    plane.delivery.weigh("AWS/Logs", "IncomingBytes", {"LogGroupName": group.name},
                         [(one.ingested, len(one.message.encode()) + EVENT_OVERHEAD) for one in incoming])
    arrivals.sort(key=lambda arrival: arrival[0])
    return plane.delivery.forward(group, arrivals, checks)


def ensure_streams(group: Any, region: str, names: set[str]) -> None:
    for name in names:
        if name not in group.streams:
            group.create_log_stream(name)


def from_control(plane: "DataPlane", account: str, region: str, value: dict[str, Any]) -> dict[str, Any]:
    """POST traffic: {log_group, log_stream?, events: [{message, timestamp?, arrival?}], flush?}."""
    group = group_of(account, region, value["log_group"])
    stream = value.get("log_stream", "sandbox")
    now = int(plane.now() * 1000)
    incoming = []
    for event in value["events"]:
        at = int(event.get("arrival", event.get("timestamp", now)))
        incoming.append(Incoming(at, int(event.get("timestamp", at)), event["message"],
                                 event.get("log_stream", stream), (at,)))
    ensure_streams(group, region, {one.stream for one in incoming})
    first = plane.logs.count
    lost = put(plane, account, region, group, incoming)
    if value.get("flush", True):
        plane.delivery.flush()
    return {"lost": dict(lost), "ids": [event_id(one.timestamp, first + index)
                                        for index, one in enumerate(incoming)]}
