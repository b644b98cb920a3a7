"""The Unix socket of the daemon, and what may lie at its path: nothing that is not ours is taken away."""

import os
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import BINARY, Daemon, Sandbox, Spec, environment, pipeline


def spec_at(folder: Path, path: Path | str, more: str = "") -> Spec:
    spec = Spec(folder / "billing.yaml", pipeline(), listen=f"unix:{path}").write()
    spec.path.write_text(spec.path.read_text().replace("template:", more + "template:", 1))
    return spec


def asked(path: Path) -> str:
    done = subprocess.run(["curl", "-s", "--unix-socket", path, "http://x/-/healthy"], capture_output=True, text=True, timeout=20)
    return done.stdout


def test_its_file(sandbox: Sandbox, api: str, tmp_path: Path) -> None:
    """Its permissions are those of the spec, one left behind is replaced, and at the end it is gone."""
    path = tmp_path / "http.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    spec = spec_at(tmp_path, path, 'web: {socket_mode: "0600"}\n')
    daemon = Daemon(sandbox, spec)
    daemon.wait(lambda: daemon.events("started"))
    assert stat.S_IMODE(path.lstat().st_mode) == 0o600 and asked(path) == "billingd is healthy\n"
    # A second one finds it taken, and takes nothing away.
    inode = path.stat().st_ino
    second = Daemon(sandbox, spec)
    assert second.process.wait(30) == 1
    second.reader.join(5)
    assert "is billingd running already?" in "".join(second.lines)
    second.socket.close()
    assert path.stat().st_ino == inode and asked(path) == "billingd is healthy\n"
    assert daemon.end() == 0 and not path.exists()
    daemon.socket.close()


@pytest.mark.parametrize("what", ["file", "symlink", "folder", "missing", "not_writable"])
def test_what_lies_there_stays(sandbox: Sandbox, api: str, tmp_path: Path, what: str) -> None:
    path, other = tmp_path / "http.sock", tmp_path / "other"
    if what == "file":
        path.write_text("mine")
    elif what == "symlink":
        other.write_text("mine")
        path.symlink_to(other)
    elif what == "folder":
        path.mkdir()
    elif what == "missing":
        path = tmp_path / "none" / "http.sock"
    elif os.geteuid() == 0:
        path = Path("/proc/http.sock")  # nobody may make a file there, not even root
    else:
        other.mkdir(mode=0o500)
        path = other / "http.sock"
    # Not as a service: that one would stay up, tell what is wrong, and listen where it usually does.
    done = subprocess.run([BINARY, "-f", spec_at(tmp_path, path).path, "run"], capture_output=True, text=True,
                          env=environment(sandbox, tmp_path), timeout=30)
    wanted = {"missing": (78,), "not_writable": (1, 78)}.get(what, (1,))
    assert done.returncode in wanted and f"listen: cannot listen on unix:{path}: " in done.stderr, done
    if what == "file":
        assert path.read_text() == "mine"
    if what == "symlink":
        assert path.is_symlink() and other.read_text() == "mine"
    if what == "folder":
        assert path.is_dir()


def test_a_path_that_is_none(sandbox: Sandbox, api: str, tmp_path: Path) -> None:
    for path in ("relative.sock", "/" + "x" * 107, "/a,b"):
        done = subprocess.run([BINARY, "-f", spec_at(tmp_path, path).path, "check"], capture_output=True, text=True,
                              env=environment(sandbox, tmp_path), timeout=30)
        assert done.returncode == 78 and "must be absolute, without a comma and no longer than 107 bytes" in done.stderr, done.stderr
        assert "billing.yaml:" in done.stderr
