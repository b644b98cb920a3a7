"""The release as its linker left it: what the compiler can do against an attacker is done."""

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
    assert re.search(r"FLAGS_1.*\bNOW\b", readelf("-d")), "all symbols are bound at the start"
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


@pytest.mark.skipif(platform.machine() != "x86_64", reason="CET is x86's")
def test_jumps_land_where_they_may() -> None:
    # Ours are marked, one by one. The mark on the whole file needs Debian's crt1.o to have it, which in 12 it has not.
    main = subprocess.run(["objdump", "-d", "--disassemble=main", str(BINARY)], check=True, text=True,
                          stdout=subprocess.PIPE).stdout
    assert re.search(r"<main>:\n.*\bendbr64\b", main)
