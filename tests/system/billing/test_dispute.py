"""From a line of the bill to its calls: `bill --by`, `requests`, and `reconcile` with a customer's own list.

One month for all, since making one takes its time; its truth is known by day, route and status."""

import bz2
import csv
import gzip
import io
import json
import lzma
import os
import re
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from close_world import openssl
from rollup_world import BUCKET, GROUP, World

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "billing"))
import rating_reference  # noqa: E402

BOOK = {"prices": [
    {"from": "2020-01-01", "call": "0.001", "gib": "0.10",
     "rules": [{"status": "5xx", "bill": "false"}, {"route": "GET /orders*", "call": "0.01"}]},
    {"from": "2025-10-04", "calls": {"mode": "graduated", "tiers": [{"up_to": 20, "price": "0.002"}, {"price": "0.0005"}]},
     "gib": "5", "free_calls": "3", "rules": [{"status": "5xx", "bill": "false"}]}]}
MORE = """      customers:
        - {{sub: {first}, customer: acme, name: Acme}}
        - {{sub: {second}, customer: acme, from: 2025-10-03}}
"""
# Some lines are unusable, which is no matter here.
CLOSE = """      close: {{signing_key: {key}}}
      audit: {{max_gap: 50%}}
      max_response: 8GiB
"""
PRICES = ("{from: 2020-01-01, call: 0.001, gib: 0.10, rules: [{status: 5xx, bill: false}, {route: 'GET /orders*', call: 0.01}]}, "
          "{from: 2025-10-04, calls: {mode: graduated, tiers: [{up_to: 20, price: 0.002}, {price: 0.0005}]}, gib: 5, free_calls: 3, "
          "rules: [{status: 5xx, bill: false}]}")
TRAFFIC = {"requests": 900, "customers": 5, "seed": 11, "days": 6, "margin_days": 0, "log_group": GROUP, "zone": "Asia/Seoul",
           "duplicates": .05, "relogged": .02, "dashes": .02, "detail": True}


class Month:
    def __init__(self, world: World):
        self.world = world
        world.write(zone="Asia/Seoul", prices=PRICES)
        world.apply()
        self.truth = world.sandbox.generate("2025-10", **TRAFFIC)
        self.subs = sorted(self.truth["customers"])
        world.write(more=MORE.format(first=self.subs[0], second=self.subs[1]))
        world.apply()
        world.run("rollup", "--month", "2025-10")
        self.bill = json.loads(world.run("bill", "--month", "2025-10", "-o", "json").stdout)

    def lines(self) -> Iterator[tuple[str | None, dict[str, Any]]]:
        for line in self.bill["lines"]:
            yield line["customer"], line
        yield None, self.bill["unattributed"]

    def customer(self, sub: str | None, day: str) -> str | None:
        if sub == self.subs[0] or sub == self.subs[1] and day >= "2025-10-03":
            return "acme"
        return sub or None

    def groups(self) -> dict[tuple[str | None, str, str | None, str | None], list[int]]:
        """(customer, day, route, status) -> [calls, bytes], by the truth."""
        found: dict[tuple[str | None, str, str | None, str | None], list[int]] = defaultdict(lambda: [0, 0])
        for day, sub, _, _, route, status, calls, size in self.truth["groups"]:
            if day.startswith("2025-10"):
                line = found[self.customer(sub, day), day, route or None, status or None]
                line[0] += calls
                line[1] += size
        return dict(found)


@pytest.fixture
def month(sandbox: Any, spec: Any, api: str) -> Month:
    return Month(World(sandbox, spec))


def test_one_month_all_ways(month: Month) -> None:
    parts_of_the_lines(month)
    calls_behind_each_line(month)
    forms_of_the_list(month)
    what_is_refused(month)
    their_list(month)
    lists_that_are_none(month)
    what_is_not_the_line(month)
    closed_months(month)


