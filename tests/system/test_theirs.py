"""Somebody else makes, between the look and our create, what is to be created: theirs is left as it is, and the next plan shows it."""

import json
import subprocess
from typing import Any

import pytest
from conftest import BINARY, PATIENCE_S, Sandbox, Spec, environment, make_api

MADE = {"CreateBucket": ("s3", "create_bucket"), "CreateDatabase": ("glue", "create_database"), "CreateLogGroup": ("logs", "create_log_group"),
        "CreateDeliveryStream": ("firehose", "create_delivery_stream"), "CreateRole": ("iam", "create_role"),
        "CreateWorkGroup": ("athena", "create_work_group")}


def without_mark(params: dict[str, Any]) -> dict[str, Any]:
    plain = {name: value for name, value in params.items() if name.lower() != "tags"}
    if "DatabaseInput" in plain:
        plain["DatabaseInput"] = {"Name": plain["DatabaseInput"]["Name"]}
    return plain


@pytest.mark.parametrize("operation", MADE)
def test_made_before_our_create(sandbox: Sandbox, spec: Spec, run: Any, api: str, operation: str) -> None:
    assert run("apply", "--yes").returncode == 0
    params = without_mark(sandbox.calls(operation=operation)[0]["params"])
    sandbox.reset()
    make_api(sandbox)
    service, method = MADE[operation]
    named = {name: value for name, value in params.items() if isinstance(value, str) and name.lower().endswith(("name", "bucket"))}
    sandbox.faults({"action": "hold", "operation": operation, "params": named})
    with subprocess.Popen([BINARY, "-f", spec.path, "apply", "--yes", "-o", "json"], text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, env=environment(sandbox, spec.path.parent)) as ours:
        assert sandbox.wait_for_fault(PATIENCE_S)
        getattr(sandbox.client(service), method)(**params)
        sandbox.faults()
        out, _ = ours.communicate(timeout=PATIENCE_S)
    assert ours.returncode == 1
    [text] = [each["text"] for each in json.loads(out)["resources"] if "somebody else made it meanwhile" in each.get("text", "")]
    assert "left as it is" in text
    if operation == "CreateBucket":
        writes = [call["operation"] for call in sandbox.calls(kind="write", service="s3") if call["client"].startswith("billingd")]
        assert writes == [operation]
