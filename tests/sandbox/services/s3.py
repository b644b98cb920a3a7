"""S3 buckets: whose they are, where they are, and the documents below them as AWS keeps them today."""

import copy
import json
import re
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket, s3_backends

from .. import policy, replies, roles
from ..call import Call, handles
from ..errors import AwsError
from ..messages import Reply

ALL_BLOCKED = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True,
               "RestrictPublicBuckets": True}
AES256 = {"Rules": [{"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
                     "BucketKeyEnabled": False}]}
SIZE_HEADER = "x-amz-transition-default-minimum-object-size"
SIZE_DEFAULT = "all_storage_classes_128K"
NAME = re.compile(r"(?!\d+\.\d+\.\d+\.\d+$)(?!xn--)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
TARGETS = ("Expiration", "Transitions", "NoncurrentVersionExpiration", "NoncurrentVersionTransitions",
           "AbortIncompleteMultipartUpload")


def permission(bucket: Any, action: str, resource: str) -> Any:
    """What a bucket policy says of an object; moto's own leaves conditions out, so that a Deny for plain
    HTTP denies everything. A statement with a condition is left out instead."""
    document = json.loads(bucket.policy) if bucket.policy else {}
    statements = document.get("Statement", [])
    kept = [s for s in (statements if isinstance(statements, list) else [statements]) if "Condition" not in s]
    if not kept:
        return PermissionResult.NEUTRAL
    return IAMPolicy(json.dumps({**document, "Statement": kept})).is_action_permitted(action, resource)


FakeBucket.get_permission = permission


def denied() -> AwsError:
    return AwsError("AccessDenied", "Access Denied", 403)


def malformed() -> AwsError:
    return AwsError("MalformedXML", "The XML you provided was not well-formed or did not validate against "
                    "our published schema")


def bucket_of(call: Call) -> Any:
    """The caller's bucket in the caller's region; otherwise the refusal AWS gives."""
    name = call.params["Bucket"]
    owner = s3_backends.bucket_accounts.get(name)
    reading = call.operation.startswith(("Get", "Head", "List"))
    if owner is None or (reading and call.world.hidden(f"bucket:{name}")):
        raise AwsError("NoSuchBucket", "The specified bucket does not exist", 404, BucketName=name)
    bucket = s3_backends[owner[1]][owner[0]].buckets[name]
    if bucket.region_name != call.region:
        raise elsewhere(call, bucket)
    if owner[1] != call.account:
        raise denied()
    if call.params.get("ExpectedBucketOwner", call.account) != call.account:
        raise denied()
    return bucket


def elsewhere(call: Call, bucket: Any) -> AwsError:
    if call.region == "us-east-1":
        return AwsError("AuthorizationHeaderMalformed", "The authorization header is malformed; the region "
                        f"'{call.region}' is wrong; expecting '{bucket.region_name}'", 400,
                        Region=bucket.region_name)
    return AwsError("PermanentRedirect", "The bucket you are attempting to access must be addressed using "
                    "the specified endpoint. Please send all future requests to this endpoint.", 301,
                    Endpoint=f"{bucket.name}.s3.{bucket.region_name}.amazonaws.com", Bucket=bucket.name,
                    Region=bucket.region_name)


def setting(bucket: Any, name: str, initial: Any = None) -> Any:
    return bucket.__dict__.setdefault("sandbox", {}).setdefault(name, copy.deepcopy(initial))


def keep(bucket: Any, name: str, value: Any) -> None:
    bucket.__dict__.setdefault("sandbox", {})[name] = value


@handles("s3", "CreateBucket")
def create_bucket(call: Call) -> Reply:
    name, owner = call.params["Bucket"], s3_backends.bucket_accounts.get(call.params["Bucket"])
    if not NAME.fullmatch(name):
        raise AwsError("InvalidBucketName", "The specified bucket is not valid.", BucketName=name)
    constraint = call.params.get("CreateBucketConfiguration", {}).get("LocationConstraint")
    if constraint == "us-east-1":
        raise AwsError("InvalidLocationConstraint", "The specified location-constraint is not valid")
    if (constraint or "us-east-1") != call.region:
        raise AwsError("IllegalLocationConstraintException",
                       f"The {constraint or 'unspecified'} location constraint is incompatible for the "
                       "region specific endpoint this request was sent to.")
    location = [("Location", f"/{name}")]
    if owner and owner[1] != call.account:
        raise AwsError("BucketAlreadyExists", "The requested bucket name is not available. The bucket "
                       "namespace is shared by all users of the system. Please select a different name and "
                       "try again.", 409, BucketName=name)
    if owner:
        if call.region == "us-east-1":
            return Reply(200, location)
        raise AwsError("BucketAlreadyOwnedByYou", "Your previous request to create the named bucket "
                       "succeeded and you already own it.", 409, BucketName=name)
    bucket = call.backend().create_bucket(name, call.region)
    ownership = call.params.get("ObjectOwnership", "BucketOwnerEnforced")
    keep(bucket, "ownership", {"Rules": [{"ObjectOwnership": ownership}]})
    if call.params.get("ObjectLockEnabledForBucket"):
        bucket.versioning_status, bucket.object_lock_enabled = "Enabled", True
    call.world.born(f"bucket:{name}")
    return Reply(200, location)


@handles("s3", "HeadBucket")
def head_bucket(call: Call) -> Reply:
    bucket = bucket_of(call)
    return Reply(200, [("x-amz-bucket-region", bucket.region_name),
                       ("x-amz-access-point-alias", "false"), ("Content-Type", "application/xml")])


@handles("s3", "GetBucketLocation")
def get_bucket_location(call: Call) -> Reply:
    region = bucket_of(call).region_name
    inner = {"us-east-1": "", "eu-west-1": "EU"}.get(region, region)
    return Reply(200, [("Content-Type", "application/xml")],
                 ('<?xml version="1.0" encoding="UTF-8"?>\n<LocationConstraint xmlns='
                  f'"http://s3.amazonaws.com/doc/2006-03-01/">{inner}</LocationConstraint>').encode())


# -- documents that are kept as they come: put, get, delete ---------------------------------------------

@handles("s3", "GetBucketRequestPayment")
def get_request_payment(call: Call) -> dict[str, Any]:
    """Terraform asks; moto answers with a list of objects."""
    bucket_of(call)
    return {"Payer": "BucketOwner"}


@handles("s3", "PutPublicAccessBlock")
def put_public_access_block(call: Call) -> Reply:
    given = call.params["PublicAccessBlockConfiguration"]
    keep(bucket_of(call), "block", {name: given.get(name, False) for name in ALL_BLOCKED})
    return Reply(200)


@handles("s3", "GetPublicAccessBlock")
def get_public_access_block(call: Call) -> dict[str, Any]:
    block = setting(bucket_of(call), "block", ALL_BLOCKED)
    if block is None:
        raise AwsError("NoSuchPublicAccessBlockConfiguration",
                       "The public access block configuration was not found", 404,
                       BucketName=call.params["Bucket"])
    return {"PublicAccessBlockConfiguration": block}


@handles("s3", "DeletePublicAccessBlock")
def delete_public_access_block(call: Call) -> Reply:
    keep(bucket_of(call), "block", None)
    return Reply(204)


@handles("s3", "PutBucketOwnershipControls")
def put_ownership(call: Call) -> Reply:
    rules = call.params["OwnershipControls"].get("Rules", [])
    if len(rules) != 1:
        raise malformed()
    keep(bucket_of(call), "ownership", {"Rules": rules})
    return Reply(200)


@handles("s3", "GetBucketOwnershipControls")
def get_ownership(call: Call) -> dict[str, Any]:
    kept = setting(bucket_of(call), "ownership", {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    if kept is None:
        raise AwsError("OwnershipControlsNotFoundError", "The bucket ownership controls were not found",
                       404, BucketName=call.params["Bucket"])
    return {"OwnershipControls": kept}


@handles("s3", "DeleteBucketOwnershipControls")
def delete_ownership(call: Call) -> Reply:
    keep(bucket_of(call), "ownership", None)
    return Reply(204)


@handles("s3", "PutBucketEncryption")
def put_encryption(call: Call) -> Reply:
    given = copy.deepcopy(call.params["ServerSideEncryptionConfiguration"])
    if len(given.get("Rules", [])) != 1:
        raise malformed()
    rule = given["Rules"][0]
    default = rule.get("ApplyServerSideEncryptionByDefault", {"SSEAlgorithm": "AES256"})
    if default["SSEAlgorithm"] == "AES256" and "KMSMasterKeyID" in default:
        raise AwsError("InvalidArgument", "a KMSMasterKeyID is not applicable if the default sse algorithm "
                       "is not aws:kms or aws:kms:dsse")
    rule["ApplyServerSideEncryptionByDefault"] = default
    rule.setdefault("BucketKeyEnabled", False)
    keep(bucket_of(call), "encryption", given)
    return Reply(200)


@handles("s3", "GetBucketEncryption")
def get_encryption(call: Call) -> dict[str, Any]:
    return {"ServerSideEncryptionConfiguration": setting(bucket_of(call), "encryption", AES256)}


@handles("s3", "DeleteBucketEncryption")
def delete_encryption(call: Call) -> Reply:
    """Every bucket is encrypted: without a rule of its own it falls back to AES256."""
    keep(bucket_of(call), "encryption", copy.deepcopy(AES256))
    return Reply(204)


# -- lifecycle ---------------------------------------------------------------------------------------------

def check_rule(rule: dict[str, Any]) -> None:
    if ("Filter" in rule) == ("Prefix" in rule):
        raise malformed()
    if not any(name in rule for name in TARGETS):
        raise AwsError("InvalidRequest", "At least one action needs to be specified in a rule")
    chosen = rule.get("Filter", {})
    if len(chosen) > 1 or len(rule.get("ID", "")) > 255:
        raise malformed()
    expiration = rule.get("Expiration", {})
    if len(expiration) > 1:
        raise malformed()
    for action in [expiration, *rule.get("Transitions", [])]:
        if "Days" in action and action["Days"] < (1 if action is expiration else 0):
            raise AwsError("InvalidArgument", "'Days' for Expiration action must be a positive integer")
    days = [t["Days"] for t in rule.get("Transitions", []) if "Days" in t]
    if "Days" in expiration and days and expiration["Days"] <= max(days):
        raise AwsError("InvalidArgument", "'Days' in the Expiration action must be greater than 'Days' in "
                       "the Transition action")


@handles("s3", "PutBucketLifecycleConfiguration")
def put_lifecycle(call: Call) -> Reply:
    bucket = bucket_of(call)
    rules = copy.deepcopy(call.params.get("LifecycleConfiguration", {}).get("Rules", []))
    names = [rule["ID"] for rule in rules if "ID" in rule]
    if not rules or len(rules) > 1000:
        raise malformed()
    if len(names) != len(set(names)):
        raise AwsError("InvalidArgument", "Rule ID must be unique. Found same ID for more than one rule")
    # Rules of the old form are taken among themselves only.
    if any("Prefix" in rule for rule in rules) and any("Filter" in rule for rule in rules):
        raise AwsError("InvalidRequest", "Base level prefix cannot be used in Lifecycle V2, prefixes are only supported "
                       "in the Filter.")
    for number, rule in enumerate(rules):
        check_rule(rule)
        rule.setdefault("ID", f"sandbox-rule-{number}")
    size = call.params.get("TransitionDefaultMinimumObjectSize", SIZE_DEFAULT)
    keep(bucket, "lifecycle", {"Rules": rules, "TransitionDefaultMinimumObjectSize": size})
    return Reply(200, [(SIZE_HEADER, size)])


@handles("s3", "GetBucketLifecycleConfiguration")
def get_lifecycle(call: Call) -> Reply:
    kept = setting(bucket_of(call), "lifecycle")
    if kept is None:
        raise AwsError("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", 404,
                       BucketName=call.params["Bucket"])
    reply = replies.make("s3", call.operation, {"Rules": kept["Rules"]})
    reply.put(SIZE_HEADER, kept["TransitionDefaultMinimumObjectSize"])
    return reply


@handles("s3", "DeleteBucketLifecycle")
def delete_lifecycle(call: Call) -> Reply:
    keep(bucket_of(call), "lifecycle", None)
    return Reply(204)


# -- policy -------------------------------------------------------------------------------------------------

def policy_error(message: str) -> AwsError:
    return AwsError("MalformedPolicy", message)


def principals(statement: dict[str, Any]) -> list[str]:
    principal = statement.get("Principal", statement.get("NotPrincipal"))
    return policy.listed(principal.get("AWS", [])) if isinstance(principal, dict) else []


def check_policy(call: Call, statements: list[dict[str, Any]]) -> None:
    name = call.params["Bucket"]
    arn = f"arn:{call.partition}:s3:::{name}"
    for statement in statements:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise policy_error("Invalid effect")
        if not {"Principal", "NotPrincipal"} & set(statement):
            raise policy_error("Missing required field Principal")
        if not {"Action", "NotAction"} & set(statement):
            raise policy_error("Missing required field Action")
        resources = policy.listed(statement.get("Resource", statement.get("NotResource", [])))
        if not resources:
            raise policy_error("Missing required field Resource")
        if not all(r == arn or r.startswith(arn + "/") or r == arn + "*" for r in resources):
            raise policy_error("Policy has invalid resource")
        for who in principals(statement):
            if re.fullmatch(r"A(ROA|IDA)[A-Z0-9]+", who):
                raise policy_error("Invalid principal in policy")
            if not roles.principal_exists(who, call.region) or call.world.unpropagated(who):
                raise policy_error("Invalid principal in policy")
    sids = [s["Sid"] for s in statements if "Sid" in s]
    if len(sids) != len(set(sids)):
        raise policy_error("Duplicate Sid in policy")


def public(statement: dict[str, Any]) -> bool:
    who = statement.get("Principal")
    everyone = who == "*" or (isinstance(who, dict) and "*" in policy.listed(who.get("AWS", [])))
    return statement["Effect"] == "Allow" and everyone and not statement.get("Condition")


@handles("s3", "PutBucketPolicy")
def put_policy(call: Call) -> Reply:
    bucket, text = bucket_of(call), call.params.get("Policy", "")
    text = text.decode() if isinstance(text, bytes) else text
    if len(text) > 20480:
        raise policy_error("Policy exceeds the maximum allowed document size")
    try:
        document = json.loads(text)
        statements = policy.listed(document["Statement"])
    except (ValueError, KeyError, TypeError):
        raise policy_error("Policies must be valid JSON and the first byte must be '{'") from None
    check_policy(call, statements)
    block = setting(bucket, "block", ALL_BLOCKED) or {}
    if block.get("BlockPublicPolicy") and any(public(s) for s in statements):
        raise AwsError("AccessDenied", f"User: {call.key.arn} is not authorized to perform: "
                       "s3:PutBucketPolicy because public policies are blocked by the BlockPublicPolicy "
                       "setting in S3 Block Public Access.", 403)
    known = {who: roles.find(who, call.region) for s in statements for who in principals(s)}
    keep(bucket, "principals", {who: role.id for who, role in known.items() if role})
    bucket.policy = text.encode()
    return Reply(204)


@handles("s3", "GetBucketPolicy")
def get_policy(call: Call) -> Reply:
    """A role that is gone, or was made anew, shows as the id it had (domain.md 2.1)."""
    bucket = bucket_of(call)
    if not bucket.policy:
        raise AwsError("NoSuchBucketPolicy", "The bucket policy does not exist", 404,
                       BucketName=call.params["Bucket"])
    text = bucket.policy.decode()
    for arn, identifier in setting(bucket, "principals", {}).items():
        role = roles.find(arn, call.region)
        if role is None or role.id != identifier:
            text = text.replace(f'"{arn}"', f'"{identifier}"')
    return Reply(200, [("Content-Type", "application/json")], text.encode())


@handles("s3", "DeleteBucketPolicy")
def delete_policy(call: Call) -> Reply:
    bucket_of(call).policy = None
    return Reply(204)


# -- object lock: moto keeps it, and holds objects to it ---------------------------------------------------

def lock_rule(given: dict[str, Any]) -> dict[str, Any]:
    """The default retention asked for; {} for none. Source: PutObjectLockConfiguration, S3 API reference."""
    rule = given.get("Rule", {}).get("DefaultRetention", {})
    if given.get("ObjectLockEnabled") != "Enabled" or ("Rule" in given and "Mode" not in rule):
        raise malformed()
    if rule and ("Days" in rule) == ("Years" in rule):
        raise malformed()
    for unit, most in (("Days", 36500), ("Years", 100)):
        if not 1 <= rule.get(unit, 1) <= most:
            raise AwsError("InvalidArgument", "Default retention period must be a positive integer value."
                           if rule[unit] < 1 else "Default retention period is too large")
    return rule


@handles("s3", "PutObjectLockConfiguration")
def put_object_lock(call: Call) -> Reply:
    bucket = bucket_of(call)
    rule = lock_rule(call.params.get("ObjectLockConfiguration", {}))
    if bucket.versioning_status != "Enabled":
        raise AwsError("InvalidBucketState", "Versioning must be 'Enabled' on the bucket to apply a Object Lock "
                       "configuration", 409)
    # Not by moto's own call, which still wants the bucket to be empty.
    bucket.object_lock_enabled, bucket.default_lock_mode = True, rule.get("Mode")
    bucket.default_lock_days, bucket.default_lock_years = rule.get("Days", 0), rule.get("Years", 0)
    return Reply(200)


@handles("s3", "GetObjectLockConfiguration")
def get_object_lock(call: Call) -> dict[str, Any]:
    bucket = bucket_of(call)
    if not bucket.object_lock_enabled:
        raise AwsError("ObjectLockConfigurationNotFoundError", "Object Lock configuration does not exist for this "
                       "bucket", 404, BucketName=bucket.name)
    rule = {"Mode": bucket.default_lock_mode, "Days": bucket.default_lock_days, "Years": bucket.default_lock_years}
    return {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled", **(
        {"Rule": {"DefaultRetention": {k: v for k, v in rule.items() if v}}} if rule["Mode"] else {})}}


@handles("s3", "PutBucketVersioning")
def put_versioning(call: Call) -> None:
    status = call.params["VersioningConfiguration"].get("Status")
    if bucket_of(call).object_lock_enabled and status != "Enabled":
        raise AwsError("InvalidBucketState", "An Object Lock configuration is present on this bucket, so the "
                       "versioning state cannot be changed.", 409)


@handles("s3", "PutObject")
def put_object(call: Call) -> None:
    """What is locked must be known to have arrived whole."""
    whole = any(call.request.has(name) for name in ("Content-MD5", "x-amz-sdk-checksum-algorithm")) or any(
        name.lower().startswith("x-amz-checksum-") for name, _ in call.request.headers)
    if bucket_of(call).has_default_lock and not whole:
        raise AwsError("InvalidRequest", "Content-MD5 OR x-amz-checksum- HTTP header is required for Put Object "
                       "requests with Object Lock parameters")


@handles("s3", "DeleteBucket")
def delete_bucket(call: Call) -> Reply:
    bucket = bucket_of(call)
    reply = call.forward()
    if reply.status == 204:
        call.backend().tagger.delete_all_tags_for_resource(bucket.arn)
    return reply


# -- everything else is moto's, for the owner in the right region ---------------------------------------------

@handles("s3", "PutBucketTagging", "GetBucketTagging", "DeleteBucketTagging",
         "GetBucketVersioning", "GetObject", "HeadObject", "DeleteObject",
         "DeleteObjects", "CopyObject", "ListObjects", "ListObjectVersions", "CreateMultipartUpload",
         "UploadPart", "CompleteMultipartUpload", "AbortMultipartUpload", "ListParts",
         "ListMultipartUploads", "PutObjectTagging", "GetObjectTagging", "GetBucketAcl")
def needs_bucket(call: Call) -> Reply | None:
    bucket_of(call)
    if call.operation == "PutBucketTagging":
        keys = [tag["Key"] for tag in call.params["Tagging"].get("TagSet", [])]
        if len(keys) != len(set(keys)):
            raise AwsError("InvalidTag", "Cannot provide multiple Tags with the same key")
    if call.operation == "GetBucketTagging":
        reply = call.forward()
        if reply.status == 404:
            raise AwsError("NoSuchTagSet", "The TagSet does not exist", 404,
                           BucketName=call.params["Bucket"])
        return reply
    return None
