"""billingd as a program: run a verb against the sandbox, and what it said."""

import json
import os
import subprocess
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sandbox.control import ACCOUNT, Sandbox

ROOT = Path(__file__).resolve().parents[3]
BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()
SHIPPED = ROOT / "billing.yaml"
SPECS = Path(__file__).parent / "specs"


PIPELINE = "ddn-api"


@lru_cache
def documents(spec: Path, pipeline: str) -> str:
    done = subprocess.run([BINARY, "-f", spec, "check", "--print-effective"], capture_output=True,
                          env={"BILLING_ACCOUNT_ID": ACCOUNT}, check=True, text=True)
    resources = yaml.load(done.stdout, yaml.CSafeLoader)["pipelines"][pipeline]["resources"]
    return json.dumps(resources).replace("$${", "${")  # as AWS has them


def effective(spec: Path = SHIPPED, pipeline: str = PIPELINE) -> dict[str, Any]:
    """Resource -> document of a pipeline, as `check --print-effective` has it."""
    found: dict[str, Any] = json.loads(documents(spec, pipeline))  # the caller's own
    return found


def of_one(folder: Path, region: str, want: dict[str, Any]) -> Path:
    """A spec of one resource, as `effective` has it."""
    document = {k: v for k, v in want.items() if k != "after"}
    text = yaml.safe_dump({"template": "empty.yaml", "account": ACCOUNT, "region": region,
                           "pipelines": {PIPELINE: {"resources": {"one": document}}}}, sort_keys=False)
    (folder / "empty.yaml").write_text("resources: {}\n")
    (folder / "one.yaml").write_text(text.replace("${", "$${"))
    return folder / "one.yaml"


def narrow(folder: Path) -> Path:
    """The shipped spec, with each thing read by itself."""
    path = folder / "narrow.yaml"
    text = SHIPPED.read_text().replace("reconcile:\n", "reconcile:\n  wide_reads: false\n", 1)
    path.write_text(f"template: {ROOT}/specs/pipeline.yaml\n{text}")
    return path


@dataclass
class Said:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def resources(self) -> dict[str, dict[str, Any]]:
        """Resource -> what was said of it, without the pipeline's name."""
        return {r["resource"].partition("/")[2]: r for r in self.json["resources"]}

    def __str__(self) -> str:
        return f"exit {self.code}\n{self.out[-4000:]}\n{self.err[-4000:]}"


class Billingd:
    """The program with a spec, an environment and a working directory of its own."""

    def __init__(self, sandbox: Sandbox, folder: Path, spec: Path = SHIPPED, **environment: str):
        self.sandbox, self.folder, self.spec = sandbox, folder, spec
        kept = {k: v for k, v in os.environ.items()
                if not k.startswith(("AWS_", "BILLING", "NO_COLOR"))}
        self.environment = {**kept, **sandbox.environment(), "BILLING_ACCOUNT_ID": ACCOUNT,
                            "HOME": str(folder), **environment}

    def __call__(self, *words: str, timeout: float = 180, **environment: str) -> Said:
        done = subprocess.run([BINARY, "-f", self.spec, *words], cwd=self.folder, text=True,
                              env={**self.environment, **environment}, stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=timeout)
        said = Said(done.returncode, done.stdout, done.stderr)
        assert "Sanitizer" not in said.err and "runtime error" not in said.err, said
        assert said.code >= 0, said
        return said

    def calls(self, **match: Any) -> list[dict[str, Any]]:
        """What the program sent since the journal was cleared, without what the tests sent."""
        return [c for c in self.sandbox.calls(**match) if c["client"].startswith("billingd")]

    def writes(self) -> list[str]:
        return [c["operation"] for c in self.calls(kind="write")]

    def plan(self) -> Said:
        return self("plan", "--detailed-exitcode", "-o", "json")

    def apply(self, **options: Any) -> Said:
        return self("apply", "--yes", "-o", "json", **options)

    def converge(self) -> Said:
        """One apply that must do, and a plan that must then be empty."""
        said = self.apply()
        assert said.code == 0, said
        self.must_be_converged()
        return said

    def must_be_converged(self) -> None:
        after = self.plan()
        assert after.code == 0, after
        left = [r for r in after.json["resources"] if r["action"] != "none"]
        assert left == [], left
        assert after.json["summary"]["writes"] == 0


def must_be_valid(sandbox: Sandbox) -> None:
    assert sandbox.violations() == [], "requests that AWS's model refuses"
    assert sandbox.bugs() == [], "the sandbox itself failed"
