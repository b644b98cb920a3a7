"""Which room may include which: the rooms of a house, from the cellar up; nothing includes what lies above it.

A room is a folder. ROOMS names for each room those it may include besides itself; docs/architecture.md says why."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What base/secret stands on, and with it all of lib/base: a room, though its files lie in lib/base with the others.
GROUND = {"base/mem", "base/str"}
BASE = ["base/ground", "base/secret", "base"]
AWS = [*BASE, "aws/codec", "aws/reply", "aws/local", "aws/credentials", "aws"]
RESOURCES = [*BASE, "aws/codec", "resources"]
PRICES = [*BASE, "billing/prices"]
STORE = [*AWS, *PRICES[len(BASE):], "billing/bulk", "billing/store"]
AUDIT = [*STORE, "billing/rollup", "billing/events", "billing/bill", "billing/audit"]
STATEMENT = ["billing/bill", "billing/statement", "billing/bookkeeping", "billing/statement_store"]
RECEIPT = ["billing/requests", "billing/receipt", "billing/receipt_store"]
SPEC = [*AWS, "yaml", "resources", "billing/prices", "billing/bulk", "billing/store", "guard", "spec/lint", "spec"]
RECONCILE = [*SPEC, *AUDIT[len(STORE):], *STATEMENT[1:], "billing/backfill", *RECEIPT, "billing/close", "state", "reading", "plan", "reconcile"]
VIEWS = [*RECONCILE, "daemon/data_flow", "daemon/views"]
ROOMS = {
    "base/ground": BASE[:1],
    "base/secret": BASE[:2],
    "base": BASE,
    "yaml": [*BASE, "yaml"],
    "aws/codec": [*BASE, "aws/codec"],
    "aws/reply": [*BASE, "aws/codec", "aws/reply"],
    "aws/local": [*BASE, "aws/local"],
    "aws/credentials": [*BASE, "aws/codec", "aws/local", "aws/credentials"],
    "aws": AWS,
    "resources": RESOURCES,
    "billing/prices": PRICES,
    "billing/bulk": [*BASE, "billing/bulk"],
    "billing/store": STORE,
    "billing/rollup": AUDIT[:-3],
    "billing/events": AUDIT[:-2],
    "billing/bill": [*AUDIT[:-3], "billing/bill"],
    "billing/requests": [*AUDIT[:-3], "billing/bill", "billing/requests"],
    "billing/dispute": [*AUDIT[:-3], "billing/bill", "billing/requests", "billing/dispute"],
    "billing/cost": [*AUDIT[:-3], "billing/cost"],
    "billing/shadow": [*AUDIT[:-3], "billing/bill", "billing/shadow"],
    "billing/audit": AUDIT,
    "billing/statement": [*AUDIT[:-3], "billing/bill", "billing/statement"],
    "billing/bookkeeping": [*AUDIT[:-3], *STATEMENT[:-1]],
    "billing/backfill": [*AUDIT, "billing/backfill"],
    "billing/statement_store": [*AUDIT[:-3], *STATEMENT],
    "billing/receipt": [*BASE, "billing/receipt"],
    "billing/receipt_store": [*AUDIT[:-3], *STATEMENT, *RECEIPT],
    "billing/close": [*AUDIT, *STATEMENT, *RECEIPT, "billing/close"],
    "billing/verify": [*AUDIT, *STATEMENT, *RECEIPT, "billing/close", "billing/verify"],
    "spec/lint": [*RESOURCES, "spec/lint"],
    "spec": SPEC,
    "state": [*SPEC, "state"],
    "guard": [*RESOURCES, "guard"],
    "lease": [*SPEC, "state", "lease"],
    "reading": [*AWS, "resources", "reading"],
    "plan": [*RESOURCES, "spec/lint", "guard", "plan"],
    "reconcile": RECONCILE,
    "permissions": [*RECONCILE[:-8], "billing/cost", "state", "permissions"],
    "import": [*RECONCILE, "import"],
    "daemon/data_flow": VIEWS[:-1],
    "daemon/views": VIEWS,
    "daemon/web": [*BASE, "daemon/web"],
    "daemon/board": [*RECONCILE, "daemon/board"],
    "daemon/page": [*BASE, "yaml", "daemon/page"],
    "daemon/health": [*RECONCILE, "daemon/board", "daemon/health"],
    "daemon/upkeep": [*RECONCILE, "daemon/board", "daemon/health", "daemon/upkeep"],
    "daemon/service": [*VIEWS, "daemon/web", "daemon/board", "daemon/page", "daemon/health", "daemon/upkeep", "lease", "daemon/service"],
    "daemon/verbs": [*VIEWS, "billing/cost", "permissions", "import", "lease", "daemon/verbs"],
    "daemon/verbs/ask": [*VIEWS, "billing/cost", "permissions", "import", "lease", "daemon/verbs", "daemon/verbs/ask"],
    "daemon/verbs/billing": [*VIEWS, "billing/cost", "permissions", "import", "lease", "billing/shadow", "billing/verify", "daemon/verbs", "daemon/verbs/billing"],
    "daemon/verbs/customer": [*VIEWS, "billing/cost", "permissions", "import", "lease", "billing/shadow", "billing/verify", "billing/requests", "billing/dispute", "daemon/verbs", "daemon/verbs/billing", "daemon/verbs/customer"],
    "daemon/help": [*VIEWS, "billing/cost", "permissions", "import", "lease", "daemon/verbs", "daemon/help"],
    "daemon": [*VIEWS, "billing/cost", "permissions", "import", "lease", "billing/shadow", "billing/verify", "billing/requests", "billing/dispute", "daemon/web", "daemon/board", "daemon/page", "daemon/health", "daemon/upkeep", "lease", "daemon/service", "daemon/verbs", "daemon/verbs/ask", "daemon/verbs/billing", "daemon/verbs/customer", "daemon/help", "daemon"],
}
ENGINE = {"lib/reading", *(f"lib/reconcile/{name}" for name in ("engine.h", "engine.c", "pass.h", "pass.c", "pass_phase.c"))}
HTTP = {f"lib/aws/{name}" for name in ("http.c", "http_transfer.c", "http_private.h")}
# Who may see a library; the rest reaches it through these.
ALLOWED = {
    "curl/": HTTP,
    "aws/http_private.h": HTTP,  # it passes libcurl on
    "base/secret/secret_": {"lib/base/secret"},  # how they are found; secret.h is for all
    "openssl/": {"lib/base", "lib/aws", "lib/billing"},
    "yaml.h": {"lib/yaml"},
    "expat.h": {"lib/base"},
    "pcre2.h": {"lib/aws/codec"},
    "uv.h": {"daemon", "lib/aws", *ENGINE},
}
# The same by what is called, since a header passes its own includes on.
CALLED = {
    r"\bcurl_\w+\s*\(": ALLOWED["curl/"],
    r"\bCURLOPT_": ALLOWED["curl/"],
    r"\buv_\w+\s*\(": ALLOWED["uv.h"],
}
# Prices are pure: from values to values. These are the ways out of a function that they may not take.
IMPURE_CALL = re.compile(r"\b(fopen|open|read|write|printf|fprintf|puts|getenv|time|clock_gettime|localtime_r|gmtime_r|"
                         r"tzset|rand|random|getrandom|json_load_file|json_dump_file|log_\w+|clock_\w+)\s*\(")
IMPURE_INCLUDE = {"base/log.h", "base/clock.h", "base/metric.h", "base/random.h", "time.h", "unistd.h", "fcntl.h", "sys/stat.h"}
MAX_FILES = 20
SOURCES = sorted([*ROOT.glob("lib/**/*.[ch]"), *ROOT.glob("daemon/**/*.[ch]")])
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def room(name: str) -> str:
    """The folder of a file, as includes name it."""
    place = name.removeprefix("lib/")
    return "base/ground" if place.rpartition(".")[0] in GROUND else place.rpartition("/")[0]


def is_in(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(place + "/") for place in places)


def wrong_include(name: str, quote: str, target: str) -> str | None:
    """Why the file `name` (below the root) may not include target, or None."""
    own = room(name)
    if quote == '"':
        if "/" not in target:
            return f"{name}: \"{target}\" needs its folder"
        if room(target) not in ROOMS[own]:
            return f"{name}: {own} may not include {target}"
        if target.endswith("_private.h") and room(target) != own:
            return f"{name}: {target} is private to {room(target)}"
    if own == "billing/prices" and target in IMPURE_INCLUDE:
        return f"{name}: prices are pure, but {target} is not"
    for library, places in ALLOWED.items():
        if target.startswith(library) and not is_in(name, places):
            return f"{name}: may not include {target}"
    return None


def wrong_calls(name: str, text: str) -> list[str]:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    text = re.sub(r'"(\\.|[^"\\\n])*"', '""', text)
    found = [f"{name}: may not use {call}" for pattern, places in CALLED.items()
             if not is_in(name, places) for call in re.findall(pattern, text)]
    if room(name) == "billing/prices":
        found += [f"{name}: prices are pure, but {call} is not" for call in IMPURE_CALL.findall(text)]
    return found


def includes(path: Path) -> list[tuple[str, str]]:
    return INCLUDE.findall(path.read_text())


def test_there_are_sources() -> None:
    assert len(SOURCES) > 100
    assert {room(str(path.relative_to(ROOT))) for path in SOURCES} == set(ROOMS)


def test_the_rooms_are_in_order() -> None:
    """No two rooms may include each other, not even by way of others."""
    for own, others in ROOMS.items():
        for other in set(others) - {own}:
            assert own not in ROOMS[other], (own, other)
            assert set(ROOMS[other]) <= set(others), (own, other)


@pytest.mark.parametrize("own", sorted(ROOMS))
def test_a_room_is_not_crowded(own: str) -> None:
    """The kinds are as many as they are."""
    folder = own.replace("base/ground", "base")
    files = [path for path in SOURCES if str(path.parent.relative_to(ROOT)).removeprefix("lib/") == folder and path.suffix == ".c"]
    assert own == "resources" or len(files) <= MAX_FILES, [path.name for path in files]


@pytest.mark.parametrize("name", [str(path.relative_to(ROOT)) for path in SOURCES])
def test_includes(name: str) -> None:
    found = includes(ROOT / name)
    assert [w for q, t in found if (w := wrong_include(name, q, t))] == []
    assert wrong_calls(name, (ROOT / name).read_text()) == []
    for quote, target in found:
        if quote == '"':
            assert (ROOT / "lib" / target).exists() or (ROOT / target).exists(), target


@pytest.mark.parametrize(("name", "quote", "target"), [
    ("lib/base/str.c", '"', "aws/codec/model.h"), ("lib/base/str.c", '"', "base/secret/secret.h"),
    ("lib/base/secret/secret.c", '"', "base/err.h"), ("lib/base/err.c", '"', "base/secret/secret_view.h"),
    ("lib/aws/call.c", '"', "resources/kind.h"),
    ("lib/aws/codec/codec.c", '"', "aws/client.h"), ("lib/aws/credentials/identity.c", '"', "aws/client.h"),
    ("lib/resources/log_group.c", '"', "plan/plan.h"), ("lib/resources/table.c", '"', "aws/client.h"),
    ("lib/resources/table.c", '"', "billing/prices/money.h"), ("lib/billing/rollup/rollup.c", '"', "resources/kind.h"),
    ("lib/billing/prices/rating.c", '"', "billing/store/billing.h"), ("lib/billing/prices/rating.c", "<", "time.h"),
    ("lib/billing/prices/rating.c", '"', "base/log.h"), ("lib/billing/bill/bill.c", '"', "billing/audit/audit.h"),
    ("lib/billing/close/close.c", '"', "billing/backfill/backfill.h"),
    ("lib/billing/bill/usage.c", '"', "billing/rollup/rollup_private.h"),
    ("lib/spec/lint/lint.c", '"', "spec/manifest.h"), ("lib/spec/lint/lint.c", '"', "aws/client.h"),
    ("lib/spec/manifest.c", '"', "plan/plan.h"),
    ("lib/plan/plan.c", '"', "daemon/views/plan_view.h"),
    ("daemon/verbs/verb_plan.c", '"', "daemon/service/service.h"),
    ("daemon/service/service.c", '"', "daemon/verbs/options.h"),
    ("daemon/views/bill_view.c", '"', "daemon/verbs/options.h"), ("daemon/web/web.c", '"', "reconcile/engine.h"),
    ("lib/aws/client.c", "<", "curl/curl.h"), ("daemon/web/web.c", "<", "curl/multi.h"),
    ("lib/plan/plan.c", "<", "uv.h"), ("lib/resources/table.c", "<", "uv.h"),
    ("lib/base/clock.h", "<", "uv.h"), ("lib/aws/call.c", '"', "client.h"),
    ("lib/aws/http.h", "<", "curl/curl.h"), ("lib/aws/call.c", '"', "aws/http_private.h")])
def test_it_can_say_no(name: str, quote: str, target: str) -> None:
    assert wrong_include(name, quote, target)


def test_it_sees_calls() -> None:
    assert wrong_calls("lib/aws/call.c", "curl_easy_init();")
    assert wrong_calls("lib/reconcile/task.c", "uv_now(loop);")
    assert wrong_calls("lib/billing/prices/rating.c", "FILE *f = fopen(path, mode);")
    assert not wrong_calls("lib/aws/call.c", "/* curl_easy_init() */ uv_now(loop);")
    assert not wrong_calls("lib/billing/prices/rating.c", 'say("no time (today)");')
