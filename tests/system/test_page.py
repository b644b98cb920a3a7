"""The page in a real browser, and the API by its own document: one daemon with usage serves all of it."""

import base64
import http.client
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import ACCOUNT, ROOT, Sandbox
from page_world import CUSTOMER, TOKEN, shown
from playwright.sync_api import Browser, Page, expect, sync_playwright

GROUP = "/aws/apigw/shop"
STATIONS = ["Gateway", "Log group", "Filter", "Stream", "Bucket", "Tables", "Rollups", "Bill"]
DENIED = {"action": "error", "status": 403, "code": "AccessDeniedException", "times": 0, "message": "told-by-aws"}
Open = Callable[..., Page]
expect.set_options(timeout=60_000)  # of what is certain to come, on a busy machine


@pytest.fixture(scope="module")
def world_and_daemon(process: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    with shown(process, tmp_path_factory.mktemp("page")) as both:
        yield both


@pytest.fixture(scope="module")
def daemon(world_and_daemon: Any) -> Any:
    return world_and_daemon[1]


@pytest.fixture
def spoiled(world_and_daemon: Any) -> Iterator[Callable[..., None]]:
    """spoiled(rules...): the retention is wrong, and AWS refuses what the rules say; healed afterwards."""
    world, daemon = world_and_daemon

    def spoil(*rules: dict[str, Any]) -> None:
        world.sandbox.client("logs").put_retention_policy(logGroupName=GROUP, retentionInDays=1)
        world.sandbox.faults(*rules)
        daemon.kick()
    yield spoil
    world.sandbox.faults()
    daemon.kick()
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: run scripts/install tests"
    more = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu", *more])


@pytest.fixture
def open_page(browser: Browser, daemon: Any) -> Iterator[Open]:
    """open_page(path, **context): a page that asks nobody else for anything and complains of nothing."""
    told: list[str] = []
    contexts = []

    def begin(path: str = "/", silent: bool = True, **more: Any) -> Page:
        contexts.append(browser.new_context(**more))
        page = contexts[-1].new_page()
        if silent:
            page.on("console", lambda message: told.append(message.text))
            page.on("pageerror", lambda error: told.append(str(error)))
        page.on("request", lambda request: request.url.startswith(daemon.address + "/") or told.append(request.url))
        page.goto(daemon.address + path)
        return page
    yield begin
    for context in contexts:
        context.close()
    assert told == []


def axe(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "best-practice"]})
    assert found.violations_count == 0, found.generate_report()


def refresh(page: Page) -> None:
    """What page.js does every few seconds."""
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def ask(daemon: Any, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], str]:
    connection = http.client.HTTPConnection(daemon.address.removeprefix("http://"), timeout=180)
    connection.request(method, path, headers={k.replace("_", "-"): v for k, v in headers.items()})
    reply = connection.getresponse()
    answer = reply.status, dict(reply.getheaders()), reply.read().decode()
    connection.close()
    return answer


def document(daemon: Any, name: str, **headers: str) -> Any:
    status, _, text = ask(daemon, f"/api/v1/{name}", **headers)
    assert status == 200, text
    return json.loads(text)


# -- the page ----------------------------------------------------------------------------------------


def check_content(page: Page) -> None:
    expect(page.locator("h1")).to_have_text("All is well")
    nodes = page.locator(".flow .node")
    assert nodes.locator("h3").all_text_contents() == STATIONS
    assert [s.strip() for s in nodes.locator(".state").all_text_contents()] == ["In sync"] * 6 + ["Current", "Complete"]
    for node in nodes.all():
        assert re.search(r"Change\s*unknown.*Check\s*.*(ago|now).*Next\s*in \d+ (min|h)", node.inner_text(), re.S)
    expect(page.get_by_text("AWS is as billing.yaml says.")).to_be_visible()
    assert page.locator(".ladder tbody tr").count() == 8
    gateway = page.locator(".ladder tbody tr").first.locator("td")
    assert gateway.last.inner_text() == "?"  # nobody counts there
    assert int(page.locator(".ladder tbody tr").nth(3).locator("td").last.inner_text()) > 0
    assert page.locator(".month .today").count() == 1
    parts = page.locator(".parts li span:nth-of-type(1)").all_text_contents()
    assert parts and all(part[0].isupper() for part in parts), parts
    assert page.locator(".events li.unknown").count() == 0 and "billingd billingd" not in page.content()
    assert "open" in page.locator(".month .today").get_attribute("title").lower()


