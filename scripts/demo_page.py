"""The status page in a few lines of text: what scripts/demo shows of it, from the API that the page is made of."""

import json
import urllib.request
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

SIGNS = {"in_sync": ("32", "✓"), "settling": ("34", "…"), "silent": ("2", "–"), "none": ("2", "–"), "unknown": ("2", "?")}
BESIDE = ("roles", "alarms")
DAYS = {"current": "■", "kept": "■", "empty": "□", "open": "◔", "ahead": "·", "none": "·", "lost": "!", "hidden": "!"}
LEGEND = {"■": "rolled up", "□": "nothing came", "◔": "not closed yet", "·": "nothing due", "!": "cannot be billed",
          "?": "unknown, or to be built"}


def fetch(address: str, name: str) -> Any:
    with urllib.request.urlopen(f"http://{address}/api/v1/{name}", timeout=5) as reply:
        return json.load(reply)


def show(address: str, say: Callable[[str], None], paint: Callable[[str, str], str]) -> None:
    """The flow with its states, what differs, the open month's days, what happened last."""
    status = fetch(address, "status")
    say(paint("1", f"The page: http://{address}/") + "  (while the daemon runs; ./scripts/demo --stay keeps it)")
    say("")
    counts = {state: n for state, n in status["resources"].items() if n}
    for pipeline in status["pipelines"]:
        flow = [s for s in pipeline["stations"] if s["station"] not in BESIDE]
        told = [paint(color, sign) + " " + s["station"].replace("_", " ") +
                ("" if s["state"] == "in_sync" else f" ({s['state'].replace('_', ' ')})")
                for s in flow for color, sign in [SIGNS.get(s["state"], ("31", "✗"))]]
        say("  " + paint("1", pipeline["pipeline"]) + "  " + ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in counts.items()))
        say("  " + " → ".join(told))
    for resource in fetch(address, "plan")["resources"]:
        for each in resource["differences"]:
            say(f"  {resource['address']} {each['field']}: want {each['want']}, have {each['have']}")
    for period in fetch(address, "periods")["pipelines"]:
        month = period["months"][-1]
        days = "".join(DAYS.get(day["state"], "?") for day in month["days"])
        say(f"  {month['month']}  {days}  " + ", ".join(f"{sign} {LEGEND[sign]}" for sign in LEGEND if sign in days))
    for event in fetch(address, "events")["events"][-4:]:
        time = datetime.fromtimestamp(event["time"], timezone.utc)
        say(f"  {time:%H:%M:%S} UTC  {event['event']:<9} {event.get('resource') or event.get('pipeline') or ''}  " +
            paint("2", event.get("field", "")))
