"""A pipeline with some days of traffic, and one or several daemons that look after it."""

import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
for folder in ("system/campaign", "system/billing", "system", ""):
    sys.path.insert(0, str(TESTS / folder))

import world as accounts  # noqa: E402
from close_world import Books  # noqa: E402
from conftest import Daemon, Spec, make_api, pipeline  # noqa: E402
from rollup_world import BUCKET, GROUP, WORKGROUP, World  # noqa: E402
from sandbox.control import ACCOUNT, Sandbox  # noqa: E402

MONTH, SINCE, NOW = "2025-10", "2025-10-29", "2025-11-03T10:00"
DAYS = ("2025-10-29", "2025-10-30", "2025-10-31", "2025-11-01")
MORE = 5  # pipelines that bill nothing, each with a lease of its own
PIPELINES = (*(f"more-{n}" for n in range(MORE)), "shop")  # the last is the one with a bill
PATIENCE_S = 300  # for what is certain to come


class Place:
    def __init__(self, sandbox: Sandbox, folder: Path, count: int, period_s: int):
        text = "".join(pipeline(name, f"api-{name}") for name in PIPELINES)
        self.sandbox, self.spec = sandbox, Spec(folder / "billing.yaml", text)
        self.spec.settings |= {"lease": f"{period_s}s", "breaker": "1000", "breaker_window": "1m", "max_changes": "500"}
        for name in PIPELINES:
            make_api(sandbox, f"api-{name}")
        self.world = World(sandbox, self.spec)
        self.world.write(since=SINCE, late=5)
        self.books = Books(self.world)
        self.truth: Counter[str] = Counter()
        self.changed: set[str] = set()  # pipelines whose log group somebody set otherwise
        for day in DAYS:
            self.traffic(day, f"{day}T12:05")
        self.logs = sandbox.client("logs")
        self.keys = [sandbox.account(ACCOUNT, arn=f"arn:aws:iam::{ACCOUNT}:user/sandbox") for _ in range(count)]
        self.daemons: list[Daemon | None] = [None] * count

    # -- what happens --------------------------------------------------------------------------------

    def traffic(self, day: str, arrival: str) -> None:
        self.world.request(f"{day}T12:00", arrival=arrival, sub=f"customer-{self.world.made % 3}")
        self.truth[day] += 1

    def drift(self, name: str) -> None:
        self.logs.put_retention_policy(logGroupName=f"/aws/apigw/{name}", retentionInDays=1)
        self.changed.add(name)

    def is_repaired(self) -> bool:
        for name in sorted(self.changed):
            groups = self.logs.describe_log_groups(logGroupNamePrefix=f"/aws/apigw/{name}")["logGroups"]
            if groups[0]["retentionInDays"] != 90:
                return False
            self.changed.remove(name)
        return True

    def is_built(self) -> bool:
        found = self.world.partitions()
        return all(int(found.get(day, {}).get("calls", -1)) == calls for day, calls in self.truth.items())

    # -- the daemons ---------------------------------------------------------------------------------

    def start(self, index: int) -> Daemon:
        key = self.keys[index]
        self.daemons[index] = made = Daemon(self.sandbox, self.spec, AWS_ACCESS_KEY_ID=key["access_key"],
                                            AWS_SECRET_ACCESS_KEY=key["secret_key"])
        self.wait(lambda: made.events("started"))
        return made

    def holders(self) -> dict[str, int | None]:
        """Which daemon holds the lease of each pipeline, as it lies there; None: nobody."""
        pids = {daemon.process.pid: index for index, daemon in enumerate(self.daemons) if daemon}
        found: dict[str, int | None] = {}
        for name in PIPELINES:
            try:
                body = self.world.s3.get_object(Bucket=f"{name}-bucket", Key=lease_of(name))["Body"].read()
            except self.world.s3.exceptions.NoSuchKey:
                found[name] = None
                continue
            found[name] = pids.get((json.loads(body)["holder"] or {}).get("pid"))
        return found

    def roles(self, index: int) -> dict[str, str]:
        daemon = self.daemons[index]
        assert daemon
        told = json.loads(daemon.get("/api/v1/status")[1])["pipelines"]
        return {one["pipeline"]: str((one["leader"] or {}).get("role")) for one in told}

    def wait(self, what: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            time.sleep(0.05)
        logs = "\n".join(f"--- {i}:\n" + "\n".join(d.lines[-15:]) for i, d in enumerate(self.daemons) if d)
        raise AssertionError(f"never came true; log:\n{logs}")

    def wake(self, but: int) -> None:
        for index, daemon in enumerate(self.daemons):
            if daemon and index != but:
                daemon.send(signal.SIGUSR1)

    def end(self) -> None:
        for daemon in self.daemons:
            if daemon and daemon.process.poll() is None:
                assert daemon.end() == 0

    def kill(self) -> None:
        for daemon in self.daemons:
            if daemon and daemon.process.poll() is None:
                daemon.process.kill()
                daemon.process.wait()

    # -- what came of it -----------------------------------------------------------------------------

    def queries(self) -> tuple[Counter[str], int]:
        """What was asked of Athena so far, by kind, and the bytes that it read for it."""
        kinds: Counter[str] = Counter()
        scanned = 0
        for page in self.world.athena.get_paginator("list_query_executions").paginate(WorkGroup=WORKGROUP):
            ids = page["QueryExecutionIds"]
            for one in self.world.athena.batch_get_query_execution(QueryExecutionIds=ids)["QueryExecutions"] if ids else []:
                kinds[kind_of(one["Query"])] += 1
                scanned += one["Statistics"]["DataScannedInBytes"]
        return kinds, scanned

    def state(self) -> dict[str, Any]:
        """All that has to be the same however it came about: the account, the days, the bill's bytes, the closed month."""
        plan = self.world.run("plan", "-o", "json")
        bill = self.world.run("bill", "--month", MONTH, "-o", "json", "--pipeline", "shop").stdout
        self.books.close(MONTH, "--pipeline", "shop")
        manifest = self.books.manifest(MONTH)
        files = {f["name"]: self.books.file(f["name"], MONTH).decode("utf-8", "replace") for f in manifest["files"]
                 if f["name"] in ("invoice.json", "invoices.csv", "usage.csv", "lines.csv")}
        return {"writes planned": json.loads(plan.stdout)["summary"]["writes"] if "summary" in plan.stdout else plan.stdout,
                "account": accounts.normalised(self.sandbox.snapshot("ap-northeast-2", "iam", "logs", "firehose", "athena", "apigatewayv2")),
                "days": self.world.days(), "bill": bill, "files": sorted(files), **files,
                "runs": {day: len([r for r, d in self.world.runs().items() if d == day]) for day in DAYS}}


def kind_of(sql: str) -> str:
    return "build" if "UNLOAD" in sql.upper() else "question"


def lease_of(name: str) -> str:
    return f"_billingd/{name}/leader.json"
