"""The fault table: every call of every verb x every fault x every signal at that call.

    cd tests && ../build/venv/bin/python -m fault_table --sample 200      so many cells, chosen by --seed
    cd tests && ../build/venv/bin/python -m fault_table --full            all of them
    --scene NAME ...   only these;  --minutes N   no new cell after so many minutes (said in the summary)
    --out FILE         a JSON line for each scene and each cell;  --summary FILE   a table for people
    --resume           goes on with what FILE has not: a run that was cut
    --again            and once more with those of FILE that nobody could explain
    --told FILE        the table of what stands in FILE, and runs nothing
"""

import argparse
import json
import resource
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sandbox.control import start_sandbox

from .cells import FAULTS, Cell, sample
from .judge import Verdict, cells_of, clean_state, judge
from .scenes import SCENES, Place, State

WAITING = 48  # cells that take a minute and no CPU
Stage = tuple[Place, State]  # a scene set up, and how it ends without faults


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fault_table", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scene", nargs="*", default=list(SCENES), choices=list(SCENES))
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--workers", type=int, default=6)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--told", type=Path)
    parser.add_argument("--summary", type=Path)
    options = parser.parse_args()
    if options.resume and not options.out:
        parser.error("--resume goes on with a file: name it with --out")
    return options


def summary(total: int, found: list[Verdict]) -> str:
    """Rows: faults; columns: scenes; in each: cells tried, and those that nobody can explain."""
    names = [name for name in SCENES if any(one.cell.scene == name for one in found)]
    tried: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    for one in found:
        row = f"SIG{one.cell.signal}" + (f" + {one.cell.fault}" if one.cell.fault else "") if one.cell.signal else one.cell.fault
        tried[row, one.cell.scene] += one.hit
        bad[row, one.cell.scene] += bool(one.complaints)
    rows = [f for f in FAULTS if any((f, n) in tried for n in names)]
    rows += sorted({row for row, _ in tried} - set(FAULTS))
    lines = [f"{len(found)} of {total} cells; {sum(one.hit for one in found)} calls were hit; "
             f"{sum(bad.values())} unexplained.", "",
             "| at the call | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for row in rows:
        shown = [f"{tried[row, n]}" + (f" (**{bad[row, n]}**)" if bad[row, n] else "") for n in names]
        lines.append(f"| {row} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def whole_lines(path: Path) -> list[str]:
    """Without a last one that was cut while it was written; it goes from the file as well."""
    text = path.read_text()
    whole = text[:text.rfind("\n") + 1]
    if whole != text:
        path.write_text(whole)
    return whole.splitlines()


class Record:
    """The file of a run: a line for each scene with the calls that it makes, and one for each cell."""

    def __init__(self, path: Path | None, resume: bool):
        self.calls: dict[str, list[dict[str, Any]]] = {}
        self.found: dict[Cell, Verdict] = {}
        for line in whole_lines(path) if path and resume and path.exists() else []:
            value = json.loads(line)
            if "calls" in value:
                self.calls[value["scene"]] = value["calls"]
            else:
                cell = Cell(**value.pop("cell"))
                self.found[cell] = Verdict(cell, **value)
        self.out = path.open("a" if resume else "w") if path else None

    def write(self, value: dict[str, Any]) -> None:
        if self.out:
            self.out.write(json.dumps(value) + "\n")
            self.out.flush()

    def scene(self, name: str, calls: list[dict[str, Any]]) -> list[Cell]:
        """Its cells; by the calls that the run met when it began."""
        if name not in self.calls:
            self.calls[name] = [{k: call[k] for k in ("service", "operation", "kind")} for call in calls]
            self.write({"scene": name, "calls": self.calls[name]})
        return cells_of(name, self.calls[name])

    def add(self, verdict: Verdict) -> None:
        self.found[verdict.cell] = verdict
        self.write(asdict(verdict))


def told(path: Path) -> int:
    record = Record(path, resume=True)
    everything = [cell for name, calls in record.calls.items() for cell in cells_of(name, calls)]
    print(summary(len(everything), list(record.found.values())))
    return 0


def main() -> int:
    options = arguments()
    if options.told:
        return told(options.told)
    record, started = Record(options.out, options.resume), time.monotonic()
    with ExitStack() as stack:
        stages: dict[str, Stage] = {}
        everything: list[Cell] = []
        for name in options.scene:
            sandbox = stack.enter_context(start_sandbox())
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"fault-table-{name}-")))
            place = Place(sandbox, folder)
            SCENES[name].make(place)
            wanted, calls = clean_state(place, SCENES[name])
            stages[name] = (place, wanted)
            everything += record.scene(name, calls)
            print(f"{name}: {len(calls)} calls", file=sys.stderr)
        chosen = sample(everything, len(everything) if options.full else options.sample, options.seed)
        known = {cell for cell, one in record.found.items() if not (options.again and one.complaints)}
        run_all(options, [cell for cell in chosen if cell not in known], stages, record)
    text = summary(len(everything), list(record.found.values()))
    print(f"{(time.monotonic() - started) / 60:.0f} min, {cpu_seconds():.0f} s of CPU\n\n{text}")
    if options.summary:
        options.summary.write_text(text)
    return 1 if any(one.complaints for one in record.found.values()) else 0


def cpu_seconds() -> float:
    """Of this process, the sandboxes, and each billingd."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def run_all(options: argparse.Namespace, chosen: list[Cell], stages: dict[str, Stage], record: Record) -> None:
    end = time.monotonic() + options.minutes * 60
    mode = "full" if options.full else "sample"

    def one(cell: Cell) -> Verdict | None:
        if time.monotonic() > end:
            return None
        place, wanted = stages[cell.scene]
        return judge(cell, place, SCENES[cell.scene], wanted, mode)

    with ThreadPoolExecutor(options.workers) as busy, ThreadPoolExecutor(WAITING) as waiting:
        pools = [(waiting if cell.waits else busy, cell) for cell in chosen]
        for number, done in enumerate(as_completed([pool.submit(one, cell) for pool, cell in pools]), 1):
            verdict = done.result()
            if verdict is None:
                continue
            record.add(verdict)
            if verdict.complaints:
                print(f"{verdict.cell}: exit {verdict.code}: {'; '.join(verdict.complaints)}\n{verdict.said}\n",
                      file=sys.stderr)
            if number % 50 == 0:
                print(f"{number} of {len(chosen)}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
