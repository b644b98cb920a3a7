"""What was printed is known to be printed: full disks, closed descriptors, readers that leave; and usage that is wrong."""

import fcntl
import os
import platform
import resource
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, environment

ROOT = Path(__file__).resolve().parents[2]
SPEC = ROOT / "billing.yaml"
# Verbs that print without AWS, and what they print.
OFFLINE = [["--help"], ["version"], ["version", "-o", "json"], ["schema"], ["iam-policy"], ["plan", "--help"],
           ["check", "--print-effective"], ["check", "-o", "json"]]
# Verbs that ask AWS first.
ONLINE = [["plan"], ["plan", "-o", "json"], ["status"], ["status", "-o", "json"], ["apply", "--dry-run"],
          ["bill", "--month", "2025-10"], ["audit", "--month", "2025-10", "-o", "json"], ["rollup", "--dry-run"]]


def offline(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BILLING"))}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null",
                   "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "BILLING_ACCOUNT_ID": "123456789012"} | more


def shell(words: list[str], redirection: str, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["bash", "-c", f'"$@" {redirection}', "bash", str(BINARY), "-f", str(SPEC), *words],
                          capture_output=True, text=True, env=env, check=False, timeout=120)


@pytest.mark.parametrize("words", OFFLINE, ids=" ".join)
def test_printed_or_told(words: list[str]) -> None:
    fine = shell(words, "", offline())
    assert fine.returncode == 0 and fine.stdout, fine
    full = shell(words, "> /dev/full", offline())
    assert full.returncode == 1 and "No space left on device" in full.stderr, full
    closed = shell(words, ">&-", offline())
    assert closed.returncode == 1 and "standard output" in closed.stderr, closed
    assert shell(words, "2>&-", offline()).stdout == fine.stdout
    assert shell(words, "<&-", offline()).stdout == fine.stdout


def test_a_reader_that_leaves_is_no_news() -> None:
    gone = shell(["schema"], "| true; exit ${PIPESTATUS[0]}", offline())
    assert gone.stderr == "" and gone.returncode in (0, 1), gone


@pytest.mark.parametrize("words", ONLINE, ids=" ".join)
def test_online_verbs_too(words: list[str], sandbox: Any, spec: Any, api: str, run: Any) -> None:
    fine = run(*words)
    for how in ("> /dev/full", ">&-", "2>&-"):
        done = subprocess.run(["bash", "-c", f'"$@" {how}', "bash", BINARY, "-f", spec.path, *words], text=True,
                              capture_output=True, check=False, timeout=120, env=environment(sandbox, spec.path.parent))
        lost = bool(fine.stdout) and how != "2>&-"
        assert done.returncode == (1 if lost else fine.returncode), (how, done)
        assert not lost or "standard output: " in done.stderr, (how, done)


@pytest.mark.parametrize(("words", "code", "says"), [
    (["audit", "--since", "7"], 64, "--since '7'"), (["audit", "--day", "2026-10-32"], 64, "--day"),
    (["audit", "--from", "2026-10-02", "--to", "2026-10-01"], 64, "ends before it begins"),
    (["rollup", "--month", "2026-10", "--day", "2026-10-01"], 64, "choose one of"),
    (["backfill", "--month", "2026-13"], 64, "--month"), (["bill", "--month", "October"], 64, "--month"),
    (["close", "2026-13"], 64, "close"), (["schema", "--once"], 64, "schema has no flag --once"),
    (["plan", "--yes"], 64, "plan has no flag --yes"), (["check", "--detailed-exitcode"], 64, "--detailed-exitcode"),
    (["version", "--strict"], 64, "--strict")], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_wrong_words(words: list[str], code: int, says: str) -> None:
    done = shell(words, "", offline())
    assert done.returncode == code and says in done.stderr, done


def test_a_wrong_endpoint_is_wrong_configuration() -> None:
    done = shell(["plan"], "", offline(AWS_ENDPOINT_URL="ftp://user:secret@host/x"))
    assert done.returncode == 78 and "AWS_ENDPOINT_URL" in done.stderr, done
    assert "secret" not in done.stderr + done.stdout


def test_nobody_there_is_a_failure_not_a_refusal() -> None:
    done = shell(["plan"], "", offline(AWS_ENDPOINT_URL="https://127.0.0.1:1", AWS_ACCESS_KEY_ID="k",
                                           AWS_SECRET_ACCESS_KEY="s", AWS_MAX_ATTEMPTS="1"))
    assert done.returncode == 1, done


def test_strict_is_the_same_everywhere(tmp_path: Path) -> None:
    spec = tmp_path / "billing.yaml"
    spec.write_text(SPEC.read_text().replace("    # resources:\n    #   access_logs: {retention_days: 180}\n",
                                             "    resources:\n      access_logs: {retention_days: 30}\n"))
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    for words in (["check", "--strict"], ["plan", "--strict"], ["apply", "--strict", "--yes"], ["iam-policy", "--strict"],
                  ["run", "--once", "--strict"], ["bill", "--month", "2025-10", "--strict"]):
        done = subprocess.run([BINARY, "-f", spec, *words], capture_output=True, text=True, check=False,
                              env=offline(), timeout=60)
        assert done.returncode == 3, (words, done)



@pytest.mark.parametrize("words", [["plan"], ["apply", "--yes"]], ids=" ".join)
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_who_waits_for_a_reader_still_ends(words: list[str], stream: str, sandbox: Any, spec: Any, api: str) -> None:
    """A pipe that nobody reads: told to stop it stops, though what it prints has no end of waiting."""
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.write(writer, b"x" * 4096)
    process = subprocess.Popen([BINARY, "-f", spec.path, *words], stdin=subprocess.DEVNULL,
                               env=environment(sandbox, spec.path.parent),
                               **{"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, stream: writer})
    try:
        while process.poll() is None and not waits_for(process.pid, "ppoll"):
            time.sleep(0.02)
        process.send_signal(signal.SIGTERM)
        code = process.wait(timeout=60)
        assert code != 0 or stream == "stderr"
    finally:
        process.kill()
        os.close(reader)
        os.close(writer)


def waits_for(process: int, call: str) -> bool:
    """Whether its main thread is in that system call."""
    numbers = {"ppoll": {"x86_64": "271", "aarch64": "73"}[platform.machine()]}
    return Path(f"/proc/{process}/syscall").read_text().split()[0] == numbers[call]


def no_room() -> None:
    """Every write to a file fails, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_file_is_whole_or_not_there(sandbox: Any, spec: Any, api: str, tmp_path: Path, run: Any) -> None:
    assert run("apply", "--yes").returncode == 0
    ugly = tmp_path / "ugly.yaml"
    ugly.write_text("account:   \"1\"\n")
    there = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    template = str(ROOT / "specs/pipeline.yaml")
    for words, says in ((["plan", "--out", tmp_path / "kept"], "is not written"), (["fmt", ugly], "is not changed"),
                        (["import", "ddn-api", "--template", template, "--out", tmp_path / "made.yaml"], "is not written")):
        done = subprocess.run([BINARY, "-f", spec.path, *words], text=True, capture_output=True, timeout=120, preexec_fn=no_room,
                              env=environment(sandbox, spec.path.parent))
        assert done.returncode == 1 and f"{says}: File too large" in done.stderr and str(words[-1]) in done.stderr, done
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == there
