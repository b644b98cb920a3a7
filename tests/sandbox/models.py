"""AWS's service models as botocore ships them: which operation is this, and what may it hold.

The services are those that the program itself has a model of: scripts/models writes them.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from urllib.parse import parse_qsl, unquote

import botocore.session
from botocore.model import OperationModel, ServiceModel

from .messages import Request

MODELS = Path(__file__).resolve().parents[2] / "lib/aws/models"
# Who gives credentials to people is played beside the sandbox: tests/system/credential_services.py.
PLAYED_ELSEWHERE = {"sso", "ssooidc"}
HYPHEN = "__"  # of a label, in a group's name
SERVICES = tuple(sorted({path.stem for path in MODELS.glob("*.json")} - PLAYED_ELSEWHERE))


@lru_cache
def service_model(service: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(service)


@lru_cache
def signing_names() -> dict[str, str]:
    """The name a service is signed for -> our name of it."""
    return {service_model(service).signing_name: service for service in SERVICES}


@lru_cache
def protocol(service: str) -> str:
    """Of a service with several (CloudWatch) the one that botocore and the program take."""
    return str(service_model(service).resolved_protocol)


@dataclass
class Route:
    """One rest operation: how to recognise it."""

    operation: str
    method: str
    pattern: re.Pattern[str]
    constants: list[tuple[str, str]]
    needed_headers: set[str] = field(default_factory=set)
    needed_query: set[str] = field(default_factory=set)

    @property
    def weight(self) -> int:
        return 2 * (len(self.constants) + len(self.needed_headers)) + len(self.needed_query)


def label(name: str) -> str:
    """As a group, whose name takes no hyphen."""
    return f"(?P<{name.rstrip('+').replace('-', HYPHEN)}>{'.+' if name.endswith('+') else '[^/]+'})"


def _route(model: OperationModel) -> Route:
    path, _, query = model.http["requestUri"].partition("?")
    pattern = "".join(re.escape(part) if at % 2 == 0 else label(part)
                      for at, part in enumerate(re.split(r"\{([\w-]+\+?)\}", path)))
    route = Route(model.name, model.http["method"], re.compile(pattern + "/?" if path != "/" else "/"),
                  parse_qsl(query, keep_blank_values=True))
    if model.input_shape:
        for name in model.input_shape.required_members:
            where = model.input_shape.members[name].serialization
            if where.get("location") == "header":
                route.needed_headers.add(where.get("name", name).lower())
            elif where.get("location") == "querystring":
                route.needed_query.add(where.get("name", name))
    return route


@lru_cache
def routes(service: str) -> list[Route]:
    model = service_model(service)
    found = [_route(model.operation_model(name)) for name in model.operation_names
             if not model.operation_model(name).deprecated]  # the old twins of newer operations
    return sorted(found, key=lambda route: -route.weight)


def match_rest(service: str, request: Request) -> tuple[str, dict[str, str]] | None:
    """Operation and path parameters of a rest request; None when no operation has that form."""
    query = parse_qsl(request.query, keep_blank_values=True)
    names = {name for name, _ in query}
    for route in routes(service):
        if route.method != request.method:
            continue
        match = route.pattern.fullmatch(request.path)
        if not match or any(pair not in query for pair in route.constants):
            continue
        if not route.needed_query <= names or not all(request.has(h) for h in route.needed_headers):
            continue
        return route.operation, {k.replace(HYPHEN, "-"): unquote(v) for k, v in match.groupdict().items()}
    return None


def match_target(service: str, request: Request) -> str | None:
    prefix, _, name = request.get("X-Amz-Target").partition(".")
    model = service_model(service)
    if prefix == model.metadata["targetPrefix"] and name in model.operation_names:
        return name
    return None


def operation_model(service: str, operation: str) -> OperationModel:
    return service_model(service).operation_model(operation)


READ_PREFIXES = ("Get", "List", "Describe", "Head", "Simulate", "BatchGet", "Filter")


def is_read(operation: str) -> bool:
    """AssumeRole and its kind change nothing anybody can see, so they count as reads."""
    return operation.startswith((*READ_PREFIXES, "AssumeRole"))


def is_unsigned(service: str, operation: str) -> bool:
    return bool(operation) and operation_model(service, operation).auth_type == "none"
