"""Files that people hand in and that are something else: each is told what it is, where, and what to do, whatever it is handed in as."""

import bz2
import gzip
import lzma
import subprocess
from pathlib import Path

import pytest
from conftest import BINARY

TEXT = b"billing: {}\n"
KINDS = {
    "html": (b"<!DOCTYPE html>\n<html><body>Please log in</body></html>\n", "HTML: save the file itself"),
    "html behind blank lines": (b"\r\n\n<html lang=en>\n", "HTML: save the file itself"),
    "xml": (b'<?xml version="1.0"?>\n<a/>\n', "XML: save it as plain text"),
    "gzip": (gzip.compress(TEXT), "compressed: unpack it first (gunzip)"),
    "bzip2": (bz2.compress(TEXT), "compressed: unpack it first (bunzip2)"),
    "xz": (lzma.compress(TEXT), "compressed: unpack it first (unxz)"),
    "UTF-16": (TEXT.decode().encode("utf-16"), "UTF-16: save it as UTF-8"),
    "UTF-16, the other order": (b"\xfe\xff" + TEXT.decode().encode("utf-16-be"), "UTF-16: save it as UTF-8"),
    "spreadsheet": (b"PK\x03\x04\x14\x00\x06\x00", "a spreadsheet or an archive"),
    "PDF": (b"%PDF-1.7\n", "a PDF"),
    "RTF": (b"{\\rtf1 billing}", "a document of a word processor"),
    "program": (BINARY.read_bytes()[:500], "a program"),
}


def run(*words: object, code: int) -> str:
    done = subprocess.run([BINARY, *map(str, words)], text=True, capture_output=True, env={"PATH": "/usr/bin:/bin"}, timeout=60)
    assert done.returncode == code, done
    return done.stdout + done.stderr


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_told_what_it_is(tmp_path: Path, kind: str) -> None:
    body, told = KINDS[kind]
    handed, key, public = tmp_path / "handed", tmp_path / "key.pem", tmp_path / "public.pem"
    handed.write_bytes(body)
    handed.chmod(0o600)
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True, capture_output=True)
    subprocess.run(["openssl", "pkey", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    assert f"{handed}:1:1: the file is {told}" in run("-f", handed, "check", code=78)
    said = run("verify-receipt", handed, "--public-key", public, code=5)
    assert f"WRONG     byte 0: the file is {told}" in said and "is NOT what was signed" in said
    assert f"--public-key: {handed}: the file is {told}" in run("verify-receipt", handed, "--public-key", handed, code=78)


def test_what_has_no_mark(tmp_path: Path) -> None:
    """UTF-16 of a program that writes none, and nothing at all."""
    handed = tmp_path / "handed"
    for order in ("le", "be"):
        handed.write_bytes(TEXT.decode().encode(f"utf-16-{order}"))
        assert f"{handed}:1:1: the file is UTF-16, or no text: save it as UTF-8" in run("-f", handed, "check", code=78)
    handed.write_bytes(b"")
    assert f"{handed}:1:1: the file is empty" in run("-f", handed, "check", code=78)
    assert f"{handed}: holds no key" in run("verify-receipt", handed, "--public-key", handed, code=78)
