"""A server that sends 15 MB for everything: told as unread, and never the memory of the machine."""

import json
import os
import re
import resource
import subprocess
from pathlib import Path
from typing import Any

from conftest import API, BINARY, ROOT, Spec, environment, make_api, pipeline
from sandbox import endless
from sandbox.control import Sandbox

SERVICES = ("apigatewayv2", "athena", "cloudwatch", "firehose", "glue", "iam", "logs", "s3", "sns")
UNIT = (ROOT / "systemd/billingd.service").read_text()


def memory_max() -> int:
    found = re.search(r"^MemoryMax=(\d+)M$", UNIT, re.MULTILINE)
    assert found
    return int(found[1]) << 20


def most_memory(process: subprocess.Popen[Any]) -> int:
    """Bytes, until it ends."""
    most = 0
    while process.poll() is None:
        found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
        most = max(most, int(found[1]) << 10 if found else 0)
    return most


def test_large_replies(sandbox: Sandbox, spec: Spec, run: Any, api: str, tmp_path: Path) -> None:
    assert run("apply", "--yes").returncode == 0
    assert run("pause", "shop", "--for", "1h", "--reason", "a test").returncode == 0
    sandbox.faults(*({"action": "large", "service": service, "client": "billingd", "times": 0} for service in SERVICES))
    with open(tmp_path / "out", "w+") as out:
        process = subprocess.Popen([BINARY, "-f", spec.path, "plan"], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                   env=environment(sandbox, tmp_path) | {"AWS_MAX_ATTEMPTS": "1"})
        most = most_memory(process)
        out.seek(0)
        told = out.read()
    assert process.returncode == 1, told
    # A sanitizer keeps what was freed, and has a shadow of it all.
    assert most < memory_max() // 2 or b"__asan_init" in BINARY.read_bytes(), f"{most >> 20} MiB"
    assert "the reply is larger than 524288 bytes" in told
    assert "whether it is paused is not known" in told, "an object of ours that is not ours"
    for wrong in ("+ create", "~ update", "in sync", "absent"):
        assert wrong not in told, told
    assert not [call for call in sandbox.calls(kind="write") if call["faults"]]


def test_large_replies_to_many_pipelines_at_once(sandbox: Sandbox, spec: Spec, api: str, tmp_path: Path) -> None:
    """The bound is one for all: eight pipelines whose every list and log is as large as it can be."""
    head = spec.path.read_text().split("\npipelines:")[0]
    many = tmp_path / "many.yaml"
    many.write_text(head + "\npipelines:\n" + "".join(
        f"  shop{n}: {{parameters: {{api_name: {api}{n}, bucket: a-bucket-{n}, firehose: f{n}, log_group: /aws/apigw/{n}, "
        f"database: db{n}, workgroup: w{n}}}}}\n" for n in range(8)))
    sandbox.faults(*({"action": "large", "service": service, "client": "billingd", "times": 0} for service in SERVICES))
    for words in (["plan"], ["status"]):
        with open(tmp_path / "out", "w+") as out:
            process = subprocess.Popen([BINARY, "-f", many, *words], stdout=out, stderr=out, stdin=subprocess.DEVNULL,
                                       env=environment(sandbox, tmp_path) | {"AWS_MAX_ATTEMPTS": "1"})
            most = most_memory(process)
            out.seek(0)
            told = out.read()
        assert process.returncode == 1, told
        assert "the reply is larger than 524288 bytes" in told
        assert most < memory_max() or b"__asan_init" in BINARY.read_bytes(), f"{words}: {most >> 20} MiB"
    sandbox.faults()


# Between them they ask for every list that comes in pages.
VERBS = (["plan"], ["status"], ["import", API, "--template", str(ROOT / "specs/pipeline.yaml")],
         ["audit", "--month", "2025-10"], ["rollup", "--month", "2025-10"], ["backfill", "--day", "2025-10-08"])
# The name of an account, which nothing rests on; the last events of a log, of which `status` shows a few; GetQueryResults
# of a rollup has one row.
NOT_ASKED = {("iam", "ListAccountAliases")}
# A check beforehand: what it cannot tell is unknown, and nothing is held up for it.
UNKNOWN_THEN = {("iam", "SimulatePrincipalPolicy")}
HAVE_ITEMS = {"GetApis", "ListNamedQueries", "DescribeLogGroups", "ListRolePolicies", "GetTables"}
ENOUGH = {("logs", "FilterLogEvents", "status")}


