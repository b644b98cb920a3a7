#!/usr/bin/env python3
"""What a dispute costs billingd's own process, by calls: CPU, memory, time, and room for the temporary files.

    build/venv/bin/python tests/bench/dispute_curve.py [CALLS[,VERB] ...]      the usual: 100,000, 1,000,000 and 10,000,000

One customer has all calls of a month (month_stand_in.py), and a list of their own: all ids but each thousandth, and a thousand that
nobody knows.  `requests` lists the calls, `reconcile` holds the two against each other.  Another result than that ends it; nothing
fails for being slow.  TMPDIR says where the files lie.
"""
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, __file__.rpartition("/")[0])
from month_curve import MONTH, SPEC, StandIn, run  # noqa: E402
from month_stand_in import request_id  # noqa: E402

EXTRA, EACH = 1000, 1000
WORDS = ("--customer", "customer-00000000", "--month", MONTH)


def measure(calls: int, only: str) -> None:
    with StandIn(calls, 1500, 1, 4) as stand_in, tempfile.TemporaryDirectory() as folder:
        spec, theirs = Path(folder) / "billing.yaml", Path(folder) / "ids.csv"
        spec.write_text(SPEC)
        with theirs.open("w") as out:
            out.writelines(request_id(n) + "\n" for n in range(calls) if n % EACH)
            out.writelines(f"theirs-{n}\n" for n in range(EXTRA))
        run(stand_in, spec, "rollup", "--month", MONTH)
        for verb, more, code in (("requests", (), 0), ("reconcile", ("--their", str(theirs)), 5)):
            if only not in ("", verb):
                continue
            one = run(stand_in, spec, verb, *WORDS, *more, "-o", "jsonl", code=code)
            with spec.with_suffix(".out").open("rb") as out:
                out.seek(-2000, 2)
                last = json.loads(out.read().splitlines()[-1])
            if verb == "reconcile" and (last["counts"]["billed_unknown"], last["counts"]["not_billed"]) != (calls // EACH, EXTRA):
                sys.exit(f"a wrong result: {last}")
            print(f"| {calls:,} | `{verb}` | {one['cpu_s']:.1f} s | {one['memory_kib'] >> 10} MiB | {one['wall_s']:.1f} s | "
                  f"{one['longest_round_ms']} ms |", flush=True)


def main() -> None:
    print("| calls | verb | CPU | memory | time | longest round, CPU |\n|---|---|---|---|---|---|")
    for word in sys.argv[1:] or ("100000", "1000000", "10000000"):
        calls, _, only = word.partition(",")
        measure(int(calls), only)


if __name__ == "__main__":
    main()
