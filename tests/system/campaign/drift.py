"""What a hand at the console can do to each declared field of each kind.

CHANGE and REMOVE hold one function per (kind, field): it gets the world, the resource as the spec wants
it, and the key inside the field (a tag, a Sid, a parameter; "" where there is none).  A new field without
an entry here fails test_drift.
"""

import base64
import copy
import json
from collections.abc import Callable
from typing import Any

from world import World

Wanted = dict[str, Any]
Drift = Callable[[World, Wanted, str], None]
CHANGE: dict[tuple[str, str], Drift] = {}
REMOVE: dict[tuple[str, str], Drift] = {}
GONE: dict[str, Callable[[World, Wanted], None]] = {}

# Cannot be changed at all by anybody; test_guard has what happens when a spec asks for it.
FIXED = {("s3_bucket", "region"), ("iam_role", "path"), ("log_group", "class"),
         ("delivery_stream", "type")}

OTHER_BUCKET, OTHER_GROUP, OTHER_STREAM = "somebody-elses-data", "/somebody/else", "somebody-elses-stream"
OTHER_ROLE, OTHER_LOGS_ROLE = "somebody-elses-firehose", "somebody-elses-logs"


def change(kind: str, *fields: str) -> Callable[[Drift], Drift]:
    def keep(function: Drift) -> Drift:
        CHANGE.update({(kind, field): function for field in fields})
        return function
    return keep


def remove(kind: str, *fields: str) -> Callable[[Drift], Drift]:
    def keep(function: Drift) -> Drift:
        REMOVE.update({(kind, field): function for field in fields})
        return function
    return keep


def gone(kind: str) -> Callable[[Callable[[World, Wanted], None]], Any]:
    def keep(function: Callable[[World, Wanted], None]) -> Any:
        GONE[kind] = function
        return function
    return keep


def allow(service: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]})


def surroundings(world: World) -> None:
    """What drifted fields can point at; none of it is ours."""
    world.s3.create_bucket(Bucket=OTHER_BUCKET,
                           CreateBucketConfiguration={"LocationConstraint": world.region})
    world.logs.create_log_group(logGroupName=OTHER_GROUP)
    world.logs.create_log_stream(logGroupName=OTHER_GROUP, logStreamName="other")
    world.iam.create_role(RoleName=OTHER_ROLE, AssumeRolePolicyDocument=allow("firehose.amazonaws.com"))
    world.iam.create_role(RoleName=OTHER_LOGS_ROLE,
                          AssumeRolePolicyDocument=allow(f"logs.{world.region}.amazonaws.com"))
    world.iam.put_role_policy(RoleName=OTHER_LOGS_ROLE, PolicyName="put", PolicyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "firehose:*",
                                                 "Resource": "*"}]}))
    world.firehose.create_delivery_stream(
        DeliveryStreamName=OTHER_STREAM, ExtendedS3DestinationConfiguration={
            "RoleARN": world.role_arn(OTHER_ROLE), "BucketARN": f"arn:aws:s3:::{OTHER_BUCKET}"})
    world.logs.put_resource_policy(policyName="billingd-log-delivery", policyDocument=json.dumps(
        {"Version": "2012-10-17", "Statement": [
            {"Sid": "Other", "Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
             "Action": "logs:PutLogEvents", "Resource": "*"}]}))
    # The stage once logged there: AWS has added its own delivery policy.
    api = world.api()
    world.apigatewayv2.update_stage(ApiId=api, StageName="$default", AccessLogSettings={
        "DestinationArn": world.log_group_arn(OTHER_GROUP), "Format": "$context.requestId"})


# -- S3 bucket ------------------------------------------------------------------------------------------

@change("s3_bucket", "public_access_block")
def unblock(world: World, want: Wanted, key: str) -> None:
    block = world.s3.get_public_access_block(Bucket=want["name"])["PublicAccessBlockConfiguration"]
    world.s3.put_public_access_block(Bucket=want["name"],
                                     PublicAccessBlockConfiguration={**block, key: not block[key]})


@remove("s3_bucket", "public_access_block")
def drop_block(world: World, want: Wanted, key: str) -> None:
    world.s3.delete_public_access_block(Bucket=want["name"])


