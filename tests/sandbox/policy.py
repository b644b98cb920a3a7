"""Evaluates IAM policy documents: statements, wildcards, principals, conditions."""

import ipaddress
import json
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

ALLOWED, EXPLICIT_DENY, IMPLICIT_DENY = "allowed", "explicitDeny", "implicitDeny"


@dataclass
class Verdict:
    decision: str = IMPLICIT_DENY
    sources: list[str] = field(default_factory=list)  # names of the policies that decided
    missing: list[str] = field(default_factory=list)  # context keys conditions asked for in vain


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@lru_cache(maxsize=4096)
def _glob(pattern: str, fold: bool) -> re.Pattern[str]:
    parts = re.split(r"\$\{([*?$])\}", pattern)  # ${*} is a *, not a wildcard
    text = "".join(re.escape(part) if number % 2 else re.escape(part).replace(r"\*", ".*").replace(r"\?", ".")
                   for number, part in enumerate(parts))
    return re.compile(text, re.DOTALL | (re.IGNORECASE if fold else 0))


def like(pattern: str, value: str, fold: bool = False) -> bool:
    return _glob(str(pattern), fold).fullmatch(str(value)) is not None


def arn_like(pattern: str, value: str) -> bool:
    """Wildcards do not cross the first five colons of an ARN."""
    wanted, have = str(pattern).split(":", 5), str(value).split(":", 5)
    return len(wanted) == len(have) and all(like(w, h) for w, h in zip(wanted, have, strict=True))


def _number(test: Any) -> Any:
    def compare(want: str, have: str) -> bool:
        try:
            return bool(test(float(have), float(want)))
        except ValueError:
            return False
    return compare


def _in_network(want: str, have: str) -> bool:
    try:
        return ipaddress.ip_address(have) in ipaddress.ip_network(want, strict=False)
    except ValueError:
        return False


OPERATORS: dict[str, Any] = {
    "StringEquals": lambda want, have: str(want) == str(have),
    "StringEqualsIgnoreCase": lambda want, have: str(want).lower() == str(have).lower(),
    "StringLike": like, "ArnEquals": arn_like, "ArnLike": arn_like,
    "Bool": lambda want, have: str(want).lower() == str(have).lower(),
    "NumericEquals": _number(lambda a, b: a == b), "NumericLessThan": _number(lambda a, b: a < b),
    "NumericLessThanEquals": _number(lambda a, b: a <= b),
    "NumericGreaterThan": _number(lambda a, b: a > b),
    "NumericGreaterThanEquals": _number(lambda a, b: a >= b),
    "DateLessThan": lambda want, have: str(have) < str(want),
    "DateGreaterThan": lambda want, have: str(have) > str(want), "IpAddress": _in_network,
}


def _condition(operator: str, key: str, wanted: list[Any], context: dict[str, list[str]],
               missing: list[str]) -> bool:
    quantifier, _, rest = operator.rpartition(":")
    optional = rest.endswith("IfExists")
    name = rest.removesuffix("IfExists")
    have = next((v for k, v in context.items() if k.lower() == key.lower()), None)
    if name == "Null":
        return (str(wanted[0]).lower() == "true") == (have is None)
    negative = "Not" in name
    test = OPERATORS.get(name.replace("Not", ""))
    if test is None:
        raise ValueError(f"unknown condition operator {operator}")
    if have is None:
        if not (optional or negative or quantifier == "ForAllValues"):
            missing.append(key)
        return optional or negative or quantifier == "ForAllValues"
    hits = [any(test(want, value) for want in wanted) for value in have]
    if negative:
        hits = [not hit for hit in hits]
    return all(hits) if quantifier == "ForAllValues" or negative else any(hits)


def _conditions(statement: dict[str, Any], context: dict[str, list[str]], missing: list[str]) -> bool:
    results = [_condition(operator, key, listed(wanted), context, missing)
               for operator, keys in statement.get("Condition", {}).items()
               for key, wanted in keys.items()]
    return all(results)


def _action(statement: dict[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(like(p, action, True) for p in listed(statement["NotAction"]))
    return any(like(p, action, True) for p in listed(statement.get("Action", [])))


def _resource(statement: dict[str, Any], resource: str) -> bool:
    if "NotResource" in statement:
        return not any(like(p, resource) for p in listed(statement["NotResource"]))
    return any(like(p, resource) for p in listed(statement.get("Resource", [])))


def _principal(statement: dict[str, Any], kind: str, name: str) -> bool:
    principal = statement.get("Principal")
    if principal == "*":
        return True
    for wanted in listed(principal.get(kind, [])) if isinstance(principal, dict) else []:
        if wanted in ("*", name):
            return True
        if kind == "AWS":
            account = name.split(":")[4]
            if wanted == account or re.fullmatch(rf"arn:[\w-]+:iam::{account}:root", wanted):
                return True
    return False


def _judge(statements: list[tuple[str, dict[str, Any]]], context: dict[str, list[str]],
           applies: Any) -> Verdict:
    verdict = Verdict()
    for source, statement in statements:
        if not applies(statement) or not _conditions(statement, context, verdict.missing):
            continue
        if statement["Effect"] == "Deny":
            return Verdict(EXPLICIT_DENY, [source], verdict.missing)
        verdict.decision = ALLOWED
        verdict.sources.append(source)
    return verdict


def statements_of(document: str | dict[str, Any]) -> list[dict[str, Any]]:
    value = json.loads(document) if isinstance(document, str) else document
    return listed(value.get("Statement", []))


def identity(policies: dict[str, str], action: str, resource: str,
             context: dict[str, list[str]]) -> Verdict:
    """What identity policies (name -> document) say to an action on a resource."""
    pairs = [(name, s) for name, text in policies.items() for s in statements_of(text)]
    return _judge(pairs, context, lambda s: _action(s, action) and _resource(s, resource))


def resources(policies: dict[str, str]) -> list[str]:
    """Every resource that identity policies name, as written."""
    return [r for text in policies.values() for s in statements_of(text) for r in listed(s.get("Resource", []))]


def trusts(document: str, kind: str, name: str, context: dict[str, list[str]]) -> bool:
    """Whether a trust policy lets a principal assume the role; kind: AWS or Service."""
    pairs = [("trust", s) for s in statements_of(document)]
    verdict = _judge(pairs, context,
                     lambda s: _action(s, "sts:AssumeRole") and _principal(s, kind, name))
    return verdict.decision == ALLOWED
