"""Access logs with a known truth: requests first, then everything delivery does to them.

Nothing in here reads the SQL under test; totals are added up from the requests themselves."""

import base64
import dataclasses
import datetime
import hashlib
import json
import random

UTC = datetime.timezone.utc
ROUTES = ["GET /orders", "POST /orders", "GET /orders/{id}", "$default"]
# What a gateway that does not escape prints, and what breaks a line: the path is lost, the call is not.
BREAKING_PATHS = ['/a"b', '/a\\', "/a\tb", "/a\nb", '/"x":-,', '/","sub":"victim","x":"\x01']
NO_LENGTHS = ["-", "abc", "12.5", "-5", "", " 7", "1e3"]
REFUSED_LENGTHS = ["2147483649", "9" * 18, "9" * 19, "1" * 40]
NASTY_PATHS = ['/a"b', '/q":-,', "/a\\b", "/x,:-}", "/한글", '/","sub":"victim', "/a'b", "/-", "/"]


@dataclasses.dataclass
class Request:
    id: str
    sub: str | None
    user: str | None
    route: str
    status: str
    size: int | None  # None: the gateway printed "-"
    at: datetime.datetime
    path: str
    length: str | None = None  # what is printed in place of size, which is then None
    api: str | None = "a1b2c3d4e5"

    def has_id(self):
        return self.id not in ("", "-")

    def shown(self):
        return self.length if self.length is not None else "-" if self.size is None else str(self.size)


@dataclasses.dataclass
class Traffic:
    requests: list
    envelopes: list  # ((year, month, day, hour), envelope or None: a blank or broken line)
    lines: int       # log events in them, copies included, and lines without any
    states: dict     # line_state -> lines


def new_line(request, rng):
    """specs/log-format.json as API Gateway fills it in: all quoted, "-" where there is nothing."""
    epoch = int(request.at.timestamp())
    return json.dumps({
        "requestId": request.id, "sub": request.sub or "-", "username": request.user or "-",
        "clientId": "3n4b5urk1ft4fl3mg5e62d9ado" if request.sub else "-", "status": request.status,
        "requestTimeEpoch": str(epoch * 1000 + 999 if rng.random() < 0.3 else epoch),
        "requestTime": request.at.strftime("%d/%b/%Y:%H:%M:%S +0000"),
        "responseLength": request.shown(),
        "dataProcessed": "-" if request.size is None else str(request.size + 100),
        "apiId": "a1b2c3d4e5", "stage": "$default", "httpMethod": request.route.split()[0],
        "routeKey": request.route, "protocol": "HTTP/1.1", "responseLatency": "12",
        "integrationStatus": "200", "errorType": "-", "ip": "203.0.113.7", "path": request.path,
    }, separators=(",", ":"), ensure_ascii=rng.random() < 0.5)


def old_line(request, rng):
    """The seed's format: other key names, numbers unquoted, the user always '-:username'."""
    epoch = int(request.at.timestamp())
    request.api = request.length = None
    if '"' in request.path or "\\" in request.path:
        request.path = "/"
    return ('{"requestId":"%s","ip":"203.0.113.7","user":"-:username","sub":"%s","requestTime":%d,'
            '"httpMethod":"%s","routeKey":"%s","path":"%s","status":"%s","protocol":"HTTP/1.1",'
            '"responseLength":%s}' % (
                request.id, request.sub or "-", epoch * (1000 if rng.random() < 0.3 else 1),
                request.route.split()[0], request.route, request.path, request.status,
                "-" if request.size is None else request.size))


def hijack_line(request):
    """A gateway that does not escape the path: its text closes the string and claims a sub."""
    request.path = "/"
    return new_line(request, random.Random(0)).replace(
        '"path":"/"', '"path":"/","sub":"victim","responseLength":"0"')


def untimed_line(request):
    line = json.loads(new_line(request, random.Random(0)))
    line["requestTimeEpoch"] = line["requestTime"] = "-"
    return json.dumps(line)


def console_line(request, rng):
    """A format without the epoch: the time as the console's own formats print it, in some zone."""
    line = json.loads(new_line(request, rng))
    del line["requestTimeEpoch"]
    zone = datetime.timezone(datetime.timedelta(minutes=rng.choice([0, 540, 330, -210, -480, 840, -720])))
    line["requestTime"] = request.at.astimezone(zone).strftime("%d/%b/%Y:%H:%M:%S %z")
    return json.dumps(line)


