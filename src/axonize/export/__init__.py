"""From spans to the collector: the background worker and its transports."""

from __future__ import annotations

from axonize.config import Config
from axonize.endpoint import choose_protocol, parse_endpoint
from axonize.export.exporter import Exporter


def make_exporter(config: Config) -> Exporter:
    """Build the transport that the settings ask for; it connects at the first request."""
    endpoint = parse_endpoint(config.endpoint)
    headers = dict(config.headers)
    if config.api_key:
        headers["authorization"] = f"Bearer {config.api_key}"
    options = {"compression": config.compression, "certificate": config.certificate}
    if choose_protocol(config.protocol, endpoint) == "http":
        from axonize.export.http import HTTPExporter

        return HTTPExporter(endpoint, headers, **options)
    from axonize.export.grpc import GRPCExporter

    return GRPCExporter(endpoint, headers, **options)
