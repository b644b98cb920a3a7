"""A server that sends 15 MB for everything: told as unread, and never the memory of the machine."""

import re
import subprocess
from pathlib import Path
from typing import Any

from conftest import BINARY, ROOT, Spec, environment
from sandbox.control import Sandbox

SERVICES = ("apigatewayv2", "athena", "cloudwatch", "firehose", "glue", "iam", "logs", "s3", "sns")
UNIT = (ROOT / "systemd/billingd.service").read_text()


def memory_max() -> int:
    found = re.search(r"^MemoryMax=(\d+)M$", UNIT, re.MULTILINE)
    assert found
    return int(found[1]) << 20


def most_memory(process: subprocess.Popen[Any]) -> int:
    """Bytes, until it ends."""
    most = 0
    while process.poll() is None:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        most = max(most, int(found[1]) << 10 if found else 0)
    return most


def test_large_replies(sandbox: Sandbox, spec: Spec, run: Any, api: str, tmp_path: Path) -> None:
    assert run("apply", "--yes").returncode == 0
    assert run("pause", "shop", "--for", "1h", "--reason", "a test").returncode == 0
    sandbox.faults(*({"action": "large", "service": service, "client": "billingd", "times": 0} for service in SERVICES))
    with open(tmp_path / "out", "w+") as out:
        process = subprocess.Popen([BINARY, "-f", spec.path, "plan"], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                   env=environment(sandbox, tmp_path) | {"AWS_MAX_ATTEMPTS": "1"})
        most = most_memory(process)
        out.seek(0)
        told = out.read()
    assert process.returncode == 1, told
    assert most < memory_max() // 2, f"{most >> 20} MiB"
    assert "the reply is larger than 524288 bytes" in told
    assert "whether it is paused is not known" in told, "an object of ours that is not ours"
    for wrong in ("+ create", "~ update", "in sync", "absent"):
        assert wrong not in told, told
    assert not [call for call in sandbox.calls(kind="write") if call["faults"]]
