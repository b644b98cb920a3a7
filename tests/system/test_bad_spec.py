"""A spec that is wrong: at a reload, at a restart, missing, not YAML. Never silent, never down, nothing written."""

import re
import signal
import socket
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
from conftest import BINARY, ROOT, Sandbox, Spec, environment, pipeline
from free_port import free_port

Start = Callable[..., Any]
WRONG = "    resources:\n      access_logs: {retention_day: 90}\n"
UNIT = (ROOT / "systemd/billingd.service").read_text()


def systemctl_reload(daemon: Any, env: dict[str, str]) -> int:
    """Runs what the unit's ExecReload lines say, in order, until one fails, as systemd does."""
    lines = re.findall(r"^ExecReload=(.*)$", UNIT, re.M)
    assert len(lines) == 2
    for line in lines:
        line = line.replace("$MAINPID", str(daemon.process.pid)).replace("/usr/bin/billingd", str(BINARY))
        line = line.replace("/etc/billingd/billing.yaml", str(daemon.spec.path))
        code = subprocess.run(line.split(), env=env, capture_output=True, timeout=60).returncode
        if code:
            return code
    return 0


def in_use(daemon: Any) -> bool:
    return bool(daemon.metric("billingd_config_last_reload_successful") == 1 and daemon.get("/-/ready")[0] == 200
                and daemon.metric("billingd_part_failed", part="reload") == 0 and "errors" not in daemon.status())


def test_systemctl_reload(start: Start, sandbox: Sandbox, spec: Spec, api: str) -> None:
    """It fails, and all three say why until the file is mended, be it with the old content."""
    daemon = start().ready()
    env = environment(sandbox, spec.path.parent)
    daemon.wait(lambda: in_use(daemon))
    old = spec.path.read_text()
    spec.write(pipelines=pipeline(more=WRONG))
    assert systemctl_reload(daemon, env) == 78
    daemon.wait(lambda: daemon.events("reload_failed"))
    line = next(n for n, text in enumerate(spec.path.read_text().splitlines(), 1) if "retention_day:" in text)
    code, body = daemon.get("/-/ready")
    assert code == 503
    assert body == (f"not ready: spec rejected: error in billing.yaml:{line}:21; the one before it is in use\n")
    assert daemon.metric("billingd_config_last_reload_successful") == daemon.metric("billingd_ready") == 0
    assert daemon.metric("billingd_part_failures_total", part="reload") == 1
    daemon.wait(lambda: f"has errors, the spec before it is in use: error in billing.yaml:{line}:21" in daemon.status())
    daemon.kick()  # a look by the old spec changes nothing about that
    assert daemon.get("/-/ready") == (503, body)
    spec.path.write_text(old)
    assert systemctl_reload(daemon, env) == 0
    daemon.wait(lambda: in_use(daemon))
    assert daemon.metric("billingd_part_failures_total", part="reload") == 1
    assert daemon.end() == 0


def test_a_wrong_file_behind_one_that_waits(start: Start, sandbox: Sandbox, spec: Spec, api: str) -> None:
    """A right file waits for a write under way to end; that it then takes over makes a later wrong one no better."""
    daemon = start().ready()
    sandbox.client("logs").put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=7)
    sandbox.faults({"action": "hold", "operation": "PutRetentionPolicy"})
    sandbox.clear()
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: sandbox.calls(operation="PutRetentionPolicy"))
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reload_waits"))
    spec.write(pipelines=pipeline(more=WRONG))
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reload_failed"))
    sandbox.faults()
    daemon.wait(lambda: daemon.events("reloaded"))
    log = [e for e in daemon.text().splitlines() if '"reloaded"' in e or '"reload_failed"' in e]
    assert "reload_failed" in log[0]  # while the write was under way
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == daemon.metric("billingd_spec_generation") == 2)
    assert daemon.metric("billingd_config_last_reload_successful") == 0
    assert daemon.metric("billingd_part_failed", part="reload") == 1
    assert "spec rejected" in daemon.get("/-/ready")[1] and "has errors" in daemon.status()
    assert daemon.end() == 0


BAD = {
    "unknown field": lambda text: text.replace("      bucket: shop-bucket", "      bucket: shop-bucket\n      bukcet: x"),
    "not YAML": lambda text: text.replace("region: ", "region: \"", 1),
    "cut": lambda text: text[:text.index("pipelines")],
    "empty": lambda text: "",
    "binary": lambda text: text + "\0\x01",
    "bad address": lambda text: text.replace("listen: 127.0.0.1:0", "listen: nowhere"),
}