def test_it_shows_how_it_is(open_page: Open, daemon: Any) -> None:
    page = open_page(color_scheme="light")
    check_content(page)
    assert page.title() == "All is well – billingd"
    axe(page)
    text = page.content()
    assert CUSTOMER not in text and ACCOUNT not in text and "arn:aws" not in text
    _, headers, _ = ask(daemon, "/")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_without_javascript_on_a_phone(open_page: Open) -> None:
    page = open_page(java_script_enabled=False, viewport={"width": 320, "height": 640})
    check_content(page)
    page.locator("summary").click()
    assert page.locator(".all tbody tr").count() >= 24
    box = page.locator("main").bounding_box()
    assert box and box["width"] <= 320
    assert page.locator('noscript meta[http-equiv="refresh"]').count() == 1


def test_a_difference_appears_and_heals(open_page: Open, spoiled: Any, world_and_daemon: Any) -> None:
    page = open_page(color_scheme="dark", viewport={"width": 375, "height": 800})
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.locator("summary").focus()
    page.keyboard.press("Enter")
    assert fits(page)
    spoiled({**DENIED, "operation": "PutRetentionPolicy"})
    refresh(page)
    expect(page.locator("h1")).to_have_text("One resource differs")
    assert page.title() == "One resource differs – billingd"
    drift = page.locator(".drift")
    assert drift.count() == 1
    assert re.search(r"shop/access_logs.*Denied.*Events are lost.*retention_days.*want\s+90.*have\s+1\b",
                     drift.inner_text(), re.S)
    log_group = page.locator(".node").nth(1)
    assert "Denied" in log_group.inner_text() and "Change" in log_group.inner_text()
    assert "told-by-aws" not in page.content()
    assert page.locator(".events li").first.inner_text().startswith("shop/access_logs")
    # What was open and had the focus still does.
    assert page.evaluate("document.activeElement.nodeName") == "SUMMARY"
    assert page.locator("details").get_attribute("open") is not None
    assert fits(page)
    axe(page)
    world, daemon = world_and_daemon
    world.sandbox.faults()
    daemon.kick()
    refresh(page)
    expect(page.locator("h1")).to_have_text("All is well")
    assert page.locator(".drift").count() == 0
    assert "unknown" not in page.locator(".node").nth(1).inner_text()  # it was seen to change


def test_unknown_is_never_green(open_page: Open, spoiled: Any, daemon: Any) -> None:
    spoiled({**DENIED, "operation": "GetWorkGroup"})
    page = open_page()
    expect(page.locator("h1")).to_have_text("Not all is known")
    tables = page.locator(".node").nth(5)
    assert "Unknown" in tables.inner_text() and "unknown" in tables.get_attribute("class")
    assert page.get_by_text("AWS is as billing.yaml says.").count() == 0
    assert ask(daemon, "/-/drift")[0] == 503
    assert document(daemon, "status")["resources"]["unknown"] == 1


def test_who_does_not_answer_is_told(open_page: Open) -> None:
    page = open_page(silent=False)
    page.context.set_offline(True)
    refresh(page)
    expect(page.locator("#lost")).to_contain_text("may not hold any more")
    assert "old" in page.evaluate("document.body.className")
    page.context.set_offline(False)
    expect(page.locator("#lost")).to_be_hidden()  # by itself


