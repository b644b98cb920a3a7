"""Services that hand out credentials, as billingd meets them: beside a container, and IAM Identity Center.

One HTTP server plays them all. test_whoami.py first holds it to botocore, as the client that others wrote.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "container-token"
ACCESS, RENEWED = "sso-access-token", "sso-renewed-token"
REFRESH = "sso-refresh-token"


@dataclass
class Services:
    """What is asked, and how it is answered."""

    keys: dict[str, Any]  # of the sandbox: access_key, secret_key, token
    port: int = 0
    mode: str = "well"  # or: expired, garbage, slow (no answer until it changes), or a status
    requests: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def document(self, life_s: float = 3600) -> dict[str, Any]:
        end = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + life_s))
        return {"AccessKeyId": self.keys["access_key"], "SecretAccessKey": self.keys["secret_key"],
                "Token": self.keys["token"], "Expiration": end}

    def answer(self, method: str, path: str, headers: Any, body: bytes) -> tuple[int, Any]:
        self.requests.append(f"{method} {path}")
        while self.mode == "slow":
            time.sleep(0.02)
        if self.mode.isdigit():
            return int(self.mode), {"message": "no"}
        if self.mode == "garbage":
            return 200, "<html>Sign in to the guest network</html>"
        where = urlsplit(path)
        if where.path == "/container":
            if headers.get("Authorization") != TOKEN:
                return 403, {"message": "no"}
            return 200, self.document(-60 if self.mode == "expired" else 3690)
        if where.path == "/federation/credentials":
            return self.role(parse_qs(where.query), headers.get("x-amz-sso_bearer_token"))
        if where.path == "/token" and method == "POST":
            return self.renewal(json.loads(body))
        return 404, {"message": "no such path"}

    def role(self, query: dict[str, list[str]], token: str) -> tuple[int, Any]:
        if token not in (ACCESS, RENEWED):
            return 401, {"__type": "UnauthorizedException", "message": "Session token not found or invalid"}
        if query["role_name"] != ["Reader"] or "account_id" not in query:
            return 403, {"__type": "ForbiddenException", "message": "No access"}
        return 200, {"roleCredentials": {
            "accessKeyId": self.keys["access_key"], "secretAccessKey": self.keys["secret_key"],
            "sessionToken": self.keys["token"], "expiration": int((time.time() + 3600) * 1000)}}

    @staticmethod
    def renewal(body: dict[str, str]) -> tuple[int, Any]:
        if body.get("refreshToken") != REFRESH or body.get("grantType") != "refresh_token":
            return 400, {"__type": "InvalidGrantException", "error": "invalid_grant"}
        return 200, {"accessToken": RENEWED, "expiresIn": 28800, "refreshToken": REFRESH + "-2", "tokenType": "Bearer"}


@contextmanager
def credential_services(keys: dict[str, Any]) -> Iterator[Services]:
    services = Services(keys)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            status, document = services.answer(self.command, self.path, self.headers, body)
            text = document.encode() if isinstance(document, str) else json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PUT = do

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.block_on_close = False
    services.port = server.server_port
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield services
    finally:
        server.shutdown()
        server.server_close()
