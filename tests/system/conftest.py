"""The real program against the sandbox: a spec of one small pipeline, runs of a verb, and the daemon."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests"))

from sandbox.control import ACCOUNT, REGION, Sandbox, start_sandbox  # noqa: E402

BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()
API = "ddn-api"
PATIENCE_S = 180  # for what is certain to come: the machine may be busy, and no test is about how fast it is


@pytest.fixture(scope="session")
def process() -> Iterator[Sandbox]:
    with start_sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(process: Sandbox) -> Iterator[Sandbox]:
    """Empty at the start; afterwards no request may have broken AWS's model."""
    process.reset()
    yield process
    assert process.violations() == []
    assert process.bugs() == []


def make_api(sandbox: Sandbox, name: str = API, region: str = REGION) -> str:
    client = sandbox.client("apigatewayv2", region)
    api = client.create_api(Name=name, ProtocolType="HTTP")["ApiId"]
    if not client.get_stages(ApiId=api)["Items"]:
        client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)
    return str(api)


@pytest.fixture
def api(sandbox: Sandbox) -> str:
    """The id of an API to bill."""
    return make_api(sandbox)


PIPELINE = """
  {name}:
    region: {region}
    parameters:
      api_name: {api}
      bucket: {name}-bucket
      firehose: {name}-stream
      log_group: /aws/apigw/{name}
      database: {database}
      workgroup: {name}-group
{more}"""


def pipeline(name: str = "shop", api: str = API, region: str = REGION, more: str = "") -> str:
    return PIPELINE.format(name=name, api=api, region=region, database=name.replace("-", "_"), more=more)


@dataclass
class Spec:
    """A billing.yaml that is written again with every change."""

    path: Path
    pipelines: str
    settings: dict[str, str] = field(default_factory=lambda: {
        "interval": "1h", "jitter": "0s", "settle_timeout": "20s", "breaker": "3"})
    account: str = ACCOUNT
    listen: str = "127.0.0.1:0"
    top: str = ""  # more lines at the top

    def write(self, **changes: Any) -> "Spec":
        self.settings |= changes.pop("settings", {})
        for name, value in changes.items():
            setattr(self, name, value)
        (self.path.parent / "specs").mkdir(exist_ok=True)
        settings = "".join(f"  {k}: {v}\n" for k, v in self.settings.items())
        text = (f"account: \"{self.account}\"\nregion: {REGION}\nreconcile:\n{settings}"
                f"listen: {self.listen}\n{self.top}template: {ROOT}/specs/pipeline.yaml\npipelines:{self.pipelines}")
        waiting = self.path.with_suffix(".new")
        waiting.write_text(text)
        waiting.rename(self.path)
        return self


@pytest.fixture
def spec(tmp_path: Path) -> Spec:
    return Spec(tmp_path / "billing.yaml", pipeline()).write()


