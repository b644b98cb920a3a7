"""S3 buckets as AWS has them today: owners, regions, defaults, absent codes, lifecycle, policies."""

import json
from typing import Any

import pytest

from .conftest import trust
from .control import ACCOUNT, REGION, Sandbox

BUCKET = "sandbox-bucket"
HERE = {"LocationConstraint": REGION}
OWNER = {"Bucket": BUCKET, "ExpectedBucketOwner": ACCOUNT}


@pytest.fixture
def s3(sandbox: Sandbox) -> Any:
    client = sandbox.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=HERE)
    return client


def test_head(s3: Any, sandbox: Sandbox, refused: Any) -> None:
    assert s3.head_bucket(**OWNER)["BucketRegion"] == REGION
    with refused("404", status=404):
        s3.head_bucket(Bucket="no-such-bucket")
    sandbox.foreign_bucket("foreign-bucket")
    with refused("403", status=403):
        s3.head_bucket(Bucket="foreign-bucket")


def test_expected_owner(s3: Any, refused: Any) -> None:
    with refused("403", status=403):
        s3.head_bucket(Bucket=BUCKET, ExpectedBucketOwner="111122223333")
    with refused("AccessDenied", status=403):
        s3.get_bucket_tagging(Bucket=BUCKET, ExpectedBucketOwner="111122223333")


def test_create(s3: Any, sandbox: Sandbox, refused: Any) -> None:
    with refused("BucketAlreadyOwnedByYou", status=409):
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=HERE)
    sandbox.foreign_bucket("foreign-bucket")
    with refused("BucketAlreadyExists", status=409):
        s3.create_bucket(Bucket="foreign-bucket", CreateBucketConfiguration=HERE)
    with refused("IllegalLocationConstraintException"):
        s3.create_bucket(Bucket="other-bucket")
    with refused("InvalidBucketName"):
        s3.create_bucket(Bucket="Other-Bucket", CreateBucketConfiguration=HERE)
    east = sandbox.client("s3", region="us-east-1")
    east.create_bucket(Bucket="east-bucket")
    east.create_bucket(Bucket="east-bucket")
    assert east.get_bucket_location(Bucket="east-bucket")["LocationConstraint"] is None


def test_region(s3: Any, sandbox: Sandbox, wire: Any) -> None:
    status, headers, text = wire.rest("s3", "GET", f"/{BUCKET}?policy", region="eu-west-1")
    assert status == 301 and headers["x-amz-bucket-region"] == REGION
    assert "<Code>PermanentRedirect</Code>" in text
    status, headers, text = wire.rest("s3", "GET", f"/{BUCKET}?policy", region="us-east-1")
    assert status == 400 and f"<Region>{REGION}</Region>" in text
    status, headers, text = wire.rest("s3", "HEAD", f"/{BUCKET}", region="eu-west-1")
    assert status == 301 and headers["x-amz-bucket-region"] == REGION and text == ""
    # boto3 follows on its own, as it does with AWS.
    assert sandbox.client("s3", region="eu-west-1").get_bucket_location(Bucket=BUCKET)


def test_defaults_of_a_new_bucket(s3: Any) -> None:
    assert all(s3.get_public_access_block(**OWNER)["PublicAccessBlockConfiguration"].values())
    assert s3.get_bucket_ownership_controls(**OWNER)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "BucketOwnerEnforced"}]
    rule = s3.get_bucket_encryption(**OWNER)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}


@pytest.mark.parametrize("operation,code", [
    ("get_bucket_policy", "NoSuchBucketPolicy"), ("get_bucket_tagging", "NoSuchTagSet"),
    ("get_bucket_lifecycle_configuration", "NoSuchLifecycleConfiguration")])
def test_absent(s3: Any, refused: Any, operation: str, code: str) -> None:
    with refused(code, status=404):
        getattr(s3, operation)(**OWNER)
    with refused("NoSuchBucket", status=404):
        getattr(s3, operation)(Bucket="no-such-bucket")


def test_absent_after_delete(s3: Any, refused: Any) -> None:
    s3.delete_public_access_block(**OWNER)
    with refused("NoSuchPublicAccessBlockConfiguration", status=404):
        s3.get_public_access_block(**OWNER)
    s3.delete_bucket_ownership_controls(**OWNER)
    with refused("OwnershipControlsNotFoundError", status=404):
        s3.get_bucket_ownership_controls(**OWNER)
    s3.delete_bucket_encryption(**OWNER)
    assert s3.get_bucket_encryption(**OWNER), "AWS encrypts every bucket"


