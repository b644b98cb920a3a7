"""From a request to its row on a bill: the stream's buffer and one `bill --preview`, by a clock of the test's own; and `status`
says what it waits for."""

import datetime
import json
import re
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import botocore.auth
import botocore.exceptions
import pytest
from conftest import ROOT, Spec, make_api, pipeline
from sandbox.control import start_sandbox

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/system/billing")]
import set_clock  # noqa: E402
from rollup_world import GROUP, World, moment  # noqa: E402

BUFFER_S = 300  # of the shipped template


class Place(World):
    clock: Path
    offset = 0

    def set(self, text: str) -> None:
        """AWS's clock, billingd's, and that of who signs here."""
        self.offset = set_clock.offset_to(text)
        set_clock.move(self.clock, self.offset)

    def now(self, remove_tzinfo: bool = True) -> datetime.datetime:
        found = datetime.datetime.fromtimestamp(time.time() + self.offset, datetime.UTC)
        return found.replace(tzinfo=None) if remove_tzinfo else found

    def preview(self, *words: str) -> dict[str, Any]:
        done = self.run("bill", "--month", "2025-11", "--preview", "-o", "json", *words)
        assert "lie in the bucket now" in done.stderr
        return dict(json.loads(done.stdout))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    made = Place.__new__(Place)
    made.clock = tmp_path / "clock"
    for name, value in set_clock.movable(made.clock, 0).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", made.now)
    made.set("2025-11-05T10:00")
    with start_sandbox() as sandbox:
        make_api(sandbox)
        World.__init__(made, sandbox, Spec(tmp_path / "billing.yaml", pipeline()))
        made.write(since="2025-11-01", prices="{from: 2020-01-01, call: 1, gib: 0}, {from: 2025-11-05, call: 3, gib: 0}")
        made.apply()
        yield made
        assert sandbox.violations() == [] and sandbox.bugs() == []


def request(place: Place, at: str, number: int, flush: bool) -> None:
    line = {"requestId": f"r{number}", "sub": "a", "username": "ann", "status": "200", "requestTimeEpoch": str(moment(at)),
            "responseLength": "1", "routeKey": "GET /"}
    place.sandbox.traffic(GROUP, [{"message": json.dumps(line), "timestamp": moment(at) * 1000,
                                   "arrival": moment(at) * 1000}], flush=flush)


def lying(place: Place) -> int:
    return len(place.sandbox.objects("shop-bucket", "access-logs/"))


def delivered(place: Place, objects: int) -> None:
    """The stream looks at its clock with each request: until so many lie there."""
    end = time.monotonic() + 120
    while lying(place) < objects:
        assert time.monotonic() < end, "the buffer was not written"
        with suppress(botocore.exceptions.ClientError):  # AWS's clock may not be that far
            place.s3.head_bucket(Bucket="shop-bucket")
        time.sleep(0.2)


def calls(bill: dict[str, Any]) -> dict[str, tuple[int, str]]:
    return {line["customer"]: (line["calls"], line["total"]) for line in bill["lines"]}


def test_a_request_is_on_a_preview_once_its_buffer_is_written(place: Place) -> None:
    for number, day in enumerate(("2025-11-02", "2025-11-03", "2025-11-04")):
        request(place, f"{day}T12:00", number, flush=True)
    place.run("rollup", "--to", "2025-11-03")
    place.set("2025-11-08T10:00")
    place.run("rollup", "--to", "2025-11-03")  # the last hours of their windows have come
    request(place, "2025-11-08T10:00", 8, flush=False)
    # The fourth is built by nobody yet, and is counted; the eighth waits in the buffer.
    before = lying(place)
    waiting = place.preview()
    assert calls(waiting) == {"a": (3, "3.00")} and waiting["draft"] is True
    assert waiting["source"]["kind"] == "preview" and waiting["source"]["raw_from"] == "2025-11-04"
    place.set(f"2025-11-08T10:{BUFFER_S // 60 + 1:02}")
    delivered(place, before + 1)
    # Prices change within the month, on a day that is not built.
    assert calls(place.preview()) == {"a": (4, "6.00")}
    table = place.run("bill", "--month", "2025-11", "--preview").stdout
    assert "preview       days from 2025-11-04 on are counted from the log events" in table and "(usage_raw)" in table, table
    queries = place.run("bill", "--month", "2025-11", "--preview", "--dry-run").stdout
    assert "-- usage_raw, 2025-11-04 to" in queries and "-- usage_raw, 2025-11-01" not in queries, queries
    ordinary = json.loads(place.run("bill", "--month", "2025-11", "-o", "json").stdout)
    assert calls(ordinary) == {"a": (2, "2.00")}
    assert {day["day"]: day["state"] for day in ordinary["open_days"]}["2025-11-08"] == "open"
    told = json.loads(place.run("status", "-o", "json").stdout)["pipelines"][0]
    fresh = told["usage"]["freshness"]
    newest = told["data_flow"][0]["newest_object"]["modified"]
    assert newest == moment("2025-11-08T10:05") or newest > moment("2025-11-08T10:00")
    assert moment("2025-11-05T10:00") <= fresh["rolled_up_until"] < newest
    assert (fresh["buffer_seconds"], fresh["closed_after_seconds"]) == (BUFFER_S, 86400)
    text = place.run("status").stdout
    assert re.search("the newest object in a rollup came [23] days ago\n", text), text
    assert re.search("while all goes well, a request can be on `bill --preview` within 5 min: .*\n.* 24 h after its day ended", text)
    # Once its day is closed and built, the bill and the preview are one.
    place.set("2025-11-10T10:00")
    place.run("rollup", "--to", "2025-11-08")
    assert calls(json.loads(place.run("bill", "--month", "2025-11", "-o", "json").stdout)) == calls(place.preview()) == {
        "a": (4, "6.00")}
    assert "leave out one of" in place.run("bill", "--month", "2025-11", "--preview", "--from-raw", code=64).stderr
