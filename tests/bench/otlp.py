"""OTLP requests of inference services for load: about 600 bytes and 14 attributes a span."""

from __future__ import annotations

import random
import re
import secrets
import time
from typing import Any

import numpy as np

from tests.server.ingest.otlp import request, span

SPANS = 512
TRACE_SPANS = 8
_PREFIX = b"\xaaBENCH\x00\xbb"  # of every trace id: what a request is given anew
_BASE = 0x18E0_0000_0000_0000  # of every time: their differences stay


def attributes(source: random.Random, number: int) -> dict[str, Any]:
    """Return what a span of a model, of its engine or of the service before it says."""
    common = {
        "server.address": f"10.0.0.{source.randrange(16)}",
        "thread.id": source.randrange(1, 64),
        "app.request.id": f"req-{source.getrandbits(64):016x}",
        "app.stage": source.choice(["prefill", "decode", "tokenize", "route"]),
        "app.queue.seconds": round(source.random(), 6),
        "app.cached": source.random() < 0.5,
    }
    if number % TRACE_SPANS == 0:
        web = {"http.request.method": "POST", "http.route": "/v1/chat/completions"}
        web |= {"url.path": "/v1/chat/completions", "http.response.status_code": 200}
        return common | web | {"client.address": "10.1.2.3", "user_agent.original": "python/3.12"}
    model = {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": source.choice(["llama-3-70b", "qwen-3-32b"]),
        "gen_ai.usage.input_tokens": source.randrange(4000),
        "gen_ai.usage.output_tokens": source.randrange(800),
        "gen_ai.response.finish_reasons": ["stop"],
        "cost.usd": source.random() / 100,
    }
    gpu = {"gpu.0.label": "cuda:0", "gpu.0.model": "NVIDIA H100", "gpu.0.resource_uuid": "GPU-5f1c"}
    return common | model | (gpu if number % 3 else {})


class Template:
    """One request that is sent again and again with other ids and other times."""

    def __init__(self, seed: int = 1) -> None:
        source = random.Random(seed)
        self._body = request(
            *(self._span(source, number) for number in range(SPANS)),
            resource={"service.name": "chat-api", "host.name": "node-7", "service.version": "1.4"},
        ).SerializeToString()
        content = np.frombuffer(self._body, np.uint8)
        # A fixed64 of these times ends with the highest bytes of the base: 0x18 0xE0.
        tags = np.flatnonzero((content[8:] == 0x18) & (content[7:-1] == 0xE0)) + 1
        self._times = (tags[np.isin(content[tags - 1], [0x39, 0x41])])[:, None] + np.arange(8)
        assert len(self._times) == 2 * SPANS
        # A span's id follows the 16 bytes of its trace's and two bytes that announce it.
        traces = [found.start() for found in re.finditer(re.escape(_PREFIX), self._body)]
        self._ids = np.array(traces)[:, None] + 18 + np.arange(8)
        assert len(self._ids) == SPANS

    def _span(self, source: random.Random, number: int) -> Any:
        start = _BASE + source.randrange(10**9)
        return span(
            1,
            attributes(source, number),
            trace_id=_PREFIX + (number // TRACE_SPANS + 1).to_bytes(8, "big"),
            span_id=source.randbytes(8),
            parent_span_id=source.randbytes(8) if number % TRACE_SPANS else b"",
            name=source.choice(["chat", "generate", "decode", "POST /v1/chat/completions"]),
            start_time_unix_nano=start,
            end_time_unix_nano=start + source.randrange(10**9),
        )

    def body(self) -> bytes:
        """Return a request that nobody sent before, which happens now."""
        content = np.frombuffer(self._body, np.uint8).copy()
        times = np.ascontiguousarray(content[self._times]).view(np.uint64)
        times += np.uint64(time.time_ns() - _BASE)
        content[self._times] = times.view(np.uint8).reshape(-1, 8)
        content[self._ids] ^= np.frombuffer(secrets.token_bytes(8), np.uint8)
        return content.tobytes().replace(_PREFIX, secrets.token_bytes(8))
