"""The snapshot finds what there is by AWS's models alone, and changes nothing by looking."""

from pathlib import Path
from typing import Any

import pytest

from . import models, moto_side, snapshot
from .conftest import Pipeline, Wire, allow
from .control import ACCESS_KEY, ACCOUNT, REGION, Sandbox
from .world import World


def test_it_finds_what_is_below_what_it_lists(sandbox: Sandbox, pipeline: Pipeline) -> None:
    pipeline.stream()
    pipeline.filter("one")
    pipeline.logs.create_log_stream(logGroupName="/group", logStreamName="stream")
    s3, glue = sandbox.client("s3"), sandbox.client("glue")
    s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
    glue.create_database(DatabaseInput={"Name": "database"})
    glue.create_table(DatabaseName="database", TableInput={"Name": "table"})
    sandbox.client("athena").create_work_group(Name="group", Tags=[{"Key": "a", "Value": "b"}])
    found = sandbox.snapshot()
    assert {"logs/logGroups//group/subscriptionFilters/one", "logs/logGroups//group/logStreams/stream",
            "s3/Buckets/bucket/GetBucketTagging", "s3/Buckets/bucket/HeadBucket", "glue/DatabaseList/database",
            "glue/DatabaseList/database/TableList/table", "athena/WorkGroups/group/ListTagsForResource",
            "firehose/DeliveryStreamNames/stream/DescribeDeliveryStream",
            "iam/Roles/logs/PolicyNames/put/GetRolePolicy"} <= set(found)
    assert "s3/Buckets/bucket/GetBucketPolicy" not in found, "there is none"
    assert found["s3/Buckets/bucket/GetBucketTagging"]["TagSet"] == [{"Key": "a", "Value": "b"}]
    assert sandbox.snapshot() == found, "looking changes nothing"


def test_what_is_kept_is_what_is_there(sandbox: Sandbox, pipeline: Pipeline) -> None:
    """Each write is seen at once, in its own service and in those that tell of it, and nothing else is kept wrongly."""
    s3, glue, athena, logs = (sandbox.client(name) for name in ("s3", "glue", "athena", "logs"))
    tagging, alarms, topics = (sandbox.client(name) for name in ("resourcegroupstaggingapi", "cloudwatch", "sns"))
    group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/group"
    tags = [{"Key": "a", "Value": "b"}]
    writes = [
        pipeline.stream, pipeline.filter,
        lambda: pipeline.firehose.tag_delivery_stream(DeliveryStreamName="stream", Tags=tags),
        lambda: s3.create_bucket(Bucket="bucket", CreateBucketConfiguration={"LocationConstraint": REGION}),
        lambda: s3.put_bucket_tagging(Bucket="bucket", Tagging={"TagSet": tags}),
        lambda: glue.create_database(DatabaseInput={"Name": "database"}),
        lambda: glue.create_table(DatabaseName="database", TableInput={"Name": "table"}),
        lambda: athena.create_work_group(Name="group", Tags=tags),
        lambda: athena.create_named_query(Name="one", Database="database", QueryString="SELECT 1", WorkGroup="group"),
        lambda: logs.tag_resource(resourceArn=group, tags={"a": "b"}),
        lambda: logs.put_retention_policy(logGroupName="/group", retentionInDays=7),
        lambda: pipeline.iam.put_role_policy(RoleName="logs", PolicyName="more", PolicyDocument=allow("s3:GetObject")),
        lambda: topics.create_topic(Name="topic"),
        lambda: alarms.put_metric_alarm(AlarmName="alarm", Namespace="AWS/Firehose", MetricName="IncomingBytes", Period=300,
                                        Statistic="Sum", EvaluationPeriods=1, Threshold=1,
                                        ComparisonOperator="LessThanThreshold"),
        lambda: pipeline.logs.delete_subscription_filter(logGroupName="/group", filterName="one"),
        lambda: glue.delete_table(DatabaseName="database", Name="table"),
        lambda: athena.delete_work_group(WorkGroup="group", RecursiveDeleteOption=True)]
    before = sandbox.snapshot()
    for number, write in enumerate(writes):
        tagged = tagging.get_resources()["ResourceTagMappingList"]
        write()
        kept, told = sandbox.snapshot(), tagging.get_resources()["ResourceTagMappingList"]
        assert kept != before, f"write {number} is not seen"
        sandbox.switches()  # as after whatever a test does from outside, nothing is kept
        assert sandbox.snapshot() == kept, f"write {number}"
        assert tagging.get_resources()["ResourceTagMappingList"] == told, f"write {number}"
        before = kept
        assert number != 4 or told != tagged, "the tagging API tells a bucket's tags"


@pytest.mark.parametrize("size", [1, 2])
def test_long_lists_are_read_to_their_end(sandbox: Sandbox, size: int) -> None:
    logs = sandbox.client("logs")
    for number in range(5):
        logs.create_log_group(logGroupName=f"/group/{number}")
    whole = sandbox.snapshot(REGION, "logs")
    sandbox.switches(page_size=size)
    assert sandbox.snapshot(REGION, "logs") == whole
    assert len([path for path in whole if path.startswith("logs/logGroups//group/")]) >= 5


