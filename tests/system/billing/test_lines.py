"""What becomes of a log line that is not as it should be: through the whole pipeline, on the bill and in
the audit, from rollups and from the events."""

import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from close_world import Books
from rollup_world import DATABASE, GROUP, WORKGROUP, World, moment

DAY = "2025-10-07"
NOON = moment(f"{DAY}T12:00")
GIB = 1 << 30
NOW = "DATE '2025-11-15'"


@pytest.fixture
def world(sandbox: Any, spec: Any, api: str) -> World:
    return World(sandbox, spec)


def line(**values: Any) -> str:
    """The shipped format, as API Gateway fills it in; None leaves a key out."""
    whole = {"requestId": "r", "sub": "u", "username": "-", "clientId": "-", "status": "200",
             "requestTimeEpoch": str(NOON), "requestTime": "07/Oct/2025:12:00:00 +0000", "responseLength": "10",
             "apiId": "a1", "httpMethod": "GET", "routeKey": "GET /", "path": "/", **values}
    return json.dumps({key: value for key, value in whole.items() if value is not None}, separators=(",", ":"))


def send(world: World, *messages: str, at: int = NOON) -> None:
    world.sandbox.traffic(GROUP, [{"message": message, "timestamp": at * 1000, "arrival": at * 1000 + 1000}
                                  for message in messages])
    world.sandbox.flush()


def bill(world: World, month: str = "2025-10") -> dict[str, Any]:
    """After the rollups; the events themselves must come to the same."""
    world.run("rollup", "--month", month)
    found = dict(json.loads(world.run("bill", "--month", month, "-o", "json", "--from-raw").stdout))
    assert found["from_raw"]["equal"] is True
    return found


def usage(found: dict[str, Any]) -> dict[str, tuple[int, int]]:
    lines = {one["customer"]: (one["calls"], one["bytes"]) for one in found["lines"]}
    nobody = found["unattributed"]
    return lines | ({"": (nobody["calls"], nobody["bytes"])} if nobody["calls"] else {})


def told(world: World) -> dict[str, int]:
    """What the audit says of the day's billed requests, but zeros and what came late."""
    found = json.loads(audited(world, "-o", "json"))
    return {name: count for name, count in found["included"].items() if count and name != "late"}


def audited(world: World, *words: str) -> str:
    """Whatever the verdict: the gateway of these tests counts nothing."""
    return world.begin("audit", "--day", DAY, *words).communicate(timeout=180)[0]


BREAKING = ['/x"y', "/\\ud800", '/x\\', "/\t", "/\n", '/","sub":"victim","x":"y"z', "/" + "x" * 262144]


def test_lines_that_break_in_the_path_are_billed(world: World) -> None:
    world.apply()
    begun = [line(requestId=f"r{n}", path=None)[:-1] for n in range(len(BREAKING) + 2)]
    lines = [f'{start},"path":"{path}"}}' for start, path in zip(begun, BREAKING)]
    lines[-1] = lines[-1][:262144]
    lines += ["\ufeff" + begun[-2] + "}", begun[-1] + "} and more"]
    send(world, line(), *lines, '{"requestId":"lost","sub":"victim" "status":"200","responseLength":"1"}')
    found = bill(world)
    assert usage(found) == {"u": (10, 100)} and found["warnings"] == {"repaired": 9} == told(world)


def test_times_of_the_consoles_formats_decide_the_month(world: World) -> None:
    """Logged in November, made in October."""
    world.apply()
    late = moment("2025-11-01T00:00") + 3
    clocks = {"october": "31/Oct/2025:23:59:58 +0000", "seoul": "01/Nov/2025:08:59:58 +0900",
              "november": "01/Nov/2025:00:00:00 +0000", "none": "31/Nov/2025:00:00:00 +0000"}
    send(world, *(line(requestId=sub, sub=sub, requestTimeEpoch=None, requestTime=clock)
                  for sub, clock in clocks.items()), at=late)
    world.run("rollup", "--from", "2025-10-01", "--to", "2025-11-30")
    assert usage(bill(world)) == {"october": (1, 10), "seoul": (1, 10)}
    assert usage(bill(world, "2025-11")) == {"november": (1, 10), "none": (1, 10)}


