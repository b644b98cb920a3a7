"""The daemon over TLS, as against the real AWS: trust, and the memory that certificates take."""

import asyncio
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import BINARY, Sandbox

SYSTEM_BUNDLE = Path("/etc/ssl/certs/ca-certificates.crt")


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@pytest.fixture
def front(sandbox: Sandbox, tmp_path: Path) -> dict[str, str]:
    """A TLS front of the sandbox: the environment that leads to it, and trusts it among the system's."""
    key, certificate, bundle = (tmp_path / name for name in ("key.pem", "certificate.pem", "bundle.pem"))
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                    "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out",
                    certificate], check=True, capture_output=True)
    system = SYSTEM_BUNDLE.read_text() if SYSTEM_BUNDLE.exists() else ""
    bundle.write_text(system + certificate.read_text())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    behind = int(sandbox.endpoint.rsplit(":", 1)[1])
    ports: list[int] = []
    listening = threading.Event()

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    async def serve() -> None:
        server = await asyncio.start_server(serve_one, "127.0.0.1", 0, ssl=context)
        ports.append(server.sockets[0].getsockname()[1])
        listening.set()
        await server.serve_forever()

    threading.Thread(target=lambda: asyncio.run(serve()), daemon=True).start()
    assert listening.wait(10)
    return {"AWS_ENDPOINT_URL": f"https://localhost:{ports[0]}", "AWS_CA_BUNDLE": str(bundle)}


@pytest.mark.skipif(b"__asan_init" in BINARY.read_bytes(), reason="a sanitizer's memory is its own")
@pytest.mark.skipif(not SYSTEM_BUNDLE.exists(), reason="no system certificates")
def test_memory_stays_small(start: Callable[..., Any], front: dict[str, str], api: str) -> None:
    daemon = start(**front).ready()
    sizes = []
    for _ in range(100):
        daemon.kick()
        sizes.append(daemon.memory("VmRSS"))
    print(f"peak {daemon.memory('VmHWM') / 2**20:.1f} MiB, after pass 20 {sizes[19] / 2**20:.2f}, "
          f"100 {sizes[99] / 2**20:.2f}")
    assert daemon.memory("VmHWM") < 24_000_000
    assert sizes[99] <= sizes[19] * 1.05
    assert daemon.end() == 0


def test_a_certificate_nobody_trusts_is_refused(start: Callable[..., Any], sandbox: Sandbox, api: str,
                                                front: dict[str, str]) -> None:
    sandbox.clear()
    daemon = start(AWS_ENDPOINT_URL=front["AWS_ENDPOINT_URL"], AWS_MAX_ATTEMPTS="1")
    refused = daemon.wait(lambda: daemon.events("refused"))[0]
    assert "certificate" in refused["error"]
    time.sleep(0.2)
    assert sandbox.calls() == []
    assert daemon.end() == 0
