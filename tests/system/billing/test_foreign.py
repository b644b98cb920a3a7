"""Lines of other log groups below our prefix: nobody is billed for them, they pay for no loss, and they are told; and a
log group that has another name than it had."""

import gzip
import json
from typing import Any

import pytest
from close_world import MORE, Books
from rollup_world import BUCKET, GROUP, World, moment
from test_audit import delete_events

OCTOBER = ("--month", "2025-10")
DAY, HOUR = "2025-10-02", "2025-10-02T10:00"
ACCOUNT = "123456789012"


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    books = Books(World(sandbox, spec))
    books.s3.delete_bucket_policy(Bucket=BUCKET)
    return books


def audit(books: Books, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(books.world.run("audit", *OCTOBER, "-o", "json", code=code).stdout))


def bill(books: Books, *words: str) -> dict[str, Any]:
    return dict(json.loads(books.world.run("bill", *OCTOBER, "-o", "json", *words).stdout))


def put_foreign(books: Books, count: int, group: str = "/other", owner: str = ACCOUNT) -> None:
    """Somebody else's requests in the form of ours, without going through our stream."""
    at = moment(HOUR)
    events = [{"id": f"{n:056}", "timestamp": (at + n) * 1000, "message": json.dumps(
        {"requestId": f"other-{n}", "sub": "other", "status": "200", "responseLength": "10",
         "requestTimeEpoch": str(at + n)})} for n in range(count)]
    body = {"messageType": "DATA_MESSAGE", "owner": owner, "logGroup": group, "logStream": "s",
            "subscriptionFilters": ["other"], "logEvents": events}
    books.put("access-logs/year=2025/month=10/day=02/hour=10/other.gz", gzip.compress(json.dumps(body).encode() + b"\n"))


def declare(books: Books, *groups: str) -> None:
    books.world.write(more=MORE.format(key=books.key) + f"      log_groups: [{', '.join(groups)}]\n")
    books.world.apply()


def test_foreign_lines_hide_no_loss(books: Books) -> None:
    """As many of others as were lost: the loss is told to the event and hour, the others as what they are."""
    books.generate(days=3, requests=600)
    before = bill(books)
    prefix = "access-logs/year=2025/month=10/day=02/hour=10/"
    whole = {one["key"]: books.read(one["key"]) for one in books.sandbox.objects(BUCKET, prefix)}
    delete_events(books.world, DAY, 10, 5)
    put_foreign(books, 5)
    books.world.run("rollup", "--rebuild", "--day", DAY)
    books.sandbox.switches(data_now=moment("2025-10-12T00:00"))
    for words in (OCTOBER, ("--day", DAY)):
        found = dict(json.loads(books.world.run("audit", *words, "-o", "json", code=5).stdout))
        # (The build of the day that lost objects stays, and holds more than they do.)
        (lost,) = [gap for gap in found["gaps"] if gap["hop"] != "rolled_up"]
        assert lost["hop"] == "delivered" and lost["above_limit"] and lost["exact"]
        assert lost["hours"] == [{"hour": moment(HOUR), "events": 5}]
        assert found["excluded"]["foreign"] == 5 and not any("surplus" in h for h in found["hours"])
    books.close(code=4)

    for key, body in whole.items():
        books.put(key, body)
    books.world.run("rollup", *OCTOBER)
    found = audit(books)
    group = {"log_group": "/other", "account": ACCOUNT, "events": 5, "requests": 5, "from": moment(HOUR),
             "to": moment(HOUR) + 3600}
    assert found["verdict"] == "complete" and found["excluded"]["foreign"] == 5 and found["gaps"] == []
    assert found["foreign"] == {"events": 5, "requests": 5, "groups": [group]}
    assert [h["hour"] for h in found["hours"] if "foreign" in h] == [moment(HOUR)]
    text = books.world.run("audit", *OCTOBER).stdout
    assert f"Foreign: 5 events of log group /other of account {ACCOUNT}, of which 5 would be requests" in text
    told = bill(books, "--from-raw")
    assert told["warnings"] == {**before["warnings"], "foreign_calls": 5} and told["lines"] == before["lines"]
    assert told["from_raw"]["equal"] is True
    assert "5 calls of log groups that billing.log_groups does not name: NOT billed" in \
        books.world.run("bill", *OCTOBER).stdout
    closed = books.close()
    assert closed["closed"] is True
    # Declared, they are billed; and the log group of that name took none of them in.
    declare(books, "/other")
    books.world.run("rollup", *OCTOBER)
    found = audit(books, code=1)
    assert found["foreign"]["events"] == 0 and [one["reason"] for one in found["reasons"]] == ["surplus"]
    assert sum(line["calls"] for line in bill(books)["lines"]) == sum(line["calls"] for line in before["lines"]) + 5
    assert "log_groups" in json.dumps(closed["manifest"])
    # Of another account's log group nobody knows how many there should be: billed, and paid with for no loss.
    declare(books, "arn:aws:logs:ap-northeast-2:999999999999:log-group:/other")
    books.s3.delete_object(Bucket=BUCKET, Key=prefix + "other.gz")
    delete_events(books.world, DAY, 10, 5)
    put_foreign(books, 5, owner="999999999999")
    books.world.run("rollup", *OCTOBER)
    found = audit(books, code=5)
    assert [(gap["hop"], gap["events"]) for gap in found["gaps"] if gap["hop"] != "rolled_up"] == [("delivered", 5)]
    (reason,) = found["reasons"]
    assert reason["reason"] == "surplus" and "5 events of log groups of other accounts" in reason["text"]


