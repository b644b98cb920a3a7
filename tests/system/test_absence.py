"""Off for twenty days, within what the log group keeps, then on: the bill of who was never off, byte for byte.

So is a clock that jumps by twenty days under a running daemon (the machine slept), and one that goes back and forth.
Meanwhile people changed things, the end of a month went by, and nobody forwarded the log until a billingd saw to it."""

import datetime
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import botocore.auth
import pytest
from conftest import ROOT, Daemon, Spec, make_api, pipeline
from sandbox.control import Sandbox, start_sandbox

sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/system/billing")]
import set_clock  # noqa: E402
from close_world import Books  # noqa: E402
from rollup_world import BUCKET, GROUP, World, moment  # noqa: E402

FIRST, BACK = "2025-10-19T10:00", "2025-11-08T10:00"
VISITS = ("2025-10-22T10:00", "2025-10-25T10:00", "2025-11-01T10:00", BACK)


class Clock:
    """Of AWS, of who tests, and of every billingd."""

    def __init__(self, folder: Path):
        self.file, self.offset = folder / "clock", 0
        self.values = set_clock.movable(self.file, 0)

    def set(self, sandbox: Sandbox, text: str) -> None:
        """AWS and all others; a daemon that runs sees its own clock jump."""
        self.offset = set_clock.offset_to(text)
        sandbox.switches(clock_offset_s=self.offset)
        set_clock.move(self.file, self.offset)

    def now(self, remove_tzinfo: bool = True) -> datetime.datetime:
        found = datetime.datetime.fromtimestamp(time.time() + self.offset, datetime.timezone.utc)
        return found.replace(tzinfo=None) if remove_tzinfo else found


class Place(World):
    clock: Clock
    daemons: list[Daemon]

    def environment(self) -> dict[str, str]:
        return {**super().environment(), **self.clock.values}

    def daemon(self) -> Daemon:
        made = Daemon(self.sandbox, self.spec, **self.clock.values)
        self.daemons.append(made)
        made.wait(lambda: made.events("started"))
        return made


@pytest.fixture(scope="module")
def start_of_it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Books]:
    """The pipeline on its first day, with some usage."""
    folder = tmp_path_factory.mktemp("absence")
    clock, before = Clock(folder), botocore.auth.get_current_datetime
    botocore.auth.get_current_datetime = clock.now
    with start_sandbox() as sandbox:
        try:
            clock.set(sandbox, FIRST)
            make_api(sandbox)
            place = Place.__new__(Place)
            place.clock, place.daemons = clock, []
            World.__init__(place, sandbox, Spec(folder / "billing.yaml", pipeline()))
            place.write(since="2025-10-16", late=5)
            books = Books(place)
            place.request("2025-10-16T12:00", arrival="2025-10-16T12:05", sub="a", counted=True)
            yield books
        finally:
            botocore.auth.get_current_datetime = before


@contextmanager
def copy_of(original: Books) -> Iterator[Books]:
    """With a life of its own from that day on."""
    sandbox = original.sandbox.copy()
    place = Place.__new__(Place)
    place.__dict__.update(original.world.__dict__)
    place.sandbox, place.daemons = sandbox, []
    place.athena, place.glue, place.s3 = (sandbox.client(n) for n in ("athena", "glue", "s3"))
    made = Books.__new__(Books)
    made.__dict__.update(original.__dict__)
    made.world, made.sandbox, made.s3 = place, sandbox, place.s3
    place.clock.set(sandbox, FIRST)
    try:
        yield made
        assert sandbox.violations() == [] and sandbox.bugs() == []
    finally:
        for daemon in place.daemons:
            if daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()
        sandbox.end()


# ---- twenty days ----

def usage(place: Place, since: str, until: str) -> None:
    """Two calls of each day that ended between two moments: the same for all, whenever it is put there."""
    for day in range(moment(since) // 86400, moment(until) // 86400):
        date = time.strftime("%Y-%m-%d", time.gmtime(day * 86400))
        place.made = 10 * day
        for hour in ("09:00", "15:00"):
            place.request(f"{date}T{hour}", arrival=f"{date}T{hour}", sub=f"customer-{day % 3}", counted=True)


def no_filter(place: Place) -> None:
    logs = place.sandbox.client("logs")
    for one in logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]:
        logs.delete_subscription_filter(logGroupName=GROUP, filterName=one["filterName"])


