"""Python by a clock set back (tests/python_suite): what is measured in seconds is measured by the machine's own clock.

libfaketime knows nothing of sem_clockwait, by which Python waits for a lock no longer than so many seconds: with a faked monotonic
clock such a wait lasts for decades.  With a true one libfaketime refuses time.sleep, which therefore sleeps another way."""

import select
import time


def sleep(seconds: float) -> None:
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        select.select([], [], [], left)
    if not seconds:
        select.select([], [], [], 0)


time.sleep = sleep
