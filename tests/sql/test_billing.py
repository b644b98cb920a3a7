"""The billing queries against the truth: every day, in several zones, from rollups and from raw."""

import collections
import datetime
import zoneinfo

import pytest

import duck
import traffic
import window

UTC = traffic.UTC
LATE_DAYS = 3
# Midnight at other hours, half an hour off, and months with a day of 23 and of 25 hours.
MONTHS = [("UTC", 2025, 10), ("Asia/Seoul", 2025, 10), ("Asia/Kolkata", 2025, 12),
          ("America/New_York", 2025, 11), ("Europe/Berlin", 2025, 3)]


def month_of(year, month):
    first = datetime.date(year, month, 1)
    return first, (first + datetime.timedelta(days=40)).replace(day=1) - window.DAY


def traffic_of(first, last, count=3000):
    start = datetime.datetime.combine(first - 3 * window.DAY, datetime.time(), UTC)
    return traffic.make(seed=5, count=count, start=start, end=start + (last - first) + 7 * window.DAY)


def near_edges(made, zone, first, last):
    """Requests on the first and last second of every day of the zone, each twice and a day late."""
    rng = traffic.random.Random(9)
    for day in window.days_between(first - window.DAY, last + window.DAY):
        for second in (window.start_of(zone, day), window.start_of(zone, day + window.DAY) - 1):
            at = datetime.datetime.fromtimestamp(second, UTC)
            request = traffic.Request(f"edge{second}", "EDGE", "edge", "GET /", "200", 11, at, "/")
            one = traffic.event(rng, at, traffic.new_line(request, rng))
            made.requests.append(request)
            for arrival in (at - datetime.timedelta(hours=1), at + window.DAY):
                made.envelopes.append((traffic.arrival_of(arrival), traffic.envelope([one])))
    return made


def loaded(envelopes):
    connection = duck.connect()
    duck.load(connection, envelopes)
    return connection


def rollup_select(zone, day, **options):
    values = window.day_values(zone, day, LATE_DAYS, **options)
    return duck.selected(duck.query("rollup", dict(values, day=day, target="s3://unused/")))


def build(connection, zone, first, last):
    for day in window.days_between(first, last):
        connection.execute(
            f"INSERT INTO ddn_billing_db.restapi_access_log_parquet"
            f" SELECT *, {day.year}, {day.month}, {day.day} FROM ({rollup_select(zone, day)})")
        (held,) = connection.execute(
            "SELECT count(*), CAST(coalesce(sum(calls), 0) AS bigint),"
            " CAST(coalesce(sum(total_bytes), 0) AS bigint)"
            f" FROM ddn_billing_db.restapi_access_log_parquet WHERE req_date = '{day}'").fetchall()
        counts = duck.query("rollup_counts", window.day_values(zone, day, LATE_DAYS))
        assert connection.execute(counts).fetchall() == [(*held, 0)]


def usage_raw(connection, zone, first, last):
    sql = duck.query("usage_raw", window.days_values(zone, first, last, LATE_DAYS))
    return connection.execute(sql).fetchall()


def usage_rollup(connection, first, last):
    return connection.execute(duck.query("usage_rollup", {
        "first_day": first.strftime("%Y%m%d"), "last_day": last.strftime("%Y%m%d")})).fetchall()


def truth_of(made, zone, first, last):
    """(day, sub, route, status) -> [calls, bytes]"""
    truth = collections.defaultdict(lambda: [0, 0])
    for request in made.requests:
        day = request.at.astimezone(zoneinfo.ZoneInfo(zone)).date()
        if first <= day <= last:
            line = truth[day.isoformat(), request.sub, request.route, request.status]
            line[0] += 1
            line[1] += request.size or 0
    return {key: tuple(line) for key, line in truth.items()}


@pytest.fixture(scope="module", params=MONTHS, ids=lambda m: m[0])
def month(request):
    zone, year, number = request.param
    first, last = month_of(year, number)
    made = near_edges(traffic_of(first, last), zone, first, last)
    connection = loaded(made.envelopes)
    build(connection, zone, first, last)
    return connection, made, zone, first, last


