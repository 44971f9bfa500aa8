"""What a transport promises to the worker, and the two ways in which it may fail."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Receipt(NamedTuple):
    """The collector's answer: how many spans or points of the request it refused, and why."""

    rejected_spans: int = 0
    message: str = ""


class Retryable(Exception):  # noqa: N818 - says what to do, as Rejected does
    """The request may succeed later.

    retry_after_s: how long the collector asks to wait, in seconds; None when it does not say.
    """

    def __init__(self, message: str, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class Rejected(Exception):  # noqa: N818 - says what happened, as Retryable does
    """The collector will never take this request."""


class Exporter(Protocol):
    """Sends encoded requests; only the worker's thread calls its sends."""

    def send(self, request: bytes, timeout_s: float) -> Receipt:
        """Return once the collector has acknowledged; raise Retryable or Rejected."""

    def send_metrics(self, request: bytes, timeout_s: float) -> Receipt:
        """Do the same for an ExportMetricsServiceRequest."""

    def interrupt(self) -> None:
        """From any thread: make a send that is under way end soon, with Retryable."""

    def close(self) -> None:
        """Give the connection back; may be called twice."""
