"""The documents say what is there: README's layout and commands, docs/cli.md, docs/lints.md, links."""

import fnmatch
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()
README = (ROOT / "README.md").read_text()
CLI = (ROOT / "docs/cli.md").read_text()
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
SKIPPED = {".git", "build", "__pycache__", ".pytest_cache", ".cache", "node_modules"}


def run(*words: str) -> str:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BILLINGD_")}
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, env=environment, check=True)
    return done.stdout


HELP = run("--help")
KINDS = sorted(f"{name}.c" for name in re.findall(r"^## `?(\w+)`?", (ROOT / "docs/kinds.md").read_text(), re.M))
VERBS = dict(re.findall(r"^  (\S+) +(.+)$", HELP.split("Verbs:\n")[1].split("\n\n")[0], re.M))


def files() -> Iterator[str]:
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if name not in SKIPPED]
        yield from (os.path.relpath(os.path.join(folder, name), ROOT) for name in names)


def is_room(folder: str) -> bool:
    return folder.startswith(("lib/", "daemon/")) and not folder.startswith("lib/aws/models/")


def layout(text: str) -> tuple[set[str], list[str]]:
    """Folders and patterns of the layout block: words before two blanks; indented ones are in the folder above.
    A name without a suffix stands for its .c and .h, KIND for the kinds. A room does not stand for its files."""
    block = text.split("## Code layout")[1].split("```")[1].partition("\n")[2]
    folders, patterns, here = set(), [], ""
    for line in filter(None, block.splitlines()):
        words = re.split(r" {2,}", line.strip(), maxsplit=1)[0].split(" ")
        if not line.startswith(" "):
            here = words[0] if words[0].endswith("/") else ""
            folders |= {word for word in words if word.endswith("/")}
            patterns += [word for word in words if not is_room(word) or not word.endswith("/")]
        else:
            patterns += [here + name for word in words for name in (KINDS if word == "KIND.c" else [word])]
    return folders, patterns


def covers(pattern: str, name: str) -> bool:
    if pattern.endswith("/"):
        return name.startswith(pattern)
    if name.count("/") != pattern.count("/"):
        return False
    stem, suffix = os.path.splitext(name)
    return fnmatch.fnmatchcase(name, pattern) or (
        suffix in (".c", ".h") and fnmatch.fnmatchcase(stem, pattern))


def test_layout_lists_every_file() -> None:
    folders, patterns = layout(README)
    names = sorted(files())
    rooms = {os.path.dirname(n) + "/" for n in names if is_room(os.path.dirname(n) + "/")} - {"daemon/"}
    assert rooms - folders == set(), "rooms that are not in README's code layout"
    assert [n for n in names if not any(covers(p, n) for p in patterns)] == [], "not in README's code layout"


def test_layout_lists_nothing_else() -> None:
    names = list(files())
    folders, patterns = layout(README)
    assert [f for f in folders if not (ROOT / f).is_dir()] == []
    assert [p for p in patterns if not any(covers(p, n) for n in names)] == [], \
        "in README's code layout, but not there"


def test_layout_can_say_no() -> None:
    text = "## Code layout\n```text\nlib/a/  room\n  str json.c  text\nb/  all\nx.md  a\n```\n"
    folders, patterns = layout(text)
    assert (folders, patterns) == ({"lib/a/", "b/"}, ["lib/a/str", "lib/a/json.c", "b/", "x.md"])
    told = [any(covers(p, n) for p in patterns) for n in (
        "lib/a/str.c", "lib/a/str.h", "lib/a/json.c", "b/c/d", "x.md",
        "lib/a/json.h", "lib/a/stray.c", "lib/a/str.py", "y.md", "lib/c/str.c", "lib/a/b/str.c")]
    assert told == [True] * 5 + [False] * 6


