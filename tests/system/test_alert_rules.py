"""docs/monitoring/billingd.rules.yml by promtool: each alert fires of its fault, not before its time, stays through a gap between
scrapes and ends when all is well again; none fires while all is well, nor of a restart; what is unknown is not silent."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from alert_cases import CASES, DOWN, NOW, PARTS, WELL, WELL_MINUTES, Case
from conftest import ROOT
from metrics_doc import dashboard_names, exported_names, names_in

pytestmark = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")

RULES = ROOT / "docs/monitoring/billingd.rules.yml"
DOCUMENT = yaml.safe_load(RULES.read_text())
ALL = [rule for group in DOCUMENT["groups"] for rule in group["rules"]]
ALERTS = {rule["alert"]: rule for rule in ALL if "alert" in rule}
RUNBOOKS = ROOT / "docs/runbooks.md"
GAP = 3  # minutes without a scrape: less than Prometheus looks back
AFTER = 75  # minutes that all is well again: longer than any range but a day
DAY = 26 * 60
LONG = 140  # minutes: those that take longer are evaluated every five


STEPS = {"rises": 60.0, "slower": 58.0, "comes": 1.0}  # of a counter, each minute


class Line:
    """The values of a series, minute by minute."""

    def __init__(self) -> None:
        self.pieces: list[str] = []
        self.minutes, self.total = 0, 0.0

    def add(self, value: float | str, count: int) -> None:
        word, _, step = str(value).partition(" ")
        if value == "gone":
            self.pieces.append(f"_x{count}")
        elif value == NOW:
            self.pieces.append(f"{self.minutes * 60}+60x{count - 1}")
        elif value == "stays":
            self.pieces.append(f"{WELL_MINUTES * 60}x{count - 1}")
        elif word in STEPS:
            each = float(step or STEPS[word])
            self.pieces.append(f"{self.total:.0f}+{each:.0f}x{count - 1}")
            self.total += each * count
        else:
            self.pieces.append(f"{float(value):.0f}x{count - 1}")
            self.total = float(value)
        self.minutes += count


def series(case: Case, instance: str) -> list[dict[str, str]]:
    """All is well, the fault, a gap between scrapes where the fault lasts long enough, the fault, all is well."""
    made = []
    gap = GAP if case.quiet > GAP else 0
    for name in WELL | case.fault:
        well = WELL.get(name, "gone")
        fault = case.fault.get(name, well)
        line = Line()
        line.add(well, WELL_MINUTES)
        line.add(fault, case.fires - gap)
        if gap:
            line.add("gone", gap)
        line.add(fault, 1)
        line.add(well, AFTER)
        made.append({"series": name.replace('instance="a"', f'instance="{instance}"'), "values": " ".join(line.pieces)})
    return made


TOGETHER = ("BillingdAbsent", "BillingdNobodyLeads")  # true of all instances together


def at(minute: int, alert: str, instance: str, is_firing: bool) -> dict[str, Any]:
    own = f',instance="{instance}"' if alert not in TOGETHER else ""
    return {"expr": f'group(ALERTS{{alertname="{alert}",alertstate="firing"{own}}}) or vector(0)', "eval_time": f"{minute}m",
            "exp_samples": [{"labels": "{}", "value": int(is_firing)}]}


def promtool(folder: Path, tests: list[dict[str, Any]], every: str = "1m") -> None:
    file = folder / "test.yml"
    file.write_text(json.dumps({"rule_files": [str(RULES)], "evaluation_interval": every, "tests": tests}))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, (done.stdout + done.stderr)[:6000]


def case_test(cases: list[Case], late: int = 0) -> dict[str, Any]:
    """Each on an instance of its own."""
    made: list[dict[str, str]] = []
    asked = []
    for n, case in enumerate(cases):
        name, end = f"i{n}", WELL_MINUTES + case.fires + late
        case = replace(case, fires=case.fires + late)
        made += series(case, name)
        asked += [at(WELL_MINUTES - 1, case.alert, name, False), at(end, case.alert, name, True)]
        if "[1d]" not in ALERTS[case.alert]["expr"]:  # else it would take a day
            asked.append(at(end + AFTER, case.alert, name, False))
        if case.quiet >= 0:
            asked.append(at(WELL_MINUTES + case.quiet, case.alert, name, False))
    return {"interval": "1m", "input_series": made, "promql_expr_test": asked}


def test_each_fires_in_time_and_ends(tmp_path: Path) -> None:
    assert {case.alert for case in CASES} == set(ALERTS)
    alone = [case for case in CASES if case.alert in TOGETHER]
    rest = [case for case in CASES if case not in alone]
    promtool(tmp_path, [case_test([case for case in rest if case.fires <= LONG]), *(case_test([case]) for case in alone)])
    promtool(tmp_path, [case_test([case for case in rest if case.fires > LONG], late=10)], "5m")


def none(minute: int, *allowed: str) -> dict[str, Any]:
    """No alert fires but those."""
    others = "|".join(allowed)
    return {"expr": f'count(ALERTS{{alertstate="firing",alertname!~"{others}"}}) or vector(0)', "eval_time": f"{minute}m",
            "exp_samples": [{"labels": "{}", "value": 0}]}


def lines(change: Any, *counts: int) -> list[dict[str, str]]:
    """All series through so many minutes each; change(name, n) is what one is worth in the n-th piece."""
    made = []
    for name in WELL:
        line = Line()
        for n, count in enumerate(counts):
            line.add(change(name, n), count)
        made.append({"series": name, "values": " ".join(line.pieces)})
    return made


def test_none_fires_while_all_is_well_nor_of_a_restart(tmp_path: Path) -> None:
    """A day; then it is down for two minutes and knows, for five more, only what a process knows that has just been started."""
    fresh = re.compile("up|billingd_build_info|process_|billingd_ready|billingd_config|billingd_spec|billingd_reconcile_interval|"
                       "billingd_loop|billingd_part_expected|billingd_part_failures_total|billingd_guard|billingd_log|billingd_self")

    def value(name: str, n: int) -> float | str:
        if n == 1:
            return 0 if name.startswith("up") else "gone"
        if n == 2:
            starting = {"billingd_ready": 0, "process_start_time_seconds": (DAY + 2) * 60}
            return starting.get(name.partition("{")[0], WELL[name]) if fresh.match(name) else "gone"
        if n == 3 and name.startswith("process_start_time_seconds"):
            return (DAY + 2) * 60
        return WELL[name]

    whole = [none(minute) for minute in (5, 30, 61, 200, 700, DAY, DAY + 2, DAY + 4, DAY + 7, DAY + 12, DAY + 40)]
    promtool(tmp_path, [{"interval": "1m", "input_series": lines(value, DAY, 2, 5, 60), "promql_expr_test": whole}], "5m")


def test_a_gap_is_told_through_a_restart(tmp_path: Path) -> None:
    def value(name: str, n: int) -> float | str:
        if "verdict=" in name:
            return "gone" if n == 1 else int('"gap"' in name)
        return WELL[name]

    promtool(tmp_path, [{"interval": "1m", "input_series": lines(value, 30, 20, 5), "promql_expr_test": [
        at(minute, "BillingdGap", "a", True) for minute in (20, 37, 45, 52)]}])


def test_what_is_unknown_is_not_silent(tmp_path: Path) -> None:
    """Nothing that any part of the work measures is there: it never got its turn, or was forgotten."""
    def value(name: str, n: int) -> float | str:
        measured = "pipeline=" in name and "billingd_part_expected" not in name and "billingd_part_failures" not in name
        return "gone" if n and measured else WELL[name]

    asked = [at(400, alert, "a", True) for alert in ("BillingdAuditStale", "BillingdPartNeverRan", "BillingdRollupStale")]
    count = {"expr": 'count(ALERTS{alertname="BillingdPartNeverRan",alertstate="firing"})', "eval_time": "400m",
             "exp_samples": [{"labels": "{}", "value": len(PARTS)}]}
    promtool(tmp_path, [{"interval": "1m", "input_series": lines(value, 2, 410), "promql_expr_test": [*asked, count]}])


def test_a_daemon_that_never_looked_is_told(tmp_path: Path) -> None:
    """Started with a wrong spec, or hung in its first look: no time stamp, no interval, no condition."""
    kept = re.compile("up|billingd_build_info|process_|billingd_ready|billingd_part_failures_total|billingd_config_last_reload_successful")
    made = lines(lambda name, n: (0 if "successful" in name or "ready" in name else WELL[name]) if kept.match(name) else "gone", 60)
    promtool(tmp_path, [{"interval": "1m", "input_series": made, "promql_expr_test": [
        at(50, alert, "a", True) for alert in ("BillingdLooksStopped", "BillingdNotReady", "BillingdNoSpec")] + [
        none(50, "BillingdLooksStopped", "BillingdNotReady", "BillingdNoSpec")]}])


def test_a_daemon_that_is_down_hides_no_other(tmp_path: Path) -> None:
    """Two instances: the one is down, the other has a gap."""
    made = lines(lambda name, n: DOWN[name], 40)
    other = lines(lambda name, n: int('"gap"' in name) if "verdict=" in name else WELL[name], 40)
    made += [{**line, "series": line["series"].replace('instance="a"', 'instance="b"')} for line in other]
    promtool(tmp_path, [{"interval": "1m", "input_series": made, "promql_expr_test": [
        at(35, "BillingdDown", "a", True), at(35, "BillingdGap", "b", True), none(35, "BillingdDown", "BillingdGap")]}])


# ---- the file ----

def test_rules_are_whole() -> None:
    done = subprocess.run(["promtool", "check", "rules", "--lint-fatal", RULES], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    chapters = re.findall(r"^## (Billingd\w+)$", RUNBOOKS.read_text(), re.M)
    assert chapters == list(ALERTS)  # in the same order, and none twice
    for name, rule in ALERTS.items():
        assert rule["labels"]["severity"] in ("critical", "warning"), name
        assert set(rule["annotations"]) == {"summary", "description", "runbook_url"}, name
        assert rule["annotations"]["runbook_url"].endswith(f"/runbooks.md#{name.lower()}"), name


def test_runbooks_answer_the_same_questions() -> None:
    for chapter in re.split(r"^## ", RUNBOOKS.read_text(), flags=re.M)[1:]:
        name, _, text = chapter.partition("\n")
        if name in ALERTS:
            assert re.findall(r"^\*\*([\w ]+)\.\*\*", text, re.M) == ["Meaning", "At risk", "Look", "Repair"], name
            assert "`" in text.partition("**Look.**")[2], f"{name}: a command or a query"


def test_rules_ask_for_what_is_exported() -> None:
    exported = exported_names()
    recorded = {rule["record"] for rule in ALL if "record" in rule}
    for rule in ALL:
        assert names_in(rule["expr"]) <= exported | recorded | {"up"}, rule
    assert recorded <= {name for rule in ALL if "alert" in rule for name in names_in(rule["expr"])} | dashboard_names()
