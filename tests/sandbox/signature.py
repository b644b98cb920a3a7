"""Recomputes the SigV4 signature of a request by botocore's rules and refuses what AWS refuses."""

import calendar
import hashlib
import hmac
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

from .errors import AwsError
from .messages import Request
from .keys import Key, Keys

ALGORITHM = "AWS4-HMAC-SHA256"
SDK_AGENTS = ("Boto3/", "Botocore/", "aws-cli/", "aws-sdk-", "APN/", "HashiCorp")
EMPTY_HASH = hashlib.sha256(b"").hexdigest()


@dataclass
class Scope:
    access_key: str
    date: str
    region: str
    service: str  # signing name
    signed: list[str]
    signature: str


def parse_authorization(text: str) -> Scope | None:
    """The parts of an Authorization header, or None when it is not a whole SigV4 one."""
    if not text.startswith(ALGORITHM + " "):
        return None
    parts = dict(part.strip().split("=", 1) for part in text[len(ALGORITHM):].split(",") if "=" in part)
    try:
        access_key, date, region, service, end = parts["Credential"].split("/")
        signed = parts["SignedHeaders"].split(";")
        signature = parts["Signature"]
    except (KeyError, ValueError):
        return None
    if end != "aws4_request":
        return None
    return Scope(access_key, date, region, service, signed, signature)


class Refusals:
    """Each protocol's own words for one and the same refusal."""

    def __init__(self, protocol: str):
        self.protocol = protocol

    def pick(self, s3: str, query: str, other: str, message: str) -> AwsError:
        if self.protocol == "rest-xml":
            return AwsError(s3, message, 403)
        if self.protocol == "query":
            return AwsError(query, message, 403)
        return AwsError(other, message, 403 if self.protocol == "rest-json" else 400)

    def missing(self) -> AwsError:
        if self.protocol == "rest-xml":
            return AwsError("AccessDenied", "Access Denied", 403)
        return self.pick("", "MissingAuthenticationToken", "MissingAuthenticationTokenException",
                         "Request is missing Authentication Token")

    def incomplete(self) -> AwsError:
        if self.protocol == "rest-xml":
            return AwsError("AuthorizationHeaderMalformed", "The authorization header is malformed.")
        return self.pick("", "IncompleteSignature", "IncompleteSignatureException",
                         "Authorization header requires 'Credential', 'Signature', 'SignedHeaders' "
                         "and a date.")

    def unknown_key(self) -> AwsError:
        if self.protocol == "rest-xml":
            return AwsError("InvalidAccessKeyId",
                            "The AWS Access Key Id you provided does not exist in our records.", 403)
        return self.pick("", "InvalidClientTokenId", "UnrecognizedClientException",
                         "The security token included in the request is invalid.")

    def expired(self) -> AwsError:
        return self.pick("ExpiredToken", "ExpiredToken", "ExpiredTokenException",
                         "The security token included in the request is expired")

    def bad_token(self) -> AwsError:
        if self.protocol == "rest-xml":
            return AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.")
        return self.unknown_key()

    def mismatch(self, detail: str = "") -> AwsError:
        return self.pick("SignatureDoesNotMatch", "SignatureDoesNotMatch", "InvalidSignatureException",
                         "The request signature we calculated does not match the signature you "
                         "provided. Check your AWS Secret Access Key and signing method." + detail)

    def scope(self, what: str) -> AwsError:
        return self.pick("AuthorizationHeaderMalformed", "SignatureDoesNotMatch",
                         "InvalidSignatureException", f"Credential should be scoped to {what}.")

    def skewed(self, signed: str, now: float, window: int) -> AwsError:
        if self.protocol == "rest-xml":
            return AwsError("RequestTimeTooSkewed", "The difference between the request time and the "
                            "current time is too large.", 403)
        server = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(now))
        edge = "expired" if signed < server else "not yet current"
        word = "earlier" if signed < server else "later"
        return self.pick("", "SignatureDoesNotMatch", "InvalidSignatureException",
                         f"Signature {edge}: {signed} is now {word} than the limit "
                         f"({server} {'-' if word == 'earlier' else '+'} {window // 60} min.)")


def _signer(key: Key, scope: Scope) -> SigV4Auth:
    credentials = Credentials(key.access_key, key.secret_key, key.token or None)
    kind = S3SigV4Auth if scope.service == "s3" else SigV4Auth
    return kind(credentials, scope.service, scope.region)