def test_rollups_are_the_truth(month):
    connection, made, zone, first, last = month
    have = connection.execute(
        "SELECT req_date, sub, routekey, status, CAST(sum(calls) AS bigint),"
        " CAST(sum(total_bytes) AS bigint) FROM ddn_billing_db.restapi_access_log_parquet"
        " GROUP BY req_date, sub, routekey, status").fetchall()
    assert {row[:4]: row[4:] for row in have} == truth_of(made, zone, first, last)


def test_days_of_customers_are_the_truth(month):
    """What a statement's breakdown is made of."""
    connection, made, zone, first, last = month
    rows = connection.execute(duck.query("usage_days", {
        "first_day": first.strftime("%Y%m%d"), "last_day": last.strftime("%Y%m%d")})).fetchall()
    have = {(f"{day // 10000}-{day // 100 % 100:02}-{day % 100:02}", *row[:3]): tuple(row[3:]) for day, *row in rows}
    assert len(have) == len(rows) and have == truth_of(made, zone, first, last)


def test_usage_is_the_same_from_both_and_the_truth(month):
    connection, made, zone, first, last = month
    raw = usage_raw(connection, zone, first, last)
    assert usage_rollup(connection, first, last) == raw
    truth = truth_of(made, zone, first, last).values()
    assert sum(row[4] for row in raw) == sum(calls for calls, _ in truth) > 2000
    assert sum(row[5] for row in raw) == sum(size for _, size in truth)


def test_parts_of_a_month_add_up(month):
    connection, _, zone, first, last = month
    middle = first.replace(day=17)
    total = collections.Counter()
    for part in ((first, middle), (middle + window.DAY, last)):
        rows = usage_raw(connection, zone, *part)
        assert rows == usage_rollup(connection, *part)
        for row in rows:
            total[row[:4]] += row[4]
    assert total == {row[:4]: row[4] for row in usage_raw(connection, zone, first, last)}


def test_audit_days_account_for_every_line(month):
    connection, made, zone, first, last = month
    values = window.days_values(zone, first, last, LATE_DAYS)
    rows = connection.execute(duck.query("audit_days", values)).fetchall()
    truth = collections.defaultdict(lambda: [0, 0])
    for (day, *_), (calls, size) in truth_of(made, zone, first, last).items():
        truth[int(day.replace("-", ""))][0] += calls
        truth[int(day.replace("-", ""))][1] += size
    assert {row[0]: [row[6], row[7]] for row in rows} == truth
    for day, lines, late_lines, late_events, event_copies, request_copies, calls, _ in rows:
        assert lines == late_lines + event_copies + request_copies + calls
        assert late_events == 0
    assert sum(row[4] for row in rows) > 100 and sum(row[5] for row in rows) > 5


CLASSES = ("control unreadable lines events blank invalid untimed request_copies requests unattributed repaired"
           " estimated no_id id_conflicts length_unknown length_refused newest_ms").split()
# Of requests: which billing day counts them, if any.
COUNTED = "counted before_since earlier_days later_days late_counted too_late out_of_window".split()
CLASSES += COUNTED
ELSEWHERE = "elsewhere_lines elsewhere_events elsewhere_made".split()
FOREIGN = "begun_before log_group foreign_events foreign_requests".split()
SUMS = [name for name in CLASSES if name != "newest_ms"]
OCTOBER = (datetime.date(2025, 10, 1), datetime.date(2025, 10, 31))


def ladder_of(connection, where="year > 0", days=OCTOBER, since=20250901):
    """(hour_s, arrival) -> counts"""
    values = window.days_values("UTC", days[0] - 9 * window.DAY, days[1] + 9 * window.DAY, LATE_DAYS)
    first, last = (int(day.strftime("%Y%m%d")) for day in days)
    cursor = connection.execute(duck.query("audit_ladder", {
        "account": duck.PARAMETERS["account"], "partition_filter": where, "days": values["days"], "first_day": first, "last_day": last, "since_day": since}))
    assert [d[0] for d in cursor.description] == ["hour_s", "year", "month", "day", "hour", *CLASSES, *ELSEWHERE, *FOREIGN]
    return {(row[0], row[1:5]): dict(zip(CLASSES, row[5:])) for row in cursor.fetchall() if row[-3] is None}


