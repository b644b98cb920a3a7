"""Firehose: streams that take time, destinations that merge, AWS's defaults and its prefix rules."""

import copy
import re
from typing import Any

from moto.core.utils import unix_time, utcnow
from moto.firehose.models import DeliveryStream

from .. import roles
from ..call import Call, handles
from ..errors import AwsError

EXPRESSION = re.compile(r"!\{([^}]*)\}")
BUFFER = {"SizeInMBs": 5, "IntervalInSeconds": 300}
DEFAULTS: dict[str, Any] = {
    "BufferingHints": BUFFER, "CompressionFormat": "UNCOMPRESSED",
    "EncryptionConfiguration": {"NoEncryptionConfig": "NoEncryption"},
    "CloudWatchLoggingOptions": {"Enabled": False},
}
EXTENDED_DEFAULTS: dict[str, Any] = {
    "ProcessingConfiguration": {"Enabled": False, "Processors": []}, "S3BackupMode": "Disabled",
    "CustomTimeZone": "UTC", "FileExtension": "", "DataFormatConversionConfiguration": {"Enabled": False}}
PLAIN = ("RoleARN", "BucketARN", "Prefix", "ErrorOutputPrefix", "BufferingHints", "CompressionFormat",
         "EncryptionConfiguration", "CloudWatchLoggingOptions")


def invalid(message: str) -> AwsError:
    return AwsError("InvalidArgumentException", message)


def stream_of(call: Call) -> Any:
    name = call.params["DeliveryStreamName"]
    stream = call.backend().delivery_streams.get(name)
    if stream is None:
        raise AwsError("ResourceNotFoundException",
                       f"Firehose {name} under account {call.account} not found.")
    return stream


def age_name(call: Call) -> str:
    return f"firehose:{call.account}:{call.region}:{call.params['DeliveryStreamName']}"


def check_prefixes(config: dict[str, Any]) -> None:
    """domain.md 3.3."""
    prefix, error_prefix = config.get("Prefix", ""), config.get("ErrorOutputPrefix", "")
    for text in (prefix, error_prefix):
        if "!{" in EXPRESSION.sub("", text):
            raise invalid("Invalid expression in prefix: missing closing brace")
        for expression in EXPRESSION.findall(text):
            namespace, separator, value = expression.partition(":")
            if namespace not in ("timestamp", "firehose", "partitionKeyFromQuery",
                                 "partitionKeyFromLambda") or not separator or not value:
                raise invalid(f"Invalid expression in prefix: !{{{expression}}}")
            if namespace == "firehose" and value not in ("error-output-type", "random-string"):
                raise invalid(f"Invalid expression in prefix: !{{{expression}}}")
    if "!{firehose:error-output-type}" in prefix:
        raise invalid("!{firehose:error-output-type} cannot be used in Prefix")
    if EXPRESSION.search(prefix) and not error_prefix:
        raise invalid("ErrorOutputPrefix must be specified when Prefix contains expressions")
    if EXPRESSION.search(error_prefix) and "!{firehose:error-output-type}" not in error_prefix:
        raise invalid("ErrorOutputPrefix must contain !{firehose:error-output-type} when it contains "
                      "expressions")


def check_processing(config: dict[str, Any]) -> None:
    processing = config.get("ProcessingConfiguration", {})
    types = [p["Type"] for p in processing.get("Processors", [])]
    if not processing.get("Enabled"):
        return
    if len(types) != len(set(types)):
        raise invalid("Each processor type may be given once")
    if "CloudWatchLogProcessing" in types and "Decompression" not in types:
        raise invalid("CloudWatchLogProcessing requires the Decompression processor")
    if "Decompression" in types and types[0] != "Decompression":
        raise invalid("Decompression must be the first processor")
    for processor in processing["Processors"]:
        given = {p["ParameterName"]: p["ParameterValue"] for p in processor.get("Parameters", [])}
        if processor["Type"] == "Decompression" and given.get("CompressionFormat", "GZIP") != "GZIP":
            raise invalid("Decompression supports CompressionFormat GZIP only")
        if (processor["Type"] == "CloudWatchLogProcessing"
                and given.get("DataMessageExtraction", "true").lower() != "true"):
            raise invalid("DataMessageExtraction must be true")


