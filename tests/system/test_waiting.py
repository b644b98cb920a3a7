"""Whatever a verb waits for, a terminal shows it, and it is gone at the end.

What is waited for is held until it is shown, so that nothing here goes by a clock."""

import os
import pty
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, Sandbox, Spec, environment

WHO = {"action": "hold", "operation": "GetCallerIdentity"}


class Shown:
    """A verb whose standard error is a terminal."""

    def __init__(self, sandbox: Sandbox, spec: Spec, *words: str, **more: str):
        self.ours, theirs = pty.openpty()
        self.process = subprocess.Popen([BINARY, "-f", spec.path, *words], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=theirs, env={**environment(sandbox, spec.path.parent), "TERM": "xterm", **more})
        os.close(theirs)
        self.text = ""

    def more(self) -> bool:
        try:
            part = os.read(self.ours, 4096)
        except OSError:  # nobody has the other end any more
            part = b""
        self.text += part.decode()
        return bool(part)

    def wait(self, text: str) -> None:
        while text not in self.text:
            assert self.more(), self.text

    def end(self) -> int:
        while self.more():
            pass
        os.close(self.ours)
        return self.process.wait()


@pytest.fixture
def shown(sandbox: Sandbox, spec: Spec) -> Iterator[Callable[..., Shown]]:
    begun: list[Shown] = []

    def start(*words: str, **more: str) -> Shown:
        begun.append(Shown(sandbox, spec, *words, **more))
        return begun[-1]
    yield start
    for one in begun:
        one.process.kill()


@pytest.mark.parametrize("words, fault, text", [
    (("whoami",), WHO, "the credentials that are set: asking who we are"),
    (("pause",), WHO, "pauses: reading them"),
    (("pause", "shop/bucket", "--reason", "a test", "--for", "1h"), WHO, "pauses: changing them"),
    (("import", "ddn-api"), WHO, "the pipeline: searching AWS"),
    (("import", "ddn-api"), {"action": "hold", "operation": "GetStages"}, "the pipeline: searching AWS"),
    (("plan",), {"action": "hold", "operation": "DescribeLogGroups"}, "shop/access_logs: reading"),
    (("plan",), WHO, "0 of 24 done, 0 at work"),
    (("apply", "--yes"), {"action": "hold", "operation": "CreateBucket"}, "shop/bucket: creating"),
])
def test_what_aws_is_waited_for(shown: Any, sandbox: Sandbox, api: str, words: tuple[str, ...], fault: dict[str, Any], text: str) -> None:
    sandbox.faults(fault)
    verb = shown(*words)
    verb.wait(text)
    sandbox.faults()
    verb.end()
    assert verb.text.rpartition("\x1b[J")[1] and text not in verb.text.rpartition("\x1b[J")[2], verb.text


def test_the_daemon_is_waited_for(shown: Any, start: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    daemon = start().ready()
    spec.write(listen=daemon.place.removeprefix("http://"))
    sandbox.faults({"action": "hold", "operation": "DescribeLogGroups"})
    verb = shown("look")
    verb.wait("the daemon: looks at everything")
    sandbox.faults()
    assert verb.end() == 0


def test_the_journal_is_waited_for(shown: Any, tmp_path: Path) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    os.mkfifo(folder / "journal")
    (folder / "journalctl").write_text(f"#!/bin/sh\n[ -e {folder}/told ] || exec /bin/cat {folder}/journal\n")
    (folder / "journalctl").chmod(0o755)
    verb = shown("events", PATH=str(folder))
    verb.wait("the daemon and the journal: asking for events")
    (folder / "told").touch()
    (folder / "journal").write_text("")
    assert verb.end() == 1  # it is empty
