"""What is installed: every file in its place, and it works there; the Debian package, its man pages and completions."""

import gzip
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from conftest import ACCOUNT, BINARY, ROOT

BUILD = BINARY.parent
EPOCH = {"SOURCE_DATE_EPOCH": "1700000000"}
CLEAN = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BILLING"))}
# Each place with one file that must be there, and how many there are at least.
PLACES = {"usr/bin": ("billingd", 1), "etc/billingd": ("billing.yaml", 1), "etc/default": ("billingd", 1),
          "usr/lib/systemd/system": ("billingd-close.timer", 3), "usr/lib/systemd/catalog": ("billingd.catalog", 1),
          "usr/share/man/man5": ("billing.yaml.5.gz", 1), "usr/share/man/man8": ("billingd.8.gz", 1),
          "usr/share/bash-completion/completions": ("billingd", 1),
          "usr/share/zsh/vendor-completions": ("_billingd", 1), "usr/share/billingd/specs": ("billing.schema.json", 4),
          "usr/share/billingd/specs/sql": ("view.sql", 10), "usr/share/billingd/specs/sql/parts": ("calls.sql", 1), "usr/share/billingd/specs/sql/queries": ("1-raw-data.sql", 7),
          "usr/share/doc/billingd": ("openapi.yaml", 18), "usr/share/doc/billingd/examples": ("notify-reload.conf", 3),
          "usr/share/doc/billingd/monitoring": ("billingd.rules.yml", 2), "usr/share/doc/billingd/performance": ("fleet-cpu.svg", 7)}


def run(*words: str | Path, **more: Any) -> subprocess.CompletedProcess[str]:
    environment = {**CLEAN, **more.pop("env", {})}
    return subprocess.run(words, text=True, capture_output=True, timeout=120, env=environment, **more)


