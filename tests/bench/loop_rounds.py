#!/usr/bin/env python3
"""The longest time the event loop is at work between two waits, verb by verb, over large inputs.

    build/venv/bin/python tests/bench/loop_rounds.py [EVENTS]      default 1000000

A month of one pipeline in the sandbox: EVENTS log events in one hour, a tenth of them not delivered, each of their own
customer; events of every hour that come as late as may be; 11,000 objects on a day; an object of 130 MB that is cut;
objects of the seed's form of 130 MB.  What is printed is billingd's own measure (lib/aws/loop_watch.h): the longest round
of the loop by the CPU time it took and by the clock, how often one took 50 ms or more by the clock, and the most memory.
A measurement, not a test: nothing fails for being slow, and a neighbour that takes the processor makes rounds longer by the
clock.
"""
import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from sandbox.control import ACCOUNT, REGION, Sandbox, start_sandbox  # noqa: E402

BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()
GROUP, BUCKET, MONTH, DAY = "/aws/apigw/bench", "bench-bucket", "2025-10", "2025-10-08"
SPEC = f"""account: "{ACCOUNT}"
region: {REGION}
template: {ROOT}/specs/pipeline.yaml
pipelines:
  ddn-api:
    parameters: {{api_name: ddn-api, bucket: {BUCKET}, firehose: bench, log_group: {GROUP},
                 database: bench, workgroup: bench}}
    billing:
      time_zone: UTC
      currency: USD
      prices: [{{from: 2020-01-01, call: 0.001, gib: 0.10}}]
      rollup: {{since: {MONTH}-01, parallel_queries: 2}}
"""
BATCH, TEXT_BYTES = 20000, 130 << 20


