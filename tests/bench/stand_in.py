#!/usr/bin/env python3
"""An AWS that only repeats what the sandbox said: fast enough that it is not what a bench measures.

    record(sandbox, sent, run)     runs run(endpoint) through a proxy to the sandbox, and keeps each reply by its request
    python3 tests/bench/stand_in.py RECORDING PIPELINES      answers by them, and prints "endpoint URL"

Of two pipelines recorded, named fd0000f and fd0001f, the first stands for all: whatever is asked for pipeline fd0123f is
answered as it was for fd0000f, with the name put in.  Ids that AWS made (of APIs, of saved queries) are made to hold the
name.  A list of what several pipelines have is made as long as there are pipelines; of a request that lists what it wants
(GATHERED), each item is answered as it was for fd0000f; roles come in pages, as IAM sends them.  What was not recorded gets a
501, and is told at the end.
"""
import asyncio
import base64
import json
import re
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from proxy import Exchange, through

NAME = re.compile(rb"fd(\d{4})f")
UUID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
VIEW = re.compile(rb"Presto View: ([A-Za-z0-9+/=]+)")
GATHERED = {  # operation: what is asked for, the list in the reply, what tells an item there
    b"ResourceGroupsTaggingAPI_20170126.GetResources": ("ResourceARNList", "ResourceTagMappingList", "ResourceARN"),
    b"Logs_20140328.DescribeLogGroups": ("logGroupIdentifiers", "logGroups", "logGroupName"),
    b"AmazonAthena.BatchGetNamedQuery": ("NamedQueryIds", "NamedQueries", "NamedQueryId"),
}
ROLES = b"Action=GetAccountAuthorizationDetails"
KEPT_HEADERS = ("content-type", "etag", "last-modified", "x-amz-bucket-region")


def name(number: int) -> str:
    return f"fd{number:04}f"


def key_of(method: str, target: str, operation: str, body: bytes) -> str:
    return f"{method} {target} {operation} {body.decode()}"


class Recording:
    def __init__(self) -> None:
        self.replies: dict[str, dict[str, Any]] = {}
        self.ids: dict[str, str] = {}  # as AWS made it -> with the name of its pipeline
        self.lock = threading.Lock()

    def keep(self, key: str, status: int, headers: dict[str, str], body: str) -> None:
        with self.lock:
            self.replies[key] = {"status": status, "headers": headers, "body": body}

    def find_ids(self) -> None:
        """Ids of what has a name of ours beside it: of APIs in their list, of saved queries in that of their workgroup."""
        for key, reply in self.replies.items():
            for item in json.loads(reply["body"]).get("items", []) if "GET /v2/apis?" in key or "GET /v2/apis " in key else []:
                found = NAME.search(item["name"].encode())
                if found:
                    self.ids[item["apiId"]] = found[0].decode() + item["apiId"][7:]
            found = NAME.search(key.encode())
            if found and "NamedQuer" in key:
                for one in UUID.findall(reply["body"]):
                    self.ids.setdefault(one, found[0].decode() + one[7:])

    def text(self) -> str:
        self.find_ids()
        whole = json.dumps(self.replies)
        for made, ours in self.ids.items():
            whole = whole.replace(made, ours)
        return whole


def record(endpoint: str, run: Callable[[str], None]) -> str:
    """What was said while run(the proxy's endpoint) ran, as JSON text."""
    recording = Recording()

    def keep(one: Exchange) -> None:
        operation = next((v for k, v in one.headers if k.lower() == "x-amz-target"), "")
        headers = {k: v for k, v in one.reply.getheaders() if k.lower() in KEPT_HEADERS}
        recording.keep(key_of(one.method, one.target, operation, one.body), one.reply.status, headers, one.said.decode())

    through(endpoint, run, keep)
    return recording.text()


# ---- answering ----


def lengthened(value: Any, count: int) -> Any:
    """Each list of what several pipelines have, with an item for each of count pipelines."""
    if isinstance(value, str) and value.startswith("{") and name(1) in value:
        return json.dumps(lengthened(json.loads(value), count))  # a policy
    if isinstance(value, dict):
        return {k: lengthened(v, count) for k, v in value.items()}
    if not isinstance(value, list):
        return value
    ours = [v for v in value if name(0) in json.dumps(v) and name(1) not in json.dumps(v)]
    if not ours:
        return [lengthened(v, count) for v in value]
    one = json.dumps(ours[0])
    return [json.loads(one.replace(name(0), name(i))) for i in range(count)]


def reply_bytes(reply: dict[str, Any], count: int) -> tuple[bytes, bytes]:
    """Head and body.  A list without a page is whole: AWS would cut it, and a few calls more be made."""
    body = reply["body"]
    if name(0) in body and name(1) in body:
        body = json.dumps(lengthened(json.loads(body), count))
    lines = [f"HTTP/1.1 {reply['status']} OK", f"Content-Length: {len(body.encode())}"]
    return "\r\n".join([*lines, *(f"{k}: {v}" for k, v in reply["headers"].items()), "", ""]).encode(), body.encode()


