"""CloudWatch GetMetricData over what the traffic counted."""

from typing import Any

from ..call import Call, handles
from ..errors import AwsError
from .metrics import Series

MOST = 100_800  # datapoints of one reply
DAY = 86400
KEPT = ((15 * DAY, 60), (63 * DAY, 300), (455 * DAY, 3600))  # age up to, finest period
STATS = ("Sum", "SampleCount", "Average", "Minimum", "Maximum")


def invalid(message: str) -> AwsError:
    return AwsError("ValidationError", message)


def seconds(value: Any) -> float:
    return float(value.timestamp() if hasattr(value, "timestamp") else value)


def finest(age: float) -> int | None:
    """The shortest period there is for data so old; None: gone."""
    return next((period for limit, period in KEPT if age <= limit), None)


@handles("cloudwatch", "GetMetricData")
def get_metric_data(call: Call) -> dict[str, Any]:
    p = call.params
    start, end = seconds(p["StartTime"]), seconds(p["EndTime"])
    if end <= start:
        raise invalid("The parameter StartTime must be less than the parameter EndTime.")
    identifiers = [query["Id"] for query in p["MetricDataQueries"]]
    if len(identifiers) != len(set(identifiers)):
        raise invalid("The values for parameter id in MetricDataQueries are not unique.")
    found = [(query, points(call, query, start, end)) for query in p["MetricDataQueries"]]
    if p.get("ScanBy", "TimestampDescending") == "TimestampDescending":
        for _, values in found:
            values.reverse()
    most = min(p.get("MaxDatapoints", MOST), MOST, int(call.world.switches.metric_page) or MOST)
    first = position(p.get("NextToken"))
    return paged([(q, v) for q, v in found if q.get("ReturnData", True)], first, most)


def position(token: str | None) -> int:
    try:
        return int(token.removeprefix("sandbox-")) if token else 0
    except ValueError:
        raise AwsError("InvalidNextToken", "The next token specified is invalid.") from None


def paged(found: list[tuple[dict[str, Any], list[tuple[int, float]]]], first: int, most: int) -> dict[str, Any]:
    """Datapoints first to first + most of all series one after the other."""
    results, offset = [], 0
    for query, values in found:
        low, high = max(first - offset, 0), max(min(first + most - offset, len(values)), 0)
        chosen = values[low:high]
        metric = query["MetricStat"]["Metric"]
        results.append({"Id": query["Id"], "Label": query.get("Label", metric["MetricName"]),
                        "Timestamps": [at for at, _ in chosen], "Values": [value for _, value in chosen],
                        "StatusCode": "Complete" if high >= len(values) else "PartialData"})
        offset += len(values)
    more = {"NextToken": f"sandbox-{first + most}"} if first + most < offset else {}
    return {"MetricDataResults": results, "Messages": [], **more}


def points(call: Call, query: dict[str, Any], start: float, end: float) -> list[tuple[int, float]]:
    """(start of period, value), oldest first."""
    if "MetricStat" not in query:
        raise invalid("The sandbox serves MetricStat queries only")
    stat = query["MetricStat"]
    period, name = stat["Period"], stat["Stat"]
    if period < 60 or period % 60:
        raise invalid("Period must be 1, 5, 10, 20, 30, or any multiple of 60; the sandbox has no shorter ones")
    if name not in STATS:
        raise invalid(f"The sandbox has no statistic {name}")
    metric = stat["Metric"]
    dimensions = tuple((d["Name"], d["Value"]) for d in metric.get("Dimensions", []))
    series = call.world.data.metrics.find(metric["Namespace"], metric["MetricName"], dimensions)
    return [] if series is None else gathered(series, period, name, start, end, call.world.data.now())


def gathered(series: Series, period: int, name: str, start: float, end: float,
             now: float) -> list[tuple[int, float]]:
    # The start is moved to whole periods that exist for data of that age.
    oldest = finest(now - start) or 3600
    begin = int(start // max(oldest, 60) * max(oldest, 60)) // period * period
    sums: dict[int, list[float]] = {}
    for minute, (total, count, least, most) in series.minutes.items():
        at = minute * 60 // period * period
        step = finest(now - minute * 60)
        if not begin <= at < end or step is None or period < step:
            continue
        kept = sums.setdefault(at, [0, 0, least, most])
        kept[0] += total
        kept[1] += count
        kept[2], kept[3] = min(kept[2], least), max(kept[3], most)
    choose = {"Sum": lambda s: s[0], "SampleCount": lambda s: s[1], "Average": lambda s: s[0] / s[1],
              "Minimum": lambda s: s[2], "Maximum": lambda s: s[3]}[name]
    return [(at, float(choose(sums[at]))) for at in sorted(sums)]
