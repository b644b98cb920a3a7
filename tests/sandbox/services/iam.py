"""IAM: roles that need time to be known, policies checked for principals, SimulatePrincipalPolicy."""

import json
import re
from typing import Any
from urllib.parse import quote

from .. import moto_side, policy, roles
from ..call import Call, handles
from ..errors import AwsError
from ..messages import Reply

# Characters without white space: of a trust policy, of all inline policies of a role and of a user, of a managed one.
TRUST_LIMIT, INLINE_LIMIT, USER_LIMIT, MANAGED_LIMIT = 2048, 10240, 2048, 6144


def no_entity(message: str) -> AwsError:
    return AwsError("NoSuchEntity", message, 404)


def role_of(call: Call) -> Any:
    name = call.params["RoleName"]
    for role in call.backend().get_roles():
        if role.name == name:
            if policy_read(call) and call.world.hidden(f"role:{call.account}:{name}"):
                break
            return role
    raise no_entity(f"The role with name {name} cannot be found.")


def policy_read(call: Call) -> bool:
    return call.operation.startswith(("Get", "List"))


def malformed(message: str) -> AwsError:
    return AwsError("MalformedPolicyDocument", message)


def counted(document: str) -> int:
    return len(re.sub(r"\s", "", document))


def check_permissions(document: str) -> None:
    for statement in checked_statements(document):
        if "Principal" in statement:
            raise malformed("Policy document should not specify a principal.")
        if not {"Resource", "NotResource"} & set(statement):
            raise malformed("Policy statement must contain resources.")


def check_trust(call: Call, document: str) -> None:
    """Form, size, and principals that exist and are known by now."""
    if counted(document) > TRUST_LIMIT:
        raise AwsError("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048", 409)
    for statement in checked_statements(document):
        if "Resource" in statement or "Principal" not in statement:
            raise malformed("Has prohibited field Resource" if "Resource" in statement
                            else "AssumeRolepolicy must contain Principal")
        principal = statement["Principal"]
        for arn in policy.listed(principal.get("AWS", [])) if isinstance(principal, dict) else []:
            if not roles.principal_exists(arn, call.region) or call.world.unpropagated(arn):
                raise malformed(f'Invalid principal in policy: "AWS":"{arn}"')


def checked_statements(document: str) -> list[dict[str, Any]]:
    try:
        value = json.loads(document)
        statements = policy.listed(value["Statement"])
    except (ValueError, KeyError, TypeError):
        raise malformed("Syntax errors in policy.") from None
    for statement in statements:
        if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
            raise malformed("Syntax errors in policy.")
        if not {"Action", "NotAction"} & set(statement):
            raise malformed("Policy statement must contain actions.")
    return statements


@handles("iam", "CreateRole")
def create_role(call: Call) -> Reply | dict[str, Any]:
    check_trust(call, call.params["AssumeRolePolicyDocument"])
    name = call.params["RoleName"]
    if any(role.name == name for role in call.backend().get_roles()):
        raise AwsError("EntityAlreadyExists", f"Role with name {name} already exists.", 409)
    reply = call.forward()
    if reply.status >= 300:
        return reply
    path = call.params.get("Path", "/")
    call.world.born(f"role:{call.account}:{name}")
    call.world.born(f"arn:{call.partition}:iam::{call.account}:role{path}{name}")
    role = next(role for role in call.backend().get_roles() if role.name == name)
    return {"Role": shown(role)}


@handles("iam", "UpdateAssumeRolePolicy")
def update_assume_role_policy(call: Call) -> dict[str, Any]:
    role = role_of(call)
    check_trust(call, call.params["PolicyDocument"])
    role.assume_role_policy_document = call.params["PolicyDocument"]
    return {}


@handles("iam", "PutRolePolicy")
def put_role_policy(call: Call) -> dict[str, Any]:
    role, document = role_of(call), call.params["PolicyDocument"]
    check_permissions(document)
    others = [text for name, text in role.policies.items() if name != call.params["PolicyName"]]
    if sum(map(counted, [*others, document])) > INLINE_LIMIT:
        raise AwsError("LimitExceeded", f"Maximum policy size of {INLINE_LIMIT} bytes exceeded for role "
                       f"{role.name}", 409)
    role.put_policy(call.params["PolicyName"], document)
    return {}


