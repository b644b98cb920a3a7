"""A short run of `python -m soak`, and that its judge sees what it is there for."""

import subprocess
import sys

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from soak.flat import trend  # noqa: E402


def test_some_passes() -> None:
    done = subprocess.run([sys.executable, "-m", "soak", "--passes", "60", "--pipelines", "2", "--every", "2", "--seed", "3"],
                          cwd=ROOT / "tests", text=True, capture_output=True, timeout=900)
    assert done.returncode == 0 and "0 complaints" in done.stdout, done.stdout + done.stderr[-3000:]


def test_what_grows_is_told() -> None:
    def steady(at: int) -> float:
        return 8e6 + (at * 7919 % 13) * 9e4  # up and down by a megabyte

    assert trend("heap", [(at, steady(at)) for at in range(0, 3000, 10)]).is_flat
    assert not trend("heap", [(at, steady(at) + 300 * at) for at in range(0, 3000, 10)]).is_flat
    assert trend("fds", [(at, 30.0 + at % 20 // 10) for at in range(0, 3000, 10)]).is_flat
    assert not trend("handles timer", [(at, 19.0 + at // 1000) for at in range(0, 3000, 10)]).is_flat
    # A cache that fills in the warm-up is no growth.
    assert trend("heap", [(at, min(at, 500) * 1e4) for at in range(0, 3000, 10)]).is_flat
