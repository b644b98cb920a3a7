"""The demo itself: billingd brings up, keeps and repairs a whole pipeline on a sandbox AWS.

Run it with scripts/demo, which builds first.  Each command is shown before it runs; what it prints
is real, only long output is cut, which is then said.  Everything lives in a folder of its own that
goes at the end, and nothing stays running.

    --stay    leaves the daemon and its page up until Enter is pressed"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
BILLINGD = "build/release/billingd"
# Nothing of the caller's AWS set-up may reach the sandbox, or the other way round.
for name in [n for n in os.environ if n.startswith(("AWS_", "BILLING"))]:
    del os.environ[name]
os.environ["no_proxy"] = os.environ["NO_PROXY"] = "127.0.0.1"
sys.path.insert(0, str(ROOT / "tests"))

from sandbox.control import ACCOUNT, Sandbox, start_sandbox

import demo_bill
import demo_page

TERMINAL = sys.stdout.isatty() and "NO_COLOR" not in os.environ
BUCKET = "ddn-apigw-accesslog-bucket"
STREAM = "ddn-apigw-accesslog-fh"
ACCESS_LOGS = "/aws/apigw/ddn-access-logs"
DATABASE, VIEW = "ddn_billing_db", "restapi_access_log_json"
READY = "billingd is ready"
step_number = 0


def paint(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if TERMINAL else text


def step(title: str) -> None:
    global step_number
    step_number += 1
    print("\n" + paint("1", f"{step_number}. {title}"), flush=True)


def say(text: str) -> None:
    print(f"   {text}", flush=True)


def fail(text: str) -> None:
    sys.exit(f"\nscripts/demo: {text}")


def fit(line: str) -> str:
    width = shutil.get_terminal_size((120, 24)).columns - 5
    return line if len(line) <= width else line[:width - 1] + "…"


class Program:
    """billingd in an environment that knows the sandbox only."""

    def __init__(self, sandbox: Sandbox, folder: Path):
        self.folder = folder
        self.environment = {**os.environ, **sandbox.environment(), "HOME": str(folder),
                            "AWS_CONFIG_FILE": str(folder / "config"),
                            "AWS_SHARED_CREDENTIALS_FILE": str(folder / "credentials"),
                            "BILLING_ACCOUNT_ID": ACCOUNT}

    def show(self, *words: str) -> list[str]:
        print("   " + paint("36", f"$ {BILLINGD} {' '.join(words)}"), flush=True)
        return [BILLINGD, *(["--color", "always"] if TERMINAL else []), *words]

    def run(self, *words: str, expect: int = 0, quiet: bool = False) -> str:
        """Standard output of a command that must exit as expected; but for quiet shows standard error."""
        done = subprocess.run(self.show(*words), cwd=ROOT, env=self.environment, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=300)
        if done.returncode != expect:
            fail(f"billingd {' '.join(words)} exited with {done.returncode}, not {expect}\n"
                 f"{done.stdout}{done.stderr}")
        if not quiet:
            print_all(done.stderr)
        return done.stdout


def is_heading(line: str) -> bool:
    return bool(re.match(r"(\033\[[0-9;]*m)*[+~!-]", line))


def print_plan(text: str, resources: int) -> None:
    """The first resources of a plan in full, the others' headings, the summary."""
    lines = text.splitlines()
    shown = 0
    for line in lines[:-1]:
        if is_heading(line):
            shown += 1
        if is_heading(line) or shown <= resources:
            print("   " + line)
    say(paint("2", f"(cut: the fields of the other {shown - resources} resources)"))
    print("   " + lines[-1], flush=True)


@contextmanager
def daemon(program: Program, spec: Path) -> Iterator["Daemon"]:
    process = subprocess.Popen(program.show("-f", str(spec), "run"), cwd=ROOT,
                               env=program.environment, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    running = Daemon(process)
    try:
        yield running
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        running.reader.join()


def shorten(event: dict[str, Any]) -> str:
    """A line of the log, which is JSON, for reading."""
    rest = [f"{k}={v}" for k, v in event.items() if k not in ("event", "level", "kind", "resource")]
    return " ".join([f"{event['event']:8}", event.get("resource", ""), *rest])


class Daemon:
    """A running billingd whose log is printed as it comes."""

    def __init__(self, process: subprocess.Popen[str]):
        self.process = process
        self.events: list[dict[str, Any]] = []
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self) -> None:
        for line in self.process.stderr or ():
            try:
                self.events.append(json.loads(line))
                line = shorten(self.events[-1])
            except ValueError:
                pass
            print("   " + paint("2", fit("| " + line.rstrip("\n"))), flush=True)

    def wait(self, what: str, ready: Callable[[], bool], limit_s: float = 25) -> None:
        deadline = time.monotonic() + limit_s
        while not ready():
            if self.process.poll() is not None:
                fail(f"the daemon ended ({self.process.returncode}) while waiting for {what}")
            if time.monotonic() > deadline:
                fail(f"no sign of {what} within {limit_s:.0f} s")
            time.sleep(0.05)

    def address(self) -> str | None:
        return next((e["listen"] for e in self.events if e.get("listen")), None)

    def ready_says(self) -> str:
        """What /-/ready answers once every part of the daemon's work was done; "" before that."""
        if not self.address():
            return ""
        try:
            with urllib.request.urlopen(f"http://{self.address()}/-/ready", timeout=5) as reply:
                text = reply.read().decode()
        except urllib.error.HTTPError as error:
            text = error.read().decode()
        except urllib.error.URLError:
            return ""
        return "" if re.search("has not ended|not done yet", text) else text.strip()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self.reader.join()
        if code:
            fail(f"the daemon exited with {code} on SIGTERM")


