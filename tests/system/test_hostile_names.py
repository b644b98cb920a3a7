"""Names that mean something else to SQL, JSON, ARNs, policies or a terminal, in every field of every kind that holds a name:
refused where they stand, or quoted wherever they land."""

import json
import subprocess
from typing import Any

import pytest

from conftest import ACCOUNT, BINARY
from sandbox import policy

KINDS: dict[str, dict[str, Any]] = {'alarm': {'name': 'n',
           'namespace': 'N',
           'metric': 'M',
           'statistic': 'Sum',
           'period_seconds': 60,
           'threshold': 1,
           'comparison': 'GreaterThanThreshold',
           'periods': 1},
 'athena_view': {'database': 'd', 'name': 'n', 'sql': 'SELECT 1', 'columns': {'one': 'int'}},
 'delivery_stream': {'name': 'n', 'role': 'arn:aws:iam::123456789012:role/r', 'bucket': 'arn:aws:s3:::some-bucket'},
 'glue_database': {'name': 'n'},
 'glue_table': {'database': 'd', 'name': 'n', 'columns': {'one': 'int'}, 'location': 's3://some-bucket/x/'},
 'iam_role': {'name': 'n',
              'trust': {'Statement': [{'Effect': 'Allow',
                                       'Principal': {'Service': 'x.amazonaws.com'},
                                       'Action': 'sts:AssumeRole',
                                       'Condition': {'StringEquals': {'aws:SourceAccount': '123456789012'}}}]}},
 'log_group': {'name': 'n'},
 'log_resource_policy': {'name': 'n',
                         'statements': [{'Sid': 'A',
                                         'Effect': 'Allow',
                                         'Principal': {'Service': 'delivery.logs.amazonaws.com'},
                                         'Action': 'logs:PutLogEvents',
                                         'Resource': '*'}]},
 'log_stream': {'log_group': 'g', 'name': 'n'},
 'named_query': {'workgroup': 'w', 'database': 'd', 'name': 'n', 'sql': 'SELECT 1'},
 's3_bucket': {'name': 'some-bucket'},
 'stage_logging': {'api_name': 'a',
                   'stage': 's',
                   'log_group': 'arn:aws:logs:ap-northeast-2:123456789012:log-group:x',
                   'format': '{"requestId": "$context.requestId"}'},
 'subscription_filter': {'log_group': 'g',
                         'name': 'n',
                         'destination': 'arn:aws:firehose:ap-northeast-2:123456789012:deliverystream/x',
                         'role': 'arn:aws:iam::123456789012:role/r',
                         'pattern': ''},
 'topic': {'name': 'n'},
 'workgroup': {'name': 'n', 'results': 's3://some-bucket/r/'}}
NAMES = {
    "alarm": ["name"], "athena_view": ["database", "name"], "delivery_stream": ["name", "role", "bucket"], "glue_database": ["name"],
    "glue_table": ["database", "name", "location"], "iam_role": ["name", "path", "boundary", "policy_name"], "log_group": ["name"],
    "log_resource_policy": ["name"], "log_stream": ["log_group", "name"], "named_query": ["workgroup", "database", "name"],
    "s3_bucket": ["name"], "stage_logging": ["api_name", "stage", "log_group"], "topic": ["name"], "workgroup": ["name", "results"],
    "subscription_filter": ["log_group", "name", "destination", "role"]}
WILD = ["*", "a*b", "a?b", "$${aws:username}", "${*}"]
QUOTES = ["a'b", 'a"b', "a`b", "a\\b", "a;b--", "a<b>", "{a}"]
ACTING = ["a\nb", "a\tb", "a\x1b[31mb", "a\u202eb", "a\x7fb", "a\x85b", "a\u2066b", "a\u2028b"]
OTHERS = ["../a", "a/../b", "a,b", "a b", "a%2fb", "\u00e9", "a:b", "=cmd()", "-", "a" * 3000]
# Where SQL reads a name without quotes, nothing but a name may stand.
STRICT = {("glue_database", "name"), ("glue_table", "name"), ("glue_table", "database"), ("athena_view", "name"),
          ("athena_view", "database"), ("named_query", "database"), ("topic", "name"), ("s3_bucket", "name"), ("iam_role", "path"),
          ("iam_role", "policy_name"), ("iam_role", "name"), ("delivery_stream", "name"), ("workgroup", "name"), ("named_query", "workgroup")}