def test_a_log_group_under_another_name(books: Books) -> None:
    """What was logged under the former name is missed and named until the spec says whose it is; then the bill is what
    it was, and a hole in it is read again from the former log group."""
    books.generate(days=2, requests=300)
    before = bill(books)
    pipelines = books.world.pipelines
    assert GROUP in pipelines
    books.world.pipelines = pipelines.replace(GROUP, "/aws/apigw/renamed")
    books.world.write()
    books.world.apply()
    books.world.run("rollup", *OCTOBER)
    renamed = bill(books)
    calls = sum(line["calls"] for line in before["lines"]) + before["unattributed"]["calls"]
    assert renamed["lines"] == [] and renamed["warnings"] == {"foreign_calls": calls}
    found = audit(books, code=5)
    (gap,) = [gap for gap in found["gaps"] if gap["hop"] == "ingested"]
    assert f"events of the log group {GROUP} (account {ACCOUNT})" in gap["explanation"]
    assert "billing.log_groups" in gap["explanation"] and found["verdict"] == "gap"

    # Without the gateway's count nobody would miss them: that is not complete either.
    pipelines = books.world.pipelines
    books.world.pipelines = pipelines.replace("api_name: ddn-api", "api_name: another-api")
    books.world.write()
    (reason,) = audit(books, code=1)["reasons"]
    assert reason["reason"] == "foreign" and f"{found['foreign']['requests']} events of other log groups" in reason["text"]
    books.world.pipelines = pipelines
    # Named twice it is counted once.
    declare(books, f"arn:aws:logs:ap-northeast-2:{ACCOUNT}:log-group:{GROUP}:*", GROUP, GROUP)
    books.world.run("rollup", *OCTOBER)
    assert f":log-group:{GROUP}:*" in books.world.run("iam-policy", "--for", "bill").stdout
    assert bill(books)["lines"] == before["lines"] and bill(books)["warnings"] == before["warnings"]
    assert audit(books)["verdict"] == "complete"
    books.sandbox.switches(data_now=moment("2025-10-12T00:00"))
    delete_events(books.world, DAY, 10, 2)
    filled = dict(json.loads(books.world.run("backfill", "--day", DAY, "-o", "json").stdout))
    assert filled["logs"]["events"] == 2
    books.world.run("rollup", *OCTOBER)
    assert bill(books)["lines"] == before["lines"]
