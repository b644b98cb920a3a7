"""Everything that can be read of an account, found by AWS's models alone: what a test compares before and after.

Lists that ask for nothing are read first; what their items are called fills the required parameters of
further reads, and so on.  Where a read can be asked for everything (a list of attributes that may be "All"),
or a kind's table sends it a constant, it is.  A service needs no line here.  What AWS answers with an error is
left out: it is not there.  No data (objects, events, results), which comes and goes at times of its own, and no history.

A path is SERVICE/LIST/ITEM/READ: s3/Buckets/NAME/GetBucketPolicy, logs/logGroups/NAME/subscriptionFilters/ONE.
"""

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import botocore.session
from botocore.exceptions import DataNotFoundError
from botocore.model import OperationModel
from botocore.serialize import create_serializer

from . import models, moto_side, replies
from .call import HANDLERS, Call
from .keys import Key
from .messages import Request
from .world import World

Names = dict[str, Any]  # what an item and those around it are called, in lower case -> the values
DATA = re.compile(r".*(Object(?!Lock)|Multipart|Events$|QueryExecution|QueryResults|Statistics|ListMetrics$|"
                  r"Version(?!ing))")
# Times that a model makes numbers or texts, as in a map of attributes: seconds or milliseconds since 1970.
NAMED_TIME, EPOCH = re.compile(r"\w*(Timestamp|[tT]ime|Date)"), re.compile(r"1[0-9]{9}([0-9]{3})?([.][0-9]+)?")
MOST_PAGES = 50
RESOURCES = Path(__file__).resolve().parents[2] / "lib/resources"
LACKING: set[tuple[str, str]] = set()  # operations that moto turned out not to have


@lru_cache
def reads(service: str) -> list[OperationModel]:
    """Lists first: what they name is then looked at below them."""
    model = models.service_model(service)
    found = [model.operation_model(name) for name in sorted(model.operation_names, reverse=True)
             if name.startswith(("Get", "List", "Describe", "Head")) and not DATA.match(name)]
    found = [one for one in found if not one.deprecated and one.output_shape]
    return sorted(found, key=lambda one: not is_list(one))


@lru_cache
def pages(service: str) -> dict[str, Any]:
    loader = botocore.session.get_session().get_component("data_loader")
    try:
        return loader.load_service_model(service, "paginators-1")["pagination"]
    except DataNotFoundError:
        return {}


def tables(service: str) -> list[str]:
    """The kinds of a service, as text."""
    texts = [path.read_text() for path in sorted(RESOURCES.glob("*.c"))]
    return [text for text in texts if f'.service = "{service}"' in text]


@lru_cache
def constants(service: str) -> dict[str, dict[str, Any]]:
    """Operation -> what the kinds' tables always send it: AttributeNames[]='All' is {"AttributeNames": ["All"]}."""
    found: dict[str, dict[str, Any]] = {}
    for text in tables(service):
        for name, words in re.findall(r'\.op = "(\w+)",\s*\.send = ((?:"[^"]*"\s*)+)', text):
            for member, is_list, value in re.findall(r"(\w+)(\[\])?='([^']*)'", words):
                known = found.setdefault(name, {})
                known[member] = [*known.get(member, []), value] if is_list else value
    return found


def everything(operation: OperationModel) -> dict[str, Any]:
    """Optional parameters without which AWS leaves things out."""
    members = operation.input_shape.members if operation.input_shape else {}
    members = {name: shape for name, shape in members.items() if name not in required(operation)}
    wide = {name: [value] for name, shape in members.items() if shape.type_name == "list"
            for value in getattr(shape.member, "enum", []) if value in ("All", "ALL")}
    fixed = constants(operation.service_model.service_name).get(operation.name, {})
    return {**wide, **{name: value for name, value in fixed.items()
                       if name in members and members[name].type_name in ("list", "string")}}


@lru_cache
def arns(service: str) -> list[str]:
    """How the kinds write the ARNs of a service, for lists that do not tell them."""
    return [arn for text in tables(service) for arn in re.findall(r'\.arn = "([^"]*)"', text)]


