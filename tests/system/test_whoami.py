"""Each source of credentials from end to end: the real program, keys that the sandbox checks, and who gives them.

Instance metadata is moto's; STS is the sandbox, which recomputes signatures; containers and IAM Identity Center are
credential_services.py, which is held to botocore here."""

import hashlib
import json
import os
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.utils import ContainerMetadataFetcher
from conftest import ACCOUNT, BINARY, Daemon, Sandbox, Spec, environment, pipeline
from credential_services import ACCESS, REFRESH, RENEWED, TOKEN, Services, credential_services
from sandbox.control import EXPIRED_WEB_TOKEN, WEB_TOKEN

ROLE = f"arn:aws:iam::{ACCOUNT}:role/billing"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/task/one"
Who = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def keys(sandbox: Sandbox) -> dict[str, Any]:
    return sandbox.account(ACCOUNT, access_key="ASIASANDBOXTASK00000", secret_key="task/secret/of/the/sandbox", arn=SESSION,
                           token="task-session-token")


@pytest.fixture
def services(keys: dict[str, Any]) -> Iterator[Services]:
    with credential_services(keys) as services:
        yield services


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".aws/sso/cache").mkdir(parents=True)
    return tmp_path


@pytest.fixture
def who(sandbox: Sandbox, home: Path) -> Who:
    """who("-o", "json", NAME=value): whoami without any credentials but those that are given."""
    def start(*words: str, before: Callable[[], None] | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_REGION": "ap-northeast-2",
               "AWS_ENDPOINT_URL": sandbox.endpoint, "AWS_EC2_METADATA_DISABLED": "true", **more}
        done = subprocess.run([BINARY, *words, "whoami"], text=True, capture_output=True, timeout=60,
                              stdin=subprocess.DEVNULL, cwd=home, env=env, preexec_fn=before)
        assert "Sanitizer" not in done.stderr, done.stderr
        for secret in ("task/secret", "task-session-token", TOKEN, ACCESS, REFRESH, RENEWED, WEB_TOKEN):
            assert secret not in done.stdout + done.stderr
        return done
    return start


def told(done: subprocess.CompletedProcess[str], code: int = 0) -> Any:
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout)


def container(services: Services, home: Path) -> dict[str, str]:
    (home / "token").write_text(TOKEN + "\n")
    return {"AWS_CONTAINER_CREDENTIALS_FULL_URI": services.url + "/container",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(home / "token")}


def sso(services: Services, home: Path, end: str = "2099-01-01T00:00:00Z", **token: str) -> dict[str, str]:
    (home / ".aws/config").write_text(
        "[default]\nsso_session = dev\nsso_account_id = 123456789012\nsso_role_name = Reader\n"
        "[sso-session dev]\nsso_region = us-east-1\nsso_start_url = https://d.example/start\n")
    cached(home).write_text(json.dumps({"accessToken": ACCESS, "expiresAt": end, **token}))
    return {"AWS_ENDPOINT_URL_SSO": services.url, "AWS_ENDPOINT_URL_SSO_OIDC": services.url}


def cached(home: Path) -> Path:
    return home / f".aws/sso/cache/{hashlib.sha1(b'dev').hexdigest()}.json"


RENEWABLE = {"refreshToken": REFRESH, "clientId": "client", "clientSecret": "secret-of-the-client",
             "registrationExpiresAt": "2099-01-01T00:00:00Z"}


# ---- the stand-ins ----

def test_botocore_takes_the_stand_ins_for_real(services: Services) -> None:
    got = ContainerMetadataFetcher().retrieve_full_uri(services.url + "/container", headers={"Authorization": TOKEN})
    assert got["AccessKeyId"] == services.keys["access_key"]
    session = botocore.session.get_session()

    def client(name: str) -> Any:
        return session.create_client(name, region_name="us-east-1", endpoint_url=services.url,
                                     config=botocore.config.Config(signature_version=botocore.UNSIGNED))
    new = client("sso-oidc").create_token(clientId="c", clientSecret="s", grantType="refresh_token", refreshToken=REFRESH)
    given = client("sso").get_role_credentials(accountId=ACCOUNT, roleName="Reader", accessToken=new["accessToken"])
    assert given["roleCredentials"]["accessKeyId"] == services.keys["access_key"]
    with pytest.raises(client("sso").exceptions.UnauthorizedException):
        client("sso").get_role_credentials(accountId=ACCOUNT, roleName="Reader", accessToken="other")


