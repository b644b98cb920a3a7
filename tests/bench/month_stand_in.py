#!/usr/bin/env python3
"""An AWS that holds a month of as many events, objects and usage lines as one likes, made up while it answers.

    python3 tests/bench/month_stand_in.py MONTH EVENTS OBJECTS CUSTOMERS ROUTES       prints "endpoint URL"

What it repeats is what billing alone asks: lists of the objects of a month, Athena's queries and the CSV objects with their
rows, CloudWatch's counts, and the partitions that `rollup` makes of it.  Nothing lies in memory: an object's key follows from
its number, and a row of a result from its place in the file (all rows are equally long).  Every customer calls every route
with each of three statuses.  At its end it prints what was asked, by operation, as JSON.  What it does not know gets a 501,
and is told.
"""
import asyncio
import bisect
import hashlib
import json
import re
import sys
import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

sys.path.insert(0, __file__.rpartition("/")[0])
from stand_in import Connection  # noqa: E402

ACCOUNT, BUCKET, STATUSES, BYTES_A_CALL, HOUR = "123456789012", "bench-bucket", ("200", "404", "500"), 1000, 3600
RAW_BYTES_AN_EVENT = 90  # compressed, as Firehose delivers it
PAGE = 1000
USAGE = ("sub", "user", "routekey", "status", "calls", "bytes", "length_unknown", "length_refused", "estimated", "repaired")
USAGE_BY = ("sub", "routekey", "status", "day", "calls", "bytes")
REQUESTS = ("sub", "id", "day", "time_s", "status", "route", "bytes", "times", "object")
LADDER = ("hour_s", "year", "month", "day", "hour", "control", "unreadable", "lines", "events", "blank", "invalid", "untimed",
          "request_copies", "requests", "unattributed", "repaired", "estimated", "no_id", "id_conflicts", "length_unknown",
          "length_refused", "newest_ms", "counted", "before_since", "earlier_days", "later_days", "late_counted", "too_late",
          "out_of_window", "elsewhere_lines", "elsewhere_events", "elsewhere_made", "begun_before", "log_group", "foreign_events",
          "foreign_requests")


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def share(total: int, parts: int, index: int) -> int:
    """Of total, cut into so many parts as equal as may be."""
    return total // parts + (index < total % parts)


def request_id(number: int) -> str:
    """In no order, and of 36 letters, as API Gateway's own."""
    mixed = number * 0x9E3779B97F4A7C15 % 2**64
    return f"{mixed >> 32:08x}-{mixed >> 16 & 0xffff:04x}-4000-8000-{mixed & 0xffff:04x}{number:08x}"