def environment(sandbox: Sandbox, home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BILLING", "NOTIFY", "WATCHDOG"))}
    return {**kept, **sandbox.environment(), "HOME": str(home)}


@pytest.fixture
def run(sandbox: Sandbox, spec: Spec) -> Callable[..., subprocess.CompletedProcess[str]]:
    """run("plan", "-o", "json"): the verb with the spec, to its end."""
    def start(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run([BINARY, "-f", spec.path, *words], text=True, capture_output=True, timeout=PATIENCE_S,
                              stdin=subprocess.DEVNULL,
                              env={**environment(sandbox, spec.path.parent), **more})
        assert "Sanitizer" not in done.stderr and "runtime error" not in done.stderr, done.stderr
        return done
    return start


class Daemon:
    """`billingd run`, what it logs, and what it tells systemd."""

    def __init__(self, sandbox: Sandbox, spec: Spec, after: tuple[str, ...] = (),
                 stderr: int = subprocess.PIPE, **more: str):
        self.messages: list[str] = []
        self.lines: list[str] = []
        self.looked_at, self.place = 0, ""
        self.spec = spec
        socket_path = spec.path.parent / f"notify-{time.monotonic_ns()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(socket_path))
        self.process = subprocess.Popen(
            [BINARY, "-f", spec.path, "run", *after], text=True, stdin=subprocess.DEVNULL, stderr=stderr,
            env={**environment(sandbox, spec.path.parent), "NOTIFY_SOCKET": str(socket_path), **more})
        threading.Thread(target=self._listen, daemon=True).start()
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _listen(self) -> None:
        while True:
            try:
                self.messages += self.socket.recv(4096).decode().split("\n")
            except OSError:
                return

    def _read(self) -> None:
        for line in self.process.stderr or ():
            self.lines.append(line.rstrip("\n"))

    def wait(self, what: Callable[[], Any], seconds: float = PATIENCE_S) -> Any:
        """The first true answer of what; fails with all the daemon said when there is none in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = what()
            if found:
                return found
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.text()}"
            time.sleep(0.02)
        raise AssertionError(f"not in {seconds} s; log:\n{self.text()}\nsystemd: {self.messages}")

    def text(self) -> str:
        return "\n".join(self.lines)

    def events(self, name: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in list(self.lines) if line.startswith("{")]
        return [event for event in found if event["event"] == name]

    @property
    def resources(self) -> int:
        """How many the spec has."""
        return int(self.events("started")[0]["resources"])

    @property
    def address(self) -> str:
        """Where it answers; of the log only what is new is looked at, for a long run asks often."""
        start = self.looked_at
        new = self.lines[start:]
        for line in new:
            told = json.loads(line) if line.startswith("{") else {"event": ""}
            if told["event"] in ("started", "rejected", "listening"):
                self.place = told["listen"]
        self.looked_at = start + len(new)
        return f"http://{(self.place or self.spec.listen).split(',')[0]}"

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=PATIENCE_S) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def metric(self, name: str, **labels: str) -> float | None:
        """Sum of the series that carry the labels; None when there is none."""
        found = None
        for line in self.get("/metrics")[1].splitlines():
            match = re.fullmatch(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name and all(f'{k}="{v}"' in (match[2] or "") for k, v in labels.items()):
                found = (found or 0) + float(match[3])
        return found

    def passes(self) -> int:
        return int(self.metric("billingd_reconcile_duration_seconds_count") or 0)

    def ready(self) -> "Daemon":
        """Waits for the end of the first pass that could read everything. (/-/ready also waits for the audit.)"""
        self.wait(lambda: "READY=1" in self.messages and self.events("started"))
        self.wait(lambda: self.metric("billingd_part_failed", part="pass") == 0)
        self.wait(lambda: "looking now" not in self.status())  # all of it is told, in rounds of the loop
        return self

    def status(self) -> str:
        """What systemctl status shows."""
        return [m.removeprefix("STATUS=") for m in self.messages if m.startswith("STATUS=")][-1]

    def look(self) -> dict[str, Any]:
        """What the daemon says of its looks: how many were asked for, whether one is under way."""
        told: dict[str, Any] = json.loads(self.get("/api/v1/look")[1])
        return told

    def kick(self) -> None:
        """One more pass that begins from now on, to its end; one under way may have read before."""
        before, asked = self.passes(), self.look()["asked"]
        self.send(signal.SIGUSR1)
        self.wait(lambda: self.look()["asked"] > asked)
        self.wait(lambda: not self.look()["looking"] and self.passes() > before)

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def memory(self, name: str) -> int:
        """VmHWM, VmRSS: bytes."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) * 1024  # type: ignore[index]

    def end(self, number: int = signal.SIGTERM, seconds: float = PATIENCE_S) -> int:
        if self.process.poll() is None:
            self.send(number)
        code = self.process.wait(seconds)
        self.reader.join(PATIENCE_S)
        self.socket.close()
        assert "Sanitizer" not in self.text() and "runtime error" not in self.text(), self.text()
        return code


@pytest.fixture
def start(sandbox: Sandbox, spec: Spec) -> Iterator[Callable[..., Daemon]]:
    """start(): the daemon with the spec; killed at the end when the test did not end it."""
    made: list[Daemon] = []

    def begin(**more: Any) -> Daemon:
        made.append(Daemon(sandbox, spec, **more))
        return made[-1]
    yield begin
    for daemon in made:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait(PATIENCE_S)
        daemon.socket.close()
