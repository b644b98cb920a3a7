"""`billingd run` in a scene: begun, waited for until it has nothing left to do, and told to stop."""

import json
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import suppress
from typing import IO, Any

MOST_SECONDS = 240
KICK_SECONDS = 3.0  # at rest for so long without being ready: it is told to look again, as an operator would


class Living:
    """A process of it, with its log."""

    def __init__(self, place: Any, **more: str):
        self.log: IO[bytes] = tempfile.TemporaryFile()
        self.process = subprocess.Popen([place.binary, "-f", place.spec, "run"], cwd=place.folder, text=True,
                                        env=place.environment(**more), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=self.log)

    def text(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def address(self) -> str:
        events = [json.loads(line) for line in self.text().splitlines() if line.startswith("{") and line.endswith("}")]
        return next((f"http://{e['listen'].split(',')[0]}" for e in events if e["event"] == "started"), "")

    def get(self, path: str) -> tuple[int, str]:
        """0: it does not answer yet."""
        try:
            with urllib.request.urlopen(self.address() + path, timeout=10) as reply:
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except (OSError, ValueError):
            return 0, ""

    def at_rest(self) -> bool:
        code, text = self.get("/api/v1/look")
        look = json.loads(text) if code == 200 else {"looking": True}
        return not (look["looking"] or look["working"])

    def is_in_sync(self) -> bool:
        """Ready is who loses no usage; a saved query may be missing all the same."""
        lines = [line for line in self.get("/metrics")[1].splitlines() if line.startswith("billingd_resources{")]
        return bool(lines) and all('state="in_sync"' in line or line.endswith(" 0") for line in lines)

    def until_settled(self) -> bool:
        """Until it is ready, with all in sync and nothing under way; False when it ended before, or never was."""
        end, rested = time.monotonic() + MOST_SECONDS, time.monotonic()
        while self.process.poll() is None and time.monotonic() < end:
            if not self.at_rest():
                rested = time.monotonic()
            elif self.get("/-/ready")[0] == 200 and self.is_in_sync():
                return True
            elif time.monotonic() - rested > KICK_SECONDS:
                self.process.send_signal(signal.SIGUSR1)
                rested = time.monotonic()
            time.sleep(0.2)
        return False

    def end(self, told: bool = False) -> tuple[int, str]:
        """Its exit code and log. Who was told to stop is not told twice: a second signal cuts the first one's end short."""
        if self.process.poll() is None and not told:
            self.process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(60)
        if self.process.poll() is None:
            self.process.kill()
            return -99, self.text()
        return self.process.wait(), self.text()


def run(place: Any) -> tuple[int, str]:
    """All of it, until it has nothing left to do; 1 when it does not come to that."""
    living = Living(place)
    settled = living.until_settled()
    code, text = living.end()
    return (code if settled else code or 1), text
