#!/usr/bin/env python3
"""A pipeline from nothing, a plan where nothing is to be done, and three repairs: time, calls and waves, medians of five in one run.

    build/venv/bin/python tests/bench/create.py [--latency MS] [--rounds N]        default 50 and 5

Every call is answered MS later than the sandbox would.  Beside billingd: the calls of the seed's two scripts, one
after another as they make them (by boto3, so without the start of a CLI for each; nothing is verified); where `aws` is
on the PATH, also as many starts of it, each with one call, as the scripts have; with TERRAFORM_PLUGINS, a plugin directory with hashicorp/aws, also Terraform's own pipeline (tests/system/campaign/terraform).
The floor is what the spec itself costs, twice: the
writes alone, in their waves, by a client that looks at nothing (floor.py), as measured here; and the fewest waves that make
it (waves.py), each as long as one call takes.  Nothing fails for being slow.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests"), str(ROOT / "tests/system/campaign")]
from sandbox.control import Sandbox, start_sandbox  # noqa: E402
import floor  # noqa: E402
import seed  # noqa: E402
from program import Billingd  # noqa: E402
from test_create import drift  # noqa: E402
from waves import fewest_waves  # noqa: E402
from world import World  # noqa: E402


SCRIPTS_CALLS = 21  # as counted for "the seed's calls"


def chain(calls: list[dict[str, Any]]) -> int:
    """The longest chain of calls each of which began when the one before had ended."""
    length, free = 0, 0.0
    for call in sorted(calls, key=lambda c: c["end"]):
        if call["time"] >= free:
            length, free = length + 1, call["end"]
    return length


class Bench:
    def __init__(self, sandbox: Sandbox, folder: Path, latency_ms: float, rounds: int):
        self.sandbox, self.folder, self.latency_ms, self.rounds = sandbox, folder, latency_ms, rounds
        self.billingd = Billingd(sandbox, folder)

    def fresh(self) -> World:
        self.sandbox.reset()
        world = World(self.sandbox)
        world.api()
        self.sandbox.clear()
        return world

    def median(self, what: str, prepare: Callable[[], World], run: Callable[[World], str]) -> float:
        times, notes = [], ""
        for _ in range(self.rounds):
            world = prepare()
            self.sandbox.clear()
            self.sandbox.switches(latency_ms=self.latency_ms)
            begin = time.monotonic()
            notes = run(world)
            times.append(time.monotonic() - begin)
            calls = [c for c in self.sandbox.calls() if c["status"]]
            self.sandbox.switches(latency_ms=0)
        middle = statistics.median(times)
        print(f"| {what} | {middle:.2f} s | {len(calls)} | {sum(c['kind'] == 'write' for c in calls)} | {chain(calls)} | {notes} |",
              flush=True)
        return middle

    def apply(self, _: World) -> str:
        said = self.billingd.apply()
        assert said.code == 0, said
        return f"{said.json['summary']['round_trips']} round trips by its own count"

    def floor(self) -> float:
        """Of the writes alone, to copies of one sandbox: ids that AWS made are the same in all."""
        self.fresh()
        waves: list[list[bytes]] = []
        while len(waves) != fewest_waves():  # more when the machine was too slow to send a wave at once
            told = self.sandbox.copy()
            told.clear()
            told.switches(latency_ms=self.latency_ms)
            waves = floor.record(told, lambda endpoint, to=told: self.apply_to(to, endpoint))
            told.end()
        times = []
        for _ in range(self.rounds):
            copy = self.sandbox.copy()
            copy.switches(latency_ms=self.latency_ms)
            times.append(floor.seconds(copy.endpoint, waves))
            copy.end()
        middle, calls = statistics.median(times), sum(map(len, waves))
        print(f"| its writes alone | {middle:.2f} s | {calls} | {calls - 1} | {len(waves)} | |", flush=True)
        return middle

    def apply_to(self, sandbox: Sandbox, endpoint: str) -> None:
        billingd = Billingd(sandbox, self.folder)
        billingd.environment["AWS_ENDPOINT_URL"] = endpoint
        assert billingd.apply().code == 0

    def drifted(self) -> World:
        world = self.fresh()
        assert self.billingd.apply().code == 0
        drift(world)
        return world

    def scripts(self, world: World) -> str:
        api = seed.first_script(world)
        seed.second_script(world)
        return f"API {api}; one call after another"

    def command_line(self, _: World) -> str:
        for _ in range(SCRIPTS_CALLS):
            subprocess.run(["aws", "sts", "get-caller-identity"], check=True, capture_output=True,
                           env={**os.environ, **self.sandbox.environment()})
        return "no waiting between them"

    def terraform_do(self, *words: str) -> None:
        subprocess.run(["terraform", *words, "-no-color"], cwd=self.folder / "terraform", check=True, capture_output=True,
                       env={**os.environ, **self.sandbox.environment(), "TF_VAR_endpoint": self.sandbox.endpoint})

    def terraform(self, _: World) -> str:
        self.terraform_do("apply", "-auto-approve")
        return ""

    def settled(self) -> World:
        return World(self.sandbox)

    def plan(self, _: World) -> str:
        said = self.billingd.plan()
        assert said.code == 0, said  # there is nothing to do
        return f"{said.json['summary']['round_trips']} round trips by its own count"

    def terraform_plan(self, _: World) -> str:
        self.terraform_do("plan")
        return "with whatever it still finds to change"

    def bare_terraform(self) -> World:
        for state in (self.folder / "terraform").glob("terraform.tfstate*"):
            state.unlink()
        return self.fresh()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--latency", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=5)
    wish = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, start_sandbox() as sandbox:
        bench = Bench(sandbox, Path(folder), wish.latency, wish.rounds)
        print("| what | time | calls | writes | longest chain | |\n|---|---|---|---|---|---|")
        one = bench.median("one call", bench.fresh, lambda w: str(len(w.apigatewayv2.get_apis()["Items"])) + " API")
        made = bench.median("billingd, from nothing", bench.fresh, bench.apply)
        same = bench.median("billingd, nothing to do", bench.settled, bench.plan)
        least = bench.floor()
        bench.median("billingd, three repairs", bench.drifted, bench.apply)
        by_scripts = bench.median("the seed's calls", lambda: World(sandbox) if sandbox.reset() else World(sandbox), bench.scripts)
        print(f"\nFrom nothing is {made / least:.2f} times its writes alone, {made / (fewest_waves() * one):.2f} times {fewest_waves()} "
              f"calls one after another, and {by_scripts / made:.1f} times as fast as the seed's calls.")
        if shutil.which("aws"):
            started = bench.median("the seed's calls, by the AWS CLI", bench.fresh, bench.command_line)
            print(f"By the AWS CLI they take {started / made:.1f} times as long as billingd from nothing.")
        if shutil.which("terraform") and "TERRAFORM_PLUGINS" in os.environ:
            shutil.copytree(ROOT / "tests/system/campaign/terraform", bench.folder / "terraform")
            bench.terraform_do("init", f"-plugin-dir={os.environ['TERRAFORM_PLUGINS']}")
            theirs = bench.median("Terraform", bench.bare_terraform, bench.terraform)
            again = bench.median("Terraform, nothing to do", bench.settled, bench.terraform_plan)
            print(f"Terraform: {theirs / made:.1f} times as long from nothing, {again / same:.1f} where there is nothing to do.")


if __name__ == "__main__":
    main()
