"""View and saved queries against the truth, exactly."""

import collections
import datetime
import decimal
import json
import pathlib
import re

import pytest

import duck
import traffic
import window
from test_billing import build, usage_raw, usage_rollup

ROOT = pathlib.Path(__file__).resolve().parents[2]
UTC = traffic.UTC
START = datetime.datetime(2025, 9, 29, tzinfo=UTC)
END = datetime.datetime(2025, 11, 3, tzinfo=UTC)
TODAY = "2025-11-15"
OCTOBER = (datetime.datetime(2025, 10, 1, tzinfo=UTC), datetime.datetime(2025, 11, 1, tzinfo=UTC))


@pytest.fixture(scope="module")
def made():
    return traffic.make(seed=7, count=5000, start=START, end=END)


@pytest.fixture(scope="module")
def connection(made):
    connection = duck.connect()
    duck.load(connection, made.envelopes)
    return connection


@pytest.fixture(scope="module")
def billed(made):
    return with_rollups(made.envelopes)


def with_rollups(envelopes, first=OCTOBER[0].date(), last=OCTOBER[1].date() - window.DAY):
    connection = duck.connect()
    duck.load(connection, envelopes)
    build(connection, "UTC", first, last)
    return connection


def cents(calls, size):
    """The seed's prices, exactly; one rounding, half up."""
    with decimal.localcontext(prec=60):
        exact = decimal.Decimal(calls) * decimal.Decimal("0.001") + \
            decimal.Decimal(size) / 2 ** 30 * decimal.Decimal("0.10")
        return exact.quantize(decimal.Decimal("0.01"), decimal.ROUND_HALF_UP)


def length_state(request):
    return "ok" if request.size is not None else \
        "refused" if request.length in traffic.REFUSED_LENGTHS else "unknown"


def october_truth(requests):
    bill = collections.defaultdict(lambda: [0, 0])
    for request in requests:
        if OCTOBER[0] <= request.at < OCTOBER[1]:
            line = bill[request.sub or "unattributed"]
            line[0] += 1
            line[1] += request.size or 0
    return {sub: tuple(line) for sub, line in bill.items()}


def test_every_event_is_one_row_of_the_right_state(connection, made):
    have = dict(connection.execute(
        "SELECT line_state, count(*) FROM ddn_billing_db.restapi_access_log_json GROUP BY 1"
    ).fetchall())
    assert have == {state: lines for state, lines in made.states.items() if lines}
    assert all(made.states.values()), "the set must hold every state"
    assert sum(have.values()) == made.lines


def test_every_column_of_a_new_line(connection, made):
    rows = collections.Counter(connection.execute(
        "SELECT DISTINCT requestid, sub, routekey, status, responselength, requesttime, request_date, ip,"
        " httpmethod, protocol, path, apiid, length_state FROM ddn_billing_db.restapi_access_log_json"
        " WHERE is_request").fetchall())
    assert rows == collections.Counter(set(
        (request.id if request.has_id() else None, request.sub, request.route, request.status, request.size,
         int(request.at.timestamp()), request.at.date(), "203.0.113.7", request.route.split()[0], "HTTP/1.1",
         None if request.path == "-" else request.path, request.api, length_state(request))
        for request in made.requests))


def test_user_is_null_and_never_a_dash(connection):
    assert connection.execute(
        "SELECT count(*) FROM ddn_billing_db.restapi_access_log_json"
        " WHERE user IN ('-', '-:username') OR sub = '-' OR path = '-'").fetchone() == (0,)
    assert connection.execute(
        "SELECT count(*) > 1000 FROM ddn_billing_db.restapi_access_log_json"
        " WHERE user LIKE 'user%'").fetchone() == (True,)


def test_path_cannot_replace_the_identity(connection):
    assert connection.execute(
        "SELECT count(*) FROM ddn_billing_db.restapi_access_log_json WHERE sub = 'victim'"
    ).fetchone() == (0,)
    assert connection.execute(
        "SELECT count(*) > 0 FROM ddn_billing_db.restapi_access_log_json"
        " WHERE message LIKE '%victim%' AND is_request").fetchone() == (True,)