def at(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def line(number: int, made_ms: int, customers: int) -> str:
    return json.dumps({"requestId": f"r{number:012}=", "sub": f"customer-{number % customers:06}", "username": "u",
                       "requestTimeEpoch": str(made_ms // 1000), "status": "200", "responseLength": "1000",
                       "httpMethod": "GET", "routeKey": "GET /items/{id}", "path": f"/items/{number}"}, separators=(",", ":"))


def large_hour(sandbox: Sandbox, events: int) -> None:
    """The last tenth was never forwarded."""
    begin, lost = at(f"{DAY}T10:00"), at(f"{DAY}T10:54")
    sandbox.blocks({"hop": "filter", "from": lost // 1000, "to": at(f"{DAY}T11:00") // 1000})
    for first in range(0, events, BATCH):
        batch = []
        for number in range(first, min(first + BATCH, events)):
            made = begin + 3600_000 * number // events
            batch.append({"message": line(number, made, max(events // 10, 1)), "timestamp": made, "arrival": made})
        sandbox.traffic(GROUP, batch)


def late(sandbox: Sandbox) -> None:
    """Every hour of arrival has events of each of the 72 hours before it."""
    hours = [at(f"{MONTH}-01T00:30") + 3600_000 * hour for hour in range(744)]
    for day in range(31):
        sandbox.traffic(GROUP, [{"message": line(10**9 + came + back, came - 3600_000 * back, 1000),
                                 "timestamp": came - 3600_000 * back, "arrival": came}
                                for came in hours[24 * day:24 * day + 24] for back in range(72)])


def envelopes(prefix: str) -> Iterator[bytes]:
    """130 MB of them."""
    size, number = 0, 0
    while size < TEXT_BYTES:
        made = at(f"{MONTH}-05T12:00") + number % 3600_000
        events = [{"id": f"{prefix}{number + i:055}", "timestamp": made,
                   "message": line(2 * 10**9 + int(prefix) * 10**8 + number + i, made, 1000)} for i in range(100)]
        text = json.dumps({"messageType": "DATA_MESSAGE", "owner": ACCOUNT, "logGroup": GROUP, "logStream": "s",
                           "subscriptionFilters": ["f"], "logEvents": events}, separators=(",", ":"))
        size, number = size + len(text) + 1, number + 100
        yield text.encode() + b"\n"


def most_memory(process: subprocess.Popen[str]) -> int:
    """KiB, until it ends.  Not ru_maxrss: that begins with what this process had when it forked."""
    most = 0
    while process.poll() is None:
        for one in Path(f"/proc/{process.pid}/status").read_text().splitlines():
            if one.startswith("VmHWM:"):
                most = int(one.split()[1])
        time.sleep(0.02)
    return most


class Bench:
    def __init__(self, sandbox: Sandbox, spec: Path):
        self.sandbox, self.spec = sandbox, spec
        self.environment = {**os.environ, **sandbox.environment()}
        self.s3 = sandbox.client("s3")  # one: each has a connection of its own

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def run(self, what: str, *words: str, codes: tuple[int, ...] = (0,)) -> None:
        begin = time.monotonic()
        with open(self.spec.with_suffix(".log"), "w+") as log:
            process = subprocess.Popen([BINARY, "-f", self.spec, "--log-level", "debug", *words], text=True,
                                       stdout=subprocess.DEVNULL, stderr=log, stdin=subprocess.DEVNULL,
                                       env=self.environment)
            memory = most_memory(process)
            code = process.wait()
            log.seek(0)
            lines = log.read().splitlines()
        if code not in codes:
            sys.exit(f"billingd {' '.join(words)} ended with {code}:\n" + "\n".join(lines[-5:]))
        told = [json.loads(one) for one in lines if '"event":"longest_round"' in one]
        longest = max(told, key=lambda one: one["cpu_us"])
        over = sum('"event":"long_round"' in one for one in lines)
        print(f"| {what} | {longest['cpu_us'] / 1000:.0f} ms | {longest['us'] / 1000:.0f} ms | {over} | "
              f"{memory >> 10} MiB | {time.monotonic() - begin:.0f} s |", flush=True)


def prepare(sandbox: Sandbox, bench: Bench, events: int) -> None:
    sandbox.client("apigatewayv2").create_api(Name="ddn-api", ProtocolType="HTTP", Target="https://example.com")
    bench.run("`apply`", "apply", "--yes")
    sandbox.client("s3").delete_bucket_policy(Bucket=BUCKET)
    sandbox.switches(data_now=at("2025-11-06T00:00") // 1000)
    late(sandbox)
    large_hour(sandbox, events)


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with start_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "billing.yaml"
        spec.write_text(SPEC)
        bench = Bench(sandbox, spec)
        print("| what | longest round, CPU | by the clock | of 50 ms and more | memory | time |\n|---|---|---|---|---|---|")
        prepare(sandbox, bench, events)
        bench.run("`rollup` of the month", "rollup", "--month", MONTH)
        bench.run("`bill` of the month", "bill", "--month", MONTH)
        bench.run("`audit` of the month, each hour with events of 72 hours before it", "audit", "--month", MONTH, codes=(0, 5))
        bench.run(f"`backfill` of an hour of {events} events, a tenth missing", "backfill", "--day", DAY)
        empty = gzip.compress(b"\n")
        for number in range(11000):
            bench.put(f"access-logs/year=2025/month=10/day=20/hour={number % 24:02}/bench-1-2025-10-20-00-00-00-{number}.json.gz",
                empty)
        bench.run("`rollup` with 11,000 new objects on a day", "rollup", "--month", MONTH)
        old = gzip.compress(b"".join(envelopes("1")), 1)
        bench.put(f"json-data/year=2025/month=10/day=05/hour=12/bench-1-2025-10-05-12-00-00-a", old)
        bench.run(f"`backfill --legacy`, an object of {TEXT_BYTES >> 20} MiB of text", "backfill", "--legacy", "json-data/")
        cut = gzip.compress(b"".join(envelopes("2")), 1)[:-9]
        bench.put("access-logs/year=2025/month=10/day=15/hour=12/bench-1-2025-10-15-12-00-00-b.json.gz", cut)
        for number in range(11000, 11024):
            bench.put(f"access-logs/year=2025/month=10/day=20/hour={number % 24:02}/bench-1-2025-10-20-00-00-00-{number}.json.gz",
                      empty)
        bench.run("`rollup` with such an object, cut, on one day and 11,024 objects on another", "rollup", "--month", MONTH)
        bench.run("`audit` of the day with the cut object", "audit", "--day", f"{MONTH}-15", codes=(0, 5))
        bench.run("`backfill` of that day", "backfill", "--day", f"{MONTH}-15", codes=(0, 5))


if __name__ == "__main__":
    main()