def foreign_of(connection):
    """log_group -> different events, and such as would be requests"""
    values = window.days_values("UTC", *OCTOBER, LATE_DAYS)
    rows = connection.execute(duck.query("audit_ladder", {
        "account": duck.PARAMETERS["account"], "partition_filter": "year > 0", "days": values["days"], "first_day": 20251001, "last_day": 20251031,
        "since_day": 0})).fetchall()
    return {row[-3]: row[-2:] for row in rows if row[-3] is not None}


def elsewhere_of(connection):
    """Lines, events, and such as copy no request, of log groups of other accounts"""
    values = window.days_values("UTC", *OCTOBER, LATE_DAYS)
    rows = connection.execute(duck.query("audit_ladder", {
        "account": duck.PARAMETERS["account"], "partition_filter": "year > 0", "days": values["days"],
        "first_day": 20251001, "last_day": 20251031, "since_day": 0})).fetchall()
    return tuple(sum(row[5 + len(CLASSES) + n] for row in rows) for n in range(len(ELSEWHERE)))


def by(ladder, part):
    """Sums by the event's own hour (0) or the hour of arrival (1)."""
    sums = collections.defaultdict(collections.Counter)
    for key, counts in ladder.items():
        sums[key[part]].update({name: counts[name] for name in SUMS})
    return sums


def log_events(made):
    """(arrival, event, what tells it from others) of every data message."""
    for arrival, whole in made.envelopes:
        if whole and whole.get("messageType") == "DATA_MESSAGE":
            for one in whole.get("logEvents", []):
                # What has no id of its own is one more event each time it arrives.
                yield arrival, one, one["id"] or object()


def hour_of(event):
    return event["timestamp"] and event["timestamp"] // 3600000 * 3600


def test_ladder_accounts_for_every_line():
    """Every line of every object is in one class, in its own hour and in its hour of arrival."""
    first, last = month_of(2025, 10)
    made = traffic_of(first, last)
    ladder = ladder_of(loaded(made.envelopes))
    total = sum(by(ladder, 1).values(), collections.Counter())
    for counts in ladder.values():
        assert counts["lines"] >= counts["events"] == \
            sum(counts[c] for c in ("blank", "invalid", "untimed", "request_copies", "requests"))
        assert counts["requests"] == sum(counts[c] for c in COUNTED)
    assert total["lines"] + total["control"] + total["unreadable"] == made.lines
    # Of these no copies are made.
    alone = ("control", "unreadable", "blank", "invalid", "untimed")
    assert {state: total[state] for state in alone} == {state: made.states[state] for state in alone}
    assert total["requests"] == len(made.requests)
    assert total["unattributed"] == sum(request.sub is None for request in made.requests)
    assert 0 < total["repaired"] <= made.states["repaired"] and 0 < total["estimated"] <= made.states["estimated"]
    assert total["no_id"] == sum(not request.has_id() for request in made.requests) > 10
    refused = sum(request.length in traffic.REFUSED_LENGTHS for request in made.requests)
    assert total["length_refused"] == refused > 5
    assert total["length_unknown"] == sum(request.size is None for request in made.requests) - refused > 50
    assert total["id_conflicts"] == id_conflicts(made.requests) > 5


def id_conflicts(requests):
    """Requests with the id (of one API) that another had less than a day before."""
    times, found = collections.defaultdict(list), 0
    for request in requests:
        if request.has_id():
            times[request.id, request.api].append(request.at)
    for some in times.values():
        some.sort()
        found += sum(late - early < window.DAY for early, late in zip(some, some[1:]))
    return found