def test_rules_for_what_the_log_does_not_say(world: World) -> None:
    world.write(prices='{from: 2020-01-01, call: 1, gib: 0, rules: [{status: "-", bill: false},'
                       ' {route: "-", call: 7}, {route: "*", call: 3}]}')
    world.apply()
    send(world, line(requestId="a", status="-"), line(requestId="b", status=""), line(requestId="c", routeKey="-"),
         line(requestId="d", routeKey=None), line(requestId="e"), line(requestId="f", sub="v", status="-"))
    found = bill(world)
    lines = {one["customer"]: one for one in found["lines"]}
    assert (lines["u"]["calls"], lines["u"]["excluded_calls"], lines["u"]["total"]) == (5, 2, "17.00")
    assert (lines["v"]["excluded_calls"], lines["v"]["total"]) == (1, "0.00")


def test_a_star_is_every_route_and_none(world: World) -> None:
    world.write(prices='{from: 2020-01-01, call: 1, gib: 0, rules: [{route: "*", call: 3}]}')
    world.apply()
    send(world, line(requestId="a"), line(requestId="b", routeKey="-"))
    assert [one["total"] for one in bill(world)["lines"]] == ["6.00"]


ALIKE = ["victim", "victim\0x", "victim\0y", "victim\x01", "victim\x7f", "victim\u0085", "victim ", "victim\u200b",
         '"victim\\u0000x"', "victim\\u0000x", "v" * 60 + "1", "v" * 60 + "2", "=victim", "'=victim", "total", "김\0"]


def test_who_pays_is_never_ambiguous(world: World) -> None:
    """Seven GiB of one whose name ends, for C, where the victim's does."""
    world.apply()
    quarter = GIB * 7 // 4
    send(world, *(line(requestId=f"r{n}", sub=sub, responseLength=str(quarter if "\0x" in sub else 0))
                  for n, sub in enumerate(ALIKE * 4)))
    found = bill(world)
    lines = {one["customer"]: one for one in found["lines"]}
    assert len(lines) == len(found["lines"]) == len(ALIKE) and not any("\0" in name for name in lines)
    assert lines["victim"]["total"] == "0.00" and lines["victim"]["bytes"] == 0
    assert lines['"victim\\u0000x"']["bytes"] == 7 * GIB and lines['"victim\\u0000x"']["total"] == "0.70"
    asked = ["bill", "--month", "2025-10", "-o"]
    rows = list(csv.DictReader(io.StringIO(world.run(*asked, "csv").stdout, newline="")))
    assert len({row["customer"] for row in rows if row["line"] == "customer"}) == len(ALIKE)
    focus = list(csv.DictReader(io.StringIO(world.run(*asked, "focus").stdout, newline="")))
    assert len({row["BillingAccountId"] for row in focus}) == len(ALIKE)
    table = world.run(*asked, "table").stdout
    shown = table.split("\n\n")[1].splitlines()[1:len(ALIKE) + 1]
    assert len({row.split("   ")[0].rstrip() for row in shown}) == len(ALIKE), table
    assert not [c for c in table if c != "\n" and not c.isprintable()]


LENGTHS = {"10": None, "0": None, str(2 * GIB): None, str(2 * GIB + 1): "length_refused", "9" * 18: "length_refused",
           "9" * 19: "length_refused", "-": "length_unknown", "abc": "length_unknown", "12.5": "length_unknown",
           "-5": "length_unknown"}