def create_api(sandbox: Sandbox) -> None:
    gateway = sandbox.client("apigatewayv2")
    api = gateway.create_api(Name="ddn-api", ProtocolType="HTTP")
    gateway.create_stage(ApiId=api["ApiId"], StageName="$default", AutoDeploy=True)
    say(f"HTTP API ddn-api ({api['ApiId']}) with stage $default: somebody else's, to be billed")


class Hand:
    """What breaks the pipeline, and looks whether it is whole again: boto3, not billingd."""

    def __init__(self, sandbox: Sandbox):
        self.logs, self.firehose = sandbox.client("logs"), sandbox.client("firehose")
        self.s3, self.glue = sandbox.client("s3"), sandbox.client("glue")

    def processors(self) -> list[str]:
        stream = self.firehose.describe_delivery_stream(DeliveryStreamName=STREAM)
        target = stream["DeliveryStreamDescription"]["Destinations"][0]
        settings = target["ExtendedS3DestinationDescription"].get("ProcessingConfiguration", {})
        return [p["Type"] for p in settings.get("Processors", [])]

    def break_filter(self) -> None:
        self.logs.delete_subscription_filter(logGroupName=ACCESS_LOGS, filterName="ToFirehose")

    def filter_is_there(self) -> bool:
        found = self.logs.describe_subscription_filters(logGroupName=ACCESS_LOGS)
        return [f["filterName"] for f in found["subscriptionFilters"]] == ["ToFirehose"]

    def break_retention(self) -> None:
        self.logs.put_retention_policy(logGroupName=ACCESS_LOGS, retentionInDays=1)

    def retention_is_right(self) -> bool:
        found = self.logs.describe_log_groups(logGroupNamePrefix=ACCESS_LOGS)
        return bool(found["logGroups"][0].get("retentionInDays") == 90)

    def break_stream(self) -> None:
        stream = self.firehose.describe_delivery_stream(DeliveryStreamName=STREAM)
        stream = stream["DeliveryStreamDescription"]
        self.firehose.update_destination(
            DeliveryStreamName=STREAM, CurrentDeliveryStreamVersionId=stream["VersionId"],
            DestinationId=stream["Destinations"][0]["DestinationId"],
            ExtendedS3DestinationUpdate={
                "ProcessingConfiguration": {"Enabled": False, "Processors": []}})

    def stream_is_right(self) -> bool:
        return self.processors() == ["Decompression", "AppendDelimiterToRecord"]

    def break_view(self) -> None:
        self.glue.delete_table(DatabaseName=DATABASE, Name=VIEW)

    def view_is_there(self) -> bool:
        tables = self.glue.get_tables(DatabaseName=DATABASE)["TableList"]
        return VIEW in [table["Name"] for table in tables]

    def breaks(self) -> list[tuple[str, Callable[[], None], Callable[[], bool]]]:
        return [("deleted the subscription filter: requests no longer reach the stream",
                 self.break_filter, self.filter_is_there),
                ("set the access log's retention to 1 day: what is not delivered is soon gone",
                 self.break_retention, self.retention_is_right),
                ("removed the stream's processors: Athena reads one request per object, no more",
                 self.break_stream, self.stream_is_right),
                ("deleted the view that every query and bill reads",
                 self.break_view, self.view_is_there)]


def daemon_spec(folder: Path) -> Path:
    """billing.yaml with a short interval and a free port."""
    text = (ROOT / "billing.yaml").read_text()
    for pattern, value in [(r"interval: 5m", "interval: 5s"), (r"jitter: 30s", "jitter: 0s"),
                           (r"listen: \S+", "listen: 127.0.0.1:0")]:
        text, count = re.subn(pattern, value, text)
        if count != 1:
            fail(f"billing.yaml has no {pattern!r}")
    path = folder / "billing.yaml"
    path.write_text(text + f"\ntemplate: {ROOT}/specs/pipeline.yaml\n")
    return path


def apply(program: Program) -> None:
    """On a terminal billingd's own display; elsewhere one line for each finished resource."""
    process = subprocess.Popen(program.show("apply", "--yes"), cwd=ROOT, env=program.environment,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=None if TERMINAL else subprocess.PIPE, text=True)
    for line in process.stderr or ():
        if not re.search(r": (reading|creating|updating|verifying)$", line):
            print("   " + line, end="", flush=True)
    out = process.stdout.read() if process.stdout else ""
    if process.wait():
        fail(f"billingd apply exited with {process.returncode}\n{out}")
    print("   " + out.splitlines()[-1], flush=True)