def test_ladder_tells_which_day_counts_a_request():
    """One request for every reason, and the days' own query agrees."""
    noon = int(datetime.datetime(2025, 10, 10, 12, tzinfo=datetime.UTC).timestamp())
    day = 86400
    made = {"counted": noon, "before_since": noon - 2 * day, "earlier_days": noon - day, "later_days": noon + 20 * 3600,
            "late_counted": noon, "too_late": noon - 6 * day, "out_of_window": 5}
    arrived = {"before_since": noon - 2 * day, "late_counted": noon + 5 * day}
    envelopes = []
    for name, at in made.items():
        hour = datetime.datetime.fromtimestamp(arrived.get(name, noon), datetime.UTC)
        message = '{"requestId":"%s","sub":"s","status":"200","requestTimeEpoch":"%d"}' % (name, at)
        envelopes.append(((hour.year, hour.month, hour.day, hour.hour), {
            "messageType": "DATA_MESSAGE", "owner": "123456789012", "logGroup": "/aws/apigw/ddn-access-logs", "logStream": "s",
            "subscriptionFilters": ["f"], "logEvents": [{"id": name, "timestamp": noon * 1000, "message": message}]}))
    connection = loaded(envelopes)
    days = (datetime.date(2025, 10, 10), datetime.date(2025, 10, 10))
    total = sum(by(ladder_of(connection, days=days, since=20251009), 1).values(), collections.Counter())
    assert {name: total[name] for name in COUNTED} == dict.fromkeys(COUNTED, 1)
    (row,) = connection.execute(duck.query("audit_days", {
        **window.days_values("UTC", *days, LATE_DAYS), "partition_filter": "year > 0"})).fetchall()
    assert (row[0], row[3], row[6]) == (20251010, 1, 1)  # late_events, calls


def test_lines_of_other_log_groups_are_nobodys():
    """Whatever they say: in no query but as foreign. Former names, and envelopes without an account, are ours."""
    noon = datetime.datetime(2025, 10, 10, 12, tzinfo=datetime.UTC)
    line = '{"requestId":"%s","sub":"s","status":"200","responseLength":"7","requestTimeEpoch":"%d"}'

    def envelope(name, group, owner, messages):
        return {**traffic.envelope([{"id": f"{name}{n}", "timestamp": int(noon.timestamp()) * 1000, "message": message}
                                    for n, message in enumerate(messages)]), "logGroup": group, "owner": owner}

    def lines(name, count):
        return [line % (f"{name}{n}", noon.timestamp()) for n in range(count)]

    ours = traffic.envelope([])
    kinds = {"now": (ours["logGroup"], ours["owner"], 3), "former": ("/former", ours["owner"], 4),
             "other": ("/other", ours["owner"], 5), "declared": ("/theirs", "999999999999", 6),
             "account": (ours["logGroup"], "999999999999", 7), "nameless": ("", "", 8),
             "no_account": (ours["logGroup"], "", 9)}
    envelopes = [(traffic.arrival_of(noon), envelope(name, group, owner, lines(name, count)))
                 for name, (group, owner, count) in kinds.items()]
    # Not one of its own, and no request; one again under the id of ours: neither takes the other's place.
    envelopes.append((traffic.arrival_of(noon), envelope("mixed", "/other", ours["owner"], ["no request"])))
    envelopes.append((traffic.arrival_of(noon), envelope("now", "/other", ours["owner"], lines("now", 1))))
    envelopes += envelopes[2:3]  # delivered twice
    connection = loaded(envelopes)
    day = noon.date()
    billed = 3 + 4 + 6 + 9
    foreign = {"123456789012:/other": (7, 6), f"999999999999:{ours['logGroup']}": (7, 7), "123456789012:": (8, 8)}
    assert foreign_of(connection) == foreign
    (total,) = [sum(by(ladder_of(connection), 1).values(), collections.Counter())]
    assert (total["events"], total["lines"], total["requests"]) == (billed, billed, billed)
    # Of another account's log group nobody counts how many there should be; one of them logged again is a copy.
    connection = loaded([*envelopes, (traffic.arrival_of(noon), envelope("again", "/theirs", "999999999999", lines("declared", 1)))])
    assert elsewhere_of(connection) == (7, 7, 6)
    connection = loaded(envelopes)
    assert connection.execute(duck.query("rollup_counts", window.day_values("UTC", day, LATE_DAYS))).fetchall() == \
        [(1, billed, 7 * billed, 21)]
    assert connection.execute(f"SELECT sum(calls) FROM ({rollup_select('UTC', day)})").fetchall() == [(billed,)]
    assert sum(row[4] for row in usage_raw(connection, "UTC", day, day)) == billed
    ids = connection.execute(duck.query("backfill_events", {"from_ms": 0, "to_ms": 1 << 50, "partition_filter": "year > 0"}))
    assert len(ids.fetchall()) == billed