@handles("iam", "PutUserPolicy")
def put_user_policy(call: Call) -> Reply | dict[str, Any]:
    name, document = call.params["UserName"], call.params["PolicyDocument"]
    check_permissions(document)
    user = call.backend().users.get(name)
    others = [text for key, text in (user.policies if user else {}).items() if key != call.params["PolicyName"]]
    if sum(map(counted, [*others, document])) > USER_LIMIT:
        raise AwsError("LimitExceeded", f"Maximum policy size of {USER_LIMIT} bytes exceeded for user {name}", 409)
    return call.forward()


@handles("iam", "CreatePolicy", "CreatePolicyVersion")
def create_policy(call: Call) -> Reply | dict[str, Any]:
    check_permissions(call.params["PolicyDocument"])
    if counted(call.params["PolicyDocument"]) > MANAGED_LIMIT:
        raise AwsError("LimitExceeded", f"Cannot exceed quota for PolicySize: {MANAGED_LIMIT}", 409)
    return call.forward()


@handles("iam", "UpdateRole")
def update_role(call: Call) -> dict[str, Any]:
    """An absent member keeps its value; moto would clear it."""
    role = role_of(call)
    if "Description" in call.params:
        role.description = call.params["Description"]
    if "MaxSessionDuration" in call.params:
        role.max_session_duration = call.params["MaxSessionDuration"]
    return {}


def shown(role: Any) -> dict[str, Any]:
    result = {"Path": role.path, "RoleName": role.name, "RoleId": role.id, "Arn": role.arn,
              "CreateDate": role.create_date.replace(microsecond=0),
              "AssumeRolePolicyDocument": quote(role.assume_role_policy_document, safe="-_.~"),
              "MaxSessionDuration": int(role.max_session_duration or 3600), "RoleLastUsed": {}}
    if role.description:
        result["Description"] = role.description
    if role.permissions_boundary:
        result["PermissionsBoundary"] = role.permissions_boundary
    tags = sorted_tags(role)
    if tags:
        result["Tags"] = tags
    return result


def sorted_tags(role: Any) -> list[dict[str, str]]:
    tags = role.tags if isinstance(role.tags, list) else list((role.tags or {}).values())
    return [{"Key": t["Key"], "Value": t["Value"]} for t in tags]


@handles("iam", "GetRole")
def get_role(call: Call) -> dict[str, Any]:
    return {"Role": shown(role_of(call))}


@handles("iam", "GetRolePolicy")
def get_role_policy(call: Call) -> dict[str, Any]:
    role, name = role_of(call), call.params["PolicyName"]
    if name not in role.policies:
        raise no_entity(f"The role policy with name {name} cannot be found.")
    return {"RoleName": role.name, "PolicyName": name,
            "PolicyDocument": quote(role.policies[name], safe="-_.~")}


def paged(call: Call, member: str, items: list[Any]) -> dict[str, Any]:
    page, more = call.page(items, call.params.get("Marker"), call.params.get("MaxItems"), 100,
                           "ValidationError")
    return {member: page, "IsTruncated": more is not None, **({"Marker": more} if more else {})}


@handles("iam", "ListRolePolicies")
def list_role_policies(call: Call) -> dict[str, Any]:
    return paged(call, "PolicyNames", sorted(role_of(call).policies))


@handles("iam", "ListAttachedRolePolicies")
def list_attached_role_policies(call: Call) -> dict[str, Any]:
    return paged(call, "AttachedPolicies", role_of(call).attached_managed_policies)


def detailed(role: Any) -> dict[str, Any]:
    """RoleDetail has all that a role is attached to, and neither description nor longest session."""
    found = {key: value for key, value in shown(role).items() if key not in ("Description", "MaxSessionDuration")}
    policies = [{"PolicyName": name, "PolicyDocument": quote(role.policies[name], safe="-_.~")} for name in sorted(role.policies)]
    return {**found, "InstanceProfileList": [], "RolePolicyList": policies, "AttachedManagedPolicies": role.attached_managed_policies}


@handles("iam", "GetAccountAuthorizationDetails")
def get_account_authorization_details(call: Call) -> dict[str, Any] | None:
    if call.params.get("Filter") != ["Role"]:
        return None  # moto's
    return paged(call, "RoleDetailList", [detailed(role) for role in sorted(call.backend().get_roles(), key=lambda role: role.name)])


