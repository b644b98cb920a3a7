"""All that the drift tests cannot derive: the one place for special cases.

A line here is for what AWS accepts only in a way that no table or model tells.  A new kind or field should
need none.
"""

from collections.abc import Callable
from typing import Any

import seed
from others import OTHER_BUCKET, OTHER_GROUP, OTHER_LOGS_ROLE, OTHER_ROLE, OTHER_STREAM
from tables import Wanted
from world import World

Hand = Callable[[World, Wanted], None]

# Values of text that only AWS's documentation lists.
VALUES = {("delivery_stream", "time_zone"): "Europe/Berlin", ("workgroup", "engine"): "AUTO",
          ("alarm", "missing_data"): "breaching"}


def surroundings(world: World) -> None:
    """What drifted fields can point at; none of it is ours."""
    world.s3.create_bucket(Bucket=OTHER_BUCKET,
                           CreateBucketConfiguration={"LocationConstraint": world.region})
    world.logs.create_log_group(logGroupName=OTHER_GROUP)
    world.logs.create_log_stream(logGroupName=OTHER_GROUP, logStreamName="other")
    world.iam.create_role(RoleName=OTHER_ROLE, AssumeRolePolicyDocument=seed.trust("firehose.amazonaws.com"))
    world.iam.create_role(RoleName=OTHER_LOGS_ROLE,
                          AssumeRolePolicyDocument=seed.trust(f"logs.{world.region}.amazonaws.com"))
    world.iam.put_role_policy(RoleName=OTHER_LOGS_ROLE, PolicyName="put", PolicyDocument=seed.document(
        {"Effect": "Allow", "Action": "firehose:*", "Resource": "*"}))
    world.firehose.create_delivery_stream(
        DeliveryStreamName=OTHER_STREAM, ExtendedS3DestinationConfiguration={
            "RoleARN": world.role_arn(OTHER_ROLE), "BucketARN": f"arn:aws:s3:::{OTHER_BUCKET}"})
    world.logs.put_resource_policy(policyName="billingd-log-delivery", policyDocument=seed.document(
        {"Sid": "Other", "Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
         "Action": "logs:PutLogEvents", "Resource": "*"}))
    # The stage once logged there: AWS has added its own delivery policy.
    api = world.api()
    world.apigatewayv2.update_stage(ApiId=api, StageName="$default", AccessLogSettings={
        "DestinationArn": world.log_group_arn(OTHER_GROUP), "Format": "$context.requestId"})


def arns_of_others(world: World) -> list[str]:
    return [f"arn:aws:s3:::{OTHER_BUCKET}", world.log_group_arn(OTHER_GROUP), world.role_arn(OTHER_ROLE),
            world.role_arn(OTHER_LOGS_ROLE), world.stream_arn(OTHER_STREAM)]


def send_elsewhere(world: World, want: Wanted) -> None:
    """A role that may write there has to come with it, or AWS refuses."""
    role = want["role"].rpartition("/")[2]
    world.iam.put_role_policy(RoleName=role, PolicyName="temporary", PolicyDocument=seed.document(
        {"Effect": "Allow", "Action": "firehose:*", "Resource": "*"}))
    found = world.logs.describe_subscription_filters(logGroupName=want["log_group"])["subscriptionFilters"]
    mine = next(f for f in found if f["filterName"] == want["name"])
    del mine["creationTime"]
    world.logs.put_subscription_filter(**{**mine, "destinationArn": world.stream_arn(OTHER_STREAM)})
    world.iam.delete_role_policy(RoleName=role, PolicyName="temporary")


def update_destination(world: World, want: Wanted, update: dict[str, Any]) -> None:
    shown = world.firehose.describe_delivery_stream(DeliveryStreamName=want["name"])["DeliveryStreamDescription"]
    world.firehose.update_destination(
        DeliveryStreamName=want["name"], CurrentDeliveryStreamVersionId=shown["VersionId"],
        DestinationId=shown["Destinations"][0]["DestinationId"], ExtendedS3DestinationUpdate=update)


def stop_encrypting(world: World, want: Wanted) -> None:
    """Not by leaving the key out, but by a member that says so."""
    update_destination(world, want, {"EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"}})


def deliver_elsewhere(world: World, want: Wanted) -> None:
    """A spec with another bucket would be another deployment, which leaves the stream alone."""
    update_destination(world, want, {"BucketARN": f"arn:aws:s3:::{OTHER_BUCKET}"})


def break_view(world: World, want: Wanted) -> None:
    """Text that is no view at all any more: the fields lie in a coded document inside."""
    table = world.glue.get_table(DatabaseName=want["database"], Name=want["name"])["Table"]
    kept = {k: table[k] for k in ("Name", "StorageDescriptor", "PartitionKeys", "ViewExpandedText", "TableType",
                                  "Parameters") if k in table}
    world.glue.update_table(DatabaseName=want["database"], SkipArchive=True,
                            TableInput={**kept, "ViewOriginalText": "SELECT 1"})


def encrypt_results(world: World, want: Wanted) -> None:
    """Another algorithm needs a key with it."""
    world.athena.update_work_group(WorkGroup=want["name"], ConfigurationUpdates={"ResultConfigurationUpdates": {
        "EncryptionConfiguration": {"EncryptionOption": "SSE_KMS", "KmsKey": "alias/other"}}})


def bare_results(world: World, want: Wanted) -> None:
    world.athena.update_work_group(WorkGroup=want["name"], ConfigurationUpdates={"ResultConfigurationUpdates": {
        "RemoveEncryptionConfiguration": True}})


CHANGE: dict[tuple[str, str], Hand] = {("subscription_filter", "destination"): send_elsewhere,
                                       ("delivery_stream", "bucket"): deliver_elsewhere,
                                       ("workgroup", "results_encryption"): encrypt_results}
REMOVE: dict[tuple[str, str], Hand] = {("delivery_stream", "kms_key"): stop_encrypting,
                                       ("workgroup", "results_encryption"): bare_results,
                                       ("athena_view", "sql"): break_view}
