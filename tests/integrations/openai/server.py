"""A real HTTP server that answers as OpenAI's does, always the same; also a program of its own.

Run as `python -m tests.integrations.openai.server PORT`.
"""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

CHAT_USAGE = {
    "prompt_tokens": 5,
    "completion_tokens": 3,
    "total_tokens": 8,
    "prompt_tokens_details": {"cached_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 1},
}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "created_at": 1,
    "model": "tiny-1",
    "output": [],
    "parallel_tool_calls": True,
    "tool_choice": "auto",
    "tools": [],
}
RESPONSE_USAGE = {
    "input_tokens": 4,
    "input_tokens_details": {"cached_tokens": 2},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 6,
}


class OpenAIServer:
    """The application, and what it was sent; `busy` requests are refused before one is taken."""

    def __init__(self) -> None:
        self.headers: list[dict[str, str]] = []
        self.busy = 0
        self.url = ""
        self.application = FastAPI()
        for path, answer in (
            ("chat/completions", chat),
            ("completions", text),
            ("embeddings", embeddings),
            ("responses", responses),
        ):
            self._serve(path, answer)
        self.application.get("/v1/models")(lambda: {"object": "list", "data": []})

    def _serve(self, path: str, answer: Any) -> None:
        async def endpoint(request: Request) -> Response:
            self.headers.append(dict(request.headers))
            if self.busy:
                self.busy -= 1
                return JSONResponse({"error": {"message": "busy"}}, 503, {"retry-after-ms": "1"})
            body = await request.json()
            if body["model"] == "missing":
                return JSONResponse({"error": {"message": "no such model"}}, 404)
            found = answer(body)
            if isinstance(found, dict):
                return JSONResponse(found)
            return StreamingResponse(found, media_type="text/event-stream")

        for above in ("/v1", "/v1/deployments/tiny"):  # the second as Azure has it
            self.application.post(f"{above}/{path}")(endpoint)


def chat(body: dict[str, Any]) -> Any:
    whole = {"id": "chat-1", "object": "chat.completion", "created": 1, "model": "tiny-1"}
    if body.get("stream"):
        return events(chat_chunks({**whole, "object": "chat.completion.chunk"}, body))
    message = {"role": "assistant", "content": "one two"}
    choices = [
        {"index": index, "message": message, "finish_reason": "stop"}
        for index in range(body.get("n", 1))
    ]
    return {**whole, "choices": choices, "usage": CHAT_USAGE}


def chat_chunks(chunk: dict[str, Any], body: dict[str, Any]) -> Iterator[dict[str, Any]]:
    def choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
        return {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}

    yield choice({"role": "assistant", "content": ""})
    for word in ("one ", "two ", "three"):
        yield choice({"content": word})
        if body["model"] == "breaks":
            yield {"error": {"message": "out of memory"}}
        if body["model"] == "endless":
            time.sleep(0.2)
    yield choice({}, "stop")
    if body.get("stream_options", {}).get("include_usage"):
        yield {**chunk, "choices": [], "usage": CHAT_USAGE}


def text(body: dict[str, Any]) -> Any:
    whole = {"id": "cmpl-1", "object": "text_completion", "created": 1, "model": "tiny-1"}
    choice = {"index": 0, "text": "one", "finish_reason": "stop", "logprobs": None}
    if body.get("stream"):
        return events([{**whole, "choices": [choice]}])
    usage = {"prompt_tokens": 2, "completion_tokens": 1, "total_tokens": 3}
    return {**whole, "choices": [choice], "usage": usage}


def embeddings(body: dict[str, Any]) -> Any:
    data = [{"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}]
    usage = {"prompt_tokens": 2, "total_tokens": 2}
    return {"object": "list", "model": "tiny-1", "data": data, "usage": usage}


def responses(body: dict[str, Any]) -> Any:
    done = {**RESPONSE, "status": "completed", "usage": RESPONSE_USAGE}
    if body["model"] == "breaks":
        done = {
            **RESPONSE,
            "status": "failed",
            "error": {"code": "server_error", "message": "out of memory"},
        }
    if not body.get("stream"):
        return done
    delta = {"type": "response.output_text.delta", "item_id": "1", "output_index": 0}
    return events(
        [
            {"type": "response.created", "response": {**RESPONSE, "status": "in_progress"}},
            {**delta, "content_index": 0, "delta": "one", "logprobs": []},
            {**delta, "content_index": 0, "delta": "two", "logprobs": []},
            {"type": "response.completed", "response": done},
        ]
    )


def events(chunks: Any) -> Iterator[str]:
    for chunk in chunks:
        kind = f"event: {chunk['type']}\n" if "type" in chunk else ""
        yield f"{kind}data: {json.dumps(chunk)}\n\n"
    yield "data: [DONE]\n\n"


@contextmanager
def serving() -> Iterator[OpenAIServer]:
    """Run it in a thread, on a port of its own, until the block ends."""
    openai = OpenAIServer()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    openai.url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    server = uvicorn.Server(uvicorn.Config(openai.application, log_level="critical"))
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield openai
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


if __name__ == "__main__":
    uvicorn.run(OpenAIServer().application, port=int(sys.argv[1]), log_level="critical")