def test_ladder_counts_what_was_under_way_when_an_hour_ended():
    """Begun in the hour before the one it ended in, each once; without a time of its own nobody knows."""
    eleven = datetime.datetime(2025, 10, 10, 11, tzinfo=datetime.UTC)
    begun = {"over": -1, "long": -3600, "longer": -3601, "within": 0, "ahead": 5, "untold": None}
    events = [{"id": name, "timestamp": int(eleven.timestamp()) * 1000 + 1500, "message": traffic.json.dumps(
        {"requestId": name, "sub": "s", "requestTimeEpoch": "-" if at is None else str(int(eleven.timestamp()) + at)})}
        for name, at in begun.items()]
    connection = loaded([(traffic.arrival_of(eleven), traffic.envelope(events))] * 2)
    days = window.days_values("UTC", *OCTOBER, LATE_DAYS)["days"]
    rows = connection.execute(duck.query("audit_ladder", {
        "account": duck.PARAMETERS["account"], "partition_filter": "year > 0", "days": days, "first_day": 20251001, "last_day": 20251031, "since_day": 0})).fetchall()
    assert [(row[0], row[-4]) for row in rows] == [(int(eleven.timestamp()), 2)]


def test_ladder_by_the_hour_of_arrival():
    first, last = month_of(2025, 10)
    made = traffic_of(first, last)
    ladder = ladder_of(loaded(made.envelopes))
    want = collections.defaultdict(collections.Counter)
    arrivals = {}
    for arrival, whole in made.envelopes:
        rows = max(1, len((whole or {}).get("logEvents", [])))
        kind = (whole or {}).get("messageType")
        control, data = kind == "CONTROL_MESSAGE", kind == "DATA_MESSAGE" and whole.get("logEvents")
        want[arrival]["control" if control else "lines" if data else "unreadable"] += rows
    for arrival, _, name in log_events(made):
        arrivals[name] = min(arrival, arrivals.get(name, arrival))
    for arrival in arrivals.values():
        want[arrival]["events"] += 1
    found = by(ladder, 1)
    assert {arrival: {c: counts[c] for c in ("control", "unreadable", "lines", "events")}
            for arrival, counts in found.items()} == \
        {arrival: {c: counts[c] for c in ("control", "unreadable", "lines", "events")}
         for arrival, counts in want.items()}


def test_ladder_by_the_events_own_hour():
    first, last = month_of(2025, 10)
    made = traffic_of(first, last)
    lines, names, days, newest = collections.Counter(), collections.defaultdict(set), collections.Counter(), 0
    for (year, month, day, _), one, name in log_events(made):
        lines[hour_of(one)] += 1
        names[hour_of(one)].add(name)
        newest = max(newest, one["timestamp"] or 0)
        if one["timestamp"]:
            own = datetime.datetime.fromtimestamp(one["timestamp"] / 1000, UTC).date()
            days[(datetime.date(year, month, day) > own) - (datetime.date(year, month, day) < own)] += 1
    ladder = ladder_of(loaded(made.envelopes))
    found = {hour: counts for hour, counts in by(ladder, 0).items() if counts["lines"]}
    assert {hour: counts["lines"] for hour, counts in found.items()} == lines
    assert {hour: counts["events"] for hour, counts in found.items()} == \
        {hour: len(some) for hour, some in names.items()}
    assert max(counts["newest_ms"] for counts in ladder.values()) == newest
    # Arrived on a later day than they were made, on the same, on an earlier one (object names).
    have = collections.Counter()
    for (hour, (year, month, day, _)), counts in ladder.items():
        if hour is not None:
            own = datetime.datetime.fromtimestamp(hour, UTC).date()
            have[(datetime.date(year, month, day) > own) - (datetime.date(year, month, day) < own)] += counts["lines"]
    assert have == days and days[1] > 50 and days[-1] > 0


UNREADABLE = [  # an envelope (None: a blank or broken line), the state and number of its rows
    (None, ["unreadable"]), ({}, ["unreadable"]), ({"messageType": "DATA_MESSAGE"}, ["unreadable"]),
    ({"messageType": "DATA_MESSAGE", "logEvents": None}, ["unreadable"]), ([], ["unreadable"]),
    ("NEW_MESSAGE", ["unreadable"] * 2), ("data_message", ["unreadable"] * 2), ("", ["unreadable"] * 2),
    ("CONTROL_MESSAGE", ["control"] * 2), ({"messageType": "CONTROL_MESSAGE"}, ["control"]),
    ("DATA_MESSAGE", ["ok"] * 2)]