@change("s3_bucket", "ownership")
def own_by_writer(world: World, want: Wanted, key: str) -> None:
    world.s3.put_bucket_ownership_controls(Bucket=want["name"], OwnershipControls={
        "Rules": [{"ObjectOwnership": "ObjectWriter"}]})


@remove("s3_bucket", "ownership")
def drop_ownership(world: World, want: Wanted, key: str) -> None:
    world.s3.delete_bucket_ownership_controls(Bucket=want["name"])


def encrypt(world: World, want: Wanted, key: str, bucket_key: bool) -> None:
    world.s3.put_bucket_encryption(Bucket=want["name"], ServerSideEncryptionConfiguration={"Rules": [
        {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key},
         "BucketKeyEnabled": bucket_key}]})


@change("s3_bucket", "kms_key")
def encrypt_with_other_key(world: World, want: Wanted, key: str) -> None:
    encrypt(world, want, "alias/other", want["bucket_key"])


@change("s3_bucket", "bucket_key")
def stop_bucket_key(world: World, want: Wanted, key: str) -> None:
    encrypt(world, want, want["kms_key"], False)


@change("s3_bucket", "versioning")
def suspend_versions(world: World, want: Wanted, key: str) -> None:
    world.s3.put_bucket_versioning(Bucket=want["name"], VersioningConfiguration={"Status": "Suspended"})


@change("s3_bucket", "encryption")
def encrypt_with_key(world: World, want: Wanted, key: str) -> None:
    """With a key of its own, which must not come along when the algorithm is put right."""
    encrypt(world, want, "alias/other", False)


def bucket_policy(world: World, want: Wanted) -> Any:
    return json.loads(world.s3.get_bucket_policy(Bucket=want["name"])["Policy"])


@change("s3_bucket", "policy")
def weaken_policy(world: World, want: Wanted, key: str) -> None:
    policy = bucket_policy(world, want)
    for statement in policy["Statement"]:
        if statement.get("Sid") == key:
            statement["Action"] = "s3:GetObject"
    world.s3.put_bucket_policy(Bucket=want["name"], Policy=json.dumps(policy))


@remove("s3_bucket", "policy")
def drop_statement(world: World, want: Wanted, key: str) -> None:
    policy = bucket_policy(world, want)
    policy["Statement"] = [s for s in policy["Statement"] if s.get("Sid") != key]
    if policy["Statement"]:
        world.s3.put_bucket_policy(Bucket=want["name"], Policy=json.dumps(policy))
    else:
        world.s3.delete_bucket_policy(Bucket=want["name"])


def put_rules(world: World, want: Wanted, rules: list[Any]) -> None:
    if rules:
        world.s3.put_bucket_lifecycle_configuration(Bucket=want["name"],
                                                    LifecycleConfiguration={"Rules": rules})
    else:
        world.s3.delete_bucket_lifecycle(Bucket=want["name"])


@change("s3_bucket", "lifecycle")
def disable_rule(world: World, want: Wanted, key: str) -> None:
    rules = world.s3.get_bucket_lifecycle_configuration(Bucket=want["name"])["Rules"]
    put_rules(world, want, [{**r, "Status": "Disabled"} if r["ID"] == key else r for r in rules])


@remove("s3_bucket", "lifecycle")
def drop_rule(world: World, want: Wanted, key: str) -> None:
    rules = world.s3.get_bucket_lifecycle_configuration(Bucket=want["name"])["Rules"]
    put_rules(world, want, [r for r in rules if r["ID"] != key])


@change("s3_bucket", "lifecycle_minimum_size")
def move_small_objects(world: World, want: Wanted, key: str) -> None:
    rules = world.s3.get_bucket_lifecycle_configuration(Bucket=want["name"])["Rules"]
    world.s3.put_bucket_lifecycle_configuration(
        Bucket=want["name"], LifecycleConfiguration={"Rules": rules},
        TransitionDefaultMinimumObjectSize="all_storage_classes_128K")


def bucket_tags(world: World, want: Wanted) -> dict[str, str]:
    return {t["Key"]: t["Value"] for t in world.s3.get_bucket_tagging(Bucket=want["name"])["TagSet"]}