def parts_of_the_lines(month: Month) -> None:
    """By each set of words, as JSON and CSV: the truth's groups, and sums that are the lines."""
    world = month.world
    truth = month.groups()
    for by in ("day", "route,status", "day,route,status"):
        words = by.split(",")
        found = json.loads(world.run("bill", "--month", "2025-10", "--by", by, "-o", "json").stdout)
        assert found["equal"] is True and found["groups_count"] == len(found["groups"]) and found["draft"] is False
        want: Counter[Any] = Counter()
        for (customer, *rest), (calls, _) in truth.items():
            want[customer, *(value for name, value in zip(("day", "route", "status"), rest, strict=True) if name in words)] += calls
        assert {(g["customer"], *(g[word] for word in words)): g["calls"] for g in found["groups"]} == want
        rows = list(csv.DictReader(io.StringIO(world.run("bill", "--month", "2025-10", "--by", by, "-o", "csv").stdout)))
        assert [{k: str(v if v is not None else "") for k, v in g.items()} for g in found["groups"]] == rows
        for customer, line in month.lines():
            mine = [g for g in found["groups"] if g["customer"] == customer]
            for name in ("calls", "bytes", "excluded_calls", "excluded_bytes"):
                assert sum(g[name] for g in mine) == line[name], (customer, name)
            for unit in ("calls", "bytes"):
                assert sum(g["ruled_" + unit] + g["ordinary_" + unit] for g in mine) == line["billed_" + unit] + line["free_" + unit]
            ruled = sum(Decimal(d["charge"]) for d in line["detail"] if d["how"].startswith("rule"))
            assert sum(Decimal(g["rule_charge"]) for g in mine) == ruled
    assert any(g["ruled_calls"] for g in found["groups"]) and any(g["excluded_calls"] for g in found["groups"])
    table = world.run("bill", "--month", "2025-10", "--by", "day").stdout
    assert "EXCLUDED_CALLS" in table and "acme" in table and "2025-10-02" in table
    for words in (("--by", "hour"), ("--by", "day,"), ("--by", "day", "--from-raw"), ("--by", "day", "-o", "focus")):
        assert world.run("bill", "--month", "2025-10", *words, code=64).stdout == ""
    assert "usage_by" in world.run("bill", "--month", "2025-10", "--by", "day", "--dry-run").stdout


def listed(month: Month, customer: str | None, *words: str, code: int = 0) -> Any:
    world = month.world
    world.sandbox.clear()
    done = world.run("requests", "--customer", customer or "-", "-o", "json", *words, code=code)
    assert {c["operation"] for c in world.ours(kind="write")} <= {"StartQueryExecution"}
    return json.loads(done.stdout)


def calls_behind_each_line(month: Month) -> None:
    """Each line's count and bytes; and each call is in the object that it is said to be in."""
    objects: dict[str, str] = {}
    total = 0
    for customer, line in month.lines():
        found = listed(month, customer, "--month", "2025-10")
        rows = found["requests"]
        assert found["equal"] is True and found["line"] == {"calls": line["calls"], "bytes": line["bytes"]}
        assert len(rows) == found["calls"] == line["calls"] and sum(r["bytes"] for r in rows) == found["bytes"] == line["bytes"]
        want = Counter({(day, route, status): calls for (who, day, route, status), (calls, _) in month.groups().items() if who == customer})
        assert Counter((r["day"], r["route"], r["status"]) for r in rows) == want
        assert rows == sorted(rows, key=lambda r: (r["day"], r["time"]))
        total += len(rows)
        for row in rows[:40]:
            bucket, _, key = row["object"].removeprefix("s3://").partition("/")
            assert bucket == BUCKET
            if key not in objects:
                body = month.world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
                objects[key] = (gzip.decompress(body) if key.endswith(".gz") else body).decode()
            assert row["id"] is None or row["id"] in objects[key]
    assert total > 500 and {row["sub"] for row in listed(month, "acme", "--month", "2025-10")["requests"]} == set(month.subs[:2])


