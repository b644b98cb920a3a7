"""HTTP/1.1 server: one thread per connection, keep-alive, and connections that can fail on purpose.

Werkzeug's own server closes after each reply, so connection reuse could not be tested with it.  A thread whose connection has ended
takes the next one, and headers are read as what they are, not as those of a mail: both took a third of a call's time.
"""

import itertools
import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .messages import Reply, Request

BODY_LIMIT = 64 << 20


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "Server"
    timeout = 300

    def setup(self) -> None:
        super().setup()
        self.number = next(self.server.connections)

    def log_message(self, format: str, *args: object) -> None:
        pass

    def parse_request(self) -> bool:
        words = self.raw_requestline.decode("latin-1").split()
        if len(words) != 3 or words[2] != "HTTP/1.1":
            self.close_connection = True  # no client of ours
            return False
        self.command, self.path, self.request_version = words
        self.pairs: list[tuple[str, str]] = []
        while (line := self.rfile.readline(BODY_LIMIT)) not in (b"\r\n", b"\n", b""):
            name, _, value = line.decode("latin-1").partition(":")
            self.pairs.append((name, value.strip()))
        self.fields = {name.lower(): value for name, value in self.pairs}
        self.close_connection = self.fields.get("connection", "").lower() == "close"
        if self.fields.get("expect", "").lower() == "100-continue":
            return self.handle_expect_100()
        return True

    def read_body(self) -> bytes:
        if "chunked" in self.fields.get("transfer-encoding", "").lower():
            return self.read_chunks()
        length = int(self.fields.get("content-length") or 0)
        if length > BODY_LIMIT:
            raise ValueError("body too large")
        return self.rfile.read(length) if length else b""

    def read_chunks(self) -> bytes:
        parts = []
        while True:
            size = int(self.rfile.readline(100).split(b";")[0], 16)
            if size == 0:
                while self.rfile.readline(8192).strip():
                    pass
                return b"".join(parts)
            parts.append(self.rfile.read(size))
            self.rfile.readline(10)

    def answer(self) -> None:
        try:
            body = self.read_body()
        except (ValueError, OSError):
            self.close_connection = True
            return
        path, _, query = self.path.partition("?")
        request = Request(self.command, path, query, self.pairs, body,
                          self.number, f"{self.client_address[0]}:{self.client_address[1]}")
        self.send(self.server.app(request))

    def send(self, reply: Reply) -> None:
        if reply.fate in ("reset", "drop", "refuse"):
            if reply.fate == "refuse":
                self.server.refuse()
            self.end(reset=reply.fate != "drop")
            return
        if reply.fate in ("flood", "drip"):
            self.never_done(reply)
            return
        wire = self.wire(reply)
        if reply.fate == "truncate":
            head, _, body = wire.partition(b"\r\n\r\n")
            wire = head + b"\r\n\r\n" + body[: len(body) // 2]
        try:
            self.connection.sendall(wire)
        except OSError:
            self.close_connection = True
            return
        if reply.fate == "truncate":
            self.end(reset=False)

    def never_done(self, reply: Reply) -> None:
        """A reply of which always more comes, until the client has had enough: much of it, or a byte a second."""
        head = self.wire(reply).partition(b"\r\n\r\n")[0]
        kept = [line for line in head.split(b"\r\n") if not line.lower().startswith(b"content-length")]
        part = b"10000\r\n" + b" " * 65536 + b"\r\n" if reply.fate == "flood" else b"1\r\n \r\n"
        try:
            self.connection.sendall(b"\r\n".join([*kept, b"Transfer-Encoding: chunked", b"", b""]))
            for _ in range(16384 if reply.fate == "flood" else 900):
                self.connection.sendall(part)
                if reply.fate == "drip":
                    time.sleep(1)
        except OSError:
            pass
        self.close_connection = True

    def wire(self, reply: Reply) -> bytes:
        phrase = HTTPStatus(reply.status).phrase
        lines = [f"HTTP/1.1 {reply.status} {phrase}"]
        lines += [f"{k}: {v}" for k, v in reply.headers
                  if k.lower() not in ("content-length", "connection", "date", "transfer-encoding")]
        lines.append("Date: " + formatdate(self.server.now(), usegmt=True))
        head = self.command == "HEAD"
        if reply.status not in (204, 304):
            length = reply.get("Content-Length") if head else ""
            lines.append(f"Content-Length: {length or (0 if head else len(reply.body))}")
        text = "\r\n".join(lines) + "\r\n\r\n"
        no_body = head or reply.status in (204, 304)
        return text.encode("latin-1", "replace") + (b"" if no_body else reply.body)

    def end(self, reset: bool) -> None:
        self.close_connection = True
        if reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()
            return
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = do_PATCH = do_OPTIONS = answer


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True

    def __init__(self, port: int, app: Callable[[Request], Reply],
                 now: Callable[[], float] = time.time):
        self.app = app
        self.now = now
        self.connections = itertools.count(1)
        self.idle = 0  # threads that wait, or will at once
        self.lock = threading.Lock()
        self.waiting: queue.SimpleQueue[tuple[Any, Any]] = queue.SimpleQueue()
        super().__init__(("127.0.0.1", port), Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        with self.lock:
            is_free = self.idle > 0
            self.idle -= is_free
        if is_free:
            self.waiting.put((request, client_address))
        else:
            threading.Thread(target=self.serve_connections, args=(request, client_address), daemon=True).start()

    def serve_connections(self, request: Any, client_address: Any) -> None:
        while True:
            self.process_request_thread(request, client_address)
            with self.lock:
                self.idle += 1
            request, client_address = self.waiting.get()

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # a client that went away is its own affair

    def shutdown_request(self, request: socket.socket) -> None:  # type: ignore[override]
        try:
            super().shutdown_request(request)
        except OSError:
            pass

    def refuse(self, seconds: float = 0.5) -> None:
        """Nobody listens for so long."""
        threading.Thread(target=self.away, args=(seconds,), daemon=True).start()

    def away(self, seconds: float) -> None:
        self.shutdown()
        address = self.socket.getsockname()
        self.socket.close()
        time.sleep(seconds)
        self.socket = socket.socket(self.address_family, self.socket_type)
        self.server_address = address
        self.server_bind()
        self.server_activate()
        self.start()

    def start(self) -> threading.Thread:
        thread = threading.Thread(target=self.serve_forever, daemon=True)
        thread.start()
        return thread
