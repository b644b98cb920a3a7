"""AWS errors, and the form each protocol gives them on the wire."""

import json
import random
import uuid
from typing import Any
from xml.sax.saxutils import escape

from . import models
from .messages import Reply

THROTTLE = {  # service, else protocol: code, status, message; domain.md 10.2
    "s3": ("SlowDown", 503, "Please reduce your request rate."),
    "query": ("Throttling", 400, "Rate exceeded"),
    "apigatewayv2": ("TooManyRequestsException", 429, "Too Many Requests"),
}
USUAL_THROTTLE = ("ThrottlingException", 400, "Rate exceeded")


class AwsError(Exception):
    """Raised anywhere below the chain; the chain turns it into a reply."""

    def __init__(self, code: str, message: str, status: int = 400, **extra: str):
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status
        self.extra = extra


def throttled(service: str) -> AwsError:
    code, status, text = THROTTLE.get(service) or THROTTLE.get(models.protocol(service)) or USUAL_THROTTLE
    return AwsError(code, text, status)


def internal(service: str) -> AwsError:
    usual = "InternalFailure" if models.protocol(service) == "query" else "InternalServerException"
    code = {"s3": "InternalError", "iam": "ServiceFailure", "firehose": "InternalFailure"}.get(service, usual)
    return AwsError(code, "We encountered an internal error. Please try again.", 500)


def request_id() -> str:
    return str(uuid.UUID(int=random.getrandbits(128), version=4))  # uuid4 asks the kernel each time


def error_reply(service: str, protocol: str, error: AwsError, head: bool = False,
                message_key: str = "message") -> Reply:
    identifier = request_id()
    if protocol == "rest-xml":
        return _s3_error(error, head)
    if protocol == "query":
        kind = "Sender" if error.status < 500 else "Receiver"
        namespace = models.service_model(service).metadata.get("xmlNamespace", "")
        text = (f'<ErrorResponse xmlns="{namespace}">\n  <Error>\n'
                f"    <Type>{kind}</Type>\n    <Code>{escape(error.code)}</Code>\n"
                f"    <Message>{escape(error.message)}</Message>\n  </Error>\n"
                f"  <RequestId>{identifier}</RequestId>\n</ErrorResponse>\n")
        return Reply(error.status, [("x-amzn-RequestId", identifier), ("Content-Type", "text/xml")],
                     text.encode())
    headers = [("x-amzn-RequestId", identifier)]
    body: dict[str, Any] = {message_key: error.message, **error.extra}
    if protocol == "rest-json":
        headers += [("x-amzn-ErrorType", error.code), ("Content-Type", "application/json")]
    else:
        headers.append(("Content-Type", "application/x-amz-json-1.1"))
        body = {"__type": error.code, **body}
    return Reply(error.status, headers, json.dumps(body).encode())


def _s3_error(error: AwsError, head: bool) -> Reply:
    identifier = uuid.uuid4().hex[:16].upper()
    headers = [("x-amz-request-id", identifier), ("x-amz-id-2", uuid.uuid4().hex * 2)]
    extra = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in error.extra.items())
    text = ('<?xml version="1.0" encoding="UTF-8"?>\n<Error>'
            f"<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message>{extra}"
            f"<RequestId>{identifier}</RequestId><HostId>{headers[1][1]}</HostId></Error>")
    if "Region" in error.extra:
        headers.append(("x-amz-bucket-region", error.extra["Region"]))
    if head:
        return Reply(error.status, headers)
    return Reply(error.status, headers + [("Content-Type", "application/xml")], text.encode())