def forms_of_the_list(month: Month) -> None:
    world = month.world
    whole = listed(month, "acme", "--month", "2025-10")["requests"]
    part = listed(month, "acme", "--day", "2025-10-02", "--status", "2xx", "--route", whole[0]["route"][:6] + "*")
    assert part["equal"] is True and part["requests"] == [
        r for r in whole if r["day"] == "2025-10-02" and r["status"][0] == "2" and r["route"].startswith(whole[0]["route"][:6])] != []
    # Only the hours that can hold calls of the day are asked for.
    asked = world.run("requests", "--customer", "acme", "--day", "2025-10-02", "--dry-run").stdout
    assert "day = 2" in asked and "day = 20" not in asked and "${" not in asked
    done = world.run("requests", "--customer", "acme", "--month", "2025-10", "-o", "csv")
    assert "those of the line" in done.stderr
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert [{k: v or "" for k, v in r.items()} | {"bytes": str(r["bytes"])} for r in whole] == [
        {**r, "id": r["id"].removeprefix("'")} for r in rows]  # what a spreadsheet would take for a formula is marked
    lines = world.run("requests", "--customer", "acme", "--month", "2025-10", "-o", "jsonl").stdout.splitlines()
    assert [json.loads(line) for line in lines[:-1]] == whole and json.loads(lines[-1])["equal"] is True
    text = world.run("requests", "--customer", "acme", "--month", "2025-10").stdout.splitlines()
    assert text[0].split() == ["TIME", "DAY", "STATUS", "BYTES", "ID", "ROUTE", "SUB", "OBJECT"] and len(text) == 1 + len(whole)


def what_is_refused(month: Month) -> None:
    world = month.world
    for words in ((), ("--customer", "acme"), ("--month", "2025-10"), ("--customer", "acme", "--month", "2025-10", "--day", "2025-11-01"),
                  ("--customer", "acme", "--day", "2025-13-01"), ("--customer", "acme", "--month", "2025-10", "-o", "focus")):
        assert world.run("requests", *words, code=64).stdout == ""
    assert world.run("bill", "--month", "2025-10", "-o", "jsonl", code=64).stdout == ""
    world.sandbox.clear()
    done = world.run("requests", "--customer", "acmee", "--month", "2025-10", code=4)
    assert "'acmee'" in done.stderr and done.stdout == ""
    assert len(world.ours(operation="StartQueryExecution")) == 1, "only the rollups were asked"
    assert world.run("requests", "--customer", "acme", "--month", "2025-09", code=4).stdout == ""


def reconcile(month: Month, name: str, text: str, *words: str, code: int = 0, output: str = "json") -> Any:
    path = month.world.spec.path.parent / name
    path.write_text(text)
    month.world.sandbox.clear()
    done = month.world.run("reconcile", "--customer", "acme", "--month", "2025-10", "--their", str(path), "-o", output, *words, code=code)
    assert {c["operation"] for c in month.world.ours(kind="write")} <= {"StartQueryExecution"}
    return json.loads(done.stdout) if output == "json" else done


def total_without(calls: list[dict[str, Any]]) -> str:
    """Of the customer, by the second implementation, from the calls that are left."""
    lines = [[r["day"], "acme", None, r["route"], r["status"], 1, r["bytes"]] for r in calls]
    return str(rating_reference.bill(BOOK, "2025-10", lines)["acme"]["total"])


