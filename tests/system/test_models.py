"""lib/aws/models is what scripts/models makes of the pinned botocore."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_models_are_up_to_date() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/models", "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
