"""The spec of a pipeline that others made: its plan is empty but for our mark, it says what it leaves alone and what
it could not read, and nothing is written to AWS on the way."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import seed
import yaml
from program import ROOT, Billingd, Said
from sandbox.control import ACCOUNT, Sandbox
from world import World

TEMPLATE = str(ROOT / "specs/pipeline.yaml")
TERRAFORM = Path(__file__).parent / "terraform"


class Importer:
    def __init__(self, billingd: Billingd):
        self.billingd = billingd
        self.path = billingd.folder / "imported.yaml"

    def __call__(self, *words: str, code: int = 0, **environment: str) -> str:
        """The text of the spec; nothing may have been written on the way."""
        self.billingd.sandbox.clear()
        said = self.billingd("import", *words, "--template", TEMPLATE, **environment)
        assert said.code == code, said
        assert self.billingd.writes() == []
        self.said = said
        self.path.write_text(said.out)
        return said.out

    def with_spec(self, *words: str) -> Said:
        return Billingd(self.billingd.sandbox, self.billingd.folder, self.path)(*words)

    def differences(self) -> set[tuple[str, str]]:
        """(resource, field) of what a plan of the imported spec changes."""
        assert self.with_spec("check").code == 0
        plan = self.with_spec("plan", "-o", "json")
        assert plan.code == 0, plan
        return {(r["resource"].partition("/")[2], d["field"]) for r in plan.json["resources"] for d in r["differences"]}

    def resources(self) -> dict[str, Any]:
        """What the imported spec lays over the template."""
        pipelines = yaml.safe_load(self.path.read_text())["pipelines"]
        return next(iter(pipelines.values()))["resources"]

    def must_only_mark(self) -> None:
        found = self.differences()
        assert found and {field.partition(".")[2] for _, field in found} == {"billingd", "billingd-deployment"}, found


@pytest.fixture
def importing(billingd: Billingd) -> Importer:
    return Importer(billingd)


def comments(text: str, resource: str) -> str:
    """All that is said at a resource, as one line."""
    text = text.partition("resources:\n")[2]
    part = re.split(rf"^      (?:# )?{resource}:.*\n", text, flags=re.M)[1]
    part = re.split(r"^      (?:# )?\w+:", part, flags=re.M)[0]
    return re.sub(r"\s*\n\s*#\s*", " ", part)


def test_the_scripts_pipeline(world: World, importing: Importer) -> None:
    seed.first_script(world)
    seed.second_script(world)
    text = importing("ddn-api")
    importing.must_only_mark()
    over = importing.resources()
    assert over["access_logs"] == {"retention_days": 30} and "# the template: 90" in text
    assert over["rollup_table"] is False and over["view"]["sql"] == seed.VIEW_SQL
    assert "BL209" in comments(text, "access_logs") and "gone for good" in comments(text, "access_logs")
    assert "BL101" in comments(text, "stream") and "nothing can be billed" in comments(text, "stream")
    assert "AllowFirehosePut of others" in comments(text, "bucket")
    assert "location" not in over["raw_table"]  # the prefix's parameter says it
    again = importing("/aws/apigw/ddn-access-logs")
    assert again == text
    # A line that is taken away is what billingd corrects.
    importing.path.write_text(text.replace("        retention_days: 30  # the template: 90\n", "        {}\n"))
    assert ("access_logs", "retention_days") in importing.differences()


def test_what_others_added_is_named_and_stays(sandbox: Sandbox, world: World, importing: Importer) -> None:
    api = seed.first_script(world)
    seed.second_script(world)
    seed.extras(world, api)
    text = importing("ddn-api")  # the filter `security` sends a part only, so it is not meant
    importing.must_only_mark()
    told = re.sub(r"\s*\n\s*#\s*", " ", text)
    for others in ("filter of others: security", "inline policy of others: debug", "policy/audit",
                   "lifecycle rule exports of others", "statement (without a name) of others", "tags of others: owner"):
        assert others in told, others
    over = importing.resources()
    assert over["bucket"]["versioning"] == "Enabled" and "object_lock" not in over["bucket"]
    assert over["log_delivery"] is False and "nothing of ours in it" in told
    # What it says is what there is: applied, it changes nothing but the mark.
    before = world.snapshot()
    assert importing.with_spec("apply", "--yes").code == 0
    after = world.snapshot()
    assert importing.with_spec("plan", "--detailed-exitcode").code == 0
    assert set(before) == set(after)
    assert before["logs/resourcePolicies/billingd-log-delivery"] == after["logs/resourcePolicies/billingd-log-delivery"]
    for path in (f"s3/Buckets/{seed.BUCKET}/GetBucketPolicy", f"iam/Roles/{seed.ROLE}/PolicyNames/debug/GetRolePolicy",
                 f"logs/logGroups/{seed.LOG_GROUP}/subscriptionFilters/security"):
        assert before[path] == after[path], path


OWN = """
template: {template}
account: "{account}"
region: ap-northeast-2
billing:
  time_zone: Asia/Seoul
  currency: KRW
  prices: [{{from: 2020-01-01, call: 1.5, gib: 130}}]
