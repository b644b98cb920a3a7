"""Answers to questions of how things are set up: asked again before anything has changed, they are the same, and making them is
what takes the sandbox's time.  What also changes by itself (objects, queries, events, metrics) is never kept.

An answer holds for as long as the services whose storage it was made from are not written to: moto_side.touching tells both."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
MOST = 16384


def question(call: "Call") -> tuple[str, ...] | None:
    """None: the answer is not kept."""
    world, request = call.world, call.request
    if call.operation not in KEPT.get(call.service, ()) or world.switches.authorize or world.is_settling():
        return None
    return (call.service, call.operation, call.region, call.key.access_key, request.method, request.path, request.query,
            request.body.decode("latin-1"))


@dataclass(frozen=True)
class Kept:
    """What was made, out of what services hold, and how many changes there had been."""

    made: Any
    services: frozenset[str]
    at: int


@dataclass
class Answers:
    """Used below the world's lock, as everything is that changes anything."""

    kept: dict[Hashable, Kept] = field(default_factory=dict)
    changes: int = 0
    all_changed: int = 0  # the last change that may have been of anything
    changed: dict[str, int] = field(default_factory=dict)  # service -> its last change

    def forget(self) -> None:
        """Something was changed, whatever it is."""
        self.kept.clear()
        self.changes += 1
        self.all_changed = self.changes

    def change(self, services: Iterable[str]) -> None:
        """What these services hold may be another thing now."""
        self.changes += 1
        self.changed.update(dict.fromkeys(services, self.changes))

    def holds(self, services: Iterable[str], at: int) -> bool:
        """Whether none of them has changed since there had been so many changes."""
        return self.all_changed <= at and all(self.changed.get(service, 0) <= at for service in services)

    def look(self, asked: Hashable) -> Kept | None:
        found = self.kept.get(asked)  # a question of None has no answer
        return found if found and self.holds(found.services, found.at) else None

    def keep(self, asked: Hashable, made: Any, services: Iterable[str], at: int) -> None:
        """What was made out of these services when there had been so many changes."""
        if self.holds(services, at):
            if len(self.kept) >= MOST:
                self.kept.clear()
            self.kept[asked] = Kept(made, frozenset(services), at)
