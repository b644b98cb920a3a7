"""The questions of docs/metrics.md, and promtool to ask them of series or of a scrape."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

DOC = (Path(__file__).resolve().parents[2] / "docs/metrics.md").read_text()
QUESTIONS = DOC.split("## Questions they answer")[1].split("\n## ")[0]
EXPRESSIONS = [e for line in re.findall(r"^- .*$", QUESTIONS, re.M) for e in re.findall(r"`([^`]*billingd_[^`]*)`", line)]
# What they cost is a number; the rest are yes or no.
CONDITIONS = [e if re.search(r"[<>=] [\d*. ]+( unless.*)?$", e) else f"{e} > 0" for e in EXPRESSIONS]
NOW_S = 86400  # of promtool's world, which begins at 0


def promtool(folder: Path, tests: dict[str, Any], start_s: int) -> None:
    """Runs expressions over series that begin at start_s of promtool's world, one each minute."""
    blanks = start_s // 60
    series = [{"series": s.rpartition(" ")[0], "values": f"_x{blanks} {s.rpartition(' ')[2]}"} for s in tests["series"]]
    file = folder / "test.yml"
    file.write_text(json.dumps({"evaluation_interval": "1m", "tests": [
        {"interval": "1m", "input_series": series, "promql_expr_test": tests["ask"]}]}))
    done = subprocess.run(["promtool", "test", "rules", file], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def ask(folder: Path, expressions: list[str], series: list[str], true: bool) -> None:
    answer = [{"labels": "{}", "value": 1}] if true else []
    promtool(folder, {"series": series, "ask": [
        {"expr": f"vector(1) and on() ({e})", "eval_time": f"{NOW_S}s", "exp_samples": answer} for e in expressions]},
        NOW_S - 8 * 60)


def scraped(text: str, now_s: float) -> list[str]:
    """A scrape as constant series; time stamps as they would be if it were NOW_S."""
    series = []
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, value = line.rsplit(" ", 1)
        moment = re.match(r"\w+_time(stamp)?_seconds\b", name)
        series.append(f"{name} {float(value) - now_s + NOW_S if moment else float(value):.3f}x9")
    return series


# ---- names ----

DASHBOARD = Path(__file__).resolve().parents[2] / "docs/monitoring/dashboard.json"
WORDS = {"and", "or", "unless", "on", "ignoring", "by", "without", "group_left", "group_right", "bool", "offset", "time", "sum", "max",
         "min", "count", "group", "rate", "increase", "changes", "absent", "histogram_quantile", "last_over_time", "max_over_time",
         "label_replace", "vector", "clamp_min", "topk", "avg"}


def names_in(expression: str) -> set[str]:
    """The metrics (and recorded ones) that an expression asks for; ALERTS is Prometheus's own."""
    plain = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\"[^\"]*\"", "", expression)
    plain = re.sub(r"\b(by|without|on|ignoring|group_left|group_right) *\([^)]*\)", "", plain)
    plain = re.sub(r"\boffset +\w+", "", plain)
    return set(re.findall(r"\b[a-zA-Z_][\w:]*", plain)) - WORDS - {"ALERTS"}


def exported_names() -> set[str]:
    """As the table of docs/metrics.md has them, with the series of a histogram, and process_*."""
    table = {name for name in re.findall(r"^\| `(billingd_\w+)`", DOC, re.M)}
    kinds = {f"{name}_{end}" for name in table for end in ("bucket", "sum", "count")
             if re.search(rf"^\| `{name}` .*\bhistogram\b", DOC, re.M)}
    process = {f"process_{end}" for end in ("cpu_seconds_total", "resident_memory_bytes", "virtual_memory_bytes", "max_fds", "open_fds",
                                            "start_time_seconds")}
    return table | kinds | process


def dashboard_queries() -> list[str]:
    """Every query of the dashboard, with all that its variables may be."""
    board = json.loads(DASHBOARD.read_text())
    found = [target["expr"] for panel in board["panels"] for target in panel.get("targets", [])]
    found += [note["expr"] for note in board["annotations"]["list"]]
    values = {"$__rate_interval": "5m", "$job": "billingd", "$instance": ".+", "$pipeline": ".+"}
    for variable, value in values.items():
        found = [query.replace(variable, value) for query in found]
    return found


def dashboard_names() -> set[str]:
    return {name for query in dashboard_queries() for name in names_in(query)}
