"""Scenes: an account in which one verb has something to do, and how one sees that it is done."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent.parent
for folder in ("", "system", "system/billing", "system/campaign"):
    sys.path.append(str(TESTS / folder))

import audit_world  # noqa: E402
import close_world  # noqa: E402
import rollup_world  # noqa: E402
import seed  # noqa: E402
import world as accounts  # noqa: E402
from sandbox.control import ACCOUNT, REGION, Sandbox  # noqa: E402

ROOT = TESTS.parent
BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()
GROUP, BUCKET, MONTH = rollup_world.GROUP, rollup_world.BUCKET, "2025-10"
SPEC = """account: "{account}"
region: {region}
reconcile: {{settle_timeout: 20s}}
template: {root}/specs/pipeline.yaml
pipelines:
  shop:
    region: {region}
    parameters: {{api_name: ddn-api, bucket: {bucket}, firehose: shop-stream, log_group: {group},
                 database: shop, workgroup: shop-group}}
"""


@dataclass
class Done:
    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


class Place:
    """A sandbox, or a copy of one, and the folder with the spec."""

    def __init__(self, sandbox: Sandbox, folder: Path):
        self.sandbox, self.folder, self.spec = sandbox, folder, folder / "billing.yaml"
        self.account = accounts.World(sandbox)

    binary = BINARY

    def copy(self) -> "Place":
        return Place(self.sandbox.copy(), self.folder)

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BILLING", "NO_COLOR"))}
        return {**kept, **self.sandbox.environment(), "BILLING_ACCOUNT_ID": ACCOUNT, "HOME": str(self.folder), **more}

    def begin(self, *words: str, **more: str) -> "subprocess.Popen[str]":
        return subprocess.Popen([BINARY, "-f", self.spec, *words], cwd=self.folder, text=True, env=self.environment(**more),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words: str, timeout: float = 300) -> Done:
        process = self.begin(*words)
        try:
            out, err = process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise
        return Done(process.returncode, out, err)

    def must(self, *words: str, code: int = 0) -> Done:
        done = self.run(*words)
        assert done.code == code, f"{words}: exit {done.code}\n{done.text[-3000:]}"
        return done

    def calls(self) -> list[dict[str, Any]]:
        return [c for c in self.sandbox.calls() if c["client"].startswith("billingd")]

    def data(self) -> rollup_world.World:
        """The same as the tests of billing see it; writes nothing."""
        made = rollup_world.World.__new__(rollup_world.World)
        made.made = 0
        made.sandbox, made.s3 = self.sandbox, self.account.s3
        made.athena, made.glue = self.account.athena, self.account.glue
        return made


State = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    name: str
    words: tuple[str, ...]
    make: Callable[[Place], None]
    state: Callable[[Place], State]  # what must be the same whatever happened on the way
    settle: tuple[tuple[str, ...], ...] = ()  # verbs that must then bring it to its end; () stands for words
    lives: bool = False  # it is the daemon: it ends when told to, once it has nothing left to do
    over: Callable[[Place], bool] | None = None  # whether there is nothing left to do for them, whatever they end with

    @property
    def ends(self) -> tuple[tuple[str, ...], ...]:
        return self.settle or (self.words,)


# ---- the pipeline ----

def write_spec(place: Place, billing: str = "") -> None:
    place.spec.write_text(SPEC.format(account=ACCOUNT, region=REGION, root=ROOT, bucket=BUCKET, group=GROUP) + billing)


def empty(place: Place) -> None:
    write_spec(place)
    place.account.api()


def converged(place: Place) -> None:
    empty(place)
    place.must("apply", "--yes")


def drifted(place: Place) -> None:
    converged(place)
    spoil(place)


def spoil(place: Place) -> None:
    """One of each: changed, loosened, removed, gone with what needs it, and something of others beside."""
    a = place.account
    a.logs.put_retention_policy(logGroupName=GROUP, retentionInDays=7)
    for one in a.logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"]:
        a.logs.delete_subscription_filter(logGroupName=GROUP, filterName=one["filterName"])
    a.s3.delete_bucket_policy(Bucket=BUCKET)
    a.s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "owner", "Value": "ops"}]})
    a.s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [
        {"ID": "exports", "Status": "Enabled", "Filter": {"Prefix": "exports/"}, "Expiration": {"Days": 7}}]})
    a.s3.delete_public_access_block(Bucket=BUCKET)
    role = next(r["RoleName"] for r in a.iam.list_roles()["Roles"] if "shop-stream" in r["RoleName"])
    for name in a.iam.list_role_policies(RoleName=role)["PolicyNames"]:
        a.iam.delete_role_policy(RoleName=role, PolicyName=name)
    tables = [t["Name"] for t in a.glue.get_tables(DatabaseName="shop")["TableList"]]
    a.glue.delete_table(DatabaseName="shop", Name=next(t for t in tables if t.endswith("json")))
    group = a.athena.list_named_queries(WorkGroup="shop-group")["NamedQueryIds"]
    a.athena.delete_named_query(NamedQueryId=group[0])
    a.athena.create_named_query(Name="mine", Database="shop", QueryString="SELECT 1", WorkGroup="shop-group")


def seeded(place: Place) -> None:
    """The pipeline of the two scripts, with what others added to it; the spec is the shipped one."""
    (place.folder / "specs").symlink_to(ROOT / "specs")  # where it lies beside the shipped spec
    place.spec.write_text((ROOT / "billing.yaml").read_text())
    api = seed.first_script(place.account)
    seed.second_script(place.account)
    seed.extras(place.account, api)


def pipeline_state(place: Place) -> State:
    """All that can be read there; and the plan must be empty."""
    plan = place.run("plan", "--detailed-exitcode", "-o", "json")
    return {"plan": plan.code, "account": accounts.normalised(place.account.snapshot())}


def drifted_state(place: Place) -> State:
    """A read: all is as it was, and it was asked for nothing else."""
    return {**pipeline_state(place), "writes": [call["operation"] for call in place.calls() if call["kind"] == "write"]}


# ---- its data ----

def pipeline_with(place: Place, more: str = "") -> None:
    write_spec(place, rollup_world.BILLING.format(**{**rollup_world.DEFAULTS, "more": more}))
    place.account.api()
    place.must("apply", "--yes")
    # The log group keeps 90 days; the traffic is of 2025.
    place.sandbox.switches(data_now=float(rollup_world.moment("2025-11-08T00:00")))


def traffic(place: Place, **options: Any) -> None:
    values = {"requests": 120, "customers": 5, "days": 2, "seed": 3, "margin_days": 0, "log_group": GROUP,
              **audit_world.BILLABLE}
    place.sandbox.generate(MONTH, **{**values, **options})


def delivered(place: Place) -> None:
    pipeline_with(place)
    traffic(place)
    place.data().query("SELECT 1")  # from here on what the sandbox's Athena answered is known in each copy


def rolled_up(place: Place) -> None:
    delivered(place)
    place.must("rollup", "--month", MONTH)


def with_a_gap(place: Place) -> None:
    pipeline_with(place)
    place.sandbox.blocks({"hop": "filter", "from": audit_world.hour("2025-10-01", 12),
                          "to": audit_world.hour("2025-10-01", 14)})
    traffic(place, late_hours=0, late_days=0)
    place.sandbox.blocks()
    place.must("rollup", "--month", MONTH)


def closable(place: Place) -> None:
    key = place.folder / "key.pem"
    close_world.openssl("genpkey", "-algorithm", "ed25519", "-out", str(key))
    key.chmod(0o600)
    pipeline_with(place, close_world.MORE.format(key=key))
    traffic(place)
    place.must("rollup", "--month", MONTH)


def log_objects(place: Place) -> list[tuple[str, int]]:
    return sorted((o["key"], o["size"]) for o in place.sandbox.objects(BUCKET, "access-logs/"))


def data_state(place: Place) -> State:
    """What was delivered, one run a day that holds it, the bill to the byte; and nothing else was changed."""
    data = place.data()
    bill = place.run("bill", "--month", MONTH, "-o", "json")
    document = json.loads(bill.out) if bill.out.startswith("{") else {}
    return {"objects": log_objects(place), "days": data.days(), "partitions": sorted(data.partitions()),
            "bill": [bill.code, {k: document.get(k) for k in ("lines", "unattributed", "totals", "total", "status")}],
            "plan": place.run("plan", "--detailed-exitcode").code}


def gap_state(place: Place) -> State:
    audit = place.run("audit", "--month", MONTH, "-o", "json")
    found = json.loads(audit.out) if audit.out.startswith("{") else {}
    return {**data_state(place), "audit": [audit.code, found.get("verdict")],
            "recovered": len({o["key"] for o in place.sandbox.objects(BUCKET, "recovered/")}) > 0}


def closed_state(place: Place) -> State:
    """One signed document that verifies, whose invoice is the bill, and whose number was given once."""
    state = data_state(place)
    verify = place.run("verify", MONTH, "-o", "json")
    texts = {o["key"]: o["text"] for o in place.sandbox.objects(BUCKET, close_world.FOLDER, text=True)}
    found = {}
    for key in [k for k in texts if k.endswith("/manifest.json")]:
        manifest = json.loads(texts[key])
        invoice = next(f["path"] for f in manifest["files"] if f["name"] == "invoice.json")
        lines = json.loads(texts[key.replace("manifest.json", invoice)]).get("lines")
        found[key] = {"customers": manifest.get("customers"), "lines": lines}
    numbers = sorted(o["key"] for o in place.sandbox.objects(BUCKET, "billing/numbers/"))
    return {**state, "verify": verify.code, "manifests": found, "numbers": len(numbers)}


def days_ago(days: int, form: str = "%Y-%m-%d") -> str:
    return time.strftime(form, time.gmtime(time.time() - days * 86400))


def living(place: Place) -> None:
    """Drift for its passes, and days for its rollups and its audit."""
    write_spec(place, rollup_world.BILLING.format(**{**rollup_world.DEFAULTS, "since": days_ago(6)}))
    place.spec.write_text("listen: 127.0.0.1:0\n" + place.spec.read_text())
    place.account.api()
    place.must("apply", "--yes")
    for ago in (6, 5, 4):
        place.data().request(days_ago(ago), arrival=days_ago(ago, "%Y-%m-%dT12:00"), sub="a", counted=True)
    spoil(place)


def living_state(place: Place) -> State:
    """Of the days that were due when it began: at midnight there is one more."""
    data, state = place.data(), pipeline_state(place)
    for path in [path for path in state["account"] if path.endswith("/GetPartitions")]:
        del state["account"][path]  # each run has a name of its own
    return {**state, "days": data.days(), "objects": log_objects(place),
            "partitions": sorted(day for day in data.partitions() if day <= days_ago(4))}


def closed(place: Place) -> bool:
    """It then ends with 4, and so it does where a write of one that was interrupted came after its own look."""
    return place.run("verify", MONTH).code == 0


SCENES = {scene.name: scene for scene in (
    Scene("plan", ("plan",), drifted, drifted_state),
    Scene("create", ("apply", "--yes"), empty, pipeline_state),
    Scene("steady", ("apply", "--yes"), converged, pipeline_state),
    Scene("drift", ("apply", "--yes"), drifted, pipeline_state),
    Scene("takeover", ("apply", "--yes"), seeded, pipeline_state),
    Scene("daemon", ("run",), living, living_state, lives=True),
    Scene("rollup", ("rollup", "--month", MONTH), delivered, data_state),
    Scene("audit", ("audit", "--month", MONTH), rolled_up, gap_state),
    Scene("backfill", ("backfill", "--month", MONTH), with_a_gap, gap_state,
          settle=(("backfill", "--month", MONTH), ("rollup", "--month", MONTH), ("audit", "--month", MONTH))),
    Scene("close", ("close", MONTH, "--yes"), closable, closed_state, over=closed),
)}
