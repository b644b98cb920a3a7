"""What bringing up or looking at each kind of resource costs, in AWS operations."""

from collections import Counter
from typing import Any

WRITES = {  # kind -> the writes that create it as the shipped spec has it, in order
    "s3_bucket": ("CreateBucket", "PutPublicAccessBlock", "PutBucketPolicy",
                  "PutBucketLifecycleConfiguration", "PutBucketTagging"),
    "iam_role": ("CreateRole", "PutRolePolicy"),
    "log_group": ("CreateLogGroup", "PutRetentionPolicy"),
    "log_stream": ("CreateLogStream",),
    "delivery_stream": ("CreateDeliveryStream",),
    "subscription_filter": ("PutSubscriptionFilter",),
    "log_resource_policy": ("PutResourcePolicy",),
    "stage_logging": ("UpdateStage",),
    "workgroup": ("CreateWorkGroup",),
    "named_query": ("CreateNamedQuery",),
    "glue_database": ("CreateDatabase",),
    "glue_table": ("CreateTable",),
    "athena_view": ("CreateTable",),
}
READS = {  # kind -> one read per document
    "s3_bucket": ("HeadBucket", "GetPublicAccessBlock", "GetBucketOwnershipControls", "GetBucketEncryption",
                  "GetBucketPolicy", "GetBucketLifecycleConfiguration", "GetBucketTagging"),
    "iam_role": ("GetRole", "GetRolePolicy", "ListAttachedRolePolicies", "ListRolePolicies"),
    "log_group": ("DescribeLogGroups", "ListTagsForResource", "DescribeAccountPolicies"),
    "log_stream": ("DescribeLogStreams",),
    "delivery_stream": ("DescribeDeliveryStream", "ListTagsForDeliveryStream"),
    "subscription_filter": ("DescribeSubscriptionFilters", "DescribeAccountPolicies"),
    "log_resource_policy": ("DescribeResourcePolicies",),
    "stage_logging": ("GetApis", "GetStage"),
    "workgroup": ("GetWorkGroup", "ListTagsForResource"),
    "named_query": ("ListNamedQueries", "BatchGetNamedQuery"),
    "glue_database": ("GetDatabase",),
    "glue_table": ("GetTable",),
    "athena_view": ("GetTable",),
}
# Asked once for all resources of a region. Account-wide policies are three questions more: each sort of policy that masks,
# rewrites or forwards events is asked for by itself.
SHARED = {"DescribeResourcePolicies": 1, "GetApis": 1, "ListNamedQueries": 1, "BatchGetNamedQuery": 1,
          "DescribeAccountPolicies": 3}
SERVICE = {"s3_bucket": "s3", "iam_role": "iam", "log_group": "logs", "log_stream": "logs",
           "delivery_stream": "firehose", "subscription_filter": "logs", "log_resource_policy": "logs",
           "stage_logging": "apigatewayv2", "workgroup": "athena", "named_query": "athena",
           "glue_database": "glue", "glue_table": "glue", "athena_view": "glue"}


def writes_of(resources: dict[str, Any]) -> dict[str, set[str]]:
    """Operation -> the resources whose creation needs it."""
    found: dict[str, set[str]] = {}
    for name, wanted in resources.items():
        for operation in WRITES[wanted["kind"]]:
            found.setdefault(operation, set()).add(name)
    return found


def reads_of(resources: dict[str, Any]) -> Counter[str]:
    """How often a look at all of them makes each read."""
    found = Counter(operation for wanted in resources.values() for operation in READS[wanted["kind"]])
    return Counter({operation: SHARED.get(operation, n) for operation, n in found.items()})


def service_of(resources: dict[str, Any], operation: str) -> str:
    return next(SERVICE[w["kind"]] for w in resources.values()
                if operation in WRITES[w["kind"]] + READS[w["kind"]])
