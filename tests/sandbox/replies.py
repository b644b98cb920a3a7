"""Replies by AWS's model: made from Python values, and moto's own checked and read back."""

import json
from functools import lru_cache
from typing import Any
from xml.etree import ElementTree

from botocore.parsers import create_parser
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model

from . import models
from .decode import Decoder
from .errors import AwsError, request_id
from .messages import Reply


@lru_cache
def _serializer(service: str, operation: str) -> tuple[type, Any]:
    model = get_service_model(service)
    return get_serializer_class(service, models.protocol(service)), model.operation_model(operation)


def warm(service: str) -> None:
    get_service_model(service)


def make(service: str, operation: str, result: dict[str, Any]) -> Reply:
    """A reply holding result, a dictionary by member name."""
    kind, model = _serializer(service, operation)
    made = kind(operation_model=model).serialize(result)
    body = made["body"]
    reply = Reply(made["status_code"], [(k, str(v)) for k, v in made["headers"].items()],
                  body.encode() if isinstance(body, str) else body or b"")
    typed(service, reply)
    if service in ("s3", "logs") and not models.operation_model(service, operation).output_shape:
        reply.body = b""
    return reply


def without_nulls(service: str, reply: Reply) -> None:
    """AWS leaves absent members out of JSON; moto at times writes null."""
    if models.protocol(service) in ("json", "rest-json") and b"null" in reply.body:
        try:
            reply.body = json.dumps(_present(json.loads(reply.body))).encode()
        except ValueError:
            return
        reply.headers = [(k, v) for k, v in reply.headers if k.lower() != "content-length"]


def typed(service: str, reply: Reply) -> None:
    """AWS's content type, which moto at times leaves to its web server."""
    protocol = models.protocol(service)
    if protocol == "query":
        reply.put("Content-Type", "text/xml")
    elif protocol == "json":
        version = models.service_model(service).metadata["jsonVersion"]
        reply.put("Content-Type", f"application/x-amz-json-{version}")


def _present(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _present(v) for k, v in value.items() if v is not None}
    return [_present(v) for v in value] if isinstance(value, list) else value


def read(service: str, operation: str, reply: Reply) -> dict[str, Any]:
    """What a client sees in a reply; raises AwsError when it is an error."""
    model = models.operation_model(service, operation)
    headers = {k.lower(): v for k, v in reply.headers}
    parsed = create_parser(models.protocol(service)).parse(
        {"body": reply.body, "headers": headers, "status_code": reply.status}, model.output_shape)
    if reply.status >= 300:
        error = parsed.get("Error", {})
        raise AwsError(error.get("Code", "Unknown"), error.get("Message", ""), reply.status)
    parsed.pop("ResponseMetadata", None)
    return parsed


def stamp(service: str, reply: Reply) -> None:
    """Request ids as every AWS reply has them."""
    if service == "s3":
        reply.headers = [(k, v) for k, v in reply.headers if k.lower() != "x-amzn-requestid"]
        if not reply.get("x-amz-request-id"):
            reply.put("x-amz-request-id", request_id().replace("-", "")[:16].upper())
            reply.put("x-amz-id-2", request_id())
        return
    if not reply.get("x-amzn-RequestId"):
        reply.put("x-amzn-RequestId", request_id())
    identifier = reply.get("x-amzn-RequestId").encode()
    reply.body = reply.body.replace(b"<RequestId>request-id<", b"<RequestId>" + identifier + b"<")


def misfits(service: str, operation: str, reply: Reply) -> list[str]:
    """Where a good reply does not fit the model's output shape."""
    model = models.operation_model(service, operation)
    shape = model.output_shape
    if shape is None or reply.status >= 300 or not reply.body:
        return []
    body = reply.body if reply.unchecked is None else reply.unchecked
    decoder = Decoder()
    payload = shape.serialization.get("payload")
    target = shape.members[payload] if payload else shape
    if target.type_name in ("blob", "string"):
        return []
    try:
        if models.protocol(service) in ("json", "rest-json"):
            decoder.json(target, json.loads(body), "", models.protocol(service) == "rest-json")
        else:
            root = ElementTree.fromstring(body)
            wrapper = shape.serialization.get("resultWrapper")
            if wrapper:
                root = next((c for c in root if c.tag.endswith(wrapper)), root)
            decoder.xml(target, root, "")
    except (ValueError, ElementTree.ParseError) as error:
        return [str(error)]
    return [str(problem) for problem in decoder.problems]
