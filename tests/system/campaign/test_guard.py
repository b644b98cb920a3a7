"""What billingd refuses, and that it then has written nothing."""

import os
import pty
import re
import select
import subprocess
import time
from typing import Any

import pytest
import seed
from program import BINARY, ROOT, SHIPPED, Billingd
from sandbox.control import ACCOUNT, REGION, Sandbox
from world import World, changes


def overridden(resources: str, parameters: str = "") -> str:
    """The shipped spec with other words in it."""
    template = f"template: {ROOT}/specs/pipeline.yaml"
    text = SHIPPED.read_text().replace("\npipelines:", f"\n{template}\n\npipelines:", 1)
    assert "    # resources:\n" in text
    text = text.replace("    # resources:\n", f"    resources: {resources}\n" if resources else "")
    return text.replace("    parameters:\n", f"    parameters:\n      {parameters}\n", 1)


def test_another_account_is_refused_unread(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    for verb in ("plan", "apply"):
        sandbox.clear()
        said = billingd(verb, *(["--yes"] if verb == "apply" else []), BILLING_ACCOUNT_ID="111111111111")
        assert said.code == 4, said
        assert ACCOUNT in said.err and "111111111111" in said.err
        assert [c["operation"] for c in billingd.calls()] == ["GetCallerIdentity"]


def test_the_account_of_the_key_counts(sandbox: Sandbox, billingd: Billingd) -> None:
    """The right spec with the credentials of another account."""
    key = sandbox.account("999999999999")
    said = billingd("apply", "--yes", AWS_ACCESS_KEY_ID=key["access_key"],
                    AWS_SECRET_ACCESS_KEY=key["secret_key"])
    assert said.code == 4, said
    assert [c["operation"] for c in billingd.calls()] == ["GetCallerIdentity"]


def test_an_unguarded_spec_warns(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    said = billingd("plan", BILLING_ACCOUNT_ID="")
    assert said.code == 0 and "no account is named" in said.err


def test_a_bucket_of_others_blocks(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """The seed would have written its bills into a stranger's bucket."""
    world.api()
    sandbox.foreign_bucket(seed.BUCKET)
    said = billingd.apply()
    assert said.code in (1, 77), said
    bucket = said.resources["bucket"]
    assert bucket["verdict"] in ("blocked", "denied"), bucket
    assert "another account" in bucket["text"] and re.search("HTTP 403|AccessDenied", bucket["text"]), bucket
    # What is paused stands in that bucket: as long as nobody can read it, nothing at all is written.
    stream = said.resources["stream"]
    assert stream["verdict"] == "denied" and "whether it is paused is not known" in stream["text"]
    assert billingd.writes() == []


def test_a_bucket_elsewhere_blocks(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    virginia = World(sandbox, "us-east-1")
    virginia.s3.create_bucket(Bucket=seed.BUCKET)
    before = virginia.snapshot()
    said = billingd.apply()
    assert said.code == 1, said
    bucket = said.resources["bucket"]
    assert bucket["verdict"] in ("blocked", "failed"), bucket
    assert "us-east-1" in bucket["text"], bucket
    assert [c for c in billingd.calls(service="s3", kind="write")] == []
    assert [path for path in changes(before, virginia.snapshot()) if path.startswith("s3/")] == []


@pytest.mark.parametrize("resource,field,make", [
    ("firehose_role", "path", lambda w: w.iam.create_role(
        RoleName=seed.ROLE, Path="/billing/", AssumeRolePolicyDocument=seed.trust("firehose.amazonaws.com"))),
    ("access_logs", "class", lambda w: w.logs.create_log_group(
        logGroupName=seed.LOG_GROUP, logGroupClass="INFREQUENT_ACCESS"))])
def test_what_cannot_change_blocks(sandbox: Sandbox, billingd: Billingd, world: World, resource: str,
                                   field: str, make: Any) -> None:
    """An immutable difference is explained, never deleted and made anew."""
    world.api()
    make(world)
    said = billingd.apply()
    assert said.code == 1, said
    found = said.resources[resource]
    assert (found["action"], found["verdict"]) == ("blocked", "blocked"), found
    assert "cannot be changed after creation" in found["reason"], found
    assert found["reason"].startswith(field) and found["calls"] == []
    assert [w for w in billingd.writes() if w.startswith("Delete")] == []


def test_no_api_of_this_name(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    ids = {name: world.api(name) for name in ("another-api", "dnd-api", "ddn-api-2", "x", "zzzzzzzzzzzzzz", "ddn-ap", "q")}
    said = billingd.apply()
    assert said.code == 1, said
    stage = said.resources["stage_logging"]
    nearest = ", ".join(f"{name} (api_id {ids[name]})" for name in ("ddn-ap", "ddn-api-2", "dnd-api", "another-api"))
    assert stage["verdict"] == "blocked" and stage["text"].startswith(
        f"there is no HTTP API named ddn-api in {world.region}; the nearest: {nearest}, "), stage
    assert stage["text"].endswith(" and 2 more") and stage["text"].count("api_id") == 5
    assert said.resources["subscription"]["verdict"] == "repaired"


def test_two_apis_of_this_name(sandbox: Sandbox, billingd: Billingd, with_spec: Any, world: World) -> None:
    first, second = world.api(), world.api()
    world.api(protocol="WEBSOCKET")  # of that name too, but it has no HTTP access log
    said = billingd.apply()
    assert said.code == 1, said
    stage = said.resources["stage_logging"]
    assert stage["verdict"] == "blocked", stage
    assert re.fullmatch(rf"2 HTTP APIs in {world.region} are named ddn-api: (\w+), (\w+); set api_id to the one that "
                        r"is meant", stage["text"]), stage
    assert first in stage["text"] and second in stage["text"]
    assert "UpdateStage" not in billingd.writes()

    with_spec(overridden("{}", f"api_id: {second}")).converge()
    assert "AccessLogSettings" not in world.apigatewayv2.get_stage(ApiId=first, StageName="$default")
    logging = world.apigatewayv2.get_stage(ApiId=second, StageName="$default")["AccessLogSettings"]
    assert logging["DestinationArn"] == world.log_group_arn(seed.LOG_GROUP)


# How GetBucketLocation names them: us-east-1 by silence, eu-west-1 by an older word.
@pytest.mark.parametrize("region", ["us-east-1", "eu-west-1", REGION])
def test_a_bucket_whose_reply_has_no_region(sandbox: Sandbox, with_spec: Any, region: str) -> None:
    world = World(sandbox, region)
    world.api("one-api")
    billingd = with_spec(f"account: \"{ACCOUNT}\"\nregion: {region}\ntemplate: {ROOT}/specs/pipeline.yaml\n"
                         "reconcile: {wide_reads: false}\npipelines:\n  one:\n    parameters: {api_name: one-api, bucket: one-bucket, firehose: one, "
                         "log_group: /x/one, database: one, workgroup: one}\n")
    billingd.converge()
    assert billingd.calls(operation="GetBucketLocation") == [], "asked only where it must be"
    sandbox.faults({"action": "without_header", "header": "x-amz-bucket-region", "operation": "HeadBucket", "times": 0})
    sandbox.clear()
    billingd.must_be_converged()
    assert sandbox.fault_counts()[0]["changed"] and len(billingd.calls(operation="GetBucketLocation")) == 1
    # Where that is refused too it is unknown, which is neither fine nor another region.
    sandbox.faults({"action": "without_header", "header": "x-amz-bucket-region", "operation": "HeadBucket", "times": 0},
                   {"action": "error", "operation": "GetBucketLocation", "status": 403, "code": "AccessDenied",
                    "message": "Access Denied", "times": 0})
    said = billingd.plan()
    assert said.code == 77 and "s3:GetBucketLocation" in said.resources["bucket"]["text"], said
    # Sent away without a word where to: HEAD has no document, and the header that names the region is gone.
    sandbox.faults({"action": "error", "operation": "HeadBucket", "status": 301, "code": "PermanentRedirect", "times": 0})
    said = billingd.plan()
    text = said.resources["bucket"]["text"]
    assert said.code == 1 and f"PermanentRedirect: bucket one-bucket lies in another region than {region}" in text, said


def test_a_permission_that_is_missing_is_named(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """By AWS's own words, or where those say nothing by the operation; the way out once for all."""
    world.api()
    billingd.converge()
    bare = {"action": "error", "times": 0, "status": 403, "message": "Access Denied"}
    sandbox.faults({**bare, "operation": "GetBucketPolicy", "code": "AccessDenied"},
                   {**bare, "operation": "GetBucketEncryption", "code": "AccessDenied"},
                   {**bare, "operation": "GetDatabase", "code": "AccessDeniedException", "message":
                    f"User: arn:aws:iam::{ACCOUNT}:user/x is not authorized to perform: glue:GetDatabase on resource: y"},
                   {**bare, "operation": "DescribeAccountPolicies", "code": "AccessDeniedException"})
    said = billingd("plan", "-o", "json")
    assert said.code == 77, said
    bucket, database = said.resources["bucket"]["text"], said.resources["database"]["text"]
    assert re.search(r"needs the permission s3:(GetBucketPolicy|GetEncryptionConfiguration); where that is given, the bucket", bucket), bucket
    assert "to perform: glue:GetDatabase" in database and "needs the permission" not in database
    [told] = [line for line in said.err.splitlines() if "iam-policy" in line]
    for action in ("glue:GetDatabase", "logs:DescribeAccountPolicies"):
        assert action in told, told
    assert told.endswith("`billingd iam-policy` prints all that this spec needs")
    assert "iam-policy" not in bucket + database


def test_an_api_without_the_stage(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.apigatewayv2.create_api(Name="ddn-api", ProtocolType="HTTP")
    said = billingd.apply()
    assert said.code == 1, said
    assert "no stage $default" in said.resources["stage_logging"]["text"]


def test_both_places_taken(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """Two filters of others: told, and left where they are."""
    seed.first_script(world)
    world.iam.put_role_policy(RoleName=seed.LOGS_ROLE, PolicyName="more", PolicyDocument=seed.document(
        {"Effect": "Allow", "Action": "firehose:*", "Resource": "*"}))
    world.logs.delete_subscription_filter(logGroupName=seed.LOG_GROUP, filterName="ToFirehose")
    for name in ("security", "search"):
        world.logs.put_subscription_filter(
            logGroupName=seed.LOG_GROUP, filterName=name, filterPattern=name,
            destinationArn=world.stream_arn(seed.FIREHOSE), roleArn=world.role_arn(seed.LOGS_ROLE))
    before = world.snapshot()
    said = billingd.apply()
    assert said.code == 1, said
    found = said.resources["subscription"]
    assert found["verdict"] == "blocked", found
    assert "places are taken by" in found["text"] and "LimitExceededException" in found["text"], found
    assert "security" in found["text"] and "search" in found["text"], found
    after = world.snapshot()
    for name in ("security", "search"):
        path = f"logs/logGroups/{seed.LOG_GROUP}/subscriptionFilters/{name}"
        assert after[path] == before[path]
    # The number of places is AWS's to say: where there are more, it is simply made.
    sandbox.switches(filter_places=5)
    assert billingd.apply().code == 0


def test_another_filter_to_the_same_stream(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """Told in the plan, before ours makes everything arrive twice."""
    world.api()
    billingd.converge()
    ours = world.logs.describe_subscription_filters(logGroupName=seed.LOG_GROUP)["subscriptionFilters"][0]
    world.logs.put_subscription_filter(logGroupName=seed.LOG_GROUP, filterName="legacy", filterPattern="",
                                       destinationArn=ours["destinationArn"], roleArn=ours["roleArn"])
    world.logs.delete_subscription_filter(logGroupName=seed.LOG_GROUP, filterName=ours["filterName"])
    assert "filter legacy sends the same events to the same stream: with ours everything will be delivered twice" in (
        str(billingd.plan().resources["subscription"]))


def test_ten_log_resource_policies(sandbox: Sandbox, billingd: Billingd, with_spec: Any, world: World) -> None:
    """Who holds the places, and that one of them may be named: ours are merged into it."""
    world.api()
    for number in range(10):
        world.logs.put_resource_policy(policyName=f"team-{number}", policyDocument=seed.document(
            {"Sid": "Theirs", "Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
             "Action": "logs:PutLogEvents", "Resource": "*"}))
    found = billingd.apply().resources["log_delivery"]
    assert found["verdict"] == "blocked", found
    assert "taken by team-0, team-1" in found["text"] and "give this resource the name of one" in found["text"]
    with_spec(overridden("{log_delivery: {name: team-3}}")).converge()
    policies = world.logs.describe_resource_policies()["resourcePolicies"]
    merged = next(p["policyDocument"] for p in policies if p["policyName"] == "team-3")
    assert len(policies) == 10 and "Theirs" in merged and "Billingd" in merged


def test_a_dead_principal_is_named_at_once(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """S3 takes no policy with a principal that is deleted: waiting for it to propagate would be in vain."""
    world.api()
    billingd.converge()
    role = world.iam.create_role(RoleName="gone", AssumeRolePolicyDocument=seed.trust("ec2.amazonaws.com"))["Role"]
    world.s3.put_bucket_policy(Bucket=seed.BUCKET, Policy=seed.document(
        {"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": role["Arn"]}, "Action": "s3:GetObject",
         "Resource": f"arn:aws:s3:::{seed.BUCKET}/*"}))
    world.iam.delete_role(RoleName="gone")
    sandbox.clear()
    bucket = billingd.apply().resources["bucket"]
    assert bucket["verdict"] == "blocked", bucket
    assert "statement Partner names AROA" in bucket["text"], bucket
    assert len(billingd.calls(operation="PutBucketPolicy")) == 1


def test_managed_query_results_are_switched_off(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """Athena takes no place for results beside them: both change in one call."""
    world.api()
    world.athena.create_work_group(Name="BillingWG", Configuration={
        "ManagedQueryResultsConfiguration": {"Enabled": True}})
    billingd.converge()
    found = world.athena.get_work_group(WorkGroup="BillingWG")["WorkGroup"]["Configuration"]
    assert found["ManagedQueryResultsConfiguration"] == {"Enabled": False}
    assert found["ResultConfiguration"]["OutputLocation"].startswith("s3://")


def test_a_concurrent_change_of_the_stage_is_waited_out(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """API Gateway says so with 409 and with 400."""
    for code, status in (("ConflictException", 409), ("BadRequestException", 400)):
        sandbox.reset()
        world.api()
        sandbox.faults({"service": "apigatewayv2", "operation": "UpdateStage", "action": "error", "code": code,
                        "status": status, "message": "Unable to complete operation due to concurrent modification. "
                                                     "Please try again later."})
        billingd.converge()
        assert [rule["fired"] for rule in sandbox.fault_counts()] == [1]


def test_a_table_where_the_view_should_be(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    world.glue.create_database(DatabaseInput={"Name": seed.DATABASE})
    world.glue.create_table(DatabaseName=seed.DATABASE, TableInput={
        "Name": seed.VIEW, "TableType": "EXTERNAL_TABLE"})
    said = billingd.apply()
    assert said.code == 1, said
    assert "a table" in said.resources["view"]["reason"]
    kept = world.glue.get_table(DatabaseName=seed.DATABASE, Name=seed.VIEW)["Table"]
    assert kept["TableType"] == "EXTERNAL_TABLE"


def test_nobody_to_ask_and_no_yes(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    said = billingd("apply")
    assert said.code == 4, said
    assert "--yes" in said.err
    assert billingd.writes() == []


def on_terminal(billingd: Billingd, answer: str, *words: str, meanwhile: Any = None) -> tuple[int, str]:
    """apply on a terminal, with a human who types the answer to its question; what happens while they think."""
    master, slave = pty.openpty()
    process = subprocess.Popen([BINARY, "-f", billingd.spec, "apply", *words], cwd=billingd.folder, stdin=slave,
                               stdout=slave, stderr=slave, env=billingd.environment, close_fds=True)
    os.close(slave)
    text, answered, end = "", False, time.monotonic() + 180
    while time.monotonic() < end:
        if select.select([master], [], [], 0.1)[0]:
            try:
                data = os.read(master, 65536)
            except OSError:
                break
            if not data:
                break
            text += data.decode(errors="replace")
        elif process.poll() is not None:
            break
        if not answered and "?" in text.rpartition("\n")[2]:
            if meanwhile:
                meanwhile()
            os.write(master, answer.encode() + b"\n")
            answered = True
    os.close(master)
    return process.wait(180), text


@pytest.mark.parametrize("answer,code,writes", [("no", 4, False), ("", 4, False), ("yes", 0, True)])
def test_a_human_is_asked(sandbox: Sandbox, billingd: Billingd, world: World, answer: str, code: int,
                          writes: bool) -> None:
    world.api()
    found, text = on_terminal(billingd, answer)
    assert found == code, text
    assert bool(billingd.writes()) == writes


def test_what_changed_while_a_human_thought_is_kept(sandbox: Sandbox, billingd: Billingd,
                                                    world: World) -> None:
    """Documents that others write too are read again right before they are written."""
    world.api()
    billingd.converge()
    world.logs.put_resource_policy(policyName="billingd-log-delivery", policyDocument=seed.document(
        {"Sid": "First", "Effect": "Allow", "Principal": {"Service": "es.amazonaws.com"},
         "Action": "logs:PutLogEvents", "Resource": "*"}))
    sandbox.clear()
    assert billingd.apply().code == 0
    reads = [c["sequence"] for c in billingd.calls(operation="DescribeResourcePolicies")]
    write = billingd.calls(operation="PutResourcePolicy")[0]["sequence"]
    # Three before the write: one look alone is never believed, and what is replaced whole is read right before.
    assert len([sequence for sequence in reads if sequence < write]) == 3, "planned, confirmed, and read right before"
    assert len(reads) == 4


def test_bad_credentials_are_told(sandbox: Sandbox, billingd: Billingd) -> None:
    said = billingd("plan", AWS_SECRET_ACCESS_KEY="wrong" * 8)
    assert said.code in (1, 77), said
    assert "SignatureDoesNotMatch" in said.err
    sandbox.clear()  # the violation was meant


def test_a_simulation_that_cannot_be_asked_warns(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """Not being allowed to ask says nothing about being allowed to pass."""
    world.api()
    sandbox.faults({"service": "iam", "operation": "SimulatePrincipalPolicy", "action": "error", "times": 0,
                    "code": "AccessDenied", "message": "not authorized", "status": 403})
    said = billingd.apply()
    assert said.code == 0, said
    assert "could not check iam:PassRole" in said.err


def test_a_simulated_denial_stops_before_the_first_write(sandbox: Sandbox, billingd: Billingd,
                                                         world: World) -> None:
    """As the seed's step [0] does: it says who may not hand which role to whom, and writes nothing."""
    world.api()
    world.iam.put_user_policy(UserName="sandbox", PolicyName="no", PolicyDocument=seed.document(
        {"Effect": "Deny", "Action": "iam:PassRole", "Resource": "*"}))
    assert "may not do iam:PassRole" in billingd.plan().err
    for verb in (("apply", "--yes"), ("run", "--once")):
        sandbox.clear()
        said = billingd(*verb)
        assert said.code == 77, said
        assert billingd.writes() == []
        for word in ("user/sandbox", "iam:PassRole", f"role/{seed.ROLE}", "firehose.amazonaws.com", "explicitDeny",
                     "--skip-pass-role-check"):
            assert word in said.err + said.out, word
    assert billingd("apply", "--yes", "--skip-pass-role-check").code == 0
    assert billingd.writes()


def test_missing_permissions_are_told_before_the_first_write(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """All of them in one error; where only something in place is repaired, the rest is."""
    world.api()
    lacks = ["s3:PutBucketPolicy", "glue:CreateTable", "logs:PutRetentionPolicy", "firehose:CreateDeliveryStream"]
    world.iam.put_user_policy(UserName="sandbox", PolicyName="no", PolicyDocument=seed.document(
        {"Effect": "Deny", "Action": lacks, "Resource": "*"}))
    planned = billingd.plan()
    for verb in (("apply", "--yes"), ("run", "--once")):
        sandbox.clear()
        said = billingd(*verb)
        assert said.code == 77 and billingd.writes() == [], said
        told = next((line for line in (said.err + planned.err).splitlines() if "may not do what the plan needs" in line), "")
        assert all(action in told for action in lacks) and "iam-policy" in told, told
        assert all(action in planned.err for action in lacks)
        asked = [c for c in sandbox.calls() if c["operation"] == "SimulatePrincipalPolicy"]
        assert len(asked) <= 3 + 9 + 2, len(asked)  # roles, services, and what is read of roles
    # Who may not ask is told so, and goes on.
    sandbox.faults({"service": "iam", "operation": "SimulatePrincipalPolicy", "action": "error", "times": 0,
                    "code": "AccessDenied", "message": "not authorized", "status": 403})
    assert "could not check" in billingd.plan().err
    sandbox.faults()
    world.iam.delete_user_policy(UserName="sandbox", PolicyName="no")
    assert billingd("apply", "--yes").code == 0
    # Repairs: what is allowed is done.
    world.iam.put_user_policy(UserName="sandbox", PolicyName="no", PolicyDocument=seed.document(
        {"Effect": "Deny", "Action": "logs:PutRetentionPolicy", "Resource": "*"}))
    sandbox.client("logs").put_retention_policy(logGroupName=seed.LOG_GROUP, retentionInDays=1)
    sandbox.client("s3").delete_bucket_policy(Bucket=seed.BUCKET)
    sandbox.clear()
    said = billingd("apply", "--yes")
    assert said.code == 77 and "logs:PutRetentionPolicy" in said.err, said
    assert billingd.writes() == ["PutBucketPolicy"]
    # With no difference nobody is asked.
    world.iam.delete_user_policy(UserName="sandbox", PolicyName="no")
    assert billingd("apply", "--yes").code == 0
    sandbox.clear()
    assert billingd("apply", "--yes").code == 0
    assert billingd.writes() == [] and len(billingd.calls(operation="SimulatePrincipalPolicy")) <= 2  # what is read of roles


def test_what_a_simulation_does_not_tell_is_told(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    """No answer, two answers, and one that hangs on what IAM was not told are neither a yes nor a no."""
    world.api()
    stream = f"arn:aws:firehose:{REGION}:{ACCOUNT}:deliverystream/{seed.FIREHOSE}"
    create = {"EvalActionName": "firehose:CreateDeliveryStream", "EvalResourceName": stream, "EvalDecision": "allowed"}
    hanging = {**create, "EvalDecision": "implicitDeny", "ResourceSpecificResults": [
        {"EvalResourceName": stream, "EvalResourceDecision": "implicitDeny", "MissingContextValues": ["aws:PrincipalTag/team"]}]}
    told = f"firehose:CreateDeliveryStream on {stream}"
    for results, unknown in (([create], False), ([create, {**create, "EvalDecision": "explicitDeny"}], True), ([hanging], True),
                             ([{**create, "EvalActionName": "firehose:PutRecord"}], True), ([{**create, "EvalDecision": "perhaps"}], True)):
        sandbox.faults({"service": "iam", "operation": "SimulatePrincipalPolicy", "action": "member", "times": 0,
                        "path": ["EvaluationResults"], "value": results})
        said = billingd.plan()
        [warned] = [line for line in said.err.splitlines() if "IAM's simulation does not tell whether" in line]
        assert (told in warned) == unknown and "s3:CreateBucket on" in warned and "may not do" not in said.err, said.err
        assert f"iam:PassRole with arn:aws:iam::{ACCOUNT}:role/{seed.ROLE} to firehose.amazonaws.com" in warned
        assert ("(a condition asks for aws:PrincipalTag/team)" in warned) == (results == [hanging])
    # A denial is one, wherever IAM says so.
    sandbox.faults({"service": "iam", "operation": "SimulatePrincipalPolicy", "action": "member", "times": 0, "path": ["EvaluationResults"], "value": [
        {**create, "ResourceSpecificResults": [{"EvalResourceName": stream, "EvalResourceDecision": "explicitDeny"}]}]})
    assert f"may not do what the plan needs, by IAM's simulation: {told}" in billingd.plan().err
    assert billingd.writes() == []


def test_region_of_the_spec_wins(sandbox: Sandbox, billingd: Billingd, world: World) -> None:
    world.api()
    billingd("apply", "--yes", AWS_REGION=REGION)
    regions = {c["region"] for c in billingd.calls() if c["service"] not in ("iam", "sts")}
    assert regions == {REGION}
