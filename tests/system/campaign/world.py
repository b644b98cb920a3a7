"""An account: what a test puts there first through boto3, and everything that is in it."""

import json
import re
from typing import Any

from sandbox.control import ACCOUNT, REGION, Sandbox

# What AWS itself changes at every write of a resource, beside its times.
VOLATILE = {"VersionId", "lastUpdatedTime", "transient_lastDdlTime", "DestinationId"}


class World:
    def __init__(self, sandbox: Sandbox, region: str = REGION):
        self.sandbox, self.region = sandbox, region
        self.clients: dict[str, Any] = {}

    def __getattr__(self, service: str) -> Any:
        """The boto3 client of a service: world.s3, world.iam."""
        if service.startswith("_"):
            raise AttributeError(service)
        if service not in self.clients:
            self.clients[service] = self.sandbox.client(service, self.region)
        return self.clients[service]

    def api(self, name: str = "ddn-api", protocol: str = "HTTP") -> str:
        """An API as the application's own deployment leaves it."""
        more = {"RouteSelectionExpression": "$request.body.action"} if protocol != "HTTP" else {}
        made = self.apigatewayv2.create_api(Name=name, ProtocolType=protocol, **more)["ApiId"]
        self.apigatewayv2.create_stage(ApiId=made, StageName="$default", AutoDeploy=True)
        return made

    def role_arn(self, name: str) -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def log_group_arn(self, name: str) -> str:
        return f"arn:aws:logs:{self.region}:{ACCOUNT}:log-group:{name}"

    def stream_arn(self, name: str) -> str:
        return f"arn:aws:firehose:{self.region}:{ACCOUNT}:deliverystream/{name}"

    def workgroup_arn(self, name: str) -> str:
        return f"arn:aws:athena:{self.region}:{ACCOUNT}:workgroup/{name}"

    def snapshot(self, *services: str) -> dict[str, Any]:
        """Path -> document of everything there is, of every service that a kind may use."""
        return self.sandbox.snapshot(self.region, *services)

    def named_queries(self, workgroup: str) -> list[dict[str, Any]]:
        ids = self.athena.list_named_queries(WorkGroup=workgroup)["NamedQueryIds"]
        return self.athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"] if ids else []


def is_time(value: Any) -> bool:
    return isinstance(value, dict) and list(value) == ["time"]


def without(value: Any, names: "re.Pattern[str]") -> Any:
    """A copy with all times and the members of these names left out everywhere."""
    if isinstance(value, dict):
        return {k: without(v, names) for k, v in value.items() if not names.fullmatch(k) and not is_time(v)}
    return [without(v, names) for v in value] if isinstance(value, list) else value


def in_order(value: Any) -> Any:
    """Lists that AWS keeps as sets, in one order: tags, lifecycle rules, policy statements."""
    if isinstance(value, dict):
        return {k: in_order(v) for k, v in value.items()}
    if isinstance(value, str) and value.startswith("{") and '"Statement"' in value:
        return in_order(json.loads(value))
    if isinstance(value, list):
        items = [in_order(v) for v in value]
        for key in ("Key", "ID", "Sid"):
            if items and all(isinstance(item, dict) and key in item for item in items):
                return sorted(items, key=lambda item: item[key])
        return items
    return value


def changes(before: dict[str, Any], after: dict[str, Any], touched: str | None = None) -> dict[str, Any]:
    """Path -> (before, after) of what differs; what AWS counts up does not matter under `touched`."""
    found = {}
    for path in before.keys() | after.keys():
        one, other = before.get(path), after.get(path)
        if touched is not None and path.startswith(touched):
            one, other = (without(document, re.compile("|".join(VOLATILE))) for document in (one, other))
        if in_order(one) != in_order(other):
            found[path] = (one, other)
    return found


# Made anew at each creation: ids (RoleId, ApiId; a key's id is what a spec asked for), and these.
IDENTITY = re.compile("|".join([*VOLATILE, "creationTime", "ApiEndpoint", "uploadSequenceToken",
                                r"(?!.*Key)\w*Ids?"]))
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+")


def normalised(snapshot: dict[str, Any]) -> dict[str, Any]:
    """What two accounts brought up apart from each other have in common: no ids, no times."""
    result: dict[str, Any] = {}
    for path, document in snapshot.items():
        path = UUID.sub(lambda _: next(iter(document.values()))["Name"], path)
        assert path not in result, f"two things at {path}"
        result[path] = in_order(without(document, IDENTITY))
    return result
