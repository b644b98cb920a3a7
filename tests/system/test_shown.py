"""Every verb and the daemon, with secrets and bytes that act wherever both can come from: neither is in what they print, log, answer,
send or write. Verbs, flags, variables and paths are taken from the program and its documents, so a new one is walked by itself."""

import base64
import http.client
import json
import os
import pty
import re
import subprocess
import urllib.parse
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ACCOUNT, BINARY, PATIENCE_S, ROOT, Daemon, Sandbox, Spec, environment, make_api, pipeline
from sandbox import models
from test_journal import journal

ACTING = "\x00\x01\x07\x08\x0b\x0c\x0e\x1b[2J\x1b]0;title\x7f\x85\x9b31m\u061c\u200e\u200f\u2028\u2029\u202e\u2066\u2069\ufeff"
TURNING = "\u061c\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
# As AWS makes them, by chance; others as people choose them.
CANARIES = {
    "key": "kX9/aQ2+Lw7ZpR4vT1yB8nC5mD0sF3gH6jK+xU2e", "token": "IQoJb3JpZ2luX2VjEJr//////////wEaCXVzLWVhc3QtMSJHMEUCIQDx7k9P0aZ4"
    "bWq2L1yT8vRn5Kc3Jm6Xe0GhYsUoIiAe1x2BzQ4wNf7+PdTg/Hk9Lm3rVb5Js8CuXy0EaO6iWt1DqRn2Zp4KfUv7SxMh3GjYc9Bl5=",
    "other key": "Zt7/bM4+Qe1XnG8wP5uR2kV9cJ6hS3fD0yL+aT8o", "other token": "other-profiles-session-token-that-nobody-asked-for",
    "proxy": "pr0xy\"pass/w%ord&<x>", "endpoint": "3ndpoint-pa$$word-of-url", "web": "e5c2f1a09b8d7c6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c",
    "own": "what-people-call-a-secret \\ \"of theirs\"", "process": "printed-by-a-credential-process", "sso": "sso-access-token-canary-0123456789",
    "container": "authorization-token-of-the-container", "jwt": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLXRoZS1jYW5hcnk",
}
PIECE = 16  # so many bytes in a row of one are a leak
PRIVATE = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIMcanaryOfAPrivateKeyThatSigns0000\n-----END PRIVATE KEY-----\n"


def forms(secret: str) -> dict[str, bytes]:
    """How it may be written: of base64 those letters that hold nothing else, wherever it begins in a longer text."""
    raw = secret.encode()
    found = {"raw": raw, "url": urllib.parse.quote(secret, safe="").encode(), "json": json.dumps(secret)[1:-1].encode(), "hex": raw.hex().encode(),
             "reversed slash": secret.replace("/", "\\/").encode(), "xml": secret.replace("&", "&amp;").replace("<", "&lt;").encode()}
    for start in range(3):
        whole = base64.b64encode(b"x" * start + raw)
        found[f"base64 {start}"] = whole[4 if start else 0:len(whole) - 4]
    return found


FORMS = [(f"{name} ({form})", text) for name, secret in CANARIES.items() for form, text in forms(secret).items()]
FORMS.append(("private key", b"canaryOfAPrivateKey"))
PIECES = {text[at:at + PIECE]: name for name, text in FORMS for at in range(max(1, len(text) - PIECE + 1))}
PIECES.pop(CANARIES["token"][:PIECE].encode(), None)  # every token of AWS begins so


def leaks(where: str, output: bytes) -> list[str]:
    """Also of a part, and of one that is broken over two lines."""
    joined = re.sub(rb"\s*\n\s*(?:\d+ \| *)?", b"", output)
    return sorted({f"{where}: {PIECES[text[at:at + PIECE]]}" for text in {output, joined} for at in range(len(text) - PIECE + 1)
                   if text[at:at + PIECE] in PIECES})


def acting(where: str, output: bytes, ours: bool = False) -> list[str]:
    """Bytes that a terminal would act upon; of ours colours and movements are allowed."""
    try:
        text = output.decode()
    except UnicodeDecodeError as error:
        return [f"{where}: no UTF-8: {error}"]
    if ours:
        text = re.sub(r"\x1b\[[0-9;]*[mAJK]", "", text).replace("\r", "")
    return sorted({f"{where}: {ascii(c)} in {ascii(text[max(0, i - 30):i + 30])}" for i, c in enumerate(text)
                   if c not in "\n\t" and (ord(c) < 0x20 or 0x7f <= ord(c) < 0xa0 or c in TURNING)})


