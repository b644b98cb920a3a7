"""The daemon closes gaps by itself: what the log group still has comes back without a hand, what it has not is told."""

import gzip
import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
from rollup_world import BUCKET, GROUP, World
from test_audit_run import DENIED, HOUR, says, traffic, well, world  # noqa: F401

Start = Callable[..., Any]
RECENT, OLD = (7, 9), (5 * 24, 5 * 24 + 2)  # hours ago: of the daemon's own audit, and long before that
GAP = "shop: the audit found a gap: usage is missing"


def without_filter(world: World, *spans: tuple[int, int]) -> None:
    """Somebody removes the filter, and calls are logged that nobody forwards: 40 a span."""
    logs = world.sandbox.client("logs")
    for one in logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]:
        logs.delete_subscription_filter(logGroupName=GROUP, filterName=one["filterName"])
    for least, most in spans:
        traffic(world, f"lost{least}-", least, most)


def recovered(world: World) -> list[str]:
    return [one["key"] for one in world.sandbox.objects(BUCKET, "recovered/")]


def calls_of_days(world: World) -> int:
    return sum(calls for day in world.days().values() for calls, _ in day.values())


def look(daemon: Any) -> None:
    """One more audit with what follows on it: the audit after that begins when this is over."""
    def done() -> Any:
        return daemon.metric("billingd_audit_last_success_timestamp_seconds")
    for _ in range(2):
        before = done()
        daemon.kick()
        daemon.wait(lambda: done() > before)


def days_before(world: World, now: int) -> list[Any]:
    """What was read of the log group from long before the hole."""
    return [c for c in world.ours(operation="FilterLogEvents") if c["params"]["logGroupName"] == GROUP
            and c["params"]["startTime"] < (now - 40 * HOUR) * 1000]


def test_gaps_close_themselves(world: World, start: Start) -> None:
    """The filter was away for two hours, twice: the daemon makes it anew and fetches what was lost meanwhile, also where its
    own audit does not reach; the bill has every call once."""
    without_filter(world, RECENT, OLD)
    assert recovered(world) == []
    daemon = start().ready()
    daemon.wait(lambda: daemon.events("backfilled"), 240)
    daemon.wait(lambda: well(daemon))
    told = daemon.events("backfilled")
    assert [(e["events"], e["calls"], e["amount"], e["currency"], e["price"]) for e in told] == [
        (80, 80, "0.08", "USD", "list")]
    assert daemon.metric("billingd_backfilled_events_total") == 80
    assert daemon.metric("billingd_backfill_lost_events") == 0
    assert daemon.metric("billingd_part_failed", part="backfill") == 0
    assert daemon.metric("billingd_audit_verdict", verdict="complete") == 1
    assert calls_of_days(world) == 40  # of the day that is closed
    before = recovered(world)
    daemon.kick()
    daemon.wait(lambda: well(daemon))
    assert recovered(world) == before and len(daemon.events("backfilled")) == 1
    assert daemon.end() == 0
    assert calls_of_days(world) == 40
    assert [e for e in daemon.events("backfill_lost") + daemon.events("upkeep")] == []
    found = world.run("audit", "--since", "6d")
    assert "complete" in found.stdout


@pytest.mark.parametrize("hop", ["destination", "throttle", "decompression", "s3"])
def test_each_loss_closes_itself(world: World, start: Start, hop: str) -> None:
    now = int(time.time()) // HOUR * HOUR
    world.sandbox.blocks({"hop": hop, "from": now - 9 * HOUR, "to": now - 7 * HOUR})
    traffic(world, "lost", *RECENT)
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_backfilled_events_total"), 240)
    daemon.wait(lambda: well(daemon))
    assert daemon.metric("billingd_backfilled_events_total") == 40
    assert daemon.metric("billingd_backfill_lost_events") == 0
    assert daemon.end() == 0
    assert "complete" in world.run("audit", "--since", "12h").stdout


def test_what_follows_on_a_hole_is_read_whatever_its_size(world: World, start: Start) -> None:
    """AWS skips logs for ten minutes more after a subscription that it refused is repaired. Elsewhere max_gap decides."""
    now = int(time.time()) // HOUR * HOUR
    world.write(more="      audit: {max_gap: 80%}\n")
    without_filter(world, RECENT)
    daemon = start().ready()
    daemon.wait(lambda: daemon.metric("billingd_backfilled_events_total") == 40, 240)  # nobody knows what was filled before
    for least, most in ((3, 4), (6, 7)):
        world.sandbox.blocks({"hop": "filter", "from": now - most * HOUR, "to": now - least * HOUR})
        traffic(world, f"more{least}-", least, most)
        look(daemon)
        assert len(daemon.events("backfilled")) == (1 if least == 3 else 2)
    assert daemon.metric("billingd_backfilled_events_total") == 120
    assert daemon.end() == 0
    assert daemon.events("backfill_lost") == []