def required(operation: OperationModel) -> list[str]:
    return operation.input_shape.required_members if operation.input_shape else []


def is_list(operation: OperationModel) -> bool:
    """Of things with reads of their own, that is: tags and rules are part of what has them."""
    return operation.name.endswith("s") and not operation.name.endswith("Tags")


def singular(name: str) -> str:
    """Buckets -> Bucket, PolicyNames -> PolicyName, policies -> policy."""
    return name.removesuffix("ies") + "y" if name.endswith("ies") else name.removesuffix("s")


def thing_of(operation: OperationModel) -> str:
    """ListRolePolicies -> rolepolicy."""
    return singular(re.sub("^(Get|List|Describe)", "", operation.name)).lower()


def label(thing: str, item: Any) -> str:
    """What an item of a list is called, for people; empty when nothing names it."""
    if not isinstance(item, dict):
        return str(item)
    for ending in ("name", "id", "arn"):
        for key, value in item.items():
            if key.lower().endswith(ending) and thing.endswith(key.lower().removesuffix(ending)):
                return str(value)
    return ""


def names_of(thing: str, member: str, item: Any) -> Names:
    """Every parameter that the item can fill."""
    if not isinstance(item, dict):
        return {singular(member).lower(): item}
    found = {k.lower(): v for k, v in item.items() if isinstance(v, str)}
    return {thing: label(thing, item), thing + "name": label(thing, item), **found}


