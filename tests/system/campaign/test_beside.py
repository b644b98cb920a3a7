"""What AWS has beside the fields of a spec: drift that loses events is told with its class and ended; what is not ours
to end is named and never fought."""

import gzip
import json
import time
from typing import Any

import pytest
from program import Billingd, effective
from sandbox.control import Sandbox
from world import World

RESOURCES = effective()


@pytest.fixture
def kept(sandbox: Sandbox, billingd: Billingd, world: World) -> Billingd:
    world.api()
    billingd.converge()
    return billingd


def put_filter(world: World, **more: Any) -> None:
    group = RESOURCES["access_logs"]["name"]
    now = world.logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"][0]
    kept = {key: now[key] for key in ("logGroupName", "filterName", "filterPattern", "destinationArn", "roleArn")}
    world.logs.put_subscription_filter(**{**kept, **more})


def update_stream(world: World, **more: Any) -> None:
    name = RESOURCES["stream"]["name"]
    now = world.firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    world.firehose.update_destination(
        DeliveryStreamName=name, CurrentDeliveryStreamVersionId=now["VersionId"],
        DestinationId=now["Destinations"][0]["DestinationId"], ExtendedS3DestinationUpdate=more)


DRIFTS = {
    "fieldSelectionCriteria": ("subscription", "dropped", lambda w: put_filter(
        w, fieldSelectionCriteria='@aws.region = "us-east-1"')),
    "applyOnTransformedLogs": ("subscription", "misread", lambda w: put_filter(w, applyOnTransformedLogs=True)),
    "emitSystemFields": ("subscription", "misread", lambda w: put_filter(w, emitSystemFields=["@aws.account"])),
    "DataFormatConversionConfiguration.Enabled": ("stream", "misread", lambda w: update_stream(
        w, DataFormatConversionConfiguration={"Enabled": True})),
    "ProcessingConfiguration.Processors[].Parameters": ("stream", "misread", lambda w: update_stream(
        w, ProcessingConfiguration={"Enabled": True, "Processors": [
            {"Type": "Decompression", "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}]},
            {"Type": "AppendDelimiterToRecord",
             "Parameters": [{"ParameterName": "Delimiter", "ParameterValue": "|"}]}]})),
}


@pytest.mark.parametrize("member", DRIFTS)
def test_drift_that_loses_is_told_and_ended(kept: Billingd, world: World, member: str) -> None:
    resource, loss, drift = DRIFTS[member]
    drift(world)
    said = kept.plan()
    assert said.code == 2, said
    (difference,) = said.resources[resource]["differences"]
    assert (difference["field"], difference["loss"]) == (member, loss), difference
    assert said.resources[resource]["loss"] == loss
    said = kept.apply()
    assert said.code == 0 and said.resources[resource]["verdict"] == "repaired", said
    kept.must_be_converged()


PROVED = {
    "pattern": ("subscription", "dropped", lambda w: put_filter(w, filterPattern="odd")),
    **{name: DRIFTS[name] for name in ("fieldSelectionCriteria", "DataFormatConversionConfiguration.Enabled",
                                       "ProcessingConfiguration.Processors[].Parameters")}}
EVENTS = 40


def arrived(sandbox: Sandbox, world: World) -> list[int]:
    """The events that a reader of lines finds in the bucket."""
    bucket, found = RESOURCES["bucket"]["name"], []
    for listed in sandbox.objects(bucket):
        data = world.s3.get_object(Bucket=bucket, Key=listed["key"])["Body"].read()
        try:
            lines = gzip.decompress(data).splitlines()
            envelopes = [json.loads(line) for line in lines]
        except (OSError, ValueError):
            continue  # no document to such a reader
        found += [int(event["message"].split()[-1]) for envelope in envelopes
                  if envelope["messageType"] == "DATA_MESSAGE" for event in envelope["logEvents"]]
    return sorted(found)


def send(sandbox: Sandbox) -> None:
    """Traffic of known truth: one event a second, half of them odd."""
    now = int(time.time() * 1000)
    sandbox.traffic(RESOURCES["access_logs"]["name"], [
        {"message": f"{'odd' if n % 2 else 'even'} {n}", "timestamp": now + n, "arrival": now + n} for n in range(EVENTS)])
    sandbox.flush()


@pytest.mark.parametrize("member", PROVED)
def test_traffic_loses_what_was_said(sandbox: Sandbox, kept: Billingd, world: World, member: str) -> None:
    resource, loss, drift = PROVED[member]
    drift(world)
    (difference,) = kept.plan().resources[resource]["differences"]
    assert (difference["field"], difference["loss"]) == (member, loss)
    send(sandbox)
    found = arrived(sandbox, world)
    assert len(found) < EVENTS, found
    if member == "pattern":
        assert found == [n for n in range(EVENTS) if n % 2], "what does not fit is dropped"
    elif loss == "dropped":
        assert found == []
    assert kept.apply().code == 0
    send(sandbox)
    assert arrived(sandbox, world) == sorted(found + list(range(EVENTS))), "once it is ended, all arrives"


def test_people_read_what_is_lost(kept: Billingd, world: World) -> None:
    put_filter(world, fieldSelectionCriteria='@aws.region = "us-east-1"')
    assert "events are being lost: events whose account or region" in kept("plan").out
    assert "events are being lost" in kept("status").out


def test_an_account_policy_of_retention_is_named_not_fought(sandbox: Sandbox, kept: Billingd, world: World) -> None:
    world.logs.put_account_policy(policyName="org-30d", policyType="RETENTION_POLICY",
                                  policyDocument=json.dumps({"retentionInDays": 30}))
    assert kept.plan().code == 2
    sandbox.clear()
    said = kept.apply()
    assert said.code == 1 and kept.writes() == []
    group = said.resources["access_logs"]
    assert group["verdict"] == "held" and "org-30d" in group["text"] and group["loss"] == "dropped", group
    world.logs.delete_account_policy(policyName="org-30d", policyType="RETENTION_POLICY")
    assert kept.apply().code == 0
    kept.must_be_converged()


def test_masked_data_is_told(kept: Billingd, world: World) -> None:
    world.logs.put_data_protection_policy(logGroupIdentifier=RESOURCES["access_logs"]["name"], policyDocument="{}")
    world.logs.put_account_policy(policyName="mask", policyType="DATA_PROTECTION_POLICY", policyDocument="{}")
    said = kept.plan()
    notes = said.resources["access_logs"]["notes"]
    assert said.code == 0, said
    assert any("may be misread: dataProtectionStatus is ACTIVATED" in note for note in notes), notes
    assert any("misread: accountPolicies[].policyName is mask" in note for note in notes), notes


@pytest.mark.parametrize("kind", ["SUBSCRIPTION_FILTER_POLICY", "TRANSFORMER_POLICY"])
def test_account_wide_policies_are_named(kept: Billingd, world: World, kind: str) -> None:
    document = json.dumps({"DestinationArn": "arn:aws:firehose:eu-west-1:123456789012:deliverystream/any"})
    world.logs.put_account_policy(policyName="theirs", policyType=kind, policyDocument=document)
    said = kept.plan()
    notes = said.resources["subscription"]["notes"]
    assert any("theirs" in note for note in notes), said
    assert any("deliverystream/any" in note and "twice" in note for note in notes) == (kind == "SUBSCRIPTION_FILTER_POLICY"), notes
    assert kept.apply().code == 0 and not [w for w in kept.writes() if "Subscription" in w and "theirs" in w]
