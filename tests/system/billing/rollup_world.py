"""A pipeline with a few days of traffic: what its rollups hold, by the truth and by Athena."""

import json
import os
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

from sandbox.control import Sandbox

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()
GROUP, BUCKET, DATABASE, WORKGROUP = "/aws/apigw/shop", "shop-bucket", "shop", "shop-group"
TABLE, RUNS = "restapi_access_log_parquet", "restapi_access_log_parquet_runs"
DAY_MS = 86400 * 1000

BILLING = """    billing:
      time_zone: {zone}
      prices: [{prices}]
      rollup: {{since: {since}, group_by: [{columns}], late_days: {late}, keep_runs: {keep},
               parallel_queries: {parallel}, scan_budget: {budget}}}
{more}"""
DEFAULTS = {"prices": "{from: 2020-01-01, call: 0.001, gib: 0.10}", "zone": "UTC", "since": "2025-10-01", "columns": "sub, user, method, route, status", "late": 3,
            "keep": "0h", "parallel": 2, "budget": "100GiB", "more": ""}


class World:
    def __init__(self, sandbox: Sandbox, spec: Any):
        self.sandbox, self.spec, self.values = sandbox, spec, dict(DEFAULTS)
        self.pipelines = spec.pipelines
        self.athena, self.glue, self.s3 = (sandbox.client(n) for n in ("athena", "glue", "s3"))
        self.template: Path | None = None
        self.made = 0
        self.newest = 0  # when the last call was made, of those that a test sends as traffic
        self.write()

    # -- the spec ------------------------------------------------------------------------------------

    def write(self, **values: Any) -> None:
        self.values |= values
        self.spec.write(pipelines=self.pipelines + BILLING.format(**self.values))
        if self.template:
            text = re.sub(r"(?m)^template: .*", f"template: {self.template}", self.spec.path.read_text())
            self.spec.path.write_text(text)

    def own_template(self) -> Path:
        """A copy of the shipped template that may be changed; its folder."""
        folder = self.spec.path.parent / "template"
        shutil.copytree(ROOT / "specs", folder, dirs_exist_ok=True)
        self.template = folder / "pipeline.yaml"
        self.write()
        return folder

    def change_sql(self) -> None:
        """Another text of rollup.sql that means the same."""
        assert self.template, "own_template first"
        path = self.template.parent / "sql/rollup.sql"
        self.made += 1
        path.write_text(f"-- change {self.made}\n" + path.read_text())

    # -- running -------------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BILLING"))}
        return {**kept, **self.sandbox.environment(), "HOME": str(self.spec.path.parent)}

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen([BINARY, "-f", self.spec.path, *words], text=True, stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=self.environment())

    def run(self, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([BINARY, "-f", self.spec.path, *words], text=True, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=180, env=self.environment())
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        assert done.returncode == code, f"{done.returncode}: {done.stdout[-2000:]}\n{done.stderr[-3000:]}"
        return done

    def rollup(self, *words: str, code: int = 0, to: str = "2025-10-09") -> dict[str, Any]:
        more = () if any(w in ("--to", "--day", "--month") for w in words) else ("--to", to)
        return json.loads(self.run("rollup", "-o", "json", *more, *words, code=code).stdout)

    def apply(self) -> None:
        self.run("apply", "--yes")

    # -- what is there -------------------------------------------------------------------------------

    def query(self, sql: str) -> list[list[str | None]]:
        identifier = self.athena.start_query_execution(
            QueryString=sql, WorkGroup=WORKGROUP, QueryExecutionContext={"Database": DATABASE})["QueryExecutionId"]
        while True:
            status = self.athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.02)
        assert status["State"] == "SUCCEEDED", status
        rows: list[list[str | None]] = []
        for page in self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=identifier):
            rows += [[d.get("VarCharValue") for d in row["Data"]] for row in page["ResultSet"]["Rows"]]
        return rows[1:]

    def days(self) -> dict[str, dict[str, list[int]]]:
        """Day -> sub or "" -> [calls, bytes], from the rollup table: the truth's own form."""
        found: dict[str, dict[str, list[int]]] = {}
        for day, sub, calls, size in self.query(
                f"SELECT req_date, sub, sum(calls), sum(total_bytes) FROM {TABLE} GROUP BY 1, 2"):
            found.setdefault(str(day), {})[sub or ""] = [int(calls or 0), int(size or 0)]
        return found

    def partitions(self) -> dict[str, dict[str, Any]]:
        """Day -> {"run", "location", "calls", ...}; fails when a day has two."""
        found: dict[str, dict[str, Any]] = {}
        for page in self.glue.get_paginator("get_partitions").paginate(DatabaseName=DATABASE, TableName=TABLE):
            for one in page["Partitions"]:
                day = "{:04d}-{:02d}-{:02d}".format(*map(int, one["Values"]))
                assert day not in found, f"two partitions for {day}"
                found[day] = {k.removeprefix("billingd."): v for k, v in one["Parameters"].items()}
                found[day]["location"] = one["StorageDescriptor"]["Location"]
        return found

    def runs(self) -> dict[str, str]:
        """Run -> its one day, from the files."""
        found: dict[str, str] = {}
        for one in self.sandbox.objects(BUCKET, "parquet-data/"):
            match = re.match(r"parquet-data/year=(\d+)/month=(\d+)/day=(\d+)/run=([^/]+)/", one["key"])
            assert match, one["key"]
            found[match[4]] = "-".join(match.group(1, 2, 3))
        return found

    def ours(self, **match: Any) -> list[dict[str, Any]]:
        return [c for c in self.sandbox.calls(**match) if c["client"].startswith("billingd")]

    def states(self, answer: dict[str, Any], key: str = "state") -> dict[str, str]:
        return {d["day"]: d[key] for d in answer["days"]}

    # -- traffic -------------------------------------------------------------------------------------

    def request(self, day: str, arrival: str, sub: str = "late-sub", size: int = 100,
                identifier: str | None = None, counted: bool = False) -> None:
        """One request made at noon of the day (or at a given time) that arrives when told; UTC. One with an
        identifier has no time but its log event's, so that another may be its copy. Counted: at the gateway."""
        self.made += 1
        made, came = moment(day if "T" in day else f"{day}T12:00"), moment(arrival)
        line = {"requestId": identifier or f"late-{self.made}", "sub": sub, "username": sub, "status": "200",
                "requestTimeEpoch": "-" if identifier else str(made), "responseLength": str(size), "httpMethod": "GET",
                "routeKey": "GET /late", "path": "/late"}
        self.sandbox.traffic(GROUP, [{"message": json.dumps(line, separators=(",", ":")),
                                      "timestamp": made * 1000, "arrival": came * 1000}], counted=counted)


def moment(text: str) -> int:
    """"2025-10-01T12:30" (UTC) as epoch seconds."""
    import calendar
    return calendar.timegm(time.strptime(text, "%Y-%m-%dT%H:%M"))
