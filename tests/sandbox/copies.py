"""Copies of a running sandbox: what took seconds to set up is there again in some milliseconds, as often as wanted.

A copy is a fork.  It is made by the main thread, which alone goes on in the copy, while no other request is under way."""

import ctypes
import gc
import os
import queue
import signal
import stat
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from .server import Server

if TYPE_CHECKING:
    from .app import App

PR_SET_PDEATHSIG = 1


class Copies:
    def __init__(self) -> None:
        self.wanted: queue.SimpleQueue[tuple[queue.SimpleQueue[str], int] | None] = queue.SimpleQueue()
        self.made: set[int] = set()

    def ask(self, owner: int) -> str:
        """The endpoint of a copy of now; called by the thread of a request. owner: 0 or the process it ends with."""
        answer: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.wanted.put((answer, owner))
        return answer.get(timeout=30)

    def stop(self) -> None:
        self.wanted.put(None)

    def watch(self, owner: int) -> None:
        while os.path.exists(f"/proc/{owner}"):
            time.sleep(1)
        self.stop()

    def reap(self) -> None:
        self.made -= {child for child in self.made if os.waitpid(child, os.WNOHANG) != (0, 0)}

    def serve(self, app: "App", server: Server) -> None:
        """Makes copies until stop(); in a copy as well, for as long as the one it was made from lives."""
        while (asked := self.wanted.get()) is not None:
            answer, owner = asked
            self.reap()
            reader, writer = os.pipe()
            gc.freeze()  # or the copy's first collection writes to every page, which only then is copied
            with app.world.lock:
                child = os.fork()
                if child == 0:
                    server = begin(app, server)
                    self.wanted, self.made = queue.SimpleQueue(), set()
                    if owner:
                        threading.Thread(target=self.watch, args=(owner,), daemon=True).start()
            if child:
                self.made.add(child)
                os.close(writer)
                answer.put(os.read(reader, 100).decode())
                os.close(reader)
            else:
                os.write(writer, f"http://127.0.0.1:{server.server_address[1]}".encode())
                os.close(reader)
                os.close(writer)


def close_sockets() -> None:
    for name in os.listdir("/proc/self/fd"):
        with suppress(OSError):
            if stat.S_ISSOCK(os.fstat(int(name)).st_mode):
                os.close(int(name))


def begin(app: "App", server: Server) -> Server:
    """The first moments of a copy: a place of its own, and nothing left of the threads that are not here."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    server.socket.detach()
    close_sockets()  # or nobody at the other end would see the original close its own
    app.world.faults.after_copy()
    app.world.journal.lock = threading.Lock()
    app.world.data.after_copy()
    made = Server(0, app, app.world.now)
    made.start()
    return made
