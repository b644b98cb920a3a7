"""Several specs with a pipeline of one name in one account: whose what is, and who wrote last, is told, not fought."""

import json
import signal
from typing import Any

from conftest import Daemon, Sandbox, Spec, make_api, pipeline

MARK, DEPLOYMENT = "billingd", "billingd-deployment"
# What says which thing a write is of.
NAMES = ("Bucket", "Key", "RoleName", "PolicyName", "logGroupName", "logStreamName", "filterName", "DeliveryStreamName",
         "policyName", "Name", "Database", "DatabaseName", "WorkGroup", "AlarmName", "ResourceARN", "ResourceArn", "resourceArn",
         "ApiId")


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


def stage_of(sandbox: Sandbox, api: str) -> tuple[str, dict[str, str]]:
    """Where it logs to, and its tags."""
    found = sandbox.client("apigatewayv2").get_stage(ApiId=api, StageName="$default")
    return found["AccessLogSettings"]["DestinationArn"].rpartition(":")[2], found["Tags"]


def test_a_stage_logs_for_the_deployment_that_its_mark_names(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    gateway = sandbox.client("apigatewayv2")
    arn = f"arn:aws:apigateway:ap-northeast-2::/apis/{api}/stages/$default"
    gateway.tag_resource(ResourceArn=arn, Tags={"team": "web"})
    assert run("apply", "--yes").returncode == 0
    marked = {"team": "web", MARK: "shop", DEPLOYMENT: "shop-bucket"}
    assert stage_of(sandbox, api) == ("/aws/apigw/shop", marked)
    # Another deployment of the same API has all of its own, but not the stage.
    second = deployment("other")
    spec.write(pipelines=second)
    for expected in (True, False):
        sandbox.clear()
        done = run("apply", "--yes", "-o", "json")
        [refused] = [r for r in json.loads(done.stdout)["resources"] if r["verdict"] == "blocked"]
        assert done.returncode == 1 and refused["resource"] == "shop/stage_logging"
        assert "it belongs to the pipeline shop@shop-bucket of another spec" in refused["text"]
        assert bool(written(sandbox)) == expected and not {"UpdateStage"} & set(written(sandbox))
        assert stage_of(sandbox, api) == ("/aws/apigw/shop", marked)
    spec.write(pipelines=second + "    formerly: [shop@shop-bucket]\n")
    assert run("apply", "--yes").returncode == 0
    assert stage_of(sandbox, api) == ("/aws/apigw/other", {**marked, DEPLOYMENT: "other-bucket"})
    spec.write(pipelines=pipeline())
    assert "shop@other-bucket" in plan(run)["shop/stage_logging"]["reason"]
    # A stage that an older billingd set up has no mark: it comes with one write, once.
    spec.write(pipelines=second)
    gateway.untag_resource(ResourceArn=arn, TagKeys=[MARK, DEPLOYMENT])
    sandbox.clear()
    assert differences(plan(run)) == {f"shop/stage_logging tags.{MARK}", f"shop/stage_logging tags.{DEPLOYMENT}"}
    assert run("apply", "--yes").returncode == 0 and written(sandbox) == ["TagResource"]
    assert plan(run) == {} and stage_of(sandbox, api)[1] == {**marked, DEPLOYMENT: "other-bucket"}


def test_half_of_anothers_mark_is_anothers(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    """Somebody took a key off, or wrote what no billingd writes."""
    assert run("apply", "--yes").returncode == 0
    logs, arn = sandbox.client("logs"), "arn:aws:logs:ap-northeast-2:123456789012:log-group:/aws/apigw/shop"
    logs.put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=7)
    logs.untag_resource(resourceArn=arn, tagKeys=[MARK])
    assert plan(run)["shop/access_logs"]["action"] == "update"  # our bucket alone
    for marks, told, way in (({DEPLOYMENT: "other-bucket"}, "@other-bucket", "write `formerly: [shop@other-bucket]` under it"),
                             ({MARK: "Shop", DEPLOYMENT: "shop-bucket"}, "Shop@shop-bucket", "take that mark off (billingd, billingd-deployment)"),
                             ({MARK: "shop "}, "shop @shop-bucket", "take that mark off"), ({MARK: "", }, "@shop-bucket", "write `formerly: [shop@shop-bucket]`"),
                             ({MARK: "shop", DEPLOYMENT: ""}, "shop@", "take that mark off")):
        logs.tag_resource(resourceArn=arn, tags=marks)
        sandbox.clear()
        done = run("apply", "--yes")
        assert done.returncode == 1 and written(sandbox) == [], done.stdout
        assert f"it belongs to the pipeline {told} of another spec" in done.stderr and way in done.stderr, done.stderr
    # What became of it takes the rest of its mark over, too.
    logs.untag_resource(resourceArn=arn, tagKeys=[MARK])
    logs.tag_resource(resourceArn=arn, tags={DEPLOYMENT: "other-bucket"})
    spec.write(pipelines=pipeline(more="    formerly: [shop@other-bucket]\n"))
    assert run("apply", "--yes").returncode == 0 and plan(run) == {}


def as_before(sandbox: Sandbox, api: str) -> int:
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
    sandbox.client("apigatewayv2").untag_resource(
        ResourceArn=f"arn:aws:apigateway:ap-northeast-2::/apis/{api}/stages/$default", TagKeys=[DEPLOYMENT])
    stripped += 5
    for table in glue.get_tables(DatabaseName="shop")["TableList"]:
        table["Parameters"].pop(DEPLOYMENT)
        accepted = ("Name", "Description", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters",
                    "ViewOriginalText", "ViewExpandedText")
        glue.update_table(DatabaseName="shop", TableInput={k: table[k] for k in accepted if k in table})
        stripped += 1
    return stripped


def test_marks_of_an_older_billingd_stay_ours(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    assert run("apply", "--yes").returncode == 0
    assert as_before(sandbox, api) == 14
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


# ---- one deployment, two specs ----

GROUP, LIST = "/aws/apigw/shop", "_billingd/shop/pauses.json"
WANTS_30 = "    resources:\n      access_logs: {retention_days: 30}\n"


def retention(sandbox: Sandbox, days: int | None = None) -> int:
    logs = sandbox.client("logs")
    if days:
        logs.put_retention_policy(logGroupName=GROUP, retentionInDays=days)
    return int(logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["retentionInDays"])


def retentions(sandbox: Sandbox) -> list[int]:
    """As billingd wrote them."""
    return [c["params"]["retentionInDays"] for c in sandbox.calls(operation="PutRetentionPolicy")
            if c["client"].startswith("billingd")]


def claim(sandbox: Sandbox) -> dict[str, Any]:
    body = sandbox.client("s3").get_object(Bucket="shop-bucket", Key=LIST)["Body"].read()
    return dict(json.loads(body)["spec"])


def claims(sandbox: Sandbox) -> int:
    return sum(c["params"]["Key"] == LIST for c in sandbox.calls(operation="PutObject"))


def leads(daemon: Daemon) -> bool:
    return daemon.metric("billingd_leader", pipeline="shop") == 1


def test_an_edited_spec_that_is_applied_stays(run: Any, start: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    daemon = start().ready()
    daemon.wait(lambda: leads(daemon))
    assert claims(sandbox) == 0  # nobody to tell
    spec.write(pipelines=pipeline() + WANTS_30)
    sandbox.clear()
    done = run("apply", "--yes")
    assert done.returncode == 0 and retention(sandbox) == 30 and claims(sandbox) == 1
    assert "by another spec (" in done.stderr and "until it reloads" in done.stderr
    said = claim(sandbox)
    # The daemon goes by the spec before: it tells who, when and what, and changes nothing back, look after look.
    for _ in range(3):
        daemon.kick()
    assert retentions(sandbox) == [30] and retention(sandbox) == 30
    [told] = daemon.events("conflict")
    assert told["pipeline"] == "shop" and f"spec {said['id']}, put in force 20" in told["error"]
    assert f"by {said['host']} (process {said['pid']}), after this one (" in told["error"]
    [held] = [e for e in daemon.events("held") if e["resource"] == "shop/access_logs"]
    assert "retention_days: " in held["error"] and f"it is left as another spec wants it: spec {said['id']}" in held["error"]
    [drift] = [e for e in daemon.events("drift") if e["resource"] == "shop/access_logs"]
    assert drift["want"] == "90" and drift["have"] == "30"
    assert daemon.metric("billingd_spec_conflict", pipeline="shop") == 1
    assert daemon.metric("billingd_resources", pipeline="shop", state="held") == 1
    code, body = daemon.get("/-/ready")
    assert f"shop: it is left as another spec wants it: spec {said['id']}" in body
    # What both want alike is repaired as ever, by whomever it was changed.
    sandbox.client("firehose").untag_delivery_stream(DeliveryStreamName="shop-stream", TagKeys=[MARK])
    daemon.kick()
    assert any(t["Key"] == MARK for t in
               sandbox.client("firehose").list_tags_for_delivery_stream(DeliveryStreamName="shop-stream")["Tags"])
    # Also when somebody else changes what the specs want differently, nobody takes a side.
    retention(sandbox, 7)
    daemon.kick()
    assert retention(sandbox) == 7 and retentions(sandbox) == [30]
    # It reads the spec that was applied: all is well, and it is said.
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: retention(sandbox) == 30)
    daemon.wait(lambda: daemon.metric("billingd_spec_conflict", pipeline="shop") == 0)
    assert claims(sandbox) == 1
    retention(sandbox, 1)
    daemon.kick()
    assert retention(sandbox) == 30
    # Back to the spec before, by a reload: whoever reloads means it.
    spec.write(pipelines=pipeline())
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: retention(sandbox) == 90)
    assert claims(sandbox) == 2 and claim(sandbox)["id"] != said["id"]
    assert any("another spec was in force before this one, and wants otherwise: shop/access_logs retention_days" in e["error"]
               for e in daemon.events("warning"))
    sandbox.clear()
    assert plan(run) == {} and run("apply", "--yes").returncode == 0 and written(sandbox) == []
    # A pause and its end leave what lies beside them.
    before = claim(sandbox)
    assert run("pause", "shop/bucket", "--reason", "moving", "--for", "1h").returncode == 0
    assert run("resume", "shop/bucket").returncode == 0 and claim(sandbox) == before
    assert daemon.end() == 0


def test_two_daemons_with_two_specs(run: Any, start: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    spec.write(settings={"lease": "2s"})
    first = start().ready()
    first.wait(lambda: leads(first))
    spec.write(pipelines=pipeline() + WANTS_30)
    second = start().ready()
    second.wait(lambda: "shop: standby: " in second.get("/-/ready")[1] and " leads, by another spec" in second.get("/-/ready")[1])
    sandbox.clear()
    second.kick()
    [told] = second.events("conflict")
    theirs = json.loads(sandbox.client("s3").get_object(
        Bucket="shop-bucket", Key="_billingd/shop/leader.json")["Body"].read())["holder"]["spec"]
    assert f"who leads goes by another spec ({theirs})" in told["error"]
    assert second.metric("billingd_spec_conflict", pipeline="shop") == 1
    assert f"leads, by another spec ({theirs}; ours is " in second.get("/-/ready")[1]
    first.kick()
    assert retentions(sandbox) == [] and retention(sandbox) == 90
    # The newer one takes over: one write, and no more, however long both run.
    assert first.end() == 0
    second.wait(lambda: retention(sandbox) == 30)
    second.wait(lambda: second.metric("billingd_spec_conflict", pipeline="shop") == 0)
    assert retentions(sandbox) == [30] and claims(sandbox) == 1
    # A third, with the spec before, watches; then the second gets a spec newer than that one's.
    spec.write(pipelines=pipeline())
    third = start().ready()
    third.kick()
    spec.write(pipelines=pipeline() + WANTS_30.replace("30", "60"))
    second.send(signal.SIGHUP)
    second.wait(lambda: retention(sandbox) == 60)
    third.kick()
    assert second.end() == 0
    third.wait(lambda: leads(third))
    third.kick()
    # What came later than its own spec it does not undo, though it leads now.
    assert retentions(sandbox) == [30, 60] and retention(sandbox) == 60
    assert third.metric("billingd_spec_conflict", pipeline="shop") == 1
    third.send(signal.SIGHUP)
    third.wait(lambda: third.metric("billingd_spec_conflict", pipeline="shop") == 0)
    assert third.end() == 0


def test_daemons_that_are_started_in_turn(run: Any, start: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    """Each start means its spec, and what a scheduler starts for ever ends all the same."""
    texts = {90: pipeline(), 30: pipeline() + WANTS_30}
    assert run("run", "--once").returncode == 0
    sandbox.clear()
    for days in (30, 90, 30, 90, 30, 90, 30):
        spec.write(pipelines=texts[days])
        done = run("run", "--once")
    assert retentions(sandbox) == [30, 90, 30, 90] and claims(sandbox) == 4 and retention(sandbox) == 90
    assert "have taken turns within a day" in done.stderr and '"event":"conflict"' in done.stderr
    # Who applies it means it.
    assert run("apply", "--yes").returncode == 0 and retention(sandbox) == 30 and claims(sandbox) == 5
    assert run("run", "--once").returncode == 0 and claims(sandbox) == 5


def test_the_record_is_damaged_or_refused(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    assert run("apply", "--yes").returncode == 0
    s3 = sandbox.client("s3")
    document = {"format_version": "1.0", "pauses": [], "spec": {"id": "0123456789abcdef", "host": "web-1", "pid": 7,
                "since": 1700000000, "wants": {"access_logs": {"retention_days": "0" * 12}}}}
    s3.put_object(Bucket="shop-bucket", Key=LIST, Body=json.dumps({**document, "spec": {"id": 7}}))
    retention(sandbox, 1)
    sandbox.clear()
    done = run("apply", "--yes")
    assert done.returncode == 1 and written(sandbox) == []
    assert "nothing is written: which spec is in force is not known: what says which spec was put in force last" in done.stderr
    # What a later billingd lays beside it stays, whoever changes the list.
    beside = {**document, "format_version": "1.7", "beside": {"of": ["a later one"]}}
    s3.put_object(Bucket="shop-bucket", Key=LIST, Body=json.dumps(beside))
    assert run("pause", "shop/bucket", "--for", "1h", "--reason", "x").returncode == 0
    assert run("resume", "shop/bucket").returncode == 0
    assert json.loads(s3.get_object(Bucket="shop-bucket", Key=LIST)["Body"].read()) == beside
    # A plan says whose wish it replaces; the one who writes says so first, once.
    s3.put_object(Bucket="shop-bucket", Key=LIST, Body=json.dumps(document))
    who = "(spec 0123456789abcdef, put in force 2023-11-14T22:13:20Z by web-1 (process 7))"
    done = run("plan")
    assert f"wants otherwise: shop/access_logs retention_days {who}" in done.stderr and done.returncode == 0
    assert who in run("explain", "shop/access_logs").stderr and who in run("status").stderr
    sandbox.clear()
    # Somebody else writes it at the same moment: nothing more is sent.
    refused = {"action": "error", "status": 412, "code": "PreconditionFailed", "operation": "PutObject"}
    sandbox.faults(refused)
    done = run("apply", "--yes")
    assert done.returncode == 1 and retentions(sandbox) == [] and "the next look goes by it" in done.stderr
    # It may not be written at all: told, and not in the way.
    sandbox.faults({"action": "error", "status": 403, "code": "AccessDenied", "operation": "PutObject", "times": 0})
    done = run("apply", "--yes")
    assert done.returncode == 0 and retentions(sandbox) == [90]
    assert "that this spec takes the place of another could not be said" in done.stderr
    sandbox.faults()
    retention(sandbox, 1)
    assert run("apply", "--yes").returncode == 0 and claim(sandbox)["id"] != "0123456789abcdef"
