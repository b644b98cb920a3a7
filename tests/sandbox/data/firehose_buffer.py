"""One stream's buffer and what its configuration makes of it: domain.md 3.  Objects go straight into moto's S3."""

import base64
import gzip
import json
import re
import uuid
import zlib
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from .envelopes import Envelope
from .objects import Missing, put_object

EXPRESSION = re.compile(r"!\{(\w+):([^}]*)\}")
JAVA = re.compile(r"'((?:[^']|'')*)'|yyyy|yy|MM|M|dd|d|HH|H|mm|m|ss|s|DDD|EEE|[A-Za-z]")
FORMS = {"yyyy": "%Y", "yy": "%y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S",
         "DDD": "%j", "EEE": "%a"}
EXTENSIONS = {"GZIP": ".gz", "ZIP": ".zip", "Snappy": ".snappy", "HADOOP_SNAPPY": ".snappy"}
Config = dict[str, Any]


def java_time(pattern: str, moment: datetime) -> str:
    """Java's DateTimeFormatter, as far as prefixes use it: yyyy is the year, YYYY would be the week's."""
    def one(match: re.Match[str]) -> str:
        token = match[0]
        if token[0] == "'":
            return match[1].replace("''", "'") or "'"
        if token in FORMS:
            return moment.strftime(FORMS[token])
        if token in ("M", "d", "H", "m", "s"):
            return str({"M": moment.month, "d": moment.day, "H": moment.hour, "m": moment.minute,
                        "s": moment.second}[token])
        raise ValueError(f"the sandbox does not know the pattern letter {token!r}")
    return JAVA.sub(one, pattern)


def evaluated(prefix: str, moment: datetime, error_type: str = "") -> str:
    """A Prefix or ErrorOutputPrefix at a time; without a timestamp in it AWS adds yyyy/MM/dd/HH/."""
    dated = False

    def one(match: re.Match[str]) -> str:
        nonlocal dated
        if match[1] == "timestamp":
            dated = True
            return java_time(match[2], moment)
        if match[2] == "error-output-type":
            return error_type
        if match[2] == "random-string":
            return uuid.uuid4().hex[:11]
        raise ValueError(f"the sandbox cannot partition dynamically: {match[0]}")
    made = EXPRESSION.sub(one, prefix)
    return made if dated else made + java_time("yyyy/MM/dd/HH/", moment)


def zone_of(config: Config) -> ZoneInfo:
    return ZoneInfo(config.get("CustomTimeZone") or "UTC")


class Form:
    """What a configuration does to records."""

    def __init__(self, config: Config):
        self.config = config
        processing = config.get("ProcessingConfiguration", {})
        self.steps = {p["Type"]: {q["ParameterName"]: q["ParameterValue"] for q in p.get("Parameters", [])}
                      for p in processing.get("Processors", [])} if processing.get("Enabled") else {}
        self.decompress = "Decompression" in self.steps
        self.extract = "CloudWatchLogProcessing" in self.steps
        delimiter = self.steps.get("AppendDelimiterToRecord", {}).get("Delimiter", "\\n")
        self.delimiter = (delimiter.encode().decode("unicode_escape")
                          if "AppendDelimiterToRecord" in self.steps else "")
        self.compression = config.get("CompressionFormat", "UNCOMPRESSED")
        hints = config.get("BufferingHints", {})
        self.size_limit = hints.get("SizeInMBs", 5) << 20
        self.interval_ms = hints.get("IntervalInSeconds", 300) * 1000

    def record(self, text: str) -> bytes:
        if not self.decompress:
            made = gzip.compress(text.encode(), 6, mtime=0)  # as CloudWatch Logs sends it
            return made + self.delimiter.encode()
        if self.extract:
            return self.extracted(text).encode()
        return (text + self.delimiter).encode()

    def extracted(self, text: str) -> str:
        """Message extraction: the messages alone, each with its end of line."""
        messages = [event["message"] for event in json.loads(text)["logEvents"]]
        return "".join(message + (self.delimiter or "\n") for message in messages)

    def whole(self, records: list[bytes]) -> bytes:
        joined = b"".join(records)
        if self.config.get("DataFormatConversionConfiguration", {}).get("Enabled", True) and \
                self.config.get("DataFormatConversionConfiguration"):
            return b"PAR1" + joined[::-1] + b"PAR1"  # columns that no reader of lines understands
        if self.compression == "GZIP":
            packer = zlib.compressobj(1, zlib.DEFLATED, 31)
            return packer.compress(joined) + packer.flush()
        if self.compression == "UNCOMPRESSED":
            return joined
        raise ValueError(f"the sandbox does not write {self.compression}")

    @property
    def extension(self) -> str:
        """FileExtension wins; a field report says GZIP alone adds none: domain.md 3.1."""
        return self.config.get("FileExtension") or ""


