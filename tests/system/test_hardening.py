"""The release as its linker left it: what the compiler can do against an attacker is done."""

import functools
import json
import os
import platform
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()


def readelf(*flags: str) -> str:
    return subprocess.run(["readelf", "-W", *flags, str(BINARY)], check=True, text=True, stdout=subprocess.PIPE,
                          env={**os.environ, "LC_ALL": "C"}).stdout


def test_is_placed_anywhere() -> None:
    assert re.search(r"Type:\s+DYN", readelf("-h"))
    assert "PIE" in readelf("-d")


def test_its_tables_cannot_be_written() -> None:
    assert "GNU_RELRO" in readelf("-l")
    assert re.search(r"FLAGS\b.*\bBIND_NOW\b", readelf("-d")) and re.search(r"FLAGS_1.*\bNOW\b", readelf("-d")), "all " \
        "symbols are bound at the start, so that what they are bound to cannot be written afterwards"
    assert "TEXTREL" not in readelf("-d")
    assert not re.search(r"(RPATH|RUNPATH)", readelf("-d")), "libraries come from where the system has them"


def test_nothing_is_writable_and_executable() -> None:
    segments = re.findall(r"^  (GNU_STACK|LOAD) .*?((?:R|W|E| ){3}) 0x", readelf("-l"), re.MULTILINE)
    assert {kind for kind, _ in segments} == {"GNU_STACK", "LOAD"}
    assert [kind for kind, flags in segments if "W" in flags and "E" in flags] == []


def test_overruns_are_noticed() -> None:
    symbols = readelf("--dyn-syms")
    assert "__stack_chk_fail" in symbols
    assert re.search(r"__(memcpy|memset|snprintf|vsnprintf|memmove)_chk", symbols)


@functools.cache
def code() -> str:
    return subprocess.run(["objdump", "-d", "--no-show-raw-insn", str(BINARY)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout


x86_only = pytest.mark.skipif(platform.machine() != "x86_64", reason="reads code of x86")


@x86_only
def test_no_frame_jumps_over_a_guard() -> None:
    """A frame grows by a page at most before it is touched (-fstack-clash-protection)."""
    steps = {int(size, 16) for size in re.findall(r"sub +\$0x([0-9a-f]+),%rsp", code())}
    assert max(step for step in steps if step < 1 << 63) == 4096  # above: a small negative number
    assert re.search(r"sub +\$0x1000,%rsp\n.*orq? +\$0x0,\(%rsp\)", code())


@x86_only
def test_jumps_land_where_they_may() -> None:
    # Ours are marked, one by one. The mark on the whole file needs Debian's crt1.o to have it, which in 12 it has not.
    shared = set(re.findall(r" FUNC +GLOBAL +\S+ +\d+ ([a-z]\w+)$", readelf("-s"), re.MULTILINE))
    first = re.findall(r"^[0-9a-f]+ <(\w+)>:\n *[0-9a-f]+:\s+(\w+)", code(), re.MULTILINE)
    assert {"main", "verb_apply"} <= shared
    assert [name for name, what in first if name in shared and what != "endbr64"] == []


def test_every_file_is_built_so() -> None:
    """What the binary does not tell: which level its checks of sizes are of, and that no file was left out."""
    commands = BINARY.parent / "compile_commands.json"
    if not commands.exists():
        pytest.skip("not in the folder that it was built in")
    ours = [entry["command"].split() for entry in json.loads(commands.read_text())
            if re.search(r"/(lib|daemon)/[^ ]*\.c$", entry["file"])]
    assert len(ours) > 300
    for flag in ("-D_FORTIFY_SOURCE=3", "-fstack-clash-protection", "-fstack-protector-strong", "-fPIE"):
        assert all(flag in words for words in ours), flag
    if platform.machine() == "x86_64":
        assert all("-fcf-protection=full" in words for words in ours)
