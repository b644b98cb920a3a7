"""Which tests of the sanitized half run no code that the others of it do not, and what they cost: writes tests/not_sanitized.txt.

  build/venv/bin/python tests/bench/sanitizer_gain.py [SUITE...]     paths below tests/, as system/billing/test_audit.py

Builds build/cover with clang's counters of regions, runs the suites as the sanitized half does, and takes tests out, the dearest
for what it alone runs first, until KEPT of the regions that all run together would be left. Without words: all suites that
ctest knows of the sanitized half (`scripts/build asan` first). A test that takes less than WORTH_S stays, and one of which
nothing was counted: a program that is killed counts nothing."""

import json
import os
import re
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from sample import file_of  # noqa: E402

BUILD, FOUND = ROOT / "build/cover", ROOT / "build/cover/found"
LIST = ROOT / "tests/not_sanitized.txt"
KEPT, WORTH_S = 0.999, 1.5
HEADER = 11  # words of clang 14's raw profile: magic, version, binary ids, data, padding, counters, ...
Test = tuple[str, str]  # suite, name


def build() -> None:
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_C_COMPILER=clang-14",
                    "-DCMAKE_C_FLAGS=-O1 -w -fprofile-instr-generate -fcoverage-mapping"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", BUILD, "--target", "billingd", "kind_tables"], check=True, stdout=subprocess.DEVNULL)


def suites(words: list[str]) -> list[tuple[list[str], dict[str, str]]]:
    """What ctest would run, and in which environment."""
    shown = subprocess.run(["ctest", "--preset", "asan", "-N", "--show-only=json-v1"], cwd=ROOT, check=True, capture_output=True)
    found = []
    for test in json.loads(shown.stdout)["tests"]:
        command = test.get("command", [""])  # none: not built yet
        if command[0].endswith("python_suite") and command[1].startswith("system/") and (not words or command[1] in words):
            given = next((p["value"] for p in test["properties"] if p["name"] == "ENVIRONMENT"), [])
            found.append((command, dict(line.split("=", 1) for line in given)))
    return found


def run(command: list[str], given: dict[str, str]) -> dict[str, float]:
    """Seconds of each test by its id; its counters lie in FOUND/SUITE/TEST.*.profraw."""
    folder = FOUND / file_of(command[1])
    folder.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, **given, "BILLINGD": str(BUILD / "billingd"), "COVERED": str(folder), "NOT_SANITIZED": "",
                   "LLVM_PROFILE_FILE": str(folder / "none.%m.profraw")}
    done = subprocess.run([*command, "--durations=0", "-vv"], env=environment, capture_output=True, text=True)
    took: Counter[str] = Counter()
    for seconds, nodeid in re.findall(r"^([\d.]+)s \w+ +(\S.*)$", done.stdout, re.MULTILINE):
        took[nodeid.strip()] += float(seconds)
    print(f"{command[1]}: exit {done.returncode}, {len(took)} tests, {sum(took.values()):.0f} s", file=sys.stderr, flush=True)
    return took


def regions(path: Path) -> set[int]:
    """Which counters of a raw profile are not zero."""
    data = path.read_bytes()
    words = struct.unpack_from(f"<{HEADER}Q", data)
    start = HEADER * 8 + words[2] + words[3] * 48 + words[4]
    return {n for n, count in enumerate(struct.unpack_from(f"<{words[5]}Q", data, start)) if count}


def left_out(runs: dict[Test, set[int]], took: dict[Test, float]) -> list[Test]:
    seen = Counter(region for found in runs.values() for region in found)
    everything, lost, out = len(seen), 0, []
    while dear := [test for test in runs if runs[test] and took[test] >= WORTH_S]:
        alone = {test: sum(seen[region] == 1 for region in runs[test]) for test in dear}
        worst = max(dear, key=lambda test: took[test] / (1 + alone[test]))
        lost += alone[worst]
        if lost > (1 - KEPT) * everything:
            break
        seen.subtract(runs.pop(worst))
        out.append(worst)
    return out


def main(words: list[str]) -> None:
    build()
    took: dict[Test, float] = {}
    for command, given in suites(words):
        took |= {(command[1], nodeid): seconds for nodeid, seconds in run(command, given).items()}
    runs = {test: set[int]().union(*map(regions, (FOUND / file_of(test[0])).glob(f"{file_of(test[1])}.*.profraw"))) for test in took}
    out = left_out(runs, took)
    head = "".join(line for line in LIST.read_text().splitlines(True) if line.startswith("#"))
    LIST.write_text(head + "".join(f"{nodeid}\n" for _, nodeid in sorted(out)))
    print(f"{len(out)} of {len(took)} tests left out: {sum(took[test] for test in out):.0f} of {sum(took.values()):.0f} s", file=sys.stderr)


if __name__ == "__main__":
    main(sys.argv[1:])
