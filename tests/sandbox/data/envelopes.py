"""What CloudWatch Logs sends to a stream: JSON documents of up to 100 events of one log stream."""

import json
from collections.abc import Iterator
from json.encoder import encode_basestring
from typing import NamedTuple

from .log_store import Event, event_id

MOST_EVENTS = 100
MOST_BYTES = 800_000
WINDOW_MS = 4500  # how long events are gathered; with it the figures of sql.md 1 come out
CHECK = "CWL CONTROL MESSAGE: Checking health of destination Firehose."


class Envelope(NamedTuple):
    arrival: int  # ms, at the stream
    events: int
    text: str


def head(owner: str, group: str, stream: str, filters: list[str]) -> str:
    return (f'{{"messageType":"DATA_MESSAGE","owner":{json.dumps(owner)},"logGroup":{encode_basestring(group)},'
            f'"logStream":{encode_basestring(stream)},"subscriptionFilters":{json.dumps(filters)},"logEvents":[')


def control(at: int) -> Envelope:
    """The test message of PutSubscriptionFilter, and of CloudWatch Logs every now and then."""
    event = {"id": "", "timestamp": at, "message": CHECK}
    return Envelope(at, 0, json.dumps({
        "messageType": "CONTROL_MESSAGE", "owner": "CloudwatchLogs", "logGroup": "", "logStream": "",
        "subscriptionFilters": [], "logEvents": [event]}, separators=(",", ":")))


def data(opening: str, events: list[tuple[int, Event]]) -> Iterator[Envelope]:
    """Documents of events of one log stream, given as (time of forwarding, event) in order of it."""
    gathered: list[str] = []
    size = start = last = 0
    for at, event in events:
        if gathered and (at - start > WINDOW_MS or len(gathered) == MOST_EVENTS or size > MOST_BYTES):
            yield Envelope(last, len(gathered), opening + ",".join(gathered) + "]}")
            gathered = []
        if not gathered:
            start, size = at, 0
        last = at
        one = (f'{{"id":"{event_id(event[0], event[1])}","timestamp":{event[0]},'
               f'"message":{encode_basestring(event[3])}}}')
        gathered.append(one)
        size += len(one)
    if gathered:
        yield Envelope(last, len(gathered), opening + ",".join(gathered) + "]}")
