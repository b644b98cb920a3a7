"""What is shown before the first write: whose account, and what the plan comes to."""

import json
from typing import Any

from conftest import ACCOUNT, REGION, Sandbox, Spec, pipeline

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
    assert told == {"pipeline": "shop", "account": ACCOUNT, "region": REGION}


def test_an_unknown_caller_is_null(run: Any, sandbox: Sandbox, api: str) -> None:
    said = run("plan", "-o", "json", AWS_ACCESS_KEY_ID="AKIANOBODYKNOWSTHIS0")
    assert json.loads(said.stdout)["pipelines"] == [
        {"pipeline": "shop", "account": None, "region": REGION, "caller": None}]
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


def test_what_could_lose_data_is_told(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    assert run("apply", "--yes").returncode == 0
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
