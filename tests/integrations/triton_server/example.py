"""One use of the library, for the checks that every integration has to pass."""

from __future__ import annotations

import asyncio
import functools
import queue
import tempfile
from pathlib import Path
from typing import Any

import pytriton.proxy.inference  # noqa: F401 - one of what is hooked
import tritonclient.grpc as grpc
import tritonclient.grpc.aio as grpc_aio
import tritonclient.http as http
import tritonclient.http.aio as http_aio

from tests.integrations.collector import collecting
from tests.integrations.lasting import UNTIL_THE_END
from tests.integrations.triton_server.asking import answer, number
from tests.integrations.triton_server.server import serving


def example() -> list[Any]:
    """Return what the server answers, the same each time."""
    http_port, grpc_port = server()
    with grpc.InferenceServerClient(f"127.0.0.1:{grpc_port}") as client:
        answers = [answer(client.infer("doubling", number(grpc))), *by_callback(client)]
        answers += streamed(client)
    with http.InferenceServerClient(f"127.0.0.1:{http_port}") as client:
        answers += [answer(client.infer("doubling", number(http)))]
        answers += [answer(client.async_infer("doubling", number(http)).get_result())]
    return [*answers, *asyncio.run(asynchronous(http_port, grpc_port))]


@functools.cache
def server() -> tuple[int, int]:
    """Start a server, which stays until the tests are done."""
    stack = UNTIL_THE_END
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    collector = stack.enter_context(collecting())
    return stack.enter_context(serving(Path(folder), collector))


def by_callback(client: Any) -> list[Any]:
    answers: queue.Queue[Any] = queue.Queue()
    client.async_infer("doubling", number(grpc), lambda result, error: answers.put(result))
    return [answer(answers.get(timeout=60))]


def streamed(client: Any) -> list[Any]:
    answers: queue.Queue[Any] = queue.Queue()
    client.start_stream(lambda result, error: answers.put(result))
    client.async_stream_infer("decoupled", number(grpc))
    found = [answer(answers.get(timeout=60)) for _ in range(3)]
    client.stop_stream()
    return found


async def asynchronous(http_port: int, grpc_port: int) -> list[Any]:
    async with grpc_aio.InferenceServerClient(f"127.0.0.1:{grpc_port}") as client:
        first = await client.infer("doubling", number(grpc))
        stream = client.stream_infer(requests())
        streamed = [answer(result) async for result, _ in stream]
    async with http_aio.InferenceServerClient(f"127.0.0.1:{http_port}") as client:
        second = await client.infer("doubling", number(http))
    return [answer(first), *streamed, answer(second)]


async def requests() -> Any:
    yield {"model_name": "decoupled", "inputs": number(grpc)}