def looked(where: str, done: subprocess.CompletedProcess[bytes], exact: bool = False) -> list[str]:
    assert b"Sanitizer" not in done.stderr and b"runtime error" not in done.stderr and done.returncode >= 0, (where, done)
    wrong = leaks(where, done.stdout + b"\n" + done.stderr) + acting(where, done.stderr) + ([] if exact else acting(where, done.stdout))
    for line in done.stderr.split(b"\n"):
        if line.startswith(b"{"):
            json.loads(line)
    return wrong


HELP = json.loads(subprocess.run([BINARY, "help", "-o", "json"], capture_output=True, text=True, timeout=60, check=True).stdout)
VERBS = {verb["name"]: verb for verb in HELP["verbs"]}
MORE = {"verify": ["2025-10"], "close": ["2025-10", "--yes"], "apply": ["--yes"], "run": ["--once"], "pause": ["shop/access_logs", "--for", "1h", "--reason", "x"],
        "explain": ["shop/view"], "shadow": ["--month", "2025-10", "--compare", "/dev/null"]}


def words(verb: str) -> list[str]:
    """Its example, or what makes it ask AWS."""
    return [verb, *MORE[verb]] if verb in MORE else VERBS[verb]["example"].split()[1:]


def outputs(verb: str) -> list[list[str]]:
    return [[], *([["-o", "json"]] if any(flag["name"] == "output" for flag in VERBS[verb]["flags"]) else [])]


def echo() -> str:
    """What AWS says of a signature that does not match, and more of the kind."""
    token, key = CANARIES["token"], CANARIES["key"]
    signed = f"GET\n/\n\nhost:logs\nx-amz-date:20261130T000000Z\nx-amz-security-token:{token}\n\nhost;x-amz-date\n{key}"
    return (f"The request signature we calculated of f{key.encode().hex()} does not match. The Canonical String should have been\n'{signed}'\n"
            f"{signed.encode().hex(' ')} {base64.b64encode(b'12' + signed.encode()).decode()} {urllib.parse.quote(signed, safe='')} "
            f"{json.dumps(json.dumps(signed))} {CANARIES['own']} {key[:20]}\n   {key[20:]} "
            f"https://b.s3.amazonaws.com/k?X-Amz-Security-Token={urllib.parse.quote(token, safe='')}&X-Amz-Signature={'0' * 64} "
            f"http://someone:{CANARIES['endpoint']}@host/ {PRIVATE}" + ACTING.replace("\x00", ""))


def refusals(status: int, code: str, answered: str = "") -> list[dict[str, Any]]:
    """Of every call, but those of a service; XML cannot hold every byte."""
    whole = echo()
    written = "".join(c for c in whole if c >= " " or c in "\n\t")
    return [{"action": "error", "times": 0, "status": status, "code": code, "service": service,
             "message": whole if "json" in models.protocol(service) else written} for service in models.SERVICES if service != answered]


@pytest.fixture
def home(sandbox: Sandbox, spec: Spec) -> Path:
    """Shared files with profiles of others, and a spec whose texts hold all that could be there; its folder."""
    folder = spec.path.parent
    (folder / ".aws/sso/cache").mkdir(parents=True)
    (folder / ".aws/credentials").write_text(
        f"[default]\naws_access_key_id = AKIAEXAMPLEEXAMPLE00\naws_secret_access_key = {CANARIES['other key']}\n"
        f"[other]\naws_access_key_id = AKIAEXAMPLEEXAMPLE01\naws_secret_access_key = {CANARIES['other key']}\n"
        f"aws_session_token = {CANARIES['other token']}\n")
    (folder / "web.token").write_text(CANARIES["web"] + "\n")
    (folder / "web.token").chmod(0o600)
    (folder / "key.pem").write_text(PRIVATE)
    (folder / "key.pem").chmod(0o600)
    make_api(sandbox)
    sandbox.account(ACCOUNT, access_key="ASIASANDBOXSHOWN0000", secret_key=CANARIES["key"], token=CANARIES["token"],
                    arn=f"arn:aws:sts::{ACCOUNT}:assumed-role/shown/one")
    spec.write(pipelines=pipeline(more="    billing: {prices: [{from: 2020-01-01, call: 0.001, gib: 0.10}], "
                                       f"close: {{signing_key: {folder}/key.pem}}}}\n"),
               top=f"web: {{token_file: {folder}/web.token, actions: true}}\n")
    return folder


