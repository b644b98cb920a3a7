"""No circle between object files: whoever calls is above whoever is called, file by file.

Reads the symbols that each object of the build needs and gives (nm), so a circle through a header, an extern or a
function that only the linker resolves is seen too. OBJECTS names the build's folder."""

import json
import os
import re
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("OBJECTS", ROOT / "build/release"))
DEFINED = "TDBRVWC"

Graph = dict[str, dict[str, set[str]]]  # caller -> called -> by which symbols


def graph_of(symbols: dict[str, str]) -> Graph:
    """From {object: nm's text}."""
    owner = {}
    needs = defaultdict(set)
    for name, text in symbols.items():
        for kind, symbol in re.findall(r"(?m)^[0-9a-f]* *([A-Za-z]) (\S+)$", text):
            if kind in DEFINED:
                owner[symbol] = name
            elif kind == "U":
                needs[name].add(symbol)
    graph: Graph = {name: defaultdict(set) for name in symbols}
    for name, wanted in needs.items():
        for symbol in wanted:
            if owner.get(symbol, name) != name:
                graph[name][owner[symbol]].add(symbol)
    return graph


def reachable(graph: Graph, start: str) -> set[str]:
    seen: set[str] = set()
    todo = [start]
    while todo:
        for called in graph[todo.pop()]:
            if called not in seen:
                seen.add(called)
                todo.append(called)
    return seen


def circles(graph: Graph) -> list[str]:
    """Each circle as text: its files, and by which symbols they hold each other."""
    below = {name: reachable(graph, name) for name in graph}
    told: set[str] = set()
    found = []
    for name in sorted(graph):
        ring = sorted(other for other in below[name] if name in below[other])
        if not ring or name in told:
            continue
        told.update(ring)
        lines = [f"  {a} -> {b}: {' '.join(sorted(graph[a][b]))}" for a in ring for b in sorted(graph[a]) if b in ring]
        found.append("\n".join([f"circle of {len(ring)} files:", *lines]))
    return found


def objects() -> list[Path]:
    """What the build makes of lib/ and daemon/, not what lies there from an earlier one."""
    commands = BUILD / "compile_commands.json"
    made = json.loads(commands.read_text()) if commands.exists() else []
    return sorted(BUILD / re.search(r" -o (\S+)", command["command"])[1] for command in made
                  if Path(command["file"]).relative_to(ROOT).parts[0] in {"lib", "daemon"})


def names_in(text: str) -> dict[str, str]:
    """{object: its part of nm's text}: nm heads each object with its path and a colon."""
    parts = re.split(r"(?m)^\n?(\S+\.o):$", text)
    return {re.sub(r"^.*\.dir/|\.o$", "", path): body for path, body in zip(parts[1::2], parts[2::2], strict=True)}


def read_symbols() -> dict[str, str]:
    paths = [str(path) for path in objects()]
    return names_in(subprocess.run(["nm", *paths], capture_output=True, text=True, check=True).stdout) if paths else {}


SYMBOLS = read_symbols()


def test_no_circles() -> None:
    assert len(SYMBOLS) == len(objects()) > 100, f"no build in {BUILD}"
    graph = graph_of(SYMBOLS)
    assert sum(map(len, graph.values())) > 100
    found = circles(graph)
    assert not found, "\n" + "\n".join(found)


def test_it_can_say_no() -> None:
    nm = {"a.c": "0 T a_go\n U b_go\n", "b.c": "0 T b_go\n U c_go\n", "c.c": "0 T c_go\n0 D c_table\n U a_go\n",
          "d.c": " U a_go\n U printf\n0 t own\n"}
    assert circles(graph_of(nm)) == [
        "circle of 3 files:\n  a.c -> b.c: b_go\n  b.c -> c.c: c_go\n  c.c -> a.c: a_go"]
    assert circles(graph_of({name: text for name, text in nm.items() if name != "c.c"})) == []


def test_it_reads_nm() -> None:
    text = "\nx/r.dir/lib/a.c.o:\n                 U b\n0000000000000000 T a\n\nx/r.dir/lib/b.c.o:\n0000000000000000 T b\n"
    assert graph_of(names_in(text))["lib/a.c"] == {"lib/b.c": {"b"}}


@pytest.mark.parametrize("name", SYMBOLS)
def test_externals_carry_their_file(name: str) -> None:
    own = [symbol for kind, symbol in re.findall(r"(?m)^[0-9a-f]+ ([A-Za-z]) (\S+)$", SYMBOLS[name]) if kind in DEFINED]
    assert [symbol for symbol in own if not carries(symbol, Path(name))] == []


def carries(symbol: str, path: Path) -> bool:
    """audit_days.c may define audit_days and audit_days_read; lib/aws has names with aws_ in front as well."""
    stem = path.stem
    symbol = symbol.removeprefix("__odr_asan.")  # AddressSanitizer's twin of each external of data
    if "aws" in path.parts:
        symbol = symbol.removeprefix("aws_")
    return symbol == stem or symbol.startswith(stem + "_") or symbol == "main"


def test_names_can_be_wrong() -> None:
    audit, log_group = Path("lib/billing/audit/audit_days.c"), Path("lib/resources/log_group.c")
    assert carries("audit_days_read", audit) and carries("log_group", log_group)
    assert carries("aws_client_new", Path("lib/aws/client.c"))
    assert not carries("audit_read", audit) and not carries("audit_daysread", audit)
    assert not carries("aws_log_group", log_group) and not carries("__odr_asan.audit", log_group)
