"""A whole request against AWS's model: which operation, its parameters, and what is wrong with it."""

import base64
import hashlib
import json
import re
import zlib
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from botocore.model import OperationModel

from . import constraints, models
from .decode import Decoder, Problem, local, query_tree
from .messages import Request

S3_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
FORM = "application/x-www-form-urlencoded"


class Parsed:
    def __init__(self, operation: str = "", params: dict[str, Any] | None = None,
                 problems: list[Problem] | None = None):
        self.operation = operation
        self.params = params or {}
        self.problems = problems or []


def parse(service: str, request: Request) -> Parsed:
    """Never raises; an operation that is not known is left empty."""
    protocol = models.protocol(service)
    decoder = Decoder()
    path_params: dict[str, str] = {}
    if protocol == "json":
        operation = models.match_target(service, request)
    elif protocol == "query":
        operation = _action(service, request)
    else:
        found = models.match_rest(service, request)
        operation, path_params = found if found else (None, {})
    if not operation:
        return Parsed("", {}, [Problem("", "operation", "no such operation: " + request.method + " "
                                       + request.path + " " + request.get("X-Amz-Target"))])
    model = models.operation_model(service, operation)
    reader = {"json": _json, "query": _query}.get(protocol, _rest)
    params = reader(model, request, path_params, decoder) or {}
    if model.input_shape and not decoder.problems:
        constraints.check(model.input_shape, params, "", decoder.problems)
    _checksum(model, request, decoder)
    if request.has("Transfer-Encoding"):
        decoder.note("Transfer-Encoding", "form", "AWS needs a Content-Length")
    return Parsed(operation, params, decoder.problems)


def _action(service: str, request: Request) -> str | None:
    form = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
    name = form.get("Action", "")
    return name if name in models.service_model(service).operation_names else None


def _document(request: Request, decoder: Decoder) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        keys = [key for key, _ in pairs]
        for key in {k for k in keys if keys.count(k) > 1}:
            decoder.note(key, "form", "key given twice")
        return dict(pairs)
    try:
        return json.loads(request.body.decode("utf-8"), object_pairs_hook=once)
    except ValueError as error:
        return decoder.note("", "form", f"body is not JSON: {error}")


def _json(model: OperationModel, request: Request, _: dict[str, str], decoder: Decoder) -> Any:
    if request.method != "POST" or request.path != "/" or request.query:
        decoder.note("", "form", "must be POST /")
    version = model.service_model.metadata["jsonVersion"]
    if request.get("Content-Type") != f"application/x-amz-json-{version}":
        decoder.note("Content-Type", "form", f"must be application/x-amz-json-{version}, is "
                     f"{request.get('Content-Type')!r}")
    document = _document(request, decoder)
    if decoder.problems or model.input_shape is None:
        return {}
    return decoder.json(model.input_shape, document, "", False)


def _query(model: OperationModel, request: Request, _: dict[str, str], decoder: Decoder) -> Any:
    if request.method != "POST" or request.path != "/" or request.query:
        decoder.note("", "form", "must be POST /")
    if request.get("Content-Type").replace(" ", "").lower() not in (FORM, FORM + ";charset=utf-8"):
        decoder.note("Content-Type", "form", f"must be {FORM}, is {request.get('Content-Type')!r}")
    try:
        pairs = parse_qsl(request.body.decode("utf-8"), keep_blank_values=True, strict_parsing=True)
        tree = query_tree(pairs)
    except ValueError as error:
        return decoder.note("", "form", f"body is not a form: {error}")
    tree.pop("Action", None)
    version = tree.pop("Version", None)
    if version != model.service_model.api_version:
        decoder.note("Version", "form", f"must be {model.service_model.api_version}, is {version}")
    if model.input_shape is None:
        return {}
    return decoder.query(model.input_shape, tree, "")


