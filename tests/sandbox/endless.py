"""Lists that never end: a page of any operation that AWS answers in pages, told to have another behind it, and again."""

import re
from functools import cache
from typing import TYPE_CHECKING, Any

import botocore.session

from . import models, replies
from .messages import Reply

if TYPE_CHECKING:
    from .call import Call

# What the next token is: the same two in turn, or always another; with the page's items, or without.
WAYS = ("alternate", "fresh", "empty", "long")
# botocore has no paginators for these: their next page begins behind the last item.
BEHIND_THE_LAST = {("firehose", "ListDeliveryStreams"): ("ExclusiveStartDeliveryStreamName", "HasMoreDeliveryStreams"),
                   ("firehose", "ListTagsForDeliveryStream"): ("ExclusiveStartTagKey", "HasMoreTags")}


@cache
def paginators(service: str) -> dict[str, Any]:
    loader = botocore.session.get_session().get_component("data_loader")
    return dict(loader.load_service_model(service, "paginators-1")["pagination"])


@cache
def asks_by(service: str, operation: str) -> str:
    """The parameter with the token; "" for an operation that is not answered in pages."""
    if (service, operation) in BEHIND_THE_LAST:
        return BEHIND_THE_LAST[service, operation][0]
    token = paginators(service).get(operation, {}).get("input_token", "")
    return str(token if isinstance(token, str) else token[0])


def lists_of(result: dict[str, Any]) -> list[str]:
    return [name for name, value in result.items() if isinstance(value, list)]


def with_another(call: "Call", reply: Reply, way: str, number: int) -> Reply:
    """The page, with a token that asks for one more."""
    result = replies.read(call.service, call.operation, reply)
    token = {"alternate": "AB"[number % 2] * 32, "long": "x" * 100_000}.get(way, f"token-{number:026}")
    if way == "empty":
        result |= {name: [] for name in lists_of(result)}
    if (call.service, call.operation) in BEHIND_THE_LAST:
        result[BEHIND_THE_LAST[call.service, call.operation][1]] = True
    else:
        rule = paginators(call.service)[call.operation]
        output = rule["output_token"]
        result[re.match(r"\w+", output if isinstance(output, str) else output[0])[0]] = token  # type: ignore[index]
        if "more_results" in rule:
            result[rule["more_results"]] = True
    made = replies.make(call.service, call.operation, result)
    return Reply(made.status, made.headers, made.body)
