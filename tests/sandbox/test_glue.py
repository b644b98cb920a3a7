"""Glue as AWS has it: lower-case names, whole replacement, versions, partitions, pages."""

from typing import Any

import pytest

from .control import ACCOUNT, REGION, Sandbox

TABLE = {"Name": "Table_One", "TableType": "EXTERNAL_TABLE", "Parameters": {"EXTERNAL": "TRUE"},
         "PartitionKeys": [{"Name": "Year", "Type": "int"}],
         "StorageDescriptor": {"Columns": [{"Name": "MessageType", "Type": "string"}],
                               "Location": "s3://bucket/x/", "SerdeInfo": {"SerializationLibrary": "serde"}}}


@pytest.fixture
def glue(sandbox: Sandbox) -> Any:
    client = sandbox.client("glue")
    client.create_database(DatabaseInput={"Name": "Data_Base"})
    client.create_table(DatabaseName="data_base", TableInput=TABLE)
    return client


def table(glue: Any) -> Any:
    return glue.get_table(DatabaseName="data_base", Name="table_one")["Table"]


def test_names_are_folded(glue: Any) -> None:
    found = table(glue)
    assert (found["DatabaseName"], found["Name"]) == ("data_base", "table_one")
    assert found["StorageDescriptor"]["Columns"][0]["Name"] == "messagetype"
    assert found["PartitionKeys"][0]["Name"] == "year"
    assert glue.get_table(DatabaseName="DATA_BASE", Name="TABLE_ONE")["Table"]["Name"] == "table_one"


def test_what_aws_adds(glue: Any) -> None:
    found = table(glue)
    assert found["Parameters"]["transient_lastDdlTime"].isdigit()
    assert found["CatalogId"] == ACCOUNT and found["VersionId"] and found["CreatedBy"]
    assert found["StorageDescriptor"]["NumberOfBuckets"] == 0


def test_update_replaces(glue: Any, refused: Any) -> None:
    version = table(glue)["VersionId"]
    glue.update_table(DatabaseName="data_base", TableInput={"Name": "table_one", "Parameters": {"a": "1"}},
                      SkipArchive=True, VersionId=version)
    found = table(glue)
    assert "TableType" not in found and "StorageDescriptor" not in found
    assert found["Parameters"]["a"] == "1" and "EXTERNAL" not in found["Parameters"]
    versions = glue.get_table_versions(DatabaseName="data_base", TableName="table_one")["TableVersions"]
    assert [v["VersionId"] for v in versions] == [found["VersionId"]], "SkipArchive keeps no old version"
    glue.update_table(DatabaseName="data_base", TableInput=TABLE)
    versions = glue.get_table_versions(DatabaseName="data_base", TableName="table_one")["TableVersions"]
    assert len(versions) == 2
    with refused("ConcurrentModificationException"):
        glue.update_table(DatabaseName="data_base", TableInput=TABLE, VersionId=version)


def test_view(glue: Any) -> None:
    view = {"Name": "view", "TableType": "VIRTUAL_VIEW", "PartitionKeys": [],
            "Parameters": {"presto_view": "true", "comment": "Presto View"},
            "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "string"}], "Location": "",
                                  "SerdeInfo": {}},
            "ViewOriginalText": "/* Presto View: e30= */", "ViewExpandedText": "/* Presto View */"}
    glue.create_table(DatabaseName="data_base", TableInput=view)
    found = glue.get_table(DatabaseName="data_base", Name="view")["Table"]
    assert {k: found[k] for k in ("TableType", "ViewOriginalText", "ViewExpandedText", "PartitionKeys")} == {
        k: view[k] for k in ("TableType", "ViewOriginalText", "ViewExpandedText", "PartitionKeys")}


def test_databases(glue: Any, refused: Any) -> None:
    with refused("AlreadyExistsException"):
        glue.create_database(DatabaseInput={"Name": "data_base"})
    glue.update_database(Name="data_base", DatabaseInput={"Name": "data_base", "Description": "text"})
    assert glue.get_database(Name="data_base")["Database"]["Description"] == "text"
    with refused("EntityNotFoundException"):
        glue.get_database(Name="none")
    with refused("EntityNotFoundException"):
        glue.get_table(DatabaseName="data_base", Name="none")
    with refused("AlreadyExistsException"):
        glue.create_table(DatabaseName="data_base", TableInput=TABLE)


def test_partitions(glue: Any, refused: Any) -> None:
    where = {"DatabaseName": "data_base", "TableName": "table_one"}
    result = glue.batch_create_partition(**where, PartitionInputList=[
        {"Values": ["2025"]}, {"Values": ["2026"]}, {"Values": ["2025"]}])
    assert [e["ErrorDetail"]["ErrorCode"] for e in result["Errors"]] == ["AlreadyExistsException"]
    assert sorted(p["Values"][0] for p in glue.get_partitions(**where)["Partitions"]) == ["2025", "2026"]
    with refused("InvalidInputException"):
        glue.create_partition(**where, PartitionInput={"Values": ["2025", "01"]})


def test_pages(glue: Any, sandbox: Sandbox) -> None:
    for number in range(4):
        glue.create_table(DatabaseName="data_base", TableInput={"Name": f"t{number}"})
    sandbox.switches(page_size=2)
    pages = list(glue.get_paginator("get_tables").paginate(DatabaseName="data_base"))
    assert [len(page["TableList"]) for page in pages] == [2, 2, 1]


def test_tags(glue: Any) -> None:
    arn = f"arn:aws:glue:{REGION}:{ACCOUNT}:database/data_base"
    glue.tag_resource(ResourceArn=arn, TagsToAdd={"a": "1"})
    assert glue.get_tags(ResourceArn=arn)["Tags"] == {"a": "1"}
