"""What is around the daemon must not stop it: nobody reads its log, the disk is full, strangers connect, signals arrive."""

import fcntl
import json
import os
import pty
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, PATIENCE_S, Sandbox, Spec, environment, make_api, pipeline
from free_port import free_port

Start = Callable[..., Any]
DEBUG = ("--log-level", "debug")


@pytest.fixture
def fixed(spec: Spec) -> Spec:
    """A daemon whose log nobody reads cannot tell its port."""
    return spec.write(listen=f"127.0.0.1:{free_port()}", settings={"interval": "5s"})


@pytest.fixture
def deaf(fixed: Spec, start: Start, api: str) -> Start:
    """deaf(stderr): the daemon with debug lines on an odd standard error, after its first look."""
    def begin(stderr: int) -> Any:
        daemon = start(stderr=stderr, after=DEBUG)
        daemon.wait(lambda: "READY=1" in daemon.messages and daemon.passes() > 0)
        return daemon
    return begin


def lose_lines(daemon: Any) -> None:
    while not daemon.metric("billingd_log_lines_dropped_total"):
        daemon.kick()


def events_in(text: bytes) -> list[dict[str, Any]]:
    """A sanitizer's first words are not ours."""
    return [json.loads(line) for line in text.splitlines() if not line.startswith(b"==")]


def test_a_pipe_that_nobody_reads(deaf: Start) -> None:
    """It looks, answers and ends; who reads later gets whole lines, and how many are missing."""
    reading, writing = os.pipe()
    daemon = deaf(writing)
    os.close(writing)
    lose_lines(daemon)
    before = daemon.passes()
    daemon.kick()
    daemon.wait(lambda: daemon.passes() > before and daemon.get("/-/healthy")[0] == 200)
    os.set_blocking(reading, False)
    got = b""
    deadline = time.monotonic() + 180
    while b"log_lines_dropped" not in got and time.monotonic() < deadline:
        try:
            got += os.read(reading, 65536)
        except BlockingIOError:
            time.sleep(0.01)
    lines = events_in(got[:got.rindex(b"\n")])
    assert sum(e["lines"] for e in lines if e["event"] == "log_lines_dropped") > 0
    lose_lines(daemon)
    assert daemon.end() == 0
    os.close(reading)


