"""Several daemons, whose leader is stopped, killed, ended, or cut off, again and again: all is as with one daemon.

    cd tests && ../build/venv/bin/python -m takeovers --rounds 300 --daemons 3 --seed 1
    --minutes M   no new round after so many minutes (said in the summary)

In each round usage arrives late for a day, or somebody changes a setting, and the leader is lost: at rest, or while it waits for
a query.  Another has to lead and do what is left; then the one from before comes back.  The same rounds are played with one daemon
that nothing happens to.  Judged (judge.py, by the sandbox's log of calls): one leader at a time, no write after the lease, who
leads next after at most so many looks; and in the end the account, the bill's bytes, the signed month, and what Athena was paid.
"""

import argparse
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from set_clock import begin_again  # noqa: E402

from .judge import Judge, took_effect  # noqa: E402
from .world import DAYS, NOW, PIPELINES, Place, kind_of, lease_of  # noqa: E402

FAULTS = ("stop", "kill", "end", "cut_s3", "cut_s3", "cut_lease", "cut_all")
WAYS = ({"action": "reset"}, {"action": "drop"}, {"action": "error", "status": 403, "code": "AccessDenied"}, {"action": "hold"},
        {"action": "500"})


@dataclass
class Round:
    event: str  # traffic, drift, none
    day: str
    pipeline: str  # that a drift meets
    fault: str
    way: dict[str, Any]
    at: str  # rest, query


def rounds(count: int, seed: int) -> list[Round]:
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        at = chance.choice(("rest", "rest", "query"))
        made.append(Round("traffic" if at == "query" else chance.choice(("traffic", "drift", "none", "none")), chance.choice(DAYS),
                          chance.choice(PIPELINES), chance.choice(FAULTS), chance.choice(WAYS), at))
    return made


