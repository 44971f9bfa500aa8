"""OTLP trace messages in three readings: strict, lenient (text may be any bytes) and columnar."""

from __future__ import annotations

from typing import Any

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message_factory import GetMessageClass
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2
from ptars import HandlerPool

_FILES = (common_pb2, resource_pb2, trace_pb2, trace_service_pb2)
_REQUEST = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"
_ARRAY = "opentelemetry.proto.common.v1.ArrayValue"
# Recursive messages have no Arrow type: the columnar reading leaves them as bytes.
_RECURSIVE = {"array_value", "kvlist_value"}
_COLUMNS = {
    "ExportTraceServiceRequest": {"resource_spans"},
    "ResourceSpans": {"resource", "scope_spans"},
    "Resource": {"attributes"},
    "ScopeSpans": {"scope", "spans"},
    "InstrumentationScope": {"name", "version", "attributes"},
    "Span": {
        "trace_id", "span_id", "parent_span_id", "trace_state", "flags", "name", "kind",
        "start_time_unix_nano", "end_time_unix_nano", "attributes", "events", "links", "status",
    },
    "Event": {"time_unix_nano", "name", "attributes"},
    "Link": {"trace_id", "span_id", "trace_state", "attributes"},
    "Status": {"message", "code"},
    "KeyValue": {"key", "value"},
    "ArrayValue": {"values"},
    "AnyValue": {
        "string_value", "bool_value", "int_value", "double_value", "bytes_value", *_RECURSIVE,
    },
}  # fmt: skip


def _text_as_bytes(message: DescriptorProto) -> None:
    for field in message.field:
        if field.type == FieldDescriptor.TYPE_STRING:
            field.type = FieldDescriptor.TYPE_BYTES
    for nested in message.nested_type:
        _text_as_bytes(nested)


def _only_columns(message: DescriptorProto) -> None:
    wanted = [field for field in message.field if field.name in _COLUMNS.get(message.name, ())]
    for field in wanted:
        if field.name in _RECURSIVE:
            field.type = FieldDescriptor.TYPE_BYTES
            field.ClearField("type_name")
    del message.field[:]
    message.field.extend(wanted)
    for nested in message.nested_type:
        _only_columns(nested)


def _pool(*, columnar: bool) -> DescriptorPool:
    pool = DescriptorPool()
    for module in _FILES:
        file = FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for message in file.message_type:
            _text_as_bytes(message)
            if columnar:
                _only_columns(message)
        pool.AddSerializedFile(file.SerializeToString())
    return pool


def _columnar_reader(name: str) -> Any:
    message = _pool(columnar=True).FindMessageTypeByName(name)
    return HandlerPool([message.file]).get_for_message(message)


StrictRequest = trace_service_pb2.ExportTraceServiceRequest
_lenient = _pool(columnar=False)
LenientRequest: Any = GetMessageClass(_lenient.FindMessageTypeByName(_REQUEST))
LenientArray: Any = GetMessageClass(_lenient.FindMessageTypeByName(_ARRAY))
LenientKeyValues: Any = GetMessageClass(
    _lenient.FindMessageTypeByName("opentelemetry.proto.common.v1.KeyValueList")
)
COLUMNAR = _columnar_reader(_REQUEST)
# Lists in lists are left as bytes.
COLUMNAR_ARRAY = _columnar_reader(_ARRAY)
