"""A month of traffic that can be closed: a key, the archive, and ways to harm it."""

import json
import subprocess
from pathlib import Path
from typing import Any

from audit_world import BILLABLE
from rollup_world import BUCKET, GROUP, World

PIPELINE = "shop"
FOLDER = f"billing/{PIPELINE}/"
MORE = """      close: {{signing_key: {key}}}
      audit: {{max_gap: 0.01%}}
      max_response: 8GiB
"""


def openssl(*words: str, code: int = 0) -> str:
    done = subprocess.run(["openssl", *words], text=True, capture_output=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


class Books:
    """World, and what closing needs besides."""

    def __init__(self, world: World):
        self.world, self.sandbox, self.s3 = world, world.sandbox, world.s3
        self.home = Path(world.spec.path.parent)
        self.key = self.home / "billing-key.pem"
        openssl("genpkey", "-algorithm", "ed25519", "-out", str(self.key))
        self.key.chmod(0o600)
        self.public = self.home / "billing-public.pem"
        openssl("pkey", "-in", str(self.key), "-pubout", "-out", str(self.public))
        world.write(more=MORE.format(key=self.key))
        world.apply()

    def generate(self, month: str = "2025-10", **options: Any) -> dict[str, Any]:
        """Traffic of a month within the month itself, rolled up."""
        values = {"requests": 300, "customers": 6, "seed": 3, "margin_days": 0, "log_group": GROUP,
                  **BILLABLE}
        truth = dict(self.sandbox.generate(month, **{**values, **options}))
        self.world.run("rollup", "--month", month)
        return truth

    def months(self, *months: str) -> dict[str, dict[str, Any]]:
        """One day of traffic in each; rolled up after all of it, as objects reach into the month before."""
        truths = {month: dict(self.sandbox.generate(month, requests=40, customers=4, seed=number, days=1, margin_days=0,
                                                    log_group=GROUP, **BILLABLE)) for number, month in enumerate(months)}
        self.world.run("rollup", "--from", months[0] + "-01", "--to", months[-1] + "-28")
        return truths

    def close(self, month: str = "2025-10", *words: str, code: int = 0) -> dict[str, Any]:
        done = self.world.run("close", month, "--yes", "-o", "json", *words, code=code)
        return dict(json.loads(done.stdout)) if done.stdout else {"stderr": done.stderr}

    def verify(self, month: str = "2025-10", *words: str, code: int = 0) -> dict[str, Any]:
        return dict(json.loads(self.world.run("verify", month, "-o", "json", *words, code=code).stdout))

    def keys(self, prefix: str = FOLDER) -> list[str]:
        return sorted(one["key"] for one in self.sandbox.objects(BUCKET, prefix))

    def read(self, key: str) -> bytes:
        return bytes(self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())

    def put(self, key: str, body: bytes) -> None:
        self.s3.put_object(Bucket=BUCKET, Key=key, Body=body)

    def manifest(self, month: str = "2025-10") -> dict[str, Any]:
        return dict(json.loads(self.read(f"{FOLDER}{month}/manifest.json")))

    def file(self, name: str, month: str = "2025-10") -> bytes:
        path = next(f["path"] for f in self.manifest(month)["files"] if f["name"] == name)
        return self.read(f"{FOLDER}{month}/{path}")