def test_who_knows_the_token_sees_values(open_page: Open, spoiled: Any, daemon: Any, world_and_daemon: Any) -> None:
    world, _ = world_and_daemon
    logs = world.sandbox.client("logs")
    name = logs.describe_subscription_filters(logGroupName=GROUP)["subscriptionFilters"][0]["filterName"]
    logs.delete_subscription_filter(logGroupName=GROUP, filterName=name)
    spoiled({**DENIED, "operation": "PutSubscriptionFilter"})
    assert ask(daemon, "/?values")[0] == 401
    assert "arn:aws" not in ask(daemon, "/")[2] + ask(daemon, "/api/v1/plan")[2]
    page = open_page("/?values", http_credentials={"username": "anybody", "password": TOKEN})
    expect(page.locator(".drift")).to_contain_text("arn:aws:firehose:")
    assert "Texts of AWS are not shown" not in page.content()
    assert "arn:aws" in json.dumps(document(daemon, "plan", Authorization=f"Bearer {TOKEN}"))
    wrong = base64.b64encode(f"anybody:{TOKEN[:-1]}".encode()).decode()
    assert "arn:aws" not in json.dumps(document(daemon, "plan", Authorization=f"Basic {wrong}"))
    by_socket = subprocess.run(["curl", "-s", "--unix-socket", daemon.spec.path.parent / "http.sock",
                                "http://anything/api/v1/plan"], capture_output=True, text=True, check=True).stdout
    assert json.loads(by_socket)["values"] == "all" and "arn:aws" in by_socket


# -- the API -----------------------------------------------------------------------------------------


def test_documents(daemon: Any) -> None:
    status = document(daemon, "status")
    assert status["ready"] and not status["stale"] and status["resources"]["in_sync"] == daemon.resources
    assert len(document(daemon, "resources")["resources"]) == daemon.resources
    assert document(daemon, "plan") == {"format_version": "1.0", "resources": [], "values": "numbers"}
    [audit] = document(daemon, "audit")["pipelines"]
    hops = {hop["hop"]: hop["events"] for hop in audit["hops"]}
    assert audit["verdict"] == "complete" and hops["gateway"] is None and hops["delivered"] == hops["unique"] > 0
    # With the usual closed_after the last closed day began more than two days ago: it is compared all the same.
    assert hops["rolled_up"] == hops["billed"] > 0 and all(hop["due"] for hop in audit["hops"])
    assert sum(day["hops"]["delivered"] for day in audit["days"]) == hops["delivered"]
    [period] = document(daemon, "periods")["pipelines"]
    assert period["months"][-1]["open"] and sum(period["totals"].values()) == len(period["months"])
    states = [day["state"] for month in period["months"] for day in month["days"]]
    assert states.count("current") >= 4 and states.count("open") >= 1 and "unknown" not in states
    events = document(daemon, "events")["events"]
    last = events[-1]["number"]
    assert document(daemon, f"events?after={last}")["events"] == []
    assert ask(daemon, "/api/v1/events?after=x")[0] == 400
    assert ask(daemon, "/-/drift")[::2] == (200, "no drift\n")
    told = "".join(ask(daemon, f"/api/v1/{n}")[2] for n in ("status", "resources", "plan", "audit", "periods", "events"))
    assert CUSTOMER not in told and ACCOUNT not in told and "arn:aws" not in told and "amount" not in told


def test_many_ask_for_the_page_at_once(daemon: Any) -> None:
    """It is made off the loop, for all who wait: each gets a whole one, of who may see as much, or is told to come again."""
    with ThreadPoolExecutor(40) as pool:
        wishes = [{"Authorization": f"Bearer {TOKEN}"} if n % 4 == 0 else {} for n in range(120)]
        answers = list(pool.map(lambda wish: ask(daemon, "/?values" if wish else "/", **wish), wishes))
    assert [status for status, _, _ in answers] == [200] * 120
    for wish, (_, headers, text) in zip(wishes, answers, strict=True):
        assert text.startswith("<!doctype html>") and text.endswith("</html>\n") and "script-src" in headers["Content-Security-Policy"]
        assert ("Texts of AWS are not shown here" in text) is not bool(wish)
    status, _, text = ask(daemon, "/", "HEAD")
    assert status == 200 and text == ""


def test_names_that_are_not_ours(daemon: Any) -> None:
    port = daemon.address.rpartition(":")[2]
    for name in (f"127.0.0.1:{port}", f"localhost:{port}", "[::1]", "billing.example.com", socket.gethostname()):
        assert ask(daemon, "/-/healthy", Host=name)[0] == 200, name
    for name in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "billing.example.com.evil.example", ""):
        assert ask(daemon, "/api/v1/status", Host=name)[0] == 421, name


