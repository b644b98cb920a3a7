"""Where AWS lets a write name what it is about to replace, or be asked twice, we do, or say here why not.

Walks every operation of the embedded models that changes something, with the structures below its input."""

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
READS = ("Get", "List", "Describe", "Head", "BatchGet", "Filter", "Simulate", "Assume", "Test")
CONDITION = re.compile(r"If(None)?Match\w*|If(Un)?[Mm]odified\w*|ETag|\w*VersionId|[Ee]xpected\w+|\w*(Client|Request|Idempotency)Token|"
                       r"[Ss]equenceToken|[Rr]evisionId")
# Operation.path of members -> the file that sends it, and the words it does so with.
USED = {
    "athena.CreateNamedQuery.ClientRequestToken": ("lib/resources/named_query.c", '"ClientRequestToken=NamedQueryId"'),
    "athena.StartQueryExecution.ClientRequestToken": ("lib/billing/store/athena_query.c", '"ClientRequestToken"'),
    "firehose.UpdateDestination.CurrentDeliveryStreamVersionId":
        ("lib/resources/delivery_stream.c", "CurrentDeliveryStreamVersionId=version"),
    "s3.PutObject.IfMatch": ("lib/state/state_object.c", '"IfMatch" : "IfNoneMatch"'),
    "s3.PutObject.IfNoneMatch": ("lib/billing/store/object_content.c", '"IfNoneMatch", json_string("*")'),
    "s3.PutObject.ExpectedBucketOwner": ("lib/billing/store/object_content.c", '"ExpectedBucketOwner"'),
    "s3.DeleteObjects.ExpectedBucketOwner": ("lib/billing/rollup/rollup_collect.c", '"ExpectedBucketOwner"'),
    **{f"s3.{op}.ExpectedBucketOwner": ("lib/resources/s3_bucket.c", "ExpectedBucketOwner=@account")
       for op in ("PutBucketEncryption", "PutBucketLifecycleConfiguration", "PutBucketOwnershipControls", "PutBucketPolicy",
                  "PutBucketTagging", "PutBucketVersioning", "PutObjectLockConfiguration", "PutPublicAccessBlock")},
}
# Members below these are settings of the resource, not conditions of the call.
SETTINGS = {
    ".SchemaReference.": "which schema of the registry a table has",
    ".ViewDefinition.": "which views a multi-dialect view is made of",
    ".SchemaConfiguration.": "which version of a table Firehose converts by",
    ".ResultConfiguration.": "whose bucket results may go to; kinds.md has it as results_owner",
    ".ResultConfigurationUpdates.": "the same",
}
NOT_USED = {
    "glue.UpdateTable.VersionId":
        "the table's document is read again right before the write, and what is not ours in it is kept or the write is refused "
        "(task_agree); with SkipArchive there are no versions to name",
    "logs.PutResourcePolicy.expectedRevisionId":
        "given with resourceArn only; ours are the account's policies, by name, which have no revision",
    "logs.DeleteResourcePolicy.expectedRevisionId": "as of PutResourcePolicy",
    "logs.PutLogEvents.sequenceToken": "ignored by CloudWatch Logs since 2023",
    "s3.DeleteObjects.Delete.Objects.ETag": "only runs of ours that are replaced; no object in them is ever written twice",
    "s3.DeleteObjects.Delete.Objects.VersionId": "no version is removed, only what is current: that can be brought back",
    **{f"s3.DeleteObject.{member}": "not sent by the product"
       for member in ("VersionId", "ExpectedBucketOwner", "IfMatch", "IfMatchLastModifiedTime", "IfMatchSize")},
}


def conditions(model: dict[str, Any], shape: str, path: str, seen: tuple[str, ...] = ()) -> set[str]:
    found: set[str] = set()
    definition = model["shapes"].get(shape, {})
    if definition.get("type") == "list":
        return conditions(model, definition["member"]["shape"], path, seen)
    if shape in seen:
        return found
    for name, member in definition.get("members", {}).items():
        if CONDITION.fullmatch(name):
            found.add(f"{path}.{name}")
        found |= conditions(model, member["shape"], f"{path}.{name}", (*seen, shape))
    return found


def found_in(model: dict[str, Any], service: str) -> set[str]:
    found: set[str] = set()
    for name, operation in model["operations"].items():
        if "input" in operation and not name.startswith(READS):
            found |= conditions(model, operation["input"]["shape"], f"{service}.{name}")
    return found


def all_conditions() -> set[str]:
    found: set[str] = set()
    for path in sorted((ROOT / "lib/aws/models").glob("*.json")):
        found |= found_in(json.loads(path.read_text()), path.stem)
    return {name for name in found if not any(part in name for part in SETTINGS)}


def test_each_is_used_or_has_a_reason() -> None:
    assert set(USED).isdisjoint(NOT_USED)
    assert all_conditions() == {*USED, *NOT_USED}


def test_what_is_used_is_sent() -> None:
    for member, (path, words) in USED.items():
        text = (ROOT / path).read_text()
        assert words in text and member.split(".")[1] != "", member
    assert all(len(why) > 20 for why in NOT_USED.values())


def test_the_lease_and_the_pauses_are_never_written_without() -> None:
    """Nor which spec is in force: one function makes the parameters, each call is sent with what it made."""
    rooms = [p for room in ("state", "lease", "reconcile") for p in sorted((ROOT / "lib" / room).glob("*.c"))]
    writers = {p.name: p.read_text() for p in rooms if '"PutObject"' in p.read_text()}
    assert set(writers) == {"state_object.c", "pass_claim.c"}
    made = r'params = state_object_params\([^;]*;(?:(?!\n}).)*"PutObject"|"PutObject"(?:(?!\n}).)*params = state_object_params\([^;]*;'
    assert all(re.search(made, text, re.S) for text in writers.values())
    maker = writers["state_object.c"].split("json_t *state_object_params(")[1].split("\n}")[0]
    assert '"IfMatch" : "IfNoneMatch"' in maker and "if (" not in maker


def test_it_can_find_one() -> None:
    model = {"operations": {"PutThing": {"input": {"shape": "A"}}, "GetThing": {"input": {"shape": "A"}}},
             "shapes": {"A": {"type": "structure", "members": {"Deep": {"shape": "B"}, "IfMatch": {"shape": "C"}}},
                        "B": {"type": "list", "member": {"shape": "D"}},
                        "D": {"type": "structure", "members": {"ETag": {"shape": "C"}, "Again": {"shape": "A"}}}}}
    assert found_in(model, "x") == {"x.PutThing.IfMatch", "x.PutThing.Deep.ETag"}
