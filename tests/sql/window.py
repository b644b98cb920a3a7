"""Placeholders of the billing queries: which hours of arrival are read for which billing day."""

import datetime
import zoneinfo

DAY = datetime.timedelta(days=1)
HOURS_BEFORE = 25  # a day back for copies, an hour because objects are named after their oldest record
COLUMNS = {"user": "user", "sub": "sub", "httpmethod": "method", "path": "path", "routekey": "route",
           "status": "status"}  # column -> its name in group_by


def start_of(zone, day):
    """First second of a day in a zone, UTC epoch seconds."""
    midnight = datetime.datetime.combine(day, datetime.time(), zoneinfo.ZoneInfo(zone))
    return int(midnight.timestamp())


def hour_number(epoch_s):
    return int(datetime.datetime.fromtimestamp(epoch_s, datetime.timezone.utc).strftime("%Y%m%d%H"))


def partition_filter(first_s, last_s):
    """Whole days of arrival in between, hours at both ends; in terms of one column each, so that an
    engine can leave out what does not match."""
    hours = {}
    for at in range(first_s // 3600 * 3600, last_s + 1, 3600):
        moment = datetime.datetime.fromtimestamp(at, datetime.timezone.utc)
        hours.setdefault((moment.year, moment.month, moment.day), []).append(moment.hour)
    return " OR ".join(
        f"(year = {y} AND month = {m} AND day = {d}"
        + ("" if len(found) == 24 else f" AND hour BETWEEN {found[0]} AND {found[-1]}") + ")"
        for (y, m, d), found in hours.items())


def day_values(zone, day, late_days, group_by=("sub", "user", "method", "route", "status")):
    """Of rollup_counts; rollup takes day and target besides."""
    from_s, to_s = start_of(zone, day), start_of(zone, day + DAY)
    values = {"from_s": from_s, "to_s": to_s,
              "partition_filter": partition_filter(from_s - HOURS_BEFORE * 3600, to_s + late_days * 86400 - 1)}
    for column, name in COLUMNS.items():
        values["column_" + column] = column if name in group_by else "CAST(NULL AS varchar)"
    return values


def raw_values(zone, first, last, late_days, **more):
    """Of usage_raw, and of requests with `only` and `order`."""
    return {**days_values(zone, first, last, late_days), "object": ", object_path" if more else "", **more}


def days_values(zone, first, last, late_days):
    """Of audit_days, and of all that count so."""
    rows = []
    day = first - DAY
    while day <= last:
        from_s, to_s = start_of(zone, day), start_of(zone, day + DAY)
        rows.append((int(day.strftime("%Y%m%d")), from_s, to_s, hour_number(from_s - HOURS_BEFORE * 3600),
                     hour_number(to_s + late_days * 86400 - 1)))
        day += DAY
    return {"first_day": first.strftime("%Y%m%d"), "days": ", ".join(map(str, rows)),
            "partition_filter": partition_filter(
                start_of(zone, first - DAY) - HOURS_BEFORE * 3600,
                start_of(zone, last + DAY) + late_days * 86400 - 1)}


def days_between(first, last):
    return [first + n * DAY for n in range((last - first).days + 1)]
