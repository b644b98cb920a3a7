"""Every command in README and docs: run here, in an order that makes sense, or listed with the reason why not."""

import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from close_world import Books
from rollup_world import BINARY, ROOT, World

DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
# Indented lines that are a picture.
PICTURES = {"architecture.md"}
# What is not run here, and who does it instead.
ELSEWHERE = [
    (r"\./scripts/(test|install|build)\b.*", "tests/../scripts/test: what runs this"),
    (r"\./scripts/analyze", "tests/CMakeLists.txt: analysis"),
    (r"\./scripts/demo", "tests/system/test_demo.py"),
    (r"cd tests && \.\./build/venv/bin/python -m fault_table .*", "tests/system/trust/test_fault_table.py"),
    (r"(build/venv/bin/)?python3? tests/bench/plots\.py", "tests/system/test_docs.py"),
    (r"(build/venv/bin/)?python3? tests/bench/.*", "tests/bench/plots.py: measurements"),
    (r"scripts/fuzz .*", "tests/fuzz/README.md: what looks for more"),
    (r"cd tests && \.\./build/venv/bin/python -m takeovers .*", "tests/system/test_takeovers.py"),
    (r"cd tests && \.\./build/venv/bin/python -m soak .*", "tests/system/test_soak.py"),
    (r"(ctest|cpack|cmake) .*|\(cd build/release && cpack .*", "tests/system/test_package.py"),
    (r"(dpkg-deb|apt) .*|set -a; .*|tests/package_on_debian .*", "tests/package_on_debian"),
    (r"systemctl (enable|daemon-reload|start|edit) ?.*", "tests/package_on_debian"),
    (r"systemctl reload( billingd)?", "tests/system/test_bad_spec.py"),
    (r"(systemctl status|journalctl) .*", "tests/system/test_unit_file.py"),
    (r"curl -s localhost:9464/-/ready", "tests/system/test_run.py"),
    (r"curl -s .*(http\.sock|api/v1/plan|-X POST).*", "tests/system/test_page.py"),
    (r"billingd bill .* --customer .*|printf %s .*", "tests/system/billing/test_statements.py"),
    (r"billingd import .*", "tests/system/campaign/test_import.py"),
    (r"billingd (requests|reconcile) .*", "tests/system/billing/test_dispute.py"),
    (r"billingd events .*", "tests/system/test_ask.py: as the machine has a journal or none"),
    (r"billingd shadow .*", "tests/system/billing/test_shadow.py"),
    (r"billingd (verify-)?receipt .*", "tests/system/billing/test_receipts.py"),
    (r"export .*|editor .*", "tests/system/test_check.py: names of yours"),
    (r"openssl genpkey .*|openssl pkey -in .*", "tests/system/billing/close_world.py"),
    (r"# in the copy|hash=.*|openssl pkeyutl .*|python3 -c .*|openssl pkey -pubin .*",
     "tests/system/billing/test_close.py"),
    (r"aws s3 cp .*|cp /somewhere/.*|aws sns subscribe", "tests/sandbox/test_s3.py: AWS's own program"),
    (r"billingd \[-f SPEC\] .*|billingd( \S+)* \[.*", "tests/system/test_docs.py: a synopsis"),
    (r"billingd schema > .*", "tests/system/test_schema.py"),
    (r"billingd( \S+)* \.\.\.|billingd bill -o json|billingd audit --since", "tests/system/billing/test_audit.py: cut short"),
]
# What stands for something, and what is there.
STANDS_FOR = {"VERB": "plan", "FILE": "new.yaml", "DAY": "2025-10-01", "YYYY-MM": "2025-10", "/tmp/new/usr/bin/": "",
              "build/release/billingd": "billingd", " -f /etc/billingd/billing.yaml": "", "ddn-api/": "shop/", "PIPELINE/RESOURCE": "shop/bucket", "ADDRESS": "shop/bucket"}
# The order of a life; what matches none comes first.
ORDER = ["apply", "(explain|pause)", "resume", "rollup", "audit", "backfill", "bill ", "whatif", "close .*--dry-run", "close (?!.*--dry-run)", "verify", "close .*--correct",
         "close --due"]
# Of these days nobody called; the month behind the one closed here had no call that anybody knows of.
CODES = {"billingd audit --since 36h": 1, "billingd audit --since 1d": 1, "billingd audit --since 2d": 1,
         "billingd backfill --auto": 1, "billingd backfill --auto --dry-run": 1, "billingd close --due --yes": 4}


def blocks(text: str) -> tuple[list[str], str]:
    """The lines of blocks without a language, or of sh, and the text without any block."""
    found, rest, language = [], [], None
    for line in text.splitlines():
        if line.lstrip().startswith("```"):
            language = line.strip("` ") or "sh" if language is None else None
        elif language is None:
            rest.append(line)
        elif language in ("sh", "bash"):
            found.append(line)
    return found, "\n".join(rest) + "\n"


def commands(path: Path) -> list[str]:
    """Those lines, indented lines, and `billingd ...` with more than a verb."""
    found, text = blocks(path.read_text())
    if path.name not in PICTURES:
        for block in re.findall(r"(?:\n\n|-->\n)((?:    \S.*\n)+)", text):
            found += [re.split(r"\s{2,}", line.strip())[0] for line in block.splitlines()]
    found += re.findall(r"`(billingd [a-z-]+ [^`\n]+)`", text)
    return [re.sub(r"\s+#.*", "", line).strip() for line in found if line.strip()]


ALL = sorted({command for path in DOCUMENTS for command in commands(path)})


def listed(command: str) -> str | None:
    return next((who for form, who in ELSEWHERE if re.fullmatch(form, command)), None)


def rank(command: str) -> int:
    return max((i for i, form in enumerate(ORDER, 1) if re.match(rf"billingd {form}", command)), default=0)


RUN = sorted((c for c in ALL if not listed(c)), key=rank)


def test_the_list_is_needed() -> None:
    """Each row stands for a command, and names who runs it."""
    assert len(RUN) > 20
    for form, who in ELSEWHERE:
        assert any(re.fullmatch(form, command) for command in ALL), form
        assert (ROOT / who.partition(":")[0]).exists(), who
    assert [c for c in RUN if not c.startswith(("billingd ", "build/release/billingd ", "/tmp/new/usr/bin/billingd "))] == []


@pytest.fixture
def books(sandbox: Any, spec: Any, api: str) -> Books:
    found = Books(World(sandbox, spec))
    found.generate(days=2, requests=60)
    return found


def as_run(command: str) -> str:
    for word, value in STANDS_FOR.items():
        command = command.replace(word, value)
    if re.match(r"billingd (apply|close)\b(?!.*--(yes|dry-run))", command):
        command += " --yes"  # nobody is there to ask
    return re.sub(r"^billingd run$", "billingd run --once", command)


def test_every_command(books: Books, tmp_path: Path) -> None:
    world = books.world
    (tmp_path / "new.yaml").write_text("prices: [{from: 2020-01-01, call: 0.002, gib: 0.10}]\n")
    environment = {**world.environment(), "BILLINGD_FILE": str(world.spec.path), "PATH": f"{BINARY.parent}:{os.environ['PATH']}"}
    wrong = []
    for command in dict.fromkeys(map(as_run, RUN)):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", command], cwd=tmp_path, env=environment, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=180)
        if done.returncode != CODES.get(command, 0):
            wrong.append(f"{command}: {done.returncode}\n{done.stdout[-300:]}{done.stderr[-700:]}")
    assert wrong == [], "\n\n".join(wrong)
