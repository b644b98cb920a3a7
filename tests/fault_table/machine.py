"""What happens to the machine that billingd runs on: disks, descriptors, names, clocks, the spec.  One row of the table each."""

import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import set_clock

from .cells import HOLD_MS, WAITS, Cell

SERVICE = "machine"  # of the cells of this table, which fall on no service of AWS
HOUR = 3600
JUMPS_EVERY = 5  # a clock jumps at each fifth call
NOBODY = 65534
# Services by what their endpoints' variables are called; docs/configuration.md.
VARIABLES = {"logs": "CLOUDWATCH_LOGS", "apigatewayv2": "APIGATEWAYV2", "apigateway": "API_GATEWAY"}
READ_ONLY = 'mount --bind / / && mount -o remount,bind,ro / && exec "$0" "$@"'


@dataclass(frozen=True)
class Machine:
    """How billingd is started, and what it may end with."""

    codes: tuple[int, ...] = (0,)  # among others, each code of the table
    says: tuple[str, ...] = ()  # one of these, when it does not end with 0
    writes: bool = True  # may have written to AWS
    before: tuple[str, ...] = ()  # words before billingd's
    variables: dict[str, str] = field(default_factory=dict)
    streams: dict[str, str] = field(default_factory=dict)  # stdout, stderr -> a path, "gone" or "closed"
    limits: dict[int, int] = field(default_factory=dict)
    spec: Callable[[Any], None] | None = None  # what becomes of the spec of a place before the start
    at_call: Callable[[Any], None] | None = None  # and of the place at a call


def own_folder(place: Any) -> Any:
    """The same place with files of its own."""
    folder = Path(tempfile.mkdtemp(prefix="fault-table-own-"))
    shutil.copytree(place.folder, folder, dirs_exist_ok=True, symlinks=True)
    return type(place)(place.sandbox, folder)


def denied(place: Any) -> None:
    place.folder.chmod(0o755)
    place.spec.chmod(0)


def without_template(place: Any) -> None:
    text = place.spec.read_text()
    place.spec.write_text(re.sub(r"(?m)^( *template:).*", r"\1 /nowhere/pipeline.yaml", text))
    (place.folder / "specs").unlink(missing_ok=True)  # beside which one that names none looks for it


def a_folder(place: Any) -> None:
    place.spec.unlink()
    place.spec.mkdir()


def jump(seconds: int) -> Callable[[Any], None]:
    return lambda place: set_clock.move(clock_file(place), seconds)


def clock_file(place: Any) -> Path:
    return Path(place.folder / "clock")


def clock(seconds: int) -> dict[str, str]:
    """As where an administrator sets it."""
    return set_clock.environment(seconds)


FULL, LOST = "/dev/full", ("standard output",)
WRONG = (1, 78)
EVERY_CODE = (0, 1, 4, 5, 77)
UNREADABLE = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups") if os.getuid() == 0 else ()
MACHINES = {
    "stdout full": Machine(codes=(1,), says=LOST, streams={"stdout": FULL}),
    "stdout closed": Machine(codes=(1,), says=LOST, streams={"stdout": "closed"}),
    "stdout's reader gone": Machine(codes=(0, 1), streams={"stdout": "gone"}),
    "stderr full": Machine(streams={"stderr": FULL}),
    "stderr closed": Machine(streams={"stderr": "closed"}),
    "disk full": Machine(limits={resource.RLIMIT_FSIZE: 0}),
    "read-only file systems": Machine(before=("unshare", "-m", "--propagation", "private", "sh", "-c", READ_ONLY)),
    "no home": Machine(variables={name: "/nowhere" for name in (
        "HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR")}),
    "few descriptors": Machine(codes=EVERY_CODE, limits={resource.RLIMIT_NOFILE: 24}),
    "clock an hour ahead": Machine(variables=clock(HOUR)),
    "clock an hour behind": Machine(variables=clock(-HOUR)),
    "clock jumps ahead": Machine(codes=EVERY_CODE, at_call=jump(HOUR)),
    "clock jumps back": Machine(codes=EVERY_CODE, at_call=jump(-HOUR)),
    "no spec": Machine(codes=WRONG, says=("no such file",), writes=False, spec=lambda place: place.spec.unlink()),
    "spec is a folder": Machine(codes=WRONG, says=("is a folder",), writes=False, spec=a_folder),
    "spec not readable": Machine(codes=WRONG, says=("Permission denied",), writes=False, spec=denied, before=UNREADABLE),
    "no template": Machine(codes=WRONG, says=("cannot be read", "no template"), writes=False, spec=without_template),
    "spec goes": Machine(at_call=lambda place: place.spec.unlink()),
}
NO_NAME = Machine(codes=EVERY_CODE, says=("resolve", "Resolv", "Could not", "reach"))


