"""What AWS tells and its shared files, as the AWS CLI and people leave them: the profile that is chosen works, whatever the others hold."""

import json
import re
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


def test_what_aws_tells_does_not_act_on_a_terminal(run: Run, spec: Spec, sandbox: Any, api: str) -> None:
    """Others may write into AWS what they like: descriptions, tags."""
    assert run("apply", "--yes").returncode == 0
    tricky = "mine \u202e\x9b31m\u2066"
    sandbox.client("athena").update_work_group(WorkGroup="shop-group", Description=tricky)
    for words in (["plan"], ["status"], ["plan", "--color", "always"]):
        done = run(*words)
        shown = re.sub("\x1b\\[[0-9;]*m", "", done.stdout + done.stderr) if "always" in words else done.stdout + done.stderr
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown), repr(shown)
    done = run("plan", "-o", "json")
    assert tricky not in done.stdout
    assert tricky in json.dumps(json.loads(done.stdout), ensure_ascii=False)


def test_passwords_of_urls_are_never_told(run: Run, spec: Spec, sandbox: Any, api: str) -> None:
    for more in ({"AWS_ENDPOINT_URL": "http://u:hunter22@127.0.0.1:1"}, {"AWS_ENDPOINT_URL": "htp://u:hunter22@host"},
                 {"http_proxy": "nonsense://u:hunter22@127.0.0.1:1"}, {"http_proxy": "u:hunter22@127.0.0.1:1"},
                 {"http_proxy": "http://u:hunter22@127.0.0.1:99999"}):
        done = run("plan", "--log-level", "debug", **more)
        assert done.returncode not in (0, 64), more
        assert "hunter22" not in done.stderr + done.stdout, more
