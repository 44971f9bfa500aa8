"""A program on AsyncLLM that knows nothing of Axonize; its engine is killed at the end.

    python -m tests.integrations.vllm.async_program MODEL OUTPUT

Writes what the callers of the engine saw, as JSON. Kills when it is given a line.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import sys
from pathlib import Path
from typing import Any

from vllm import SamplingParams
from vllm.engine.arg_utils import AsyncEngineArgs
from vllm.sampling_params import RequestOutputKind
from vllm.v1.engine.async_llm import AsyncLLM

FOX = "The quick brown fox jumps over the lazy dog. "
CALLER = "00-000000000000000000000000000000c1-00000000000000d1-01"


def main() -> None:
    model, output = sys.argv[1:]
    Path(output).write_text(json.dumps(asyncio.run(run(model))))


async def run(model: str) -> dict[str, Any]:
    arguments = AsyncEngineArgs(model, dtype="float32", enforce_eager=True, max_model_len=512)
    engine = AsyncLLM.from_engine_args(arguments)
    try:
        seen = {
            "streams": await asyncio.gather(*(stream(engine, f"stream-{i}", 8) for i in range(3))),
            "called": await stream(engine, "called", 5, trace_headers={"traceparent": CALLER}),
            "left": await leave(engine),
            "aborted": await abort(engine),
        }
        await asyncio.to_thread(sys.stdin.readline)
        return {**seen, "killed": await kill(engine)}
    finally:
        engine.shutdown()


async def stream(engine: AsyncLLM, name: str, tokens: int, **more: Any) -> list[int]:
    """Return how many tokens came with each output."""
    params = greedy(tokens)
    return [
        len(output.outputs[0].token_ids)
        async for output in engine.generate(FOX + name, params, name, **more)
    ]


def greedy(tokens: int) -> SamplingParams:
    return SamplingParams(
        temperature=0, max_tokens=tokens, ignore_eos=True, output_kind=RequestOutputKind.DELTA
    )


async def leave(engine: AsyncLLM) -> int:
    """Stop listening after three outputs."""
    outputs = engine.generate(FOX, greedy(400), "left")
    for _ in range(3):
        await anext(outputs)
    await outputs.aclose()
    return 3


async def abort(engine: AsyncLLM) -> str:
    """Have a request aborted while somebody waits for it; return why its last output ended."""
    reason = ""
    async for output in engine.generate(FOX, greedy(400), "aborted"):
        if not reason:
            await engine.abort("aborted")
        reason = output.outputs[0].finish_reason or "none"
    return reason


async def kill(engine: AsyncLLM) -> list[str]:
    """Kill the engine under two requests; return what their callers are told."""
    callers = [asyncio.create_task(stream(engine, f"killed-{i}", 400)) for i in range(2)]
    waiting = asyncio.create_task(first_token(engine))
    await waiting
    (core,) = (each for each in multiprocessing.active_children() if "EngineCore" in each.name)
    os.kill(core.pid or 0, signal.SIGKILL)
    ends = await asyncio.gather(*callers, return_exceptions=True)
    return [type(end).__name__ for end in ends]


async def first_token(engine: AsyncLLM) -> None:
    """Return when the engine has made a token for the request that came last."""
    await anext(engine.generate(FOX, greedy(1), "first"))


if __name__ == "__main__":
    main()
