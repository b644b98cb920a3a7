"""Glue: names fold to lower case, UpdateTable replaces, lists come in pages, nulls are left out."""

import copy
import re
import time
from typing import Any

from moto.core.utils import unix_time

from ..call import Call, handles
from ..errors import AwsError
from ..messages import Reply


def missing(what: str, name: str) -> AwsError:
    return AwsError("EntityNotFoundException", f"{what} {name} not found.")


def invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message)


def check_catalog(call: Call) -> None:
    if call.params.get("CatalogId", call.account) != call.account:
        raise AwsError("AccessDeniedException", "Cross account access is not allowed")


def database_of(call: Call, name: str) -> Any:
    check_catalog(call)
    database = call.backend().databases.get(name.lower())
    if database is None:
        raise missing("Database", name)
    return database


def table_of(call: Call, name: str) -> Any:
    database = database_of(call, call.params["DatabaseName"])
    table = database.tables.get(name.lower())
    if table is None:
        raise missing("Table", name)
    return table


def present(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: present(v) for k, v in value.items() if v is not None}
    return value


def paged(call: Call, member: str, items: list[Any]) -> dict[str, Any]:
    page, more = call.page(items, call.params.get("NextToken"), call.params.get("MaxResults"), 100,
                           "InvalidInputException")
    return {member: page, **({"NextToken": more} if more else {})}


def shown_database(database: Any) -> dict[str, Any]:
    document = present(database.as_dict())
    document["CreateTime"] = unix_time(database.created_time)
    document.setdefault("CreateTableDefaultPermissions", [
        {"Principal": {"DataLakePrincipalIdentifier": "IAM_ALLOWED_PRINCIPALS"}, "Permissions": ["ALL"]}])
    return document


@handles("glue", "CreateDatabase")
def create_database(call: Call) -> dict[str, Any]:
    check_catalog(call)
    given = copy.deepcopy(call.params["DatabaseInput"])
    given["Name"] = given["Name"].lower()
    if given["Name"] in call.backend().databases:
        raise AwsError("AlreadyExistsException", "Database already exists.")
    call.backend().create_database(given["Name"], given, call.params.get("Tags"))
    return {}


@handles("glue", "UpdateDatabase")
def update_database(call: Call) -> dict[str, Any]:
    database = database_of(call, call.params["Name"])
    database.input = copy.deepcopy(call.params["DatabaseInput"])
    return {}


@handles("glue", "GetDatabase")
def get_database(call: Call) -> dict[str, Any]:
    return {"Database": shown_database(database_of(call, call.params["Name"]))}


@handles("glue", "GetDatabases")
def get_databases(call: Call) -> dict[str, Any]:
    check_catalog(call)
    databases = call.backend().databases
    return paged(call, "DatabaseList", [shown_database(databases[name]) for name in sorted(databases)])


@handles("glue", "DeleteDatabase")
def delete_database(call: Call) -> dict[str, Any]:
    backend, name = call.backend(), database_of(call, call.params["Name"]).name
    del backend.databases[name]
    backend.tagger.delete_all_tags_for_resource(f"arn:{call.partition}:glue:{call.region}:{call.account}:database/{name}")
    return {}


def table_input(call: Call) -> dict[str, Any]:
    """The table as Glue keeps it; Athena's own mandatory members are not Glue's to demand."""
    given = copy.deepcopy(call.params["TableInput"])
    given["Name"] = given["Name"].lower()
    storage = given.get("StorageDescriptor", {})
    columns = [*storage.get("Columns", []), *given.get("PartitionKeys", [])]
    for column in columns:
        column["Name"] = column["Name"].lower()
    names = [column["Name"] for column in columns]
    if len(names) != len(set(names)):
        raise invalid("Duplicate column name")
    if storage:
        for name, value in (("Compressed", False), ("NumberOfBuckets", 0), ("StoredAsSubDirectories", False),
                            ("SortColumns", [])):
            storage.setdefault(name, value)
    given.setdefault("Retention", 0)
    given.setdefault("Parameters", {}).setdefault("transient_lastDdlTime", str(int(time.time())))
    return given


@handles("glue", "CreateTable")
def create_table(call: Call) -> dict[str, Any]:
    database = database_of(call, call.params["DatabaseName"])
    given = table_input(call)
    if given["Name"] in database.tables:
        raise AwsError("AlreadyExistsException", "Table already exists.")
    call.backend().create_table(database.name, given["Name"], given,
                                call.params.get("OpenTableFormatInput"))
    return {}