def put_bucket_tags(world: World, want: Wanted, tags: dict[str, str]) -> None:
    if tags:
        world.s3.put_bucket_tagging(Bucket=want["name"], Tagging={
            "TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]})
    else:
        world.s3.delete_bucket_tagging(Bucket=want["name"])


@change("s3_bucket", "tags")
def retag_bucket(world: World, want: Wanted, key: str) -> None:
    put_bucket_tags(world, want, {**bucket_tags(world, want), key: "somebody else"})


@remove("s3_bucket", "tags")
def untag_bucket(world: World, want: Wanted, key: str) -> None:
    put_bucket_tags(world, want, {k: v for k, v in bucket_tags(world, want).items() if k != key})


# -- IAM role -------------------------------------------------------------------------------------------

@change("iam_role", "trust")
def trust_others(world: World, want: Wanted, key: str) -> None:
    world.iam.update_assume_role_policy(RoleName=want["name"], PolicyDocument=allow("ec2.amazonaws.com"))


@change("iam_role", "policy")
def widen_policy(world: World, want: Wanted, key: str) -> None:
    policy = copy.deepcopy(want["policy"])
    policy["Statement"][0]["Resource"] = "*"
    world.iam.put_role_policy(RoleName=want["name"], PolicyName=want["policy_name"],
                              PolicyDocument=json.dumps(policy))


@remove("iam_role", "policy")
def drop_policy(world: World, want: Wanted, key: str) -> None:
    world.iam.delete_role_policy(RoleName=want["name"], PolicyName=want["policy_name"])


@change("iam_role", "tags")
def retag_role(world: World, want: Wanted, key: str) -> None:
    world.iam.tag_role(RoleName=want["name"], Tags=[{"Key": key, "Value": "somebody else"}])


@remove("iam_role", "tags")
def untag_role(world: World, want: Wanted, key: str) -> None:
    world.iam.untag_role(RoleName=want["name"], TagKeys=[key])


@change("iam_role", "description")
def redescribe_role(world: World, want: Wanted, key: str) -> None:
    world.iam.update_role(RoleName=want["name"], Description="other")


@change("iam_role", "max_session_seconds")
def lengthen_session(world: World, want: Wanted, key: str) -> None:
    world.iam.update_role(RoleName=want["name"], Description=want["description"], MaxSessionDuration=3600)


@change("iam_role", "boundary")
def move_boundary(world: World, want: Wanted, key: str) -> None:
    world.iam.put_role_permissions_boundary(RoleName=want["name"],
                                            PermissionsBoundary="arn:aws:iam::123456789012:policy/other")


@remove("iam_role", "boundary")
def drop_boundary(world: World, want: Wanted, key: str) -> None:
    world.iam.delete_role_permissions_boundary(RoleName=want["name"])


@gone("iam_role")
def delete_role(world: World, want: Wanted) -> None:
    for name in world.iam.list_role_policies(RoleName=want["name"])["PolicyNames"]:
        world.iam.delete_role_policy(RoleName=want["name"], PolicyName=name)
    world.iam.delete_role(RoleName=want["name"])


# -- CloudWatch Logs ------------------------------------------------------------------------------------

@change("log_group", "retention_days")
def shorten_retention(world: World, want: Wanted, key: str) -> None:
    world.logs.put_retention_policy(logGroupName=want["name"], retentionInDays=1)


@remove("log_group", "retention_days")
def keep_for_ever(world: World, want: Wanted, key: str) -> None:
    world.logs.delete_retention_policy(logGroupName=want["name"])


@change("log_group", "kms_key")
def other_key(world: World, want: Wanted, key: str) -> None:
    world.logs.associate_kms_key(logGroupName=want["name"],
                                 kmsKeyId=want["kms_key"].replace("1234abcd", "99999999"))


@remove("log_group", "kms_key")
def no_key(world: World, want: Wanted, key: str) -> None:
    world.logs.disassociate_kms_key(logGroupName=want["name"])


@change("log_group", "tags")
def retag_group(world: World, want: Wanted, key: str) -> None:
    world.logs.tag_resource(resourceArn=world.log_group_arn(want["name"]), tags={key: "somebody else"})


@remove("log_group", "tags")
def untag_group(world: World, want: Wanted, key: str) -> None:
    world.logs.untag_resource(resourceArn=world.log_group_arn(want["name"]), tagKeys=[key])


@gone("log_stream")
def delete_log_stream(world: World, want: Wanted) -> None:
    world.logs.delete_log_stream(logGroupName=want["log_group"], logStreamName=want["name"])


def put_filter(world: World, want: Wanted, **other: Any) -> None:
    found = world.logs.describe_subscription_filters(logGroupName=want["log_group"])["subscriptionFilters"]
    mine = next(f for f in found if f["filterName"] == want["name"])
    mine.pop("creationTime")
    world.logs.put_subscription_filter(**{**mine, **other})


@change("subscription_filter", "pattern")
def filter_some(world: World, want: Wanted, key: str) -> None:
    put_filter(world, want, filterPattern="ERROR")


@change("subscription_filter", "destination")
def send_elsewhere(world: World, want: Wanted, key: str) -> None:
    """A role that may write there has to come with it, or AWS refuses."""
    world.iam.put_role_policy(RoleName=want["role"].rpartition("/")[2], PolicyName="temporary",
                              PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [
                                  {"Effect": "Allow", "Action": "firehose:*", "Resource": "*"}]}))
    put_filter(world, want, destinationArn=world.stream_arn(OTHER_STREAM))
    world.iam.delete_role_policy(RoleName=want["role"].rpartition("/")[2], PolicyName="temporary")


