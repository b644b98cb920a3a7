#!/usr/bin/env python3
"""What the daemon of N pipelines in sync costs, and how it answers: memory, longest round, page, API and metrics.

    build/venv/bin/python tests/bench/fleet_daemon.py [N ...]                 default 1 100 1000
    build/venv/bin/python tests/bench/fleet_daemon.py --keep [N ...]          also into tests/bench/fleet_daemon.json

The stand-in of fleet_curve.py answers for AWS; nothing is written.  Each path is asked five times (the median is shown), then
by twenty at once, while a look goes on; then the spec is read anew.  Nothing fails for being slow; an answer that is not 200 does.
"""
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/bench")]
import fleet_curve  # noqa: E402

PATHS = ["/", "/metrics", "/api/v1/status", "/api/v1/resources", "/api/v1/plan", "/-/healthy"]
ASKERS = 20


class Log:
    """What the daemon logs, as it comes."""

    def __init__(self, process: subprocess.Popen[str]):
        self.events: list[dict[str, Any]] = []
        self.news = threading.Condition()
        self.reader = threading.Thread(target=self.read, args=(process,), daemon=True)
        self.reader.start()

    def read(self, process: subprocess.Popen[str]) -> None:
        for line in process.stderr:  # type: ignore[union-attr]
            event = json.loads(line)
            if event["event"] in ("started", "reloaded", "longest_round"):
                with self.news:
                    self.events.append(event)
                    self.news.notify_all()

    def of(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["event"] == name]

    def wait(self, name: str) -> dict[str, Any]:
        with self.news:
            assert self.news.wait_for(lambda: self.of(name), 120), f"no {name}"
        return self.of(name)[0]


def looked(base: str) -> None:
    """Until a look has ended."""
    while True:
        with urllib.request.urlopen(base + "/api/v1/look", timeout=60) as reply:
            look = json.loads(reply.read())
        if look["summary"] and not look["looking"]:
            return
        time.sleep(0.1)


def memory(process: subprocess.Popen[str], what: str) -> int:
    """KiB"""
    return int(re.findall(rf"{what}:\s*(\d+)", Path(f"/proc/{process.pid}/status").read_text())[0])


def ask(url: str) -> tuple[float, int]:
    """Milliseconds and bytes."""
    began = time.monotonic()
    with urllib.request.urlopen(url, timeout=120) as reply:
        size = len(reply.read())
    return (time.monotonic() - began) * 1000, size


def together(url: str) -> str:
    """So many ask at once: how many were answered, and the slowest."""
    def one(_: int) -> float:
        try:
            return ask(url)[0]
        except OSError:
            return -1

    with ThreadPoolExecutor(ASKERS) as pool:
        took = list(pool.map(one, range(ASKERS)))
    answered = [ms for ms in took if ms >= 0]
    return f"{len(answered)} of {ASKERS}, {max(answered, default=0):.0f} ms"


def measure(recording: Path, count: int) -> dict[str, Any]:
    file = fleet_curve.spec(recording.parent / "daemon.yaml", count)
    file.write_text("mode: observe\nlisten: 127.0.0.1:0\nreconcile: {interval: 1h, jitter: 0s}\n" + file.read_text())
    with fleet_curve.standing_in(recording, count) as (environment, _):
        process = subprocess.Popen([fleet_curve.BINARY, "-f", file, "--log-level", "debug", "run"], env=environment, text=True,
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        log = Log(process)
        base = "http://" + log.wait("started")["listen"]
        began = time.monotonic()
        looked(base)
        first_s = time.monotonic() - began
        before = memory(process, "VmHWM")
        kept: dict[str, Any] = {"pipelines": count, "first_look_s": round(first_s, 1), "look_kib": before}
        for path in PATHS:
            answers = [ask(base + path) for _ in range(5)]
            kept[path] = {"ms": round(statistics.median(ms for ms, _ in answers), 1), "bytes": answers[0][1]}
        os.kill(process.pid, signal.SIGUSR1)
        for path in PATHS:
            kept[path]["together"] = together(base + path)
        looked(base)
        os.kill(process.pid, signal.SIGHUP)
        log.wait("reloaded")
        looked(base)
        kept |= {"most_kib": memory(process, "VmHWM"), "rest_kib": memory(process, "VmRSS")}
        process.terminate()
        process.wait()
        log.reader.join()
    [longest] = log.of("longest_round")
    kept |= {"longest_round_ms": round(longest["cpu_us"] / 1000), "longest_round_clock_ms": round(longest["us"] / 1000)}
    return kept


def main() -> None:
    counts = [int(word) for word in sys.argv[1:] if not word.startswith("--")] or [1, 100, 1000]
    kept = []
    with tempfile.TemporaryDirectory() as folder:
        recording = fleet_curve.recorded(Path(folder))
        for count in counts:
            kept.append(measure(recording, count))
            print(json.dumps(kept[-1], indent=1), flush=True)
    if "--keep" in sys.argv:
        (ROOT / "tests/bench/fleet_daemon.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
