"""Several specs with a pipeline of one name in one account: whose what is, and who wrote last, is told, not fought."""

import json
from typing import Any

from conftest import Sandbox, Spec, make_api, pipeline

MARK, DEPLOYMENT = "billingd", "billingd-deployment"
# What says which thing a write is of.
NAMES = ("Bucket", "Key", "RoleName", "PolicyName", "logGroupName", "logStreamName", "filterName", "DeliveryStreamName",
         "policyName", "Name", "Database", "DatabaseName", "WorkGroup", "AlarmName", "ResourceARN", "resourceArn", "ApiId")


def deployment(name: str, api: str = "ddn-api", more: str = "") -> str:
    """A pipeline `shop` whose things are named after something else."""
    return (pipeline("shop", api, more=more).replace(": shop-", f": {name}-").replace("/shop", f"/{name}")
            .replace("database: shop", f"database: {name}"))


def plan(run: Any) -> dict[str, dict[str, Any]]:
    document = json.loads(run("plan", "-o", "json").stdout)
    assert document["refused"] == []
    return {r["resource"]: r for r in document["resources"] if r["action"] != "none" or r["differences"]}


def differences(found: dict[str, dict[str, Any]]) -> set[str]:
    return {f"{resource} {d['field']}" for resource, r in found.items() for d in r["differences"]}


def written(sandbox: Sandbox) -> list[str]:
    return [c["operation"] for c in sandbox.calls(kind="write") if c["client"].startswith("billingd")]


def things(call: dict[str, Any]) -> tuple[Any, ...]:
    params = {**call["params"], **{k: v for p in call["params"].values() if isinstance(p, dict) for k, v in p.items()}}
    named = [(name, params[name]) for name in NAMES if isinstance(params.get(name), str)]
    assert named, f"what is {call['operation']} of? {call['params']}"
    return (call["service"], *named)


def sids(sandbox: Sandbox) -> list[str]:
    [policy] = sandbox.client("logs").describe_resource_policies()["resourcePolicies"]
    return sorted(statement["Sid"] for statement in json.loads(policy["policyDocument"])["Statement"])


