"""The same thing in another spelling that AWS takes and gives back is no difference, and nothing is written over it."""

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

import pytest
import seed
from program import Billingd
from sandbox.control import ACCOUNT, Sandbox
from tables import KINDS, Field
from test_flips import Flip, Settled, Steps, settled  # noqa: F401: a fixture
from test_live_lints import raw_table
from world import World


def rules(world: World, spell: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    have = world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"]
    spelt = [spell({k: v for k, v in rule.items() if k != "Filter"} | {"was": rule["Filter"].get("Prefix", "")}) for rule in have]
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={
        "Rules": [{k: v for k, v in rule.items() if k != "was"} for rule in spelt]})


def types(world: World) -> None:
    table = world.glue.get_table(DatabaseName=seed.DATABASE, Name=seed.RAW)["Table"]
    kept = {k: table[k] for k in ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters") if k in table}
    for key in kept["PartitionKeys"]:
        key["Type"] = "integer"
    world.glue.update_table(DatabaseName=seed.DATABASE, TableInput=kept)


SPELLINGS: dict[str, Callable[[World], None]] = {
    "old rules": lambda w: rules(w, lambda rule: {**rule, "Prefix": rule["was"]}),
    "rules with And": lambda w: rules(w, lambda rule: {**rule, "Filter": {"And": {"Prefix": rule["was"]}}}),
    "TRUE": lambda w: raw_table(w, {"ignore.malformed.json": "TRUE"}, EXTERNAL="true", **{"projection.enabled": "TRUE"}),
    "integer": types,
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_another_spelling_is_no_difference(sandbox: Sandbox, billingd: Billingd, world: World, name: str) -> None:
    world.api()
    billingd.converge()
    before = world.snapshot()
    SPELLINGS[name](world)
    assert world.snapshot() != before
    billingd.must_be_converged()


# ---- every reply in every equal form that AWS documents ----

def listed(value: Any) -> Any:
    """Every text of a statement as a list of one: IAM, "Grammar of the IAM JSON policy language"."""
    return {k: v if k in ("Sid", "Effect") else {p: [n] if isinstance(n, str) else n for p, n in v.items()}
            if k == "Principal" and isinstance(v, dict) else [v] if isinstance(v, str) else v for k, v in value.items()}


def single(value: Any) -> Any:
    """And every list of one as its text."""
    if isinstance(value, dict):
        return {k: single(v) for k, v in value.items()}
    return value[0] if isinstance(value, list) and len(value) == 1 and isinstance(value[0], str) else value


def of_account(value: Any, text: str) -> Any:
    """The account as principal: its number and its root are one."""
    both = (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root")
    if isinstance(value, dict):
        return {k: of_account(v, text) for k, v in value.items()}
    return [of_account(v, text) for v in value] if isinstance(value, list) else text if value in both else value


def policies(have: Any) -> Iterator[Any]:
    encoded = isinstance(have, dict)  # botocore has decoded it: IAM sends it percent-encoded
    document = have if encoded else json.loads(have)
    texts = [have if isinstance(have, str) else json.dumps(have)]
    statements = document["Statement"]
    for spelt in ([listed(s) for s in statements], [single(s) for s in statements], statements[::-1],
                  [dict(reversed(s.items())) for s in statements],
                  *([{**s, "Principal": of_account(s["Principal"], form)} if "Principal" in s else s for s in statements]
                    for form in (ACCOUNT, f"arn:aws:iam::{ACCOUNT}:root"))):
        texts.append(json.dumps({**document, "Statement": spelt}, indent=3))
    if len(statements) == 1:
        texts.append(json.dumps({**document, "Statement": statements[0]}))
    for text in texts:
        yield quote(text, safe="") if encoded else text


def rule_forms(rules: list[dict[str, Any]]) -> Iterator[Any]:
    """S3 user guide, "Lifecycle configuration elements"."""
    yield rules[::-1]
    yield [{**rule, **{k: rule[k][::-1] for k in ("Transitions", "NoncurrentVersionTransitions") if k in rule}}
           for rule in rules]
    prefix = [rule["Filter"].get("Prefix", "") for rule in rules]
    assert all(set(rule["Filter"]) <= {"Prefix"} for rule in rules)
    bare = [{k: v for k, v in rule.items() if k != "Filter"} for rule in rules]
    yield [{**rule, "Prefix": p} for rule, p in zip(bare, prefix, strict=True)]
    yield [{**rule, "Filter": {"And": {"Prefix": p}}} for rule, p in zip(bare, prefix, strict=True)]
    yield [{**rule, "Filter": {"Prefix": p} if p else {}} for rule, p in zip(bare, prefix, strict=True)]


def column_forms(columns: list[dict[str, Any]]) -> Iterator[Any]:
    yield [{**c, "Type": c["Type"].upper()} for c in columns]
    yield [{**c, "Type": "integer" if c["Type"] == "int" else c["Type"].replace(",", ", ")} for c in columns]
    yield [{**c, "Comment": "somebody's"} for c in columns]


def map_forms(field: Field, have: Any) -> Iterator[Any]:
    yield have[::-1] if isinstance(have, list) else dict(reversed(have.items()))
    if "TRUTHS" in field.flags:
        yield {k: v.swapcase() if v.lower() in ("true", "false") else v for k, v in have.items()}


# Required in AWS's model of the reply: without it the reply is invalid, which is no spelling.
ALWAYS_SENT = {"Path"}


def forms_of(field: Field, have: Any) -> Iterator[Any]:
    """The same value as AWS may send it as well."""
    if field.absent_is is not None and have == field.absent_is and field.member not in ALWAYS_SENT:
        yield None  # the member is left out
    match field.type:
        case "POLICY" | "STATEMENTS":
            yield from policies(have)
        case "RULES":
            yield from rule_forms(have)
        case "COLUMNS":
            yield from column_forms(have)
        case "MAP":
            yield from map_forms(field, have)
        case "SET":
            yield have[::-1]
        case "LOCATION":
            yield have.rstrip("/") if have.endswith("/") else have + "/"
        case "ARN" if ":log-group:" in have:
            yield have.removesuffix(":*") if have.endswith(":*") else have + ":*"


def steps_of(field: Field, reply: dict[str, Any]) -> Steps | None:
    """Where in the reply the field is; None when this one has it not."""
    assert field.read and field.member
    steps: Steps = []
    at: Any = reply
    for step in [*filter(None, field.read.take.split(".")), *([0] if field.read.find else []), *(
            s for word in field.member.split(".") for s in ((word[:-2], 0) if word.endswith("[]") else (word,)))]:
        if not (isinstance(at, list) and len(at) > step if isinstance(step, int) else isinstance(at, dict) and step in at):
            return None
        steps.append(step)
        at = at[step]
    return steps


def value_at(reply: Any, steps: Steps) -> Any:
    for step in steps:
        reply = reply[step]
    return reply


def equal_forms(settled: Settled) -> Iterator[Flip]:
    for call in settled.calls.values():
        reply = settled.reply_of(call)
        for kind in KINDS.values():
            for field in kind.fields:
                if kind.service != call["service"] or not field.read or field.read.op != call["operation"] or (
                        not field.member or not field.read.plain):
                    continue
                if kind.name == "glue_table" and reply["Table"]["TableType"] == "VIRTUAL_VIEW":
                    continue  # another kind's: presto_view has one spelling
                steps = steps_of(field, reply)
                have = value_at(reply, steps) if steps else None
                forms = [form for form in forms_of(field, copy.deepcopy(have)) if form != have] if steps else []
                if forms:
                    yield Flip(call["service"], call["operation"], call["params"], steps or [], forms)


def test_every_equal_form_is_no_difference(settled: Settled) -> None:  # noqa: F811
    found = list(equal_forms(settled))
    assert len(found) > 30 and sum(len(flip.values) for flip in found) > 80
    wrong = []
    for flip in found:
        for form in flip.values:
            settled.sandbox.faults(flip.rule(form))
            said = settled.billingd.plan()
            assert settled.sandbox.fault_counts()[0]["changed"], flip
            settled.sandbox.faults()
            if said.code != 0 or any(r["action"] != "none" or r["differences"] for r in said.json["resources"]):
                wrong.append(f"{flip.operation} {flip.path} = {form!r}")
    assert not wrong, "\n".join(wrong)