def _rest(model: OperationModel, request: Request, path_params: dict[str, str],
          decoder: Decoder) -> dict[str, Any]:
    shape = model.input_shape
    if shape is None:
        if request.body:
            decoder.note("", "form", "this operation has no body")
        return {}
    params: dict[str, Any] = {}
    query = parse_qsl(request.query, keep_blank_values=True)
    constants = parse_qsl(model.http["requestUri"].partition("?")[2], keep_blank_values=True)
    names, body_members = {}, False
    for name, member in shape.members.items():
        place = member.serialization
        wire = place.get("name", name)
        match place.get("location"):
            case "uri":
                params[name] = decoder.text(member, path_params[wire], name)
            case "querystring":
                names[wire] = name
                found = [value for key, value in query if key == wire]
                _from_query(decoder, member, name, found, params)
            case "header":
                if request.has(wire):
                    params[name] = decoder.text(member, request.get(wire), name)
            case "headers":
                found = {k[len(wire):]: v for k, v in request.headers if k.lower().startswith(wire.lower())}
                if found:
                    params[name] = found
            case _:
                body_members = True
    for key, _ in query:
        if key not in names and key not in [k for k, _ in constants] and key != "x-id":
            decoder.note(key, "unknown", f"{model.name} has no query parameter {key!r}")
    if body_members:
        params.update(_rest_body(model, request, decoder))
    elif request.body:
        decoder.note("", "form", "this operation has no body")
    return params


def _from_query(decoder: Decoder, member: Any, name: str, found: list[str],
                params: dict[str, Any]) -> None:
    if not found:
        return
    if member.type_name == "list":
        params[name] = [decoder.text(member.member, v, name) for v in found]
    elif len(found) > 1:
        decoder.note(name, "form", "given twice")
    else:
        params[name] = decoder.text(member, found[0], name)


def _rest_body(model: OperationModel, request: Request, decoder: Decoder) -> dict[str, Any]:
    shape = model.input_shape
    payload = shape.serialization.get("payload")
    target = shape.members[payload] if payload else shape
    if payload and target.type_name in ("blob", "string"):
        return {payload: request.body} if request.body else {}
    if not request.body:
        return {}
    if model.service_model.metadata["protocol"] == "rest-json":
        if request.get("Content-Type") != "application/json":
            decoder.note("Content-Type", "form", f"must be application/json, is "
                         f"{request.get('Content-Type')!r}")
        value = decoder.json(target, _document(request, decoder) or {}, payload or "", True)
    else:
        value = _xml_body(target, payload or "", request, decoder)
    return {payload: value} if payload else (value or {})


def _xml_body(target: Any, payload: str, request: Request, decoder: Decoder) -> Any:
    if "form-urlencoded" in request.get("Content-Type"):
        decoder.note("Content-Type", "form", "a form's content type on an XML body")
    if re.search(rb"<!DOCTYPE|<!ENTITY", request.body):
        return decoder.note("", "form", "document type declarations are refused")
    try:
        root = ElementTree.fromstring(request.body)
    except ElementTree.ParseError as error:
        return decoder.note("", "form", f"body is not XML: {error}")
    wanted = target.serialization.get("name", payload or target.name)
    if local(root.tag) != wanted:
        decoder.note("", "form", f"root element must be <{wanted}>, is <{local(root.tag)}>")
    for element in root.iter():
        if element.tag.startswith("{") and not element.tag.startswith("{" + S3_NAMESPACE + "}"):
            decoder.note(local(element.tag), "form", f"unknown namespace {element.tag}")
    if not root.tag.startswith("{"):
        decoder.note("", "form", f"root element needs xmlns {S3_NAMESPACE}")
    return decoder.xml(target, root, payload)


DIGESTS = {"x-amz-checksum-crc32": lambda b: zlib.crc32(b).to_bytes(4, "big"),
           "x-amz-checksum-sha1": lambda b: hashlib.sha1(b).digest(),
           "x-amz-checksum-sha256": lambda b: hashlib.sha256(b).digest()}


def _checksum(model: OperationModel, request: Request, decoder: Decoder) -> None:
    if model.service_model.service_name != "s3":
        return
    given = 0
    if request.has("Content-MD5"):
        given += 1
        if base64.b64encode(hashlib.md5(request.body).digest()).decode() != request.get("Content-MD5"):
            decoder.note("Content-MD5", "digest", "The Content-MD5 you specified did not match what we "
                         "received.")
    for name, digest in DIGESTS.items():
        if request.has(name):
            given += 1
            if base64.b64encode(digest(request.body)).decode() != request.get(name):
                decoder.note(name, "digest", f"Value for {name} header is invalid.")
    given += any(request.has(f"x-amz-checksum-{n}") for n in ("crc32c", "crc64nvme"))
    if (model.http_checksum or {}).get("requestChecksumRequired") and not given:
        decoder.note("Content-MD5", "checksum", "Missing required header for this request: Content-MD5 "
                     "OR x-amz-checksum-*")
