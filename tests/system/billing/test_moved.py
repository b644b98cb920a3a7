"""What the spec says of old days changes: another bucket, another window.  The cause that is told is the true one."""

import json
from typing import Any

import pytest
from close_world import Books
from rollup_world import BUCKET, World
from test_close import reasons

NEW = "new-bucket"


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    return Books(World(sandbox, spec))


def test_another_bucket(books: Books) -> None:
    world = books.world
    books.months("2025-10", "2025-11")
    books.close("2025-10")
    old = world.pipelines
    before = world.partitions()["2025-11-01"]
    # Another bucket is another deployment's mark: that it is the same one is said.
    world.pipelines = old.replace(f"bucket: {BUCKET}", f"bucket: {NEW}") + f"    formerly: [shop@{BUCKET}]\n"
    world.write()
    world.apply()
    cause = f"its partition points to bucket {BUCKET}, and the spec names {NEW}: set it back, or copy"
    states = {day["day"]: day for day in json.loads(world.run("rollup", "--month", "2025-11", "-o", "json").stdout)["days"]}
    assert states["2025-11-01"]["state"] == "lost" and cause in states["2025-11-01"]["why"]
    assert world.partitions()["2025-11-01"] == before  # nothing is lost of it
    bill = world.run("bill", "--month", "2025-11", "-o", "json")
    assert json.loads(bill.stdout)["draft"] is True
    assert cause in reasons(books.close("2025-11", "--first", code=4))
    assert f"nothing below s3://{NEW}/billing/shop/2025-10/" in world.run("verify", "2025-10", code=1).stderr
    # Copied, they are counted again, and what was closed is found.
    for prefix in ("access-logs/", "billing/"):
        for one in world.sandbox.objects(BUCKET, prefix):
            world.s3.put_object(Bucket=NEW, Key=one["key"], Body=books.read(one["key"]))
    for month in ("2025-10", "2025-11"):
        world.run("rollup", "--month", month)
    assert json.loads(world.run("bill", "--month", "2025-11", "-o", "json", "--from-raw").stdout)["totals"]["calls"] > 0
    assert books.verify("2025-10", "--from-raw")["verified"] is True
    closed = books.close("2025-11")
    assert any(f'bucket was "{BUCKET}", is "{NEW}"' in text for text in closed["manifest"]["changes"])


def test_a_day_whose_calls_all_came_late(books: Books) -> None:
    """Fewer late_days leave nothing of it: that is the rule, and no object is gone."""
    world = books.world
    world.request("2025-10-05", "2025-10-07T12:00")
    world.run("rollup", "--month", "2025-10")
    assert world.partitions()["2025-10-05"]["calls"] == "1"
    world.write(late=0)
    looked = json.loads(world.run("rollup", "--month", "2025-10", "--dry-run", "-o", "json").stdout)
    assert world.states(looked)["2025-10-05"] == "outdated"
    world.run("rollup", "--month", "2025-10")
    found = world.run("audit", "--month", "2025-10", code=5).stdout
    assert "these arrived after rollup.late_days" in found and "gone" not in found, found
    world.write(late=3)
    world.run("rollup", "--month", "2025-10")
    assert world.partitions()["2025-10-05"]["calls"] == "1"
    # Gone it is when it is gone.
    for one in world.sandbox.objects(BUCKET, "access-logs/"):
        world.s3.delete_object(Bucket=BUCKET, Key=one["key"])
    for late in (3, 2):
        world.write(late=late)
        assert world.states(json.loads(world.run("rollup", "--month", "2025-10", "-o", "json").stdout))["2025-10-05"] == "kept"
    assert json.loads(world.run("bill", "--month", "2025-10", "-o", "json").stdout)["totals"]["calls"] == 1