def test_by_hand_nothing_is_written(world: World, start: Start) -> None:
    world.write(more="      audit: {backfill: manual}\n")
    without_filter(world, RECENT)
    daemon = start().ready()
    daemon.wait(lambda: says(daemon, GAP))
    daemon.kick()
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 503)
    assert daemon.metric("billingd_part_failures_total", part="backfill") is None
    assert daemon.metric("billingd_backfill_lost_events") is None  # nobody looked
    assert daemon.end() == 0
    assert recovered(world) == [] and daemon.events("backfilled") == []


def test_what_no_log_group_has_is_lost_and_told_once(world: World, start: Start) -> None:
    """With what it may have been worth; and its hours are not read again at each look."""
    world.write(more="    resources:\n      access_logs: {retention_days: 1}\n")
    without_filter(world, (30, 32))
    daemon = start().ready()
    told = daemon.wait(lambda: daemon.events("backfill_lost"), 240)
    assert (told[0]["hop"], told[0]["events"], told[0]["amount"], told[0]["currency"], told[0]["price"],
            told[0]["retention_days"]) == ("forwarded", 40, "0.04", "USD", "list", 1)
    now = int(time.time())
    assert told[0]["from"] <= now - 31 * HOUR <= told[0]["to"]
    daemon.wait(lambda: daemon.metric("billingd_backfill_lost_events") == 40)
    daemon.wait(lambda: says(daemon, GAP))
    assert daemon.metric("billingd_part_failed", part="backfill") == 0
    assert days_before(world, now)
    world.sandbox.clear()
    look(daemon)
    assert daemon.end() == 0
    assert len(daemon.events("backfill_lost")) == 1 and daemon.events("backfilled") == []
    assert days_before(world, now) == []  # what may have come late was looked for once
    assert recovered(world) == []


def test_the_budget_is_told_and_kept(world: World, start: Start) -> None:
    world.write(more="      audit: {backfill_budget: 1}\n")
    without_filter(world, RECENT)
    daemon = start().ready()
    daemon.wait(lambda: daemon.events("backfill_budget"), 240)
    daemon.kick()
    daemon.wait(lambda: says(daemon, GAP))
    some = daemon.metric("billingd_backfilled_events_total")
    assert some is not None and some < 40
    assert len(daemon.events("backfill_budget")) == 1
    assert daemon.metric("billingd_backfill_lost_events") is None  # not all was looked for
    assert daemon.metric("billingd_budget_used_up", part="backfill") == 1
    world.write(more="      audit: {backfill_budget: 1GiB}\n")
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_backfilled_events_total") == 40, 240)
    daemon.wait(lambda: well(daemon))
    assert daemon.metric("billingd_budget_used_up", part="backfill") == 0
    assert daemon.end() == 0


def test_nothing_is_read_while_the_filter_is_away(world: World, start: Start) -> None:
    """It would have to be read once more; that it waits is told."""
    without_filter(world, RECENT)
    world.sandbox.faults({**DENIED, "operation": "PutSubscriptionFilter"})
    daemon = start().ready()
    told = daemon.wait(lambda: daemon.events("backfill_waits"), 240)
    assert told[0]["why"] == "shop/subscription is not in place: gaps are read again when it is"
    assert recovered(world) == []
    world.sandbox.faults()
    daemon.kick()
    daemon.wait(lambda: daemon.events("backfilled"), 240)
    daemon.wait(lambda: well(daemon))
    assert daemon.events("backfilled")[0]["events"] == 40 and len(daemon.events("backfill_waits")) == 1
    assert daemon.end() == 0


def test_a_backfill_that_fails_is_told(world: World, start: Start) -> None:
    without_filter(world, RECENT)
    world.sandbox.faults({**DENIED, "operation": "PutObject", "client": "billingd"})
    daemon = start().ready()
    daemon.wait(lambda: says(daemon, "shop: backfill failed: no permission"), 240)
    assert daemon.metric("billingd_part_failed", part="backfill") == 1
    assert daemon.metric("billingd_backfill_lost_events") is None
    world.sandbox.faults()
    daemon.kick()
    daemon.wait(lambda: well(daemon), 240)
    assert daemon.metric("billingd_backfilled_events_total") == 40
    assert daemon.end() == 0


def test_a_damaged_object_is_told_once(world: World, start: Start) -> None:
    at = time.gmtime(time.time() - 3 * HOUR)
    key = time.strftime("access-logs/year=%Y/month=%m/day=%d/hour=%H/broken.json.gz", at)
    world.s3.delete_bucket_policy(Bucket=BUCKET)
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=b"{}")
    daemon = start().ready()
    told = daemon.wait(lambda: daemon.events("damaged_object"), 240)
    assert (told[0]["key"], told[0]["problem"]) == (key, "is no gzip, though its name ends in .gz")
    assert daemon.metric("billingd_damaged_objects", pipeline="shop") == 1
    daemon.wait(lambda: daemon.metric("billingd_part_failed", part="backfill") == 0)
    world.s3.delete_bucket_policy(Bucket=BUCKET)
    world.s3.put_object(Bucket=BUCKET, Key=key, Body=gzip.compress(b""))
    daemon.kick()
    daemon.wait(lambda: daemon.metric("billingd_damaged_objects") == 0)
    assert daemon.end() == 0
    assert len(daemon.events("damaged_object")) == 1
