"""`billingd check` of the shipped spec: whose account, and whether every variable that was set is used."""

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from conftest import ACCOUNT, BINARY, ROOT, Daemon, Spec, pipeline

Check = Callable[..., subprocess.CompletedProcess[str]]
PREFIX = "theirs/year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
# The .env of the two scripts: what each of its variables names, and where it must arrive.
SEED = {"BILLING_FIREHOSE_NAME": "their-stream", "BILLING_S3_BUCKET": "their-bucket", "BILLING_GLUE_DB": "their_db",
        "BILLING_ATHENA_WORKGROUP": "TheirWG", "BILLING_TABLE_JSON": "their_json",
        "BILLING_TABLE_PARQUET": "their_parquet", "BILLING_LOG_GROUP": "/aws/apigw/theirs",
        "BILLING_S3_PREFIX": PREFIX, "BILLING_S3_ERROR_PREFIX": "broken/!{firehose:error-output-type}/",
        "BILLING_PARQUET_PREFIX": "their-parquet/", "BILLING_LOG_FORMAT": '{"requestId":"$context.requestId"}'}
COMMENTED = {name.removeprefix("BILLING_").lower(): name for name in list(SEED)[7:]}


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """check("--strict", NAME="value"): the shipped spec, in a folder of its own, with nothing else set."""
    shutil.copy(ROOT / "billing.yaml", tmp_path)
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "BILLING"))}

    def start(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([BINARY, "check", *words], cwd=tmp_path, text=True, capture_output=True, timeout=60,
                              env={**kept, "BILLING_ACCOUNT_ID": ACCOUNT, **variables})
    return start


def warnings(done: subprocess.CompletedProcess[str]) -> list[str]:
    found = [line for line in done.stderr.splitlines() if ": warning: " in line]
    assert f"{len(found)} warning{'' if len(found) == 1 else 's'}\n" in done.stderr, done.stderr
    return found


def test_a_guarded_spec_has_no_warning(check: Check) -> None:
    done = check("--strict")
    assert (done.returncode, warnings(done)) == (0, []), done.stderr


def test_no_account_is_a_counted_warning(check: Check) -> None:
    done = check("--strict", BILLING_ACCOUNT_ID="")
    assert done.returncode == 3
    [warning] = warnings(done)
    assert re.match(r"billing.yaml:\d+:1: warning: account: no account is named: whatever account the credentials "
                    r"belong to will be changed", warning)
    assert check(BILLING_ACCOUNT_ID="").returncode == 0


def test_roles_of_other_accounts_name_theirs(check: Check, tmp_path: Path) -> None:
    spec = tmp_path / "billing.yaml"
    role = "    role: {arn: arn:aws:iam::210987654321:role/billing}\n    parameters:\n"
    spec.write_text(spec.read_text().replace("    parameters:\n", role))
    done = check("--strict", BILLING_ACCOUNT_ID="")
    assert (done.returncode, warnings(done)) == (0, []), done.stderr


@pytest.mark.parametrize("name", SEED)
def test_each_variable_of_the_scripts_is_used_or_told(check: Check, name: str) -> None:
    done = check("--strict", "--print-effective", **{name: SEED[name]})
    if name not in COMMENTED.values():
        assert done.returncode == 0 and SEED[name] in done.stdout, done.stderr
        return
    parameter = name.removeprefix("BILLING_").lower()
    assert done.returncode == 3 and SEED[name] not in done.stdout
    [warning] = warnings(done)
    assert f"pipelines.ddn-api.parameters.{parameter}: the environment variable {name} is set, but nothing" in warning
    assert f"{parameter}: ${{{name}}} among these parameters would" in warning


def test_all_variables_of_the_scripts_arrive(check: Check, tmp_path: Path) -> None:
    """The four commented lines do what the warnings say of them."""
    spec = tmp_path / "billing.yaml"
    text = spec.read_text()
    for parameter, name in COMMENTED.items():
        assert f"# {parameter}: ${{{name}}}" in text
        text = text.replace(f"# {parameter}: ", f"{parameter}: ")
    spec.write_text(text)
    done = check("--print-effective", **SEED)
    assert done.returncode == 0, done.stderr
    assert "environment variable" not in done.stderr
    for name, value in SEED.items():
        assert value in done.stdout, name


def test_a_misspelled_variable_is_told(check: Check) -> None:
    done = check("--strict", BILLING_S3_BUKET="mine", BILLINGD_LOG_LEVEL="info", BILLING_GLUE_DB="")
    assert done.returncode == 3
    [warning] = warnings(done)
    assert "BILLING_S3_BUKET is set, but nothing in the spec uses it; did you mean BILLING_S3_BUCKET?" in warning


# ---- the access log's line, made as API Gateway makes it and read as the view reads it ----

LINE = (ROOT / "specs/log-format.json").read_text().strip()
MEMBERS = LINE[1:-1].split(",")


def lints(check: Check, tmp_path: Path, line: str) -> tuple[int, dict[str, str]]:
    """Exit code and code -> text of what is said of that format."""
    spec = tmp_path / "billing.yaml"
    parameter = "# log_format: ${BILLING_LOG_FORMAT}"
    spec.write_text((ROOT / "billing.yaml").read_text().replace(parameter, parameter[2:]))
    done = check(BILLING_LOG_FORMAT=line)
    return done.returncode, {m[2]: m[3] for m in re.finditer(r": (warning|error) (BL\d+): (.*)", done.stderr)}


def test_the_shipped_line_is_clean(check: Check, tmp_path: Path) -> None:
    assert lints(check, tmp_path, LINE) == (0, {})


def test_a_missing_comma_is_refused(check: Check, tmp_path: Path) -> None:
    code, said = lints(check, tmp_path, LINE.replace('","sub"', '" "sub"'))
    assert code == 78 and list(said) == ["BL214"]
    assert '0 keys stand whole, then it breaks behind {"requestId":"bWEt8hvtIE0EJBA="; before  "sub":' in said["BL214"]


WITHOUT = {"requestId": ("BL215", 78), "sub": ("BL204", 0), "requestTimeEpoch": ("", 0), "responseLength": ("BL205", 0),
           "status": ("BL216", 0), "routeKey": ("BL216", 0), "username": ("BL216", 0)}


@pytest.mark.parametrize("member", MEMBERS)
def test_each_key_that_is_missing_is_told(check: Check, tmp_path: Path, member: str) -> None:
    key = member.split('"')[1]
    line = LINE.replace(member, "").replace(",,", ",").replace("{,", "{").replace(",}", "}")
    if key == "requestId":
        line = line.replace("{", '{"id":"$context.requestId",')
    code, said = lints(check, tmp_path, line)
    if key in ("requestTimeEpoch", "requestTime", "responseLatency", "integrationStatus", "errorType"):
        assert (code, said.keys() - {"BL207"}) == (0, set())
        return
    lint, want = WITHOUT.get(key, ("BL217", 0))
    assert (code, list(said)) == (want, [lint]), said
    assert key in said[lint] or lint in ("BL204", "BL205")


@pytest.mark.parametrize("variable,nearest", [("requestid", "requestId"), ("responseLenght", "responseLength"),
                                              ("identity.sourceIP", "identity.sourceIp")])
def test_a_variable_that_does_not_exist_is_told(check: Check, tmp_path: Path, variable: str, nearest: str) -> None:
    code, said = lints(check, tmp_path, LINE[:-1] + f',"more":"$context.{variable}"}}')
    assert code == 0 and list(said) == ["BL206"]
    assert f"$context.{variable}, perhaps $context.{nearest}" in said["BL206"]


def test_what_callers_choose_comes_last(check: Check, tmp_path: Path) -> None:
    path = MEMBERS[-1]
    code, said = lints(check, tmp_path, "{" + ",".join([MEMBERS[0], path, *MEMBERS[1:-1]]) + "}")
    assert code == 0 and list(said) == ["BL203"]
    assert "path before sub, status, requestTimeEpoch" in said["BL203"]


def test_a_reload_tells_too(start: Callable[..., Daemon], spec: Spec, api: str) -> None:
    daemon = start(BILLING_S3_PREFIX=PREFIX).ready()
    spec.write(account="")
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    told = [event["error"] for event in daemon.events("spec_warning")]
    assert any(text.startswith("no account is named") for text in told)
    assert any("BILLING_S3_PREFIX is set" in text for text in told)
    assert daemon.end() == 0


SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ACTS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


@pytest.mark.parametrize("region", ["eu\x1b[31m-west-3", "\x07\x1b]0;owned\x07", "\u202eeu-west-3", "eu-west-3\r\nok: all"])
def test_nothing_of_the_environment_acts_on_a_terminal(check: Check, region: str) -> None:
    done = check(AWS_REGION=region)
    assert done.returncode == 78 and "is not a region" in done.stderr
    assert not ACTS.search(done.stderr + done.stdout), done.stderr
    assert not any(line.startswith("ok: all") for line in done.stderr.splitlines())


@pytest.mark.parametrize(("region", "says"), [("ap-norteast-2", "; did you mean ap-northeast-2?"), ("xy-nowhere-7", ".")])
def test_a_region_that_nobody_knows(check: Check, region: str, says: str) -> None:
    """There may be newer ones than this program: a warning, at its place."""
    line = next(n for n, text in enumerate((ROOT / "billing.yaml").read_text().splitlines(), 1) if text.startswith("region:"))
    told = f"billing.yaml:{line}:9: warning: region: {region} is no region that this billingd knows{says} If it is a new one"
    done = check(AWS_REGION=region)
    assert done.returncode == 0 and told in done.stderr, done.stderr
    assert check("--strict", AWS_REGION=region).returncode == 3
    assert "is no region that" not in check(AWS_REGION="eu-south-2").stderr


def test_a_secret_in_the_wrong_place_is_not_told(check: Check, tmp_path: Path) -> None:
    """Though nothing says that it is one but how it looks."""
    done = check(AWS_REGION=SECRET)
    assert done.returncode == 78 and "AWS_REGION holds what looks like a secret access key" in done.stderr and SECRET not in done.stderr + done.stdout
    spec = tmp_path / "billing.yaml"
    spec.write_text(spec.read_text().replace("${AWS_REGION:-ap-northeast-2}", SECRET))
    done = check()
    assert done.returncode == 78 and "*** is not a region" in done.stderr and SECRET not in done.stderr + done.stdout


def test_what_a_spec_holds_comes_out_as_escapes(check: Check, tmp_path: Path) -> None:
    """The same value, for who reads it as YAML."""
    spec = tmp_path / "billing.yaml"
    spec.write_text(spec.read_text() + '    resources: {workgroup: {description: "a \u202e\\x1b[31m b"}}\n')
    done = check("--print-effective")
    assert done.returncode == 0, done.stderr
    assert not ACTS.search(done.stderr + done.stdout)
    resources = yaml.safe_load(done.stdout)["pipelines"]["ddn-api"]["resources"]
    assert resources["workgroup"]["description"] == "a \u202e\x1b[31m b"


@pytest.mark.parametrize(("variable", "says"), [
    ("AWS_SECRET_ACCESS_KEY", "holds a secret by its name"), ("AWS_SESSION_TOKEN", "holds a secret by its name"),
    ("DB_PASSWORD", "holds a secret by its name"), ("BILLING_KEY", "holds the value of AWS_SECRET_ACCESS_KEY"),
    ("BILLING_PEM", "holds a private key")])
@pytest.mark.parametrize("setting", ["currency: USD", "time_zone: ${BILLING_TIME_ZONE:-UTC}", "interval: 5m",
                                     "api_name: ${BILLING_API_NAME:-ddn-api}"])
def test_a_secret_in_the_wrong_setting_is_never_told(check: Check, tmp_path: Path, setting: str, variable: str,
                                                     says: str) -> None:
    spec = tmp_path / "billing.yaml"
    text = spec.read_text()
    assert setting in text
    spec.write_text(text.replace(setting, f"{setting.split(':')[0]}: ${{{variable}}}"))
    values = {"AWS_SECRET_ACCESS_KEY": SECRET, "AWS_SESSION_TOKEN": f"IQoJb3JpZ2luX2Vj{SECRET}", "DB_PASSWORD": "hunter2",
              "BILLING_KEY": SECRET, "BILLING_PEM": f"-----BEGIN PRIVATE KEY-----\n{SECRET}\n"}
    if not variable.startswith("BILLING"):
        values.pop("BILLING_KEY"), values.pop("BILLING_PEM")
    done = check("--print-effective", **values)
    assert done.returncode == 78, done.stderr
    assert f"the environment variable {variable} {says}" in done.stderr
    assert SECRET[:12] not in done.stderr + done.stdout and "hunter2" not in done.stderr + done.stdout


def test_thousands_of_pipelines_are_told_in_a_page(check: Check, tmp_path: Path) -> None:
    """Every error is counted; what is alike is shown at twenty places."""
    (tmp_path / "billing.yaml").write_text("template: off\npipelines:\n" + "".join(f"  p{i}: {{}}\n" for i in range(20000)))
    done = check()
    assert done.returncode == 78
    assert done.stderr.count("no region: set it here or at the top") == 20
    assert "        and 19980 more like this\n" in done.stderr
    assert done.stderr.endswith("billing.yaml: not used: 20000 errors, 0 warnings\n")
    assert len(done.stderr.splitlines()) < 100


LAYOUT = "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:dd}/hour=!{timestamp:HH}/"
NESTED = [  # what parameters, what archive, at which value of which key it is told, which two
    ({}, "access-logs/closed/", "archive: ", "closed months in s3://shop-bucket/access-logs/closed/, log objects"),
    ({}, "recovered/", "archive: ", "closed months in s3://shop-bucket/recovered/, table"),
    ({}, "parquet-data", "archive: ", "closed months in s3://shop-bucket/parquet-data/, table"),
    ({}, "athena-results/x/", "archive: ", "query results in s3://shop-bucket/athena-results/"),
    ({}, "error/", "archive: ", "what was not delivered in s3://shop-bucket/error/"),
    ({}, "billing/numbers/", "archive: ", "the register of numbers in s3://shop-bucket/billing/numbers/"),
    ({}, "_billingd/", "archive: ", "what billingd remembers in s3://shop-bucket/_billingd/"),
    ({"s3_prefix": "billing/logs/" + LAYOUT}, None, "resources.", "closed months in s3://shop-bucket/billing/"),
    ({"parquet_prefix": "billing/"}, None, "resources.rollup_table.location", "closed months in s3://shop-bucket/billing/"),
    ({"results_prefix": "_billingd/results/"}, None, "resources.workgroup.results", "what billingd remembers"),
    ({"results_prefix": "access-logs/r/"}, None, "resources.workgroup.results", "reads all of s3://shop-bucket/access-logs/"),
    ({"recovered_prefix": "access-logs/recovered/"}, None, "resources.recovered_table.location", "s3://shop-bucket/access-logs/recovered/"),
    ({"parquet_prefix": "athena-results/p/"}, None, "resources.rollup_table.location", "query results"),
    ({"s3_error_prefix": "parquet-data/!{firehose:error-output-type}/"}, None, "resources.stream.error_prefix", "parquet-data/"),
]


def nested(spec: Spec, parameters: dict[str, str], archive: str | None, more: str = "") -> str:
    lines = "".join(f'      {name}: "{value}"\n' for name, value in parameters.items())
    close = f"      close:\n        archive: {archive}\n" if archive else ""
    spec.write(pipelines=pipeline(more=lines) + "    billing:\n      prices: [{from: 2020-01-01, call: 1, gib: 0}]\n" + close + more)
    done = subprocess.run([BINARY, "-f", spec.path, "check"], text=True, capture_output=True, timeout=60)
    assert done.returncode == (78 if ": error " in done.stderr else 0), done.stderr
    return done.stderr


def test_no_prefix_lies_within_another(spec: Spec) -> None:
    for parameters, archive, at, what in NESTED:
        told = [line for line in nested(spec, parameters, archive).splitlines() if ": error " in line]
        assert told and what in told[0] and re.search(r":\d+:\d+: error BL\d+: ", told[0]), (parameters, archive, told)
        if at == "archive: ":  # with the place of the value
            row, column = map(int, re.findall(r"billing.yaml:(\d+):(\d+): error BL504", told[0])[0])
            assert spec.path.read_text().splitlines()[row - 1][column - 1:] == archive
            assert "pipelines.shop.billing.close.archive" in told[0]
        else:
            assert f"pipelines.shop.{at}" in told[0], told
    assert ": error " not in nested(spec, {}, "closed-months/")


def test_no_prefix_lies_within_one_of_another_pipeline(spec: Spec) -> None:
    second = pipeline("two", "other-api")
    assert ": error " not in nested(spec, {}, None, second)
    theirs = second + "    resources:\n      workgroup: {results: \"s3://shop-bucket/parquet-data/theirs/\"}\n"
    told = nested(spec, {}, None, theirs)
    assert "query results in s3://shop-bucket/parquet-data/theirs/, table restapi_access_log_parquet of shop" in told, told
    assert "pipelines.two.resources.workgroup.results" in told