def their_list(month: Month) -> None:
    """The same in every form: what they lack, what we lack, what stands twice, what nobody can read."""
    calls = listed(month, "acme", "--month", "2025-10")["requests"]
    with_id = [r for r in calls if r["id"]]
    lacking, twice = with_id[3:90:4], with_id[5]
    rest = [r["id"] for r in with_id if r not in lacking]
    ids = [*rest, twice["id"], "theirs-1", "theirs-1", "theirs-2"]
    forms = {"ids.csv": ("request_id,n\n" + "".join(f"{i},1\n" for i in ids) + "-,2\n", ()),
             "ids.jsonl": ("".join(json.dumps({"r": {"id": i}}) + "\n" for i in ids) + "{}\n", ("--column", "r.id")),
             "access.log": ("".join(f"GET /x {i} 200\n" for i in ids) + "what?\n", ("--pattern", r"^GET \S+ (\S+) \d+$"))}
    twice_ours = sum(r["id"] == twice["id"] for r in with_id)
    for name, (text, words) in forms.items():
        found = reconcile(month, name, text, *words, code=5)
        rows = defaultdict(list)
        for row in found["rows"]:
            rows[row["kind"]].append(row)
        assert {kind: len(of) for kind, of in rows.items()} == {kind: n for kind, n in found["counts"].items() if n}
        assert Counter((r["id"], r["day"], r["time"], r["route"], r["status"], r["bytes"]) for r in rows["billed_unknown"]) == \
            Counter((r["id"], r["day"], r["time"], r["route"], r["status"], r["bytes"]) for r in lacking)
        assert [(r["id"], r["theirs"], r["money"]) for r in rows["not_billed"]] == [("theirs-1", 2, None), ("theirs-2", 1, None)]
        assert {(r["id"], r["ours"], r["theirs"]) for r in rows["duplicate"]} >= {(twice["id"], twice_ours, twice_ours + 1), ("theirs-1", 0, 2)}
        (unreadable,) = rows["unreadable"]
        assert unreadable["line"] == text.count("\n") and unreadable["why"] and unreadable["id"] is None
        assert len(rows["without_id"]) == len(calls) - len(with_id)
        assert found["agreed"] == len(rest) and found["line_equal"] is True and found["ours"] == len(calls)
        assert found["total"] == next(line["total"] for who, line in month.lines() if who == "acme")
        assert found["without"] == total_without([r for r in with_id if r not in lacking])
        assert any(Decimal(r["money"]) for r in rows["billed_unknown"])
        assert all(not Decimal(r["money"]) for r in rows["billed_unknown"] if r["status"] and r["status"][0] == "5")
    table = reconcile(month, "ids.csv", forms["ids.csv"][0], code=5, output="text").stdout
    assert "20 of them are shown" in table and "theirs-2" in table and "would be" in table
    lines = reconcile(month, "ids.csv", forms["ids.csv"][0], code=5, output="jsonl").stdout.splitlines()
    assert len(lines) == len(found["rows"]) + 1 and json.loads(lines[-1])["agreed"] == len(rest)
    # Our own list, sent back: as CSV it has marks, which are no part of an id.
    own = month.world.run("requests", "--customer", "acme", "--month", "2025-10", "-o", "csv").stdout
    back = reconcile(month, "own.csv", own, code=0 if len(with_id) == len(calls) else 5)
    assert back["agreed"] == len(with_id) and back["counts"]["billed_unknown"] == back["counts"]["not_billed"] == 0


