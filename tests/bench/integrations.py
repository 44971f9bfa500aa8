"""What the integrations cost: the same work with and without, in turn, in one process.

Run as `python -m tests.bench.integrations [pairs]`. The time is the thread's own CPU time where the
work stays in one thread, so that other processes on the machine do not count.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import openai
import torch
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from transformers import AutoModelForCausalLM, logging

from axonize import patching, speed
from axonize.integrations.asgi import ASGI
from axonize.integrations.openai import OPENAI
from axonize.integrations.threads import THREADS
from axonize.integrations.torch import TORCH
from axonize.integrations.transformers import TRANSFORMERS
from axonize.integrations.triton_kernels import TRITON_KERNELS
from axonize.patching import Integration
from tests.integrations.openai.server import chat
from tests.integrations.tiny_llama import save_tiny_llama
from tests.integrations.triton_kernels.device import made_up_device
from tests.integrations.triton_kernels.kernels import adding, arguments

TOKENS, REQUESTS, TASKS = 64, 200, 200
ASKED, CHUNKS = 20, 500
CALLS, LAYERS = 2000, 50
Work = Callable[[], Any]


def measure(integration: Integration, work: Work, pairs: int, clock: Callable[[], float]) -> str:
    """Return the median time of each kind and the median of the ratios of the pairs."""
    times: dict[bool, list[float]] = {True: [], False: []}
    for number in range(pairs + 3):
        for traced in (number % 2 == 0, number % 2 == 1):
            elapsed = run(integration, work, clock) if traced else timed(work, clock)
            if number >= 3:
                times[traced].append(elapsed)
    ratios = [new / old for new, old in zip(times[True], times[False], strict=True)]
    traced_ms, plain_ms = (statistics.median(times[kind]) * 1e3 for kind in (True, False))
    return (
        f"{integration.name:13} {plain_ms:8.3f} ms plain {traced_ms:8.3f} ms traced, "
        f"median ratio {statistics.median(ratios):.4f} of {pairs} pairs"
    )


def run(integration: Integration, work: Work, clock: Callable[[], float]) -> float:
    patching.install(integration)
    try:
        return timed(work, clock)
    finally:
        patching.uninstall(integration)
        BUFFER.clear()


def timed(work: Work, clock: Callable[[], float]) -> float:
    began = clock()
    work()
    return clock() - began


def generating() -> Work:
    torch.set_num_threads(1)
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        path = save_tiny_llama(Path(folder) / "tiny-llama")
        model = AutoModelForCausalLM.from_pretrained(path)
    ids = torch.tensor([[5, 6, 7, 8]])
    return lambda: model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=TOKENS,
        min_new_tokens=TOKENS,
        do_sample=False,
    )


def requesting() -> Work:
    async def hello(_: Any) -> PlainTextResponse:
        return PlainTextResponse("hello")

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Any) -> None:
        pass

    application = Starlette(routes=[Route("/{name}", hello)])
    caller = (b"traceparent", b"00-11111111111111111111111111111111-2222222222222222-01")
    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b""}

    async def requests() -> None:
        for _ in range(REQUESTS):
            await application({**scope, "headers": [(b"host", b"x"), caller]}, receive, send)

    loop = asyncio.new_event_loop()
    return lambda: loop.run_until_complete(requests())


def submitting() -> Work:
    pool = ThreadPoolExecutor(1)
    return lambda: [pool.submit(int).result() for _ in range(TASKS)]


def asking(*, stream: bool) -> Work:
    """Ask by a client whose HTTP transport answers at once."""
    body = {"model": "tiny", "messages": [{"role": "user", "content": "count"}]}
    chunk = next(iter(chat({**body, "stream": True})))
    streamed = (chunk * CHUNKS + "data: [DONE]\n\n").encode()

    def answer(_: httpx.Request) -> httpx.Response:
        if stream:
            return httpx.Response(200, content=streamed)
        return httpx.Response(200, json=chat(body))

    http = httpx.Client(transport=httpx.MockTransport(answer))
    client: Any = openai.OpenAI(base_url="http://x/v1", api_key="none", http_client=http)
    if stream:
        return lambda: list(client.chat.completions.create(**body, stream=True))
    return lambda: [client.chat.completions.create(**body) for _ in range(ASKED)]


def calling(module: torch.nn.Module, calls: int) -> Work:
    numbers = torch.ones(1, 64)

    def work() -> None:
        with torch.no_grad():
            for _ in range(calls):
                module(numbers)

    return work


def layers() -> torch.nn.Module:
    return torch.nn.Sequential(*(torch.nn.Linear(64, 64) for _ in range(LAYERS)))


def launching() -> Work:
    """Launch a kernel on a device that does nothing, so that all the time is the host's."""
    kernel, given = adding()[(4,)], arguments()
    return lambda: [kernel(*given, BLOCK=32) for _ in range(CALLS)]


BUFFER = speed.RingBuffer(100_000)

if __name__ == "__main__":
    pairs = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    speed.configure(BUFFER)
    print(f"core in {'C' if speed.USING_C else 'Python'}")
    print(f"one generate call of {TOKENS} tokens")
    print(measure(TRANSFORMERS, generating(), pairs, time.thread_time))
    print(f"{REQUESTS} requests")
    print(measure(ASGI, requesting(), pairs, time.thread_time))
    print(f"{ASKED} chat completions")
    print(measure(OPENAI, asking(stream=False), pairs, time.thread_time))
    print(f"one streamed in {CHUNKS} chunks")
    print(measure(OPENAI, asking(stream=True), pairs, time.thread_time))
    print(f"{CALLS} calls of a module that does nothing")
    print(measure(TORCH, calling(torch.nn.Identity(), CALLS), pairs, time.thread_time))
    print(f"{CALLS // LAYERS} calls of a module of {LAYERS} layers")
    print(measure(TORCH, calling(layers(), CALLS // LAYERS), pairs, time.thread_time))
    print(f"{TASKS} tasks, without and with a current span")
    print(measure(THREADS, submitting(), pairs, time.perf_counter))
    with speed.Span("current"):
        print(measure(THREADS, submitting(), pairs, time.perf_counter))
    print(f"{CALLS} launches of a Triton kernel in a span")
    with speed.Span("current"), made_up_device():
        launches = launching()
        launches()
        print(measure(TRITON_KERNELS, launches, pairs, time.thread_time))
