"""A port for a server that is started in a moment."""

from __future__ import annotations

import random
import socket

PORTS = range(20_000, 32_768)
"""Below those that systems give to connections: none of them takes the port meanwhile."""


def free_port() -> int:
    """Return a TCP port on the loopback address that nobody listens on now.

    Raises OSError where all are taken.
    """
    for port in random.sample(PORTS, len(PORTS)):
        if _is_free(port):
            return port
    raise OSError(f"no free port among {PORTS.start} to {PORTS.stop - 1}")


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
