"""docs/monitoring/dashboard.json: what Grafana needs is there, every query is PromQL and asks for what billingd exports."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from metrics_doc import DASHBOARD, dashboard_names, dashboard_queries, exported_names, names_in

BOARD = json.loads(DASHBOARD.read_text())
RULES = yaml.safe_load((ROOT / "docs/monitoring/billingd.rules.yml").read_text())
EXPRESSIONS = [rule["expr"] for group in RULES["groups"] for rule in group["rules"]]
RECORDED = {rule["record"] for group in RULES["groups"] for rule in group["rules"] if "record" in rule}


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{?(\w+)\}?", text))


def test_every_query_names_what_is_exported() -> None:
    assert len(dashboard_queries()) > 60
    for query in dashboard_queries():
        assert names_in(query) <= exported_names() | RECORDED | {"up"}, query


def test_every_metric_is_on_it_or_alerted_on() -> None:
    used = dashboard_names() | {name for expression in EXPRESSIONS for name in names_in(expression)}
    parts = {re.sub(r"_(bucket|sum|count)$", "", name) for name in used}
    shown_by_others = {"billingd_reconcile_last_finished_timestamp_seconds", "billingd_observed_generation",
                       "billingd_config_last_reload_success_timestamp_seconds"}
    table = {name for name in exported_names() if name.startswith("billingd_") and not re.search(r"_(bucket|sum|count)$", name)}
    assert table - used - parts - shown_by_others == set()


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_every_query_parses(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": [
        {"record": f"a:{n}", "expr": query} for n, query in enumerate(dashboard_queries())]}]}))
    done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_grafana_finds_what_it_needs() -> None:
    assert BOARD["schemaVersion"] >= 38 and BOARD["uid"] == BOARD["title"] == "billingd" and BOARD["id"] is None
    known = {variable["name"] for variable in BOARD["templating"]["list"]}
    assert known == {"datasource", "job", "instance", "pipeline"}
    assert variables(json.dumps(BOARD)) <= known | {"__rate_interval", "labels"}
    ids = [panel["id"] for panel in BOARD["panels"]]
    assert len(ids) == len(set(ids)) and all(isinstance(n, int) and n > 0 for n in ids)
    taken: set[tuple[int, int]] = set()
    for panel in BOARD["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24 and not cells & taken, panel["title"]
        taken |= cells
        assert panel["type"] in ("row", "stat", "timeseries", "state-timeline"), panel["type"]
        check_panel(panel)


def check_panel(panel: dict[str, Any]) -> None:
    if panel["type"] == "row":
        return
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"} and panel["fieldConfig"]["defaults"] and panel["options"]
    assert [target["refId"] for target in panel["targets"]] == [chr(65 + n) for n in range(len(panel["targets"]))]
    assert all(target["datasource"] == panel["datasource"] and target["expr"] for target in panel["targets"])


def test_what_is_unknown_is_not_shown_as_zero() -> None:
    stats = [panel for panel in BOARD["panels"] if panel["type"] == "stat"]
    assert stats and all(panel["fieldConfig"]["defaults"]["noValue"] == "unknown" for panel in stats)
    assert not any(re.search(r"\bor\s+(vector|on\s*\(\)\s*vector)", query) for query in dashboard_queries())
    timelines = [panel for panel in BOARD["panels"] if panel["type"] == "timeseries"]
    assert all(panel["fieldConfig"]["defaults"]["custom"]["spanNulls"] is False for panel in timelines)


def asked(title: str) -> str:
    [panel] = [panel for panel in BOARD["panels"] if panel["title"] == title]
    [target] = panel["targets"]
    return str(target["expr"].replace("$job", "billingd").replace("$instance", ".*").replace("$pipeline", "shop|other"))


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_of_many_resources_what_none_is_counts_as_none(tmp_path: Path) -> None:
    """Of a large fleet what does not hold of a resource has no series: 0 as long as resources are known, else unknown."""
    own = 'job="billingd",instance="a",resource="shop/bucket"'
    known = [{"series": f'billingd_resource_condition{{{own},condition="Synced"}}', "values": "0"}]
    counts = {"Held": f'billingd_resource_condition{{{own},condition="NonConverging"}}',
              "Not read": f'billingd_resource_condition{{{own},condition="Unchecked"}}',
              "Usage lost by drift": f'billingd_resource_loss{{{own},class="dropped"}}'}
    cases = []
    for title, series in counts.items():
        for given, want in (([], []), (known, [0]), ([*known, {"series": series, "values": "1"}], [1])):
            cases.append({"interval": "1m", "input_series": given, "promql_expr_test": [
                {"expr": asked(title), "eval_time": "0m", "exp_samples": [{"labels": "{}", "value": value} for value in want]}]})
    file = tmp_path / "test.yml"
    file.write_text(json.dumps({"rule_files": [], "evaluation_interval": "1m", "tests": cases}))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rows_are_what_an_operator_asks_for() -> None:
    assert [panel["title"] for panel in BOARD["panels"] if panel["type"] == "row"] == [
        "Status", "Drift", "Looks", "Audit", "Freshness", "Rollups and bill", "AWS", "Process"]