@dataclass
class Play:
    """One world, and the rounds in it."""

    place: Place
    judge: Judge
    faults: Counter[str] = field(default_factory=Counter)
    interrupted: int = 0  # builds of a leader that was lost meanwhile
    at_start: int = 0  # questions to Athena until all is known

    def happen(self, one: Round) -> None:
        if one.event == "traffic":
            self.place.traffic(one.day, "2025-11-03T05:30")
        elif one.event == "drift":
            self.place.drift(one.pipeline)

    def is_done(self) -> bool:
        return self.place.is_repaired() and self.place.is_built()

    def settle(self) -> None:
        """All that happened is made up for."""
        self.place.wait(self.is_done)
        self.place.wait(self.is_idle)

    def is_idle(self) -> bool:
        """No query is under way, and nobody looks."""
        running = [one for one in self.place.daemons if one and one.process.poll() is None]
        return all(not d.look()["looking"] for d in running) and all(d.metric("billingd_part_failed", part="rollup") in (0, None)
                                                                    for d in running) and self.is_quiet()

    def is_quiet(self) -> bool:
        before = self.asked()
        time.sleep(0.3)
        return before == self.asked()

    def asked(self) -> int:
        return sum(1 for call in self.place.sandbox.calls() if call["service"] == "athena" and "Query" in call["operation"])

    def listen(self) -> None:
        """What was called is judged, and forgotten."""
        self.judge.take(self.place.sandbox.take_calls())

    # -- one daemon ----------------------------------------------------------------------------------

    def alone(self, one: Round) -> None:
        self.happen(one)
        daemon = self.place.daemons[0]
        assert daemon
        if one.event != "none":
            daemon.send(signal.SIGUSR1)
        self.settle()
        self.listen()

    # -- several -------------------------------------------------------------------------------------

    def together(self, one: Round) -> None:
        """The leader of the pipeline with a bill is lost, and leads others, too."""
        leaders = self.place.wait(self.leaders)
        leader = leaders["shop"]
        lost = {name for name in PIPELINES if leaders[name] == leader and (one.fault != "cut_lease" or name == "shop")}
        daemon = self.place.daemons[leader]
        assert daemon
        self.faults[f"{one.fault} at {one.at}"] += 1
        if one.at == "rest":
            self.happen(one)  # nobody looks, at rest
        else:
            self.place.sandbox.query_rules({"match": "UNLOAD", "action": "hold", "times": 0})
            self.happen(one)
            daemon.send(signal.SIGUSR1)
            self.place.wait(lambda: self.place.sandbox.query_rule_counts()[0]["fired"])
        back = self.strike(leader, one)
        self.place.wait(lambda: all(held not in (None, leader) for name, held in self.place.holders().items() if name in lost))
        self.interrupted += self.builds_of(leader) if one.at == "query" else 0  # each is held until now
        self.place.sandbox.query_rules()
        if one.event == "drift" and one.pipeline not in lost:  # who leads that has not heard of it
            self.place.wake(but=leader)
        self.place.wait(self.is_done)
        back()
        self.place.wait(self.leaders)
        self.settle()
        self.listen()

    def builds_of(self, index: int) -> int:
        """That it has begun since its calls were forgotten."""
        begun = self.place.sandbox.calls(operation="StartQueryExecution", access_key=self.place.keys[index]["access_key"])
        return sum(took_effect(call) and kind_of(call["params"]["QueryString"]) == "build" for call in begun)

    def leaders(self) -> dict[str, int]:
        """Pipeline -> number of the daemon that leads it, while all others wait for it; nothing: it is not so."""
        holders = self.place.holders()
        roles = [self.place.roles(i) for i in range(len(self.place.daemons))]
        for name, held in holders.items():
            if held is None or any(role.get(name) != ("leads" if i == held else "standby") for i, role in enumerate(roles)):
                return {}
        return {name: held for name, held in holders.items() if held is not None}

    def strike(self, leader: int, one: Round) -> Callable[[], None]:
        """The fault; what ends it."""
        daemon, key = self.place.daemons[leader], self.place.keys[leader]["access_key"]
        assert daemon
        if one.fault == "stop":
            daemon.send(signal.SIGSTOP)
            return lambda: daemon.send(signal.SIGCONT)
        if one.fault == "kill":
            daemon.process.kill()
            daemon.process.wait()
            return lambda: void(self.place.start(leader))
        if one.fault == "end":
            daemon.send(signal.SIGTERM)

            def again() -> None:
                assert daemon.end() == 0
                self.place.start(leader)
            return again
        self.place.sandbox.faults(*cut(one, key))
        return self.place.sandbox.faults


def void(_: object) -> None:
    pass


def cut(one: Round, key: str) -> list[dict[str, Any]]:
    """Rules for a network that lets one daemon not reach a service."""
    whom = {"access_key": key, "times": 0, **one.way}
    own = [{"service": "s3", "params": {"Key": lease_of("shop")}, **whom}]
    lease = [{"service": "s3", "params": {"Key": lease_of(name)}, **whom} for name in PIPELINES]
    return {"cut_lease": own, "cut_s3": [*lease, {"service": "s3", **whom}], "cut_all": [*lease, whom]}[one.fault]