KEYS = re.findall(r"^\| `(\w+)`(?:, else `(\w+)`)? \| ([a-z ]+) \|", (ROOT / "docs/lints.md").read_text(), re.M)


@pytest.mark.parametrize("name, other, use", KEYS)
def test_a_line_without_a_key_is_what_the_lints_say(name, other, use):
    """The list of keys that the lints go by is what the view reads; see docs/lints.md."""
    line = {k: "12" for key in KEYS for k in key[:2] if k}
    columns = "requestid, ip, user, sub, httpmethod, path, routekey, status, protocol, responselength, clientid, apiid, " \
              "stage, dataprocessed"
    made = []
    for left in (line, {k: v for k, v in line.items() if k not in (name, other)}):
        connection = duck.connect()
        duck.load(connection, [((2025, 10, 5, 1), traffic.envelope([
            {"id": "e", "timestamp": 1759629600000, "message": json.dumps(left)}]))])
        made += connection.execute(f"SELECT is_request, requesttime, line_state, {columns} "
                                   "FROM ddn_billing_db.restapi_access_log_json").fetchall()
    whole, less = made
    assert whole[:3] == (True, 12, "ok") and None not in whole
    if name == "requestId":
        # It has sub, status and responseLength: a call, of which a copy cannot be told.
        assert use == "calls are counted by it" and less[:4] == (True, 12, "ok", None)
    elif name == "requestTimeEpoch":
        assert less[1:3] == (1759629600, "estimated") and less[3:] == whole[3:]
    else:
        assert less[0] and sum(a != b for a, b in zip(whole, less)) == 1 and less.count(None) == 1


def check_bill(rows, requests):
    truth = october_truth(requests)
    assert {row["sub"]: row["monthly_calls"] for row in rows} == {s: t[0] for s, t in truth.items()}
    for row in rows:
        calls, size = truth[row["sub"]]
        gib = decimal.Decimal(size) / 2 ** 30
        assert abs(row["total_gb"] - gib) < decimal.Decimal("0.000001")
        if row["sub"] == "unattributed":
            assert row["total_charges"] == 0 and calls > 0
            continue
        assert row["call_charges"] == calls * decimal.Decimal("0.001")
        charge = gib * decimal.Decimal("0.1")
        assert abs(row["data_charges"] - charge) < decimal.Decimal("0.000001")
        assert row["total_charges"] == cents(calls, size) and row["currency"] == "USD"


def test_bill_is_the_truth_to_the_cent(billed, made):
    check_bill(duck.run(billed, "queries/7-monthly-billing.sql", TODAY), made.requests)


def test_bill_does_not_depend_on_order_or_envelopes(billed, made):
    """A whole month once: that its days do not, test_billing.py asks of several orders."""
    other = with_rollups(traffic.repack(1, made.envelopes))
    assert duck.run(other, "queries/7-monthly-billing.sql", TODAY) == duck.run(billed, "queries/7-monthly-billing.sql", TODAY)


def test_bill_rounds_once():
    """Sums a hair under and exactly at half a cent, and one that rounding twice would lift."""
    for calls, size in ((0, 53687091), (0, 53687092), (4, 10737418), (4, 10737419), (5, 0), (4, 0),
                        (1, 42949672), (1, 42949673), (3, 2 ** 31 - 1)):
        requests = [traffic.Request(f"r{n}", "S", None, "GET /", "200", size if n == 0 else 0,
                                    OCTOBER[0], "/") for n in range(max(calls, 1))]
        rng = traffic.random.Random(1)
        events = [traffic.event(rng, r.at, traffic.new_line(r, rng)) for r in requests]
        first = OCTOBER[0].date()
        connection = with_rollups([((2025, 10, 1, 0), traffic.envelope(events))], first, first)
        (row,) = duck.run(connection, "queries/7-monthly-billing.sql", TODAY)
        assert row["total_charges"] == cents(len(requests), size)


