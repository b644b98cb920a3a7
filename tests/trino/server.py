"""One Trino server of our own on a free port: file metastore, local files, no services outside."""

import contextlib
import pathlib
import shutil
import socket
import subprocess
import time

import client
from system.free_port import free_port

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = "416"
PLACE = ROOT / "build" / "trino" / VERSION
START_SECONDS = 900

SERVER = """coordinator=true
node-scheduler.include-coordinator=true
node.environment=test
node.bind-ip=127.0.0.1
node.internal-address=127.0.0.1
http-server.http.port={port}
discovery.uri=http://127.0.0.1:{port}
plugin.dir={place}/plugin
catalog.config-dir={work}/catalog
query.max-memory=700MB
query.max-memory-per-node=700MB
memory.heap-headroom-per-node=300MB
"""

CATALOG = """connector.name=hive
hive.metastore=file
hive.metastore.catalog.dir=file://{work}/metastore
hive.metastore.user=billing
hive.security=allow-all
hive.allow-register-partition-procedure=true
hive.non-managed-table-writes-enabled=true
"""


def configure(work, port):
    shutil.rmtree(work, ignore_errors=True)
    for folder in ("catalog", "metastore", "data"):
        (work / folder).mkdir(parents=True)
    # The only names Java knows: this machine may not resolve its own, and nothing else is needed.
    (work / "hosts").write_text(f"127.0.0.1 localhost {socket.gethostname()}\n")
    (work / "config.properties").write_text(SERVER.format(port=port, place=PLACE, work=work))
    (work / "catalog" / f"{client.CATALOG}.properties").write_text(CATALOG.format(work=work))


def command(work):
    # The first compiler alone: the second costs more than it saves in a run of two minutes.
    return ["java", "-Xmx1500M", "-XX:TieredStopAtLevel=1", "-XX:+UseG1GC", "-XX:G1HeapRegionSize=8M",
            "-XX:+ExitOnOutOfMemoryError", "-Djdk.attach.allowAttachSelf=true",
            f"-Djdk.net.hosts.file={work}/hosts", "-Dnode.environment=test", f"-Dnode.data-dir={work}/data",
            f"-Dconfig={work}/config.properties", "-cp", f"{PLACE}/classes:{PLACE}/lib/*",
            "StartTrino", VERSION]


@contextlib.contextmanager
def running(work):
    """A client of a fresh server; everything it keeps lies below work."""
    port = free_port()
    configure(work, port)
    log = work / "server.log"
    with log.open("w") as out:
        process = subprocess.Popen(command(work), stdout=out, stderr=out, cwd=work)
    try:
        yield wait_for(process, client.Client(port), log)
    finally:
        stop(process)


def stop(process):
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(process, trino, log):
    last = time.monotonic() + START_SECONDS
    while time.monotonic() < last and process.poll() is None:
        if trino.is_up():
            return trino
        time.sleep(0.3)
    raise RuntimeError("Trino did not start:\n" + log.read_text()[-4000:])
