"""Electronic invoices before a validator that others wrote."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VALIDATOR = ROOT / "build/validator"
sys.path.insert(0, str(ROOT / "tests/billing"))


@pytest.fixture
def validate(tmp_path):
    """Of {name: XML}: {name: what is wrong}, errors and warnings, and the names without an error."""
    assert (VALIDATOR / "complete").exists(), "build/validator is missing: run scripts/install trino, then scripts/validator-install"

    def judge(files):
        for name, text in files.items():
            (tmp_path / f"{name}.xml").write_bytes(text.encode())
        run = subprocess.run(["java", "-cp", f"{VALIDATOR}/classes:{VALIDATOR}/lib/*", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
                              "ValidateInvoices", str(tmp_path)], capture_output=True, text=True, check=True, timeout=600)
        lines = run.stdout.splitlines()
        assert lines and lines[-1].startswith("valid "), run.stdout[-2000:] + run.stderr[-2000:]
        told = {}
        for line in lines[:-1]:
            name, _, what = line.partition("\t")
            told.setdefault(name.removesuffix(".xml"), []).append(what)
        return told, int(lines[-1].split()[1])
    return judge
