"""Many pipelines, against a stand-in that repeats what the sandbox said of two (tests/bench/fleet_curve.py).

What a look costs grows with the pipelines, and not faster; they are read in waves, and only of those in which something differs
is kept what was read.  Nothing here goes by a clock."""

import json
import re
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).resolve().parents[1] / "bench"))
import fleet_curve  # noqa: E402
import fleet_daemon  # noqa: E402
import stand_in  # noqa: E402

WAVES = 3
MANY = 120  # pass_wave.c reads 50 at once, or fewer, so that all waves are of one size
MOST_CALLS, MOST_KIB = 13.5, 74 << 10  # measured: 13.3, 61 MiB; 84 MiB in waves of 60, 116 when all was kept


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    yield fleet_curve.recorded(tmp_path_factory.mktemp("fleet"))


def test_instructions_grow_with_the_pipelines(recording: Path) -> None:
    assert shutil.which("valgrind"), "valgrind is missing: scripts/install tests"
    few, many = (fleet_curve.instructions(recording, count) for count in (10, 40))
    assert many < 4.4 * few, f"{few:,} instructions for 10 pipelines, {many:,} for 40"


def test_waves_cost_neither_calls_nor_memory(recording: Path) -> None:
    look = fleet_curve.Look(recording, MANY, [])
    assert look.calls <= MOST_CALLS * MANY
    assert look.memory_kib <= MOST_KIB


def test_what_differs_is_told_in_each_wave(recording: Path) -> None:
    drifted = (0, MANY // WAVES - 1, MANY // WAVES, MANY // WAVES * 2, MANY - 1)
    look = fleet_curve.Look(recording, MANY, [], ["--output", "json"], drifted)
    plan = json.loads(look.told)
    told = [one["resource"] for one in plan["resources"] if one["action"] != "none"]
    assert sorted(told) == [f"{stand_in.name(number)}/access_logs" for number in drifted]
    assert len(plan["resources"]) == MANY * 23


def test_check_says_what_memory_many_take(tmp_path: Path) -> None:
    """As measured (docs/performance.md); the unit's own limit is enough for all that it says nothing of."""
    told = [subprocess.run([fleet_curve.BINARY, "-f", fleet_curve.spec(tmp_path / "billing.yaml", count), "check"], check=True,
                           capture_output=True, text=True).stderr for count in (600, 601)]
    assert "MemoryMax" not in told[0] and "MemoryMax=320M" in told[1]


def get(url: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(url, timeout=120) as reply:
            return reply.status, reply.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def test_the_page_lists_many(recording: Path) -> None:
    """All who ask get it; the worst is first, each pipeline has a page and documents of its own, and no metric ends at a limit."""
    file = fleet_curve.spec(recording.parent / "daemon.yaml", MANY, (77,))
    file.write_text("mode: observe\nlisten: 127.0.0.1:0\n" + file.read_text())
    with fleet_curve.standing_in(recording, MANY) as (environment, _):
        process = subprocess.Popen([fleet_curve.BINARY, "-f", file, "run"], env=environment, text=True, stderr=subprocess.PIPE,
                                   stdout=subprocess.DEVNULL)
        log = fleet_daemon.Log(process)
        base = "http://" + log.wait("started")["listen"]
        fleet_daemon.looked(base)
        with ThreadPoolExecutor(20) as pool:
            pages = list(pool.map(lambda _: get(base + "/"), range(20)))
            metrics = list(pool.map(lambda _: get(base + "/metrics"), range(20)))
        after, one = get(base + "/?from=101")[1], get(base + f"/?pipeline={stand_in.name(77)}")[1]
        rows = json.loads(get(base + f"/api/v1/resources?pipeline={stand_in.name(77)}")[1])["resources"]
        status = json.loads(get(base + "/api/v1/status")[1])["pipelines"]
        unknown = [get(base + path)[0] for path in ("/?pipeline=nobody", "/api/v1/plan?pipeline=")]
        process.terminate()
        log.reader.join()
    assert {code for code, _ in [*pages, *metrics]} == {200}
    listed = re.findall(r'href="/\?pipeline=(\w+)"', pages[0][1])
    assert listed[0] == stand_in.name(77) and len(listed) == 100
    assert sorted(listed + re.findall(r'href="/\?pipeline=(\w+)"', after)) == [stand_in.name(n) for n in range(MANY)]
    assert len(pages[0][1]) < 120_000 and "One resource differs" in one and f'id="p-{stand_in.name(77)}"' in one
    assert {row["pipeline"] for row in rows} == {stand_in.name(77)} and len(rows) == 23
    assert [row["pipeline"] for row in status] == [stand_in.name(n) for n in range(MANY)] and unknown == [404, 404]
    series = [line.rpartition(" ")[0] for line in metrics[0][1].splitlines() if line[0] != "#"]
    assert len(series) == len(set(series)) and not [one for one in series if re.search('(resource|pipeline)="other"', one)]
    assert sum("billingd_resource_condition{" in one and '"Synced"' in one for one in series) == MANY * 23


def test_a_look_is_given_up_in_the_middle(recording: Path) -> None:
    """What it holds is freed in pieces: no reply comes to what is not there any more."""
    file = fleet_curve.spec(recording.parent / "daemon.yaml", MANY)
    file.write_text("mode: observe\nlisten: off\n" + file.read_text())
    with fleet_curve.standing_in(recording, MANY) as (environment, _):
        process = subprocess.Popen([fleet_curve.BINARY, "-f", file, "--log-level", "debug", "run"], env=environment, text=True,
                                   stderr=subprocess.PIPE, stdout=subprocess.DEVNULL)
        answered, told = 0, False
        for line in process.stderr:  # type: ignore[union-attr]
            answered += '"attempt"' in line
            if answered == 4 * MANY and not told:
                process.terminate()  # once: a second SIGTERM ends it at once
                told = True
        assert answered < 13 * MANY, "it was over before"
        assert not process.wait()