class Month:
    """The traffic of whole days from two before the month to three behind it; so many events and objects within the month."""

    def __init__(self, month: str, events: int, objects: int, customers: int, routes: int):
        year, number = map(int, month.split("-"))
        self.first_s = int(datetime(year, number, 1, tzinfo=UTC).timestamp())
        self.end_s = int(datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC).timestamp())
        self.hours = (self.end_s - self.first_s) // HOUR
        self.events, self.customers, self.routes = events, customers, routes
        self.rows = customers * routes * len(STATUSES)
        self.begin_s, self.stop_s = self.first_s - 48 * HOUR, self.end_s + 72 * HOUR
        self.starts = [0]  # number of the first object of each hour
        for hour_s in range(self.begin_s, self.stop_s, HOUR):
            self.starts.append(self.starts[-1] + share(objects, self.hours, (hour_s - self.first_s) // HOUR % self.hours))

    def events_of(self, hour_s: int) -> int:
        return share(self.events, self.hours, (hour_s - self.first_s) // HOUR % self.hours)

    def calls_of(self, day: str) -> int:
        begin_s = int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())
        return sum(self.events_of(begin_s + hour * HOUR) for hour in range(24))

    # ---- objects ----

    def key(self, number: int) -> str:
        hour = bisect.bisect_right(self.starts, number) - 1
        within, count = number - self.starts[hour], self.starts[hour + 1] - self.starts[hour]
        when = moment(self.begin_s + hour * HOUR + within * HOUR // count)
        return (f"access-logs/year={when:%Y}/month={when:%m}/day={when:%d}/hour={when:%H}/bench-1-{when:%Y-%m-%d-%H-%M-%S}-"
                f"{number:08x}-0000-4000-8000-{number:012x}.gz")

    def contents(self, number: int) -> str:
        key = self.key(number)
        when = key.rpartition("/")[2][8:27]
        return (f"<Contents><Key>{key}</Key><LastModified>{when[:10]}T{when[11:].replace('-', ':')}.000Z</LastModified>"
                f"<ETag>&quot;{number:032x}&quot;</ETag><Size>131072</Size><StorageClass>STANDARD</StorageClass></Contents>")

    def first_at(self, text: str) -> int:
        """Number of the first object whose key is not below text."""
        return bisect.bisect_left(range(self.starts[-1]), text, key=self.key)

    def folders(self, prefix: str) -> list[str]:
        hours = [moment(self.begin_s + i * HOUR) for i in range(len(self.starts) - 1) if self.starts[i + 1] > self.starts[i]]
        keys = [f"access-logs/year={w:%Y}/month={w:%m}/day={w:%d}/hour={w:%H}/" for w in hours]
        return sorted({k[:k.index("/", len(prefix)) + 1] for k in keys if k.startswith(prefix) and "/" in k[len(prefix):]})

    # ---- rows ----

    def usage_row(self, number: int, by: bool = False) -> str:
        customer, rest = divmod(number, self.routes * len(STATUSES))
        route, status = divmod(rest, len(STATUSES))
        calls = share(self.events, self.rows, number)
        what = (f"customer-{customer:08}", *(() if by else (f"user-{customer:08}",)), f"GET /items/{route:05}/{{id}}", STATUSES[status])
        counts = (f"{calls:012}", f"{calls * BYTES_A_CALL:015}")
        day = (f"{moment(self.first_s):%Y%m%d}",) if by else ()
        return ",".join(f'"{text}"' for text in (*what, *day, *counts, *(() if by else ("0",) * 4))) + "\n"

    def usage_by_row(self, number: int) -> str:
        return self.usage_row(number, by=True)

    def request_row(self, number: int) -> str:
        """Every call is of the first customer, and of the first route."""
        at = self.first_s + number * (self.end_s - self.first_s) // self.events
        return (f'"customer-00000000","{request_id(number)}","{moment(at):%Y%m%d}","{at}","200","GET /items/00000/{{id}}","{BYTES_A_CALL}","1",'
                f'"s3://{BUCKET}/{number % 1000:08}"\n')

    def rows_bytes(self, shape: str, first: int, end: int) -> tuple[bytes, int]:
        """Those bytes of a query's CSV, and how many it has."""
        names, row_of, count = {"usage": (USAGE, self.usage_row, self.rows), "usage_by": (USAGE_BY, self.usage_by_row, self.rows),
                                "requests": (REQUESTS, self.request_row, self.events)}[shape]
        head = ",".join(f'"{name}"' for name in names) + "\n"
        width = len(row_of(0))
        whole = len(head) + count * width
        row, last = max(0, (first - len(head)) // width), min(count, max(0, (end - len(head)) // width + 1))
        begin = len(head) + row * width
        text = (head if first < len(head) else "") + "".join(row_of(number) for number in range(row, last))
        begin = 0 if first < len(head) else begin
        return text[first - begin:end - begin].encode(), whole

    def ladder(self) -> str:
        lines = [",".join(f'"{name}"' for name in LADDER)]
        for hour_s in range(self.begin_s, self.stop_s, HOUR):
            when, events = moment(hour_s), self.events_of(hour_s)
            row = dict.fromkeys(LADDER, 0) | {
                "hour_s": hour_s, "year": when.year, "month": when.month, "day": when.day, "hour": when.hour, "lines": events,
                "events": events, "requests": events, "newest_ms": hour_s * 1000 + 3599000}
            inside = self.first_s <= hour_s < self.end_s
            row["counted" if inside else "earlier_days" if hour_s < self.first_s else "later_days"] = events
            lines.append(",".join("" if name == "log_group" else f'"{value}"' for name, value in row.items()))
        return "\n".join(lines) + "\n"

    def days(self, columns: dict[str, int]) -> str:
        """columns: of each call how much."""
        lines = [",".join(f'"{name}"' for name in ["bill_day", *columns])]
        for day_s in range(self.first_s, self.end_s, 24 * HOUR):
            day = f"{moment(day_s):%Y-%m-%d}"
            lines.append(",".join(f'"{v}"' for v in [day.replace("-", ""), *(self.calls_of(day) * n for n in columns.values())]))
        return "\n".join(lines) + "\n"


class Answers:
    def __init__(self, month: Month):
        self.month, self.queries, self.partitions = month, dict[str, tuple[str, str]](), dict[str, dict[str, Any]]()
        self.runs = dict[str, str]()  # run -> day
        self.files = dict[str, str]()  # key -> ETag of what an UNLOAD wrote
        self.calls, self.missing, self.scanned = Counter[str](), set[str](), Counter[str]()

    # ---- what is common ----

    @staticmethod
    def reply(status: int, body: bytes | str, kind: str = "application/x-amz-json-1.1", **headers: str) -> bytes:
        data = body if isinstance(body, bytes) else body.encode()
        lines = [f"HTTP/1.1 {status} OK", f"Content-Type: {kind}", f"Content-Length: {len(data)}",
                 *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()), "", ""]
        return "\r\n".join(lines).encode() + data

    def answer(self, method: bytes, target: bytes, operation: bytes, body: bytes) -> bytes:
        name = operation.decode().rpartition(".")[2]
        if name:
            made = getattr(self, f"do_{name}", None)
            self.calls[name] += 1
            if not made:
                self.missing.add(f"{name} {body[:300]!r}")
                return self.reply(501, "{}")
            return self.reply(200, json.dumps(made(json.loads(body or b"{}"))))
        if method == b"POST" and b"GetCallerIdentity" in body:
            self.calls["GetCallerIdentity"] += 1
            return self.reply(200, "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>"
                              f"<Arn>arn:aws:iam::{ACCOUNT}:user/bench</Arn><UserId>AIDA</UserId><Account>{ACCOUNT}</Account>"
                              "</GetCallerIdentityResult></GetCallerIdentityResponse>", "text/xml")
        if target.startswith(b"/v2/apis"):
            self.calls["GetApis"] += 1
            return self.reply(200, json.dumps({"items": [{
                "apiId": "a1b2c3", "name": "ddn-api", "protocolType": "HTTP", "apiEndpoint": "https://a1b2c3.example.com",
                "routeSelectionExpression": "$request.method"}]}), "application/json")
        return self.s3(method.decode(), target.decode(), body)

    # ---- S3 ----

    def s3(self, method: str, target: str, body: bytes) -> bytes:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        key = unquote(parts.path).partition(f"/{BUCKET}/")[2]
        if method == "GET" and query.get("list-type") == "2":
            self.calls["ListObjectsV2"] += 1
            return self.reply(200, self.listed(query), "application/xml")
        if method == "GET" and key.startswith("athena-results/"):
            self.calls["GetObject (results)"] += 1
            return self.result(key)
        if method == "GET":
            self.calls["GetObject"] += 1
            return self.reply(404, "<Error><Code>NoSuchKey</Code><Message>none</Message></Error>", "application/xml")
        self.missing.add(f"{method} {target} {body[:200]!r}")
        return self.reply(501, "")

    def listed(self, query: dict[str, str]) -> str:
        prefix, most = query.get("prefix", ""), int(query.get("max-keys", PAGE))
        items, more = list[str](), ""
        if "delimiter" in query:
            items = [f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in self.month.folders(prefix)] \
                if prefix.startswith("access-logs/") else []
        elif prefix.startswith("access-logs/"):
            after = query.get("start-after", "")
            first = int(query.get("continuation-token", -1))
            if first < 0:
                first = self.month.first_at(max(prefix, after))
                first += first < self.month.starts[-1] and self.month.key(first) == after
            end = min(self.month.first_at(prefix[:-1] + "0"), first + most)
            items = [self.month.contents(number) for number in range(first, end)]
            more = str(end) if end < self.month.first_at(prefix[:-1] + "0") else ""
        else:
            items = [f"<Contents><Key>{key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>{etag}</ETag>"
                     f"<Size>4096</Size><StorageClass>STANDARD</StorageClass></Contents>"
                     for key, etag in sorted(self.files.items()) if key.startswith(prefix) and key > query.get("start-after", "")]
        return (f"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{BUCKET}</Name><Prefix>{escape(prefix)}"
                f"</Prefix><KeyCount>{len(items)}</KeyCount><MaxKeys>{most}</MaxKeys><EncodingType>url</EncodingType>"
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
                + (f"<NextContinuationToken>{more}</NextContinuationToken>" if more else "") + "".join(items) + "</ListBucketResult>")

    def result(self, key: str) -> bytes:
        shape, said = self.queries[key.removeprefix("athena-results/").removesuffix(".csv")]
        first, end = self.range
        data, whole = self.month.rows_bytes(shape, first, end) if shape in ("usage", "usage_by", "requests") else (said.encode()[first:end], len(said.encode()))
        return self.reply(206, data, "text/csv", ETag='"1"', Content_Range=f"bytes {first}-{first + len(data) - 1}/{whole}")

    # ---- Athena ----

    def do_StartQueryExecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        text, month = asked["QueryString"], self.month
        identifier = hashlib.md5((asked["ClientRequestToken"] + text).encode()).hexdigest()
        shape, said = "usage", ""
        if "UNLOAD (" in text:
            shape = "unload"
            self.unload(text, identifier)
        elif "AS row_count" in text:
            shape, said = "counts", self.counts(text)
        elif "AS log_group" in text and "foreign_events" in text:
            shape, said = "ladder", month.ladder()
        elif "AS late_events" in text:
            shape, said = "days", month.days({"lines": 1, "late_lines": 0, "late_events": 0, "event_copies": 0,
                                              "request_copies": 0, "calls": 1, "bytes": BYTES_A_CALL})
        elif "AS time_s" in text:
            shape = "requests"
        elif "CAST(bill_day AS bigint) AS day" in text:
            shape = "usage_by"
        elif "AS bill_day" in text and "AS length_refused" not in text:  # that one is usage_raw
            shape, said = "rolled", month.days({"calls": 1, "bytes": BYTES_A_CALL})
        self.queries[identifier] = (shape, said)
        # A rollup's row is some 20 bytes of Parquet a day; all else reads the raw events.
        self.scanned[shape] += month.rows * 31 * 20 if shape in ("usage", "usage_by", "rolled") else month.events * RAW_BYTES_AN_EVENT
        return {"QueryExecutionId": identifier}

    def unload(self, text: str, identifier: str) -> None:
        key = re.search(r"TO 's3://[^/]+/([^']+)'", text)[1]  # type: ignore[index]
        self.runs[re.search(r"run=([^/]+)/", key)[1]] = re.search(r"'(\d{4}-\d\d-\d\d)' AS varchar", text)[1]  # type: ignore[index]
        self.files[f"{key}part-0"] = f"&quot;{identifier}&quot;"

    def counts(self, text: str) -> str:
        """Of a run, or of the events of a day."""
        run, begin = re.search(r"run = '([^']+)'", text), re.search(r"requesttime >= (\d+)$", text, re.M)
        day = self.runs[run[1]] if run else f"{moment(int(begin[1])):%Y-%m-%d}"  # type: ignore[index]
        calls = self.month.calls_of(day)
        row = {"row_count": self.month.rows, "calls": calls, "bytes": calls * BYTES_A_CALL} | ({} if run else {"foreign_calls": 0})
        return "".join(",".join(f'"{value}"' for value in values) + "\n" for values in (row, row.values()))

    def do_GetQueryExecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        identifier = asked["QueryExecutionId"]
        shape, _ = self.queries[identifier]
        return {"QueryExecution": {
            "QueryExecutionId": identifier, "Status": {"State": "SUCCEEDED"}, "StatementType": "DML",
            "Statistics": {"DataScannedInBytes": 1, "EngineExecutionTimeInMillis": 1},
            "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena-results/{identifier}.csv"}}}

    # ---- Glue ----

    def do_GetTable(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"Table": {"Name": asked["Name"], "DatabaseName": asked["DatabaseName"], "CatalogId": ACCOUNT,
                          "Parameters": {}, "ViewOriginalText": "/* a view */",
                          "StorageDescriptor": {"Location": f"s3://{BUCKET}/parquet-data/", "InputFormat": "parquet",
                                                "SerdeInfo": {"SerializationLibrary": "parquet"}, "Columns": []}}}

    def do_GetPartitions(self, asked: dict[str, Any]) -> dict[str, Any]:
        return {"Partitions": [p for k, p in self.partitions.items() if k.startswith(asked["TableName"] + " ")]}

    def do_CreatePartition(self, asked: dict[str, Any]) -> dict[str, Any]:
        self.partitions[f"{asked['TableName']} {asked['PartitionInput']['Values']}"] = asked["PartitionInput"]
        return {}

    do_UpdatePartition = do_CreatePartition

    # ---- CloudWatch and Firehose ----

    def do_GetMetricData(self, asked: dict[str, Any]) -> dict[str, Any]:
        month, results = self.month, []
        for query in asked["MetricDataQueries"]:
            counts = query["MetricStat"]["Metric"]["MetricName"] in ("Count", "IncomingLogEvents", "ForwardedLogEvents")
            hours = range(max(int(asked["StartTime"]), month.begin_s), min(int(asked["EndTime"]), month.stop_s), HOUR) if counts else []
            results.append({"Id": query["Id"], "Label": query["Id"], "StatusCode": "Complete", "Timestamps": [*hours],
                            "Values": [month.events_of(hour_s) for hour_s in hours]})
        return {"MetricDataResults": results}

    def do_DescribeDeliveryStream(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = asked["DeliveryStreamName"]
        return {"DeliveryStreamDescription": {
            "DeliveryStreamName": name, "DeliveryStreamARN": f"arn:aws:firehose:ap-northeast-2:{ACCOUNT}:deliverystream/{name}",
            "DeliveryStreamStatus": "ACTIVE", "DeliveryStreamType": "DirectPut", "VersionId": "1", "HasMoreDestinations": False,
            "Destinations": [{"DestinationId": "1", "ExtendedS3DestinationDescription": {
                "RoleARN": f"arn:aws:iam::{ACCOUNT}:role/r", "BucketARN": f"arn:aws:s3:::{BUCKET}", "BufferingHints": {},
                "CompressionFormat": "GZIP", "EncryptionConfiguration": {},
                "Prefix": "access-logs/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"}}]}}


class Requests(Connection):
    """The range of an object that is asked for stands in a header."""

    def data_received(self, data: bytes) -> None:
        found = re.search(rb"(?i)\r\nrange: *bytes=(\d+)-(\d+)", data)
        self.answers.range = (int(found[1]), int(found[2]) + 1) if found else (0, 1 << 60)
        super().data_received(data)


async def serve(answers: Answers) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Requests(answers), "127.0.0.1", 0)  # type: ignore[arg-type]
    print(f"endpoint http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():  # "calls": since the last time
        print(json.dumps({"calls": answers.calls, "missing": sorted(answers.missing)[:5], "scanned": answers.scanned,
                          "cpu_s": time.process_time()}), flush=True)
        answers.calls, answers.scanned = Counter(), Counter()


def main() -> None:
    asyncio.run(serve(Answers(Month(sys.argv[1], *map(int, sys.argv[2:6])))))


if __name__ == "__main__":
    main()