@pytest.mark.parametrize(("today", "price"), [("2025-11-15", 2), ("2025-12-01", 3), ("2025-10-31", None)])
def test_prices_are_those_of_the_month(billed, today, price, monkeypatch):
    """None: months whose charges are no calls times a price have none at all."""
    monkeypatch.setitem(duck.PARAMETERS, "billing_call_price", (
        "CAST(CASE WHEN month_start >= DATE '2025-11-01' THEN 3000000000"
        " WHEN month_start >= DATE '2025-10-01' THEN 2000000000 WHEN month_start > DATE '2025-01-17' THEN NULL END"
        " AS bigint)"))
    billed.execute("INSERT INTO ddn_billing_db.restapi_access_log_parquet"
                   " SELECT * REPLACE (9 AS month, 'September' AS req_date) FROM ddn_billing_db.restapi_access_log_parquet"
                   " WHERE req_date = '2025-10-07' UNION ALL"
                   " SELECT * REPLACE (11 AS month, 'November' AS req_date) FROM ddn_billing_db.restapi_access_log_parquet"
                   " WHERE req_date = '2025-10-07'")
    try:
        rows = duck.run(billed, "queries/7-monthly-billing.sql", today)
    finally:
        billed.execute("DELETE FROM ddn_billing_db.restapi_access_log_parquet WHERE req_date LIKE '%ember'")
    assert len(rows) > 5
    for row in rows:
        nothing = row["sub"] == "unattributed"
        assert row["call_charges"] == (0 if nothing else price and price * row["monthly_calls"])
        assert nothing or (row["total_charges"] is None) == (price is None)


def sums(rows, *keys, calls, size=None):
    """Calls and bytes of rows (dicts) by some of their members."""
    found = collections.defaultdict(lambda: [0, 0])
    for row in rows:
        line = found[tuple(row[key] for key in keys)]
        line[0] += row[calls]
        line[1] += round(row[size] * (1 << 20)) if size == "total_mb" else row[size] if size else 0
    return {key: tuple(line) for key, line in found.items()}


def usage_sums(rows, *places):
    found = collections.defaultdict(lambda: [0, 0])
    for row in rows:
        line = found[tuple(row[place] for place in places)]
        line[0] += row[4]
        line[1] += row[5]
    return {key: tuple(line) for key, line in found.items()}


@pytest.mark.parametrize("since", [1, 15], ids=["whole", "since"])
def test_saved_queries_say_what_the_bill_says(billed, since, monkeypatch):
    """Of the month before, the same numbers as what is rated: also where billing begins within it."""
    monkeypatch.setitem(duck.PARAMETERS, "billing_since", f"202510{since:02}")
    first, last = datetime.date(2025, 10, since), datetime.date(2025, 10, 31)
    usage = usage_rollup(billed, first, last)
    assert usage == usage_raw(billed, "UTC", first, last) and len(usage) > 50
    monthly = duck.run(billed, "queries/7-monthly-billing.sql", TODAY)
    by_sub = usage_sums(usage, 0)
    assert {row["sub"]: row["monthly_calls"] for row in monthly} == {sub or "unattributed": calls for (sub,), (calls, _) in by_sub.items()}
    assert all(row["sub"] == "unattributed" or row["total_charges"] == cents(*by_sub[row["sub"],]) for row in monthly)
    listed = duck.run(billed, "queries/6-daily-rollup.sql", TODAY)
    assert sums(listed, "sub", "routekey", calls="calls", size="total_mb") == usage_sums(usage, 0, 2)
    daily = [row for row in duck.run(billed, "queries/3-daily-calls-per-user.sql", TODAY) if row["date"] <= last]
    assert min(row["date"] for row in daily) >= first
    assert sums(daily, "sub", "routekey", calls="total_calls", size="total_bytes") == {
        key: line for key, line in usage_sums(usage, 0, 2).items() if key[0]}
    if since == 1:
        hours = [row for row in duck.run(billed, "queries/4-traffic-per-hour.sql", TODAY) if row["month"] == 10]
        assert sums(hours, calls="request_count")[()][0] == usage_sums(usage)[()][0]
        two_months = usage_raw(billed, "UTC", first, datetime.date(2025, 11, 15))
        routes = duck.run(billed, "queries/5-error-rate-per-route.sql", TODAY)
        assert {(r["routekey"],): r["total_requests"] for r in routes} == {
            key: calls for key, (calls, _) in usage_sums(two_months, 2).items()}
        errors = usage_sums([row for row in two_months if row[3][:1] in "45"], 2)
        assert {(r["routekey"],): r["error_count"] for r in routes if r["error_count"]} == {key: calls for key, (calls, _) in errors.items()}