def renamed(text: bytes, whose: bytes) -> bytes:
    """Also within a view, whose text Glue keeps in base64."""
    inside = VIEW.sub(lambda m: b"Presto View: " + base64.b64encode(base64.b64decode(m[1]).replace(name(0).encode(), whose)), text)
    return inside.replace(name(0).encode(), whose)


def gathered_items(recording: dict[str, dict[str, Any]]) -> dict[tuple[bytes, str], bytes]:
    """(operation, key of an item of the first pipeline) -> the item."""
    items = {}
    for asked, reply in recording.items():
        for operation, (wanted, listed, key) in GATHERED.items():
            if operation.decode() in asked and wanted in asked:
                items.update({(operation, item[key]): json.dumps(item).encode() for item in json.loads(reply["body"])[listed]
                              if name(0) in item[key]})
    return items


def role_pages(recording: dict[str, dict[str, Any]], count: int) -> tuple[str, str, list[str]]:
    """What stands before and behind the roles of a reply, and the roles of all pipelines."""
    text = next((reply["body"] for asked, reply in recording.items() if ROLES.decode() in asked), "")
    if not text:
        return "", "", []
    tree = ElementTree.fromstring(text)
    space = {"a": tree.tag[1:].partition("}")[0]}
    ElementTree.register_namespace("", space["a"])
    roles = [ElementTree.tostring(role, "unicode") for role in tree.findall(".//a:RoleDetailList/a:member", space)]
    ours = [role for role in roles if name(0) in role]
    head, tail = text.split("<RoleDetailList>")[0], text.split("</RoleDetailList>")[1]
    return head, tail, [role.replace(name(0), name(i)) for i in range(count) for role in ours]


class Answers:
    def __init__(self, recording: dict[str, dict[str, Any]], count: int):
        self.items, self.roles = gathered_items(recording), role_pages(recording, count)
        self.known = {key.encode(): reply_bytes(reply, count) for key, reply in recording.items()
                      if name(1) not in key and ROLES.decode() not in key}
        self.calls, self.missing = 0, set[bytes]()

    def gathered(self, operation: bytes, body: bytes) -> bytes | None:
        wanted, listed, _ = GATHERED[operation]
        found = []
        for key in json.loads(body).get(wanted, []):
            named = NAME.search(key.encode())
            item = self.items.get((operation, key.replace(named[0].decode(), name(0)))) if named else None
            if not named or not item:
                return None
            found.append(item.replace(name(0).encode(), named[0]))
        text = b'{"%s": [%s]}' % (listed.encode(), b", ".join(found))
        return b"HTTP/1.1 200 OK\r\nContent-Type: application/x-amz-json-1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)

    def page_of_roles(self, body: bytes) -> bytes:
        asked = dict(parse_qsl(body.decode()))
        head, tail, roles = self.roles
        start, size = int(asked.get("Marker", 0)), int(asked["MaxItems"])
        more = start + size < len(roles)
        end = f"<IsTruncated>{str(more).lower()}</IsTruncated>" + (f"<Marker>{start + size}</Marker>" if more else "")
        tail = re.sub(r"<IsTruncated>.*?</IsTruncated>", end, tail)
        text = f"{head}<RoleDetailList>{''.join(roles[start:start + size])}</RoleDetailList>{tail}".encode()
        return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s" % (len(text), text)

    def answer(self, method: bytes, target: bytes, operation: bytes, body: bytes) -> bytes:
        self.calls += 1
        key = b"%s %s %s %s" % (method, target, operation, body)
        if ROLES in body:
            return self.page_of_roles(body)
        if operation in GATHERED and GATHERED[operation][0].encode() in body and (found := self.gathered(operation, body)):
            return found
        found = NAME.search(key)
        whose = found[0] if found else name(0).encode()
        reply = self.known.get(key.replace(whose, name(0).encode()))
        if not reply:
            self.missing.add(key)
            return b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n"
        head, text = reply
        if whose != name(0).encode():
            text = renamed(text, whose)
        return head if method == b"HEAD" else head + text


class Connection(asyncio.Protocol):
    """Requests with a Content-Length or none, one after the other."""

    def __init__(self, answers: Answers):
        self.answers, self.received = answers, b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.received += data
        while (end := self.received.find(b"\r\n\r\n")) >= 0:
            head = self.received[:end]
            length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
            size = end + 4 + (int(length[1]) if length else 0)
            if len(self.received) < size:
                if b"100-continue" in head:
                    self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                return
            method, target, _ = head.split(b" ", 2)
            operation = re.search(rb"(?i)\r\nx-amz-target: *([^\r]*)", head)
            self.transport.write(self.answers.answer(method, target, operation[1] if operation else b"",
                                                     self.received[end + 4:size]))
            self.received = self.received[size:]


async def serve(answers: Answers) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(answers), "127.0.0.1", 0)
    print(f"endpoint http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await loop.run_in_executor(None, sys.stdin.readline)  # until who started us ends it
    print(json.dumps({"calls": answers.calls, "missing": sorted(k.decode() for k in answers.missing)[:5]}), flush=True)


def main() -> None:
    asyncio.run(serve(Answers(json.loads(Path(sys.argv[1]).read_text()), int(sys.argv[2]))))


if __name__ == "__main__":
    main()