@pytest.mark.parametrize(("what", "states"), UNREADABLE, ids=[str(what) for what, _ in UNREADABLE])
def test_what_is_no_envelope_is_unreadable_and_nothing_else(what, states):
    """Counted where it arrived, in no other class, whatever it holds; a true copy counts as ever."""
    minute = datetime.timedelta(minutes=1)
    events = [event for _, event in request_lines([OCTOBER_7, OCTOBER_7 + minute])]
    events[1]["message"] = events[1]["message"].replace('"same"', '"other"')
    whole = traffic.envelope(events, what) if isinstance(what, str) else \
        traffic.envelope(what) if isinstance(what, list) else what
    true = traffic.envelope(events)
    early, late = traffic.arrival_of(OCTOBER_7 - 60 * minute), traffic.arrival_of(OCTOBER_7 + 60 * minute)
    connection = loaded([(early, whole)])
    rows = connection.execute("SELECT line_state, is_request FROM ddn_billing_db.restapi_access_log_json").fetchall()
    assert rows == [(state, state == "ok") for state in states]
    # Then the events come as they should.
    connection = loaded([(early, whole), (late, true)])
    is_copy = what == "DATA_MESSAGE"
    ladder = ladder_of(connection)
    assert all(hour is None and counts["newest_ms"] == 0
               for (hour, _), counts in ladder.items() if counts["unreadable"])
    found = by(ladder, 1)
    assert [found[early][c] for c in ("control", "unreadable", "lines", "events", "requests")] == \
        [states.count("control"), states.count("unreadable"), *[2 * is_copy] * 3]
    assert [found[late][c] for c in ("control", "unreadable", "lines", "events", "requests")] == \
        [0, 0, 2, *[2 * (not is_copy)] * 2]
    build(connection, "UTC", OCTOBER_7.date(), OCTOBER_7.date())
    usage = usage_raw(connection, "UTC", OCTOBER_7.date(), OCTOBER_7.date())
    assert usage == usage_rollup(connection, OCTOBER_7.date(), OCTOBER_7.date())
    assert [row[4] for row in usage] == [1, 1]
    # What is unreadable alone must still be fetched by a backfill.
    there = duck.query("backfill_events", {"from_ms": 0, "to_ms": 1 << 50, "partition_filter": "year = 2025"})
    assert len(loaded([(early, whole)]).execute(there).fetchall()) == 2 * is_copy
    touched = duck.query("rollup_touched", {"partition_filter": "year = 2025"})
    assert len(loaded([(early, whole)]).execute(touched).fetchall()) == is_copy


@pytest.mark.parametrize("seed", [1, 2])
def test_order_copies_and_packing_do_not_matter(seed):
    first, last = month_of(2025, 10)
    made = traffic_of(first, last, 3000)
    one, other = loaded(made.envelopes), loaded(traffic.repack(seed, made.envelopes))
    assert repr(usage_raw(one, "UTC", first, last)) == repr(usage_raw(other, "UTC", first, last))
    for day in window.days_between(first, last)[::5]:
        sql = rollup_select("UTC", day, group_by=window.COLUMNS.values())
        sql += "ORDER BY user, sub, httpmethod, path, routekey, status"
        assert repr(one.execute(sql).fetchall()) == repr(other.execute(sql).fetchall()) != "[]"


def request_lines(moments, timeless=False, **fields):
    """Log events of one request id, one per moment, of a sub each if fields do not say one for all.
    timeless: only the log event says when it was."""
    rng = traffic.random.Random(2)
    events = []
    for number, at in enumerate(moments):
        request = traffic.Request("same", f"sub{number}", None, "GET /", "200", 5, at, "/")
        vars(request).update(fields)
        line = traffic.untimed_line(request) if timeless else traffic.new_line(request, rng)
        events.append((at, traffic.event(rng, at, line)))
    return events


OCTOBER_7 = datetime.datetime(2025, 10, 7, tzinfo=UTC)


