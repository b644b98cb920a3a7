"""A daemon over ten pipelines for thousands of passes, with random drift and faults: does it stay as it is?

    cd tests && ../build/venv/bin/python -m soak --passes 10000 --pipelines 10 --seed 1
    --minutes M   no new pass after so many minutes (said in the summary);  --out FILE   a JSON line for each sample

Passes are asked for one right after the other, so a night takes minutes.  Judged: memory, descriptors, handles and timers after
the warm-up (flat.py); every drift repaired and in the event log, as drift and as what ended it; at last all as at the start.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
for folder in ("system/campaign", "system", ""):
    sys.path.insert(0, str(TESTS / folder))

from conftest import Daemon, Spec, make_api, pipeline  # noqa: E402
from sandbox.control import Sandbox, start_sandbox  # noqa: E402

from .drifts import DRIFTS, Account, Drift, Names, bucket_tags, lifecycle, text_of  # noqa: E402
from .flat import Trend, trend  # noqa: E402

ENDS = ("repaired", "created", "recovered")
TROUBLES = ("retry", "denied", "failed", "settling")
ACTIONS = ("throttle", "500", "error", "reset", "drop", "truncate", "lose_reply", "html503", "html", "empty", "cut", "latency")
CALM = 12  # passes in which all must be well again once there are no faults


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passes", type=int, default=10000)
    parser.add_argument("--pipelines", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--every", type=int, default=10, help="a sample every so many passes")
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


class Soak:
    def __init__(self, sandbox: Sandbox, daemon: Daemon, options: argparse.Namespace):
        self.sandbox, self.daemon, self.chance = sandbox, daemon, random.Random(options.seed)
        self.account = Account(sandbox)
        self.pipelines = [Names(i) for i in range(options.pipelines)]
        self.touches: dict[str, set[str]] = {}  # drift -> resources that it shows at
        self.made: set[str] = set()  # of those, resources that it removes
        self.open: dict[str, set[str]] = {}  # resource -> events that have to come yet
        self.taken = 0  # lines of the log
        self.counts: Counter[str] = Counter()
        self.complaints: list[str] = []
        self.samples: dict[str, list[tuple[int, float]]] = defaultdict(list)
        self.passes = 0

    # -- the log -------------------------------------------------------------------------------------

    def read_log(self) -> list[dict[str, Any]]:
        lines = self.daemon.lines[self.taken:]
        self.taken += len(lines)
        found = [json.loads(line) for line in lines if line.startswith("{")]
        for event in found:
            self.counts[event["event"]] += 1
            address = str(event.get("resource", ""))
            waits = self.open.get(address)
            if waits is None:
                continue
            if event["event"] == "drift" or event["event"] in ENDS:
                waits.discard("drift" if event["event"] == "drift" else "end")
            waits.discard(event["event"])  # a create stands in the log also where its answer was lost
            if event["event"] in ("created", *TROUBLES):
                waits.discard("drift")  # it was not there at all, or what differs is told with why it stays so
            if not waits:
                del self.open[address]
        return found

    # -- drift and faults ----------------------------------------------------------------------------

    def rest(self) -> None:
        """Until the log has been silent for half a second: its lines come by a thread of their own."""
        lines, end = -1, time.monotonic() + 60
        while time.monotonic() < end and (lines != len(self.daemon.lines) or lines == self.taken):
            lines = len(self.daemon.lines)
            time.sleep(0.5)

    def learn(self) -> None:
        """Each drift once, alone: at which resources it shows."""
        for drift in DRIFTS:
            self.read_log()
            drift(self.account, self.pipelines[0])
            self.kick()
            self.rest()
            told = [(e["event"], str(e["resource"]).partition("/")[2]) for e in self.read_log() if e["event"] in ("drift", "created")]
            found = {resource for _, resource in told}
            self.made |= {f"{drift.__name__} {resource}" for event, resource in told if event == "created"}
            if not found:
                raise SystemExit(f"{drift.__name__}: no event tells it")
            self.touches[drift.__name__] = found
        for names in self.pipelines:  # what is others' stays beside ours from here on
            bucket_tags(self.account, names)
            lifecycle(self.account, names)
        self.kick()
        self.read_log()

    def drift(self) -> None:
        """Some, of resources that no other drift of this pass meets."""
        busy: set[tuple[str, str]] = set()
        for _ in range(self.chance.choice((0, 1, 1, 2, 3, 5))):
            drift: Drift = self.chance.choice(DRIFTS)
            names = self.chance.choice(self.pipelines)
            meets = {(names.pipeline, one) for one in self.touches[drift.__name__]}
            if busy & meets:
                continue
            busy |= meets
            drift(self.account, names)
            self.counts["injected"] += 1
            for one in self.touches[drift.__name__]:
                made = {"created"} if f"{drift.__name__} {one}" in self.made else set()
                self.open[f"{names.pipeline}/{one}"] = {"drift", "end", *made}

    def faults(self) -> bool:
        if self.chance.random() > 0.25:
            return False
        self.sandbox.faults(*(self.rule(self.chance.choice(("read", "read", "write"))) for _ in range(self.chance.randint(1, 3))))
        return True

    def rule(self, kind: str) -> dict[str, Any]:
        most = 4 if kind == "write" else 35 * len(self.pipelines)
        return {"action": self.chance.choice(ACTIONS), "kind": kind, "nth": self.chance.randint(1, most),
                "times": self.chance.randint(1, 6), "status": 403, "code": "AccessDenied", "latency_ms": self.chance.choice((0, 0, 30))}

    def kick(self) -> None:
        self.daemon.kick()
        self.passes += 1

    def round(self) -> None:
        self.drift()
        disturbed = self.faults()
        self.kick()
        self.read_log()
        if disturbed:
            self.counts["faults"] += sum(rule["fired"] for rule in self.sandbox.fault_counts())
            self.sandbox.faults()
        for _ in range(CALM):
            if not self.open:
                return
            self.kick()
            self.read_log()
        self.complaints += [f"pass {self.passes}: {address}: no event {' or '.join(sorted(what))}" for address, what in self.open.items()]
        self.open.clear()

    # -- measuring -----------------------------------------------------------------------------------

    def sample(self) -> dict[str, float]:
        values: dict[str, float] = {"rss": self.daemon.memory("VmRSS")}
        values["fds"] = len(list(Path(f"/proc/{self.daemon.process.pid}/fd").iterdir()))
        for line in self.daemon.get("/metrics")[1].splitlines():
            name, _, value = line.rpartition(" ")
            if name.startswith("billingd_loop_handles{"):
                values["handles " + name.split('"')[1]] = float(value)
            elif name == 'billingd_heap_bytes{state="used"}':
                values["heap"] = float(value)
        for name, value in values.items():
            self.samples[name].append((self.passes, value))
        return values

    def trends(self) -> list[Trend]:
        return [trend(name, found) for name, found in sorted(self.samples.items())]


def run(soak: Soak, options: argparse.Namespace, before: dict[str, str], account: Any) -> None:
    end, next_sample = time.monotonic() + options.minutes * 60, 0
    out = options.out.open("w") if options.out else None
    while soak.passes < options.passes and time.monotonic() < end:
        soak.round()
        if soak.passes < next_sample:
            continue
        next_sample = soak.passes + options.every
        values = soak.sample()
        soak.sandbox.clear()  # or its journal grows; it is no part of this
        if out:
            out.write(json.dumps({"pass": soak.passes, **values}) + "\n")
            out.flush()
    if out:
        out.close()
    for _ in range(3):
        soak.kick()
    after = text_of(account())
    soak.complaints += [f"not as at the start: {path}" for path in sorted(before.keys() | after.keys())
                        if before.get(path) != after.get(path)]
    for what, found in (("a request that AWS refuses", soak.sandbox.violations()), ("the sandbox", soak.sandbox.bugs())):
        soak.complaints += [f"{what}: {str(one)[:300]}" for one in found[:3]]


def report(soak: Soak, options: argparse.Namespace, seconds: float) -> int:
    trends = soak.trends()
    soak.complaints += [f"not flat: {one}" for one in trends if not one.is_flat]
    told = {name: soak.counts[name] for name in ("drift", *ENDS, "retry", "settling", "denied", "failed")}
    print(f"{soak.passes} of {options.passes} passes over {options.pipelines} pipelines in {seconds / 60:.1f} min, seed {options.seed}; "
          f"{soak.counts['injected']} drifts, {soak.counts['faults']} calls disturbed; events {told}")
    for one in trends:
        print(one)
    print(f"{len(soak.complaints)} complaints")
    for text in soak.complaints[:20]:
        print(text)
    return 1 if soak.complaints else 0


def main() -> int:
    options = arguments()
    import world as accounts  # system/campaign
    started = time.monotonic()
    with start_sandbox() as sandbox, tempfile.TemporaryDirectory(prefix="soak-") as folder:
        for i in range(options.pipelines):
            make_api(sandbox, Names(i).api)
        spec = Spec(Path(folder) / "billing.yaml", "".join(pipeline(Names(i).pipeline, Names(i).api) for i in range(options.pipelines)))
        spec.write(settings={"max_changes": "1000", "breaker": "1000", "breaker_window": "1m", "settle_timeout": "20s"})
        daemon = Daemon(sandbox, spec).ready()
        try:
            soak = Soak(sandbox, daemon, options)
            soak.learn()
            soak.kick()

            def account() -> dict[str, Any]:
                return dict(accounts.normalised(sandbox.snapshot()))

            run(soak, options, text_of(account()), account)
            if daemon.end() != 0:
                soak.complaints.append(f"ended with {daemon.process.returncode}")
        finally:
            if daemon.process.poll() is None:
                daemon.process.kill()
        return report(soak, options, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
