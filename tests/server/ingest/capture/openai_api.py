"""An HTTP API in the form of OpenAI's: the answers are fixed, the way they travel is real."""

from __future__ import annotations

import json
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

WORDS = ("Paris", " is", " the", " capital", " of", " France", ".")
USAGE = {
    "prompt_tokens": 24,
    "completion_tokens": 7,
    "total_tokens": 31,
    "prompt_tokens_details": {"cached_tokens": 16, "audio_tokens": 0},
    "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
}
ANSWERED_BY = "gpt-4o-mini-2024-07-18"
CREATED = 1_795_000_000
FIRST_TOKEN_S = 0.03
NEXT_TOKEN_S = 0.01
NO_SUCH_MODEL = {
    "error": {
        "message": "The model `gpt-none` does not exist",
        "type": "invalid_request_error",
        "param": None,
        "code": "model_not_found",
    }
}


def answer() -> dict[str, Any]:
    """Return a whole chat completion."""
    message = {"role": "assistant", "content": "".join(WORDS), "refusal": None}
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
    return {**_head("chat.completion"), "choices": [choice], "usage": USAGE}


def chunks() -> list[dict[str, Any]]:
    """Return the same answer in parts, the last with nothing but the usage."""
    deltas: list[tuple[dict[str, str], str | None]] = [
        ({"role": "assistant", "content": WORDS[0]}, None),
        *(({"content": word}, None) for word in WORDS[1:]),
        ({}, "stop"),
    ]
    choices = [
        {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        for delta, reason in deltas
    ]
    head = _head("chat.completion.chunk")
    return [
        *({**head, "choices": [choice], "usage": None} for choice in choices),
        {**head, "choices": [], "usage": USAGE},
    ]


def _head(kind: str) -> dict[str, Any]:
    return {
        "id": "chatcmpl-1",
        "object": kind,
        "created": CREATED,
        "model": ANSWERED_BY,
        "service_tier": "default",
        "system_fingerprint": "fp_1",
    }


class OpenAIAPI(BaseHTTPRequestHandler):
    """Answers chat completions, at once or as a stream; knows every model but gpt-none."""

    def do_POST(self) -> None:
        """Answer one request."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if asked["model"] == "gpt-none":
            self._send(404, NO_SUCH_MODEL)
        elif asked.get("stream"):
            self._stream()
        else:
            time.sleep(FIRST_TOKEN_S)
            self._send(200, answer())

    def _send(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        for number, chunk in enumerate(chunks()):
            time.sleep(NEXT_TOKEN_S if number else FIRST_TOKEN_S)
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
