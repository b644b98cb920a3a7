"""What AWS takes of a service a second: kept, learnt when it throttles, and told; no call fails of it.

Where only time passes it is by a clock that runs ten times as fast.
"""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from conftest import Sandbox, Spec

PIPELINES = 12
TOOK = re.compile(r", \d+ round trips, [0-9.]+ s$", re.MULTILINE)


@pytest.fixture
def fast(sandbox: Sandbox, spec: Spec, run: Callable[..., Any]) -> Callable[..., Any]:
    """A verb over many pipelines of one account and region."""
    [library] = Path("/usr/lib").glob("*/faketime/libfaketime.so.1")
    gateway = sandbox.client("apigatewayv2")
    for n in range(PIPELINES):
        api = gateway.create_api(Name=f"r{n}", ProtocolType="HTTP")["ApiId"]
        gateway.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    head = spec.path.read_text().split("\npipelines:")[0]
    spec.path.write_text(head + "\npipelines:\n" + "".join(
        f"  r{n}: {{parameters: {{api_name: r{n}, bucket: r-bucket-{n}, firehose: r{n}, log_group: /aws/apigw/r{n}, "
        f"database: rdb{n}, workgroup: rw{n}}}}}\n" for n in range(PIPELINES)))

    def verb(*words: str, **more: str) -> Any:
        return run(*words, LD_PRELOAD=str(library), FAKETIME="+0 x10", NO_FAKE_STAT="1",
                   ASAN_OPTIONS="verify_asan_link_order=0", **more)
    return verb


def by_another_name(sandbox: Sandbox) -> str:
    """This machine, but not by a name that says so: to billingd it is AWS."""
    return f"http://aws.localhost:{urlsplit(sandbox.endpoint).port}"


def test_limits_are_kept_and_learnt(sandbox: Sandbox, fast: Callable[..., Any], run: Callable[..., Any]) -> None:
    sandbox.clear()
    free = fast("plan")
    assert free.returncode == 0 and "calls_wait" not in free.stderr, free.stderr
    asked = Counter(c["operation"] for c in sandbox.calls())
    assert asked["DescribeLogGroups"] == 1 + 2 * PIPELINES  # for all together, and for each that is not there

    # As AWS publishes it: five DescribeLogGroups a second.
    sandbox.clear()
    kept = fast("plan", AWS_ENDPOINT_URL=by_another_name(sandbox))
    told = [line for line in kept.stderr.splitlines() if "calls_wait" in line]
    assert any('"service":"logs","op":"DescribeLogGroups"' in line and '"per_second":5' in line and '"throttled":false' in line
               for line in told), kept.stderr
    assert re.search(r"\d+ calls wait for what AWS takes of \w+: [0-9.]+ a second\n", kept.stderr), kept.stderr

    # Where nothing is known it is learnt, and what was refused is asked again.  By the true clock: by a fast one the
    # ten seconds after which more is tried again may be over before anything had to wait.
    sandbox.clear()
    sandbox.faults({"service": "iam", "operation": "GetRole", "action": "throttle", "times": 2, "client": "billingd"})
    learnt = run("plan")
    assert sandbox.fault_counts()[0]["fired"] == 2
    assert re.search(r'"calls_wait".*"service":"iam".*"throttled":true', learnt.stderr), learnt.stderr
    sandbox.faults()

    # All three say the same, and asked for the same.
    assert TOOK.sub("", kept.stdout) == TOOK.sub("", learnt.stdout) == TOOK.sub("", free.stdout)
    again = Counter(c["operation"] for c in sandbox.calls())
    assert again == asked + Counter({"GetRole": 2})
