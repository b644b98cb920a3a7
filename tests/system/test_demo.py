"""README's first command: the demo runs to its end, and what it says of itself holds."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()


@pytest.mark.skipif(BINARY != ROOT / "build/release/billingd", reason="the demo shows the optimized build")
def test_the_demo_runs_to_its_end() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/demo.py"], capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    for words in ("24 in sync; ", "all four whole again", "The page: http://127.0.0.1:", "→ ", " UTC  ", "the generator kept its own count", "complete: every event"):
        assert words in done.stdout, words
