"""One HTTP request and one reply, as they pass through the chain."""

from dataclasses import dataclass, field
from functools import cached_property


@dataclass
class Request:
    method: str
    path: str  # as on the wire, still percent-encoded
    query: str  # as on the wire, without "?"
    headers: list[tuple[str, str]]
    body: bytes
    connection: int = 0  # number of the TCP connection, so that tests can see reuse
    peer: str = ""

    @cached_property
    def joined(self) -> dict[str, str]:
        """Name in lower case -> all values of the header, joined as a proxy would."""
        found: dict[str, str] = {}
        for key, value in self.headers:
            name = key.lower()
            found[name] = f"{found[name]},{value.strip()}" if name in found else value.strip()
        return found

    def get(self, name: str, default: str = "") -> str:
        return self.joined.get(name.lower(), default)

    def has(self, name: str) -> bool:
        return name.lower() in self.joined


@dataclass
class Reply:
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    unchecked: bytes | None = None  # a smaller body with all that was not held to the model before; None: body
    foreign: bool = False  # of somebody on the way, not AWS's: it gets no request id
    fate: str = ""  # "", reset, drop, refuse, truncate, flood, drip: what happens to the connection

    def get(self, name: str, default: str = "") -> str:
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def copy(self) -> "Reply":
        """One to go on its own way, with nothing of what became of this one."""
        return Reply(self.status, list(self.headers), self.body)

    def put(self, name: str, value: str) -> None:
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()]
        self.headers.append((name, value))
