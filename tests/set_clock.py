"""A clock of one's own for a test and all it starts: libfaketime, by an offset that is the same for all of them.

In a file, the offset can be moved while they run, and they follow within a second; what measures durations does not move."""

import calendar
import glob
import os
import sys
import time
from pathlib import Path

LIBRARY = "/usr/lib/*/faketime/libfaketime.so.1"


def own() -> int:
    """How far ahead of the real clock is ours."""
    return int(os.environ.get("SET_CLOCK_OFFSET", 0))


def offset_to(moment: str) -> int:
    """Seconds from the real clock to "2025-11-03T10:00" (UTC)."""
    real = time.time() - own()
    return int(calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M")) - real)


def library() -> str:
    found = glob.glob(LIBRARY)
    if not found:
        raise SystemExit("libfaketime is missing: run scripts/install tests")
    return found[0]


def asan_options() -> str:
    """What a sanitized program needs when another library comes first."""
    return ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))


def environment(offset: int) -> dict[str, str]:
    """For a process by a clock that is so much ahead and stays so."""
    return {"LD_PRELOAD": library(), "FAKETIME": f"{offset:+d}", "NO_FAKE_STAT": "1", "SANDBOX_ORIGINALS": "",
            "SET_CLOCK_OFFSET": str(offset), "ASAN_OPTIONS": asan_options()}


def movable(file: Path, offset: int) -> dict[str, str]:
    """The same, by what stands in the file."""
    move(file, offset)
    values = environment(offset)
    del values["FAKETIME"]
    return {**values, "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_CACHE_DURATION": "1"}


def move(file: Path, offset: int) -> None:
    waiting = file.with_suffix(".new")
    waiting.write_text(f"{offset:+d}\n")
    waiting.rename(file)


def begin_again(module: str, moment: str) -> None:
    """Runs `python -m module` with the same words by that clock, in place of this process; returns in what is run."""
    if "SET_CLOCK_OFFSET" not in os.environ:
        os.environ.update(environment(offset_to(moment)))
        os.execv(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]])
