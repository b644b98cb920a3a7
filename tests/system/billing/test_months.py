"""The daemon tells which months are over and not closed: by what lies in the archive, never by what it was told."""

import calendar
import json
import re
import time
import urllib.request
from collections.abc import Callable
from decimal import Decimal
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


def told(daemon: Any) -> dict[str, tuple[str, str | None]]:
    """State and number of each month; the page says it, too, and who asks learns no money and no customer."""
    while True:
        text, page = daemon.get("/api/v1/periods")[1], daemon.get("/")[1]
        assert "amount" not in text and "sub" not in text
        [period] = json.loads(text)["pipelines"]
        [after] = json.loads(daemon.get("/api/v1/periods")[1])["pipelines"]
        if period["months"] == after["months"]:  # or it was read while the page was asked for
            break
    months = {month["month"]: month for month in period["months"]}
    for month in months.values():
        assert (month["closed"] is None) is (month["number"] is None)
        if month["closed"]:
            at = calendar.timegm(time.strptime(month["closed"], "%Y-%m-%dT%H:%M:%SZ"))
            assert time.time() - 600 < at <= time.time() + 1
    assert all(f'class="signed">{month["number"]}<' in page for month in months.values() if month["number"]
               and month["month"] in list(months)[-12:])
    return {name: (month["state"], month["number"]) for name, month in months.items()}


def money(daemon: Any, token: str = "") -> dict[tuple[str, str | None], tuple[int, Any]]:
    """State and currency -> how many months, and what they came to; each month is in one of them."""
    request = urllib.request.Request(daemon.address + "/api/v1/periods", headers={"Authorization": f"Bearer {token}"} if token else {})
    with urllib.request.urlopen(request, timeout=60) as reply:
        [period] = json.load(reply)["pipelines"]
    found = {(row["state"], row["currency"]): (row["months"], row["total"]) for row in period["money"]}
    assert len(found) == len(period["money"])
    for state, count in period["totals"].items():
        assert sum(months for (of, _), (months, _) in found.items() if of == state) == count
    return found


def page_money(daemon: Any, token: str = "") -> dict[str, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(daemon.address + ("/?values" if token else "/"), headers=headers)
    with urllib.request.urlopen(request, timeout=60) as reply:
        part = re.findall(r'<ul class="parts money".*?</ul>', reply.read().decode(), re.S)[0]
    return {what: re.sub("<.*?>", "", told) for what, told in re.findall(r"<span>(.*?)</span><span class=\"when\">(.*?)</span>", part)}


def this_month() -> str:
    return time.strftime("%Y-%m", time.gmtime())


def test_months_that_are_over_and_not_closed(sandbox: Any, spec: Any, api: str, start: Start) -> None:
    books = Books(World(sandbox, spec))
    books.months("2025-10")
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric(OPEN) is not None)
    assert daemon.metric(OPEN, pipeline="shop") == months_since(2025, 10)  # since the first day with data
    assert daemon.metric(END, pipeline="shop") == first_second("2025-11-01")
    found = told(daemon)
    assert found["2025-10"] == ("overdue", None) and found["2025-11"] == ("overdue", None)
    assert list(found)[0] == "2025-10" and list(found)[-1] == this_month()
    books.close("2025-10")
    looked(daemon, lambda: daemon.metric(OPEN) == months_since(2025, 11))
    assert told(daemon)["2025-10"] == ("closed", "shop-2025-10") and told(daemon)["2025-11"] == ("overdue", None)
    assert daemon.metric(END) == first_second("2025-12-01")

    books.world.request("2025-10-02", "2025-10-04T09:30", sub="late", size=5)
    books.world.run("rollup", "--month", "2025-10")
    assert books.close("2025-10", "--correct")["invoice"] == "shop-2025-10-c1"
    looked(daemon, lambda: told(daemon)["2025-10"] == ("corrected", "shop-2025-10-c1"))

    # The archive cannot be listed: what was told as bad stays, and the part is told as failed.
    sandbox.faults({**DENIED, "operation": "ListObjectsV2", "params": {"Prefix": "billing/shop/"}})
    looked(daemon, lambda: daemon.metric("billingd_part_failed", part="months") == 1)
    assert daemon.metric(OPEN) == months_since(2025, 11)
    assert "shop: search for months that are not closed failed: no permission" in daemon.get("/-/ready")[1]
    found = told(daemon)
    assert found["2025-10"] == ("unknown", None) and found["2025-11"] == ("overdue", None)
    assert found[this_month()] == ("unknown", None)
    sandbox.faults()

    # Without a key it is still known that months were closed, so that the next is expected.
    books.world.write(more=MORE.replace("close: {{signing_key: {key}}}", "close: {{}}").format())
    daemon.send(1)
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    looked(daemon, lambda: daemon.metric("billingd_part_failed", part="months") == 0)
    assert daemon.metric(OPEN) == months_since(2025, 11)
    found = told(daemon)
    assert found["2025-10"] == ("corrected", "shop-2025-10-c1") and found["2025-11"] == ("draft", None)

    # The manifest is what closes: without it the month is open again.
    for key in books.keys():
        if key.endswith("/manifest.json"):
            sandbox.client("s3").delete_object(Bucket="shop-bucket", Key=key)
    looked(daemon, lambda: daemon.metric(OPEN) is None)  # nobody closes this pipeline
    assert told(daemon)["2025-10"] == ("draft", None)
    assert daemon.metric("billingd_part_failed", part="months") == 0
    assert daemon.end() == 0


