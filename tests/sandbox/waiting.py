"""To wait for something at most so long, also by a set clock: libfaketime turns a lock's own timeout into a moment of the
other clock, fifty years ahead, and who waits never goes on."""

import time
from collections.abc import Callable

STEP_S = 0.005


def wait_until(is_so: Callable[[], bool], seconds: float) -> bool:
    """Whether it is so."""
    end = time.monotonic() + seconds
    while not (found := is_so()) and (left := end - time.monotonic()) > 0:
        time.sleep(min(left, STEP_S))
    return found