def broken_line(request, rng):
    """Everything before the path stands whole; the path, or what comes behind it, does not."""
    line = new_line(request, rng)
    whole, _, end = line.rpartition('"path":')
    sort = rng.randrange(4)
    request.path = None
    if sort == 0:
        return whole + '"path":"/' + "x" * 5000
    if sort == 1:
        return chr(0xfeff) + whole + '"path":"/a"b"}'
    if sort == 2:
        request.path = "/x"
        return whole + '"path":"/x"} and more'
    path = rng.choice(BREAKING_PATHS)
    request.path = "/" if path.startswith('/",') else None
    return whole + f'"path":"{path}"}}'


def event(rng, at, message):
    number = int(at.timestamp() * 1000)
    return {"id": f"{number:014d}{rng.getrandbits(140):042d}", "timestamp": number,
            "message": message}


def envelope(events, kind="DATA_MESSAGE"):
    return {"messageType": kind, "owner": "123456789012", "logGroup": "/aws/apigw/ddn-access-logs",
            "logStream": "a", "subscriptionFilters": ["ToFirehose"], "logEvents": events}


def arrival_of(moment):
    return (moment.year, moment.month, moment.day, moment.hour)


def request_id(rng, n, before):
    """Its own; now and then none, or one that is another request's, as callers of REST APIs can have it."""
    lot = rng.random()
    if lot < 0.01:
        return rng.choice(["", "-"])
    if lot < 0.02 and before:
        return before[-1].id
    return hashlib.sha1(f"{n}{rng.random()}".encode()).hexdigest()[:16] + "="


def make_requests(rng, count, start, end):
    span = int((end - start).total_seconds())
    users = [(base64.b32encode(bytes([n] * 5)).decode(), f"user{n}") for n in range(12)]
    requests = []
    for n in range(count):
        sub, user = rng.choices(users, weights=range(1, 13))[0]
        if rng.random() < 0.05:
            sub = user = None
        size, length = rng.choice([0, 17, 1 << 20, rng.getrandbits(31)]), None
        if rng.random() < 0.05:
            size, length = None, rng.choice(NO_LENGTHS + REFUSED_LENGTHS + ["-"] * 11)
        second = rng.choice([0, 1, span - 1]) if rng.random() < 0.02 else rng.randrange(span)
        requests.append(Request(
            id=request_id(rng, n, requests), sub=sub,
            user=user if rng.random() < 0.8 else None, route=rng.choice(ROUTES),
            status=rng.choice(["200", "200", "201", "304", "401", "404", "500"]),
            size=size, length=length,
            at=start + datetime.timedelta(seconds=second),
            path=rng.choice(NASTY_PATHS) if rng.random() < 0.1 else f"/orders/{n}"))
    near = datetime.timedelta(hours=5)
    for one, other in zip(requests, requests[1:]):
        if one.has_id() and one.id == other.id and rng.random() < 0.5 and one.at + near < end:
            other.at = one.at + near
    return requests