def test_daily_calls_per_user(connection, made):
    truth = collections.Counter()
    size = collections.Counter()
    for request in made.requests:
        if request.sub and request.at >= OCTOBER[0]:
            key = (request.sub, request.route, request.at.date())
            truth[key] += 1
            size[key] += request.size or 0
    rows = duck.run(connection, "queries/3-daily-calls-per-user.sql", TODAY)
    keys = [(row["sub"], row["routekey"], row["date"]) for row in rows]
    assert dict(zip(keys, (row["total_calls"] for row in rows))) == dict(truth)
    assert dict(zip(keys, (row["total_bytes"] for row in rows))) == dict(size)
    assert len(keys) == len(truth)


def test_traffic_per_hour(connection, made):
    truth = collections.Counter(
        (r.at.year, r.at.month, r.at.day, r.at.hour) for r in made.requests if r.at >= OCTOBER[0])
    rows = duck.run(connection, "queries/4-traffic-per-hour.sql", TODAY)
    assert {(r["year"], r["month"], r["day"], r["hour"]): r["request_count"] for r in rows} == truth


def test_error_rate_per_route(connection, made):
    total, errors = collections.Counter(), collections.Counter()
    for request in made.requests:
        if request.at >= OCTOBER[0]:
            total[request.route] += 1
            errors[request.route] += request.status[0] in "45"
    rows = duck.run(connection, "queries/5-error-rate-per-route.sql", TODAY)
    assert {r["routekey"]: (r["total_requests"], r["error_count"]) for r in rows} == \
        {route: (total[route], errors[route]) for route in total}
    for row in rows:
        assert row["error_rate_percent"] == pytest.approx(
            100 * errors[row["routekey"]] / total[row["routekey"]])


def test_lists(connection):
    assert len(duck.run(connection, "queries/1-raw-data.sql", "2025-10-15")) == 5
    listed = duck.text("queries/2-parsed-requests.sql").replace("current_date", "DATE '2025-10-15'")
    times = connection.execute(
        f"SELECT year(request_timestamp), request_timestamp::varchar FROM ({listed})").fetchall()
    assert len(times) == 10 and {year for year, _ in times} == {2025}
    assert times == sorted(times, reverse=True)


def test_rollup_list(connection):
    connection.execute(
        "INSERT INTO ddn_billing_db.restapi_access_log_parquet VALUES"
        " ('u','s','GET','/','GET /','200','2025-10-31',3,1048576,0,0,0,0,2025,10,31),"
        " ('u','s','GET','/','GET /','200','2025-08-31',3,1048576,0,0,0,0,2025,8,31)")
    rows = duck.run(connection, "queries/6-daily-rollup.sql", TODAY)
    assert [(r["req_date"], r["calls"], r["total_mb"]) for r in rows] == [("2025-10-31", 3, 1.0)]


@pytest.mark.parametrize("name", duck.queries())
def test_queries_run_as_they_stand(connection, name):
    sql = duck.text(name)
    assert "${" not in sql and not sql.rstrip().endswith(";")
    assert sql.isascii() and len(sql) < 262144
    connection.execute(sql).fetchall()


