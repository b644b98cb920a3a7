#!/usr/bin/env python3
"""docs/performance/*.svg, and the tables of docs/performance.md, from what the benches measured (tests/bench/*.json).

    python3 tests/bench/plots.py
"""
import json
import math
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 640, 360, 70, 130, 40, 50
COLORS = ("#0b6e99", "#b5541c", "#4d7c2a", "#7a3b8f")
Series = dict[str, list[tuple[float, float]]]


def short(value: float) -> str:
    for unit, size in (("M", 1e6), ("k", 1e3)):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def decades(values: list[float]) -> list[float]:
    return [10.0 ** n for n in range(math.floor(math.log10(min(values))), math.ceil(math.log10(max(values))) + 1)]


class Plot:
    """Lines over a logarithmic abscissa; the ordinate is linear from 0, or logarithmic."""

    def __init__(self, title: str, across: str, up: str, series: Series, logarithmic: bool, limit: float | None = None):
        self.title, self.across, self.up, self.series, self.logarithmic, self.limit = title, across, up, series, logarithmic, limit
        self.ticks_x = decades([x for line in series.values() for x, _ in line])
        ys = [y for line in series.values() for _, y in line] + ([limit] if limit else [])
        step = 10.0 ** math.floor(math.log10(max(ys)))
        step = next(step * part for part in (0.2, 0.5, 1, 2) if max(ys) / (step * part) <= 7)
        self.ticks_y = decades(ys) if logarithmic else [step * n for n in range(math.ceil(max(ys) / step) + 1)]

    def x(self, value: float) -> float:
        first, last = math.log10(self.ticks_x[0]), math.log10(self.ticks_x[-1])
        return LEFT + (math.log10(value) - first) / (last - first) * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        scale = math.log10 if self.logarithmic else float
        first, last = scale(self.ticks_y[0]), scale(self.ticks_y[-1])
        return HEIGHT - BOTTOM - (scale(value) - first) / (last - first) * (HEIGHT - TOP - BOTTOM)

    def frame(self) -> list[str]:
        lines = [f'<text x="{LEFT}" y="22" font-size="15">{self.title}</text>',
                 f'<text x="{(LEFT + WIDTH - RIGHT) / 2:.0f}" y="{HEIGHT - 12}" text-anchor="middle">{self.across}</text>',
                 f'<text x="16" y="{(TOP + HEIGHT - BOTTOM) / 2:.0f}" text-anchor="middle" '
                 f'transform="rotate(-90 16 {(TOP + HEIGHT - BOTTOM) / 2:.0f})">{self.up}</text>']
        for tick in self.ticks_x:
            lines += [f'<path d="M{self.x(tick):.1f} {TOP}V{HEIGHT - BOTTOM}" stroke="#ddd"/>',
                      f'<text x="{self.x(tick):.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{short(tick)}</text>']
        for tick in self.ticks_y:
            lines += [f'<path d="M{LEFT} {self.y(tick):.1f}H{WIDTH - RIGHT}" stroke="#ddd"/>',
                      f'<text x="{LEFT - 6}" y="{self.y(tick) + 4:.1f}" text-anchor="end">{short(tick)}</text>']
        if self.limit:
            lines += [f'<path d="M{LEFT} {self.y(self.limit):.1f}H{WIDTH - RIGHT}" stroke="#c00" stroke-dasharray="6 4"/>',
                      f'<text x="{WIDTH - RIGHT + 6}" y="{self.y(self.limit) + 4:.1f}" fill="#c00">goal</text>']
        return lines

    def svg(self) -> str:
        lines, labels = self.frame(), list[tuple[float, str, str]]()
        for color, (name, points) in zip(COLORS, self.series.items(), strict=False):
            path = " ".join(f"{self.x(x):.1f},{self.y(y):.1f}" for x, y in points)
            lines.append(f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="2"/>')
            lines += [f'<circle cx="{self.x(x):.1f}" cy="{self.y(y):.1f}" r="3" fill="{color}"/>' for x, y in points]
            labels.append((self.y(points[-1][1]), name, color))
        below = float("-inf")
        for at, name, color in sorted(labels):  # none over another
            below = max(at + 4, below + 15)
            lines.append(f'<text x="{WIDTH - RIGHT + 6}" y="{below:.1f}" fill="{color}">{name}</text>')
        return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">\n'
                f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>\n' + "\n".join(lines) + "\n</svg>\n")


def load(name: str) -> Any:
    return json.loads((ROOT / "tests/bench" / name).read_text())


def verbs(rows: list[dict[str, Any]], across: str, up: str, factor: float) -> Series:
    return {verb: [(row[across], row[verb][up] * factor) for row in rows] for verb in ("rollup", "bill", "audit")}


def plots() -> dict[str, Plot]:
    month, scanned = load("month_curve.json"), load("month_scanned.json")
    events = [row for row in month["events"] if row["objects"] < 100_000]
    return {
        "month-memory.svg": Plot("A month of one pipeline: memory", "events of the month", "MiB",
                                 verbs(events, "events", "memory_kib", 1 / 1024), False, 64),
        "month-cpu.svg": Plot("A month of one pipeline: CPU of billingd", "events of the month", "seconds",
                              verbs(events, "events", "cpu_s", 1), False),
        "month-customers.svg": Plot("100,000,000 events: memory by customers", "customers, 90 lines of usage each", "MiB",
                                    verbs(month["customers"], "customers", "memory_kib", 1 / 1024), False, 64),
        "month-scanned.svg": Plot("Bytes that a month's usage query scans", "requests of the month, 20 customers", "bytes",
                                  {"raw events": [(row["requests"], row["raw"]) for row in scanned],
                                   "a bill": [(row["requests"], row["rollups"]) for row in scanned]}, True),
        "fleet-cpu.svg": Plot("A look at pipelines in sync: CPU of billingd", "pipelines", "seconds",
                              {"plan": [(row["pipelines"], row["cpu_s"]) for row in load("fleet_curve.json")]}, True, 10),
        "fleet-memory.svg": Plot("A look at pipelines in sync: memory", "pipelines", "MiB",
                                 {"plan": [(row["pipelines"], row["memory_kib"] / 1024) for row in load("fleet_curve.json")]}, True, 300),
        "fleet-calls.svg": Plot("A look at pipelines in sync: calls", "pipelines", "calls",
                                {"plan": [(row["pipelines"], row["calls"]) for row in load("fleet_curve.json")]}, True),
    }


# ---- tables ----


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *rows))


