"""The pipeline as the seed's two scripts leave it, call by call (its faults included), through boto3.

Where the seed's prose and its .env differ, what AWS accepts is taken: the prose's error prefix lacks its
token and would be refused.  Extras are what another tool or a colleague has added to it since.
"""

import base64
import json
from typing import Any

from sandbox.control import REGION
from world import World

BUCKET, FIREHOSE = "ddn-apigw-accesslog-bucket", "ddn-apigw-accesslog-fh"
LOG_GROUP, ERROR_GROUP = "/aws/apigw/ddn-access-logs", f"/aws/kinesisfirehose/{FIREHOSE}"
DATABASE, WORKGROUP = "ddn_billing_db", "BillingWG"
RAW, VIEW, PARQUET = ("restapi_access_log_json_raw", "restapi_access_log_json",
                      "restapi_access_log_parquet")
ROLE, LOGS_ROLE = f"{FIREHOSE}-role", f"{FIREHOSE}-logs-to-fh-role"
OBJECT = "json-data/year=2025/month=10/day=21/hour=08/one"
PREFIX = ("json-data/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/"
          "hour=!{timestamp:HH}/")
ERROR_PREFIX = ("error/!{timestamp:yyyy}/!{timestamp:MM}/!{timestamp:dd}/!{timestamp:HH}/"
                "!{firehose:error-output-type}")
FORMAT = ('{"requestId":"$context.requestId","ip":"$context.identity.sourceIp",'
          '"user":"$context.authorizer.claims.cognito:username","sub":"$context.authorizer.claims.sub",'
          '"requestTime":$context.requestTimeEpoch,"httpMethod":"$context.httpMethod",'
          '"routeKey":"$context.routeKey","path":"$context.path","status":"$context.status",'
          '"protocol":"$context.protocol","responseLength":$context.responseLength}')