def commands(text: str) -> set[str]:
    return set(re.findall(r"(?:^|[ `$])(?:\./)?(scripts/\w+|tests/python_suite)\b", text))


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_commands_exist(path: Path) -> None:
    for name in commands(path.read_text()):
        assert os.access(ROOT / name, os.X_OK), name


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_verbs_exist(path: Path) -> None:
    text = path.read_text()
    code = "\n".join(re.findall(r"```[a-z]*\n(.*?)```", text, re.S) + re.findall(r"^    .*$", text, re.M)
                     + re.findall(r"`([^`\n]+)`", text))
    used = set(re.findall(r"^\s*(?:\S*/)?billingd (?:-f \S+ |\[-f SPEC\] )?([a-z][a-z-]*)\b", code, re.M))
    assert used <= set(VERBS), used - set(VERBS)
    assert used or path.name in ("CONTRIBUTING.md", "adding-a-kind.md", "architecture.md", "kinds.md", "log-events.md", "performance.md", "trust.md")


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        assert target.startswith("https://") or (path.parent / target).exists(), target


def test_readme_has_the_two_commands() -> None:
    assert {"scripts/demo", "scripts/test"} <= commands(README)


PAPERS = ModuleType("papers")
PAPERS.__file__ = str(ROOT / "scripts/papers")
exec(compile((ROOT / "scripts/papers").read_text(), "papers", "exec"), PAPERS.__dict__)
TOLD = json.loads(run("help", "-o", "json"))


def test_the_command_line_is_documented_from_its_table() -> None:
    """docs/cli.md is what `scripts/papers cli BILLINGD` makes of it, and has no section for a verb that is not there."""
    assert CLI == PAPERS.cli(CLI, TOLD)
    assert set(re.findall(r"^### (\S+)$", CLI, re.M)) == set(VERBS) == {verb["name"] for verb in TOLD["verbs"]}


def test_a_new_verb_gets_a_section_and_prose_is_kept() -> None:
    verb = {"name": "dance", "usage": "billingd dance [ADDRESS]", "summary": "dance with AWS", "example": "billingd dance",
            "operand": "ADDRESS", "flags": [{"name": "slow", "meaning": "slower | softer"}]}
    text = PAPERS.cli(CLI, {**TOLD, "verbs": [*TOLD["verbs"], verb]})
    assert "### dance\n" in text and "Dance with AWS. `ADDRESS` is a resource" in text and "slower \\| softer" in text
    assert text.replace(section(text, "dance"), "") == CLI
    # One that was written by hand keeps its prose, and its usage is made anew.
    own = CLI.replace("## Billing verbs\n", "### dance\n\n    billingd dance\n\nSlowly.\n\n## Billing verbs\n")
    told = PAPERS.cli(own, {**TOLD, "verbs": [*TOLD["verbs"], verb]})
    assert told.count("### dance\n") == 1 and "\n    billingd dance\n" not in told
    assert told.replace("Slowly.\n\n", "") == text and PAPERS.cli(told, {**TOLD, "verbs": [*TOLD["verbs"], verb]}) == told


def test_rows_of_one_flag_stand_together() -> None:
    """And agree about a value: the first stands for all while the verb is not known yet."""
    rows = re.findall(r'^    \{"([a-z-]+)", (?:0|\'\w\'), (FLAG_\w+|TEXT|TRUTH)', (ROOT / "daemon/verbs/options.c").read_text(), re.M)
    names = [name for name, _ in rows]
    assert len(names) > 30 and len(set(rows)) == len(set(names))
    assert len([name for name, before in zip(names, ["", *names]) if name != before]) == len(set(names))


def section(text: str, verb: str) -> str:
    found = re.search(rf"^### {verb}\n(.*?)(?=^##|\Z)", text, re.M | re.S)
    assert found
    return found[0]


