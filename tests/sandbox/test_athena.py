"""Athena as AWS has it: workgroup updates with removals, named queries, tags, its errors."""

import json
from typing import Any

import pytest

from .conftest import Wire
from .control import ACCOUNT, REGION, Sandbox

ARN = f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/wg"


@pytest.fixture
def athena(sandbox: Sandbox) -> Any:
    client = sandbox.client("athena")
    client.create_work_group(Name="wg", Tags=[{"Key": "a", "Value": "1"}], Configuration={
        "ResultConfiguration": {"OutputLocation": "s3://bucket/results/", "ExpectedBucketOwner": ACCOUNT},
        "BytesScannedCutoffPerQuery": 10000000})
    return client


def config(athena: Any) -> Any:
    return athena.get_work_group(WorkGroup="wg")["WorkGroup"]["Configuration"]


def test_defaults(athena: Any) -> None:
    kept = config(athena)
    assert kept["EnforceWorkGroupConfiguration"] and kept["PublishCloudWatchMetricsEnabled"]
    assert kept["EngineVersion"] == {"SelectedEngineVersion": "AUTO",
                                     "EffectiveEngineVersion": "Athena engine version 3"}


def test_update_is_partial(athena: Any) -> None:
    athena.update_work_group(WorkGroup="wg", Description="text", State="DISABLED", ConfigurationUpdates={
        "EnforceWorkGroupConfiguration": False,
        "ResultConfigurationUpdates": {"OutputLocation": "s3://bucket/other/"},
        "EngineVersion": {"SelectedEngineVersion": "Athena engine version 3"}})
    group = athena.get_work_group(WorkGroup="wg")["WorkGroup"]
    assert (group["Description"], group["State"]) == ("text", "DISABLED")
    kept = group["Configuration"]
    assert kept["ResultConfiguration"] == {"OutputLocation": "s3://bucket/other/",
                                           "ExpectedBucketOwner": ACCOUNT}
    assert kept["BytesScannedCutoffPerQuery"] == 10000000
    assert kept["EngineVersion"]["SelectedEngineVersion"] == "Athena engine version 3"


def test_removals(athena: Any, refused: Any) -> None:
    athena.update_work_group(WorkGroup="wg", ConfigurationUpdates={
        "RemoveBytesScannedCutoffPerQuery": True,
        "ResultConfigurationUpdates": {"RemoveExpectedBucketOwner": True}})
    kept = config(athena)
    assert "BytesScannedCutoffPerQuery" not in kept
    assert kept["ResultConfiguration"] == {"OutputLocation": "s3://bucket/results/"}
    with refused("InvalidRequestException"):
        athena.update_work_group(WorkGroup="wg", ConfigurationUpdates={"ResultConfigurationUpdates": {
            "RemoveOutputLocation": True, "OutputLocation": "s3://x/"}})


def test_errors(athena: Any, refused: Any) -> None:
    with refused("InvalidRequestException", "WorkGroup none is not found."):
        athena.get_work_group(WorkGroup="none")
    with refused("InvalidRequestException", "WorkGroup is already created"):
        athena.create_work_group(Name="wg")
    with refused("InvalidRequestException"):
        athena.update_work_group(WorkGroup="wg", ConfigurationUpdates={
            "EngineVersion": {"SelectedEngineVersion": "Athena engine version 9"}})


def test_tags(athena: Any, refused: Any) -> None:
    athena.tag_resource(ResourceARN=ARN, Tags=[{"Key": "b", "Value": "2"}, {"Key": "a", "Value": "3"}])
    athena.untag_resource(ResourceARN=ARN, TagKeys=["b"])
    assert athena.list_tags_for_resource(ResourceARN=ARN)["Tags"] == [{"Key": "a", "Value": "3"}]
    with refused("ResourceNotFoundException"):
        athena.list_tags_for_resource(ResourceARN=ARN + "x")


def make(athena: Any, **changes: Any) -> str:
    return athena.create_named_query(**{"Name": "q", "Database": "d", "QueryString": "SELECT 1",
                                        "WorkGroup": "wg", **changes})["NamedQueryId"]


def test_named_queries(athena: Any, refused: Any) -> None:
    first, second = make(athena), make(athena)
    assert first != second, "a name may be used twice"
    athena.update_named_query(NamedQueryId=first, Name="new", QueryString="SELECT 2", Description="text")
    found = athena.batch_get_named_query(NamedQueryIds=[first, second, "missing"])
    assert [(q["Name"], q["QueryString"]) for q in found["NamedQueries"]] == [
        ("new", "SELECT 2"), ("q", "SELECT 1")]
    assert [u["NamedQueryId"] for u in found["UnprocessedNamedQueryIds"]] == ["missing"]
    athena.delete_named_query(NamedQueryId=second)
    assert athena.list_named_queries(WorkGroup="wg")["NamedQueryIds"] == [first]
    assert athena.list_named_queries()["NamedQueryIds"] == []
    with refused("InvalidRequestException", "not found"):
        athena.get_named_query(NamedQueryId=second)


def test_named_query_token(athena: Any, wire: Wire, refused: Any) -> None:
    token = "t" * 32
    assert make(athena, ClientRequestToken=token) == make(athena, ClientRequestToken=token)
    with refused("InvalidRequestException", "Idempotent"):
        make(athena, ClientRequestToken=token, QueryString="SELECT 2")
    status, _, text = wire.json("athena", "CreateNamedQuery", {
        "Name": "q", "Database": "d", "QueryString": "SELECT 1"})
    assert status == 400 and "ClientRequestToken" in json.loads(text)["Message"]


def test_named_queries_come_in_pages(athena: Any, sandbox: Sandbox) -> None:
    made = [make(athena, Name=f"q{number}") for number in range(5)]
    sandbox.switches(page_size=2)
    pages = list(athena.get_paginator("list_named_queries").paginate(WorkGroup="wg"))
    assert [len(page["NamedQueryIds"]) for page in pages] == [2, 2, 1]
    assert sorted(i for page in pages for i in page["NamedQueryIds"]) == sorted(made)


def test_delete_work_group(athena: Any, refused: Any) -> None:
    make(athena)
    with refused("InvalidRequestException", "not empty"):
        athena.delete_work_group(WorkGroup="wg")
    athena.delete_work_group(WorkGroup="wg", RecursiveDeleteOption=True)
    with refused("InvalidRequestException", "is not found."):
        athena.get_work_group(WorkGroup="wg")


def test_query_token(athena: Any) -> None:
    query = {"QueryString": "SELECT 1", "WorkGroup": "wg", "ClientRequestToken": "q" * 32}
    assert (athena.start_query_execution(**query)["QueryExecutionId"]
            == athena.start_query_execution(**query)["QueryExecutionId"])
