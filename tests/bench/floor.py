"""What a pipeline from nothing takes whoever knows everything beforehand: the writes of an `apply`, sent again in the waves that
their order makes, without a look at what is there, what may be done, and what came of it.

    record(sandbox, run)      runs run(endpoint) through a proxy to the sandbox, and keeps what it writes, by wave
    seconds(endpoint, waves)  sends them to a sandbox in the same state, each wave when the one before is answered
"""
import asyncio
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from proxy import Exchange, through
from sandbox.control import Sandbox

STATE = "DescribeDeliveryStream"  # what follows the stream waits for it; the last one tells that it is ready
IDS = ("x-amzn-RequestId", "x-amz-request-id")


def waves_of(calls: list[dict[str, Any]]) -> list[list[str]]:
    """The ids of their requests: a wave are those that began before any of it had ended."""
    waves, ended = [], 0.0
    for call in sorted(calls, key=lambda one: one["time"]):
        if not waves or call["time"] >= ended:
            waves.append([])
            ended = min(one["end"] for one in calls if one["time"] >= call["time"])
        waves[-1].append(call["request_id"])
    return waves


def written(calls: list[dict[str, Any]]) -> list[dict[str, Any]]:
    states = [call for call in calls if call["operation"] == STATE]
    made = max(call["end"] for call in calls if call["operation"] == "CreateDeliveryStream")
    ready = min((call for call in states if call["time"] >= made), key=lambda call: call["time"])
    return [call for call in calls if call["kind"] == "write" and call["status"] < 300] + [ready]


def record(sandbox: Sandbox, run: Callable[[str], None]) -> list[list[bytes]]:
    wires = {}

    def keep(one: Exchange) -> None:
        head = "".join([f"{one.method} {one.target} HTTP/1.1\r\n", *(f"{k}: {v}\r\n" for k, v in one.headers), "\r\n"])
        wires[next(filter(None, map(one.reply.getheader, IDS)))] = head.encode() + one.body

    through(sandbox.endpoint, run, keep)
    return [[wires[one] for one in wave] for wave in waves_of(written(sandbox.calls()))]


async def ask(connections: "list[tuple[asyncio.StreamReader, asyncio.StreamWriter]]", to: tuple[str, int], wire: bytes) -> None:
    reader, writer = connections.pop() if connections else await asyncio.open_connection(*to)
    writer.write(wire)
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    assert head.split()[1].startswith("2"), (wire, head)
    lengths = [int(line.split(":")[1]) for line in head.split("\r\n") if line.lower().startswith("content-length:")]
    await reader.readexactly(lengths[0] if lengths else 0)
    connections.append((reader, writer))


async def send(to: tuple[str, int], waves: list[list[bytes]]) -> float:
    connections: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
    begun = time.monotonic()
    for wave in waves:
        await asyncio.gather(*(ask(connections, to, wire) for wire in wave))
    took = time.monotonic() - begun
    for _, writer in connections:
        writer.close()
    return took


def seconds(endpoint: str, waves: list[list[bytes]]) -> float:
    host, port = urlsplit(endpoint).netloc.split(":")
    return asyncio.run(send((host, int(port)), waves))
