"""A port of this machine that nobody has, and that no connection gets by itself before it is listened on, or between two starts."""

import random
import socket
from pathlib import Path

LOWEST = 12000


def free_port() -> int:
    first, _ = Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()  # of connections, from there on
    while True:
        port = random.randrange(LOWEST, int(first))
        with socket.socket() as found:
            try:
                found.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