def install(*words: str, destination: str = "") -> None:
    done = run("cmake", "--install", BUILD, *words, env={"DESTDIR": destination} if destination else {})
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `DESTDIR=... cmake --install` makes."""
    folder = tmp_path_factory.mktemp("installed")
    install(destination=str(folder))
    return folder


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What cpack makes; the same bytes again when nothing but the time has changed."""
    digests = []
    for _ in range(2):
        folder = tmp_path_factory.mktemp("package")
        done = run("cpack", "-G", "DEB", "-B", str(folder), "--config", BUILD / "CPackConfig.cmake", env=EPOCH, cwd=folder,
                   preexec_fn=lambda: os.umask(0o027))
        assert done.returncode == 0, done.stdout + done.stderr
        [deb] = folder.rglob("*.deb")
        digests.append(hashlib.sha256(deb.read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    return deb


def files(tree: Path) -> set[str]:
    return {str(path.relative_to(tree)) for path in tree.rglob("*") if not path.is_dir()}


def test_everything_lies_in_its_place(tree: Path) -> None:
    found: dict[str, set[str]] = {}
    for name in files(tree):
        found.setdefault(os.path.dirname(name), set()).add(os.path.basename(name))
    assert set(found) == set(PLACES)
    for place, (name, count) in PLACES.items():
        assert name in found[place] and len(found[place]) >= count, place
    assert found["usr/share/billingd/specs"] == {p.name for p in (ROOT / "specs").iterdir() if p.is_file()}


def test_it_works_where_it_was_installed(tree: Path, tmp_path: Path) -> None:
    """The prefix was moved: it finds its own template, and line 1 of the spec names the schema where it would lie."""
    spec = tree / "etc/billingd/billing.yaml"
    done = run(tree / "usr/bin/billingd", "-f", spec, "check", "--strict", cwd=tmp_path, env={"BILLING_ACCOUNT_ID": ACCOUNT})
    assert done.returncode == 0 and "0 warnings" in done.stderr, done.stderr
    assert spec.read_text().startswith("# yaml-language-server: $schema=/usr/share/billingd/specs/billing.schema.json\n")
    for example in (tree / "usr/share/doc/billingd/examples").glob("*.yaml"):
        done = run(tree / "usr/bin/billingd", "-f", example, "check", "--strict", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "$schema=/usr/share/billingd/specs/billing.schema.json" in example.read_text()


def test_what_was_edited_is_kept(tree: Path, tmp_path: Path) -> None:
    for name in ("etc/billingd/billing.yaml", "etc/default/billingd"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("mine\n")
    install(destination=str(tmp_path))
    assert files(tmp_path) == files(tree)
    for name in ("etc/billingd/billing.yaml", "etc/default/billingd"):
        assert (tmp_path / name).read_text() == "mine\n"


def test_another_prefix(tmp_path: Path) -> None:
    """Units name the program and the spec there, and systemd has nothing against them."""
    install("--prefix", str(tmp_path / "opt"))
    units = tmp_path / "opt/lib/systemd/system"
    text = (units / "billingd.service").read_text()
    assert f"\nExecStart={tmp_path}/opt/bin/billingd -f {tmp_path}/opt/etc/billingd/billing.yaml run\n" in text
    assert "/usr/bin/billingd" not in text
    done = run("systemd-analyze", "verify", "--man=no", *sorted(units.iterdir()))
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    for name in ("billingd.service", "billingd-close.service"):
        done = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=12", units / name)
        assert done.returncode == 0, done.stdout
    catalog = (tmp_path / "opt/lib/systemd/catalog/billingd.catalog").read_text()
    [documents] = set(re.findall(r"^Documentation: file://(\S+)/[\w.-]+$", catalog, re.M))
    assert documents == f"{tmp_path}/opt/share/doc/billingd"
    drop_in = (tmp_path / "opt/share/doc/billingd/examples/notify-reload.conf").read_text()
    check = re.findall(r"^ExecReload=(.+ check)$", text, re.M)
    assert check and f"ExecReload={check[0]}\n" in drop_in
    assert (tmp_path / "opt/share/billingd/specs/pipeline.yaml").exists()


def test_both_services_are_confined_alike() -> None:
    daemon, closing = ((ROOT / f"systemd/billingd{name}.service").read_text() for name in ("", "-close"))
    start = "DynamicUser=yes\n"
    assert daemon.split(start)[1].split("\n[Install]")[0].strip() == closing.split(start)[1].strip()
    assert "ExecStart=/usr/bin/billingd -f /etc/billingd/billing.yaml close --due --yes\n" in closing
    assert "[Install]" not in closing and "WantedBy=timers.target" in (ROOT / "systemd/billingd-close.timer").read_text()


def test_lintian_has_nothing_to_say(package: Path) -> None:
    done = run("lintian", "--no-cfg", "--fail-on", "error,warning", package)
    said = [line for line in (done.stdout + done.stderr).splitlines() if not line.startswith("running with root")]
    assert (done.returncode, said) == (0, [])


def test_the_package(package: Path, tree: Path, tmp_path: Path) -> None:
    assert run("dpkg-deb", "-x", package, tmp_path).returncode == 0
    assert files(tmp_path) == files(tree)
    listed = run("dpkg-deb", "-c", package).stdout
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    assert {line.split()[0] for line in listed.splitlines()} == {"drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"}
    assert {line.split()[-1] for line in listed.splitlines() if line.startswith("-rwx")} == {"./usr/bin/billingd"}
    control = tmp_path / "control"
    assert run("dpkg-deb", "-e", package, control).returncode == 0
    fields = run("dpkg-deb", "-f", package, "Version", "Depends").stdout
    assert f"Version: {run(BINARY, '--version').stdout.split()[1]}\n" in fields
    assert {"libcurl4", "libuv1", "libyaml-0-2", "libjansson4", "libssl3", "ca-certificates", "tzdata",
            "init-system-helpers"} <= set(re.findall(r"[a-z][a-z0-9.+-]+", fields))
    assert (control / "conffiles").read_text().split() == ["/etc/billingd/billing.yaml", "/etc/default/billingd"]
    for script in ("postinst", "prerm", "postrm"):
        assert os.access(control / script, os.X_OK) and run("sh", "-n", control / script).returncode == 0
    binary = run("readelf", "-SW", tmp_path / "usr/bin/billingd").stdout
    assert ".symtab" not in binary and ".debug_info" not in binary


@pytest.mark.parametrize(("name", "whatis"), [("man8/billingd.8", "billingd - "), ("man5/billing.yaml.5", "billing.yaml - ")])
def test_man_pages(tree: Path, tmp_path: Path, name: str, whatis: str) -> None:
    """Nothing that mandoc or groff warns of; every verb, flag and exit code, or kind and key, is in them."""
    page = tmp_path / os.path.basename(name)
    page.write_bytes(gzip.decompress((tree / f"usr/share/man/{name}.gz").read_bytes()))
    done = run("mandoc", "-T", "lint", page)
    assert (done.returncode, done.stdout) == (0, "")
    done = run("man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "-Z", page, env={"LC_ALL": "C.UTF-8", "MANROFFSEQ": ""})
    assert (done.returncode, done.stderr) == (0, "")
    assert whatis in run("lexgrog", page).stdout
    text = run("man", "-l", page, env={"LC_ALL": "C.UTF-8", "MANWIDTH": "200", "MAN_KEEP_FORMATTING": "", "PAGER": "cat"}).stdout
    if name.startswith("man8"):
        told = run(BINARY, "help").stdout
        wanted = re.findall(r"^  ([a-z-]+) ", told.split("Verbs:\n")[1].split("\n\n")[0], re.M)
        wanted += ["--detailed-exitcode", "--accept-unknown", "BILLINGD_FILE", "78", "/etc/billingd/billing.yaml"]
    else:
        wanted = re.findall(r"^## (\w+)$", (ROOT / "docs/kinds.md").read_text(), re.M) + ["rollup.late_days", "parallel_queries"]
    assert [word for word in wanted if word not in text] == []


@pytest.fixture(scope="module")
def complete(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[str]]:
    """complete("bill", "--pi"): what bash offers there."""
    script = tree / "usr/share/bash-completion/completions/billingd"
    home = tmp_path_factory.mktemp("home")
    shutil.copy(ROOT / "billing.yaml", home)
    (home / "specs").symlink_to(ROOT / "specs")

    def offer(*words: str) -> list[str]:
        done = run("bash", "-c", f'source {script}; COMP_WORDS=(billingd "$@"); COMP_CWORD=$#; _billingd; '
                   'printf "%s\\n" "${COMPREPLY[@]}"', "bash", *words, cwd=home, env={"PATH": f"{tree}/usr/bin:{os.environ['PATH']}"})
        assert done.stderr == ""
        return done.stdout.split()
    return offer


def test_bash_completes(complete: Callable[..., list[str]], tmp_path: Path) -> None:
    verbs = re.findall(r"^  ([a-z-]+) ", run(BINARY, "help").stdout.split("Verbs:\n")[1].split("\n\n")[0], re.M)
    assert set(complete("")) == set(verbs) == set(complete("help", ""))
    assert complete("run", "--bad-spec", "") == ["exit", "stay"]
    assert complete("run", "--bad-spec", "=", "s") == ["stay"]
    assert complete("bill", "-o", "") == ["text", "table", "csv", "json", "focus", "focus-1.4", "lines", "html", "ubl"]
    assert complete("plan", "--det") == ["--detailed-exitcode"] and complete("plan", "--month") == []
    assert complete("--log-level", "w") == ["warning"] and complete("-f", "bill") == ["billing.yaml"]
    assert complete("bill", "--pipeline", "") == ["ddn-api"]
    assert all(re.fullmatch(r"\d{4}-\d{2}", month) for month in complete("close", "")) and len(complete("close", "")) == 13
    other = ROOT / "tests/specs/valid/pipelines/billing.yaml"
    assert complete("-f", str(other), "bill", "--pipeline", "") == ["seoul", "virginia", "beijing"]
    wrong = tmp_path / "billing.yaml"
    wrong.write_text("pipelines: [")
    assert complete("-f", str(wrong), "bill", "--pipeline", "") == []  # in silence


def test_addresses_of_the_spec(tmp_path: Path) -> None:
    done = run(BINARY, "-f", ROOT / "tests/specs/valid/minimal/billing.yaml", "complete", "addresses")
    assert (done.returncode, done.stderr) == (0, "") and done.stdout
    assert all(re.fullmatch(r"[a-z0-9-]+/[a-z0-9_-]+", line) for line in done.stdout.split())
    (tmp_path / "billing.yaml").write_text("wrong: [")
    done = run(BINARY, "-f", tmp_path / "billing.yaml", "complete", "addresses")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_zsh_understands_its_completion(tree: Path) -> None:
    script = tree / "usr/share/zsh/vendor-completions/_billingd"
    done = run("zsh", "-n", script)
    assert (done.returncode, done.stderr) == (0, "") and script.read_text().startswith("#compdef billingd\n")


def test_links_of_installed_documents(tree: Path) -> None:
    folder = tree / "usr/share/doc/billingd"
    for path in folder.glob("*.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
            assert target.startswith("https://") or (folder / target).exists(), (path.name, target)
    assert "Apache License" in (folder / "NOTICE").read_text() and "lib/aws/models" in (folder / "copyright").read_text()
