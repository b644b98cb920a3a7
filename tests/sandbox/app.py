"""The chain each request goes through: signature, model, journal, faults, semantics, moto, reply check."""

import base64
import re
import time
import traceback
from typing import Any

from . import (answers, authorize, control_api, faults, missing, models, moto_side, refusals, replies, request_check,
               signature)
from .call import HANDLERS, Answer, Call
from .copies import Copies
from .errors import AwsError, error_reply, internal
from .keys import ACCOUNT, Key
from .messages import Reply, Request
from .services import load
from .signature import Scope
from .world import World

NOBODY = Key("", "", ACCOUNT, "", "")  # who has not signed
LOCAL_HOST = re.compile(r"(127\.0\.0\.1|(aws\.)?localhost)(:\d+)?")


def jsonable(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: jsonable(v) for k, v in value.items()}
    if isinstance(value, list):
        return [jsonable(v) for v in value]
    if isinstance(value, bytes):
        return base64.b64encode(value[:65536]).decode()
    return value


def guess_service(request: Request) -> str:
    """The service of a request without a usable credential scope."""
    target = request.get("X-Amz-Target").partition(".")[0]
    for name in models.SERVICES:
        if target and target == models.service_model(name).metadata.get("targetPrefix"):
            return name
    for name in models.SERVICES:
        if models.protocol(name) == "query" and (
                b"Version=" + models.service_model(name).api_version.encode() in request.body):
            return name
    return "apigatewayv2" if request.path.startswith("/v2/") else "s3"


