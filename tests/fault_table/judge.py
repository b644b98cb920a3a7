"""One cell: the verb is run with the fault, and what came of it is held against the run without one."""

import shutil
import signal
import subprocess
import time
import traceback
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.error import URLError

from . import daemon, machine
from .cells import WORDS, Cell, cells, sample
from .daemon import Living
from .scenes import SCENES, Done, Place, Scene, State

CODES = {0, 1, 4, 5, 77}  # docs/cli.md; 64 and 78 blame the operator, who did nothing
# A minute in the whole table: longer than AWS keeps a connection, shorter than a lease of anything.
STOPPED_SECONDS = {"sample": 2.0, "full": 60.0}
MOST_SECONDS = 400
NEVER_DONE = -97  # of a daemon
DAEMON_CELLS = 400


@dataclass
class Verdict:
    cell: Cell
    hit: bool
    code: int
    seconds: float
    complaints: list[str] = field(default_factory=list)
    said: str = ""


def fired(place: Place) -> bool:
    return any(rule["fired"] for rule in place.sandbox.fault_counts())


def wait_for_hit(place: Place, process: "subprocess.Popen[str]") -> bool:
    while process.poll() is None:
        if place.sandbox.wait_for_fault():
            return True
    return fired(place)


def wait_for_calm(place: Place, seconds: float = 30.0) -> None:
    """Until the sandbox listens and nothing that billingd asked of it is under way."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(URLError, OSError):
            if all(call["status"] is not None for call in place.sandbox.calls(lease=True)):
                return
        time.sleep(0.1)


def run_on(cell: Cell, place: Place, scene: Scene) -> tuple[bool, Done]:
    """The verb, on a machine with that fault."""
    place.sandbox.faults(*machine.rules(cell))
    own = machine.own_folder(place)
    try:
        process = machine.begin(cell, own, scene.words)
        hit = machine.happen(cell, own, process)
        out, err = process.communicate(timeout=MOST_SECONDS)
    finally:
        shutil.rmtree(own.folder, ignore_errors=True)
    return hit, Done(process.returncode, out or "", err or "")


def run_with(cell: Cell, place: Place, scene: Scene, stopped_seconds: float) -> tuple[bool, Done]:
    """The verb, with the fault and the signal; whether the call was made at all."""
    if cell.service == machine.SERVICE:
        return run_on(cell, place, scene)
    more = {"AWS_MAX_ATTEMPTS": "1"} if cell.fault in ("drip", "flood") else {}
    place.sandbox.faults(*cell.rules())
    living = Living(place, **more) if scene.lives else None
    process = living.process if living else place.begin(*scene.words, **more)
    hit = False
    if cell.signal and wait_for_hit(place, process):
        hit = True
        process.send_signal(getattr(signal, f"SIG{cell.signal}"))
        if cell.signal == "KILL":
            # What is on its way arrives; nothing else does.
            process.wait()
        if cell.signal == "STOP":
            time.sleep(stopped_seconds)
            process.send_signal(signal.SIGCONT)
    if living:
        return ended(cell, place, living)
    try:
        out, err = process.communicate(timeout=MOST_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        return True, Done(-99, out, err)
    calm(cell, place)
    return hit or fired(place), Done(process.returncode, out, err)


def calm(cell: Cell, place: Place) -> None:
    if cell.signal == "KILL" or cell.fault == "refuse":
        time.sleep(0.8 if cell.fault == "refuse" else 0)  # until nobody listens
        wait_for_calm(place)  # the call that was held takes effect, and the sandbox listens again


def ended(cell: Cell, place: Place, living: Living) -> tuple[bool, Done]:
    """The daemon mends what a fault left, without anybody's help; who was told to stop stops."""
    settled = cell.signal in ("TERM", "KILL") or living.until_settled()
    code, text = living.end(told=cell.signal == "TERM" and fired(place))
    calm(cell, place)
    return fired(place), Done(code if settled else NEVER_DONE, "", text)


