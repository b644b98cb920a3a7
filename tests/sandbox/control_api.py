"""The unsigned JSON interface under /_sandbox/ that tests steer the sandbox with."""

import json
import threading
import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from . import models, moto_side
from .data.control_calls import ROUTINES as DATA_ROUTINES
from .keys import ACCESS_KEY
from .messages import Reply, Request
from .snapshot import Snapshot

if TYPE_CHECKING:
    from .app import App


def answer(app: "App", request: Request) -> Reply:
    name = request.path.removeprefix("/_sandbox/").strip("/")
    routine = ROUTINES.get((request.method, name))
    if routine is None:
        return _json(404, {"error": f"no {request.method} {request.path}",
                           "known": [f"{m} /_sandbox/{n}" for m, n in ROUTINES]})
    try:
        value = json.loads(request.body) if request.body else {}
        told = _json(200, routine(app, value))
        if request.method == "POST" and name not in UNCHANGING:
            with app.world.lock:
                app.world.answers.forget()
        return told
    except (ValueError, TypeError, KeyError) as error:
        return _json(400, {"error": f"{type(error).__name__}: {error}"})


def _json(status: int, value: Any) -> Reply:
    return Reply(status, [("Content-Type", "application/json")],
                 json.dumps(value, default=str).encode() + b"\n")


def health(app: "App", _: Any) -> Any:
    return {"status": "ok", "calls": len(app.world.journal.calls), "time": app.world.now()}


def calls(app: "App", _: Any) -> Any:
    return {"calls": app.world.journal.snapshot("calls")}


def clear(app: "App", _: Any) -> Any:
    app.world.journal.clear()
    return {}


def take(app: "App", _: Any) -> Any:
    return {"calls": app.world.journal.take()}


def violations(app: "App", _: Any) -> Any:
    return {"violations": app.world.journal.snapshot("violations"),
            "sandbox_bugs": app.world.journal.snapshot("bugs")}


def get_faults(app: "App", _: Any) -> Any:
    return {"rules": app.world.faults.show()}


def set_faults(app: "App", value: Any) -> Any:
    app.world.faults.set(value["rules"] if isinstance(value, dict) else value)
    return get_faults(app, None)


def wait_for_fault(app: "App", value: Any) -> Any:
    return {"fired": app.world.faults.wait(value["seconds"])}


def get_switches(app: "App", _: Any) -> Any:
    return asdict(app.world.switches)


def set_switches(app: "App", value: Any) -> Any:
    return app.world.switch(value)


def reset(app: "App", _: Any) -> Any:
    app.reset()
    return {}


def copy(app: "App", value: Any) -> Any:
    """{owner?}: the endpoint of a copy of this sandbox, which ends with it, with the process of that number, or by POST end."""
    if app.copies is None:
        raise ValueError("no process of its own that could be copied")
    return {"endpoint": app.copies.ask(int(value.get("owner", 0)))}


def end(app: "App", _: Any) -> Any:
    if app.copies is None:
        raise ValueError("no process of its own that could end")
    threading.Timer(0.05, app.copies.stop).start()  # after the reply
    return {}


def accounts(app: "App", value: Any) -> Any:
    """{account, access_key?, secret_key?, arn?, token?, lifetime_s?}: a key of that account."""
    account = value["account"]
    number = len(app.world.keys.keys)
    key = app.world.keys.add(
        value.get("access_key", f"AKIASANDBOX{number:09d}"),
        value.get("secret_key", f"sandbox/other/key/for/tests/only/{number:07d}"), account,
        value.get("arn", f"arn:aws:iam::{account}:root"), value.get("user_id", account),
        value.get("token", ""),
        time.time() + value["lifetime_s"] if "lifetime_s" in value else 0.0)
    return asdict(key)


def buckets(app: "App", value: Any) -> Any:
    """{account, name, region?}: a bucket that belongs to somebody else."""
    with app.world.lock:
        backend = moto_side.backend("s3", value["account"], value.get("region", "us-east-1"))
        backend.create_bucket(value["name"], value.get("region", "us-east-1"))
    return {}


def snapshot(app: "App", value: Any) -> Any:
    """{region, services?}: all that can be read there, by path; of the sandbox's own account."""
    key = app.world.keys.find(ACCESS_KEY)
    with app.world.lock:
        return {"snapshot": Snapshot(app.world, key, value["region"]).of(value.get("services") or models.SERVICES)}


UNCHANGING = ("calls/clear", "calls/take", "faults", "copy", "end", "snapshot", "objects", "query_rules")
ROUTINES = {
    ("GET", "health"): health, ("GET", "calls"): calls, ("POST", "calls/clear"): clear,
    ("POST", "calls/take"): take,
    ("GET", "violations"): violations, ("GET", "faults"): get_faults, ("POST", "faults"): set_faults,
    ("GET", "switches"): get_switches, ("POST", "switches"): set_switches, ("POST", "reset"): reset,
    ("POST", "faults/wait"): wait_for_fault, ("POST", "accounts"): accounts, ("POST", "buckets"): buckets,
    ("POST", "copy"): copy, ("POST", "end"): end, ("POST", "snapshot"): snapshot,
    **DATA_ROUTINES,
}
