#!/usr/bin/env python3
"""How much a rollup saves, and what billingd itself costs: ratios measured in one run.

    build/venv/bin/python tests/bench/bill_speed.py [REQUESTS]      default 1000000

A month of generated traffic goes through the sandbox; `billingd rollup` builds its days; then the bill is
made from rollups and from raw events, by the same program against the same engine (DuckDB behind Athena's
API).  Beside it the same two queries are sent to the engine by themselves: the floor.  Printed: both times for
both sources, their ratios, and billingd's share on top of the floor.  A measurement, not a test: nothing fails
for being slow, but a bill that is a draft, or not the generator's own count, to the cent, ends it.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))
from sandbox.control import ACCOUNT, REGION, Sandbox, start_sandbox  # noqa: E402

BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()
MONTH = "2025-10"
SPEC = f"""account: "{ACCOUNT}"
region: {REGION}
template: {ROOT}/specs/pipeline.yaml
pipelines:
  ddn-api:
    parameters: {{api_name: ddn-api, bucket: bench-bucket, firehose: bench, log_group: /aws/apigw/bench,
                 database: bench, workgroup: bench}}
    billing:
      time_zone: UTC
      currency: USD
      prices: [{{from: 2020-01-01, call: 0.001, gib: 0.10}}]
      rollup: {{since: {MONTH}-01, parallel_queries: 2}}
"""


def run(sandbox: Sandbox, spec: Path, *words: str) -> tuple[float, subprocess.CompletedProcess[str]]:
    begin = time.monotonic()
    done = subprocess.run([BINARY, "-f", spec, *words], text=True, capture_output=True, stdin=subprocess.DEVNULL,
                          env={**os.environ, **sandbox.environment()})
    seconds = time.monotonic() - begin
    if done.returncode:
        sys.exit(f"billingd {' '.join(words)} ended with {done.returncode}:\n{done.stderr}")
    return seconds, done


def floor_seconds(sandbox: Sandbox, sql: str) -> float:
    """The query alone, from its start to the end of its result, as Athena's API tells it."""
    athena = sandbox.client("athena")
    identifier = athena.start_query_execution(QueryString=sql, WorkGroup="bench",
                                              QueryExecutionContext={"Database": "bench"})["QueryExecutionId"]
    state, pause = "QUEUED", 0.05
    while state in ("QUEUED", "RUNNING"):
        time.sleep(pause := min(pause * 1.5, 2))  # asking costs the sandbox time
        execution = athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
        state = execution["Status"]["State"]
    if state != "SUCCEEDED":
        sys.exit(f"a query {state}")
    return int(execution["Statistics"]["TotalExecutionTimeInMillis"]) / 1000


def queries(sandbox: Sandbox, spec: Path) -> list[str]:
    """What `bill --from-raw` asks: from rollups, from raw."""
    text = run(sandbox, spec, "bill", "--month", MONTH, "--dry-run", "--from-raw")[1].stdout
    return re.split(r"\n-- usage_\w+, .*\n", text)[1:]


def cents(calls: int, size: int) -> str:
    """The seed's formula, in fractions."""
    amount = Fraction(calls, 1000) + Fraction(size, 2**30) / 10
    return str((Decimal(amount.numerator) / amount.denominator).quantize(Decimal("0.01"), ROUND_HALF_UP))


def compare(text: str, truth: dict[str, Any]) -> None:
    """Ends the run unless every customer's calls, bytes and total are the generator's."""
    bill = json.loads(text)
    billed = {line["customer"]: (line["calls"], line["bytes"], line["total"]) for line in bill["lines"]}
    true = {sub: (one["calls"], one["bytes"], cents(one["calls"], one["bytes"]))
            for sub, one in truth["customers"].items() if one["calls"]}
    nobody = truth["unattributed"]
    wrong = [sub for sub in billed.keys() | true.keys() if billed.get(sub) != true.get(sub)]
    wrong += ["unattributed"] * (bill["unattributed"]["calls"] != nobody["calls"]
                                 or bill["unattributed"]["bytes"] != nobody["bytes"])
    if wrong:
        sys.exit(f"{len(wrong)} customers are not billed what they used, {wrong[0]} one of them")
    print(f"equal to the truth: {len(true)} customers and the unattributed line, calls, bytes and cents")


def main() -> None:
    requests = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with start_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "billing.yaml"
        spec.write_text(SPEC)
        sandbox.client("apigatewayv2").create_api(Name="ddn-api", ProtocolType="HTTP", Target="https://example.com")
        run(sandbox, spec, "apply", "--yes")
        begin = time.monotonic()
        truth = sandbox.generate(MONTH, requests=requests, customers=200, log_group="/aws/apigw/bench")
        print(f"{requests} requests generated and delivered: {time.monotonic() - begin:.1f} s")
        seconds, _ = run(sandbox, spec, "rollup", "--month", MONTH)
        print(f"31 days rolled up (first reading of all objects included): {seconds:.1f} s")

        walls, floors = ([], []), ([], [])
        for _ in range(3):
            rollup_wall, done = run(sandbox, spec, "bill", "--month", MONTH, "-o", "json")
            both_wall, _ = run(sandbox, spec, "bill", "--month", MONTH, "-o", "json", "--from-raw")
            for source, seconds in enumerate((rollup_wall, both_wall - rollup_wall)):
                walls[source].append(seconds)
                floors[source].append(floor_seconds(sandbox, queries(sandbox, spec)[source]))
        if "draft" in done.stderr:
            sys.exit("the bill is a draft")
        compare(done.stdout, truth)
        for source, seconds, floor in zip(("rollups", "raw"), walls, floors, strict=True):
            print(f"bill from {source + ':':8} {median(seconds):7.3f} s in all, its query alone {median(floor):7.3f} s "
                  "(median of 3)")
        (rollups, raw), (rollup_floor, raw_floor) = map(median, walls), map(median, floors)
        print(f"raw / rollups: {raw / rollups:.0f} x in all, {raw_floor / rollup_floor:.0f} x for the query alone")
        print(f"billingd on top of the query, from raw: {100 * (raw - raw_floor) / raw_floor:.1f} %")


if __name__ == "__main__":
    main()
