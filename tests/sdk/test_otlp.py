from __future__ import annotations

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from axonize.otlp import encode_request


def decoded(core: Any, *spans: Any) -> ExportTraceServiceRequest:
    encoded = core.encode_spans(list(spans))
    return ExportTraceServiceRequest.FromString(
        encode_request({"service.name": "svc"}, ("axonize", "0.1"), [encoded])
    )


def test_a_request_decodes(core: Any) -> None:
    span = core.Span("x", {"n": -1, "s": "é", "l": (None, 1)})
    span.end()
    request = decoded(core, span)
    [resource_spans] = request.resource_spans
    assert [(a.key, a.value.string_value) for a in resource_spans.resource.attributes] == [
        ("service.name", "svc")
    ]
    [scope_spans] = resource_spans.scope_spans
    assert (scope_spans.scope.name, scope_spans.scope.version) == ("axonize", "0.1")
    [message] = scope_spans.spans
    assert message.name == "x"
    assert message.trace_id.hex() == span.trace_id