def test_lengths_that_cannot_be_are_told(world: World) -> None:
    world.apply()
    send(world, *(line(requestId=f"r{n}", responseLength=length) for n, length in enumerate(LENGTHS)),
         line(requestId="estimated", requestTimeEpoch="-", requestTime="-", responseLength="9" * 18),
         line(requestId="repaired", responseLength="-", path=None)[:-1] + ',"path":"/"x"}')
    found = bill(world)
    assert usage(found) == {"u": (12, 10 + 2 * GIB)}
    assert found["warnings"] == {"length_unknown": 5, "length_refused": 4, "estimated": 1, "repaired": 1} == told(world)
    table = world.run("bill", "--month", "2025-10").stdout
    assert "5 calls without a readable response length: billed as 0 bytes" in table
    assert "4 calls with a response length above billing.max_response: billed as 0 bytes" in table
    assert "1 call without a time of their own: dated by their log event" in table
    assert "1 call whose line was no JSON: billed by what stands whole in it" in table
    # The bound is the spec's: the view says another one after the next apply, and the days are built again.
    world.write(more="      max_response: 9B\n")
    assert "billing.max_response" in world.run("check", code=78).stderr
    world.write(more="      max_response: 9\n")
    world.apply()
    found = bill(world)
    assert usage(found) == {"u": (12, 0)} and found["warnings"]["length_refused"] == 6


def test_other_warnings_are_another_bill(world: World) -> None:
    """Calls, bytes and amounts agree, and what is told of them does not."""
    sql = world.own_template() / "sql/rollup.sql"
    sql.write_text(sql.read_text().replace("count_if(line_state = 'repaired')", "CAST(0 AS bigint)"))
    world.apply()
    send(world, line(), line(requestId="repaired", path=None)[:-1] + ',"path":"/"x"}')
    world.run("rollup", "--month", "2025-10")
    done = world.run("bill", "--month", "2025-10", "-o", "json", "--from-raw", code=5)
    compared = json.loads(done.stdout)["from_raw"]
    assert compared["equal"] is False and compared["differences"] == [
        {"customer": None, "field": "warnings.repaired", "first": 0, "second": 1}]
    assert "all customers: warnings.repaired: rollup 0, raw 1" in done.stderr
    Books(world)  # verify asks the same
    world.run("rollup", "--month", "2025-10")
    world.run("close", "2025-10", "--yes", "--accept-unknown")
    found = json.loads(world.run("verify", "2025-10", "--from-raw", "-o", "json", code=5).stdout)
    assert found["differences"] == ["warnings.repaired: the raw events give 1, the rollups 0"]


def test_an_ordinary_month_has_no_warnings(world: World) -> None:
    world.apply()
    send(world, line())
    assert "warnings" not in bill(world)


def test_ids_that_are_none_or_not_ones_own(world: World) -> None:
    world.apply()
    send(world, *[line(requestId="", sub="none")] * 3, *[line(requestId="-", sub="none")] * 2,
         line(requestId="x", sub="apis", apiId="a1"), line(requestId="x", sub="apis", apiId="a2"),
         line(requestId="y", sub="one"), line(requestId="y", sub="two", responseLength="99"),
         *[line(requestId="z", sub="copies")] * 3)
    assert usage(bill(world)) == {"none": (5, 50), "apis": (2, 20), "one": (1, 10), "two": (1, 99),
                                  "copies": (1, 10)}
    assert told(world) == {"no_id": 5, "id_conflicts": 1}
    assert "no id 5, id conflicts 1" in audited(world)


# ---- the saved query ----

def saved(world: World) -> list[dict[str, str | None]]:
    ids = world.athena.list_named_queries(WorkGroup=WORKGROUP)["NamedQueryIds"]
    (text,) = [query["QueryString"] for query in world.athena.batch_get_named_query(NamedQueryIds=ids)["NamedQueries"]
               if query["Name"] == "7. Monthly billing"]
    names = ("user", "sub", "monthly_calls", "total_gb", "call_charges", "data_charges", "total_charges", "currency")
    return [dict(zip(names, row, strict=True)) for row in world.query(text.replace("current_date", NOW))]


FLAT = "{from: 2020-01-01, call: 5, gib: 5}, {from: 2025-10-01, call: 0.002, gib: 0.123456789}"


