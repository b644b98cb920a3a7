"""Proof that must not get thinner unnoticed: lines of others, archived objects, replies of CloudWatch that are not whole,
and corrections that would pay back what was used."""

import gzip
import json
from typing import Any

import pytest
from close_world import FOLDER, Books
from rollup_world import BUCKET, GROUP, World, moment
from test_close import correct, reasons

OCTOBER = ("--month", "2025-10")


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    return Books(World(sandbox, spec))


def audit(books: Books, code: int = 0) -> dict[str, Any]:
    return dict(json.loads(books.world.run("audit", *OCTOBER, "-o", "json", code=code).stdout))


def archive_day(books: Books, day: int) -> None:
    """As a lifecycle rule does: Athena passes over them without an error."""
    for one in books.sandbox.objects(BUCKET, f"access-logs/year=2025/month=10/day={day:02}/"):
        books.s3.put_object(Bucket=BUCKET, Key=one["key"], Body=books.read(one["key"]), StorageClass="DEEP_ARCHIVE")


def put_lines(books: Books, count: int) -> None:
    """What names the log group, and did not come from there."""
    at = moment("2025-10-02T10:00")
    events = [{"id": f"{n:056}", "timestamp": (at + n) * 1000, "message": json.dumps(
        {"requestId": f"other-{n}", "sub": "other", "status": "200", "responseLength": "10",
         "requestTimeEpoch": str(at + n)})} for n in range(count)]
    body = {"messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": GROUP, "logStream": "s",
            "subscriptionFilters": ["other"], "logEvents": events}
    books.put("access-logs/year=2025/month=10/day=02/hour=10/other.gz", gzip.compress(json.dumps(body).encode() + b"\n"))


def test_more_than_was_logged_is_not_complete(books: Books) -> None:
    """It may stand where what was lost should."""
    books.s3.delete_bucket_policy(Bucket=BUCKET)
    books.generate(days=3, requests=120)
    assert audit(books)["verdict"] == "complete"
    put_lines(books, 9)
    books.world.run("rollup", *OCTOBER)
    found = audit(books, code=1)
    assert found["verdict"] == "unknown" and [one["reason"] for one in found["reasons"]] == ["surplus"]
    assert "S3 holds 9 events that name the log group and that it did not take in" in found["reasons"][0]["text"]
    assert {h["hour"]: h["surplus"] for h in found["hours"] if "surplus" in h} == {moment("2025-10-02T10:00"): 9}
    assert "did not take in" in reasons(books.close(code=4))
    found = books.close("2025-10", "--accept-unknown")
    assert found["closed"] is True and found["manifest"]["accepted_unknown"] is True


def test_lines_of_another_stage_hide_no_request(books: Books) -> None:
    """It logs to the same group: what was never logged could be in place of them."""
    books.generate(days=2, requests=300, unlogged=.05)
    assert audit(books, code=5)["verdict"] == "gap"
    for hour in range(48):
        at = moment(f"2025-10-{1 + hour // 24:02}T{hour % 24:02}:10")
        books.sandbox.traffic(GROUP, [{"timestamp": (at + n) * 1000, "arrival": (at + n + 5) * 1000, "message": json.dumps(
            {"requestId": f"{at}-{n}", "sub": "other", "status": "200", "responseLength": "10", "stage": "dev",
             "requestTimeEpoch": str(at + n)})} for n in range(9)])
    books.world.run("rollup", *OCTOBER)
    found = audit(books, code=1)
    assert found["verdict"] == "unknown" and "surplus" in [one["reason"] for one in found["reasons"]]
    assert "requests more than API Gateway counted of the API and stage" in found["reasons"][0]["text"]
    assert "never logged" in reasons(books.close(code=4))


@pytest.mark.parametrize(("path", "value"), [
    (["MetricDataResults"], []), (["MetricDataResults", 0, "StatusCode"], None),
    (["MetricDataResults", 0, "StatusCode"], "Throttled"), (["MetricDataResults", 0, "Values"], []),
    (["MetricDataResults", 1, "Values", 0], -5.0)])
def test_a_reply_of_cloudwatch_that_is_not_whole(books: Books, path: list[Any], value: Any) -> None:
    """It is no reply: what it does not say would be no traffic, and no loss."""
    books.generate(days=1, requests=40)
    books.sandbox.faults({"service": "cloudwatch", "operation": "GetMetricData", "client": "billingd",
                          "action": "member", "path": path, "value": value, "times": 0})
    done = books.world.run("audit", *OCTOBER, code=1)
    assert "GetMetricData" in done.stderr and "complete" not in done.stdout


def test_archived_objects_take_nothing_away(books: Books) -> None:
    """They are as good as gone: the builds that counted them stay, and no correction pays anything back."""
    books.s3.delete_bucket_policy(Bucket=BUCKET)
    books.generate(days=3, requests=120)
    books.close()
    days = books.world.days()
    archive_day(books, 2)
    answer = books.world.rollup("--rebuild", *OCTOBER)
    assert books.world.states(answer)["2025-10-02"] == "kept" and books.world.days() == days
    assert correct(books)["closed"] is False
    assert any("is gone, or archived" in text for text in books.verify(code=5)["differences"])
    # Whoever takes what is left has the bill of what is left; nobody is paid back for what was used.
    for one in books.sandbox.objects(BUCKET, "parquet-data/year=2025/month=10/day=02/"):
        books.s3.delete_object(Bucket=BUCKET, Key=one["key"])
    books.world.run("rollup", *OCTOBER)
    books.world.run("rollup", "--rebuild", "--day", "2025-10-02")
    told = reasons(correct(books, code=4))
    assert "would take calls or bytes off what was billed" in told and "(delivered)" in told, told
    assert not [key for key in books.keys(FOLDER + "2025-10/corrections/")]


def test_fewer_late_days_take_nothing_away(books: Books) -> None:
    books.generate(days=3, requests=120)
    books.world.request("2025-10-02", "2025-10-04T20:00", size=7, counted=True)
    books.world.run("rollup", *OCTOBER)
    books.close()
    books.world.write(late=0)
    books.world.run("rollup", *OCTOBER)
    told = reasons(correct(books, code=4))
    assert "would take calls or bytes off what was billed" in told and "rollup.late_days" in told, told
    # The rollups differ, and the objects of those days are all there.
    differences = books.verify(code=5)["differences"]
    assert differences and not [text for text in differences if "gone" in text], differences
    books.world.write(late=3)
    books.world.run("rollup", *OCTOBER)
    assert books.verify("2025-10", "--from-raw")["verified"] is True
