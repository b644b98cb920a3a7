"""A set clock: the time of day is another one at once, and what waits for so many seconds waits for so many."""

import os
import subprocess
import sys
from pathlib import Path

import set_clock

TESTS = Path(__file__).resolve().parent.parent
CODE = """
import ctypes, datetime, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
off = int(sys.argv[1])
real = time.clock_gettime(time.CLOCK_TAI) - 37  # not touched; the machine may count no leap seconds
for now in (time.time(), datetime.datetime.now().timestamp(), float(libc.time(None)), time.clock_gettime(time.CLOCK_REALTIME)):
    assert abs(now - real - off) < 60, (now, real)
assert not threading.Event().wait(0.05)
event = threading.Event()
threading.Thread(target=event.set).start()
assert event.wait(600)
class Moment(ctypes.Structure):
    _fields_ = [("s", ctypes.c_long), ("ns", ctypes.c_long)]
begun = time.monotonic()
libc.sem_timedwait(ctypes.create_string_buffer(64), ctypes.byref(Moment(int(time.time()) + 2, 0)))
assert 0.5 < time.monotonic() - begun < 300 and ctypes.get_errno() == 110
print("well")
"""


def run(offset: int, environment: dict[str, str]) -> None:
    done = subprocess.run([sys.executable, "-c", CODE, str(offset)], cwd=TESTS, env={**os.environ, **environment},
                          capture_output=True, text=True, timeout=600, check=False)
    assert done.stdout == "well\n", done.stderr


def test_ahead_and_behind() -> None:
    for offset in (-33894006, 0, 864000):
        run(offset, set_clock.environment(offset))


def test_it_moves_under_those_who_run(tmp_path: Path) -> None:
    run(-7776000, set_clock.movable(tmp_path / "clock", -7776000))
    code = "import sys, time\nfor line in sys.stdin: print(time.time(), time.monotonic(), flush=True)"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                          env={**os.environ, **set_clock.movable(tmp_path / "clock", 0)}) as process:
        assert process.stdin and process.stdout

        def ask() -> tuple[float, float]:
            assert process.stdin and process.stdout
            process.stdin.write("\n")
            process.stdin.flush()
            day, since = process.stdout.readline().split()
            return float(day), float(since)

        day, since = ask()
        set_clock.move(tmp_path / "clock", -1728000)
        back, later = ask()
        assert abs(back - day + 1728000) < 600 and 0 <= later - since < 600
        process.stdin.close()


def test_a_clock_that_cannot_be_had_is_no_clock(tmp_path: Path) -> None:
    variables = {**set_clock.environment(0), "SET_CLOCK_FILE": str(tmp_path / "nothing")}
    assert subprocess.run([sys.executable, "-c", ""], env={**os.environ, **variables}, check=False).returncode == 125
