#!/usr/bin/env python3
"""systemd/billingd.service, judged by systemd itself.

usage: test_unit_file.py BILLINGD   (the built binary, which stands in for /usr/bin/billingd)
"""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

UNIT = pathlib.Path(__file__).resolve().parents[2] / "systemd" / "billingd.service"
BINARY = None


def run(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.returncode, done.stdout


def verify(text):
    """systemd-analyze verify of a unit with this text: its exit status and what it said."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "billingd.service")
        pathlib.Path(path).write_text(text)
        return run("systemd-analyze", "verify", "--man=no", path)


def security(text, threshold):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "billingd.service")
        pathlib.Path(path).write_text(text)
        return run("systemd-analyze", "security", "--offline=true", "--no-pager",
                   f"--threshold={threshold}", path)


def settings(text):
    """Section -> key -> list of values, in order."""
    found, section = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            section = found.setdefault(line.strip("[]"), {})
        elif line and not line.startswith("#"):
            key, value = line.split("=", 1)
            section.setdefault(key, []).append(value)
    return found


class UnitFile(unittest.TestCase):
    text = UNIT.read_text()

    def with_binary(self):
        return self.text.replace("/usr/bin/billingd", BINARY)

    def test_verify_is_clean(self):
        self.assertEqual(verify(self.with_binary()), (0, ""))

    def test_verify_can_say_no(self):
        self.assertNotEqual(verify(self.text.replace("/usr/bin/billingd", "/nowhere/billingd"))[0], 0)
        self.assertIn("Unknown key", verify(self.with_binary() + "Wanted=x\n")[1])

    def test_exposure(self):
        status, said = security(self.with_binary(), 12)
        self.assertEqual(status, 0, said)
        bare = "[Service]\nExecStart=/bin/true\n"
        self.assertNotEqual(security(bare, 12)[0], 0)

    def test_lifecycle(self):
        service = settings(self.text)["Service"]
        self.assertEqual(service["Type"], ["notify"])
        self.assertEqual(service["NotifyAccess"], ["main"])
        self.assertEqual(service["DynamicUser"], ["yes"])
        self.assertGreaterEqual(int(service["WatchdogSec"][0]), 30)
        self.assertEqual(service["Restart"], ["on-failure"])
        self.assertEqual(service["RestartPreventExitStatus"], ["64 77 78"])

    def test_reload_tells_both(self):
        """On a wrong file `systemctl reload` must fail, and the daemon must hear of it (test_bad_spec.py runs these)."""
        service = settings(self.text)["Service"]
        start = service["ExecStart"][0]
        hup, check = service["ExecReload"]
        self.assertEqual(check, start.removesuffix(" run") + " check")
        self.assertEqual(hup, "/bin/kill -HUP $MAINPID")
        self.assertFalse(check.startswith("-"))

    def test_a_wrong_or_missing_file_does_not_keep_it_down(self):
        unit = settings(self.text)["Unit"]
        self.assertEqual([key for key in unit if key.startswith(("Condition", "Assert"))], [])
        self.assertNotIn("--bad-spec", settings(self.text)["Service"]["ExecStart"][0])

    def test_no_secrets(self):
        for value in settings(self.text)["Service"].get("Environment", []):
            self.assertNotIn("AWS_SECRET", value)
        for name in ("billingd.service", "billingd-close.service"):
            self.assertEqual(settings((UNIT.parent / name).read_text())["Service"]["LimitCORE"], ["0"])


if __name__ == "__main__":
    BINARY = os.path.abspath(sys.argv.pop(1))
    unittest.main()
