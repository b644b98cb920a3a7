"""With the switch `authorize`: holds calls to the IAM policies of who signed them.

The actions and resources are those of AWS's service authorization reference, written down here apart
from the client's own table, so that its `iam-policy` can be tried out.
"""

from collections.abc import Callable
from typing import Any

from . import moto_side, policy, roles
from .call import Call
from .errors import AwsError

# An action, and spellings of the resource of which one must be allowed; none: on any resource.
Need = tuple[str, list[str]]

S3_ACTIONS = {
    "HeadBucket": "ListBucket", "ListObjectsV2": "ListBucket", "ListObjects": "ListBucket",
    "ListBuckets": "ListAllMyBuckets", "HeadObject": "GetObject",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
    "GetBucketEncryption": "GetEncryptionConfiguration", "PutBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration", "DeleteBucketTagging": "PutBucketTagging"}
TAG_ON_CREATE = {("cloudwatch", "PutMetricAlarm"): "cloudwatch:TagResource",
                 ("sns", "CreateTopic"): "sns:TagResource",
                 ("iam", "CreateRole"): "iam:TagRole",
                 ("firehose", "CreateDeliveryStream"): "firehose:TagDeliveryStream",
                 ("logs", "CreateLogGroup"): "logs:TagResource",
                 ("athena", "CreateWorkGroup"): "athena:TagResource",
                 ("glue", "CreateDatabase"): "glue:TagResource"}
LOG_DELIVERY = ("logs:CreateLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
                "logs:GetLogDelivery", "logs:ListLogDeliveries", "logs:PutResourcePolicy",
                "logs:DescribeResourcePolicies", "logs:DescribeLogGroups")


def _s3(call: Call) -> list[Need]:
    action = "s3:" + S3_ACTIONS.get(call.operation, call.operation.removesuffix("V2"))
    if call.operation == "ListBuckets":
        return [(action, ["*"])]
    arn = f"arn:{call.partition}:s3:::{call.params['Bucket']}"
    needs = [(action, [arn + "/" + call.params["Key"] if "Key" in call.params else arn])]
    needs += _object_keys(call)
    if call.operation == "CreateBucket" and "ObjectOwnership" in call.params:
        needs.append(("s3:PutBucketOwnershipControls", [arn]))
    return needs


# What S3 asks KMS for in the caller's name ("Using server-side encryption with KMS keys", S3 user guide).
OBJECT_KEYS = {"PutObject": "kms:GenerateDataKey", "CreateMultipartUpload": "kms:GenerateDataKey",
               "GetObject": "kms:Decrypt", "UploadPart": "kms:Decrypt", "CompleteMultipartUpload": "kms:Decrypt"}


def _key_of(call: Call, name: str) -> str | None:
    """The key that a bucket's objects are encrypted with; None where nobody needs a permission for it."""
    bucket = moto_side.backend("s3", call.account, "aws").buckets.get(name)
    rules = (bucket.__dict__.get("sandbox", {}).get("encryption") or {}).get("Rules", [{}]) if bucket else [{}]
    default = rules[0].get("ApplyServerSideEncryptionByDefault", {})
    key = default.get("KMSMasterKeyID", "alias/aws/s3")
    return None if not default.get("SSEAlgorithm", "").startswith("aws:kms") or "alias/aws/" in key else str(key)


def _object_keys(call: Call) -> list[Need]:
    key = _key_of(call, call.params["Bucket"]) if call.operation in OBJECT_KEYS else None
    return [(OBJECT_KEYS[call.operation], [key])] if key else []


def _query_keys(call: Call) -> list[Need]:
    """Athena writes results, and reads them back, in the caller's name."""
    group = call.backend().work_groups.get(call.params.get("WorkGroup", "primary"))
    place = (group.configuration if group else {}).get("ResultConfiguration", {}).get("OutputLocation", "")
    key = _key_of(call, place.removeprefix("s3://").split("/")[0])
    return [(action, [key]) for action in ("kms:GenerateDataKey", "kms:Decrypt")] if key else []


def _iam(call: Call) -> list[Need]:
    action, head = f"iam:{call.operation}", f"arn:{call.partition}:iam::{call.account}:"
    if "PolicySourceArn" in call.params:
        return [(action, [call.params["PolicySourceArn"]])]
    if "RoleName" not in call.params:
        return [(action, ["*"])]
    name = call.params["RoleName"]
    found = [role.arn for role in call.backend().get_roles() if role.name == name]
    return [(action, found or [f"{head}role{call.params.get('Path', '/')}{name}"])]


def _sts(call: Call) -> list[Need]:
    return [("sts:AssumeRole", [call.params["RoleArn"]])] if call.operation == "AssumeRole" else []


