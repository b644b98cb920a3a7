"""STS: who signed, and temporary credentials that the signature check accepts."""

import secrets
from datetime import datetime, timezone
from typing import Any

from .. import policy, roles
from ..call import Call, handles
from ..errors import AwsError
from ..keys import EXPIRED_WEB_TOKEN, WEB_TOKEN


@handles("sts", "GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    return {"UserId": call.key.user_id, "Account": call.account, "Arn": call.key.arn}


@handles("sts", "AssumeRole")
def assume_role(call: Call) -> dict[str, Any]:
    """The role must exist and trust the caller, who must be allowed to assume it."""
    p, arn = call.params, call.params["RoleArn"]
    role = roles.find(arn, call.region)
    context = {"sts:ExternalId": [p["ExternalId"]]} if "ExternalId" in p else {}
    if (role is None or call.world.unpropagated(arn)
            or not policy.trusts(role.assume_role_policy_document, "AWS", caller(call), context)):
        raise AwsError("AccessDenied", f"User: {call.key.arn} is not authorized to perform: "
                       f"sts:AssumeRole on resource: {arn}", 403)
    duration = p.get("DurationSeconds", 3600)
    if duration > int(role.max_session_duration or 3600):
        raise AwsError("ValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration "
                       "set for this role.")
    return session_of(call, role, duration)


@handles("sts", "AssumeRoleWithWebIdentity")
def assume_role_with_web_identity(call: Call) -> dict[str, Any]:
    """The token is a word of ours; the role must trust whoever brings one."""
    token, arn = call.params["WebIdentityToken"], call.params["RoleArn"]
    if token == EXPIRED_WEB_TOKEN:
        raise AwsError("ExpiredTokenException", "Token expired: current date/time must be before the expiration "
                       "date/time")
    if token != WEB_TOKEN:
        raise AwsError("InvalidIdentityToken", "No OpenIDConnect provider found in your account")
    role = roles.find(arn, call.region)
    if role is None or "sts:AssumeRoleWithWebIdentity" not in str(role.assume_role_policy_document):
        raise AwsError("AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity", 403)
    return {**session_of(call, role, call.params.get("DurationSeconds", 3600)),
            "SubjectFromWebIdentityToken": "system:serviceaccount:billing:billingd"}


def session_of(call: Call, role: Any, duration: int) -> dict[str, Any]:
    """Keys that the signature check accepts until they end."""
    account, name = call.params["RoleArn"].split(":")[4], call.params["RoleSessionName"]
    session = f"arn:{call.partition}:sts::{account}:assumed-role/{role.name}/{name}"
    expires = call.world.now() + duration
    key = call.world.keys.add("ASIA" + secrets.token_hex(8).upper(), secrets.token_urlsafe(30), account,
                              session, f"{role.id}:{name}", secrets.token_urlsafe(120), expires)
    return {"Credentials": {"AccessKeyId": key.access_key, "SecretAccessKey": key.secret_key,
                            "SessionToken": key.token,
                            "Expiration": datetime.fromtimestamp(expires, timezone.utc)},
            "AssumedRoleUser": {"AssumedRoleId": key.user_id, "Arn": session}}


def caller(call: Call) -> str:
    """The caller as trust policies name it: a session counts as its role."""
    arn = call.key.arn
    if ":assumed-role/" not in arn:
        return arn
    name = arn.split("/")[1]
    for role in call.backend("iam").get_roles():
        if role.name == name:
            return str(role.arn)
    return arn