class App:
    def __init__(self, world: World, copies: Copies | None = None):
        self.world, self.copies = world, copies
        load()
        moto_side.reset()
        self.warm()

    def warm(self) -> None:
        """Loads now what the first calls would otherwise wait for."""
        for service in models.SERVICES:
            if moto_side.has(service):
                moto_side.backend(service, ACCOUNT, "us-east-1")
            if models.protocol(service).startswith("rest"):
                models.routes(service)
            replies.warm(service)

    def reset(self) -> None:
        with self.world.lock:
            moto_side.reset()
            self.world.reset()

    def __call__(self, request: Request) -> Reply:
        if request.path.startswith("/_sandbox/"):
            return control_api.answer(self, request)
        scope = signature.parse_authorization(request.get("Authorization"))
        name = scope.service if scope else ""
        service = models.signing_names().get(name, name) if name else guess_service(request)
        if service not in models.SERVICES:
            return Reply(400, [], missing.service(service).encode())
        protocol = models.protocol(service)
        head = request.method == "HEAD"
        entry = self.world.journal.open(
            service=service, operation="", kind="", params={}, client=request.get("User-Agent"),
            connection=request.connection, peer=request.peer, access_key=scope.access_key if scope else "",
            region=scope.region if scope else "", method=request.method, path=request.path)
        try:
            reply = self.checked(request, service, protocol, entry)
        except AwsError as error:
            reply = error_reply(service, protocol, error, head, message_key(service))
            entry["error"] = error.code
        except Exception:  # a fault of the sandbox: told to whoever tests, not hidden in a lost connection
            self.world.journal.bug(service, entry["operation"], traceback.format_exc())
            reply = error_reply(service, protocol, internal(service), head, message_key(service))
        if not reply.foreign:
            replies.stamp(service, reply)
        entry["status"] = reply.status
        entry["end"] = time.time()
        entry["request_id"] = reply.get("x-amzn-RequestId") or reply.get("x-amz-request-id")
        entry["fate"] = reply.fate
        if reply.status >= 300 and not entry["error"]:
            entry["error"] = error_code(service, entry["operation"], reply)
        return reply

    def checked(self, request: Request, service: str, protocol: str, entry: dict[str, Any]) -> Reply:
        parsed = request_check.parse(service, request)
        entry["operation"] = parsed.operation
        entry["kind"] = "read" if models.is_read(parsed.operation) else "write"
        entry["params"] = jsonable(parsed.params)
        key, scope = self.signed(request, service, protocol, parsed.operation)
        if parsed.problems:
            for problem in parsed.problems:
                self.world.journal.violation(service, parsed.operation, problem.path, str(problem),
                                             entry["client"])
            raise refusals.refusal(service, parsed.problems)
        hits = self.world.faults.pick(entry)
        delay = self.world.switches.latency_ms + sum(rule.latency_ms for rule in hits)
        entry["faults"] = [rule.action for rule in hits]  # from here on it is known how long this call takes
        if delay:
            time.sleep(delay / 1000)
        for rule in hits:
            if rule.action == "hold":
                self.world.faults.hold(rule)
        for rule in hits:
            reply = faults.instead(rule, service, protocol, request.method == "HEAD")
            if reply:
                return reply
        call = Call(self.world, request, key, scope.region, service, parsed.operation, parsed.params)
        reply = faults.page_again(hits, call) or self.answered(call)
        answered = reply
        for rule in hits:
            reply = faults.afterwards(rule, call, reply)
        self.world.faults.remember(call, answered)
        return reply

    def signed(self, request: Request, service: str, protocol: str, operation: str) -> tuple[Key, Scope]:
        if models.is_unsigned(service, operation) and not request.get("Authorization"):
            return NOBODY, Scope("", "", "us-east-1", service, [], "")
        try:
            key, scope = signature.check(request, self.world.keys, protocol, self.world.now)
        except AwsError as error:
            if not signature.is_circumstance(error):
                self.world.journal.violation(service, operation, "Authorization", str(error),
                                             request.get("User-Agent"))
            raise
        if not LOCAL_HOST.fullmatch(request.get("Host")):
            self.world.journal.violation(service, operation, "Host", "not this endpoint: "
                                         + request.get("Host"), request.get("User-Agent"))
            raise AwsError("InvalidRequest", "Host is not this endpoint: path style only")
        return key, scope

    def answered(self, call: Call) -> Reply:
        """The semantics, one call at a time."""
        with self.world.lock:
            self.world.data.tick()
            asked = answers.question(call)
            known = self.world.answers.look(asked)
            if known:
                return known.made.copy()
            changes = self.world.answers.changes
            with moto_side.touching(call.service) as services:
                try:
                    answer = self.meant(call)
                finally:
                    if not models.is_read(call.operation):
                        self.world.answers.change(services)  # whatever became of it
        reply = answer if isinstance(answer, Reply) else replies.make(call.service, call.operation, answer)
        for text in replies.misfits(call.service, call.operation, reply):
            self.world.journal.bug(call.service, call.operation, text)
        with self.world.lock:
            if asked:
                self.world.answers.keep(asked, reply.copy(), services, changes)
        return reply

    def meant(self, call: Call) -> Answer:
        """What a service makes of a call; AwsError when it refuses."""
        handler = HANDLERS.get((call.service, call.operation))
        try:
            if self.world.switches.authorize:
                authorize.check(call)
            answer = handler(call) if handler else None
            if answer is None:
                answer = call.forward()
                replies.without_nulls(call.service, answer)
                replies.typed(call.service, answer)
        except AwsError:
            raise
        except NotImplementedError:  # moto's word for it
            text = missing.operation(call.service, call.operation)
            self.world.journal.bug(call.service, call.operation, text)
            raise AwsError("NotImplemented", text, 501) from None
        except Exception as error:
            known = moto_side.as_aws_error(error)
            if known:
                raise known from None
            self.world.journal.bug(call.service, call.operation, traceback.format_exc())
            raise internal(call.service) from error
        return answer


def message_key(service: str) -> str:
    return "Message" if service in ("glue", "athena") else "message"


def error_code(service: str, operation: str, reply: Reply) -> str:
    if not operation:
        return ""
    try:
        replies.read(service, operation, reply)
    except AwsError as error:
        return error.code
    except Exception:
        return ""
    return ""