@pytest.mark.parametrize("today", ["2026-01-31", "2025-03-31", "2024-03-01", "2025-12-31"])
def test_bill_takes_the_month_before(today):
    """Month ends of every length: the first and last second of the month, and their neighbours."""
    first_of_this = datetime.datetime.fromisoformat(today).replace(day=1, tzinfo=UTC)
    first = (first_of_this - datetime.timedelta(days=1)).replace(day=1)
    second = datetime.timedelta(seconds=1)
    rng = traffic.random.Random(3)
    envelopes = []
    for n, at in enumerate((first - second, first, first_of_this - second, first_of_this)):
        request = traffic.Request(f"r{n}", f"s{n}", None, "GET /", "200", 1, at, "/")
        # The first lies in the object of the hour before; the last is delivered three days late.
        late = {1: datetime.timedelta(hours=-1), 2: datetime.timedelta(days=3)}
        arrival = at + late.get(n, datetime.timedelta())
        envelopes.append((traffic.arrival_of(arrival), traffic.envelope(
            [traffic.event(rng, at, traffic.new_line(request, rng))])))
    connection = with_rollups(envelopes, first.date(), first.date())
    build(connection, "UTC", first_of_this.date() - window.DAY, first_of_this.date())
    rows = duck.run(connection, "queries/7-monthly-billing.sql", today)
    assert [(row["sub"], row["monthly_calls"]) for row in rows] == [("s1", 1), ("s2", 1)]


def test_view_columns_are_declared_in_the_spec(connection):
    yaml = pytest.importorskip("yaml")
    spec = yaml.safe_load((duck.ROOT / "specs" / "pipeline.yaml").read_text())
    declared = spec["resources"]["view"]["columns"]
    hive = {"VARCHAR": "string", "BIGINT": "bigint", "INTEGER": "int", "DATE": "date",
            "BOOLEAN": "boolean"}
    have = connection.execute("DESCRIBE ddn_billing_db.restapi_access_log_json").fetchall()
    assert [(c[0], hive[c[1]]) for c in have] == list(declared.items())


def test_rollup_columns_are_declared_in_the_spec():
    yaml = pytest.importorskip("yaml")
    spec = yaml.safe_load((duck.ROOT / "specs" / "pipeline.yaml").read_text())
    table = spec["resources"]["rollup_table"]
    names = re.findall(r'"?(\w+)"? (?:VARCHAR|BIGINT|INTEGER)', duck.ROLLUP)
    names += ["year", "month", "day"]
    assert names == list(table["columns"]) + list(table["partition_keys"])


def test_every_saved_query_is_in_the_spec():
    spec = (duck.ROOT / "specs" / "pipeline.yaml").read_text()
    assert sorted(re.findall(r"\$\{file:sql/(queries/[^}]+)\}", spec)) == duck.queries()


EPOCH = 1792065600  # 2026-10-15T12:00Z
WHOLE = ('{"requestId":"q3","sub":"u1","status":"200","requestTimeEpoch":"1792065600","responseLength":"10",'
         '"path":"%s"}')


def parsed(message, columns):
    connection = duck.connect()
    duck.load(connection, [((2026, 10, 15, 12), traffic.envelope(
        [{"id": "e", "timestamp": EPOCH * 1000, "message": message}]))])
    return connection.execute(f"SELECT {columns} FROM ddn_billing_db.restapi_access_log_json").fetchone()


@pytest.mark.parametrize(("line", "path"), [
    (WHOLE % '/x"y', None), (WHOLE % "/x\\", None), (WHOLE % "/\t", None), (WHOLE % "/\n", None),
    (WHOLE % "/\x00", None), (WHOLE % '/","sub":"victim","x":"y"z', "/"), (WHOLE % '/x"y","sub":"victim', None),
    ("\ufeff" + WHOLE % "/", "/"), ("\ufeff" + WHOLE % '/x"y', None), (WHOLE % "/" + " and more", "/"),
    (WHOLE % "/" + WHOLE.replace("u1", "victim") % "/", "/"), ((WHOLE % ("/" + "x" * (1 << 18)))[:1 << 18], None)],
    ids=lambda value: str(value)[-20:])
def test_what_stands_whole_before_a_break_is_billed(line, path):
    assert parsed(line, "line_state, is_request, requestid, sub, status, logged_time, responselength, path") == \
        ("repaired", True, "q3", "u1", "200", EPOCH, 10, path)


@pytest.mark.parametrize("line", [
    '{"path":"/x"y","requestId":"q3","sub":"victim","status":"200","responseLength":"10"}',
    '{"requestId":"q3","path":"/","sub":"victim","x":"y"z","status":"200","responseLength":"10"}',
    '{"requestId":"q3" "sub":"u1","status":"200","responseLength":"10"}',
    '{"requestId":"q3","sub":"u1","status":"200","responseLength":1', '{"requestId":"q3","sub":"u1'])
