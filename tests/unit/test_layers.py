"""What may include what: daemon -> reconcile -> resources -> aws -> base, never upwards.

billing stands beside resources: it uses aws and base only, and reconcile and daemon may use it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BELOW = {
    "base": set(),
    "aws": {"base"},
    "resources": {"aws", "base"},
    "billing": {"aws", "base"},
    "reconcile": {"resources", "billing", "aws", "base"},
    "daemon": {"reconcile", "resources", "billing", "aws", "base"},
}
ENGINE = {f"lib/reconcile/{name}" for name in (
    "engine.h", "engine_private.h", "engine.c", "pass.c")}
HTTP = {f"lib/aws/{name}" for name in ("http.c", "http_transfer.c", "http_private.h")}
# Who may see a library; the rest reaches it through these.
ALLOWED = {
    "curl/": HTTP,
    "aws/http_private.h": HTTP,  # it passes libcurl on
    "openssl/": {"lib/base", "lib/aws", "lib/billing"},
    "yaml.h": {"lib/base"},
    "expat.h": {"lib/base"},
    "uv.h": {"daemon", "lib/aws", *ENGINE},
}
# The same by what is called, since a header passes its own includes on.
CALLED = {
    r"\bcurl_\w+\s*\(": ALLOWED["curl/"],
    r"\bCURLOPT_": ALLOWED["curl/"],
    r"\buv_\w+\s*\(": ALLOWED["uv.h"],
}
SOURCES = sorted([*ROOT.glob("lib/**/*.[ch]"), *ROOT.glob("daemon/*.[ch]")])
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def layer(name: str) -> str:
    parts = name.split("/")
    return parts[1] if parts[0] == "lib" else parts[0]


def is_in(name: str, places: set[str]) -> bool:
    return any(name == place or name.startswith(place + "/") for place in places)


def wrong_include(name: str, quote: str, target: str) -> str | None:
    """Why the file `name` (below the root) may not include target, or None."""
    own = layer(name)
    if quote == '"':
        head = target.split("/")[0]
        if "/" not in target:
            return f"{name}: \"{target}\" needs its folder"
        if head != own and head not in BELOW[own]:
            return f"{name}: {own} may not include {target}"
    for library, places in ALLOWED.items():
        if target.startswith(library) and not is_in(name, places):
            return f"{name}: may not include {target}"
    return None


def wrong_calls(name: str, text: str) -> list[str]:
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.S)
    return [f"{name}: may not use {found}" for pattern, places in CALLED.items()
            if not is_in(name, places) for found in re.findall(pattern, text)]


def includes(path: Path) -> list[tuple[str, str]]:
    return INCLUDE.findall(path.read_text())


def test_there_are_sources() -> None:
    assert len(SOURCES) > 100
    assert {layer(str(path.relative_to(ROOT))) for path in SOURCES} <= set(BELOW)


@pytest.mark.parametrize("name", [str(path.relative_to(ROOT)) for path in SOURCES])
def test_includes(name: str) -> None:
    found = includes(ROOT / name)
    assert [w for q, t in found if (w := wrong_include(name, q, t))] == []
    assert wrong_calls(name, (ROOT / name).read_text()) == []
    for quote, target in found:
        if quote == '"':
            assert (ROOT / "lib" / target).exists() or (ROOT / target).exists(), target


@pytest.mark.parametrize(("name", "quote", "target"), [
    ("lib/base/str.c", '"', "aws/model.h"), ("lib/aws/call.c", '"', "resources/kind.h"),
    ("lib/resources/log_group.c", '"', "reconcile/plan.h"), ("lib/reconcile/plan.c", '"', "daemon/spec.h"),
    ("lib/billing/rollup.c", '"', "resources/kind.h"), ("lib/resources/table.c", '"', "billing/money.h"),
    ("lib/aws/client.c", "<", "curl/curl.h"), ("daemon/web.c", "<", "curl/multi.h"),
    ("lib/reconcile/plan.c", "<", "uv.h"), ("lib/resources/table.c", "<", "uv.h"),
    ("lib/base/clock.h", "<", "uv.h"), ("lib/aws/call.c", '"', "client.h"),
    ("lib/aws/http.h", "<", "curl/curl.h"), ("lib/aws/call.c", '"', "aws/http_private.h")])
def test_it_can_say_no(name: str, quote: str, target: str) -> None:
    assert wrong_include(name, quote, target)


def test_it_sees_calls() -> None:
    assert wrong_calls("lib/aws/call.c", "curl_easy_init();")
    assert wrong_calls("lib/reconcile/task.c", "uv_now(loop);")
    assert not wrong_calls("lib/aws/call.c", "/* curl_easy_init() */ uv_now(loop);")
