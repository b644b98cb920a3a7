"""A whole pipeline put into the sandbox with boto3, for tests without billingd: the shipped form or the seed's."""

import base64
import json
import re
import time
from pathlib import Path
from typing import Any

import yaml

from ..control import ACCOUNT, REGION, Sandbox

ROOT = Path(__file__).resolve().parents[3]
SPECS = ROOT / "specs"
NAMES = {"bucket": "ddn-apigw-accesslog-bucket", "database": "ddn_billing_db", "workgroup": "BillingWG",
         "firehose": "ddn-apigw-accesslog-fh", "log_group": "/aws/apigw/ddn-access-logs",
         "table_json": "restapi_access_log_json", "table_parquet": "restapi_access_log_parquet",
         "billing_time_zone": "UTC", "billing_max_response": str(2 << 30),
         "billing_log_groups": "", "account": ACCOUNT, "access_logs.name": "/aws/apigw/ddn-access-logs"}
HOURS = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
STEPS = [{"Type": "Decompression", "Parameters": [{"ParameterName": "CompressionFormat", "ParameterValue": "GZIP"}]},
         {"Type": "AppendDelimiterToRecord"}]
FORMS: dict[str, dict[str, Any]] = {  # sql.md 1
    "seed": {"Prefix": "json-data/" + HOURS, "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
             "CompressionFormat": "UNCOMPRESSED"},
    "shipped": {"Prefix": "access-logs/" + HOURS, "BufferingHints": {"SizeInMBs": 64, "IntervalInSeconds": 300},
                "CompressionFormat": "GZIP", "FileExtension": ".json.gz",
                "ProcessingConfiguration": {"Enabled": True, "Processors": STEPS}}}
FORMS["seed_gz"] = {**FORMS["seed"], "FileExtension": ".gz"}
TRINO = {"string": "varchar", "int": "integer"}


def filled(text: str, **more: str) -> str:
    """${names} of specs/ filled in; $${x} is a literal ${x}."""
    values = {**NAMES, **more}
    return re.sub(r"(?<!\$)\$\{([\w.]+)\}", lambda m: values.get(m[1], m[0]), text).replace("$${", "${")


def sql(name: str, **values: Any) -> str:
    """A text of specs/sql with the files it names, parameters and run-time placeholders filled in."""
    text = re.sub(r"\$\{file:([^}]+)\}", lambda m: (SPECS / "sql" / m[1]).read_text().rstrip("\n"),
                  (SPECS / "sql" / name).read_text())
    return re.sub(r"\$\{(\w+)\}", lambda m: str(values[m[1]]) if m[1] in values else m[0], filled(text))