@pytest.mark.parametrize(("zone", "currency"), [("Asia/Seoul", "KRW"), ("UTC", "USD"), ("America/New_York", "KWD")])
def test_the_consoles_query_says_what_the_bill_says(world: World, zone: str, currency: str) -> None:
    world.write(zone=zone, prices=FLAT, more=f"      currency: {currency}\n")
    world.apply()
    truth = world.sandbox.generate("2025-10", zone=zone, log_group=GROUP, requests=600, customers=9)
    found = bill(world)
    rows = saved(world)
    assert len(rows) == 10 and usage(found) == {
        **{sub: (one["calls"], one["bytes"]) for sub, one in truth["customers"].items()},
        "": (truth["unattributed"]["calls"], truth["unattributed"]["bytes"])}
    lines = {one["customer"]: one for one in found["lines"]} | {"unattributed": found["unattributed"] | {"total": "0"}}
    for row in rows:
        one = lines.pop(str(row["sub"]))
        assert int(row["monthly_calls"] or 0) == one["calls"] and row["currency"] == currency
        assert Decimal(row["total_charges"] or "nothing") == Decimal(one["total"])
    assert not lines
    assert "Nothing to change" in world.run("plan").stdout


@pytest.mark.parametrize("prices", [
    "{from: 2020-01-01, call: 1, gib: 0, free_calls: 1}", "{from: 2020-01-01, call: 1, gib: 0, minimum: 1}",
    "{from: 2020-01-01, gib: 1, calls: {mode: volume, tiers: [{up_to: 3, price: 2}, {price: 1}]}}",
    "{from: 2020-01-01, call: 1, gib: 1, rules: [{status: 5xx, bill: false}]}",
    "{from: 2020-01-01, call: 1, gib: 1}, {from: 2025-10-16, call: 2, gib: 1}", "{from: 2025-11-01, call: 1, gib: 1}",
    "{from: 2020-01-01, call: 0.0000000001, gib: 1}"])
def test_the_consoles_query_says_no_more_than_it_can(world: World, prices: str) -> None:
    world.write(prices=prices)
    world.apply()
    send(world, line(), line(requestId="n", sub="-"))
    world.run("rollup", "--month", "2025-10")
    rows = saved(world)
    assert [(row["sub"], row["monthly_calls"], row["total_charges"]) for row in sorted(rows, key=lambda r: r["sub"] or "")] \
        == [("u", "1", None), ("unattributed", "1", "0.00")]


def test_customers_of_several_subs_have_no_charges_in_the_console(world: World) -> None:
    world.write(more="      customers: [{sub: u, customer: acme}]\n")
    world.apply()
    send(world, line())
    world.run("rollup", "--month", "2025-10")
    assert [row["total_charges"] for row in saved(world)] == [None]


COLUMNS = ("length_unknown: bigint", "length_refused: bigint", "estimated: bigint", "repaired: bigint")


def test_days_built_before_lengths_were_counted(world: World) -> None:
    """After an upgrade: the table gains its columns, days are outdated, not unreadable, and built once more."""
    folder = world.own_template()
    pipeline, rollup = folder / "pipeline.yaml", folder / "sql/rollup.sql"
    pipeline.write_text("".join(row for row in pipeline.read_text().splitlines(keepends=True)
                                if row.strip() not in COLUMNS))
    text = rollup.read_text().replace("total_bytes,\n", "total_bytes\n", 1)
    rollup.write_text("".join(row for row in text.splitlines(keepends=True) if "  count_if(" not in row))
    world.apply()
    send(world, line(), line(requestId="n", responseLength="-"))
    world.run("rollup", "--month", "2025-10")
    world.template = None
    world.write()
    world.apply()
    found = json.loads(world.run("bill", "--month", "2025-10", "-o", "json").stdout)
    assert found["draft"] is True and usage(found) == {"u": (2, 10)} and "warnings" not in found
    assert {day["state"] for day in found["open_days"]} == {"outdated"}
    found = bill(world)
    assert found["draft"] is False and found["warnings"] == {"length_unknown": 1}
    assert "Nothing to change" in world.run("plan").stdout


# ---- members twice, of other types, under other names ----

def member(name: str, *values: str) -> str:
    """A line with this member written so, once for each value; the others are as usual."""
    whole = line(**{"sub": "u", name: None})
    return whole[:-1] + "".join(f',{json.dumps(name)}:{value}' for value in values) + "}"


