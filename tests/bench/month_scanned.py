#!/usr/bin/env python3
"""What Athena would scan for a bill, from rollups and from raw events, of months of more and more requests of equal customers.

    build/venv/bin/python tests/bench/month_scanned.py [REQUESTS ...]      default 10000 30000 100000 300000

By the sandbox, which charges whole files of the partitions that a query leaves.  Writes month_scanned.json.
"""
import json
import re
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/bench")]
from bill_speed import MONTH, SPEC, run  # noqa: E402
from sandbox.control import start_sandbox  # noqa: E402


def measure(requests: int) -> dict[str, int]:
    with start_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        spec = Path(folder) / "billing.yaml"
        spec.write_text(SPEC)
        sandbox.client("apigatewayv2").create_api(Name="ddn-api", ProtocolType="HTTP", Target="https://example.com")
        run(sandbox, spec, "apply", "--yes")
        sandbox.generate(MONTH, requests=requests, customers=20, log_group="/aws/apigw/bench")
        run(sandbox, spec, "rollup", "--month", MONTH)
        _, done = run(sandbox, spec, "bill", "--month", MONTH, "-o", "json", "--from-raw")
        told = dict(re.findall(r"usage_(\w+): (\d+) bytes scanned", done.stderr))
        lines = sum(json.loads(done.stdout)[part]["calls"] for part in ("totals", "unattributed"))
        found = {"requests": lines, "rollups": int(told["rollup"]), "raw": int(told["raw"])}
        print(f"| {lines:,} | {found['raw']:,} | {found['rollups']:,} | {100 * found['rollups'] / found['raw']:.2f} % |", flush=True)
        return found


def main() -> None:
    print("| requests | raw | rollups | share |\n|---|---|---|---|")
    found = [measure(int(word)) for word in sys.argv[1:] or ("10000", "30000", "100000", "300000")]
    (ROOT / "tests/bench/month_scanned.json").write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    main()
