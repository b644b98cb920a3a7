"""The expressions of docs/metrics.md, asked by Prometheus's own promtool: they parse, none is true of a daemon that has just
been started or with which all is well, and each is true of its fault."""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Sandbox
from metrics_doc import CONDITIONS, DOC, EXPRESSIONS, NOW_S, ask, scraped

Start = Callable[..., Any]

pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")

# Expression that contains the words -> series that make it true.
FAULTS = {
    "billingd_ready == 0": ["billingd_ready 0x9"],
    "last_finished_timestamp_seconds or": [f"billingd_reconcile_last_finished_timestamp_seconds {NOW_S - 901}x9"],
    "reconcile_last_success_timestamp_seconds or": [f"billingd_reconcile_last_success_timestamp_seconds {NOW_S - 901}x9"],
    "last_reload_successful": ["billingd_config_last_reload_successful 0x9"],
    "billingd_part_failed == 1": ['billingd_part_failed{pipeline="shop",part="audit"} 1x9'],
    "audit_last_success": [f'billingd_audit_last_success_timestamp_seconds{{pipeline="shop"}} {NOW_S - 10801}x9'],
    "rollup_last_success": [f'billingd_rollup_last_success_timestamp_seconds{{pipeline="shop"}} {NOW_S - 10801}x9'],
    '"Synced"': ['billingd_resource_condition{resource="shop/bucket",kind="s3_bucket",condition="Synced"} 0x9'],
    "misread|dropped": ['billingd_resource_loss{resource="shop/filter",class="dropped"} 1x9'],
    "billingd_leader": ['billingd_leader{pipeline="shop"} 0x9'],
    "paused_since": [f'billingd_paused_since_timestamp_seconds{{resource="shop"}} {NOW_S - 24 * 3600 - 1}x9'],
    "paused_until": [f'billingd_paused_until_timestamp_seconds{{resource="shop/bucket"}} {NOW_S - 1}x9',
                     'billingd_resource_drift_fields{resource="shop/bucket"} 2x9'],
    'state="observed"': ['billingd_resources{pipeline="shop",state="observed"} 2x9'],
    '"NonConverging"': ['billingd_resource_condition{resource="shop/bucket",kind="s3_bucket",condition="NonConverging"} 1x9'],
    "missing|outdated|late": ['billingd_rollups{pipeline="shop",state="late"} 1x9'],
    'state="lost"': ['billingd_rollups{pipeline="shop",state="lost"} 1x9'],
    "loop_busy_longest": ["billingd_loop_busy_longest_seconds 1.5x9"],
    "spec_conflict": ['billingd_spec_conflict{pipeline="shop"} 1x9'],
    'state="kept"': ['billingd_rollups{pipeline="shop",state="kept"} 1x9'],
    'state="lost"': ['billingd_rollups{pipeline="shop",state="lost"} 1x9'],
    'verdict="gap"': ['billingd_audit_verdict{pipeline="shop",verdict="gap"} 1x9'],
    "gap_ratio": ['billingd_audit_gap_ratio{pipeline="shop",hop="forwarded"} 0.2x9'],
    'verdict="unknown"': ['billingd_audit_verdict{pipeline="shop",verdict="unknown"} 1x9'],
    "time() - billingd_newest_object": [f'billingd_newest_object_timestamp_seconds{{pipeline="shop"}} {NOW_S - 3601}x9'],
    'part="listing"': ['billingd_part_failed{pipeline="shop",part="listing"} 0x9'],
    "delivered_until": [f'billingd_delivered_until_timestamp_seconds{{pipeline="shop"}} {NOW_S - 4 * 3600 - 1}x9'],
    "billingd_open_gaps": ['billingd_open_gaps{pipeline="shop"} 1x9'],
    "unclosable": ['billingd_months{pipeline="shop",state="unclosable"} 1x9'],
    "included_events": ['billingd_audit_included_events{pipeline="shop",class="repaired"} 3x9'],
    "damaged_objects": ['billingd_damaged_objects{pipeline="shop"} 1x9'],
    "backfilled": ['billingd_backfilled_events_total{pipeline="shop"} 0+10x9'],
    "backfill_lost": ['billingd_backfill_lost_events{pipeline="shop"} 40x9'],
    "athena_scanned": ["billingd_self_athena_scanned_bytes_total 0+1000000x9"],
    "unclosed_month": [f'billingd_oldest_unclosed_month_end_timestamp_seconds{{pipeline="shop"}} {NOW_S - 5 * 86400 - 1}x9'],
    "budget_used_up": ['billingd_budget_used_up{pipeline="shop",part="rollup"} 1x9'],
    "credentials_failed": ["billingd_credentials_failed 1x9"],
    "throttled": ['billingd_aws_throttled_total{service="logs"} 0+1x9'],
    "lines_dropped": ["billingd_log_lines_dropped_total 0+1x9"],
}