@change("subscription_filter", "role")
def send_as_other(world: World, want: Wanted, key: str) -> None:
    put_filter(world, want, roleArn=world.role_arn(OTHER_LOGS_ROLE))


@change("subscription_filter", "distribution")
def distribute(world: World, want: Wanted, key: str) -> None:
    put_filter(world, want, distribution="ByLogStream")


@gone("subscription_filter")
def delete_filter(world: World, want: Wanted) -> None:
    world.logs.delete_subscription_filter(logGroupName=want["log_group"], filterName=want["name"])


def resource_policy(world: World, want: Wanted) -> Any:
    policies = world.logs.describe_resource_policies()["resourcePolicies"]
    return json.loads(next(p for p in policies if p["policyName"] == want["name"])["policyDocument"])


@change("log_resource_policy", "statements")
def move_delivery(world: World, want: Wanted, key: str) -> None:
    policy = resource_policy(world, want)
    for statement in policy["Statement"]:
        if statement["Sid"] == key:
            statement["Resource"] = world.log_group_arn(OTHER_GROUP) + ":log-stream:*"
    world.logs.put_resource_policy(policyName=want["name"], policyDocument=json.dumps(policy))


@remove("log_resource_policy", "statements")
def drop_delivery(world: World, want: Wanted, key: str) -> None:
    """The statement of others stays, and so does the policy itself."""
    policy = resource_policy(world, want)
    policy["Statement"] = [s for s in policy["Statement"] if s["Sid"] != key]
    world.logs.put_resource_policy(policyName=want["name"], policyDocument=json.dumps(policy))


# -- Firehose -------------------------------------------------------------------------------------------

def update_stream(world: World, want: Wanted, **other: Any) -> None:
    name = want["name"]
    shown = world.firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    world.firehose.update_destination(
        DeliveryStreamName=name, CurrentDeliveryStreamVersionId=shown["VersionId"],
        DestinationId=shown["Destinations"][0]["DestinationId"], ExtendedS3DestinationUpdate=other)


def stream_drift(field: str, **other: Any) -> None:
    @change("delivery_stream", field)
    def drift(world: World, want: Wanted, key: str) -> None:
        update_stream(world, want, **other)


def stream_loss(field: str, **other: Any) -> None:
    @remove("delivery_stream", field)
    def drift(world: World, want: Wanted, key: str) -> None:
        update_stream(world, want, **other)


stream_drift("bucket", BucketARN=f"arn:aws:s3:::{OTHER_BUCKET}")
stream_drift("prefix", Prefix="elsewhere/year=!{timestamp:yyyy}/")
stream_loss("prefix", Prefix="")
stream_drift("error_prefix", ErrorOutputPrefix="elsewhere/!{firehose:error-output-type}/")
stream_drift("buffer_mib", BufferingHints={"SizeInMBs": 1, "IntervalInSeconds": 300})
stream_drift("buffer_seconds", BufferingHints={"SizeInMBs": 64, "IntervalInSeconds": 60})
stream_drift("compression", CompressionFormat="UNCOMPRESSED")
stream_drift("file_extension", FileExtension=".txt")
stream_loss("file_extension", FileExtension="")
stream_drift("time_zone", CustomTimeZone="Europe/Berlin")
stream_loss("kms_key", EncryptionConfiguration={"NoEncryptionConfig": "NoEncryption"})
stream_drift("kms_key", EncryptionConfiguration={"KMSEncryptionConfig": {
    "AWSKMSKeyARN": "arn:aws:kms:ap-northeast-2:123456789012:key/99999999-12ab-34cd-56ef-1234567890ab"}})