def secrets(sandbox: Sandbox, home: Path, **more: str) -> dict[str, str]:
    return {**environment(sandbox, home), "AWS_ACCESS_KEY_ID": "ASIASANDBOXSHOWN0000", "AWS_SECRET_ACCESS_KEY": CANARIES["key"],
            "AWS_SESSION_TOKEN": CANARIES["token"], "http_proxy": f"http://me:{urllib.parse.quote(CANARIES['proxy'], safe='')}@127.0.0.1:1",
            "no_proxy": "127.0.0.1", "DATABASE_PASSWORD": CANARIES["own"], "BILLINGD_LOG_LEVEL": "debug", **more}


Job = tuple[str, list[str], dict[str, str]]


def walk(jobs: list[Job], home: Path) -> list[str]:
    """All of them, two at a time; what is wrong with any."""
    def one(job: Job) -> list[str]:
        where, command, env = job
        done = subprocess.run([BINARY, *command], capture_output=True, env=env, cwd=home, stdin=subprocess.DEVNULL, timeout=PATIENCE_S)
        return looked(where, done)
    with ThreadPoolExecutor(2) as pool:
        return sorted({wrong for found in pool.map(one, jobs) for wrong in found})


def told(wrong: list[str]) -> None:
    assert not wrong, "\n".join(sorted(set(wrong)))


# ---- the verbs ----

def test_what_aws_echoes(sandbox: Sandbox, spec: Spec, home: Path) -> None:
    """Every call is refused with a message that holds all of it, in every form."""
    for status, code, asked in ((403, "SignatureDoesNotMatch", ""), (400, "AccessDenied\x85", "sts")):
        sandbox.faults(*refusals(status, code, asked))
        env = secrets(sandbox, home, AWS_MAX_ATTEMPTS="1")
        jobs = [(f"{code} {verb} {' '.join(more)}", ["-f", str(spec.path), *words(verb), *more], env)
                for verb in VERBS for more in outputs(verb)]
        told(walk(jobs, home))
    sandbox.faults()


def test_settings_that_are_secrets_or_act(sandbox: Sandbox, spec: Spec, home: Path) -> None:
    """Each variable of the shipped spec, each of AWS, each flag and its variable, and words of the command line."""
    names = sorted(set(re.findall(r"\$\{([A-Z_0-9]+)", (ROOT / "billing.yaml").read_text())))
    assert len(names) > 10
    values = {"key": CANARIES["key"], "other key": CANARIES["other key"], "token": CANARIES["token"], "own": CANARIES["own"],
              "url": "https://u:" + CANARIES["endpoint"] + "@h/" + CANARIES["key"] + "/x", "private": PRIVATE, "acting": "x" + ACTING[1:],
              "url-encoded": urllib.parse.quote(CANARIES["key"], safe=""), "bytes": "x\udc9b\udcff\udc80"}
    shipped, env = ["-f", str(ROOT / "billing.yaml")], secrets(sandbox, home)
    jobs: list[Job] = []
    for kind, value in values.items():
        jobs += [(f"{name} is {kind}: check", [*shipped, "check", "--print-effective"], {**env, name: value}) for name in names]
    for kind in ("other key", "acting"):
        value = values[kind]
        for flag in {flag["environment"]: flag for verb in HELP["verbs"] for flag in verb["flags"] + HELP["flags"] if "environment" in flag}.values():
            verb = next(v["name"] for v in HELP["verbs"] if flag in v["flags"] or flag in HELP["flags"])
            jobs.append((f"{flag['environment']} is {kind}", ["-f", str(spec.path), *words(verb)], {**env, flag["environment"]: value}))
            jobs.append((f"--{flag['name']} is {kind}", ["-f", str(spec.path), verb, f"--{flag['name']}", value], env))
        jobs += [(f"{verb} {kind}", ["-f", str(spec.path), verb, value], env) for verb in VERBS]
        jobs += [(f"word {kind}", [value], env), (f"flag {kind}", ["plan", "--" + value], env)]
    # A password in the URL of whatever variable, where a spec puts it.
    tagged = home / "tagged.yaml"
    tagged.write_text(spec.path.read_text() + "    resources: {access_logs: {tags: {database: '${DATABASE_URL}'}}}\n")
    jobs += [(f"tag {' '.join(word)}", ["-f", str(tagged), *word], {**env, "DATABASE_URL": f"postgres://u:{CANARIES['sso']}@db/x"})
             for word in (["check", "--print-effective"], ["plan"], ["plan", "-o", "json"])]
    jobs.append(("fragment", ["-f", str(spec.path), "plan"], {**env, "AWS_ENDPOINT_URL": f"http://127.0.0.1:1/#{CANARIES['endpoint']}"}))
    told(walk(jobs, home))


