"""A month of API traffic with a known truth.  Nothing in here reads the SQL or the C code under test.

python -m sandbox.data.generator --month 2025-10 --requests 1000   (from tests/) prints it as JSON lines."""

import argparse
import bisect
import itertools
import json
import random
import sys
import time
from base64 import b64encode
from dataclasses import dataclass, field, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from .lines import BLANK, BROKEN, FIELDS, OLD_FIELDS, Incoming, Request, break_line, new_line, old_line
from .truth import Truth

ROUTES = [("GET", "GET /orders"), ("POST", "POST /orders"), ("GET", "GET /orders/{id}"),
          ("PUT", "PUT /orders/{id}"), ("DELETE", "DELETE /orders/{id}"), ("GET", "GET /health"),
          ("POST", "POST /render"), ("OPTIONS", "$default")]
STATUSES = (["200"] * 40 + ["201"] * 6 + ["204", "304", "304", "400", "401", "403", "404", "404", "429", "500",
                                          "502", "503"])
PATHS = ["/orders", "/orders/7", "/a%20b", "/한글/주문", "/x,:-}", "/a'b", "/", '/q":-,', "/a\\b",
         '/","sub":"victim', "/}{", "/-"]
DAY = 86400


@dataclass
class Options:
    month: str  # 2025-10
    zone: str = "UTC"
    customers: int = 200
    requests: int = 20000  # in the month
    seed: int = 1
    days: int | None = None
    margin_days: int = 1
    duplicates: float = 0.01
    relogged: float = 0.002
    invalid: float = 0.002
    control: int = 1  # a day
    late_hours: float = 0.01
    late_days: float = 0.001
    no_claims: float = 0.05
    dashes: float = 0.02
    old_format: float = 0.1
    milliseconds: float = 0.3
    untimed: float = 0.002
    broken: float = 0.002
    edges: float = 0.02
    unlogged: float = 0.0
    log_streams: int = 1
    detail: bool = False


@dataclass
class Month:
    incoming: list[Incoming] = field(default_factory=list)
    gateway: list[int] = field(default_factory=list)  # seconds of the requests the gateway counts
    checks: list[int] = field(default_factory=list)  # ms of control messages
    truth: dict[str, Any] = field(default_factory=dict)


