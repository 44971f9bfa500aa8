"""Client spans of real requests, and what of the server lies below them."""

from __future__ import annotations

import asyncio
import queue
from typing import Any

import pytest
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio
from tritonclient.utils import InferenceServerException

from axonize.speed import Span
from tests.integrations.triton_server.asking import answer, number
from tests.integrations.triton_server.conftest import Traces, outline
from tests.integrations.triton_server.example import requests

Ports = tuple[int, int]
DOUBLED = ("infer doubling", ["execute doubling"])
FIRST_MS = "axonize.triton_server.first_response_ms"


def over_grpc(ports: Ports) -> Any:
    return grpc.InferenceServerClient(f"127.0.0.1:{ports[1]}")


def over_http(ports: Ports) -> Any:
    return http.InferenceServerClient(f"127.0.0.1:{ports[0]}")


def test_one_inference(ports: Ports, traces: Traces) -> None:
    with over_grpc(ports) as client, Span("program"):
        found = client.infer("doubling", number(grpc), request_id="first", model_version="1")
    assert answer(found) == [2.0] * 4
    [root] = traces.tree(1)
    assert outline(root) == ("program", [DOUBLED])
    [asked] = root.children
    [executed] = asked.children
    assert asked.attributes == {
        "triton.model_name": "doubling",
        "triton.model_version": "1",
        "triton.request_id": "first",
        "server.address": "127.0.0.1",
        "server.port": ports[1],
        "network.protocol.name": "grpc",
    }
    assert executed.attributes == {
        "triton.model_name": "doubling",
        "triton.model_version": "1",
        "triton.request_id": "first",
        "axonize.triton_server.instance": "doubling_0_0",
        "axonize.device": "cpu",
        "axonize.batch_size": 1,
    }
    assert (asked.kind, executed.kind) == (3, 2)
    assert executed.resource["service.name"] == "triton"


def test_over_http(ports: Ports, traces: Traces) -> None:
    with over_http(ports) as client:
        client.infer("doubling", number(http))
        client.async_infer("doubling", number(http)).get_result()
    roots = traces.tree(2)
    assert [outline(root) for root in roots] == [DOUBLED, DOUBLED]
    assert [root["server.port"] for root in roots] == [ports[0]] * 2
    assert [root["network.protocol.name"] for root in roots] == ["http"] * 2


def test_by_a_callback(ports: Ports, traces: Traces) -> None:
    answers: queue.Queue[Any] = queue.Queue()
    with over_grpc(ports) as client:
        client.async_infer("doubling", number(grpc), lambda result, error: answers.put(result))
        assert answer(answers.get(timeout=60)) == [2.0] * 4
        client.async_infer("failing", number(grpc), lambda result, error: answers.put(error))
        assert isinstance(answers.get(timeout=60), InferenceServerException)
    fine, failed = traces.tree(2)
    assert (outline(fine), outline(failed)) == (DOUBLED, ("infer failing", ["execute failing"]))
    assert (fine.status, failed.status) == (0, 2)


def test_from_coroutines(ports: Ports, traces: Traces) -> None:
    async def ask() -> None:
        async with grpc_aio.InferenceServerClient(f"127.0.0.1:{ports[1]}") as client:
            await asyncio.gather(*(client.infer("doubling", number(grpc)) for _ in range(2)))
            assert len([each async for each in client.stream_infer(requests())]) == 3
        async with http_aio.InferenceServerClient(f"127.0.0.1:{ports[0]}") as client:
            await client.infer("doubling", number(http))

    asyncio.run(ask())
    found = [outline(root) for root in traces.tree(4)]
    stream = ("stream decoupled", ["execute decoupled"])
    assert found == [DOUBLED, DOUBLED, stream, DOUBLED]


def test_a_stream_of_requests(ports: Ports, traces: Traces) -> None:
    answers: queue.Queue[Any] = queue.Queue()
    with over_grpc(ports) as client:
        client.start_stream(lambda result, error: answers.put(error), stream_timeout=120)
        for _ in range(2):
            client.async_stream_infer("decoupled", number(grpc), request_id="many")
        assert [answers.get(timeout=60) for _ in range(6)] == [None] * 6
        client.stop_stream()
    [root] = traces.tree(2)
    assert outline(root) == ("stream decoupled", ["execute decoupled"] * 2)
    assert root["axonize.triton_server.requests"] == 2
    assert root["axonize.triton_server.responses"] == 6
    assert 0 < root[FIRST_MS] < root.duration_ms


def test_a_request_of_a_sequence(ports: Ports, traces: Traces) -> None:
    with over_grpc(ports) as client:
        client.infer(
            "sequence", number(grpc), sequence_id=7, sequence_start=True, sequence_end=True
        )
    [root] = traces.tree(1)
    [executed] = root.children
    name = "axonize.triton_server.sequence_id"
    assert (root[name], executed[name]) == (7, 7)


def test_a_request_that_fails(ports: Ports, traces: Traces) -> None:
    with over_grpc(ports) as client:
        for value in (0.0, 1.0):
            with pytest.raises(InferenceServerException):
                client.infer("failing", number(grpc, value))
    answered, raised = traces.tree(2)
    assert [root.status for root in (answered, raised)] == [2, 2]
    assert [root["error.type"] for root in (answered, raised)] == [
        "tritonclient.utils.InferenceServerException"
    ] * 2
    assert "error.type" not in answered.child("execute failing").attributes
    assert raised.child("execute failing")["error.type"] == "ValueError"


def test_what_the_program_sends_itself_stays(ports: Ports, traces: Traces) -> None:
    other = "00-11111111111111111111111111111111-2222222222222222-01"
    headers, parameters = {"traceparent": other}, {"traceparent": other, "priority_of_mine": 3}
    with over_grpc(ports) as client:
        client.infer("doubling", number(grpc), headers=headers, parameters=parameters)
    traces._collector.wait(
        lambda: [s for s in traces._collector.spans if s.parent_span_id == "2" * 16]
    )
    assert headers == {"traceparent": other}
