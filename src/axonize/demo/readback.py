"""Reads the traces of the requests back from the server, as anybody could, through REST."""

from __future__ import annotations

import time
from typing import Any

import httpx

from axonize.demo.load import Reply
from axonize.demo.model import MODEL
from axonize.demo.report import Step

WITHIN_S = 30


def read_back(url: str, replies: list[Reply], step: Step) -> dict[str, dict[str, Any]]:
    """Return the trace of each request by trace id; those not complete in time are missing."""
    found: dict[str, dict[str, Any]] = {}
    deadline = time.monotonic() + WITHIN_S
    with step as done, httpx.Client(base_url=url, timeout=10) as client:
        while len(found) < len(replies) and time.monotonic() < deadline:
            for reply in replies:
                if reply.trace_id not in found and (trace := _trace(client, reply.trace_id)):
                    found[reply.trace_id] = trace
            done(len(found), len(replies))
            time.sleep(0.2)
    return found


def _trace(client: httpx.Client, trace_id: str) -> dict[str, Any] | None:
    response = client.get(f"/api/v1/traces/{trace_id}")
    if response.status_code == httpx.codes.NOT_FOUND:
        return None
    trace: dict[str, Any] = response.raise_for_status().json()
    return trace if _complete(trace) else None


def _complete(trace: dict[str, Any]) -> bool:
    """Tell whether the trace shows HTTP -> generation -> prefill.

    A decode is not asked for: a reply whose first token is the last one has none.
    """
    names = {span["name"] for span in trace["spans"]}
    return {"POST /v1/completions", f"text_completion {MODEL}", "prefill"} <= names
