"""One AWS call on its way through the sandbox, as the service modules see it."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import moto_side, replies
from .errors import AwsError
from .keys import Key
from .messages import Reply, Request
from .world import World

# (service, operation) -> function that answers; None from it means: let moto answer.
Answer = dict[str, Any] | Reply | None
HANDLERS: dict[tuple[str, str], Callable[["Call"], Answer]] = {}


def handles(service: str, *operations: str) -> Callable[[Callable[["Call"], Answer]], Any]:
    def register(function: Callable[["Call"], Answer]) -> Callable[["Call"], Answer]:
        for operation in operations:
            assert (service, operation) not in HANDLERS, f"{service} {operation} would be handled twice"
            HANDLERS[service, operation] = function
        return function
    return register


@dataclass
class Call:
    world: World
    request: Request
    key: Key
    region: str
    service: str
    operation: str
    params: dict[str, Any]

    @property
    def account(self) -> str:
        return self.key.account

    @property
    def partition(self) -> str:
        return moto_side.partition_of(self.region)

    def backend(self, service: str = "") -> Any:
        return moto_side.backend(service or self.service, self.account, self.region)

    def forward(self) -> Reply:
        """moto's answer to the request as it came."""
        return moto_side.call(self.request, self.account)

    def result(self) -> dict[str, Any]:
        """moto's answer, decoded; AwsError when it is an error."""
        return replies.read(self.service, self.operation, self.forward())

    def forward_json(self, params: dict[str, Any]) -> Reply:
        """moto's answer to other parameters (JSON protocol)."""
        body = json.dumps(params).encode()
        headers = [(k, v) for k, v in self.request.headers if k.lower() != "content-length"]
        changed = Request(self.request.method, self.request.path, self.request.query, headers, body)
        return moto_side.call(changed, self.account)

    def page(self, items: list[Any], token: str | None, limit: int | None, most: int,
             code: str = "InvalidParameterException") -> tuple[list[Any], str | None]:
        """One page of items, and the token of the next; a token of another operation is refused."""
        size = min(limit or most, most)
        if self.world.switches.page_size:
            size = min(size, self.world.switches.page_size)
        start = 0
        if token:
            try:
                name, _, offset = base64.urlsafe_b64decode(token.encode()).decode().partition("|")
                start = int(offset)
                if name != self.operation:
                    raise ValueError(name)
            except ValueError:
                raise AwsError(code, "The specified nextToken is invalid.") from None
        more = None
        if start + size < len(items):
            more = base64.urlsafe_b64encode(f"{self.operation}|{start + size}".encode()).decode()
        return items[start:start + size], more


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v is not None}
