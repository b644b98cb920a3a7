"""One daemon with usage to show, for all that asks its page and its API."""

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from conftest import ROOT, Daemon, Sandbox, Spec, make_api, pipeline

sys.path.append(str(ROOT / "tests/system/billing"))

from rollup_world import GROUP, World  # noqa: E402

HOUR, DAY = 3600, 86400
TOKEN = "a-token-nobody-guesses"
CUSTOMER = "customer-alpha"  # a sub: it must be nowhere
ACTIONS = """web:
  actions: true
  hosts: [billing.example.com]
  token_file: {token}
"""


class PageSpec(Spec):
    """With what the web server asks for."""

    def write(self, **changes: Any) -> "PageSpec":
        super().write(**changes)
        token = self.path.parent / "token"
        token.write_text(TOKEN + "\n")
        self.path.write_text(self.path.read_text().replace("template:", ACTIONS.format(token=token) + "template:", 1))
        return self


def traffic(world: World, days: int = 6) -> None:
    """More requests each day, all delivered."""
    now = int(time.time()) // HOUR * HOUR
    lines = []
    for n in range(days * 24):
        for copy in range(1 + n % 5):
            at = now - 2 * HOUR - n * HOUR
            line = {"requestId": f"r{n}-{copy}", "sub": CUSTOMER, "requestTimeEpoch": str(at), "status": "200"}
            lines.append({"message": json.dumps(line), "timestamp": at * 1000, "arrival": at * 1000})
    world.sandbox.traffic(GROUP, lines)


@contextmanager
def shown(process: Sandbox, folder: Path) -> Iterator[tuple[World, Daemon]]:
    process.reset()
    make_api(process)
    spec = PageSpec(folder / "billing.yaml", pipeline(), listen=f"[127.0.0.1:0, \"unix:{folder}/http.sock\"]").write()
    world = World(process, spec)
    world.write(since=time.strftime("%Y-%m-%d", time.gmtime(time.time() - 6 * DAY)))
    world.apply()
    traffic(world)
    daemon = Daemon(process, spec, AWS_MAX_ATTEMPTS="1")
    try:
        daemon.ready()
        daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
        yield world, daemon
        assert daemon.end() == 0
    finally:
        if daemon.process.poll() is None:
            daemon.process.kill()
            daemon.process.wait(5)
        daemon.socket.close()