def check(call: Call, config: dict[str, Any]) -> None:
    hints = config.get("BufferingHints", {})
    if hints and set(hints) != set(BUFFER):
        raise invalid("BufferingHints: SizeInMBs and IntervalInSeconds must be given together")
    logging = config.get("CloudWatchLoggingOptions", {})
    if logging.get("Enabled") and not {"LogGroupName", "LogStreamName"} <= set(logging):
        raise invalid("CloudWatchLoggingOptions: LogGroupName and LogStreamName are needed when enabled")
    check_prefixes(config)
    check_processing(config)
    name = call.params["DeliveryStreamName"]
    source = f"arn:{call.partition}:firehose:{call.region}:{call.account}:deliverystream/{name}"
    role = config["RoleARN"]
    if not roles.assumable(call.world, role, call.region, ["firehose.amazonaws.com"], source,
                           call.account):
        raise invalid(f"Firehose is unable to assume role {role}. Please check the role provided.")


def filled(config: dict[str, Any], extended: bool) -> dict[str, Any]:
    defaults = {**DEFAULTS, **(EXTENDED_DEFAULTS if extended else {})}
    return copy.deepcopy({**defaults, **config})


@handles("firehose", "CreateDeliveryStream")
def create(call: Call) -> dict[str, Any] | None:
    extended = call.params.get("ExtendedS3DestinationConfiguration")
    config = extended or call.params.get("S3DestinationConfiguration")
    if config is None:
        return None
    backend = call.backend()
    name = call.params["DeliveryStreamName"]
    if name in backend.delivery_streams:
        raise AwsError("ResourceInUseException",
                       f"Firehose {name} under accountId {call.account} already exists")
    tags = call.params.get("Tags", [])
    if len(backend.delivery_streams) >= DeliveryStream.MAX_STREAMS_PER_REGION:
        raise AwsError("LimitExceededException", "You have already consumed your firehose quota.")
    check(call, config)
    config = filled(config, bool(extended))
    if "S3BackupConfiguration" in config:
        config["S3BackupDescription"] = filled(config.pop("S3BackupConfiguration"), False)
    stream = DeliveryStream(call.account, call.region, name, call.params.get("DeliveryStreamType", ""),
                            call.params.get("DeliveryStreamEncryptionConfigurationInput") or {},
                            {}, "ExtendedS3" if extended else "S3", config)
    backend.delivery_streams[name] = stream
    backend.tagger.tag_resource(stream.delivery_stream_arn, tags)
    call.world.born(age_name(call))
    if call.world.switches.creating_fails:
        stream.sandbox_failed = True
    return {"DeliveryStreamARN": stream.delivery_stream_arn}


def status_of(call: Call, stream: Any, count: bool) -> str:
    if call.world.switches.stream_state:
        return call.world.switches.stream_state
    name = f"firehose:{call.account}:{call.region}:{stream.delivery_stream_name}"
    waiting = call.world.creating(name) if count else call.world.is_creating(name)
    if waiting:
        return "CREATING"
    return "CREATING_FAILED" if getattr(stream, "sandbox_failed", False) else "ACTIVE"


@handles("firehose", "DescribeDeliveryStream")
def describe(call: Call) -> dict[str, Any]:
    stream = stream_of(call)
    status = status_of(call, stream, True)
    destination = stream.destinations[0]
    shown: dict[str, Any] = {"DestinationId": destination["destination_id"]}
    for kind, config in destination.items():
        if kind == "destination_id":
            continue
        plain = {k: v for k, v in config.items() if k in PLAIN}
        shown[f"{kind}DestinationDescription"] = plain if kind == "S3" else config
    encryption = stream.delivery_stream_encryption_configuration or {"Status": "DISABLED"}
    description = {
        "DeliveryStreamName": stream.delivery_stream_name,
        "DeliveryStreamARN": stream.delivery_stream_arn, "DeliveryStreamStatus": status,
        "DeliveryStreamEncryptionConfiguration": {"Status": "ENABLED", **encryption},
        "DeliveryStreamType": stream.delivery_stream_type, "VersionId": stream.version_id,
        "CreateTimestamp": unix_time(stream.create_timestamp), "Destinations": [shown],
        "HasMoreDestinations": False}
    if stream.version_id != "1":
        description["LastUpdateTimestamp"] = unix_time(stream.last_update_timestamp)
    if status == "CREATING_FAILED":
        description["FailureDescription"] = {
            "Type": "CREATE_KMS_GRANT_FAILED", "Details": "the grant on the key was refused"}
    return {"DeliveryStreamDescription": description}