def test_actions(daemon: Any) -> None:
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert ask(daemon, "/-/look")[0] == 405
    assert ask(daemon, "/-/look", "POST", **bearer)[0] == 403
    assert ask(daemon, "/-/look", "POST", Billingd_Action="1", Origin="http://evil.example", **bearer)[0] == 403
    assert ask(daemon, "/-/look", "POST", Billingd_Action="1")[0] == 401
    before = daemon.passes()
    assert ask(daemon, "/-/look", "POST", Billingd_Action="1", **bearer)[0] == 202
    status, headers, _ = ask(daemon, "/-/look", "POST", Billingd_Action="1", **bearer)
    assert status == 429 and 1 <= int(headers["Retry-After"]) <= 5
    daemon.wait(lambda: daemon.passes() > before)
    assert ask(daemon, "/-/reload", "POST", Billingd_Action="1", Origin=daemon.address, **bearer)[0] == 202
    daemon.wait(lambda: document(daemon, "events")["events"][-1]["event"] == "reloaded")
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
    # Without the flag there are none.
    text = daemon.spec.path.read_text()
    daemon.spec.path.write_text(text.replace("actions: true", "actions: false"))
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: ask(daemon, "/-/look", "POST", Billingd_Action="1", **bearer)[0] == 404)
    daemon.spec.path.write_text(text)
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: ask(daemon, "/-/look", "POST", Billingd_Action="1")[0] == 401)
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)


