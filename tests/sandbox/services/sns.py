"""SNS topics: names, attributes and policies as AWS takes them."""

import json
import re
from typing import Any

from ..call import Call, handles
from ..errors import AwsError
from ..policy import listed

NAME = re.compile(r"[A-Za-z0-9_-]{1,256}")
FIFO = {"FifoTopic", "ContentBasedDeduplication", "ArchivePolicy", "FifoThroughputScope"}
SETTABLE = {"DeliveryPolicy", "DisplayName", "Policy", "TracingConfig", "KmsMasterKeyId", "SignatureVersion"}


def invalid(what: str) -> AwsError:
    return AwsError("InvalidParameter", f"Invalid parameter: {what}")


def check_attribute(name: str, value: str, arn: str) -> None:
    if name not in SETTABLE | FIFO:
        raise invalid("AttributeName")
    if name == "DisplayName" and len(value) > 100:
        raise invalid("DisplayName")
    if name != "Policy" or not value:
        return
    try:
        statements = listed(json.loads(value)["Statement"])
    except (ValueError, KeyError, TypeError):
        raise invalid("Policy Error: null") from None
    for statement in statements:
        if not {"Principal", "NotPrincipal"} & set(statement) or statement.get("Effect") not in ("Allow", "Deny"):
            raise invalid("Policy Error: null")
        if not all(str(a).lower().startswith("sns:") for a in listed(statement.get("Action", []))):
            raise invalid("Policy statement action out of service scope!")
        if not all(resource == arn for resource in listed(statement.get("Resource", arn))):
            raise invalid("Policy statement resource out of topic scope!")


@handles("sns", "CreateTopic")
def create_topic(call: Call) -> None:
    """One that is there is found again, unless something else was asked for."""
    p = call.params
    attributes, tags = p.get("Attributes", {}), {t["Key"]: t["Value"] for t in p.get("Tags", [])}
    if not NAME.fullmatch(p["Name"].removesuffix(".fifo") if attributes.get("FifoTopic") else p["Name"]):
        raise invalid("Topic Name")
    arn = f"arn:{call.partition}:sns:{call.region}:{call.account}:{p['Name']}"
    for name, value in attributes.items():
        check_attribute(name, value, arn)
    there = call.backend().topics.get(arn)
    if there is None:
        return
    if tags and tags != there._tags:
        raise invalid("Tags Reason: Topic already exists with different tags")
    have = {"DisplayName": there.display_name, "KmsMasterKeyId": there.kms_master_key_id, "Policy": there.policy}
    if any(have.get(name, value) != value for name, value in attributes.items()):
        raise invalid("Attributes Reason: Topic already exists with different attributes")


def must_be_a_topic(arn: str) -> None:
    if not re.fullmatch(r"arn:[\w-]+:sns:[\w-]+:\d{12}:[\w.-]+", arn):
        raise invalid("TopicArn")


@handles("sns", "GetTopicAttributes", "DeleteTopic")
def one_topic(call: Call) -> None:
    must_be_a_topic(call.params["TopicArn"])


@handles("sns", "SetTopicAttributes")
def set_topic_attributes(call: Call) -> Any:
    p = call.params
    must_be_a_topic(p["TopicArn"])
    if p["TopicArn"] not in call.backend().topics:
        raise AwsError("NotFound", "Topic does not exist", 404)
    if p["AttributeName"] in FIFO - {"ContentBasedDeduplication"}:
        raise invalid("AttributeName")
    if p["AttributeName"] == "Policy" and not p.get("AttributeValue"):
        raise invalid("Policy Error: null")
    check_attribute(p["AttributeName"], p.get("AttributeValue", ""), p["TopicArn"])