@change("delivery_stream", "role")
def deliver_as_other(world: World, want: Wanted, key: str) -> None:
    update_stream(world, want, RoleARN=world.role_arn(OTHER_ROLE))


@change("delivery_stream", "processing")
def stop_processing(world: World, want: Wanted, key: str) -> None:
    update_stream(world, want, ProcessingConfiguration={"Enabled": False, "Processors": want["processors"]})


@change("delivery_stream", "processors")
def drop_delimiter(world: World, want: Wanted, key: str) -> None:
    update_stream(world, want, ProcessingConfiguration={"Enabled": True,
                                                        "Processors": want["processors"][:1]})


@remove("delivery_stream", "processors")
def drop_processors(world: World, want: Wanted, key: str) -> None:
    update_stream(world, want, ProcessingConfiguration={"Enabled": True, "Processors": []})


def error_log(world: World, want: Wanted, **other: Any) -> None:
    update_stream(world, want, CloudWatchLoggingOptions={
        "Enabled": True, "LogGroupName": want["error_log_group"],
        "LogStreamName": want["error_log_stream"], **other})


@change("delivery_stream", "error_logging")
def stop_error_log(world: World, want: Wanted, key: str) -> None:
    error_log(world, want, Enabled=False)


@change("delivery_stream", "error_log_group")
def move_error_log(world: World, want: Wanted, key: str) -> None:
    error_log(world, want, LogGroupName=OTHER_GROUP)


@change("delivery_stream", "error_log_stream")
def rename_error_log(world: World, want: Wanted, key: str) -> None:
    error_log(world, want, LogStreamName="other")


@change("delivery_stream", "tags")
def retag_stream(world: World, want: Wanted, key: str) -> None:
    world.firehose.tag_delivery_stream(DeliveryStreamName=want["name"],
                                       Tags=[{"Key": key, "Value": "somebody else"}])


@remove("delivery_stream", "tags")
def untag_stream(world: World, want: Wanted, key: str) -> None:
    world.firehose.untag_delivery_stream(DeliveryStreamName=want["name"], TagKeys=[key])


@gone("delivery_stream")
def delete_stream(world: World, want: Wanted) -> None:
    world.firehose.delete_delivery_stream(DeliveryStreamName=want["name"])


# -- API Gateway ----------------------------------------------------------------------------------------

def api_id(world: World, want: Wanted) -> str:
    return next(a["ApiId"] for a in world.apigatewayv2.get_apis()["Items"] if a["Name"] == want["api_name"])


@change("stage_logging", "log_group")
def log_elsewhere(world: World, want: Wanted, key: str) -> None:
    world.apigatewayv2.update_stage(ApiId=api_id(world, want), StageName=want["stage"], AccessLogSettings={
        "DestinationArn": world.log_group_arn(OTHER_GROUP), "Format": want["format"]})


@change("stage_logging", "format")
def log_less(world: World, want: Wanted, key: str) -> None:
    world.apigatewayv2.update_stage(ApiId=api_id(world, want), StageName=want["stage"], AccessLogSettings={
        "DestinationArn": want["log_group"], "Format": '{"requestId":"$context.requestId"}'})


@remove("stage_logging", "log_group", "format")
def log_nothing(world: World, want: Wanted, key: str) -> None:
    world.apigatewayv2.delete_access_log_settings(ApiId=api_id(world, want), StageName=want["stage"])


# -- Athena ---------------------------------------------------------------------------------------------

def workgroup_drift(field: str, other: dict[str, Any], how: Any = change) -> None:
    @how("workgroup", field)
    def drift(world: World, want: Wanted, key: str) -> None:
        world.athena.update_work_group(WorkGroup=want["name"], **copy.deepcopy(other))


def result_drift(field: str, other: dict[str, Any], how: Any = change) -> None:
    workgroup_drift(field, {"ConfigurationUpdates": {"ResultConfigurationUpdates": other}}, how)


