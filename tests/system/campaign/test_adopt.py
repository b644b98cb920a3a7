"""A pipeline that is already there is taken over in place, and what others added to it stays."""

import json
from typing import Any

import pytest
import seed
from program import Billingd, Said, effective
from sandbox.control import Sandbox
from world import World, changes

S3, GLUE = f"s3/Buckets/{seed.BUCKET}", f"glue/DatabaseList/{seed.DATABASE}"
STREAM, WORKGROUP = f"firehose/DeliveryStreamNames/{seed.FIREHOSE}", f"athena/WorkGroups/{seed.WORKGROUP}"
ROLE, LOGS_ROLE = f"iam/Roles/{seed.ROLE}", f"iam/Roles/{seed.LOGS_ROLE}"
GROUPS = [f"logs/logGroups/{group}" for group in (seed.LOG_GROUP, seed.ERROR_GROUP)]


@pytest.fixture
def adopted(sandbox: Sandbox, world: World) -> str:
    api = seed.first_script(world)
    seed.second_script(world)
    return api


def notes(said: Said) -> list[str]:
    return [note for resource in said.json["resources"] for note in resource["notes"]]


def test_the_seeds_pipeline_is_adopted(sandbox: Sandbox, billingd: Billingd, world: World,
                                       adopted: str) -> None:
    before = world.snapshot()
    said = billingd.converge()
    after = world.snapshot()
    must_be_the_same_things(before, after)
    created = {r["resource"].partition("/")[2] for r in said.json["resources"] if r["action"] == "create"}
    seeded = {"bucket", "firehose_role", "firehose_logs", "stream", "access_logs", "logs_role",
              "subscription", "stage_logging", "workgroup", "database", "raw_table", "view"}
    assert created == set(effective()) - seeded
    assert "DeleteSubscriptionFilter" not in billingd.writes()
    # The statement that lets the seed's role write lies in the policy beside ours.
    sids = [s.get("Sid") for s in json.loads(after[f"{S3}/GetBucketPolicy"]["Policy"])["Statement"]]
    assert sids == ["AllowFirehosePut", "BillingdTlsOnly"]


