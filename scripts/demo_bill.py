"""The demo's second half: a month of traffic, its bill, the proof, and what the old scripts would have billed."""

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from sandbox.control import Sandbox
from sandbox.data.pipeline import NAMES, ROOT, Pipeline

SEED_SQL = ROOT / "tests/specs/seed/sql"
TRAFFIC = {"requests": 20000, "customers": 6, "seed": 7}
Say = Callable[[str], None]


def last_whole_month(today: date) -> str:
    """The newest month whose days are all closed, a few days for late events included."""
    end = (today - timedelta(days=6)).replace(day=1) - timedelta(days=1)
    return end.strftime("%Y-%m")


def money(truth: dict[str, Any]) -> Decimal:
    """Calls and bytes of the truth at the shipped prices, in exact decimals."""
    return sum((Decimal(c["calls"]) * Decimal("0.001") + Decimal(c["bytes"]) * Decimal("0.10") / 2**30
                for c in truth["customers"].values()), Decimal())


def traffic(sandbox: Sandbox, month: str, say: Say) -> dict[str, Any]:
    # Lines that nobody could bill would be a gap of the audit.
    truth = sandbox.generate(month, log_group=NAMES["log_group"], **TRAFFIC, invalid=0, dashes=0)
    excluded = truth["excluded"]
    copies = excluded["duplicate_event"] + excluded["duplicate_request"]
    say(f"{truth['log_events']} log events of {month} went through filter, stream and bucket: {copies} of them "
        "copies, some hours or days late")
    return truth


def check_bill(bill_json: str, truth: dict[str, Any], say: Say, fail: Say) -> None:
    bill = json.loads(bill_json)
    billed = {line["customer"]: (line["calls"], line["bytes"]) for line in bill["lines"]}
    true = {sub: (c["calls"], c["bytes"]) for sub, c in truth["customers"].items()}
    if billed != true:
        fail(f"the bill differs from the truth: {billed} {true}")
    say(f"the generator kept its own count: calls and bytes of all {len(true)} customers are equal to it")


def seed_text(name: str, month: str) -> str:
    """A text of the old documentation, for another month."""
    year, number = month.split("-")
    text = (SEED_SQL / name).read_text().replace("year = 2025 AND month = 10", f"year = {year} AND month = {int(number)}")
    return re.sub(r"\$\{(\w+)\}", lambda m: NAMES[m[1]], text)


def old_way(sandbox: Sandbox, month: str, say: Say) -> None:
    """The same month through the form, the view and the billing query of the two shell scripts."""
    for form, what in [("seed", "as the scripts make it"), ("seed_gz", "with .gz added to the object names")]:
        sandbox.reset()
        pipe = Pipeline(sandbox, form).bring_up()
        truth = sandbox.generate(month, old_format=1.0, log_group=NAMES["log_group"], **TRAFFIC)
        view = f"CREATE OR REPLACE VIEW {NAMES['database']}.{NAMES['table_json']} AS {seed_text('view.sql', month)}"
        try:
            pipe.run(view)
            rows = pipe.rows(seed_text("7-billing.sql", month).rstrip().rstrip(";"))
        except Exception as error:  # what Athena says is the point here
            code = re.search(r"[A-Z]+_[A-Z_]+", str(error))
            say(f"{what}: no bill at all, the query fails with {code[0] if code else error}")
            continue
        total = sum((Decimal(row["total_charges_usd"] or 0) for row in rows), Decimal())
        calls = sum(int(row["monthly_calls"]) for row in rows)
        say(f"{what}: {calls} calls, {total:.2f} USD, and no error; true of these events are "
            f"{sum(c['calls'] for c in truth['customers'].values())} calls, {money(truth):.2f} USD")
    say("(one JSON document per object is read, the rest is skipped; and its filter on user drops nearly everybody)")