def _firehose(call: Call) -> list[Need]:
    name = call.params.get("DeliveryStreamName")
    head = f"arn:{call.partition}:firehose:{call.region}:{call.account}:deliverystream/"
    return [(f"firehose:{call.operation}", [head + name if name else "*"])]


def _logs(call: Call) -> list[Need]:
    action, p = f"logs:{call.operation}", call.params
    head = f"arn:{call.partition}:logs:{call.region}:{call.account}:log-group:"
    if call.operation in ("DescribeResourcePolicies", "PutResourcePolicy", "DeleteResourcePolicy",
                          "DescribeAccountPolicies", "PutAccountPolicy", "DeleteAccountPolicy"):
        return [(action, ["*"])]
    if call.operation == "DescribeLogGroups":
        return [(action, [head + ":log-stream:"])]
    if "resourceArn" in p:
        return [(action, [p["resourceArn"], p["resourceArn"] + ":*"])]
    name = p.get("logGroupName") or p["logGroupIdentifier"].split(":log-group:")[-1].removesuffix(":*")
    group = [head + name, head + name + ":*", head + name + ":log-stream:"]
    if "logStreamName" in p:
        stream = f"{head}{name}:log-stream:{p['logStreamName']}"
        return [(action, [stream] if call.operation == "PutLogEvents" else [stream, *group])]
    return [(action, group)]


def _apigateway(call: Call) -> list[Need]:
    path = call.request.path.removeprefix("/v2").replace("%24", "$")
    needs: list[Need] = [(f"apigateway:{call.request.method}",
                          [f"arn:{call.partition}:apigateway:{call.region}::{path}"])]
    if "AccessLogSettings" in call.params or call.operation == "DeleteAccessLogSettings":
        needs += [(action, ["*"]) for action in LOG_DELIVERY]
    return needs


def _athena(call: Call) -> list[Need]:
    action, p = f"athena:{call.operation}", call.params
    head = f"arn:{call.partition}:athena:{call.region}:{call.account}:workgroup/"
    if call.operation == "ListWorkGroups":
        return [(action, ["*"])]
    if "ResourceARN" in p:
        return [(action, [p["ResourceARN"]])]
    queries = call.backend().named_queries
    wanted = [i for i in p.get("NamedQueryIds", [p.get("NamedQueryId")]) if i in queries]
    if wanted:
        return [(action, [head + queries[i].workgroup.name]) for i in wanted]
    runs = call.world.data.queries.executions
    ids = [i for i in p.get("QueryExecutionIds", [p.get("QueryExecutionId")]) if i in runs]
    if ids:
        return [(action, [head + runs[i].group]) for i in ids]
    group = p.get("WorkGroup") or (p["Name"] if call.operation == "CreateWorkGroup" else "primary")
    keys = _query_keys(call) if call.operation == "StartQueryExecution" else []
    return [(action, [head + group]), *keys]


def _glue(call: Call) -> list[Need]:
    action, p = f"glue:{call.operation}", call.params
    head = f"arn:{call.partition}:glue:{call.region}:{call.account}:"
    if "ResourceArn" in p:
        return [(action, [p["ResourceArn"]])]
    is_database = call.operation.endswith(("Database", "Databases"))
    database = p.get("DatabaseName") or p.get("DatabaseInput", {}).get("Name") or (
        p.get("Name") if is_database else None)
    table = p.get("TableName") or p.get("TableInput", {}).get("Name") or (
        None if is_database else p.get("Name"))
    needs: list[Need] = [(action, [head + "catalog"])]
    if database:
        needs.append((action, [f"{head}database/{database.lower()}"]))
    if table:
        needs.append((action, [f"{head}table/{database.lower()}/{table.lower()}"]))
    elif call.operation == "GetTables":
        needs.append((action, [f"{head}table/{database.lower()}/*"]))
    return needs


def _cloudwatch(call: Call) -> list[Need]:
    """Alarms have ARNs, metrics do not."""
    action, head = f"cloudwatch:{call.operation}", f"arn:{call.partition}:cloudwatch:{call.region}:{call.account}:"
    if call.operation == "DescribeAlarms":
        return [(action, [f"{head}alarm:*"])]
    if "ResourceARN" in call.params:
        return [(action, [call.params["ResourceARN"]])]
    names = call.params.get("AlarmNames") or [call.params.get("AlarmName")]
    return [(action, [f"{head}alarm:{name}" if name else "*"]) for name in names]


def _sns(call: Call) -> list[Need]:
    p, head = call.params, f"arn:{call.partition}:sns:{call.region}:{call.account}:"
    return [(f"sns:{call.operation}", [p.get("TopicArn") or p.get("ResourceArn") or head + p.get("Name", "*")])]