def test_documents_are_replaced(s3: Any) -> None:
    s3.put_public_access_block(PublicAccessBlockConfiguration={"BlockPublicAcls": True}, **OWNER)
    assert s3.get_public_access_block(**OWNER)["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True, "IgnorePublicAcls": False, "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False}
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(ServerSideEncryptionConfiguration={"Rules": [rule]}, **OWNER)
    kept = s3.get_bucket_encryption(**OWNER)["ServerSideEncryptionConfiguration"]["Rules"][0]
    assert {k: kept[k] for k in rule} == rule
    s3.put_bucket_ownership_controls(
        OwnershipControls={"Rules": [{"ObjectOwnership": "ObjectWriter"}]}, **OWNER)
    assert s3.get_bucket_ownership_controls(**OWNER)["OwnershipControls"]["Rules"] == [
        {"ObjectOwnership": "ObjectWriter"}]
    for value in ("1", "2"):
        s3.put_bucket_tagging(Tagging={"TagSet": [{"Key": "k" + value, "Value": value}]}, **OWNER)
    assert s3.get_bucket_tagging(**OWNER)["TagSet"] == [{"Key": "k2", "Value": "2"}]


def put_rules(s3: Any, *rules: Any, **more: Any) -> None:
    s3.put_bucket_lifecycle_configuration(LifecycleConfiguration={"Rules": list(rules)}, **OWNER, **more)


def rule(**changes: Any) -> dict[str, Any]:
    base = {"ID": "a", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 30}}
    return {k: v for k, v in {**base, **changes}.items() if v is not None}


def test_lifecycle_is_kept(s3: Any) -> None:
    rules = [rule(Transitions=[{"Days": 1, "StorageClass": "GLACIER_IR"}]),
             rule(ID="b", Filter={"And": {"Prefix": "", "Tags": [{"Key": "k", "Value": "v"}]}},
                  Expiration=None, AbortIncompleteMultipartUpload={"DaysAfterInitiation": 7}),
             rule(ID="c", Filter={"Prefix": ""}, Status="Disabled")]
    put_rules(s3, *rules)
    found = s3.get_bucket_lifecycle_configuration(**OWNER)
    assert found["Rules"] == rules
    assert found["TransitionDefaultMinimumObjectSize"] == "all_storage_classes_128K"
    put_rules(s3, *rules, TransitionDefaultMinimumObjectSize="varies_by_storage_class")
    assert s3.get_bucket_lifecycle_configuration(**OWNER)[
        "TransitionDefaultMinimumObjectSize"] == "varies_by_storage_class"


@pytest.mark.parametrize("changes,code", [
    ({"Filter": None}, "MalformedXML"), ({"Status": "On"}, "MalformedXML"),
    ({"Expiration": None}, "InvalidRequest"), ({"Expiration": {"Days": 0}}, "InvalidArgument"),
    ({"Expiration": {"Days": 1}, "Transitions": [{"Days": 1, "StorageClass": "GLACIER_IR"}]},
     "InvalidArgument"),
    ({"Transitions": [{"Days": 1, "StorageClass": "COLD"}]}, "MalformedXML")])
def test_lifecycle_refusals(s3: Any, refused: Any, changes: Any, code: str) -> None:
    with refused(code):
        put_rules(s3, rule(**changes))


def test_lifecycle_ids_are_unique(s3: Any, refused: Any) -> None:
    with refused("InvalidArgument", "unique"):
        put_rules(s3, rule(), rule())


