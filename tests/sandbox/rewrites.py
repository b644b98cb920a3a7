"""A good reply made into what a proxy, a cut line or another account would have sent in its place, status 200."""

import hashlib
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from . import models, replies
from .keys import ACCOUNT
from .messages import Reply

if TYPE_CHECKING:
    from .call import Call

ACTIONS = ("html", "empty", "bare", "null", "cut", "wrong_document", "other_account", "unprocessed",
           "garbage", "large", "twice", "nul", "deep")
LARGE_BYTES = 15_000_000
OTHER_ACCOUNT = "999999999999"
PAGE = (b"<html><head><title>Sign in</title></head>\n<body><h1>Sign in to the guest network</h1>"
        b"</body></html>\n")
UUID = re.compile(rb"\b[0-9a-f]{8}(-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\b")
ROOT = re.compile(rb"(?s)(?:<\?xml.*?\?>\s*)?<([\w:]+)([^>]*?)/?>")
# Valid replies, but of other operations: the first that was not asked for is sent.
ELSEWHERE: dict[str, dict[str, Any]] = {
    "s3": {"GetBucketTagging": "<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>",
           "GetBucketVersioning": "<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"},
    "iam": {"ListRoles": "<ListRolesResponse><ListRolesResult><Roles/><IsTruncated>false</IsTruncated>"
                         "</ListRolesResult></ListRolesResponse>"},
    "sts": {"GetAccessKeyInfo": "<GetAccessKeyInfoResponse><GetAccessKeyInfoResult><Account>999999999999</Account>"
                                "</GetAccessKeyInfoResult></GetAccessKeyInfoResponse>"},
    "logs": {"DescribeMetricFilters": {"metricFilters": []}},
    "firehose": {"ListDeliveryStreams": {"DeliveryStreamNames": [], "HasMoreDeliveryStreams": False}},
    "glue": {"GetDatabases": {"DatabaseList": []}, "GetPartitions": {"Partitions": []}},
    "athena": {"ListWorkGroups": {"WorkGroups": []}},
    "apigatewayv2": {"GetApi": {"apiId": "a1", "name": "another", "protocolType": "HTTP"}},
    "cloudwatch": {"ListMetrics": {"Metrics": []}},
}


def rewritten(action: str, call: "Call", reply: Reply) -> Reply:
    if action == "html":
        return Reply(200, [("Content-Type", "text/html")], PAGE, foreign=True)
    if call.request.method == "HEAD":
        return reply  # has no document
    reply.headers = [(k, v) for k, v in reply.headers if k.lower() != "content-length"]
    reply.body = REWRITES[action](call, reply.body)
    return reply


def bare(call: "Call", body: bytes) -> bytes:
    """The document with nothing in it."""
    root = ROOT.match(body)
    if not root:
        return b"{}"
    name, attributes = root.groups()
    inside = f"<{call.operation}Result/>".encode() if models.protocol(call.service) == "query" else b""
    return b"<" + name + attributes + b">" + inside + b"</" + name + b">"


def wrong_document(call: "Call", body: bytes) -> bytes:
    others = [document for operation, document in ELSEWHERE.get(call.service, {}).items() if operation != call.operation]
    found = others[0] if others else "<Other/>" if models.protocol(call.service) == "query" else {}
    return (found if isinstance(found, str) else json.dumps(found)).encode()


def other_account(call: "Call", body: bytes) -> bytes:
    """The same of another account: its id, the names that were asked for, and identifiers that AWS gives."""
    body = UUID.sub(rb"00000000\1", body.replace(ACCOUNT.encode(), OTHER_ACCOUNT.encode()))
    for name in sorted({v for v in call.params.values() if isinstance(v, str) and len(v) > 2}, key=len):
        if not name.startswith("arn:") and name != ACCOUNT:
            body = body.replace(name.encode(), b"other-" + name.encode())
    return body