pipelines:
  shop:
    parameters:
      api_name: ddn-api
      bucket: shop-bucket
      firehose: shop-stream
      log_group: /aws/apigw/shop
      database: shop
      workgroup: shop-group
      table_json: calls
      table_parquet: daily
      parquet_prefix: rollups/
      results_prefix: queries/
      s3_prefix: calls/year=!{{timestamp:yyyy}}/month=!{{timestamp:MM}}/day=!{{timestamp:dd}}/hour=!{{timestamp:HH}}/
      alarm_actions: arn:aws:sns:ap-northeast-2:{account}:ops
    resources:
      access_logs: {{retention_days: 365}}
      bucket:
        versioning: Enabled
        lifecycle:
          - {{ID: billingd-old, Status: Enabled, Filter: {{Prefix: ""}}, NoncurrentVersionExpiration: {{NoncurrentDays: 9}}}}
      firehose_role: {{name: delivers, path: /service/, max_session_seconds: 7200, policy_name: own}}
      firehose_logs: {{name: /errors/shop}}
      firehose_log_stream: {{name: s3}}
      stream: {{buffer_mib: 128, buffer_seconds: 900}}
      subscription: {{name: All}}
      raw_table: {{name: lines}}
      view: {{sql: "SELECT 1 AS one FROM lines", columns: ~}}
      workgroup: {{scan_limit_bytes: 20000000}}
      query_raw: off
      query_errors: {{sql: "SELECT '$${{x}}' FROM calls"}}