class Calendar:
    """Days in a zone, as UTC seconds."""

    def __init__(self, options: Options):
        zone = ZoneInfo(options.zone)
        year, month = map(int, options.month.split("-"))
        first = date(year, month, 1)
        following = date(year + month // 12, month % 12 + 1, 1)
        length = min(options.days or 99, (following - first).days)
        days = [first + timedelta(n) for n in range(-options.margin_days, length + options.margin_days + 1)]
        self.starts = [int(datetime(d.year, d.month, d.day, tzinfo=zone).timestamp()) for d in days]
        self.names = [d.isoformat() for d in days]
        self.first, self.last = options.margin_days, options.margin_days + length
        self.length = length

    def day_of(self, second: int) -> str:
        return self.names[bisect.bisect_right(self.starts, second) - 1]

    def times(self, rng: random.Random, count: int, first: int, last: int, edges: float) -> list[int]:
        """Random seconds of the days [first, last); some at the very edges of days."""
        begin, end = self.starts[first], self.starts[last]
        found = [begin + int(rng.random() * (end - begin)) for _ in range(count)]
        for index in range(int(count * edges)):
            day = rng.randrange(first, last)
            found[index] = rng.choice([self.starts[day], self.starts[day] + 1, self.starts[day + 1] - 1,
                                       begin, end - 1])
        return found


class Maker:
    def __init__(self, options: Options):
        self.o, self.rng = options, random.Random(options.seed)
        self.calendar = Calendar(options)
        self.truth = Truth(options.month, options.zone, options.detail)
        self.month = Month()
        rng = self.rng
        self.subs = [f"{rng.getrandbits(32):08x}-{rng.getrandbits(16):04x}-4{rng.getrandbits(12):03x}-"
                     f"a{rng.getrandbits(12):03x}-{rng.getrandbits(48):012x}" for _ in range(options.customers)]
        self.sizes = [rng.choice([0, 17, 2, int(rng.expovariate(1 / 4000)), 1 << 20,
                                  int(rng.expovariate(1 / 90000)), rng.getrandbits(31)]) for _ in range(4096)]
        self.streams = [f"{rng.getrandbits(64):016x}" for _ in range(options.log_streams)]
        self.dash_turn = itertools.cycle(FIELDS)
        self.old_dash_turn = itertools.cycle(OLD_FIELDS)
        self.break_turn = itertools.count()

    def requests(self) -> list[Request]:
        o, rng, calendar = self.o, self.rng, self.calendar
        times = calendar.times(rng, o.requests, calendar.first, calendar.last, o.edges)
        beside = o.requests * o.margin_days // max(calendar.length, 1)
        if beside:
            times += calendar.times(rng, beside, 0, calendar.first, o.edges)
            times += calendar.times(rng, beside, calendar.last, len(calendar.starts) - 1, o.edges)
        times.sort()
        count = len(times)
        weights = list(itertools.accumulate((n + 1) ** -1.1 for n in range(o.customers)))
        who = rng.choices(range(o.customers), cum_weights=weights, k=count)
        routes = rng.choices(ROUTES, cum_weights=[30, 45, 70, 78, 82, 92, 97, 100], k=count)
        paths = rng.choices(PATHS, cum_weights=[60, 88, 89, 90, 91, 92, 95, 96, 97, 98, 99, 100], k=count)
        statuses, sizes = rng.choices(STATUSES, k=count), rng.choices(self.sizes, k=count)
        noise = rng.randbytes(11 * count)
        made = []
        for n in range(count):
            customer = -1 if o.no_claims and rng.random() < o.no_claims else who[n]
            made.append(Request(b64encode(noise[n * 11:n * 11 + 11]).decode(), times[n], customer, routes[n][0],
                                routes[n][1], paths[n], statuses[n], sizes[n]))
        return made

    # -- one request --------------------------------------------------------------------------------------

    def log(self, request: Request, message: str, state: str, exact: bool = False) -> Incoming:
        """The log event of a request; exact: within the request's own second."""
        rng, o = self.rng, self.o
        stamp = request.at * 1000 + int(rng.random() * (1000 if exact else 3000))
        lot = rng.random()
        ingested = stamp + 200 + int(lot * 3000)
        forwarded = ingested
        if lot < o.late_days:
            ingested = forwarded = stamp + int(rng.uniform(1, 3) * DAY * 1000)
        elif lot < o.late_days + o.late_hours:
            forwarded = ingested + int(rng.random() * 23 * 3600_000)
        times: tuple[int, ...] = (forwarded,)
        if rng.random() < o.duplicates:
            times = (forwarded, forwarded + int(rng.choice([1e3, 9e4, 36e5, 324e5]) * rng.random()) + 1)
            self.truth.excluded["duplicate_event"] += 1
        stream = self.streams[0] if o.log_streams == 1 else rng.choice(self.streams)
        one = Incoming(ingested, stamp, message, stream, times)
        self.month.incoming.append(one)
        self.truth.states[state] += 1
        return one

    def relog(self, one: Incoming, state: str) -> None:
        """The same line once more: another event of the same request."""
        later = 1 + int(self.rng.random() * 5000)
        self.month.incoming.append(Incoming(one.ingested + later, one.timestamp + later, one.message,
                                            one.stream, (one.forwarded[0] + later,)))
        self.truth.states[state] += 1
        self.truth.excluded["duplicate_request"] += 1

    def serve(self, request: Request) -> None:
        o, rng = self.o, self.rng
        lot = rng.random()
        clock = (str(request.at * 1000 + int(lot * 999)) if rng.random() < o.milliseconds
                 else str(request.at))
        if lot < o.invalid:
            self.unusable(request)
            return
        lot -= o.invalid
        dash = lot < o.dashes
        if rng.random() < o.old_format:
            self.serve_old(request, clock, next(self.old_dash_turn) if dash else "")
        elif dash:
            self.serve_new(request, clock, next(self.dash_turn))
        elif lot < o.dashes + o.untimed:
            self.serve_new(request, clock, "requestTimeEpoch+requestTime")
        else:
            self.serve_new(request, clock, "", broken=lot < o.dashes + o.untimed + o.broken)

    def serve_new(self, request: Request, clock: str, dash: str, broken: bool = False) -> None:
        named = request.customer >= 0
        sub = self.subs[request.customer] if named else "-"
        user = f"user{request.customer:05d}" if named else "-"
        stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(request.at))
        message = new_line(request, sub, user, clock, stamp, dash)
        if broken:
            message = break_line(message, next(self.break_turn))
        state = "repaired" if broken else "estimated" if "+" in dash else "ok"
        one = self.log(request, message, state, exact=bool(dash))
        if not dash and self.rng.random() < self.o.relogged:
            self.relog(one, state)
        self.bill(request, "" if dash == "sub" or not named else sub,
                  "" if dash == "username" or not named else user, dash)

    def serve_old(self, request: Request, clock: str, dash: str) -> None:
        if "\\" in request.path or '"' in request.path:
            request = request._replace(path="/")  # that format did not escape
        sub = self.subs[request.customer] if request.customer >= 0 else "-"
        message = old_line(request, sub, clock, dash)
        state = "repaired" if dash in ("requestTime", "responseLength") else "ok"
        self.log(request, message, state, exact=bool(dash))
        self.bill(request, "" if dash == "sub" or sub == "-" else sub, "", dash)

    def bill(self, request: Request, sub: str, user: str, dash: str) -> None:
        group = tuple("" if dash == name else value for name, value in (
            ("httpMethod", request.method), ("routeKey", request.route), ("status", request.status)))
        size = 0 if dash == "responseLength" else request.size
        self.truth.tell(self.calendar.day_of(request.at), no_id=dash == "requestId",
                        length_unknown=dash == "responseLength")
        self.truth.bill(self.calendar.day_of(request.at), sub, user, size, group)  # type: ignore[arg-type]

    def unusable(self, request: Request) -> None:
        blank = self.rng.random() < 0.3
        reason = "blank" if blank else "invalid"
        self.log(request, self.rng.choice(BLANK if blank else BROKEN), reason)
        self.truth.excluded[reason] += 1

    def make(self) -> Month:
        requests = self.requests()
        for request in requests:
            self.serve(request)
        calendar = self.calendar
        unlogged = calendar.times(self.rng, int(self.o.requests * self.o.unlogged), calendar.first,
                                  calendar.last, 0)
        self.month.gateway = [request.at for request in requests] + unlogged
        for start in calendar.starts[:-1]:
            self.month.checks += [start * 1000 + self.rng.randrange(DAY * 1000) for _ in range(self.o.control)]
        self.truth.states["control"] = self.truth.excluded["control"] = len(self.month.checks)
        self.truth.gateway_count = len(self.month.gateway)
        self.truth.log_events = len(self.month.incoming)
        self.month.truth = self.truth.table()
        return self.month


def generate(month: str, **options: Any) -> Month:
    """The month of Options; TypeError for an option there is not."""
    return Maker(Options(month=month, **options)).make()


def main() -> int:
    parser = argparse.ArgumentParser(prog="sandbox.data.generator", description=__doc__)
    for one in fields(Options):
        kind = {"days": int}.get(one.name) or (type(one.default) if one.name != "month" else str)
        if kind is bool:
            parser.add_argument(f"--{one.name}", action="store_true")
        else:
            parser.add_argument(f"--{one.name.replace('_', '-')}", type=kind, required=one.name == "month",
                                default=None if one.name == "month" else one.default)
    parser.add_argument("--truth-only", action="store_true")
    given = vars(parser.parse_args())
    truth_only = given.pop("truth_only")
    made = generate(**given)
    if not truth_only:
        for one in made.incoming:
            at = datetime.fromtimestamp(one.ingested / 1000, UTC).isoformat(timespec="milliseconds")
            print(json.dumps({"ingested": at, "timestamp": one.timestamp, "forwarded": one.forwarded,
                              "stream": one.stream, "message": one.message}, ensure_ascii=False))
    print(json.dumps({"truth": made.truth}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
