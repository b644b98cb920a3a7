"""A seeded sample of the fault table (tests/fault_table), and that its judge sees what it is there for."""

import sys
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TESTS))

from fault_table import daemon  # noqa: E402
from fault_table.cells import Cell, sample  # noqa: E402
from fault_table.judge import Verdict, cells_of, clean_state, complaints, different, judge  # noqa: E402
from fault_table.scenes import BUCKET, SCENES, Done, Place  # noqa: E402
from sandbox.control import start_sandbox  # noqa: E402

CELLS = 6  # of each scene
DAEMON_CELLS = 2
# How many simulations of IAM there are, and so how many calls, hangs on which reads are answered first; and so does how many of
# the reads that prove writes are one, as those of saved queries that were made in the same moment.
MAY_BE_FEWER = ("SimulatePrincipalPolicy", "call")
READS = ("Get", "List", "Describe", "BatchGet", "Head")


class Stage:
    """A scene set up, and how it ends without faults."""

    def __init__(self, name: str, sandbox: Any, folder: Path):
        self.scene, self.place = SCENES[name], Place(sandbox, folder)
        self.scene.make(self.place)
        self.want, calls = clean_state(self.place, self.scene)
        # What waits for seconds belongs to the whole table.
        self.cells = [c for c in cells_of(name, calls) if c.fault not in ("drip", "flood", "name unknown") and c.signal != "STOP"]

    def judge(self, cell: Cell) -> Verdict:
        return judge(cell, self.place, self.scene, self.want, "sample")


@pytest.fixture(scope="module", params=list(SCENES))
def stage(request: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    with start_sandbox() as sandbox:
        yield Stage(request.param, sandbox, tmp_path_factory.mktemp(request.param))


def may_be_fewer(cell: Cell) -> bool:
    return cell.operation in MAY_BE_FEWER or (cell.nth > 1 and cell.operation.startswith(READS))


def test_all_ends_as_without_the_fault(stage: Stage) -> None:
    found = [stage.judge(cell) for cell in sample(stage.cells, DAEMON_CELLS if stage.scene.lives else CELLS, seed=7)]
    missed = [one.cell for one in found if not one.hit]
    assert len(missed) < len(found) and all(map(may_be_fewer, missed)), [str(cell) for cell in missed]
    assert [(str(one.cell), one.code, one.complaints, one.said) for one in found if one.complaints] == []


def harm(place: Place, has_data: bool) -> None:
    """What no pass mends: a delivered object is gone, or something of others."""
    if has_data:
        objects = place.sandbox.objects(BUCKET, "access-logs/")
        place.account.s3.delete_object(Bucket=BUCKET, Key=objects[0]["key"])
    else:
        place.account.logs.create_log_group(logGroupName="/a/second/one")


def test_the_judge_sees_what_is_wrong(stage: Stage) -> None:
    copy = stage.place.copy()
    if stage.scene.lives:
        assert daemon.run(copy)[0] == 0
    else:
        copy.run(*stage.scene.words)
    harm(copy, has_data="objects" in stage.want)
    state = stage.scene.state(copy)
    copy.sandbox.end()
    assert different(state, stage.want), "an account that differs is taken for the right one"
    assert complaints(stage.cells[0], Done(78, "", ""), [])