def complaints(cell: Cell, done: Done, writes: list[str]) -> list[str]:
    """What is wrong with how the verb ended and what it wrote, whatever it left."""
    found = []
    if cell.signal == "KILL":
        return [] if done.code in (-9, *CODES) else [f"exit code {done.code}"]
    if cell.service == machine.SERVICE:
        found += machine.complaints(cell, done.code, done.text, writes)
    elif done.code not in CODES:
        found.append(f"exit code {done.code}")
    if "Sanitizer" in done.err or "runtime error" in done.err:
        found.append("sanitizer")
    if done.code and not done.text.strip():
        found.append("said nothing")
    if done.code and not cell.signal and cell.fault in WORDS and not any(w in done.text for w in WORDS[cell.fault]):
        found.append("the reason was not told")
    return found


def different(have: State, want: State) -> list[str]:
    found = []
    for key in want:
        if have.get(key) == want[key]:
            continue
        if isinstance(want[key], dict) and isinstance(have.get(key), dict):
            names = sorted(k for k in want[key].keys() | have[key].keys() if want[key].get(k) != have[key].get(k))
            found.append(f"{key}: {', '.join(map(str, names[:4]))}")
        else:
            found.append(f"{key}: {str(have.get(key))[:120]} instead of {str(want[key])[:120]}")
    return found


def settle(place: Place, scene: Scene) -> list[str]:
    """The next passes, without faults: the second at most must do."""
    if scene.lives:
        code, text = daemon.run(place)
        return [f"a new daemon ends with {code}: {text[-300:]}"] if code else []
    for words in scene.ends:
        codes: list[int] = []
        for _ in range(3):
            codes.append(place.run(*words).code)
            if codes[-1] == 0 or (scene.over and scene.over(place)):
                break
        else:
            return [f"{' '.join(words)} ends with {codes} when all is well again"]
    return []


def judge(cell: Cell, original: Place, scene: Scene, want: State, mode: str) -> Verdict:
    started = time.monotonic()
    place = original.copy()
    place.sandbox.clear()
    try:
        verdict = judged(cell, place, scene, want, mode)
    except Exception:  # of the judge: a row that nobody can explain
        verdict = Verdict(cell, False, -98, 0.0, ["the judge failed"], traceback.format_exc()[-1500:])
    finally:
        with suppress(URLError, OSError, ValueError):
            place.sandbox.end()
    verdict.seconds = round(time.monotonic() - started, 2)
    return verdict


def judged(cell: Cell, place: Place, scene: Scene, want: State, mode: str) -> Verdict:
    hit, done = run_with(cell, place, scene, STOPPED_SECONDS[mode])
    place.sandbox.faults()
    writes = [call["operation"] for call in place.calls() if call["kind"] == "write"]
    verdict = Verdict(cell, hit, done.code, 0.0, complaints(cell, done, writes), done.text[-1500:])
    if done.code == 0 and len(scene.ends) == 1 and not (scene.lives and cell.signal == "TERM"):
        # It said that it was done: then it is.
        verdict.complaints += [f"said done, but {text}" for text in different(scene.state(place), want)]
    else:
        verdict.complaints += settle(place, scene)
        verdict.complaints += different(scene.state(place), want)
    for name, found in (("request that AWS refuses", place.sandbox.violations()), ("sandbox", place.sandbox.bugs())):
        verdict.complaints += [f"{name}: {str(one)[:300]}" for one in found[:2]]
    return verdict


def clean_state(original: Place, scene: Scene) -> tuple[State, list[dict[str, Any]]]:
    """How it ends without faults, and the calls that it took."""
    original.account.snapshot()  # what it loads and keeps for later is then there in each copy
    place = original.copy()
    place.sandbox.clear()
    done = Done(*daemon.run(place), "") if scene.lives else place.run(*scene.words)
    assert done.code == 0, done.text
    calls = place.calls()
    assert settle(place, scene) == []
    state = scene.state(place)
    place.sandbox.end()
    return state, calls


def cells_of(scene: str, calls: list[dict[str, Any]]) -> list[Cell]:
    """The daemon's calls are those of the verbs, so that a part of them will do; what befalls its machine has tests of its
    own (tests/system/test_disturbed.py, test_bad_spec.py)."""
    if SCENES[scene].lives:
        return sample(list(cells(scene, calls)), DAEMON_CELLS, seed=1)
    return [*cells(scene, calls), *machine.cells(scene, calls)]
