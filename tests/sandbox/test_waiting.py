"""What the sandbox waits for ends by a set clock as well."""

import os
import subprocess
import sys
from pathlib import Path

from set_clock import environment

TESTS = Path(__file__).resolve().parent.parent
CODE = """
import threading
from sandbox.waiting import wait_until
event = threading.Event()
print(wait_until(event.is_set, 0.05))
threading.Thread(target=event.set).start()
print(wait_until(event.is_set, 600))
"""


def test_a_wait_ends_by_a_set_clock() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], cwd=TESTS, env={**os.environ, **environment(-33894006)},
                          capture_output=True, text=True, timeout=180, check=True)
    assert done.stdout.split() == ["False", "True"]
