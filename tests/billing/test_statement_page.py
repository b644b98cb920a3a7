"""The page of a document in a real browser: on a phone, on paper, with names in any script, and nothing from outside."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

HOSTILE = "<img src=x onerror=alert(1)>&\"'"
RTL, KOREAN = "شركة الأمثلة للتجارة", "주식회사 한국 데이터"
# A number is not broken, however long the route beside it, and no moment.
IN_ONE_LINE = """[...document.querySelectorAll('.usage td.n, .usage td.d, .when')].every(cell => {
    const range = document.createRange(); range.selectNodeContents(cell);
    const tops = [...range.getClientRects()].map(r => r.top); return Math.max(...tops) - Math.min(...tops) < 5})"""
LONG = "GET /" + "very-long-route/" * 20
BOOK = {"currency": "EUR", "time_zone": "Asia/Seoul",
        "prices": [{"from": "2020-01-01", "calls": {"mode": "graduated", "tiers": [
            {"up_to": "1000", "price": "0.001"}, {"up_to": "100000", "price": "0.0005"}, {"price": "0.000123456789"}]},
            "gib": "0.09", "free_calls": "10", "minimum": "500",
            "rules": [{"status": "4xx", "bill": "false"}, {"status": "5xx", "call": "0.1"}]}],
        "seller": {"name": KOREAN, "address": ["서울특별시 종로구 세종대로 209", "03171 서울"], "country": "KR",
                   "tax_id": "123-45-67890", "due_days": "30", "tax": "abroad"},
        "taxes": [{"name": "abroad", "category": "reverse_charge", "reason": "Reverse charge: Article 196, Directive 2006/112/EC"}],
        "customers": [{"sub": "a", "customer": "rtl", "name": RTL, "address": ["شارع الملك فهد", "الرياض"], "country": "SA",
                       "reference": "PO 4711"},
                      {"sub": "b", "customer": "hostile" + HOSTILE, "name": HOSTILE, "address": HOSTILE, "tax_id": "t" * 300}]}
LINES = [[f"2025-10-{day:02}", sub, None, route, status, 12345 + day, 10**9 + day]
         for day in range(1, 32) for sub in "ab" for route in ("GET /a", "POST /주문/{id}", LONG, None)
         for status in ("200", "404", "500")] + [["2025-10-31", "b", None, "GET /a", "302", 1, 1]]


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """The pages of a month: of each customer, and a credit note."""
    before = {"rtl": [{"number": "N-2025-000099", "issue_date": "2025-11-02", "net": "9999999.00"}]}
    request = {"billing": BOOK, "month": "2025-10", "lines": LINES + [["2025-10-05", None, None, "GET /a", "200", 5, 5]],
               "statements": {"series": "N-2025-", "issued": "2025-11-03", "pages": True, "before": before}}
    done = subprocess.run([os.environ["BILLING_RATE"]], input=json.dumps(request) + "\n", capture_output=True, text=True, check=True)
    made = json.loads(done.stdout)
    kinds = [d["kind"] for d in made["statements"]]
    assert sorted(kinds) == ["credit_note", "invoice", "unattributed"]
    return dict(zip(kinds, made["pages"], strict=True))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    assert chromium, "chromium is missing: run scripts/install tests"
    more = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path=chromium, args=["--disable-gpu", *more])


def opened(browser: Browser, path: Path, text: str, width: int = 1000, **more: Any) -> Page:
    path.write_text(text)
    page = browser.new_page(viewport={"width": width, "height": 800}, **more)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    page.goto(path.as_uri())
    assert asked == [path.as_uri()]
    return page


@pytest.mark.parametrize("kind", ["invoice", "credit_note", "unattributed"])
def test_on_a_screen(pages: dict[str, str], browser: Browser, tmp_path: Path, kind: str) -> None:
    for width in (1000, 360):
        page = opened(browser, tmp_path / f"{kind}.html", pages[kind], width)
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide <= 0, f"{width}: {wide} pixels too wide"
        assert page.evaluate(IN_ONE_LINE)
        if os.environ.get("BILLINGD_SHOTS"):
            page.screenshot(path=f"{os.environ['BILLINGD_SHOTS']}/{kind}-{width}.png", full_page=False)
        page.close()


def test_sums_are_in_order(pages: dict[str, str], browser: Browser, tmp_path: Path) -> None:
    """Also of a status that comes on the last day only."""
    page = opened(browser, tmp_path / "page.html", pages["invoice"])
    for table in page.locator(".usage").all()[:3]:
        first = table.locator("tbody td:first-child").all_text_contents()
        assert first == sorted(first, key=lambda cell: (cell == "–", cell)) and len(first) > 3


def test_names_stand_in_their_own_direction(pages: dict[str, str], browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path / "page.html", pages["credit_note"])
    name = page.locator(f"bdi:text-is('{RTL}')")
    assert name.count() == 1 and name.evaluate("e => getComputedStyle(e).direction") == "rtl"
    assert page.locator(".name bdi").first.text_content() == KOREAN
    hostile = opened(browser, tmp_path / "hostile.html", pages["invoice"])
    assert hostile.locator(".name bdi").nth(1).text_content() == HOSTILE
    assert hostile.locator("img").count() == 0


def test_for_everybody(pages: dict[str, str], browser: Browser, tmp_path: Path) -> None:
    page = opened(browser, tmp_path / "page.html", pages["invoice"])
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_on_paper(pages: dict[str, str], browser: Browser, tmp_path: Path) -> None:
    """Some pages of A4; header rows come again on each, and no row is cut in two."""
    page = opened(browser, tmp_path / "page.html", pages["invoice"])
    paper = page.pdf(prefer_css_page_size=True)
    if os.environ.get("BILLINGD_SHOTS"):
        Path(os.environ["BILLINGD_SHOTS"], "invoice.pdf").write_bytes(paper)
    assert len(re.findall(rb"/Type\s*/Page\b", paper)) > 3
    assert re.search(rb"/MediaBox\s*\[0 0 59[45]\.\d+ 84[12]", paper)
    page.emulate_media(media="print")
    assert page.evaluate("[...document.querySelectorAll('thead')].every(e => getComputedStyle(e).display == 'table-header-group')")
    assert page.evaluate("[...document.querySelectorAll('tr')].every(e => getComputedStyle(e).breakInside == 'avoid')")
