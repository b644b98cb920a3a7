"""No round of the loop works the longer the more customers a spec has, or days lie behind: not by the clock, but by what the loop's thread allocates and
frees between two waits, which a library counts that is loaded before all others.  Not under the sanitizers, whose allocator is their own."""

import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import round_count
import set_clock
from close_world import MORE, Books
from rollup_world import BINARY, World
from sandbox.control import Sandbox

pytestmark = pytest.mark.skipif(b"__asan_init" in BINARY.read_bytes(), reason="counts what the C library allocates")
FEW, MANY = 50, 10000
STOP = 15000  # a part of a look at rollups has more (32 days), a round of what comes before it less
EACH = 6  # to give up a price book alone takes 13 for each customer, to make it 45; what a round has of calls varies by some thousands
RECEIPTS = """      seller: {{name: API, address: [1 Street], country: KR, tax_id: "1", series: INV-}}
      customers:
"""


class Counted:
    """A closed month, and a spec with some customers in its map, who call nobody."""

    def __init__(self, world: World, folder: Path):
        self.folder, self.books = folder, Books(world)
        self.library = round_count.library(folder)

    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": set_clock.preloaded(self.library), "ROUND_COUNT": str(self.folder / "most")}

    def write(self, customers: int) -> None:
        buyers = "".join(f"        - {{{{sub: s{number:05}, customer: c{number:05}, name: Buyer, address: Way {number}, country: DE}}}}\n"
                         for number in range(customers))
        self.books.world.write(more=(MORE + RECEIPTS + buyers).format(key=self.books.key))

    def most(self, *words: str, code: int = 0) -> int:
        """Allocations of the round that has most of them."""
        world = self.books.world
        done = subprocess.run([BINARY, "-f", world.spec.path, *words], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                              timeout=180, env={**world.environment(), **self.environment()})
        assert done.returncode == code, done
        return int((self.folder / "most").read_text())


@pytest.fixture
def counted(sandbox: Sandbox, spec: Any, api: str, tmp_path: Path) -> Counted:
    return Counted(World(sandbox, spec), tmp_path)


def late(counted: Counted, month: str) -> None:
    counted.books.world.request(f"{month}-02", f"{month}-02T20:00", "a-late-one")


def close_all(counted: Counted, customers: int, month: str) -> dict[str, int]:
    """What each verb took, of a month of its own."""
    counted.write(customers)
    other = counted.folder / "prices.yaml"
    other.write_text("billing:" + counted.books.world.spec.path.read_text().partition("    billing:")[2].replace("\n    ", "\n"))
    late(counted, month)
    found = {"rollup": counted.most("rollup", "--month", month)}
    found["close"] = counted.most("close", month, "--yes")
    late(counted, month)
    counted.most("rollup", "--month", month)
    found["close --correct"] = counted.most("close", month, "--correct", "--yes")
    about = ("--month", month, "--customer", "a-late-one")
    for verb in (("verify", month), ("bill", "--month", month, "--prices", str(other)), ("whatif", "--month", month, "--prices", str(other)),
                 ("requests", *about), ("receipt", *about, "--out", str(counted.folder / f"{month}.receipt")), ("cost",), ("status",)):
        found[" ".join(verb[:1])] = counted.most(*verb)
    return found


def run_daemon(counted: Counted, customers: int, start: Callable[..., Any]) -> int:
    """A look, upkeep to its end (its audit of many days is the same for all, and has the most), another spec, the same, and the end."""
    def rests() -> bool:
        return bool(daemon.metric("billingd_audit_last_success_timestamp_seconds")) and not daemon.look()["working"]

    counted.write(customers)
    daemon = start(**counted.environment()).ready()
    daemon.wait(rests)
    counted.write(customers + 1)
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reloaded"))
    daemon.kick()
    daemon.wait(rests)
    assert daemon.end() == 0
    return int((counted.folder / "most").read_text())


def test_no_round_grows_with_customers(counted: Counted, start: Callable[..., Any]) -> None:
    few, many = close_all(counted, FEW, "2025-10"), close_all(counted, MANY, "2025-11")
    few["run"], many["run"] = run_daemon(counted, FEW, start), run_daemon(counted, MANY, start)
    assert all(few.values())
    assert {verb: count for verb, count in many.items() if count - few[verb] > EACH * MANY} == {}


def test_told_to_stop_in_the_midst_of_many_days(counted: Counted, start: Callable[..., Any]) -> None:
    """A look at the rollups of a year is told to stop between two of its parts: the rest is left, and is not done at once."""
    counted.write(FEW)
    daemon = start(**counted.environment(), ROUND_COUNT_STOP=str(STOP))
    daemon.process.wait(180)
    assert daemon.end() == 0
    first, most = (int(line) for line in (counted.folder / "most").read_text().split())
    assert STOP < first
    assert most < 3 * first, (first, most)


def test_an_audit_of_a_year(counted: Counted) -> None:
    """Its document has a row of some thirty values for each hour: made and given up off the loop."""
    counted.write(FEW)
    hours = 14 * 30 * 24
    assert counted.most("audit", "--from", "2025-10-01", "--to", "2026-11-25", "-o", "csv", code=1) < 2 * hours
