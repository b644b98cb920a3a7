"""A pytest plugin for the slow, sanitized runs: of a test with many cases, every n-th is enough, and of a suite's tests
every m-th.

$BILLINGD_SAMPLE is n, $BILLINGD_THIN is m; without them, or with 1, everything runs.  Tests without cases, and those
with fewer than n, are not sampled.  Sanitizers judge memory, which many tests use in the same way; what the tests
themselves ask is asked of the optimized build, by all of them."""

import os
from collections import defaultdict

import pytest


def number(name: str) -> int:
    return int(os.environ.get(name) or 1)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    every, thin = number("BILLINGD_SAMPLE"), number("BILLINGD_THIN")
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        cases[item.nodeid.partition("[")[0]].append(item)
    left_out = {id(item) for same in cases.values() if len(same) >= every
                for place, item in enumerate(same) if place % every}
    left_out |= {id(item) for place, same in enumerate(cases.values()) if place % thin for item in same}
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
        items[:] = [item for item in items if id(item) not in left_out]