@pytest.mark.parametrize("verb", TOLD["verbs"], ids=lambda verb: verb["name"])
def test_each_flag_is_explained(verb: dict[str, Any]) -> None:
    """Usage names no flag that is not explained, and no word that stands for nothing."""
    text = run("help", verb["name"])
    assert text == run(verb["name"], "--help") and text.startswith(f"Usage: {verb['usage']}\n")
    named = set(re.findall(r"(?<![\w-])--?([a-z][a-z-]*)", verb["usage"].replace("[-f SPEC]", "")))
    assert named == {"o" if flag["name"] == "output" else flag["name"] for flag in verb["flags"]}
    words = {word["word"] for word in TOLD["words"]}
    values = [flag["value"] for flag in verb["flags"] if "value" in flag] + [verb.get("operand", "")]
    assert {word for value in values for word in re.findall(r"\b[A-Z][A-Z-]*\b", value.replace("MM", "").replace("YYYY-", ""))} <= words
    if verb["name"] in ("audit", "bill", "shadow", "whatif"):  # of the others text is all beside -o json
        (forms,) = [flag["value"] for flag in verb["flags"] if flag["name"] == "output"]
        assert forms.startswith("text|table|csv|json")
    for flag in verb["flags"]:
        assert f"--{flag['name']}" in text and " ".join(flag["meaning"].split()) in " ".join(text.split())


def test_exit_codes_are_documented() -> None:
    told = {str(row["code"]) for row in TOLD["exit_codes"]}
    assert told == set(re.findall(r"^  (\d+) ", HELP.split("Exit codes:\n")[1], re.M))
    source = (ROOT / "daemon/views/exit_code.h").read_text()
    assert told == set(re.findall(r"EXIT_\w+ = (\d+)", source))


@pytest.mark.parametrize(("words", "says"), [
    (["--fr", "x"], "billingd: --fr can be --from-raw, --from: write it out\n"),
    (["plan", "--monht", "3"], "billingd: no flag --monht; did you mean --month?\n"),
    (["plan", "--yes=1"], "billingd: --yes takes no value\n"), (["-x"], "billingd: no flag -x\n"),
    (["bill", "--month"], "billingd: --month needs a value: --month YYYY-MM\n"),
    (["help", "clsoe"], "billingd: no verb 'clsoe'; did you mean 'close'?\n"),
    (["plan", "--month", "2025-10"], "billingd: plan has no flag --month\n"),
    (["plan", "x"], "billingd: 'x' is one argument too many\n"),
    (["check", "x.yaml"], "billingd: 'x.yaml' is one argument too many; a spec is named by -f: billingd -f x.yaml check\n"),
    (["bill", "2025-10"], "billingd: '2025-10' is one argument too many; a month is named by --month: --month 2025-10\n"),
    (["plan", "2025-10"], "billingd: '2025-10' is one argument too many\n"),
    (["verify"], "billingd: verify needs YYYY-MM, like: billingd verify 2025-10\n")])