# What stands in the log, and whose call of how many bytes that is; or how the audit counts it.
ODD: list[tuple[str, tuple[str, int] | str]] = [
    *((member("sub", *values), (whose, 10)) for values, whose in (
        (('"a"', '"b"'), "a"), (("null", '"b"'), ""), (('""', '"b"'), ""), (('["a"]', '"b"'), ""), (("12", '"b"'), "12"),
        (("true",), "true"), (("false",), "false"), (("1.5",), "1.5"), (("{}",), ""), (("[]",), ""), (('"\\u0061"',), "a"))),
    *((member("responseLength", *values), ("u", size)) for values, size in (
        (('"7"', '"8"'), 7), (("7",), 7), (("null", '"8"'), 0), (("true",), 0), (("[7]",), 0), (('{"a":7}',), 0), (("7.0",), 0),
        (("-7",), 0), (("1e2",), 0), (('"\\u0037"',), 7))),
    *((member("status", *values), ("u", 10)) for values in (('"200"', '"500"'), ("null",), ("200",), ("[200]",), ("true",))),
    *((member("requestId", *values), ("u", 10)) for values in (
        ('"first-1"', '"first-2"'), ("1",), ("true",), ("null",), ('["x"]',), ('{"a":"b"}',))),
    *((member("requestTimeEpoch", *values), ("u", 10)) for values in (
        (f'"{NOON}"', '"1"'), (str(NOON),), ("null",), ("true",), ("[1]",), ("1e9",))),
    # Names: as JSON may write them, and such as are other names.
    (line(requestId="escaped", sub=None)[:-1] + ',"\\u0073ub":"a"}', ("a", 10)),
    (line(requestId="escaped-first", sub=None)[:-1] + ',"\\u0073ub":"a","sub":"b"}', ("a", 10)),
    (line(requestId="upper", sub=None)[:-1] + ',"SUB":"a","Sub":"b"}', ("", 10)),
    (line(requestId="blank", sub=None)[:-1] + ',"sub ":"a"," sub":"b"}', ("", 10)),
    (line(requestId=None)[:-1] + ',"\\u0072equestId":"named"}', ("u", 10)),
    (line(requestId=None)[:-1] + ',"requestid":"x","REQUESTID":"y"}', ("u", 10)),
    # Around the object.
    ("\ufeff" + line(requestId="mark"), ("u", 10)), (line(requestId="cr") + "\r\n", ("u", 10)), ("\r\n \t" + line(requestId="lf"), ("u", 10)),
    (line(requestId="two-1") + line(requestId="two-2"), ("u", 10)), (line(requestId="comma")[:-1] + ",}", ("u", 10)),
    (line(requestId="after") + ",", ("u", 10)), ("[" + line(requestId="listed") + "]", "invalid"),
    (json.dumps(line(requestId="quoted")), "invalid"), (line(requestId="long", path="/" + "x" * 200000), ("u", 10)),
    ("\ufffd" + line(requestId="bytes"), "invalid"), ("null", "invalid"), ("{}", "invalid"), (" \r\n", "blank"), ("", "blank"),
]


def test_members_twice_and_of_other_types(world: World) -> None:
    """Each line is one call of one customer, or is told as none: in bill, events, audit and list of calls alike."""
    world.apply()
    lines = [text.replace('"requestId":"r"', f'"requestId":"odd-{n}"') for n, (text, _) in enumerate(ODD)]
    send(world, *lines)
    want: dict[str, tuple[int, int]] = {}
    for _, meant in ODD:
        if not isinstance(meant, str):
            calls, size = want.get(meant[0], (0, 0))
            want[meant[0]] = (calls + 1, size + meant[1])
    assert usage(bill(world)) == want
    found = json.loads(audited(world, "-o", "json"))
    for name in ("invalid", "blank"):
        assert found["excluded"].get(name, 0) == sum(meant == name for _, meant in ODD), found
    for customer, (calls, size) in want.items():
        if customer:
            listed = list(csv.DictReader(io.StringIO(world.run("requests", "--customer", customer, "--month", "2025-10", "-o", "csv").stdout)))
            assert (len(listed), sum(int(one["bytes"] or 0) for one in listed)) == (calls, size), customer