workgroup_drift("description", {"Description": "other"})
workgroup_drift("state", {"State": "DISABLED"})
result_drift("results", {"OutputLocation": f"s3://{OTHER_BUCKET}/"})
result_drift("results", {"RemoveOutputLocation": True}, remove)
result_drift("results_owner", {"ExpectedBucketOwner": "999999999999"})
result_drift("results_owner", {"RemoveExpectedBucketOwner": True}, remove)
result_drift("results_encryption", {"EncryptionConfiguration": {
    "EncryptionOption": "SSE_KMS", "KmsKey": "alias/other"}})
result_drift("results_encryption", {"RemoveEncryptionConfiguration": True}, remove)
workgroup_drift("metrics", {"ConfigurationUpdates": {"PublishCloudWatchMetricsEnabled": False}})
workgroup_drift("enforce", {"ConfigurationUpdates": {"EnforceWorkGroupConfiguration": False}})
workgroup_drift("scan_limit_bytes", {"ConfigurationUpdates": {"BytesScannedCutoffPerQuery": 10000000}})
workgroup_drift("scan_limit_bytes",
                {"ConfigurationUpdates": {"RemoveBytesScannedCutoffPerQuery": True}}, remove)
workgroup_drift("requester_pays", {"ConfigurationUpdates": {"RequesterPaysEnabled": False}})
workgroup_drift("engine", {"ConfigurationUpdates": {"EngineVersion": {"SelectedEngineVersion": "AUTO"}}})


@change("workgroup", "tags")
def retag_workgroup(world: World, want: Wanted, key: str) -> None:
    world.athena.tag_resource(ResourceARN=world.workgroup_arn(want["name"]),
                              Tags=[{"Key": key, "Value": "somebody else"}])


@remove("workgroup", "tags")
def untag_workgroup(world: World, want: Wanted, key: str) -> None:
    world.athena.untag_resource(ResourceARN=world.workgroup_arn(want["name"]), TagKeys=[key])


def update_query(world: World, want: Wanted, **other: Any) -> None:
    one = next(q for q in world.named_queries(want["workgroup"]) if q["Name"] == want["name"])
    world.athena.update_named_query(**{
        "NamedQueryId": one["NamedQueryId"], "Name": one["Name"], "Description": one["Description"],
        "QueryString": one["QueryString"], **other})


@change("named_query", "summary")
def redescribe_query(world: World, want: Wanted, key: str) -> None:
    update_query(world, want, Description="other")


@change("named_query", "sql")
def change_query(world: World, want: Wanted, key: str) -> None:
    update_query(world, want, QueryString=want["sql"] + "\nLIMIT 7")


@gone("named_query")
def delete_query(world: World, want: Wanted) -> None:
    one = next(q for q in world.named_queries(want["workgroup"]) if q["Name"] == want["name"])
    world.athena.delete_named_query(NamedQueryId=one["NamedQueryId"])


# -- Glue -----------------------------------------------------------------------------------------------

def update_database(world: World, want: Wanted, edit: Callable[[dict[str, Any]], None]) -> None:
    shown = world.glue.get_database(Name=want["name"])["Database"]
    given = {k: copy.deepcopy(shown[k]) for k in
             ("Name", "Description", "LocationUri", "Parameters", "CreateTableDefaultPermissions")
             if k in shown}
    edit(given)
    world.glue.update_database(Name=want["name"], DatabaseInput=given)


@change("glue_database", "description")
def redescribe_database(world: World, want: Wanted, key: str) -> None:
    update_database(world, want, lambda d: d.update(Description="other"))


@remove("glue_database", "description")
def undescribe_database(world: World, want: Wanted, key: str) -> None:
    update_database(world, want, lambda d: d.pop("Description"))


@change("glue_database", "location")
def move_database(world: World, want: Wanted, key: str) -> None:
    update_database(world, want, lambda d: d.update(LocationUri=f"s3://{OTHER_BUCKET}/"))


@change("glue_database", "parameters")
def reparameter_database(world: World, want: Wanted, key: str) -> None:
    update_database(world, want, lambda d: d["Parameters"].update({key: "somebody else"}))


@remove("glue_database", "parameters")
def unparameter_database(world: World, want: Wanted, key: str) -> None:
    update_database(world, want, lambda d: d["Parameters"].pop(key))


TABLE_INPUT = ("Name", "Description", "Owner", "LastAccessTime", "LastAnalyzedTime", "Retention",
               "StorageDescriptor", "PartitionKeys", "ViewOriginalText", "ViewExpandedText", "TableType",
               "Parameters", "TargetTable")