def test_what_months_came_to(sandbox: Any, spec: Any, api: str, start: Start) -> None:
    """The bills that were signed, added up; of others it is unknown, and never 0.  Who is not trusted learns none of it."""
    token, path = "a-token-nobody-guesses", spec.path.parent / "token"
    path.write_text(token + "\n")
    spec.write(top=f"web: {{token_file: {path}}}\n")
    books = Books(World(sandbox, spec))
    books.world.write(prices="{from: 2020-01-01, call: 0.0123, gib: 0.10}", more="      currency: KWD\n" + MORE.format(key=books.key))
    books.months("2025-10", "2025-11")
    october = Decimal(books.close("2025-10")["manifest"]["totals"]["total"])
    books.world.request("2025-10-02", "2025-10-04T09:30", sub="late", size=5)
    books.world.run("rollup", "--month", "2025-10")
    october += Decimal(books.close("2025-10", "--correct")["manifest"]["totals"]["total"])
    novembers = books.close("2025-11")["manifest"]["totals"]["total"]
    assert october > 0 and Decimal(novembers) > 0

    def asked(operation: str, name: str, value: str) -> list[str]:
        return [c["params"][name] for c in books.world.ours(operation=operation) if str(c["params"].get(name)).endswith(value)]

    sandbox.clear()
    daemon = start().ready()
    daemon.wait(lambda: ("closed", "KWD") in money(daemon, token))
    found = money(daemon, token)
    assert found["corrected", "KWD"] == (1, f"{october:.3f}") and found["closed", "KWD"] == (1, novembers)
    left = {state: count for (state, _), (count, _) in found.items() if state not in ("closed", "corrected")}
    assert all(found[state, None] == (count, None) for state, count in left.items())
    assert {"overdue", "open"} <= set(left) <= {"overdue", "open", "draft"}  # the month before, in the first days of one
    assert len(asked("GetObject", "Key", "/manifest.json")) == 3
    words = {"overdue": f"Overdue, {left['overdue']} months", "draft": "Over, not closed, 1 month"}
    assert page_money(daemon, token) == {"Corrected, 1 month": f"{october:.3f} KWD", "Closed, 1 month": f"{novembers} KWD",
                                         **{words[state]: "amount unknown" for state in left if state != "open"}}
    hidden = money(daemon)
    assert hidden["closed", "KWD"] == (1, {"hidden": "text"}) and hidden["overdue", None][1] is None
    assert set(page_money(daemon).values()) == {"amount not shown", "amount unknown"} and novembers not in daemon.get("/")[1]
    # What was read once is not read again; what cannot be read is unknown, with all that it is added to.
    sandbox.clear()
    looked(daemon, lambda: asked("ListObjectsV2", "Prefix", "billing/shop/"))
    daemon.wait(lambda: daemon.metric("billingd_part_failed", part="months") == 0)
    assert money(daemon, token) == found and not asked("GetObject", "Key", "/manifest.json")
    correction = next(key for key in books.keys() if key.endswith("corrections/1/manifest.json"))
    books.put(correction, b"no manifest")
    daemon.send(1)  # another spec: nothing is known of it
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    daemon.wait(lambda: ("closed", "KWD") in money(daemon, token))
    assert money(daemon, token)["corrected", None] == (1, None) and money(daemon, token)["closed", "KWD"] == (1, novembers)
    assert daemon.end() == 0


def test_of_what_is_well_nothing_is_kept_when_it_is_not_known(sandbox: Any, spec: Any, api: str, start: Start) -> None:
    """All is closed, as far as months are over: 0; that it is so now, nobody can tell without the archive."""
    books = Books(World(sandbox, spec))
    books.world.write(since=time.strftime("%Y-%m-01", time.gmtime()))
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric(OPEN) == 0)
    assert daemon.metric(END) is None and told(daemon) == {this_month(): ("open", None)}
    sandbox.faults({**DENIED, "operation": "ListObjectsV2", "params": {"Prefix": "billing/shop/"}})
    looked(daemon, lambda: daemon.metric("billingd_part_failed", part="months") == 1)
    assert daemon.metric(OPEN) is None and daemon.metric(END) is None
    assert told(daemon) == {this_month(): ("unknown", None)}
    assert daemon.end() == 0
