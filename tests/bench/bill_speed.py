#!/usr/bin/env python3
"""How much a rollup saves, and what billingd itself costs: ratios measured in one run.

    build/venv/bin/python tests/bench/bill_speed.py [REQUESTS]      default 1000000

A month of generated traffic goes through the sandbox; `billingd rollup` builds its days; then the bill is
made from rollups and from raw events, by the same program against the same engine (DuckDB behind Athena's
API).  Printed: wall time of the whole process, the engine's own time as Athena's API tells it (planning
included), their ratio, and billingd's share on top of the engine.  A measurement, not a test: nothing fails for
being slow, but a bill that is not the generator's own count, to the cent, ends it.
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


def engine_seconds(stderr: str) -> list[float]:
    """What Athena's API said each source took, in the order they were read."""
    return [int(ms) / 1000 for ms in re.findall(r"(\d+) ms", stderr)]


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

        rollup_wall, rollup_engine, both_wall, raw_engine = [], [], [], []
        for _ in range(3):
            seconds, done = run(sandbox, spec, "bill", "--month", MONTH, "-o", "json")
            rollup_wall.append(seconds)
            rollup_engine.append(engine_seconds(done.stderr)[0])
            text = done.stdout
            seconds, done = run(sandbox, spec, "bill", "--month", MONTH, "-o", "json", "--from-raw")
            both_wall.append(seconds)
            print(f"  {rollup_wall[-1]:.3f} s from rollups, {seconds:.3f} s from both")
            raw_engine.append(engine_seconds(done.stderr)[-1])
        compare(text, truth)
        wall, engine = median(rollup_wall), median(rollup_engine)
        raw_wall, raw = median(both_wall) - wall, median(raw_engine)
        print(f"bill from rollups: {wall:.3f} s in all, engine {engine:.3f} s (median of 3)")
        print(f"bill from raw:     {raw_wall:.3f} s in all, engine {raw:.3f} s (median of 3)")
        print(f"raw / rollups: {raw_wall / wall:.0f} x in all, {raw / engine:.0f} x in the engine")
        print(f"billingd on top of the engine, from raw: {100 * (raw_wall - raw) / raw:.1f} %")


if __name__ == "__main__":
    main()
