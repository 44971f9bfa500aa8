"""Sends bytes over OTLP/gRPC: one channel, one call a request."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import grpc

from axonize.endpoint import Endpoint, grpc_target
from axonize.export.exporter import Receipt, Rejected, Retryable
from axonize.export.response import read_receipt, read_retry_delay_s

TRACES = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"
METRICS = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export"
STATUS_DETAILS = "grpc-status-details-bin"
# OTLP specification, "Failures"; RESOURCE_EXHAUSTED only when the collector sends RetryInfo.
RETRYABLE = frozenset(
    {
        grpc.StatusCode.ABORTED,
        grpc.StatusCode.CANCELLED,
        grpc.StatusCode.DATA_LOSS,
        grpc.StatusCode.DEADLINE_EXCEEDED,
        grpc.StatusCode.OUT_OF_RANGE,
        grpc.StatusCode.UNAVAILABLE,
    }
)
OPTIONS = (
    ("grpc.enable_retries", 0),  # the worker retries
    ("grpc.max_reconnect_backoff_ms", 5000),  # gRPC's own limit of two minutes would hide recovery
    # A call that streams its answer without a thread of its own can be cancelled from another
    # thread, which a blocking unary call cannot, and costs half of what a future costs.
    ("SingleThreadedUnaryStream", 1),
    # A forked child must never share the parent's sockets.
    ("grpc.use_local_subchannel_pool", 1),
)


class GRPCExporter:
    """A channel that connects at the first request."""

    def __init__(
        self,
        endpoint: Endpoint,
        headers: Mapping[str, str],
        *,
        compression: str = "none",
        certificate: str = "",
    ) -> None:
        self._metadata = tuple((name.lower(), value) for name, value in headers.items())
        gzip = compression == "gzip"
        self._compression = grpc.Compression.Gzip if gzip else grpc.Compression.NoCompression
        self._channel = _open_channel(endpoint, certificate)
        self._traces = self._channel.unary_stream(TRACES)
        self._metrics = self._channel.unary_stream(METRICS)
        self._call: Any = None

    def send(self, request: bytes, timeout_s: float) -> Receipt:
        """Call Export with the request's bytes as they are."""
        return self._export(self._traces, request, timeout_s)

    def send_metrics(self, request: bytes, timeout_s: float) -> Receipt:
        """Call the Export of metrics on the same channel."""
        return self._export(self._metrics, request, timeout_s)

    def interrupt(self) -> None:
        """Cancel the call that is under way."""
        call = self._call
        if call is not None:
            call.cancel()

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    def _export(self, method: Any, request: bytes, timeout_s: float) -> Receipt:
        try:
            self._call = method(
                request,
                timeout=timeout_s,
                metadata=self._metadata,
                compression=self._compression,
            )
            return read_receipt(b"".join(self._call))
        except grpc.RpcError as error:
            raise _translate(error) from error
        except ValueError as error:  # gRPC's word for a channel that was closed
            raise Retryable(str(error)) from error
        finally:
            self._call = None


def _open_channel(endpoint: Endpoint, certificate: str) -> Any:
    target = grpc_target(endpoint)
    if not endpoint.secure:
        return grpc.insecure_channel(target, options=OPTIONS)
    authorities = Path(certificate).read_bytes() if certificate else None
    return grpc.secure_channel(target, grpc.ssl_channel_credentials(authorities), options=OPTIONS)


def _translate(error: Any) -> Retryable | Rejected:
    code = error.code()
    message = f"{code.name} {error.details() or ''}".rstrip()
    delay_s = _read_delay_s(error)
    if code in RETRYABLE or (code is grpc.StatusCode.RESOURCE_EXHAUSTED and delay_s is not None):
        return Retryable(message, delay_s)
    return Rejected(message)


def _read_delay_s(error: Any) -> float | None:
    for name, value in error.trailing_metadata() or ():
        if name == STATUS_DETAILS:
            return read_retry_delay_s(value)
    return None