def test_two_of_one_name_are_two(sandbox: Sandbox) -> None:
    api = sandbox.client("apigatewayv2")
    for _ in range(2):
        api.create_api(Name="twin", ProtocolType="HTTP")
    assert {"apigatewayv2/Items/twin", "apigatewayv2/Items/twin'"} <= set(sandbox.snapshot())


def test_only_the_region_and_services_asked_for(sandbox: Sandbox) -> None:
    sandbox.client("logs", "us-east-1").create_log_group(logGroupName="/there")
    assert not [path for path in sandbox.snapshot() if path.startswith("logs/")]
    assert set(sandbox.snapshot("us-east-1", "logs")) >= {"logs/logGroups//there"}
    assert {path.partition("/")[0] for path in sandbox.snapshot("us-east-1", "logs")} == {"logs"}


# -- services that nobody has a kind of yet --------------------------------------------------------------

def test_what_a_read_leaves_out_unasked_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    queue = models.service_model("sqs").operation_model("GetQueueAttributes")
    assert snapshot.everything(queue) == {"AttributeNames": ["All"]}, "by the model"
    monkeypatch.setattr(snapshot, "constants", lambda service: {"GetQueueAttributes": {
        "AttributeNames": ["Policy"], "Unknown": "x"}, "ListQueues": {"MaxResults": "5", "QueueNamePrefix": "a"}})
    assert snapshot.everything(queue) == {"AttributeNames": ["Policy"]}, "as a kind's table sends it"
    queues = models.service_model("sqs").operation_model("ListQueues")
    assert snapshot.everything(queues) == {"QueueNamePrefix": "a"}, "how long a page is does not matter"
    databases = models.service_model("glue").operation_model("GetDatabases")
    assert snapshot.everything(databases) == {}, "AttributesToGet asks for less"


def test_constants_of_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("one", "A"), ("two", "B")):
        (tmp_path / f"{name}.c").write_text(f"""static const struct call read = {{
    .op = "GetThing",
    .send = "Name=name Limit='5' "
            "Parts[]='{value}'",
}};
    .service = "things",
""")
    monkeypatch.setattr(snapshot, "RESOURCES", tmp_path)
    assert snapshot.constants.__wrapped__("things") == {"GetThing": {"Limit": "5", "Parts": ["A", "B"]}}
    assert snapshot.constants.__wrapped__("other") == {}


def test_attributes_of_a_queue_are_seen() -> None:
    """A service without a kind: the sandbox's front would know none, so it is looked at from inside."""
    moto_side.reset()
    queues = moto_side.backend("sqs", ACCOUNT, REGION)
    world = World()
    key = world.keys.find(ACCESS_KEY)

    def attributes() -> dict[str, Any]:
        found = snapshot.Snapshot(world, key, REGION).of(["sqs"])
        return next(v for path, v in found.items() if path.endswith("jobs/GetQueueAttributes"))["Attributes"]

    queues.create_queue("jobs", {})
    before = attributes()
    assert before["VisibilityTimeout"] == "30" and list(before["CreatedTimestamp"]) == ["time"]
    queues.set_queue_attributes("jobs", {"VisibilityTimeout": "45"})
    world.answers.change(["sqs"])
    assert attributes() == {**before, "VisibilityTimeout": "45",
                            "LastModifiedTimestamp": attributes()["LastModifiedTimestamp"]}
    moto_side.reset()


@pytest.mark.parametrize("name, value, told", [
    ("CreatedTimestamp", "1764450000", True), ("LastModifiedTimestamp", "1764450000.123", True),
    ("creationTime", 1764450000123, True), ("ExpiryDate", "1764450000", True),
    ("VisibilityTimeout", "30", False), ("retentionTime", "30", False), ("Threshold", 1764450000, False),
    ("Timestamp", "soon", False)])
def test_times_that_a_model_makes_texts(name: str, value: Any, told: bool) -> None:
    assert snapshot.plain({"Attributes": {name: value}}) == {"Attributes": {
        name: {"time": str(value)} if told else value}}


# -- what is not there says where it would go ------------------------------------------------------------

def test_the_services_are_those_of_the_program() -> None:
    files = Path(__file__).resolve().parents[2].glob("lib/aws/models/*.json")
    assert set(models.SERVICES) | models.PLAYED_ELSEWHERE == {path.stem for path in files}


def test_an_unknown_service_is_told_with_its_place(wire: Wire) -> None:
    status, _, text = wire.rest("codecommit", "GET", "/")
    assert status == 400 and "no service 'codecommit'" in text
    assert "lib/resources" in text and "scripts/models" in text


def test_an_unknown_operation_is_told_with_its_place(sandbox: Sandbox, process: Sandbox, refused: Any) -> None:
    with refused("NotImplemented", "tests/sandbox/services/glue.py", 501):
        sandbox.client("glue").list_blueprints()
    assert [bug["problem"] for bug in sandbox.bugs()] == [
        'moto has no glue ListBlueprints: answer it with a function under @handles("glue", "ListBlueprints") in '
        "tests/sandbox/services/glue.py"]
    process.reset()