def statement(principal: Any, **changes: Any) -> str:
    base = {"Sid": "a", "Effect": "Deny", "Principal": principal, "Action": "s3:*",
            "Resource": [f"arn:aws:s3:::{BUCKET}", f"arn:aws:s3:::{BUCKET}/*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [{**base, **changes}]})


def test_policy(s3: Any, sandbox: Sandbox, refused: Any) -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/role"
    with refused("MalformedPolicy", "Invalid principal in policy"):
        s3.put_bucket_policy(Policy=statement({"AWS": role}), **OWNER)
    iam = sandbox.client("iam")
    service = trust({"Service": "firehose.amazonaws.com"})
    identifier = iam.create_role(RoleName="role", AssumeRolePolicyDocument=service)["Role"]["RoleId"]
    s3.put_bucket_policy(Policy=statement({"AWS": role}), **OWNER)
    assert s3.get_bucket_policy(**OWNER)["Policy"] == statement({"AWS": role})
    iam.delete_role(RoleName="role")
    iam.create_role(RoleName="role", AssumeRolePolicyDocument=service)
    assert s3.get_bucket_policy(**OWNER)["Policy"] == statement({"AWS": identifier})


def test_policy_principal_needs_time(s3: Any, sandbox: Sandbox, refused: Any) -> None:
    sandbox.switches(iam_propagation_calls=1)
    sandbox.client("iam").create_role(RoleName="role", AssumeRolePolicyDocument=trust(
        {"Service": "firehose.amazonaws.com"}))
    policy = statement({"AWS": f"arn:aws:iam::{ACCOUNT}:role/role"})
    with refused("MalformedPolicy", "Invalid principal in policy"):
        s3.put_bucket_policy(Policy=policy, **OWNER)
    s3.put_bucket_policy(Policy=policy, **OWNER)


@pytest.mark.parametrize("policy,code", [
    ("{}", "MalformedPolicy"), ("nonsense", "MalformedPolicy"),
    (statement("*", Resource="arn:aws:s3:::other"), "MalformedPolicy"),
    (statement("*", Effect="Allow"), "AccessDenied")])
def test_policy_refusals(s3: Any, refused: Any, policy: str, code: str) -> None:
    with refused(code):
        s3.put_bucket_policy(Policy=policy, **OWNER)


def test_eventual_reads(sandbox: Sandbox, refused: Any) -> None:
    s3 = sandbox.client("s3")
    sandbox.switches(eventual_reads=1)
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=HERE)
    with refused("404"):
        s3.head_bucket(**OWNER)
    s3.head_bucket(**OWNER)


def test_objects_and_pages(s3: Any, sandbox: Sandbox) -> None:
    for key in ("a/1", "a/b c+%.txt", "b/3"):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"body")
    assert s3.get_object(Bucket=BUCKET, Key="a/b c+%.txt")["Body"].read() == b"body"
    sandbox.switches(page_size=1)
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix="a/"))
    assert [[o["Key"] for o in page["Contents"]] for page in pages] == [["a/1"], ["a/b c+%.txt"]]
    assert sandbox.violations() == []


def walk(s3: Any, **params: Any) -> tuple[list[str], list[str], int]:
    """All keys, all folders, and how many pages they came in."""
    pages = list(s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, **params))
    return ([o["Key"] for page in pages for o in page.get("Contents", [])],
            [f["Prefix"] for page in pages for f in page.get("CommonPrefixes", [])], len(pages))


@pytest.mark.parametrize("size", [0, 1, 2, 3])
def test_lists_by_prefix_folder_and_start(s3: Any, sandbox: Sandbox, size: int) -> None:
    keys = ["a", "a/", "a/1", "a/2/x", "a/2/y", "a/3 +%é", "b/1", "b/2/z", "c"]
    for key in reversed(keys):
        s3.put_object(Bucket=BUCKET, Key=key, Body=b"x")
    sandbox.switches(page_size=size)
    items, folders, pages = walk(s3)
    assert (items, folders) == (keys, []) and pages == (-(-len(keys) // size) if size else 1)
    assert walk(s3, Delimiter="/")[:2] == (["a", "c"], ["a/", "b/"])
    assert walk(s3, Prefix="a/", Delimiter="/")[:2] == (["a/", "a/1", "a/3 +%é"], ["a/2/"])
    assert walk(s3, StartAfter="a/2/x")[0] == keys[4:]
    assert walk(s3, Prefix="a/", StartAfter="a/1")[0] == keys[3:6]
    assert walk(s3, Prefix="a/", StartAfter="a/")[0] == keys[2:6]
    assert walk(s3, Prefix="nothing")[:2] == ([], [])
    assert sandbox.violations() == [] and sandbox.bugs() == []


def test_a_listed_object_is_told_as_it_is(s3: Any, refused: Any) -> None:
    put = s3.put_object(Bucket=BUCKET, Key="k", Body=b"body")
    page = s3.list_objects_v2(Bucket=BUCKET, MaxKeys=1)
    head = s3.head_object(Bucket=BUCKET, Key="k")
    entry = page["Contents"][0]
    assert (entry["ETag"], entry["Size"], entry["LastModified"]) == (put["ETag"], 4, head["LastModified"])
    assert (page["KeyCount"], page["MaxKeys"], page["IsTruncated"]) == (1, 1, False)
    with refused("InvalidArgument"):
        s3.list_objects_v2(Bucket=BUCKET, ContinuationToken="?")


def test_two_forms_of_rules_do_not_mix(s3: Any, refused: Any) -> None:
    old = {"ID": "old", "Status": "Enabled", "Prefix": "a/", "Expiration": {"Days": 3}}
    new = {"ID": "new", "Status": "Enabled", "Filter": {"Prefix": "b/"}, "Expiration": {"Days": 3}}
    put_rules(s3, old, {**old, "ID": "older"})
    with refused("InvalidRequest", "Base level prefix cannot be used in Lifecycle V2"):
        put_rules(s3, old, new)
    assert [rule["ID"] for rule in s3.get_bucket_lifecycle_configuration(**OWNER)["Rules"]] == ["old", "older"]
