"""A real Prometheus for one test: docs/monitoring's rules, every time in them divided, and the daemon as its only target."""

import json
import re
import subprocess
import time
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

RULES = Path(__file__).resolve().parents[2] / "docs/monitoring/billingd.rules.yml"
# A half hour is a second.  Below that a `for` is a second, and a range as long as five scrapes: an increase needs two.
FACTOR = 1800
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def seconds(duration: str) -> float:
    return sum(int(n) * UNITS[unit] for n, unit in re.findall(r"(\d+)([smhd])", duration))


def scaled(duration: str, least: float) -> str:
    return f"{round(max(seconds(duration) / FACTOR, least) * 1000)}ms" if seconds(duration) else "0s"


def scaled_rules(left_out: set[str]) -> dict[str, Any]:
    """The rules without some alerts: [range], offset, `for`, and products like 3 * 3600."""
    document: dict[str, Any] = yaml.safe_load(RULES.read_text())
    for group in document["groups"]:
        group["interval"] = "1s"
        group["rules"] = [rule for rule in group["rules"] if rule.get("alert") not in left_out]
        for rule in group["rules"]:
            text = re.sub(r"\[(\w+)\]", lambda m: f"[{scaled(m[1], 5)}]", rule["expr"])
            text = re.sub(r"\boffset (\w+)", lambda m: f"offset {scaled(m[1], 5)}", text)
            rule["expr"] = re.sub(r"\b([\d.]+) \* (60|3600|86400)\b", lambda m: str(float(m[1]) * int(m[2]) / FACTOR), text)
            if "for" in rule:
                rule["for"] = scaled(rule["for"], 1)
    return document


class Prometheus:
    def __init__(self, folder: Path, port: int, target: str, left_out: set[str]):
        (folder / "billingd.rules.json").write_text(json.dumps(scaled_rules(left_out)))
        (folder / "prometheus.yml").write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": ["billingd.rules.json"],
            "scrape_configs": [{"job_name": "billingd", "static_configs": [{"targets": [target]}]}]}))
        self.address = f"http://127.0.0.1:{port}"
        self.log = (folder / "prometheus.log").open("w")
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/tsdb", f"--web.listen-address=127.0.0.1:{port}"],
            stdout=self.log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(120)
        self.log.close()

    def ask(self, path: str, **parameters: str) -> Any:
        with urllib.request.urlopen(f"{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}", timeout=60) as reply:
            return json.load(reply)["data"]

    def query(self, expression: str) -> list[dict[str, Any]]:
        return list(self.ask("query", query=expression)["result"])

    def alerts(self) -> list[dict[str, Any]]:
        return [alert for alert in self.ask("alerts")["alerts"] if alert["state"] == "firing"]

    def firing(self) -> set[str]:
        return {alert["labels"]["alertname"] for alert in self.alerts()}

    def wait(self, what: Callable[[], Any], why: str, limit_s: float = 240) -> Any:
        end = time.monotonic() + limit_s
        while time.monotonic() < end:
            try:
                found = what()
            except (OSError, ValueError):  # not up yet
                found = None
            if found:
                return found
            time.sleep(0.2)
        raise AssertionError(f"{why}; firing: {sorted(self.firing())}")
