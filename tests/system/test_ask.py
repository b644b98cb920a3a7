"""`explain`, `look`, `events`: what a person asks of the daemon, and of AWS."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, ROOT, Daemon, Sandbox, Spec, environment, pipeline

GROUP, LOGS = "/aws/apigw/shop", "shop/access_logs"
RESOURCES = """    resources:
      access_logs: {retention_days: 180, tags: {team: a}, ignore: tags.team}
"""


@pytest.fixture
def applied(run: Any, sandbox: Sandbox, spec: Spec, api: str) -> None:
    spec.write(pipelines=pipeline(more=RESOURCES))
    done = run("apply", "--yes")
    assert done.returncode == 0, done.stderr


def drift(sandbox: Sandbox, days: int = 1) -> None:
    sandbox.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=days)


def listening(spec: Spec, daemon: Daemon) -> None:
    """The port that the daemon got, written where the verbs look for it."""
    spec.write(listen=daemon.address.removeprefix("http://"))


def explained(run: Any, *words: str) -> dict[str, Any]:
    done = run("explain", *words, "-o", "json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def field(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(f for f in told["fields"] if f["field"] == name)


def test_explain(run: Any, start: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    drift(sandbox)
    sandbox.clear()
    told = explained(run, LOGS)
    days = field(told, "retention_days")
    line = next(n for n, text in enumerate(spec.path.read_text().splitlines(), 1) if "retention_days" in text)
    assert (days["want"], days["have"], days["loss"]) == (180, 1, "dropped")
    assert days["source"] == {"by": "spec", "file": str(spec.path), "line": line, "column": 37}
    assert [d["field"] for d in days["differences"]] == ["retention_days"]
    assert field(told, "class")["source"] == {"by": "default", "text": "STANDARD"}
    assert field(told, "name")["have"] == field(told, "name")["want"] == GROUP  # it was read by its name
    assert field(told, "name")["source"]["by"] == "spec"  # a parameter, where its value stands
    compression = explained(run, "shop/stream.compression")["fields"][0]["source"]
    assert compression["by"] == "template" and compression["file"] == f"{ROOT}/specs/pipeline.yaml"
    assert told["next"] == "updates it" and [c["operation"] for c in told["calls"]] == ["PutRetentionPolicy"]
    assert told["since"]["known"] is False and told["pause"] is None and told["ignore"] == ["tags.team"]
    assert told["loss"] == "dropped" and told["mode"] == "mode: enforce (the default)"
    assert sandbox.calls(kind="write") == []
    # One field; the pipeline's name may be left out where there is one only.
    one = explained(run, "access_logs.tags.billingd")
    assert [f["field"] for f in one["fields"]] == ["tags"] and one["fields"][0]["source"]["by"] == "billingd"
    text = run("explain", LOGS).stdout
    for part in (f"set by  the spec, {spec.path}:{line}:37", "differs retention_days: want 180, have 1",
                 "events are being lost", "since unknown: no daemon answers at", "next look updates it",
                 "call logs:PutRetentionPolicy", "set by  billingd's default"):
        assert part in text, text
    # What was not read is not told as absent.
    name, key = field(told, "name"), explained(run, LOGS + ".kms_key")["fields"][0]
    assert (name["have"], name["have_unknown"], key["have"]) == (name["want"], None, None)
    assert key["have_unknown"] == "what the spec leaves alone is not read"
    sandbox.faults({"operation": "DescribeLogGroups", "action": "error", "code": "AccessDeniedException", "times": 0})
    done = run("explain", LOGS, "-o", "json")
    sandbox.faults()
    assert done.returncode == 77
    assert {f["have_unknown"] for f in json.loads(done.stdout)["fields"]} == {"it could not be read"}
    # A daemon that observes it knows since when.
    spec.write(pipelines=pipeline(more=RESOURCES + "    mode: observe\n"))
    drift(sandbox, 180)
    daemon = start().ready()
    before = time.time()
    drift(sandbox)
    daemon.kick()
    listening(spec, daemon)
    told = explained(run, LOGS + ".retention_days")
    since = told["since"]["fields"]["retention_days"]
    assert before - 1 < since["since"] < time.time() + 1 and since["or_longer"] is False
    assert told["since"]["verdict"] == "observed" and "it is only observed, mode: observe (" in told["next"]
    assert told["calls"] == []
    daemon.kick()
    assert explained(run, LOGS)["since"]["fields"]["retention_days"]["since"] == since["since"]
    assert "observed at its last look" in run("explain", LOGS).stdout
    assert daemon.end() == 0
    assert run("pause", LOGS, "--reason", "why", "--for", "1h").returncode == 0
    assert explained(run, LOGS)["pause"]["reason"] == "why"


@pytest.mark.parametrize("words, text", [
    (("shop",), "explain takes a resource, like shop/"), (("shop/acces_logs",), "did you mean shop/access_logs"),
    ((LOGS + ".retention",), "log_group has no field retention"), ((), "explain needs ADDRESS"),
])
def test_explain_of_what_is_not_there(run: Any, sandbox: Sandbox, words: tuple[str, ...], text: str) -> None:
    done = run("explain", *words)
    assert done.returncode == 64 and text in done.stderr, done.stderr
    assert sandbox.calls() == []


def test_look(run: Any, start: Any, sandbox: Sandbox, spec: Spec, applied: None) -> None:
    done = run("look")
    assert done.returncode == 1 and "no daemon answers at" in done.stderr
    daemon = start().ready()
    listening(spec, daemon)
    total = daemon.resources
    drift(sandbox)
    done = run("look")
    assert done.returncode == 0 and done.stdout == f"{total}/{total} in sync\n", done.stdout + done.stderr
    assert [e["resource"] for e in daemon.events("repaired")] == [LOGS]  # by the look, before it ended
    # During a look another one follows it, and is waited for.
    sandbox.faults({"action": "hold", "operation": "DescribeLogGroups"})
    daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: "looking now" in daemon.status())
    drift(sandbox)
    with subprocess.Popen([BINARY, "-f", spec.path, "look", "-o", "json"], text=True, stdout=subprocess.PIPE,
                          env=environment(sandbox, spec.path.parent)) as asking:
        daemon.wait(lambda: daemon.look()["asked"] == 3)
        sandbox.faults()
        told = json.loads(asking.communicate()[0])
    assert told["summary"] == f"{total}/{total} in sync" and told["asked"] == told["done"] == 3
    sandbox.faults({"action": "error", "service": "glue", "status": 400, "code": "AccessDeniedException", "times": 0})
    done = run("look")
    assert done.returncode == 1 and "not ready: the last look at AWS was not whole" in done.stdout, done.stdout
    sandbox.faults()
    spec.write(pipelines=pipeline(more=RESOURCES + "    mode: observe\n"))
    daemon.send(signal.SIGHUP)
    drift(sandbox)
    done = run("look", "--detailed-exitcode")
    assert done.returncode == 1 and "1 observed and not as wanted" in done.stdout, done.stdout
    assert "not ready: shop/access_logs: events are being lost" in done.stdout
    spec.path.write_text("account: [\n")
    assert daemon.end() == 0


def test_events(run: Any, start: Any, sandbox: Sandbox, spec: Spec, applied: None, tmp_path: Path) -> None:
    """The daemon's own, and before its start the journal's, asked through a journalctl of ours."""
    empty = tmp_path / "bin"
    empty.mkdir()
    nowhere = {"PATH": str(empty)}
    done = run("events", **nowhere)
    assert done.returncode == 1 and done.stdout == ""
    assert "no daemon answers at" in done.stderr and "is not known here: there is no journalctl" in done.stderr
    (empty / "journalctl").write_text("#!/bin/sh\n")  # empty, or not for us
    (empty / "journalctl").chmod(0o755)
    done = run("events", **nowhere)
    assert done.returncode == 1 and done.stdout == "" and "the journal is empty, or may not be read" in done.stderr
    (empty / "journalctl").unlink()
    began = time.time()
    daemon = start().ready()
    drift(sandbox)
    daemon.kick()
    assert run("pause", LOGS, "--reason", "secret words", "--for", "1h").returncode == 0
    daemon.kick()
    listening(spec, daemon)
    done = run("events", "-o", "json", "--since", "1h", **nowhere)
    assert done.returncode == 0 and "what happened before " in done.stderr
    told = json.loads(done.stdout)
    assert told["complete"] is False and began - 2 < told["known_since"] < time.time()
    names = [(e["event"], e.get("resource"), e.get("field")) for e in told["events"]]
    assert [n for n in names if n[1]] == [("drift", LOGS, "retention_days"), ("repaired", LOGS, None), ("paused", LOGS, None)]
    assert names[0][0] == "started" and [e["number"] for e in told["events"]] == list(range(1, len(names) + 1))
    served = daemon.get("/api/v1/events")
    assert served[0] == 200 and not any(w in served[1] for w in ("secret words", "arn:aws", "123456789012", "want"))
    assert run("events", "--since", "2099-01-01", **nowhere).stdout == "No events in this time.\n"
    text = run("events", **nowhere).stdout
    assert "repaired" in text and f"drift         {LOGS}  field=retention_days" in text, text
    # The journal has what was before: records, of an older billingd lines; big values and such that are no text (test_journal.py).
    line = {"event": "rollup", "level": "info", "pipeline": "shop", "day": "2025-10-01"}
    record = {"MESSAGE": "audit_gap shop", "PRIORITY": "4", "BILLINGD_EVENT": "audit_gap", "BILLINGD_PIPELINE": "shop",
              "BILLINGD_MISSING": "12", "BILLINGD_HOURS": '["a", "b"]', "BILLINGD_REASON": list(b"\x1b[1m"), "SYSLOG_IDENTIFIER": "billingd"}
    entries = [{"__REALTIME_TIMESTAMP": str(int((began - ago) * 1e6))} | fields for ago, fields in (
        (7200, {"MESSAGE": json.dumps(line | {"day": "2025-09-30"})}), (600, {"MESSAGE": json.dumps(line)}),
        (300, {"MESSAGE": "Started billingd."}), (200, record), (100, {"MESSAGE": None}))]
    lines = tmp_path / "journal"
    lines.write_text("".join(json.dumps(e) + "\n" for e in entries))
    (empty / "journalctl").write_text(f"#!/bin/sh\nexec /bin/cat {lines}\n")
    (empty / "journalctl").chmod(0o755)
    done = run("events", "-o", "json", "--since", "1h", **nowhere)
    told = json.loads(done.stdout)
    assert told["complete"] is True and done.stderr.count("not known") == 0
    before = [{k: v for k, v in e.items() if k != "time"} for e in told["events"] if e["time"] < began - 50]
    assert before == [line, {"event": "audit_gap", "level": "warning", "pipeline": "shop", "missing": 12, "hours": ["a", "b"],
                             "reason": "\x1b[1m"}]
    assert told["events"][-1]["event"] == "paused"
    # It begins somewhere: before that nothing is known.
    done = run("events", "-o", "json", "--since", "9h", **nowhere)
    told = json.loads(done.stdout)
    assert told["complete"] is False and abs(told["known_since"] - (began - 7200)) < 1 and "the journal begins there" in done.stderr
    lines.write_text("")
    done = run("events", "-o", "json", "--since", "9h", **nowhere)
    assert json.loads(done.stdout)["known_since"] > began - 2 and "the journal is empty, or may not be read" in done.stderr
    (empty / "journalctl").write_text("#!/bin/sh\nexit 1\n")
    assert "journalctl cannot read the journal" in run("events", **nowhere).stderr
    assert run("events", "--since", "yesterday").returncode == 64
    assert daemon.end() == 0