def test_three_deployments_share_nothing_but_the_policy(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    texts = {}
    for name in ("shop", "other", "third"):
        make_api(sandbox, f"{name}-api")
        texts[name] = deployment(name, f"{name}-api", "      alarm_actions: arn:aws:sns:ap-northeast-2:123456789012:told\n")
    made: dict[tuple[Any, ...], str] = {}
    shared = set()
    for name, text in texts.items():
        sandbox.clear()
        spec.write(pipelines=text)
        assert run("apply", "--yes").returncode == 0
        for call in sandbox.calls(kind="write"):
            if made.setdefault(things(call), name) != name:
                shared.add(things(call))
    assert shared == {("logs", ("policyName", "billingd-log-delivery"))} and len(made) > 60
    sandbox.clear()
    for text in texts.values():
        spec.write(pipelines=text)
        assert plan(run) == {} and run("apply", "--yes").returncode == 0
    assert written(sandbox) == []
    # What of the shared policy is whose, its statements tell.
    assert sids(sandbox) == ["Billingd-shop-other-stream", "Billingd-shop-shop-stream", "Billingd-shop-third-stream"]


def test_another_deployments_things_are_refused_by_its_name(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    make_api(sandbox, "other-api")
    assert run("apply", "--yes").returncode == 0
    theirs = "it belongs to the pipeline shop@shop-bucket of another spec"
    # The same key and stream, another bucket: the roles and the alarms of a stream are named after it.
    second = deployment("other", "other-api").replace("firehose: other-stream", "firehose: shop-stream")
    spec.write(pipelines=second)
    before = sids(sandbox)
    for _ in range(2):
        sandbox.clear()
        done = run("apply", "--yes", "-o", "json")
        assert done.returncode == 1
        found = {r["resource"]: r for r in json.loads(done.stdout)["resources"]}
        owned = {name for name, r in found.items() if theirs in r.get("text", "")}
        assert owned == {"shop/firehose_role", "shop/firehose_logs", "shop/stream", "shop/logs_role"}
        assert "write `formerly: [shop@shop-bucket]` under it" in found["shop/stream"]["text"]
        # What of it has no place for a mark waits for what has one.
        assert {found[f"shop/{name}"]["verdict"] for name in ("log_delivery", "subscription", "stage_logging")} == {"blocked"}
        assert not any("shop-stream" in json.dumps(c["params"]) for c in sandbox.calls(kind="write"))
    assert sids(sandbox) == before and written(sandbox) == []
    # It is what became of the first one: said, and taken over.
    spec.write(pipelines=second + "    formerly: [shop@shop-bucket]\n")
    assert run("apply", "--yes").returncode == 0
    spec.write(pipelines=second)
    assert plan(run) == {}
    spec.write(pipelines=pipeline())
    assert "it belongs to the pipeline shop@other-bucket of another spec" in plan(run)["shop/stream"]["reason"]


def as_before(sandbox: Sandbox) -> int:
    """Marks as an older billingd wrote them: the pipeline's name alone."""
    stripped = 0
    logs, iam, glue, s3 = (sandbox.client(n) for n in ("logs", "iam", "glue", "s3"))
    for group in logs.describe_log_groups()["logGroups"]:
        logs.untag_log_group(logGroupName=group["logGroupName"], tags=[DEPLOYMENT])
        stripped += 1
    for role in ("shop-stream-role", "shop-stream-logs-to-fh-role"):
        iam.untag_role(RoleName=role, TagKeys=[DEPLOYMENT])
        stripped += 1
    sandbox.client("firehose").untag_delivery_stream(DeliveryStreamName="shop-stream", TagKeys=[DEPLOYMENT])
    arn = "arn:aws:athena:ap-northeast-2:123456789012:workgroup/shop-group"
    sandbox.client("athena").untag_resource(ResourceARN=arn, TagKeys=[DEPLOYMENT])
    tags = [t for t in s3.get_bucket_tagging(Bucket="shop-bucket")["TagSet"] if t["Key"] != DEPLOYMENT]
    s3.put_bucket_tagging(Bucket="shop-bucket", Tagging={"TagSet": tags})
    database = glue.get_database(Name="shop")["Database"]
    database["Parameters"].pop(DEPLOYMENT)
    glue.update_database(Name="shop", DatabaseInput={"Name": "shop", "Parameters": database["Parameters"]})
    stripped += 4
    for table in glue.get_tables(DatabaseName="shop")["TableList"]:
        table["Parameters"].pop(DEPLOYMENT)
        accepted = ("Name", "Description", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters",
                    "ViewOriginalText", "ViewExpandedText")
        glue.update_table(DatabaseName="shop", TableInput={k: table[k] for k in accepted if k in table})
        stripped += 1
    return stripped


def test_marks_of_an_older_billingd_stay_ours(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    assert run("apply", "--yes").returncode == 0
    assert as_before(sandbox) == 13
    sandbox.clear()
    assert plan(run) == {} and run("apply", "--yes").returncode == 0 and written(sandbox) == []
    # With the next write that is made anyway the mark is made whole, and the plan says so.
    sandbox.client("logs").put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=1)
    glue = sandbox.client("glue")
    table = glue.get_table(DatabaseName="shop", Name="restapi_access_log_parquet")["Table"]
    table["StorageDescriptor"]["Location"] = "s3://shop-bucket/elsewhere/"
    glue.update_table(DatabaseName="shop", TableInput={k: table[k] for k in (
        "Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters")})
    sandbox.clear()
    told = {"shop/access_logs retention_days", f"shop/access_logs tags.{DEPLOYMENT}",
            "shop/rollup_table location", f"shop/rollup_table parameters.{DEPLOYMENT}"}
    assert differences(plan(run)) == told
    assert run("apply", "--yes").returncode == 0
    assert sorted(written(sandbox)) == ["PutRetentionPolicy", "TagResource", "UpdateTable"]
    sandbox.clear()
    assert plan(run) == {} and run("apply", "--yes").returncode == 0 and written(sandbox) == []
    # An older mark is no licence for another pipeline.
    spec.write(pipelines=pipeline("shop").replace("\n  shop:", "\n  store:"))
    assert "it belongs to the pipeline shop of another spec" in plan(run)["store/stream"]["reason"]
