"""The data plane's calls under /_sandbox/ (see README.md)."""

from collections import Counter
from typing import TYPE_CHECKING, Any

from .. import moto_side
from ..keys import ACCOUNT
from . import objects, traffic
from .generator import Month, generate
from .rearrange import rearrange as rearranged

if TYPE_CHECKING:
    from ..app import App

REGION = "ap-northeast-2"


def stage_of(region: str, group: str) -> tuple[str, str] | None:
    """API and stage that log into the group."""
    for api in moto_side.backend("apigatewayv2", ACCOUNT, region).apis.values():
        for stage in api.stages.values():
            arn = (stage.access_log_settings or {}).get("destinationArn", "").removesuffix(":*")
            if arn.endswith(f":log-group:{group}"):
                return api.api_id, stage.name
    return None


def make(app: "App", value: dict[str, Any]) -> dict[str, Any]:
    """POST generate: {month, ..., log_group?, region?, api_id?, stage?, flush?}."""
    given = dict(value)
    name = given.pop("log_group", "/aws/apigw/ddn-access-logs")
    region = given.pop("region", REGION)
    api, stage, flush = given.pop("api_id", None), given.pop("stage", None), given.pop("flush", True)
    month = generate(**given)
    with app.world.lock:
        plane = app.world.data
        group = traffic.group_of(ACCOUNT, region, name)
        traffic.ensure_streams(group, region, {one.stream for one in month.incoming})
        before = plane.delivery.forwarded
        lost = traffic.put(plane, ACCOUNT, region, group, month.incoming, month.checks)
        found = stage_of(region, name)
        count_requests(app, list(month.gateway), api or (found[0] if found else ""), stage or (found[1] if found else "$default"))
        if flush:
            plane.delivery.flush()
        return {**month.truth, "forwarded": plane.delivery.forwarded - before, "lost": dict(lost)}


def count_requests(app: "App", seconds: list[int], api: str, stage: str) -> None:
    if not api:
        return
    minutes = Counter(second // 60 for second in seconds)
    for dimensions in ({"ApiId": api}, {"ApiId": api, "Stage": stage}):
        app.world.data.metrics.count("AWS/ApiGateway", "Count", dimensions, minutes.items())


def put_traffic(app: "App", value: dict[str, Any]) -> Any:
    with app.world.lock:
        region = value.get("region", REGION)
        if value.get("counted"):  # at the gateway, when they were made
            api, stage = stage_of(region, value["log_group"]) or ("", "")
            count_requests(app, [event["timestamp"] // 1000 for event in value["events"]], api, stage)
        return traffic.from_control(app.world.data, ACCOUNT, value.get("region", REGION), value)


def flush(app: "App", _: Any) -> Any:
    with app.world.lock:
        app.world.data.delivery.flush()
    return {}


def blocks(app: "App", value: Any) -> Any:
    app.world.data.delivery.set_blocks(value["blocks"] if isinstance(value, dict) else value)
    return {}


def set_rules(app: "App", value: Any) -> Any:
    app.world.data.queries.faults.set(value["rules"] if isinstance(value, dict) else value)
    return get_rules(app, None)


def get_rules(app: "App", _: Any) -> Any:
    return {"rules": app.world.data.queries.faults.show()}


def rearrange(app: "App", value: dict[str, Any]) -> Any:
    with app.world.lock:
        return rearranged(value["bucket"], value["prefix"], value.get("seed", 1), value.get("duplicates", 0.0))


def list_objects(app: "App", value: dict[str, Any]) -> Any:
    with app.world.lock:
        found = objects.list_objects(value["bucket"], value.get("prefix", ""))
        texts = [{"text": o.data().decode(errors="replace")} if value.get("text") else {} for o in found]
    return {"objects": [{"key": o.key, "size": o.size, "storage_class": o.storage_class, **text}
                        for o, text in zip(found, texts, strict=True)]}


def metrics(app: "App", _: Any) -> Any:
    with app.world.lock:
        return {"metrics": app.world.data.metrics.totals()}


ROUTINES = {
    ("POST", "generate"): make, ("POST", "traffic"): put_traffic, ("POST", "flush"): flush,
    ("POST", "blocks"): blocks, ("POST", "query_rules"): set_rules, ("GET", "query_rules"): get_rules,
    ("POST", "rearrange"): rearrange, ("POST", "objects"): list_objects, ("GET", "metrics"): metrics,
}