"""


def own_spec(importing: Importer) -> Billingd:
    path = importing.billingd.folder / "own.yaml"
    text = OWN.format(template=TEMPLATE, account=ACCOUNT)
    names = re.findall(r"^      (\w+): ", (ROOT / "specs/pipeline.yaml").read_text().split("  view:")[1].split("after:")[0],
                       re.M)
    columns = {name: None for name in names[1:] if name not in ("name",)} | {"one": "int"}
    path.write_text(text.replace("columns: ~", f"columns: {json.dumps(columns)}"))
    return Billingd(importing.billingd.sandbox, importing.billingd.folder, path)


def effective(billingd: Billingd) -> Any:
    said = billingd("check", "--print-effective")
    assert said.code == 0, said
    return yaml.safe_load(said.out)["pipelines"]


def test_a_spec_of_our_own_comes_back(world: World, importing: Importer) -> None:
    world.api()
    own = own_spec(importing)
    said = own("apply", "--yes")
    assert said.code == 0, said
    text = importing("s3://shop-bucket", "--prices", str(own.spec))
    assert importing.differences() == set() and "changes nothing." in text
    wanted, found = effective(own), effective(Billingd(own.sandbox, own.folder, importing.path))
    assert set(found) == {"shop"}  # by the mark
    for name, resource in wanted["shop"]["resources"].items():
        assert found["shop"]["resources"][name] == resource, name
    assert set(found["shop"]["resources"]) == set(wanted["shop"]["resources"])


def of_other_tools(world: World, location: str) -> None:
    api, stream = world.api("Orders API"), world.stream_arn("usage")
    world.s3.create_bucket(Bucket="orders-logs", CreateBucketConfiguration={"LocationConstraint": world.region})
    trust = seed.document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {
        "Service": ["firehose.amazonaws.com", f"logs.{world.region}.amazonaws.com"]}})
    role = world.iam.create_role(RoleName="pipes-20251001", Path="/ops/", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    policy = world.iam.create_policy(PolicyName="pipes", PolicyDocument=seed.document(
        {"Effect": "Allow", "Action": ["s3:*", "firehose:*"], "Resource": "*"}))["Policy"]["Arn"]
    world.iam.attach_role_policy(RoleName="pipes-20251001", PolicyArn=policy)
    world.firehose.create_delivery_stream(DeliveryStreamName="usage", ExtendedS3DestinationConfiguration={
        "RoleARN": role, "BucketARN": "arn:aws:s3:::orders-logs", "Prefix": "odd (1)/year=!{timestamp:yyyy}/",
        "ErrorOutputPrefix": "bad/!{firehose:error-output-type}/"})
    world.logs.create_log_group(logGroupName="/orders")
    world.logs.put_subscription_filter(logGroupName="/orders", filterName="all", filterPattern="",
                                       destinationArn=stream, roleArn=role)
    world.apigatewayv2.update_stage(ApiId=api, StageName="$default", AccessLogSettings={
        "DestinationArn": world.log_group_arn("/orders"), "Format": '{"requestId":"$context.requestId"}'})
    world.glue.create_database(DatabaseInput={"Name": "orders"})
    world.glue.create_table(DatabaseName="orders", TableInput={
        "Name": "lines", "TableType": "EXTERNAL_TABLE", "PartitionKeys": seed.columns(year="string"),
        "StorageDescriptor": {"Location": location, "SerdeInfo": {
            "SerializationLibrary": "org.openx.data.jsonserde.JsonSerDe"},
            "Columns": seed.columns(owner="string", messagetype="string", logevents="array<string>")}})


def test_names_and_roles_of_others(world: World, importing: Importer) -> None:
    """As other tools leave it: one role for both, no inline policy, columns in their own order, no Athena view."""
    of_other_tools(world, "s3://orders-logs/odd (1)/")
    text = importing("Orders API")
    importing.must_only_mark()
    over = importing.resources()
    assert over["logs_role"] is False and over["subscription"]["role"] == "${firehose_role.arn}"
    assert over["firehose_role"]["name"] == "pipes-20251001" and over["firehose_role"]["path"] == "/ops/"
    assert over["firehose_role"]["policy"] is None and "managed policy attached by others" in text
    assert over["raw_table"] is False and list(over["raw_table_live"]["columns"]) == ["owner", "messagetype", "logevents"]
    assert "no override can say" in comments(text, "raw_table_live") or "no override can say" in re.sub(r"\s*\n\s*#\s*", " ", text)
    assert "odd (1)/" in text and over["workgroup"] is False and over["view"] is False


def test_a_table_over_the_whole_bucket_is_left_alone(world: World, importing: Importer) -> None:
    """The errors lie in it, which no spec may say."""
    of_other_tools(world, "s3://orders-logs/")
    text = importing("Orders API")
    importing.must_only_mark()
    over = importing.resources()
    assert over["raw_table"] is False and "raw_table_live" not in over
    said = re.sub(r"\s*\n\s*#\s*", " ", text)
    assert "which no spec may say" in said and "so it is left alone" in said and "raw_table_live" not in said


def second_pipeline(world: World) -> None:
    """Beside the scripts': another API into the same bucket."""
    arn = world.stream_arn("second")
    world.firehose.create_delivery_stream(DeliveryStreamName="second", ExtendedS3DestinationConfiguration={
        "RoleARN": world.role_arn(seed.ROLE), "BucketARN": f"arn:aws:s3:::{seed.BUCKET}", "Prefix": "second/",
        "ErrorOutputPrefix": "second-error/!{firehose:error-output-type}/"})
    world.logs.create_log_group(logGroupName="/second")
    world.iam.put_role_policy(RoleName=seed.LOGS_ROLE, PolicyName="second", PolicyDocument=seed.document(
        {"Effect": "Allow", "Action": "firehose:PutRecord*", "Resource": arn}))
    world.logs.put_subscription_filter(logGroupName="/second", filterName="x", filterPattern="", destinationArn=arn,
                                       roleArn=world.role_arn(seed.LOGS_ROLE))
    api = world.api("second")
    world.apigatewayv2.update_stage(ApiId=api, StageName="$default", AccessLogSettings={
        "DestinationArn": world.log_group_arn("/second"), "Format": '{"requestId":"$context.requestId"}'})


def test_two_pipelines_in_one_account(world: World, importing: Importer) -> None:
    seed.first_script(world)
    seed.second_script(world)
    second_pipeline(world)
    listed = importing()
    assert len(listed.splitlines()) == 2 and f"-> second -> s3://{seed.BUCKET}" in listed
    importing(f"s3://{seed.BUCKET}", code=64)
    assert "more than one pipeline fits" in importing.said.err and seed.FIREHOSE in importing.said.err
    importing("nowhere", code=64)
    importing("second")
    importing.must_only_mark()
    importing(seed.FIREHOSE)
    importing.must_only_mark()
    # What another pipeline has marked is not taken.
    assert importing.with_spec("apply", "--yes").code == 0
    text = importing("second", "--pipeline", "second")
    importing.must_only_mark()
    assert importing.resources()["bucket"] is False and "belongs to the pipeline ddn-api" in text