def lists_that_are_none(month: Month) -> None:
    for text, words, said in (("", (), "none of its 0 lines"), ("-\n\n", (), "none of its 2 lines"), ("a,b\n", (), "which column"),
                              ("a,b\n1,2\n", ("--column", "c"), "no column 'c'")):
        done = reconcile(month, "ids.csv", text, *words, code=78, output="text")
        assert said in done.stderr and done.stdout.count("\n") <= 2, done.stderr
        assert month.world.ours(service="athena") == []
    for words in (("--format", "xml"), ("--format", "log"), ("--pattern", "(a)", "--format", "csv"), ("--pattern", "a"), ("--pattern", "(a"),
                  ("--pattern", "(a)", "--column", "x")):
        assert reconcile(month, "ids.csv", "a\n", *words, code=64, output="text").stdout == ""
    line = ("reconcile", "--customer", "acme", "--month", "2025-10", "--their")
    for raw, said in (("request_id\na\n".encode("utf-16"), "UTF-16"), ("request_id\na\n".encode("utf-16-le"), "NUL bytes"),
                      (gzip.compress(b"a\n"), "compressed"), (bz2.compress(b"a\n"), "compressed"), (lzma.compress(b"a\n"), "compressed"),
                      (b'[{"requestId":"a"}]', "--format jsonl"), (b'[\n {"requestId":"a"}\n]', "--format jsonl"),
                      (b"\n<!DOCTYPE html>\n<title>Sign in</title>\n", "line 2, column 1: the file is HTML"), (b"<ids><id>a</id></ids>", "HTML or XML"), (b"x" * (11 << 20), "none of its 1 lines"), (b"id\r\n", "none of its 1 lines")):
        path = month.world.spec.path.parent / "ids.csv"
        path.write_bytes(raw)
        done = month.world.run(*line, str(path), code=78)
        assert said in done.stderr and done.stdout == "", done.stderr
    assert "Is a directory" in month.world.run(*line, str(path.parent), code=78).stderr
    assert month.world.ours(service="athena") == []
    pipe = path.parent / "pipe"
    os.mkfifo(pipe)
    waits = month.world.begin(*line, str(pipe))  # nobody writes into it: it can be stopped all the same
    while not any(os.path.realpath(one) == str(pipe) for one in Path(f"/proc/{waits.pid}/fd").iterdir()):
        assert waits.poll() is None
        time.sleep(0.02)
    waits.send_signal(signal.SIGINT)
    assert waits.communicate(timeout=60)[0] == "" and waits.returncode == 1
    done = month.world.run("reconcile", "--customer", "acme", "--month", "2025-10", "--their", "/nowhere", code=78)
    assert "/nowhere: No such file" in done.stderr
    assert month.world.run("reconcile", "--customer", "acme", "--month", "2025-10", code=64).stdout == ""


def what_is_not_the_line(month: Month) -> None:
    """A day that nobody knows yet, and log objects that went: said, and never told as fine."""
    world = month.world
    world.glue.delete_partition(DatabaseName="shop", TableName="restapi_access_log_parquet", PartitionValues=["2025", "10", "2"])
    found = listed(month, "acme", "--month", "2025-10", code=5)
    assert found["equal"] is False and "not final" in found["doubt"] and "2025-10-02" in found["doubt"]
    world.run("rollup", "--month", "2025-10")
    assert listed(month, "acme", "--month", "2025-10")["equal"] is True
    gone = listed(month, "acme", "--day", "2025-10-02")["requests"][0]["object"]
    key = gone.removeprefix(f"s3://{BUCKET}/")
    kept = month.world.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    month.world.s3.delete_object(Bucket=BUCKET, Key=key)
    found = listed(month, "acme", "--day", "2025-10-02", code=5)
    assert found["equal"] is False and found["doubt"] and gone not in {row["object"] for row in found["requests"]}
    month.world.s3.put_object(Bucket=BUCKET, Key=key, Body=kept)


