#!/usr/bin/env python3
"""What a month costs billingd's own process, by events, objects and usage lines: CPU, memory, time and calls.

    build/venv/bin/python tests/bench/month_curve.py                                  the curves below; writes month_curve.json
    build/venv/bin/python tests/bench/month_curve.py EVENTS,OBJECTS,CUSTOMERS,ROUTES ...     these alone

The stand-in (month_stand_in.py) holds the month, so that neither an emulator nor an engine is what is measured.  The first
curve has more and more events and objects of the same customers, the second more and more customers.  Memory is the most
that the process had, CPU its own.  A wrong bill, a draft or a gap in the audit ends it; nothing fails for being slow.
"""
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()
MONTH = os.environ.get("BENCH_MONTH", "2026-09")
SPEC = f"""account: "123456789012"
region: ap-northeast-2
template: {ROOT}/specs/pipeline.yaml
pipelines:
  ddn-api:
    parameters: {{api_name: ddn-api, bucket: bench-bucket, firehose: bench, log_group: /aws/apigw/bench,
                 database: bench, workgroup: bench}}
    billing:
      time_zone: UTC
      currency: USD
      prices: [{{from: 2020-01-01, call: 0.001, gib: 0.10}}]
      rollup: {{since: {MONTH}-01, parallel_queries: 4}}
"""


class StandIn:
    def __init__(self, *numbers: int):
        self.events = numbers[0]
        self.process = subprocess.Popen([sys.executable, ROOT / "tests/bench/month_stand_in.py", MONTH, *map(str, numbers)],
                                        text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.endpoint = self.process.stdout.readline().split()[1]  # type: ignore[union-attr]

    def __enter__(self) -> "StandIn":
        return self

    def __exit__(self, *_: Any) -> None:
        self.process.stdin.close()  # type: ignore[union-attr]
        self.process.wait()

    def said(self) -> dict[str, Any]:
        self.process.stdin.write("calls\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        return json.loads(self.process.stdout.readline())  # type: ignore[union-attr]


def most_memory(pid: int) -> int:
    """KiB, until it ends.  Not ru_maxrss: that begins with what this process had when it forked."""
    most = 0
    while os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                most = int(line.split()[1])
        time.sleep(0.005)
    return most


def run(stand_in: StandIn, spec: Path, *words: str, code: int = 0) -> dict[str, Any]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
        "AWS_ENDPOINT_URL": stand_in.endpoint, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
        "AWS_EC2_METADATA_DISABLED": "true"}
    begin = time.monotonic()
    with open(spec.with_suffix(".out"), "w+") as out, open(spec.with_suffix(".log"), "w+") as log:
        process = subprocess.Popen([BINARY, "-f", spec, "--log-level", "debug", *words], env=environment, stdout=out, stderr=log,
                                   stdin=subprocess.DEVNULL)
        memory = most_memory(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        log.seek(0)
        lines = log.read().splitlines()
    seconds, said = time.monotonic() - begin, stand_in.said()
    if process.returncode != code or said["missing"]:
        sys.exit(f"billingd {' '.join(words)} ended with {process.returncode}: {said['missing']}\n"
                 + spec.with_suffix(".out").read_text()[-3000:] + "\n".join(lines[-8:]))
    if words[0] == "bill":
        bill = json.loads(spec.with_suffix(".out").read_text())
        if (bill["draft"] and "--preview" not in words) or bill["totals"]["calls"] != stand_in.events:
            sys.exit(f"a wrong bill: {bill['totals']}, draft: {bill['draft']}")
    rounds = [json.loads(line) for line in lines if '"event":"longest_round"' in line]
    return {"memory_kib": memory, "cpu_s": round(usage.ru_utime + usage.ru_stime, 3), "wall_s": round(seconds, 2),
            "calls": sum(said["calls"].values()), "lists": said["calls"].get("ListObjectsV2", 0), "by_call": said["calls"],
            "scanned": said["scanned"], "longest_round_ms": max((one["cpu_us"] for one in rounds), default=0) // 1000}


def measure(events: int, objects: int, customers: int, routes: int) -> dict[str, Any]:
    with StandIn(events, objects, customers, routes) as stand_in, tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "billing.yaml"
        spec.write_text(SPEC)
        found = {"events": events, "objects": objects, "lines": customers * routes * 3, "customers": customers}
        for verb in ("rollup", "bill", "audit"):
            found[verb] = run(stand_in, spec, verb, "--month", MONTH, *(["-o", "json"] if verb == "bill" else []))
            one = found[verb]
            print(f"| {events} | {objects} | {customers} | {found['lines']} | {verb} | {one['cpu_s']:.2f} s | {one['memory_kib'] >> 10} MiB | "
                  f"{one['wall_s']:.1f} s | {one['calls']} | {one['lists']} | {one['longest_round_ms']} ms |", flush=True)
        return found


EVENTS = [(100_000, 744, 1000, 50), (1_000_000, 1500, 1000, 50), (10_000_000, 11_000, 1000, 50), (100_000_000, 11_000, 1000, 50),
          (100_000_000, 100_000, 1000, 50)]
CUSTOMERS = [(100_000_000, 11_000, customers, 30) for customers in (100, 1000, 3000, 10_000)]


def main() -> None:
    print("| events | objects | customers | usage lines | verb | CPU | memory | time | calls | of them lists | longest round, CPU |\n"
          "|---|---|---|---|---|---|---|---|---|---|---|")
    if len(sys.argv) > 1:
        for word in sys.argv[1:]:
            measure(*map(int, word.split(",")))
        return
    found = {"events": [measure(*case) for case in EVENTS], "customers": [measure(*case) for case in CUSTOMERS]}
    (ROOT / "tests/bench/month_curve.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
