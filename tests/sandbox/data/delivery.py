"""CloudWatch Logs' subscription: which events are forwarded, when, how often, and to which stream."""

import random
import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .. import moto_side, roles
from . import envelopes
from .envelopes import Envelope
from .filter_pattern import matcher, selects
from .firehose_buffer import Buffer
from .log_store import Event

if TYPE_CHECKING:
    from .plane import DataPlane

STEP = 5 * 1024  # Firehose bills a record in steps of so many bytes
HOPS = ("filter", "destination", "throttle", "decompression", "s3")
Arrival = tuple[int, Event]  # time of forwarding in ms, event


@dataclass
class Block:
    """A hop that fails for what arrives in from_s <= t < to_s."""

    hop: str
    from_s: float
    to_s: float
    log_group: str = ""

    def holds(self, at_ms: int) -> bool:
        return self.from_s * 1000 <= at_ms < self.to_s * 1000


class Delivery:
    def __init__(self, plane: "DataPlane"):
        self.plane = plane
        self.buffers: dict[str, Buffer] = {}  # by stream ARN
        self.blocks: list[Block] = []
        self.forwarded = 0

    def set_blocks(self, values: list[dict[str, Any]]) -> None:
        made = [Block(v["hop"], float(v["from"]), float(v["to"]), v.get("log_group", "")) for v in values]
        for block in made:
            if block.hop not in HOPS:
                raise ValueError(f"hop must be one of {HOPS}, is {block.hop!r}")
        self.blocks = made

    # -- from the log group to the stream ---------------------------------------------------------------

    def forward(self, group: Any, arrivals: list[Arrival], checks: list[int] | None = None) -> Counter[str]:
        """Sends events to every filter's stream, and control messages at the times of checks (ms); returns
        what was lost, by hop."""
        lost: Counter[str] = Counter()
        blocks = [b for b in self.blocks if b.log_group in ("", group.name)]
        if not group.subscription_filters:
            lost["filter"] = len(arrivals)
        for item in group.subscription_filters.values():
            lost += self.forward_one(group, item, arrivals, blocks, checks or [])
        return lost

    def forward_one(self, group: Any, item: Any, arrivals: list[Arrival],
                    blocks: list[Block], checks: list[int]) -> Counter[str]:
        lost: Counter[str] = Counter()
        arrivals = self.passing(arrivals, "filter", blocks, lost)
        offered, arrivals = len(arrivals), self.taken(group, item, arrivals)
        lost["filter"] += offered - len(arrivals)
        mine = {"LogGroupName": group.name, "DestinationType": "Firehose", "FilterName": item.name}
        stream = self.stream_of(item)
        if stream is None:
            lost["destination"] += len(arrivals)
            self.count("AWS/Logs", "DeliveryErrors", mine, [at for at, _ in arrivals])
            return lost
        for hop, metric in (("destination", "DeliveryErrors"), ("throttle", "DeliveryThrottling")):
            before = arrivals
            arrivals = self.passing(arrivals, hop, blocks, lost)
            if len(before) != len(arrivals):
                kept = {id(event) for _, event in arrivals}
                self.count("AWS/Logs", metric, mine, [at for at, e in before if id(e) not in kept])
        self.count("AWS/Logs", "ForwardedLogEvents", mine, [at for at, _ in arrivals])
        self.forwarded += len(arrivals)
        records = self.records(group, item, arrivals)
        if checks:
            records = sorted(records + [envelopes.control(at) for at in checks], key=lambda e: e.arrival)
        self.receive(stream, records, blocks, lost)
        return lost

    @staticmethod
    def taken(group: Any, item: Any, arrivals: list[Arrival]) -> list[Arrival]:
        """What the filter's own pattern and selection let through."""
        if not selects(getattr(item, "sandbox_selection", ""), group.account_id, item.destination_arn.split(":")[3]):
            return []
        fits = matcher(item.filter_pattern or "")
        return arrivals if fits is None else [a for a in arrivals if fits(a[1].message)]

    @staticmethod
    def passing(arrivals: list[Arrival], hop: str, blocks: list[Block], lost: Counter[str]) -> list[Arrival]:
        mine = [block for block in blocks if block.hop == hop]
        if not mine:
            return arrivals
        kept = [a for a in arrivals if not any(block.holds(a[0]) for block in mine)]
        lost[hop] += len(arrivals) - len(kept)
        return kept

    def stream_of(self, item: Any) -> Any | None:
        """The filter's stream if it is there and its role may put into it."""
        parts = item.destination_arn.split(":")
        streams = moto_side.backend("firehose", parts[4], parts[3]).delivery_streams
        stream = streams.get(parts[5].partition("/")[2])
        allowed = roles.may(item.role_arn, parts[3], "firehose:PutRecord", item.destination_arn)
        return stream if stream is not None and allowed else None

    def count(self, namespace: str, name: str, dimensions: dict[str, str], times_ms: Iterable[int]) -> None:
        minutes = Counter(at // 60000 for at in times_ms)
        if minutes:
            self.plane.metrics.count(namespace, name, dimensions, minutes.items())

    def weigh(self, namespace: str, name: str, dimensions: dict[str, str], sizes: Iterable[tuple[int, int]]) -> None:
        """A sample of so many bytes at each time in ms."""
        for at, size in sizes:
            self.plane.metrics.add(namespace, name, dimensions, at / 1000, size)

    def records(self, group: Any, item: Any, arrivals: list[Arrival]) -> list[Envelope]:
        """Envelopes as they reach the stream: some twice, some late."""
        owner = group.account_id
        by_stream: dict[str, list[Arrival]] = {}
        for arrival in arrivals:
            by_stream.setdefault(arrival[1].stream, []).append(arrival)
        made: list[Envelope] = []
        for name, found in by_stream.items():
            made += envelopes.data(envelopes.head(owner, group.name, name, [item.name]), found)
        switches = self.plane.world.switches
        if switches.delay_rate or switches.duplicate_rate:
            rng = random.Random(f"{switches.delivery_seed}|{self.forwarded}")
            span = int(switches.delay_seconds * 1000)
            made = [e._replace(arrival=e.arrival + rng.randrange(span + 1))
                    if rng.random() < switches.delay_rate else e for e in made]
            made += [e._replace(arrival=e.arrival + rng.randrange(span + 1)) for e in made
                     if rng.random() < switches.duplicate_rate]
        made.sort(key=lambda e: e.arrival)
        return made

    def control_message(self, group: Any, item: Any, at_ms: int | None = None) -> None:
        stream = self.stream_of(item)
        if stream is not None:
            at = int(self.plane.now() * 1000) if at_ms is None else at_ms
            self.receive(stream, [envelopes.control(at)], [], Counter())

    # -- the stream -------------------------------------------------------------------------------------

    def receive(self, stream: Any, records: list[Envelope], blocks: list[Block],
                lost: Counter[str]) -> None:
        """Records in order of arrival, under the configuration the stream has now."""
        if not records:
            return
        buffer = self.buffer_of(stream)
        if buffer.records and records[0].arrival < buffer.oldest:
            buffer.write(buffer.due)  # time went back: traffic of the past after today's
        mine = {"DeliveryStreamName": stream.delivery_stream_name}
        self.count("AWS/Firehose", "IncomingRecords", mine, [e.arrival for e in records])
        sizes = [(e.arrival, len(zlib.compress(e.text.encode(), 1)) + 12) for e in records]  # as gzip
        self.weigh("AWS/Firehose", "IncomingBytes", mine, sizes)
        self.weigh("Sandbox", "BilledBytes", mine, [(at, -(-size // STEP) * STEP) for at, size in sizes])
        broken = [b for b in blocks if b.hop == "decompression"]
        dead = [b for b in blocks if b.hop == "s3"]
        failed: list[Envelope] = []
        if buffer.form.decompress:
            self.weigh("AWS/Firehose", "OutputDecompressedBytes.Success", mine,
                       [(e.arrival, len(e.text.encode())) for e in records])
        for envelope in records:
            if broken and any(b.holds(envelope.arrival) for b in broken):
                failed.append(envelope)
                lost["decompression"] += envelope.events
            elif dead and any(b.holds(envelope.arrival) for b in dead):
                lost["s3"] += envelope.events
            else:
                buffer.add(envelope)
        if failed:
            buffer.fail(failed, "decompression-failed")

    def buffer_of(self, stream: Any) -> Buffer:
        arn = stream.delivery_stream_arn
        buffer = self.buffers.get(arn)
        if buffer is not None and buffer.version == stream.version_id:
            return buffer
        if buffer is not None and buffer.records:
            buffer.write(buffer.due)
        destination = stream.destinations[0]
        config = destination.get("ExtendedS3") or destination["S3"]
        self.buffers[arn] = Buffer(stream, config, self.plane.metrics)
        return self.buffers[arn]

    def flush(self) -> None:
        for buffer in self.buffers.values():
            buffer.write(buffer.due)

    def write_due(self, now: float) -> None:
        for buffer in self.buffers.values():
            if buffer.records and buffer.due <= now * 1000:
                buffer.write(buffer.due)
