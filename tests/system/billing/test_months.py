"""The daemon tells which months are over and not closed: by what lies in the archive, never by what it was told."""

import time
from collections.abc import Callable
from typing import Any

from close_world import MORE, Books
from rollup_world import World
from test_audit_run import DENIED

Start = Callable[..., Any]
OPEN, END = "billingd_unclosed_months", "billingd_oldest_unclosed_month_end_timestamp_seconds"


def months_since(year: int, month: int) -> int:
    """Whole months from that one to the last that is over (UTC)."""
    now = time.gmtime()
    return (now.tm_year - year) * 12 + now.tm_mon - month


def first_second(text: str) -> int:
    return int(time.mktime(time.strptime(text, "%Y-%m-%d"))) - time.timezone


def looked(daemon: Any, what: Callable[[], Any]) -> None:
    daemon.kick()
    daemon.wait(what)


def test_months_that_are_over_and_not_closed(sandbox: Any, spec: Any, api: str, start: Start) -> None:
    books = Books(World(sandbox, spec))
    books.months("2025-10")
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric(OPEN) is not None)
    assert daemon.metric(OPEN, pipeline="shop") == months_since(2025, 10)  # since the first day with data
    assert daemon.metric(END, pipeline="shop") == first_second("2025-11-01")
    books.close("2025-10")
    looked(daemon, lambda: daemon.metric(OPEN) == months_since(2025, 11))
    assert daemon.metric(END) == first_second("2025-12-01")

    # The archive cannot be listed: what was told as bad stays, and the part is told as failed.
    sandbox.faults({**DENIED, "operation": "ListObjectsV2", "params": {"Prefix": "billing/shop/"}})
    looked(daemon, lambda: daemon.metric("billingd_part_failed", part="months") == 1)
    assert daemon.metric(OPEN) == months_since(2025, 11)
    assert "shop: search for months that are not closed failed: no permission" in daemon.get("/-/ready")[1]
    sandbox.faults()

    # Without a key it is still known that months were closed, so that the next is expected.
    books.world.write(more=MORE.replace("close: {{signing_key: {key}}}", "close: {{}}").format())
    daemon.send(1)
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    looked(daemon, lambda: daemon.metric("billingd_part_failed", part="months") == 0)
    assert daemon.metric(OPEN) == months_since(2025, 11)

    # The manifest is what closes: without it the month is open again.
    for key in books.keys():
        if key.endswith("/manifest.json"):
            sandbox.client("s3").delete_object(Bucket="shop-bucket", Key=key)
    looked(daemon, lambda: daemon.metric(OPEN) is None)  # nobody closes this pipeline
    assert daemon.metric("billingd_part_failed", part="months") == 0
    assert daemon.end() == 0


def test_of_what_is_well_nothing_is_kept_when_it_is_not_known(sandbox: Any, spec: Any, api: str, start: Start) -> None:
    """All is closed, as far as months are over: 0; that it is so now, nobody can tell without the archive."""
    books = Books(World(sandbox, spec))
    books.world.write(since=time.strftime("%Y-%m-01", time.gmtime()))
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric(OPEN) == 0)
    assert daemon.metric(END) is None
    sandbox.faults({**DENIED, "operation": "ListObjectsV2", "params": {"Prefix": "billing/shop/"}})
    looked(daemon, lambda: daemon.metric("billingd_part_failed", part="months") == 1)
    assert daemon.metric(OPEN) is None and daemon.metric(END) is None
    assert daemon.end() == 0
