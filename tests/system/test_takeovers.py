"""A few rounds of `python -m takeovers`, and that its judge sees what it is there for."""

import base64
import json
import subprocess
import sys
from typing import Any

from conftest import ROOT

sys.path.insert(0, str(ROOT / "tests"))
from takeovers.judge import Judge  # noqa: E402


def test_some_takeovers() -> None:
    done = subprocess.run([sys.executable, "-m", "takeovers", "--rounds", "3", "--daemons", "2", "--seed", "1281", "--lease", "3"],
                          cwd=ROOT / "tests", text=True, capture_output=True, timeout=1200)
    assert done.returncode == 0 and "0 complaints" in done.stdout, done.stdout + done.stderr[-6000:]


def call(sequence: int, time: float, key: str, operation: str = "PutObject", lease: bool = True, given_up: bool = False) -> dict[str, Any]:
    body = base64.b64encode(json.dumps({"holder": None if given_up else {"id": key}}).encode()).decode()
    return {"sequence": sequence, "time": time, "access_key": key, "service": "s3" if lease else "logs", "operation": operation,
            "kind": "read" if operation == "GetObject" else "write", "status": 200, "faults": [],
            "params": {"Key": "_billingd/shop/leader.json", "Body": body} if lease else {"logGroupName": "/aws/apigw/shop"}}


def said(*calls: dict[str, Any]) -> list[str]:
    judge = Judge(2.0, {"a", "b"}, ("shop",))
    judge.take(list(calls))
    return judge.complaints


def write(sequence: int, time: float, key: str) -> dict[str, Any]:
    return call(sequence, time, key, "PutRetentionPolicy", lease=False)


def test_the_judge() -> None:
    led = (call(1, 100.0, "a"), write(2, 101.0, "a"))
    assert said(*led, call(3, 104.1, "b"), write(4, 105.0, "b")) == []
    assert said(*led, call(3, 101.0, "a", given_up=True), call(4, 101.1, "b"), write(5, 101.2, "b")) == []
    assert "taken over after 1.50 periods" in said(*led, call(3, 103.0, "b"))[0]
    assert "by one who does not lead" in said(*led, call(3, 104.1, "b"), write(4, 104.2, "a"))[0]
    assert "periods after the lease had run out" in said(*led, write(3, 104.5, "a"))[0]
    assert "given up by one who did not have it" in said(*led, call(3, 101.0, "b", given_up=True))[0]
    looks = [call(3 + n, 101.0 + n, "b", "GetObject") for n in range(6)]
    assert "after 6 looks" in said(*led, *looks, call(20, 110.0, "b"))[0]
    for unanswered in ({"status": 500}, {"faults": ["reset"]}, {"end": 110.0}):
        assert said(*led, *looks[:4], {**looks[0], **unanswered}, {**looks[1], **unanswered}, call(20, 110.0, "b")) == []
