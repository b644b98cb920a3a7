"""Client of the sandbox for tests: starts one, steers it, and makes boto3 sessions for it."""

import json
import os
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from .keys import ACCESS_KEY, ACCOUNT, EXPIRED_WEB_TOKEN, SECRET_KEY, WEB_TOKEN

REGION = "ap-northeast-2"
SESSION = boto3.session.Session()  # one for all: loading AWS's models is what takes time
SESSION_LOCK = threading.Lock()
__all__ = ["ACCESS_KEY", "ACCOUNT", "EXPIRED_WEB_TOKEN", "REGION", "SECRET_KEY", "WEB_TOKEN", "Sandbox",
           "start_sandbox"]


class Sandbox:
    def __init__(self, endpoint: str):
        self.endpoint = endpoint
        self._clients: dict[tuple[Any, ...], Any] = {}

    def send(self, method: str, name: str, value: Any = None, timeout: float = 180) -> Any:
        data = None if value is None else json.dumps(value).encode()
        request = urllib.request.Request(f"{self.endpoint}/_sandbox/{name}", data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=timeout) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            raise ValueError(error.read().decode()) from None

    def calls(self, lease: bool = False, **match: Any) -> list[dict[str, Any]]:
        """Journal entries whose fields equal match, e.g. calls(kind="write"); those that only say who leads are left out
        unless asked for: they come by the clock."""
        found = self.send("GET", "calls")["calls"]
        return [c for c in found if all(c.get(k) == v for k, v in match.items())
                and (lease or not (c["service"] == "s3" and str(c["params"].get("Key", "")).endswith("/leader.json")))]

    def clear(self) -> None:
        self.send("POST", "calls/clear", {})

    def take_calls(self) -> list[dict[str, Any]]:
        """All that ended since; they are not told again, and what is under way is told the next time."""
        return self.send("POST", "calls/take", {})["calls"]

    def violations(self) -> list[dict[str, Any]]:
        return self.send("GET", "violations")["violations"]

    def bugs(self) -> list[dict[str, Any]]:
        return self.send("GET", "violations")["sandbox_bugs"]

    def faults(self, *rules: dict[str, Any]) -> None:
        """Replaces all rules; counters start at zero."""
        self.send("POST", "faults", list(rules))

    def wait_for_fault(self, seconds: float = 1.0) -> bool:
        """Whether a rule has hit a call, as soon as one does."""
        return self.send("POST", "faults/wait", {"seconds": seconds})["fired"]

    def fault_counts(self) -> list[dict[str, Any]]:
        return self.send("GET", "faults")["rules"]

    def switches(self, **values: Any) -> dict[str, Any]:
        return self.send("POST", "switches", values)

    def reset(self) -> None:
        self.send("POST", "reset", {})

    def copy(self, owner: int = 0) -> "Sandbox":
        """A copy of what is there now, with a life of its own; end() it. One with an owner ends when that process has."""
        return Sandbox(self.send("POST", "copy", {"owner": owner})["endpoint"])

    def end(self) -> None:
        self.send("POST", "end", {})

    def snapshot(self, region: str = REGION, *services: str) -> dict[str, Any]:
        """Path -> document of all that can be read there (snapshot.py), of every service or of these."""
        return self.send("POST", "snapshot", {"region": region, "services": services})["snapshot"]

    # -- the data plane: data/README.md ----------------------------------------------------------------

    def generate(self, month: str, **options: Any) -> dict[str, Any]:
        """A month of traffic through the pipeline that is there; returns what it must come to."""
        return self.send("POST", "generate", {"month": month, **options}, timeout=600)

    def traffic(self, log_group: str, events: list[dict[str, Any]], **options: Any) -> list[str]:
        """Log events {message, timestamp, arrival}, times in ms; returns their ids."""
        value = {"log_group": log_group, "events": events, **options}
        return self.send("POST", "traffic", value, timeout=600)["ids"]

    def flush(self) -> None:
        self.send("POST", "flush", {})

    def blocks(self, *blocks: dict[str, Any]) -> None:
        """Replaces all."""
        self.send("POST", "blocks", list(blocks))

    def query_rules(self, *rules: dict[str, Any]) -> None:
        """Replaces all; counters start at zero."""
        self.send("POST", "query_rules", list(rules))

    def query_rule_counts(self) -> list[dict[str, Any]]:
        return self.send("GET", "query_rules")["rules"]

    def rearrange(self, bucket: str, prefix: str, **options: Any) -> dict[str, int]:
        return self.send("POST", "rearrange", {"bucket": bucket, "prefix": prefix, **options}, timeout=600)

    def objects(self, bucket: str, prefix: str = "", text: bool = False) -> list[dict[str, Any]]:
        return self.send("POST", "objects", {"bucket": bucket, "prefix": prefix, "text": text})["objects"]

    def metrics(self) -> list[dict[str, Any]]:
        return self.send("GET", "metrics")["metrics"]

    def account(self, account: str, **values: Any) -> dict[str, Any]:
        """A key of another account."""
        return self.send("POST", "accounts", {"account": account, **values})

    def foreign_bucket(self, name: str, account: str = "999999999999", region: str = REGION) -> None:
        self.send("POST", "buckets", {"name": name, "account": account, "region": region})

    def environment(self, region: str = REGION) -> dict[str, str]:
        """What a process needs in its environment to use this sandbox."""
        return {"AWS_ENDPOINT_URL": self.endpoint, "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY, "AWS_REGION": region, "AWS_DEFAULT_REGION": region,
                "AWS_EC2_METADATA_DISABLED": "true"}

    def client(self, service: str, region: str = REGION, key: dict[str, Any] | None = None,
               retries: int = 0) -> Any:
        """A boto3 client, one for all who ask for the same; by default without retries, so that each call is one request."""
        key = key or {"access_key": ACCESS_KEY, "secret_key": SECRET_KEY}
        token = key.get("token") or None
        asked = (service, region, key["access_key"], key["secret_key"], token, retries)
        with SESSION_LOCK:
            if asked not in self._clients:
                self._clients[asked] = SESSION.client(
                    service, region_name="us-east-1" if service == "iam" else region,
                    endpoint_url=self.endpoint, aws_access_key_id=key["access_key"],
                    aws_secret_access_key=key["secret_key"], aws_session_token=token,
                    config=Config(retries={"max_attempts": retries}, s3={"addressing_style": "path"},
                                  connect_timeout=60, read_timeout=180))
            return self._clients[asked]


