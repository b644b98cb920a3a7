"""Roles and users as other services see them: may they be assumed, what may they do."""

from typing import Any

from . import moto_side, policy
from .world import World


def find(arn: str, region: str) -> Any | None:
    """moto's role with that ARN, in whatever account it names; None when there is none."""
    parts = arn.split(":")
    if len(parts) < 6 or parts[2] != "iam" or not parts[5].startswith("role/"):
        return None
    for role in moto_side.backend("iam", parts[4], region).get_roles():
        if role.arn == arn:
            return role
    return None


def assumable(world: World, arn: str, region: str, services: list[str], source_arn: str,
              account: str) -> bool:
    """Whether one of the AWS services named may assume the role now (trust policy, propagation)."""
    role = find(arn, region)
    if role is None or world.unpropagated(arn):
        return False
    context = {"sts:ExternalId": [account], "aws:SourceAccount": [account], "aws:SourceArn": [source_arn]}
    return any(policy.trusts(role.assume_role_policy_document, "Service", name, context)
               for name in services)


def policies_of(entity: Any) -> dict[str, str]:
    """Inline and attached identity policies of a role, user or group."""
    documents = dict(entity.policies)
    for managed in entity.managed_policies.values():
        documents[managed.name] = next(version.document for version in managed.versions
                                       if version.version_id == managed.default_version_id)
    return documents


def may(arn: str, region: str, action: str, resource: str) -> bool:
    role = find(arn, region)
    if role is None:
        return False
    return policy.identity(policies_of(role), action, resource, {}).decision == policy.ALLOWED


def principal_exists(arn: str, region: str) -> bool:
    """Whether a policy may name this principal (an ARN of a role or user, an account, or "*")."""
    parts = arn.split(":")
    if arn == "*" or (len(parts) == 1 and arn.isdigit() and len(arn) == 12):
        return True
    if len(parts) < 6 or parts[2] not in ("iam", "sts"):
        return False
    if parts[5] == "root" or parts[2] == "sts":
        return len(parts[4]) == 12 and parts[4].isdigit()
    iam = moto_side.backend("iam", parts[4], region)
    users = list(iam.users.values()) if hasattr(iam, "users") else []
    return any(entity.arn == arn for entity in [*iam.get_roles(), *users])