ENV = """# as the scripts source it
export BILLING_FIREHOSE_NAME={firehose}
BILLING_S3_BUCKET="{bucket}"; BILLING_LOG_GROUP={group}
BILLING_GLUE_DB={database}
BILLING_ATHENA_WORKGROUP='BillingWG'   # quoted
AWS_SECRET_ACCESS_KEY=never-shown
BILLING_TABLE_JSON=restapi_access_log_json
BILLING_LOG_FORMAT='{{"requestId":"$context.requestId",...}}'
"""


def test_from_the_scripts_env(world: World, importing: Importer, tmp_path: Path) -> None:
    seed.first_script(world)
    seed.second_script(world)
    second_pipeline(world)
    env = tmp_path / ".env"
    env.write_text(ENV.format(firehose=seed.FIREHOSE, bucket=seed.BUCKET, group=seed.LOG_GROUP, database=seed.DATABASE))
    text = importing("--env", str(env))
    importing.must_only_mark()
    assert "api_name: ddn-api" in text and "never-shown" not in text + importing.said.err
    out = tmp_path / "made.yaml"
    importing("--env", str(env), "--out", str(out))
    made = out.read_text()
    assert made == text and oct(out.stat().st_mode & 0o777) == "0o600"
    importing("--env", str(env), "--out", str(out), code=4)
    assert out.read_text() == made
    env.write_text("BILLING_S3_BUCKET=x\nBILLING_GLUE_DB='open\n")
    importing("--env", str(env), code=78)
    assert f"{env}:2:17: this quote is never closed" in importing.said.err


def test_a_broken_way_is_imported_as_far_as_it_is_there(world: World, importing: Importer, tmp_path: Path) -> None:
    """What the scripts' variables name and is not there is off in the spec, with what that costs."""
    seed.first_script(world)
    seed.second_script(world)
    env = tmp_path / ".env"
    env.write_text(ENV.format(firehose=seed.FIREHOSE, bucket=seed.BUCKET, group=seed.LOG_GROUP, database=seed.DATABASE)
                   + f"BILLING_API_NAME=ddn-api\nBILLING_S3_PREFIX='{seed.PREFIX}'\n")
    # The filter sends elsewhere.
    world.firehose.create_delivery_stream(DeliveryStreamName="other", ExtendedS3DestinationConfiguration={
        "RoleARN": world.role_arn(seed.ROLE), "BucketARN": f"arn:aws:s3:::{seed.BUCKET}", "Prefix": "x/",
        "ErrorOutputPrefix": "y/!{firehose:error-output-type}/"})
    world.iam.put_role_policy(RoleName=seed.LOGS_ROLE, PolicyName="other", PolicyDocument=seed.document(
        {"Effect": "Allow", "Action": "firehose:PutRecord*", "Resource": world.stream_arn("other")}))
    world.logs.put_subscription_filter(logGroupName=seed.LOG_GROUP, filterName="ToFirehose", filterPattern="",
                                       destinationArn=world.stream_arn("other"), roleArn=world.role_arn(seed.LOGS_ROLE))
    text = importing("--env", str(env), code=1)
    assert f"the way leads to the stream other, and BILLING_FIREHOSE_NAME names {seed.FIREHOSE}" in importing.said.err
    over = importing.resources()
    assert over["subscription"]["destination"] == world.stream_arn("other") and over.get("stream") is not False
    importing.must_only_mark()
    # The stream is gone.
    world.logs.put_subscription_filter(logGroupName=seed.LOG_GROUP, filterName="ToFirehose", filterPattern="",
                                       destinationArn=world.stream_arn(seed.FIREHOSE), roleArn=world.role_arn(seed.LOGS_ROLE))
    world.firehose.delete_delivery_stream(DeliveryStreamName=seed.FIREHOSE)
    text = importing("--env", str(env), code=1)
    assert "the stream does not exist. What is not there is off" in importing.said.err
    told = re.sub(r"\s*\n\s*#\s*", " ", text)
    assert "there is none: events are being lost: events that the filter sends reach no bucket; without this line" in told
    over = importing.resources()
    assert over["stream"] is False and over["access_logs"]["retention_days"] == 30 and over["view"]["sql"] == seed.VIEW_SQL
    importing.must_only_mark()
    # Its filter, and its log group.
    world.logs.delete_subscription_filter(logGroupName=seed.LOG_GROUP, filterName="ToFirehose")
    importing("--env", str(env), code=1)
    assert importing.resources()["subscription"] is False and "has no subscription filter" in importing.said.err
    world.logs.delete_log_group(logGroupName=seed.LOG_GROUP)
    importing("--env", str(env), code=1)
    over = importing.resources()
    assert over["access_logs"] is False and over["stream_live" if "stream_live" in over else "stream"] is False
    importing.must_only_mark()
    # Of none of it there is anything.
    env.write_text("BILLING_LOG_GROUP=/x\nBILLING_FIREHOSE_NAME=y\nBILLING_S3_BUCKET=zzz\n")
    assert importing("--env", str(env), code=64) == "" and "nothing here is called so" in importing.said.err


