"""What a sender of OTLP is told, in the words of gRPC and of HTTP."""

from __future__ import annotations

from typing import NamedTuple

from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsPartialSuccess,
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from axonize_server.model import (
    Accepted,
    DomainError,
    Forbidden,
    MalformedRequest,
    Overloaded,
    QuotaExceeded,
    StoreUnavailable,
    Unauthenticated,
)


class Codes(NamedTuple):
    """How one kind of refusal is called: a gRPC status code and an HTTP status."""

    grpc: int
    http: int


_CODES: dict[type[DomainError], Codes] = {
    MalformedRequest: Codes(3, 400),  # INVALID_ARGUMENT
    Forbidden: Codes(7, 403),  # PERMISSION_DENIED
    Overloaded: Codes(8, 429),  # RESOURCE_EXHAUSTED
    # Without a time to retry, which over gRPC says not to: a sender would wait until tomorrow.
    QuotaExceeded: Codes(8, 429),
    StoreUnavailable: Codes(14, 503),  # UNAVAILABLE
    Unauthenticated: Codes(16, 401),  # UNAUTHENTICATED
}
_INTERNAL = Codes(13, 500)


def codes(error: DomainError) -> Codes:
    """Return the codes of a refusal; INTERNAL and 500 for what a sender cannot mend."""
    return _CODES.get(type(error), _INTERNAL)


def retry_after_s(error: DomainError) -> float | None:
    """Return when to try again, in seconds; None when trying again cannot help."""
    return error.retry_after_s if isinstance(error, (Overloaded, StoreUnavailable)) else None


def response(accepted: Accepted) -> ExportTraceServiceResponse:
    """Return the OTLP response to spans; a message without rejected spans is a warning."""
    if not accepted.message:
        return ExportTraceServiceResponse()
    partial_success = ExportTracePartialSuccess(
        rejected_spans=accepted.rejected, error_message=accepted.message
    )
    return ExportTraceServiceResponse(partial_success=partial_success)


def metrics_response(accepted: Accepted) -> ExportMetricsServiceResponse:
    """Return the OTLP response to metrics."""
    if not accepted.message:
        return ExportMetricsServiceResponse()
    partial_success = ExportMetricsPartialSuccess(
        rejected_data_points=accepted.rejected, error_message=accepted.message
    )
    return ExportMetricsServiceResponse(partial_success=partial_success)


def status(code: int, message: str, retry_after_s: float | None = None) -> Status:
    """Return a google.rpc.Status, with a google.rpc.RetryInfo when there is a time to retry."""
    answer = Status(code=code, message=message)
    if retry_after_s is not None:
        info = RetryInfo()
        info.retry_delay.FromNanoseconds(int(retry_after_s * 1e9))
        answer.details.add().Pack(info)
    return answer