@pytest.mark.parametrize("how", [*BAD, "missing", "a folder"])
def test_a_restart(start: Start, sandbox: Sandbox, spec: Spec, api: str, how: str, free_default: None) -> None:
    """The daemon is up, says what is wrong at every place, asks AWS nothing, and goes on once the file is mended."""
    text = spec.path.read_text()
    spec.path.unlink()
    if how == "a folder":
        spec.path.mkdir()
    elif how != "missing":
        spec.path.write_text(BAD[how](text))
    sandbox.clear()
    daemon = start(WATCHDOG_USEC="200000")
    daemon.wait(lambda: "READY=1" in daemon.messages and daemon.events("rejected"))
    assert daemon.events("spec_error") and daemon.get("/-/healthy") == (200, "billingd is healthy\n")
    code, body = daemon.get("/-/ready")
    assert code == 503
    assert re.fullmatch(r"not ready: spec rejected: error in billing\.yaml(:\d+:\d+)?( and \d+ more)?; "
                        r"nothing is looked at until it is mended and reloaded\n", body), body
    assert daemon.metric("billingd_config_last_reload_successful") == daemon.metric("billingd_ready") == 0
    assert daemon.metric("billingd_part_failed", part="reload") == 1
    assert daemon.metric("billingd_spec_generation") is None
    assert daemon.metric("billingd_reconcile_last_finished_timestamp_seconds") is None
    assert daemon.status().startswith(f"{spec.path} is wrong: error in billing.yaml")
    fed = daemon.messages.count("WATCHDOG=1")
    daemon.wait(lambda: daemon.messages.count("WATCHDOG=1") > fed + 2)  # it lives, and systemd knows
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reload_failed"))  # still wrong
    assert daemon.metric("billingd_config_last_reload_successful") == 0
    assert sandbox.calls() == []
    if how == "a folder":
        spec.path.rmdir()
    spec.path.write_text(text)
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reloaded"))
    daemon.wait(lambda: in_use(daemon))
    assert daemon.metric("billingd_spec_generation") == daemon.metric("billingd_observed_generation") == 1
    assert daemon.metric("billingd_resource_condition", condition="Synced") > 20
    assert daemon.end() == 0


@pytest.fixture
def free_default() -> None:
    """Where a file that does not tell its address leads to: somebody else may be there."""
    with socket.socket() as found:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind(("127.0.0.1", 9464))
        except OSError:
            pytest.skip("127.0.0.1:9464 is taken")


def test_it_listens_where_the_wrong_file_says(start: Start, spec: Spec, api: str) -> None:
    port = free_port()
    spec.write(listen=f"\"127.0.0.1:{port}\"  # here", pipelines=pipeline(more=WRONG))
    daemon = start()
    daemon.wait(lambda: daemon.events("rejected"))
    assert daemon.address == f"http://127.0.0.1:{port}" and daemon.get("/-/ready")[0] == 503
    assert daemon.end() == 0


def test_off_stays_off(start: Start, spec: Spec, api: str) -> None:
    spec.write(listen="off", pipelines=pipeline(more=WRONG))
    daemon = start()
    daemon.wait(lambda: daemon.events("rejected"))
    assert "listen" not in daemon.events("rejected")[0]
    assert daemon.end() == 0


def test_an_aws_configuration_that_is_wrong(start: Start, sandbox: Sandbox, spec: Spec, api: str) -> None:
    config = spec.path.parent / "config"
    config.write_text("[default]\nendpoint_url = ftp://somebody:secret@host/\n")
    env = {"AWS_CONFIG_FILE": str(config), "AWS_ENDPOINT_URL": ""}
    daemon = start(**env)
    daemon.wait(lambda: daemon.events("rejected"))
    code, body = daemon.get("/-/ready")
    assert code == 503 and "the AWS configuration is wrong" in body and "secret" not in body + daemon.text()
    config.write_text(f"[default]\nendpoint_url = {sandbox.environment()['AWS_ENDPOINT_URL']}\n")
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reloaded"))
    daemon.wait(lambda: in_use(daemon))
    assert daemon.end() == 0


def test_secrets_of_the_file_stay_in_it(start: Start, spec: Spec, api: str) -> None:
    """What stands at the wrong place may be a secret: the place is told, not what stands there."""
    spec.write(pipelines=pipeline(more="    sekret-value: {hunter2: x}\n"))
    daemon = start()
    daemon.wait(lambda: daemon.events("rejected"))
    assert not re.search("sekret|hunter2", daemon.get("/-/ready")[1] + daemon.get("/metrics")[1] + daemon.status())
    assert daemon.end() == 0


def test_strict_rejects_warnings(start: Start, spec: Spec, api: str) -> None:
    """At a reload as at the start."""
    text = spec.path.read_text()
    loose = pipeline(more="    resources:\n      access_logs: {retention_days: 1}\n")
    spec.write(pipelines=loose)
    daemon = start(after=("--strict",))
    daemon.wait(lambda: daemon.events("rejected"))
    assert "warning (--strict) in billing.yaml" in daemon.get("/-/ready")[1]
    spec.path.write_text(text)
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: in_use(daemon))
    spec.write(pipelines=loose)
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reload_failed"))
    assert "warning (--strict) in billing.yaml" in daemon.get("/-/ready")[1]
    assert daemon.end() == 0


def test_by_hand_it_ends(run: Any, start: Start, spec: Spec, api: str) -> None:
    spec.write(pipelines=pipeline(more=WRONG))
    for words in ((), ("--bad-spec", "exit"), ("--once",), ("--once", "--bad-spec", "stay")):
        done = run("run", *words)
        assert done.returncode == 78 and "retention_day" in done.stderr and "^" in done.stderr, (words, done)
    assert run("run", "--bad-spec", "never").returncode == 64
    assert run("plan", "--bad-spec", "exit").returncode == 64
    asked = start(after=("--bad-spec", "exit"))  # under systemd, too
    assert asked.process.wait(30) == 78
    told = start(after=("--bad-spec", "stay"), NOTIFY_SOCKET="")
    told.wait(lambda: told.events("rejected"))
    assert told.end() == 0


def test_the_address_is_taken_while_the_spec_is_wrong(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    """systemd tries again."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        spec.write(listen=f"127.0.0.1:{other.getsockname()[1]}", pipelines=pipeline(more=WRONG))
        done = run("run", "--bad-spec", "stay")
    assert done.returncode == 1 and "in use" in done.stderr
