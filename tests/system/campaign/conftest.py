"""One sandbox for all tests of a worker, emptied before each unless a test says otherwise."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path[:0] = [str(Path(__file__).resolve().parents[2]), str(Path(__file__).parent)]

from program import Billingd, must_be_valid
from sandbox.control import Sandbox, start_sandbox
from world import World


@pytest.fixture(scope="session")
def process() -> Iterator[Sandbox]:
    with start_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Sandbox) -> Iterator[Sandbox]:
    process.reset()
    yield process
    must_be_valid(process)


@pytest.fixture
def world(sandbox: Sandbox) -> World:
    return World(sandbox)


@pytest.fixture
def billingd(sandbox: Sandbox, tmp_path: Path) -> Billingd:
    return Billingd(sandbox, tmp_path)


@pytest.fixture
def with_spec(sandbox: Sandbox, tmp_path: Path) -> Any:
    """with_spec(path or YAML text): billingd with another spec."""
    def make(spec: Path | str, **environment: str) -> Billingd:
        if isinstance(spec, str):
            path = tmp_path / f"spec-{len(list(tmp_path.iterdir()))}.yaml"
            path.write_text(spec)
            spec = path
        return Billingd(sandbox, tmp_path, spec, **environment)
    return make