@pytest.mark.parametrize("how", ["gone", "full", "closed", "file"])
def test_standard_error_that_takes_nothing(deaf: Start, tmp_path: Path, how: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    if how == "full":
        writing = os.open("/dev/full", os.O_WRONLY)
    elif how == "file":
        writing = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    elif how == "closed":
        writing = os.open("/dev/null", os.O_RDONLY)  # a write to it fails as one to nothing does
    daemon = deaf(writing)
    daemon.kick()
    dropped = daemon.metric("billingd_log_lines_dropped_total")
    assert dropped == 0 if how == "file" else dropped > 0
    assert daemon.end() == 0
    if how == "file":
        assert events_in((tmp_path / "log").read_bytes())[-1]["event"]


def test_a_terminal_that_is_stopped(deaf: Start) -> None:
    """Ctrl-S; and the terminal of the shell stays as it was: it blocks."""
    master, slave = pty.openpty()
    daemon = deaf(slave)
    lose_lines(daemon)
    assert os.get_blocking(slave)
    assert daemon.end() == 0
    os.close(master)
    os.close(slave)


def test_a_verb_prints_all_to_a_slow_reader(spec: Spec, sandbox: Sandbox, api: str) -> None:
    """More than a pipe holds, read late: a verb waits."""
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    told = subprocess.Popen([BINARY, "schema"], stdout=writing, stderr=subprocess.DEVNULL,
                            env=environment(sandbox, spec.path.parent))
    os.close(writing)
    time.sleep(1)
    with os.fdopen(reading) as stream:
        text = stream.read()
    assert told.wait(60) == 0 and len(text) > 40000
    assert json.loads(text)["type"] == "object"


# ---- strangers ----

@pytest.mark.parametrize("count", [32, 64, 256])
def test_who_connects_and_waits_keeps_nobody_out(start: Start, api: str, count: int) -> None:
    daemon = start().ready()
    port = int(daemon.address.rsplit(":", 1)[1])
    fds = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    silent = [socket.create_connection(("127.0.0.1", port), 5) for _ in range(count)]
    for one in silent:
        one.send(b"G")
    assert daemon.get("/-/healthy") == (200, "billingd is healthy\n")
    still = 0
    for one in silent[-32:]:
        one.setblocking(False)
        try:
            one.recv(1)
        except BlockingIOError:
            still += 1
    assert still >= 31  # answered while those were waiting, not after they were timed out
    for one in silent:
        one.close()
    daemon.wait(lambda: len(os.listdir(f"/proc/{daemon.process.pid}/fd")) <= fds)
    assert daemon.end() == 0


# ---- signals ----

ENDING = {signal.SIGTERM, signal.SIGINT, signal.SIGKILL, signal.SIGQUIT}
FAULTS = {signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGSEGV, signal.SIGSYS, signal.SIGTRAP}
STOPS = {signal.SIGSTOP, signal.SIGTSTP, signal.SIGTTIN, signal.SIGTTOU}


def test_no_other_signal_ends_it(start: Start, api: str) -> None:
    """Each is either documented to end or stop a process, or does no harm."""
    daemon = start().ready()
    harmless = [n for n in signal.valid_signals() if n not in ENDING | FAULTS | STOPS]
    assert len(harmless) > 40 and {signal.SIGUSR2, signal.SIGXCPU, signal.SIGRTMAX} < set(harmless)
    for number in harmless:
        daemon.send(number)
    before = daemon.passes()
    daemon.kick()
    assert daemon.passes() > before and daemon.process.poll() is None
    assert daemon.end() == 0


def test_signals_while_the_spec_is_wrong(start: Start, spec: Spec, api: str) -> None:
    text = spec.path.read_text()
    spec.path.write_text(text + "nonsense: 1\n")
    daemon = start()
    daemon.wait(lambda: daemon.events("rejected"))
    daemon.send(signal.SIGUSR2)
    daemon.send(signal.SIGUSR1)  # there is nothing to look with, so it looks at the file
    daemon.wait(lambda: daemon.events("reload_failed"))
    spec.path.write_text(text)
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
    assert daemon.end() == 0


def test_a_signal_while_the_spec_is_read_waits(spec: Spec, sandbox: Sandbox) -> None:
    """Of as many pipelines as there may be that takes seconds; here it waits for whoever writes the file."""
    spec.path.unlink()
    os.mkfifo(spec.path)
    process = subprocess.Popen([BINARY, "-f", spec.path, "run"], text=True, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
                               env=environment(sandbox, spec.path.parent))
    held, end = 0, time.monotonic() + PATIENCE_S
    while held & 1 << signal.SIGHUP - 1 == 0 and time.monotonic() < end:
        held = int(Path(f"/proc/{process.pid}/status").read_text().split("SigBlk:")[1].split()[0], 16)
    process.send_signal(signal.SIGHUP)
    process.send_signal(signal.SIGUSR1)
    while process.poll() is None:
        with suppress(OSError):  # nobody has begun to read it
            os.close(os.open(spec.path, os.O_WRONLY | os.O_NONBLOCK))
    said = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 78 and "is not a regular file" in said, said


def stopped_at_the_fault(words: list[str], spec: Spec, sandbox: Sandbox) -> tuple[int, str]:
    """SIGTERM as soon as the fault is met: the exit code, and all that was said."""
    process = subprocess.Popen([BINARY, "-f", spec.path, *words], text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment(sandbox, spec.path.parent))
    while not sandbox.wait_for_fault():
        assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[0]
    return process.returncode, said


@pytest.mark.parametrize("words", [["plan"], ["apply", "--yes"], ["status"], ["run", "--once"]], ids=" ".join)
def test_stopped_before_anything_was_read(words: list[str], spec: Spec, sandbox: Sandbox, api: str) -> None:
    """Nothing is known, so nothing is in order."""
    sandbox.faults({"action": "hold", "operation": "GetCallerIdentity"})
    code, said = stopped_at_the_fault(words, spec, sandbox)
    assert code == 1 and ("stopped before it was looked at" in said or words[0] == "run"), said


@pytest.mark.parametrize("words", [["apply", "--yes"], ["apply"]], ids=" ".join)
@pytest.mark.parametrize("held", ["shop", "store"])
def test_stopped_while_it_asks_who_leads(words: list[str], held: str, run: Callable[..., Any], spec: Spec, sandbox: Sandbox) -> None:
    """Of the first pipeline or of the last, ahead or once all is read: nothing is left of it (LeakSanitizer), and nothing is written."""
    names = ("shop", "store")
    for name in names:
        make_api(sandbox, name)
    spec.write(pipelines="".join(pipeline(name, api=name) for name in names))
    assert run("apply", "--yes").returncode == 0
    for name in names:
        sandbox.client("logs").put_retention_policy(logGroupName=f"/aws/apigw/{name}", retentionInDays=1)
    sandbox.clear()
    sandbox.faults({"action": "hold", "operation": "GetObject",
                    "params": {"Bucket": f"{held}-bucket", "Key": f"_billingd/{held}/leader.json"}})
    code, said = stopped_at_the_fault(words, spec, sandbox)
    sandbox.faults()
    assert code == 1 and "stopped before it was done" in said and "Sanitizer" not in said, said
    assert not [c for c in sandbox.calls(kind="write") if c["client"].startswith("billingd")]


HANG = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <unistd.h>
int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    int (*ours)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = dlsym(RTLD_NEXT, "getaddrinfo");
    if (hints && hints->ai_flags & AI_NUMERICHOST)
        return ours(name, service, hints, found);
    sleep(3600);
    return EAI_AGAIN;
}
"""


@pytest.mark.skipif(b"__asan_init" in BINARY.read_bytes(), reason="a sanitizer wants to be loaded first")
def test_names_that_nobody_resolves(fixed: Spec, start: Start, tmp_path: Path) -> None:
    """The resolver hangs for an hour: calls time out one after the other, the loop answers, and the end waits for none."""
    (tmp_path / "hang.c").write_text(HANG)
    subprocess.run(["cc", "-shared", "-fPIC", "-o", tmp_path / "hang.so", tmp_path / "hang.c"], check=True)
    daemon = start(after=DEBUG, LD_PRELOAD=str(tmp_path / "hang.so"), AWS_ENDPOINT_URL="http://aws.invalid:9")
    daemon.wait(lambda: any('"code":"Timeout"' in line for line in daemon.lines))
    assert daemon.get("/-/healthy")[0] == 200
    assert daemon.get("/-/ready")[0] == 503
    assert daemon.end() == 0
    longest = [json.loads(line) for line in daemon.lines if '"event":"longest_round"' in line]
    assert longest and longest[-1]["cpu_us"] < 50_000