def play(folder: Path, count: int, script: list[Round], minutes: float, period_s: int) -> tuple[Play, int, dict[str, Any], Any]:
    from sandbox.control import start_sandbox
    folder.mkdir()
    end = time.monotonic() + minutes * 60
    with start_sandbox() as sandbox:
        place = Place(sandbox, folder, count, period_s)
        made = Play(place, Judge(period_s, {key["access_key"] for key in place.keys}, PIPELINES))
        try:
            for index in range(count):
                place.start(index)
            place.wait(made.leaders)
            made.settle()
            made.listen()
            before = place.queries()
            made.at_start = before[0]["question"]
            done = 0
            for one in script:
                if time.monotonic() > end:
                    break
                try:
                    made.alone(one) if count == 1 else made.together(one)
                except AssertionError as error:
                    raise SystemExit(f"round {done + 1} of {count} daemons, {one}: repaired {place.is_repaired()}, wanted "
                                     f"{dict(place.truth)}, built {place.world.partitions()}: {error}") from None
                done += 1
                print(f"{count} daemons: round {done}, {one.event}, {one.fault} at {one.at}: {made.judge.takeovers} takeovers, "
                      f"{len(made.judge.complaints)} complaints", file=sys.stderr, flush=True)
            after = place.queries()
            place.end()
            made.listen()
            state = place.state()
            made.judge.complaints += [f"a request that AWS refuses: {str(v)[:300]}" for v in sandbox.violations()[:3]]
            made.judge.complaints += [f"the sandbox: {str(v)[:300]}" for v in sandbox.bugs()[:3]]
        finally:
            place.kill()
        return made, done, state, (after[0] - before[0], after[1] - before[1])


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="takeovers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--daemons", type=int, default=3, choices=(2, 3, 4))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lease", type=int, default=5, help="seconds; a machine that is short of processors needs more")
    parser.add_argument("--minutes", type=float, default=1e9)
    return parser.parse_args()


def different(one: dict[str, Any], several: dict[str, Any]) -> list[str]:
    found = []
    for name in one:
        if one[name] == several[name]:
            continue
        if isinstance(one[name], dict) and isinstance(several[name], dict):
            inner = [k for k in one[name].keys() | several[name].keys() if one[name].get(k) != several[name].get(k)]
            found.append(f"{name} is not that of one daemon: {sorted(inner)[:5]}: "
                         f"{str(several[name].get(inner[0]))[:200]} instead of {str(one[name].get(inner[0]))[:200]}")
        else:
            found.append(f"{name} is not that of one daemon: {str(several[name])[:300]} instead of {str(one[name])[:300]}")
    return found


def main() -> int:
    begin_again("takeovers", NOW)
    options = arguments()
    started = time.monotonic()
    script = rounds(options.rounds, options.seed)
    with tempfile.TemporaryDirectory(prefix="takeovers-") as name:
        several, done, state, asked = play(Path(name) / "several", options.daemons, script, options.minutes, options.lease)
        one, _, wanted, paid = play(Path(name) / "one", 1, script[:done], 1e9, options.lease)
    judge = several.judge
    complaints = [*judge.complaints, *one.judge.complaints, *different(wanted, state)]
    interrupted, more = (asked[0][kind] - paid[0][kind] for kind in ("build", "question"))
    if not 0 <= interrupted <= several.interrupted:
        complaints.append(f"{asked[0]['build']} days were built, {paid[0]['build']} by one daemon, {several.interrupted} interrupted")
    # Who takes the bill over knows nothing of its usage, and asks as at a start.
    taken = judge.of["shop"].takeovers
    if more > taken * several.at_start:
        complaints.append(f"{more} more questions than one daemon's, with {taken} takeovers of the bill and {several.at_start} at a start")
    waits = judge.waits
    print(f"{done} of {options.rounds} rounds with {options.daemons} daemons, seed {options.seed}, in "
          f"{(time.monotonic() - started) / 60:.1f} min: {judge.takeovers} takeovers, {dict(sorted(several.faults.items()))}")
    if waits:
        print(f"from the last sign of a leader to the next one: median {waits[len(waits) // 2]:.2f}, at most {waits[-1]:.2f} periods "
              f"({len(waits)}; the others gave the lease up)")
    print(f"writes {judge.writes}, of which {len(judge.late)} arrived after the lease they were sent under "
          f"(at most {max(judge.late, default=0):.2f} periods; another may begin after {0.5})")
    print(f"Athena, one daemon: {dict(paid[0])}, {paid[1]} bytes; {options.daemons} daemons: {dict(asked[0])}, {asked[1]} bytes; "
          f"{several.interrupted} builds were interrupted, {taken} takeovers of the bill; {several.at_start} questions at a start")
    print(f"{len(complaints)} complaints")
    for text in complaints[:30]:
        print(text)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
