"""billingd's own work stays within its budgets of instructions (tests/bench/instructions.c), whatever else the machine does.

A part that grows by more than the tolerance fails; so does one that shrinks by more, until its budget is lowered: budgets that
nothing comes near would say nothing.  UPDATE_INSTRUCTIONS=1 writes the counts of now."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUDGETS = ROOT / "tests/bench/instructions.json"
PROGRAM = Path(os.environ.get("OBJECTS", ROOT / "build/release")) / "tests/instructions"
# As on the plainest of processors, whatever this one can: glibc and OpenSSL have code of their own for each kind.
PLAIN = {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-AVX512VL,-ERMS,-AVX2_Usable,-AVX_Fast_Unaligned_Load,-BMI2", "OPENSSL_ia32cap": ":0"}
PARTS = ("sign", "parse", "diff", "plan", "tell", "rate", "audit")


def inclusive(text: str) -> dict[str, int]:
    """Of callgrind's file: what each part took, with all it called.  Names come once, then by number; the line behind `calls=`
    has the cost of the calls."""
    names, called, counts = dict[str, str](), "", dict[str, int]()
    lines = iter(text.splitlines())
    for line in lines:
        if found := re.match(r"c?fn=\((\d+)\)(?: (.*))?$", line):
            if found[2]:
                names[found[1]] = found[2]
            if line.startswith("cfn"):
                called = names[found[1]]
        elif line.startswith("calls=") and called.startswith("instructions_"):
            part = called.removeprefix("instructions_")
            counts[part] = counts.get(part, 0) + int(next(lines).split()[1])
    return counts


def test_budgets(tmp_path: Path) -> None:
    assert shutil.which("valgrind"), "valgrind is missing: scripts/install tests"
    out = tmp_path / "callgrind"
    done = subprocess.run(["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", PROGRAM], cwd=ROOT, text=True,
                          capture_output=True, env={"PATH": os.environ["PATH"], **PLAIN})
    assert not done.returncode, done.stderr
    counts = inclusive(out.read_text())
    if os.environ.get("UPDATE_INSTRUCTIONS"):
        kept = json.loads(BUDGETS.read_text())
        BUDGETS.write_text(json.dumps(kept | {"budgets": {part: counts[part] for part in PARTS}}, indent=2) + "\n")
    said = json.loads(BUDGETS.read_text())
    wrong = {part: f"{counts[part]:,} instructions, budget {budget:,}" for part, budget in said["budgets"].items()
             if abs(counts[part] - budget) > said["tolerance"] * budget}
    assert set(said["budgets"]) == set(PARTS) and not wrong, wrong


@pytest.mark.parametrize("call, part", [("fn=(7) main\n16 3\ncfn=(9) instructions_rate\ncalls=1 0\n16 250\ncfn=(9)\ncalls=1 0\n17 50\n",
                                        {"rate": 300}),
                                       ("cfn=(9) other\ncalls=1 0\n16 250\n", {})])
def test_what_is_read(call: str, part: dict[str, int]) -> None:
    assert inclusive(call) == part