ARNS = {("delivery_stream", "role"), ("delivery_stream", "bucket"), ("iam_role", "boundary"), ("stage_logging", "log_group"),
        ("subscription_filter", "destination"), ("subscription_filter", "role")}
FIELDS = [(kind, field) for kind, fields in NAMES.items() for field in fields]


def run(verb: str, resources: dict[str, Any], *words: str) -> subprocess.CompletedProcess[str]:
    spec = {"account": ACCOUNT, "region": "ap-northeast-2", "pipelines": {"p": {"template": False, "resources": resources}}}
    return subprocess.run([BINARY, verb, "-f", "-", *words], input=json.dumps(spec), capture_output=True, text=True, timeout=60)


def resource(kind: str, field: str, hostile: str) -> dict[str, Any]:
    usual = str(KINDS[kind].get(field, ""))
    given = (f"/{hostile}/" if field == "path" else f"arn:aws:iam::{ACCOUNT}:policy/{hostile}" if field == "boundary"
             else usual + hostile if usual.startswith(("arn:", "s3:")) else hostile)
    return {**KINDS[kind], "kind": kind, field: given}


def test_every_kind_is_tried() -> None:
    told = subprocess.run([BINARY, "schema", "template"], capture_output=True, text=True, timeout=60).stdout
    assert set(KINDS) == set(NAMES) == {kind for kind in KINDS if f'"{kind}"' in told}
    for kind, fields in KINDS.items():
        done = run("check", {"r": {**fields, "kind": kind}})
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("kind,field", FIELDS)
def test_a_hostile_name_is_refused_or_quoted(kind: str, field: str) -> None:
    taken = {}
    for number, hostile in enumerate([*WILD, *QUOTES, *ACTING, *OTHERS]):
        done = run("check", {"r": resource(kind, field, hostile)})
        assert done.returncode in (0, 78), done
        assert not any(c in done.stdout + done.stderr for c in "\x1b\u202e\x7f\x85\u2066\u2028"), done
        if done.returncode:
            assert f"pipelines.p.resources.r.{field}" in done.stderr or "${" in hostile, done.stderr
        else:
            taken[f"r{number}"] = hostile
    assert not set(taken.values()) & set(ACTING), taken
    if (kind, field) in STRICT:
        assert not set(taken.values()) & {*WILD, *QUOTES}, taken
    if (kind, field) in ARNS:
        assert not set(taken.values()) & {*WILD, *QUOTES, "a b"}, taken
    printed = run("iam-policy", {id: resource(kind, field, hostile) for id, hostile in taken.items() if hostile in WILD}, "--without-boundary")
    assert printed.returncode == 0, printed.stderr
    document = json.dumps(json.loads(printed.stdout))
    for place in ("alarm:axb", "alarm:another", "log-group:another", "log-group:axb", "role/another", "topic"):
        for action in ("cloudwatch:PutMetricAlarm", "logs:PutRetentionPolicy", "iam:PutRolePolicy", "iam:PassRole", "sns:SetTopicAttributes"):
            arn = f"arn:aws:{action.split(':')[0]}:ap-northeast-2:{ACCOUNT}:{place}"
            assert policy.identity({"printed": document}, action, arn, {}).decision != policy.ALLOWED, (action, arn)


@pytest.mark.parametrize("role", ["*", "x*", "x?", "x y", "${aws:username}", "x'", "x\"", "x/"])
def test_a_role_to_assume_is_one_role(role: str) -> None:
    spec = {"region": "ap-northeast-2", "pipelines": {"p": {"template": False, "role": {"arn": f"arn:aws:iam::{ACCOUNT}:role/{role}"}}}}
    done = subprocess.run([BINARY, "check", "-f", "-"], input=json.dumps(spec), capture_output=True, text=True, timeout=60)
    assert done.returncode == 78 and "pipelines.p.role.arn" in done.stderr, done.stderr