def drift(place: Place) -> None:
    glue = place.sandbox.client("glue")
    place.sandbox.client("s3").delete_bucket_policy(Bucket=BUCKET)
    tables = glue.get_tables(DatabaseName="shop")["TableList"]
    glue.delete_table(DatabaseName="shop", Name=next(t["Name"] for t in tables if t["TableType"] == "VIRTUAL_VIEW"))


def live(place: Place, look: Callable[[], None]) -> None:
    """Day after day; look: what billingd does at each visit."""
    for since, until in zip((FIRST, *VISITS), VISITS, strict=False):
        if until == VISITS[1]:
            no_filter(place)
        usage(place, since, until)
        if until == VISITS[2]:
            drift(place)
        place.clock.set(place.sandbox, until)
        look()


def settle(place: Place, daemon: Daemon) -> None:
    """Looks from now on, until all is well: what one could not do, the next does."""
    def audited() -> float:
        return daemon.metric("billingd_audit_last_success_timestamp_seconds") or 0

    def done() -> bool:
        time.sleep(0.2)  # it is at work, and answers other things first
        told = daemon.look()
        if audited() < begun or told["looking"] or told["working"]:
            return False
        if told["ready"]:
            return True
        daemon.kick()
        return False

    begun = time.time() + place.clock.offset - 1
    daemon.kick()
    daemon.wait(done, 900)


def outcome(books: Books) -> dict[str, Any]:
    """Both months' bills to the byte, every day, and the signed month."""
    world = books.world
    bills = {month: world.run("bill", "--month", month, "-o", "json").stdout for month in ("2025-10", "2025-11")}
    manifest = books.close("2025-10")["manifest"]
    books.verify("2025-10")
    files = {f["name"]: books.file(f["name"], "2025-10") for f in manifest["files"] if f["name"].startswith(("invoice", "usage"))}
    return {"bills": bills, "days": world.days(), "totals": manifest["totals"], "files": files,
            "plan": world.run("plan", "--detailed-exitcode").returncode}


@pytest.fixture(scope="module")
def never_off(start_of_it: Books) -> dict[str, Any]:
    with copy_of(start_of_it) as books:
        daemon = books.world.daemon()
        settle(books.world, daemon)
        live(books.world, lambda: settle(books.world, daemon))
        assert daemon.end() == 0
        found = outcome(books)
    calls = sum(calls for day in found["days"].values() for calls, _ in day.values())
    assert calls == 1 + 2 * 19 and found["totals"]["calls"] == 1 + 2 * 13 and found["plan"] == 0
    assert len(found["files"]) > 1
    return found


def test_off_for_twenty_days(start_of_it: Books, never_off: dict[str, Any]) -> None:
    with copy_of(start_of_it) as books:
        daemon = books.world.daemon()
        settle(books.world, daemon)
        assert daemon.end() == 0
        live(books.world, lambda: None)
        daemon = books.world.daemon()
        settle(books.world, daemon)
        assert sum(e["events"] for e in daemon.events("backfilled")) > 20
        assert daemon.end() == 0
        assert outcome(books) == never_off


def test_the_clock_jumps(start_of_it: Books, never_off: dict[str, Any]) -> None:
    """By twenty days under a daemon that runs; then its own alone goes wrong, back and forth."""
    with copy_of(start_of_it) as books:
        place = books.world
        daemon = place.daemon()
        settle(books.world, daemon)
        live(place, lambda: None)
        settle(books.world, daemon)
        before = place.partitions()
        set_clock.move(place.clock.file, set_clock.offset_to(FIRST))
        daemon.kick()
        daemon.kick()
        assert place.partitions() == before
        set_clock.move(place.clock.file, place.clock.offset)
        settle(books.world, daemon)
        assert daemon.end() == 0 and place.partitions() == before
        assert outcome(books) == never_off