def merged(old: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """A member that is absent keeps its value; one that is given replaces it whole."""
    result = copy.deepcopy(old)
    for name, value in update.items():
        result[{"S3BackupUpdate": "S3BackupDescription"}.get(name, name)] = copy.deepcopy(value)
    processing = result.get("ProcessingConfiguration")
    if processing is not None:
        processing.setdefault("Processors", [])
    return result


@handles("firehose", "UpdateDestination")
def update(call: Call) -> dict[str, Any] | None:
    extended = call.params.get("ExtendedS3DestinationUpdate")
    change = extended or call.params.get("S3DestinationUpdate")
    if change is None:
        return None
    stream = stream_of(call)
    name = stream.delivery_stream_name
    if status_of(call, stream, False) != "ACTIVE":
        raise AwsError("ResourceInUseException", f"Firehose {name} is not ACTIVE.")
    given = call.params["CurrentDeliveryStreamVersionId"]
    if given != stream.version_id:
        raise AwsError("ConcurrentModificationException",
                       f"Cannot update firehose: {name} since the current version id: "
                       f"{stream.version_id} and specified version id: {given} do not match")
    destination = stream.destinations[0]
    if destination["destination_id"] != call.params["DestinationId"]:
        raise invalid(f"Destination Id {call.params['DestinationId']} not found")
    old = destination.get("ExtendedS3") or destination["S3"]
    new = merged(old, change)
    if old.get("S3BackupMode") == "Enabled" and new.get("S3BackupMode") == "Disabled":
        raise invalid("S3 backup cannot be disabled once it is enabled")
    check(call, new)
    if "ExtendedS3" in destination or extended:
        destination["ExtendedS3"] = filled(new, True)
    destination["S3"] = filled({k: v for k, v in new.items() if k in PLAIN}, False)
    stream.version_id = str(int(stream.version_id) + 1)
    stream.last_update_timestamp = utcnow()
    return {}


@handles("firehose", "ListTagsForDeliveryStream")
def list_tags(call: Call) -> dict[str, Any]:
    stream = stream_of(call)
    tags = call.backend().tagger.list_tags_for_resource(stream.delivery_stream_arn)["Tags"]
    tags = sorted(tags, key=lambda tag: tag["Key"])
    start = call.params.get("ExclusiveStartTagKey")
    if start is not None:
        tags = [tag for tag in tags if tag["Key"] > start]
    page, more = call.page(tags, None, call.params.get("Limit"), 50)
    return {"Tags": page, "HasMoreTags": more is not None}


@handles("firehose", "ListDeliveryStreams")
def list_streams(call: Call) -> dict[str, Any]:
    names = sorted(call.backend().delivery_streams)
    start = call.params.get("ExclusiveStartDeliveryStreamName")
    if start is not None:
        names = [name for name in names if name > start]
    page, more = call.page(names, None, call.params.get("Limit", 10), 10000)
    return {"DeliveryStreamNames": page, "HasMoreDeliveryStreams": more is not None}


@handles("firehose", "PutRecord", "PutRecordBatch", "StartDeliveryStreamEncryption",
         "StopDeliveryStreamEncryption")
def needs_active(call: Call) -> None:
    stream = stream_of(call)
    if status_of(call, stream, False) != "ACTIVE":
        raise AwsError("ResourceInUseException", f"Firehose {stream.delivery_stream_name} is not ACTIVE.")