def test_each_parses(tmp_path: Path) -> None:
    assert len(EXPRESSIONS) > 18
    rules = tmp_path / "rules.yml"
    rules.write_text(json.dumps({"groups": [{"name": "doc", "rules": [
        {"alert": f"A{n}", "expr": e} for n, e in enumerate(EXPRESSIONS)]}]}))
    done = subprocess.run(["promtool", "check", "rules", rules], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_asks_for_what_is_exported() -> None:
    source = (ROOT / "daemon/health/service_metrics.c").read_text()
    known = set(re.findall(r'"(billingd_\w+)"', source))
    assert {n for e in EXPRESSIONS for n in re.findall(r"billingd_\w+", e)} <= known
    assert known == {n for n in re.findall(r"^\| `(billingd_\w+)`", DOC, re.M)}  # and the table has all


def test_each_is_true_of_its_fault(tmp_path: Path) -> None:
    for words, series in FAULTS.items():
        asked = [e for e in CONDITIONS if words in e]
        assert len(asked) == 1, words
        ask(tmp_path, asked, series, True)
    assert all(any(words in e for words in FAULTS) for e in CONDITIONS)
    assert len([e for e in CONDITIONS if e.endswith(" * 5 > 0")]) == 1 and len(set(CONDITIONS) - set(EXPRESSIONS)) == 1


def test_never_looked_is_not_well(tmp_path: Path) -> None:
    """A daemon that never got as far as a time stamp; another job's process start is nobody's business."""
    asked = [e for e in EXPRESSIONS if "process_start" in e]
    old = f"process_start_time_seconds{{instance=\"a\"}} {NOW_S - 901}x9"
    ours = 'billingd_build_info{instance="a",version="1"} 1x9'
    assert len(asked) == 2
    ask(tmp_path, asked, [old, ours], True)
    ask(tmp_path, asked, [old, ours.replace('"a"', '"b"')], False)


def test_none_is_true_of_the_first_scrape(start: Start, sandbox: Sandbox, api: str, tmp_path: Path) -> None:
    sandbox.switches(latency_ms=20000)
    daemon = start()
    daemon.wait(lambda: daemon.events("started"))
    series = scraped(daemon.get("/metrics")[1], time.time())
    assert not any(s.startswith("billingd_reconcile_last") for s in series)
    not_yet = "billingd_ready == 0"  # "for longer than a start takes", says the document
    assert not_yet in CONDITIONS
    ask(tmp_path, [not_yet], series, True)
    ask(tmp_path, [e for e in CONDITIONS if e != not_yet], series, False)
    assert daemon.end() == 0


def test_none_is_true_when_all_is_well(start: Start, api: str, tmp_path: Path) -> None:
    daemon = start().ready()
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
    ask(tmp_path, CONDITIONS, scraped(daemon.get("/metrics")[1], time.time()), False)
    assert daemon.end() == 0
