"""A proxy before the sandbox that tells what went through it.

    through(endpoint, run, heard)      runs run(the proxy's endpoint); heard(Exchange) once for each request, by its thread
"""
import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

OF_THE_WAY = ("content-length", "transfer-encoding")


@dataclass
class Exchange:
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes
    reply: http.client.HTTPResponse  # read
    said: bytes


def through(endpoint: str, run: Callable[[str], None], heard: Callable[[Exchange], None]) -> None:
    to = urlsplit(endpoint).netloc

    class Proxy(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            connection = http.client.HTTPConnection(to, timeout=60)
            connection.request(self.command, self.path, body, dict(self.headers))
            reply = connection.getresponse()
            said = reply.read()
            heard(Exchange(self.command, self.path, self.headers.items(), body, reply, said))
            self.send_response_only(reply.status)
            for name, value in reply.getheaders():
                if name.lower() not in OF_THE_WAY:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else said)

        do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = forward

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Proxy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        run(f"http://127.0.0.1:{server.server_address[1]}")
        server.shutdown()
