"""A plan that was reviewed: carried out exactly, or refused with what is not any more as it says."""

import hashlib
import json
from typing import Any

import pytest
import seed
from program import SHIPPED, Billingd, Said
from sandbox.control import ACCOUNT, Sandbox
from test_guard import on_terminal
from world import World

WRITTEN = "reviewed.plan"


def keep(billingd: Billingd, *words: str) -> dict[str, Any]:
    """The plan of now, in a file."""
    said = billingd("plan", "--out", WRITTEN, *words)
    assert said.code in (0, 2), said
    return dict(json.loads((billingd.folder / WRITTEN).read_text()))


def carry_out(billingd: Billingd, sandbox: Sandbox, *words: str) -> Said:
    sandbox.clear()
    return billingd("apply", WRITTEN, "--yes", *words)


def calls_of(plan: dict[str, Any]) -> list[str]:
    return sorted(call["operation"] for r in plan["resources"] for call in r["calls"])


def must_refuse(billingd: Billingd, sandbox: Sandbox, code: int, *texts: str) -> Said:
    said = carry_out(billingd, sandbox)
    assert said.code == code, said
    for text in texts:
        assert text in said.err, said
    assert billingd.writes() == []
    return said


def test_from_nothing(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    plan = keep(billingd)
    assert billingd.writes() == []
    file = billingd.folder / WRITTEN
    assert file.stat().st_mode & 0o7777 == 0o600
    assert sandbox.environment()["AWS_SECRET_ACCESS_KEY"] not in file.read_text()
    assert [p["account"] for p in plan["pipelines"]] == [ACCOUNT]
    said = carry_out(billingd, sandbox)
    assert said.code == 0, said
    assert sorted(billingd.writes()) == calls_of(plan)
    billingd.must_be_converged()
    # What was done is not done again: the plan is over.
    must_refuse(billingd, sandbox, 4, "create in the plan, none now")


def test_an_empty_plan_does_nothing(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd.converge()
    assert calls_of(keep(billingd)) == []
    assert carry_out(billingd, sandbox).code == 0
    assert billingd.writes() == []
    world.logs.put_retention_policy(logGroupName=seed.LOG_GROUP, retentionInDays=1)
    must_refuse(billingd, sandbox, 4, "access_logs: none in the plan, update now", "retention_days: as wanted")


def drift(world: World) -> None:
    world.logs.put_retention_policy(logGroupName=seed.LOG_GROUP, retentionInDays=1)
    [ours] = world.logs.describe_subscription_filters(logGroupName=seed.LOG_GROUP)["subscriptionFilters"]
    world.logs.delete_subscription_filter(logGroupName=seed.LOG_GROUP, filterName=ours["filterName"])
    world.s3.delete_bucket_lifecycle(Bucket=seed.BUCKET)


def test_drift_is_repaired_as_reviewed(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd.converge()
    drift(world)
    plan = keep(billingd, "--detailed-exitcode")
    shown = carry_out(billingd, sandbox, "--dry-run")
    assert shown.code == 0 and "retention_days" in shown.out and billingd.writes() == []
    assert carry_out(billingd, sandbox).code == 0
    assert sorted(billingd.writes()) == calls_of(plan) != []
    billingd.must_be_converged()


def test_what_changed_since_is_told(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd.converge()
    drift(world)
    keep(billingd)
    world.logs.put_retention_policy(logGroupName=seed.LOG_GROUP, retentionInDays=7)
    must_refuse(billingd, sandbox, 4, "access_logs retention_days: 1 -> 90 in the plan, 7 -> 90 now")
    world.logs.put_retention_policy(logGroupName=seed.LOG_GROUP, retentionInDays=90)
    must_refuse(billingd, sandbox, 4, "access_logs: update in the plan, none now")
    world.logs.put_retention_policy(logGroupName=seed.LOG_GROUP, retentionInDays=1)
    world.iam.put_role_policy(RoleName=seed.ROLE, PolicyName="other", PolicyDocument=seed.document(
        {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}))
    assert carry_out(billingd, sandbox).code == 0, "what is not ours and not written does not matter"
    billingd.must_be_converged()


def test_others_part_of_a_document_that_is_written(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd.converge()
    rules = world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"]
    theirs = {"ID": "theirs", "Status": "Enabled", "Filter": {"Prefix": "other/"}, "Expiration": {"Days": 9}}
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={"Rules": rules[1:]})
    keep(billingd)
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET,
                                                LifecycleConfiguration={"Rules": [*rules[1:], theirs]})
    must_refuse(billingd, sandbox, 4, "PutBucketLifecycleConfiguration would send something else")


def spec_of(names: tuple[str, ...], region: str, interval: str = "5m") -> str:
    pipelines = "".join(f"""
  {name}:
    parameters: {{api_name: {name}-api, bucket: {name}-bucket, firehose: {name}-stream, log_group: /x/{name},
                 database: {name}, workgroup: {name}}}""" for name in names)
    return (f"account: \"{ACCOUNT}\"\nregion: {region}\nreconcile: {{interval: {interval}}}\n"
            f"template: {SHIPPED.parent}/specs/pipeline.yaml\npipelines:{pipelines}\n")


def test_another_spec_is_refused(sandbox: Sandbox, world: World, with_spec: Any) -> None:
    world.api("one-api")
    keep(with_spec(spec_of(("one",), world.region)))
    said = must_refuse(with_spec(spec_of(("one",), world.region, "6m")), sandbox, 4, "is not the one of the plan")
    assert "one/" not in said.err, "nothing else differs"


def test_another_account_is_refused(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd.environment["BILLING_ACCOUNT_ID"] = ""
    keep(billingd)
    key = sandbox.account("210987654321", user="other")
    billingd.environment |= {"AWS_ACCESS_KEY_ID": key["access_key"], "AWS_SECRET_ACCESS_KEY": key["secret_key"]}
    World(sandbox).sandbox.client("apigatewayv2", key=key).create_api(Name="ddn-api", ProtocolType="HTTP")
    said = carry_out(billingd, sandbox)
    assert said.code in (1, 4) and billingd.writes() == [], said


def damaged(text: str) -> dict[str, str]:
    plan = json.loads(text)
    foreign = dict(plan, format_version="9.0")
    rest = {k: v for k, v in foreign.items() if k != "sha256"}
    foreign["sha256"] = hashlib.sha256(json.dumps(rest, sort_keys=True, separators=(",", ":"),
                                                  ensure_ascii=False).encode()).hexdigest()
    return {"tampered": text.replace('"retention_days"', '"retention_dayz"', 1), "cut": text[:len(text) // 2],
            "empty": "", "foreign": json.dumps(foreign), "another": json.dumps({"Version": "2012-10-17"}),
            "a list": "[]"}


@pytest.mark.parametrize("how,texts", {
    "tampered": ("was changed after the plan was made",), "cut": ("cut or damaged", f"{WRITTEN}:"),
    "empty": ("cut or damaged",), "foreign": ("format_version 9.0",), "another": ("no plan of billingd",),
    "a list": ("no plan of billingd",)}.items())
def test_a_file_that_is_no_whole_plan(sandbox: Sandbox, billingd: Billingd, world: World, how: str,
                                      texts: tuple[str, ...]) -> None:
    world.api()
    keep(billingd)
    file = billingd.folder / WRITTEN
    file.write_text(damaged(file.read_text())[how])
    must_refuse(billingd, sandbox, 78, *texts)
    assert billingd.calls() == [], "it is told before AWS is asked"


def test_a_file_that_is_not_there(sandbox: Sandbox, billingd: Billingd) -> None:
    must_refuse(billingd, sandbox, 78, "No such file or directory")


def test_a_plan_that_cannot_be_kept(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    for path in ("none/reviewed.plan", "/dev/full"):
        said = billingd("plan", "--out", path)
        assert said.code == 1 and "the plan is not written" in said.err, said
    (billingd.folder / WRITTEN).write_text("as before")
    sandbox.faults(*({"action": "error", "operation": operation, "status": 403, "code": "AccessDeniedException", "times": 0}
                     for operation in ("GetTables", "GetTable")))
    said = billingd("plan", "--out", WRITTEN)
    assert said.code == 77 and "the plan is not complete" in said.err, said
    assert (billingd.folder / WRITTEN).read_text() == "as before"
    assert {p.name for p in billingd.folder.iterdir() if "plan" in p.name} == {WRITTEN}


def test_what_changes_while_a_human_thinks(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """What was looked at is what is written: with a file, and at the prompt."""
    world.api()
    billingd.converge()
    drift(world)
    keep(billingd)
    for words, days in (((WRITTEN,), 7), ((), 30)):
        sandbox.clear()
        code, text = on_terminal(billingd, "yes", *words, meanwhile=lambda days=days: world.logs.put_retention_policy(
            logGroupName=seed.LOG_GROUP, retentionInDays=days))
        assert code == 4 and "access_logs changed while the plan was being confirmed" in text, text
        assert billingd.writes() == []
        keep(billingd)
    assert on_terminal(billingd, "yes", WRITTEN)[0] == 0
    billingd.must_be_converged()


def test_two_pipelines_and_a_document_they_share(sandbox: Sandbox, world: World, with_spec: Any) -> None:
    """The second one's turn comes after the first has written: that is as it was reviewed."""
    for name in ("one", "two"):
        world.api(f"{name}-api")
    billingd = with_spec(spec_of(("one", "two"), world.region))
    plan = keep(billingd)
    said = carry_out(billingd, sandbox)
    assert said.code == 0, said
    assert sorted(billingd.writes()) == calls_of(plan)
    billingd.must_be_converged()
