"""Answers to questions of how things are set up: asked again before anything has changed, they are the same, and making them is
what takes the sandbox's time.  What also changes by itself (objects, queries, events, metrics) is never kept."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .messages import Reply

if TYPE_CHECKING:
    from .call import Call

KEPT = {
    "apigatewayv2": ("GetApis", "GetApi", "GetStage", "GetStages", "GetTags"),
    "athena": ("GetWorkGroup", "ListNamedQueries", "BatchGetNamedQuery", "GetNamedQuery", "ListTagsForResource"),
    "firehose": ("DescribeDeliveryStream", "ListTagsForDeliveryStream"),
    "glue": ("GetDatabase", "GetDatabases", "GetTable", "GetTables", "GetTags"),
    "iam": ("GetRole", "GetRolePolicy", "ListRolePolicies", "ListAttachedRolePolicies", "ListRoleTags",
            "GetAccountAuthorizationDetails"),
    "logs": ("DescribeLogGroups", "DescribeSubscriptionFilters", "DescribeAccountPolicies", "DescribeResourcePolicies",
             "ListTagsForResource"),
    "resourcegroupstaggingapi": ("GetResources",),
    "s3": ("GetBucketEncryption", "GetBucketLifecycleConfiguration", "GetBucketOwnershipControls", "GetBucketPolicy",
           "GetBucketTagging", "GetBucketVersioning", "GetPublicAccessBlock", "HeadBucket", "GetObjectLockConfiguration"),
    "sts": ("GetCallerIdentity",),
}
MOST = 4096


def question(call: "Call") -> tuple[str, ...] | None:
    """None: the answer is not kept."""
    world, request = call.world, call.request
    if call.operation not in KEPT.get(call.service, ()) or world.switches.authorize or world.is_settling():
        return None
    return (call.service, call.operation, call.region, call.key.access_key, request.method, request.path, request.query,
            request.body.decode("latin-1"))


@dataclass
class Answers:
    """Used below the world's lock, as everything is that changes anything."""

    kept: dict[tuple[str, ...], Reply] = field(default_factory=dict)
    changes: int = 0

    def forget(self) -> None:
        """Something was, or is about to be, changed."""
        self.kept.clear()
        self.changes += 1

    def find(self, asked: tuple[str, ...] | None) -> Reply | None:
        found = self.kept.get(asked) if asked else None
        return Reply(found.status, list(found.headers), found.body) if found else None

    def keep(self, asked: tuple[str, ...] | None, reply: Reply, changes: int) -> None:
        """What was answered after so many changes."""
        if asked and changes == self.changes and len(self.kept) < MOST:
            self.kept[asked] = Reply(reply.status, list(reply.headers), reply.body)
