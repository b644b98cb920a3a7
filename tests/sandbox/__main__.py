"""python -m sandbox [--port N] [--with-parent]: AWS on this machine.  Prints "endpoint URL" when ready."""

import argparse
import gc
import os
import signal
import sys
import threading
from typing import Any


def watch_parent(world: Any) -> None:
    """Ends the process when whoever holds the other end of stdin is gone."""
    while os.read(0, 4096):
        pass
    world.data.close()
    os._exit(0)


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0: any free one")
    parser.add_argument("--with-parent", action="store_true", help="end when stdin closes")
    options = parser.parse_args()
    # Credentials and regions of whoever starts the sandbox are none of its business.
    for name in [n for n in os.environ if n.startswith(("AWS_", "MOTO_"))]:
        del os.environ[name]
    from .app import App
    from .copies import Copies
    from .server import Server
    from .world import World

    # What is loaded stays, and little of what comes is in circles: looking for those took a sixth of the time.
    gc.set_threshold(100_000, 50, 100)
    world, copies = World(), Copies()
    signal.signal(signal.SIGTERM, lambda *_: copies.stop())
    signal.signal(signal.SIGINT, lambda *_: copies.stop())
    app = App(world, copies)
    gc.freeze()
    server = Server(options.port, app, world.now)
    server.start()
    if options.with_parent:
        threading.Thread(target=watch_parent, args=(world,), daemon=True).start()
    print(f"endpoint http://127.0.0.1:{server.server_address[1]}", flush=True)
    copies.serve(app, server)
    server.socket.close()
    world.data.close()
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
