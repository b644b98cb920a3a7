"""`fmt`: one layout; words, comments and meaning stay."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, ROOT

UGLY = """\
\ufeff# the head
account:   "123456789012"   # whose


region: ap-northeast-2
pipelines:
      # of the shop
      shop:
            region:    us-east-1\t
            parameters: {api_name: ddn-api,
                         bucket: b}
            # above a list
            resources:
               logs:
                  kind: log_group
                  description: >-
                        folded
                          text

                        more
                  # about after
                  after:
                  - one
                  -   two
                  -   a: 1
                      b: 2
                  sql: |
                       SELECT '  x'   \n
                         FROM y


               # resources:
               #   more: off
            quoted: "two
                lines

                of text"
"""
NEAT = """\
# the head
account: "123456789012"   # whose

region: ap-northeast-2
pipelines:
  # of the shop
  shop:
    region: us-east-1
    parameters: {api_name: ddn-api,
                 bucket: b}
    # above a list
    resources:
      logs:
        kind: log_group
        description: >-
          folded
            text

          more
        # about after
        after:
          - one
          - two
          - a: 1
            b: 2
        sql: |
          SELECT '  x'   \n
            FROM y

      # resources:
      #   more: off
    quoted: "two
      lines

      of text"
"""


def fmt(*words: Any, text: str | None = None, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run([BINARY, *words], text=True, capture_output=True, timeout=60, input=text,
                          env={"PATH": os.environ["PATH"]})
    assert done.returncode == code and "Sanitizer" not in done.stderr, (done.returncode, done.stdout, done.stderr)
    return done


def test_one_layout(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    path.write_text(UGLY)
    path.chmod(0o640)
    link = tmp_path / "link.yaml"
    link.symlink_to(path)
    assert fmt("fmt", path, "--check", code=2).stdout == f"{path}\n"
    diff = fmt("-f", path, "fmt", "--diff").stdout
    assert '+account: "123456789012"   # whose' in diff.replace("+ ", "+") and path.read_text() == UGLY
    fmt("fmt", link)
    assert path.read_text() == NEAT and link.is_symlink() and path.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["link.yaml", "spec.yaml"]
    before = path.stat()
    fmt("fmt", path)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)  # nothing to write
    assert fmt("fmt", path, "--check").stdout == ""
    assert fmt("fmt", "-", text=UGLY).stdout == NEAT and fmt("-f", "-", "fmt", text=UGLY).stdout == NEAT
    assert fmt("fmt", "-", text=UGLY.replace("\n", "\r\n")).stdout == NEAT
    fmt("fmt", "-", "--check", text=UGLY, code=2)


@pytest.mark.parametrize("text, neat", [
    # Whatever libyaml takes for a line break is one; what is none is written as it was read.
    ("e: \u2028s:\n    - a\n", "e:\ns:\n  - a\n"), ("a:   1\x85b:\r  c:  2\r\n", "a: 1\nb:\n  c: 2\n"),
    ('a:  "\ufeff\u200e"\n', 'a: "\ufeff\u200e"\n'),
    # A comment below brackets is not about what stands in them.
    ("g:\n    - m:\n      o: {a,\n    b: [x,]}\n      p: s\n    # c\n",
     "g:\n  - m:\n    o: {a,\n      b: [x,]}\n    p: s\n  # c\n"),
    # A key that says it is one, wherever its value begins.
    ("?   a\n:    1\n? b\n\n:\n      - x\n      -   y\n? c\n# about d\n?  d\n:   e: 1\n    f:  2\n",
     "? a\n: 1\n? b\n\n:\n  - x\n  - y\n? c\n# about d\n? d\n: e: 1\n  f: 2\n"),
    ("l:\n     -   ?   k\n         :   v\n         z:   1\n     - {? a : b, ? c}\n",
     "l:\n  - ? k\n    : v\n    z: 1\n  - {? a : b, ? c}\n"),
    ("a:\n      ? b\n      : - x\n        - y\n      ? |-\n            long\n      : >-\n          t\n          u\n",
     "a:\n  ? b\n  : - x\n    - y\n  ? |-\n    long\n  : >-\n    t\n    u\n"),
    # A text without a line break at its end gets none.
    ("s: |\n    SELECT 1", "s: |\n  SELECT 1"), ("s: |\n    SELECT 1\n", "s: |\n  SELECT 1\n"), ("s:   1", "s: 1\n"),
])
def test_odd_lines(text: str, neat: str) -> None:
    done = subprocess.run([BINARY, "fmt", "-"], input=text.encode(), capture_output=True, timeout=60)
    assert (done.returncode, done.stdout.decode(), done.stderr) == (0, neat, b"")
    assert subprocess.run([BINARY, "fmt", "-"], input=done.stdout, capture_output=True, timeout=60).stdout == done.stdout


def test_a_byte_order_mark_goes(tmp_path: Path) -> None:
    """From a file as from standard input; `check` reads both as without."""
    path = tmp_path / "spec.yaml"
    path.write_text("\ufeffa: 1\n")
    assert fmt("fmt", path, "--check", code=2).stdout == f"{path}\n" and "+ a: 1" in fmt("fmt", path, "--diff").stdout
    fmt("fmt", "-", "--check", text="\ufeffa: 1\n", code=2)
    fmt("fmt", path)
    assert path.read_bytes() == b"a: 1\n"
    fmt("fmt", path, "--check")


def test_shipped_files_are_so() -> None:
    for path in [ROOT / "billing.yaml", ROOT / "specs/pipeline.yaml"]:
        fmt("fmt", path, "--check")


@pytest.mark.parametrize("step", [1, 3, 7])
def test_no_spec_changes_its_meaning(step: int) -> None:
    """Every spec of the tests, indented otherwise: the same effective spec, the same comments, and one layout."""
    files = sorted([*ROOT.glob("tests/specs/**/*.yaml"), ROOT / "billing.yaml", ROOT / "specs/pipeline.yaml"])
    assert len(files) > 30
    seen = 0
    for path in files:
        text = path.read_text(encoding="utf-8", errors="surrogateescape").removeprefix("\ufeff")
        wide = "".join(wider(line, step) for line in text.splitlines(keepends=True))
        done = subprocess.run([BINARY, "fmt", "-"], capture_output=True, timeout=60,
                              input=wide.encode("utf-8", "surrogateescape"))
        if done.returncode:  # no YAML, or a text that says how deep it stands
            assert done.returncode in (1, 78), path
            continue
        neat = done.stdout.decode()
        seen += 1
        assert fmt("fmt", "-", text=neat).stdout == neat, path
        assert [w for line in neat.splitlines() for w in line.split()] == [
            w for line in wide.splitlines() for w in line.split()], path
    assert seen > 25


def wider(line: str, step: int) -> str:
    """The line with so many times the indentation, also behind a dash."""
    rest = line.lstrip(" ")
    blanks = " " * ((len(line) - len(rest)) * step)
    return blanks + ("-" + " " * (2 * step - 1) + rest[2:] if rest.startswith("- ") else rest)


def test_what_is_no_yaml_stays(tmp_path: Path) -> None:
    path = tmp_path / "spec.yaml"
    for text, problem in (("a: [1\n", ":1:4: "), ("a: 1\na: 2\n", ":2:1: "), ("a: &x 1\nb: *x\n", ":1:"),
                          ("a: 1\n\tb: 2\n", ":2:1: ")):
        path.write_text(text)
        assert f"{path}{problem}" in fmt("fmt", path, code=78).stderr and path.read_text() == text
    assert "no such" in fmt("fmt", tmp_path / "absent.yaml", code=78).stderr.lower()
    path.write_text("a: 1\n\n\n")
    fmt("fmt", path)
    assert path.read_text() == "a: 1\n"


def test_the_effective_spec_is_the_same(tmp_path: Path) -> None:
    def effective(path: Path) -> str:
        done = subprocess.run([BINARY, "-f", path, "check", "--print-effective"], text=True, capture_output=True,
                              env={"PATH": os.environ["PATH"]}, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout
    path = tmp_path / "billing.yaml"
    text = (ROOT / "billing.yaml").read_text().replace("$schema=specs", "$schema=x")
    wide = "".join(wider(line, 3) for line in text.splitlines(keepends=True))
    path.write_text(wide.replace("region:", f"template: {ROOT}/specs/pipeline.yaml\nregion:", 1))
    before = effective(path)
    fmt("fmt", path)
    assert effective(path) == before and json.dumps(path.read_text()) != json.dumps(wide)
