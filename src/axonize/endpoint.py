"""Where the collector is: the endpoint setting as host, port, path and whether to use TLS."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

GRPC_PORT = 4317
HTTP_PORT = 4318
TRACES_PATH = "/v1/traces"
METRICS_PATH = "/v1/metrics"


class Endpoint(NamedTuple):
    """An address that was understood; port is 0 when the setting names none."""

    secure: bool
    host: str
    port: int
    path: str


def parse_endpoint(text: str) -> Endpoint:
    """Understand `host`, `host:port` or a URL; raise ValueError for anything else."""
    url = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = url.port or 0
    except ValueError:
        port = -1
    if url.scheme not in ("http", "https") or not url.hostname or port < 0:
        raise ValueError("expected host:port or a URL with http or https")
    return Endpoint(url.scheme == "https", url.hostname, port, url.path)


def choose_protocol(protocol: str, endpoint: Endpoint) -> str:
    """Resolve `auto`: http for the port or the path that OTLP over HTTP has, else grpc."""
    if protocol != "auto":
        return protocol
    return "http" if endpoint.port == HTTP_PORT or endpoint.path.endswith(TRACES_PATH) else "grpc"


def grpc_target(endpoint: Endpoint) -> str:
    """Name the endpoint as gRPC does."""
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port or GRPC_PORT}"


def traces_path(endpoint: Endpoint) -> str:
    """Add /v1/traces to the path of a base URL, unless it is there already."""
    return _base_path(endpoint) + TRACES_PATH


def metrics_path(endpoint: Endpoint) -> str:
    """Return the path of metrics beside that of traces."""
    return _base_path(endpoint) + METRICS_PATH


def _base_path(endpoint: Endpoint) -> str:
    return endpoint.path.rstrip("/").removesuffix(TRACES_PATH)