class Snapshot:
    """of() may be called once."""

    def __init__(self, world: World, key: Key, region: str):
        self.world, self.key, self.region = world, key, region
        self.found: dict[str, Any] = {}
        self.seen: set[str] = set()

    def of(self, services: list[str]) -> dict[str, Any]:
        for service in services:
            for operation in reads(service) if moto_side.has(service) else []:
                if is_list(operation) and not required(operation):
                    self.look(operation, {}, service, {})
        return plain(self.found)

    def look(self, operation: OperationModel, params: dict[str, Any], path: str, names: Names) -> None:
        """Reads, keeps, and goes on with each item of the lists in the reply."""
        once = f"{operation.name} {params}"
        if once in self.seen or (operation.service_model.service_name, operation.name) in LACKING:
            return
        self.seen.add(once)
        reply: dict[str, Any] = {}
        for page in self.pages_of(operation, params):
            for member, value in page.items():
                reply[member] = reply[member] + value if isinstance(reply.get(member), list) else value
        for member in [m for m, value in reply.items() if isinstance(value, list) and is_list(operation)]:
            if all(label(thing_of(operation), item) for item in reply[member]):
                self.go_on(operation, member, reply.pop(member), path, names)
        if reply:
            self.found[f"{path}/{operation.name}"] = reply

    def go_on(self, listed: OperationModel, member: str, items: list[Any], path: str, names: Names) -> None:
        service, thing = listed.service_model.service_name, thing_of(listed)
        twins: Counter[str] = Counter()
        # In one order: what another item names as well (a queue its dead letters' sources) is found below the first.
        for item in sorted(items, key=lambda item: label(thing, item)):
            own, called = names_of(thing, member, item), label(thing, item)
            below = f"{path}/{member}/{called}" + "'" * twins[called]
            twins[called] += 1
            if any("::aws:" in str(value) for value in own.values()):
                continue  # AWS's own: managed policies
            if isinstance(item, dict):
                self.found[below] = item
            for operation in reads(service):
                for params in self.fill(operation, thing, own, names, called):
                    self.look(operation, params, below, {**names, **own})

    def fill(self, operation: OperationModel, thing: str, own: Names, names: Names,
             called: str) -> Iterator[dict[str, Any]]:
        """Parameters with which an operation reads an item; none when the item does not fill them."""
        wanted = required(operation)
        if not wanted and operation.input_shape:  # a filter: logGroupName, WorkGroup
            wanted = [m for m in operation.input_shape.members if m.lower() in (thing, thing + "name")]
        keys = [member.lower() for member in wanted]
        if keys in (["name"], ["id"]) and thing not in operation.name.lower():
            return
        if keys in (["resourcearn"], ["arn"], ["resource"]):
            own = {**own, keys[0]: own.get("arn", own.get(thing + "arn", "")).removesuffix(":*")}
            if not own[keys[0]]:
                yield from ({wanted[0]: arn} for arn in self.arns_of(operation.service_model.service_name, called))
        known = {**names, **own}
        if all(known.get(key) for key in keys) and any(own.get(key) for key in keys):
            yield {member: known[key] for member, key in zip(wanted, keys)}

    def arns_of(self, service: str, called: str) -> Iterator[str]:
        here = {"partition": moto_side.partition_of(self.region), "region": self.region, "account": self.key.account}
        for template in arns(service):
            left = set(re.findall(r"{(\w+)}", template)) - set(here)
            if len(left) == 1:
                yield template.format(**here, **{left.pop(): called})

    def pages_of(self, operation: OperationModel, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        rule = pages(operation.service_model.service_name).get(operation.name, {})
        params = {**everything(operation), **params}
        token, reply_token = rule.get("input_token"), rule.get("output_token")
        for _ in range(MOST_PAGES):
            page = self.read(operation, params)
            if page is None:
                return
            more = page.pop(reply_token, None) if isinstance(reply_token, str) else None
            yield page
            if not more or not isinstance(token, str):
                return
            params[token] = more

    def read(self, operation: OperationModel, params: dict[str, Any]) -> dict[str, Any] | None:
        """The reply; None when AWS says there is none, or moto lacks the operation. What nothing was written to since
        is what it was."""
        service, answers = operation.service_model.service_name, self.world.answers
        asked = None if self.world.is_settling() else ("snapshot", service, operation.name, self.region, self.key.access_key,
                                                       repr(params))
        known = answers.look(asked)
        if known is None:
            with moto_side.touching(service) as services:
                made = self.answered(operation, params)
            if asked is None:
                return made
            answers.keep(asked, made, services, answers.changes)
            known = answers.kept[asked]
        return known.made and dict(known.made)  # a page's token is taken out of it

    def answered(self, operation: OperationModel, params: dict[str, Any]) -> dict[str, Any] | None:
        service = operation.service_model.service_name
        call = Call(self.world, self.request(operation, params), self.key, self.region, service,
                    operation.name, params)
        handler = HANDLERS.get((service, operation.name))
        try:
            answer = (handler(call) if handler else None) or call.forward()
            reply = replies.make(service, operation.name, answer) if isinstance(answer, dict) else answer
            return replies.read(service, operation.name, reply) if reply.status < 300 else None
        except NotImplementedError:
            LACKING.add((service, operation.name))
        except Exception:  # refused, or beyond moto: then it is no part of what there is
            pass
        return None

    def request(self, operation: OperationModel, params: dict[str, Any]) -> Request:
        """As a client would send it; moto tells the service and the region by what it is signed for."""
        made = create_serializer(models.protocol(operation.service_model.service_name),
                                 include_validation=False).serialize_to_request(params, operation)
        scope = f"{self.key.access_key}/20250101/{self.region}/{operation.service_model.signing_name}/aws4_request"
        headers = {**made["headers"], "Host": "127.0.0.1", "Authorization":
                   f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"}
        path, _, query = made["url_path"].partition("?")
        more = made["query_string"]
        query = "&".join(part for part in (query, urlencode(more) if isinstance(more, dict) else more) if part)
        body = urlencode(made["body"]).encode() if isinstance(made["body"], dict) else made["body"]
        return Request(made["method"], path, query, list(headers.items()), body)


def plain(value: Any, name: str = "") -> Any:
    """As JSON, with a time told from text: it says nothing about what anybody asked for."""
    if isinstance(value, dict):
        return {k: plain(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, datetime):
        return {"time": value.isoformat()}
    return {"time": str(value)} if NAMED_TIME.fullmatch(name) and EPOCH.fullmatch(str(value)) else value
