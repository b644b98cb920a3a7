"""What is shown before the first write: whose account, and what the plan comes to."""

import json
from typing import Any

from conftest import ACCOUNT, REGION, ROOT, Sandbox, Spec, make_api, pipeline

QUERIES = ("requests", "daily_calls", "traffic", "errors", "billing")  # they read the view
HEAD = f"shop: account {ACCOUNT}, region {REGION}, as arn:aws:iam::{ACCOUNT}:"


def lines(text: str, *starts: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith(starts)]


def risks(text: str) -> list[str]:
    return lines(text, "could lose data", "cannot be undone")


def test_the_plan_begins_with_whose_account(run: Any, api: str) -> None:
    for words in (["plan"], ["apply", "--dry-run"], ["apply"]):
        said = run(*words)
        assert said.stdout.startswith(HEAD), said.stdout[:300]
    assert said.returncode == 4  # nobody confirmed
    document = json.loads(run("plan", "-o", "json").stdout)
    [told] = document["pipelines"]
    assert told.pop("caller").startswith(f"arn:aws:iam::{ACCOUNT}:")
    assert told == {"pipeline": "shop", "account": ACCOUNT, "alias": None, "region": REGION, "pauses": []}


def asked(sandbox: Sandbox) -> int:
    return len(sandbox.calls(operation="ListAccountAliases"))


def test_the_account_s_alias_is_told_where_it_can_be_read(run: Any, sandbox: Sandbox, spec: Spec, start: Any) -> None:
    for name in ("shop", "second"):
        make_api(sandbox, f"{name}-api")
    spec.write(pipelines=pipeline("shop", "shop-api") + pipeline("second", "second-api"))
    sandbox.client("iam").create_account_alias(AccountAlias="acme-billing")
    for words in (["plan"], ["apply"]):
        sandbox.clear()
        said = run(*words)
        assert said.stdout.startswith(f"shop: account {ACCOUNT} (acme-billing), region {REGION}, as "), said.stdout[:300]
        assert asked(sandbox) == 1, "one account"
    assert [p["alias"] for p in json.loads(run("plan", "-o", "json").stdout)["pipelines"]] == ["acme-billing"] * 2
    # Nothing that AWS says makes a line of its own.
    arn = f"arn:aws:iam::{ACCOUNT}:user/x\r\n0 to create"
    sandbox.faults({"operation": "ListAccountAliases", "action": "member", "times": 0, "path": ["AccountAliases"],
                    "value": ["acme\nshop: account"]},
                   {"operation": "GetCallerIdentity", "action": "member", "times": 0, "path": ["Arn"], "value": arn})
    said = run("plan")
    assert said.stdout.startswith(f"shop: account {ACCOUNT} (acme shop: account), region {REGION}, as "), said.stdout[:300]
    assert not lines(said.stdout, "0 to create")
    assert not lines(run("whoami").stdout, "0 to create")
    for fault in ({"action": "error", "status": 403, "code": "AccessDenied"}, {"action": "500"}, {"action": "html"}):
        sandbox.faults({"operation": "ListAccountAliases", "times": 0, **fault})
        said = run("plan")
        assert said.stdout.startswith(HEAD) and said.returncode == 0, said
        assert "lias" not in said.stderr + said.stdout
    sandbox.faults()
    sandbox.clear()
    daemon = start().ready()
    daemon.kick()
    assert daemon.end() == 0
    assert run("status").returncode == 0
    assert asked(sandbox) == 0, "neither the daemon nor status begins with it"


def test_an_unknown_caller_is_null(run: Any, sandbox: Sandbox, api: str) -> None:
    said = run("plan", "-o", "json", AWS_ACCESS_KEY_ID="AKIANOBODYKNOWSTHIS0")
    assert json.loads(said.stdout)["pipelines"] == [
        {"pipeline": "shop", "account": None, "alias": None, "region": REGION, "caller": None,
         "pauses": None}]
    assert not run("plan", AWS_ACCESS_KEY_ID="AKIANOBODYKNOWSTHIS0").stdout.startswith("shop: account")


def test_it_ends_with_counts(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    said = run("apply")
    resources = json.loads(run("plan", "-o", "json").stdout)["resources"]
    create, change = (sum(r["action"] == action for r in resources) for action in ("create", "update"))
    assert create + change == len(resources)
    assert lines(said.stdout, f"{create} to create, {change} to change, 0 to delete, 0 blocked")
    assert risks(said.stdout) == []
    assert run("apply", "--yes").returncode == 0
    assert not [line for line in run("plan").stdout.splitlines() if "to delete" in line]


def check_formats(run: Any, sandbox: Sandbox, api: str) -> None:
    """What another line of the access log costs: nothing, where all that is billed by it is read of it."""
    client = sandbox.client("apigatewayv2")
    before = client.get_stage(ApiId=api, StageName="$default")["AccessLogSettings"]
    lean = (ROOT / "specs/log-format-lean.json").read_text().strip()
    for text, loss, says in (
            (lean, "none", "usage is billed the same"),
            (lean.replace("$context.status", "-"), "misread", "without status rules by status match nothing"),
            (lean.replace("claims.sub", "claims.client_id"), "misread", "sub is filled from $context.authorizer.claims.client_id"),
            (lean.replace('"requestId"', '"id"').replace('"sub"', '"who"'), "dropped", "without requestId"),
            ("$context.requestId $context.status", "dropped", "the lines are no JSON object")):
        client.update_stage(ApiId=api, StageName="$default", AccessLogSettings=before | {"Format": text})
        told = {r["resource"]: r for r in json.loads(run("plan", "-o", "json").stdout)["resources"]}["shop/stage_logging"]
        (difference,) = told["differences"]
        assert told["loss"] == loss and says in difference["why"], difference
        plain = run("plan").stdout
        assert says in plain and ("events are being" in plain) == (loss != "none"), plain
    client.update_stage(ApiId=api, StageName="$default", AccessLogSettings=before)


def test_what_could_lose_data_is_told(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    assert run("apply", "--yes").returncode == 0
    check_formats(run, sandbox, api)
    spec.write(pipelines=pipeline(more="    resources:\n      access_logs: {retention_days: 180}\n"))
    assert risks(run("plan").stdout) == []  # longer
    spec.write(pipelines=pipeline(more="    resources:\n      access_logs: {retention_days: 60}\n"
                                       "      view: {ensure: absent}\n" + "".join(
                                           f"      query_{name}: off\n" for name in QUERIES)))
    said = run("apply")
    assert said.returncode == 4 and "0 to create, 1 to change, 1 to delete, 0 blocked" in said.stdout, said.stdout
    assert sorted(risks(said.stdout)) == [
        "cannot be undone: shop/view is deleted, with all that it holds",
        "could lose data, cannot be undone: shop/access_logs retention_days: CloudWatch deletes events that are older"]
