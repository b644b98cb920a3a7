#!/usr/bin/env python3
"""What closing a month costs billingd's own process, by customers: CPU, memory, time and the longest round of the loop.

    build/venv/bin/python tests/bench/close_curve.py [CUSTOMERS[,bill|,ubl] ...]     the usual: 10,000, 50,000 and 100,000
    BENCH_VERBS=close,verify,receipt ...                                        these alone

The month is made up by a stand-in (month_stand_in.py), which also keeps what is written, packed, in a temporary file.  Every customer
has two routes with three statuses; ",bill" closes without a seller, so without documents of customers; with ",ubl" the spec says of
each who it is, so that each has an electronic invoice, too.  Behind the close something
more arrives for everybody, which the correction bills.  Each verb must end as it should; nothing fails for being slow.  TMPDIR says
where the files lie: 100,000 customers with documents take some 2 GB there.
"""
import asyncio
import bisect
import json
import os
import subprocess
import sys
import tempfile
import time
import zlib
from collections import Counter
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

sys.path.insert(0, __file__.rpartition("/")[0])
import month_curve  # noqa: E402
from month_stand_in import BUCKET, PAGE, Answers, Month, Requests  # noqa: E402

ROUTES = 2
KINDS = {"bill": "no", "": "yes", "ubl": "with UBL"}
SELLER = """      seller: {name: Example API Ltd, address: [1 Example Street, 04524 Seoul], country: KR, tax_id: 123-45-67890, series: INV-, tax: home}
      taxes: [{name: home, category: standard, rate: "10"}]
"""
UBL = """      seller: {name: Example API Ltd, address: [1 Example Street, 04524 Seoul], country: KR, tax_id: 123-45-67890, series: INV-, tax: home, due_days: 30}
      taxes: [{name: home, category: standard, rate: "10"}]
      customers:
"""


def buyer(number: int) -> str:
    """An entry of the map, as short as an invoice lets it be."""
    customer = f"customer-{number:08}"
    return f"        - {{sub: {customer}, customer: {customer}, name: Buyer {number}, address: Weg {number}, country: DE}}\n"


class LateMonth(Month):
    """Its objects can be others from some moment on, and each line have a call more."""

    edition = 0
    first_day = int(f"{month_curve.MONTH.replace('-', '')}01")

    def contents(self, number: int) -> str:
        return super().contents(number).replace("&quot;0", f"&quot;{self.edition}", 1)

    def more(self) -> None:
        self.edition += 1
        self.events += self.rows

    def usage_row(self, number: int, by: bool = False) -> str:
        """With `by` as usage_days answers: each line is of one day."""
        if not by:
            return super().usage_row(number)
        sub, route, status, _, calls, size = super().usage_row(number, by=True).rstrip("\n").split(",")
        return f'"{(self.first_day + number % 30):08}",{sub},{route},{status},{calls},{size}\n'


class Kept(Answers):
    """Objects are written once, and read in parts."""

    def __init__(self, month: LateMonth, file: BinaryIO):
        super().__init__(month)
        self.file, self.places, self.sorted = file, dict[str, tuple[int, int, int]](), list[str]()

    def s3(self, method: str, target: str, body: bytes) -> bytes:
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        key = unquote(parts.path).partition(f"/{BUCKET}/")[2]
        if method == "PUT":
            self.calls["PutObject"] += 1
            return self.put(key, body)
        if method == "GET" and key in self.places:
            self.calls["GetObject"] += 1
            return self.get(key)
        if method == "GET" and query.get("list-type") == "2" and "delimiter" not in query and query.get("prefix", "").startswith("billing/"):
            self.calls["ListObjectsV2"] += 1
            return self.reply(200, self.page(query), "application/xml")
        return super().s3(method, target, body)

    def do_StartQueryExecution(self, asked: dict[str, Any]) -> dict[str, Any]:
        made = super().do_StartQueryExecution(asked)
        if "month * 100 + day AS bigint) AS day" in asked["QueryString"]:
            self.queries[made["QueryExecutionId"]] = ("usage_by", "")
        return made

    def put(self, key: str, body: bytes) -> bytes:
        if key in self.places:
            return self.reply(412, "<Error><Code>PreconditionFailed</Code><Message>there</Message></Error>", "application/xml")
        packed = zlib.compress(body, 1)
        self.places[key] = (self.file.seek(0, 2), len(packed), len(body))
        self.file.write(packed)
        return self.reply(200, b"", ETag='"1"')

    def get(self, key: str) -> bytes:
        at, length, size = self.places[key]
        self.file.seek(at)
        first, end = self.range[0], min(self.range[1], size)
        data = zlib.decompress(self.file.read(length))[first:end]
        return self.reply(206, data, "application/octet-stream", ETag='"1"', Content_Range=f"bytes {first}-{end - 1}/{size}")

    def page(self, query: dict[str, str]) -> str:
        if len(self.sorted) != len(self.places):
            self.sorted = sorted(self.places)
        prefix = query["prefix"]
        at = max(bisect.bisect_left(self.sorted, prefix), bisect.bisect_right(self.sorted, query.get("start-after", "")))
        at = int(query.get("continuation-token", at))
        keys = [key for key in self.sorted[at:at + PAGE] if key.startswith(prefix)]
        items = "".join(f"<Contents><Key>{escape(key)}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;1&quot;</ETag>"
                        f"<Size>{self.places[key][2]}</Size><StorageClass>STANDARD</StorageClass></Contents>" for key in keys)
        more = str(at + PAGE) if len(keys) == PAGE else ""
        return (f"<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Name>{BUCKET}</Name><Prefix>{escape(prefix)}</Prefix>"
                f"<KeyCount>{len(keys)}</KeyCount><MaxKeys>{PAGE}</MaxKeys><EncodingType>url</EncodingType>"
                f"<IsTruncated>{'true' if more else 'false'}</IsTruncated>"
                + (f"<NextContinuationToken>{more}</NextContinuationToken>" if more else "") + items + "</ListBucketResult>")


