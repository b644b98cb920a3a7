"""Access-log lines as API Gateway writes them, good and bad.  Knows nothing of the SQL that reads them."""

import json
from typing import NamedTuple

ESCAPES = str.maketrans({'"': '\\"', "\\": "\\\\"})


class Request(NamedTuple):
    id: str
    at: int  # seconds
    customer: int  # -1: not signed in
    method: str
    route: str
    path: str
    status: str
    size: int


class Incoming(NamedTuple):
    """Times in ms; forwarded may list several: at-least-once."""

    ingested: int
    timestamp: int
    message: str
    stream: str
    forwarded: tuple[int, ...]


FIELDS = ("requestId", "sub", "username", "clientId", "status", "requestTimeEpoch", "requestTime",
          "responseLength", "dataProcessed", "apiId", "stage", "httpMethod", "routeKey", "protocol",
          "responseLatency", "integrationStatus", "errorType", "ip", "path")
OLD_FIELDS = ("requestId", "ip", "user", "sub", "requestTime", "httpMethod", "routeKey", "path", "status",
              "protocol", "responseLength")
UNQUOTED = ("requestTime", "responseLength")
BROKEN = ('{"requestId":"cut off","sub":"AB', "not json", '{"sub":"x"}', "[1,2]", "null",
          '{"requestId":{"a":1},"sub":"x"}', '{"sub":"nobody","status":"200"}', "}{", '"text"', "{}")
# What a gateway that does not escape the path would print: JSON up to there, and not any further.
BREAKING = ('/a"b', "/a\\", "/a\tb", "/a\nb", '/","sub":"victim","x":"\\x', '/"-":-,')
BLANK = (" ", "\t", "  ")


def new_line(request: Request, sub: str, user: str, clock: str, stamp: str, dash: str = "") -> str:
    """The shipped format; dash: the field that has no value, or several with + between."""
    if dash:
        values = json.loads(new_line(request, sub, user, clock, stamp))
        values.update(dict.fromkeys(dash.split("+"), "-"))
        return json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    r = request
    path = r.path.translate(ESCAPES) if '"' in r.path or "\\" in r.path else r.path
    return (f'{{"requestId":"{r.id}","sub":"{sub}","username":"{user}","clientId":"3n4b5urk1ft4fl3mg5e62d9ado",'
            f'"status":"{r.status}","requestTimeEpoch":"{clock}","requestTime":"{stamp}",'
            f'"responseLength":"{r.size}","dataProcessed":"{r.size + 213}","apiId":"a1b2c3d4e5",'
            f'"stage":"$default","httpMethod":"{r.method}","routeKey":"{r.route}","protocol":"HTTP/1.1",'
            f'"responseLatency":"{r.size % 97}","integrationStatus":"{r.status}","errorType":"-",'
            f'"ip":"203.0.113.{r.size % 251}","path":"{path}"}}')


def break_line(line: str, number: int) -> str:
    """A line of the shipped format that is no JSON: its path, a mark in front, text behind, its end."""
    whole, _, _ = line.rpartition('"path":')
    if number % 3 == 0:
        return [f"\ufeff{line}", f"{line} and more", f'{whole}"path":"/{"x" * 2000}'][number // 3 % 3]
    return f'{whole}"path":"{BREAKING[number % len(BREAKING)]}"}}'


def old_line(request: Request, sub: str, clock: str, dash: str = "") -> str:
    """The seed's format: no user for anybody, numbers unquoted, and an absent one breaks the JSON."""
    r = request
    values = {"requestId": r.id, "ip": f"203.0.113.{r.size % 251}", "user": "-:username", "sub": sub,
              "requestTime": clock, "httpMethod": r.method, "routeKey": r.route, "path": r.path.replace('"', ""),
              "status": r.status, "protocol": "HTTP/1.1", "responseLength": str(r.size)}
    if dash:
        values[dash] = "-"
    return "{" + ",".join(f'"{k}":{v}' if k in UNQUOTED else f'"{k}":"{v}"' for k, v in values.items()) + "}"