SPECS = {
    "anchor": "account: *{}\n", "twice": "account: '1'\naccount: '{}'\n", "list": "region: [{}]\n", "key": "{}: x\n", "pipeline": "pipelines: {{{}: {{}}}}\n",
    "comment": "region: 9 # {}\n", "beside": "reconcile: {{intervall: 1h, password: {}}}\n", "quoted": "region: \"{}\n", "folded": "region: \"{}\n  b\"\nacount: 1\n",
    "template": "template: {}\n", "time zone": "region: us-east-1\npipelines: {{p: {{billing: {{time_zone: \"{}\"}}}}}}\n", "listen": "listen: \"{}\"\n",
    "web": "web: {{token_file: \"/{}\"}}\n", "tag": "!{} x\n", "merge": "pipelines: {{<<: {}}}\n"}


def test_specs_with_secrets(sandbox: Sandbox, home: Path) -> None:
    """A secret at each kind of wrong place: known, by its form, or beside the place."""
    env, jobs = secrets(sandbox, home), []
    for name, text in SPECS.items():
        for kind in ("key", "own", "other key", "endpoint" if name in ("comment", "beside") else "token"):
            path = home / f"{name} {kind}.yaml".replace(" ", "-")
            path.write_text(text.format(CANARIES[kind]))
            jobs += [(f"{name} {kind} {verb}", ["-f", str(path), verb], env) for verb in ("check", "fmt", "whoami") if verb != "fmt" or name == "tag"]
    acts = home / "acts\x1b[2J\u202e\udc9b.yaml"
    acts.write_text(f"account: '{ACTING[7:]}\n")
    jobs += [(f"acts {verb}", ["-f", str(acts), *words(verb)], env) for verb in VERBS]
    told(walk(jobs, home))


# ---- where credentials come from ----

