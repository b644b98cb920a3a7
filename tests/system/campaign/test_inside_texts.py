"""Texts that hold JSON of their own (policies, the access log's format, the view in its Glue table): each member inside with a
value of every other type, twice, or gone, and the text cut, torn or nested; `plan` tells each, and has nothing in order.

By default a sample; CAMPAIGN=full runs all.
"""

import base64
import copy
import json
import os
import random
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from test_flips import Flip, Settled, Steps, settled  # noqa: F401

FULL = os.environ.get("CAMPAIGN") == "full"
SAMPLE, SEED = 40, 5
VIEW = ("/* Presto View: ", " */")
Write = Callable[[str], str]


def texts_in(have: Any, steps: Steps) -> Iterator[tuple[Steps, Any, Write]]:
    """Where such a text is in a reply, what it holds, and how it is written there."""
    if isinstance(have, dict) and "Statement" in have:  # botocore has decoded it: IAM sends it percent-encoded
        yield steps, have, lambda text: quote(text, safe="")
    elif isinstance(have, dict | list):
        for step, inner in have.items() if isinstance(have, dict) else enumerate(have):
            yield from texts_in(inner, [*steps, step])
    elif isinstance(have, str) and have.startswith(VIEW[0]):
        yield (steps, json.loads(base64.b64decode(have.removeprefix(VIEW[0]).removesuffix(VIEW[1]))),
               lambda text: VIEW[0] + base64.b64encode(text.encode("utf-8", "surrogatepass")).decode() + VIEW[1])
    elif isinstance(have, str) and have.startswith("{"):
        yield steps, json.loads(have), lambda text: text


def paths_in(value: Any, steps: Steps) -> Iterator[Steps]:
    if steps:
        yield steps
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        if step in (0, 1) or isinstance(step, str):  # lists are of one kind
            yield from paths_in(inner, [*steps, step])


TWICE = "\x00twice"
# What means the same as the text without it: the view's SQL names its tables with their database.
SAME = [("GetTable", ["schema"], None), ("GetTable", ["catalog"], None)]


def others(have: Any) -> Iterator[Any]:
    """Values that mean something else; a list of one is that one, and true is "true"."""
    for value in (None, 7, True, {}, [], {"a": "b"}, [["x"]], "other", "\ud800"):
        if not (isinstance(have, bool) and value is True) and value != have:
            yield value
    yield TWICE


def changed(document: Any, steps: Steps, value: Any) -> str:
    made = copy.deepcopy(document)
    at = made
    for step in steps[:-1]:
        at = at[step]
    last = steps[-1]
    if value == TWICE and isinstance(at, dict):
        at["\x00"] = at[last]
        return json.dumps(made).replace('"\\u0000"', json.dumps(last))
    at[last] = "other" if value == TWICE else value
    return json.dumps(made)


def torn(text: str) -> Iterator[str]:
    yield from ("", "null", "[]", "{}", "7", f"[{text}]", text[:-1], text + text, text[:len(text) // 2], text + "%", text + "%0", json.dumps(text),
                "[" * 100000 + "]" * 100000, text[:-1] + ',"x":' + "[" * 3000 + "]" * 3000 + "}", text + "\ud800"[:0] + "\x00")


def cases(settled: Settled) -> list[tuple[Flip, Any]]:  # noqa: F811
    found, known = [], set()
    for call in settled.calls.values():
        for steps, document, write in texts_in(settled.reply_of(call), []):
            if (call["operation"], json.dumps(document)) in known:
                continue
            known.add((call["operation"], json.dumps(document)))
            texts = [(path, value, changed(document, path, value)) for path in paths_in(document, []) for value in others(at_path(document, path))]
            texts += [([], n, text) for n, text in enumerate(torn(json.dumps(document)))]
            found += [(Flip(call["service"], call["operation"], call["params"], steps, [write(text)]), (path, value)) for path, value, text in texts]
    return found


def at_path(value: Any, steps: Steps) -> Any:
    for step in steps:
        value = value[step]
    return value


def test_what_a_text_holds_is_told(settled: Settled) -> None:  # noqa: F811
    found = cases(settled)
    operations = {flip.operation for flip, _ in found}
    assert {"GetBucketPolicy", "GetRole", "GetRolePolicy", "GetStage", "GetTable"} <= operations and len(found) > 500
    silent = []
    for flip, inside in found if FULL else random.Random(SEED).sample(found, SAMPLE):
        if not settled.is_told(flip) and (flip.operation, *inside) not in SAME:
            silent.append(f"{flip.operation} {flip.path}: {inside}")
    assert not silent, "\n".join(silent)