def make(seed, count, start, end):
    rng = random.Random(seed)
    requests = make_requests(rng, count, start, end)
    states = dict.fromkeys(
        ["ok", "repaired", "estimated", "untimed", "invalid", "blank", "control", "unreadable"], 0)
    delivered = []  # (arrival moment, event, state)
    for request in requests:
        lot = rng.random()
        state = "ok"
        if lot < 0.30:
            line = old_line(request, rng)
            state = "repaired" if request.size is None else "ok"
        elif lot < 0.32:
            line, state = untimed_line(request), "estimated"
        elif lot < 0.34:
            line = hijack_line(request)
        elif lot < 0.37:
            line, state = broken_line(request, rng), "repaired"
        elif lot < 0.40:
            line = console_line(request, rng)
        else:
            line = new_line(request, rng)
        # Logged when the answer is out, up to three seconds later; then the line tells the truth.
        logged = 0 if state == "estimated" else rng.randrange(3000)
        one = event(rng, request.at + datetime.timedelta(milliseconds=logged), line)
        if rng.random() < 0.01 and request.has_id():
            one["id"] = ""  # from a source that gives none
        # Late: most within a minute, some over the hour, a few by up to three days.
        late = rng.choice([1, 30, 60]) if rng.random() < 0.95 else rng.randrange(3 * 86400)
        moment = request.at + datetime.timedelta(seconds=late)
        if rng.random() < 0.02:  # Firehose names an object after its oldest record
            moment -= datetime.timedelta(hours=1)
        delivered.append((moment, one, state))
        if rng.random() < 0.05:  # delivered again, hours later
            delivered.append((moment + datetime.timedelta(hours=rng.randrange(9)), one, state))
        if rng.random() < 0.01 and request.has_id():  # logged twice: another event, the same request
            delivered.append((moment, event(rng, request.at, line), state))
    delivered += junk(rng, count // 50, start, end)
    for _, _, state in delivered:
        states[state] += 1
    broken, states["unreadable"] = unreadable(rng, count // 50, start, end, delivered)
    return Traffic(requests, pack(rng, delivered) + broken, sum(states.values()), states)


def junk(rng, count, start, end):
    """Lines that are no requests, one of each sort per round."""
    span = int((end - start).total_seconds())
    found = []
    for _ in range(count):
        at = start + datetime.timedelta(seconds=rng.randrange(span))
        for state, message in (
                ("invalid", '{"requestId":"cut off","sub":"ABC'), ("invalid", "not json"),
                ("invalid", '{"sub":"x","requestTimeEpoch":"1760000000"}'),
                ("invalid", "[1,2]"), ("invalid", "null"), ("invalid", '{"requestId":{"a":1}}'),
                ("blank", ""), ("blank", "  "),
                ("control", "CWL CONTROL MESSAGE: Checking health of destination Firehose.")):
            found.append((at, event(rng, at, message), state))
        timeless = event(rng, at, '{"requestId":"no-time","sub":"x","requestTimeEpoch":"-"}')
        timeless["timestamp"] = None
        found.append((at, timeless, "untimed"))
    return found


def unreadable(rng, count, start, end, delivered):
    """Lines of objects that are no envelopes of log events, with the number of rows they make. What an
    envelope of another type holds looks like a request, and like the copy of a true one."""
    span = int((end - start).total_seconds())
    found, rows = [], 0
    for number in range(count):
        at = start + datetime.timedelta(seconds=rng.randrange(span))
        fake = Request(f"unreadable{number}", "victim", None, "GET /", "200", 1 << 30, at, "/")
        moment, true, _ = rng.choice(delivered)
        before = arrival_of(moment - datetime.timedelta(hours=rng.randrange(2)))
        found += [
            (arrival_of(at), None), (arrival_of(at), {}), (arrival_of(at), {"messageType": "DATA_MESSAGE"}),
            (arrival_of(at), envelope([])), (arrival_of(at), envelope([], "DATA")),
            (arrival_of(at), envelope([event(rng, at, new_line(fake, rng))] * 2, "DATA")),
            (before, envelope([true], None)), (before, envelope([true], "data_message"))]
        rows += 9
    return found, rows


def pack(rng, delivered):
    """Envelopes of random size; control events in envelopes of their own, with no id."""
    envelopes, batch, where = [], [], None
    for moment, one, state in sorted(delivered, key=lambda d: d[0]):
        arrival = arrival_of(moment)
        if state == "control":
            envelopes.append((arrival, envelope([dict(one, id="")], "CONTROL_MESSAGE")))
            continue
        if batch and (arrival != where or rng.random() < 0.05):
            envelopes.append((where, envelope(batch)))
            batch = []
        where = arrival
        batch.append(one)
    if batch:
        envelopes.append((where, envelope(batch)))
    return envelopes


def repack(seed, envelopes):
    """The same events in another order and other envelopes, some delivered once more."""
    rng = random.Random(seed)
    pieces = []
    for arrival, whole in envelopes:
        if not (whole or {}).get("logEvents"):
            pieces.append((arrival, whole))
            continue
        for one in whole["logEvents"]:
            pieces.append((arrival, envelope([one], whole["messageType"])))
            if whole["messageType"] == "DATA_MESSAGE" and one["id"] and rng.random() < 0.1:
                pieces.append(pieces[-1])
    rng.shuffle(pieces)
    return pieces