VIEW_SQL = """SELECT
  json_extract_scalar(log.message, '$.requestId') AS requestId,
  json_extract_scalar(log.message, '$.ip') AS ip,
  json_extract_scalar(log.message, '$.user') AS user,
  raw.year, raw.month, raw.day, raw.hour
FROM restapi_access_log_json_raw raw
CROSS JOIN UNNEST(raw.logEvents) AS t(log)"""


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(service: str) -> str:
    return document({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"})


def first_script(world: World) -> str:
    """billing_00_create_update_pipeline.sh; the API's id."""
    bucket_arn, stream_arn = f"arn:aws:s3:::{BUCKET}", world.stream_arn(FIREHOSE)
    world.s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    world.iam.create_role(RoleName=ROLE, AssumeRolePolicyDocument=trust("firehose.amazonaws.com"))
    world.iam.put_role_policy(RoleName=ROLE, PolicyName=f"{FIREHOSE}-policy", PolicyDocument=document(
        {"Effect": "Allow", "Action": ["s3:AbortMultipartUpload", "s3:GetBucketLocation", "s3:GetObject",
                                       "s3:ListBucket", "s3:ListBucketMultipartUploads", "s3:PutObject"],
         "Resource": [bucket_arn, f"{bucket_arn}/*"]},
        {"Effect": "Allow", "Action": ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
         "Resource": "*"}))
    world.s3.put_bucket_policy(Bucket=BUCKET, Policy=document(
        {"Sid": "AllowFirehosePut", "Effect": "Allow", "Principal": {"AWS": world.role_arn(ROLE)},
         "Action": "s3:PutObject", "Resource": [f"{bucket_arn}/json-data/*", f"{bucket_arn}/error/*"]}))
    world.logs.create_log_group(logGroupName=ERROR_GROUP)
    world.logs.put_retention_policy(logGroupName=ERROR_GROUP, retentionInDays=14)
    world.firehose.create_delivery_stream(
        DeliveryStreamName=FIREHOSE, DeliveryStreamType="DirectPut", ExtendedS3DestinationConfiguration={
            "RoleARN": world.role_arn(ROLE), "BucketARN": bucket_arn, "Prefix": PREFIX,
            "ErrorOutputPrefix": ERROR_PREFIX, "CompressionFormat": "UNCOMPRESSED",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 60},
            "CloudWatchLoggingOptions": {"Enabled": True, "LogGroupName": ERROR_GROUP,
                                         "LogStreamName": "S3Delivery"}})
    world.logs.create_log_group(logGroupName=LOG_GROUP)
    world.logs.put_retention_policy(logGroupName=LOG_GROUP, retentionInDays=30)
    world.logs.put_resource_policy(policyName="AWSLogDeliveryWrite20150319", policyDocument=document(
        {"Sid": "AWSLogDeliveryWrite", "Effect": "Allow",
         "Principal": {"Service": "delivery.logs.amazonaws.com"},
         "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
         "Resource": f"{world.log_group_arn(LOG_GROUP)}:log-stream:*"}))
    world.iam.create_role(RoleName=LOGS_ROLE, AssumeRolePolicyDocument=trust(f"logs.{REGION}.amazonaws.com"))
    world.iam.put_role_policy(RoleName=LOGS_ROLE, PolicyName=f"{FIREHOSE}-logs-to-fh-policy",
                              PolicyDocument=document(
        {"Effect": "Allow", "Action": ["firehose:PutRecord", "firehose:PutRecordBatch"],
         "Resource": stream_arn}))
    world.logs.put_subscription_filter(
        logGroupName=LOG_GROUP, filterName="ToFirehose", filterPattern="", destinationArn=stream_arn,
        roleArn=world.role_arn(LOGS_ROLE))
    api = world.api()
    world.apigatewayv2.update_stage(ApiId=api, StageName="$default", AccessLogSettings={
        "DestinationArn": world.log_group_arn(LOG_GROUP), "Format": FORMAT})
    return api


def columns(**types: str) -> list[dict[str, str]]:
    return [{"Name": name, "Type": kind} for name, kind in types.items()]


def second_script(world: World) -> None:
    """billing_01_create_athena_tables.sh, as its DDL ends up in Glue; partitions by MSCK REPAIR."""
    world.athena.create_work_group(Name=WORKGROUP, Configuration={
        "ResultConfiguration": {"OutputLocation": f"s3://{BUCKET}/athena-results/"}})
    world.glue.create_database(DatabaseInput={"Name": DATABASE})
    world.glue.create_table(DatabaseName=DATABASE, TableInput={
        "Name": RAW, "TableType": "EXTERNAL_TABLE", "Parameters": {
            "EXTERNAL": "TRUE", "transient_lastDdlTime": "1761002943"},
        "PartitionKeys": columns(year="int", month="int", day="int", hour="int"),
        "StorageDescriptor": {
            "Location": f"s3://{BUCKET}/json-data",
            "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
            "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
            "NumberOfBuckets": -1, "SerdeInfo": {
                "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe",
                "Parameters": {"serialization.format": "1"}},
            "Columns": columns(messagetype="string", owner="string", loggroup="string", logstream="string",
                               subscriptionfilters="array<string>",
                               logevents="array<struct<id:string,timestamp:bigint,message:string>>")}})
    world.glue.batch_create_partition(DatabaseName=DATABASE, TableName=RAW, PartitionInputList=[
        {"Values": ["2025", "10", "21", "08"], "StorageDescriptor": {
            "Location": f"s3://{BUCKET}/json-data/year=2025/month=10/day=21/hour=08"}}])
    world.glue.create_table(DatabaseName=DATABASE, TableInput={
        "Name": VIEW, "TableType": "VIRTUAL_VIEW", "PartitionKeys": [],
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "ViewOriginalText": f"/* Presto View: {coded_view()} */", "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {"Location": "", "SerdeInfo": {}, "Columns": columns(
            requestid="string", ip="string", user="string", year="int", month="int", day="int",
            hour="int")}})


def coded_view() -> str:
    types = dict(requestid="varchar", ip="varchar", user="varchar", year="integer", month="integer",
                 day="integer", hour="integer")
    view = {"originalSql": VIEW_SQL, "catalog": "awsdatacatalog", "schema": DATABASE,
            "columns": [{"name": name, "type": kind} for name, kind in types.items()]}
    return base64.b64encode(json.dumps(view).encode()).decode()


