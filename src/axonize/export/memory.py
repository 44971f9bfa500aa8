"""Keeps encoded requests in a list, for tests and notebooks."""

from __future__ import annotations

from axonize.export.exporter import Receipt


class MemoryExporter:
    """Acknowledges every request at once; `requests` and `metrics` hold them, oldest first."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []
        self.metrics: list[bytes] = []

    def send(self, request: bytes, timeout_s: float) -> Receipt:  # noqa: ARG002 - never waits
        """Keep the request."""
        self.requests.append(request)
        return Receipt()

    def send_metrics(self, request: bytes, timeout_s: float) -> Receipt:  # noqa: ARG002 - as above
        """Keep the request."""
        self.metrics.append(request)
        return Receipt()

    def interrupt(self) -> None:
        """Do nothing: a send() is never under way for long."""

    def close(self) -> None:
        """Keep what was sent."""
