#!/usr/bin/env python3
"""What a look at N pipelines in sync costs billingd itself: CPU, memory, time and calls.

    build/venv/bin/python tests/bench/fleet_curve.py [N ...]                 default 1 10 50 200 1000
    build/venv/bin/python tests/bench/fleet_curve.py --keep [N ...]          also into tests/bench/fleet_curve.json
    build/venv/bin/python tests/bench/fleet_curve.py --instructions 10 40    by callgrind (Debian: valgrind), and their ratio

The stand-in (stand_in.py) repeats what the sandbox said of two pipelines, so that the emulator is not what is measured.
Nothing fails for being slow; a plan that is not empty does.
"""
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/bench")]
from sandbox.control import ACCOUNT, REGION, start_sandbox  # noqa: E402
import stand_in  # noqa: E402
from month_curve import most_memory  # noqa: E402

BINARY = Path(os.environ.get("BILLINGD", ROOT / "build/release/billingd")).resolve()


def spec(path: Path, count: int, drifted: tuple[int, ...] = ()) -> Path:
    """drifted: pipelines whose log group is not kept as long as they want it."""
    lines = [f'account: "{ACCOUNT}"', f"region: {REGION}", f"template: {ROOT}/specs/pipeline.yaml", "pipelines:"]
    for number in range(count):
        name = stand_in.name(number)
        lines += [f"  {name}:",
                  f"    parameters: {{api_name: {name}, bucket: bench-{name}, firehose: {name}, log_group: /aws/apigw/{name},",
                  f"                 database: db_{name}, workgroup: {name}}}",
                  # All have one resource policy, of 5,120 characters at most: a fleet has one statement for all.
                  "    resources: {log_delivery: off, stage_logging: {after: [subscription]}%s}"
                  % (", access_logs: {retention_days: 365}" if number in drifted else ""),
                  "    billing: {time_zone: UTC, currency: USD, prices: [{from: 2020-01-01, call: 0.001, gib: 0.10}]}"]
    path.write_text("\n".join(lines) + "\n")
    return path


def recorded(folder: Path) -> Path:
    """A plan of two pipelines that are as they should be, and of the first alone: what one asks for is not what many ask for."""
    with start_sandbox() as sandbox:
        for number in range(2):
            sandbox.client("apigatewayv2").create_api(Name=stand_in.name(number), ProtocolType="HTTP",
                                                      Target="https://example.com")
        two = spec(folder / "two.yaml", 2)
        environment = {**os.environ, **sandbox.environment()}
        subprocess.run([BINARY, "-f", two, "apply", "--yes"], env=environment, check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        one = spec(folder / "one.yaml", 1)

        def look(endpoint: str) -> None:
            for file in (two, one):
                subprocess.run([BINARY, "-f", file, "plan", "--detailed-exitcode"], check=True, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, env={**environment, "AWS_ENDPOINT_URL": endpoint})
        text = stand_in.record(sandbox.endpoint, look)
    path = folder / "recording.json"
    path.write_text(text)
    return path


@contextmanager
def standing_in(recording: Path, count: int) -> Iterator[tuple[dict[str, str], dict[str, Any]]]:
    """The environment of who asks the stand-in for so many pipelines, and, afterwards, what that says of it."""
    said: dict[str, Any] = {}
    with subprocess.Popen([sys.executable, stand_in.__file__, recording, str(count)], text=True, stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE) as server:
        endpoint = server.stdout.readline().split()[1]  # type: ignore[union-attr]
        yield {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | {
            "AWS_ENDPOINT_URL": endpoint, "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_EC2_METADATA_DISABLED": "true"}, said
        server.stdin.close()  # type: ignore[union-attr]
        said.update(json.loads(server.stdout.readline()))  # type: ignore[union-attr]


class Look:
    """`plan` of so many pipelines; words: what stands before the program; more: behind `plan`."""

    def __init__(self, recording: Path, count: int, words: list[str], more: list[str] | None = None, drifted: tuple[int, ...] = ()):
        folder = recording.parent
        file = spec(folder / f"{count}.yaml", count, drifted)
        with standing_in(recording, count) as (environment, said), open(folder / "out", "w+") as out, \
                open(folder / "log", "w+") as log:
            begin = time.monotonic()
            process = subprocess.Popen([*words, BINARY, "-f", file, "--log-level", "debug", "plan", "--detailed-exitcode",
                                        *(more or [])], env=environment, stdout=out, stderr=log, stdin=subprocess.DEVNULL)
            memory = most_memory(process.pid)
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            self.wall_s = time.monotonic() - begin
            out.seek(0)
            log.seek(0)
            self.told, self.log = out.read(), log.read()
        self.calls, self.cpu_s, self.memory_kib = said["calls"], usage.ru_utime + usage.ru_stime, memory
        if process.returncode != (2 if drifted else 0) or (said["missing"] and not drifted):  # IAM's simulator is not recorded
            sys.exit(f"plan of {count} ended with {process.returncode}: {said['missing']}\n{self.told[:3000]}")


def instructions(recording: Path, count: int) -> int:
    words = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={recording.parent}/callgrind.{count}"]
    found = re.findall(r"Collected : (\d+)", Look(recording, count, words).log)
    return int(found[-1])


def main() -> None:
    words = [word for word in sys.argv[1:] if not word.startswith("--")]
    counts = [int(word) for word in words] or [1, 10, 50, 200, 1000]
    with tempfile.TemporaryDirectory() as folder:
        recording = recorded(Path(folder))
        if "--instructions" in sys.argv:
            first, last = instructions(recording, counts[0]), instructions(recording, counts[-1])
            print(f"{counts[0]} pipelines: {first:,} instructions; {counts[-1]}: {last:,}; ratio {last / first:.2f}")
            return
        kept: list[dict[str, float]] = []
        print("| pipelines | CPU | CPU a pipeline | memory | calls | time | longest round, CPU | by the clock |\n"
              "|---|---|---|---|---|---|---|---|")
        for count in counts:
            look = Look(recording, count, [])
            rounds = [json.loads(line) for line in look.log.splitlines() if '"event":"longest_round"' in line]
            kept.append({"pipelines": count, "cpu_s": round(look.cpu_s, 2), "memory_kib": look.memory_kib, "calls": look.calls,
                         "longest_round_ms": round(max(one["cpu_us"] for one in rounds) / 1000)})
            print(f"| {count} | {look.cpu_s:.2f} s | {1000 * look.cpu_s / count:.1f} ms | {look.memory_kib >> 10} MiB | "
                  f"{look.calls} | {look.wall_s:.2f} s | {max(one['cpu_us'] for one in rounds) / 1000:.0f} ms | "
                  f"{max(one['us'] for one in rounds) / 1000:.0f} ms |", flush=True)

    if "--keep" in sys.argv:
        (ROOT / "tests/bench/fleet_curve.json").write_text(json.dumps(kept, indent=1) + "\n")


if __name__ == "__main__":
    main()