def original() -> Sandbox | None:
    """One that is there to be copied, by our clock: python_suite gives some suites another than the machine's."""
    for endpoint in os.environ.get("SANDBOX_ORIGINALS", "").split():
        with suppress(OSError):
            if abs(Sandbox(endpoint).send("GET", "health")["time"] - time.time()) < 600:
                return Sandbox(endpoint)
    return None


@contextmanager
def start_sandbox(port: int = 0) -> Iterator[Sandbox]:
    """A sandbox of our own, gone at the end or when we are: a copy of an original where there is one, for what it loads takes a
    second of the processor."""
    known = None if port else original()
    if known is None:
        with start_process(port) as sandbox:
            yield sandbox
        return
    copy = known.copy(os.getpid())
    try:
        yield copy
    finally:
        with suppress(OSError):
            copy.end()


@contextmanager
def start_process(port: int) -> Iterator[Sandbox]:
    tests = Path(__file__).resolve().parent.parent
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
    with subprocess.Popen([sys.executable, "-m", "sandbox", "--port", str(port), "--with-parent"],
                          cwd=tests, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as process:
        try:
            line = process.stdout.readline()  # type: ignore[union-attr]
            if not line.startswith("endpoint "):
                raise RuntimeError(f"sandbox did not start: {line!r}")
            yield Sandbox(line.split()[1])
        finally:
            process.stdin.close()  # type: ignore[union-attr]
            process.wait(60)
