"""Rules that make chosen calls fail, slow down, or lose their connection."""

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from . import endless, rewrites
from .errors import AwsError, error_reply, internal, throttled
from .messages import Reply

if TYPE_CHECKING:
    from .call import Call

ACTIONS = ("throttle", "error", "500", "reset", "drop", "refuse", "lose_reply", "truncate", "latency", "hold",
           "html503", "without_header", "member", "stale", "wrong_type", "endless", "flood", "drip", *rewrites.ACTIONS)
BEFORE = ("throttle", "error", "500", "reset", "drop", "refuse", "html503")
PAGE = (b"<html><head><title>503 Service Unavailable</title></head>\n<body><h1>Service Unavailable</h1>"
        b"</body></html>\n")


@dataclass
class Rule:
    action: str
    service: str = ""  # "" matches any
    operation: str = ""
    kind: str = ""  # read, write
    client: str = ""  # part of the User-Agent
    access_key: str = ""  # whose call it is
    nth: int = 1  # first matching call that is hit, counted from when the rule was set
    times: int = 1  # how many calls in a row are hit; 0: all from then on
    status: int = 400  # of action error
    code: str = "InternalFailure"
    message: str = "injected"
    header: str = ""  # of action without_header
    params: dict[str, Any] = field(default_factory=dict)  # the call must have, among others
    path: list[str | int] = field(default_factory=list)  # of action member: the steps to it
    value: Any = None  # of action member: what it is then
    way: str = "alternate"  # of action endless
    page: Reply | None = None  # of action endless: what came back without a token
    latency_ms: float = 0
    seen: int = 0
    fired: int = 0
    changed: int = 0  # replies that a rewriting made into something else

    def matches(self, entry: dict[str, Any]) -> bool:
        """entry: of the journal."""
        params = entry["params"]
        return (self.service in ("", entry["service"]) and self.operation in ("", entry["operation"])
                and self.kind in ("", entry["kind"]) and self.client in entry["client"]
                and self.access_key in ("", entry["access_key"])
                and (self.action == "latency" or "Key" in self.params or not is_lease(params))
                and all(params.get(name) == value for name, value in self.params.items()))


def is_lease(params: dict[str, Any]) -> bool:
    """Who leads is asked beside all else, by the clock: only rules that name its key, and slowness, meet that."""
    return str(params.get("Key", "")).startswith("_billingd/") and str(params["Key"]).endswith("/leader.json")


class Faults:
    def __init__(self) -> None:
        self.after_copy()
        self.rules: list[Rule] = []
        self.answers: dict[str, Reply] = {}  # question -> the last answer to it; while a rule wants it

    def after_copy(self) -> None:
        self.lock = threading.Lock()
        self.changed = threading.Condition(self.lock)

    def remember(self, call: "Call", reply: Reply) -> None:
        if any(rule.action == "stale" for rule in self.rules):
            self.answers[question(call)] = Reply(reply.status, list(reply.headers), reply.body)

    def set(self, rules: list[dict[str, Any]]) -> None:
        """Replaces all rules, counters from zero; ValueError (TypeError) for a rule it cannot be."""
        made = [Rule(**rule) for rule in rules]
        for rule in made:
            if rule.way not in endless.WAYS:
                raise ValueError(f"way must be one of {', '.join(endless.WAYS)}, not {rule.way!r}")
            if rule.action not in ACTIONS:
                raise ValueError(f"action must be one of {', '.join(ACTIONS)}, not {rule.action!r}")
        with self.lock:
            self.rules = made
            self.changed.notify_all()

    def show(self) -> list[dict[str, Any]]:
        with self.lock:
            return [{k: v for k, v in vars(rule).items() if k != "page"} for rule in self.rules]

    def wait(self, seconds: float) -> bool:
        """Until a rule hits a call, at most so long; whether one has."""
        with self.changed:
            return self.changed.wait_for(lambda: any(rule.fired for rule in self.rules), seconds)

    def hold(self, rule: Rule) -> None:
        """Returns when the rule is no longer there."""
        with self.changed:
            self.changed.wait_for(lambda: all(one is not rule for one in self.rules))

    def pick(self, entry: dict[str, Any]) -> list[Rule]:
        """Rules that hit this call; counts it for every rule that matches."""
        hits = []
        with self.lock:
            for rule in self.rules:
                if not rule.matches(entry):
                    continue
                rule.seen += 1
                if rule.seen >= rule.nth and (rule.times == 0 or rule.seen < rule.nth + rule.times):
                    rule.fired += 1
                    hits.append(rule)
            if hits:
                self.changed.notify_all()
        return hits


def instead(rule: Rule, service: str, protocol: str, head: bool) -> Reply | None:
    """The reply a rule gives in place of the call; None when the call must go on."""
    match rule.action:
        case "throttle":
            return error_reply(service, protocol, throttled(service), head)
        case "500":
            return error_reply(service, protocol, internal(service), head)
        case "error":
            return error_reply(service, protocol, AwsError(rule.code, rule.message, rule.status), head)
        case "html503":
            return Reply(503, [("Content-Type", "text/html")], PAGE)
        case "reset" | "drop" | "refuse":
            return Reply(fate=rule.action)
    return None


def page_again(rules: list[Rule], call: "Call") -> Reply | None:
    """The page from before, for a token that AWS never gave."""
    for rule in rules:
        if rule.action == "endless" and rule.page and endless.asks_by(call.service, call.operation) in call.params:
            return rule.page
    return None


def afterwards(rule: Rule, call: "Call", reply: Reply) -> Reply:
    """What becomes of the real reply of a call that took effect."""
    if rule.action in rewrites.ACTIONS:
        before = (reply.body, reply.get("Content-Type"))
        reply = rewrites.rewritten(rule.action, call, reply)
        rule.changed += before != (reply.body, reply.get("Content-Type"))
    if rule.action == "member" and reply.status < 300:
        reply = rewrites.with_member(call, reply, rule.path, rule.value)
        rule.changed += 1
    if rule.action == "endless" and reply.status < 300 and endless.asks_by(call.service, call.operation):
        rule.page = rule.page or reply
        reply = endless.with_another(call, reply, rule.way, rule.changed)
        rule.changed += 1
    if rule.action == "without_header":
        kept = [(k, v) for k, v in reply.headers if k.lower() != rule.header.lower()]
        rule.changed += len(kept) != len(reply.headers)
        reply.headers = kept
    if rule.action == "lose_reply":
        reply.fate = "drop"
    elif rule.action in ("truncate", "flood", "drip"):
        reply.fate = rule.action
    elif rule.action == "wrong_type" and call.request.method != "HEAD":
        reply.put("Content-Type", "image/png")
    elif rule.action == "stale":
        reply = earlier(rule, call, reply)
    return reply


def earlier(rule: Rule, call: "Call", reply: Reply) -> Reply:
    """What the same question was answered the last time."""
    before = call.world.faults.answers.get(question(call))
    if before is None:
        return reply
    rule.changed += (before.status, before.body) != (reply.status, reply.body)
    return Reply(before.status, list(before.headers), before.body)


def question(call: "Call") -> str:
    return f"{call.service} {call.operation} {call.region} {sorted(call.params.items(), key=str)}"
