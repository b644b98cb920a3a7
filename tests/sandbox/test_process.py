"""The process: quick to start, announces itself, keeps connections, ends with its parent."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .control import ACCESS_KEY, REGION, SECRET_KEY, Sandbox, original, start_sandbox

TESTS = Path(__file__).resolve().parent.parent


def start(*options: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen([sys.executable, "-m", "sandbox", *options], cwd=TESTS, text=True,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout
    assert process.stdout.readline().startswith("endpoint http://127.0.0.1:")
    return process


def test_ends_when_its_input_closes() -> None:
    process = start("--with-parent")
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_ends_on_sigterm() -> None:
    process = start()
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 0
    process.communicate()


def test_ends_with_its_parent() -> None:
    """Even a parent that is killed closes its end of the pipe."""
    code = ("import subprocess, sys, time\n"
            "p = subprocess.Popen([sys.executable, '-m', 'sandbox', '--with-parent'], text=True,\n"
            "                     stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
            "p.stdout.readline(); print(p.pid, flush=True); time.sleep(60)\n")
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=TESTS, stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    child = int(parent.stdout.readline())
    os.kill(child, 0)
    parent.kill()
    parent.communicate()
    for _ in range(1200):
        state = Path(f"/proc/{child}/stat")
        if not state.exists() or state.read_text().split()[2] == "Z":
            return
        time.sleep(0.05)
    os.kill(child, signal.SIGKILL)
    raise AssertionError("sandbox outlived its parent")


def gone(sandbox: Sandbox) -> bool:
    try:
        return bool(sandbox.send("GET", "health") is None)
    except OSError:
        return True


def must_end(sandbox: Sandbox) -> None:
    for _ in range(1200):
        if gone(sandbox):
            return
        time.sleep(0.05)
    raise AssertionError("a copy outlived its owner")


def test_a_copy_ends_with_its_owner(process: Sandbox) -> None:
    owner = subprocess.Popen(["sleep", "600"])
    copy = process.copy(owner.pid)
    assert not gone(copy)
    owner.kill()
    owner.wait()
    must_end(copy)


def test_a_sandbox_is_copied_from_an_original(process: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the same clock: one that is not there, or goes by another, is none."""
    process.reset()
    monkeypatch.setenv("SANDBOX_ORIGINALS", f"http://127.0.0.1:9 {process.endpoint}")
    with start_sandbox() as copy:
        assert copy.endpoint != process.endpoint
        copy.client("logs").create_log_group(logGroupName="/own")
        with start_sandbox() as other:
            assert other.endpoint != copy.endpoint and other.client("logs").describe_log_groups()["logGroups"] == []
    must_end(copy)
    process.switches(clock_offset_s=86400)
    assert original() is None
    process.reset()
    assert original() is not None and process.client("logs").describe_log_groups()["logGroups"] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs the curl program")
def test_libcurl_keeps_the_connection(sandbox: Sandbox) -> None:
    """curl has a SigV4 signer of its own: a second opinion on the signature check as well."""
    url = sandbox.endpoint + "/"
    one = ["--aws-sigv4", f"aws:amz:{REGION}:logs", "--user", f"{ACCESS_KEY}:{SECRET_KEY}",
           "-H", "Content-Type: application/x-amz-json-1.1",
           "-H", "X-Amz-Target: Logs_20140328.DescribeLogGroups", "-d", "{}", url]
    done = subprocess.run(["curl", "-sS", *one, "--next", "-sS", *one], capture_output=True, text=True,
                          timeout=120, check=True)
    assert done.stdout.count('"logGroups"') == 2, done.stdout
    assert len({call["connection"] for call in sandbox.calls(service="logs")}) == 1