def month_table() -> str:
    rows = []
    for month in load("month_curve.json")["events"]:
        rows += [[f"{month['events']:,}", f"{month['objects']:,}", f"{month['lines']:,}", f"`{verb}`", f"{one['cpu_s']:.2f} s",
                  f"{one['memory_kib'] / 1024:.0f} MiB", f"{one['calls']:,}", f"{one['lists']:,}", f"{one['longest_round_ms']} ms"]
                 for verb in ("rollup", "bill", "audit") for one in [month[verb]]]
    return table(["Events", "Objects", "Lines of usage", "", "CPU", "Memory", "Calls", "of them lists", "Longest round, CPU"], rows)


def fleet_table() -> str:
    return table(["Pipelines", "CPU", "CPU each", "Memory", "Calls", "Calls each", "Longest round, CPU"],
                 [[f"{one['pipelines']:,}", f"{one['cpu_s']:.2f} s", f"{1000 * one['cpu_s'] / one['pipelines']:.1f} ms",
                   f"{one['memory_kib'] / 1024:.0f} MiB", f"{one['calls']:,}", f"{one['calls'] / one['pipelines']:.1f}",
                   f"{one['longest_round_ms']} ms"] for one in load("fleet_curve.json")])


def daemon_table() -> str:
    def told(one: dict[str, Any], path: str) -> str:
        return f"{one[path]['bytes'] / 1000:,.0f} kB, {one[path]['ms']:,.0f} ms"
    return table(["Pipelines", "Memory, first look", "Memory, all asked", "Page", "`/metrics`", "`/api/v1/status`", "`/api/v1/resources`",
                  "Longest round, CPU"],
                 [[f"{one['pipelines']:,}", f"{one['look_kib'] / 1024:.0f} MiB", f"{one['most_kib'] / 1024:.0f} MiB",
                   *(told(one, path) for path in ("/", "/metrics", "/api/v1/status", "/api/v1/resources")),
                   f"{one['longest_round_ms']} ms"] for one in load("fleet_daemon.json")])


def engines_table() -> str:
    return table(["Query", "Rows, both", "Bytes read, Trino", "Bytes charged, sandbox (DuckDB)"],
                 [[f"`{one['query']}`", f"{one['rows']:,}", f"{one['trino_bytes']:,}", f"{one['duckdb_bytes']:,}"]
                  for one in load("engines.json")["queries"]])


def instructions_table() -> str:
    said = load("instructions.json")
    return table(["Part", "Instructions"], [[said["what"][part], f"{count:,}"] for part, count in said["budgets"].items()])


def with_tables(text: str) -> str:
    """The page with the tables of now between their marks."""
    tables = {"month": month_table, "fleet": fleet_table, "daemon": daemon_table, "engines": engines_table, "instructions": instructions_table}
    return re.sub(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", lambda m: m[1] + tables[m[2]]() + "\n" + m[3], text, flags=re.S)


def main() -> None:
    page, folder = ROOT / "docs/performance.md", ROOT / "docs/performance"
    folder.mkdir(exist_ok=True)
    for name, plot in plots().items():
        (folder / name).write_text(plot.svg())
    page.write_text(with_tables(page.read_text()))


if __name__ == "__main__":
    main()
