"""How fast /-/healthy answers while everybody asks at once: 10,000 scrapes, 1,000 reloads, 1,000 silent connections.

    build/venv/bin/python tests/bench/web_load.py [TIMES]      BILLINGD names another binary

Prints the slowest and the usual answers, and what the daemon holds before and after each time, and the longest round of
its event loop: CPU time is its own, the rest the machine's. Nothing is judged. The daemon runs against the sandbox, whose process competes for the same processors."""

import multiprocessing
import os
import signal
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests/system"), str(ROOT / "tests")]

from conftest import Daemon, Spec, make_api, pipeline  # noqa: E402
from sandbox.control import start_sandbox  # noqa: E402

SCRAPES, SCRAPERS, RELOADS, SILENT = 10_000, 4, 1_000, 1_000
TIMES = int(sys.argv[1]) if len(sys.argv) > 1 else 1


def address(daemon: Daemon) -> tuple[str, int]:
    host, _, port = daemon.address.removeprefix("http://").rpartition(":")
    return host, int(port)


def ask(connection: socket.socket, path: str) -> None:
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536) or sys.exit("the daemon closed a connection")
    head, _, body = got.partition(b"\r\n\r\n")
    left = int(head.partition(b"Content-Length: ")[2].split(b"\r\n")[0]) - len(body)
    while left > 0:
        left -= len(connection.recv(65536))


def scrape(daemon: Daemon, count: int) -> None:
    """Half of them on one connection, half on one each."""
    with socket.create_connection(address(daemon)) as kept:
        for n in range(count):
            if n % 2:
                with socket.create_connection(address(daemon)) as fresh:
                    ask(fresh, "/metrics")
            else:
                try:
                    ask(kept, "/metrics")
                except (OSError, SystemExit):  # made room for somebody
                    kept.close()
                    kept = socket.create_connection(address(daemon))
                    ask(kept, "/metrics")


def reload(daemon: Daemon) -> None:
    for _ in range(RELOADS):
        os.kill(daemon.process.pid, signal.SIGHUP)
        time.sleep(0.01)


def hold(daemon: Daemon) -> None:
    """So many silent connections, and another one for each that is closed."""
    held: list[socket.socket] = []
    while True:
        while len(held) < SILENT:
            held.append(socket.create_connection(address(daemon)))
        time.sleep(0.2)
        for each in held[:]:
            try:
                if each.recv(1, socket.MSG_DONTWAIT) == b"":
                    each.close()
                    held.remove(each)
            except BlockingIOError:
                pass
            except OSError:
                each.close()
                held.remove(each)


def holds(daemon: Daemon) -> str:
    descriptors = len(os.listdir(f"/proc/{daemon.process.pid}/fd"))
    return f"{daemon.memory('VmRSS') >> 10} KiB resident, {descriptors} descriptors"


def healthy(daemon: Daemon) -> float:
    """Milliseconds for a client of its own."""
    began = time.monotonic()
    with socket.create_connection(address(daemon)) as connection:
        ask(connection, "/-/healthy")
    return (time.monotonic() - began) * 1000


def load(daemon: Daemon) -> None:
    """All of it once, and what health took meanwhile."""
    fork, took = multiprocessing.get_context("fork"), []
    workers = [fork.Process(target=scrape, args=(daemon, SCRAPES // SCRAPERS)) for _ in range(SCRAPERS)]
    workers += [fork.Process(target=reload, args=(daemon,))]
    holder = fork.Process(target=hold, args=(daemon,))
    began = time.monotonic()
    for worker in [*workers, holder]:
        worker.start()
    while any(worker.is_alive() for worker in workers):
        took.append(healthy(daemon))
        time.sleep(0.005)
    holder.terminate()
    holder.join()
    assert [worker.exitcode for worker in workers] == [0] * len(workers)
    seconds = time.monotonic() - began
    took.sort()
    print(f"{SCRAPES} scrapes, {RELOADS} reloads, {SILENT} silent connections in {seconds:.1f} s")
    print(f"/-/healthy, {len(took)} times: median {statistics.median(took):.1f} ms, "
          f"99 % {took[len(took) * 99 // 100]:.1f} ms, slowest {took[-1]:.1f} ms")
    daemon.wait(lambda: daemon.metric("billingd_part_failed", part="pass") == 0, 60)
    time.sleep(8)
    print("after:", holds(daemon))


def main() -> None:
    with start_sandbox() as sandbox, tempfile.TemporaryDirectory() as folder:
        make_api(sandbox)
        spec = Spec(Path(folder) / "billing.yaml", pipeline()).write()
        daemon = Daemon(sandbox, spec, after=("--log-level", "debug")).ready()
        for _ in range(200):
            healthy(daemon)
        daemon.kick()
        print("before:", holds(daemon))
        for _ in range(TIMES):
            load(daemon)
        rounds = {name: daemon.metric(f"billingd_loop_busy_seconds_{name}") or 0 for name in ("count", "sum")}
        daemon.end()
        daemon.reader.join(5)
        [longest] = daemon.events("longest_round")
        print(f"{rounds['count']:.0f} rounds of the event loop, {rounds['sum']:.1f} s by the clock; the longest "
              f"{longest['us'] / 1000:.1f} ms by the clock, {longest['cpu_us'] / 1000:.1f} ms of CPU time; "
              f"{len(daemon.events('long_round'))} of 50 ms and more")


if __name__ == "__main__":
    main()
