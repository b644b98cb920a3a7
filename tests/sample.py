"""A pytest plugin for the slow, sanitized runs: of a test with many cases, every n-th is enough.

$BILLINGD_SAMPLE is n; without it, or with 1, everything runs.  Tests without cases, and those with fewer
than n, always run whole."""

import os
from collections import defaultdict

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    every = int(os.environ.get("BILLINGD_SAMPLE") or 1)
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        cases[item.nodeid.partition("[")[0]].append(item)
    left_out = {id(item) for same in cases.values() if len(same) >= every
                for number, item in enumerate(same) if number % every}
    if left_out:
        config.hook.pytest_deselected(items=[item for item in items if id(item) in left_out])
        items[:] = [item for item in items if id(item) not in left_out]
