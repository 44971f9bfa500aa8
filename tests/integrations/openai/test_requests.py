"""Client spans of the real openai client, asking a real HTTP server."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import openai
import pytest

from axonize import guard, patching
from axonize.demo.ports import free_port
from axonize.integrations.openai import OPENAI, answers, requests
from axonize.integrations.openai import span as spans
from axonize.speed import Span, current_span
from tests.integrations.collector import collecting
from tests.integrations.conftest import MEASURED, Recorded
from tests.integrations.openai.example import MESSAGES
from tests.integrations.openai.server import OpenAIServer, serving

INCOMPLETE = "axonize.stream.incomplete"
CHAT_ANSWER = {
    "gen_ai.response.id": "chat-1",
    "gen_ai.response.model": "tiny-1",
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 5,
    "gen_ai.usage.output_tokens": 3,
    "gen_ai.usage.cache_read.input_tokens": 0,
    "gen_ai.usage.reasoning.output_tokens": 1,
}
STREAMED = {
    "gen_ai.request.stream": True,
    "gen_ai.response.time_to_first_chunk": MEASURED,
    "axonize.ttft_ms": MEASURED,
    "axonize.itl.p50_ms": MEASURED,
    "axonize.itl.p99_ms": MEASURED,
    "axonize.itl.max_ms": MEASURED,
}


@pytest.fixture(scope="module")
def server() -> Iterator[OpenAIServer]:
    with serving() as running:
        yield running


@pytest.fixture(autouse=True)
def _installed() -> Iterator[None]:
    patching.install(OPENAI)
    yield
    patching.uninstall(OPENAI)


@pytest.fixture
def client(server: OpenAIServer) -> Iterator[openai.OpenAI]:
    server.headers.clear()
    with openai.OpenAI(base_url=server.url, api_key="none") as ready:
        yield ready


@pytest.fixture
def asynchronously(server: OpenAIServer) -> Callable[[Callable[[Any], Any]], Any]:
    def run(use: Callable[[openai.AsyncOpenAI], Any]) -> Any:
        async def inside() -> Any:
            async with openai.AsyncOpenAI(base_url=server.url, api_key="none") as ready:
                return await use(ready)

        return asyncio.run(inside())

    return run


def expected(server: OpenAIServer, name: str, attributes: dict[str, Any], **more: Any) -> Any:
    operation, _, model = name.partition(" ")
    common = {
        "gen_ai.operation.name": operation,
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": model,
        "server.address": "127.0.0.1",
        "server.port": int(server.url.rpartition(":")[2].removesuffix("/v1")),
    }
    return {"name": name, "kind": "client", "attributes": common | attributes, **more}


def stream_of(client: Any, **options: Any) -> Any:
    return client.chat.completions.create(
        **{"model": "tiny", "messages": MESSAGES, "stream": True, **options}
    )


def test_a_chat(server: OpenAIServer, client: openai.OpenAI, recorded: Recorded) -> None:
    client.chat.completions.create(model="tiny", messages=MESSAGES)
    assert recorded.tree() == [expected(server, "chat tiny", CHAT_ANSWER)]


def test_what_was_asked_for(
    server: OpenAIServer, client: openai.OpenAI, recorded: Recorded
) -> None:
    client.chat.completions.create(
        model="tiny",
        messages=MESSAGES,
        temperature=0,
        top_p=0.5,
        frequency_penalty=0.0,
        presence_penalty=0.25,
        seed=0,
        max_completion_tokens=7,
        n=2,
        stop="end",
        response_format={"type": "json_object"},
        extra_body={"top_k": 3},
    )
    asked = {
        "gen_ai.request.temperature": 0,
        "gen_ai.request.top_p": 0.5,
        "gen_ai.request.top_k": 3,
        "gen_ai.request.frequency_penalty": 0.0,
        "gen_ai.request.presence_penalty": 0.25,
        "gen_ai.request.seed": 0,
        "gen_ai.request.max_tokens": 7,
        "gen_ai.request.choice.count": 2,
        "gen_ai.request.stop_sequences": ("end",),
        "gen_ai.output.type": "json",
        "gen_ai.response.finish_reasons": ("stop", "stop"),
    }
    assert recorded.tree() == [expected(server, "chat tiny", CHAT_ANSWER | asked)]


def test_completions_embeddings_and_responses(
    server: OpenAIServer, client: openai.OpenAI, recorded: Recorded
) -> None:
    client.completions.create(model="tiny", prompt="count", max_tokens=1)
    client.embeddings.create(model="tiny", input="x", dimensions=2, encoding_format="float")
    client.responses.create(model="tiny", input="count", max_output_tokens=2)
    answered = {"gen_ai.response.model": "tiny-1"}
    assert recorded.tree() == [
        expected(
            server,
            "text_completion tiny",
            answered
            | {
                "gen_ai.request.max_tokens": 1,
                "gen_ai.response.id": "cmpl-1",
                "gen_ai.response.finish_reasons": ("stop",),
                "gen_ai.usage.input_tokens": 2,
                "gen_ai.usage.output_tokens": 1,
            },
        ),
        expected(
            server,
            "embeddings tiny",
            answered
            | {
                "gen_ai.embeddings.dimension.count": 2,
                "gen_ai.request.encoding_formats": ("float",),
                "gen_ai.usage.input_tokens": 2,
            },
        ),
        expected(server, "chat tiny", {"gen_ai.request.max_tokens": 2} | RESPONSE_ANSWER),
    ]


RESPONSE_ANSWER = {
    "gen_ai.response.id": "resp_1",
    "gen_ai.response.model": "tiny-1",
    "gen_ai.response.finish_reasons": ("completed",),
    "gen_ai.usage.input_tokens": 4,
    "gen_ai.usage.output_tokens": 2,
    "gen_ai.usage.cache_read.input_tokens": 2,
    "gen_ai.usage.reasoning.output_tokens": 0,
}


def test_a_stream_with_its_usage(
    server: OpenAIServer, client: openai.OpenAI, recorded: Recorded
) -> None:
    stream = stream_of(client, stream_options={"include_usage": True})
    assert recorded.tree() == []
    assert len(list(stream)) == 6
    streamed = STREAMED | {
        "axonize.stream.chunks": 6,
        "axonize.tpot_ms": MEASURED,
    }
    assert recorded.tree() == [expected(server, "chat tiny", CHAT_ANSWER | streamed)]


def test_chunks_are_no_tokens(client: openai.OpenAI, recorded: Recorded) -> None:
    assert len(list(stream_of(client))) == 5
    [span] = recorded.spans()
    assert span.attributes["axonize.itl.max_ms"] == MEASURED
    assert "gen_ai.usage.output_tokens" not in span.attributes
    assert "axonize.tpot_ms" not in span.attributes


def test_a_stream_of_responses(
    server: OpenAIServer, asynchronously: Any, recorded: Recorded
) -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        stream = await client.responses.create(model="tiny", input="count", stream=True)
        assert [event.type async for event in stream][-1] == "response.completed"

    asynchronously(use)
    streamed = STREAMED | {"axonize.stream.chunks": 4, "axonize.tpot_ms": MEASURED}
    assert recorded.tree() == [expected(server, "chat tiny", RESPONSE_ANSWER | streamed)]


def test_the_client_s_own_helper_for_streams(client: openai.OpenAI, recorded: Recorded) -> None:
    with client.chat.completions.stream(model="tiny", messages=MESSAGES) as stream:
        assert stream.get_final_completion().choices[0].message.content == "one two three"
    [span] = recorded.spans()
    assert span.attributes["axonize.stream.chunks"] == 5


def test_the_server_gets_our_span_as_its_parent(
    server: OpenAIServer, client: openai.OpenAI, recorded: Recorded
) -> None:
    with Span("around") as around:
        client.chat.completions.create(model="tiny", messages=MESSAGES, extra_headers={"x-a": "1"})
    _, span = recorded.spans()
    assert span.parent_span_id == around.span_id
    assert server.headers[0]["traceparent"] == f"00-{span.trace_id}-{span.span_id}-01"
    assert server.headers[0]["x-a"] == "1"


def test_a_parent_that_the_host_names_stays(server: OpenAIServer, client: openai.OpenAI) -> None:
    own = f"00-{'1' * 32}-{'2' * 16}-01"
    client.embeddings.create(model="tiny", input="x", extra_headers={"Traceparent": own})
    assert server.headers[0]["traceparent"] == own


def test_retries_are_in_one_span(
    server: OpenAIServer, client: openai.OpenAI, recorded: Recorded
) -> None:
    server.busy = 2
    client.chat.completions.create(model="tiny", messages=MESSAGES)
    assert len(server.headers) == 3
    assert recorded.tree() == [
        expected(
            server,
            "chat tiny",
            CHAT_ANSWER | {"http.request.resend_count": 2},
            events=[("retry", {"http.response.status_code": 503})] * 2,
        )
    ]


def test_a_refusal_is_an_error(
    server: OpenAIServer, client: openai.OpenAI, recorded: Recorded
) -> None:
    with pytest.raises(openai.NotFoundError) as raised:
        client.chat.completions.create(model="missing", messages=MESSAGES)
    message = str(raised.value)
    assert recorded.tree() == [
        expected(
            server,
            "chat missing",
            {"error.type": "openai.NotFoundError", "http.response.status_code": 404},
            status=("error", f"NotFoundError: {message}"),
            events=[
                (
                    "exception",
                    {"exception.type": "openai.NotFoundError", "exception.message": message},
                )
            ],
        )
    ]


def test_a_server_that_is_not_there(recorded: Recorded) -> None:
    with (
        openai.OpenAI(base_url="http://127.0.0.1:9/v1", api_key="none", max_retries=0) as client,
        pytest.raises(openai.APIConnectionError),
    ):
        client.embeddings.create(model="tiny", input="x")
    [span] = recorded.spans()
    assert span.attributes["error.type"] == "openai.APIConnectionError"
    assert span.attributes["server.port"] == 9


def test_a_stream_that_breaks(client: openai.OpenAI, recorded: Recorded) -> None:
    with pytest.raises(openai.APIError, match="out of memory"):
        list(stream_of(client, model="breaks"))
    [span] = recorded.tree()
    assert span["status"] == ("error", "APIError: out of memory")
    assert span["attributes"]["error.type"] == "openai.APIError"
    assert span["attributes"]["axonize.stream.chunks"] == 2
    assert INCOMPLETE not in span["attributes"]


def test_a_response_that_failed_is_an_error(client: openai.OpenAI, recorded: Recorded) -> None:
    client.responses.create(model="breaks", input="count")
    [span] = recorded.tree()
    assert span["status"] == "error"
    assert span["attributes"]["error.type"] == "server_error"


def closed(stream: Any) -> None:
    next(stream)
    stream.close()


def left(stream: Any) -> None:
    with stream:
        for _ in stream:
            break


def closed_before_the_first_chunk(stream: Any) -> None:
    stream.close()


@pytest.mark.parametrize("give_up", [closed, left, closed_before_the_first_chunk])
def test_a_stream_given_up(
    client: openai.OpenAI, recorded: Recorded, give_up: Callable[[Any], None]
) -> None:
    stream = stream_of(client)
    give_up(stream)
    [span] = recorded.tree()
    assert span["attributes"][INCOMPLETE] is True
    assert "status" not in span
    stream.close()
    assert recorded.tree() == []


def test_a_stream_dropped(client: openai.OpenAI, recorded: Recorded) -> None:
    stream = stream_of(client)
    next(stream)
    del stream
    gc.collect()
    [span] = recorded.tree()
    assert span["attributes"][INCOMPLETE] is True


def test_a_stream_whose_task_is_cancelled(asynchronously: Any, recorded: Recorded) -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        stream = await stream_of(client, model="endless")
        async with asyncio.timeout(0.1):
            async for _ in stream:
                pass

    with pytest.raises(TimeoutError):
        asynchronously(use)
    [span] = recorded.tree()
    assert span["attributes"]["error.type"] == "asyncio.exceptions.CancelledError"


def test_an_asynchronous_stream_closed(asynchronously: Any, recorded: Recorded) -> None:
    async def use(client: openai.AsyncOpenAI) -> None:
        async with await stream_of(client) as stream:
            await anext(stream)

    asynchronously(use)
    [span] = recorded.tree()
    assert span["attributes"][INCOMPLETE] is True


def test_no_span_is_current_while_a_stream_is_read(client: openai.OpenAI) -> None:
    for _ in stream_of(client):
        assert current_span.get() is None


def test_raw_responses(server: OpenAIServer, client: openai.OpenAI, recorded: Recorded) -> None:
    raw = client.chat.completions.with_raw_response.create(model="tiny", messages=MESSAGES)
    assert raw.headers["content-type"] == "application/json"
    assert raw.parse().id == "chat-1"
    assert recorded.tree() == [expected(server, "chat tiny", CHAT_ANSWER)]


def test_a_raw_response_that_streams(client: openai.OpenAI, recorded: Recorded) -> None:
    raw: Any = stream_of(client.with_raw_response)
    assert recorded.tree() == []
    assert len(list(raw.parse())) == 5
    [span] = recorded.spans()
    assert span.attributes["axonize.stream.chunks"] == 5
    assert span.attributes["gen_ai.response.finish_reasons"] == ("stop",)
    assert INCOMPLETE not in span.attributes


def test_a_streaming_response_that_is_read_whole(
    server: OpenAIServer, client: openai.OpenAI, asynchronously: Any, recorded: Recorded
) -> None:
    arguments: Any = {"model": "tiny", "messages": MESSAGES}
    with client.chat.completions.with_streaming_response.create(**arguments) as response:
        assert response.parse().id == "chat-1"

    async def use(client: openai.AsyncOpenAI) -> None:
        create = client.chat.completions.with_streaming_response.create
        async with create(**arguments) as response:
            assert (await response.json())["id"] == "chat-1"

    asynchronously(use)
    assert recorded.tree() == [expected(server, "chat tiny", CHAT_ANSWER)] * 2


def test_a_streaming_response_that_is_read_line_by_line(
    client: openai.OpenAI, recorded: Recorded
) -> None:
    create: Any = client.chat.completions.with_streaming_response.create
    with create(model="tiny", messages=MESSAGES, stream=True) as response:
        assert list(response.iter_lines())[-2] == "data: [DONE]"
    [span] = recorded.tree()
    assert "status" not in span
    assert "axonize.stream.chunks" not in span["attributes"]


def test_what_is_no_inference_is_not_traced(client: openai.OpenAI, recorded: Recorded) -> None:
    client.models.list()
    assert recorded.tree() == []


def test_azure(server: OpenAIServer, recorded: Recorded) -> None:
    with openai.AzureOpenAI(
        base_url=server.url, api_key="none", api_version="2024-10-21"
    ) as client:
        client.embeddings.create(model="tiny", input="x")
    [span] = recorded.spans()
    assert span.attributes["gen_ai.provider.name"] == "azure.ai.openai"


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (requests, "follow_chunks"),
        (answers.Answer, "add"),
        (answers.Answer, "attributes"),
        (spans, "latencies"),
    ],
)
def test_what_breaks_in_our_hooks_breaks_no_stream(
    client: openai.OpenAI,
    recorded: Recorded,
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise LookupError("broken on purpose")

    guard.set_strict(False)
    monkeypatch.setattr(owner, name, broken)
    assert len(list(stream_of(client))) == 5
    assert [span.name for span in recorded.spans()] == ["chat tiny"]


def test_one_trace_from_the_client_to_an_instrumented_server(recorded: Recorded) -> None:
    port = free_port()
    with collecting() as collector:
        command = [sys.executable, "-m", "axonize.instrument", "--endpoint", collector.address]
        command += [sys.executable, "-m", "tests.integrations.openai.server", str(port)]
        process = subprocess.Popen(command)
        try:
            url = f"http://127.0.0.1:{port}/v1"
            with openai.OpenAI(base_url=url, api_key="none", max_retries=60) as client:
                assert len(list(stream_of(client))) == 5
            collector.wait(lambda: collector.spans)
        finally:
            process.terminate()
            process.wait()
    [ours] = recorded.spans()
    [served] = collector.spans
    assert served.name == "POST /v1/chat/completions"
    assert (served.trace_id, served.parent_span_id) == (ours.trace_id, ours.span_id)