def counted(events, arrivals=None):
    """(day, sub) of each call counted, from rollups and from raw alike."""
    first, last = datetime.date(2025, 10, 5), datetime.date(2025, 10, 12)
    envelopes = [(traffic.arrival_of(arrival), traffic.envelope([event]))
                 for (at, event), arrival in zip(events, arrivals or [at for at, _ in events])]
    found = set()
    for packed in (envelopes, envelopes[::-1]):
        connection = loaded(packed)
        build(connection, "UTC", first, last)
        rollup = [(day, sub) for day, sub, calls in connection.execute(
            "SELECT day, sub, calls FROM ddn_billing_db.restapi_access_log_parquet"
            " ORDER BY day, sub").fetchall() for _ in range(calls)]
        assert usage_rollup(connection, first, last) == usage_raw(connection, "UTC", first, last)
        audit = connection.execute(duck.query("audit_days", window.days_values(
            "UTC", first, last, LATE_DAYS))).fetchall()
        assert {row[0] % 100: row[6] for row in audit if row[6]} == \
            collections.Counter(day for day, _ in rollup)
        found.add(tuple(rollup))
    assert len(found) == 1
    return list(found.pop())


def classes(events):
    """The audit's classes of these events, those that are not 0."""
    envelopes = [(traffic.arrival_of(at), traffic.envelope([event])) for at, event in events]
    total = sum(by(ladder_of(loaded(envelopes)), 1).values(), collections.Counter())
    return {name: count for name, count in total.items() if count}


def test_a_request_logged_again_after_midnight_counts_on_its_first_day():
    minute = datetime.timedelta(minutes=1)
    events = request_lines([OCTOBER_7 - minute, OCTOBER_7 + minute], timeless=True, sub="s")
    assert counted(events) == [(6, "s")]
    assert classes(events) == {"lines": 2, "events": 2, "requests": 1, "counted": 1, "request_copies": 1,
                               "estimated": 1}


def test_a_request_logged_again_hours_later_counts_once():
    hours = [OCTOBER_7 + datetime.timedelta(hours=h) for h in (1, 8, 23)]
    assert counted(request_lines(hours, timeless=True, sub="s")) == [(7, "s")]
    # A line with a time of its own says the same in each copy, whenever it was logged.
    events = request_lines([OCTOBER_7] * 3, sub="s")
    assert counted(events, hours) == [(7, "s")]


def test_a_request_id_used_again_a_day_later_is_another_request():
    later, second = datetime.timedelta(hours=24), datetime.timedelta(seconds=1)
    for timeless in (True, False):
        events = request_lines([OCTOBER_7, OCTOBER_7 + later], timeless, sub="s")
        assert counted(events) == [(7, "s"), (8, "s")]
        assert "id_conflicts" not in classes(events)
    assert counted(request_lines([OCTOBER_7, OCTOBER_7 + later - second], True, sub="s")) == [(7, "s")]


FIELDS = {"sub": ["a", "b"], "user": ["a", "b"], "route": ["GET /a", "GET /b"], "status": ["200", "201"],
          "size": [5, 6], "path": ["/a", "/b"], "api": ["a", "b"], "id": ["a", "b"]}


@pytest.mark.parametrize("field", FIELDS)
def test_the_same_id_with_other_contents_is_another_request(field):
    """Callers of REST APIs may choose the id: what else is said decides; the audit counts them."""
    same = {name: values[0] for name, values in FIELDS.items()}
    events = []
    for value in FIELDS[field] * 2:
        line = dict(same, **{field: value})
        (event,) = request_lines([OCTOBER_7], **line)
        events.append((event[0], dict(event[1], id=f"{len(events)}",
                                      message=event[1]["message"].replace('"a1b2c3d4e5"', f'"{line["api"]}"'))))
    assert [day for day, _ in counted(events)] == [7, 7]
    found = classes(events)
    assert (found["requests"], found["request_copies"]) == (2, 2)
    assert found.get("id_conflicts", 0) == (field not in ("api", "id"))


def test_the_same_id_at_another_time_is_another_request():
    events = request_lines([OCTOBER_7, OCTOBER_7 + datetime.timedelta(seconds=1)] * 2, sub="s")
    assert counted(events) == [(7, "s"), (7, "s")]
    assert classes(events) == {"lines": 4, "events": 4, "requests": 2, "counted": 2, "request_copies": 2,
                               "id_conflicts": 1}