def machine_of(cell: Cell) -> Machine:
    if cell.fault == "name unknown":
        name = VARIABLES.get(cell.operation, cell.operation.upper())
        return Machine(NO_NAME.codes, NO_NAME.says, variables={f"AWS_ENDPOINT_URL_{name}": "http://nowhere.invalid:1"})
    return MACHINES[cell.fault]


def possible(name: str) -> bool:
    """Other mounts need the right to make them."""
    if name == "read-only file systems":
        return subprocess.run([*MACHINES[name].before, "true"], capture_output=True, check=False).returncode == 0
    return True


def cells(scene: str, calls: list[dict[str, Any]]) -> Iterator[Cell]:
    surely = sum(call["operation"] not in WAITS for call in calls)  # so many are made, however long a query takes
    for name, machine in MACHINES.items():
        numbers = range(1, surely + 1, JUMPS_EVERY) if machine.at_call else (0,)
        if possible(name):
            yield from (Cell(scene, SERVICE, "call" if number else "start", number, name) for number in numbers)
    for service in dict.fromkeys(call["service"] for call in calls):
        yield Cell(scene, SERVICE, service, 0, "name unknown")


def rules(cell: Cell) -> list[dict[str, Any]]:
    return [{"client": "billingd", "nth": cell.nth, "action": "latency", "latency_ms": HOLD_MS}] if cell.nth else []


def stream(how: str) -> Any:
    if how == "gone":
        reader, writer = os.pipe()
        os.close(reader)
        return writer
    return os.open(how, os.O_WRONLY)


def begin(cell: Cell, place: Any, words: tuple[str, ...]) -> "subprocess.Popen[str]":
    machine = machine_of(cell)
    if machine.spec:
        machine.spec(place)
    variables = dict(machine.variables)
    if machine.at_call and cell.fault.startswith("clock"):
        variables = set_clock.movable(clock_file(place), 0)

    def prepare() -> None:
        for limit, value in machine.limits.items():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(limit, (value, value))
        for number, name in ((1, "stdout"), (2, "stderr")):
            if machine.streams.get(name) == "closed":
                os.close(number)

    made = {name: stream(how) for name, how in machine.streams.items() if how != "closed"}
    try:
        return subprocess.Popen([*machine.before, place.binary, "-f", place.spec, *words], cwd="/", text=True,
                                env=place.environment(**variables), stdin=subprocess.DEVNULL, preexec_fn=prepare,
                                **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **made})
    finally:
        for descriptor in made.values():
            os.close(descriptor)


def happen(cell: Cell, place: Any, process: "subprocess.Popen[str]") -> bool:
    """What happens at a call; whether that call was made.  True at once for what is so from the start."""
    machine = machine_of(cell)
    if not machine.at_call:
        return True
    while process.poll() is None:
        if place.sandbox.wait_for_fault():
            machine.at_call(place)
            return True
        time.sleep(0.01)
    return False


def complaints(cell: Cell, code: int, text: str, writes: list[str]) -> list[str]:
    machine, found = machine_of(cell), []
    if code not in machine.codes:
        found.append(f"exit code {code}, not {', '.join(map(str, machine.codes))}")
    if code and machine.says and not any(word in text for word in machine.says):
        found.append("the reason was not told")
    if writes and not machine.writes:
        found.append(f"wrote although it could read no spec: {', '.join(writes[:3])}")
    return found