def canonical_request(request: Request, key: Key, scope: Scope) -> str:
    """Canonical form of exactly the headers the client says it signed."""
    signer = _signer(key, scope)
    url = f"http://{request.get('Host')}{request.path}" + (f"?{request.query}" if request.query else "")
    aws = AWSRequest(method=request.method, url=url, data=request.body)
    headers = HTTPHeaders()
    for name, value in request.headers:
        if name.lower() in scope.signed:
            headers.add_header(name.lower(), value)
    payload = request.get("x-amz-content-sha256") or hashlib.sha256(request.body).hexdigest()
    lines = [request.method.upper(), signer._normalize_url_path(urlsplit(url).path),
             signer.canonical_query_string(aws), signer.canonical_headers(headers) + "\n",
             ";".join(scope.signed), payload]
    return "\n".join(lines)


def signature_of(canonical: str, key: Key, scope: Scope, timestamp: str) -> str:
    text = "\n".join([ALGORITHM, timestamp, f"{scope.date}/{scope.region}/{scope.service}/aws4_request",
                      hashlib.sha256(canonical.encode()).hexdigest()])
    derived = signing_key(key.secret_key, scope.date, scope.region, scope.service)
    return hmac.digest(derived, text.encode(), "sha256").hex()


@lru_cache(maxsize=1000)
def signing_key(secret_key: str, date: str, region: str, service: str) -> bytes:
    key = ("AWS4" + secret_key).encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _check_time(request: Request, scope: Scope, refusals: Refusals, now: float) -> str:
    timestamp = request.get("x-amz-date")
    parts = re.fullmatch(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", timestamp)
    if not parts or timestamp[:8] != scope.date:
        raise refusals.incomplete()
    when = calendar.timegm(tuple(map(int, parts.groups())))
    window = 900 if scope.service == "s3" else 300
    if abs(when - now) > window:
        raise refusals.skewed(timestamp, now, window)
    return timestamp


def _check_headers(request: Request, scope: Scope, refusals: Refusals) -> None:
    if "host" not in scope.signed or scope.signed != sorted(scope.signed):
        raise refusals.mismatch(" SignedHeaders must be sorted and include host.")
    present = {name.lower() for name, _ in request.headers}
    unsigned = [n for n in present if n.startswith("x-amz-") and n not in scope.signed]
    if unsigned or not set(scope.signed) <= present:
        raise refusals.pick("AccessDenied", "SignatureDoesNotMatch", "InvalidSignatureException",
                            "There were headers present in the request which were not signed: "
                            + ", ".join(sorted(unsigned)))


def _check_payload(request: Request, scope: Scope, refusals: Refusals) -> None:
    claimed = request.get("x-amz-content-sha256")
    if scope.service == "s3" and not claimed:
        raise AwsError("InvalidRequest", "Missing required header for this request: "
                       "x-amz-content-sha256")
    if claimed and claimed != hashlib.sha256(request.body).hexdigest():
        if scope.service == "s3":
            raise AwsError("XAmzContentSHA256Mismatch", "The provided 'x-amz-content-sha256' header "
                           "does not match what was computed.")
        raise refusals.mismatch()


def check(request: Request, keys: Keys, protocol: str, now: Callable[[], float]) -> tuple[Key, Scope]:
    """The key that signed the request; raises AwsError as the service itself would."""
    refusals = Refusals(protocol)
    header = request.get("Authorization")
    if not header:
        raise refusals.missing()
    scope = parse_authorization(header)
    if scope is None:
        raise refusals.incomplete()
    key = keys.find(scope.access_key)
    if key is None:
        raise refusals.unknown_key()
    timestamp = _check_time(request, scope, refusals, now())
    if key.token != request.get("x-amz-security-token"):
        raise refusals.bad_token()
    if key.expires and now() > key.expires:
        raise refusals.expired()
    if scope.service == "iam" and scope.region != "us-east-1" and not _is_sdk(request):
        raise refusals.scope("a valid region, us-east-1")
    _check_headers(request, scope, refusals)
    canonical = canonical_request(request, key, scope)
    if not hmac.compare_digest(signature_of(canonical, key, scope, timestamp), scope.signature):
        raise refusals.mismatch("\n\nThe Canonical String for this request should have been\n'"
                                + canonical + "'")
    _check_payload(request, scope, refusals)
    return key, scope


def _is_sdk(request: Request) -> bool:
    """SDKs sign IAM with the client's region when given an endpoint; against AWS they do not."""
    return any(word in request.get("User-Agent") for word in SDK_AGENTS)


def is_circumstance(error: AwsError) -> bool:
    """True for a refusal that a correct client can meet: wrong clock, unknown or expired key."""
    return (error.code in ("RequestTimeTooSkewed", "InvalidAccessKeyId", "InvalidClientTokenId",
                           "UnrecognizedClientException", "InvalidToken", "ExpiredToken",
                           "ExpiredTokenException")
            or error.message.startswith(("Signature expired", "Signature not yet current")))