def lists_by_verb(sandbox: Sandbox, run: Any) -> dict[tuple[str, str], list[str]]:
    """Each operation that the model has pages of, and a verb that asks for it."""
    found: dict[tuple[str, str], list[str]] = {}
    for words in VERBS:
        sandbox.clear()
        run(*words)
        for call in sandbox.calls():
            if endless.asks_by(call["service"], call["operation"]):
                found.setdefault((call["service"], call["operation"]), words)
    return found


def test_lists_without_end(sandbox: Sandbox, run: Any, spec: Spec, api: str) -> None:
    """Whichever list it is: an error that is told, never a list cut short, never for ever. (What a list that stands for single
    reads does not tell is asked for by them: tests/system/campaign/test_wide_reads.py.)"""
    spec.write(settings={"wide_reads": "false"})
    assert run("apply", "--yes").returncode == 0
    lists = lists_by_verb(sandbox, run)
    assert len(lists) >= 18, lists
    for number, ((service, operation), words) in enumerate(sorted(lists.items())):
        if (service, operation) in NOT_ASKED or (service, operation, words[0]) in ENOUGH:
            continue
        way = "fresh" if operation in HAVE_ITEMS else ("alternate", "long")[number % 2]
        sandbox.faults({"action": "endless", "service": service, "operation": operation, "way": way, "times": 0,
                        "client": "billingd"})
        done = run(*words)
        told = done.stdout + done.stderr
        most = 8 if words[0] == "plan" else 40  # others ask for several lists of a kind
        assert sandbox.fault_counts()[0]["changed"] in range(1, most + 1), (operation, way, words)
        if (service, operation) in UNKNOWN_THEN:
            continue
        assert f"{operation}: " in told and ("has no end" in told or "is none of AWS's" in told), (operation, way, told)
        assert done.returncode not in (0, 2), (operation, way, done)
    sandbox.faults({"action": "endless", "service": "logs", "operation": "DescribeLogGroups", "way": "empty", "times": 0,
                    "client": "billingd"})
    done = run("plan")
    assert "pages: the list has no end" in done.stderr + done.stdout or "without an item" in done.stdout + done.stderr, done
    assert done.returncode == 1
    sandbox.faults()


def test_a_pipe_in_place_of_a_file_is_not_waited_for(spec: Spec, tmp_path: Path) -> None:
    """Nobody will ever write to it: each file that a verb reads."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with_template = tmp_path / "other.yaml"
    with_template.write_text(re.sub(r"template: .*", f"template: {pipe}", spec.path.read_text()))
    with_token = tmp_path / "token.yaml"
    with_token.write_text(f"web: {{token_file: {pipe}}}\nlisten: 127.0.0.1:0\n" +
                          re.sub(r"^listen: .*\n", "", spec.path.read_text(), flags=re.MULTILINE))
    offline = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BILLING"))} | {
        "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": "http://127.0.0.1:1"}
    for words in (["-f", pipe, "check"], ["-f", pipe, "run", "--bad-spec", "exit"], ["-f", with_template, "check"],
                  ["-f", with_token, "run", "--bad-spec", "exit"],
                  ["fmt", pipe], ["-f", spec.path, "apply", pipe], ["import", API, "--env", pipe],
                  ["-f", spec.path, "verify", "2025-10", "--public-key", pipe]):
        done = subprocess.run([BINARY, *words], env=offline, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              check=False, timeout=60)
        assert done.returncode > 0, (words, done)
        assert str(pipe) in done.stderr, (words, done)


def test_few_descriptors(sandbox: Sandbox, spec: Spec, tmp_path: Path) -> None:
    """As many connections as there are descriptors for, and the same is read; too few are told as that, not as AWS out of reach."""
    many = tmp_path / "many.yaml"
    apis = [make_api(sandbox, f"api-{n}") for n in range(8)]
    many.write_text(spec.write(pipelines="".join(pipeline(f"shop{n}", f"api-{n}") for n in range(len(apis)))).path.read_text())

    def limited(soft: int, hard: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BINARY, "-f", many, "plan", "-o", "json"], capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, env=environment(sandbox, tmp_path) | {"AWS_MAX_ATTEMPTS": "1"},
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard)))
    want = json.loads(limited(1024, 1024).stdout)["resources"]
    assert {one["action"] for one in want} == {"create", "update"}
    for limits in ((24, 24), (12, 1024)):
        done = limited(*limits)
        assert json.loads(done.stdout)["resources"] == want, (limits, done.stderr)
    done = limited(16, 16)
    assert done.returncode == 1 and "no more than 16 files may be open at once: allow 24" in done.stderr, done