def bring_up(program: Program) -> None:
    step("Is the spec right?  (no AWS needed)")
    program.run("check")
    step("What would change?  Nothing is there yet, so everything")
    print_plan(program.run("plan", "--detailed-exitcode", expect=2, quiet=True), resources=2)
    step("Make it so: in order of dependency, each write verified by a read")
    apply(program)
    step("A second look finds nothing to do (exit code 0)")
    for line in program.run("plan", "--detailed-exitcode", quiet=True).splitlines():
        print("   " + line)


def keep(program: Program, sandbox: Sandbox, folder: Path) -> None:
    spec = daemon_spec(folder)
    hand = Hand(sandbox)
    step("Keep it so: the daemon, looking every 5 s here (every 5 min as shipped); its log, shortened")
    with daemon(program, spec) as running:
        running.wait("the daemon's first look, rollups and audit", lambda: bool(running.ready_says()), limit_s=120)
        if running.ready_says() != READY:
            fail(f"/-/ready says: {running.ready_says()}")
        say(f'http://{running.address()}/-/ready says "{READY}"')
        say("(nobody called this API yet: its audit says silent, not complete)")
        say(f"Its page: http://{running.address()}/")
        step("Break four things by hand (boto3), while it runs")
        for text, damage, _ in hand.breaks():
            damage()
            say(paint("31", "broken: ") + text)
        if broken := [text for text, _, whole in hand.breaks() if whole()]:
            say(paint("2", f"({len(broken)} already repaired while this went on)"))
        started = time.monotonic()
        step("The daemon notices and repairs")
        for text, _, whole in hand.breaks():
            running.wait("the repair of: " + text, whole)
        # The log line follows the read that verifies the write.
        running.wait("the log of four repairs", lambda: sum(
            e.get("event") in ("repaired", "created") for e in running.events) >= 4)
        say(paint("32", f"all four whole again after {time.monotonic() - started:.1f} s") +
            ", read back with boto3")
        step("Where does everything stand?")
        for line in program.run("-f", str(spec), "status", quiet=True).splitlines():
            print("   " + line)
        step("The same as a page, for people who have a browser; here in short")
        demo_page.show(str(running.address()), say, paint)
        if "--stay" in sys.argv[1:]:
            input("\n   Press Enter to go on. ")
        step("Stop the daemon (SIGTERM)")
        running.stop()


def print_all(text: str) -> None:
    for line in text.splitlines():
        print("   " + line)
    print(end="", flush=True)


def bill(program: Program, sandbox: Sandbox) -> None:
    month = demo_bill.last_whole_month(date.today())
    step("A month of traffic")
    truth = demo_bill.traffic(sandbox, month, say)
    step("Roll up its days: each built once, checked against the raw events, switched in one step")
    print_all("\n".join(program.run("rollup", "--month", month, quiet=True).splitlines()[-1:]))
    step("The bill, from the rollups; and again from the raw events by another query, to compare")
    print_all(program.run("bill", "--month", month, "--from-raw", quiet=True))
    demo_bill.check_bill(program.run("bill", "--month", month, "-o", "json", quiet=True), truth, say, fail)
    step("Is it complete?  What every hop counted, from the gateway to the bill (exit code 0: no gap)")
    print_all(program.run("audit", "--month", month, quiet=True))


def old_way(sandbox: Sandbox) -> None:
    step("The same month the way of the two shell scripts")
    demo_bill.old_way(sandbox, demo_bill.last_whole_month(date.today()), say)


def check_requests(sandbox: Sandbox) -> None:
    if sandbox.violations() or sandbox.bugs():
        fail(f"requests against AWS's models: {sandbox.violations()} {sandbox.bugs()}")


def tell_the_rest() -> None:
    step("Done")
    say("Every request of billingd was signed, and valid by AWS's own service models.")
    say("")
    say("For a real account, with your own names (bucket names are unique in all of AWS):")
    say("")
    for line in ["export AWS_PROFILE=... AWS_REGION=... BILLING_ACCOUNT_ID=...",
                 "export BILLING_API_NAME=... BILLING_S3_BUCKET=... BILLING_BOUNDARY=billingd-roles",
                 f"{BILLINGD} iam-policy --boundary   # the managed policy billingd-roles: its roles stay below it",
                 f"{BILLINGD} iam-policy   # the permissions it needs, and no more",
                 f"{BILLINGD} check",
                 f"{BILLINGD} plan         # writes nothing",
                 f"{BILLINGD} apply        # shows the plan and asks",
                 f"{BILLINGD} run          # keeps it so; README.md has the systemd unit"]:
        say("  " + line)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="billingd-demo.") as name:
        step("An AWS on this machine: moto, and what it lacks, checked against AWS's models")
        with start_sandbox() as sandbox:
            say(f"listening on {sandbox.endpoint}, account {ACCOUNT}")
            create_api(sandbox)
            program = Program(sandbox, Path(name))
            bring_up(program)
            keep(program, sandbox, Path(name))
            bill(program, sandbox)
            check_requests(sandbox)
            old_way(sandbox)
            tell_the_rest()


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
