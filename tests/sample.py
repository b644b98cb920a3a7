"""A pytest plugin for the slow, sanitized runs: of a test with many cases, every n-th is enough, and of a suite's tests
every m-th.

$BILLINGD_SAMPLE is n, $BILLINGD_THIN is m; without them, or with 1, everything runs.  Tests without cases, and those
with fewer than n, are not sampled.  Where tests are thinned, those of not_sanitized.txt are left out as well.  Sanitizers judge memory, which many tests use in the same way; what the tests
themselves ask is asked of the optimized build, by all of them."""

import gc
import os
import re
from collections import defaultdict
from pathlib import Path

import pytest

# AWS's models are many objects, and none of them garbage: looking for some among them takes its time.
gc.set_threshold(100_000, 50, 100)


NONE_LEFT = pytest.StashKey[bool]()


def number(name: str) -> int:
    return int(os.environ.get(name) or 1)


def not_sanitized() -> set[str]:
    name = os.environ.get("NOT_SANITIZED", str(Path(__file__).with_name("not_sanitized.txt")))
    lines = Path(name).read_text().splitlines() if name else []
    return {line for line in lines if not line.startswith("#")}


def file_of(nodeid: str) -> str:
    """What a test of this id is called in a folder of files."""
    return re.sub(r"[^\w.=-]+", "_", nodeid)[-150:]


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """$COVERED is a folder: what a test runs of a program with clang's counters is counted there (bench/sanitizer_gain.py)."""
    if folder := os.environ.get("COVERED"):
        os.environ["LLVM_PROFILE_FILE"] = f"{folder}/{file_of(item.nodeid)}.%m.profraw"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    every, thin = number("BILLINGD_SAMPLE"), number("BILLINGD_THIN")
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        cases[item.nodeid.partition("[")[0]].append(item)
    left_out = {id(item) for same in cases.values() if len(same) >= every
                for place, item in enumerate(same) if place % every}
    left_out |= {id(item) for place, same in enumerate(cases.values()) if place % thin for item in same}
    if thin > 1:
        known = not_sanitized()
        left_out |= {id(item) for item in items if item.nodeid in known}
        files = {item.nodeid.partition("::")[0] for item in items}
        gone = {line for line in known if line.partition("::")[0] in files and line.partition("[")[0] not in cases}
        if gone and not config.option.keyword:
            raise pytest.UsageError(f"not_sanitized.txt names tests that are not there: {sorted(gone)}")
    if len(left_out) == len(items):
        config.stash[NONE_LEFT] = True
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
        items[:] = [item for item in items if id(item) not in left_out]


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A suite of which nothing is left here is well: it runs elsewhere."""
    if exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED and session.config.stash.get(NONE_LEFT, False):
        session.exitstatus = pytest.ExitCode.OK