@handles("iam", "ListRoleTags")
def list_role_tags(call: Call) -> dict[str, Any]:
    return paged(call, "Tags", sorted_tags(role_of(call)))


@handles("iam", "TagRole", "UntagRole", "DeleteRolePolicy", "DeleteRole",
         "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary")
def needs_role(call: Call) -> None:
    role = role_of(call)
    if call.operation == "DeleteRolePolicy" and call.params["PolicyName"] not in role.policies:
        raise no_entity(f"The role policy with name {call.params['PolicyName']} cannot be found.")


def simulated_entity(call: Call) -> Any:
    arn = call.params["PolicySourceArn"]
    parts = arn.split(":", 5)
    if len(parts) != 6 or parts[2] != "iam" or parts[5] == "root" or "/" not in parts[5]:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn}")
    iam = moto_side.backend("iam", parts[4], call.region)
    kind = parts[5].split("/")[0]
    stores = {"role": iam.get_roles(), "user": iam.users.values(), "group": iam.groups.values()}
    if kind not in stores:
        raise AwsError("InvalidInput", f"Invalid Entity Arn: {arn}")
    for entity in stores[kind]:
        if entity.arn == arn:
            return entity
    raise no_entity(f"The {kind} with ARN {arn} cannot be found.")


@handles("iam", "SimulatePrincipalPolicy")
def simulate_principal_policy(call: Call) -> dict[str, Any]:
    p, entity = call.params, simulated_entity(call)
    owner = p.get("ResourceOwner")
    if owner and not re.fullmatch(r"arn:[\w-]+:iam::\d{12}:root", owner):
        raise AwsError("InvalidInput", f"Invalid ResourceOwner: {owner}")
    documents = roles.policies_of(entity)
    if entity.__class__.__name__ == "User":
        for group in moto_side.backend("iam", call.account, call.region).groups.values():
            if entity in group.users:
                documents.update(roles.policies_of(group))
    documents.update({f"PolicyInputList.{i + 1}": text
                      for i, text in enumerate(p.get("PolicyInputList", []))})
    context = {c["ContextKeyName"]: c.get("ContextKeyValues", []) for c in p.get("ContextEntries", [])}
    results = []
    for action in p["ActionNames"]:
        if not re.fullmatch(r"[\w-]+:[\w*]+", action):
            raise AwsError("InvalidInput", f"Invalid Action: {action}")
        results += [result(documents, entity, action, resource, context)
                    for resource in p.get("ResourceArns", ["*"])]
    if "ResourceArns" in p:
        results = [by_resource(each) for each in results]
    return paged(call, "EvaluationResults", results)


def by_resource(result: dict[str, Any]) -> dict[str, Any]:
    """"If you include a list of resources, then any missing context values are instead included under the
    ResourceSpecificResults section." (EvaluationResult, IAM API reference)"""
    single = {"EvalResourceName": result["EvalResourceName"], "EvalResourceDecision": result["EvalDecision"],
              "MatchedStatements": result["MatchedStatements"], "MissingContextValues": result["MissingContextValues"]}
    return {**result, "MissingContextValues": [], "ResourceSpecificResults": [single]}


def result(documents: dict[str, str], entity: Any, action: str, resource: str,
           context: dict[str, list[str]]) -> dict[str, Any]:
    verdict = policy.identity(documents, action, resource, context)
    decided = {"EvalActionName": action, "EvalResourceName": resource, "EvalDecision": verdict.decision,
               "MatchedStatements": [{"SourcePolicyId": f"{entity.name}_{name}",
                                      "SourcePolicyType": "IAM Policy"} for name in verdict.sources],
               "MissingContextValues": sorted(set(verdict.missing))}
    boundary = getattr(entity, "permissions_boundary_arn", None)
    if boundary:
        managed = {m.arn: m for m in moto_side.backend("iam", entity.account_id, "us-east-1")
                   .managed_policies.values()}.get(boundary)
        inside = managed and policy.identity({"boundary": managed.document}, action, resource,
                                             context).decision == policy.ALLOWED
        decided["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": bool(inside)}
        if not inside and verdict.decision == policy.ALLOWED:
            decided["EvalDecision"] = policy.IMPLICIT_DENY
    return decided