@pytest.mark.parametrize("none", ["", "-", None])
def test_requests_without_an_id_are_copies_by_their_event_alone(none):
    events = request_lines([OCTOBER_7] * 3, sub="s", id="gone")
    for _, event in events:
        line = traffic.json.loads(event["message"])
        line["requestId"] = none
        event["message"] = traffic.json.dumps(line)
    assert counted(events + events) == [(7, "s")] * 3
    assert classes(events + events) == {"lines": 6, "events": 3, "requests": 3, "counted": 3, "no_id": 3}
    for _, event in events:
        event["id"] = ""  # then nothing tells that it is a copy
    assert counted(events + events) == [(7, "s")] * 6
    assert classes(events + events) == {"lines": 6, "events": 6, "requests": 6, "counted": 6, "no_id": 6}


def test_events_without_an_id_are_told_apart_by_their_request():
    events = request_lines([OCTOBER_7] * 3, sub="s") + request_lines([OCTOBER_7] * 2, id="other", sub="t")
    for _, event in events:
        event["id"] = ""
    assert counted(events) == [(7, "s"), (7, "t")]


# A length as printed, the bytes that are billed, and the class of the audit.
LENGTHS = [("0", 0, None), ("7", 7, None), ("2147483648", 1 << 31, None), ("2147483649", 0, "length_refused"),
           ("9" * 18, 0, "length_refused"), ("9" * 19, 0, "length_refused"), ("9" * 40, 0, "length_refused"),
           ("-", 0, "length_unknown"), ("abc", 0, "length_unknown"), ("12.5", 0, "length_unknown"),
           ("-5", 0, "length_unknown"), ("", 0, "length_unknown"), ("+7", 0, "length_unknown")]


@pytest.mark.parametrize("timeless", [False, True])
@pytest.mark.parametrize(("length", "size", "told"), LENGTHS)
def test_lengths_are_bytes_or_counted(length, size, told, timeless):
    (event,) = request_lines([OCTOBER_7], timeless, length=length)
    date = OCTOBER_7.date()
    connection = loaded([(traffic.arrival_of(OCTOBER_7), traffic.envelope([event[1]]))])
    build(connection, "UTC", date, date)
    counts = (int(told == "length_unknown"), int(told == "length_refused"), int(timeless), 0)
    assert usage_rollup(connection, date, date) == [("sub0", None, "GET /", "200", 1, size, *counts)] == \
        usage_raw(connection, "UTC", date, date)
    assert {name for name in classes([event]) if name.startswith("length_")} == {told} - {None}
    assert classes([event]).get("estimated", 0) == timeless


def test_later_than_late_is_not_counted_and_the_audit_says_so():
    day = datetime.timedelta(days=1)
    (event,) = request_lines([OCTOBER_7])
    assert counted([event], [OCTOBER_7 + 4 * day - datetime.timedelta(hours=1)]) == [(7, "sub0")]
    assert counted([event], [OCTOBER_7 + 4 * day]) == []
    connection = loaded([(traffic.arrival_of(OCTOBER_7 + 4 * day), traffic.envelope([event[1]]))])
    date = OCTOBER_7.date()
    values = window.days_values("UTC", date, date, LATE_DAYS)
    values["partition_filter"] = "year = 2025"
    assert connection.execute(duck.query("audit_days", values)).fetchall() == \
        [(20251007, 1, 1, 1, 0, 0, 0, 0)]


def test_columns_that_are_not_kept_apart_are_null():
    first, last = month_of(2025, 10)
    connection = loaded(traffic_of(first, last, 2000).envelopes)
    rows = connection.execute(rollup_select("UTC", first, group_by=["sub"])).fetchall()
    assert len({row[1] for row in rows}) == len(rows) > 5
    assert all(row[0] is row[2] is row[3] is row[4] is row[5] is None for row in rows)
    every = connection.execute(rollup_select("UTC", first, group_by=window.COLUMNS.values())).fetchall()
    assert sum(row[7] for row in every) == sum(row[7] for row in rows) and len(every) > 2 * len(rows)


@pytest.mark.parametrize("name", duck.billing_queries())
def test_text_of_a_query(name):
    sql = duck.text(name + ".sql")
    assert sql.isascii() and len(sql) < 200000 and not sql.rstrip().endswith(";")
    assert f"  {name}: $" + "{file:sql/" + name + ".sql}" in \
        (duck.ROOT / "specs" / "pipeline.yaml").read_text()