class Pipeline:
    """form: a name of FORMS or a destination configuration."""

    def __init__(self, sandbox: Sandbox, form: str | dict[str, Any] = "shipped"):
        self.sandbox = sandbox
        self.bucket, self.database, self.group = NAMES["bucket"], NAMES["database"], NAMES["log_group"]
        self.form = FORMS[form] if isinstance(form, str) else form
        self.location = f"s3://{self.bucket}/" + self.form["Prefix"].partition("!{")[0].partition("year=")[0]
        self.s3, self.glue, self.athena = (sandbox.client(name) for name in ("s3", "glue", "athena"))
        self.logs, self.firehose, self.iam = (sandbox.client(name) for name in ("logs", "firehose", "iam"))
        self.apigatewayv2 = sandbox.client("apigatewayv2")

    def bring_up(self) -> "Pipeline":
        self.storage()
        self.delivery()
        self.catalogue()
        return self

    def storage(self) -> None:
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.athena.create_work_group(Name=NAMES["workgroup"], Configuration={
            "EnforceWorkGroupConfiguration": True,
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/athena-results/"}})

    def role(self, name: str, service: str, actions: list[str], condition: dict[str, Any]) -> str:
        self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",
                                                    "Principal": {"Service": service}, "Condition": condition}]}))
        self.iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=json.dumps({
            "Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]}))
        return f"arn:aws:iam::{ACCOUNT}:role/{name}"

    def delivery(self) -> None:
        role = self.role("fh", "firehose.amazonaws.com", ["s3:*"], {"StringEquals": {"sts:ExternalId": ACCOUNT}})
        stream = self.firehose.create_delivery_stream(
            DeliveryStreamName=NAMES["firehose"], ExtendedS3DestinationConfiguration={
                "RoleARN": role, "BucketARN": f"arn:aws:s3:::{self.bucket}",
                "ErrorOutputPrefix": "error/!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd/HH}/", **self.form})
        self.logs.create_log_group(logGroupName=self.group)
        role = self.role("cwl", f"logs.{REGION}.amazonaws.com", ["firehose:PutRecord", "firehose:PutRecordBatch"], {
            "StringLike": {"aws:SourceArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:*"}})
        self.filter = {"logGroupName": self.group, "filterName": "ToFirehose", "filterPattern": "",
                       "destinationArn": stream["DeliveryStreamARN"], "roleArn": role}
        self.logs.put_subscription_filter(**self.filter)
        self.api = self.apigatewayv2.create_api(Name="ddn-api", ProtocolType="HTTP")["ApiId"]
        self.apigatewayv2.create_stage(ApiId=self.api, StageName="$default", AutoDeploy=True, AccessLogSettings={
            "DestinationArn": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.group}",
            "Format": (SPECS / "log-format.json").read_text().strip()})

    def resources(self, kind: str) -> list[dict[str, Any]]:
        """Those of specs/pipeline.yaml, filled in."""
        spec = yaml.safe_load((SPECS / "pipeline.yaml").read_text())
        defaults = {name: str(p["default"]) for name, p in spec["parameters"].items() if "default" in p}
        values = {**defaults, **NAMES, "stream.data_location": self.location, "bucket.name": self.bucket,
                  "database.name": self.database}
        return [dict(json.loads(filled(json.dumps(found), **values))) for found in spec["resources"].values()
                if found["kind"] == kind]

    def table(self, found: dict[str, Any]) -> None:
        self.glue.create_table(DatabaseName=self.database, TableInput={
            "Name": found["name"], "TableType": "EXTERNAL_TABLE",
            "Parameters": {k: str(v) for k, v in found["parameters"].items()},
            "PartitionKeys": [{"Name": k, "Type": t} for k, t in found["partition_keys"].items()],
            "StorageDescriptor": {
                "Columns": [{"Name": k, "Type": t} for k, t in found["columns"].items()],
                "Location": found["location"], "InputFormat": found["input_format"],
                "OutputFormat": found["output_format"], "SerdeInfo": {"SerializationLibrary": found["serde"]}}})

    def catalogue(self) -> None:
        self.glue.create_database(DatabaseInput={"Name": self.database})
        for table in self.resources("glue_table"):
            self.table(table)
        for view in self.resources("athena_view"):
            text = view["sql"]
            name = re.fullmatch(r"\$\{file:sql/(.+)\}", text)
            self.view(view["name"], sql(name[1]) if name else text, view["columns"])

    def view(self, name: str, text: str, columns: dict[str, str]) -> None:
        """A view as Athena keeps it; columns with Hive's types."""
        document = {"originalSql": text, "catalog": "awsdatacatalog", "schema": self.database,
                    "columns": [{"name": k, "type": TRINO.get(t, t)} for k, t in columns.items()]}
        self.glue.create_table(DatabaseName=self.database, TableInput={
            "Name": name, "TableType": "VIRTUAL_VIEW", "PartitionKeys": [],
            "Parameters": {"presto_view": "true", "comment": "Presto View"}, "ViewExpandedText": "/* Presto View */",
            "ViewOriginalText": f"/* Presto View: {base64.b64encode(json.dumps(document).encode()).decode()} */",
            "StorageDescriptor": {"Columns": [{"Name": k, "Type": t} for k, t in columns.items()], "SerdeInfo": {},
                                  "Location": ""}})

    # -- queries ------------------------------------------------------------------------------------------

    def start(self, text: str, token: str | None = None) -> str:
        more = {"ClientRequestToken": token} if token else {}
        return str(self.athena.start_query_execution(
            QueryString=text, WorkGroup=NAMES["workgroup"], QueryExecutionContext={"Database": self.database},
            **more)["QueryExecutionId"])

    def wait(self, identifier: str, *states: str, limit_s: float = 120) -> dict[str, Any]:
        """The execution once it is in one of the states (any final one)."""
        deadline = time.monotonic() + limit_s
        while True:
            found = self.athena.get_query_execution(QueryExecutionId=identifier)["QueryExecution"]
            if found["Status"]["State"] in (states or ("SUCCEEDED", "FAILED", "CANCELLED")):
                return dict(found)
            if time.monotonic() > deadline:
                raise TimeoutError(found)
            time.sleep(0.02)

    def run(self, text: str) -> dict[str, Any]:
        return self.wait(self.start(text))

    def rows(self, text: str) -> list[dict[str, str | None]]:
        """All rows of a query that must succeed, as text by column."""
        identifier = self.start(text)
        done = self.wait(identifier)
        if done["Status"]["State"] != "SUCCEEDED":
            raise AssertionError(done["Status"])
        found: list[list[str | None]] = []
        for page in self.athena.get_paginator("get_query_results").paginate(QueryExecutionId=identifier):
            found += [[cell.get("VarCharValue") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        return [dict(zip(found[0], row, strict=True)) for row in found[1:]]  # type: ignore[arg-type]

    def error(self, text: str) -> str:
        """Why a query that must fail did."""
        done = self.run(text)
        assert done["Status"]["State"] == "FAILED", done
        return str(done["Status"]["StateChangeReason"])
