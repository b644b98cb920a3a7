"""Many pipelines, against a stand-in that repeats what the sandbox said of two (tests/bench/fleet_curve.py).

What a look costs grows with the pipelines, and not faster; they are read in waves, and only of those in which something differs
is kept what was read.  Nothing here goes by a clock."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "bench"))
import fleet_curve  # noqa: E402
import stand_in  # noqa: E402

WAVES = 2
MANY = 120  # pass_wave.c reads 100 at once, or fewer, so that all waves are of one size
MOST_CALLS, MOST_KIB = 13.5, 96 << 10  # measured: 13.3, 84 MiB; 116 MiB when all was kept


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield fleet_curve.recorded(tmp_path_factory.mktemp("fleet"))


def test_instructions_grow_with_the_pipelines(recording: Path) -> None:
    assert shutil.which("valgrind"), "valgrind is missing: scripts/install tests"
    few, many = (fleet_curve.instructions(recording, count) for count in (5, 20))
    assert many < 4.4 * few, f"{few:,} instructions for 5 pipelines, {many:,} for 20"


def test_waves_cost_neither_calls_nor_memory(recording: Path) -> None:
    look = fleet_curve.Look(recording, MANY, [])
    assert look.calls <= MOST_CALLS * MANY
    assert look.memory_kib <= MOST_KIB


def test_what_differs_is_told_in_each_wave(recording: Path) -> None:
    drifted = (0, MANY // WAVES - 1, MANY // WAVES, MANY - 1)
    look = fleet_curve.Look(recording, MANY, [], ["--output", "json"], drifted)
    plan = json.loads(look.told)
    told = [one["resource"] for one in plan["resources"] if one["action"] != "none"]
    assert sorted(told) == [f"{stand_in.name(number)}/access_logs" for number in drifted]
    assert len(plan["resources"]) == MANY * 23


def test_a_look_is_given_up_in_the_middle(recording: Path) -> None:
    """What it holds is freed in pieces: no reply comes to what is not there any more."""
    file = fleet_curve.spec(recording.parent / "daemon.yaml", MANY)
    file.write_text("mode: observe\nlisten: off\n" + file.read_text())
    with fleet_curve.standing_in(recording, MANY) as (environment, _):
        process = subprocess.Popen([fleet_curve.BINARY, "-f", file, "--log-level", "debug", "run"], env=environment, text=True,
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        answered = 0
        for line in process.stderr:  # type: ignore[union-attr]
            answered += '"attempt"' in line
            if answered == 4 * MANY:
                process.terminate()
        assert answered < 13 * MANY, "it was over before"
        assert not process.wait()
