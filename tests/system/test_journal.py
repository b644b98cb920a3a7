"""The log in systemd's journal: a real journald takes the daemon's records, and every event has its id, its line in the document and
its explanation."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, ROOT, Sandbox, Spec, environment, pipeline

JOURNALD = Path("/lib/systemd/systemd-journald")
TABLE = dict(re.findall(r'\{"(\w+)", "(\w+)"\}', (ROOT / "lib/base/log_event.h").read_text()))
CATALOG = ROOT / "systemd/billingd.catalog"


# ---- the table ----

def logged_events() -> dict[str, set[str]]:
    """Every event that any call in the code logs, with its levels; a call that computes its event must be one that is known here."""
    verdicts = re.search(r"task_verdict_name\(.*?names\[\] = \{(.*?)\};", (ROOT / "lib/reconcile/task.c").read_text(), re.S)
    news = re.search(r"events\[\] = \{(.*?)\};(.*?);", (ROOT / "daemon/service/service_news.c").read_text(), re.S)
    said = re.findall(r'\bsay\([^;{]*?"(\w+)"', (ROOT / "daemon/upkeep/backfill_watch.c").read_text())
    assert verdicts and news and said
    # A pass that wrote tells "synced" and "repaired" in other ways.
    computed = {"task_verdict_name(verdict)": set(re.findall(r'"(\w+)"', verdicts[1])) - {"synced", "repaired"},
                "service_news.c event": set(re.findall(r'"(\w+)"', news[1] + news[2])), "backfill_watch.c event": set(said)}
    found: dict[str, set[str]] = {}
    for path in sorted(path for room in ("lib", "daemon") for path in (ROOT / room).rglob("*.[ch]")):
        if path.name in ("log.h", "log.c"):
            continue
        for level, event in re.findall(r'\blog_(error|warning|info|debug)\(\s*("\w+"|\w+(?:\(\w*\))?)', path.read_text()):
            names = {event.strip('"')} if event.startswith('"') else computed.get(event) or computed[f"{path.name} {event}"]
            for name in names:
                found.setdefault(name, set()).add(level)
    found["log_lines_dropped"] = {"warning"}  # by log.c itself
    return found


def test_every_event_is_in_table_document_and_catalog() -> None:
    logged = logged_events()
    assert len(logged) > 55 and set(TABLE) - set(logged) == set() and set(logged) - set(TABLE) == set()
    assert len(set(TABLE.values())) == len(TABLE) and all(re.fullmatch(r"[0-9a-f]{12}4[0-9a-f]{3}[89ab][0-9a-f]{15}", i) for i in TABLE.values())
    document = re.findall(r"^\| `(\w+)` \| (\w+) \| `(\w{32})` \| .+ \|$", (ROOT / "docs/log-events.md").read_text(), re.M)
    assert [(name, id_) for name, _, id_ in document] == list(TABLE.items())
    assert [(name, level) for name, level, _ in document if level not in logged[name]] == []
    entries = re.findall(r"^-- (\w{32})\nSubject: (.+)\nDefined-By: billingd\n", CATALOG.read_text(), re.M)
    assert [id_ for id_, _ in entries] == list(TABLE.values())
    operations = (ROOT / "docs/operations.md").read_text()
    unlisted = {name for name, level, _ in document if level != "debug" and f"`{name}`" not in operations}
    assert unlisted == set()


def test_systemd_reads_the_catalog(tmp_path: Path) -> None:
    if not shutil.which("journalctl"):
        pytest.skip("journalctl is not installed")
    folder = tmp_path / "usr/lib/systemd/catalog"
    folder.mkdir(parents=True)
    shutil.copy(CATALOG, folder)
    (tmp_path / "var/lib/systemd/catalog").mkdir(parents=True)
    done = subprocess.run(["journalctl", f"--root={tmp_path}", "--update-catalog"], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stdout + done.stderr
    done = subprocess.run(["journalctl", f"--root={tmp_path}", "--dump-catalog", TABLE["held"]], capture_output=True, text=True, timeout=30)
    assert "Subject: A resource does not stay repaired" in done.stdout, done.stdout + done.stderr


# ---- a real journald ----

# In a mount namespace of its own: nothing of it is left, and this machine's journal sees none of it.
SCRIPT = r"""
mount -t tmpfs none /run && mount -t tmpfs none /var/log || exit 99
mkdir -p /run/systemd/journal /run/log/journal
/lib/systemd/systemd-journald >/dev/null 2>&1 & journald=$!
for i in $(seq 100); do [ -S /run/systemd/journal/stdout ] && [ -S /run/systemd/journal/socket ] && break; sleep 0.05; done
with_stream='export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2); exec "$@"'
n=0
while read -r words; do
    n=$((n + 1))
    systemd-cat -t "case$n" sh -c "$with_stream" x $words
    echo "code $n $?"