class Buffer:
    """Records of one stream under one version of its configuration."""

    def __init__(self, stream: Any, config: Config, metrics: Any):
        self.name, self.version = stream.delivery_stream_name, stream.version_id
        self.config, self.form, self.metrics = config, Form(config), metrics
        self.records: list[bytes] = []
        self.size = self.oldest = 0
        self.failed: list[Envelope] = []

    @property
    def due(self) -> int:
        return self.oldest + self.form.interval_ms

    def add(self, envelope: Envelope) -> None:
        """Records come in order of arrival."""
        if self.records and envelope.arrival >= self.due:
            self.write(self.due)
        if not self.records:
            self.oldest = envelope.arrival
        record = self.form.record(envelope.text)
        self.records.append(record)
        self.size += len(record)
        if self.size >= self.form.size_limit:
            self.write(envelope.arrival)

    def key(self, prefix: str, written: int, extension: str) -> str:
        moment = datetime.fromtimestamp(written / 1000, UTC)
        return (f"{prefix}{self.name}-{self.version}-{moment:%Y-%m-%d-%H-%M-%S}-{uuid.uuid4()}{extension}")

    def write(self, at: int) -> None:
        """One object; its folder is that of the oldest record in it."""
        if not self.records:
            return
        moment = datetime.fromtimestamp(self.oldest / 1000, zone_of(self.config))
        key = self.key(evaluated(self.config.get("Prefix", ""), moment), at, self.form.extension)
        try:
            put_object(self.bucket, key, self.form.whole(self.records))
        except Missing:
            return  # kept, and tried again with the next write
        mine = {"DeliveryStreamName": self.name}
        self.metrics.add("AWS/Firehose", "DeliveryToS3.Records", mine, at / 1000, len(self.records))
        self.metrics.add("AWS/Firehose", "DeliveryToS3.Bytes", mine, at / 1000, self.size)
        self.metrics.add("AWS/Firehose", "DeliveryToS3.Success", mine, at / 1000, 1)
        self.metrics.add("AWS/Firehose", "DeliveryToS3.DataFreshness", mine, at / 1000,
                         max(0, at - self.oldest) / 1000)
        self.records, self.size = [], 0

    @property
    def bucket(self) -> str:
        return str(self.config["BucketARN"].split(":::")[1])

    def fail(self, envelopes: list[Envelope], error_type: str) -> None:
        """Records that a processor could not handle: raw, under the error prefix, one object an hour."""
        hours: dict[int, list[Envelope]] = {}
        for envelope in envelopes:
            hours.setdefault(envelope.arrival // 3600_000, []).append(envelope)
        for found in hours.values():
            moment = datetime.fromtimestamp(found[0].arrival / 1000, zone_of(self.config))
            prefix = self.config.get("ErrorOutputPrefix") or f"{error_type}/"
            lines = [json.dumps({
                "attemptsMade": 1, "arrivalTimestamp": e.arrival, "errorCode": "Decompression.Failed",
                "errorMessage": "Data could not be decompressed.", "attemptEndingTimestamp": e.arrival + 1000,
                "rawData": base64.b64encode(gzip.compress(e.text.encode(), 6, mtime=0)).decode()})
                for e in found]
            key = self.key(evaluated(prefix, moment, error_type), found[-1].arrival, "")
            put_object(self.bucket, key, ("\n".join(lines) + "\n").encode())
