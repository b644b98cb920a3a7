"""The fault table: every call of every verb x every fault x every signal at that call.

    cd tests && ../build/venv/bin/python -m fault_table --sample 200      so many cells, chosen by --seed
    cd tests && ../build/venv/bin/python -m fault_table --full            all of them
    --scene NAME ...   only these;  --minutes N   no new cell after so many minutes (said in the summary)
    --out FILE         a JSON line for each cell;  --summary FILE   a table for people
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from sandbox.control import start_sandbox

from .cells import FAULTS, Cell, cells, sample
from .judge import Verdict, clean_state, judge
from .scenes import SCENES, Place, State


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fault_table", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--sample", type=int, default=150)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--scene", nargs="*", default=list(SCENES), choices=list(SCENES))
    parser.add_argument("--minutes", type=float, default=1e9)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--summary", type=Path)
    return parser.parse_args()


def summary(total: int, found: list[Verdict], seconds: float) -> str:
    """Rows: faults; columns: scenes; in each: cells tried, and those that nobody can explain."""
    names = list(SCENES)
    tried: Counter[tuple[str, str]] = Counter()
    bad: Counter[tuple[str, str]] = Counter()
    for one in found:
        row = f"SIG{one.cell.signal}" + (f" + {one.cell.fault}" if one.cell.fault else "") if one.cell.signal else one.cell.fault
        tried[row, one.cell.scene] += one.hit
        bad[row, one.cell.scene] += bool(one.complaints)
    rows = [f for f in FAULTS if any((f, n) in tried for n in names)]
    rows += sorted({row for row, _ in tried} - set(FAULTS))
    lines = [f"{len(found)} of {total} cells in {seconds / 60:.0f} min; {sum(one.hit for one in found)} calls were hit; "
             f"{sum(bad.values())} unexplained.", "",
             "| at the call | " + " | ".join(names) + " |", "|---|" + "---:|" * len(names)]
    for row in rows:
        shown = [f"{tried[row, n]}" + (f" (**{bad[row, n]}**)" if bad[row, n] else "") for n in names]
        lines.append(f"| {row} | " + " | ".join(shown) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    options = arguments()
    mode = "full" if options.full else "sample"
    started = time.monotonic()
    with ExitStack() as stack:
        places: dict[str, Place] = {}
        wanted: dict[str, State] = {}
        everything: list[Cell] = []
        for name in options.scene:
            sandbox = stack.enter_context(start_sandbox())
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix=f"fault-table-{name}-")))
            places[name] = Place(sandbox, folder)
            SCENES[name].make(places[name])
            wanted[name], calls = clean_state(places[name], SCENES[name])
            everything += cells(name, calls)
            print(f"{name}: {len(calls)} calls", file=sys.stderr)
        chosen = sample(everything, len(everything) if options.full else options.sample, options.seed)
        found = run_all(options, chosen, places, wanted, mode)
    text = summary(len(everything), found, time.monotonic() - started)
    print(text)
    if options.summary:
        options.summary.write_text(text)
    return 1 if any(one.complaints for one in found) else 0


def run_all(options: argparse.Namespace, chosen: list[Cell], places: dict[str, Place], wanted: dict[str, State],
            mode: str) -> list[Verdict]:
    found: list[Verdict] = []
    end = time.monotonic() + options.minutes * 60
    out = options.out.open("w") if options.out else None

    def one(cell: Cell) -> Verdict | None:
        if time.monotonic() > end:
            return None
        return judge(cell, places[cell.scene], SCENES[cell.scene], wanted[cell.scene], mode)

    with ThreadPoolExecutor(options.workers) as pool:
        for done in as_completed([pool.submit(one, cell) for cell in chosen]):
            verdict = done.result()
            if verdict is None:
                continue
            found.append(verdict)
            if out:
                out.write(json.dumps(asdict(verdict)) + "\n")
                out.flush()
            if verdict.complaints:
                print(f"{verdict.cell}: exit {verdict.code}: {'; '.join(verdict.complaints)}\n{verdict.said}\n",
                      file=sys.stderr)
            if len(found) % 50 == 0:
                print(f"{len(found)} of {len(chosen)}", file=sys.stderr)
    if out:
        out.close()
    return found


if __name__ == "__main__":
    sys.exit(main())