done
systemd-cat -t elsewhere sh -c "$with_stream" x sh -c "exec $BILLINGD_UNDER_TEST runn 2>&1 >/dev/null | sed 's/^/plain: /'"
journalctl --sync 2>/dev/null || sleep 1
journalctl -D /run/log/journal -o json --no-pager _TRANSPORT=journal _TRANSPORT=stdout
kill $journald
"""


def journal(folder: Path, variables: dict[str, str], commands: list[list[str]]) -> tuple[dict[int, int], list[dict[str, Any]]]:
    """Runs them with the journal on standard error: exit codes, and what it holds then."""
    if os.geteuid() or not JOURNALD.exists() or not shutil.which("unshare"):
        pytest.skip("needs root, unshare and systemd-journald")
    lines = "\n".join(" ".join(command) for command in commands) + "\n"
    done = subprocess.run(["unshare", "-m", "bash", "-c", SCRIPT], input=lines, capture_output=True, text=True, timeout=120,
                          cwd=folder, env={**variables, "BILLINGD_UNDER_TEST": str(BINARY)})
    if done.returncode == 99 or "unshare failed" in done.stderr:
        pytest.skip("no mount namespace here: " + done.stderr)
    codes = {int(n): int(code) for n, code in re.findall(r"^code (\d+) (\d+)$", done.stdout, re.M)}
    return codes, [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def named(records: list[dict[str, Any]], event: str) -> list[dict[str, Any]]:
    found = [record for record in records if record.get("BILLINGD_EVENT") == event]
    assert found, event
    assert all(record["MESSAGE_ID"] == TABLE[event] and record["_TRANSPORT"] == "journal" and
               record["SYSLOG_IDENTIFIER"] == "billingd" for record in found)
    return found


def read_again(run: Any, records: list[dict[str, Any]], folder: Path) -> list[dict[str, Any]]:
    """What `events` makes of them, through a journalctl of ours: the real one knows no unit in that namespace."""
    lines = folder / "journal.json"
    lines.write_text("".join(json.dumps(record) + "\n" for record in records))
    (folder / "bin").mkdir()
    (folder / "bin/journalctl").write_text(f"#!/bin/sh\nexec /bin/cat {lines}\n")
    (folder / "bin/journalctl").chmod(0o755)
    done = run("events", "-o", "json", "--since", "1h", PATH=str(folder / "bin"))
    assert done.returncode == 0 and "the journal begins there" in done.stderr, done.stderr
    return list(json.loads(done.stdout)["events"])


def test_a_real_journal(sandbox: Sandbox, spec: Spec, api: str, run: Any) -> None:
    """One journald for all: a look with writes, starts that fail, words for people, and who writes to another place."""
    folder = spec.path.parent
    bad = folder / "bad.yaml"
    bad.write_text(spec.path.read_text().replace("jitter: 0s", "jiter: 0s"))
    good = [str(BINARY), "-f", str(spec.path)]
    wrong = [str(BINARY), "-f", str(bad)]
    denied = {"action": "error", "operation": "PutRetentionPolicy", "status": 400, "code": "AccessDeniedException", "times": 0,
              "message": "User is not authorized\nto perform: logs:PutRetentionPolicy"}
    sandbox.faults(denied)
    codes, records = journal(folder, environment(sandbox, folder), [
        [*good, "run", "--once"], [*wrong, "check"], [*wrong, "run", "--bad-spec", "exit"], [*good, "runn"], [*good, "check"]])
    assert codes == {1: 1, 2: 78, 3: 78, 4: 64, 5: 0}, records
    created = named(records, "created")
    assert {"shop/bucket", "shop/database"} <= {record["BILLINGD_RESOURCE"] for record in created}
    assert all(record["PRIORITY"] == "6" and record["BILLINGD_PIPELINE"] == "shop" for record in created)
    refused = [record for record in named(records, "denied") if record["BILLINGD_RESOURCE"] == "shop/access_logs"]
    assert len(refused) == 1 and refused[0]["PRIORITY"] == "3"
    assert "logs:PutRetentionPolicy" in refused[0]["BILLINGD_REASON"] and "\n" not in refused[0]["MESSAGE"]
    assert refused[0]["MESSAGE"].startswith("denied shop/access_logs kind=log_group loss=dropped: ")
    problems = named(records, "spec_error")
    assert len(problems) == 2 and all(record["PRIORITY"] == "3" for record in problems)  # check and run
    assert {(record["BILLINGD_FILE"], "jiter" in record["BILLINGD_PATH"]) for record in problems} == {(str(bad), True)}
    assert len(named(records, "spec_rejected")) == 2
    words = {record["SYSLOG_IDENTIFIER"]: record for record in records if record["_TRANSPORT"] == "stdout"}
    assert words["case4"]["PRIORITY"] == "3" and "no verb 'runn'" in words["case4"]["MESSAGE"]
    assert words["case5"]["PRIORITY"] == "6" and ": ok: " in words["case5"]["MESSAGE"]
    told = read_again(run, records, folder)
    assert len(told) == len([record for record in records if "BILLINGD_EVENT" in record])
    assert [(e["level"], e["resource"], e["pipeline"], e["writes"]) for e in told if e["event"] == "created"] == [
        ("info", record["BILLINGD_RESOURCE"], "shop", int(record["BILLINGD_WRITES"])) for record in created]
    assert [e["reason"] for e in told if e["event"] == "denied" and e["resource"] == "shop/access_logs"] == [refused[0]["BILLINGD_REASON"]]
    assert words["elsewhere"]["MESSAGE"].startswith("plain: billingd: no verb")  # standard error was a pipe: no <3> in front


def test_a_start_that_fails_is_an_error(sandbox: Sandbox, spec: Spec, api: str) -> None:
    """The address is somebody else's: the daemon's end, as the journal has it."""
    import socket
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        spec.write(listen=f"127.0.0.1:{other.getsockname()[1]}", pipelines=pipeline())
        codes, records = journal(spec.path.parent, environment(sandbox, spec.path.parent), [
            [str(BINARY), "-f", str(spec.path), "run", "--bad-spec", "stay"]])
    assert codes == {1: 1}
    failed = named(records, "start_failed")
    assert len(failed) == 1 and failed[0]["PRIORITY"] == "3" and failed[0]["BILLINGD_EXIT_CODE"] == "1"
    assert "in use" in failed[0]["BILLINGD_REASON"] and not named(records, "start_failed")[0].get("BILLINGD_RESOURCE")