def closed_months(month: Month) -> None:
    """What was signed is the line, with its prices and customers, whatever the spec and the rollups say since."""
    world, key = month.world, month.world.spec.path.parent / "key.pem"
    openssl("genpkey", "-algorithm", "ed25519", "-out", str(key))
    key.chmod(0o600)
    close = CLOSE.format(key=key)
    own = world.run("requests", "--customer", "acme", "--month", "2025-10", "-o", "csv").stdout
    world.write(more=MORE.format(first=month.subs[0], second=month.subs[1]) + close)
    world.run("rollup", "--month", "2025-10")
    world.run("close", "2025-10", "--yes")
    line = next(line for who, line in month.lines() if who == "acme")
    signed = {"documents": "shop-2025-10", "calls": line["calls"], "bytes": line["bytes"]}
    # Another price, another customer: the month is as it was closed.
    world.write(prices="{from: 2020-01-01, call: 7, gib: 0}", more=MORE.format(first=month.subs[2], second=month.subs[1]) + close)
    for words in ((), ("--day", "2025-10-02"), ("--status", "2xx")):
        found = listed(month, "acme", "--month", "2025-10", *words)
        assert found["equal"] is True and {k: found["closed"][k] for k in signed} == signed
        assert {row["sub"] for row in found["requests"]} <= set(month.subs[:2])
    assert Decimal(found["closed"]["total"]) == Decimal(line["total"])
    assert month.subs[0] in bytes.fromhex(asked_subs(world)).decode()
    done = world.run("requests", "--customer", "acme", "--month", "2025-10", "-o", "csv")
    assert done.stdout == own and "those of the line, as it was closed in shop-2025-10" in done.stderr
    back = reconcile(month, "own.csv", own, code=5 if has_gaps(own) else 0)
    assert back["line_equal"] is True and Decimal(back["total"]) == Decimal(line["total"]) and back["closed"]["documents"] == "shop-2025-10"
    nobodys = world.spec.path.parent / "nobodys.csv"
    nobodys.write_text(world.run("requests", "--customer", "-", "--month", "2025-10", "-o", "csv").stdout)
    back = json.loads(world.run("reconcile", "--customer", "-", "--month", "2025-10", "--their", str(nobodys), "-o", "json",
                                code=5 if has_gaps(nobodys.read_text()) else 0).stdout)
    assert back["line_equal"] is True, back["doubt"]
    assert back["agreed"] + back["counts"]["without_id"] == month.bill["unattributed"]["calls"] > 0
    # Its rollups are gone: it stays the line; what was signed of a part of it nobody knows.
    world.glue.delete_partition(DatabaseName="shop", TableName="restapi_access_log_parquet", PartitionValues=["2025", "10", "2"])
    assert listed(month, "acme", "--month", "2025-10")["equal"] is True
    found = listed(month, "acme", "--day", "2025-10-03", code=5)
    assert f"shop-2025-10: {line['calls']} calls and {line['bytes']} bytes were billed" in found["doubt"]
    # A late call is on no document until it is corrected.
    world.request("2025-10-02", "2025-10-03T20:00", sub=month.subs[0], size=4096, counted=True)
    world.run("rollup", "--month", "2025-10")
    found = listed(month, "acme", "--month", "2025-10", code=5)
    assert found["doubt"].startswith(f"shop-2025-10: the line says {line['calls']} calls") and found["calls"] == line["calls"] + 1
    assert "the line says" in reconcile(month, "own.csv", own, code=5)["doubt"]
    world.run("close", "2025-10", "--correct", "--yes")
    found = listed(month, "acme", "--month", "2025-10")
    assert found["equal"] is True and found["closed"]["documents"] == "shop-2025-10 and 1 correction"
    assert found["closed"]["calls"] == line["calls"] + 1 and listed(month, "acme", "--day", "2025-10-02")["equal"] is True
    back = reconcile(month, "own.csv", own, code=5)
    assert back["line_equal"] is True and Decimal(back["total"]) == Decimal(found["closed"]["total"]) and back["counts"]["billed_unknown"] == 1
    # What was signed is not there: nothing is compared with anything else.
    world.s3.delete_object(Bucket=BUCKET, Key="billing/shop/2025-10/manifest.json")
    for words in (("requests",), ("reconcile", "--their", str(world.spec.path.parent / "own.csv"))):
        done = world.run(*words, "--customer", "acme", "--month", "2025-10", "-o", "csv", code=5)
        assert done.stdout == "" and "what was closed cannot be compared with" in done.stderr


def asked_subs(world: World) -> str:
    """In hex: what the query leaves out whose subs it does not name."""
    text = world.run("requests", "--customer", "acme", "--month", "2025-10", "--dry-run").stdout
    return "".join(re.findall(r"from_hex\('([0-9A-Fa-f]+)'\)", text))


def has_gaps(own: str) -> bool:
    return any(not row["id"] for row in csv.DictReader(io.StringIO(own)))
