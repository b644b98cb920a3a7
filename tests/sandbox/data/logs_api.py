"""PutLogEvents, FilterLogEvents and GetLogEvents over the store that delivery reads too."""

import base64
from typing import Any

from ..call import Call, handles
from ..services.logs import group_of, invalid, missing
from . import traffic
from .filter_pattern import matcher
from .lines import Incoming
from .log_store import Event, between, event_id

DAY_MS = 86_400_000
FAR = 1 << 62
PAGE_BYTES = 1 << 20


@handles("logs", "PutLogEvents")
def put_log_events(call: Call) -> dict[str, Any]:
    group, p = group_of(call), call.params
    if p["logStreamName"] not in group.streams:
        raise missing("log stream")
    events = p["logEvents"]
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise invalid("Log events in a single PutLogEvents request must be in chronological order.")
    if times[-1] - times[0] > DAY_MS:
        raise invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 "
                      "hours.")
    now = int(call.world.data.now() * 1000)
    oldest = max(now - 14 * DAY_MS, kept_since(call, group))
    taken = [e for e in events if oldest <= e["timestamp"] <= now + 2 * 3600_000]
    refused: dict[str, int] = {}
    if times[0] < now - 14 * DAY_MS:
        refused["tooOldLogEventEndIndex"] = sum(t < now - 14 * DAY_MS for t in times)
    if times[0] < kept_since(call, group):
        refused["expiredLogEventEndIndex"] = sum(t < kept_since(call, group) for t in times)
    if times[-1] > now + 2 * 3600_000:
        refused["tooNewLogEventStartIndex"] = sum(t <= now + 2 * 3600_000 for t in times)
    incoming = [Incoming(now, e["timestamp"], e["message"], p["logStreamName"], (now,))
                for e in taken]
    if incoming:
        traffic.put(call.world.data, call.account, call.region, group, incoming)
    return {"nextSequenceToken": "0" * 56, **({"rejectedLogEventsInfo": refused} if refused else {})}


def kept_since(call: Call, group: Any) -> int:
    """ms; older events have gone."""
    days = group.retention_in_days
    return 0 if days is None else int(call.world.data.now() * 1000) - int(days) * DAY_MS


def window(call: Call, group: Any, events: list[Event], last: int) -> tuple[int, int]:
    first = max(call.params.get("startTime", 0), kept_since(call, group))
    return between(events, first, last)


def token_of(call: Call, value: int, letter: str = "") -> str:
    return letter + base64.urlsafe_b64encode(f"{call.operation}|{value}".encode()).decode()


def position(call: Call, token: str | None, default: int) -> int:
    if not token:
        return default
    try:
        name, _, number = base64.urlsafe_b64decode(token.removeprefix("f/").removeprefix("b/")
                                                   .encode()).decode().partition("|")
        if name != call.operation:
            raise ValueError(name)
        return int(number)
    except ValueError:
        raise invalid("The specified nextToken is invalid.") from None


@handles("logs", "FilterLogEvents")
def filter_log_events(call: Call) -> dict[str, Any]:
    group, p = group_of(call), call.params
    if "logStreamNames" in p and "logStreamNamePrefix" in p:
        raise invalid("LogStreamNamePrefix and logStreamNames are mutually exclusive parameters.")
    if p.get("endTime", FAR) < p.get("startTime", 0):
        raise invalid("End time should not be less than the start time.")
    events = call.world.data.logs.group(call.account, call.region, group.name).sorted()
    start, end = window(call, group, events, p.get("endTime", FAR))
    matches = matcher(p.get("filterPattern", ""))
    names, prefix = p.get("logStreamNames"), p.get("logStreamNamePrefix", "")
    limit = min(p.get("limit", 10000), call.world.switches.page_size or 10000)
    found: list[dict[str, Any]] = []
    size, index = 0, max(start, position(call, p.get("nextToken"), start))
    while index < end and len(found) < limit and size < PAGE_BYTES:
        event = events[index]
        index += 1
        if (names and event.stream not in names) or not event.stream.startswith(prefix):
            continue
        if matches and not matches(event.message):
            continue
        size += len(event.message.encode()) + 26
        found.append({"logStreamName": event.stream, "timestamp": event.timestamp, "message": event.message,
                      "ingestionTime": event.ingested,
                      "eventId": event_id(event.timestamp, event.number)})
    more = {"nextToken": token_of(call, index)} if index < end else {}
    return {"events": found, "searchedLogStreams": [], **more}


@handles("logs", "GetLogEvents")
def get_log_events(call: Call) -> dict[str, Any]:
    group, p = group_of(call), call.params
    name = p["logStreamName"]
    if name not in group.streams:
        raise missing("log stream")
    events = call.world.data.logs.group(call.account, call.region, group.name).of_stream(name)
    start, end = window(call, group, events, p.get("endTime", FAR) - 1)
    limit = min(p.get("limit", 10000), call.world.switches.page_size or 10000)
    token = p.get("nextToken")
    forward = token.startswith("f/") if token else p.get("startFromHead", False)
    at = position(call, token, start if forward else end)
    first, last = (at, min(at + limit, end)) if forward else (max(at - limit, start), at)
    return {"events": [{"timestamp": e.timestamp, "message": e.message, "ingestionTime": e.ingested}
                       for e in events[first:last]],
            "nextForwardToken": token_of(call, last, "f/"), "nextBackwardToken": token_of(call, first, "b/")}


@handles("logs", "DeleteLogGroup")
def delete_log_group(call: Call) -> None:
    group = group_of(call)
    call.world.data.logs.forget(call.account, call.region, group.name)
    call.backend().tagger.delete_all_tags_for_resource(group.arn)  # moto would give them to the next of that name
