"""What a sender of OTLP is told, in the words of gRPC and of HTTP."""

from __future__ import annotations

from typing import Any, NamedTuple

from google.protobuf import any_pb2, duration_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTracePartialSuccess,
    ExportTraceServiceResponse,
)

from axonize_server.model import (
    Accepted,
    DomainError,
    MalformedRequest,
    Overloaded,
    StoreUnavailable,
    Unauthenticated,
)


class Codes(NamedTuple):
    """How one kind of refusal is called: a gRPC status code and an HTTP status."""

    grpc: int
    http: int


_CODES: dict[type[DomainError], Codes] = {
    MalformedRequest: Codes(3, 400),  # INVALID_ARGUMENT
    Overloaded: Codes(8, 429),  # RESOURCE_EXHAUSTED
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
    """Return the OTLP response; a message without rejected spans is a warning."""
    if not accepted.message:
        return ExportTraceServiceResponse()
    partial_success = ExportTracePartialSuccess(
        rejected_spans=accepted.rejected, error_message=accepted.message
    )
    return ExportTraceServiceResponse(partial_success=partial_success)


def status(code: int, message: str, retry_after_s: float | None = None) -> Any:
    """Return a google.rpc.Status, with a google.rpc.RetryInfo when there is a time to retry."""
    answer = _Status(code=code, message=message)
    if retry_after_s is not None:
        info = _RetryInfo()
        info.retry_delay.FromNanoseconds(int(retry_after_s * 1e9))
        detail = answer.details.add()
        detail.type_url = "type.googleapis.com/google.rpc.RetryInfo"
        detail.value = info.SerializeToString()
    return answer


def _google_rpc() -> DescriptorPool:
    """Describe the two messages of google.rpc in a pool of their own.

    The default pool would clash with any other library of the process that brings them.
    """
    file = FileDescriptorProto(name="google/rpc/status.proto", package="google.rpc")
    file.syntax = "proto3"
    file.dependency.extend([any_pb2.DESCRIPTOR.name, duration_pb2.DESCRIPTOR.name])
    optional, repeated = FieldDescriptor.LABEL_OPTIONAL, FieldDescriptor.LABEL_REPEATED
    fields = {
        "Status": (
            ("code", optional, FieldDescriptor.TYPE_INT32, ""),
            ("message", optional, FieldDescriptor.TYPE_STRING, ""),
            ("details", repeated, FieldDescriptor.TYPE_MESSAGE, ".google.protobuf.Any"),
        ),
        "RetryInfo": (
            ("retry_delay", optional, FieldDescriptor.TYPE_MESSAGE, ".google.protobuf.Duration"),
        ),
    }
    for message, rows in fields.items():
        described = file.message_type.add(name=message)
        for number, (name, label, kind, type_name) in enumerate(rows, start=1):
            described.field.add(
                name=name, number=number, label=label, type=kind, type_name=type_name or None
            )
    pool = DescriptorPool()
    for known in (any_pb2, duration_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file.SerializeToString())
    return pool


_pool = _google_rpc()
_Status: Any = GetMessageClass(_pool.FindMessageTypeByName("google.rpc.Status"))
_RetryInfo: Any = GetMessageClass(_pool.FindMessageTypeByName("google.rpc.RetryInfo"))
