"""A new spec of many pipelines takes over: no round of the loop grows with them, nobody sees half of it, and whatever comes meanwhile ends well.

AWS is out of reach, so that there is nothing but reloads."""

import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import held_work
import pytest
import round_count
import set_clock
from conftest import API, BINARY, Daemon, Sandbox, Spec, make_api, pipeline

FEW, MANY = 20, 400
EACH = 12  # of what a round may allocate and free for a pipeline more; its resources, made and forgotten on the loop, take some hundred
BILLING = "    billing: {time_zone: UTC, currency: USD, prices: [{from: 2020-01-01, call: 0.001, gib: 0}]}\n"
MORE = "    resources: {log_delivery: off, stage_logging: {after: [subscription]}}\n" + BILLING  # (all would share one resource policy, which is too small)
Start = Callable[..., Daemon]


def fleet(spec: Spec, begin: str, count: int) -> Spec:
    all_names = [f"{begin}-{number:03}" for number in range(count)]
    return spec.write(pipelines="".join(pipeline(name, api=name, more=MORE) for name in all_names))


def begin(start: Start, **more: str) -> Daemon:
    """Until the first look, which reads nothing, is over."""
    daemon = start(AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1", **more)
    daemon.wait(lambda: daemon.events("started"))
    rest(daemon)
    return daemon


def rest(daemon: Daemon) -> None:
    daemon.wait(lambda: (look := daemon.look())["summary"] and not look["looking"])


def reload(daemon: Daemon) -> None:
    before = len(daemon.events("reloaded"))
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: len(daemon.events("reloaded")) > before)


def names(daemon: Daemon) -> set[str]:
    """Of the pipelines that /metrics expects something of."""
    return set(re.findall(r'billingd_part_expected\{pipeline="([^"]+)"', daemon.get("/metrics")[1]))


def most_allocations(start: Start, spec: Spec, folder: Path, count: int) -> int:
    """Of a round of a reload: the best of three (a look may be under way), by which all pipelines go and others come."""
    told = folder / f"most-{count}"
    fleet(spec, "before", count)
    daemon = begin(start, LD_PRELOAD=set_clock.preloaded(round_count.library(folder)), ROUND_COUNT=str(told), ROUND_COUNT_RELOADS="1")
    for number in range(3):
        fleet(spec, f"after-{number}", count)
        reload(daemon)
        rest(daemon)
        assert len(names(daemon)) == count
    assert daemon.end() == 0
    counts = [int(line) for line in told.read_text().split()]
    assert len(counts) == 3
    return min(counts)


@pytest.mark.skipif(b"__asan_init" in BINARY.read_bytes(), reason="counts what the C library allocates")
def test_no_round_grows_with_pipelines(start: Start, spec: Spec, tmp_path: Path) -> None:
    few, many = (most_allocations(start, spec, tmp_path, count) for count in (FEW, MANY))
    assert 0 < few
    assert many - few < EACH * (MANY - FEW), (few, many)


@contextmanager
def asking(daemon: Daemon, path: str, found: list[set[str]]) -> Iterator[None]:
    """Meanwhile path is asked for, over and over: which specs' pipelines each answer names (counters of those that are gone stay)."""
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            lines = [line for line in daemon.get(path)[1].splitlines() if not line.startswith("billingd_part_failures_total")]
            found.append(set(re.findall(r"\b(old|new)-\d{3}\b", "\n".join(lines))))

    asker = threading.Thread(target=ask)
    asker.start()
    try:
        yield
    finally:
        over.set()
        asker.join()


@pytest.mark.parametrize("path", ["/-/ready", "/metrics", "/api/v1/status", "/api/v1/resources"])
def test_nobody_sees_half_of_it(start: Start, spec: Spec, path: str) -> None:
    found: list[set[str]] = []
    fleet(spec, "old", 60)
    daemon = begin(start)
    with asking(daemon, path, found):
        for name in ("new", "old") * 3:
            fleet(spec, name, 60)
            reload(daemon)
    assert {tuple(sorted(each)) for each in found} == {("old",), ("new",)}
    assert daemon.end() == 0


def test_one_after_the_other(start: Start, spec: Spec) -> None:
    """What was read last is in force in the end, whatever took over before; a look that is asked for meanwhile is made."""
    fleet(spec, "first", MANY)
    daemon = begin(start)
    for number in range(6):
        fleet(spec, f"next-{number}", 60 + number)
        daemon.send(signal.SIGHUP)
        time.sleep(0.02 * number)  # in the midst of what, differs from one to the next
        daemon.send(signal.SIGUSR1)
    daemon.wait(lambda: {name[:6] for name in names(daemon)} == {"next-5"})
    rest(daemon)
    assert len(names(daemon)) == 65
    daemon.wait(lambda: daemon.messages[-1:] and "READY=1" in daemon.messages)
    assert daemon.end() == 0