def extras(world: World, api: str) -> None:
    """What is nobody's business but its owner's; adoption must leave all of it as it is."""
    bucket_arn = f"arn:aws:s3:::{BUCKET}"
    world.s3.put_bucket_policy(Bucket=BUCKET, Policy=document(
        {"Sid": "AllowFirehosePut", "Effect": "Allow", "Principal": {"AWS": world.role_arn(ROLE)},
         "Action": "s3:PutObject", "Resource": [f"{bucket_arn}/json-data/*", f"{bucket_arn}/error/*"]},
        {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": ["s3:GetObject"],
         "Resource": f"{bucket_arn}/exports/*", "Condition": {"Bool": {"aws:SecureTransport": True}}}))
    world.s3.put_bucket_lifecycle_configuration(Bucket=BUCKET, LifecycleConfiguration={"Rules": [
        {"ID": "exports", "Status": "Enabled", "Filter": {"Prefix": "exports/"}, "Expiration": {"Days": 7}},
        {"ID": "tagged", "Status": "Disabled", "Filter": {"And": {
            "Prefix": "tmp/", "Tags": [{"Key": "keep", "Value": "no"}], "ObjectSizeGreaterThan": 500}},
         "Expiration": {"Days": 1}}]}, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    world.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
    world.s3.put_object(Bucket=BUCKET, Key=OBJECT, Body=b"1")
    world.s3.put_bucket_tagging(Bucket=BUCKET, Tagging={"TagSet": [{"Key": "owner", "Value": "ops"}]})
    for role in (ROLE, LOGS_ROLE):
        world.iam.tag_role(RoleName=role, Tags=[{"Key": "owner", "Value": "ops"}])
        world.iam.put_role_policy(RoleName=role, PolicyName="debug", PolicyDocument=document(
            {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}))
    policy = world.iam.create_policy(PolicyName="audit", PolicyDocument=document(
        {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": bucket_arn}))["Policy"]["Arn"]
    world.iam.attach_role_policy(RoleName=ROLE, PolicyArn=policy)
    world.iam.update_role(RoleName=ROLE, Description="made by hand", MaxSessionDuration=7200)
    for group in (LOG_GROUP, ERROR_GROUP):
        world.logs.tag_resource(resourceArn=world.log_group_arn(group), tags={"owner": "ops"})
    world.logs.create_log_stream(logGroupName=ERROR_GROUP, logStreamName="BackupDelivery")
    world.firehose.create_delivery_stream(
        DeliveryStreamName="security", ExtendedS3DestinationConfiguration={
            "RoleARN": world.role_arn(ROLE), "BucketARN": bucket_arn})
    world.iam.put_role_policy(RoleName=LOGS_ROLE, PolicyName="security", PolicyDocument=document(
        {"Effect": "Allow", "Action": "firehose:PutRecord*", "Resource": world.stream_arn("security")}))
    world.logs.put_subscription_filter(
        logGroupName=LOG_GROUP, filterName="security", filterPattern="ERROR",
        destinationArn=world.stream_arn("security"), roleArn=world.role_arn(LOGS_ROLE))
    world.logs.put_resource_policy(policyName="billingd-log-delivery", policyDocument=document(
        {"Sid": "Search", "Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
         "Action": "logs:PutLogEvents", "Resource": "*"}))
    world.firehose.tag_delivery_stream(DeliveryStreamName=FIREHOSE, Tags=[{"Key": "owner", "Value": "ops"}])
    world.apigatewayv2.update_stage(ApiId=api, StageName="$default", Description="live",
                                    StageVariables={"colour": "blue"},
                                    DefaultRouteSettings={"ThrottlingRateLimit": 100.0,
                                                          "ThrottlingBurstLimit": 50})
    world.athena.update_work_group(WorkGroup=WORKGROUP, Description="Bills.", ConfigurationUpdates={
        "BytesScannedCutoffPerQuery": 10**12, "ResultConfigurationUpdates": {"EncryptionConfiguration": {
            "EncryptionOption": "SSE_KMS", "KmsKey": "arn:aws:kms:ap-northeast-2:123456789012:key/results"}}})
    world.athena.tag_resource(ResourceARN=world.workgroup_arn(WORKGROUP),
                              Tags=[{"Key": "owner", "Value": "ops"}])
    world.athena.create_named_query(Name="mine", Database=DATABASE, QueryString="SELECT 1",
                                    WorkGroup=WORKGROUP)
    world.glue.update_database(Name=DATABASE, DatabaseInput={
        "Name": DATABASE, "Description": "Bills.", "Parameters": {"owner": "ops"}})
    edit_table(world, RAW, lambda t: (t["Parameters"].update(owner="ops"), t.update(
        Description="Raw.", Owner="hadoop", Retention=7), t["StorageDescriptor"]["Columns"][0].update(
            Comment="DATA_MESSAGE"), t["PartitionKeys"][0].update(Comment="UTC"),
        t["StorageDescriptor"]["SerdeInfo"]["Parameters"].update({"case.insensitive": "true"})))
    edit_table(world, VIEW, lambda t: t["Parameters"].update(owner="ops"))
    world.glue.create_table(DatabaseName=DATABASE, TableInput={
        "Name": "mine", "Parameters": {"owner": "ops"}, "StorageDescriptor": {"Columns": columns(a="int")}})


def edit_table(world: World, name: str, edit: Any) -> None:
    shown = world.glue.get_table(DatabaseName=DATABASE, Name=name)["Table"]
    given = {k: shown[k] for k in ("Name", "Description", "Owner", "Retention", "StorageDescriptor",
                                   "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType",
                                   "Parameters") if k in shown}
    edit(given)
    world.glue.update_table(DatabaseName=DATABASE, TableInput=given)
