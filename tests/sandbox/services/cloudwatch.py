"""CloudWatch alarms: what PutMetricAlarm refuses, and tags that only a new alarm takes."""

import re
from typing import Any

from ..call import Call, handles
from ..errors import AwsError

DAY = 86400
MISSING = ("breaching", "notBreaching", "ignore", "missing")
NEEDED = ("MetricName", "Namespace", "Period", "EvaluationPeriods", "ComparisonOperator", "Threshold")
PERCENTILE = re.compile(r"p(100|\d{1,2})(\.\d{1,10})?|(tm|wm|tc|ts)\d{1,2}(\.\d{1,10})?|IQM|(TM|WM|PR|TC|TS)\(.*\)")


def invalid(text: str, code: str = "ValidationError") -> AwsError:
    return AwsError(code, text)


def check_metric(p: dict[str, Any]) -> None:
    """Source: PutMetricAlarm, CloudWatch API reference."""
    lacking = [name for name in NEEDED if name not in p]
    if lacking:
        raise invalid(f"The parameter {lacking[0]} is required when an alarm watches a metric.")
    if ("Statistic" in p) == ("ExtendedStatistic" in p):
        raise invalid("Exactly one of Statistic and ExtendedStatistic must be specified.")
    if "ExtendedStatistic" in p and not PERCENTILE.fullmatch(p["ExtendedStatistic"]):
        raise invalid(f"The value {p['ExtendedStatistic']} for parameter ExtendedStatistic is not supported.",
                      "InvalidParameterValue")
    period, periods = p["Period"], p["EvaluationPeriods"]
    if period not in (10, 20, 30) and period % 60:
        raise invalid("Period must be 10, 20, 30 or a multiple of 60.")
    if period * periods > (DAY if period < 3600 else 7 * DAY):
        raise invalid("Metrics cannot be checked across more than a day (EvaluationPeriods * Period must be <= "
                      "86400), or more than 7 days for periods of an hour and more.")
    if p.get("DatapointsToAlarm", 1) > periods:
        raise invalid("DatapointsToAlarm must be less than or equal to EvaluationPeriods.")
    names = [dimension["Name"] for dimension in p.get("Dimensions", [])]
    if len(names) != len(set(names)):
        raise invalid("Dimensions must have different names.", "InvalidParameterValue")


@handles("cloudwatch", "PutMetricAlarm")
def put_metric_alarm(call: Call) -> Any:
    p, backend = call.params, call.backend()
    if re.search(r"[\x00-\x1f\x7f]", p["AlarmName"]):
        raise invalid("AlarmName must not contain ASCII control characters.")
    if "Metrics" in p and ("MetricName" in p or "Statistic" in p):
        raise invalid("Metrics list and MetricName, Statistic, Dimensions... are mutually exclusive.",
                      "InvalidParameterCombination")
    if "Metrics" not in p:
        check_metric(p)
    if p.get("TreatMissingData", "missing") not in MISSING:
        raise invalid(f"The value {p['TreatMissingData']} is not supported for TreatMissingData parameter.")
    for arn in [a for name in ("AlarmActions", "OKActions", "InsufficientDataActions") for a in p.get(name, [])]:
        parts = arn.split(":")
        if len(parts) < 6 or parts[0] != "arn":
            raise invalid(f"Invalid arn syntax: {arn}")
        if parts[2] == "sns" and parts[3] != call.region:
            raise invalid(f"Invalid region {parts[3]} specified. Only {call.region} is supported.")
    if p["AlarmName"] in backend.alarms and "Tags" in p:
        return call.forward_json({name: value for name, value in p.items() if name != "Tags"})
    return None


@handles("cloudwatch", "DescribeAlarms")
def describe_alarms(call: Call) -> dict[str, Any]:
    """An alarm on one metric has no Metrics, not an empty list of them."""
    found = call.result()
    for alarm in found.get("MetricAlarms", []):
        if not alarm.get("Metrics", True):
            del alarm["Metrics"]
    return found


def must_exist(call: Call) -> None:
    arn = call.params["ResourceARN"]
    if arn not in [alarm.alarm_arn for alarm in call.backend().describe_alarms()]:
        raise AwsError("ResourceNotFoundException", f"{arn} does not exist", 404)


@handles("cloudwatch", "ListTagsForResource", "TagResource", "UntagResource")
def tags(call: Call) -> None:
    must_exist(call)


@handles("cloudwatch", "DeleteAlarms")
def delete_alarms(call: Call) -> None:
    """Their tags go too; moto would give them to the next alarm of that name."""
    backend = call.backend()
    for name in call.params["AlarmNames"]:
        if name in backend.alarms:
            backend.tagger.delete_all_tags_for_resource(backend.alarms[name].alarm_arn)