def update_table(world: World, want: Wanted, edit: Callable[[dict[str, Any]], Any]) -> None:
    shown = world.glue.get_table(DatabaseName=want["database"], Name=want["name"])["Table"]
    given = {k: copy.deepcopy(shown[k]) for k in TABLE_INPUT if k in shown}
    edit(given)
    world.glue.update_table(DatabaseName=want["database"], TableInput=given, SkipArchive=True)


def table_drift(field: str, edit: Callable[[dict[str, Any]], Any], how: Any = change,
                kind: str = "glue_table") -> None:
    @how(kind, field)
    def drift(world: World, want: Wanted, key: str) -> None:
        update_table(world, want, edit)


def storage(table: dict[str, Any]) -> Any:
    return table["StorageDescriptor"]


table_drift("type", lambda t: t.update(TableType="MANAGED_TABLE"))
table_drift("type", lambda t: t.pop("TableType"), remove)
table_drift("description", lambda t: t.update(Description="other"))
table_drift("description", lambda t: t.pop("Description"), remove)
table_drift("location", lambda t: storage(t).update(Location=f"s3://{OTHER_BUCKET}/"))
table_drift("input_format", lambda t: storage(t).update(InputFormat="org.example.Input"))
table_drift("input_format", lambda t: storage(t).pop("InputFormat"), remove)
table_drift("output_format", lambda t: storage(t).update(OutputFormat="org.example.Output"))
table_drift("output_format", lambda t: storage(t).pop("OutputFormat"), remove)
table_drift("serde", lambda t: storage(t)["SerdeInfo"].update(SerializationLibrary="org.example.Serde"))
table_drift("serde", lambda t: storage(t)["SerdeInfo"].pop("SerializationLibrary"), remove)
table_drift("columns", lambda t: storage(t)["Columns"][0].update(Type="bigint"))
table_drift("columns", lambda t: storage(t)["Columns"].pop(), remove)
table_drift("partition_keys", lambda t: t["PartitionKeys"][0].update(Type="date"))
table_drift("partition_keys", lambda t: t.update(PartitionKeys=[]), remove)
table_drift("columns", lambda t: storage(t)["Columns"].reverse(), change, "athena_view")
table_drift("columns", lambda t: storage(t)["Columns"].pop(), remove, "athena_view")


@change("glue_table", "serde_parameters")
def change_serde(world: World, want: Wanted, key: str) -> None:
    update_table(world, want, lambda t: storage(t)["SerdeInfo"]["Parameters"].update({key: "other"}))


@remove("glue_table", "serde_parameters")
def drop_serde(world: World, want: Wanted, key: str) -> None:
    update_table(world, want, lambda t: storage(t)["SerdeInfo"]["Parameters"].pop(key))


@change("glue_table", "parameters")
@change("athena_view", "parameters")
def change_parameter(world: World, want: Wanted, key: str) -> None:
    update_table(world, want, lambda t: t["Parameters"].update({key: "other"}))


@remove("glue_table", "parameters")
@remove("athena_view", "parameters")
def drop_parameter(world: World, want: Wanted, key: str) -> None:
    update_table(world, want, lambda t: t["Parameters"].pop(key))


def edit_view(world: World, want: Wanted, edit: Callable[[dict[str, Any]], Any]) -> None:
    def inside(table: dict[str, Any]) -> None:
        text = table["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
        view = json.loads(base64.b64decode(text))
        edit(view)
        coded = base64.b64encode(json.dumps(view).encode()).decode()
        table["ViewOriginalText"] = f"/* Presto View: {coded} */"
    update_table(world, want, inside)


@change("athena_view", "sql")
def change_view(world: World, want: Wanted, key: str) -> None:
    edit_view(world, want, lambda v: v.update(originalSql=v["originalSql"] + " LIMIT 7"))


@remove("athena_view", "sql")
def break_view(world: World, want: Wanted, key: str) -> None:
    """Text that is no view at all any more."""
    update_table(world, want, lambda t: t.update(ViewOriginalText="SELECT 1"))


@gone("glue_table")
@gone("athena_view")
def delete_table(world: World, want: Wanted) -> None:
    world.glue.delete_table(DatabaseName=want["database"], Name=want["name"])