def act(daemon: Any, path: str, body: Any, **headers: str) -> tuple[int, str]:
    text = body if isinstance(body, str) else json.dumps(body)
    connection = http.client.HTTPConnection(daemon.address.removeprefix("http://"), timeout=40)
    sent = {"Billingd-Action": "1", "Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    sent.update({k.replace("_", "-"): v for k, v in headers.items()})
    connection.request("POST", path, body=text.encode(), headers={k: v for k, v in sent.items() if v})
    reply = connection.getresponse()
    answer = reply.status, reply.read().decode()
    connection.close()
    return answer


def rested(daemon: Any, path: str, body: Any, **headers: str) -> tuple[int, str]:
    """Once five seconds have passed since the last one."""
    daemon.wait(lambda: (found := act(daemon, path, body, **headers))[0] != 429 and answers.append(found) is None, 20)
    return answers.pop()


answers: list[tuple[int, str]] = []
WISH = {"address": "shop/access_logs", "reason": "moving the group", "for": "1h"}


@pytest.mark.parametrize("path, body, status, text", [
    ("pause", "{", 400, "no JSON: line 1, column 1"), ("pause", "[]", 400, "must be a JSON object"),
    ("pause", "", 400, "no JSON"), ("pause", "{\"address\": \"a\", \"address\": \"b\"}", 400, "no JSON"),
    ("pause", {**WISH, "until": "x"}, 400, "\"address\", \"reason\" and \"for\""),
    ("pause", {**WISH, "for": 4}, 400, "\"for\" must be a text"), ("pause", {**WISH, "for": "31d"}, 400, "at most 30d"),
    ("pause", {**WISH, "for": "soon"}, 400, "no duration"), ("pause", {**WISH, "for": "0h"}, 400, "no duration"),
    ("pause", {**WISH, "reason": " "}, 400, "\"reason\" is empty"), ("pause", {**WISH, "reason": "x" * 501}, 400, "500 bytes"),
    ("pause", {**WISH, "reason": "a\nb"}, 400, "control"), ("pause", {"address": "shop", "for": "1h"}, 400, "\"reason\" is missing"),
    ("pause", {**WISH, "address": "shop/acces_logs"}, 404, "did you mean shop/access_logs"),
    ("pause", {**WISH, "address": "shop/access_logs.tags"}, 400, "not of a field"),
    ("resume", {**WISH}, 400, "\"address\" alone"), ("resume", {"address": "shoe"}, 404, "did you mean shop"),
    ("pause", {**WISH, "reason": "x" * 5000}, 413, "4096"),
])
def test_a_wrong_wish_is_told_why(daemon: Any, world_and_daemon: Any, path: str, body: Any, status: int, text: str) -> None:
    """Nothing of it reaches AWS, and none of it counts as asked."""
    world_and_daemon[0].sandbox.clear()
    answer = act(daemon, f"/-/{path}", body)
    assert answer[0] == status and text in answer[1], answer
    assert world_and_daemon[0].sandbox.calls(operation="PutObject") == []


def test_a_pause_by_http(daemon: Any, world_and_daemon: Any) -> None:
    """Who may; what AWS refuses, in whose words; then drift that stays until it is resumed."""
    sandbox = world_and_daemon[0].sandbox
    logs = sandbox.client("logs")

    def retention() -> int:
        return int(logs.describe_log_groups(logGroupNamePrefix=GROUP)["logGroups"][0]["retentionInDays"])
    assert act(daemon, "/-/pause", WISH, Authorization="")[0] == 401
    assert act(daemon, "/-/pause", WISH, Billingd_Action="")[0] == 403
    assert act(daemon, "/-/pause", WISH, Origin="http://evil.example")[0] == 403
    assert act(daemon, "/-/pause", WISH, Content_Type="text/plain")[0] == 415
    sandbox.faults({**DENIED, "operation": "PutObject", "code": "AccessDenied"})
    status, text = rested(daemon, "/-/pause", WISH)
    assert status == 502 and "shop/access_logs: " in text and "told-by-aws" in text  # who knows the token may read it
    assert document(daemon, "events")["events"][-1]["event"] == "pause_refused"
    assert "told-by-aws" not in json.dumps(document(daemon, "events"))
    sandbox.faults({"action": "error", "operation": "PutObject", "times": 0, "code": "PreconditionFailed", "status": 412})
    status, text = rested(daemon, "/-/pause", WISH)
    assert status == 502 and "others keep writing the list" in text
    sandbox.faults()
    assert rested(daemon, "/-/resume", {"address": "access_logs"})[0] == 409
    # A slow AWS keeps nobody waiting but who asked.
    sandbox.faults({"action": "latency", "operation": "PutObject", "latency_ms": 2000})
    results: list[tuple[int, str]] = []
    asking = threading.Thread(target=lambda: results.append(rested(daemon, "/-/pause", WISH)))
    asking.start()
    daemon.wait(lambda: act(daemon, "/-/resume", {"address": "shop"})[0] == 429)
    assert daemon.get("/-/healthy")[0] == 200
    asking.join()
    sandbox.faults()
    told = json.loads(results[0][1])
    assert results[0][0] == 200 and told["paused"] and told["address"] == "shop/access_logs" and told["until"]
    daemon.wait(lambda: daemon.metric("billingd_paused_since_timestamp_seconds", resource="shop/access_logs"))
    [pipeline] = document(daemon, "status")["pipelines"]
    assert pipeline["pauses"] == [{"address": "shop/access_logs", "since": pipeline["pauses"][0]["since"], "until": told["until"], "binds": True}]
    [pipeline] = document(daemon, "status", Authorization=f"Bearer {TOKEN}")["pipelines"]
    assert pipeline["pauses"][0]["reason"] == "moving the group" and pipeline["pauses"][0]["by"].endswith(" (over HTTP)")
    logs.put_retention_policy(logGroupName=GROUP, retentionInDays=1)
    daemon.kick()
    assert retention() == 1 and daemon.metric("billingd_resource_condition", resource="shop/access_logs", condition="Observed") == 1
    assert daemon.get("/-/ready")[0] == 503 and "events are being lost" in daemon.get("/-/ready")[1]
    assert rested(daemon, "/-/resume", {"address": "shop/access_logs"})[0] == 200
    daemon.wait(lambda: retention() == 90)  # it looks by itself
    daemon.wait(lambda: daemon.get("/-/ready")[0] == 200)
    assert document(daemon, "status")["pipelines"][0]["pauses"] == []


def test_the_server_keeps_to_its_document(daemon: Any, tmp_path: Path) -> None:
    program = ROOT / "build/schemathesis/bin/schemathesis"
    assert program.exists(), "schemathesis is missing: run scripts/install tests"
    done = subprocess.run(
        [program, "run", f"{daemon.address}/api/v1/openapi.json", "--max-examples", "8", "--seed", "1", "--no-color",
         "--phases", "examples,coverage,fuzzing", "--exclude-operation-id", "reload",
         "--header", f"Authorization: Bearer {TOKEN}"],
        capture_output=True, text=True, timeout=200, cwd=tmp_path)
    rested(daemon, "/-/resume", {"address": "shop/access_logs"})  # its example
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert daemon.get("/-/healthy")[0] == 200
    assert not Path(f"{daemon.spec.path.parent}/http.sock").is_file()