def test_names_like_ours_are_not_ours(world: World, importing: Importer) -> None:
    """A bucket that carries no mark of ours has nothing of ours, whatever it is called."""
    seed.first_script(world)
    policy = json.loads(world.s3.get_bucket_policy(Bucket=seed.BUCKET)["Policy"])
    foreign = {"Sid": "BillingdReaders", "Effect": "Allow", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
               "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{seed.BUCKET}/*"}
    policy["Statement"].append(foreign)
    world.s3.put_bucket_policy(Bucket=seed.BUCKET, Policy=json.dumps(policy))
    rule = {"ID": "billingd-theirs", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 9}}
    world.s3.put_bucket_lifecycle_configuration(Bucket=seed.BUCKET, LifecycleConfiguration={"Rules": [rule]})
    text = importing("ddn-api")
    importing.must_only_mark()
    bucket = importing.resources()["bucket"]
    assert set(bucket["ignore"]) == {"policy[BillingdReaders]", "lifecycle[billingd-theirs]"}
    assert "BillingdReaders" not in json.dumps(bucket.get("policy")) and bucket.get("lifecycle") is None
    assert "of others, though its name begins with" in re.sub(r"\s*\n\s*#\s*", " ", text)
    # What they change later stays theirs, though the bucket is marked now.
    assert importing.with_spec("apply", "--yes").code == 0
    foreign["Action"] = ["s3:GetObject", "s3:GetObjectTagging"]
    policy["Statement"][-1] = foreign
    world.s3.put_bucket_policy(Bucket=seed.BUCKET, Policy=json.dumps(policy))
    assert importing.with_spec("apply", "--yes", "--detailed-exitcode").code == 0
    now = json.loads(world.s3.get_bucket_policy(Bucket=seed.BUCKET)["Policy"])["Statement"]
    assert foreign in now
    assert world.s3.get_bucket_lifecycle_configuration(Bucket=seed.BUCKET)["Rules"][0]["ID"] == "billingd-theirs"


def test_what_is_not_read_is_not_absent(sandbox: Sandbox, world: World, importing: Importer) -> None:
    seed.first_script(world)
    seed.second_script(world)
    denied = {"action": "error", "status": 400, "code": "AccessDeniedException", "message": "not you", "client": "billingd"}
    sandbox.faults({**denied, "service": "glue", "operation": "GetTables", "times": 0},
                   {**denied, "service": "s3", "operation": "GetBucketPolicy", "status": 403, "code": "AccessDenied", "times": 0})
    text = importing("ddn-api", code=77)
    assert "NOT READ" in comments(text, "bucket") and "compared with nothing" in comments(text, "bucket")
    told = re.sub(r"\s*\n\s*#\s*", " ", text)
    assert "which tables the database ddn_billing_db has is not known: GetTables: AccessDeniedException" in told
    assert not (importing.resources().get("bucket") or {})  # nothing but what is said
    assert importing.resources()["raw_table"] is False and "not all tables of the catalog could be read" in told
    for name in ("view", "query_raw"):  # whether there is one nobody knows
        assert importing.resources()[name] is False
        assert re.search(rf"# ([^#]*)\n      {name}: off", text)[1] == "not all tables of the catalog could be read: there may be one"
    assert importing.with_spec("check").code == 0
    # What only the first look asks for.
    sandbox.faults({**denied, "operation": "GetBucketVersioning", "status": 403, "code": "AccessDenied", "times": 0})
    text = importing("ddn-api", code=77)
    assert "NOT READ: versioning, object_lock: GetBucketVersioning: AccessDenied" in comments(text, "bucket")
    assert "it needs the permission s3:GetBucketVersioning; where that is given, the bucket" in comments(text, "bucket")
    assert "versioning" not in (importing.resources().get("bucket") or {}) and "not read 1 (NOT READ below)" in text
    # Settings beside it, which are not ours to keep.
    sandbox.faults({**denied, "operation": "DescribeAccountPolicies", "times": 0})
    text = importing("ddn-api", code=77)
    assert "NOT READ: unknown: DescribeAccountPolicies is refused" in comments(text, "access_logs")
    assert importing.resources()["access_logs"] == {"retention_days": 30}
    # The way itself: nothing can be written.
    sandbox.faults({**denied, "service": "firehose", "operation": "DescribeDeliveryStream", "times": 0})
    assert importing("ddn-api", code=77) == ""
    sandbox.faults({"action": "500", "client": "billingd", "operation": "GetStages", "times": 0})
    assert importing("ddn-api", code=1, AWS_MAX_ATTEMPTS="1") == ""