# ---- each source ----

def test_environment(who: Who, sandbox: Sandbox) -> None:
    keys = {k: v for k, v in sandbox.environment().items() if "KEY" in k}
    got = told(who("-o", "json", **keys))
    assert (got["account"], got["source"], got["region"]) == (ACCOUNT, "environment", "ap-northeast-2")
    assert "passed_over" not in got and "expires" not in got
    text = who(**keys).stdout
    assert f"account     {ACCOUNT}\n" in text and "ends        never" in text


@pytest.mark.parametrize("name", ["AWS_REGION", "AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_RETRY_MODE", "AWS_CA_BUNDLE",
                                  "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "AWS_CONFIG_FILE", "AWS_ROLE_ARN",
                                  "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_ENDPOINT_URL",
                                  "AWS_MAX_ATTEMPTS", "AWS_USE_FIPS_ENDPOINT", "AWS_DEFAULTS_MODE", "BILLINGD_FILE"])
@pytest.mark.parametrize("form", [(), ("-o", "json")])
def test_a_secret_in_the_wrong_variable(who: Who, sandbox: Sandbox, name: str, form: tuple[str, ...]) -> None:
    secret = "wJalrXUtnFEMI7K7MDENG0bPxRfiCYEXAMPLEKEY"
    keys = {k: v for k, v in sandbox.environment().items() if "KEY" in k}
    for given in (keys, {}):
        done = who(*form, **{**given, "AWS_EC2_METADATA_DISABLED": "true", name: secret})
        assert secret not in done.stdout + done.stderr, name
        assert done.stdout + done.stderr


def test_container(who: Who, services: Services, home: Path) -> None:
    got = told(who("-o", "json", **container(services, home)))
    assert (got["arn"], got["source"]) == (SESSION, "container")
    assert got["setting"] == "AWS_CONTAINER_CREDENTIALS_FULL_URI" and got["access_key_id"] == services.keys["access_key"]
    assert [item["source"] for item in got["passed_over"]] == ["environment", "web identity", "profile"]
    assert got["expires"] > time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    text = who(**container(services, home)).stdout
    assert "source      container (AWS_CONTAINER_CREDENTIALS_FULL_URI)" in text
    assert "(in 1 h 1 min; renewed before)" in text
    assert "  web identity      AWS_WEB_IDENTITY_TOKEN_FILE is not set\n" in text


@pytest.mark.parametrize(("mode", "code", "why"), [
    ("expired", 1, "the keys it gave ended at"), ("404", 77, "HTTP status 404"), ("403", 77, "the authorization token was refused"),
    ("503", 1, "HTTP status 503"), ("garbage", 1, "no JSON object")])
def test_container_faults(who: Who, services: Services, home: Path, mode: str, code: int, why: str) -> None:
    services.mode = mode
    done = who(**container(services, home))
    assert done.returncode == code and why in done.stderr, done.stderr
    assert "passed over\n  environment       AWS_ACCESS_KEY_ID is not set\n" in done.stderr
    assert len(services.requests) == (3 if mode == "503" else 1)


def test_a_token_file_that_is_gone_or_a_pipe(who: Who, services: Services, home: Path) -> None:
    settings = container(services, home)
    (home / "token").unlink()
    done = who(**settings)
    assert done.returncode == 1 and "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: there is no file" in done.stderr
    os.mkfifo(home / "token")
    done = who(**settings)
    assert done.returncode == 77 and "token: is no regular file" in done.stderr
    (home / "pipe").mkdir()
    os.mkfifo(home / "pipe/credentials")
    done = who(AWS_SHARED_CREDENTIALS_FILE=str(home / "pipe/credentials"))
    assert done.returncode == 78 and "credentials: is no regular file" in done.stderr
    assert services.requests == []


