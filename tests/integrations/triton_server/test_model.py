"""Spans of Python models in the stub processes of a real server."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
import tritonclient.grpc as grpc

from axonize import guard
from axonize.context import SpanContext
from axonize.integrations.triton_server import model
from axonize.integrations.triton_server.model import trace_model, trace_models, trace_no_more
from tests.integrations.collector import Collector
from tests.integrations.triton_server.asking import answer, number
from tests.integrations.triton_server.conftest import Traces, outline
from tests.integrations.triton_server.test_client import Ports, over_grpc


class Answering:
    """A model of which no server knows, so that every hook fails on what it is given."""

    def execute(self, requests: Any) -> Any:
        return ["answered"]


class AnsweringAsync(Answering):
    async def execute(self, requests: Any) -> Any:
        return ["answered"]

    def initialize(self, args: Any) -> Any:
        return args


@pytest.mark.parametrize("model", [Answering, AnsweringAsync])
def test_what_breaks_in_our_hooks_breaks_no_model(model: Any) -> None:
    guard.set_strict(False)
    file = ModuleType("1.model")
    vars(file)["TritonPythonModel"] = model
    before = dict(vars(model))
    trace_models()
    try:
        trace_model(file)
        traced = model()
        traced.initialize({"unknown": "argument"})
        answer = traced.execute([object()])
        answered = asyncio.run(answer) if asyncio.iscoroutine(answer) else answer
    finally:
        trace_no_more()
    assert answered == ["answered"]
    assert dict(vars(model)) == before


def test_a_file_that_is_no_model_is_left_alone() -> None:
    file = ModuleType("1.helpers")
    trace_model(file)
    assert "TritonPythonModel" not in vars(file)


def test_a_model_s_beginning(ports: Ports, collector: Collector) -> None:
    collector.wait(lambda: collector.named("initialize doubling"))
    span = collector.named("initialize doubling")[0]
    assert span.attributes == {
        "triton.model_name": "doubling",
        "triton.model_version": "1",
        "axonize.triton_server.instance": "doubling_0_0",
        "axonize.device": "cpu",
        "axonize.setup": True,
    }
    assert span.parent_span_id == ""


def test_requests_that_are_executed_together(
    ports: Ports, traces: Traces, collector: Collector
) -> None:
    def ask(value: int) -> list[float]:
        with over_grpc(ports) as client:
            return answer(client.infer("batched", number(grpc, value), request_id=f"b{value}"))

    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(ask, range(3))) == [[float(value)] * 4 for value in range(3)]
    roots = traces.tree(3)
    assert [outline(root) for root in roots] == [("infer batched", ["execute batched"])] * 3
    executed = [root.children[0] for root in roots]
    assert {span["triton.request_id"] for span in executed} == {"b0", "b1", "b2"}
    together = [span for span in executed if span["axonize.batch_size"] > 1]
    assert together
    collector.wait(lambda: collector.named("batch batched"))
    batch = collector.named("batch batched")[-1]
    linked = {span_id for _, span_id in batch.links}
    assert linked <= {span.span_id for span in executed}
    assert len(linked) == batch["axonize.batch_size"]
    assert (batch.trace_id, batch.span_id) in together[-1].links
    inside = collector.named("for all of them")
    assert batch.span_id in {span.parent_span_id for span in inside}


def test_a_model_that_asks_another(ports: Ports, traces: Traces) -> None:
    with over_grpc(ports) as client:
        client.infer("calling", number(grpc))
    [root] = traces.tree(3)
    asked = ("infer doubling", ["execute doubling"])
    assert outline(root) == ("infer calling", [("execute calling", [asked])])


def test_a_model_that_asks_two_at_once(ports: Ports, traces: Traces) -> None:
    with over_grpc(ports) as client:
        client.infer("calling_async", number(grpc))
    [root] = traces.tree(5)
    executed = root.child("execute calling_async")
    assert sorted(map(outline, executed.children)) == [
        ("infer doubling", ["execute doubling"]),
        ("infer failing", ["execute failing"]),
    ]
    assert executed.child("infer doubling").status == 0
    assert executed.child("infer failing").status == 2


def test_a_model_that_goes_on_responding(ports: Ports, traces: Traces) -> None:
    with over_grpc(ports) as client:
        client.start_stream(lambda result, error: None, stream_timeout=120)
        client.async_stream_infer("decoupled", number(grpc), request_id="d")
        client.stop_stream()
    [root] = traces.tree(1)
    span = root.child("execute decoupled")
    assert span["axonize.triton_server.responses"] == 3
    assert 10 <= span["axonize.triton_server.first_response_ms"] < span.duration_ms
    assert span.duration_ms >= 30


def test_one_trace_with_the_server_s_own(traced_ports: Ports, traces: Traces) -> None:
    with over_grpc(traced_ports) as client:
        client.infer("calling", number(grpc))
    [root] = traces.tree(8)

    def names(span: Any) -> Any:
        return (span.name, sorted(map(names, span.children), key=str))

    doubling = [("compute", []), ("execute doubling", [])]
    calling = [
        ("compute", []),
        ("doubling", doubling),
        ("execute calling", [("infer doubling", [])]),
    ]
    assert names(root) == ("infer calling", [("InferRequest", [("calling", calling)])])


NAMED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize(
    ("text", "state"),
    [
        (f'{{"traceparent":"{NAMED}","other":1}}', ""),
        (f'{{"Traceparent": "{NAMED}"}}', ""),
        (f'{{"traceparent":"{NAMED}","tracestate":"a=1"}}', "a=1"),
    ],
)
def test_a_caller_is_read_from_what_the_server_hands_on(text: str, state: str) -> None:
    trace_id, span_id = NAMED.split("-")[1:3]
    assert model._read(text) == SpanContext(trace_id, span_id, 1, state)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "{}",
        '{"other":1}',
        '{"text":"\\"traceparent\\":\\"' + NAMED + '\\""}',
        '{"traceparent":"00-00000000000000000000000000000000-b7ad6b7169203331-01"}',
    ],
)
def test_what_names_no_caller_is_a_new_trace(text: str | None) -> None:
    assert model._read(text) is None