@handles("glue", "UpdateTable")
def update_table(call: Call) -> dict[str, Any]:
    """All of TableInput replaces all that was; SkipArchive keeps no old version."""
    name = call.params.get("Name") or call.params["TableInput"]["Name"]
    table = table_of(call, name)
    current = str(table._current_version)
    if call.params.get("VersionId", current) != current:
        raise AwsError("ConcurrentModificationException", "Update table failed due to concurrent "
                       "modifications.")
    given = table_input(call)
    if given["Name"] != table.name:
        raise invalid("Table rename is not supported")
    table.update(given)
    if call.params.get("SkipArchive"):
        table.versions.pop(current, None)
    return {}


def shown_table(call: Call, table: Any, version: str | None = None) -> dict[str, Any]:
    document = present(table.as_dict(version))
    document["CreateTime"] = unix_time(table.created_time)
    document["UpdateTime"] = unix_time(table.updated_time or table.created_time)
    document.update({"CreatedBy": call.key.arn, "IsRegisteredWithLakeFormation": False})
    document.setdefault("PartitionKeys", [])
    return document


@handles("glue", "GetTable")
def get_table(call: Call) -> dict[str, Any]:
    return {"Table": shown_table(call, table_of(call, call.params["Name"]))}


@handles("glue", "GetTables")
def get_tables(call: Call) -> dict[str, Any]:
    database = database_of(call, call.params["DatabaseName"])
    expression = call.params.get("Expression")
    tables = [database.tables[name] for name in sorted(database.tables)
              if expression is None or re.fullmatch(expression, name)]
    return paged(call, "TableList", [shown_table(call, table) for table in tables])


@handles("glue", "GetTableVersions")
def get_table_versions(call: Call) -> dict[str, Any]:
    table = table_of(call, call.params["TableName"])
    return paged(call, "TableVersions", [{"Table": shown_table(call, table, v), "VersionId": v}
                                         for v in sorted(table.versions, key=int, reverse=True)])


@handles("glue", "DeleteTable")
def delete_table(call: Call) -> dict[str, Any]:
    table = table_of(call, call.params["Name"])
    del call.backend().databases[table.database_name].tables[table.name]
    return {}


def folded(call: Call) -> Reply:
    """moto's answer to the same call with the names in lower case."""
    params = {**call.params}
    for name in ("DatabaseName", "TableName"):
        if name in params:
            params[name] = params[name].lower()
    return call.forward_json(params)


@handles("glue", "BatchCreatePartition", "CreatePartition", "UpdatePartition", "BatchUpdatePartition",
         "BatchDeletePartition", "DeletePartition")
def write_partitions(call: Call) -> Reply | dict[str, Any]:
    table = table_of(call, call.params["TableName"])
    keys = len(table.get_version(str(table._current_version)).get("PartitionKeys", []))
    inputs = call.params.get("PartitionInputList") or [call.params.get("PartitionInput", {})]
    for given in inputs:
        if "Values" in given and len(given["Values"]) != keys:
            raise invalid("The number of partition keys do not match the number of partition values")
    return folded(call)


@handles("glue", "GetPartition", "BatchGetPartition")
def read_partitions(call: Call) -> Reply:
    table_of(call, call.params["TableName"])
    return folded(call)


@handles("glue", "GetPartitions")
def get_partitions(call: Call) -> dict[str, Any]:
    table = table_of(call, call.params["TableName"])
    partitions = table.get_partitions(call.params.get("Expression", ""))
    items = []
    for partition in partitions:
        document = present(partition.as_dict())
        if hasattr(document.get("CreationTime"), "timestamp"):
            document["CreationTime"] = unix_time(partition.creation_time)
        items.append(document)
    return paged(call, "Partitions", items)


@handles("glue", "TagResource", "UntagResource", "GetTags")
def tags(call: Call) -> dict[str, Any] | None:
    match = re.fullmatch(r"arn:[\w-]+:glue:[\w-]+:(\d{12}):(database|table)/([^/]+)(?:/(.+))?",
                         call.params["ResourceArn"])
    if match:
        database = database_of(call, match[3])
        if match[2] == "table" and (match[4] or "").lower() not in database.tables:
            raise missing("Table", match[4] or "")
    return None
