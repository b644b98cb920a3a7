"""What lib/billing asks of AWS is declared in a room's table of operations, and what is declared is asked for."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BILLING = ROOT / "lib/billing"
GATE = "store/operation.c"  # the one file that talks to the client
TABLES = sorted(BILLING.glob("*/*_operations.h"))
SOURCES = {str(path.relative_to(BILLING)): path.read_text() for path in sorted(BILLING.glob("*/*.[ch]"))}
CALLS = re.compile(r"\b(flow_call|flow_call_at_end|flow_pages|aws_client_send)\s*\(")
ENTRY = re.compile(r"\[([A-Z_]+)\]\s*=\s*\{\s*\"(\w+)\",\s*\"(\w+)\"")


def code(text: str) -> str:
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def members(header: Path) -> list[str]:
    """The names in a room's enum, without the one that counts them."""
    body = re.search(r"enum \w+_operation \{(.*?)\}", header.read_text(), re.S)[1]
    return re.findall(r"[A-Z_]+", body)[:-1]


def operations() -> set[str]:
    """Every operation of the embedded models."""
    names = set()
    for path in (ROOT / "lib/aws/models").glob("*.json"):
        names |= set(re.findall(r'"name":\s*"([A-Z]\w+)"', path.read_text()))
    return names


def test_there_are_tables() -> None:
    assert {path.parent.name for path in TABLES} >= {"store", "rollup", "audit", "events"}
    assert len(operations()) > 20


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_only_declared_operations_are_called(name: str) -> None:
    if name == GATE or name.endswith("_operations.c"):
        return
    text = code(SOURCES[name])
    assert CALLS.findall(text) == [], "call it by operation_call, with an operation of the room's table"
    assert set(re.findall(r'"(\w+)"', text)) & operations() == set()


@pytest.mark.parametrize("header", TABLES, ids=lambda path: path.stem)
def test_a_table_is_whole_and_used(header: Path) -> None:
    table = header.with_suffix(".c").read_text()
    assert [name for name, _, _ in ENTRY.findall(table)] == members(header)
    others = "\n".join(code(text) for name, text in SOURCES.items()
                       if not name.endswith(("_operations.h", "_operations.c")))
    array = header.stem
    assert [name for name in members(header) if f"&{array}[{name}]" not in others] == []


def test_the_policy_reads_every_table() -> None:
    policy = (ROOT / "lib/permissions/iam_policy.c").read_text()
    assert [path.stem for path in TABLES if f"{{{path.stem}, {path.stem.upper()}}}" not in policy] == []