def test_web_identity(who: Who, sandbox: Sandbox, home: Path) -> None:
    sandbox.client("iam").create_role(RoleName="billing", AssumeRolePolicyDocument=json.dumps({
        "Version": "2012-10-17", "Statement": {"Effect": "Allow", "Principal": {"Federated": "issuer"},
                                               "Action": "sts:AssumeRoleWithWebIdentity"}}))
    settings = {"AWS_WEB_IDENTITY_TOKEN_FILE": str(home / "token"), "AWS_ROLE_ARN": ROLE, "AWS_ROLE_SESSION_NAME": "pod"}
    (home / "token").write_text(WEB_TOKEN)
    got = told(who("-o", "json", **settings))
    assert got["arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/billing/pod" and got["source"] == "web identity"
    assert not [call for call in sandbox.calls(operation="AssumeRoleWithWebIdentity") if call["access_key"]]
    for text, code, why in ((EXPIRED_WEB_TOKEN, 77, "ExpiredTokenException"), ("other", 77, "InvalidIdentityToken"),
                            ("", 1, "holds no token")):
        (home / "token").write_text(text)
        done = who(**settings)
        assert done.returncode == code and why in done.stderr, done.stderr
    (home / "token").unlink()
    assert "there is no file" in who(**settings).stderr


def test_sso(who: Who, services: Services, home: Path) -> None:
    got = told(who("-o", "json", **sso(services, home)))
    assert (got["arn"], got["source"]) == (SESSION, "profile default") and got["setting"].endswith("config:2: sso_session")
    before = cached(home).read_text()
    assert services.requests == ["GET /federation/credentials?role_name=Reader&account_id=123456789012"]

    got = told(who("-o", "json", **sso(services, home, "2020-01-01T00:00:00Z", startUrl="kept", **RENEWABLE)))
    kept = json.loads(cached(home).read_text())
    assert (kept["accessToken"], kept["refreshToken"], kept["startUrl"]) == (RENEWED, REFRESH + "-2", "kept")
    assert stat.S_IMODE(cached(home).stat().st_mode) == 0o600 and before != cached(home).read_text()

    for end, more in (("2020-01-01T00:00:00Z", {}), ("2020-01-01T00:00:00Z", {**RENEWABLE, "refreshToken": "used"}),
                      ("2099-01-01T00:00:00Z", {"accessToken": "revoked"})):
        done = who(**sso(services, home, end, **more))
        assert done.returncode == 77 and "run `aws sso login --profile default`" in done.stderr, done.stderr
    settings = sso(services, home)
    cached(home).unlink()
    assert "run `aws sso login --profile default`" in who(**settings).stderr


AS_BOTOCORE = ("import botocore.session as s; k = s.get_session().get_credentials().get_frozen_credentials(); "
               "print(k.access_key)")


def test_the_cached_token_is_shared_with_other_tools(who: Who, services: Services, home: Path) -> None:
    """botocore goes on with the token that we have renewed, and we with the one that it has."""
    settings = sso(services, home, "2020-01-01T00:00:00Z", **RENEWABLE)

    def botocore_says() -> str:
        env = {"HOME": str(home), "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true", **settings}
        return subprocess.run([sys.executable, "-c", AS_BOTOCORE], env=env, capture_output=True, text=True, check=True).stdout
    assert told(who("-o", "json", **settings))["arn"] == SESSION
    assert botocore_says().strip() == services.keys["access_key"]
    assert [line for line in services.requests if "/token" in line] == ["POST /token"]
    services.requests.clear()
    sso(services, home, "2020-01-01T00:00:00Z", **RENEWABLE)
    assert botocore_says().strip() == services.keys["access_key"]
    assert told(who("-o", "json", **settings))["arn"] == SESSION
    assert [line for line in services.requests if "/token" in line] == ["POST /token"]


def no_room() -> None:
    """Every write to a file fails, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def test_a_renewed_token_that_cannot_be_kept_is_used(who: Who, services: Services, home: Path) -> None:
    settings = sso(services, home, "2020-01-01T00:00:00Z", **RENEWABLE)
    before = cached(home).read_text()
    done = who("-o", "json", before=no_room, **settings)
    assert told(done)["arn"] == SESSION
    assert '"event":"sso_token_not_kept"' in done.stderr
    assert cached(home).read_text() == before and list(cached(home).parent.iterdir()) == [cached(home)]


def process(home: Path, keys: dict[str, Any], text: str) -> None:
    document = {"Version": 1, "AccessKeyId": keys["access_key"], "SecretAccessKey": keys["secret_key"],
                "SessionToken": keys["token"]}
    (home / "keys.json").write_text(json.dumps(document))
    (home / ".aws/config").write_text(f"[default]\ncredential_process = {text}\n")


def test_process(who: Who, keys: dict[str, Any], home: Path) -> None:
    process(home, keys, f"cat {home}/keys.json")
    assert told(who("-o", "json"))["arn"] == SESSION
    process(home, keys, f"cat {home}/keys.json >&2; exit 4")
    done = who()
    assert done.returncode == 1 and "credential_process: exit code 4" in done.stderr


@pytest.fixture(scope="module")
def metadata() -> Iterator[str]:
    """moto's own server, which has an instance's metadata."""
    server = Path(sys.executable).parent / "moto_server"
    moto = subprocess.Popen([server, "-H", "127.0.0.1", "-p", "0"], stderr=subprocess.PIPE, text=True)
    address = ""
    for line in moto.stderr or ():
        if "Running on http://127" in line:
            address = line.split("Running on ")[1].split()[0]
            break
    threading.Thread(target=lambda: [None for _ in moto.stderr or ()], daemon=True).start()
    yield address.rstrip("/")
    moto.terminate()
    moto.wait(10)


def test_instance_metadata(who: Who, sandbox: Sandbox, metadata: str) -> None:
    sandbox.account(ACCOUNT, access_key="test-key", secret_key="test-secret-key", token="test-session-token", arn=SESSION)
    settings = {"AWS_EC2_METADATA_DISABLED": "false", "AWS_EC2_METADATA_SERVICE_ENDPOINT": metadata,
                "http_proxy": "http://127.0.0.1:1", "no_proxy": sandbox.endpoint.split("/")[2].split(":")[0]}
    got = told(who("-o", "json", **settings))
    assert (got["arn"], got["source"]) == (SESSION, "instance metadata")
    assert [item["source"] for item in got["passed_over"]] == ["environment", "web identity", "profile", "container"]


def test_nobody(who: Who) -> None:
    done = who(AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT="http://127.0.0.1:1")
    assert done.returncode == 77 and done.stdout == ""
    [said] = [line for line in done.stderr.splitlines() if "WARNING: ASan" not in line]  # of its flows, when sanitized
    assert said.startswith("billingd: no AWS credentials: environment: AWS_ACCESS_KEY_ID is not set; ")
    assert "instance metadata: nobody answers at http://127.0.0.1:1" in done.stderr
    got = told(who("-o", "json"), 77)
    assert "account" not in got and got["error"].startswith("no AWS credentials") and len(got["passed_over"]) == 5


def test_what_systemd_hands_over(who: Who, sandbox: Sandbox, home: Path) -> None:
    keys = sandbox.environment()
    (home / "handed").mkdir()
    (home / "handed/aws_credentials").write_text(
        f"[default]\naws_access_key_id={keys['AWS_ACCESS_KEY_ID']}\naws_secret_access_key={keys['AWS_SECRET_ACCESS_KEY']}\n")
    got = told(who("-o", "json", CREDENTIALS_DIRECTORY=str(home / "handed")))
    assert (got["account"], got["source"]) == (ACCOUNT, "profile default")


# ---- with a spec ----

def test_pipelines(who: Who, sandbox: Sandbox, spec: Spec) -> None:
    keys = {k: v for k, v in sandbox.environment().items() if "KEY" in k}
    got = told(who("-f", str(spec.path), "-o", "json", **keys))
    assert [(p["name"], p["account"]) for p in got["pipelines"]] == [("shop", ACCOUNT)]
    spec.write(account="111122223333")
    done = who("-f", str(spec.path), **keys)
    assert done.returncode == 4 and "belong to account 123456789012, the spec names 111122223333" in done.stderr


def test_pipelines_that_share_credentials_are_asked_once(who: Who, sandbox: Sandbox, spec: Spec) -> None:
    keys = {k: v for k, v in sandbox.environment().items() if "KEY" in k}
    names = [f"shop-{n}" for n in range(40)]
    spec.write(pipelines="".join(pipeline(name, api=f"api-{name}") for name in names) + pipeline("far", region="us-west-2"))
    sandbox.clear()
    got = told(who("-f", str(spec.path), "-o", "json", **keys))
    assert [(p["name"], p["account"]) for p in got["pipelines"]] == [(name, ACCOUNT) for name in [*names, "far"]]
    assert sorted(call["region"] for call in sandbox.calls()) == ["ap-northeast-2", "us-west-2"]


def test_stopped_in_the_midst(sandbox: Sandbox, spec: Spec) -> None:
    """What was heard is told, and of the others that they were not."""
    regions = ["us-west-2", "us-east-1", "eu-west-1"]
    spec.write(pipelines=pipeline() + "".join(pipeline(f"in-{region}", region=region) for region in regions))
    sandbox.faults({"action": "hold", "operation": "GetCallerIdentity", "nth": 2, "times": 0})
    asked = subprocess.Popen([BINARY, "-f", spec.path, "whoami", "-o", "json"], text=True, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, env=environment(sandbox, spec.path.parent))
    while not sandbox.wait_for_fault():
        assert asked.poll() is None
    asked.send_signal(signal.SIGINT)
    out, _ = asked.communicate(timeout=60)
    sandbox.faults()
    heard = [(p.get("account"), p.get("error")) for p in json.loads(out)["pipelines"]]
    assert asked.returncode == 1 and len(heard) == 4
    assert heard == [(ACCOUNT, None)] + 3 * [(None, "stopped")]


# ---- the daemon ----

def test_the_daemon_never_waits_for_a_source(start: Callable[..., Daemon], sandbox: Sandbox, services: Services, home: Path,
                                             api: str) -> None:
    """All its calls are signed with a container's keys; when that hangs, only the calls wait."""
    sandbox.clear()
    daemon = start(**container(services, home), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="").ready()
    assert len(services.requests) == 1
    assert {call["access_key"] for call in sandbox.calls()} == {services.keys["access_key"]}
    services.mode = "slow"
    daemon.send(signal.SIGHUP)  # credentials are read again
    daemon.wait(lambda: len(services.requests) > 1)
    assert daemon.get("/-/healthy")[0] == 200
    services.mode = "well"
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    assert daemon.end() == 0
    assert services.keys["secret_key"] not in daemon.text() and TOKEN not in daemon.text()


def test_keys_that_end_in_the_middle(start: Callable[..., Daemon], sandbox: Sandbox, services: Services, home: Path,
                                     api: str) -> None:
    """AWS refuses what the source still believed in: one fetch, and each call is signed again."""
    daemon = start(**container(services, home), AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="").ready()
    old, new = services.keys, sandbox.account(ACCOUNT, access_key="ASIASANDBOXTASK00001", token="second-token", arn=SESSION)
    services.keys = new
    sandbox.account(ACCOUNT, access_key=old["access_key"], secret_key=old["secret_key"], token=old["token"], lifetime_s=-1)
    sandbox.clear()
    daemon.kick()
    assert len(services.requests) == 2
    refused = [call for call in sandbox.calls() if call["access_key"] == old["access_key"]]
    assert refused and all(call["error"].startswith("ExpiredToken") for call in refused)
    assert daemon.metric("billingd_part_failed", part="pass") == 0 and daemon.events("refused") == []
    assert daemon.end() == 0


def test_a_program_inherits_nothing(start: Callable[..., Daemon], sandbox: Sandbox, keys: dict[str, Any], home: Path,
                                    api: str) -> None:
    """Neither connections nor the web server's socket.  One that hangs ends with the daemon."""
    process(home, keys, f"ls /proc/self/fd > {home}/fds; cat {home}/keys.json")
    daemon = start(AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="", AWS_CONFIG_FILE=str(home / ".aws/config")).ready()
    (home / "fds").unlink()
    daemon.send(signal.SIGHUP)
    daemon.wait(lambda: daemon.metric("billingd_observed_generation") == 2)
    assert (home / "fds").read_text().split() == ["0", "1", "2", "3"]  # 3: ls reads the folder
    process(home, keys, f"echo $$ > {home}/pid; sleep 600")
    daemon.send(signal.SIGHUP)
    daemon.wait((home / "pid").exists)
    assert daemon.get("/-/healthy")[0] == 200
    assert daemon.end() == 0 and daemon.events("loop") == []
    assert not Path("/proc", (home / "pid").read_text().strip()).exists()
