"""What AWS answers to a request that does not fit its model."""

from . import models
from .decode import Problem
from .errors import AwsError

LIMIT_CODE = {  # service, else protocol
    "logs": "InvalidParameterException", "athena": "InvalidRequestException",
    "apigatewayv2": "BadRequestException", "sns": "InvalidParameter", "query": "ValidationError",
    "cloudwatch": "ValidationError", "glue": "InvalidInputException"}


def refusal(service: str, problems: list[Problem]) -> AwsError:
    first = problems[0]
    text = str(first) if first.kind != "limit" else first.text
    if first.kind == "operation":
        return unknown_operation(service, first.text)
    if service == "s3":
        return _s3(first)
    if first.kind in ("missing", "limit", "enum"):
        code = LIMIT_CODE.get(service) or LIMIT_CODE.get(models.protocol(service), "ValidationException")
        return AwsError(code, first.text)
    if models.protocol(service) == "query":
        return AwsError("MalformedInput" if first.kind != "unknown" else "ValidationError", text)
    if service == "apigatewayv2":
        return AwsError("BadRequestException", text)
    return AwsError("SerializationException", text)


def unknown_operation(service: str, text: str) -> AwsError:
    if service == "s3":
        return AwsError("MethodNotAllowed", "The specified method is not allowed against this resource.",
                        405)
    if models.protocol(service) == "query":
        return AwsError("InvalidAction", "Could not find operation " + text)
    if service == "apigatewayv2":
        return AwsError("MissingAuthenticationTokenException", "Missing Authentication Token", 403)
    return AwsError("UnknownOperationException", text)


def _s3(first: Problem) -> AwsError:
    if first.kind == "checksum":
        return AwsError("InvalidRequest", first.text)
    if first.kind == "digest":
        code = "BadDigest" if first.path == "Content-MD5" else "InvalidRequest"
        return AwsError(code, first.text)
    if "." not in first.path and first.kind in ("limit", "enum", "missing"):
        return AwsError("InvalidArgument", first.text)
    return AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate "
                    "against our published schema")
