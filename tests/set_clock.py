"""A clock of one's own for a test and all it starts: set_clock.c, by an offset that is the same for all of them.

In a file, the offset can be moved while they run, and they see it at once; what measures durations does not move."""

import calendar
import os
import struct
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def own() -> int:
    """How far ahead of the real clock is ours."""
    return int(os.environ.get("SET_CLOCK_OFFSET", 0))


def offset_to(moment: str) -> int:
    """Seconds from the real clock to "2025-11-03T10:00" (UTC)."""
    real = time.time() - own()
    return int(calendar.timegm(time.strptime(moment, "%Y-%m-%dT%H:%M")) - real)


def library() -> str:
    found = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve().parent / "tests/set_clock.so"
    if not found.exists():
        raise SystemExit(f"{found} is missing: run scripts/build release")
    return str(found)


def preloaded(first: Path | str) -> str:
    """LD_PRELOAD for a program by our clock, with a library of a test's own as well."""
    return ":".join(filter(None, [str(first), os.environ.get("LD_PRELOAD")]))


def asan_options() -> str:
    """What a sanitized program needs when another library comes first."""
    return ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "verify_asan_link_order=0"]))


def environment(offset: int) -> dict[str, str]:
    """For a process by a clock that is so much ahead and stays so."""
    return {"LD_PRELOAD": library(), "SANDBOX_ORIGINALS": "", "SET_CLOCK_OFFSET": str(offset), "ASAN_OPTIONS": asan_options()}


def movable(file: Path, offset: int) -> dict[str, str]:
    """The same, by what stands in the file."""
    move(file, offset)
    return {**environment(offset), "SET_CLOCK_FILE": str(file)}


def move(file: Path, offset: int) -> None:
    """In place: it is mapped."""
    with file.open("r+b" if file.exists() else "xb") as to:
        to.write(struct.pack("=q", offset))


def begin_again(module: str, moment: str) -> None:
    """Runs `python -m module` with the same words by that clock, in place of this process; returns in what is run."""
    if "SET_CLOCK_OFFSET" not in os.environ:
        os.environ.update(environment(offset_to(moment)))
        os.execv(sys.executable, [sys.executable, "-m", module, *sys.argv[1:]])