def session_of(sandbox: Sandbox, *policies: str) -> dict[str, str]:
    """Credentials that may do what the policies say and nothing else."""
    iam = sandbox.client("iam")
    iam.create_role(RoleName="importer", AssumeRolePolicyDocument=seed.document({
        "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}))
    for i, policy in enumerate(policies):
        iam.put_role_policy(RoleName="importer", PolicyName=f"p{i}", PolicyDocument=policy)
    given = sandbox.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/importer",
                                              RoleSessionName="session")["Credentials"]
    sandbox.switches(authorize=True)
    return {"AWS_ACCESS_KEY_ID": given["AccessKeyId"], "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"]}


def test_the_documented_permissions_are_enough(sandbox: Sandbox, world: World, importing: Importer) -> None:
    seed.first_script(world)
    seed.second_script(world)
    text = importing("ddn-api")
    plan = importing.with_spec("iam-policy", "--for", "plan").out
    search = re.search(r"```json\n(.*?)```", (ROOT / "docs/import.md").read_text(), re.S)
    assert search
    key = session_of(sandbox, search[1])
    importing("ddn-api", code=77, **key)  # the search alone is found, and what it may not read is said
    assert "NOT READ" in importing.said.out
    sandbox.switches(authorize=False)
    # Of the template's resources, not only of those that are there: what is off is looked for first.
    whole = Billingd(sandbox, importing.billingd.folder)("iam-policy", "--for", "plan").out
    sandbox.client("iam").delete_role_policy(RoleName="importer", PolicyName="p0")
    sandbox.client("iam").delete_role(RoleName="importer")
    key = session_of(sandbox, search[1], whole)
    assert importing("ddn-api", **key) == text and plan


def terraform(sandbox: Sandbox, folder: Path, plugins: str) -> None:
    shutil.copy(TERRAFORM / "main.tf", folder)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "TF_"))}
    environment = {**kept, **sandbox.environment(), "HOME": str(folder), "TF_CLI_CONFIG_FILE": "/dev/null",
                   "CHECKPOINT_DISABLE": "1", "TF_VAR_endpoint": sandbox.endpoint}
    for words in (["init", f"-plugin-dir={plugins}"], ["apply", "-auto-approve"]):
        done = subprocess.run(["terraform", *words, "-no-color"], cwd=folder, env=environment, text=True,
                              capture_output=True, timeout=300)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not shutil.which("terraform") or "TERRAFORM_PLUGINS" not in os.environ,
                    reason="needs terraform, and TERRAFORM_PLUGINS: a plugin directory with hashicorp/aws")
def test_made_by_terraform(sandbox: Sandbox, importing: Importer, tmp_path: Path) -> None:
    folder = tmp_path / "terraform"
    folder.mkdir()
    terraform(sandbox, folder, os.environ["TERRAFORM_PLUGINS"])
    text = importing("Orders API")
    importing.must_only_mark()
    over = importing.resources()
    assert over["firehose_role"]["name"].startswith("firehose-") and over["firehose_role"]["path"] == "/service/"
    assert over["logs_role"]["policy_name"] == "put-records" and over["subscription"]["name"] == "usage_to_firehose"
    assert "tags of others: ManagedBy, Team" in text and over["raw_table_live"]["name"] == "api_logs"