def unprocessed(call: "Call", body: bytes) -> bytes:
    """None of a batch could be read, or removed, this time."""
    for wanted, found, left, key in (
            ("NamedQueryIds", "NamedQueries", "UnprocessedNamedQueryIds", "NamedQueryId"),
            ("QueryExecutionIds", "QueryExecutions", "UnprocessedQueryExecutionIds", "QueryExecutionId")):
        if wanted in call.params:
            return json.dumps({found: [], left: [
                {key: one, "ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
                for one in call.params[wanted]]}).encode()
    if call.operation == "BatchDeletePartition":
        return json.dumps({"Errors": [
            {"PartitionValues": one["Values"],
             "ErrorDetail": {"ErrorCode": "InternalServiceException", "ErrorMessage": "Please try again"}}
            for one in call.params["PartitionsToDelete"]]}).encode()
    return body


def with_member(call: "Call", reply: Reply, path: list[str | int], value: Any) -> Reply:
    """The same reply, encoded anew, with another value (None: without one) at the path; as it is when that is empty."""
    result = replies.read(call.service, call.operation, reply)
    if path:
        shape, at = models.operation_model(call.service, call.operation).output_shape, result
        for number, step in enumerate(path):
            shape = shape.members[step] if shape.type_name == "structure" else (
                shape.member if shape.type_name == "list" else shape.value)
            last = number + 1 == len(path)
            if last and shape.type_name == "timestamp":
                value = datetime.fromtimestamp(value, UTC)
            if last and value is None:
                at.pop(step, None)
                break
            fresh: Any = value if last else [] if isinstance(path[number + 1], int) else {}
            if isinstance(step, int) and step >= len(at):
                at.append(fresh)
            elif last or (isinstance(at, dict) and step not in at):
                at[step] = fresh
            at = at[step] if isinstance(step, str) else at[min(step, len(at) - 1)]
    return replies.make(call.service, call.operation, result)


def large(call: "Call", body: bytes) -> bytes:
    """The same with a member that no model has, of the smallest values there are, which take the most memory when read."""
    text = body.strip()
    if text.startswith(b"{"):
        rest = text[1:].lstrip()
        return b'{"x":[' + b"{}," * (LARGE_BYTES // 3) + b"{}]" + (b"" if rest.startswith(b"}") else b",") + rest
    end = text.rfind(b"</")
    return text[:end] + b"<x/>" * (LARGE_BYTES // 4) + text[end:] if end > 0 else text + b" " * LARGE_BYTES


class Pairs(dict[str, Any]):
    """A JSON object that is written with what belongs to it and, before that, with another value under each name."""

    def items(self) -> Any:
        return [pair for key, value in super().items() for pair in ((key, other(value)), (key, value))]


def other(value: Any) -> Any:
    """Another of the same type."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case str():
            return "other-" + value
    return type(value)()


def twice(call: "Call", body: bytes) -> bytes:
    """Each member, or element that holds a text, twice: as another and as it is."""
    if not body.startswith(b"{"):
        return re.sub(rb"<((?!member\b|\?)[\w:]+)>([^<>]+)</\1>", rb"<\1>\2</\1><\1>other-\2</\1>", body)
    return json.dumps(json.loads(body, object_hook=Pairs)).encode() if json.loads(body) else body


def nul(call: "Call", body: bytes) -> bytes:
    """The first text with NUL behind it."""
    if body.startswith(b"{"):
        return re.sub(rb'(:\s*\[?"[^"\\]+)"', rb'\1\\u0000x"', body, count=1)
    return re.sub(rb"(<[\w:]+>[^<>\s]+)<", rb"\1&#0;x<", body, count=1)


def deep(call: "Call", body: bytes) -> bytes:
    """The same with a member that no model has, nested more deeply than any reader's stack."""
    levels = 100_000
    if body.startswith(b"{"):
        rest = body[1:].lstrip()
        return b'{"x":' + b"[" * levels + b"]" * levels + (b"" if rest.startswith(b"}") else b",") + rest
    end = body.rstrip().rfind(b"</")
    return body[:end] + b"<x>" * levels + b"</x>" * levels + body[end:] if end > 0 else body


REWRITES = {"twice": twice, "nul": nul, "deep": deep, "large": large, "empty": lambda call, body: b"", "bare": bare, "null": lambda call, body: b"null",
            "cut": lambda call, body: body[:len(body) // 2], "wrong_document": wrong_document,
            "other_account": other_account, "unprocessed": unprocessed,
            "garbage": lambda call, body: hashlib.sha512(body).digest() * 20}
