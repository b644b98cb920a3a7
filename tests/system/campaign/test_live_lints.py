"""What lies in AWS is judged as a spec is: each drift that loses money is told with its lint, its cost and its remedy.

The drift is made by others, through boto3, where the spec is silent: `plan` ends 0, but where the members' table says
that a call can reset the value, or that somebody must (drift of what the spec does not name)."""

import base64
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import seed
from program import Billingd, Said
from sandbox.control import Sandbox
from world import World

LIVE = re.compile(r"lint (BL\d{3}) live: ")


def found(said: Said) -> dict[str, list[str]]:
    """Resource -> the codes of its live lints."""
    codes = {name: [m[1] for note in r["notes"] if (m := LIVE.match(note))] for name, r in said.resources.items()}
    return {name: each for name, each in codes.items() if each}


def lifecycle(world: World, *rules: dict[str, Any]) -> None:
    have = world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"]
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={"Rules": [*have, *rules]})


def archive(world: World) -> None:
    """As the seed has it, on the prefix of today's logs."""
    lifecycle(world, {"ID": "archive", "Status": "Enabled", "Filter": {"Prefix": "access-logs/"},
                      "Transitions": [{"Days": 90, "StorageClass": "GLACIER"}], "Expiration": {"Days": 365}})


def expire(world: World) -> None:
    lifecycle(world, {"ID": "clean-up", "Status": "Enabled", "Filter": {"Prefix": "access-logs/"}, "Expiration": {"Days": 1}})