def must_be_the_same_things(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Nothing was deleted, nothing made anew: ids and dates of birth are what they were."""
    assert set(before) <= set(after), set(before) - set(after)
    for path, members in ((S3, ("CreationDate",)), (ROLE, ("RoleId", "CreateDate", "Arn")),
                          (LOGS_ROLE, ("RoleId", "CreateDate", "Arn")), (GROUPS[0], ("creationTime",)),
                          (f"{GROUPS[0]}/subscriptionFilters/ToFirehose", ("creationTime",)),
                          (GLUE, ("CreateTime",)),
                          (f"{GLUE}/TableList/{seed.RAW}", ("CreateTime",)),
                          (f"{GLUE}/TableList/{seed.VIEW}", ("CreateTime",))):
        for member in members:
            assert after[path][member] == before[path][member], (path, member)
    for path, member in ((f"{STREAM}/DescribeDeliveryStream", "CreateTimestamp"),
                         (f"{WORKGROUP}/GetWorkGroup", "CreationTime")):
        old, new = (next(iter(s[path].values()))[member] for s in (before, after))
        assert new == old, path


def test_what_others_added_stays(sandbox: Sandbox, billingd: Billingd, world: World, adopted: str) -> None:
    seed.extras(world, adopted)
    before = world.snapshot()
    said = billingd.converge()
    after = world.snapshot()
    must_be_the_same_things(before, after)
    assert kept_of(after) == kept_of(before)
    must_keep_parts(before, after)
    tables = {f"{GLUE}/TableList/{w['name']}" for w in effective().values() if w["kind"] == "glue_table"}
    new = {path.removesuffix("/GetTable") for path in set(after) - set(before)}
    new = {path for path in new if not path.startswith(f"{WORKGROUP}/NamedQueryIds/")}
    assert new == tables - set(before) | {f"{GROUPS[1]}/logStreams/S3Delivery"}
    assert world.s3.list_objects_v2(Bucket=seed.BUCKET, Prefix=seed.OBJECT)["KeyCount"] == 1
    told = "\n".join(notes(said))
    for text in ("filter of others: security", "inline policy of others: debug", "policy/audit"):
        assert text in told, told


# Documents that are others' altogether.
UNTOUCHED = (f"{S3}/GetBucketVersioning", f"{ROLE}/AttachedPolicies/audit",
             f"{ROLE}/PolicyNames/debug/GetRolePolicy", f"{LOGS_ROLE}/PolicyNames/debug/GetRolePolicy",
             f"{LOGS_ROLE}/PolicyNames/security/GetRolePolicy", f"{GROUPS[0]}/subscriptionFilters/security",
             "logs/resourcePolicies/AWSLogDeliveryWrite20150319",
             "firehose/DeliveryStreamNames/security/DescribeDeliveryStream", f"{GLUE}/TableList/mine",
             "athena/WorkGroups/primary/GetWorkGroup")


def kept_of(snapshot: dict[str, Any]) -> dict[str, Any]:
    return {path: snapshot[path] for path in UNTOUCHED}


def by(items: list[dict[str, Any]], key: str) -> dict[str, Any]:
    return {item[key]: item for item in items if key in item}


def must_keep_parts(before: dict[str, Any], after: dict[str, Any]) -> None:
    """Others' parts of documents that are ours in part."""
    for path in (f"{S3}/GetBucketPolicy", "logs/resourcePolicies/billingd-log-delivery"):
        member = "Policy" if path.startswith("s3") else "policyDocument"
        old, new = (json.loads(s[path][member])["Statement"] for s in (before, after))
        assert new[:len(old)] == old, path
        assert len(new) == len(old) + 1
    old, new = (s[f"{S3}/GetBucketLifecycleConfiguration"] for s in (before, after))
    assert by(old["Rules"], "ID").items() <= by(new["Rules"], "ID").items()
    assert (old["TransitionDefaultMinimumObjectSize"] == new["TransitionDefaultMinimumObjectSize"]
            == "varies_by_storage_class")
    for path in (f"{STREAM}/ListTagsForDeliveryStream", f"{WORKGROUP}/ListTagsForResource",
                 f"{ROLE}/ListRoleTags", f"{LOGS_ROLE}/ListRoleTags", f"{S3}/GetBucketTagging"):
        old, new = (s[path].get("Tags") or s[path]["TagSet"] for s in (before, after))
        assert by(old, "Key").items() <= by(new, "Key").items()
    for group in GROUPS:
        old, new = (s[f"{group}/ListTagsForResource"]["tags"] for s in (before, after))
        assert old.items() <= new.items()
    role = after[f"{ROLE}/GetRole"]["Role"]
    assert (role["Description"], role["MaxSessionDuration"]) == ("made by hand", 7200)
    must_keep_settings(before, after)


def must_keep_settings(before: dict[str, Any], after: dict[str, Any]) -> None:
    stages = [s["apigatewayv2/Items/ddn-api/Items/$default"] for s in (before, after)]
    for member in ("Description", "StageVariables", "DefaultRouteSettings", "AutoDeploy", "CreatedDate"):
        assert stages[0][member] == stages[1][member], member
    old, new = (s[f"{WORKGROUP}/GetWorkGroup"]["WorkGroup"] for s in (before, after))
    assert old["Description"] == new["Description"]
    for member in ("BytesScannedCutoffPerQuery", "RequesterPaysEnabled"):
        assert old["Configuration"][member] == new["Configuration"][member], member
    assert (old["Configuration"]["ResultConfiguration"]["EncryptionConfiguration"]
            == new["Configuration"]["ResultConfiguration"]["EncryptionConfiguration"])
    old, new = ([d["NamedQuery"] for p, d in s.items() if "/NamedQueryIds/" in p] for s in (before, after))
    assert [query for query in new if query["Name"] == "mine"] == old
    old, new = before[GLUE], after[GLUE]
    assert old["Description"] == new["Description"]
    assert old["Parameters"].items() <= new["Parameters"].items()
    must_keep_table(*(s[f"{GLUE}/TableList/{seed.RAW}"] for s in (before, after)))
    assert after[f"{GLUE}/TableList/{seed.VIEW}"]["Parameters"]["owner"] == "ops"


def must_keep_table(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert old["Parameters"]["owner"] == new["Parameters"]["owner"]
    for member in ("Description", "Owner", "Retention", "PartitionKeys"):
        assert old[member] == new[member], member
    storage = old["StorageDescriptor"], new["StorageDescriptor"]
    for member in ("Columns", "NumberOfBuckets"):
        assert storage[0][member] == storage[1][member], member
    serdes = [s["SerdeInfo"] for s in storage]
    assert serdes[0]["SerializationLibrary"] == serdes[1]["SerializationLibrary"]
    assert serdes[0]["Parameters"].items() <= serdes[1]["Parameters"].items()


def test_adopted_twice_is_adopted_once(sandbox: Sandbox, billingd: Billingd, world: World,
                                       adopted: str) -> None:
    seed.extras(world, adopted)
    billingd.converge()
    before = world.snapshot()
    sandbox.clear()
    assert billingd.apply().code == 0
    assert billingd.writes() == []
    assert changes(before, world.snapshot()) == {}


def test_adopting_writes_in_place(sandbox: Sandbox, billingd: Billingd, world: World, adopted: str) -> None:
    """One write per document that differs, and not one that deletes."""
    billingd.converge()
    writes = billingd.writes()
    assert [w for w in writes if w.startswith("Delete") or w.startswith("Remove")] == []
    assert writes.count("UpdateDestination") == 1
    assert writes.count("PutSubscriptionFilter") == 0, "the seed's filter is as wanted"
    assert writes.count("UpdateStage") == 1
    # Somebody's settings are replaced there: the mark says whose they are once that is done.
    [logs], [mark] = ([c for c in billingd.calls() if c["service"] == "apigatewayv2" and c["operation"] == o]
                      for o in ("UpdateStage", "TagResource"))
    assert logs["end"] <= mark["time"]


def test_rules_of_others_in_the_old_form(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """S3 takes no configuration with both forms: theirs are lifted, and mean what they meant."""
    world.api()
    world.s3.create_bucket(Bucket=seed.BUCKET, CreateBucketConfiguration={"LocationConstraint": world.region})
    old = [{"ID": "their logs", "Status": "Enabled", "Prefix": "theirs/", "Expiration": {"Days": 400},
            "Transitions": [{"Days": 30, "StorageClass": "STANDARD_IA"}]},
           {"ID": "their parts", "Status": "Disabled", "Prefix": "", "AbortIncompleteMultipartUpload": {
               "DaysAfterInitiation": 5}}]
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={"Rules": old})
    planned = billingd("plan")
    assert "old form (Prefix beside Filter)" in planned.out and "their logs, their parts" in planned.out, planned
    billingd.converge()
    have = world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"]
    assert [rule for rule in have if not rule["ID"].startswith("billingd-")] == [
        {**{k: v for k, v in rule.items() if k != "Prefix"}, "Filter": {"Prefix": rule["Prefix"]}} for rule in old]
    assert len(have) > 2
    # A bucket whose rules are as wanted is left in whatever form it has.
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={"Rules": [
        {**{k: v for k, v in rule.items() if k != "Filter"}, "Prefix": rule["Filter"]["Prefix"]} for rule in have]})
    billingd.must_be_converged()
    assert "old form" not in billingd("plan").out


def test_audit_names_the_loss_before_anything_is_applied(sandbox: Sandbox, billingd: Billingd, adopted: str) -> None:
    """Neither its view nor its objects can be read: so much is known, and what becomes of it."""
    sandbox.generate("2025-10", requests=300, days=2, margin_days=0, log_group=seed.LOG_GROUP)
    sandbox.clear()
    said = billingd("audit", "--month", "2025-10", "-o", "json")
    assert said.code == 5, said
    found = said.json
    assert found["verdict"] == "gap" and [r["reason"] for r in found["reasons"]] == ["view"]
    assert "billingd apply" in found["reasons"][0]["text"]
    totals, legacy = found["totals"], found["legacy"]
    # Counted is counted, and what was not is unknown, not 0.
    assert totals["ingested"] > 290 and totals["forwarded"] > 290
    assert [totals[hop] for hop in ("delivered", "parsed", "unique", "rolled_up", "billed")] == [None] * 5
    assert set(found["excluded"].values()) == {None} and found["adds_up"] is None
    assert legacy["live"] and legacy["prefix"] == "json-data/"
    assert legacy["count"] > 100 and 0 < legacy["events"] and not legacy["all_read"]
    (gap,) = found["gaps"]
    assert gap["hop"] == "delivered" and gap["above_limit"] and gap["events"] >= 290
    assert "backfill --legacy json-data/" in gap["explanation"] and "billingd apply" in gap["explanation"]
    text = billingd("audit", "--month", "2025-10")
    assert text.code == 5 and "In an older form" in text.out and "delivered                ?" in text.out, text
    refused = billingd("backfill", "--month", "2025-10")
    assert refused.code == 1 and "billingd apply" in refused.err, refused
    assert [w for w in billingd.writes() if w != "StartQueryExecution"] == []
