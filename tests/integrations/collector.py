"""A real OTLP collector for spans that come from other processes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as service
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2_grpc as services


@dataclass
class Received:
    """One span as it came over the wire."""

    name: str
    trace_id: str
    span_id: str
    parent_span_id: str
    kind: int
    start_ns: int
    end_ns: int
    status: int
    attributes: dict[str, Any]
    events: list[tuple[str, int]]
    links: list[tuple[str, str]]
    resource: dict[str, Any]
    children: list[Received] = field(default_factory=list, repr=False)

    def __getitem__(self, attribute: str) -> Any:
        return self.attributes[attribute]

    @property
    def duration_ms(self) -> float:
        return (self.end_ns - self.start_ns) / 1e6

    def child(self, name: str) -> Received:
        (found,) = (each for each in self.children if each.name == name)
        return found

    def all(self) -> Iterator[Received]:
        yield self
        for each in self.children:
            yield from each.all()


class Collector(services.TraceServiceServicer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        self.spans: list[Received] = []
        self.address = ""

    def Export(self, request: Any, context: Any) -> Any:
        for resource_spans in request.resource_spans:
            resource = read_attributes(resource_spans.resource.attributes)
            for scope_spans in resource_spans.scope_spans:
                self.spans += [read(span, resource) for span in scope_spans.spans]
        return service.ExportTraceServiceResponse()

    def named(self, name: str) -> list[Received]:
        return sorted((s for s in self.spans if s.name == name), key=lambda span: span.start_ns)

    def roots(self) -> dict[str, list[Received]]:
        """Return the spans without a parent here by trace, each with what lies below it."""
        spans = sorted(self.spans, key=lambda span: span.start_ns)
        known = {span.span_id: span for span in spans}
        roots: dict[str, list[Received]] = {}
        for span in spans:
            span.children = []
        for span in spans:
            above = known.get(span.parent_span_id)
            if above is None:
                roots.setdefault(span.trace_id, []).append(span)
            else:
                above.children.append(span)
        return roots

    def wait(self, enough: Callable[[], Any], seconds: float = 240) -> None:
        """Wait until what is expected has come."""
        end = time.monotonic() + seconds
        while not enough():
            assert time.monotonic() < end, sorted({span.name for span in self.spans})
            time.sleep(0.05)


@contextmanager
def collecting() -> Iterator[Collector]:
    """Run a collector on a port of its own."""
    server = grpc.server(ThreadPoolExecutor(4))
    collector = Collector()
    services.add_TraceServiceServicer_to_server(collector, server)
    collector.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    try:
        yield collector
    finally:
        server.stop(None).wait()


def read(span: Any, resource: dict[str, Any]) -> Received:
    return Received(
        name=span.name,
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_span_id=span.parent_span_id.hex(),
        kind=span.kind,
        start_ns=span.start_time_unix_nano,
        end_ns=span.end_time_unix_nano,
        status=span.status.code,
        attributes=read_attributes(span.attributes),
        events=[(event.name, event.time_unix_nano) for event in span.events],
        links=[(link.trace_id.hex(), link.span_id.hex()) for link in span.links],
        resource=resource,
    )


def read_attributes(attributes: Iterable[Any]) -> dict[str, Any]:
    return {each.key: read_value(each.value) for each in attributes}


def read_value(value: Any) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [read_value(each) for each in value.array_value.values]
    return None if kind is None else getattr(value, kind)
