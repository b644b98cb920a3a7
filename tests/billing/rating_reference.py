"""A second, independent way to a bill: Fractions, one call or byte range at a time, no code shared.

It follows docs/billing.md, sentence by sentence, and is as slow and plain as that allows."""

import calendar
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

GIB = 2**30
DIGITS = {"KRW": 0, "JPY": 0, "KWD": 3, "BHD": 3}


def half_up(amount, digits):
    """The rounding: half up to `digits` decimals, as a Decimal text."""
    scaled = amount * 10**digits
    whole = int(scaled)
    if scaled - whole >= Fraction(1, 2):
        whole += 1
    text = str(Decimal(whole).scaleb(-digits).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    return text


def tiers_of(entry, which):
    """[(end or None, price)], volume?"""
    flat, tiered, end = (("call", "calls", "up_to") if which == "calls" else ("gib", "bytes", "up_to_gib"))
    if flat in entry:
        return [(None, Fraction(entry[flat]))], False
    tiers = []
    for tier in entry[tiered]["tiers"]:
        limit = tier.get(end)
        if limit is not None:
            limit = Fraction(limit) * (1 if which == "calls" else GIB)
        tiers.append((limit, Fraction(tier["price"])))
    return tiers, entry[tiered]["mode"] == "volume"


def price_unit(price, which):
    return price if which == "calls" else price / GIB


def entry_on(book, day):
    held = [e for e in book["prices"] if date.fromisoformat(e["from"]) <= day]
    return max(held, key=lambda e: e["from"]) if held else None


def customer_on(book, sub, day):
    for c in book.get("customers") or []:
        if c["sub"] == sub and date.fromisoformat(c.get("from", "0001-01-01")) <= day <= date.fromisoformat(
                c.get("to", "9999-12-31")):
            return c["customer"]
    return None if sub == "-" else sub


def matches(rule, route, status):
    want_status, want_route = rule.get("status"), rule.get("route")
    status, route = status or "-", route or "-"  # what the log does not say
    if want_status is not None:
        if want_status.endswith("xx"):
            if not (len(status) == 3 and status[0] == want_status[0]):
                return False
        elif status != want_status:
            return False
    if want_route is not None:
        if route == "-":
            return want_route in ("-", "*")
        if want_route.endswith("*"):
            return route.startswith(want_route[:-1])
        return route == want_route
    return True


class Account:
    def __init__(self):
        self.calls = self.bytes = self.excluded_calls = self.excluded_bytes = 0
        self.used = False
        self.flat = {"calls": Fraction(0), "bytes": Fraction(0)}
        self.flat_units = {"calls": 0, "bytes": 0}
        self.ordinary = {"calls": {}, "bytes": {}}  # day -> units


def charge(book, account, which, nobody):
    """Exact charge, billed and free units; day after day."""
    sums = sorted(account.ordinary[which].items())
    total, seen, billed, free_units = Fraction(0), 0, 0, 0
    plan = []
    for day, units in sums:
        entry = entry_on(book, day)
        quota = 0 if nobody else (int(entry.get("free_calls", 0)) if which == "calls"
                                  else Fraction(entry.get("free_gib", 0)) * GIB)
        free = min(max(quota - seen, 0), units)
        plan.append((entry, units - free))
        seen += units
        billed += units - free
        free_units += free
    at = 0
    for entry, units in plan:
        tiers, volume = tiers_of(entry, which)
        if volume:
            price = next(p for end, p in tiers if end is None or billed <= end)
            total += units * price_unit(price, which)
        else:
            start = 0
            for end, price in tiers:
                low, high = max(start, at), at + units if end is None else min(end, at + units)
                if high > low:
                    total += (high - low) * price_unit(price, which)
                start = end
        at += units
    return total + account.flat[which], billed + account.flat_units[which], free_units


def bill(book, month, lines):
    year, number = map(int, month.split("-"))
    last = date(year, number, calendar.monthrange(year, number)[1])
    digits = DIGITS.get(book.get("currency", "USD"), 2)
    accounts, nobody = {}, Account()
    for day, sub, _user, route, status, calls, size in lines:
        day = date.fromisoformat(day)
        customer = customer_on(book, sub or "-", day)
        account = nobody if customer is None else accounts.setdefault(customer, Account())
        entry = entry_on(book, day)
        account.calls += calls
        account.bytes += size
        rule = next((r for r in entry.get("rules", []) if matches(r, route, status)), None)
        if rule and rule.get("bill", "true") == "false":
            account.excluded_calls += calls
            account.excluded_bytes += size
            continue
        account.used = True
        for which, units, key in (("calls", calls, "call"), ("bytes", size, "gib")):
            if rule and key in rule:
                account.flat[which] += units * price_unit(Fraction(rule[key]), which)
                account.flat_units[which] += units
            else:
                account.ordinary[which][day] = account.ordinary[which].get(day, 0) + units
    minimum = Fraction(entry_on(book, last).get("minimum", 0))
    if minimum:
        for c in book.get("customers") or []:
            if date.fromisoformat(c.get("from", "0001-01-01")) <= last <= date.fromisoformat(c.get("to", "9999-12-31")):
                accounts.setdefault(c["customer"], Account()).used = True
    result = {}
    for name, account in [*accounts.items(), (None, nobody)]:
        line = {"calls": account.calls, "bytes": account.bytes, "excluded_calls": account.excluded_calls,
                "excluded_bytes": account.excluded_bytes}
        amounts = {}
        for which in ("calls", "bytes"):
            amounts[which], line["billed_" + which], line["free_" + which] = charge(book, account, which, name is None)
        exact = amounts["calls"] + amounts["bytes"]
        missing = Fraction(max(minimum - exact, 0)) if account.used and name is not None else Fraction(0)
        line["call_charge"], line["data_charge"] = amounts["calls"], amounts["bytes"]
        line["minimum_charge"] = missing
        line["total"] = half_up(exact + missing, digits)
        result[name] = line
    return result


def days_of(month):
    year, number = map(int, month.split("-"))
    first = date(year, number, 1)
    return [first + timedelta(days=i) for i in range(calendar.monthrange(year, number)[1])]
