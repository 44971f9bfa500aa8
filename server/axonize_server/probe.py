"""Tells a container's engine whether the server in it answers.

python -m axonize_server.probe DATA_DIR
"""

from __future__ import annotations

import json
import ssl
import sys
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from urllib.parse import urlsplit

TIMEOUT_S = 4.0


def is_alive(data_dir: Path) -> bool:
    """Return whether the server of a data folder answers /healthz.

    One that lets in only clients with a certificate has answered when the handshake is done: it
    closes the connection then. Raises OSError, HTTPException and ValueError when nothing answers.
    """
    connection = _connection(json.loads((data_dir / "server.json").read_text())["http"])
    connection.connect()
    try:
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200
    except (ssl.SSLError, ConnectionError):
        if not isinstance(connection, HTTPSConnection):
            raise
        return True
    finally:
        connection.close()


def _connection(url: str) -> HTTPConnection:
    address = urlsplit(url)
    host = address.hostname or ""
    if address.scheme == "http":
        return HTTPConnection(host, address.port, timeout=TIMEOUT_S)
    # A certificate is not checked: this asks its own machine.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return HTTPSConnection(host, address.port, timeout=TIMEOUT_S, context=context)


def main() -> int:
    """Return 0 when the server answers, or 1 after saying why it does not."""
    try:
        return 0 if is_alive(Path(sys.argv[1])) else 1
    except (OSError, HTTPException, ValueError) as error:
        print(f"no answer: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    raise SystemExit(main())
