"""Keeps encoded requests in a list, for tests and notebooks."""

from __future__ import annotations

from axonize.export.exporter import Receipt


class MemoryExporter:
    """Acknowledges every request at once; `requests` holds them, oldest first."""

    def __init__(self) -> None:
        self.requests: list[bytes] = []

    def send(self, request: bytes, timeout_s: float) -> Receipt:  # noqa: ARG002 - never waits
        """Keep the request."""
        self.requests.append(request)
        return Receipt()

    def interrupt(self) -> None:
        """Do nothing: a send() is never under way for long."""

    def close(self) -> None:
        """Keep what was sent."""