def delimiter(world: World) -> None:
    stream = world.firehose.describe_delivery_stream(DeliveryStreamName=seed.FIREHOSE)["DeliveryStreamDescription"]
    world.firehose.update_destination(
        DeliveryStreamName=seed.FIREHOSE, CurrentDeliveryStreamVersionId=stream["VersionId"],
        DestinationId=stream["Destinations"][0]["DestinationId"],
        ExtendedS3DestinationUpdate={"ProcessingConfiguration": {"Enabled": True, "Processors": [
            {"Type": "Decompression", "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}]},
            {"Type": "AppendDelimiterToRecord", "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "|"}]}]}})


def raw_table(world: World, serde: dict[str, str], **parameters: str) -> None:
    table = world.glue.get_table(DatabaseName=seed.DATABASE, Name=seed.RAW)["Table"]
    kept = {k: table[k] for k in ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters") if k in table}
    kept["Parameters"].update(parameters)
    kept["StorageDescriptor"]["SerdeInfo"]["Parameters"].update(serde)
    world.glue.update_table(DatabaseName=seed.DATABASE, TableInput=kept)


def deny(world: World, **statement: Any) -> None:
    policy = json.loads(world.s3.get_bucket_policy(Bucket=seed.BUCKET)["Policy"])
    policy["Statement"].append({"Sid": "Others", "Effect": "Deny", "Action": "s3:PutObject",
                                "Resource": f"arn:aws:s3:::{seed.BUCKET}/*", **statement})
    world.s3.put_bucket_policy(Bucket=seed.BUCKET, Policy=json.dumps(policy))


def cutoff(world: World) -> None:
    world.athena.update_work_group(WorkGroup=seed.WORKGROUP,
                                   ConfigurationUpdates={"BytesScannedCutoffPerQuery": 10_000_000})


def boundary(world: World) -> None:
    made = world.iam.create_policy(PolicyName="narrow", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ec2:*", "Resource": "*"}]}))
    world.iam.put_role_permissions_boundary(RoleName=seed.ROLE, PermissionsBoundary=made["Policy"]["Arn"])


def broken_format(world: World) -> None:
    """A comma is missing."""
    api = world.apigatewayv2.get_apis()["Items"][0]["ApiId"]
    settings = world.apigatewayv2.get_stage(ApiId=api, StageName="$default")["AccessLogSettings"]
    settings["Format"] = settings["Format"].replace('","sub"', '" "sub"')
    world.apigatewayv2.update_stage(ApiId=api, StageName="$default", AccessLogSettings=settings)


def destination(world: World, **update: Any) -> None:
    stream = world.firehose.describe_delivery_stream(DeliveryStreamName=seed.FIREHOSE)["DeliveryStreamDescription"]
    world.firehose.update_destination(
        DeliveryStreamName=seed.FIREHOSE, CurrentDeliveryStreamVersionId=stream["VersionId"],
        DestinationId=stream["Destinations"][0]["DestinationId"], ExtendedS3DestinationUpdate=update)


TWELVE = "access-logs/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:hh}/"
ELSEWHERE = f"s3://{seed.BUCKET}/access-logs/year=${{year}}/month=${{month}}/day=${{day}}/h=${{hour}}/"

def inline(world: World, *statements: dict[str, Any]) -> None:
    world.iam.put_role_policy(RoleName=seed.ROLE, PolicyName="theirs", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)}))


def attach(world: World, *statements: dict[str, Any]) -> None:
    made = world.iam.create_policy(PolicyName="theirs", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": list(statements)}))
    world.iam.attach_role_policy(RoleName=seed.ROLE, PolicyArn=made["Policy"]["Arn"])


EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
NO_WRITES = {"Effect": "Deny", "Action": "s3:Put*", "Resource": f"arn:aws:s3:::{seed.BUCKET}/*"}

DRIFTS: dict[str, tuple[Callable[[World], None], dict[str, list[str]], str]] = {
    "archive": (archive, {"bucket": ["BL502", "BL503"]}, 'rule "archive": GLACIER'),
    "expire": (expire, {"bucket": ["BL503"]}, 'rule "clean-up"'),
    "delimiter": (delimiter, {"stream": ["BL112"]}, '"|"'),
    "header": (lambda w: raw_table(w, {}, **{"skip.header.line.count": "1"}), {"raw_table": ["BL411"]}, "is 1"),
    "interval": (lambda w: raw_table(w, {}, **{"projection.year.interval": "2"}), {"raw_table": ["BL412"]}, "year.interval is 2"),
    "mapping": (lambda w: raw_table(w, {"mapping.messagetype": "type"}), {"raw_table": ["BL413"]}, "messagetype is filled from type"),
    "cutoff": (cutoff, {"workgroup": ["BL415"]}, "10000000 bytes"),
    "deny all": (lambda w: deny(w, Principal="*"), {"bucket": ["BL603"]}, 'statement "Others" for *;'),
    "deny role": (lambda w: deny(w, Principal={"AWS": w.role_arn(seed.ROLE)}), {"bucket": ["BL603"]}, f"role/{seed.ROLE};"),
    "deny unless": (lambda w: deny(w, Principal="*", Condition={"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}),
                    {"bucket": ["BL603"]}, "when its condition holds"),
    "format": (broken_format, {"stage_logging": ["BL214"]}, "keys stand whole"),
    "hour letters": (lambda w: destination(w, Prefix=TWELVE), {"stream": ["BL109", "BL417"], "raw_table": ["BL405"]},
                     "hour=03/, the table looks in"),
    "time zone": (lambda w: destination(w, CustomTimeZone="Asia/Seoul"), {"stream": ["BL417"], "raw_table": ["BL405"]},
                  "hour=12/, the table looks in"),
    "template": (lambda w: raw_table(w, {}, **{"storage.location.template": ELSEWHERE}), {"raw_table": ["BL405"]}, "/h=03/"),
    "all inline": (lambda w: inline(w, EVERYTHING), {"firehose_role": ["BL605"]}, "it may do everything"),
    "all attached": (lambda w: attach(w, EVERYTHING), {"firehose_role": ["BL605"]}, "it may do everything"),
    "erasing": (lambda w: attach(w, {**EVERYTHING, "Action": "s3:*"}), {"firehose_role": ["BL605"]}, "it may delete"),
    "denied inline": (lambda w: inline(w, NO_WRITES), {"firehose_role": ["BL606"]}, "is denied by"),
    "denied attached": (lambda w: attach(w, NO_WRITES), {"firehose_role": ["BL606"]}, "is denied by"),
    "boundary": (boundary, {"firehose_role": ["BL604"]}, "policy/narrow"),
}
DRIFT_AS_WELL = {"delimiter", "header", "interval", "mapping", "format", "hour letters", "time zone", "template"}
HARMLESS: dict[str, Callable[[World], None]] = {
    "another prefix": lambda w: lifecycle(w, {"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 1}}),
    "switched off": lambda w: lifecycle(w, {"ID": "x", "Status": "Disabled", "Filter": {"Prefix": ""}, "Expiration": {"Days": 1}}),
    "deny another role": lambda w: deny(w, Principal={"AWS": w.role_arn(seed.LOGS_ROLE)}),
    "deny other objects": lambda w: deny(w, Principal="*", Resource=f"arn:aws:s3:::{seed.BUCKET}/tmp/*"),
    "denied elsewhere": lambda w: inline(w, {**NO_WRITES, "Resource": "arn:aws:s3:::other/*"}),
    "allowed elsewhere": lambda w: attach(w, {"Effect": "Allow", "Action": "ec2:Describe*", "Resource": "*"}),
    "deny plain HTTP": lambda w: deny(w, Principal="*", Condition={"Bool": {"aws:SecureTransport": "false"}}),
}


@pytest.fixture
def converged(sandbox: Sandbox, billingd: Billingd, world: World) -> Billingd:
    world.api()
    assert billingd.apply().code == 0
    return billingd


def test_what_is_as_wished_is_not_told(converged: Billingd) -> None:
    assert found(converged.plan()) == {}


@pytest.mark.parametrize("name", DRIFTS)
def test_told(converged: Billingd, world: World, name: str) -> None:
    drift, codes, words = DRIFTS[name]
    drift(world)
    said = converged.plan()
    assert said.code == (2 if name in DRIFT_AS_WELL else 0), said
    assert found(said) == codes
    notes = [note for r in said.resources.values() for note in r["notes"] if LIVE.match(note)]
    assert any(words in note for note in notes), notes
    assert all(note.count("; ") >= 2 and note.endswith(".") for note in notes), notes


@pytest.mark.parametrize("name", HARMLESS)
def test_not_told(converged: Billingd, world: World, name: str) -> None:
    HARMLESS[name](world)
    said = converged.plan()
    assert said.code == 0, said
    assert found(said) == {}


def test_the_repair_of_a_drift_ends_its_lint(converged: Billingd, world: World) -> None:
    """Told while it is there; apply ends with what was read after the write."""
    policy = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                      "Principal": {"Service": "firehose.amazonaws.com"}}]}
    world.iam.update_assume_role_policy(RoleName=seed.ROLE, PolicyDocument=json.dumps(policy))
    planned = converged.plan()
    assert planned.code == 2 and found(planned) == {"firehose_role": ["BL602"]}, planned
    applied = converged.apply()
    assert applied.code == 0 and found(applied) == {}, applied


def test_apply_status_and_the_daemon_tell_it(converged: Billingd, world: World) -> None:
    """Also when nothing is to be written: "in sync" alone would be said over a loss."""
    expire(world)
    for words in (("apply",), ("apply", "--yes"), ("apply", "--dry-run")):
        applied = converged(*words)
        assert applied.code == 0 and applied.out.count("note ddn-api/bucket: lint BL503 live: ") == 1, applied
    status = converged("status", "-o", "json")
    notes = [n for r in status.json["pipelines"][0]["resources"] for n in r["notes"] if LIVE.match(n)]
    assert len(notes) == 1 and notes[0].startswith("lint BL503 live: "), status
    once = converged("run", "--once")
    assert once.code == 0, once
    logged = [json.loads(line) for line in (once.out + once.err).splitlines() if LIVE.search(line)]
    assert [(line["resource"], line["event"]) for line in logged] == [("ddn-api/bucket", "note")], once


def test_what_cannot_be_read_is_not_judged(sandbox: Sandbox, converged: Billingd, world: World) -> None:
    expire(world)
    sandbox.faults({"action": "error", "operation": "GetBucketLifecycleConfiguration", "client": "billingd",
                      "code": "AccessDenied", "message": "no", "status": 403, "times": 0})
    said = converged.plan()
    assert said.code != 0
    assert found(said) == {}


def test_policies_of_others_that_cannot_be_judged_are_unknown(sandbox: Sandbox, converged: Billingd, world: World) -> None:
    """Neither well nor the end of everything else."""
    attach(world, NO_WRITES)
    sandbox.faults({"action": "error", "operation": "SimulatePrincipalPolicy", "client": "billingd",
                    "code": "AccessDenied", "message": "no", "status": 403, "times": 0})
    said = converged.plan()
    assert said.code == 0 and found(said) == {}, said
    assert any(note.startswith("unknown: SimulatePrincipalPolicy is refused") for note in said.resources["firehose_role"]["notes"])


def log_policy(world: World, resource: str, **more: Any) -> None:
    world.logs.put_resource_policy(policyName="theirs", policyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "No", "Effect": "Deny", "Principal": {"Service": "delivery.logs.amazonaws.com"},
         "Action": "logs:Put*", "Resource": resource, **more}]}))


@pytest.mark.parametrize("resource, more, words", [
    ("*", {}, 'policy "theirs" denies API Gateway the access log (statement "No"):'),
    ("arn:aws:logs:*:*:log-group:/aws/apigw/*", {"Condition": {"Bool": {"aws:SecureTransport": "false"}}}, '"No", when its condition'),
    ("arn:aws:logs:*:*:log-group:/other/*", {}, None), ("*", {"Principal": {"Service": "es.amazonaws.com"}}, None),
    ("*", {"Action": "logs:DeleteLogGroup"}, None), ("*", {"Effect": "Allow"}, None)])
def test_a_log_policy_of_others_that_denies_is_told(converged: Billingd, world: World, resource: str, more: dict[str, Any],
                                                    words: str | None) -> None:
    log_policy(world, resource, **more)
    notes = [n for n in converged.plan().resources["log_delivery"]["notes"] if "denies API Gateway" in n]
    assert len(notes) == (words is not None) and all(str(words) in n for n in notes), notes


def rewrite_view(world: World, change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    table = world.glue.get_table(DatabaseName=seed.DATABASE, Name=seed.VIEW)["Table"]
    kept = {k: table[k] for k in ("Name", "StorageDescriptor", "PartitionKeys", "TableType", "Parameters", "ViewOriginalText",
                                  "ViewExpandedText") if k in table}
    payload = json.loads(base64.b64decode(kept["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")))
    change(kept, payload)
    kept["ViewOriginalText"] = f"/* Presto View: {base64.b64encode(json.dumps(payload).encode()).decode()} */"
    world.glue.update_table(DatabaseName=seed.DATABASE, TableInput=kept)


@pytest.mark.parametrize("change", [
    lambda table, payload: table["Parameters"].pop("presto_view"),
    lambda table, payload: [column.update(type="varchar") for column in payload["columns"]],
    lambda table, payload: payload.update(schema="another"),
], ids=["no presto_view", "inner types", "schema"])
def test_a_view_that_readers_refuse_is_drift(converged: Billingd, world: World,
                                             change: Callable[[dict[str, Any], dict[str, Any]], None]) -> None:
    rewrite_view(world, change)
    assert converged.plan().code == 2
    assert converged.apply().code == 0 and converged.plan().code == 0