def whatever_resource(call: Call) -> list[Need]:
    """Of a service without a line in NEEDS: the action, on what its ARNs name, else on anything at all."""
    arns = [v for v in call.params.values() if isinstance(v, str) and v.startswith("arn:")
            and v.split(":")[2] == call.service]
    return [(f"{call.service}:{call.operation}", arns)]


NEEDS: dict[str, Callable[[Call], list[Need]]] = {
    "s3": _s3, "iam": _iam, "sts": _sts, "firehose": _firehose, "logs": _logs,
    "apigatewayv2": _apigateway, "athena": _athena, "glue": _glue,
    "cloudwatch": _cloudwatch, "sns": _sns,
    "resourcegroupstaggingapi": lambda call: [(f"tag:{call.operation}", ["*"])]}


def _passed(call: Call) -> list[tuple[str, list[str]]]:
    """Roles the call hands to a service, and the service's names."""
    p = call.params
    if call.service == "firehose":
        configs = [p.get("ExtendedS3DestinationConfiguration"), p.get("ExtendedS3DestinationUpdate"),
                   p.get("S3DestinationConfiguration"), p.get("S3DestinationUpdate")]
        return [(c["RoleARN"], ["firehose.amazonaws.com"]) for c in configs if c and "RoleARN" in c]
    if call.operation == "PutSubscriptionFilter" and "roleArn" in p:
        return [(p["roleArn"], ["logs.amazonaws.com", f"logs.{call.region}.amazonaws.com"])]
    return []


def _policies(call: Call) -> dict[str, str] | None:
    """Identity policies of the caller; None for a root user, who may do all."""
    kind, _, name = call.key.arn.split(":", 5)[5].partition("/")
    if kind == "root":
        return None
    iam = moto_side.backend("iam", call.account, call.region)
    name = name.split("/")[0] if kind == "assumed-role" else name.split("/")[-1]
    entities: list[Any] = [r for r in iam.get_roles() if r.name == name] if kind == "assumed-role" else [
        u for u in iam.users.values() if u.name == name]
    return roles.policies_of(entities[0]) if entities else {}


def _headers(call: Call) -> dict[str, list[str]]:
    return {f"s3:{key}": [call.params[name]] for key, name in (("if-none-match", "IfNoneMatch"), ("if-match", "IfMatch"))
            if call.service == "s3" and name in call.params}


def _boundary(call: Call) -> dict[str, list[str]]:
    """Of IAM's calls about a role: the boundary that is asked for, else the one that the role has."""
    asked = call.params.get("PermissionsBoundary")
    if call.service != "iam" or "RoleName" not in call.params:
        return {}
    has = [role.permissions_boundary_arn for role in call.backend().get_roles()
           if role.name == call.params["RoleName"] and role.permissions_boundary_arn]
    return {"iam:PermissionsBoundary": [asked] if asked else has} if asked or has else {}


def check(call: Call) -> None:
    """Raises the service's AccessDenied when a policy of the caller does not allow all that is needed."""
    documents = _policies(call)
    if documents is None:
        return
    context = {"aws:RequestedRegion": [call.region], "aws:PrincipalAccount": [call.account],
               "aws:ResourceAccount": [call.account], "aws:SecureTransport": ["true"],
               **_headers(call), **_boundary(call)}
    needs = NEEDS.get(call.service, whatever_resource)(call)
    tagging = TAG_ON_CREATE.get((call.service, call.operation))
    if tagging and (call.params.get("Tags") or call.params.get("tags")):
        needs.append((tagging, needs[-1][1]))
    for action, spellings in needs:
        spellings = spellings or policy.resources(documents)
        if not any(policy.identity(documents, action, resource, context).decision == policy.ALLOWED
                   for resource in spellings):
            raise denied(call, action, (spellings or ["*"])[0])
    for role, services in _passed(call):
        if not any(policy.identity(documents, "iam:PassRole", role, {**context, "iam:PassedToService": [s]})
                   .decision == policy.ALLOWED for s in services):
            raise denied(call, "iam:PassRole", role)


def denied(call: Call, action: str, resource: str) -> AwsError:
    if call.service == "apigatewayv2" and action.startswith("logs:"):
        return AwsError("BadRequestException", "Insufficient permissions to enable logging")
    text = (f"User: {call.key.arn} is not authorized to perform: {action} on resource: {resource} because no "
            f"identity-based policy allows the {action} action")
    if call.service in ("s3", "iam", "sts"):
        return AwsError("AccessDenied", text, 403)
    return AwsError("AccessDeniedException", text, 403 if call.service == "apigatewayv2" else 400)
