"""Trino's grammar takes the shipped SQL (DuckDB is laxer).

Needs the parser:
  cp -r tests/sql/grammar build/ && cd build/grammar && npm install && npm run build"""

import shutil
import subprocess

import pytest

import duck

PARSER = duck.ROOT / "build" / "grammar" / "parse.cjs"

pytestmark = pytest.mark.skipif(
    not PARSER.exists() or not shutil.which("node"), reason="build/grammar/parse.cjs is not built")


def parse(*files):
    return subprocess.run(["node", PARSER, *files], capture_output=True, text=True, timeout=120)


def test_shipped_sql_parses():
    files = sorted(duck.SQL.rglob("*.sql"))
    done = parse(*files)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count(" ok\n") == len(files) > 7


def test_the_grammar_is_not_lenient():
    """The seed's CREATE TABLE AS, which is not written out."""
    done = parse(duck.ROOT / "tests" / "specs" / "seed" / "sql" / "ctas.sql")
    assert done.returncode == 1