def test_a_wrong_command_line(words: list[str], says: str) -> None:
    """In our words, without the path of the program, which getopt begins with."""
    done = subprocess.run([BINARY, *words], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (64, "") and done.stderr == says


def test_plots_and_tables_are_of_what_was_measured() -> None:
    plots = ModuleType("plots")
    plots.__file__ = str(ROOT / "tests/bench/plots.py")
    exec(compile(Path(plots.__file__).read_text(), "plots", "exec"), plots.__dict__)
    drawn = {name: plot.svg() for name, plot in plots.plots().items()}
    assert drawn == {path.name: path.read_text() for path in (ROOT / "docs/performance").glob("*.svg")}
    page = (ROOT / "docs/performance.md").read_text()
    assert plots.with_tables(page) == page and page.count("<!-- table: ") == 5


def test_lints_are_documented() -> None:
    known = set(re.findall(r'"(BL\d+)"', "".join(p.read_text() for p in ROOT.glob("lib/spec/lint/lint_*.c"))))
    assert known and known == set(re.findall(r"^\| (BL\d+) \|", (ROOT / "docs/lints.md").read_text(), re.M))


def test_environment_is_documented() -> None:
    spec = (ROOT / "docs/spec.md").read_text()
    shipped = re.findall(r"^[^#\n]*\$\{([A-Z_]+)[:}]", (ROOT / "billing.yaml").read_text(), re.M)
    assert shipped and {name for name in shipped if f"`{name}`" not in spec} == set()


def test_billing_settings_are_documented() -> None:
    """A row of docs/spec.md for each key of the `billing` section; prices and customers have a page of their own."""
    schema = json.loads(run("schema"))["$defs"]
    known: set[str] = set()
    for key, value in schema["billing"]["properties"].items():
        inner = schema.get(key, value) if key in ("rollup", "audit", "close") else value
        known |= {f"{key}.{name}" for name in inner.get("properties", {})} or {key}
    table = (ROOT / "docs/spec.md").read_text().split("## The `billing` section")[1].split("\n## ")[0]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`([\w.]+)`", row)}
    assert len(known) > 10 and told == known


def test_the_sample_spec_is_right(tmp_path: Path) -> None:
    """The whole billing.yaml that docs/spec.md shows, with the shipped template under both names."""
    sample = re.findall(r"```yaml\n(account:.*?)```", (ROOT / "docs/spec.md").read_text(), re.S)
    shutil.copytree(ROOT / "specs", tmp_path / "specs")
    shutil.copy(ROOT / "specs/pipeline.yaml", tmp_path / "specs/other.yaml")
    (tmp_path / "billing.yaml").write_text(sample[0])
    run("-f", str(tmp_path / "billing.yaml"), "check")


def test_log_events_are_documented() -> None:
    """docs/operations.md has each event that the log can hold, but for what only `debug` shows."""
    sources = [path.read_text() for folder in ("lib", "daemon") for path in (ROOT / folder).rglob("*.c")]
    known = {event for text in sources for event in re.findall(r'log_(?:info|warning|error)\(\s*"([^"]+)"', text)}
    table = (ROOT / "docs/operations.md").read_text().split("## The log")[1].split("\n## ")[0]
    told = {name for row in re.findall(r"^\| (`.*?) \|", table, re.M) for name in re.findall(r"`(\w+)`", row)}
    assert len(known) > 20 and known - told == set()


def test_kinds_are_documented() -> None:
    known = set(re.findall(r"(?m)^    KIND\((\w+)\)", (ROOT / "lib/resources/registry.c").read_text()))
    assert len(known) >= 13
    assert known == set(re.findall(r"^## (\w+)$", (ROOT / "docs/kinds.md").read_text(), re.M))


SEED_ROWS = [line for line in (ROOT / "docs/seed.md").read_text().splitlines() if line.startswith("| ")]
SEED_LINTS = set(re.findall(r"BL\d+", "\n".join(SEED_ROWS)))


def test_each_row_of_the_seed_is_shown() -> None:
    """The last column of each row names a test or a file of tests that is there; "the same" is the row above."""
    rows = [row for row in SEED_ROWS if not row.startswith(("| The ", "| --"))]
    assert len(rows) > 30
    for row in rows:
        shown = row.rstrip("| ").rpartition("|")[2].strip()
        named = re.findall(r"`(\S+?)`", shown)
        assert named or shown == "the same", row
        for name in named:
            path, _, function = name.removeprefix("tests/").partition("::")
            text = (ROOT / "tests" / path).read_text()
            assert not function or f"def {function}(" in text, name


def test_lints_of_the_seed_exist() -> None:
    known = set(re.findall(r"BL\d+", (ROOT / "docs/lints.md").read_text()))
    assert SEED_LINTS and SEED_LINTS <= known, SEED_LINTS - known


def test_fuzz_corpora() -> None:
    """Each target says what it holds, and has a corpus that is replayed in no time."""
    done = subprocess.run([ROOT / "scripts/fuzz", "--list"], capture_output=True, text=True, check=True)
    told = {line.split()[0]: line.split(maxsplit=1)[1] for line in done.stdout.splitlines()}
    kept = {path.name: [entry.stat().st_size for entry in path.iterdir()] for path in (ROOT / "tests/fuzz/corpus").iterdir()}
    assert told.keys() == kept.keys()
    assert {name for name, about in told.items() if len(about) < 20} == set()
    assert {name: (len(sizes), sum(sizes)) for name, sizes in kept.items() if not 0 < len(sizes) <= 70 or sum(sizes) > 110 << 10} == {}
    assert {path.name for path in (ROOT / "tests/fuzz/dictionary").iterdir()} <= told.keys()