def test_a_break_before_what_a_bill_needs_is_no_request(line):
    """Nothing behind the break is believed, and half a number is none."""
    assert parsed(line, "line_state, is_request") == ("invalid", False)


@pytest.mark.parametrize(("clock", "second"), [
    ("31/Oct/2026:23:59:58 +0000", 1793491198), ("01/Nov/2026:08:59:58 +0900", 1793491198),
    ("31/Oct/2026:18:29:58 -0530", 1793491198), ("29/Feb/2028:00:00:00 +0000", 1835395200),
    ("31/Feb/2026:00:00:00 +0000", None), ("29/Feb/2026:00:00:00 +0000", None), ("00/Oct/2026:00:00:00 +0000", None),
    ("31/oct/2026:23:59:58 +0000", None), ("31/Oct/2026:24:00:00 +0000", None), ("31/Oct/2026:23:59:58", None)])
def test_times_as_api_gateway_writes_them(clock, second):
    line = '{"requestId":"A1=","requestTime":"%s"}' % clock
    assert parsed(line, "line_state, logged_time, requesttime") == \
        ("ok" if second else "estimated", second, second or EPOCH)
    both = line[:-1] + ',"requestTimeEpoch":"1"}'
    assert parsed(both, "requesttime") == (1,)


TEXTS = {  # as it is, and as the view says it
    "victim": "victim", "victim\0x": '"victim\\u0000x"', "victim\x01x": '"victim\\u0001x"', "a\nb": '"a\\nb"',
    "a\x7fb": '"a\\u007Fb"', "a\\u007Fb": "a\\u007Fb", '"victim\\u0000x"': '"\\"victim\\\\u0000x\\""', '"': '"\\""',
    "victim\\u0000x": "victim\\u0000x", "DOMAIN\\user": "DOMAIN\\user", 'say "hi"': 'say "hi"', "\0": '"\\u0000"',
    "-": None, "": None, "-\0": '"-\\u0000"', " ": " ", "김\0": '"김\\u0000"', "김": "김"}


@pytest.mark.parametrize(("text", "said"), TEXTS.items(), ids=map(ascii, TEXTS))
def test_texts_are_told_apart_and_hold_no_control_characters(text, said):
    line = {"requestId": "r", "sub": text, "username": text, "routeKey": text}
    assert parsed(traffic.json.dumps(line), "sub, user, routekey, path, status") == (said, said, said, None, None)
    assert len(set(TEXTS.values()) - {None}) == len(TEXTS) - 2


HALVES = {  # a sub as the line writes it, beside half a pair elsewhere in the line, and as the view says it
    "a\\ud800b": '"a\\ud800b"', "a\\udc00": '"a\\udc00"', "\\uD83D\\uD83D\\ude00": '"\\uD83D😀"', "\\ud83d\\ude00": "😀", "plain": "plain",
    "\\\\ud800": "\\ud800", "a\\u0000\\\\ud800": '"a\\u0000\\\\ud800"', "a\\u0000x": '"a\\u0000x"', "\\\\\\ud800": '"\\\\\\ud800"', "-": None}


@pytest.mark.parametrize(("text", "said"), HALVES.items(), ids=map(ascii, HALVES))
@pytest.mark.parametrize("end", ["}", '"', ',"x":"cut'])
def test_half_a_surrogate_pair_takes_nobody_off_the_bill(text, said, end):
    """It is no character, but every key stands whole; and the sub is the same one as in a line without."""
    line = '{"requestId":"r","sub":"%s","status":"200","responseLength":"10","path":"%s"' + end
    assert parsed(line % (text, "/\\udabc"), "line_state, is_request, sub, responselength, status") == \
        ("repaired", True, said, 10, "200")
    assert parsed(line % (text, "/"), "sub") == (said,)


def test_the_view_begins_days_in_the_zone(monkeypatch):
    monkeypatch.setitem(duck.PARAMETERS, "billing_time_zone", "Asia/Seoul")
    assert parsed(WHOLE.replace("1792065600", "1792076400") % "/", "request_date") == (datetime.date(2026, 10, 16),)