def sources(folder: Path) -> dict[str, tuple[dict[str, str], dict[str, str]]]:
    """Name -> (files of a home, variables): each source with its secret, and something wrong."""
    c = CANARIES
    credentials = ".aws/credentials"
    found: dict[str, tuple[dict[str, str], dict[str, str]]] = {
        "a line without =": ({credentials: f"[default]\n{c['other key']}\n"}, {}),
        "before a section": ({credentials: f"aws_secret_access_key = {c['other key']}\n"}, {}),
        "half a section": ({credentials: f"[default {c['other key']}\n"}, {}),
        "half of the keys": ({credentials: f"[default]\naws_secret_access_key = {c['other key']}\n"}, {}),
        "a region": ({".aws/config": f"[default]\nregion = {c['other token']}\naws_session_token = {c['other token']}\n"}, {}),
        "an endpoint": ({".aws/config": f"[default]\nendpoint_url = http://u:{c['endpoint']}@127.0.0.1:1/\n"}, {}),
        "no endpoint": ({".aws/config": f"[default]\nendpoint_url = ftp://u:{c['endpoint']}@127.0.0.1:1/\n"}, {}),
        "a source profile": ({".aws/config": f"[default]\nrole_arn = arn:aws:iam::{ACCOUNT}:role/x\nsource_profile = {c['other key']}\n"}, {}),
        "a role": ({".aws/config": f"[default]\nrole_arn = {c['other key']}\nsource_profile = default\n"}, {}),
        "a process that fails": ({".aws/config": f"[default]\ncredential_process = echo {c['process']}; echo {c['process']} >&2; exit 3\n"}, {}),
        "a process that says too little": ({".aws/config": f"[default]\ncredential_process = echo '{{\"Version\": 1, \"SecretAccessKey\": \"{c['process']}\"}}'\n"}, {}),
        "a process without JSON": ({".aws/config": f"[default]\ncredential_process = echo '{{{c['process']}'\n"}, {}),
        "a process of another form": ({".aws/config": f"[default]\ncredential_process = echo '[\"{c['process']}\"]'\n"}, {}),
        "web identity": ({"jwt": c["jwt"]}, {"AWS_WEB_IDENTITY_TOKEN_FILE": f"{folder}/jwt", "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/x"}),
        "a token as its file": ({}, {"AWS_WEB_IDENTITY_TOKEN_FILE": c["other key"], "AWS_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/x"}),
        "container": ({}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN": c["container"]}),
        "container's token in lines": ({"t": c["container"] + "\nx" + c["container"]},
                                       {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:1/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": f"{folder}/t"}),
        "container's address": ({}, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://u:{c['endpoint']}@10.0.0.1/x"}),
        "a bundle": ({"ca.pem": PRIVATE}, {"AWS_CA_BUNDLE": f"{folder}/ca.pem", "AWS_ENDPOINT_URL": "https://127.0.0.1:1"}),
        "a proxy": ({}, {"https_proxy": f"gopher://me:{c['endpoint']}@127.0.0.1:1", "AWS_ENDPOINT_URL": "https://127.0.0.2:1"}),
        "an endpoint with a password": ({}, {"AWS_ENDPOINT_URL": f"http://u:{c['endpoint']}@127.0.0.1:1/", "AWS_ACCESS_KEY_ID": "AKIAX", "AWS_SECRET_ACCESS_KEY": c["key"]}),
    }
    for wrong in (f'{{"accessToken": "{c["sso"]}", "expiresAt": "2020-01-01T00:00:00Z"}}', f'{{"accessToken": "{c["sso"]}"', f'"{c["sso"]}"',
                  f'{{"accessToken": "{c["sso"]}", "expiresAt": "{c["sso"]}"}}'):
        found[f"SSO {len(found)}"] = ({".aws/config": "[default]\nsso_session = dev\nsso_account_id = 123456789012\nsso_role_name = R\n[sso-session dev]\n"
                                       "sso_region = us-east-1\nsso_start_url = https://d/\n", ".aws/sso/cache/34c6fceca75e456f25e7e99531e2425c6c1de443.json": wrong}, {})
    for name in ("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_CA_BUNDLE", "AWS_ROLE_ARN"):
        found[f"{name} acts"] = ({}, {name: "x" + ACTING[1:]})
        found[f"{name} is no text"] = ({}, {name: "x\udc9b\udcff"})
    return found


def test_sources_of_credentials(sandbox: Sandbox, home: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    jobs: list[Job] = []
    for name, (files, variables) in sources(Path("SOURCE")).items():
        folder = tmp_path_factory.mktemp("source")
        (folder / ".aws/sso/cache").mkdir(parents=True)
        for path, text in files.items():
            (folder / path).write_text(text)
        env = {"PATH": os.environ["PATH"], "HOME": str(folder), "AWS_REGION": "ap-northeast-2", "AWS_ENDPOINT_URL": sandbox.endpoint,
               "AWS_EC2_METADATA_DISABLED": "true", "AWS_MAX_ATTEMPTS": "1", "BILLINGD_LOG_LEVEL": "debug", "http_proxy": "", "no_proxy": "127.0.0.1",
               **{key: value.replace("SOURCE", str(folder)) for key, value in variables.items()}}
        jobs += [(f"{name}: {' '.join(asked)}", asked, env) for asked in (["whoami"], ["whoami", "-o", "json"], ["-f", str(home / "billing.yaml"), "plan", "-o", "json"])]
    told(walk(jobs, home))


# ---- the daemon ----

def request(daemon: Daemon, method: str, target: str, headers: dict[str, str], body: str = "") -> bytes:
    """Head and body of the answer, byte by byte."""
    connection = http.client.HTTPConnection(daemon.address.removeprefix("http://"), timeout=PATIENCE_S)
    connection.putrequest(method, target, skip_host="Host" in headers)
    for name, value in {**headers, **({"Content-Length": str(len(body))} if body else {})}.items():
        connection.putheader(name, value.encode())
    connection.endheaders(body.encode() or None)
    answer = connection.getresponse()
    told = "".join(f"{name}: {value}\n" for name, value in answer.getheaders()).encode() + answer.read()
    connection.close()
    return told


def asked_of_the_daemon(daemon: Daemon) -> list[str]:
    """Every path of its document, and what is wrong to ask; by who is trusted, by who is not, and by who guesses."""
    paths: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "docs/openapi.yaml").read_text())["paths"]
    targets = [(method.upper(), path) for path, item in paths.items() for method in item if method in ("get", "post")]
    assert len(targets) > 12
    hostile = urllib.parse.quote(CANARIES["key"] + ACTING)
    targets += [("GET", "/"), ("GET", "/resource/shop/view"), ("GET", "/nothing/" + hostile), ("GET", "/?x=" + hostile), ("DELETE", "/metrics"),
                ("GET", "/api/v1/events?since=" + hostile), ("GET", "/" + CANARIES["key"])]
    wrong = []
    body = json.dumps({"address": "shop/" + CANARIES["key"] + ACTING, "reason": CANARIES["own"] + ACTING, "for": "1h"})
    kept = json.dumps({"address": "shop/access_logs", "reason": "moving the group", "for": "1h"})
    for method, target in targets:
        for who in ({}, {"Authorization": f"Bearer {CANARIES['web']}"}, {"Authorization": f"Bearer {CANARIES['other key']}"},
                    {"Host": CANARIES["other key"]}, {"X": CANARIES["token"], "Accept": CANARIES["own"]}):
            for sent in ((body, kept) if method == "POST" and "Authorization" in who else ("",)):
                answer = request(daemon, method, target, {**who, "Billingd-Action": "1", **({"Content-Type": "application/json"} if sent else {})}, sent)
                wrong += leaks(f"{method} {target}", answer) + acting(f"{method} {target}", answer.replace(b"\r", b""))
    return wrong


def test_the_daemon(start: Callable[..., Daemon], sandbox: Sandbox, spec: Spec, home: Path) -> None:
    """Its answers, its log and what it tells systemd, while all is well and while AWS echoes; then what it has sent and written."""
    env = {key: value for key, value in secrets(sandbox, home).items() if key not in environment(sandbox, home) or key.startswith("AWS_")}
    daemon = start(**env).ready()
    limits = Path(f"/proc/{daemon.process.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits)
    assert leaks("command line", Path(f"/proc/{daemon.process.pid}/cmdline").read_bytes()) == []
    wrong = asked_of_the_daemon(daemon)
    sandbox.client("logs").put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=1)
    sandbox.faults(*refusals(403, "AccessDenied"))
    daemon.kick()
    wrong += asked_of_the_daemon(daemon)
    sandbox.faults()
    assert daemon.end() == 0
    for name, text in (("log", daemon.text()), ("systemd", "\n".join(daemon.messages))):
        wrong += leaks(name, text.encode()) + acting(name, text.encode())
    assert all(json.loads(line) for line in daemon.lines if line.startswith("{")) and len(daemon.lines) > 100
    sent = json.dumps(sandbox.calls(lease=True)).encode()
    wrong += leaks("sent", sent)
    for bucket in sandbox.client("s3").list_buckets()["Buckets"]:
        for one in sandbox.objects(bucket["Name"]):
            body = sandbox.client("s3").get_object(Bucket=bucket["Name"], Key=one["key"])["Body"].read()
            wrong += leaks("object " + one["key"], one["key"].encode() + b"\n" + body)
    told(wrong)


def test_the_journal(sandbox: Sandbox, spec: Spec, home: Path) -> None:
    sandbox.faults(*refusals(403, "AccessDenied", "sts"))
    good = [str(BINARY), "-f", str(spec.path)]
    codes, records = journal(home, secrets(sandbox, home, AWS_MAX_ATTEMPTS="1"), [[*good, "run", "--once"], [*good, "plan"], [*good, "bill", "--month", "2025-10"]])
    sandbox.faults()
    whole = "\n".join(json.dumps(record, ensure_ascii=False) for record in records)
    assert len(codes) == 3 and "request signature we calculated" in whole, codes
    # The journal's own fields have the environment's words (_CMDLINE), which here hold none.
    assert leaks("journal", whole.encode()) == []
    messages = "\n".join(str(value) if isinstance(value, str) else bytes(value).decode() for record in records
                         for name, value in record.items() if name == "MESSAGE")
    assert acting("journal", messages.encode()) == []


# ---- what is in AWS ----

def on_terminal(command: list[str], env: dict[str, str], home: Path) -> bytes:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([BINARY, *command], stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, cwd=home, env={**env, "TERM": "xterm"})
    os.close(theirs)
    told = b""
    try:
        while more := os.read(ours, 65536):
            told += more
    except OSError:  # the other end is closed
        pass
    process.wait(PATIENCE_S)
    os.close(ours)
    return told


def test_names_and_texts_of_aws(sandbox: Sandbox, spec: Spec, home: Path, run: Any) -> None:
    """Tags, descriptions and parameters that somebody set, on a terminal, in a pipe and as JSON: harmless as text, and no secret of ours."""
    assert run("apply", "--yes").returncode == 0
    hostile = "x" + "".join(c for c in ACTING if c >= " ") + "y"  # AWS takes no others there
    sandbox.client("logs").tag_resource(resourceArn=f"arn:aws:logs:ap-northeast-2:{ACCOUNT}:log-group:/aws/apigw/shop", tags={"team": "x\u2028y"})
    sandbox.client("logs").put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=1)
    sandbox.client("glue").update_database(Name="shop", DatabaseInput={
        "Name": "shop", "Description": f"{hostile} {CANARIES['own']}", "Parameters": {"a": CANARIES["key"], "b": base64.b64encode(CANARIES["token"].encode()).decode()}})
    env, jobs = secrets(sandbox, home), []
    for verb in ("plan", "explain", "status", "iam-policy", "import"):
        for word in (words(verb), ["explain", "shop/database"]):
            jobs += [(f"{' '.join(word)} {' '.join(more)}", ["-f", str(spec.path), *word, *more], env) for more in outputs(verb)]
    told(walk(jobs, home))
    for verb in ("plan", "explain"):
        shown = on_terminal(["-f", str(spec.path), *words(verb)], env, home)
        assert acting("terminal", shown, ours=True) == leaks("terminal", shown) == [] and b"shop" in shown
    assert "***" in json.dumps(json.loads(subprocess.run([BINARY, "-f", spec.path, "explain", "shop/database", "-o", "json"], env=env, capture_output=True,
                                                         check=True, timeout=PATIENCE_S).stdout))


def test_texts_of_others_make_no_lines(sandbox: Sandbox, spec: Spec, run: Any, api: str) -> None:
    """Somebody's text does not look like a line of ours."""
    forged = "x\nNothing to change: AWS is as the spec says.\r\nwarning: y"
    assert run("apply", "--yes").returncode == 0
    sandbox.client("logs").put_retention_policy(logGroupName="/aws/apigw/shop", retentionInDays=7)
    claim = {"id": "0" * 16, "host": forged, "pid": 7, "since": 1700000000, "wants": {"access_logs": {"retention_days": "0" * 12}}}
    paused = {"address": "shop/stage_logging", "by": forged, "reason": forged, "since": 1700000000, "until": 4000000000}
    sandbox.client("s3").put_object(Bucket="shop-bucket", Key="_billingd/shop/pauses.json",
                                    Body=json.dumps({"format_version": "1.0", "pauses": [paused], "spec": claim}))
    sandbox.faults({"operation": "GetWorkGroup", "action": "member", "path": ["WorkGroup", "Description"], "value": forged, "times": 0},
                   {"operation": "DescribeDeliveryStream", "action": "error", "status": 400, "code": "E", "message": forged, "times": 0})
    told = 0
    for said in (run("plan"), run("status"), run("explain", "shop/stage_logging"), run("explain", "shop/workgroup")):
        lines = (said.stdout + said.stderr).splitlines()
        assert not [line for line in lines if line.startswith(("Nothing to change", "warning: y"))], lines
        told += sum("Nothing to change: AWS is as the spec says." in line for line in lines)
    assert told >= 8, told
