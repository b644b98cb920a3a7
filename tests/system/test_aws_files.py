"""The shared AWS files, as the AWS CLI and people leave them: the profile that is chosen works, whatever the others hold."""

import json
import subprocess
from collections.abc import Callable
from typing import Any

from conftest import ACCOUNT, Spec

CONFIG = """\ufeff[default] ; nothing
[profile other] /* x */
region = nowhere
[profile broken]
aws_secret_access_key = Tr0ub4dor&3-of-another
<<<<<<< HEAD
[profile 'my build'] # written by a tool
    role_arn = arn:aws:iam::%s:role/build
    source_profile = my base
    region = ap-northeast-2
""" % ACCOUNT
CREDENTIALS = """[my base]\r
  aws_access_key_id = %s\r
  aws_secret_access_key = %s\r
[profile ignored]\r
aws_access_key_id = WRONG\r
"""
Run = Callable[..., subprocess.CompletedProcess[str]]


def files(spec: Spec, sandbox: Any) -> dict[str, str]:
    folder = spec.path.parent / ".aws"
    folder.mkdir()
    keys = sandbox.environment()
    (folder / "config").write_text(CONFIG, encoding="utf-8")
    (folder / "credentials").write_text(CREDENTIALS % (keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"]))
    return {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_SESSION_TOKEN": ""}


def test_the_profile_of_a_build(run: Run, spec: Spec, sandbox: Any, api: str) -> None:
    sandbox.client("iam").create_role(RoleName="build", AssumeRolePolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}}))
    done = run("plan", AWS_PROFILE="my build", **files(spec, sandbox))
    assert done.returncode == 0, done.stderr
    assert f"as arn:aws:sts::{ACCOUNT}:assumed-role/build/" in done.stdout


def test_a_broken_profile_is_told_to_who_chooses_it(run: Run, spec: Spec, sandbox: Any, api: str) -> None:
    environment = files(spec, sandbox)
    done = run("plan", AWS_PROFILE="broken", **environment)
    assert done.returncode == 78, done.stderr
    assert ".aws/config:6: Expected an '=' sign defining a property" in done.stderr
    assert "Tr0ub4dor" not in done.stderr + done.stdout
    done = run("plan", AWS_PROFILE="my bild", **environment)
    assert done.returncode == 77 and "the config file writes it [profile 'my bild']" in done.stderr, done.stderr
