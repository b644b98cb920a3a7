"""Two specs with a pipeline of the same name in one account: what they share, they do not fight over."""

import json
from typing import Any

from conftest import Sandbox, Spec, make_api, pipeline


def changes(run: Any) -> list[str]:
    document = json.loads(run("plan", "-o", "json").stdout)
    assert document["refused"] == []
    return [r["resource"] for r in document["resources"] if r["action"] != "none"]


def test_each_keeps_its_own_statement(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    make_api(sandbox, "other-api")
    first = pipeline("shop")
    second = (pipeline("shop", "other-api").replace(": shop-", ": other-").replace("/shop", "/other")
              .replace("database: shop", "database: other"))
    for text in (first, second):
        spec.write(pipelines=text)
        assert run("apply", "--yes").returncode == 0
    for text in (first, second):
        spec.write(pipelines=text)
        assert changes(run) == []
    [policy] = sandbox.client("logs").describe_resource_policies()["resourcePolicies"]
    sids = [statement["Sid"] for statement in json.loads(policy["policyDocument"])["Statement"]]
    assert sorted(sids) == ["Billingd-shop-other-stream", "Billingd-shop-shop-stream"]