def test_a_spec_that_is_wrong(start: Start, spec: Spec) -> None:
    """The one in force stays as it is, also where another takes over at that moment."""
    fleet(spec, "first", 60)
    daemon = begin(start)
    fleet(spec, "second", MANY)
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: "RELOADING=1" in daemon.messages)
    daemon.wait(lambda: daemon.events("reloaded"))
    spec.write(pipelines=spec.pipelines + "  wrong: [\n")
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.events("reload_failed"))
    rest(daemon)
    assert len(names(daemon)) == MANY
    assert daemon.metric("billingd_config_last_reload_successful") == 0
    assert "spec rejected" in daemon.get("/-/ready")[1]
    fleet(spec, "third", 60)
    reload(daemon)
    assert len(names(daemon)) == 60
    assert daemon.metric("billingd_config_last_reload_successful") == 1
    assert daemon.end() == 0


def test_not_ready_before_a_look(start: Start, spec: Spec, sandbox: Sandbox, api: str) -> None:
    """All is well by the spec before; of the new one, that of which nothing is there and that of the same names, nobody knows yet."""
    daemon = start().ready()
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
    of = {"shop": API, "other": "other-api"}
    make_api(sandbox, of["other"])
    for name in ("other", "other", "shop"):
        sandbox.faults({"action": "hold", "operation": "GetCallerIdentity"})
        spec.write(pipelines=pipeline(name, api=of[name]))
        reload(daemon)
        daemon.wait(lambda: daemon.look()["looking"])
        status, body = daemon.get("/-/ready")
        assert status == 503 and "the first look by it has not ended" in body
        assert daemon.metric("billingd_ready") == 0 and daemon.metric("billingd_spec_conflict") is None
        assert not daemon.look()["ready"] and not daemon.look()["summary"]
        daemon.wait(lambda: daemon.status() == "reloaded, looking now")
        sandbox.faults()
        daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
        assert daemon.metric("billingd_spec_conflict", pipeline=name) == 0
    assert daemon.end() == 0


@pytest.mark.skipif(b"__asan_init" in BINARY.read_bytes(), reason="tells by the C library's heap what is a flow's")
@pytest.mark.parametrize("name", ["shop", "other"])
def test_an_audit_by_the_spec_before(start: Start, spec: Spec, sandbox: Sandbox, api: str, tmp_path: Path, name: str) -> None:
    """Its document is being made when another spec takes over: it tells nothing, neither of who is gone nor of who stays."""
    hold, begun, held = (tmp_path / each for each in ("hold", "begun", "held"))
    make_api(sandbox, "other-api")
    spec.write(pipelines=pipeline(more=BILLING))
    daemon = start(LD_PRELOAD=set_clock.preloaded(held_work.library(tmp_path)), HELD_WORK=str(tmp_path))
    counts = []
    for _ in range(2):
        daemon.ready().wait(lambda: not daemon.look()["working"])
        daemon.kick()
        daemon.wait(lambda: not daemon.look()["working"])
        counts.append(int(begun.read_text()))
    hold.write_text(str(2 * counts[1] - counts[0]))  # the last of a look and what follows it
    daemon.send(signal.SIGUSR1)
    daemon.wait(held.exists)
    sandbox.faults({"action": "hold", "operation": "GetCallerIdentity"})
    spec.write(pipelines=pipeline(name, api={"shop": API, "other": "other-api"}[name], more=BILLING.replace("UTC", "Asia/Kolkata")))
    reload(daemon)
    hold.unlink()
    daemon.wait(lambda: not daemon.look()["working"])
    assert "audit not done yet" in daemon.get("/-/ready")[1]
    assert daemon.metric("billingd_audit_verdict") is None
    assert name == "shop" or 'pipeline="shop"' not in "\n".join(line for line in daemon.get("/metrics")[1].splitlines() if "_total{" not in line)
    sandbox.faults()
    daemon.wait(lambda: daemon.metric("billingd_audit_verdict", pipeline=name) == 1)
    assert daemon.end() == 0


@pytest.mark.parametrize("later_s", [0, 0.05, 0.1, 0.2, 0.4])
def test_stopped_meanwhile(start: Start, spec: Spec, later_s: float) -> None:
    fleet(spec, "first", 60)
    daemon = begin(start)
    fleet(spec, "second", MANY)
    daemon.send(signal.SIGHUP)
    time.sleep(later_s)  # while it is read, made, or in force: all of it is to end well
    assert daemon.end() == 0
