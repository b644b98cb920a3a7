"""One HTTP request and one reply, as they pass through the chain."""

from dataclasses import dataclass, field


@dataclass
class Request:
    method: str
    path: str  # as on the wire, still percent-encoded
    query: str  # as on the wire, without "?"
    headers: list[tuple[str, str]]
    body: bytes
    connection: int = 0  # number of the TCP connection, so that tests can see reuse
    peer: str = ""

    def get(self, name: str, default: str = "") -> str:
        """All values of a header, joined as a proxy would."""
        values = [value.strip() for key, value in self.headers if key.lower() == name.lower()]
        return ",".join(values) if values else default

    def has(self, name: str) -> bool:
        return any(key.lower() == name.lower() for key, _ in self.headers)


@dataclass
class Reply:
    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    unchecked: bytes | None = None  # a smaller body with all that was not held to the model before; None: body
    foreign: bool = False  # of somebody on the way, not AWS's: it gets no request id
    fate: str = ""  # "", reset, drop, refuse, truncate, endless, drip: what happens to the connection

    def get(self, name: str, default: str = "") -> str:
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def put(self, name: str, value: str) -> None:
        self.headers = [(k, v) for k, v in self.headers if k.lower() != name.lower()]
        self.headers.append((name, value))
