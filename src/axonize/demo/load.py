"""Concurrent streaming requests, each in a trace of its own, as a calling program sends them."""

from __future__ import annotations

import random
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import httpx

from axonize.demo.model import SENTENCES

TIMEOUT_S = 120


@dataclass(frozen=True)
class Reply:
    """What the caller saw of one request; ttft_ms is in milliseconds from sending it."""

    trace_id: str
    status_code: int
    ttft_ms: float
    chunks: int

    @property
    def ok(self) -> bool:
        """Tell whether text came back."""
        return self.status_code == httpx.codes.OK and self.chunks > 0


@dataclass(frozen=True)
class Load:
    """What was sent and how long all of it took, in seconds."""

    replies: list[Reply]
    seconds: float


def send_all(url: str, requests: int, concurrency: int, done: Callable[[int, int], None]) -> Load:
    """Send the requests, so many at a time; call done(finished, total) after each one."""
    replies: list[Reply] = []
    start = time.perf_counter()
    with httpx.Client(timeout=TIMEOUT_S) as client, ThreadPoolExecutor(concurrency) as pool:
        jobs = [pool.submit(send, client, url, *job) for job in prompts(requests)]
        for job in jobs:
            replies.append(job.result())
            done(len(replies), requests)
    return Load(replies, time.perf_counter() - start)


def prompts(requests: int) -> list[tuple[str, int]]:
    """Return (prompt, token limit) pairs: mostly short, some long, always the same."""
    dice = random.Random(7)  # noqa: S311 - variety, not secrecy
    return [
        (" ".join(dice.choices(SENTENCES, k=dice.choice((1, 1, 2, 8)))), dice.randint(8, 64))
        for _ in range(requests)
    ]


def send(client: httpx.Client, url: str, prompt: str, max_tokens: int) -> Reply:
    """Send one request under a fresh trace id and read its stream to the end."""
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    body = {"prompt": prompt, "max_tokens": max_tokens}
    start = time.perf_counter()
    first, chunks = 0.0, 0
    with client.stream("POST", f"{url}/v1/completions", json=body, headers=headers) as response:
        for line in response.iter_lines():
            if line.startswith("data:"):
                first = first or time.perf_counter()
                chunks += 1
    return Reply(trace_id, response.status_code, (first - start) * 1e3, chunks)