async def serve(answers: Kept, month: LateMonth) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Requests(answers), "127.0.0.1", 0)  # type: ignore[arg-type]
    print(f"endpoint http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    while word := (await loop.run_in_executor(None, sys.stdin.readline)).strip():
        if word == "more":
            month.more()
        print(json.dumps({"calls": answers.calls, "missing": sorted(answers.missing)[:5], "scanned": answers.scanned,
                          "cpu_s": time.process_time()}), flush=True)
        answers.calls, answers.scanned = Counter(), Counter()


class StandIn(month_curve.StandIn):
    def __init__(self, customers: int):
        self.events = customers * ROUTES * 3 * 5
        self.process = subprocess.Popen([sys.executable, __file__, "--serve", str(customers)], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE)
        self.endpoint = self.process.stdout.readline().split()[1]  # type: ignore[union-attr]

    def more(self) -> None:
        self.process.stdin.write("more\n")  # type: ignore[union-attr]
        self.process.stdin.flush()  # type: ignore[union-attr]
        self.process.stdout.readline()  # type: ignore[union-attr]


def measure(customers: int, documents: str) -> None:
    month, wanted = month_curve.MONTH, os.environ.get("BENCH_VERBS", "").split(",")
    with StandIn(customers) as stand_in, tempfile.TemporaryDirectory() as folder:
        spec, key = Path(folder) / "billing.yaml", Path(folder) / "key.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
        key.chmod(0o600)
        more = {"bill": "", "": SELLER, "ubl": UBL + "".join(map(buyer, range(customers)))}[documents]
        spec.write_text(month_curve.SPEC + f"      close: {{signing_key: {key}}}\n" + more)
        one = ("--customer", "customer-00000007", "--month", month)
        steps: list[tuple[str, ...]] = [
            ("close", month, "--yes"), ("verify", month),
            *([("receipt", *one, "--out", f"{folder}/receipt.json")] if documents != "bill" else []), ("bill", "--month", month, "-o", "json"),
            ("close", month, "--correct", "--yes"), ("verify", month)]
        month_curve.run(stand_in, spec, "rollup", "--month", month)
        for number, words in enumerate(steps):
            if words[0] == "close" and number:
                stand_in.more()
                stand_in.events += customers * ROUTES * 3
                month_curve.run(stand_in, spec, "rollup", "--month", month)
            if wanted != [""] and words[0] not in wanted:
                continue
            found = month_curve.run(stand_in, spec, *words)
            print(f"| {customers:,} | {KINDS[documents]} | `{' '.join(w for w in words if w in (words[0], '--correct'))}` | "
                  f"{found['cpu_s']:.1f} s | {found['memory_kib'] >> 10} MiB | {found['wall_s']:.0f} s | {found['calls']:,} | "
                  f"{found['longest_round_ms']} ms |", flush=True)


def main() -> None:
    if sys.argv[1:2] == ["--serve"]:
        customers = int(sys.argv[2])
        month = LateMonth(month_curve.MONTH, customers * ROUTES * 3 * 5, 744, customers, ROUTES)
        with tempfile.TemporaryFile() as file:
            asyncio.run(serve(Kept(month, file), month))
        return
    print("| Customers | Documents |  | CPU | Memory | Time | Calls | Longest round, CPU |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for word in sys.argv[1:] or ("10000", "50000", "100000"):
        customers, _, only = word.partition(",")
        measure(int(customers), only)


if __name__ == "__main__":
    main()
